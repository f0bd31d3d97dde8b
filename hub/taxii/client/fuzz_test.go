package client

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"testing/iotest"
)

// FuzzEnvelope: whatever a server answers, what is read of it is what the JSON
// says, and each object is as it was sent.
func FuzzEnvelope(f *testing.F) {
	for _, s := range []string{`{}`, `{"more":true,"next":"a","objects":[{"a":1.0},{}]}`, `{"objects":null,"more":null}`, `{"objects":[{"objects":[]}]} `, `{"objects":[1]}`, `[]`, `{"More":true}`, "{\"next\":\"\xff\"}"} {
		f.Add([]byte(s), "2026-01-01T00:00:00.5+08:00")
	}
	f.Fuzz(func(t *testing.T, body []byte, stamp string) {
		e, err := readEnvelope(http.Header{"X-Taxii-Date-Added-Last": {stamp}}, bytes.NewReader(body))
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("it is no JSON, and was read")
		}
		for _, raw := range e.objects {
			if !json.Valid(raw) || !bytes.Contains(body, raw) || raw[0] != '{' {
				t.Fatalf("object %q is not as it was sent", raw)
			}
		}
		if e.last != "" && (normal(e.last) != e.last || justBefore(e.last) >= e.last && e.last > "0001-01-01T00:00:00.000000Z") {
			t.Fatalf("time %q of %q, just before it %q", e.last, stamp, justBefore(e.last))
		}
	})
}

// FuzzReadObjects: what is read is JSON as it stands in the input, however the
// input comes in.
func FuzzReadObjects(f *testing.F) {
	for _, s := range []string{`{"type":"bundle","objects":[{"a":1},{"b":[]}]}`, "{\"a\":1}\n{\"b\":2}", `{"objects":{"objects":[{}]}}`, `{"objects":[{}],"objects":[{}]}`, "\xef\xbb\xbf{}", `{"a":"\ud800"}`} {
		f.Add([]byte(s))
	}
	read := func(in []byte, one bool) (list [][]byte, failed bool) {
		var r = bytes.NewReader(in)
		source := ReadObjects(r)
		if one {
			source = ReadObjects(iotest.OneByteReader(r))
		}
		for raw, err := range source {
			if err != nil {
				return list, true
			}
			list = append(list, raw)
		}
		return list, false
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		list, failed := read(in, false)
		for _, raw := range list {
			if !json.Valid(raw) || !bytes.Contains(in, raw) || raw[0] != '{' {
				t.Fatalf("object %q is not as it stands", raw)
			}
		}
		again, failedToo := read(in, true)
		if failed != failedToo || !slices.EqualFunc(list, again, bytes.Equal) {
			t.Fatalf("byte by byte: %q, %t; at once: %q, %t", again, failedToo, list, failed)
		}
	})
}
