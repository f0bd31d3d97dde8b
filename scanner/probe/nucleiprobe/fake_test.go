//go:build unix

package nucleiprobe

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/nucleiwire"
)

// TestMain lets this binary play the child: a script beside each test starts
// it with the name of a part.
func TestMain(m *testing.M) {
	if part := os.Getenv("FAKE_PART"); part != "" {
		play(part, os.Getenv("FAKE_DIR"))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// fake writes a program that plays a part; what the part notes lies in dir.
func fake(t *testing.T, part string) (path, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	path = filepath.Join(dir, "child")
	script := fmt.Sprintf("#!/bin/sh\nFAKE_PART='%s' FAKE_DIR='%s' exec '%s'\n", part, dir, self)
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path, dir
}

func play(part, dir string) {
	out := json.NewEncoder(os.Stdout)
	say := func(l nucleiwire.Line) { _ = out.Encode(l) }
	hello := func() { say(nucleiwire.Line{Hello: &nucleiwire.Hello{Version: nucleiwire.Version, Engine: "fake 1"}}) }
	note := func(name, text string) { _ = os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	in := bufio.NewReader(os.Stdin)
	var req nucleiwire.Request
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &req)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "request:", err)
		os.Exit(1)
	}
	answer := func(jobs []nucleiwire.Job) {
		for _, j := range jobs {
			r := nucleiwire.Result{Job: j, Status: nucleiwire.Clean}
			if strings.HasSuffix(j.Template, "git.config") {
				r.Status, r.At = nucleiwire.Matched, j.Target+"/.git/config"
			}
			say(nucleiwire.Line{Result: &r})
		}
	}
	_, again := os.Stat(filepath.Join(dir, "ran"))
	note("ran", fmt.Sprint(len(req.Jobs)))
	done := nucleiwire.Line{Done: &nucleiwire.Done{}}
	switch part {
	case "good":
		note("env", strings.Join(os.Environ(), "\n"))
		note("pid", fmt.Sprint(os.Getpid()))
		note("home", os.Getenv("HOME"))
		_ = os.WriteFile(filepath.Join(os.Getenv("HOME"), "litter"), nil, 0o600)
		hello()
		answer(req.Jobs)
		say(done)
		_, _ = io.Copy(io.Discard, in)
	case "loses three once", "loses three", "silent about three":
		hello()
		if again != nil || part != "loses three once" {
			answer(req.Jobs[:max(0, len(req.Jobs)-3)])
			if part == "silent about three" {
				for _, j := range req.Jobs[max(0, len(req.Jobs)-3):] {
					say(nucleiwire.Line{Result: &nucleiwire.Result{Job: j, Status: nucleiwire.Silent, Error: "0 of 1 requests were answered"}})
				}
			}
		} else {
			answer(req.Jobs)
		}
		say(done)
	case "panics", "panics once":
		hello()
		if part == "panics once" && again == nil {
			answer(req.Jobs)
			say(done)
			return
		}
		answer(req.Jobs[:1])
		go func() { panic("the engine's own goroutine") }()
		time.Sleep(time.Minute)
	case "exits":
		fmt.Fprintln(os.Stderr, "engine: no room left on the device")
		os.Exit(1)
	case "garbage":
		hello()
		fmt.Println("[INF] a log line \x1b[31m where none belongs")
	case "long line":
		hello()
		fmt.Println(`{"result":{"template":"` + strings.Repeat("x", 2*nucleiwire.MaxLine) + `"}}`)
	case "floods":
		hello()
		for {
			answer(req.Jobs)
		}
	case "no hello":
		answer(req.Jobs)
	case "other version":
		say(nucleiwire.Line{Hello: &nucleiwire.Hello{Version: nucleiwire.Version + 1}})
	case "not ordered":
		hello()
		say(nucleiwire.Line{Result: &nucleiwire.Result{Job: nucleiwire.Job{Template: "exposure.env.file", Target: "https://other.example"}, Status: nucleiwire.Matched}})
	case "unknown status":
		hello()
		say(nucleiwire.Line{Result: &nucleiwire.Result{Job: req.Jobs[0], Status: "perhaps"}})
	case "lies about the place":
		hello()
		for _, j := range req.Jobs {
			say(nucleiwire.Line{Result: &nucleiwire.Result{Job: j, Status: nucleiwire.Matched, At: "https://other.example/\x1b[2J"}})
		}
		say(done)
	case "stuck", "lingers":
		signal.Ignore(syscall.SIGTERM)
		note("pid", fmt.Sprint(os.Getpid()))
		hello()
		if part == "lingers" {
			answer(req.Jobs)
			say(done)
		} else {
			answer(req.Jobs[:1])
		}
		time.Sleep(time.Minute)
	}
}
