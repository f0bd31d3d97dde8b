package app

import (
	"net"
	"net/netip"
	"testing"
)

// callers is a listener whose connections come from these addresses.
type callers struct {
	net.Listener
	from []string
}

func (l *callers) Accept() (net.Conn, error) {
	if len(l.from) == 0 {
		return nil, net.ErrClosed
	}
	c, _ := net.Pipe()
	at := l.from[0]
	l.from = l.from[1:]
	return called{c, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(at), 4711))}, nil
}

type called struct {
	net.Conn
	from net.Addr
}

func (c called) RemoteAddr() net.Addr { return c.from }

// TestShares: one address, of IPv6 one network, does not take all connections; a
// proxy on this machine may.
func TestShares(t *testing.T) {
	in := &callers{}
	l := newShares(in, 16*8)
	accept := func(from string, times int) (open []net.Conn) {
		t.Helper()
		for range times {
			in.from = append(in.from, from)
		}
		for {
			c, err := l.Accept()
			if err != nil {
				return open
			}
			open = append(open, c)
		}
	}
	one := accept("192.0.2.1", 20)
	if len(one) != 16 {
		t.Errorf("%d connections of one address", len(one))
	}
	six := accept("2001:db8::1", 10)
	if six = append(six, accept("2001:db8::2", 10)...); len(six) != 16 {
		t.Errorf("%d connections of one network", len(six))
	}
	for _, from := range []string{"192.0.2.2", "::ffff:192.0.2.3", "2001:db8:1::1"} {
		if n := len(accept(from, 1)); n != 1 {
			t.Errorf("%d connections of another address, %s", n, from)
		}
	}
	if n := len(accept("127.0.0.1", 100)); n != 100 {
		t.Errorf("%d connections of this machine", n)
	}
	for range 2 {
		if err := one[0].Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(accept("192.0.2.1", 3)); n != 1 {
		t.Errorf("%d connections after one was closed, twice", n)
	}
}
