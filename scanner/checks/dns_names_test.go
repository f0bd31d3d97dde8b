package checks

import (
	"net/netip"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestNamesOfNameServers(t *testing.T) {
	name := func(n int, edit func(*scanner.NSName)) func(*scanner.Facts) {
		return func(f *scanner.Facts) { edit(&f.DNS.NSNames[n]) }
	}
	before := func(f *scanner.Facts) { f.DNS.NSNames = nil }
	secret := func(f *scanner.Facts) { hidden(f); f.DNS.NSNames = nil }
	judgeSpoilt(t, "dns.ns.glue", soundDNS, []spoilt{
		{"the same", nil, passes("ns1.example.hk | the parent gives 9.9.9.1, 2620:fe::1")},
		{"none", name(1, func(n *scanner.NSName) { n.Glue = nil }), fails("ns2.example.hk | lies in the zone, and the parent gives no address")},
		{"another", name(1, func(n *scanner.NSName) { n.Glue = []netip.Addr{ip("8.8.4.4")} }), fails("the parent gives 8.8.4.4, its own address is 8.8.8.1")},
		{"its own is gone", name(1, func(n *scanner.NSName) { n.Addrs = nil }), fails("its own address is none")},
		{"one less", name(0, func(n *scanner.NSName) { n.Glue = n.Glue[:1] }), warns("the parent does not give 2620:fe::1")},
		{"elsewhere, without", name(1, func(n *scanner.NSName) { n.Name, n.Glue = "ns.other.hk", nil }), passes("ns.other.hk | lies elsewhere")},
		{"elsewhere, old", name(1, func(n *scanner.NSName) { n.Name, n.Glue = "ns.other.hk", []netip.Addr{ip("8.8.4.4")} }), fails("ns.other.hk | the parent gives 8.8.4.4")},
		{"a name that only ends alike", name(1, func(n *scanner.NSName) { n.Name, n.Glue = "ns.myexample.hk", nil }), passes("lies elsewhere")},
		{"only the zone names it", name(1, func(n *scanner.NSName) { n.Delegated, n.Glue = false, nil }), passes("only the zone names it")},
		{"its own was not to be had", name(1, func(n *scanner.NSName) { n.Addrs, n.Failure = nil, failure(scanner.FailTimeout) }), passes("not tested: timeout")},
		{"hidden by a resolver", func(f *scanner.Facts) { f.DNS.ParentKnown = false }, notFor(scanner.NAHidden)},
		{"hidden", secret, notFor(scanner.NAHidden)},
		{"facts of before", before, isUnknown(scanner.FailUncertain)},
	})
	judgeSpoilt(t, "dns.ns.cname", soundDNS, []spoilt{
		{"none", nil, passes("ns1.example.hk | no alias")},
		{"one", name(0, func(n *scanner.NSName) { n.CNAMEs = []string{"a.host.hk"} }), fails("ns1.example.hk | CNAME a.host.hk")},
		{"not to be told", name(0, func(n *scanner.NSName) { n.Addrs, n.Failure = nil, failure(scanner.FailServer) }), passes("not tested")},
		{"hidden", secret, notFor(scanner.NAHidden)},
		{"facts of before", before, isUnknown(scanner.FailUncertain)},
	})
	gone := func(f *scanner.Facts) {
		f.DNS.NSNames = append(f.DNS.NSNames, scanner.NSName{Name: "ns.lapsed.hk", Delegated: true, Gone: "lapsed.hk"})
		f.DNS.UnresolvedNS = []string{"ns.lapsed.hk"}
	}
	atDO := func(rcode string) func(*scanner.Facts) {
		return each(func(s *scanner.NameServer) { s.Name, s.Rcode, s.Authoritative = "ns1.digitalocean.com", rcode, false })
	}
	judgeSpoilt(t, "dns.ns.dangling", soundDNS, []spoilt{
		{"none", nil, passes("ns1.example.hk | lies in a domain that exists")},
		{"its domain does not exist", gone, fails("ns.lapsed.hk | lapsed.hk does not exist")},
		{"a name without address", name(1, func(n *scanner.NSName) { n.Glue, n.Addrs = nil, nil }), passes("ns2.example.hk | lies in a domain that exists")},
		{"a provider that takes any zone and has not this one", atDO("REFUSED"), fails("ns1.digitalocean.com (9.9.9.1) | SOA: REFUSED; at DigitalOcean anybody may set the zone up")},
		{"a provider that has trouble", atDO("SERVFAIL"), passes("exists")},
		{"not to be told", func(f *scanner.Facts) {
			for i := range f.DNS.NSNames {
				f.DNS.NSNames[i] = scanner.NSName{Name: f.DNS.NSNames[i].Name, Failure: failure(scanner.FailTimeout)}
			}
		}, isUnknown(scanner.FailTimeout)},
		{"hidden", secret, notFor(scanner.NAHidden)},
		{"facts of before", before, isUnknown(scanner.FailUncertain)},
	})
	judgeSpoilt(t, "dns.ns.lame", soundDNS, []spoilt{
		{"that one is graver", gone, passes("SOA: authoritative")},
		{"all of them are", func(f *scanner.Facts) { gone(f); f.DNS.Servers = nil }, notFor(scanner.NACovered)},
	})
	only4 := func(f *scanner.Facts) {
		for i := range f.DNS.NSNames {
			f.DNS.NSNames[i].Glue, f.DNS.NSNames[i].Addrs = nil, f.DNS.NSNames[i].Addrs[:1]
		}
	}
	judgeSpoilt(t, "dns.ns.no-ipv6", soundDNS, []spoilt{
		{"one of two", nil, passes("ns1.example.hk | 9.9.9.1, 2620:fe::1")},
		{"none", only4, fails("ns1.example.hk | 9.9.9.1")},
		{"IPv4 in other clothes", func(f *scanner.Facts) { only4(f); f.DNS.NSNames[0].Addrs = []netip.Addr{ip("::ffff:9.9.9.1")} }, fails("9.9.9.1")},
		{"one not to be told", func(f *scanner.Facts) { only4(f); f.DNS.NSNames[1].Failure = failure(scanner.FailTimeout) }, isUnknown(scanner.FailTimeout)},
		{"hidden", secret, notFor(scanner.NAHidden)},
		{"facts of before", before, isUnknown(scanner.FailUncertain)},
		{"facts of before with IPv6", func(f *scanner.Facts) { before(f); f.DNS.Servers[1].Addr = ip("2620:fe::1") }, passes("2620:fe::1")},
	})
}

func TestNamesThatLeadToServices(t *testing.T) {
	const alias = "old.hosted.example"
	shop := func(h scanner.HostAddrs) func(*scanner.Facts) {
		return func(f *scanner.Facts) {
			h.Name = "shop.example.hk"
			f.DNS.Names = []scanner.HostAddrs{h}
		}
	}
	led := func(unclaimed scanner.Tristate, sure bool) scanner.HostAddrs {
		return scanner.HostAddrs{Exists: true, CNAMEs: []string{alias}, Addrs: []netip.Addr{ip("9.9.9.9")},
			Service: &scanner.HostedName{Service: "Hosted", Target: alias, Sure: sure, Unclaimed: unclaimed, Seen: "No such site"}}
	}
	dangling := scanner.HostAddrs{Exists: true, CNAMEs: []string{alias}, Dangling: alias}
	taken := dangling
	taken.Service = &scanner.HostedName{Service: "Hosted", Target: alias, Sure: true, Unclaimed: scanner.Yes, Seen: "NXDOMAIN"}
	silent := led("", true)
	silent.Service.Failure = failure(scanner.FailTimeout)
	wild := func(h scanner.HostAddrs) func(*scanner.Facts) {
		return func(f *scanner.Facts) { h.Name = "*.example.hk"; f.DNS.Wildcard = &h }
	}
	judgeSpoilt(t, "dns.cname.takeover", soundDNS, []spoilt{
		{"leads elsewhere", nil, passes("www.example.hk | CNAME shop.host.example")},
		{"claimed", shop(led(scanner.No, true)), passes("shop.example.hk | CNAME old.hosted.example (Hosted)")},
		{"unclaimed", shop(led(scanner.Yes, true)), fails("CNAME old.hosted.example (Hosted), which says: No such site").on("shop.example.hk")},
		{"it depends", shop(led(scanner.Yes, false)), warns("which says: No such site")},
		{"no such target", shop(taken), fails("which says: NXDOMAIN").on("shop.example.hk")},
		{"the service did not answer", shop(silent), isUnknown(scanner.FailTimeout)},
		{"the wildcard", wild(led(scanner.Yes, true)), fails("*.example.hk | CNAME")},
		{"a name that was not resolved", shop(scanner.HostAddrs{Failure: failure(scanner.FailServer)}), isUnknown(scanner.FailServer)},
		{"no aliases", func(f *scanner.Facts) { f.DNS.Hosts[1].CNAMEs = nil }, notFor(scanner.NANotUsed)},
		{"facts of before", func(f *scanner.Facts) { f.DNS.Names = nil }, isUnknown(scanner.FailUncertain)},
	})
	judgeSpoilt(t, "dns.cname.dangling", soundDNS, []spoilt{
		{"another name", shop(dangling), fails("shop.example.hk | CNAME old.hosted.example, which does not exist").on("shop.example.hk")},
		{"a wildcard", wild(dangling), fails("*.example.hk | CNAME old.hosted.example")},
		{"graver", shop(taken), passes("www.example.hk")},
		{"facts of before", func(f *scanner.Facts) { f.DNS.Names, f.DNS.Wildcard = nil, nil }, passes("www.example.hk")},
	})
	judgeSpoilt(t, "dns.wildcard.present", soundDNS, []spoilt{
		{"none", nil, passes("*.example.hk | a name that nobody made does not exist")},
		{"there", wild(scanner.HostAddrs{Exists: true, Addrs: []netip.Addr{ip("9.9.9.9")}}), warns("*.example.hk | 9.9.9.9")},
		{"not to be told", wild(scanner.HostAddrs{Failure: failure(scanner.FailTimeout)}), isUnknown(scanner.FailTimeout)},
		{"facts of before", func(f *scanner.Facts) { f.DNS.Wildcard = nil }, isUnknown(scanner.FailUncertain)},
		{"no delegation", func(f *scanner.Facts) { f.DNS.Wildcard, f.DNS.Failure = nil, failure(scanner.FailTimeout) }, isUnknown(scanner.FailTimeout)},
	})
}
