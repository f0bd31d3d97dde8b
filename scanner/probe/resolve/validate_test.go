package resolve_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

const shopData = apex + "@ A 192.0.2.1\nwww CNAME @\n"

func dropType(types ...uint16) func(_, m *dns.Msg, _ bool) *dns.Msg {
	return func(_, m *dns.Msg, _ bool) *dns.Msg {
		drop := func(rr dns.RR) bool { return slices.Contains(types, rr.Header().Rrtype) }
		m.Answer, m.Ns = slices.DeleteFunc(m.Answer, drop), slices.DeleteFunc(m.Ns, drop)
		return m
	}
}

func TestValidate(t *testing.T) {
	old, soon := dnslab.Now().Add(-48*time.Hour), dnslab.Now().Add(48*time.Hour)
	signed := func() *dnslab.Signing { return &dnslab.Signing{} }
	tests := []struct {
		name   string
		zone   *dnslab.Signing // of example.hk; nil: unsigned
		hk     *dnslab.Signing // nil: plain NSEC
		data   string          // of example.hk; "": an apex with an address and www
		www    string          // of www.example.hk, where that is a zone, on the second server
		tweak  func(ask, answer *dns.Msg, tcp bool) *dns.Msg
		tld    func(ask, answer *dns.Msg, tcp bool) *dns.Msg
		status scanner.DNSSECStatus
		reason string // part of it; $KSK and $ZSK are the zone's key tags
		fails  scanner.FailureKind
	}{
		{name: "secure", zone: signed(), status: scanner.Secure},
		{name: "secure with NSEC3", zone: &dnslab.Signing{NSEC3: true, Iterations: 5}, status: scanner.Secure},
		{name: "secure with NSEC3 opt-out", zone: &dnslab.Signing{NSEC3: true, OptOut: true}, hk: &dnslab.Signing{NSEC3: true, OptOut: true}, status: scanner.Secure},
		{name: "ed25519", zone: &dnslab.Signing{Algorithm: dns.ED25519}, status: scanner.Secure},
		{name: "ecdsa p-384", zone: &dnslab.Signing{Algorithm: dns.ECDSAP384SHA384}, status: scanner.Secure},
		{name: "rsa sha-256", zone: &dnslab.Signing{Algorithm: dns.RSASHA256, Bits: 1024}, status: scanner.Secure},
		{name: "rsa sha-512", zone: &dnslab.Signing{Algorithm: dns.RSASHA512, Bits: 1024}, status: scanner.Secure},
		{name: "no address at all", zone: signed(), data: apex, status: scanner.Secure},
		{name: "no address at all, NSEC3", zone: &dnslab.Signing{NSEC3: true}, data: apex, status: scanner.Secure},
		{name: "www is empty in between", zone: signed(), data: apex + "a.www TXT x\n", status: scanner.Secure},
		{name: "www is empty in between, NSEC3", zone: &dnslab.Signing{NSEC3: true}, data: apex + "a.www TXT x\n", status: scanner.Secure},
		{name: "wildcard", zone: signed(), data: apex + "* A 192.0.2.1\n", status: scanner.Secure},
		{name: "wildcard, NSEC3", zone: &dnslab.Signing{NSEC3: true}, data: apex + "* A 192.0.2.1\n", status: scanner.Secure},
		{name: "www is a zone of its own, unsigned", zone: signed(), data: apex + "www NS ns2\n", www: "@ NS ns2.example.hk.\n@ A 192.0.2.1\n", status: scanner.Secure},
		{name: "www is a zone of its own, unsigned, NSEC3", zone: &dnslab.Signing{NSEC3: true}, data: apex + "www NS ns2\n", www: "@ NS ns2.example.hk.\n@ A 192.0.2.1\n", status: scanner.Secure},
		{name: "www is a zone of its own, lost", zone: signed(), data: apex + "www NS ns1\n", www: "@ NS ns2.example.hk.\n", tweak: refuseWWW, status: scanner.Indeterminate, fails: scanner.FailServer},
		{name: "alias out of the zone", zone: signed(), data: apex + "www CNAME example.cdn.hk.\n", status: scanner.Secure},

		{name: "unsigned, NSEC", status: scanner.Insecure, reason: "example.hk has no DS record at hk (NSEC)"},
		{name: "unsigned, NSEC3", hk: &dnslab.Signing{NSEC3: true}, status: scanner.Insecure, reason: "example.hk has no DS record at hk (NSEC3)"},
		{name: "unsigned, opt-out", hk: &dnslab.Signing{NSEC3: true, OptOut: true}, status: scanner.Insecure, reason: "(NSEC3 opt-out)"},
		{name: "signed without DS", zone: &dnslab.Signing{NoDS: true}, status: scanner.Insecure, reason: "though it is signed"},
		{name: "absurd iterations", hk: &dnslab.Signing{NSEC3: true, Iterations: 500}, status: scanner.Insecure, reason: "500 iterations"},
		{name: "rsa sha-1 only", zone: &dnslab.Signing{Algorithm: dns.RSASHA1, Bits: 1024}, status: scanner.Insecure, reason: "RSASHA1"},
		{name: "expired", zone: &dnslab.Signing{Begin: old.Add(-time.Hour), Expire: old}, status: scanner.Bogus, reason: "RRSIG of example.hk DNSKEY by $KSK expired 2026-01-13"},
		{name: "from the future", zone: &dnslab.Signing{Begin: soon}, status: scanner.Bogus, reason: "is not valid before 2026-01-17"},
		{name: "wrong DS", zone: &dnslab.Signing{WrongDS: true}, status: scanner.Bogus, reason: "is the one that the DS record at hk names"},
		{name: "SOA without signature", zone: &dnslab.Signing{Forget: []uint16{dns.TypeSOA}}, status: scanner.Bogus, reason: "no RRSIG for example.hk SOA"},
		{name: "address without signature", zone: &dnslab.Signing{Forget: []uint16{dns.TypeA}}, status: scanner.Bogus, reason: "no RRSIG for example.hk A"},
		{name: "alias without signature", zone: &dnslab.Signing{Forget: []uint16{dns.TypeCNAME}}, status: scanner.Bogus, reason: "no RRSIG for www.example.hk CNAME"},
		{name: "wrong signature", zone: &dnslab.Signing{Break: []uint16{dns.TypeA}}, status: scanner.Bogus, reason: "RRSIG of example.hk A by $ZSK does not match the data"},
		{name: "wrong denial", zone: &dnslab.Signing{Break: []uint16{dns.TypeNSEC}}, status: scanner.Bogus, reason: "does not match the data"},
		{name: "stripped at the zone", zone: signed(), tweak: dropType(dns.TypeRRSIG, dns.TypeDNSKEY, dns.TypeNSEC), status: scanner.Bogus, reason: "example.hk has no DNSKEY"},
		{name: "signatures stripped at the zone", zone: signed(), tweak: dropType(dns.TypeRRSIG), status: scanner.Bogus, reason: "no RRSIG for example.hk DNSKEY"},
		{name: "denial stripped at the zone", zone: signed(), tweak: dropType(dns.TypeNSEC), status: scanner.Bogus, reason: "neither NSEC nor NSEC3"},
		{name: "the DS is kept from us", zone: signed(), tld: dropType(dns.TypeDS, dns.TypeNSEC), status: scanner.Bogus, reason: "neither NSEC nor NSEC3"},
		{name: "no proof of an unsigned zone", tld: dropType(dns.TypeNSEC), status: scanner.Bogus, reason: "neither NSEC nor NSEC3"},
		{name: "other data", zone: signed(), tweak: func(_, m *dns.Msg, _ bool) *dns.Msg {
			for _, rr := range m.Answer {
				if a, ok := rr.(*dns.A); ok {
					a.A = []byte{192, 0, 2, 66}
				}
			}
			return m
		}, status: scanner.Bogus, reason: "does not match the data"},
		{name: "wildcard without proof", zone: signed(), data: apex + "* A 192.0.2.1\n", tweak: func(ask, m *dns.Msg, tcp bool) *dns.Msg {
			if len(m.Answer) > 0 && ask.Question[0].Name == "www.example.hk." {
				m.Ns = nil
			}
			return m
		}, status: scanner.Bogus, reason: "neither NSEC nor NSEC3"},
		{name: "a denial that is another name's", zone: signed(), tweak: func(ask, m *dns.Msg, _ bool) *dns.Msg {
			if ask.Question[0].Qtype == dns.TypeAAAA {
				drop := func(rr dns.RR) bool { return rr.Header().Name == "example.hk." && rr.Header().Rrtype == dns.TypeNSEC }
				m.Ns = slices.DeleteFunc(m.Ns, drop)
			}
			return m
		}, data: apex + "@ A 192.0.2.1\nwww A 192.0.2.1\n", status: scanner.Bogus},

		{name: "the keys do not come", zone: signed(), tweak: silentFor(dns.TypeDNSKEY), status: scanner.Indeterminate, fails: scanner.FailTimeout},
		{name: "the address does not come", zone: signed(), tweak: silentFor(dns.TypeA), status: scanner.Indeterminate, fails: scanner.FailTimeout},
		{name: "the DS does not come", zone: signed(), tld: silentFor(dns.TypeDS), status: scanner.Indeterminate, fails: scanner.FailTimeout},
		{name: "the keys are refused", zone: signed(), tweak: func(ask, m *dns.Msg, _ bool) *dns.Msg {
			if ask.Question[0].Qtype == dns.TypeDNSKEY {
				return new(dns.Msg).SetRcode(ask, dns.RcodeServerFailure)
			}
			return m
		}, status: scanner.Indeterminate, fails: scanner.FailServer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := dnslab.New(t)
			l.Server(one).Tweak, l.Server(two).Tweak, l.Server(dnslab.HKAddr).Tweak = tt.tweak, tt.tweak, tt.tld
			data := tt.data
			if data == "" {
				data = shopData
			}
			if tt.www != "" {
				l.Zone("www.example.hk.", tt.www, nil, l.Server(two))
			}
			z := l.Zone("example.hk.", data, tt.zone, l.Server(one), l.Server(two))
			hk := tt.hk
			if hk == nil {
				hk = &dnslab.Signing{}
			}
			l.Top(delegation, hk, &dnslab.Signing{})
			modes := map[string]*resolve.Resolver{"walking": hasty(l, tt.fails)}
			if tt.tweak == nil && tt.tld == nil {
				modes["forwarding"] = forwarder(l)
			}
			for mode, r := range modes {
				got := r.Validate(deadline(t), "example.hk", []string{"example.hk", "www.example.hk"})
				reason := tt.reason
				if tt.zone != nil {
					ksk, zsk := z.KeyTags()
					reason = strings.NewReplacer("$KSK", fmt.Sprint(ksk), "$ZSK", fmt.Sprint(zsk)).Replace(reason)
				}
				if got.Status != tt.status || !strings.Contains(got.Reason, reason) {
					t.Errorf("%s: %s %q (%v), want %s %q", mode, got.Status, got.Reason, got.Failure, tt.status, reason)
				}
				if (got.Failure == nil) != (tt.fails == "") || (got.Failure != nil && got.Failure.Kind != tt.fails) {
					t.Errorf("%s: failure %v, want %q", mode, got.Failure, tt.fails)
				}
				if got.Status == scanner.Secure && len(got.Links) != 3 {
					t.Errorf("%s: links %+v", mode, got.Links)
				}
				if len(got.Links) > 0 && tt.status != scanner.Indeterminate && got.Links[len(got.Links)-1].Status != tt.status {
					t.Errorf("%s: links %+v", mode, got.Links)
				}
			}
		})
	}
}

func refuseWWW(ask, m *dns.Msg, _ bool) *dns.Msg {
	if ask.Question[0].Name == "www.example.hk." && ask.Question[0].Qtype != dns.TypeDS {
		return new(dns.Msg).SetRcode(ask, dns.RcodeRefused)
	}
	return m
}

func silentFor(qtype uint16) func(ask, m *dns.Msg, _ bool) *dns.Msg {
	return func(ask, m *dns.Msg, _ bool) *dns.Msg {
		if ask.Question[0].Qtype == qtype {
			return nil
		}
		return m
	}
}

// What a resolver leaves out is not held against the domain.
func TestValidateThroughResolverThatStrips(t *testing.T) {
	tests := []struct {
		name  string
		tweak func(ask, m *dns.Msg, tcp bool) *dns.Msg
		fails scanner.FailureKind
	}{
		{"all of DNSSEC", dropType(dns.TypeRRSIG, dns.TypeNSEC, dns.TypeDNSKEY, dns.TypeDS), scanner.FailUncertain},
		{"signatures", dropType(dns.TypeRRSIG), scanner.FailUncertain},
		{"proofs", dropType(dns.TypeNSEC), scanner.FailUncertain},
		{"proofs with their signatures", func(_, m *dns.Msg, _ bool) *dns.Msg {
			m.Ns = slices.DeleteFunc(m.Ns, func(rr dns.RR) bool { return rr.Header().Rrtype != dns.TypeSOA })
			return m
		}, scanner.FailUncertain},
		{"by failing", func(ask, m *dns.Msg, _ bool) *dns.Msg {
			if ask.Question[0].Name != "." && ask.Question[0].Name != "hk." {
				return new(dns.Msg).SetRcode(ask, dns.RcodeServerFailure)
			}
			return m
		}, scanner.FailServer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := dnslab.New(t)
			l.Zone("example.hk.", shopData, &dnslab.Signing{}, l.Server(one), l.Server(two))
			l.Top(delegation, &dnslab.Signing{}, &dnslab.Signing{})
			r := forwarder(l, func(s *dnslab.Server) { s.Tweak = tt.tweak })
			got := r.Validate(deadline(t), "example.hk", []string{"example.hk"})
			if got.Status != scanner.Indeterminate || got.Failure == nil || got.Failure.Kind != tt.fails {
				t.Errorf("got %s %q %v", got.Status, got.Reason, got.Failure)
			}
		})
	}
}

// Where the root itself does not fit the anchor, no domain is to blame.
func TestValidateWithForeignAnchor(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("example.hk.", shopData, &dnslab.Signing{}, l.Server(one), l.Server(two))
	l.Top(delegation, &dnslab.Signing{}, &dnslab.Signing{})
	c := config(l)
	c.Anchors = nil // those of the real root
	got := resolve.New(c).Validate(deadline(t), "example.hk", nil)
	if got.Status != scanner.Indeterminate || got.Failure == nil || got.Failure.Kind != scanner.FailUncertain {
		t.Errorf("got %+v", got)
	}
}

// Go refuses RSA keys under 1024 bits; other validators may not.
func TestValidateShortRSA(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0") // to make one
	l := dnslab.New(t)
	l.Zone("example.hk.", shopData, &dnslab.Signing{Algorithm: dns.RSASHA256, Bits: 512}, l.Server(one), l.Server(two))
	l.Top(delegation, &dnslab.Signing{}, &dnslab.Signing{})
	got := walker(l).Validate(deadline(t), "example.hk", nil)
	if got.Status != scanner.Indeterminate || got.Failure == nil || got.Failure.Kind != scanner.FailUncertain {
		t.Errorf("got %+v", got)
	}
}

func TestUnsignedParent(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("example.hk.", shopData, &dnslab.Signing{}, l.Server(one), l.Server(two))
	l.Top(delegation, nil, &dnslab.Signing{})
	got := walker(l).Validate(deadline(t), "example.hk", []string{"example.hk"})
	if got.Status != scanner.Insecure || got.Reason != "hk has no DS record at . (NSEC)" || len(got.Links) != 2 {
		t.Errorf("got %+v", got)
	}
}

// A zone held by the server of its parent is found by its DS record.
func TestValidateBesideParent(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("shop.co.hk.", "@ NS ns1.example.hk.\n@ A 192.0.2.1\n", &dnslab.Signing{}, l.Server(one))
	l.Zone("co.hk.", "@ NS ns.nic.hk.\nshop NS ns1.example.hk.\n", &dnslab.Signing{NSEC3: true}, l.Server(dnslab.HKAddr))
	l.Zone("example.hk.", shopData, nil, l.Server(one), l.Server(two))
	l.Top(delegation+"co NS ns.nic.hk.\n", &dnslab.Signing{NSEC3: true, OptOut: true}, &dnslab.Signing{})
	for mode, r := range map[string]*resolve.Resolver{"walking": walker(l), "forwarding": forwarder(l)} {
		got := r.Validate(deadline(t), "shop.co.hk", []string{"shop.co.hk", "www.shop.co.hk"})
		if got.Status != scanner.Secure || len(got.Links) != 4 {
			t.Errorf("%s: %+v", mode, got)
		}
	}
}

// Each server's own answer can be validated: one may have been left behind.
func TestValidateAnswer(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("example.hk.", shopData, &dnslab.Signing{}, l.Server(one), l.Server(two))
	l.Top(delegation, &dnslab.Signing{}, &dnslab.Signing{})
	l.Server(two).Tweak = func(_, m *dns.Msg, _ bool) *dns.Msg {
		for _, rr := range m.Answer {
			if soa, ok := rr.(*dns.SOA); ok {
				soa.Serial++
			}
		}
		return m
	}
	r := walker(l)
	for addr, want := range map[string]scanner.DNSSECStatus{one: scanner.Secure, two: scanner.Bogus} {
		s := resolve.Server{Name: "ns.example.hk", Addr: netip.MustParseAddr(addr)}
		m, err := r.Exchange(deadline(t), "udp", s, resolve.Question("example.hk", dns.TypeSOA))
		if err != nil {
			t.Fatal(err)
		}
		if got, why := r.ValidateAnswer(deadline(t), "example.hk", m); got != want {
			t.Errorf("%s: %s %q, want %s", addr, got, why, want)
		}
	}
}
