package resolve

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// zone is a zone with its name servers. Its addresses grow as names are looked
// up; the rest does not change.
type zone struct {
	name   string
	parent string
	ns     []string // canonical
	// seen: the delegation was given by a server of the parent zone, as a
	// referral. Otherwise it is the zone's own word.
	seen bool
	glue map[string][]netip.Addr // as the parent gave it

	mu    sync.Mutex
	addrs map[string][]netip.Addr
	// via is a server that has answered for the zone, for want of any address.
	via *endpoint
}

// readServers makes a zone of the NS records at name, with the addresses given
// beside them for servers within the bailiwick of parent, the zone whose server
// said it.
func readServers(records, extra []dns.RR, parent, name string, seen bool) *zone {
	z := &zone{name: name, parent: parent, seen: seen, glue: map[string][]netip.Addr{}, addrs: map[string][]netip.Addr{}}
	for _, rr := range records {
		ns, ok := rr.(*dns.NS)
		if !ok || ns.Hdr.Name != name || len(z.ns) == maxServers {
			continue
		}
		if host := dns.CanonicalName(ns.Ns); !slices.Contains(z.ns, host) {
			z.ns = append(z.ns, host)
		}
	}
	slices.Sort(z.ns)
	for _, rr := range extra {
		addr, ok := addrOf(rr)
		host := dns.CanonicalName(rr.Header().Name)
		if !ok || rr.Header().Class != dns.ClassINET || !slices.Contains(z.ns, host) || !dns.IsSubDomain(parent, host) {
			continue
		}
		z.add(host, addr)
		z.glue[host] = z.addrs[host]
	}
	return z
}

// add notes an address of a server.
func (z *zone) add(host string, addr netip.Addr) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if !slices.Contains(z.ns, host) {
		z.ns = append(z.ns, host)
	}
	if list := z.addrs[host]; len(list) < maxAddrs && !slices.Contains(list, addr) {
		z.addrs[host] = append(slices.Clip(list), addr)
	}
}

// endpoints are the addresses known so far, and the names without any.
func (z *zone) endpoints() (eps []endpoint, without []string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, host := range z.ns {
		for _, addr := range z.addrs[host] {
			eps = append(eps, Server{bare(host), addr}.endpoint())
		}
		if len(z.addrs[host]) == 0 {
			without = append(without, host)
		}
	}
	if len(eps) == 0 && z.via != nil {
		eps = []endpoint{*z.via}
	}
	return eps, without
}

type pathKey struct{}

// path is the zones whose servers are being looked up, one for the sake of the
// other.
type path struct {
	zone  string
	depth int
	up    *path
}

// enter notes in ctx that the servers of z are being looked up; an error says
// that this is going in circles, or too deep.
func enter(ctx context.Context, z *zone) (context.Context, error) {
	up, _ := ctx.Value(pathKey{}).(*path)
	for p := up; p != nil; p = p.up {
		if p.zone == z.name {
			return nil, scanner.Failf(scanner.FailServer, fmt.Sprintf("the name servers of %s have no address that can be found without asking them", bare(z.name)))
		}
	}
	next := &path{zone: z.name, depth: 1, up: up}
	if up != nil {
		next.depth = up.depth + 1
	}
	if next.depth > maxDepth {
		return nil, scanner.Failf(scanner.FailServer, fmt.Sprintf("the name servers of %s hang on more than %d other zones", bare(z.name), maxDepth))
	}
	return context.WithValue(ctx, pathKey{}, next), nil
}

// moreTime is how long the other look-ups may take once one has found a server.
const moreTime = 50 * time.Millisecond

// findServers looks up addresses of servers that came without glue, three names
// at a time, until some are found.
func (r *Resolver) findServers(ctx context.Context, z *zone, names []string) error {
	ctx, err := enter(ctx, z)
	if err != nil {
		return err
	}
	err = scanner.Failf(scanner.FailServer, "no name server of "+bare(z.name)+" has an address")
	for batch := range slices.Chunk(names, 3) {
		found, failure := r.findSome(ctx, z, batch)
		if found {
			return nil
		}
		if ctx.Err() != nil {
			return cause(ctx)
		}
		if failure != nil {
			err = failure
		}
	}
	return err
}

func (r *Resolver) findSome(ctx context.Context, z *zone, names []string) (found bool, failure error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type result struct {
		found bool
		err   error
	}
	types := []uint16{dns.TypeA, dns.TypeAAAA}
	results := make(chan result, len(names)*len(types))
	for _, host := range names {
		for _, qtype := range types {
			go func() {
				addrs, err := r.addresses(ctx, host, qtype)
				for _, a := range addrs {
					z.add(host, a)
				}
				results <- result{len(addrs) > 0, err}
			}()
		}
	}
	var late <-chan time.Time
	for range cap(results) {
		select {
		case one := <-results:
			if one.err != nil {
				failure = one.err
			}
			if one.found && !found {
				found = true
				timer := time.NewTimer(moreTime)
				defer timer.Stop()
				late = timer.C
			}
		case <-late:
			return found, nil
		}
	}
	return found, failure
}

func (r *Resolver) addresses(ctx context.Context, host string, qtype uint16) (addrs []netip.Addr, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = scanner.Failf(scanner.FailInternal, fmt.Sprint("look-up of ", host, " panicked: ", p))
		}
	}()
	answer, err := r.Lookup(ctx, host, qtype)
	if err != nil {
		return nil, err
	}
	for _, rr := range answer.Records {
		if addr, ok := addrOf(rr); ok && len(addrs) < maxAddrs {
			addrs = append(addrs, addr)
		}
	}
	return addrs, nil
}
