package resolve

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/miekg/dns"
)

// Hint is one server of the root zone.
type Hint struct {
	Name string // without trailing dot
	Addr netip.Addr
}

// Bounds of the files of hints and anchors.
const (
	maxHintsFile = 64 << 10 // bytes
	maxHints     = 64
	maxAnchors   = 16
	maxZoneLines = 1000 // records, whatever their type
)

// DefaultHints are the addresses of the IANA root servers, IPv4 first.
func DefaultHints() []Hint {
	servers := []struct{ letter, v4, v6 string }{
		{"a", "198.41.0.4", "2001:503:ba3e::2:30"},
		{"b", "170.247.170.2", "2801:1b8:10::b"},
		{"c", "192.33.4.12", "2001:500:2::c"},
		{"d", "199.7.91.13", "2001:500:2d::d"},
		{"e", "192.203.230.10", "2001:500:a8::e"},
		{"f", "192.5.5.241", "2001:500:2f::f"},
		{"g", "192.112.36.4", "2001:500:12::d0d"},
		{"h", "198.97.190.53", "2001:500:1::53"},
		{"i", "192.36.148.17", "2001:7fe::53"},
		{"j", "192.58.128.30", "2001:503:c27::2:30"},
		{"k", "193.0.14.129", "2001:7fd::1"},
		{"l", "199.7.83.42", "2001:500:9f::42"},
		{"m", "202.12.27.33", "2001:dc3::35"},
	}
	var v4, v6 []Hint
	for _, s := range servers {
		name := s.letter + ".root-servers.net"
		v4 = append(v4, Hint{name, netip.MustParseAddr(s.v4)})
		v6 = append(v6, Hint{name, netip.MustParseAddr(s.v6)})
	}
	return append(v4, v6...)
}

// ParseHints reads root hints in the form of a zone file, as "named.root" has
// them: the A and AAAA records of the names in the root's NS records, or of
// every name where there are no NS records. At most 64 kB and 64 addresses.
func ParseHints(r io.Reader) ([]Hint, error) {
	records, err := zoneFile(r, "root hints")
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, rr := range records {
		if ns, ok := rr.(*dns.NS); ok && ns.Hdr.Name == "." {
			named[dns.CanonicalName(ns.Ns)] = true
		}
	}
	var hints []Hint
	for _, rr := range records {
		addr, ok := addrOf(rr)
		name := dns.CanonicalName(rr.Header().Name)
		if !ok || (len(named) > 0 && !named[name]) {
			continue
		}
		if len(hints) == maxHints {
			return nil, fmt.Errorf("root hints: more than %d addresses", maxHints)
		}
		hints = append(hints, Hint{bare(name), addr})
	}
	if len(hints) == 0 {
		return nil, errors.New("root hints: no address of a root server; write A or AAAA records in zone file form")
	}
	return hints, nil
}

// DefaultAnchors are the DS records of the root's keys KSK-2017 (20326) and
// KSK-2024 (38696), as IANA publishes them.
func DefaultAnchors() []dns.RR {
	ds := func(tag uint16, digest string) dns.RR {
		return &dns.DS{
			Hdr:    dns.RR_Header{Name: ".", Rrtype: dns.TypeDS, Class: dns.ClassINET},
			KeyTag: tag, Algorithm: dns.RSASHA256, DigestType: dns.SHA256, Digest: digest,
		}
	}
	return []dns.RR{
		ds(20326, "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"),
		ds(38696, "683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"),
	}
}

// ParseAnchors reads the root's DS or DNSKEY records in the form of a zone
// file. At most 64 kB and 16 records.
func ParseAnchors(r io.Reader) ([]dns.RR, error) {
	records, err := zoneFile(r, "trust anchor")
	if err != nil {
		return nil, err
	}
	for _, rr := range records {
		if rr.Header().Name != "." {
			return nil, fmt.Errorf("trust anchor: a record of %q; only anchors of the root (.) are used", bare(rr.Header().Name))
		}
		switch rr.(type) {
		case *dns.DS, *dns.DNSKEY:
		default:
			return nil, fmt.Errorf("trust anchor: a %s record; write DS or DNSKEY records", dns.TypeToString[rr.Header().Rrtype])
		}
	}
	if len(records) == 0 {
		return nil, errors.New("trust anchor: no record; write DS or DNSKEY records of the root in zone file form")
	}
	if len(records) > maxAnchors {
		return nil, fmt.Errorf("trust anchor: more than %d records", maxAnchors)
	}
	return records, nil
}

func zoneFile(r io.Reader, what string) ([]dns.RR, error) {
	p := dns.NewZoneParser(io.LimitReader(r, maxHintsFile+1), ".", "")
	p.SetDefaultTTL(3600000)
	var records []dns.RR
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		if len(records) == maxZoneLines {
			return nil, fmt.Errorf("%s: more than %d records", what, maxZoneLines)
		}
		records = append(records, rr)
	}
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return records, nil
}

// addrOf is the address in an A or AAAA record.
func addrOf(rr dns.RR) (netip.Addr, bool) {
	var ip net.IP
	switch rr := rr.(type) {
	case *dns.A:
		ip = rr.A.To4()
	case *dns.AAAA:
		ip = rr.AAAA.To16()
	default:
		return netip.Addr{}, false
	}
	addr, ok := netip.AddrFromSlice(ip)
	return addr, ok
}
