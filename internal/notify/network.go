package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/netguard"
)

// Network is how messages leave: through the address guard, whose policy is the
// operator's for this purpose alone.
type Network struct {
	Dialer *netguard.Dialer
	// Lookup resolves a name; nil is the system's resolver, which knows the
	// names of the operator's own network.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// maxAddrs bounds how many addresses of a name are tried.
const maxAddrs = 6

// dial connects to the first address of a host that answers. An error of the
// guard is a *SendError that is final: trying again would not help.
func (n Network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %q: %w", portText, err)
	}
	addrs, err := n.addrs(ctx, host)
	if err != nil {
		return nil, err
	}
	var failed error
	refused := len(addrs) > 0
	for i, a := range addrs {
		if i == maxAddrs {
			break
		}
		conn, err := n.Dialer.Dial(ctx, "tcp", host, netip.AddrPortFrom(a, uint16(port)))
		if err == nil {
			return conn, nil
		}
		var forbidden *netguard.ForbiddenError
		refused = refused && errors.As(err, &forbidden)
		failed = errors.Join(failed, err)
	}
	if refused {
		return nil, &SendError{Err: fmt.Errorf("%w (--notify-allow permits a network of your own)", failed), Final: true}
	}
	return nil, failed
}

func (n Network) addrs(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return []netip.Addr{a}, nil
	}
	lookup := n.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	addrs, err := lookup(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", host, err)
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("look up %s: it has no address", host)
	}
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	return addrs, nil
}

// loopback tells whether a host is this machine by its very name.
func loopback(host string) bool {
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}
