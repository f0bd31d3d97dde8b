package tlsprobe

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// listen runs handle for every connection to a loopback port, each in a
// goroutine of its own that ends with the test.
func listen(t testing.TB, handle func(n int, c net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		open []net.Conn
		done bool
	)
	wg.Go(func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			if done {
				_ = c.Close()
			}
			open = append(open, c)
			mu.Unlock()
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				handle(n, c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		done = true
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return netip.MustParseAddrPort(l.Addr().String())
}

// serveTLS answers every connection with crypto/tls.
func serveTLS(t testing.TB, cfg *tls.Config) netip.AddrPort {
	t.Helper()
	return listen(t, func(_ int, c net.Conn) { handshakeAndWait(c, cfg) })
}

func handshakeAndWait(c net.Conn, cfg *tls.Config) {
	s := tls.Server(c, cfg)
	if s.Handshake() == nil {
		_, _ = s.Read(make([]byte, 1))
	}
	_ = s.Close()
}

// examine runs Examine, and counts its connections.
func examine(t testing.TB, to netip.AddrPort, depth Depth, change ...func(*Server)) scanner.TLSHost {
	t.Helper()
	var dials atomic.Int64
	s := Server{
		Name: "example.hk", Addr: to.Addr(), Port: to.Port(), Now: now, Depth: depth, Timeout: 30 * time.Second,
		Dial: func(ctx context.Context) (net.Conn, error) {
			dials.Add(1)
			var d net.Dialer
			return d.DialContext(ctx, "tcp", to.String())
		},
	}
	for _, f := range change {
		f(&s)
	}
	h := Examine(t.Context(), s)
	if n := int(dials.Load()); n != h.Connections || n > s.Depth.connections() {
		t.Errorf("%d connections, reported %d, allowed %d", n, h.Connections, s.Depth.connections())
	}
	return h
}

// versions writes the versions as "SSLv3=no TLSv1.0=no ...", SSL 2.0 only where
// it is there.
func versions(h scanner.TLSHost) string {
	var parts []string
	for v, yes := range h.Versions {
		if yes == scanner.Unknown {
			yes = "?"
		}
		if v == "SSLv2" && yes != scanner.Yes {
			continue
		}
		parts = append(parts, v+"="+string(yes))
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// settled waits until no more goroutines run than before.
func settled(t *testing.T, before int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

const modern = "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=yes TLSv1.3=yes"

func TestGoServers(t *testing.T) {
	p := newPKI(t)
	ec := p.leaf(t, ecKey(t)).chain(p.middle)
	rsa := p.leaf(t, rsaKey(t, 2048)).chain(p.middle)
	old := func(cfg *tls.Config) { cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }
	tests := []struct {
		name      string
		cert      tls.Certificate
		change    func(*tls.Config)
		versions  string
		preferred string // of the best version
		order     scanner.Tristate
		weak      []string
		forward   scanner.Tristate
		group     string
		alpn      string
	}{
		{
			name: "defaults, ECDSA", cert: ec, change: func(cfg *tls.Config) { cfg.NextProtos = []string{"h2", "http/1.1"} },
			versions: modern, preferred: "TLSv1.3 TLS_AES_128_GCM_SHA256", order: scanner.Yes,
			forward: scanner.Yes, group: "X25519MLKEM768", alpn: "h2",
		},
		{
			name: "TLS 1.3 only", cert: ec, change: func(cfg *tls.Config) { cfg.MinVersion = tls.VersionTLS13 },
			versions:  "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=no TLSv1.3=yes",
			preferred: "TLSv1.3 TLS_AES_128_GCM_SHA256", order: scanner.Yes, forward: scanner.Yes, group: "X25519MLKEM768",
		},
		{
			name: "TLS 1.2 only, P-384 only", cert: rsa,
			change: func(cfg *tls.Config) {
				cfg.MaxVersion, cfg.CurvePreferences = tls.VersionTLS12, []tls.CurveID{tls.CurveP384}
			},
			versions:  "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=yes TLSv1.3=no",
			preferred: "TLSv1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", order: scanner.Yes, forward: scanner.Yes, group: "secp384r1",
		},
		{
			name: "all versions", cert: ec, change: func(cfg *tls.Config) { cfg.MinVersion = tls.VersionTLS10 },
			versions:  "SSLv3=no TLSv1.0=yes TLSv1.1=yes TLSv1.2=yes TLSv1.3=yes",
			preferred: "TLSv1.3 TLS_AES_128_GCM_SHA256", order: scanner.Yes, forward: scanner.Yes, group: "X25519MLKEM768",
		},
		{
			name: "TLS 1.0 only, RSA key transport with 3DES", cert: rsa,
			change: func(cfg *tls.Config) {
				old(cfg)
				cfg.CipherSuites = []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}
			},
			versions:  "SSLv3=no TLSv1.0=yes TLSv1.1=no TLSv1.2=no TLSv1.3=no",
			preferred: "TLSv1.0 TLS_RSA_WITH_3DES_EDE_CBC_SHA", order: scanner.Yes,
			weak: []string{"TLS_RSA_WITH_3DES_EDE_CBC_SHA"}, forward: scanner.No,
		},
		{
			name: "TLS 1.2, RSA key transport beside ECDHE, RC4 and 3DES", cert: rsa,
			change: func(cfg *tls.Config) {
				cfg.MaxVersion = tls.VersionTLS12
				cfg.CipherSuites = []uint16{
					tls.TLS_RSA_WITH_RC4_128_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA,
					tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
				}
			},
			versions:  "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=yes TLSv1.3=no",
			preferred: "TLSv1.2 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", order: scanner.Yes,
			weak:    []string{"TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_RC4_128_SHA"},
			forward: scanner.Yes, group: "x25519",
		},
		{
			name: "wants a client's certificate, TLS 1.2", cert: ec,
			change: func(cfg *tls.Config) {
				cfg.MaxVersion, cfg.ClientAuth = tls.VersionTLS12, tls.RequireAndVerifyClientCert
			},
			versions:  "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=yes TLSv1.3=no",
			preferred: "TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", order: scanner.Yes, forward: scanner.Yes, group: "x25519",
		},
		{
			name: "wants a client's certificate, TLS 1.3", cert: ec,
			change: func(cfg *tls.Config) {
				cfg.MinVersion, cfg.ClientAuth = tls.VersionTLS13, tls.RequireAndVerifyClientCert
			},
			versions:  "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=no TLSv1.3=yes",
			preferred: "TLSv1.3 TLS_AES_128_GCM_SHA256", order: scanner.Yes, forward: scanner.Yes, group: "X25519MLKEM768",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := &tls.Config{Certificates: []tls.Certificate{tt.cert}}
			tt.change(cfg)
			h := examine(t, serveTLS(t, cfg), Full, func(s *Server) { s.Roots = p.roots })
			if h.Failure != nil || h.Partial != nil {
				t.Errorf("failure %v, partial %v", h.Failure, h.Partial)
			}
			if got := versions(h); got != tt.versions {
				t.Errorf("versions %s, want %s", got, tt.versions)
			}
			v, suite, _ := strings.Cut(tt.preferred, " ")
			if h.Preferred[v] != suite {
				t.Errorf("preferred %v, want %s", h.Preferred, tt.preferred)
			}
			if h.Order != tt.order || h.ForwardSecrecy != tt.forward || h.Group != tt.group || h.ALPN != tt.alpn {
				t.Errorf("order %q, forward secrecy %q, group %q, ALPN %q", h.Order, h.ForwardSecrecy, h.Group, h.ALPN)
			}
			if !slices.Equal(h.Weak, tt.weak) || len(h.WeakTested) != 7 {
				t.Errorf("weak %v of %v, want %v of all", h.Weak, h.WeakTested, tt.weak)
			}
			if len(h.WeakGroups) > 0 || !h.GroupsTested || h.DHEBits != 0 {
				t.Errorf("weak groups %v, tested %v, DHE %d", h.WeakGroups, h.GroupsTested, h.DHEBits)
			}
			if h.Verify != scanner.ChainTrusted || !h.NameMatch || len(h.Chain) != 2 || h.Stapled {
				t.Errorf("verify %q (%s), name %v, %d certificates, stapled %v", h.Verify, h.VerifyDetail, h.NameMatch, len(h.Chain), h.Stapled)
			}
		})
	}
}

// TestDepths: what the lesser depths ask, and with how many connections.
func TestDepths(t *testing.T) {
	p := newPKI(t)
	cfg := &tls.Config{
		Certificates: []tls.Certificate{p.leaf(t, ecKey(t)).chain(p.middle)},
		MinVersion:   tls.VersionTLS10, NextProtos: []string{"h2"},
	}
	tests := []struct {
		depth       Depth
		connections int
		versions    string
		alpn        string
	}{
		{CertOnly, 1, "TLSv1.3=yes", "h2"},
		{Brief, 4, "SSLv3=no TLSv1.0=yes TLSv1.1=yes TLSv1.3=yes", ""},
		{Starttls, 9, "SSLv3=no TLSv1.0=yes TLSv1.1=yes TLSv1.2=yes TLSv1.3=yes", ""},
		{Full, 15, "SSLv3=no TLSv1.0=yes TLSv1.1=yes TLSv1.2=yes TLSv1.3=yes", "h2"},
	}
	for _, tt := range tests {
		h := examine(t, serveTLS(t, cfg), tt.depth, func(s *Server) { s.Roots = p.roots })
		if h.Connections != tt.connections || versions(h) != tt.versions || h.ALPN != tt.alpn || h.Verify != "" || len(h.Chain) != 2 || h.Failure != nil || h.Partial != nil {
			t.Errorf("depth %d: %+v", tt.depth, h)
		}
	}
}
