package ownership_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/ownership"
)

const domain = "example.hk"

func secret() []byte { return []byte(strings.Repeat("s", 32)) }

func TestTokenIsOfOnePersonAndOneDomain(t *testing.T) {
	token := ownership.Token(secret(), "", domain)
	if token != ownership.Token(secret(), "", domain) || len(token) != 32 || strings.Trim(token, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		t.Errorf("token %q: want 32 letters and digits, the same each time", token)
	}
	others := map[string]string{
		"another domain": ownership.Token(secret(), "", "shop."+domain),
		"another person": ownership.Token(secret(), "ann", domain),
		"another secret": ownership.Token([]byte(strings.Repeat("t", 32)), "", domain),
		"parts moved":    ownership.Token(secret(), "e", "xample.hk"),
	}
	for what, other := range others {
		if other == token {
			t.Errorf("%s has the same token", what)
		}
	}
}

// names is the DNS of a test.
type names struct {
	txt   []string
	err   error
	addrs []netip.Addr
	// wwwOnly: the domain itself has no address.
	wwwOnly bool
}

func (n names) TXT(_ context.Context, name string) ([]string, error) {
	if name != "_infohub-challenge."+domain {
		return nil, fmt.Errorf("TXT was asked of %s", name)
	}
	return n.txt, n.err
}

func (n names) Addrs(_ context.Context, host string) ([]netip.Addr, error) {
	if n.wwwOnly && host == domain {
		return nil, nil
	}
	return n.addrs, nil
}

// site serves a domain on loopback as if on ports 80 and 443; nil serves
// nothing there.
func site(t *testing.T, plain, secure http.HandlerFunc) *netguard.Dialer {
	t.Helper()
	d := &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}
	for port, handler := range map[uint16]http.HandlerFunc{80: plain, 443: secure} {
		server := httptest.NewUnstartedServer(handler)
		if port == 443 {
			server.StartTLS()
		} else {
			server.Start()
		}
		if handler == nil {
			server.Close()
		} else {
			t.Cleanup(server.Close)
		}
		ap := netip.MustParseAddrPort(server.Listener.Addr().String())
		d.ConnectTo = append(d.ConnectTo, netguard.Mapping{Port: port, To: ap.Addr(), ToPort: ap.Port()})
	}
	return d
}

func check(t *testing.T, n names, d ownership.Dialer) ownership.Result {
	t.Helper()
	if n.addrs == nil {
		n.addrs = []netip.Addr{netip.MustParseAddr("203.0.113.1")}
	}
	c := &ownership.Checker{Resolver: n, Dialer: d, UserAgent: "test", Now: time.Now}
	return c.Check(t.Context(), domain, ownership.Token(secret(), "", domain))
}

func TestCheck(t *testing.T) {
	token := ownership.Token(secret(), "", domain)
	stolen := ownership.Text(ownership.Token([]byte(strings.Repeat("t", 32)), "", domain))
	serve := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/.well-known/infohub-challenge.txt" {
				w.WriteHeader(http.StatusTeapot)
			}
			_, _ = w.Write([]byte(body))
		}
	}
	lead := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	missing := http.NotFound
	tests := []struct {
		name          string
		names         names
		plain, secure http.HandlerFunc
		how           ownership.Method
		where         string
		problems      []ownership.Problem // of the tries, in order
	}{
		{name: "record", names: names{txt: []string{"v=spf1 -all", stolen, ownership.Text(token)}}, how: ownership.DNS, where: "_infohub-challenge." + domain},
		{name: "record in capitals with spaces", names: names{txt: []string{" infohub-verification=" + strings.ToUpper(token) + " "}}, how: ownership.DNS, where: "_infohub-challenge." + domain},
		{name: "file", plain: missing, secure: serve(ownership.Text(token)), how: ownership.File, where: "https://example.hk/.well-known/infohub-challenge.txt", problems: []ownership.Problem{ownership.Missing}},
		{name: "file of an editor on Windows", plain: missing, secure: serve("\uFEFF" + ownership.Text(token) + "\r\n"), how: ownership.File, where: "https://example.hk/.well-known/infohub-challenge.txt", problems: []ownership.Problem{ownership.Missing}},
		{name: "file over http alone", plain: serve(ownership.Text(token)), how: ownership.File, where: "http://example.hk/.well-known/infohub-challenge.txt",
			problems: []ownership.Problem{ownership.Missing, ownership.NoAnswer}},
		{name: "redirect to www", plain: missing, secure: func(w http.ResponseWriter, r *http.Request) {
			if r.Host == domain {
				lead("https://www.example.hk/proof")(w, r)
				return
			}
			_, _ = w.Write([]byte(ownership.Text(token)))
		}, how: ownership.File, where: "https://www.example.hk/proof", problems: []ownership.Problem{ownership.Missing}},
		{name: "a site whose only name is www", names: names{wwwOnly: true}, plain: missing, secure: serve(ownership.Text(token)), how: ownership.File, where: "https://www.example.hk/.well-known/infohub-challenge.txt", problems: []ownership.Problem{ownership.Missing}},
		{name: "www alone, though the domain has a site", plain: missing, secure: func(w http.ResponseWriter, r *http.Request) {
			if r.Host == domain {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write([]byte(ownership.Text(token)))
		}, problems: []ownership.Problem{ownership.Missing, ownership.Missing, ownership.Missing}},
		{name: "nothing", plain: missing, secure: missing, problems: []ownership.Problem{ownership.Missing, ownership.Missing, ownership.Missing}},
		{name: "a copied token", names: names{txt: []string{stolen}}, plain: serve(stolen), secure: serve(stolen),
			problems: []ownership.Problem{ownership.Other, ownership.Other, ownership.Other}},
		{name: "the token alone", names: names{txt: []string{token}}, how: ownership.DNS, where: "_infohub-challenge." + domain},
		{name: "the token in a sentence", names: names{txt: []string{"x " + ownership.Text(token), ownership.Text(token) + "x"}}, plain: missing, secure: serve("<p>" + ownership.Text(token) + "</p>"),
			problems: []ownership.Problem{ownership.Other, ownership.Missing, ownership.Missing}},
		{name: "redirect to another site", plain: lead("http://elsewhere.example/"), secure: lead("https://shop.example.hk/"),
			problems: []ownership.Problem{ownership.Missing, ownership.Redirect, ownership.Redirect}},
		{name: "redirect to another port", plain: missing, secure: lead("https://example.hk:8443/"),
			problems: []ownership.Problem{ownership.Missing, ownership.Redirect, ownership.Missing}},
		{name: "redirect without end", plain: missing, secure: lead("/again"),
			problems: []ownership.Problem{ownership.Missing, ownership.NoAnswer, ownership.Missing}},
		{name: "an error page that has it", plain: missing, secure: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(ownership.Text(token)))
		}, problems: []ownership.Problem{ownership.Missing, ownership.Status, ownership.Missing}},
		{name: "behind more than is read", plain: missing, secure: serve(strings.Repeat("x\n", 4096) + ownership.Text(token)),
			problems: []ownership.Problem{ownership.Missing, ownership.Missing, ownership.Missing}},
		{name: "a resolver that fails", names: names{err: errors.New("SERVFAIL")}, plain: missing, secure: missing,
			problems: []ownership.Problem{ownership.NoAnswer, ownership.Missing, ownership.Missing}},
		{name: "nobody answers", names: names{}, problems: []ownership.Problem{ownership.Missing, ownership.NoAnswer, ownership.NoAnswer}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := check(t, tt.names, site(t, tt.plain, tt.secure))
			if got.How != tt.how || got.Where != tt.where || got.Proved() != (tt.how != "") {
				t.Errorf("proved by %q at %q; want %q at %q", got.How, got.Where, tt.how, tt.where)
			}
			var problems []ownership.Problem
			for _, try := range got.Tries {
				problems = append(problems, try.Problem)
				if (try.Err != nil) != (try.Problem == ownership.NoAnswer) {
					t.Errorf("%s: problem %s with error %v", try.Where, try.Problem, try.Err)
				}
			}
			if fmt.Sprint(problems) != fmt.Sprint(tt.problems) {
				t.Errorf("problems %v; want %v", problems, tt.problems)
			}
		})
	}
}

// TestBothFamilies: a site whose IPv6 address is dead is asked over IPv4.
func TestBothFamilies(t *testing.T) {
	token := ownership.Token(secret(), "", domain)
	d := site(t, http.NotFound, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(ownership.Text(token))) })
	dead := netip.MustParseAddr("2001:db8::1")
	d.ConnectTo = append([]netguard.Mapping{{Host: dead.String(), To: netip.IPv6Loopback(), ToPort: 1}}, d.ConnectTo...)
	got := check(t, names{addrs: []netip.Addr{dead, netip.MustParseAddr("203.0.113.1")}}, d)
	if got.How != ownership.File {
		t.Errorf("not proved: %+v", got.Tries)
	}
}

// TestAddressGuard: a name that leads into the own network is not asked, with
// or without a redirect.
func TestAddressGuard(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a forbidden address was asked") }))
	t.Cleanup(server.Close)
	ap := netip.MustParseAddrPort(server.Listener.Addr().String())
	d := &netguard.Dialer{ConnectTo: []netguard.Mapping{{To: ap.Addr(), ToPort: ap.Port()}}}
	for _, try := range check(t, names{}, d).Tries[1:] {
		var forbidden *netguard.ForbiddenError
		if !errors.As(try.Err, &forbidden) {
			t.Errorf("%s: %v; want a refusal", try.Where, try.Err)
		}
	}
}

// TestSilentServer: a check ends when its time is over.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	ap := netip.MustParseAddrPort(l.Addr().String())
	d := &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}, ConnectTo: []netguard.Mapping{{To: ap.Addr(), ToPort: ap.Port()}}}
	c := &ownership.Checker{Resolver: names{addrs: []netip.Addr{ap.Addr()}}, Dialer: d, Now: time.Now, Timeout: 300 * time.Millisecond}
	got := c.Check(t.Context(), domain, "x")
	if got.Proved() || len(got.Tries) != 3 || !errors.Is(got.Tries[1].Err, context.DeadlineExceeded) {
		t.Errorf("result %+v", got)
	}
}

func TestLoadSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "ownership.key")
	var wg sync.WaitGroup
	found := make([]string, 8)
	for i := range found {
		wg.Go(func() {
			s, err := ownership.LoadSecret(path)
			if err != nil {
				t.Error(err)
			}
			found[i] = string(s)
		})
	}
	wg.Wait()
	for _, s := range found {
		if s != found[0] || len(s) != 32 {
			t.Fatalf("processes that begin together have other secrets: %q", found)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	for _, bad := range []string{"", "zz", strings.Repeat("0", 62), strings.Repeat("0", 4096)} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ownership.LoadSecret(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%.20q: %v; want an error that names the file", bad, err)
		}
		if data, _ := os.ReadFile(path); string(data) != bad {
			t.Error("a file that holds no secret was replaced")
		}
	}
}

// FuzzCheck: whatever a site serves, only a line that is the token proves it.
func FuzzCheck(f *testing.F) {
	token := ownership.Token(secret(), "", domain)
	for _, s := range []string{"", ownership.Text(token), "\uFEFF" + token + "\r\n", "infohub-verification=\x00", strings.Repeat("infohub-verification=\n", 60)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := &ownership.Checker{Resolver: names{txt: []string{s}}, Dialer: nobody{}, Now: time.Now}
		if got := c.Check(t.Context(), domain, token); got.Proved() && !strings.Contains(strings.ToLower(s), token) {
			t.Errorf("%q proved it", s)
		}
	})
}

// nobody connects to nothing.
type nobody struct{}

func (nobody) Dial(context.Context, string, string, netip.AddrPort) (net.Conn, error) {
	return nil, errors.New("nobody")
}
