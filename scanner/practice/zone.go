package practice

import (
	"crypto"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// zone is one signed zone in memory.
type zone struct {
	name  string // with a final dot
	sets  map[string]map[uint16][]dns.RR
	names []string // owners that have an NSEC record, in canonical order
	cuts  []string // delegations
}

// zoneKey signs a whole zone: one key, which is enough for a lesson.
type zoneKey struct {
	record *dns.DNSKEY
	signer crypto.Signer
}

func newZoneKey(name string) (*zoneKey, error) {
	k := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: name, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: ttl},
		Flags: dns.ZONE | dns.SEP, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	for {
		priv, err := k.Generate(256)
		if err != nil {
			return nil, err
		}
		// One key in 65,536 has the tag 0, with which the library does not sign.
		if k.KeyTag() != 0 {
			return &zoneKey{record: k, signer: priv.(crypto.Signer)}, nil
		}
	}
}

const ttl = 60 // seconds; faults are switched while a class looks on

// newZone reads text in zone-file form and signs every set of records.
func newZone(name, text string, key *zoneKey, now time.Time) (*zone, error) {
	z := &zone{name: name, sets: map[string]map[uint16][]dns.RR{}}
	p := dns.NewZoneParser(strings.NewReader(text), name, "")
	p.SetDefaultTTL(ttl)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		z.add(rr)
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	z.add(key.record)
	for owner, types := range z.sets {
		if owner != name && types[dns.TypeNS] != nil {
			z.cuts = append(z.cuts, owner)
		}
	}
	for owner := range z.sets {
		if cut := z.cutAbove(owner); cut == "" || cut == owner { // not glue
			z.names = append(z.names, owner)
		}
	}
	slices.SortFunc(z.names, canonical)
	for i, owner := range z.names {
		types := []uint16{dns.TypeRRSIG, dns.TypeNSEC}
		for t := range z.sets[owner] {
			types = append(types, t)
		}
		slices.Sort(types)
		z.add(&dns.NSEC{
			Hdr:        dns.RR_Header{Name: owner, Rrtype: dns.TypeNSEC, Class: dns.ClassINET, Ttl: ttl},
			NextDomain: z.names[(i+1)%len(z.names)], TypeBitMap: types,
		})
	}
	for _, owner := range z.names {
		for t, set := range z.sets[owner] {
			if t == dns.TypeRRSIG || (z.cutAbove(owner) == owner && t != dns.TypeDS && t != dns.TypeNSEC) {
				continue // a delegation's NS set belongs to the child
			}
			sig := &dns.RRSIG{
				Hdr:       dns.RR_Header{Name: owner, Rrtype: dns.TypeRRSIG, Class: dns.ClassINET, Ttl: ttl},
				Algorithm: key.record.Algorithm, KeyTag: key.record.KeyTag(), SignerName: name,
				Inception: uint32(now.Add(-time.Hour).Unix()), Expiration: uint32(now.AddDate(0, 0, 30).Unix()),
			}
			if err := sig.Sign(key.signer, set); err != nil {
				return nil, err
			}
			z.add(sig)
		}
	}
	return z, nil
}

func (z *zone) add(rr dns.RR) {
	owner := strings.ToLower(rr.Header().Name)
	if z.sets[owner] == nil {
		z.sets[owner] = map[uint16][]dns.RR{}
	}
	t := rr.Header().Rrtype
	z.sets[owner][t] = append(z.sets[owner][t], rr)
}

// canonical is the order of RFC 4034 section 6.1.
func canonical(a, b string) int {
	x, y := dns.SplitDomainName(a), dns.SplitDomainName(b)
	slices.Reverse(x)
	slices.Reverse(y)
	return slices.Compare(x, y)
}

// cutAbove returns the delegation at or above name, or "".
func (z *zone) cutAbove(name string) string {
	for _, cut := range z.cuts {
		if dns.IsSubDomain(cut, name) {
			return cut
		}
	}
	return ""
}

// set returns the records of a type with their signatures.
func (z *zone) set(owner string, t uint16, sigs bool) []dns.RR {
	out := slices.Clone(z.sets[owner][t])
	if !sigs {
		return out
	}
	for _, rr := range z.sets[owner][dns.TypeRRSIG] {
		if sig, ok := rr.(*dns.RRSIG); ok && sig.TypeCovered == t {
			out = append(out, rr)
		}
	}
	return out
}

// covering is the owner whose NSEC record spans name.
func (z *zone) covering(name string) string {
	i, found := slices.BinarySearchFunc(z.names, name, canonical)
	if found {
		return z.names[i]
	}
	return z.names[(i+len(z.names)-1)%len(z.names)]
}

// exists tells whether name or anything below it is in the zone.
func (z *zone) exists(name string) bool {
	for owner := range z.sets {
		if dns.IsSubDomain(name, owner) {
			return true
		}
	}
	return false
}
