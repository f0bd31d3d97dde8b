package resolve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// trust is what the chain from the anchor says about one zone.
type trust struct {
	zone   string
	status scanner.DNSSECStatus
	reason string
	err    error         // why it is indeterminate
	keys   []*dns.DNSKEY // its keys, where they are known; proven when secure
	parent *trust        // nil for the root
}

// step is what the way down finds at a name: nil trust means that no zone
// begins there.
type step struct{ trust *trust }

// How long a zone's state is believed, and a failure to find it out.
const (
	trustTTL       = 10 * time.Minute
	trustFailedTTL = 5 * time.Second
)

func (t *trust) fails(status scanner.DNSSECStatus, reason string) *trust {
	t.status, t.reason = status, reason
	return t
}

func (t *trust) unknown(err error) *trust {
	t.status, t.err = scanner.Indeterminate, err
	return t
}

// links lists the chain, the root first.
func (t *trust) links() []scanner.DNSSECLink {
	var links []scanner.DNSSECLink
	for ; t != nil; t = t.parent {
		l := scanner.DNSSECLink{Zone: bare(t.zone), Status: t.status}
		for _, k := range t.keys {
			l.KeyTags = append(l.KeyTags, k.KeyTag())
			l.Algorithms = append(l.Algorithms, algorithmName(k.Algorithm))
		}
		slices.Sort(l.KeyTags)
		slices.Sort(l.Algorithms)
		l.Algorithms = slices.Compact(l.Algorithms)
		links = append(links, l)
	}
	slices.Reverse(links)
	return links
}

func algorithmName(a uint8) string {
	if s := dns.AlgorithmToString[a]; s != "" {
		return s
	}
	return fmt.Sprintf("algorithm %d", a)
}

// trustOf follows the chain from the root to name, and returns the state of the
// lowest zone on the way, or of the first that is not secure.
func (r *Resolver) trustOf(ctx context.Context, name string) *trust {
	t := r.trustAt(ctx, nil, ".")
	for at := "."; at != name && t.status == scanner.Secure; {
		at = childToward(at, name)
		if next := r.trustAt(ctx, t, at); next != nil {
			t = next
		}
	}
	return t
}

// trustAt is the state of the zone that begins at name, below the secure zone
// above; nil if none does. Each is worked out once and remembered.
func (r *Resolver) trustAt(ctx context.Context, above *trust, name string) *trust {
	part := r.trusts.of(name)
	if s, ok := part.get(name); ok {
		return s.trust
	}
	s, err := r.trusting.do(ctx, name, func(ctx context.Context) (*step, error) {
		if s, ok := part.get(name); ok {
			return s, nil
		}
		s := &step{}
		if above == nil {
			s.trust = r.trustRoot(ctx)
		} else {
			s.trust = r.trustBelow(ctx, above, name)
		}
		ttl := trustTTL
		if s.trust != nil && s.trust.err != nil {
			if ctx.Err() != nil || errors.Is(s.trust.err, errSpent) {
				return nil, s.trust.err // this look-up's trouble alone
			}
			ttl = trustFailedTTL
		}
		part.put(name, s, 1, ttl)
		return s, nil
	})
	if err != nil {
		return (&trust{zone: name, parent: above}).unknown(err)
	}
	return s.trust
}

// trustRoot checks the root's keys against the trust anchors. Where they do not
// fit, the fault lies with this network or with the anchors, not with any
// domain: nothing can be told.
func (r *Resolver) trustRoot(ctx context.Context) *trust {
	t := &trust{zone: "."}
	rep, err := r.ask(ctx, ".", dns.TypeDNSKEY)
	if err != nil {
		return t.unknown(err)
	}
	if f := r.proveKeys(t, rep, r.anchors, "the trust anchor"); f != nil {
		return t.unknown(scanner.Failf(scanner.FailUncertain, "the root could not be validated: "+f.reason))
	}
	return t
}

// trustBelow looks for a zone cut at name, below the secure zone above.
func (r *Resolver) trustBelow(ctx context.Context, above *trust, name string) *trust {
	t := &trust{zone: name, parent: above}
	rep, err := r.ask(ctx, name, dns.TypeDS)
	if err != nil {
		return t.unknown(err)
	}
	set := rep.records(name, dns.TypeDS)
	if len(set) == 0 {
		return r.trustWithoutDS(ctx, t, rep)
	}
	if _, f := r.verify(above, rep.msg.Answer, set); f != nil {
		return r.blame(ctx, t, f)
	}
	usable := usableDS(set)
	keys, err := r.ask(ctx, name, dns.TypeDNSKEY)
	if len(usable) == 0 {
		if err == nil {
			t.keys = zoneKeys(keys, name)
		}
		return t.fails(scanner.Insecure, fmt.Sprintf("%s uses only algorithms that do not count: %s", bare(name), dsAlgorithms(set)))
	}
	if err != nil {
		return t.unknown(err)
	}
	if f := r.proveKeys(t, keys, usable, "the DS record at "+bare(above.zone)); f != nil {
		return r.blame(ctx, t, f)
	}
	return t
}

// trustWithoutDS: there is no DS record at t.zone; does the zone above prove it?
func (r *Resolver) trustWithoutDS(ctx context.Context, t *trust, rep *reply) *trust {
	above := t.parent
	if alias := rep.records(t.zone, dns.TypeCNAME); len(alias) > 0 {
		if _, f := r.verify(above, rep.msg.Answer, alias); f != nil {
			return r.blame(ctx, t, f)
		}
		return nil
	}
	d, f := r.denialOf(above, rep.msg.Ns)
	if f != nil {
		return r.blame(ctx, t, f)
	}
	cut, why := d.deniesDS(t.zone)
	switch cut {
	case cutNone:
		return nil
	case cutUnsigned:
		reason := fmt.Sprintf("%s has no DS record at %s (%s)", bare(t.zone), bare(above.zone), why)
		if keys, err := r.ask(ctx, t.zone, dns.TypeDNSKEY); err == nil {
			t.keys = zoneKeys(keys, t.zone)
		}
		if len(t.keys) > 0 {
			reason += ", though it is signed"
		}
		return t.fails(scanner.Insecure, reason)
	}
	return r.blame(ctx, t, &fault{
		status: scanner.Bogus, absent: true,
		reason: fmt.Sprintf("%s does not prove that %s has no DS record", bare(above.zone), bare(t.zone)),
	})
}

// blame turns a fault into the state of t. What a given resolver leaves out is
// not held against the domain.
func (r *Resolver) blame(ctx context.Context, t *trust, f *fault) *trust {
	if f.absent && r.Forwarding() && r.strips(ctx) {
		return t.unknown(scanner.Failf(scanner.FailUncertain, "the resolver leaves out DNSSEC records, so that nothing can be validated through it"))
	}
	if f.status == scanner.Indeterminate {
		return t.unknown(scanner.Failf(scanner.FailUncertain, f.reason))
	}
	return t.fails(f.status, f.reason)
}

// strips tells whether the given resolvers leave signatures and proofs out of
// answers from the root, which has them.
func (r *Resolver) strips(ctx context.Context) bool {
	positive, err := r.ask(ctx, ".", dns.TypeSOA)
	if err != nil || len(signatures(positive.msg.Answer, ".", dns.TypeSOA)) == 0 {
		return true
	}
	negative, err := r.ask(ctx, ".", dns.TypeTXT)
	if err != nil {
		return true
	}
	for _, rr := range negative.msg.Ns {
		h := rr.Header()
		if (h.Rrtype == dns.TypeNSEC || h.Rrtype == dns.TypeNSEC3) && len(signatures(negative.msg.Ns, h.Name, h.Rrtype)) > 0 {
			return false
		}
	}
	return true
}

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
