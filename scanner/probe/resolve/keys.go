package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// proveKeys takes the zone's keys from an answer and checks that one that an
// anchor names has signed them (RFC 4035 section 5.2).
func (r *Resolver) proveKeys(t *trust, rep *reply, anchors []dns.RR, whence string) *fault {
	set := rep.records(t.zone, dns.TypeDNSKEY)
	if len(set) == 0 {
		return &fault{status: scanner.Bogus, absent: true, reason: fmt.Sprintf("%s has no DNSKEY, though %s names one", bare(t.zone), whence)}
	}
	t.keys = zoneKeys(rep, t.zone)
	entry := &trust{zone: t.zone}
	for _, k := range t.keys {
		if slices.ContainsFunc(anchors, func(a dns.RR) bool { return names(a, k) }) {
			entry.keys = append(entry.keys, k)
		}
	}
	if len(entry.keys) == 0 {
		return &fault{status: scanner.Bogus, reason: fmt.Sprintf("no DNSKEY of %s (%s) is the one that %s names (%s)", bare(t.zone), tagsOf(t.keys), whence, anchorTags(anchors))}
	}
	if _, f := r.verify(entry, rep.msg.Answer, set); f != nil {
		return f
	}
	t.status = scanner.Secure
	return nil
}

// names tells whether anchor, a DS or DNSKEY record, names k.
func names(anchor dns.RR, k *dns.DNSKEY) bool {
	switch a := anchor.(type) {
	case *dns.DNSKEY:
		return a.Algorithm == k.Algorithm && a.Protocol == k.Protocol && a.PublicKey == k.PublicKey && a.Flags|dns.SEP == k.Flags|dns.SEP
	case *dns.DS:
		if a.KeyTag != k.KeyTag() || a.Algorithm != k.Algorithm {
			return false
		}
		ds := k.ToDS(a.DigestType)
		return ds != nil && strings.EqualFold(ds.Digest, a.Digest)
	}
	return false
}

// zoneKeys are the keys that may sign the zone's data: zone keys of protocol 3,
// not revoked (RFC 4034 section 2.1, RFC 5011).
func zoneKeys(rep *reply, name string) []*dns.DNSKEY {
	var keys []*dns.DNSKEY
	for _, rr := range rep.records(name, dns.TypeDNSKEY) {
		k, ok := rr.(*dns.DNSKEY)
		if ok && k.Flags&dns.ZONE != 0 && k.Flags&dns.REVOKE == 0 && k.Protocol == 3 && len(keys) < maxKeys {
			keys = append(keys, k)
		}
	}
	return keys
}

// usableDS are the DS records that we can follow; SHA-1 digests only where
// there is no better one (RFC 4509 section 3).
func usableDS(set []dns.RR) []dns.RR {
	var strong, sha1 []dns.RR
	for _, rr := range set {
		ds, ok := rr.(*dns.DS)
		if !ok || !supported(ds.Algorithm) {
			continue
		}
		switch ds.DigestType {
		case dns.SHA256, dns.SHA384:
			strong = append(strong, ds)
		case dns.SHA1:
			sha1 = append(sha1, ds)
		}
	}
	if len(strong) > 0 {
		return strong
	}
	return sha1
}

func dsAlgorithms(set []dns.RR) string {
	var names []string
	for _, rr := range set {
		if ds, ok := rr.(*dns.DS); ok {
			names = append(names, fmt.Sprintf("%s with digest type %d", algorithmName(ds.Algorithm), ds.DigestType))
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

func tagsOf(keys []*dns.DNSKEY) string {
	var tags []uint16
	for _, k := range keys {
		tags = append(tags, k.KeyTag())
	}
	return listTags(tags)
}

func anchorTags(anchors []dns.RR) string {
	var tags []uint16
	for _, a := range anchors {
		switch a := a.(type) {
		case *dns.DS:
			tags = append(tags, a.KeyTag)
		case *dns.DNSKEY:
			tags = append(tags, a.KeyTag())
		}
	}
	return listTags(tags)
}

func listTags(tags []uint16) string {
	slices.Sort(tags)
	tags = slices.Compact(tags)
	if len(tags) == 0 {
		return "none"
	}
	var out []string
	for _, tag := range tags {
		out = append(out, fmt.Sprint(tag))
	}
	return strings.Join(out, ", ")
}
