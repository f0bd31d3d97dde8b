//go:build unix

package nucleiprobe

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/nucleiwire"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// realChild is infohub-nuclei itself, which make proof builds.
func realChild(t *testing.T) string {
	t.Helper()
	path := os.Getenv("INFOHUB_NUCLEI")
	if path == "" {
		missing(t, "not run: make nuclei, and name the program in INFOHUB_NUCLEI")
	}
	if _, err := exec.LookPath(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// missing skips; where everything must be proved, it fails.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" && os.Getenv("INFOHUB_PROOF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// siteOf serves h over https on loopback and returns what a scan of it is
// given; origins are the names that lead to it.
func siteOf(t *testing.T, h http.Handler, origins ...string) scanner.Input {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return siteAt(s.Listener.Addr().(*net.TCPAddr).AddrPort(), origins...)
}

func siteAt(at netip.AddrPort, origins ...string) scanner.Input {
	// No more places than jobs at a time: what the engine keeps open would stall it.
	in := input(&netguard.Scope{Limit: 40, Dialer: &netguard.Dialer{
		PerAddr:   jobsAtATime,
		Policy:    netguard.Policy{Listeners: []netip.AddrPort{at}},
		ConnectTo: []netguard.Mapping{{To: at.Addr(), ToPort: at.Port()}},
	}})
	if len(origins) == 0 {
		origins = []string{"https://example.hk"}
	}
	in.Facts.Web.Roots = nil
	for _, o := range origins {
		in.Facts.Web.Roots = append(in.Facts.Web.Roots, scanner.WebRoot{Start: o + "/", Hops: []scanner.Hop{{URL: o + "/", Status: 200}}})
	}
	return in
}

func scan(t *testing.T, child string, in scanner.Input) *scanner.ActiveFacts {
	t.Helper()
	section, err := New(child).Collect(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return section.(*scanner.ActiveFacts)
}

// exposed are the faults: what a server has at which path.
func exposed() map[string]struct{ path, body, kind string } {
	type file = struct{ path, body, kind string }
	return map[string]file{
		"exposure.git.config":           {"/.git/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote \"origin\"]\n\turl = git@example.hk:shop.git\n", "text/plain"},
		"exposure.env.file":             {"/.env", "# settings\nAPP_NAME=Shop\nDB_PASSWORD=\"hunter2\"\n", "text/plain"},
		"exposure.backup.archive":       {"/www.zip", "PK\x03\x04\x14\x00\x00\x00" + strings.Repeat("\x00\xff", 5000), "application/zip"},
		"exposure.sql.dump":             {"/dump.sql", "-- MySQL dump 10.13  Distrib 8.0.36\nDROP TABLE IF EXISTS `customers`;\n", "application/sql"},
		"exposure.phpinfo.page":         {"/info.php", "<!DOCTYPE html><html><head><title>PHP 8.2.7 - phpinfo()</title></head><body><h1 class=\"p\">PHP Version 8.2.7</h1></body></html>", "text/html"},
		"exposure.server-status.public": {"/server-status", "<html><head><title>Apache Status</title></head><body><h1>Apache Server Status for example.hk</h1><dl><dt>Server uptime:  3 days</dt></dl></body></html>", "text/html"},
		"exposure.ds-store.file":        {"/.DS_Store", "\x00\x00\x00\x01Bud1\x00\x00\x10\x00\x00\x00\x08\x00" + strings.Repeat("\x00", 4000), "application/octet-stream"},
		"exposure.htpasswd.file":        {"/.htpasswd", "# staff\nadmin:$apr1$xyz$abcdefghijklmnopqrstu.\n", "text/plain"},
	}
}

func TestTemplatesFindTheirFaultAndNothingElse(t *testing.T) {
	child := realChild(t)
	for id, file := range exposed() {
		t.Run(id, func(t *testing.T) {
			facts := scan(t, child, siteOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != file.path {
					http.NotFound(w, r)
					return
				}
				w.Header().Set("Content-Type", file.kind)
				_, _ = io.WriteString(w, file.body)
			})))
			for _, r := range facts.Templates {
				want := scanner.ActiveClean
				if r.Template == id {
					want = scanner.ActiveMatched
				}
				if r.Status != want || (want == scanner.ActiveMatched && r.MatchedAt != "https://example.hk"+file.path) {
					t.Errorf("%+v (%v); want %s", r, r.Failure, want)
				}
			}
			if !strings.HasPrefix(facts.Engine, "nuclei v3.") || len(facts.Templates) != 8 {
				t.Errorf("%d results of %q", len(facts.Templates), facts.Engine)
			}
		})
	}
}

// TestTemplatesAreNotFooled: servers that have none of the faults.
func TestTemplatesAreNotFooled(t *testing.T) {
	child := realChild(t)
	files := exposed()
	page := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	at := func(bodies map[string]string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, bodies[r.URL.Path]) }
	}
	all := ""
	for _, f := range files {
		all += f.body + "\n"
	}
	for name, h := range map[string]http.HandlerFunc{
		"not found":        http.NotFound,
		"soft 404":         page(200, "text/html", "<!DOCTYPE html><html><head><title>Shop</title></head><body>Sorry, not here. <script>var API_KEY = 1</script></body></html>"),
		"soft 404 in text": page(200, "text/plain", "Sorry, not here: admin: ask the webmaster\n"),
		"an app's shell":   page(200, "text/html", "<html><body><div id=app></div></body></html>"),
		"nothing":          page(200, "text/plain", ""),
		"a page about all": page(200, "text/html", "<html><body><pre>\n[core]\nrepositoryformatversion = 0\nDB_PASSWORD=x\n-- MySQL dump 10\nadmin:$apr1$xyz$abc\n</pre></body></html>"),
		"forbidden":        page(403, "text/plain", all),
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://other.example"+r.URL.Path, http.StatusFound)
		},
		"a redirect home": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) },
		"near misses": at(map[string]string{
			"/.env": "APP_NAME=Shop\nDB_PASSWORD=\nAPP_KEY=\n", "/.env.local": "const TOKEN = 5", "/.git/config": "[core]\n", "/dump.sql": "no dump\n",
			"/backup.zip": "<zip>PK\x03\x04", "/.htpasswd": "Contact: webmaster@example.hk\nadmin:$apr1$x$y\n", "/.DS_Store": "Bud1", "/info.php": "<?php phpinfo();", "/server-status": "Apache Server Status for nobody",
		}),
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range scan(t, child, siteOf(t, h)).Templates {
				if r.Status != scanner.ActiveClean {
					t.Errorf("%+v (%v); want it clean", r, r.Failure)
				}
			}
		})
	}
}

// TestEngineSaysWhyItCannotTell: no fault of the network may look like a pass.
func TestEngineSaysWhyItCannotTell(t *testing.T) {
	child := realChild(t)
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	raw := func(answer string) scanner.Input { return siteAt(say(t, answer), "http://example.hk") }
	for _, tc := range []struct {
		name string
		in   scanner.Input
		want []scanner.FailureKind
	}{
		{"too many requests", siteOf(t, status(429)), []scanner.FailureKind{scanner.FailBlocked}},
		{"overloaded", siteOf(t, status(503)), []scanner.FailureKind{scanner.FailServer}},
		{"nobody listens", siteAt(closed(t)), []scanner.FailureKind{scanner.FailRefused}},
		{"the guard refuses", forbidden(t), []scanner.FailureKind{scanner.FailForbidden}},
		{"hangs up", raw(""), []scanner.FailureKind{scanner.FailReset}},
		{"no HTTP", raw("220 mail.example.hk ESMTP\r\n"), []scanner.FailureKind{scanner.FailProtocol}},
		{"HTTP/2 by surprise", raw("HTTP/2 200\r\n\r\n"), []scanner.FailureKind{scanner.FailProtocol}},
		{"breaks off", raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), []scanner.FailureKind{scanner.FailReset}},
		{"no TLS", siteAt(say(t, "HTTP/1.1 200 OK\r\n\r\n")), []scanner.FailureKind{scanner.FailTLS, scanner.FailReset, scanner.FailProtocol}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, r := range scan(t, child, tc.in).Templates {
				if r.Status != scanner.ActiveFailed || !slices.Contains(tc.want, r.Failure.Kind) {
					t.Errorf("%+v (%v); want it failed, %s", r, r.Failure, tc.want)
				}
			}
		})
	}
}

func forbidden(t *testing.T) scanner.Input {
	in := siteOf(t, http.NotFoundHandler())
	in.Net.Dialer.(*netguard.Scope).Dialer.Policy.Listeners = nil
	return in
}

// say is a server that reads a little, says its piece and hangs up.
func say(t *testing.T, piece string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = c.Read(make([]byte, 4096))
				_, _ = io.WriteString(c, piece)
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// TestVisitIsPolite: what the site sees.
func TestVisitIsPolite(t *testing.T) {
	child := realChild(t)
	var (
		mu       sync.Mutex
		requests []string
	)
	in := siteOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, r.Method+" "+r.Host+r.URL.Path)
		if ua := r.Header.Get("User-Agent"); ua != "infohub/test" {
			t.Errorf("User-Agent %q", ua)
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead || r.ContentLength > 0 {
			t.Errorf("%s with a body of %d bytes", r.Method, r.ContentLength)
		}
		if r.TLS == nil || r.TLS.ServerName != r.Host || r.TLS.Version < tls.VersionTLS12 {
			t.Errorf("TLS %+v for %s", r.TLS, r.Host)
		}
		http.NotFound(w, r)
	}))
	scan(t, child, in)
	slices.Sort(requests)
	if unique := slices.Compact(slices.Clone(requests)); len(unique) != len(requests) || len(requests) != 21 {
		t.Errorf("%d requests, %d of them different; want 21: %q", len(requests), len(unique), requests)
	}
}

// TestNothingIsLost asks about many hosts at once, as no scan does.
func TestNothingIsLost(t *testing.T) {
	child := realChild(t)
	if testing.Short() {
		t.Skip("not run: -short")
	}
	const hosts = 500
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "bad") && r.URL.Path == "/.git/config" {
			_, _ = io.WriteString(w, exposed()["exposure.git.config"].body)
			return
		}
		http.NotFound(w, r)
	}))
	defer s.Close()
	facts := many(t, child, s.Listener.Addr().(*net.TCPAddr).AddrPort(), hosts)
	if n := count(facts); n[scanner.ActiveMatched] != hosts/10 || n[scanner.ActiveClean] != hosts*8-hosts/10 {
		t.Errorf("ends %v of %d; want %d matched and the others clean", n, len(facts.Templates), hosts/10)
		for _, r := range facts.Templates {
			if r.Failure != nil {
				t.Logf("%s %s: %v", r.Template, r.Target, r.Failure)
			}
		}
	}
}

// TestEngineCallsNobody watches the child's system calls: whatever the server
// answers, it connects to the proxy and to nothing else, asks no resolver but
// its own, and writes only in its home.
func TestEngineCallsNobody(t *testing.T) {
	child := realChild(t)
	strace, err := exec.LookPath("strace")
	if err != nil {
		missing(t, "not run: install strace")
	}
	for name, in := range map[string]scanner.Input{
		"a good server":      siteOf(t, http.NotFoundHandler()),
		"HTTP/2 by surprise": siteAt(say(t, "HTTP/2 200\r\n\r\n"), "http://example.hk"),
		"no HTTP":            siteAt(say(t, "220 mail ESMTP\r\n"), "http://example.hk"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			trace, wrapper := filepath.Join(dir, "trace"), filepath.Join(dir, "traced")
			script := fmt.Sprintf("#!/bin/sh\nexec '%s' -f -qq -yy -s 0 -o '%s' -e trace=%%network,write,writev,openat,mkdirat,renameat,unlinkat '%s'\n", strace, trace, child)
			if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			scan(t, wrapper, in)
			text, err := os.ReadFile(trace)
			if err != nil {
				t.Fatal(err)
			}
			judgeTrace(t, string(text))
		})
	}
}

func judgeTrace(t *testing.T, trace string) {
	var (
		place = regexp.MustCompile(`sin6?_port=htons\((\d+)\).*?"([0-9a-f.:]+)"`)
		peer  = regexp.MustCompile(`^\d+ +(?:write|writev|sendto|sendmsg|sendmmsg)\(\d+<(?:TCP|UDP)(?:v6)?:\[.*?->\[?([0-9a-f.:]+?)\]?:\d+\]>`)
		write = regexp.MustCompile(`^\d+ +(?:openat\(.*O_(?:CREAT|WRONLY|RDWR)|mkdirat|renameat|unlinkat)`)
		tcp   = map[string]bool{}
		sent  = 0
	)
	for _, line := range strings.Split(trace, "\n") {
		if m := place.FindStringSubmatch(line); m != nil && (strings.Contains(line, "connect(") || strings.Contains(line, "send")) {
			switch {
			case strings.Contains(line, "<TCP"):
				tcp[m[2]+":"+m[1]] = true
			case strings.Contains(line, "connect(") && m[2] == "2001:4860:4860::8888":
				// A package asks the kernel at its start whether there is a
				// route for IPv6; a datagram socket's connect sends nothing,
				// and peer sees to it that nothing follows.
			case !strings.HasPrefix(m[2], "127."):
				t.Errorf("it calls %s: %s", m[2], line)
			}
		}
		if m := peer.FindStringSubmatch(line); m != nil {
			sent++
			if !strings.HasPrefix(m[1], "127.") {
				t.Errorf("it writes to %s: %s", m[1], line)
			}
		}
		if strings.Contains(line, "AF_UNIX") {
			t.Errorf("it talks to a local socket: %s", line)
		}
		if write.MatchString(line) && strings.Contains(line, `"/`) && !strings.Contains(line, "/infohub-nuclei-") && !strings.Contains(line, `"/dev/null"`) {
			t.Errorf("it writes elsewhere: %s", line)
		}
	}
	if len(tcp) != 1 || sent < 20 {
		t.Errorf("it connects to %v and writes %d times; want the proxy alone, and many", tcp, sent)
	}
}

// many runs one child for many hosts, of which every tenth is bad.
func many(t *testing.T, child string, at netip.AddrPort, hosts int) *scanner.ActiveFacts {
	t.Helper()
	templates, err := readTemplates(rules.Templates())
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	leads := map[string][]netip.Addr{}
	for i := range hosts {
		host := fmt.Sprintf("good%d.example.hk", i)
		if i%10 == 0 {
			host = fmt.Sprintf("bad%d.example.hk", i)
		}
		targets = append(targets, fmt.Sprintf("http://%s:%d", host, at.Port()))
		leads[fmt.Sprintf("%s:%d", host, at.Port())] = []netip.Addr{at.Addr()}
	}
	via := proxied(t, &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}, leads)
	l := newLedger(templates, targets)
	req := nucleiwire.Request{
		Version: nucleiwire.Version, Templates: templates, Jobs: l.open(), Concurrency: 16, PerSecond: 5000,
		Timeout: 30, UserAgent: "infohub/test", Proxy: via.url(),
	}
	err = run(t.Context(), child, &req, l)
	facts, _ := l.facts(via, err)
	if err != nil {
		t.Error(err)
	}
	return facts
}
