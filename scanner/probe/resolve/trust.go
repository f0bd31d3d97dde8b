package resolve

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
