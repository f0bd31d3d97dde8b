package checks

import (
	"net/netip"
	"regexp"
	"testing"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// spoilt is one row: what a rule says of good facts after a change.
type spoilt struct {
	about string
	spoil func(*scanner.Facts)
	want  verdict
}

// judgeSpoilt runs the rule's check on each row, and looks whether the words
// of a fault have all their placeholders filled.
func judgeSpoilt(t *testing.T, rule string, sound func() *scanner.Facts, rows []spoilt) {
	t.Helper()
	catalogue, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	words, ok := catalogue.Rule(rule)
	if !ok {
		t.Fatalf("no rule %s", rule)
	}
	var cases []ruleCase
	for _, row := range rows {
		facts := sound()
		if row.spoil != nil {
			row.spoil(facts)
		}
		cases = append(cases, ruleCase{row.about, facts, row.want})
		found := checkOf(t, rule).Judge(facts)
		if found.Outcome != scanner.Fail && found.Outcome != scanner.Warn {
			continue
		}
		values := (&scanner.Report{Target: facts.Target}).Values(found)
		all := []string{words.Title[rules.English], words.Why[rules.English], words.Fix[rules.English]}
		for _, r := range words.Remedies {
			all = append(all, r.Snippet)
		}
		for _, s := range all {
			if left := regexp.MustCompile(`\{[a-z_]*\}`).FindString(rules.Fill(s, values)); left != "" {
				t.Errorf("%s: %s: nobody filled %s", rule, row.about, left)
			}
		}
	}
	judgeCases(t, rule, cases)
}

func failure(kind scanner.FailureKind) *scanner.Failure { return scanner.Failf(kind, "in a test") }

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

// soundDNS has no fault: two servers in two networks, signed, with CAA.
func soundDNS() *scanner.Facts {
	ns := []string{"ns1.example.hk", "ns2.example.hk"}
	server := func(name, addr string) scanner.NameServer {
		return scanner.NameServer{
			Name: name, Addr: ip(addr), UDP: true, TCP: true, EDNS: true, Authoritative: true, Rcode: "NOERROR",
			Serial: 7, NS: ns, Recursion: scanner.No, Transfer: scanner.No,
			CaseKept: scanner.Yes, VersionTold: scanner.No,
			SOA:    &scanner.SOA{MName: ns[0], RName: "hostmaster.example.hk", Refresh: 14400, Retry: 3600, Expire: 1209600, Minimum: 3600},
			NoName: &scanner.Negative{Rcode: "NXDOMAIN", SOA: true}, NoType: &scanner.Negative{Rcode: "NOERROR", SOA: true},
			Child: &scanner.ChildKeys{Records: []string{"CDNSKEY 11 13", "CDS 11 13 2"}, Signed: scanner.Yes},
		}
	}
	name := func(name string, addrs ...netip.Addr) scanner.NSName {
		return scanner.NSName{Name: name, Delegated: true, Glue: addrs, Addrs: addrs}
	}
	return &scanner.Facts{
		Target: scanner.Target{Domain: "example.hk", Unicode: "example.hk"}, Started: started,
		DNS: &scanner.DNSFacts{
			Exists: true, Zone: "example.hk", ParentNS: ns, ParentKnown: true,
			Servers: []scanner.NameServer{server(ns[0], "9.9.9.1"), server(ns[1], "8.8.8.1")},
			NSNames: []scanner.NSName{name(ns[0], ip("9.9.9.1"), ip("2620:fe::1")), name(ns[1], ip("8.8.8.1"))},
			Primary: []scanner.PrimaryName{{Name: ns[0], Exists: scanner.Yes, Authoritative: scanner.Yes}},
			Contact: []scanner.Mailbox{{Address: "hostmaster@example.hk", Valid: true, Receives: scanner.Yes}},
			DNSSEC: scanner.DNSSEC{Status: scanner.Secure, Links: []scanner.DNSSECLink{
				{Zone: ".", Status: scanner.Secure, Algorithms: []string{"RSASHA256"}, KeyTags: []uint16{20326}},
				{Zone: "example.hk", Status: scanner.Secure},
			}, Signing: &scanner.ZoneSigning{
				Keys:       []scanner.ZoneKey{{Tag: 11, Algorithm: 13, Name: "ECDSAP256SHA256", SEP: true}},
				DS:         []scanner.DSRecord{{Tag: 11, Algorithm: 13, Digest: 2}},
				Signatures: []scanner.RRSIG{{Of: "example.hk SOA", Tag: 11, Inception: started.AddDate(0, 0, -5), Expiration: started.AddDate(0, 0, 9)}},
				NSEC3:      &scanner.NSEC3{},
			}},
			Names: []scanner.HostAddrs{}, Wildcard: &scanner.HostAddrs{Name: "*.example.hk"},
			Hosts: []scanner.HostAddrs{
				{Name: "example.hk", Exists: true, Addrs: []netip.Addr{ip("9.9.9.9"), ip("2620:fe::9")}},
				{Name: "www.example.hk", Exists: true, CNAMEs: []string{"shop.host.example"}, Addrs: []netip.Addr{ip("9.9.9.9")}},
			},
			CAA: []scanner.CAARecord{{Tag: "issue", Value: "letsencrypt.org"}}, CAAAt: "example.hk",
		},
	}
}

// server makes an edit of the nth name server.
func server(n int, edit func(*scanner.NameServer)) func(*scanner.Facts) {
	return func(f *scanner.Facts) { edit(&f.DNS.Servers[n]) }
}

// silence is a server that gives no answer.
func silence(kind scanner.FailureKind) func(*scanner.NameServer) {
	return func(s *scanner.NameServer) {
		*s = scanner.NameServer{Name: s.Name, Addr: s.Addr, Failure: failure(kind), UDPFailure: failure(kind), TCPFailure: failure(kind)}
	}
}

func allSilent(f *scanner.Facts) {
	for i := range f.DNS.Servers {
		silence(scanner.FailTimeout)(&f.DNS.Servers[i])
	}
}

// hidden is what a resolver shows that keeps the servers to itself.
func hidden(f *scanner.Facts) { f.DNS.ParentKnown, f.DNS.Servers = false, nil }

func TestSoundDNSPasses(t *testing.T) {
	for _, check := range dnsChecks() {
		f := check.Judge(soundDNS())
		if f.Outcome != scanner.Pass || len(f.Evidence) == 0 {
			t.Errorf("%s: %s %q", check.Rule, f.Outcome, evidenceOf(f))
		}
	}
}

func TestDNSSEC(t *testing.T) {
	status := func(s scanner.DNSSECStatus, reason string, why *scanner.Failure) func(*scanner.Facts) {
		return func(f *scanner.Facts) { f.DNS.DNSSEC = scanner.DNSSEC{Status: s, Reason: reason, Failure: why} }
	}
	judgeSpoilt(t, "dns.dnssec.missing", soundDNS, []spoilt{
		{"secure", nil, passes("zone . | secure, RSASHA256, key tags 20326")},
		{"insecure", status(scanner.Insecure, "no DS", nil), fails("example.hk | insecure: no DS")},
		{"bogus", status(scanner.Bogus, "expired", nil), notFor(scanner.NACovered)},
		{"indeterminate", status(scanner.Indeterminate, "", failure(scanner.FailTimeout)), isUnknown(scanner.FailTimeout)},
		{"indeterminate without a failure", status(scanner.Indeterminate, "odd", nil), isUnknown(scanner.FailUncertain)},
		{"nothing known", status("", "", nil), isUnknown(scanner.FailInternal)},
	})
	judgeSpoilt(t, "dns.dnssec.bogus", soundDNS, []spoilt{
		{"secure", nil, passes("secure")},
		{"insecure", status(scanner.Insecure, "", nil), notFor(scanner.NANotSigned)},
		{"bogus", status(scanner.Bogus, "RRSIG expired", nil), fails("bogus: RRSIG expired")},
		{"indeterminate", status(scanner.Indeterminate, "", failure(scanner.FailServer)), isUnknown(scanner.FailServer)},
	})
}

// places gives the servers names and addresses.
func places(pairs ...string) func(*scanner.Facts) {
	return func(f *scanner.Facts) {
		like := f.DNS.Servers[0]
		f.DNS.Servers, f.DNS.ParentNS = nil, nil
		for i := 0; i < len(pairs); i += 2 {
			like.Name, like.Addr = pairs[i], ip(pairs[i+1])
			f.DNS.Servers = append(f.DNS.Servers, like)
			f.DNS.ParentNS = append(f.DNS.ParentNS, like.Name)
		}
	}
}

func TestNameServerPlaces(t *testing.T) {
	noAddress := func(f *scanner.Facts) {
		f.DNS.Servers = f.DNS.Servers[:1]
		f.DNS.UnresolvedNS = []string{"ns2.example.hk"}
	}
	stopped := func(f *scanner.Facts) {
		f.DNS.Servers = nil
		f.Probes = []scanner.ProbeRun{{Name: "dns", Failure: failure(scanner.FailCancelled)}}
	}
	judgeSpoilt(t, "dns.ns.single", soundDNS, []spoilt{
		{"two", nil, passes("ns1.example.hk | 9.9.9.1")},
		{"one name", places("ns1", "9.9.9.1"), fails("one name server: ns1")},
		{"one name with two addresses", places("ns1", "9.9.9.1", "ns1", "8.8.8.1"), fails("one name server: ns1")},
		{"two names, one address", places("ns1", "9.9.9.1", "ns2", "9.9.9.1"), fails("ns2 | 9.9.9.1")},
		{"two names, one machine with IPv6", places("ns1", "9.9.9.1", "ns1", "2620:fe::1", "ns2", "9.9.9.1", "ns2", "2620:fe::1"), fails("2620:fe::1")},
		{"one speaks IPv4, the other IPv6", places("ns1", "9.9.9.1", "ns2", "2620:fe::1"), passes("2620:fe::1")},
		{"one has no address", noAddress, passes("ns2.example.hk | no address")},
		{"hidden", hidden, notFor(scanner.NAHidden)},
		{"hidden, one name", func(f *scanner.Facts) { hidden(f); f.DNS.ParentNS = []string{"ns1"} }, fails("one name server")},
		{"stopped", stopped, isUnknown(scanner.FailCancelled)},
	})
	judgeSpoilt(t, "dns.ns.same-network", soundDNS, []spoilt{
		{"two networks", nil, passes("network 9.9.9.0/24")},
		{"one network", places("ns1", "9.9.9.1", "ns2", "9.9.9.200"), fails("ns2 (9.9.9.200) | network 9.9.9.0/24")},
		{"neighbours", places("ns1", "9.9.9.1", "ns2", "9.9.8.1"), passes("network 9.9.8.0/24")},
		{"one network of each family", places("ns1", "9.9.9.1", "ns1", "2620:fe::1", "ns2", "9.9.9.2", "ns2", "2620:fe::2"), fails("network 2620:fe::/48")},
		{"two networks by IPv6 only", places("ns1", "9.9.9.1", "ns1", "2620:fe::1", "ns2", "9.9.9.2", "ns2", "2620:ff::2"), passes("network 2620:ff::/48")},
		{"one speaks IPv4, the other IPv6", places("ns1", "9.9.9.1", "ns2", "2620:fe::1"), passes("network")},
		{"a single server", places("ns1", "9.9.9.1"), notFor(scanner.NACovered)},
		{"one has no address", noAddress, notFor(scanner.NACovered)},
		{"hidden", hidden, notFor(scanner.NAHidden)},
	})
}

func TestNameServersAnswer(t *testing.T) {
	judgeSpoilt(t, "dns.ns.lame", soundDNS, []spoilt{
		{"both answer", nil, passes("ns1.example.hk (9.9.9.1) | SOA: authoritative, serial 7")},
		{"not authoritative", server(1, func(s *scanner.NameServer) { s.Authoritative = false }), fails("ns2.example.hk (8.8.8.1) | SOA: answer without AA")},
		{"refused", server(0, func(s *scanner.NameServer) { s.Rcode, s.Authoritative = "REFUSED", false }), fails("SOA: REFUSED")},
		{"no address", func(f *scanner.Facts) { f.DNS.UnresolvedNS = []string{"ns3.gone.hk"} }, fails("ns3.gone.hk | no address")},
		{"none has an address", func(f *scanner.Facts) { f.DNS.Servers, f.DNS.UnresolvedNS = nil, f.DNS.ParentNS }, fails("ns1.example.hk | no address")},
		{"one is silent", server(1, silence(scanner.FailTimeout)), warns("no answer: timeout")},
		{"one is silent over UDP", server(1, func(s *scanner.NameServer) { s.UDP, s.UDPFailure = false, failure(scanner.FailTimeout) }), warns("no answer: timeout")},
		{"one refuses", server(1, silence(scanner.FailRefused)), warns("no answer: refused")},
		{"we have no way to one", server(1, silence(scanner.FailUnreachable)), passes("ns2.example.hk (8.8.8.1) | not tested: unreachable")},
		{"a lame one beside a silent one", func(f *scanner.Facts) {
			f.DNS.Servers[0].Rcode = "SERVFAIL"
			silence(scanner.FailTimeout)(&f.DNS.Servers[1])
		}, fails("SOA: SERVFAIL")},
		{"all silent", allSilent, isUnknown(scanner.FailTimeout)},
		{"hidden", hidden, notFor(scanner.NAHidden)},
		{"no servers", func(f *scanner.Facts) { f.DNS.Servers = nil }, isUnknown(scanner.FailUnresolved)},
	})
	noTCP := func(kind scanner.FailureKind) func(*scanner.NameServer) {
		return func(s *scanner.NameServer) { s.TCP, s.TCPFailure = false, failure(kind) }
	}
	both := func(edit func(*scanner.NameServer)) func(*scanner.Facts) {
		return func(f *scanner.Facts) { edit(&f.DNS.Servers[0]); edit(&f.DNS.Servers[1]) }
	}
	judgeSpoilt(t, "dns.ns.no-tcp", soundDNS, []spoilt{
		{"both", nil, passes("answers over TCP")},
		{"one refuses", server(1, noTCP(scanner.FailRefused)), fails("ns2.example.hk (8.8.8.1) | answers over UDP, over TCP: refused")},
		{"one is silent", server(0, noTCP(scanner.FailTimeout)), fails("over TCP: timeout")},
		{"all refuse", both(noTCP(scanner.FailRefused)), fails("refused")},
		{"all silent: it may be us", both(noTCP(scanner.FailTimeout)), isUnknown(scanner.FailTimeout)},
		{"our limit", server(1, noTCP(scanner.FailLimit)), passes("not tested: limit")},
		{"dead", server(1, silence(scanner.FailTimeout)), passes("ns2.example.hk (8.8.8.1) | not tested")},
		{"all dead", allSilent, isUnknown(scanner.FailTimeout)},
		{"hidden", hidden, notFor(scanner.NAHidden)},
	})
}

func TestNameServersAgree(t *testing.T) {
	other := func(s *scanner.NameServer) { s.NS = []string{"ns1.example.hk", "ns9.example.hk"} }
	noParent := func(edit func(*scanner.NameServer)) func(*scanner.Facts) {
		return func(f *scanner.Facts) {
			f.DNS.ParentKnown = false
			if edit != nil {
				edit(&f.DNS.Servers[1])
			}
		}
	}
	judgeSpoilt(t, "dns.ns.inconsistent", soundDNS, []spoilt{
		{"agree", nil, passes("delegation of example.hk | ns1.example.hk, ns2.example.hk")},
		{"only in spelling", server(0, func(s *scanner.NameServer) { s.NS = []string{"NS2.example.hk.", "ns1.Example.hk"} }), passes("NS ns1.example.hk, ns2.example.hk")},
		{"one differs", server(1, other), fails("ns2.example.hk (8.8.8.1) | NS ns1.example.hk, ns9.example.hk")},
		{"parent differs", func(f *scanner.Facts) { f.DNS.ParentNS = []string{"ns1.example.hk"} }, fails("delegation of example.hk | ns1.example.hk")},
		{"lame servers have no say", server(1, func(s *scanner.NameServer) { other(s); s.Authoritative = false }), passes("ns1")},
		{"parent hidden, agree", noParent(nil), notFor(scanner.NAHidden)},
		{"parent hidden, differ", noParent(other), fails("ns9.example.hk")},
		{"all silent", allSilent, isUnknown(scanner.FailTimeout)},
		{"hidden", hidden, notFor(scanner.NAHidden)},
	})
	judgeSpoilt(t, "dns.soa.serial-mismatch", soundDNS, []spoilt{
		{"same", nil, passes("serial 7")},
		{"another", server(1, func(s *scanner.NameServer) { s.Serial = 8 }), warns("serial 8")},
		{"one is silent", server(1, silence(scanner.FailTimeout)), isUnknown(scanner.FailTimeout)},
		{"one is lame", server(1, func(s *scanner.NameServer) { s.Rcode, s.Serial = "REFUSED", 0 }), notFor(scanner.NACovered)},
		{"a single server", places("ns1", "9.9.9.1"), notFor(scanner.NACovered)},
		{"hidden", hidden, notFor(scanner.NAHidden)},
	})
}

func TestNameServersKeepToThemselves(t *testing.T) {
	for rule, field := range map[string]func(*scanner.NameServer) *scanner.Tristate{
		"dns.ns.open-recursion": func(s *scanner.NameServer) *scanner.Tristate { return &s.Recursion },
		"dns.ns.axfr":           func(s *scanner.NameServer) *scanner.Tristate { return &s.Transfer },
	} {
		set := func(v scanner.Tristate) func(*scanner.NameServer) {
			return func(s *scanner.NameServer) { *field(s) = v }
		}
		judgeSpoilt(t, rule, soundDNS, []spoilt{
			{"no", nil, passes("ns2.example.hk (8.8.8.1) | refused")},
			{"one does", server(1, set(scanner.Yes)), fails("ns2.example.hk (8.8.8.1) | ")},
			{"one was not clear", server(1, set(scanner.Unknown)), passes("ns2.example.hk (8.8.8.1) | not tested")},
			{"none was clear", func(f *scanner.Facts) { set("")(&f.DNS.Servers[0]); set("")(&f.DNS.Servers[1]) }, isUnknown(scanner.FailUncertain)},
			{"all silent", allSilent, isUnknown(scanner.FailTimeout)},
			{"hidden", hidden, notFor(scanner.NAHidden)},
		})
	}
}

func TestCAA(t *testing.T) {
	judgeSpoilt(t, "dns.caa.missing", soundDNS, []spoilt{
		{"there", nil, passes(`CAA 0 issue "letsencrypt.org"`)},
		{"at the parent", func(f *scanner.Facts) { f.DNS.CAAAt = "hk" }, passes("hk | CAA")},
		{"only wildcards", func(f *scanner.Facts) { f.DNS.CAA[0].Tag = "IssueWild" }, passes("IssueWild")},
		{"restricts nobody", func(f *scanner.Facts) { f.DNS.CAA[0].Tag = "iodef" }, warns("iodef")},
		{"missing", func(f *scanner.Facts) { f.DNS.CAA = nil }, fails("no CAA record")},
		{"no answer", func(f *scanner.Facts) { f.DNS.CAA, f.DNS.CAAFailure = nil, failure(scanner.FailServer) }, isUnknown(scanner.FailServer)},
	})
}

func TestWebNames(t *testing.T) {
	host := func(n int, h scanner.HostAddrs) func(*scanner.Facts) {
		return func(f *scanner.Facts) {
			h.Name = f.DNS.Hosts[n].Name
			f.DNS.Hosts[n] = h
		}
	}
	gone := scanner.HostAddrs{Exists: true, CNAMEs: []string{"old.host.example"}, Dangling: "old.host.example"}
	judgeSpoilt(t, "dns.cname.dangling", soundDNS, []spoilt{
		{"leads somewhere", nil, passes("www.example.hk | CNAME shop.host.example, 9.9.9.9")},
		{"www dangles", host(1, gone), fails("CNAME old.host.example, which does not exist").on("www.example.hk")},
		{"no www at all", host(1, scanner.HostAddrs{}), passes("www.example.hk | no such name")},
		{"www not resolved", host(1, scanner.HostAddrs{Failure: failure(scanner.FailTimeout)}), isUnknown(scanner.FailTimeout)},
		{"no names", func(f *scanner.Facts) { f.DNS.Hosts = nil }, notFor(scanner.NANoRecord)},
	})
	with := func(addr string) func(*scanner.Facts) {
		return host(1, scanner.HostAddrs{Exists: true, Addrs: []netip.Addr{ip(addr)}})
	}
	judgeSpoilt(t, "dns.address.private", soundDNS, []spoilt{
		{"public", nil, passes("AAAA 2620:fe::9")},
		{"private", with("192.168.1.5"), fails("www.example.hk | A 192.168.1.5: private network").on("www.example.hk")},
		{"loopback", with("::1"), fails("AAAA ::1")},
		{"allowed", func(f *scanner.Facts) { with("192.168.1.5")(f); f.Options.AllowPrivate = true }, notFor(scanner.NAPrivate)},
		{"not resolved", host(0, scanner.HostAddrs{Failure: failure(scanner.FailServer)}), isUnknown(scanner.FailServer)},
		{"no addresses", func(f *scanner.Facts) { f.DNS.Hosts = []scanner.HostAddrs{{Name: "example.hk", Exists: true}} }, notFor(scanner.NANoWeb)},
	})
}

// A staging site that only --connect-to leads to has no DNS, which is no fault
// and keeps no grade away.
func TestNameThatIsNotInTheDNS(t *testing.T) {
	f := &scanner.Facts{DNS: &scanner.DNSFacts{Exists: true, Failure: scanner.Failf(scanner.FailUnresolved, "not in the DNS")}}
	for _, c := range dnsChecks() {
		if got := c.Judge(f); got.Outcome != scanner.NotApplicable || got.Because != scanner.NANotInDNS {
			t.Errorf("%s: %+v", c.Rule, got)
		}
	}
}
