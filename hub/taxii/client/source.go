package client

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// maxObject bounds one object of an input, in bytes.
const maxObject = 64 << 20

// ReadObjects reads the STIX objects of an input, one by one and byte for byte:
// those of a STIX bundle or a TAXII envelope, an object, or any number of them one
// after another, such as an object a line. Memory is that of one object, at most
// 64 MiB. The first error ends it and tells where it is; it wraps ErrInput where the
// input is no STIX, ErrTooLarge where an object is too large.
func ReadObjects(r io.Reader) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		in := bufio.NewReader(r)
		if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
			_, _ = in.Discard(3)
		}
		s := &source{tape: tape{r: in}}
		s.dec = json.NewDecoder(&s.tape)
		for {
			switch err := s.value(yield); {
			case errors.Is(err, io.EOF), errors.Is(err, errStop):
				return
			case err != nil:
				yield(nil, fmt.Errorf("byte %d: %w", s.dec.InputOffset()+1, err))
				return
			}
		}
	}
}

// ReadFiles reads the objects of files as ReadObjects does; "-", or no file at all,
// is in. Marking definitions of files come first, since a server may not take an
// object before the marking that it has; what comes from in keeps its order. Errors
// name the file.
func ReadFiles(paths []string, in io.Reader) iter.Seq2[json.RawMessage, error] {
	if len(paths) == 0 {
		paths = []string{"-"}
	}
	return func(yield func(json.RawMessage, error) bool) {
		for _, markings := range []bool{true, false} {
			for _, path := range paths {
				var err error
				switch {
				case path != "-":
					err = readFile(path, func(raw json.RawMessage) bool { return isMarking(raw) != markings || yield(raw, nil) })
				case !markings:
					err = each(in, "standard input", func(raw json.RawMessage) bool { return yield(raw, nil) })
				}
				if err != nil {
					if !errors.Is(err, errStop) {
						yield(nil, err)
					}
					return
				}
			}
		}
	}
}

func readFile(path string, do func(json.RawMessage) bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	return each(f, path, do)
}

// each calls do with each object; errStop: it wants no more.
func each(r io.Reader, name string, do func(json.RawMessage) bool) error {
	for raw, err := range ReadObjects(r) {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if !do(raw) {
			return errStop
		}
	}
	return nil
}

// isMarking tells whether an object is a marking definition (STIX 2.1, 7.2.1).
func isMarking(raw json.RawMessage) bool {
	const kind = "marking-definition"
	if !bytes.Contains(raw, []byte(kind)) { // most objects need no parsing
		return false
	}
	var o struct {
		Type string `json:"type"`
	}
	return json.Unmarshal(raw, &o) == nil && o.Type == kind
}

var errStop = errors.New("the reader wants no more")

// source reads one input.
type source struct {
	dec  *json.Decoder
	tape tape
}

// value reads one value at the top: an object, or a bundle or envelope, whose
// objects it hands out as they come. io.EOF: there is none.
func (s *source) value(yield func(json.RawMessage, error) bool) error {
	s.tape.cut(s.dec.InputOffset())
	opening, err := s.dec.Token()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err != nil {
		return s.broken(err)
	}
	if opening != json.Delim('{') {
		return fmt.Errorf("%w: give a bundle, an envelope, an object, or an object a line", ErrInput)
	}
	begin, container := s.dec.InputOffset()-1, false
	for s.dec.More() {
		name, err := s.dec.Token()
		if err != nil {
			return s.broken(err)
		}
		// An observed-data's `objects` is an object, a bundle's a list.
		if name == "objects" && !container {
			container, err = s.list(yield)
		} else {
			err = s.skip()
		}
		if err != nil {
			return err
		}
		if container {
			s.tape.cut(s.dec.InputOffset())
		}
	}
	if _, err := s.dec.Token(); err != nil { // the }
		return s.broken(err)
	}
	if !container && !yield(s.tape.from(begin, s.dec.InputOffset()), nil) {
		return errStop
	}
	return nil
}

// list hands out the objects of a list, or skips what is none and says false.
func (s *source) list(yield func(json.RawMessage, error) bool) (bool, error) {
	opening, err := s.dec.Token()
	if err != nil {
		return false, s.broken(err)
	}
	if opening != json.Delim('[') {
		return false, s.rest(opening)
	}
	for s.dec.More() {
		s.tape.cut(s.dec.InputOffset())
		var raw json.RawMessage
		if err := s.dec.Decode(&raw); err != nil {
			return true, s.broken(err)
		}
		if raw[0] != '{' {
			return true, fmt.Errorf("%w: the list `objects` holds something that is no object", ErrInput)
		}
		if !yield(raw, nil) {
			return true, errStop
		}
	}
	if _, err := s.dec.Token(); err != nil { // the ]
		return true, s.broken(err)
	}
	return true, nil
}

// skip passes over a value.
func (s *source) skip() error {
	opening, err := s.dec.Token()
	if err != nil {
		return s.broken(err)
	}
	return s.rest(opening)
}

// rest passes over the rest of a value that has begun with a token.
func (s *source) rest(opening json.Token) error {
	depth := 0
	for t := opening; ; {
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
		var err error
		if t, err = s.dec.Token(); err != nil {
			return s.broken(err)
		}
	}
}

// broken says what is wrong with an input that cannot be read on.
func (s *source) broken(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ends in the middle", ErrInput)
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	return err
}

// tape keeps what the decoder has read and the source may still want.
type tape struct {
	r     io.Reader
	kept  []byte
	at    int64 // offset of kept[0] in the input
	begin int64 // offset from which on it is wanted
}

// Read fails with ErrTooLarge once more is wanted than an object may have: the
// source cuts the tape after each of them.
func (t *tape) Read(p []byte) (int, error) {
	if t.at+int64(len(t.kept))-t.begin > maxObject {
		return 0, fmt.Errorf("an object is over %d MiB: %w", maxObject>>20, ErrTooLarge)
	}
	if old := t.begin - t.at; old > int64(len(t.kept)/2) {
		t.kept = t.kept[:copy(t.kept, t.kept[old:])]
		t.at = t.begin
	}
	n, err := t.r.Read(p[:min(len(p), maxObject)])
	t.kept = append(t.kept, p[:n]...)
	return n, err
}

// cut forgets what is before an offset.
func (t *tape) cut(offset int64) { t.begin = offset }

// from copies what lies between two offsets.
func (t *tape) from(begin, end int64) []byte {
	return bytes.Clone(t.kept[begin-t.at : end-t.at])
}
