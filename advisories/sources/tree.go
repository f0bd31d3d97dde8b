package sources

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxDepth bounds how deep the JSON of others nests.
const maxDepth = 64

// tree reads JSON that strangers wrote: valid UTF-8, not too deep, no name twice
// in one object (two programs would read it differently), nothing after the end.
func tree(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(withoutMark(data)))
	d.UseNumber()
	v, err := branch(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON")
	}
	return v, nil
}

func branch(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	start, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth >= maxDepth {
		return nil, fmt.Errorf("the JSON is nested more than %d deep", maxDepth)
	}
	if start == '[' {
		list := []any{}
		for d.More() {
			v, err := branch(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, end(d)
	}
	object := map[string]any{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("it is not JSON: %w", err)
		}
		name, _ := token.(string)
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("the name %.80q stands twice in one object", name)
		}
		if object[name], err = branch(d, depth+1); err != nil {
			return nil, err
		}
	}
	return object, end(d)
}

// end reads the bracket that ends a list or an object.
func end(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("it is not JSON: %w", err)
	}
	return nil
}
