package webprobe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

// site is a target on loopback: a server for http and one for https, with
// every connection and request counted.
type site struct {
	t       testing.TB
	dialer  *netguard.Dialer
	names   *names
	roots   *x509.CertPool
	http    netip.AddrPort // of the listeners; not valid: nothing listens
	https   netip.AddrPort
	started time.Time

	mu     sync.Mutex
	conns  int
	hits   map[string]int // by URL
	protos map[string]int
}

// newSite starts a site. A nil handler leaves its port closed.
func newSite(t testing.TB, plain, secure http.HandlerFunc) *site {
	t.Helper()
	s := bareSite(t)
	if plain != nil {
		s.http = s.serve("http", s.listen(), plain)
	}
	if secure != nil {
		ca := newAuthority(t)
		s.roots = ca.pool()
		s.https = s.serve("https", s.listen(), secure, ca.issue(t, "example.hk", "www.example.hk", "shop.example.net"))
	}
	s.connect()
	return s
}

// bareSite listens to nothing yet; call connect when it does.
func bareSite(t testing.TB) *site {
	noLeaks(t)
	return &site{t: t, names: &names{}, started: time.Now(), hits: map[string]int{}, protos: map[string]int{},
		dialer: &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}}
}

// connect leads the web's ports to the listeners; without one, to a port that
// is closed.
func (s *site) connect() {
	closed := s.listen()
	port := closed.Addr().(*net.TCPAddr).AddrPort().Port()
	_ = closed.Close()
	to := func(listener netip.AddrPort) uint16 {
		if listener.IsValid() {
			return listener.Port()
		}
		return port
	}
	s.dialer.ConnectTo = append(s.dialer.ConnectTo,
		netguard.Mapping{Port: 80, ToPort: to(s.http)}, netguard.Mapping{Port: 443, ToPort: to(s.https)})
}

func (s *site) listen() net.Listener {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = l.Close() })
	return l
}

func (s *site) serve(scheme string, l net.Listener, h http.HandlerFunc, certs ...tls.Certificate) netip.AddrPort {
	srv := &http.Server{
		ErrorLog:          log.New(io.Discard, "", 0),
		ReadHeaderTimeout: time.Minute,
		ConnState: func(_ net.Conn, st http.ConnState) {
			if st == http.StateNew {
				s.mu.Lock()
				s.conns++
				s.mu.Unlock()
			}
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			s.hits[scheme+"://"+r.Host+r.URL.RequestURI()]++
			s.protos[r.Proto]++
			s.mu.Unlock()
			h(w, r)
		}),
	}
	if len(certs) > 0 {
		srv.TLSConfig = &tls.Config{Certificates: certs, MinVersion: tls.VersionTLS12}
		go func() { _ = srv.ServeTLS(l, "", "") }()
	} else {
		go func() { _ = srv.Serve(l) }()
	}
	s.t.Cleanup(func() { _ = srv.Close() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// raw serves each connection with f, which need not close it.
func (s *site) raw(f func(net.Conn)) netip.AddrPort {
	l := s.listen()
	var wg sync.WaitGroup
	stop := make(chan struct{})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			s.mu.Unlock()
			wg.Go(func() {
				go func() { <-stop; _ = c.Close() }()
				f(c)
			})
		}
	}()
	s.t.Cleanup(func() { _ = l.Close(); close(stop); wg.Wait() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func (s *site) network() *scanner.Network {
	return &scanner.Network{Dialer: &netguard.Scope{Dialer: s.dialer, Limit: 40}, Resolver: s.names, Roots: s.roots, UserAgent: "infohub-test (+https://example.org)"}
}

func (s *site) facts() *scanner.Facts {
	addrs := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	return &scanner.Facts{
		Target: scanner.Target{Domain: "example.hk"}, Started: s.started,
		DNS: &scanner.DNSFacts{Exists: true, Hosts: []scanner.HostAddrs{
			{Name: "example.hk", Exists: true, Addrs: addrs},
			{Name: "www.example.hk", Exists: true, Addrs: addrs},
		}},
	}
}

// scan collects within d and fails the test if it does not come back at all.
func (s *site) scan(d time.Duration) (*scanner.WebFacts, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return s.collect(ctx, s.facts())
}

func (s *site) collect(ctx context.Context, facts *scanner.Facts) (*scanner.WebFacts, error) {
	s.t.Helper()
	type result struct {
		section scanner.Section
		err     error
	}
	done := make(chan result, 1)
	go func() {
		section, err := New().Collect(ctx, scanner.Input{Facts: facts, Net: s.network()})
		done <- result{section, err}
	}()
	select {
	case r := <-done:
		return r.section.(*scanner.WebFacts), r.err
	case <-time.After(time.Minute):
		s.t.Fatal("Collect did not return")
	}
	return nil, nil
}

// root returns the root that started at start.
func root(t testing.TB, w *scanner.WebFacts, start string) *scanner.WebRoot {
	t.Helper()
	for i := range w.Roots {
		if w.Roots[i].Start == start {
			return &w.Roots[i]
		}
	}
	t.Fatalf("no root %s", start)
	return nil
}

func kindOf(f *scanner.Failure) scanner.FailureKind {
	if f == nil {
		return ""
	}
	return f.Kind
}

func (s *site) count() (conns int, hits map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns, maps.Clone(s.hits)
}

func (s *site) spoke(proto string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.protos[proto] > 0
}

// noLeaks fails the test when, after its servers are gone, it has more
// goroutines than before.
func noLeaks(t testing.TB) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 200 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		stacks := make([]byte, 1<<20)
		t.Errorf("goroutines left: %d before, %d after\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
	})
}

// names is a resolver: addresses by name; a nil list is NXDOMAIN, and a name
// that is not there gets an error.
type names struct {
	mu    sync.Mutex
	addrs map[string][]string
	asked []string
}

func (n *names) Lookup(_ context.Context, name string, qtype uint16) (scanner.Answer, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, name+" "+dns.TypeToString[qtype])
	addrs, ok := n.addrs[name]
	if !ok {
		return scanner.Answer{}, scanner.Failf(scanner.FailTimeout, "no answer for "+name)
	}
	a := scanner.Answer{Exists: addrs != nil}
	for _, s := range addrs {
		ip := netip.MustParseAddr(s)
		hdr := dns.RR_Header{Name: name + ".", Rrtype: qtype, Class: dns.ClassINET}
		switch {
		case ip.Is4() && qtype == dns.TypeA:
			a.Records = append(a.Records, &dns.A{Hdr: hdr, A: ip.AsSlice()})
		case !ip.Is4() && qtype == dns.TypeAAAA:
			a.Records = append(a.Records, &dns.AAAA{Hdr: hdr, AAAA: ip.AsSlice()})
		}
	}
	return a, nil
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key := newKey(t)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

func (a *authority) issue(t testing.TB, hosts ...string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// page answers with HTML.
func page(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, body)
	}
}

// toHTTPS redirects to the same address over https.
func toHTTPS(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "https://"+r.Host+r.URL.RequestURI(), http.StatusMovedPermanently)
}
