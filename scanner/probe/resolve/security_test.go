package resolve_test

import (
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// TLSA records count only where DNSSEC proves them, aliases on the way included.
func TestSecurityOfTLSA(t *testing.T) {
	const (
		mail  = "_25._tcp.mx"
		tlsa  = mail + " TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000\n"
		other = "keys TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000\n"
	)
	signed := func() *dnslab.Signing { return &dnslab.Signing{} }
	old := dnslab.Now().Add(-48 * time.Hour)
	tests := []struct {
		name  string
		data  string
		sign  *dnslab.Signing // nil: unsigned
		below string          // of below.example.hk, an unsigned zone
		qtype uint16
		want  scanner.DNSSECStatus
		found int
	}{
		{"signed", tlsa, signed(), "", dns.TypeTLSA, scanner.Secure, 1},
		{"signed, NSEC3", tlsa, &dnslab.Signing{NSEC3: true}, "", dns.TypeTLSA, scanner.Secure, 1},
		{"wildcard", "*._tcp.mx" + tlsa[len(mail):], signed(), "", dns.TypeTLSA, scanner.Secure, 1},
		{"alias", mail + " CNAME keys\n" + other, signed(), "", dns.TypeTLSA, scanner.Secure, 1},
		{"alias into an unsigned zone", mail + " CNAME keys.below\nbelow NS ns2\n", signed(), "@ NS ns2.example.hk.\n" + other, dns.TypeTLSA, scanner.Insecure, 1},
		{"unsigned", tlsa, nil, "", dns.TypeTLSA, scanner.Insecure, 1},
		{"without signature", tlsa, &dnslab.Signing{Forget: []uint16{dns.TypeTLSA}}, "", dns.TypeTLSA, scanner.Bogus, 1},
		{"wrong signature", tlsa, &dnslab.Signing{Break: []uint16{dns.TypeTLSA}}, "", dns.TypeTLSA, scanner.Bogus, 1},
		{"expired", tlsa, &dnslab.Signing{Begin: old.Add(-time.Hour), Expire: old}, "", dns.TypeTLSA, scanner.Bogus, 1},
		{"none", "", signed(), "", dns.TypeTLSA, "", 0},
		{"another type", mail + " TXT x\n", signed(), "", dns.TypeTXT, "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := dnslab.New(t)
			if tt.below != "" {
				l.Zone("below.example.hk.", tt.below, nil, l.Server(two))
			}
			l.Zone("example.hk.", apex+tt.data, tt.sign, l.Server(one), l.Server(two))
			l.Top(delegation, signed(), signed())
			for mode, r := range map[string]*resolve.Resolver{"walking": walker(l), "forwarding": forwarder(l)} {
				got, err := r.Lookup(deadline(t), mail+".example.hk", tt.qtype)
				if err != nil || got.Security != tt.want || len(got.Records) != tt.found {
					t.Errorf("%s: %d records, %q, %v; want %d, %q", mode, len(got.Records), got.Security, err, tt.found, tt.want)
				}
			}
		})
	}
}
