package csaf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cybersec-infohub/infohub/advisories"
)

// The bounds of what Parse reads. The largest documents of vendors have some
// megabytes, some 100,000 values and 12 levels.
const (
	maxBytes  = 15 << 20
	maxDepth  = 64
	maxValues = 2_000_000
)

// readTree reads JSON into maps, lists, strings, float64, bool and nil. It refuses
// what two programs might read in two ways: a member that is there twice, text
// that is not UTF-8, and numbers out of range.
func readTree(data []byte) (any, error) {
	switch {
	case len(data) > maxBytes:
		return nil, refuse(advisories.TooLarge, nil, "the document has %d bytes, and %d are the most: split it", len(data), maxBytes)
	case !utf8.Valid(data):
		return nil, refuse(advisories.Invalid, nil, "the document is not UTF-8: save it in this encoding")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	t := tree{decoder: d}
	token, err := d.Token()
	if err != nil {
		return nil, t.syntax(err)
	}
	root, err := t.value(token, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, refuse(advisories.Invalid, err, "there is something after the end of the document: keep one document a file")
	}
	return root, nil
}

type tree struct {
	decoder *json.Decoder
	values  int
}

func (t *tree) value(token json.Token, depth int) (any, error) {
	if t.values++; t.values > maxValues {
		return nil, refuse(advisories.TooLarge, nil, "the document has more than %d values: split it", maxValues)
	}
	switch token := token.(type) {
	case json.Delim:
		if depth == maxDepth {
			return nil, refuse(advisories.TooLarge, nil, "the document is nested deeper than %d levels, at byte %d: flatten it", maxDepth, t.decoder.InputOffset())
		}
		if token == '{' {
			return t.object(depth + 1)
		}
		return t.list(depth + 1)
	case json.Number:
		f, err := strconv.ParseFloat(token.String(), 64)
		if err != nil {
			return nil, refuse(advisories.Invalid, err, "the number before byte %d is out of range: CSAF has numbers from 0 to 10 only", t.decoder.InputOffset())
		}
		return f, nil
	default:
		return token, nil
	}
}

func (t *tree) object(depth int) (any, error) {
	object := map[string]any{}
	for t.decoder.More() {
		token, err := t.decoder.Token()
		if err != nil {
			return nil, t.syntax(err)
		}
		key, _ := token.(string)
		if _, ok := object[key]; ok {
			return nil, refuse(advisories.Invalid, nil, "the member %s is there twice in one object, before byte %d: remove one", quote(key), t.decoder.InputOffset())
		}
		if token, err = t.decoder.Token(); err != nil {
			return nil, t.syntax(err)
		}
		if object[key], err = t.value(token, depth); err != nil {
			return nil, err
		}
	}
	_, err := t.decoder.Token()
	return object, t.syntax(err)
}

func (t *tree) list(depth int) (any, error) {
	list := []any{}
	for t.decoder.More() {
		token, err := t.decoder.Token()
		if err != nil {
			return nil, t.syntax(err)
		}
		value, err := t.value(token, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := t.decoder.Token()
	return list, t.syntax(err)
}

func (t *tree) syntax(err error) error {
	if err == nil {
		return nil
	}
	return refuse(advisories.Invalid, err, "the document is not JSON, at byte %d: check that all of it was saved or downloaded", t.decoder.InputOffset())
}

func refuse(code advisories.Code, err error, format string, args ...any) error {
	return &advisories.Error{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// filler puts a tree into structs. Names of members match exactly, as the schema
// has it: encoding/json would take "Title" for "title", past the schema. What is
// of another type than the struct's stays zero; the schema has said so.
type filler struct {
	names map[reflect.Type][]string // of the members, by number of the field
}

func (f *filler) fill(into reflect.Value, from any) {
	switch into.Kind() {
	case reflect.Struct:
		if object, ok := from.(map[string]any); ok {
			for i, name := range f.members(into.Type()) {
				if value, ok := object[name]; ok {
					f.fill(into.Field(i), value)
				}
			}
		}
	case reflect.Slice:
		if list, ok := from.([]any); ok {
			into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
			for i, value := range list {
				f.fill(into.Index(i), value)
			}
		}
	case reflect.Pointer:
		switch from.(type) {
		case map[string]any, float64:
			into.Set(reflect.New(into.Type().Elem()))
			f.fill(into.Elem(), from)
		}
	case reflect.String:
		if s, ok := from.(string); ok {
			into.SetString(s)
		}
	case reflect.Float64:
		if n, ok := from.(float64); ok {
			into.SetFloat(n)
		}
	}
}

func (f *filler) members(t reflect.Type) []string {
	names, ok := f.names[t]
	if !ok {
		for i := range t.NumField() {
			names = append(names, memberName(t.Field(i)))
		}
		f.names[t] = names
	}
	return names
}

func memberName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// quote quotes what a document says, for a message, cut where it is long.
func quote(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strconv.Quote(s)
}
