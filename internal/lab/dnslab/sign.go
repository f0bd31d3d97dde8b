package dnslab

import (
	"crypto"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Signing says how a zone is signed.
type Signing struct {
	Algorithm  uint8 // 0: ECDSAP256SHA256
	Bits       int   // of an RSA key; 0: 2048
	NSEC3      bool
	OptOut     bool   // NSEC3 without unsigned delegations
	Iterations uint16 // of NSEC3
	Expire     time.Time
	Begin      time.Time

	// What may be wrong with it:

	WrongDS bool  // the parent's DS is of another key
	NoDS    bool  // the parent has none
	Digest  uint8 // of the parent's DS; 0: SHA-256
	// CDS: the zone has a CDS record, of its key or, where StrangeCDS is set, of
	// another. CDSByOther signs it with the key that the parent does not know.
	CDS, StrangeCDS, CDSByOther bool
	// Forget leaves out signatures of these types.
	Forget []uint16
	// Break spoils the signatures of these types.
	Break []uint16
}

type key struct {
	public  *dns.DNSKEY
	private crypto.Signer
}

func (s *Signing) newKey(zone string, flags uint16) (*key, error) {
	k := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: zone, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 300},
		Flags: flags, Protocol: 3, Algorithm: s.Algorithm,
	}
	bits := s.Bits
	switch s.Algorithm {
	case dns.ECDSAP256SHA256, dns.ED25519:
		bits = 256
	case dns.ECDSAP384SHA384:
		bits = 384
	default:
		if bits == 0 {
			bits = 2048
		}
	}
	private, err := k.Generate(bits)
	for err == nil && k.KeyTag() == 0 { // one in 65,536, with which the library does not sign
		private, err = k.Generate(bits)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%T cannot sign", private)
	}
	return &key{k, signer}, nil
}

// sign makes keys, puts in the DS records of the lab's zones right below, the
// NSEC or NSEC3 chain and all signatures. keys[0] signs keys, keys[1] the rest.
func (z *Zone) sign(l *Lab) error {
	s := z.Sign
	if s.Algorithm == 0 {
		s.Algorithm = dns.ECDSAP256SHA256
	}
	if s.Expire.IsZero() {
		s.Expire = Now().Add(10 * 24 * time.Hour)
	}
	if s.Begin.IsZero() {
		s.Begin = Now().Add(-5 * 24 * time.Hour)
	}
	for _, flags := range []uint16{dns.ZONE | dns.SEP, dns.ZONE} {
		k, err := s.newKey(z.Name, flags)
		if err != nil {
			return err
		}
		z.keys = append(z.keys, k)
		z.Add(k.public)
	}
	if s.CDS || s.StrangeCDS {
		if err := z.addCDS(); err != nil {
			return err
		}
	}
	for _, cut := range z.cuts {
		if child := l.Zones[cut]; child != nil && child.Sign != nil && !child.Sign.NoDS {
			ds, err := child.ds()
			if err != nil {
				return err
			}
			z.Add(ds)
		}
	}
	z.chain()
	for _, name := range z.names {
		for t, set := range z.sets[name] {
			if slices.Contains(z.cuts, name) && t != dns.TypeDS {
				continue // the child's, or glue
			}
			if err := z.signSet(set); err != nil {
				return err
			}
		}
	}
	for _, rr := range z.gaps {
		if err := z.signSet([]dns.RR{rr}); err != nil {
			return err
		}
	}
	return nil
}

func (z *Zone) signSet(set []dns.RR) error {
	h := set[0].Header()
	if slices.Contains(z.Sign.Forget, h.Rrtype) {
		return nil
	}
	k := z.keys[1]
	if h.Rrtype == dns.TypeDNSKEY || (h.Rrtype == dns.TypeCDS && !z.Sign.CDSByOther) {
		k = z.keys[0]
	}
	sig := &dns.RRSIG{
		Hdr:        dns.RR_Header{Name: h.Name, Rrtype: dns.TypeRRSIG, Class: dns.ClassINET, Ttl: h.Ttl},
		Algorithm:  k.public.Algorithm,
		Expiration: uint32(z.Sign.Expire.Unix()), Inception: uint32(z.Sign.Begin.Unix()),
		KeyTag: k.public.KeyTag(), SignerName: z.Name,
	}
	if err := sig.Sign(k.private, set); err != nil {
		return err
	}
	if slices.Contains(z.Sign.Break, h.Rrtype) {
		sig.OrigTtl++
	}
	if z.sigs[h.Name] == nil {
		z.sigs[h.Name] = map[uint16][]dns.RR{}
	}
	z.sigs[h.Name][h.Rrtype] = append(z.sigs[h.Name][h.Rrtype], sig)
	return nil
}

func (z *Zone) ds() (*dns.DS, error) {
	k := z.keys[0].public
	if z.Sign.WrongDS {
		other, err := z.Sign.newKey(z.Name, dns.ZONE|dns.SEP)
		if err != nil {
			return nil, err
		}
		k = other.public
	}
	digest := z.Sign.Digest
	if digest == 0 {
		digest = dns.SHA256
	}
	ds := k.ToDS(digest)
	ds.Hdr.Ttl = 300
	return ds, nil
}

// Anchors are DS records of the lab's root.
func (l *Lab) Anchors() []dns.RR {
	ds, err := l.Zones["."].ds()
	if err != nil {
		l.tb.Fatal(err)
	}
	return []dns.RR{ds}
}

func (z *Zone) addCDS() error {
	k := z.keys[0]
	if z.Sign.StrangeCDS {
		var err error
		if k, err = z.Sign.newKey(z.Name, dns.ZONE|dns.SEP); err != nil {
			return err
		}
	}
	z.Add(k.public.ToDS(dns.SHA256).ToCDS())
	return nil
}

// KeyTags are the tags of the key that signs keys and of the one for the rest.
func (z *Zone) KeyTags() (ksk, zsk uint16) {
	return z.keys[0].public.KeyTag(), z.keys[1].public.KeyTag()
}

// chain makes the NSEC or NSEC3 records.
func (z *Zone) chain() {
	if !z.Sign.NSEC3 {
		for i, name := range z.names {
			z.gaps = append(z.gaps, &dns.NSEC{
				Hdr:        dns.RR_Header{Name: name, Rrtype: dns.TypeNSEC, Class: dns.ClassINET, Ttl: 300},
				NextDomain: z.names[(i+1)%len(z.names)], TypeBitMap: z.types(name, dns.TypeNSEC),
			})
		}
		return
	}
	var hashed []*dns.NSEC3
	flags := uint8(0)
	if z.Sign.OptOut {
		flags = 1
	}
	for _, name := range z.withEmpty() {
		if z.Sign.OptOut && slices.Contains(z.cuts, name) && z.sets[name][dns.TypeDS] == nil {
			continue
		}
		hash := dns.HashName(name, dns.SHA1, z.Sign.Iterations, "AB")
		n := &dns.NSEC3{
			Hdr:  dns.RR_Header{Name: strings.ToLower(hash) + "." + strings.TrimPrefix(z.Name, "."), Rrtype: dns.TypeNSEC3, Class: dns.ClassINET, Ttl: 300},
			Hash: dns.SHA1, Flags: flags, Iterations: z.Sign.Iterations, SaltLength: 1, Salt: "AB", HashLength: 20,
		}
		if z.sets[name] != nil {
			n.TypeBitMap = z.types(name, 0)
		}
		hashed = append(hashed, n)
	}
	slices.SortFunc(hashed, func(a, b *dns.NSEC3) int { return strings.Compare(a.Hdr.Name, b.Hdr.Name) })
	for i, n := range hashed {
		next, _, _ := strings.Cut(hashed[(i+1)%len(hashed)].Hdr.Name, ".")
		n.NextDomain = strings.ToUpper(next)
		z.gaps = append(z.gaps, n)
	}
}

// withEmpty is every name of the zone and those between that have no records.
func (z *Zone) withEmpty() []string {
	all := slices.Clone(z.names)
	for _, name := range z.names {
		for n := name; n != z.Name; {
			i, end := dns.NextLabel(n, 0)
			if end {
				break
			}
			if n = n[i:]; !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return all
}

func (z *Zone) types(name string, own uint16) []uint16 {
	var types []uint16
	for t := range z.sets[name] {
		if !slices.Contains(z.cuts, name) || t == dns.TypeNS || t == dns.TypeDS {
			types = append(types, t)
		}
	}
	if !slices.Contains(z.cuts, name) || z.sets[name][dns.TypeDS] != nil || own != 0 {
		types = append(types, dns.TypeRRSIG)
	}
	if own != 0 {
		types = append(types, own)
	}
	slices.Sort(types)
	return types
}

type gap int

const (
	gapMatch gap = iota // the record of a name
	gapCover            // the record in whose gap a name lies
)

// proof is the NSEC or NSEC3 records that show what a name has, or that it is
// not there, with signatures.
func (z *Zone) proof(name string, kind gap) []dns.RR {
	if z.Sign == nil {
		return nil
	}
	var out []dns.RR
	add := func(rr dns.RR) {
		out = append(append(out, rr), z.sigs[rr.Header().Name][rr.Header().Rrtype]...)
	}
	for _, rr := range z.gaps {
		if n, ok := rr.(*dns.NSEC); ok {
			last := n.NextDomain == z.Name
			covers := canonicalOrder(n.Hdr.Name, name) < 0 && (last || canonicalOrder(name, n.NextDomain) < 0)
			if n.Hdr.Name == name || (covers && (kind == gapCover || z.sets[name] == nil)) {
				add(n)
			}
		}
	}
	if z.Sign.NSEC3 {
		z.proof3(name, kind, add)
	}
	return out
}

func (z *Zone) proof3(name string, kind gap, add func(dns.RR)) {
	match := func(name string) bool {
		for _, rr := range z.gaps {
			if n := rr.(*dns.NSEC3); n.Match(name) {
				add(n)
				return true
			}
		}
		return false
	}
	if kind == gapMatch && match(name) {
		return
	}
	next := name
	for at := name; at != z.Name; {
		next = at
		i, end := dns.NextLabel(at, 0)
		if at = "."; !end {
			at = next[i:]
		}
		if match(at) {
			break
		}
	}
	for _, rr := range z.gaps {
		if n := rr.(*dns.NSEC3); n.Cover(next) {
			add(n)
		}
	}
}

// canonicalOrder is that of RFC 4034 section 6.1, for the plain names of labs.
func canonicalOrder(a, b string) int {
	x, y := dns.SplitDomainName(a), dns.SplitDomainName(b)
	slices.Reverse(x)
	slices.Reverse(y)
	return slices.Compare(x, y)
}
