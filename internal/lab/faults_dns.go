//go:build unix

package lab

// dnsFaults are the sites with a fault of the dns family.
func dnsFaults() []Site {
	return []Site{
		{Domain: "unsigned.test", Fails: []string{"dns.dnssec.missing"}, Sign: Signing{Off: true}, Zone: "-_443._tcp TLSA"},
		{Domain: "axfr.test", Fails: []string{"dns.ns.axfr"}, NS: []NameServer{{Transfer: true}, {}}},
		{Domain: "recursion.test", Fails: []string{"dns.ns.open-recursion"}, NS: []NameServer{{Recursion: true}, {}}},
		{Domain: "lame.test", Fails: []string{"dns.ns.lame"}, NS: []NameServer{{}, {}, {Lame: true}}},
		{Domain: "one-ns.test", Fails: []string{"dns.ns.single"}, NS: []NameServer{{}}},
		{Domain: "no-caa.test", Fails: []string{"dns.caa.missing"}, Zone: "-@ CAA"},
		{Domain: "dangling.test", Fails: []string{"dns.cname.dangling"}, Zone: "-www A\n-www AAAA\nwww CNAME shop.gone.{domain}."},
	}
}
