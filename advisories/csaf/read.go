package csaf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/cybersec-infohub/infohub/advisories"
)

// The bounds of what Parse reads. Large documents of vendors have some megabytes,
// 200,000 values, of them 30,000 objects, and 12 levels.
const (
	maxBytes   = 15 << 20
	maxDepth   = 64
	maxValues  = 1_000_000
	maxObjects = 150_000
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
	decoder         *json.Decoder
	values, objects int
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
	if t.objects++; t.objects > maxObjects {
		return nil, refuse(advisories.TooLarge, nil, "the document has more than %d objects: split it", maxObjects)
	}
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

// quote quotes what a document says, for a message, cut where it is long.
func quote(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strconv.Quote(s)
}
