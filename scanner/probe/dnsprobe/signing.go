package dnsprobe

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Bounds of what is kept of a zone's signing.
const (
	maxKeys       = 32
	maxDS         = 32
	maxSignatures = 40
)

// signing collects how a zone is signed. The resolver has most of it in its
// cache after the validation. absent is a name in the zone that nobody made: the
// proof that it is not there shows how absence is proven.
func (p *Probe) signing(ctx context.Context, zone string, hosts []string, absent string) *scanner.ZoneSigning {
	out := &scanner.ZoneSigning{}
	ds, _, err := p.resolver.Sections(ctx, zone, dns.TypeDS)
	if err != nil {
		out.Failure = scanner.FailureOf(err)
		return out
	}
	keys, _, err := p.resolver.Sections(ctx, zone, dns.TypeDNSKEY)
	if err != nil {
		out.Failure = scanner.FailureOf(err)
		return out
	}
	out.Keys, out.DS = zoneKeys(keys, zone), dsRecords(ds, zone)
	if len(out.Keys) == 0 || len(out.DS) == 0 {
		return out // not signed, or nobody is told
	}
	out.Signatures = signatures(out.Signatures, keys, dns.TypeDNSKEY)
	if soa, _, err := p.resolver.Sections(ctx, zone, dns.TypeSOA); err == nil {
		out.Signatures = signatures(out.Signatures, soa, dns.TypeSOA)
	}
	for _, host := range hosts {
		for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
			if set, _, err := p.resolver.Sections(ctx, host, qtype); err == nil {
				out.Signatures = signatures(out.Signatures, set, qtype)
			}
		}
	}
	if _, proof, err := p.resolver.Sections(ctx, absent, dns.TypeA); err == nil {
		out.NSEC3 = readNSEC3(proof)
	}
	return out
}

// keysOf are the zone's keys that may sign: zone keys of protocol 3 that are not
// revoked (RFC 4034 section 2.1, RFC 5011).
func keysOf(section []dns.RR, zone string) []*dns.DNSKEY {
	var keys []*dns.DNSKEY
	for _, rr := range section {
		k, ok := rr.(*dns.DNSKEY)
		if ok && sameName(k.Hdr.Name, zone) && k.Flags&dns.ZONE != 0 && k.Flags&dns.REVOKE == 0 && k.Protocol == 3 && k.Algorithm != 0 && len(keys) < maxKeys {
			keys = append(keys, k)
		}
	}
	return keys
}

func zoneKeys(section []dns.RR, zone string) []scanner.ZoneKey {
	var keys []scanner.ZoneKey
	for _, k := range keysOf(section, zone) {
		keys = append(keys, scanner.ZoneKey{
			Tag: k.KeyTag(), Algorithm: k.Algorithm, Name: algorithmName(k.Algorithm), Bits: rsaBits(k), SEP: k.Flags&dns.SEP != 0,
		})
	}
	slices.SortFunc(keys, func(a, b scanner.ZoneKey) int {
		return cmp.Or(cmp.Compare(a.Tag, b.Tag), cmp.Compare(a.Algorithm, b.Algorithm), cmp.Compare(a.Bits, b.Bits))
	})
	return keys
}

func algorithmName(a uint8) string {
	if s := dns.AlgorithmToString[a]; s != "" {
		return s
	}
	return fmt.Sprintf("algorithm %d", a)
}

// rsaBits is the length of an RSA key's modulus (RFC 3110 section 2), 0 for
// keys of other algorithms and for what cannot be read.
func rsaBits(k *dns.DNSKEY) int {
	switch k.Algorithm {
	case dns.RSAMD5, dns.RSASHA1, dns.RSASHA1NSEC3SHA1, dns.RSASHA256, dns.RSASHA512:
	default:
		return 0
	}
	raw, err := base64.StdEncoding.DecodeString(k.PublicKey)
	if err != nil || len(raw) < 3 {
		return 0
	}
	exponent, rest := int(raw[0]), raw[1:]
	if exponent == 0 {
		exponent, rest = int(raw[1])<<8|int(raw[2]), raw[3:]
	}
	if exponent >= len(rest) {
		return 0
	}
	return new(big.Int).SetBytes(rest[exponent:]).BitLen()
}

func dsRecords(section []dns.RR, zone string) []scanner.DSRecord {
	var list []scanner.DSRecord
	for _, rr := range section {
		if ds, ok := rr.(*dns.DS); ok && sameName(ds.Hdr.Name, zone) && len(list) < maxDS {
			list = append(list, scanner.DSRecord{Tag: ds.KeyTag, Algorithm: ds.Algorithm, Digest: ds.DigestType})
		}
	}
	slices.SortFunc(list, func(a, b scanner.DSRecord) int {
		return cmp.Or(cmp.Compare(a.Tag, b.Tag), cmp.Compare(a.Algorithm, b.Algorithm), cmp.Compare(a.Digest, b.Digest))
	})
	return slices.Compact(list)
}

// signatures adds those of one type in section to list.
func signatures(list []scanner.RRSIG, section []dns.RR, covered uint16) []scanner.RRSIG {
	for _, rr := range section {
		sig, ok := rr.(*dns.RRSIG)
		if !ok || sig.TypeCovered != covered || len(list) >= maxSignatures {
			continue
		}
		list = append(list, scanner.RRSIG{
			Of: plain(sig.Hdr.Name) + " " + dns.TypeToString[covered], Tag: sig.KeyTag,
			Inception: time.Unix(int64(sig.Inception), 0).UTC(), Expiration: time.Unix(int64(sig.Expiration), 0).UTC(),
		})
	}
	return list
}

func readNSEC3(section []dns.RR) *scanner.NSEC3 {
	var out *scanner.NSEC3
	for _, rr := range section {
		if n, ok := rr.(*dns.NSEC3); ok && (out == nil || n.Iterations > out.Iterations) {
			out = &scanner.NSEC3{Iterations: n.Iterations, Salt: len(strings.Trim(n.Salt, "-")) / 2}
		}
	}
	return out
}

func sameName(a, b string) bool { return dns.CanonicalName(a) == dns.CanonicalName(b) }
