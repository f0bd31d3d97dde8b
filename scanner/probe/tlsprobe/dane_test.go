package tlsprobe

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// record of a certificate: "usage selector type" and what it is about.
func tlsaFor(t testing.TB, kind string, e *entity) *dns.TLSA {
	t.Helper()
	r := &dns.TLSA{}
	if _, err := fmt.Sscan(kind, &r.Usage, &r.Selector, &r.MatchingType); err != nil {
		t.Fatal(err)
	}
	data, err := dns.CertificateToDANE(r.Selector, r.MatchingType, e.cert)
	if err != nil {
		t.Fatal(err)
	}
	r.Certificate = strings.ToUpper(data) // hex is hex in either case
	return r
}

func TestTLSA(t *testing.T) {
	p := newPKI(t)
	leaf := p.leaf(t, ecKey(t))
	stranger := issue(t, nil, ecKey(t), "Other Root", asCA)
	alone := issue(t, nil, ecKey(t), "example.hk", forNames("example.hk"))
	tests := []struct {
		name    string
		records []*dns.TLSA
		cert    tls.Certificate
		want    scanner.Tristate
	}{
		{"none", nil, leaf.chain(p.middle), scanner.Unknown},
		{"key of the leaf", []*dns.TLSA{tlsaFor(t, "3 1 1", leaf)}, leaf.chain(p.middle), scanner.Yes},
		{"leaf, SHA-512", []*dns.TLSA{tlsaFor(t, "3 0 2", leaf)}, leaf.chain(p.middle), scanner.Yes},
		{"leaf in full", []*dns.TLSA{tlsaFor(t, "3 0 0", leaf)}, leaf.chain(p.middle), scanner.Yes},
		{"leaf, trusted authority", []*dns.TLSA{tlsaFor(t, "1 1 1", leaf)}, leaf.chain(p.middle), scanner.Yes},
		{"leaf, authority that is not trusted", []*dns.TLSA{tlsaFor(t, "1 1 1", alone)}, alone.chain(), scanner.No},
		{"self-signed leaf", []*dns.TLSA{tlsaFor(t, "3 1 1", alone)}, alone.chain(), scanner.Yes},
		{"self-signed leaf as its authority", []*dns.TLSA{tlsaFor(t, "2 0 1", alone)}, alone.chain(), scanner.Yes},
		{"leaf as an authority", []*dns.TLSA{tlsaFor(t, "2 1 1", leaf)}, leaf.chain(p.middle), scanner.No},
		{"intermediate", []*dns.TLSA{tlsaFor(t, "2 1 1", p.middle)}, leaf.chain(p.middle), scanner.Yes},
		{"intermediate that was not sent", []*dns.TLSA{tlsaFor(t, "2 1 1", p.middle)}, leaf.chain(), scanner.No},
		{"intermediate as the leaf", []*dns.TLSA{tlsaFor(t, "3 1 1", p.middle)}, leaf.chain(p.middle), scanner.No},
		{"an authority that was sent but did not sign", []*dns.TLSA{tlsaFor(t, "2 1 1", stranger)}, leaf.chain(p.middle, stranger), scanner.No},
		{"root that was sent", []*dns.TLSA{tlsaFor(t, "0 0 1", p.root)}, leaf.chain(p.middle, p.root), scanner.Yes},
		{"another key, and the right one", []*dns.TLSA{tlsaFor(t, "3 1 1", stranger), tlsaFor(t, "3 1 1", leaf)}, leaf.chain(p.middle), scanner.Yes},
		{"another key", []*dns.TLSA{tlsaFor(t, "3 1 1", p.leaf(t, ecKey(t)))}, leaf.chain(p.middle), scanner.No},
		{"a usage that nobody knows", []*dns.TLSA{{Usage: 7, Selector: 1, MatchingType: 1, Certificate: "ab"}}, leaf.chain(p.middle), scanner.No},
		{"a digest that nobody knows", []*dns.TLSA{{Usage: 3, Selector: 1, MatchingType: 9, Certificate: "ab"}}, leaf.chain(p.middle), scanner.No},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			to := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{tt.cert}})
			h := examine(t, to, CertOnly, func(s *Server) { s.Roots, s.TLSA = p.roots, tt.records })
			if h.TLSA != tt.want || (h.TLSABy != "") != (tt.want == scanner.Yes) {
				t.Errorf("%q by %q, want %q", h.TLSA, h.TLSABy, tt.want)
			}
		})
	}
}
