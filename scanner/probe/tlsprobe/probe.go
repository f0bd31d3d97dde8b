// Package tlsprobe examines TLS servers: versions, cipher suites, groups, the
// certificate chain, whether it was revoked, stapling, tickets, renegotiation.
// What crypto/tls can offer is asked for with it; what it has dropped or never
// had (SSL 2 and 3, DHE, RC4, export, weak curves) with hellos of our own, whose
// answers are read up to the key exchange. What follows a handshake of
// crypto/tls is read with the keys that it logs for us.
//
// It makes few connections (Depth), a few at a time, and tells a server's "no"
// from having been turned away. internal/app may import it, and
// scanner/probe/mailprobe for servers behind STARTTLS.
package tlsprobe

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Probe is the probe of the web names' TLS servers on port 443.
type Probe struct{}

// New returns the probe.
func New() *Probe { return &Probe{} }

// Name implements scanner.Probe.
func (*Probe) Name() string { return "tls" }

// After implements scanner.Probe.
func (*Probe) After() []string { return []string{"dns"} }

const (
	port = 443
	// maxFurther is how many addresses of a name beyond its first are visited.
	maxFurther = 4
	// addrsAtATime is how many addresses are visited at a time.
	addrsAtATime = 4
)

// Collect examines the first address of each web name whole, and further ones
// for their certificate; an address that two names share is examined whole
// once. So one address sees about 20 connections, of the 40 of a whole scan; with
// Options.TLSFull, at most 120 more than the certificates take.
func (*Probe) Collect(ctx context.Context, in scanner.Input) (scanner.Section, error) {
	if in.Facts.DNS == nil {
		return nil, scanner.Failf(scanner.FailUnresolved, "the dns probe delivered no addresses")
	}
	visits := plan(in.Facts.DNS.Hosts, in.Facts.Options.TLSFull)
	asked := tlsaOf(ctx, in)
	revoked := &Revocations{Net: in.Net, Now: in.Facts.Started}
	facts := &scanner.TLSFacts{Hosts: make([]scanner.TLSHost, len(visits))}
	byAddr := map[netip.Addr][]int{}
	var order []netip.Addr
	for i, v := range visits {
		if byAddr[v.addr] == nil {
			order = append(order, v.addr)
		}
		byAddr[v.addr] = append(byAddr[v.addr], i)
	}
	var (
		wg  sync.WaitGroup
		sem = make(chan struct{}, addrsAtATime)
	)
	for _, addr := range order {
		wg.Go(func() {
			sem <- struct{}{}
			defer func() { <-sem }()
			for _, i := range byAddr[addr] { // one after the other: it is one machine
				facts.Hosts[i] = visits[i].examine(ctx, in, asked[visits[i].name], revoked)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return facts, context.Cause(ctx)
	}
	return facts, nil
}

// visit is one name at one address.
type visit struct {
	name  string
	addr  netip.Addr
	depth Depth
}

func plan(hosts []scanner.HostAddrs, every bool) []visit {
	var visits []visit
	whole := map[netip.Addr]bool{}
	for _, h := range hosts {
		for i, addr := range some(h.Addrs) {
			v := visit{h.Name, addr, CertOnly}
			if i == 0 && !whole[addr] {
				v.depth = Full
				if every {
					v.depth = Every
				}
				whole[addr] = true
			}
			visits = append(visits, v)
		}
	}
	return visits
}

// some returns the first address and up to maxFurther others, half of them
// IPv6 where there are enough.
func some(addrs []netip.Addr) []netip.Addr {
	if len(addrs) <= 1+maxFurther {
		return addrs
	}
	var v4, v6 []netip.Addr
	for _, a := range addrs[1:] {
		if a.Unmap().Is4() {
			v4 = append(v4, a)
		} else {
			v6 = append(v6, a)
		}
	}
	n6 := min(len(v6), max(maxFurther/2, maxFurther-len(v4)))
	picked := append([]netip.Addr{addrs[0]}, v4[:min(len(v4), maxFurther-n6)]...)
	return append(picked, v6[:n6]...)
}

func (v visit) examine(ctx context.Context, in scanner.Input, keys keyRecords, revoked *Revocations) scanner.TLSHost {
	to := netip.AddrPortFrom(v.addr, port)
	h := Examine(ctx, Server{
		Name: v.name, Addr: v.addr, Port: port, Depth: v.depth,
		Dial:  func(ctx context.Context) (net.Conn, error) { return in.Net.Dialer.Dial(ctx, "tcp", v.name, to) },
		Roots: in.Net.Roots, Now: in.Facts.Started, TLSA: keys.tlsa, Revoked: revoked,
	})
	h.DANE = keys.facts
	return h
}

// keyRecords are the TLSA records of a name.
type keyRecords struct {
	facts *scanner.TLSDANE
	tlsa  []*dns.TLSA
}

// maxTLSA is how many records of one name count.
const maxTLSA = 20

// tlsaOf asks for the TLSA records of the web names that have an address (RFC
// 6698 section 3).
func tlsaOf(ctx context.Context, in scanner.Input) map[string]keyRecords {
	out := map[string]keyRecords{}
	var (
		mu     sync.Mutex
		asking []func()
	)
	for _, host := range in.Facts.DNS.Hosts {
		if len(host.Addrs) == 0 || in.Net.Resolver == nil {
			continue
		}
		asking = append(asking, func() {
			found := lookTLSA(ctx, in, "_443._tcp."+host.Name)
			mu.Lock()
			defer mu.Unlock()
			out[host.Name] = found
		})
	}
	parallel(addrsAtATime, asking...)
	return out
}

func lookTLSA(ctx context.Context, in scanner.Input, name string) keyRecords {
	answer, err := in.Net.Resolver.Lookup(ctx, name, dns.TypeTLSA)
	var found []*dns.TLSA
	for _, rr := range answer.Records[:min(len(answer.Records), maxTLSA)] {
		if r, ok := rr.(*dns.TLSA); ok {
			found = append(found, r)
		}
	}
	found = sortedTLSA(found)
	d := &scanner.TLSDANE{At: name, Failure: scanner.FailureOf(err), Security: answer.Security}
	for _, r := range found {
		d.Records = append(d.Records, textTLSA(r))
	}
	return keyRecords{d, found}
}
