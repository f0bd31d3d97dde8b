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
		{"overloaded", siteOf(t, status(503)), []scanner.FailureKind{scanner.FailBlocked}},
		{"forbidden", siteOf(t, status(403)), []scanner.FailureKind{scanner.FailBlocked}},
		{"broken", siteOf(t, status(500)), []scanner.FailureKind{scanner.FailServer}},
		{"nobody listens", siteAt(closed(t)), []scanner.FailureKind{scanner.FailRefused}},
		{"the guard refuses", forbidden(t), []scanner.FailureKind{scanner.FailForbidden}},
		{"hangs up", raw(""), []scanner.FailureKind{scanner.FailReset}},
		{"no HTTP", raw("220 mail.example.hk ESMTP\r\n"), []scanner.FailureKind{scanner.FailProtocol}},
		{"HTTP/2 by surprise", raw("HTTP/2 200\r\n\r\n"), []scanner.FailureKind{scanner.FailProtocol}},
		{"breaks off", raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), []scanner.FailureKind{scanner.FailReset}},
		{"no TLS", siteAt(say(t, "HTTP/1.1 200 OK\r\n\r\n")), []scanner.FailureKind{scanner.FailTLS, scanner.FailReset, scanner.FailProtocol}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel() // they mostly wait
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
		requests = append(requests, r.Method+" "+r.Host+r.URL.RequestURI())
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
	_, want, err := new(Probe).templates(nil)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(requests)
	if unique := slices.Compact(slices.Clone(requests)); len(unique) != len(requests) || len(requests) != want+2 { // and the canary, twice
		t.Errorf("%d requests, %d of them different; want %d: %q", len(requests), len(unique), want+2, requests)
	}
}

// TestNothingIsLost asks about many hosts at once, as no scan does.
func TestNothingIsLost(t *testing.T) {
	child := realChild(t)
	if testing.Short() {
		t.Skip("not run: -short")
	}
	const hosts = 60
	body := exposed(t)["exposure.git.config"].body
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "bad") && r.URL.Path == "/.git/config" {
			_, _ = io.WriteString(w, body)
			return
		}
		http.NotFound(w, r)
	}))
	defer s.Close()
	facts := many(t, child, s.Listener.Addr().(*net.TCPAddr).AddrPort(), hosts)
	if n := count(facts); n[scanner.ActiveMatched] != hosts/10 || n[scanner.ActiveClean]+hosts/10 != len(facts.Templates) {
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
	templates, _, err := new(Probe).templates(nil)
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
	l := newLedger(templates, 0, targets)
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
