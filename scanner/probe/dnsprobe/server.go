package dnsprobe

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

const (
	maxServers    = 32 // servers at addresses that are asked for one zone
	atOnce        = 12 // of them at a time
	maxNames      = 16 // NS names looked at
	versionLength = 120
)

// probed is a server's facts with its answer about the zone.
type probed struct {
	scanner.NameServer
	soa *dns.Msg
}

// servers asks every server of the delegation at every address, and then those
// that only the zone itself names. It also returns what is known of the names,
// and those without address.
func (p *Probe) servers(ctx context.Context, d resolve.Delegation) (all []probed, known []scanner.NSName, unresolved []string) {
	names := d.NS
	asked := map[string]bool{}
	for range 2 {
		found, about := p.round(ctx, d, names, maxServers-len(all))
		all, known = append(all, found...), append(known, about...)
		for _, n := range names {
			asked[n] = true
		}
		names = nil
		for _, s := range found {
			for _, n := range s.NS {
				if !asked[n] && !slices.Contains(names, n) && len(asked)+len(names) < maxNames {
					names = append(names, n)
				}
			}
		}
		if len(names) == 0 {
			break
		}
	}
	slices.SortFunc(all, func(a, b probed) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return a.Addr.Compare(b.Addr)
	})
	slices.SortFunc(known, func(a, b scanner.NSName) int { return strings.Compare(a.Name, b.Name) })
	for _, n := range known {
		if len(n.Glue)+len(n.Addrs) == 0 && n.Failure == nil {
			unresolved = append(unresolved, n.Name)
		}
	}
	return all, known, unresolved
}

func (p *Probe) round(ctx context.Context, d resolve.Delegation, names []string, room int) (all []probed, known []scanner.NSName) {
	var (
		mu    sync.Mutex
		tasks group
		slots = make(chan struct{}, atOnce)
	)
	for _, name := range names {
		var failure *scanner.Failure
		tasks.run(&failure, func() {
			about := p.nsName(ctx, d, name)
			mu.Lock()
			defer mu.Unlock()
			known = append(known, about)
			addrs := sortedAddrs(slices.Concat(about.Glue, about.Addrs))
			addrs = addrs[:min(maxAddrs, len(addrs))]
			if len(addrs) == 0 && about.Failure != nil && room > 0 {
				room--
				all = append(all, probed{NameServer: scanner.NameServer{Name: name, Failure: about.Failure}})
			}
			for _, addr := range addrs[:min(max(room, 0), len(addrs))] {
				room--
				s := resolve.Server{Name: name, Addr: addr}
				var broke *scanner.Failure
				tasks.run(&broke, func() {
					slots <- struct{}{}
					defer func() { <-slots }()
					one := p.server(ctx, s, d.Zone)
					mu.Lock()
					defer mu.Unlock()
					all = append(all, one)
				})
			}
		})
	}
	tasks.Wait()
	return all, known
}

// server asks one server everything, at the same time.
func (p *Probe) server(ctx context.Context, s resolve.Server, zone string) probed {
	out := probed{NameServer: scanner.NameServer{Name: s.Name, Addr: s.Addr}}
	var (
		tasks          group
		overUDP        answer
		overTCP        tcpAnswer
		ednsFault      string
		ns             *dns.Msg
		kept           scanner.Tristate
		recursion      scanner.Tristate
		noName, noType *scanner.Negative
		udpBad, tcpBad *scanner.Failure
		ignored        *scanner.Failure // these facts are empty where they fail
	)
	tasks.run(&udpBad, func() { overUDP, ednsFault = p.soaByUDP(ctx, s, zone) })
	tasks.run(&tcpBad, func() { overTCP = p.byTCP(ctx, s, zone) })
	tasks.run(&ignored, func() { ns, kept = p.nsOf(ctx, s, zone) })
	tasks.run(new(*scanner.Failure), func() { noName = p.noName(ctx, s, zone) })
	tasks.run(new(*scanner.Failure), func() { noType = p.noType(ctx, s, zone) })
	tasks.run(new(*scanner.Failure), func() { recursion = p.recursion(ctx, s) })
	tasks.Wait()
	if udpBad != nil {
		overUDP.failure = udpBad
	}
	if tcpBad != nil {
		overTCP.failure = tcpBad
	}
	if f := overTCP.failure; overUDP.failure == nil && f != nil && f.Kind == scanner.FailTimeout && ctx.Err() == nil {
		// One silence may be a busy moment, of ours or of the server's: UDP is
		// asked twice as well.
		overTCP = p.byTCP(ctx, s, zone)
	}
	out.UDP, out.UDPFailure = overUDP.failure == nil, overUDP.failure
	out.TCP, out.TCPFailure = overTCP.failure == nil, overTCP.failure
	if !out.UDP && !out.TCP {
		out.Failure = overUDP.failure
		return out
	}
	out.EDNS, out.EDNSFault = overUDP.msg != nil && overUDP.msg.IsEdns0() != nil, ednsFault
	out.CaseKept, out.NoName, out.NoType = kept, noName, noType
	out.soa = overUDP.msg
	if out.soa == nil || out.soa.Truncated {
		if overTCP.msg != nil {
			out.soa = overTCP.msg
		}
	}
	out.Recursion, out.Transfer, out.Version = recursion, overTCP.transfer, overTCP.version
	out.VersionTold = overTCP.told
	out.readSOA(zone)
	if ns != nil {
		out.NS = nsNames(ns, zone)
	}
	return out
}

func (out *probed) readSOA(zone string) {
	if out.soa == nil {
		return
	}
	out.Authoritative = out.soa.Authoritative
	out.Rcode = dns.RcodeToString[out.soa.Rcode]
	for _, rr := range out.soa.Answer {
		if soa, ok := rr.(*dns.SOA); ok && dns.CanonicalName(soa.Hdr.Name) == dns.CanonicalName(zone) {
			out.Serial = soa.Serial
			out.SOA = &scanner.SOA{
				MName: plain(soa.Ns), RName: plain(soa.Mbox),
				Refresh: soa.Refresh, Retry: soa.Retry, Expire: soa.Expire, Minimum: soa.Minttl,
			}
			return
		}
	}
}

// nsNames is the zone's NS set in an answer, sorted.
func nsNames(m *dns.Msg, zone string) []string {
	var names []string
	for _, rr := range m.Answer {
		if ns, ok := rr.(*dns.NS); ok && dns.CanonicalName(ns.Hdr.Name) == dns.CanonicalName(zone) && len(names) < maxNames {
			names = append(names, strings.TrimSuffix(dns.CanonicalName(ns.Ns), "."))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
