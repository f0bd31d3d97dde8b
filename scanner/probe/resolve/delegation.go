package resolve

import (
	"context"
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Delegation is the zone that holds a name, as its parent delegates it.
type Delegation struct {
	Exists bool   // the name that was asked for exists
	Zone   string // without trailing dot, as all names here
	Parent string // the zone above
	NS     []string
	// Glue is the addresses that the parent gave beside the NS records.
	Glue map[string][]netip.Addr
	// Known: NS and Glue are the parent's own word. Otherwise they are the
	// zone's, because a resolver was asked or a server holds both zones.
	Known bool
}

// Delegation finds the zone that holds name, and its delegation. An error is a
// *scanner.Failure.
func (r *Resolver) Delegation(ctx context.Context, name string) (Delegation, error) {
	name, err := canonical(name)
	if err != nil {
		return Delegation{}, err
	}
	ctx = withBudget(ctx)
	find := r.walkTo
	if r.Forwarding() {
		find = r.climbFrom
	}
	z, exists, err := find(ctx, name)
	if err != nil {
		return Delegation{}, scanner.FailureOf(err)
	}
	d := Delegation{
		Exists: exists, Zone: bare(z.name), Parent: bare(z.parent), Known: z.seen,
		Glue: map[string][]netip.Addr{},
	}
	for _, host := range z.ns {
		d.NS = append(d.NS, bare(host))
		if addrs := z.glue[host]; len(addrs) > 0 {
			d.Glue[bare(host)] = slices.Clone(addrs)
		}
	}
	return d, nil
}

// walkTo goes down from the lowest zone known, one label at a time, so that no
// zone cut is missed where a server holds several zones.
func (r *Resolver) walkTo(ctx context.Context, name string) (z *zone, exists bool, err error) {
	z = r.deepest(name, dns.TypeNS)
	for at := z.name; at != name; {
		next := childToward(at, name)
		rep, err := r.askZone(ctx, z, question{next, dns.TypeNS})
		if err != nil {
			return nil, false, err
		}
		at = next
		switch {
		case rep.kind == referral:
			z = r.keep(rep.child)
			at = z.name
		case rep.msg.Rcode == dns.RcodeNameError && next == name:
			return z, false, nil
		case rep.msg.Rcode == dns.RcodeNameError:
			// Old servers deny names that only have names below them.
			rep, err := r.askZone(ctx, z, question{name, dns.TypeNS})
			if err != nil || rep.msg.Rcode == dns.RcodeNameError {
				return z, false, err
			}
		default:
			if own := r.ownCut(rep, z, next); own != nil {
				z = own
			}
		}
	}
	return z, true, nil
}

// climbFrom goes up from name to the first name with an SOA record, asking the
// given resolvers, and then asks the parent's servers for the delegation.
func (r *Resolver) climbFrom(ctx context.Context, name string) (*zone, bool, error) {
	apex, exists, err := r.apexOf(ctx, name)
	if err != nil || apex == "." {
		return r.root, exists, err
	}
	if z, ok := r.zones.of(apex).get(apex); ok {
		return z, exists, nil
	}
	rep, err := r.askZone(ctx, nil, question{apex, dns.TypeNS})
	if err != nil {
		return nil, false, err
	}
	parent, _, err := r.apexOf(ctx, parentOf(apex))
	if err != nil {
		parent = parentOf(apex)
	}
	z := readServers(rep.records(apex, dns.TypeNS), nil, parent, apex, false)
	if referred := r.askParent(ctx, parent, apex); referred != nil {
		z = referred
	}
	return r.keep(z), exists, nil
}

// apexOf is the apex of the zone that holds name, by the given resolvers.
func (r *Resolver) apexOf(ctx context.Context, name string) (apex string, exists bool, err error) {
	exists = true
	for at := name; at != "."; at = parentOf(at) {
		rep, err := r.askZone(ctx, nil, question{at, dns.TypeSOA})
		if err != nil {
			return "", false, err
		}
		if at == name && rep.msg.Rcode == dns.RcodeNameError && len(rep.records(at, dns.TypeCNAME)) == 0 {
			exists = false
		}
		if len(rep.records(at, dns.TypeSOA)) > 0 {
			return at, exists, nil
		}
		if soa := rep.soaFor(at); soa != nil && len(rep.records(at, dns.TypeCNAME)) == 0 && soa.Hdr.Name != at {
			return soa.Hdr.Name, exists, nil
		}
	}
	return ".", exists, nil
}

// askParent asks a few servers of the parent zone for the delegation of apex;
// nil where they cannot be asked from here, or hold apex themselves.
func (r *Resolver) askParent(ctx context.Context, parent, apex string) *zone {
	var up *zone
	if parent == "." {
		up = r.root
	} else {
		rep, err := r.askZone(ctx, nil, question{parent, dns.TypeNS})
		if err != nil {
			return nil
		}
		up = readServers(rep.records(parent, dns.TypeNS), nil, ".", parent, false)
		if r.findServers(ctx, up, up.ns) != nil {
			return nil
		}
	}
	eps, _ := up.endpoints()
	eps = r.health.order(eps)
	rep, err := r.askServers(ctx, parent, eps[:min(2, len(eps))], question{apex, dns.TypeNS})
	if err != nil || rep.kind != referral || rep.child.name != apex {
		return nil
	}
	return rep.child
}
