//go:build unix

package lab

import (
	"strings"

	"github.com/miekg/dns"
)

// dnsFaults are the sites with a fault of the dns family.
func dnsFaults() []Site {
	return []Site{
		{Domain: "unsigned.test", Fails: []string{"dns.dnssec.missing"}, Sign: Signing{Off: true}, Zone: "-_443._tcp TLSA"},
		{Domain: "bogus.test", Fails: []string{"dns.dnssec.bogus"}, Sign: Signing{DS: otherKey}},
		{Domain: "one-ns.test", Fails: []string{"dns.ns.single"}, NS: []NameServer{{}}},
		{Domain: "same-network.test", Fails: []string{"dns.ns.same-network", "dns.ns.no-ipv6"}, NS: []NameServer{{Addr: "127.53.4.1", NoIPv6: true}, {Addr: "127.53.4.2", NoIPv6: true}}},
		{Domain: "lame.test", Fails: []string{"dns.ns.lame"}, NS: []NameServer{{}, {}, {Lame: true}}},
		{Domain: "other-ns.test", Fails: []string{"dns.ns.inconsistent"}, NS: []NameServer{{}, {}, {}}, Parent: "@ NS ns1\n+@ NS ns2\n-ns3 A\n-ns3 AAAA"},
		{
			Domain: "old-copy.test", Warns: []string{"dns.soa.serial-mismatch"},
			NS: []NameServer{{}, {Zone: "@ SOA ns1 hostmaster.good.test. 2025010100 14400 3600 1209600 3600"}},
		},
		{Domain: "no-tcp.test", Fails: []string{"dns.ns.no-tcp"}, NS: []NameServer{{}, {NoTCP: true}}},
		{Domain: "axfr.test", Fails: []string{"dns.ns.axfr"}, NS: []NameServer{{Transfer: true}, {}}},
		{Domain: "recursion.test", Fails: []string{"dns.ns.open-recursion"}, NS: []NameServer{{Recursion: true}, {}}},
		{Domain: "no-caa.test", Fails: []string{"dns.caa.missing"}, Zone: "-@ CAA"},
		{Domain: "dangling.test", Fails: []string{"dns.cname.dangling"}, Zone: "-www A\n-www AAAA\nwww CNAME shop.gone.{domain}."},
		{Domain: "takeover.test", Fails: []string{"dns.cname.takeover"}, Zone: "blog CNAME old-shop.azurewebsites.net."},
		{Domain: "wildcard.test", Warns: []string{"dns.wildcard.present"}, Zone: "* A {web}\n* AAAA {web6}"},
		{Domain: "bad-caa.test", Fails: []string{"dns.caa.invalid"}, Zone: `+@ CAA 0 issue "https://ca.test"`},
		{Domain: "timers.test", Fails: []string{"dns.soa.timers"}, Zone: "@ SOA ns1 hostmaster.good.test. 2026010100 3600 600 86400 60"},
		{Domain: "contact.test", Fails: []string{"dns.soa.contact"}, Zone: "@ SOA ns1 nobody.lapsed.test. 2026010100 14400 3600 1209600 3600"},
		{Domain: "primary.test", Fails: []string{"dns.soa.mname"}, Zone: "@ SOA gone hostmaster.good.test. 2026010100 14400 3600 1209600 3600"},

		{Domain: "lapsed-ns.test", Fails: []string{"dns.ns.dangling"}, Zone: "+@ NS ns1.lapsed.test.", Parent: "+@ NS ns1.lapsed.test."},
		{Domain: "glue.test", Fails: []string{"dns.ns.glue"}, NS: []NameServer{{}, {}}, Parent: "ns2 A {ns1}"},
		{
			Domain: "alias-ns.test", Fails: []string{"dns.ns.cname"}, NS: []NameServer{{}, {}},
			Zone: "@ NS ns1\n+@ NS alias-of-ns.test.", Parent: "@ NS ns1\n+@ NS alias-of-ns.test.\n+alias-of-ns.test. CNAME ns2\n-ns2 A\n-ns2 AAAA",
		},
		{Domain: "version.test", Fails: []string{"dns.ns.version-disclosed"}, NS: []NameServer{{}, Tampered(tellsVersion)}},
		{Domain: "case.test", Fails: []string{"dns.ns.case"}, NS: []NameServer{{}, Tampered(lowersCase)}},
		{Domain: "denial.test", Fails: []string{"dns.ns.negative-answer"}, NS: []NameServer{{}, Tampered(neverDenies)}},
		{ // without EDNS there are no signatures, so its zone has none
			Domain: "no-edns.test", Fails: []string{"dns.dnssec.missing", "dns.ns.no-edns"}, NS: []NameServer{{}, Tampered(refusesEDNS)},
			Sign: Signing{Off: true}, Zone: "-_443._tcp TLSA",
		},

		{ // what validators leave aside counts as unsigned
			Domain: "sha1-signed.test", Fails: []string{"dns.dnssec.missing", "dns.dnssec.weak-algorithm"},
			Sign: Signing{Algorithm: "RSASHA1", Bits: 2048}, Zone: "-_443._tcp TLSA",
		},
		{Domain: "weak-dnskey.test", Warns: []string{"dns.dnssec.weak-key"}, Sign: Signing{Algorithm: "RSASHA256", Bits: 1024}},
		{Domain: "ds-sha1.test", Fails: []string{"dns.dnssec.ds-digest"}, Sign: sha1DS()},
		{Domain: "expiring-seal.test", Fails: []string{"dns.dnssec.signature-expiring"}, Sign: Signing{Args: []string{"-s", "now-1123200", "-e", "now+86400"}}},
		{Domain: "long-signed.test", Fails: []string{"dns.dnssec.signature-long"}, Sign: Signing{Args: []string{"-e", "now+17280000"}}},
		{Domain: "iterations.test", Warns: []string{"dns.dnssec.nsec3-iterations"}, Sign: Signing{Args: []string{"-3", "-", "-H", "10"}}},
		{Domain: "cds.test", Fails: []string{"dns.dnssec.cds-mismatch"}, NS: []NameServer{{}, Tampered(announcesKey)}},
	}
}

// sha1DS gives the parent a digest by SHA-1 of the key that signs keys.
func sha1DS() Signing {
	var made []string
	return Signing{
		Edit: func(signed string) string {
			p := dns.NewZoneParser(strings.NewReader(signed), "", "")
			for rr, ok := p.Next(); ok; rr, ok = p.Next() {
				if k, is := rr.(*dns.DNSKEY); is && k.Flags&dns.SEP != 0 {
					made = []string{k.ToDS(dns.SHA1).String()}
				}
			}
			return signed
		},
		DS: func([]string) []string { return made },
	}
}

func tellsVersion(ask, answer *dns.Msg) *dns.Msg {
	if q := ask.Question[0]; q.Qclass == dns.ClassCHAOS && q.Name == "version.bind." {
		answer.Rcode, answer.Ns = dns.RcodeSuccess, nil
		answer.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassCHAOS}, Txt: []string{"9.16.1-Debian"}}}
	}
	return answer
}

func lowersCase(_, answer *dns.Msg) *dns.Msg {
	answer.Question[0].Name = strings.ToLower(answer.Question[0].Name)
	return answer
}

// neverDenies calls a name that does not exist one without records.
func neverDenies(_, answer *dns.Msg) *dns.Msg {
	if answer.Rcode == dns.RcodeNameError {
		answer.Rcode = dns.RcodeSuccess
	}
	return answer
}

func refusesEDNS(ask, answer *dns.Msg) *dns.Msg {
	if ask.IsEdns0() != nil {
		return new(dns.Msg).SetRcode(ask, dns.RcodeFormatError)
	}
	return answer
}

// announcesKey has the parent told of a key that the zone does not have.
func announcesKey(ask, answer *dns.Msg) *dns.Msg {
	if q := ask.Question[0]; q.Qtype == dns.TypeCDS {
		answer.Answer = []dns.RR{&dns.CDS{DS: dns.DS{
			Hdr:    dns.RR_Header{Name: q.Name, Rrtype: dns.TypeCDS, Class: dns.ClassINET, Ttl: 3600},
			KeyTag: 1, Algorithm: dns.ECDSAP256SHA256, DigestType: dns.SHA256, Digest: strings.Repeat("00", 32),
		}}}
	}
	return answer
}

// otherKey makes DS records of a key that the zone does not have.
func otherKey(ds []string) (out []string) {
	for _, rr := range ds {
		head, digest := rr[:len(rr)-8], rr[len(rr)-8:]
		out = append(out, head+strings.Map(func(r rune) rune {
			if r == '0' {
				return '1'
			}
			return '0'
		}, digest))
	}
	return out
}
