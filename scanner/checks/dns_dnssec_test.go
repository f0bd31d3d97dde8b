package checks

import (
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// signing makes an edit of how the zone is signed.
func signing(edit func(*scanner.ZoneSigning)) func(*scanner.Facts) {
	return func(f *scanner.Facts) { edit(f.DNS.DNSSEC.Signing) }
}

// unsigned, and what else keeps the rules about signing from a verdict.
func unsignedRows() []spoilt {
	return []spoilt{
		{"not signed", signing(func(s *scanner.ZoneSigning) { *s = scanner.ZoneSigning{} }), notFor(scanner.NANotSigned)},
		{"signed, but the parent does not say so", signing(func(s *scanner.ZoneSigning) { s.DS = nil }), notFor(scanner.NANotSigned)},
		{"the keys were not to be had", signing(func(s *scanner.ZoneSigning) { *s = scanner.ZoneSigning{Failure: failure(scanner.FailServer)} }), isUnknown(scanner.FailServer)},
		{"facts of before", func(f *scanner.Facts) { f.DNS.DNSSEC.Signing = nil }, isUnknown(scanner.FailUncertain)},
		{"facts of before, unsigned", func(f *scanner.Facts) {
			f.DNS.DNSSEC = scanner.DNSSEC{Status: scanner.Insecure}
		}, notFor(scanner.NANotSigned)},
		{"a resolver that leaves it out", func(f *scanner.Facts) {
			f.DNS.DNSSEC = scanner.DNSSEC{Status: scanner.Indeterminate, Failure: failure(scanner.FailUncertain), Signing: &scanner.ZoneSigning{}}
		}, isUnknown(scanner.FailUncertain)},
		{"no chain", func(f *scanner.Facts) {
			f.DNS.DNSSEC = scanner.DNSSEC{Status: scanner.Indeterminate, Failure: failure(scanner.FailTimeout)}
		}, isUnknown(scanner.FailTimeout)},
	}
}

func TestSigningRules(t *testing.T) {
	key := func(algorithm uint8, name string, bits int) func(*scanner.ZoneSigning) {
		return func(s *scanner.ZoneSigning) {
			s.Keys = []scanner.ZoneKey{{Tag: 9, Algorithm: algorithm, Name: name, Bits: bits}}
		}
	}
	beside := func(algorithm uint8, name string, bits int) func(*scanner.ZoneSigning) {
		return func(s *scanner.ZoneSigning) {
			s.Keys = append(s.Keys, scanner.ZoneKey{Tag: 9, Algorithm: algorithm, Name: name, Bits: bits})
		}
	}
	judgeSpoilt(t, "dns.dnssec.weak-algorithm", soundDNS, append(unsignedRows(),
		spoilt{"ECDSA", nil, passes("key 11 of example.hk | ECDSAP256SHA256")},
		spoilt{"SHA-1", signing(key(5, "RSASHA1", 2048)), fails("key 9 of example.hk | RSASHA1")},
		spoilt{"SHA-1 with NSEC3", signing(key(7, "RSASHA1-NSEC3-SHA1", 2048)), fails("RSASHA1-NSEC3-SHA1")},
		spoilt{"GOST", signing(key(12, "ECC-GOST", 0)), fails("ECC-GOST")},
		spoilt{"on its way out", signing(beside(5, "RSASHA1", 2048)), warns("RSASHA1, beside a stronger one")},
		spoilt{"SHA-256", signing(key(8, "RSASHA256", 1024)), passes("RSASHA256")},
	))
	judgeSpoilt(t, "dns.dnssec.weak-key", soundDNS, append(unsignedRows(),
		spoilt{"no RSA", nil, passes("ECDSAP256SHA256")},
		spoilt{"512", signing(key(8, "RSASHA256", 512)), fails("RSASHA256, 512 bits")},
		spoilt{"1023", signing(key(8, "RSASHA256", 1023)), fails("1023 bits")},
		spoilt{"1024", signing(key(8, "RSASHA256", 1024)), warns("1024 bits")},
		spoilt{"2047", signing(key(8, "RSASHA256", 2047)), warns("2047 bits")},
		spoilt{"2048", signing(key(8, "RSASHA256", 2048)), passes("2048 bits")},
		spoilt{"one of two", signing(beside(8, "RSASHA256", 1024)), warns("1024 bits")},
	))
	judgeSpoilt(t, "dns.dnssec.ds-digest", soundDNS, append(unsignedRows(),
		spoilt{"SHA-256", nil, passes("DS of example.hk | key 11, digest type 2 (SHA-256)")},
		spoilt{"SHA-1", signing(func(s *scanner.ZoneSigning) { s.DS[0].Digest = 1 }), fails("digest type 1 (SHA-1)")},
		spoilt{"both", signing(func(s *scanner.ZoneSigning) { s.DS = append(s.DS, scanner.DSRecord{Tag: 11, Algorithm: 13, Digest: 1}) }), passes("digest type 1")},
	))
	judgeSpoilt(t, "dns.dnssec.nsec3-iterations", soundDNS, append(unsignedRows(),
		spoilt{"none", nil, passes("0 extra iterations")},
		spoilt{"NSEC", signing(func(s *scanner.ZoneSigning) { s.NSEC3 = nil }), notFor(scanner.NANotUsed)},
		spoilt{"one", signing(func(s *scanner.ZoneSigning) { s.NSEC3.Iterations = 1 }), warns("1 extra")},
		spoilt{"100", signing(func(s *scanner.ZoneSigning) { s.NSEC3.Iterations = 100 }), warns("100 extra")},
		spoilt{"101", signing(func(s *scanner.ZoneSigning) { s.NSEC3.Iterations = 101 }), fails("101 extra")},
	))
}

func TestSignatureTimes(t *testing.T) {
	life := func(since, until time.Duration) func(*scanner.Facts) {
		return signing(func(s *scanner.ZoneSigning) {
			s.Signatures[0].Inception, s.Signatures[0].Expiration = started.Add(-since), started.Add(until)
		})
	}
	const day = 24 * time.Hour
	none := spoilt{"no signature was seen", signing(func(s *scanner.ZoneSigning) { s.Signatures = nil }), isUnknown(scanner.FailUncertain)}
	judgeSpoilt(t, "dns.dnssec.signature-expiring", soundDNS, append(unsignedRows(), none,
		spoilt{"nine days left", nil, passes("RRSIG of example.hk SOA by 11 | ends ")},
		spoilt{"one day left of fourteen", life(13*day, day), fails("ends ")},
		spoilt{"two days left", life(12*day, 2*day), passes("ends ")},
		spoilt{"made as it goes out, for a day", life(day, day), passes("ends ")},
		spoilt{"made for a day, and almost over", life(day, 2*time.Hour), fails("ends ")},
		spoilt{"over", func(f *scanner.Facts) { life(13*day, -day)(f); f.DNS.DNSSEC.Status = scanner.Bogus }, notFor(scanner.NACovered)},
	))
	judgeSpoilt(t, "dns.dnssec.signature-long", soundDNS, append(unsignedRows(), none,
		spoilt{"two weeks", nil, passes("valid for 14 days")},
		spoilt{"half a year", life(90*day, 90*day), passes("valid for 180 days")},
		spoilt{"a year", life(5*day, 360*day), fails("valid for 365 days")},
	))
}

func TestCDS(t *testing.T) {
	child := func(n int, edit func(*scanner.ChildKeys)) func(*scanner.Facts) {
		return server(n, func(s *scanner.NameServer) {
			c := *s.Child
			edit(&c)
			s.Child = &c
		})
	}
	both := func(edit func(*scanner.ChildKeys)) func(*scanner.Facts) {
		return func(f *scanner.Facts) { child(0, edit)(f); child(1, edit)(f) }
	}
	judgeSpoilt(t, "dns.dnssec.cds-mismatch", soundDNS, append(unsignedRows(),
		spoilt{"they fit", nil, passes("ns1.example.hk (9.9.9.1) | CDNSKEY 11 13, CDS 11 13 2")},
		spoilt{"none", both(func(c *scanner.ChildKeys) { *c = scanner.ChildKeys{} }), notFor(scanner.NANotUsed)},
		spoilt{"one fits no key", child(1, func(c *scanner.ChildKeys) { c.Strange = []string{"CDS 11 13 2"} }), fails("ns2.example.hk (8.8.8.1) | CDNSKEY 11 13, CDS 11 13 2; fits no key of the zone: CDS 11 13 2")},
		spoilt{"not signed by the key that the parent knows", both(func(c *scanner.ChildKeys) { c.Signed = scanner.No }), fails("not signed by a key that a DS record names")},
		spoilt{"the servers differ", child(1, func(c *scanner.ChildKeys) { *c = scanner.ChildKeys{} }), fails("neither CDS nor CDNSKEY; ns1.example.hk says otherwise")},
		spoilt{"a change is on its way", func(f *scanner.Facts) {
			child(1, func(c *scanner.ChildKeys) { *c = scanner.ChildKeys{} })(f)
			f.DNS.Servers[1].Serial++
		}, warns("says otherwise")},
		spoilt{"to be deleted", both(func(c *scanner.ChildKeys) { c.Records, c.Delete = []string{"CDS 0 0 0"}, true }), passes("CDS 0 0 0")},
		spoilt{"one was not to be asked", child(1, func(c *scanner.ChildKeys) { *c = scanner.ChildKeys{Failure: failure(scanner.FailTimeout)} }), passes("ns2.example.hk (8.8.8.1) | not tested: timeout")},
		spoilt{"none was to be asked", both(func(c *scanner.ChildKeys) { *c = scanner.ChildKeys{Failure: failure(scanner.FailTimeout)} }), isUnknown(scanner.FailTimeout)},
		spoilt{"signature unclear", both(func(c *scanner.ChildKeys) { c.Signed = "" }), isUnknown(scanner.FailUncertain)},
		spoilt{"all silent", allSilent, isUnknown(scanner.FailUnresolved)},
		spoilt{"facts of before", func(f *scanner.Facts) { f.DNS.Servers[0].Child, f.DNS.Servers[1].Child = nil, nil }, isUnknown(scanner.FailUncertain)},
	))
}
