//go:build unix

package lab

import "strings"

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
	}
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
