package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/taxii/client"
)

// bundleObjects reads a bundle's objects as they are written.
func bundleObjects(t *testing.T, data []byte) []string {
	t.Helper()
	var b struct {
		Type, ID string
		Objects  []json.RawMessage
	}
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatalf("%v: %.200q", err, data)
	}
	if b.Type != "bundle" || !strings.HasPrefix(b.ID, "bundle--") || len(b.ID) != len("bundle--")+36 {
		t.Errorf("bundle %q %q", b.Type, b.ID)
	}
	var list []string
	for _, o := range b.Objects {
		list = append(list, string(o))
	}
	return list
}

func lines(data []byte) []string {
	list := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if list[0] == "" {
		return nil
	}
	return list
}

func TestDownloadStream(t *testing.T) {
	s := newServer(t, 25, 1)
	for _, format := range []client.Format{client.Bundle, client.Lines} {
		var out bytes.Buffer
		d := client.Download{Client: newClient(t, s, client.Options{}), Collection: s.collection(), Format: format, Out: &out}
		n, err := d.Run(t.Context())
		if err != nil || n != 25 {
			t.Fatalf("%d objects, %v", n, err)
		}
		got := lines(out.Bytes())
		if format == client.Bundle {
			got = bundleObjects(t, out.Bytes())
		}
		if strings.Join(got, "|") != strings.Join(s.objects, "|") {
			t.Errorf("%s: %s", format, out.String())
		}
	}
}

// TestDownloadNothing: an empty bundle has no list (STIX 2.1, 8.1).
func TestDownloadNothing(t *testing.T) {
	s := newServer(t, 0, 1)
	var out bytes.Buffer
	d := client.Download{Client: newClient(t, s, client.Options{}), Collection: s.collection(), Format: client.Bundle, Out: &out}
	if _, err := d.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(bundleObjects(t, out.Bytes())) != 0 || strings.Contains(out.String(), "objects") {
		t.Errorf("%s", out.String())
	}
}

// TestDownloadFailing: what a stream has is readable; before the first object it has
// nothing.
func TestDownloadFailing(t *testing.T) {
	s := newServer(t, 25, 1)
	s.before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n == 1 || n > 2 {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	}
	var out bytes.Buffer
	run := func() error {
		out.Reset()
		d := client.Download{Client: newClient(t, s, client.Options{}), Collection: s.collection(), Format: client.Bundle, Out: &out}
		_, err := d.Run(t.Context())
		return err
	}
	if err := run(); !isStatus(err, 403) || len(bundleObjects(t, out.Bytes())) != 10 {
		t.Errorf("%v: %s", err, out.String())
	}
	_ = run()
	if err := run(); !isStatus(err, 403) || out.Len() > 0 {
		t.Errorf("%v: %s", err, out.String())
	}
}

// TestDownloadResume: a download to a file is cut at any byte of any answer, or
// dies before or after it kept its cursor, and is started again until it ends:
// the file has each object once. Then it gets what is new.
func TestDownloadResume(t *testing.T) {
	for _, format := range []client.Format{client.Bundle, client.Lines} {
		for _, p := range []paging{byOffset, forgetful, byTime} {
			for _, damage := range []string{"", "a longer part", "no part", "in place already"} {
				t.Run(fmt.Sprintf("%s, paging %d, %s", format, p, damage), func(t *testing.T) {
					downloadResume(t, format, p, damage)
				})
			}
		}
	}
}

func downloadResume(t *testing.T, format client.Format, p paging, damage string) {
	s := newServer(t, 95, 1)
	s.paging = p
	dir := t.TempDir()
	path, cursor := filepath.Join(dir, "out"), filepath.Join(dir, "cursor.json")
	at := 0
	s.cut = func(n int, body string) int {
		if at += 97; n%3 != 1 {
			return -1
		}
		return at % len(body)
	}
	run := func() error {
		d := client.Download{Client: newClient(t, s, client.Options{Attempts: 1}), Collection: s.collection(), Format: format, Path: path, CursorPath: cursor}
		_, err := d.Run(t.Context())
		return err
	}
	runs := 1
	for ; run() != nil; runs++ {
		if runs > 60 {
			t.Fatal("it does not end")
		}
		if _, err := os.Stat(path); err == nil {
			t.Fatal("the file is there before it is whole")
		}
		if runs != 3 {
			continue
		}
		switch damage {
		case "a longer part":
			f, err := os.OpenFile(path+".part", os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(`,{"half":`); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		case "no part":
			if err := os.Remove(path + ".part"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if runs < 3 {
		t.Fatalf("%d runs", runs)
	}
	read := func() []string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if format == client.Lines {
			return lines(data)
		}
		return bundleObjects(t, data)
	}
	wantAll(t, s, read(), 0)
	s.cut = nil
	s.objects = []string{`{"id":"new"}`}
	s.added = s.added[94:]
	s.added[0] = dayOne.AddDate(1, 0, 0)
	if damage == "in place already" { // it died after the rename: nobody was told that it had ended
		undo(t, cursor, path)
		s.objects = append([]string{}, s.objects...)
		if err := run(); err != nil {
			t.Fatal(err)
		}
		if got := read(); len(got) != 96 {
			t.Errorf("%d objects; want those of the run, and the new one", len(got))
		}
		return
	}
	if err := run(); err != nil {
		t.Fatal(err)
	}
	wantAll(t, s, read(), 0)
	if err := run(); err != nil {
		t.Fatal(err)
	}
	if got := read(); len(got) != 0 {
		t.Errorf("nothing is new, and the file has %v", got)
	}
}

// undo takes back what the end of a run writes into its cursor.
func undo(t *testing.T, cursor, path string) {
	t.Helper()
	data, err := os.ReadFile(cursor)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(data, &state); err != nil {
		t.Fatal(err)
	}
	state["size"], state["part"] = info.Size(), info.Size()
	if state["format"] == "bundle" {
		state["part"] = info.Size() - int64(len("\n]}\n"))
	}
	if data, err = json.Marshal(state); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cursor, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDownloadCursorMisused: a cursor of something else is refused, and nothing is
// overwritten.
func TestDownloadCursorMisused(t *testing.T) {
	s := newServer(t, 25, 1)
	dir := t.TempDir()
	cursor := filepath.Join(dir, "cursor.json")
	run := func(path string, f client.Filter) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		d := client.Download{
			Client: newClient(t, s, client.Options{}), Collection: s.collection(), Format: client.Bundle, Filter: f, Path: path, CursorPath: cursor,
			Progress: func(objects, _ int64) {
				if objects == 10 {
					cancel()
				}
			},
		}
		_, err := d.Run(ctx)
		return err
	}
	if err := run(filepath.Join(dir, "a"), client.Filter{}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := run(filepath.Join(dir, "b"), client.Filter{}); !errors.Is(err, client.ErrCursor) {
		t.Errorf("another file: %v", err)
	}
	if err := run(filepath.Join(dir, "a"), client.Filter{Type: []string{"x"}}); !errors.Is(err, client.ErrCursor) {
		t.Errorf("another filter: %v", err)
	}
	for _, text := range []string{"", "{}", "[]", `{"version":1,"kind":"push"}`, "no json"} {
		if err := os.WriteFile(cursor, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(filepath.Join(dir, "a"), client.Filter{}); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("cursor %q: %v", text, err)
		}
		if data, _ := os.ReadFile(cursor); string(data) != text {
			t.Errorf("cursor %q was overwritten", text)
		}
	}
	if err := run("/dev/null", client.Filter{}); err == nil {
		t.Error("a device: no error")
	}
}

// TestDownloadTwiceAtOnce: a second run with the same cursor waits for nobody and
// touches nothing.
func TestDownloadTwiceAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("not run: this system has no flock")
	}
	s := newServer(t, 25, 1)
	dir := t.TempDir()
	d := client.Download{Client: newClient(t, s, client.Options{}), Collection: s.collection(), Format: client.Bundle, Path: filepath.Join(dir, "out"), CursorPath: filepath.Join(dir, "cursor")}
	second := d
	var busy error
	d.Progress = func(objects, _ int64) {
		if objects == 10 {
			_, busy = second.Run(t.Context())
		}
	}
	if _, err := d.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(busy, client.ErrBusy) {
		t.Errorf("error %v", busy)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}
