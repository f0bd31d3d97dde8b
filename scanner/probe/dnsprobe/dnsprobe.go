// Package dnsprobe collects what a domain's name service says: the delegation,
// every authoritative server asked directly, the DNSSEC chain, the addresses of
// the web names and the CAA records.
//
// internal/app may import it, and tests.
package dnsprobe

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// Probe implements scanner.Probe.
type Probe struct{ resolver *resolve.Resolver }

// New returns the probe. The resolver may be shared by all scans of a run.
func New(r *resolve.Resolver) *Probe { return &Probe{r} }

// Name implements scanner.Probe.
func (p *Probe) Name() string { return "dns" }

// After implements scanner.Probe: it reads no other section.
func (p *Probe) After() []string { return nil }

// mapper is a dialer that leads some names to fixed addresses, as
// netguard.Scope does for --connect-to.
type mapper interface {
	Maps(host string, port uint16) (netip.Addr, bool)
}

// Collect implements scanner.Probe. Where the delegation cannot be found it
// returns an error, and a section only if the web names are led elsewhere.
func (p *Probe) Collect(ctx context.Context, in scanner.Input) (scanner.Section, error) {
	target := in.Facts.Target
	led := mapped(in.Net.Dialer, target.Hosts())
	facts := &scanner.DNSFacts{Exists: true, ParentNS: []string{}, Servers: []scanner.NameServer{}, Hosts: []scanner.HostAddrs{}}
	d, err := p.resolver.Delegation(ctx, target.Domain)
	switch {
	case err != nil:
		facts.Failure = scanner.FailureOf(err)
	case !d.Exists:
		facts.Exists, facts.Zone = false, d.Zone
		facts.Failure = scanner.Failf(scanner.FailUnresolved, target.Domain+" does not exist in the DNS")
	}
	if facts.Failure != nil {
		facts.DNSSEC = scanner.DNSSEC{Status: scanner.Indeterminate, Failure: facts.Failure}
		facts.CAAFailure = facts.Failure
		for _, name := range target.Hosts() {
			facts.Hosts = append(facts.Hosts, lead(scanner.HostAddrs{Name: name, Failure: facts.Failure}, led))
		}
		switch {
		case len(led) > 0:
			facts.Exists = true
			return facts, err
		case err != nil:
			return nil, err
		}
		facts.Hosts = []scanner.HostAddrs{}
		return facts, nil
	}
	facts.Zone, facts.ParentKnown = d.Zone, d.Known
	facts.ParentNS = append(facts.ParentNS, d.NS...)
	var (
		tasks   group
		hosts   = make([]scanner.HostAddrs, len(target.Hosts()))
		servers []probed
		away    = nobody("nw", target.Domain)
	)
	facts.DNSSEC = scanner.DNSSEC{Status: scanner.Indeterminate}
	tasks.run(&facts.DNSSEC.Failure, func() {
		facts.DNSSEC = p.resolver.Validate(ctx, d.Zone, target.Hosts())
		facts.DNSSEC.Signing = p.signing(ctx, d.Zone, target.Hosts(), away)
	})
	tasks.run(&facts.Failure, func() {
		servers, facts.NSNames, facts.UnresolvedNS = p.servers(ctx, d)
	})
	var namesBroke *scanner.Failure
	tasks.run(&namesBroke, func() { facts.Wildcard, facts.Names = p.otherNames(ctx, target.Domain, away) })
	for i, name := range target.Hosts() {
		hosts[i].Name = name
		tasks.run(&hosts[i].Failure, func() { hosts[i] = lead(p.host(ctx, name), led) })
	}
	tasks.run(&facts.CAAFailure, func() { p.caa(ctx, facts, target.Domain) })
	tasks.Wait()
	facts.Hosts = hosts
	for _, s := range servers {
		facts.Servers = append(facts.Servers, s.NameServer)
	}
	tasks.run(new(*scanner.Failure), func() { p.validateEach(ctx, facts, servers) })
	tasks.run(new(*scanner.Failure), func() { p.children(ctx, facts) })
	tasks.run(new(*scanner.Failure), func() { p.startOfAuthority(ctx, facts) })
	tasks.run(new(*scanner.Failure), func() { services(ctx, in.Net, facts, away) })
	tasks.Wait()
	if ctx.Err() != nil {
		return facts, context.Cause(ctx)
	}
	return facts, nil
}

// validateEach validates the SOA that every server gave: one that was left
// behind with old signatures makes the zone bogus for those who meet it.
func (p *Probe) validateEach(ctx context.Context, facts *scanner.DNSFacts, servers []probed) {
	for _, s := range servers {
		if facts.DNSSEC.Status != scanner.Secure || ctx.Err() != nil {
			return
		}
		if s.soa == nil || s.soa.Truncated || len(s.soa.Answer) == 0 || !s.EDNS || !s.Authoritative {
			continue // the facts about this server say so
		}
		if status, reason := p.resolver.ValidateAnswer(ctx, facts.Zone, s.soa); status == scanner.Bogus {
			facts.DNSSEC.Status = scanner.Bogus
			facts.DNSSEC.Reason = fmt.Sprintf("%s, at %s (%s)", reason, s.Name, s.Addr)
			if n := len(facts.DNSSEC.Links); n > 0 {
				facts.DNSSEC.Links[n-1].Status = scanner.Bogus
			}
		}
	}
}

// mapped are the web names that are led elsewhere, with their addresses.
func mapped(d scanner.Dialer, names []string) map[string]netip.Addr {
	m, ok := d.(mapper)
	if !ok {
		return nil
	}
	led := map[string]netip.Addr{}
	for _, name := range names {
		for _, port := range []uint16{443, 80} {
			if addr, ok := m.Maps(name, port); ok {
				led[name] = addr
				break
			}
		}
	}
	return led
}

// lead gives a name without an address the one that it is led to.
func lead(h scanner.HostAddrs, led map[string]netip.Addr) scanner.HostAddrs {
	if addr, ok := led[h.Name]; ok && len(h.Addrs) == 0 {
		h.Addrs, h.Exists, h.Failure = []netip.Addr{addr}, true, nil
	}
	return h
}

// group runs pieces of work at the same time; one that panics is a failure of
// its own fact alone.
type group struct{ sync.WaitGroup }

func (g *group) run(failure **scanner.Failure, work func()) {
	g.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				*failure = scanner.Failf(scanner.FailInternal, fmt.Sprintf("the dns probe panicked: %v\n%s", r, debug.Stack()))
			}
		}()
		work()
	})
}

func sortedAddrs(list []netip.Addr) []netip.Addr {
	slices.SortFunc(list, netip.Addr.Compare)
	return slices.Compact(list)
}
