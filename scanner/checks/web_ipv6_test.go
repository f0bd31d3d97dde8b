package checks

import (
	"net/netip"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestIPv6(t *testing.T) {
	six := netip.MustParseAddr("2001:db8::80")
	with := func(hosts ...scanner.IPv6Host) *scanner.Facts {
		f := withBody(secured(), scanner.Page{Title: "Shop"})
		f.Web.IPv6 = hosts
		return f
	}
	host := func(edit func(*scanner.IPv6Answer)) scanner.IPv6Host {
		a := &scanner.IPv6Answer{URL: apexHTTPS, Addr: six, Status: 200, Title: "Shop"}
		edit(a)
		return scanner.IPv6Host{Name: "example.hk", Addrs: []netip.Addr{six}, Answer: a}
	}
	good := host(func(*scanner.IPv6Answer) {})
	none := scanner.IPv6Host{Name: "example.hk"}
	broken := func(kind scanner.FailureKind) scanner.IPv6Host {
		return host(func(a *scanner.IPv6Answer) { a.Status, a.Title, a.Failure = 0, "", scanner.Failf(kind, "test") })
	}
	fails6 := func(kind scanner.FailureKind) *scanner.Facts { return with(broken(kind)) }
	// sees has met a name server over IPv6, so that the machine has it.
	sees := func(kind scanner.FailureKind) *scanner.Facts {
		f := fails6(kind)
		f.DNS = &scanner.DNSFacts{Exists: true, Servers: []scanner.NameServer{{Name: "ns1.example.hk", Addr: netip.MustParseAddr("2001:db8::53")}}}
		return f
	}
	led := with()
	led.DNS = &scanner.DNSFacts{Failure: scanner.Failf(scanner.FailUnresolved, "")}
	silentWWW := with(good, scanner.IPv6Host{Name: "www.example.hk"})
	judgeCases(t, "web.ipv6.missing", []ruleCase{
		{"there", with(good), passes("AAAA 2001:db8::80")},
		{"missing", with(none), fails("no AAAA").on("example.hk")},
		{"a name without a site does not count", silentWWW, passes("example.hk")},
		{"not looked up", with(scanner.IPv6Host{Name: "example.hk", Lookup: scanner.Failf(scanner.FailTimeout, "")}), isUnknown(scanner.FailTimeout)},
		{"not in the DNS", led, notFor(scanner.NANotInDNS)},
		{"facts of a program that did not look", with(), isUnknown(scanner.FailInternal)},
	})
	judgeCases(t, "web.ipv6.unreachable", []ruleCase{
		{"answers", with(good), passes("https://example.hk/ (2001:db8::80) | status 200")},
		{"no address", with(none), notFor(scanner.NANoRecord)},
		{"closed", fails6(scanner.FailRefused), fails("refused").on("example.hk")},
		{"no handshake", fails6(scanner.FailTLS), fails("tls")},
		{"a machine without IPv6", fails6(scanner.FailUnreachable), isUnknown(scanner.FailUnreachable)},
		{"silence, and nothing else was met over IPv6", fails6(scanner.FailTimeout), isUnknown(scanner.FailTimeout)},
		{"silence, while others answer", sees(scanner.FailTimeout), fails("timeout")},
		{"no way there, while others answer", sees(scanner.FailUnreachable), fails("unreachable")},
		{"a firewall", sees(scanner.FailBlocked), isUnknown(scanner.FailBlocked)},
		{"guarded", sees(scanner.FailForbidden), isUnknown(scanner.FailForbidden)},
		{"facts of a program that did not look", with(), isUnknown(scanner.FailInternal)},
	})
	change := func(edit func(*scanner.IPv6Answer)) *scanner.Facts { return with(host(edit)) }
	redirects := func(six string) *scanner.Facts {
		f := site(ended(apexHTTPS, answer(apexHTTPS, 301, "Location: "+wwwHTTPS+"?v=1"), answer(wwwHTTPS+"?v=1", 200)))
		f.Web.IPv6 = []scanner.IPv6Host{host(func(a *scanner.IPv6Answer) { a.Status, a.Title, a.Location = 302, "", six })}
		return f
	}
	only6 := with(good)
	only6.Web.Roots[1].Hops[0].Addr = six
	judgeCases(t, "web.ipv6.different", []ruleCase{
		{"the same", with(good), passes("as over IPv4")},
		{"no address", with(none), notFor(scanner.NANoRecord)},
		{"does not answer", fails6(scanner.FailRefused), notFor(scanner.NACovered)},
		{"a machine without IPv6", fails6(scanner.FailUnreachable), isUnknown(scanner.FailUnreachable)},
		{"another status", change(func(a *scanner.IPv6Answer) { a.Status = 404 }), fails("status 404, over IPv4 status 200").on("example.hk")},
		{"an error", change(func(a *scanner.IPv6Answer) { a.Status = 502 }), fails("status 502")},
		{"turned away", change(func(a *scanner.IPv6Answer) { a.Status = 403 }), isUnknown(scanner.FailBlocked)},
		{"a firewall", change(func(a *scanner.IPv6Answer) { a.Failure = scanner.Failf(scanner.FailBlocked, "") }), isUnknown(scanner.FailBlocked)},
		{"another title", change(func(a *scanner.IPv6Answer) { a.Title = "Welcome to nginx!" }), warns(`title "Welcome to nginx!"`)},
		{"another certificate", change(func(a *scanner.IPv6Answer) { a.TLSName = "expired" }), fails("expired")},
		{"leads elsewhere", change(func(a *scanner.IPv6Answer) { a.Status, a.Location = 301, "https://old.example.hk/" }), fails("old.example.hk")},
		{"leads to the same", redirects("https://www.example.hk/?v=2"), passes("status 302")},
		{"leads to another", redirects("https://www.example.hk/en"), fails("/en")},
		{"nothing over IPv4", only6, notFor(scanner.NANotUsed)},
	})
}
