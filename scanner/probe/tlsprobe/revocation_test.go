package tlsprobe

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/crypto/ocsp"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

// names resolves every name to one documentation address, and has the TLSA
// records of one.
type names struct {
	tlsa   map[string][]dns.RR
	status scanner.DNSSECStatus
}

func (n names) Lookup(_ context.Context, name string, qtype uint16) (scanner.Answer, error) {
	if qtype == dns.TypeA {
		rr, err := dns.NewRR(name + ". A 192.0.2.99")
		return scanner.Answer{Exists: true, Records: []dns.RR{rr}}, err
	}
	if records := n.tlsa[name]; qtype == dns.TypeTLSA && len(records) > 0 {
		return scanner.Answer{Exists: true, Records: records, Security: n.status}, nil
	}
	return scanner.Answer{}, nil
}

// authority is a certificate authority's web server, and a network that leads
// there.
func authority(t *testing.T, handle http.HandlerFunc) *scanner.Network {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	at := netip.MustParseAddrPort(strings.TrimPrefix(s.URL, "http://"))
	return &scanner.Network{
		Resolver: names{},
		Dialer: &netguard.Scope{Dialer: &netguard.Dialer{
			Policy:    netguard.Policy{AllowPrivate: true},
			ConnectTo: []netguard.Mapping{{Host: "192.0.2.99", Port: 80, To: at.Addr(), ToPort: at.Port()}},
		}},
	}
}

func revocationList(t testing.TB, issuer *entity, next time.Time, revoked ...*big.Int) []byte {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.Add(-2 * day), NextUpdate: next}
	for _, serial := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: now.Add(-day)})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, issuer.cert, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestRevocation(t *testing.T) {
	p := newPKI(t)
	stranger := issue(t, nil, ecKey(t), "Stranger", asCA)
	asks := func(c *x509.Certificate) { c.OCSPServer = []string{"ldap://ca.example/", "http://ca.example/ocsp/"} }
	lists := func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"http://ca.example/list.crl"} }
	revoked := func(r *ocsp.Response) { r.Status, r.RevokedAt = ocsp.Revoked, now.Add(-day) }
	old := func(r *ocsp.Response) { r.NextUpdate = now.Add(-time.Hour) }
	type answer func(t *testing.T, leaf *entity) (status int, body []byte)
	word := func(by *entity, change ...func(*ocsp.Response)) answer {
		return func(t *testing.T, leaf *entity) (int, []byte) { return 200, leaf.staple(t, by, change...) }
	}
	crl := func(by *entity, next time.Duration, it bool) answer {
		return func(t *testing.T, leaf *entity) (int, []byte) {
			serials := []*big.Int{big.NewInt(7)}
			if it {
				serials = append(serials, leaf.cert.SerialNumber)
			}
			return 200, revocationList(t, by, now.Add(next), serials...)
		}
	}
	fails := func(*testing.T, *entity) (int, []byte) { return 503, nil }
	long := func(*testing.T, *entity) (int, []byte) { return 200, make([]byte, maxCRL+1) }
	tests := []struct {
		name   string
		edit   []func(*x509.Certificate)
		ocsp   answer
		crl    answer
		staple func(t *testing.T, leaf *entity) []byte
		want   scanner.RevocationStatus
		by     string // "" with want "": nobody is asked
		kind   scanner.FailureKind
		asked  int
	}{
		{name: "names nobody"},
		{name: "good by OCSP", edit: []func(*x509.Certificate){asks, lists}, ocsp: word(p.middle), want: "good", by: "ocsp", asked: 1},
		{name: "revoked by OCSP", edit: []func(*x509.Certificate){asks}, ocsp: word(p.middle, revoked), want: "revoked", by: "ocsp", asked: 1},
		{name: "revoked long ago", edit: []func(*x509.Certificate){asks}, ocsp: word(p.middle, revoked, old), want: "revoked", by: "ocsp", asked: 1},
		{name: "an old answer", edit: []func(*x509.Certificate){asks}, ocsp: word(p.middle, old), by: "ocsp", kind: scanner.FailProtocol, asked: 1},
		{name: "a stranger's answer", edit: []func(*x509.Certificate){asks}, ocsp: word(stranger, revoked), by: "ocsp", kind: scanner.FailProtocol, asked: 1},
		{name: "no answer, then the list", edit: []func(*x509.Certificate){asks, lists}, ocsp: fails, crl: crl(p.middle, day, true), want: "revoked", by: "crl", asked: 2},
		{name: "neither answers", edit: []func(*x509.Certificate){asks, lists}, ocsp: fails, crl: fails, by: "ocsp", kind: scanner.FailServer, asked: 2},
		{name: "not on the list", edit: []func(*x509.Certificate){lists}, crl: crl(p.middle, day, false), want: "good", by: "crl", asked: 1},
		{name: "on the list", edit: []func(*x509.Certificate){lists}, crl: crl(p.middle, day, true), want: "revoked", by: "crl", asked: 1},
		{name: "not on an old list", edit: []func(*x509.Certificate){lists}, crl: crl(p.middle, -day, false), by: "crl", kind: scanner.FailProtocol, asked: 1},
		{name: "on a stranger's list", edit: []func(*x509.Certificate){lists}, crl: crl(stranger, day, true), by: "crl", kind: scanner.FailProtocol, asked: 1},
		{name: "a list without end", edit: []func(*x509.Certificate){lists}, crl: long, by: "crl", kind: scanner.FailProtocol, asked: 1},
		{
			name: "stapled", edit: []func(*x509.Certificate){asks}, want: "revoked", by: "stapled",
			staple: func(t *testing.T, leaf *entity) []byte { return leaf.staple(t, p.middle, revoked) },
		},
		{
			name: "an old staple", edit: []func(*x509.Certificate){asks}, ocsp: word(p.middle), want: "good", by: "ocsp", asked: 1,
			staple: func(t *testing.T, leaf *entity) []byte { return leaf.staple(t, p.middle, old) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			leaf := p.leaf(t, ecKey(t), tt.edit...)
			var asked atomic.Int64
			net := authority(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				how := tt.crl
				if strings.HasPrefix(r.URL.Path, "/ocsp/") {
					how = tt.ocsp
				}
				status, body := how(t, leaf)
				w.WriteHeader(status)
				_, _ = w.Write(body)
			})
			cert := leaf.chain(p.middle)
			if tt.staple != nil {
				cert.OCSPStaple = tt.staple(t, leaf)
			}
			to := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}})
			all := &Revocations{Net: net, Now: now}
			for range 2 { // the second time from memory
				h := examine(t, to, CertOnly, func(s *Server) { s.Roots, s.Revoked = p.roots, all })
				r := h.Revocation
				if r == nil {
					r = &scanner.Revocation{}
				}
				if r.Status != tt.want || r.By != tt.by || kindOf(r.Failure) != tt.kind || (r.At != nil) != (tt.want == "revoked") {
					t.Errorf("%+v, %v", r, r.Failure)
				}
			}
			if int(asked.Load()) != tt.asked {
				t.Errorf("%d requests, want %d", asked.Load(), tt.asked)
			}
		})
	}
}

// TestKeyRecords: the probe holds the TLSA records of each name against what
// is sent at each address.
func TestKeyRecords(t *testing.T) {
	p := newPKI(t)
	leaf := p.leaf(t, ecKey(t))
	to := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{leaf.chain(p.middle)}})
	d := &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}, ConnectTo: []netguard.Mapping{{Host: "192.0.2.1", Port: port, To: to.Addr(), ToPort: to.Port()}}}
	in := scanner.Input{
		Facts: &scanner.Facts{Started: now, DNS: &scanner.DNSFacts{Exists: true, Hosts: []scanner.HostAddrs{
			{Name: "example.hk", Addrs: addrs("192.0.2.1")}, {Name: "www.example.hk", Addrs: addrs("192.0.2.1")}, {Name: "gone.example.hk"},
		}}},
		Net: &scanner.Network{Dialer: &netguard.Scope{Dialer: d}, Roots: p.roots, Resolver: names{
			tlsa: map[string][]dns.RR{"_443._tcp.example.hk": {tlsaFor(t, "3 1 1", leaf), tlsaFor(t, "2 1 1", p.root)}}, status: scanner.Secure,
		}},
	}
	s, err := New().Collect(t.Context(), in)
	facts, ok := s.(*scanner.TLSFacts)
	if err != nil || !ok || len(facts.Hosts) != 2 {
		t.Fatalf("%v, %v", s, err)
	}
	apex, www := facts.Hosts[0], facts.Hosts[1]
	if apex.TLSA != scanner.Yes || !strings.HasPrefix(apex.TLSABy, "3 1 1 ") || len(apex.DANE.Records) != 2 || apex.DANE.Security != scanner.Secure || apex.DANE.At != "_443._tcp.example.hk" {
		t.Errorf("%+v, %+v", apex.DANE, apex)
	}
	if www.TLSA != scanner.Unknown || www.DANE == nil || len(www.DANE.Records) != 0 || www.DANE.Failure != nil {
		t.Errorf("%+v, %+v", www.DANE, www)
	}
}
