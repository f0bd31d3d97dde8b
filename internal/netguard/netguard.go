// Package netguard is the address policy of every outgoing connection. The
// check runs in net.Dialer.Control, after resolution and on the address that
// the kernel is about to be given, so neither a redirect nor a DNS answer nor
// an odd spelling of an address gets around it.
//
// A leaf: every room may import it.
package netguard

import (
	"fmt"
	"net/netip"
)

// Policy says which addresses may be connected to. The zero Policy allows
// public unicast addresses only.
type Policy struct {
	// AllowPrivate lifts the ban on private and special addresses. It exists
	// for the command line, never for a server that takes targets from others.
	AllowPrivate bool
	// Listeners are single address-port pairs that are allowed whatever they
	// are: the practice site's own.
	Listeners []netip.AddrPort
	// Networks are allowed whatever they are: those that an operator names for
	// one purpose, such as the office's mail server.
	Networks []netip.Prefix
}

// ForbiddenError is a connection that the policy refused.
type ForbiddenError struct {
	Addr netip.AddrPort
	Why  string // "private network (RFC 1918)"
}

func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("%s is not allowed: %s", e.Addr, e.Why)
}

// Check returns a *ForbiddenError when the policy does not allow a connection
// to ap.
func (p Policy) Check(ap netip.AddrPort) error {
	for _, l := range p.Listeners {
		if l == ap || l == netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()) {
			return nil
		}
	}
	for _, n := range p.Networks {
		if n.Contains(ap.Addr().Unmap()) {
			return nil
		}
	}
	if p.AllowPrivate {
		return nil
	}
	if why := Special(ap.Addr()); why != "" {
		return &ForbiddenError{Addr: ap, Why: why}
	}
	return nil
}

type block struct {
	prefix netip.Prefix
	why    string
}

// specialBlocks returns the IANA IPv4 and IPv6 special-purpose registries
// (RFC 6890 and its updates). The few anycast addresses inside them that are
// reachable are refused too: no site is there.
func specialBlocks() []block {
	p := netip.MustParsePrefix
	return []block{
		{p("0.0.0.0/8"), "this network (RFC 791)"},
		{p("10.0.0.0/8"), "private network (RFC 1918)"},
		{p("100.64.0.0/10"), "shared address space of a provider (RFC 6598)"},
		{p("127.0.0.0/8"), "this machine (RFC 1122)"},
		{p("168.63.129.16/32"), "a cloud's own service (Azure)"}, // public by its looks, and the host's wire server
		{p("169.254.0.0/16"), "link local (RFC 3927)"},
		{p("172.16.0.0/12"), "private network (RFC 1918)"},
		{p("192.0.0.0/24"), "protocol assignments (RFC 6890)"},
		{p("192.0.2.0/24"), "documentation (RFC 5737)"},
		{p("192.88.99.0/24"), "6to4 relay (RFC 7526)"},
		{p("192.168.0.0/16"), "private network (RFC 1918)"},
		{p("198.18.0.0/15"), "benchmarking (RFC 2544)"},
		{p("198.51.100.0/24"), "documentation (RFC 5737)"},
		{p("203.0.113.0/24"), "documentation (RFC 5737)"},
		{p("224.0.0.0/4"), "multicast (RFC 5771)"},
		{p("240.0.0.0/4"), "reserved (RFC 1112)"},
		{p("::/96"), "unspecified, this machine or IPv4-compatible (RFC 4291)"},
		{p("64:ff9b:1::/48"), "local-use NAT64 (RFC 8215)"},
		{p("100::/64"), "discard (RFC 6666)"},
		{p("100:0:0:1::/64"), "dummy prefix (RFC 9780)"},
		{p("2001::/23"), "protocol assignments, Teredo among them (RFC 2928)"},
		{p("2001:db8::/32"), "documentation (RFC 3849)"},
		{p("3fff::/20"), "documentation (RFC 9637)"},
		{p("5f00::/16"), "segment routing (RFC 9602)"},
		{p("fc00::/7"), "private network (RFC 4193)"},
		{p("fe80::/10"), "link local (RFC 4291)"},
		{p("fec0::/10"), "site local (RFC 3879)"},
		{p("ff00::/8"), "multicast (RFC 4291)"},
	}
}

// Special says why a is not a public unicast address, or "" when it is. An
// IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) is judged itself.
func Special(a netip.Addr) string {
	if !a.IsValid() {
		return "no address"
	}
	a = a.WithZone("").Unmap()
	for _, b := range specialBlocks() {
		if b.prefix.Contains(a) {
			return b.why
		}
	}
	if a.Is4() {
		return ""
	}
	x := a.As16()
	switch {
	case server(a).Is4():
		return Special(server(a))
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return Special(netip.AddrFrom4([4]byte(x[2:6])))
	case !netip.MustParsePrefix("2000::/3").Contains(a):
		return "not global unicast (RFC 4291)"
	}
	return ""
}

// server is the address by which connections are counted: another spelling of
// an IPv4 address (mapped, NAT64) leads to the same server.
func server(a netip.Addr) netip.Addr {
	a = a.WithZone("").Unmap()
	if netip.MustParsePrefix("64:ff9b::/96").Contains(a) {
		x := a.As16()
		return netip.AddrFrom4([4]byte(x[12:16]))
	}
	return a
}
