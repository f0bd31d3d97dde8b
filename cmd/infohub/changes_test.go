package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// follower is a command that runs until it is stopped, and its lines.
type follower struct {
	t     *testing.T
	lines chan string
	stop  context.CancelFunc
	code  chan int
	err   bytes.Buffer
}

func start(t *testing.T, args ...string) *follower {
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	f := &follower{t: t, lines: make(chan string, 100), stop: cancel, code: make(chan int, 1)}
	go func() {
		f.code <- run(ctx, args, streams{in: strings.NewReader(""), out: w, err: &f.err, env: func(string) string { return "" }})
		_ = w.Close()
	}()
	go func() {
		defer close(f.lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			f.lines <- s.Text()
		}
	}()
	t.Cleanup(cancel)
	return f
}

func (f *follower) line() string {
	f.t.Helper()
	select {
	case l := <-f.lines:
		return l
	case <-time.After(time.Minute):
		f.t.Fatal("no line")
		return ""
	}
}

// end stops the command as Ctrl-C does and wants exit code 0.
func (f *follower) end() {
	f.t.Helper()
	f.stop()
	select {
	case code := <-f.code:
		if code != exitClean {
			f.t.Errorf("exit code %d: %s", code, &f.err)
		}
	case <-time.After(time.Minute):
		f.t.Fatal("it does not end")
	}
}

// TestFollow: what comes while somebody follows is printed, over the network and
// from a subscription, and Ctrl-C ends it with nothing lost.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	data, keyFile, cursor := filepath.Join(dir, "hub"), filepath.Join(dir, "key"), filepath.Join(dir, "cursor")
	do := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs, env: func(string) string { return "" }}); code != exitClean {
			t.Fatalf("%v: exit code %d: %s", args, code, &errs)
		}
		return out.String()
	}
	do("setup", "--data", data, "--organisation", "Gov CERT", "--handle", "gov", "--name", "Ada", "--email", "ada@gov.example")
	key := do("key", "add", "--org", "gov", "--name", "test", "--data", data)
	if err := os.WriteFile(keyFile, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	server := start(t, "serve", "--data", data, "--listen", "127.0.0.1:0")
	url := regexp.MustCompile(`http://\S+`).FindString(server.line())
	way := []string{"--hub", url, "--key-file", keyFile}
	submit := func(n int) {
		t.Helper()
		file := filepath.Join(dir, "object.json")
		object := fmt.Sprintf(`{"objects":[{"type":"domain-name","spec_version":"2.1","id":"domain-name--00000000-0000-5000-8000-%012d","value":"n%d.example"}]}`, n, n)
		if err := os.WriteFile(file, []byte(object), 0o600); err != nil {
			t.Fatal(err)
		}
		do(append([]string{"object", "submit", file, "--collection", "public"}, way...)...)
	}
	want := func(f *follower, n int) {
		t.Helper()
		if l := f.line(); !strings.Contains(l, fmt.Sprintf(`"value":"n%d.example"`, n)) {
			t.Fatalf("the line is %s; want that of object %d", l, n)
		}
	}
	do(append([]string{"changes", "subscribe", "test"}, way...)...)
	submit(1)
	f := start(t, append([]string{"changes", "--follow", "--cursor", cursor}, way...)...)
	want(f, 1)
	submit(2)
	want(f, 2)
	f.end()
	submit(3)
	f = start(t, append([]string{"changes", "--follow", "--cursor", cursor}, way...)...)
	l := f.line()
	if strings.Contains(l, "n2.example") { // it was stopped before it could remember
		l = f.line()
	}
	if !strings.Contains(l, "n3.example") {
		t.Errorf("it goes on with %s", l)
	}
	f.end()
	f = start(t, append([]string{"changes", "--follow", "--subscription", "test", "--ack"}, way...)...)
	for n := range 3 {
		want(f, n+1)
	}
	f.end()
	server.end()
}
