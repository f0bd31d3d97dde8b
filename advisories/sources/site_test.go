package sources_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/sources"
	"github.com/cybersec-infohub/infohub/internal/fetch"
	"github.com/cybersec-infohub/infohub/internal/netguard"
)

var day = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// site is a web server with TLS that answers for some hosts.
type site struct {
	mu     sync.Mutex
	files  map[string]string // by host and path: "cert.example/a.json"
	answer map[string]http.HandlerFunc
	asked  []string          // "cert.example/a.json 304"
	secret map[string]string // Authorization as it came, by host
	fetch  *fetch.Fetcher
}

func newSite(t *testing.T, hosts ...string) *site {
	t.Helper()
	s := &site{files: map[string]string{}, answer: map[string]http.HandlerFunc{}, secret: map[string]string{}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: hosts, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(s)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	at := netip.MustParseAddrPort(server.Listener.Addr().String())
	dialer := &netguard.Dialer{Policy: netguard.Policy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}}
	for _, h := range hosts {
		dialer.ConnectTo = append(dialer.ConnectTo, netguard.Mapping{Host: h, Port: 443, To: at.Addr(), ToPort: at.Port()})
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	s.fetch = &fetch.Fetcher{Dialer: dialer, Roots: roots, UserAgent: "infohub-test", TempDir: t.TempDir(), Files: true,
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			if host == "inside.example" {
				return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
			}
			return []netip.Addr{at.Addr()}, nil
		}}
	t.Cleanup(s.fetch.Close)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.Host + r.URL.Path
	s.mu.Lock()
	body, ok := s.files[name]
	answer := s.answer[name]
	if auth := r.Header.Get("Authorization"); auth != "" {
		s.secret[r.Host] = auth
	}
	s.mu.Unlock()
	tag := `"` + hash256(body)[:16] + `"`
	switch {
	case answer != nil:
		s.note(name + " answer")
		answer(w, r)
	case !ok:
		s.note(name + " 404")
		http.NotFound(w, r)
	case r.Header.Get("If-None-Match") == tag:
		s.note(name + " 304")
		w.WriteHeader(http.StatusNotModified)
	default:
		s.note(name + " 200")
		w.Header().Set("ETag", tag)
		_, _ = io.WriteString(w, body)
	}
}

func (s *site) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, line)
}

// requests returns what was asked since the last call.
func (s *site) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func (s *site) put(name, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[name] = body
}

func (s *site) remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, name)
}

func (s *site) handle(name string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answer[name] = h; h == nil {
		delete(s.answer, name)
	}
}

func (s *site) puller() *sources.Puller {
	return &sources.Puller{Fetcher: s.fetch, Now: func() time.Time { return day }}
}

func hash256(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// kept is a Sink that keeps everything in memory.
type kept struct {
	items  map[string]sources.Item // by tracking id
	order  []string
	kev    sources.KEVList
	epss   sources.EPSSList
	refuse func(sources.Item) error
}

func (k *kept) Publication(_ context.Context, item sources.Item) (sources.Result, error) {
	if k.refuse != nil {
		if err := k.refuse(item); err != nil {
			return 0, err
		}
	}
	if k.items == nil {
		k.items = map[string]sources.Item{}
	}
	id := item.Publication.Tracking.ID
	k.order = append(k.order, id)
	old, ok := k.items[id]
	k.items[id] = item
	switch {
	case !ok:
		return sources.Added, nil
	case string(old.Raw) == string(item.Raw) && number(old) == number(item):
		return sources.Same, nil
	}
	return sources.Replaced, nil
}

func (k *kept) KEV(_ context.Context, list sources.KEVList) error { k.kev = list; return nil }

func (k *kept) EPSS(_ context.Context, list sources.EPSSList) error { k.epss = list; return nil }

var _ sources.Sink = (*kept)(nil)

// codes are the reasons of refusals, in their order.
func codes(refused []sources.Refusal) []sources.Code {
	var all []sources.Code
	for _, r := range refused {
		all = append(all, r.Code)
	}
	return all
}

func refusedBy(code advisories.Code) error { return &advisories.Error{Code: code, Message: "not here"} }

func hash512(s string) string {
	sum := sha512.Sum512([]byte(s))
	return hex.EncodeToString(sum[:])
}

func number(i sources.Item) int { return i.Publication.Tracking.Number() }
