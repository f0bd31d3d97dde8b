package webprobe

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// overIPv6 looks up the IPv6 addresses of each web name, and asks the start
// that answered (https before http) once more over these alone. Names that are
// not in the DNS are left out.
func (v *visit) overIPv6(ctx context.Context, in scanner.Input, roots []scanner.WebRoot) []scanner.IPv6Host {
	names := in.Facts.Target.Hosts()
	hosts := make([]scanner.IPv6Host, len(names))
	inDNS := make([]bool, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			h := &hosts[i]
			h.Name, inDNS[i] = name, true
			defer func() {
				if p := recover(); p != nil {
					h.Lookup = scanner.Failf(scanner.FailInternal, fmt.Sprint("panicked: ", p))
				}
			}()
			answer, err := in.Net.Resolver.Lookup(ctx, name, dns.TypeAAAA)
			if err != nil {
				h.Lookup = scanner.FailureOf(err)
				return
			}
			inDNS[i] = answer.Exists
			h.Addrs = ipv6Of(answer.Records)
			if u := answered(roots, name); u != nil && len(h.Addrs) > 0 {
				h.Answer = v.askOver(ctx, in.Net, h, u)
			}
		})
	}
	wg.Wait()
	var found []scanner.IPv6Host
	for i := range hosts {
		if inDNS[i] {
			found = append(found, hosts[i])
		}
	}
	return found
}

func ipv6Of(records []dns.RR) []netip.Addr {
	var list []netip.Addr
	for _, rr := range records {
		if aaaa, ok := rr.(*dns.AAAA); ok {
			if a, ok := netip.AddrFromSlice(aaaa.AAAA.To16()); ok && !a.Is4In6() {
				list = append(list, a)
			}
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	list = slices.Compact(list)
	return list[:min(len(list), maxIPv6Addrs)]
}

// answered is the start of name that got an answer, https first, or nil.
func answered(roots []scanner.WebRoot, name string) *url.URL {
	for _, start := range []string{"https://" + name + "/", "http://" + name + "/"} {
		for i := range roots {
			if roots[i].Start == start && len(roots[i].Hops) > 0 && roots[i].Hops[0].Status != 0 {
				u, err := url.Parse(start)
				if err != nil {
					return nil
				}
				return u
			}
		}
	}
	return nil
}

// askOver makes one request to the addresses of h, in their order, until one
// answers. It has a client of its own, so that nothing goes over a connection
// that was kept alive over IPv4.
func (v *visit) askOver(ctx context.Context, n *scanner.Network, h *scanner.IPv6Host, u *url.URL) *scanner.IPv6Answer {
	c := newClient(n, []scanner.HostAddrs{{Name: h.Name, Addrs: h.Addrs}}, v.now)
	c.patience, c.beside = v.client.patience, v.client
	defer c.close()
	var res *response
	for range 2 { // one silence may be a busy moment, of ours or of the server's
		res = c.get(ctx, request{url: u, limit: maxStray})
		if res.failure == nil || res.failure.Kind != scanner.FailTimeout || ctx.Err() != nil {
			break
		}
	}
	a := &scanner.IPv6Answer{URL: u.String(), Addr: res.addr, Status: res.status, TLSName: res.tlsError, Failure: res.failure}
	if a.Failure != nil {
		return a
	}
	if location := res.header.Get("Location"); redirects(res.status) && location != "" {
		if next, err := resolveURL(u, location); err == nil {
			a.Location = cut(next.String(), maxLink)
		} else {
			a.Location = scanner.Printable(strings.TrimSpace(location), 300)
		}
		return a
	}
	if who := blockedBy(res.status, res.header, res.body); who != "" {
		a.Failure = scanner.Failf(scanner.FailBlocked, fmt.Sprintf("%s over IPv6: status %d from %s", u, res.status, who))
		return a
	}
	a.Title = readPage(u, res.status, res.header.Get("Content-Type"), res.body).Title
	return a
}
