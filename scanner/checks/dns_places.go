package checks

import (
	"net/netip"
	"slices"

	"github.com/cybersec-infohub/infohub/scanner"
)

// This file judges where the domain's name servers stand.

// namesOfNS are the names of the delegation, or, where it is hidden, those of
// the servers that are known.
func namesOfNS(d *scanner.DNSFacts) []string {
	if len(d.ParentNS) > 0 {
		return nameSet(d.ParentNS)
	}
	names := slices.Clone(d.UnresolvedNS)
	for _, s := range d.Servers {
		names = append(names, s.Name)
	}
	return nameSet(names)
}

// placesSeen lists the servers with their addresses.
func placesSeen(d *scanner.DNSFacts) []scanner.Evidence {
	var seen []scanner.Evidence
	for _, s := range d.Servers {
		seen = append(seen, saw(s.Name, s.Addr.String()))
	}
	for _, n := range d.UnresolvedNS {
		seen = append(seen, saw(n, "no address"))
	}
	return seen
}

func nsSingle(f *scanner.Facts) scanner.Finding {
	d := f.DNS
	names := namesOfNS(d)
	seen := placesSeen(d)
	switch {
	case len(names) == 1:
		return scanner.Failed(append([]scanner.Evidence{saw(zoneOf(f), "one name server: "+names[0])}, seen...)...)
	case len(names) == 0 || len(seen) == 0:
		return noServers(f)
	case oneMachine(d):
		return scanner.Failed(seen...)
	}
	return scanner.Passed(seen...)
}

// oneMachine tells whether all names lead to the same machine: one address, or
// one of each family that all names share. A name without an address counts as
// a server of its own; dns.ns.lame reports that.
func oneMachine(d *scanner.DNSFacts) bool {
	if len(d.UnresolvedNS) > 0 {
		return false
	}
	var four, six []netip.Addr
	count := map[string]int{} // of addresses, by name
	for _, s := range d.Servers {
		a := s.Addr.Unmap()
		if a.Is4() {
			four = append(four, a)
		} else {
			six = append(six, a)
		}
		count[s.Name]++
	}
	four, six = distinct(four), distinct(six)
	if len(four)+len(six) <= 1 {
		return true
	}
	if len(four) > 1 || len(six) > 1 {
		return false
	}
	for _, n := range count {
		if n < 2 {
			return false
		}
	}
	return true
}

func distinct(addrs []netip.Addr) []netip.Addr {
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs)
}

// nsSameNetwork takes a /24 for one IPv4 network and a /48 for one of IPv6,
// the smallest that are routed by themselves (RFC 2182 section 3.1).
func nsSameNetwork(f *scanner.Facts) scanner.Finding {
	d := f.DNS
	single := nsSingle(f)
	switch single.Outcome {
	case scanner.Fail:
		return scanner.DoesNotApply(scanner.NACovered)
	case scanner.Pass:
	default:
		return single
	}
	var seen []scanner.Evidence
	networks := map[bool][]netip.Prefix{} // by "is IPv4"
	names := map[bool][]string{}
	for _, s := range d.Servers {
		a := s.Addr.Unmap()
		bits := 48
		if a.Is4() {
			bits = 24
		}
		p, err := a.Prefix(bits)
		if err != nil {
			continue
		}
		networks[a.Is4()] = append(networks[a.Is4()], p)
		names[a.Is4()] = append(names[a.Is4()], s.Name)
		seen = append(seen, saw(serverOf(s), "network "+p.String()))
	}
	if len(nameSet(slices.Concat(names[true], names[false]))) < 2 {
		return scanner.DoesNotApply(scanner.NACovered) // dns.ns.lame reports the names without an address
	}
	compared := false
	for family, nets := range networks {
		slices.SortFunc(nets, netip.Prefix.Compare)
		if len(slices.Compact(nets)) > 1 {
			return scanner.Passed(seen...)
		}
		compared = compared || len(nameSet(names[family])) > 1 // of a family with one server nothing follows
	}
	if compared {
		return scanner.Failed(seen...)
	}
	return scanner.Passed(seen...)
}
