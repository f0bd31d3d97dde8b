package webprobe

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

// listen6 is a listener on the loopback address of IPv6.
func listen6(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("not run: switch IPv6 on for loopback: %v", err)
		}
		t.Skipf("not run: switch IPv6 on for loopback: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// leadIPv6 leads a documentation address to a real one.
func (s *site) leadIPv6(addr string, port uint16, to net.Addr) {
	ap := to.(*net.TCPAddr).AddrPort()
	s.dialer.ConnectTo = append([]netguard.Mapping{{Host: addr, Port: port, To: ap.Addr(), ToPort: ap.Port()}}, s.dialer.ConnectTo...)
}

func TestOverIPv6(t *testing.T) {
	const apex = "2001:db8::80"
	tests := []struct {
		about  string
		serve  http.HandlerFunc // over IPv6; nil: the port is closed
		names  []string         // of its certificate
		status int
		title  string
		to     string
		tls    bool // a certificate that does not verify
		kind   scanner.FailureKind
	}{
		{"the same", page("<title>The shop</title>"), []string{"example.hk"}, 200, "The shop", "", false, ""},
		{"another page", page("<title>Welcome to nginx!</title>"), []string{"example.hk"}, 200, "Welcome to nginx!", "", false, ""},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/old/", http.StatusFound) }, []string{"example.hk"}, 302, "", "https://example.hk/old/", false, ""},
		{"another certificate", page("<title>The shop</title>"), []string{"other.example"}, 200, "The shop", "", true, ""},
		{"closed", nil, nil, 0, "", "", false, scanner.FailRefused},
		{"a firewall", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, []string{"example.hk"}, 429, "", "", false, scanner.FailBlocked},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := bareSite(t)
			ca := newAuthority(t)
			s.roots = ca.pool()
			s.https = s.serve("https", s.listen(), page("<title>The shop</title>"), ca.issue(t, "example.hk", "www.example.hk"))
			s.connect()
			l := listen6(t)
			if tt.serve == nil {
				_ = l.Close()
			} else {
				s.serve("https over IPv6", l, tt.serve, ca.issue(t, tt.names...))
			}
			s.leadIPv6(apex, 443, l.Addr())
			s.names.addrs = map[string][]string{"example.hk": {"127.0.0.1", apex}, "www.example.hk": {"127.0.0.1"}}
			w, err := s.scan(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if len(w.IPv6) != 2 || w.IPv6[0].Name != "example.hk" || len(w.IPv6[0].Addrs) != 1 || w.IPv6[1].Answer != nil || len(w.IPv6[1].Addrs) != 0 {
				t.Fatalf("%+v", w.IPv6)
			}
			a := w.IPv6[0].Answer
			if a == nil || a.URL != "https://example.hk/" || a.Status != tt.status || a.Title != tt.title || a.Location != tt.to || (a.TLSName != "") != tt.tls || kindOf(a.Failure) != tt.kind {
				t.Fatalf("%+v", a)
			}
			if tt.serve != nil && a.Addr != netip.IPv6Loopback() {
				t.Errorf("reached %s", a.Addr)
			}
			if root(t, w, "https://example.hk/").Hops[0].Addr != netip.MustParseAddr("127.0.0.1") {
				t.Error("the ordinary visit was not over IPv4")
			}
		})
	}
}

// TestOneSilenceOverIPv6: only a second one counts.
func TestOneSilenceOverIPv6(t *testing.T) {
	for silences, want := range []scanner.FailureKind{"", "", scanner.FailTimeout} {
		s := bareSite(t)
		var asked atomic.Int64
		l := listen6(t)
		s.serve("http", l, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) <= int64(silences) {
				<-r.Context().Done()
				return
			}
			_, _ = w.Write([]byte("hello"))
		})
		s.leadIPv6("2001:db8::80", 80, l.Addr())
		v := &visit{client: newClient(s.network(), nil, s.started), now: s.started}
		v.client.patience = 2 * time.Second
		a := v.askOver(t.Context(), s.network(), &scanner.IPv6Host{Name: "example.hk", Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::80")}}, &url.URL{Scheme: "http", Host: "example.hk", Path: "/"})
		if kindOf(a.Failure) != want || (want == "") != (a.Status == 200) {
			t.Errorf("%d silences: %+v, %v", silences, a, a.Failure)
		}
	}
}

// no6 is the dialer of a machine whose kernel has no IPv6.
type no6 struct{ scanner.Dialer }

func (d no6) Dial(ctx context.Context, network, host string, ap netip.AddrPort) (net.Conn, error) {
	if ap.Addr().Is6() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("socket", syscall.EAFNOSUPPORT)}
	}
	return d.Dialer.Dial(ctx, network, host, ap)
}

// TestNoIPv6Here: what this machine cannot do is no failure of the site's.
func TestNoIPv6Here(t *testing.T) {
	s := newSite(t, nil, page("hello"))
	s.names.addrs = map[string][]string{"example.hk": {"127.0.0.1", "2001:db8::80"}, "www.example.hk": nil}
	in := scanner.Input{Facts: s.facts(), Net: s.network()}
	in.Net.Dialer = no6{in.Net.Dialer}
	section, err := New().Collect(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	hosts := section.(*scanner.WebFacts).IPv6
	if len(hosts) != 1 || hosts[0].Answer == nil || kindOf(hosts[0].Answer.Failure) != scanner.FailUnreachable {
		t.Errorf("%+v", hosts)
	}
}

// TestManyIPv6Addresses: a name with very many addresses is kept short, and not
// all of them are tried.
func TestManyIPv6Addresses(t *testing.T) {
	s := newSite(t, nil, page("hello"))
	s.names.addrs = map[string][]string{"example.hk": {"127.0.0.1"}, "www.example.hk": {"::ffff:192.0.2.1"}}
	for i := range 100 {
		s.names.addrs["example.hk"] = append(s.names.addrs["example.hk"], netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(i + 1)}).String())
	}
	tries := 0
	in := scanner.Input{Facts: s.facts(), Net: s.network()}
	in.Net.Dialer = counting{in.Net.Dialer, &tries}
	section, err := New().Collect(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	hosts := section.(*scanner.WebFacts).IPv6
	if len(hosts) != 2 || len(hosts[0].Addrs) != maxIPv6Addrs || hosts[0].Addrs[0] != netip.MustParseAddr("2001:db8::1") || len(hosts[1].Addrs) != 0 {
		t.Errorf("%+v", hosts)
	}
	if tries != maxAttempts {
		t.Errorf("%d addresses tried", tries)
	}
}

// counting refuses IPv6, and counts.
type counting struct {
	scanner.Dialer
	tries *int
}

func (d counting) Dial(ctx context.Context, network, host string, ap netip.AddrPort) (net.Conn, error) {
	if ap.Addr().Is6() {
		*d.tries++ // one name alone has IPv6, so nobody else counts
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return d.Dialer.Dial(ctx, network, host, ap)
}
