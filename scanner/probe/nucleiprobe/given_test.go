//go:build unix

package nucleiprobe

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/nucleiwire"
	"github.com/cybersec-infohub/infohub/rules/template"
	"github.com/cybersec-infohub/infohub/scanner"
)

const notes = `id: staging-notes
info: {name: Notes, author: shop, severity: high, tags: exposure}
http:
  - method: METHOD
    path: ["{{BaseURL}}/staging-notes.txt", "{{RootURL}}/old/staging-notes.txt"]
    matchers:
      - type: dsl
        dsl: ['status_code == 200 && content_type == "text/x-notes"']
`

// TestTemplatesOfTheUserRunBesideOurs, by GET and by HEAD.
func TestTemplatesOfTheUserRunBesideOurs(t *testing.T) {
	child := realChild(t)
	dir := t.TempDir()
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		text := strings.Replace(strings.Replace(notes, "METHOD", method, 1), "staging-notes", "notes-"+method, 1)
		if err := os.WriteFile(filepath.Join(dir, method+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	moved := strings.Replace(strings.Replace(notes, "METHOD", "GET\n    host-redirects: true", 1), ", \"{{RootURL}}/old/staging-notes.txt\"", "", 1)
	if err := os.WriteFile(filepath.Join(dir, "moved.yaml"), []byte(strings.Replace(moved, "staging-notes", "notes-moved", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	given, refused, err := template.Load([]string{dir})
	if err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	var (
		mu    sync.Mutex
		asked []string
	)
	in := siteOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/staging-notes.txt" && r.Host == "www.example.hk":
			http.Redirect(w, r, "/old/staging-notes.txt", http.StatusFound)
			return
		case r.URL.Path == "/staging-notes.txt": // to another host, though one of ours
			http.Redirect(w, r, "https://www.example.hk/old/staging-notes.txt", http.StatusFound)
			return
		case r.URL.Path != "/old/staging-notes.txt" || r.Host != "www.example.hk":
			http.NotFound(w, r)
			return
		}
		mu.Lock()
		asked = append(asked, r.Method)
		mu.Unlock()
		w.Header().Set("Content-Type", "text/x-notes")
		_, _ = io.WriteString(w, strings.Repeat("x", 2<<20)) // more than is read
	}), "https://example.hk", "https://www.example.hk")
	section, err := New(child, given...).Collect(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var ends []string
	for _, r := range section.(*scanner.ActiveFacts).Templates {
		if r.Given {
			ends = append(ends, fmt.Sprint(r.Template, " ", r.Status, " ", r.Target, " ", strings.TrimPrefix(r.MatchedAt, r.Target)))
		} else if r.Status != scanner.ActiveClean {
			t.Errorf("%+v (%v)", r, r.Failure)
		}
	}
	want := []string{
		"notes-GET not-matched https://example.hk ", "notes-GET matched https://www.example.hk /old/staging-notes.txt",
		"notes-HEAD not-matched https://example.hk ", "notes-HEAD matched https://www.example.hk /old/staging-notes.txt",
		"notes-moved not-matched https://example.hk ", "notes-moved matched https://www.example.hk /old/staging-notes.txt",
	}
	slices.Sort(asked)
	if !slices.Equal(ends, want) || !slices.Equal(asked, []string{"GET", "GET", "HEAD"}) {
		t.Errorf("%q, asked by %q; want %q", ends, asked, want)
	}
}

// TestEngineLooksTooBeforeItRuns: a template that would change the site does
// not run even if it got around the check of its text.
func TestEngineLooksTooBeforeItRuns(t *testing.T) {
	child := realChild(t)
	var (
		mu       sync.Mutex
		requests []string
	)
	in := siteOf(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, r.Method+" "+r.URL.String())
	}))
	var templates []nucleiwire.Template
	for id, text := range map[string]string{
		"post":      strings.Replace(notes, "METHOD", "POST", 1),
		"delete":    strings.Replace(notes, "METHOD", "DELETE", 1),
		"raw":       strings.Replace(notes, "method: METHOD", `raw: ["PUT / HTTP/1.1\r\nHost: {{Hostname}}\r\n\r\n"]`, 1),
		"body":      strings.Replace(notes, "method: METHOD", "method: GET\n    body: x", 1),
		"payloads":  strings.Replace(notes, "method: METHOD", "method: GET\n    attack: batteringram\n    payloads: {a: [b]}", 1),
		"redirects": strings.Replace(notes, "method: METHOD", "method: GET\n    host-redirects: true", 1),
		"elsewhere": strings.Replace(strings.Replace(notes, "METHOD", "GET", 1), "{{BaseURL}}/", "https://other.example/", 1),
		"self":      "self-contained: true\n" + strings.Replace(notes, "METHOD", "GET", 1),
		"flow":      "flow: http(1)\n" + strings.Replace(notes, "METHOD", "GET", 1),
		"no http":   "id: a\ninfo: {name: a, author: a, severity: info}\ndns:\n  - name: \"{{FQDN}}\"\n    type: A\n    matchers: [{type: word, words: [a]}]\n",
		"damaged":   "id: [",
	} {
		templates = append(templates, nucleiwire.Template{ID: id, Text: text})
	}
	targets := []string{"https://example.hk"}
	via := proxied(t, in.Net.Dialer, map[string][]netip.Addr{"example.hk:443": {netip.MustParseAddr("127.0.0.1")}})
	l := newLedger(templates, len(templates), targets)
	err := run(t.Context(), child, &nucleiwire.Request{
		Version: nucleiwire.Version, Templates: templates, Jobs: l.open(), Concurrency: 2, PerSecond: 100, Timeout: 5, UserAgent: "infohub/test", Proxy: via.url(),
	}, l)
	if err != nil {
		t.Fatal(err)
	}
	facts, _ := l.facts(via, nil)
	for _, r := range facts.Templates {
		if r.Status != scanner.ActiveFailed || r.Failure.Kind != scanner.FailInternal || !strings.Contains(r.Failure.Detail, "template: ") {
			t.Errorf("%+v (%v); want it refused", r, r.Failure)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(requests) > 0 || len(facts.Templates) != len(templates) {
		t.Errorf("%d results; the site was asked %q", len(facts.Templates), requests)
	}
}

// TestKilledEngineLosesItsOwnResultsOnly: the real child is killed in the middle
// of a scan, by a stranger. What it had said stays; a second child does the
// rest, and where that is killed too, the rest is lost, and told so.
func TestKilledEngineLosesItsOwnResultsOnly(t *testing.T) {
	child := realChild(t)
	for kills := range int64(3) {
		dir := t.TempDir()
		wrapper, pid := filepath.Join(dir, "child"), filepath.Join(dir, "pid")
		script := fmt.Sprintf("#!/bin/sh\necho $$ > '%s'\nexec '%s'\n", pid, child)
		if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		var asked, killed atomic.Int64
		in := siteOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n := asked.Add(1); n%40 == 0 && n/40 <= kills {
				text, err := os.ReadFile(pid)
				id, _ := strconv.Atoi(strings.TrimSpace(string(text)))
				if err != nil || id < 2 || syscall.Kill(id, syscall.SIGKILL) != nil {
					t.Errorf("the child %q was not killed: %v", text, err)
				}
				killed.Add(1)
			}
			http.NotFound(w, r)
		}))
		section, err := New(wrapper).Collect(t.Context(), in)
		facts, ok := section.(*scanner.ActiveFacts)
		if !ok || killed.Load() != kills {
			t.Fatalf("killed %d of %d times: %+v, %v", killed.Load(), kills, section, err)
		}
		n := count(facts)
		switch why := scanner.FailureOf(err); {
		case kills < 2 && (err != nil || n[scanner.ActiveClean] != len(facts.Templates)):
			t.Errorf("killed %d times: ends %v, %v; want all clean", kills, n, err)
		case kills == 2 && (why == nil || why.Kind != scanner.FailInternal || n[scanner.ActiveClean] == 0 || n[scanner.ActiveLost] == 0 || n[scanner.ActiveMatched]+n[scanner.ActiveFailed] > 0):
			t.Errorf("killed twice: ends %v, %v; want some clean, and the others lost", n, err)
		}
		for _, r := range facts.Templates {
			if r.Status == scanner.ActiveLost && (r.Failure == nil || !strings.Contains(r.Failure.Detail, "killed")) {
				t.Errorf("%+v (%v); want the reason", r, r.Failure)
			}
		}
	}
}
