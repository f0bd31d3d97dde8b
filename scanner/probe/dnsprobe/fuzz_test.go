package dnsprobe

import (
	"encoding/json"
	"testing"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// FuzzFactsOfAnswers reads whatever a name server sent into facts: they stay
// small, and can be stored and read again.
func FuzzFactsOfAnswers(f *testing.F) {
	for _, text := range []string{
		"example.hk. 300 SOA ns1.example.hk. first\\.last.example.hk. 1 2 3 4 5",
		"example.hk. 300 NS ns1.example.hk.", "example.hk. 300 CAA 0 issue \"ca.example\"", "example.hk. 300 A 192.0.2.1",
		"example.hk. 300 CDS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000", "example.hk. 300 DS 1 8 1 00",
		"example.hk. 300 DNSKEY 257 3 8 AwEAAQ==", "example.hk. 300 CDNSKEY 0 3 0 AA==",
		"example.hk. 300 RRSIG SOA 13 2 300 20260101000000 20250101000000 1 example.hk. AA==",
		"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.hk. 300 NSEC3 1 0 2500 AB 0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM A",
		"nx.example.hk. 300 NSEC \\000.nx.example.hk. TYPE128", "version.bind. 0 CH TXT \"9.18\"",
	} {
		rr, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(text, err)
		}
		m := new(dns.Msg).SetQuestion("example.hk.", rr.Header().Rrtype)
		m.Response, m.Answer, m.Ns = true, []dns.RR{rr}, []dns.RR{rr}
		wire, err := m.Pack()
		if err != nil {
			f.Fatal(text, err)
		}
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		m := new(dns.Msg)
		if m.Unpack(wire) != nil {
			return
		}
		const zone = "example.hk"
		p := probed{soa: m}
		p.readSOA(zone)
		p.NS, p.NoName, p.Child = nsNames(m, zone), readNegative(m), &scanner.ChildKeys{}
		readChild(p.Child, m.Answer, zone, keysOf(m.Answer, zone))
		facts := scanner.DNSFacts{
			Servers: []scanner.NameServer{p.NameServer},
			CAA:     caaRecords(nil, m.Answer),
			Hosts:   []scanner.HostAddrs{{Name: zone, Addrs: addresses(m.Answer)}},
			DNSSEC: scanner.DNSSEC{Signing: &scanner.ZoneSigning{
				Keys: zoneKeys(m.Answer, zone), DS: dsRecords(m.Answer, zone),
				Signatures: signatures(nil, m.Answer, dns.TypeSOA), NSEC3: readNSEC3(m.Ns),
			}},
		}
		if p.SOA != nil {
			box, _ := readMailbox(p.SOA.RName)
			facts.Contact = append(facts.Contact, box)
		}
		data, err := json.Marshal(facts)
		if err != nil || len(data) > 100<<10 {
			t.Fatalf("%d bytes of facts, %v", len(data), err)
		}
		if err := json.Unmarshal(data, new(scanner.DNSFacts)); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzMailbox: what an SOA record names becomes a mail address or none.
func FuzzMailbox(f *testing.F) {
	for _, s := range []string{"hostmaster.example.hk", `first\.last.example.hk`, `a\064b.example.hk`, `a\300b.example.hk`, `\`, "", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		box, domain := readMailbox(s)
		if box.Valid != (domain != "") {
			t.Errorf("%q: %+v with domain %q", s, box, domain)
		}
	})
}
