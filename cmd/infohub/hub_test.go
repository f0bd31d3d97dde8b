package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// program is the infohub that a script runs.
func program(ts *testscript.TestScript, args ...string) *exec.Cmd {
	path := ""
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if p := filepath.Join(dir, "infohub"); path == "" {
			if info, err := os.Stat(p); err == nil && info.Mode()&0o111 != 0 {
				path = p
			}
		}
	}
	cmd := exec.Command(path, args...) // #nosec G204 -- the program under test
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "LC_ALL=C"}
	return cmd
}

// hubKey is the key of the hubs that a script runs, a map[string]*exec.Cmd.
type hubKey struct{}

// serveHub: hub FOLDER [OPTION...] runs infohub serve on a folder until the script ends, with
// its address in $HUB; hub stop FOLDER ends it as a service manager does.
func serveHub(ts *testscript.TestScript, _ bool, args []string) {
	running := ts.Value(hubKey{}).(map[string]*exec.Cmd)
	if len(args) == 2 && args[0] == "stop" {
		cmd := running[args[1]]
		delete(running, args[1])
		ts.Check(cmd.Process.Signal(os.Interrupt))
		if err := cmd.Wait(); err != nil {
			ts.Fatalf("the hub ended with %v: %s", err, cmd.Stderr)
		}
		return
	}
	if len(args) == 0 {
		ts.Fatalf("usage: hub stop FOLDER, hub FOLDER [OPTION...]")
	}
	cmd := program(ts, append([]string{"serve", "--data", args[0], "--listen", "127.0.0.1:0"}, args[1:]...)...)
	cmd.Stderr = &bytes.Buffer{}
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	running[args[0]] = cmd
	ts.Defer(func() {
		if running[args[0]] == cmd {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	url := regexp.MustCompile(`http://\S+`).FindString(line)
	if err != nil || url == "" {
		ts.Fatalf("the hub says %q: %v", line, err)
	}
	ts.Setenv("HUB", url)
}

// askHub: ask LINES OUT OPTION... runs each line of a file as infohub with these
// options, and writes what it printed and its exit code.
func askHub(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: ask LINES OUT OPTION...")
	}
	var out strings.Builder
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		cmd := program(ts, append(fields, args[2:]...)...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", line, err)
		}
		fmt.Fprintf(&out, "$ %s\n%s%sexit %d\n", strings.Join(fields, " "), &stdout, &stderr, cmd.ProcessState.ExitCode())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(out.String()), 0o600))
}

// keep: keep NAME FILE PATTERN sets $NAME to what the parentheses of PATTERN find
// in a file.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: keep NAME FILE PATTERN")
	}
	found := regexp.MustCompile(args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if len(found) != 2 {
		ts.Fatalf("%s has no %s", args[1], args[2])
	}
	ts.Setenv(args[0], found[1])
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 5, time.UTC)
	for _, c := range []struct {
		text string
		back bool
		want string // "": refused
	}{
		{"90d", false, "2027-02-21T08:00:00Z"},
		{"7d", true, "2026-11-16T08:00:00Z"},
		{"12h", true, "2026-11-22T20:00:00Z"},
		{"2027-06-30", false, "2027-06-30T00:00:00Z"},
		{"2027-06-30T08:00:00+08:00", false, "2027-06-30T00:00:00Z"},
		{"2026-11-01T00:00:00.5Z", true, "2026-11-01T00:00:00.5Z"},
		{"0d", false, ""},
		{"-1d", false, ""},
		{"1d2", false, ""},
		{"1 d", false, ""},
		{"99999999999999d", false, ""},
		{"tomorrow", false, ""},
		{"2027-02-30", false, ""},
		{"", false, ""},
	} {
		got, err := moment("expires", c.text, now, c.back)
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), "--expires") {
				t.Errorf("%q is taken as %v, %v", c.text, got, err)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%q is %v, %v; want %s", c.text, got, err, c.want)
		}
	}
}

func TestRights(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"indicators:read", "indicators [read]"},
		{"*:read,write", "* [read write]"},
		{"ea10558b-6289-4774-8a8a-de4f3bc36665:write", "ea10558b-6289-4774-8a8a-de4f3bc36665 [write]"},
		{"indicators", ""},
		{"indicators:", ""},
		{":read", ""},
		{"indicators:read,own", ""},
		{"indicators:read;write", ""},
	} {
		name, verbs, err := rights("grant", c.text)
		if got := fmt.Sprint(name, " ", verbs); (err == nil) != (c.want != "") || err == nil && got != c.want {
			t.Errorf("%q is %s, %v; want %q", c.text, got, err, c.want)
		}
	}
}

func TestColumns(t *testing.T) {
	var b strings.Builder
	if err := writeColumns(&b, [][]string{{"MAIL", "NAME", "ROLE"}, {"a@b.example", "陳大文", "member"}, {"é", "Ann…", "-"}}); err != nil {
		t.Fatal(err)
	}
	want := "MAIL         NAME    ROLE\na@b.example  陳大文  member\né            Ann…    -\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}

// TestPathsOfTheAPI: what a user writes never leads to another path.
func TestPathsOfTheAPI(t *testing.T) {
	for name, want := range map[string]string{
		"harbour": "/organisations/harbour", "a/../b": "/organisations/a%2F..%2Fb", "a?b=c#d": "/organisations/a%3Fb=c%23d", "例": "/organisations/%E4%BE%8B",
		"": "", " ": "", ".": "", "..": "",
	} {
		got, err := at("organisations", name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q leads to %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestSummary(t *testing.T) {
	for object, want := range map[string]string{
		`{"name":"A\nname","pattern":"p"}`:                                    "A name",
		`{"pattern":"[a:b='c']"}`:                                             "[a:b='c']",
		`{"relationship_type":"indicates","source_ref":"a","target_ref":"b"}`: "a indicates b",
		`{"name":7}`: "",
		`not json`:   "",
	} {
		if got := summary([]byte(object)); got != want {
			t.Errorf("%s is %q; want %q", object, got, want)
		}
	}
}
