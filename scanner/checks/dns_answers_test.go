package checks

import (
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

// each makes an edit of every name server.
func each(edit func(*scanner.NameServer)) func(*scanner.Facts) {
	return func(f *scanner.Facts) {
		for i := range f.DNS.Servers {
			edit(&f.DNS.Servers[i])
		}
	}
}

func TestHowServersAnswer(t *testing.T) {
	edns := func(fault string) func(*scanner.NameServer) {
		return func(s *scanner.NameServer) { s.EDNS, s.EDNSFault = false, fault }
	}
	judgeSpoilt(t, "dns.ns.no-edns", soundDNS, []spoilt{
		{"both", nil, passes("answers with EDNS")},
		{"one is silent", server(1, edns("silent")), fails("ns2.example.hk (8.8.8.1) | no answer to a question with EDNS")},
		{"one refuses", server(0, edns("FORMERR")), fails("answers FORMERR")},
		{"a lame one", server(0, func(s *scanner.NameServer) { edns("ignored")(s); s.Authoritative = false }), passes("answers with EDNS")},
		{"only lame ones", each(func(s *scanner.NameServer) { edns("ignored")(s); s.Authoritative = false }), notFor(scanner.NACovered)},
		{"one takes no notice", server(0, edns("ignored")), warns("without it")},
		{"only over TCP", each(func(s *scanner.NameServer) {
			edns("")(s)
			s.UDP, s.UDPFailure = false, failure(scanner.FailTimeout)
		}), isUnknown(scanner.FailTimeout)},
		{"facts of before", each(edns("")), isUnknown(scanner.FailUncertain)},
		{"all silent", allSilent, isUnknown(scanner.FailTimeout)},
		{"hidden", hidden, notFor(scanner.NAHidden)},
	})
	judgeSpoilt(t, "dns.ns.case", soundDNS, []spoilt{
		{"both", nil, passes("as it was spelt")},
		{"one changes it", server(1, func(s *scanner.NameServer) { s.CaseKept = scanner.No }), fails("ns2.example.hk (8.8.8.1) | the question came back in another spelling")},
		{"facts of before", each(func(s *scanner.NameServer) { s.CaseKept = "" }), isUnknown(scanner.FailUncertain)},
		{"all silent", allSilent, isUnknown(scanner.FailTimeout)},
		{"hidden", hidden, notFor(scanner.NAHidden)},
	})
	tells := func(text string) func(*scanner.Facts) {
		return server(0, func(s *scanner.NameServer) { s.Version, s.VersionTold = text, scanner.Yes })
	}
	judgeSpoilt(t, "dns.ns.version-disclosed", soundDNS, []spoilt{
		{"nothing", nil, passes("tells no version")},
		{"a number", tells("9.18.24-1-Debian"), fails("ns1.example.hk (9.9.9.1) | version: 9.18.24-1-Debian")},
		{"a name and a number", tells("PowerDNS Authoritative Server 4.9.1"), fails("PowerDNS")},
		{"a joke", tells("none of your business 2"), passes("none of your business")},
		{"facts of before", each(func(s *scanner.NameServer) { s.VersionTold = "" }), isUnknown(scanner.FailUncertain)},
		{"no TCP", each(func(s *scanner.NameServer) {
			s.VersionTold, s.TCP, s.TCPFailure = "", false, failure(scanner.FailRefused)
		}), isUnknown(scanner.FailRefused)},
		{"hidden", hidden, notFor(scanner.NAHidden)},
	})
}

func TestNegativeAnswers(t *testing.T) {
	name := func(n scanner.Negative) func(*scanner.Facts) {
		return server(1, func(s *scanner.NameServer) { s.NoName = &n })
	}
	kind := func(n scanner.Negative) func(*scanner.Facts) {
		return server(1, func(s *scanner.NameServer) { s.NoType = &n })
	}
	judgeSpoilt(t, "dns.ns.negative-answer", soundDNS, []spoilt{
		{"right", nil, passes("a name that does not exist: NXDOMAIN; a record that does not: NOERROR")},
		{"empty instead of NXDOMAIN", name(scanner.Negative{Rcode: "NOERROR", SOA: true}), fails("ns2.example.hk (8.8.8.1) | a name that does not exist: NOERROR instead of NXDOMAIN")},
		{"an error instead", name(scanner.Negative{Rcode: "SERVFAIL"}), fails("SERVFAIL instead of NXDOMAIN")},
		{"compact denial", name(scanner.Negative{Rcode: "NOERROR", SOA: true, Denied: true}), passes("NOERROR")},
		{"no SOA", name(scanner.Negative{Rcode: "NXDOMAIN"}), fails("NXDOMAIN without the SOA record")},
		{"a wildcard", name(scanner.Negative{Rcode: "NOERROR", Answers: 1}), passes("NOERROR")},
		{"a wildcard of another type", name(scanner.Negative{Rcode: "NOERROR", SOA: true, Wild: true}), passes("NOERROR")},
		{"the domain denied", kind(scanner.Negative{Rcode: "NXDOMAIN", SOA: true}), fails("at the domain itself: NXDOMAIN instead of an empty answer")},
		{"no SOA beside nothing", kind(scanner.Negative{Rcode: "NOERROR"}), fails("an empty answer without the SOA record")},
		{"it has one after all", kind(scanner.Negative{Rcode: "NOERROR", Answers: 1}), passes("NOERROR")},
		{"not answered", name(scanner.Negative{Failure: failure(scanner.FailTimeout)}), passes("not tested: timeout")},
		{"lame servers have no say", each(func(s *scanner.NameServer) { s.Rcode, s.NoName = "REFUSED", &scanner.Negative{Rcode: "REFUSED"} }), notFor(scanner.NACovered)},
		{"facts of before", each(func(s *scanner.NameServer) { s.NoName, s.NoType = nil, nil }), isUnknown(scanner.FailUncertain)},
		{"all silent", allSilent, isUnknown(scanner.FailTimeout)},
		{"hidden", hidden, notFor(scanner.NAHidden)},
	})
}

func TestSOARules(t *testing.T) {
	times := func(refresh, retry, expire, minimum uint32) func(*scanner.Facts) {
		return each(func(s *scanner.NameServer) {
			s.SOA = &scanner.SOA{MName: s.SOA.MName, RName: s.SOA.RName, Refresh: refresh, Retry: retry, Expire: expire, Minimum: minimum}
		})
	}
	judgeSpoilt(t, "dns.soa.timers", soundDNS, []spoilt{
		{"sound", nil, passes("refresh 14400, retry 3600, expire 1209600, minimum 3600")},
		{"the edge of sound", times(14400, 3600, 604800, 300), passes("expire 604800")},
		{"refresh", times(14399, 3600, 1209600, 3600), warns("refresh is under 14400")},
		{"retry", times(14400, 3599, 1209600, 3600), warns("retry is under 3600")},
		{"retry after refresh", times(14400, 14400, 1209600, 3600), fails("retry is not shorter than refresh")},
		{"expire", times(14400, 3600, 604799, 3600), fails("expire is under 604800")},
		{"expire beside refresh", times(90000, 3600, 604800, 3600), warns("expire is not 7 times refresh")},
		{"minimum, short", times(14400, 3600, 1209600, 299), warns("minimum is not within 300 and 86400")},
		{"minimum, long", times(14400, 3600, 1209600, 86401), warns("minimum")},
		{"a large refresh does not overflow", times(4294967295, 3600, 4294967295, 3600), warns("7 times")},
		{"facts of before", each(func(s *scanner.NameServer) { s.SOA = nil }), isUnknown(scanner.FailUncertain)},
		{"all silent", allSilent, isUnknown(scanner.FailTimeout)},
		{"hidden", hidden, notFor(scanner.NAHidden)},
	})
	contact := func(m scanner.Mailbox) func(*scanner.Facts) {
		return func(f *scanner.Facts) { f.DNS.Contact[0] = m }
	}
	judgeSpoilt(t, "dns.soa.contact", soundDNS, []spoilt{
		{"sound", nil, passes("SOA of example.hk | contact hostmaster@example.hk")},
		{"no address", contact(scanner.Mailbox{Address: "localhost"}), fails(`contact "localhost" is no mail address`)},
		{"receives no mail", contact(scanner.Mailbox{Address: "a@b.hk", Valid: true, Receives: scanner.No}), fails("contact a@b.hk, whose domain receives no mail")},
		{"not to be told", contact(scanner.Mailbox{Address: "a@b.hk", Valid: true, Failure: failure(scanner.FailTimeout)}), isUnknown(scanner.FailTimeout)},
		{"facts of before", func(f *scanner.Facts) { f.DNS.Contact = nil }, isUnknown(scanner.FailUncertain)},
		{"all silent", func(f *scanner.Facts) { allSilent(f); f.DNS.Contact = []scanner.Mailbox{} }, isUnknown(scanner.FailTimeout)},
		{"all lame", func(f *scanner.Facts) {
			each(func(s *scanner.NameServer) { s.Authoritative = false })(f)
			f.DNS.Contact = []scanner.Mailbox{}
		}, notFor(scanner.NACovered)},
		{"hidden", func(f *scanner.Facts) { hidden(f); f.DNS.Contact = []scanner.Mailbox{} }, notFor(scanner.NAHidden)},
	})
	primary := func(m scanner.PrimaryName) func(*scanner.Facts) {
		return func(f *scanner.Facts) { f.DNS.Primary[0] = m }
	}
	judgeSpoilt(t, "dns.soa.mname", soundDNS, []spoilt{
		{"one of the servers", nil, passes("SOA of example.hk | primary ns1.example.hk")},
		{"it does not exist", primary(scanner.PrimaryName{Name: "ns0.gone.hk", Exists: scanner.No}), fails("primary ns0.gone.hk, which does not exist")},
		{"in a network of its own", primary(scanner.PrimaryName{Name: "ns0.corp"}), passes("primary ns0.corp")},
		{"hidden from strangers", primary(scanner.PrimaryName{Name: "ns0.example.hk", Exists: scanner.Yes}), passes("primary ns0")},
		{"knows nothing of the zone", primary(scanner.PrimaryName{Name: "web.hk", Exists: scanner.Yes, Authoritative: scanner.No}), fails("without authority")},
		{"nobody named", primary(scanner.PrimaryName{}), passes("primary not named")},
		{"not to be told", primary(scanner.PrimaryName{Name: "x.hk", Failure: failure(scanner.FailServer)}), isUnknown(scanner.FailServer)},
		{"facts of before", func(f *scanner.Facts) { f.DNS.Primary = nil }, isUnknown(scanner.FailUncertain)},
		{"hidden", func(f *scanner.Facts) { hidden(f); f.DNS.Primary = nil }, notFor(scanner.NAHidden)},
	})
}

func TestCAAInvalid(t *testing.T) {
	caa := func(flag uint8, tag, value string) func(*scanner.Facts) {
		return func(f *scanner.Facts) {
			f.DNS.CAA = append(f.DNS.CAA, scanner.CAARecord{Flag: flag, Tag: tag, Value: value})
		}
	}
	rows := []spoilt{
		{"sound", nil, passes(`CAA 0 issue "letsencrypt.org"`)},
		{"with parameters", caa(0, "issue", "ca.example; accounturi=https://ca.example/1; validationmethods=dns-01"), passes("accounturi")},
		{"parameters with space", caa(0, "issuewild", "ca.example ; a = b ;"), passes("ca.example")},
		{"no name", caa(0, "issue", "https://ca.example"), fails("no domain name of a certificate company")},
		{"a list", caa(0, "issue", "a.example, b.example"), fails("no domain name")},
		{"quotation marks within", caa(0, "issue", `"a.example"`), fails("no domain name")},
		{"a parameter without value", caa(0, "issue", "a.example; dns-01"), fails("not of the form name=value")},
		{"all forbidden beside one allowed", caa(0, "issue", ";"), warns("forbids all, beside")},
		{"wildcards forbidden", caa(0, "issuewild", ";"), passes(`issuewild ";"`)},
		{"only forbidden", func(f *scanner.Facts) { f.DNS.CAA[0].Value = ";" }, passes(`";"`)},
		{"unknown", caa(0, "future", "x"), passes("future")},
		{"unknown and critical", caa(128, "future", "x"), fails("marked as critical: nobody may issue")},
		{"known and critical", caa(128, "issue", "ca.example"), passes("ca.example")},
		{"iodef by mail", caa(0, "iodef", "mailto:a@example.hk"), passes("mailto")},
		{"iodef bare", caa(0, "iodef", "a@example.hk"), fails("no mailto:")},
		{"contact", caa(0, "contactemail", "a@example.hk"), passes("contactemail")},
		{"empty contact", caa(0, "contactphone", " "), fails("empty")},
		{"none", func(f *scanner.Facts) { f.DNS.CAA = nil }, notFor(scanner.NANoRecord)},
		{"no answer", func(f *scanner.Facts) { f.DNS.CAAFailure = failure(scanner.FailServer) }, isUnknown(scanner.FailServer)},
	}
	judgeSpoilt(t, "dns.caa.invalid", soundDNS, rows)
}
