package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/cybersec-infohub/infohub/hub/taxii/client"
)

func readAll(r io.Reader) ([]string, error) {
	var got []string
	for raw, err := range client.ReadObjects(r) {
		if err != nil {
			return got, err
		}
		got = append(got, string(raw))
	}
	return got, nil
}

func TestReadObjects(t *testing.T) {
	observed := `{"type":"observed-data","objects": {"0":{"type":"file","objects":[1]}}, "x":[{"objects":[]}]}`
	tests := []struct {
		name, in string
		want     []string
		bad      string // part of the error
	}{
		{"a bundle", `{"type":"bundle","id":"bundle--1","objects":[ {"a": 1.0} , {"b":"\u00e9"}],"x":{"y":[1,{"objects":[{}]}]}}`, []string{`{"a": 1.0}`, `{"b":"\u00e9"}`}, ""},
		{"an envelope", "\uFEFF" + `{"more":false,"objects":[{"a":1}]}`, []string{`{"a":1}`}, ""},
		{"an empty envelope", `{"objects":[]}`, nil, ""},
		{"an object", " \n" + observed + "\n", []string{observed}, ""},
		{"objects by line", "{\"a\":1}\n\n{ \"b\" : {} }\r\n" + observed, []string{`{"a":1}`, `{ "b" : {} }`, observed}, ""},
		{"bundles one after another", `{"objects":[{"a":1}]}{"objects":[{"b":1}]}`, []string{`{"a":1}`, `{"b":1}`}, ""},
		{"nothing", " \n", nil, ""},
		{"text", "hello", nil, "byte 1: it is no STIX"},
		{"a list", `[{"a":1}]`, nil, "give a bundle"},
		{"a number among objects", `{"objects":[{"a":1},2]}`, []string{`{"a":1}`}, "no object"},
		{"the end in the middle", `{"objects":[{"a":1},{"b"`, []string{`{"a":1}`}, "ends in the middle"},
		{"the end of an object in the middle", `{"a":[`, nil, "ends in the middle"},
		{"no JSON later", "{\"a\":1}\n{'b':1}", []string{`{"a":1}`}, "it is no STIX"},
	}
	for _, tt := range tests {
		for _, r := range []io.Reader{strings.NewReader(tt.in), iotest.OneByteReader(strings.NewReader(tt.in))} {
			got, err := readAll(r)
			if strings.Join(got, "|") != strings.Join(tt.want, "|") {
				t.Errorf("%s: %q; want %q", tt.name, got, tt.want)
			}
			if (err != nil) != (tt.bad != "") || err != nil && (!errors.Is(err, client.ErrInput) || !strings.Contains(err.Error(), tt.bad)) {
				t.Errorf("%s: error %v; want %q", tt.name, err, tt.bad)
			}
		}
	}
}

// TestReadFiles: marking definitions come first, and everything once.
func TestReadFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a": `{"objects":[{"type":"x","id":"1","object_marking_refs":["marking-definition--3"]},{"type":"marking-definition","id":"marking-definition--2"}]}`,
		"b": `{"type":"x","id":"4"}` + "\n" + `{"type":"marking-definition","id":"marking-definition--3"}`,
		"c": `{"type":"x","id":"5"} hello`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, b, c := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")
	tests := []struct {
		paths     []string
		want, bad string
	}{
		{[]string{a, b}, "marking-definition--2 marking-definition--3 1 4", ""},
		{[]string{a, "-"}, "marking-definition--2 1 6 marking-definition--7", ""},
		{nil, "6 marking-definition--7", ""},
		{[]string{a, c}, "marking-definition--2", c},
		{[]string{c + "d"}, "", "no such file"},
	}
	for _, tt := range tests {
		var ids []string
		var bad error
		for raw, err := range client.ReadFiles(tt.paths, strings.NewReader(`{"id":"6"}{"type":"marking-definition","id":"marking-definition--7"}`)) {
			if err != nil {
				bad = err
				break
			}
			var o struct{ ID string }
			if err := json.Unmarshal(raw, &o); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, o.ID)
		}
		if got := strings.Join(ids, " "); got != tt.want || (bad != nil) != (tt.bad != "") || bad != nil && !strings.Contains(bad.Error(), tt.bad) {
			t.Errorf("%v: %q, %v; want %q, %q", tt.paths, got, bad, tt.want, tt.bad)
		}
	}
}

// endless begins as a text does and goes on with a byte for ever.
type endless struct {
	head io.Reader
	c    byte
	n    int64
}

func (e *endless) Read(p []byte) (int, error) {
	if n, err := e.head.Read(p); err == nil {
		return n, nil
	}
	for i := range p {
		p[i] = e.c
	}
	e.n += int64(len(p))
	return len(p), nil
}

// TestReadObjectsEndless: an object without end is not kept for ever.
func TestReadObjectsEndless(t *testing.T) {
	for _, head := range []string{`{"objects":[{"a":"`, `{"a":"`, `{"objects":[{"a":1}],"x":"`} {
		e := &endless{head: strings.NewReader(head), c: 'x'}
		if _, err := readAll(e); !errors.Is(err, client.ErrTooLarge) || e.n > 200<<20 {
			t.Errorf("%s: error %v after %d bytes", head, err, e.n)
		}
	}
}

// TestReadRealBundles: published bundles come out object by object as they are.
func TestReadRealBundles(t *testing.T) {
	dir := os.Getenv("INFOHUB_TESTDATA")
	if dir == "" {
		t.Skip("not run: INFOHUB_TESTDATA is not set")
	}
	paths, err := filepath.Glob(filepath.Join(dir, "stix", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bundles: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var want struct{ Objects []json.RawMessage }
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		if want.Objects == nil {
			want.Objects = []json.RawMessage{json.RawMessage(strings.TrimSpace(string(data)))}
		}
		got, err := readAll(strings.NewReader(string(data)))
		if err != nil || len(got) != len(want.Objects) {
			t.Fatalf("%s: %d objects, %v; want %d", filepath.Base(path), len(got), err, len(want.Objects))
		}
		for i := range got {
			if got[i] != string(want.Objects[i]) {
				t.Fatalf("%s: object %d differs", filepath.Base(path), i)
			}
		}
	}
}
