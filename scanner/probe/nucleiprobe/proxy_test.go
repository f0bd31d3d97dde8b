//go:build unix

package nucleiprobe

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	socks "golang.org/x/net/proxy"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

// echo is a server on loopback that answers what it is told.
func echo(t testing.TB) netip.AddrPort {
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
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// closed is a port of loopback on which nothing listens.
func closed(t testing.TB) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func proxied(t testing.TB, d scanner.Dialer, routes map[string][]netip.Addr) *proxy {
	t.Helper()
	p, err := listen(t.Context(), d, routes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

func through(t testing.TB, proxyURL, to string) (net.Conn, error) {
	t.Helper()
	u, err := url.Parse(proxyURL)
	if err != nil {
		t.Fatal(err)
	}
	d, err := socks.FromURL(u, socks.Direct)
	if err != nil {
		t.Fatal(err)
	}
	return d.Dial("tcp", to)
}

func TestProxyLeadsToTheTargetsOnly(t *testing.T) {
	server, nobody := echo(t), closed(t)
	local := []netip.Addr{server.Addr()}
	port := func(host string, ap netip.AddrPort) string { return fmt.Sprintf("%s:%d", host, ap.Port()) }
	routes := map[string][]netip.Addr{
		port("example.hk", server):      local,
		port("two.example.hk", nobody):  local,
		port("none.example.hk", server): nil,
	}
	open := &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}
	for _, tc := range []struct {
		name   string
		dialer scanner.Dialer
		to     string
		want   scanner.FailureKind // of the route; "": connected, or not even tried
		error  string
	}{
		{"a target", open, port("example.hk", server), "", ""},
		{"in capitals", open, port("Example.HK", server), "", ""},
		{"another host", open, port("other.example", server), "", "connection not allowed"},
		{"another port", open, port("example.hk", nobody), "", "connection not allowed"},
		{"an address", open, server.String(), "", "address type not supported"},
		{"nobody listens", open, port("two.example.hk", nobody), scanner.FailRefused, "connection refused"},
		{"no address", open, port("none.example.hk", server), scanner.FailUnresolved, "host unreachable"},
		{"the guard refuses", &netguard.Dialer{}, port("example.hk", server), scanner.FailForbidden, "connection not allowed"},
		{"the budget is spent", spent(t, open, server), port("example.hk", server), scanner.FailLimit, "connection not allowed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := proxied(t, tc.dialer, routes)
			conn, err := through(t, p.url(), tc.to)
			if tc.error == "" {
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = conn.Close() }()
				buf := make([]byte, 5)
				_, _ = conn.Write([]byte("hello"))
				if _, err := io.ReadFull(conn, buf); err != nil || string(buf) != "hello" {
					t.Errorf("%q, %v came back", buf, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.error) {
				t.Errorf("error %v; want %q", err, tc.error)
			}
			if f := p.failure(strings.ToLower(tc.to)); (f == nil) != (tc.want == "") || (f != nil && f.Kind != tc.want) {
				t.Errorf("failure %v; want %q", f, tc.want)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if tc.want == "" && len(p.refused) != 1 {
				t.Errorf("noted %q; want the one place", p.refused)
			}
		})
	}
}

func spent(t *testing.T, d *netguard.Dialer, ap netip.AddrPort) scanner.Dialer {
	t.Helper()
	s := &netguard.Scope{Dialer: d, Limit: 1}
	c, err := s.Dial(t.Context(), "tcp", "", ap)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	return s
}

func TestProxyAsksForThePassword(t *testing.T) {
	server := echo(t)
	route := fmt.Sprintf("example.hk:%d", server.Port())
	p := proxied(t, &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}, map[string][]netip.Addr{route: {server.Addr()}})
	for _, user := range []string{"", "infohub:@", "infohub:guess@", "other:" + p.password + "@"} {
		if c, err := through(t, "socks5://"+user+p.listener.Addr().String(), route); err == nil {
			_ = c.Close()
			t.Errorf("%q gets through", user)
		}
	}
}

func TestProxyEndsWithItsConnections(t *testing.T) {
	server := echo(t)
	route := fmt.Sprintf("example.hk:%d", server.Port())
	p := proxied(t, &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}, map[string][]netip.Addr{route: {server.Addr()}})
	busy, err := through(t, p.url(), route)
	if err != nil {
		t.Fatal(err)
	}
	dumb, err := net.Dial("tcp", p.listener.Addr().String()) // says nothing
	if err != nil {
		t.Fatal(err)
	}
	p.close() // waits for its goroutines
	for _, c := range []net.Conn{busy, dumb} {
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
			t.Errorf("still open: %v", err)
		}
	}
}

func FuzzProxyWords(f *testing.F) {
	f.Add([]byte("\x05\x01\x02\x01\x07infohub\x06secret\x05\x01\x00\x03\x0aexample.hk\x01\xbb"))
	f.Add([]byte("\x05\x00"))
	f.Add([]byte("\x04\x01\x00\x50"))
	f.Fuzz(func(t *testing.T, words []byte) {
		p := &proxy{password: "secret", routes: map[string][]netip.Addr{"example.hk:443": nil}}
		client, server := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, client) }()
		go func() {
			_, _ = client.Write(words)
			_ = client.Close()
		}()
		route, _, err := p.greet(server)
		_ = server.Close()
		if err == nil && route != "example.hk:443" {
			t.Errorf("%q leads to %q", words, route)
		}
	})
}

func FuzzChildLines(f *testing.F) {
	f.Add(`{"hello":{"version":1,"engine":"nuclei"}}` + "\n" + `{"result":{"template":"a","target":"b","status":"matched"}}` + "\n" + `{"done":{}}`)
	f.Add("{}\n[]\nnull")
	f.Fuzz(func(t *testing.T, text string) {
		l := newLedger(nil, 0, nil)
		if err := l.listen(strings.NewReader(text), nil); err == nil && !strings.Contains(text, "done") && !strings.Contains(strings.ToLower(text), "done") {
			t.Errorf("%q ends well", text)
		}
		if len(l.ends) > 0 {
			t.Errorf("results that nobody ordered: %v", l.ends)
		}
	})
}

func TestRoutesFollowTheDialer(t *testing.T) {
	led := netip.MustParseAddr("127.0.0.9")
	in := input(&netguard.Scope{Dialer: &netguard.Dialer{ConnectTo: []netguard.Mapping{{Host: "example.hk", Port: 443, To: led, ToPort: 8443}}}})
	in.Facts.DNS.Hosts[1].Addrs = slices.Repeat(in.Facts.DNS.Hosts[1].Addrs, 5)
	got := routes(in, []string{"https://example.hk", "https://www.example.hk", "http://unknown.example.hk:8080"})
	if a := got["example.hk:443"]; !slices.Equal(a, []netip.Addr{led}) {
		t.Errorf("example.hk is at %v; want %v", a, led)
	}
	if a := got["www.example.hk:443"]; len(a) != maxAddrs {
		t.Errorf("www.example.hk is at %v; want %d addresses", a, maxAddrs)
	}
	if a, ok := got["unknown.example.hk:8080"]; !ok || len(a) != 0 {
		t.Errorf("unknown.example.hk is at %v, %t; want no address", a, ok)
	}
}
