package checks

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// This file judges where names lead: those of the name servers, and those of
// the domain itself.

// eachNSName polls the name servers' names.
func eachNSName(f *scanner.Facts, judge func(p *poll, n scanner.NSName)) scanner.Finding {
	if len(f.DNS.NSNames) == 0 {
		if len(f.DNS.Servers) > 0 {
			return notLooked("the names of the name servers")
		}
		return noServers(f)
	}
	var p poll
	for _, n := range f.DNS.NSNames {
		judge(&p, n)
	}
	return judgedBy(f, &p)
}

// nsGlue: a name server inside the zone is found only by the addresses that the
// parent gives beside its name (RFC 9471), which have to be its own.
func nsGlue(f *scanner.Facts) scanner.Finding {
	if len(f.DNS.NSNames) > 0 && !f.DNS.ParentKnown {
		return scanner.DoesNotApply(scanner.NAHidden)
	}
	return eachNSName(f, func(p *poll, n scanner.NSName) {
		inside := n.Name == f.DNS.Zone || strings.HasSuffix(n.Name, "."+f.DNS.Zone)
		extra, missing := without(n.Glue, n.Addrs), without(n.Addrs, n.Glue)
		switch {
		case !n.Delegated:
			p.pass(n.Name, "only the zone names it")
		case len(n.Glue) == 0 && inside:
			p.fail(n.Name, n.Name, "lies in the zone, and the parent gives no address for it")
		case len(n.Glue) == 0:
			p.pass(n.Name, "lies elsewhere")
		case n.Failure != nil:
			p.unknown(n.Name, n.Failure)
		case len(extra) > 0:
			p.fail(n.Name, n.Name, fmt.Sprintf("the parent gives %s, its own address is %s", listOf(extra), listOf(n.Addrs)))
		case len(missing) > 0 && inside && len(n.Glue) < maxGlue:
			p.warn(n.Name, n.Name, "the parent does not give "+listOf(missing))
		default:
			p.pass(n.Name, "the parent gives "+listOf(n.Glue))
		}
	})
}

// maxGlue is how many addresses the resolver keeps of one delegation's server:
// of more nothing follows.
const maxGlue = 8

func without(list, other []netip.Addr) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(list), func(a netip.Addr) bool { return slices.Contains(other, a) })
}

func listOf(addrs []netip.Addr) string {
	if len(addrs) == 0 {
		return "none"
	}
	var parts []string
	for _, a := range addrs {
		parts = append(parts, a.String())
	}
	return strings.Join(parts, ", ")
}

func nsCNAME(f *scanner.Facts) scanner.Finding {
	return eachNSName(f, func(p *poll, n scanner.NSName) {
		switch {
		case len(n.CNAMEs) > 0:
			p.fail(n.Name, n.Name, "CNAME "+strings.Join(n.CNAMEs, " -> "))
		case n.Failure != nil && len(n.Addrs) == 0:
			p.unknown(n.Name, n.Failure)
		default:
			p.pass(n.Name, "no alias")
		}
	})
}

// nsDangling: where a name server's domain does not exist, or where the zone is
// to lie at a provider that knows nothing of it and takes any zone from anybody,
// a stranger can answer for the domain.
func nsDangling(f *scanner.Facts) scanner.Finding {
	found := eachNSName(f, func(p *poll, n scanner.NSName) {
		switch {
		case n.Gone != "":
			p.fail(n.Name, n.Name, n.Gone+" does not exist")
		case n.Failure != nil && len(n.Addrs)+len(n.Glue) == 0:
			p.unknown(n.Name, n.Failure)
		default:
			p.pass(n.Name, "lies in a domain that exists")
		}
	})
	if found.Outcome == scanner.Fail {
		return found
	}
	if service, server := unclaimedZone(f.DNS); server != nil {
		return scanner.Failed(saw(serverOf(*server), fmt.Sprintf("%s; at %s anybody may set the zone up", soaSeen(*server), service))).
			With("ns", plainName(server.Name))
	}
	return found
}

// unclaimedZone: every server that can be asked belongs to one such provider,
// and none of them knows the zone.
func unclaimedZone(d *scanner.DNSFacts) (service string, server *scanner.NameServer) {
	table, err := rules.LoadTakeovers()
	if err != nil {
		return "", nil
	}
	for i := range d.Servers {
		s := &d.Servers[i]
		at := slices.IndexFunc(table, func(t rules.Takeover) bool { return t.Serves(s.Name) })
		if s.Failure != nil || at < 0 || s.Rcode != "REFUSED" {
			return "", nil
		}
		service, server = table[at].Service, cmp.Or(server, s)
	}
	return service, server
}

func nsNoIPv6(f *scanner.Facts) scanner.Finding {
	var seen []scanner.Evidence
	var failed *scanner.Failure
	six := false
	note := func(at string, addrs ...netip.Addr) {
		for _, a := range addrs {
			six = six || (a.Is6() && !a.Is4In6())
		}
		seen = append(seen, saw(at, listOf(addrs)))
	}
	for _, n := range f.DNS.NSNames {
		failed = cmp.Or(failed, n.Failure)
		all := slices.Concat(n.Glue, n.Addrs)
		slices.SortFunc(all, netip.Addr.Compare)
		note(n.Name, slices.Compact(all)...)
	}
	if len(f.DNS.NSNames) == 0 {
		for _, s := range f.DNS.Servers {
			if s.Addr.IsValid() {
				note(s.Name, s.Addr)
			}
		}
	}
	switch {
	case six:
		return scanner.Passed(seen...)
	case failed != nil:
		return scanner.CannotTell(failed, seen...)
	case len(f.DNS.NSNames) > 0:
		return scanner.Failed(seen...)
	case len(seen) > 0:
		return notLooked("IPv6 addresses of name servers")
	}
	return noServers(f)
}

// placesOf are the names of the domain that were looked at: the web names, other
// usual ones, and the wildcard.
func placesOf(d *scanner.DNSFacts) []scanner.HostAddrs {
	all := slices.Concat(d.Hosts, d.Names)
	if d.Wildcard != nil && (d.Wildcard.Exists || d.Wildcard.Failure != nil) {
		all = append(all, *d.Wildcard)
	}
	return all
}

// takeable: dns.cname.takeover reports this name.
func takeable(h scanner.HostAddrs) bool {
	return h.Service != nil && h.Service.Unclaimed == scanner.Yes
}

func cnameDangling(f *scanner.Facts) scanner.Finding {
	var v votes
	target := ""
	v.skip(scanner.NANoRecord)
	for _, h := range placesOf(f.DNS) {
		switch {
		case takeable(h):
			v.skip(scanner.NACovered)
		case h.Dangling != "":
			target = cmp.Or(target, h.Dangling)
			v.fail(h.Name, h.Name, "CNAME "+strings.Join(chainTo(h), " -> ")+", which does not exist")
		case h.Failure != nil && h.Failure.Kind != scanner.FailUnresolved:
			v.unknown(h.Failure, h.Name, h.Failure.Error())
		default:
			v.pass(h.Name, addressesSeen(h))
		}
	}
	found := v.finding()
	if target != "" {
		found = found.With("target", plainName(target))
	}
	return found
}

func cnameTakeover(f *scanner.Facts) scanner.Finding {
	if f.DNS.Names == nil {
		return nameUnseen(f, "names that lead to hosted services")
	}
	var v votes
	target, service := "", ""
	v.skip(scanner.NANotUsed)
	for _, h := range placesOf(f.DNS) {
		s := h.Service
		switch {
		case s == nil && len(h.CNAMEs) == 0 && h.Failure != nil && h.Failure.Kind != scanner.FailUnresolved:
			v.unknown(h.Failure, h.Name, h.Failure.Error())
		case s == nil && len(h.CNAMEs) > 0:
			v.pass(h.Name, addressesSeen(h))
		case s == nil || (s.Unclaimed == "" && h.Dangling != ""): // dns.cname.dangling
		case s.Unclaimed == "":
			v.unknown(s.Failure, h.Name, "CNAME "+s.Target+" ("+s.Service+")")
		case s.Unclaimed == scanner.No:
			v.pass(h.Name, "CNAME "+s.Target+" ("+s.Service+")")
		default:
			target, service = cmp.Or(target, s.Target), cmp.Or(service, s.Service)
			seen := fmt.Sprintf("CNAME %s (%s), which says: %s", s.Target, s.Service, s.Seen)
			if s.Sure {
				v.fail(h.Name, h.Name, seen)
			} else {
				v.warn(h.Name, h.Name, seen)
			}
		}
	}
	found := v.finding()
	if target != "" {
		found = found.With("target", plainName(target)).With("service", service)
	}
	return found
}

// nameUnseen is the finding where no names were looked up.
func nameUnseen(f *scanner.Facts, what string) scanner.Finding {
	if f.DNS.Failure != nil {
		return scanner.CannotTell(f.DNS.Failure)
	}
	return notLooked(what)
}

func wildcardPresent(f *scanner.Facts) scanner.Finding {
	w := f.DNS.Wildcard
	switch {
	case w == nil:
		return nameUnseen(f, "names that nobody made")
	case w.Exists:
		return scanner.Warned(saw(w.Name, addressesSeen(*w)))
	case w.Failure != nil:
		return scanner.CannotTell(w.Failure)
	}
	return scanner.Passed(saw(w.Name, "a name that nobody made does not exist"))
}
