package checks

import (
	"encoding/base64"
	"errors"
	"strings"
)

// errStructured: a header is not written as RFC 9651 asks. Browsers then pass
// over the whole of it (section 1.1).
var errStructured = errors.New("not written as RFC 9651 asks")

// fieldKind is a type of RFC 9651 section 3.
type fieldKind string

const (
	fieldInteger fieldKind = "integer"
	fieldDecimal fieldKind = "decimal"
	fieldString  fieldKind = "string"
	fieldToken   fieldKind = "token"
	fieldBytes   fieldKind = "bytes"
	fieldBoolean fieldKind = "boolean"
	fieldDate    fieldKind = "date"
	fieldDisplay fieldKind = "display"
	fieldList    fieldKind = "inner-list"
)

// fieldValue is an item or an inner list. text is its value without the marks
// around it: the digits, the token, the string unescaped.
type fieldValue struct {
	kind   fieldKind
	text   string
	items  []fieldValue
	params []fieldMember
}

// fieldMember is a key with its value, of a dictionary or of parameters.
type fieldMember struct {
	key   string
	value fieldValue
}

// parseDictionary reads header lines as one dictionary (section 4.2.2). Of two
// members with one key the last counts, in the place of the first.
func parseDictionary(lines []string) ([]fieldMember, error) {
	r := fieldReader{strings.TrimLeft(strings.Join(lines, ", "), " ")}
	var members []fieldMember
	for r.rest != "" {
		key, ok := r.key()
		if !ok {
			return nil, errStructured
		}
		value := fieldValue{kind: fieldBoolean, text: "1"}
		if r.take('=') {
			if value, ok = r.itemOrList(); !ok {
				return nil, errStructured
			}
		} else if value.params, ok = r.params(); !ok {
			return nil, errStructured
		}
		members = setMember(members, key, value)
		r.space(" \t")
		if r.rest == "" {
			return members, nil
		}
		if !r.take(',') {
			return nil, errStructured
		}
		if r.space(" \t"); r.rest == "" {
			return nil, errStructured // a comma at the end
		}
	}
	return members, nil
}

// parseItem reads header lines as one item (section 4.2.3).
func parseItem(lines []string) (fieldValue, error) {
	r := fieldReader{strings.TrimLeft(strings.Join(lines, ", "), " ")}
	v, ok := r.item()
	r.space(" ")
	if !ok || r.rest != "" {
		return fieldValue{}, errStructured
	}
	return v, nil
}

func setMember(list []fieldMember, key string, value fieldValue) []fieldMember {
	for i := range list {
		if list[i].key == key {
			list[i].value = value
			return list
		}
	}
	return append(list, fieldMember{key, value})
}

// fieldReader reads what is left of a header's value. Its methods are the
// algorithms of section 4.2; false is "fail parsing".
type fieldReader struct{ rest string }

func (r *fieldReader) space(chars string) { r.rest = strings.TrimLeft(r.rest, chars) }

func (r *fieldReader) take(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// while takes the characters that ok likes.
func (r *fieldReader) while(ok func(c byte) bool) string {
	i := 0
	for i < len(r.rest) && ok(r.rest[i]) {
		i++
	}
	taken := r.rest[:i]
	r.rest = r.rest[i:]
	return taken
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isAlpha(c byte) bool { return isLower(c) || (c >= 'A' && c <= 'Z') }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (r *fieldReader) key() (string, bool) {
	if r.rest == "" || (!isLower(r.rest[0]) && r.rest[0] != '*') {
		return "", false
	}
	return r.while(func(c byte) bool { return isLower(c) || isDigit(c) || strings.IndexByte("_-.*", c) >= 0 }), true
}

func (r *fieldReader) itemOrList() (fieldValue, bool) {
	if !r.take('(') {
		return r.item()
	}
	v := fieldValue{kind: fieldList}
	for {
		r.space(" ")
		if r.take(')') {
			var ok bool
			v.params, ok = r.params()
			return v, ok
		}
		item, ok := r.item()
		if !ok || r.rest == "" || (r.rest[0] != ' ' && r.rest[0] != ')') {
			return v, false
		}
		v.items = append(v.items, item)
	}
}

func (r *fieldReader) item() (fieldValue, bool) {
	v, ok := r.bare()
	if ok {
		v.params, ok = r.params()
	}
	return v, ok
}

func (r *fieldReader) params() ([]fieldMember, bool) {
	var list []fieldMember
	for r.take(';') {
		r.space(" ")
		key, ok := r.key()
		if !ok {
			return nil, false
		}
		value := fieldValue{kind: fieldBoolean, text: "1"}
		if r.take('=') {
			if value, ok = r.bare(); !ok {
				return nil, false
			}
		}
		list = setMember(list, key, value)
	}
	return list, true
}

func (r *fieldReader) bare() (fieldValue, bool) {
	if r.rest == "" {
		return fieldValue{}, false
	}
	switch c := r.rest[0]; {
	case c == '-' || isDigit(c):
		return r.number()
	case c == '"':
		return r.quoted()
	case c == '*' || isAlpha(c):
		return fieldValue{kind: fieldToken, text: r.while(func(c byte) bool {
			return isAlpha(c) || isDigit(c) || strings.IndexByte("!#$%&'*+-.^_`|~:/", c) >= 0
		})}, true
	case c == ':':
		return r.bytes()
	case c == '?':
		if len(r.rest) < 2 || (r.rest[1] != '0' && r.rest[1] != '1') {
			return fieldValue{}, false
		}
		v := fieldValue{kind: fieldBoolean, text: r.rest[1:2]}
		r.rest = r.rest[2:]
		return v, true
	case c == '@':
		r.rest = r.rest[1:]
		v, ok := r.number()
		ok = ok && v.kind == fieldInteger
		v.kind = fieldDate
		return v, ok
	case c == '%':
		return r.display()
	}
	return fieldValue{}, false
}

// number: at most 15 digits, or 12 and 3 behind a point (section 4.2.4).
func (r *fieldReader) number() (fieldValue, bool) {
	sign := ""
	if r.take('-') {
		sign = "-"
	}
	whole := r.while(isDigit)
	if whole == "" {
		return fieldValue{}, false
	}
	if !r.take('.') {
		return fieldValue{kind: fieldInteger, text: sign + whole}, len(whole) <= 15
	}
	part := r.while(isDigit)
	return fieldValue{kind: fieldDecimal, text: sign + whole + "." + part}, len(whole) <= 12 && len(part) >= 1 && len(part) <= 3
}

func (r *fieldReader) quoted() (fieldValue, bool) {
	var out []byte
	for i := 1; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == '"':
			r.rest = r.rest[i+1:]
			return fieldValue{kind: fieldString, text: string(out)}, true
		case c == '\\':
			if i++; i == len(r.rest) || (r.rest[i] != '"' && r.rest[i] != '\\') {
				return fieldValue{}, false
			}
		case c < 0x20 || c > 0x7e:
			return fieldValue{}, false
		}
		out = append(out, r.rest[i])
	}
	return fieldValue{}, false
}

func (r *fieldReader) bytes() (fieldValue, bool) {
	text, rest, ok := strings.Cut(r.rest[1:], ":")
	if !ok {
		return fieldValue{}, false
	}
	r.rest = rest
	// Padding may be left out (section 4.2.7).
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	return fieldValue{kind: fieldBytes, text: string(data)}, err == nil && !strings.ContainsAny(text, "\r\n")
}

// display is a string beyond ASCII, with percent signs (section 4.2.10).
func (r *fieldReader) display() (fieldValue, bool) {
	rest, ok := strings.CutPrefix(r.rest, `%"`)
	if !ok {
		return fieldValue{}, false
	}
	var out []byte
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c < 0x20 || c > 0x7e:
			return fieldValue{}, false
		case c == '"':
			r.rest = rest[i+1:]
			return fieldValue{kind: fieldDisplay, text: string(out)}, string(out) == strings.ToValidUTF8(string(out), "")
		case c == '%':
			if i+2 >= len(rest) {
				return fieldValue{}, false
			}
			high, low := strings.IndexByte(lowerHex, rest[i+1]), strings.IndexByte(lowerHex, rest[i+2])
			if high < 0 || low < 0 {
				return fieldValue{}, false
			}
			out = append(out, byte(high<<4|low))
			i += 2
		default:
			out = append(out, c)
		}
	}
	return fieldValue{}, false
}

const lowerHex = "0123456789abcdef"
