package netguard_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
)

func TestSpecialAddresses(t *testing.T) {
	for _, a := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "100.64.0.1", "169.254.169.254", "172.31.255.255", "192.168.0.1",
		"192.0.0.1", "192.0.2.7", "198.18.0.1", "198.51.100.1", "203.0.113.9", "224.0.0.1", "255.255.255.255", "192.88.99.1", "168.63.129.16", "4000::1", "::ffff:0:127.0.0.1",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1",
		"2002:7f00:1::", "2002:c0a8:1::1", "2001::1", "2001:db8::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1",
	} {
		if netguard.Special(netip.MustParseAddr(a)) == "" {
			t.Errorf("%s passes as public", a)
		}
	}
	for _, a := range []string{"1.1.1.1", "8.8.8.8", "203.80.96.10", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"} {
		if why := netguard.Special(netip.MustParseAddr(a)); why != "" {
			t.Errorf("%s is refused: %s", a, why)
		}
	}
	if netguard.Special(netip.Addr{}) == "" {
		t.Error("the invalid address passes as public")
	}
}

func listen(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func TestGuardRefusesAListenerThatExists(t *testing.T) {
	ap := listen(t)
	other := listen(t)
	ctx := context.Background()
	mapped := netip.AddrPortFrom(netip.AddrFrom16(ap.Addr().As16()), ap.Port()) // ::ffff:127.0.0.1
	for _, tc := range []struct {
		name    string
		d       *netguard.Dialer
		host    string
		to      netip.AddrPort
		allowed bool
	}{
		{"closed by default", &netguard.Dialer{}, "", ap, false},
		{"IPv4-mapped", &netguard.Dialer{}, "", mapped, false},
		{"connect-to does not get around it", &netguard.Dialer{ConnectTo: []netguard.Mapping{{To: ap.Addr(), ToPort: ap.Port()}}}, "example.hk", netip.MustParseAddrPort("192.0.43.8:443"), false},
		{"allow private", &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}, "", ap, true},
		{"exactly this listener", &netguard.Dialer{Policy: netguard.Policy{Listeners: []netip.AddrPort{ap}}}, "", ap, true},
		{"this listener, mapped", &netguard.Dialer{Policy: netguard.Policy{Listeners: []netip.AddrPort{ap}}}, "", mapped, true},
		{"another listener", &netguard.Dialer{Policy: netguard.Policy{Listeners: []netip.AddrPort{ap}}}, "", other, false},
	} {
		c, err := tc.d.Dial(ctx, "tcp", tc.host, tc.to)
		if err == nil {
			_ = c.Close()
		}
		var forbidden *netguard.ForbiddenError
		if tc.allowed != (err == nil) || (!tc.allowed && !errors.As(err, &forbidden)) {
			t.Errorf("%s: %v; want allowed %t", tc.name, err, tc.allowed)
		}
	}
}

func TestParseMapping(t *testing.T) {
	for s, want := range map[string]string{
		"example.hk:443:127.0.0.1:8443": "127.0.0.1:8443",
		"::127.0.0.1:8443":              "127.0.0.1:8443",
		"Example.HK.:443:[::1]:8443":    "[::1]:8443",
		"example.hk:443::8443":          "198.51.100.7:8443",
		"example.hk:443:127.0.0.1:":     "127.0.0.1:443",
		"other.hk:443:127.0.0.1:8443":   "198.51.100.7:443",
		"[198.51.100.7]:443:[::1]:1":    "[::1]:1",
	} {
		m, err := netguard.ParseMapping(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		d := netguard.Dialer{ConnectTo: []netguard.Mapping{m}}
		if got := d.Map("example.hk", netip.MustParseAddrPort("198.51.100.7:443")); got.String() != want {
			t.Errorf("%s leads to %s; want %s", s, got, want)
		}
	}
	for _, s := range []string{"", "a:b", "a:443:127.0.0.1", "a:443:example.org:1", "a:99999:127.0.0.1:1", "a:1:127.0.0.1:0", "a:1:::1:2", "a b:1:127.0.0.1:2", "*.a:1:127.0.0.1:2", "例 子:1:127.0.0.1:2"} {
		if m, err := netguard.ParseMapping(s); err == nil {
			t.Errorf("%q is taken as %+v", s, m)
		}
	}
}

// A name is led away in the form that connections use, whichever was typed.
func TestMappingOfAnInternationalName(t *testing.T) {
	for _, s := range []string{"例子.香港:443:127.0.0.1:8443", "xn--fsqu00a.xn--j6w193g:443:127.0.0.1:8443", "[2001:DB8:0::1]:443:127.0.0.1:8443"} {
		m, err := netguard.ParseMapping(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		d := netguard.Dialer{ConnectTo: []netguard.Mapping{m}}
		if got := d.Map("xn--fsqu00a.xn--j6w193g", netip.MustParseAddrPort("[2001:db8::1]:443")); got.String() != "127.0.0.1:8443" {
			t.Errorf("%s leads to %s", s, got)
		}
	}
}

func TestScopeCountsConnectionsToOneAddress(t *testing.T) {
	ap := listen(t)
	d := &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}
	s := netguard.Scope{Dialer: d, Limit: 3}
	for i := range 5 {
		c, err := s.Dial(context.Background(), "tcp", "h", ap)
		if err == nil {
			_ = c.Close()
		}
		if (i < 3) != (err == nil) || (i >= 3 && !errors.Is(err, netguard.ErrLimit)) {
			t.Errorf("connection %d: %v", i+1, err)
		}
	}
}

func TestFreshScopeHasACountOfItsOwn(t *testing.T) {
	ap := listen(t)
	used := netguard.Scope{Dialer: &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}, Limit: 1}
	dial := func(s *netguard.Scope) error {
		c, err := s.Dial(context.Background(), "tcp", "h", ap)
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	if err := dial(&used); err != nil {
		t.Fatal(err)
	}
	fresh := used.Fresh(2)
	for i, want := range []error{nil, nil, netguard.ErrLimit} {
		if err := dial(fresh); !errors.Is(err, want) {
			t.Errorf("connection %d: %v; want %v", i+1, err, want)
		}
	}
	if err := dial(&used); !errors.Is(err, netguard.ErrLimit) {
		t.Errorf("the first scope has got room: %v", err)
	}
}

func TestPerAddressBoundWaitsForAFreePlace(t *testing.T) {
	ap := listen(t)
	d := &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}, PerAddr: 1}
	first, err := d.Dial(context.Background(), "tcp", "h", ap)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if _, err := d.Dial(ctx, "tcp", "h", ap); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("second connection: %v; want to wait until the deadline", err)
	}
	_ = first.Close()
	_ = first.Close() // closing twice must not free two places
	second, err := d.Dial(context.Background(), "tcp", "h", ap)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	ctx2, cancel2 := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel2()
	if _, err := d.Dial(ctx2, "tcp", "h", ap); err == nil {
		t.Error("closing a connection twice freed two places")
	}
}

func FuzzParseMapping(f *testing.F) {
	f.Add("example.hk:443:[::1]:8443")
	f.Fuzz(func(t *testing.T, s string) {
		_, _ = netguard.ParseMapping(s)
	})
}

// TestOneAddressHasOneCount: an IPv4 address in another spelling is the same
// server, and does not get connections of its own.
func TestOneAddressHasOneCount(t *testing.T) {
	ap := listen(t)
	mapped := netip.AddrPortFrom(netip.AddrFrom16(ap.Addr().As16()), ap.Port()) // ::ffff:127.0.0.1
	d := &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}, PerAddr: 2}
	s := netguard.Scope{Dialer: d, Limit: 2}
	for _, to := range []netip.AddrPort{ap, mapped} {
		c, err := s.Dial(t.Context(), "tcp", "", to)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
	}
	if c, err := s.Dial(t.Context(), "tcp", "", mapped); !errors.Is(err, netguard.ErrLimit) {
		t.Errorf("a third connection: %v, %v", c, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if c, err := d.Dial(ctx, "tcp", "", mapped); err == nil {
		_ = c.Close()
		t.Error("a third connection was open at the same time")
	}
	// NAT64 leads to the same server; here there is none, so only the count shows.
	nat := netip.MustParseAddrPort("[64:ff9b::7f00:1]:1")
	if _, err := s.Dial(ctx, "tcp", "", nat); !errors.Is(err, netguard.ErrLimit) {
		t.Errorf("by NAT64: %v", err)
	}
}
