package dnsprobe_test

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/dnsprobe"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

func TestNameThatDoesNotExist(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("example.hk.", shop, nil, l.Server(one), l.Server(two))
	l.Top(delegation, nil, nil)
	dialer := l.Dialer()
	for name, zone := range map[string]string{"unknown.hk": "hk", "shop.example.hk": "example.hk", "example.none": "."} {
		target, err := scanner.ParseTarget(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := collectTarget(t, l, dialer, target)
		if err != nil || got.Exists || got.Zone != zone || got.Failure == nil || got.Failure.Kind != scanner.FailUnresolved || len(got.Servers)+len(got.Hosts) != 0 {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

// Names that --connect-to leads elsewhere are scanned whatever the DNS says.
func TestConnectTo(t *testing.T) {
	here := netip.MustParseAddr("127.0.0.1")
	lead := func(d *netguard.Dialer, host string, port uint16) {
		d.ConnectTo = append(d.ConnectTo, netguard.Mapping{Host: host, Port: port, To: here, ToPort: 8443})
	}
	t.Run("no such name", func(t *testing.T) {
		l := dnslab.New(t)
		l.Top("", nil, nil)
		d := l.Dialer()
		lead(d, "example.hk", 443)
		got, err := collect(t, l, d)
		if err != nil || !got.Exists || got.Failure == nil || !slices.Equal(got.Hosts[0].Addrs, []netip.Addr{here}) || !got.Hosts[0].Exists || got.Hosts[0].Failure != nil || got.Hosts[1].Failure == nil {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("no address", func(t *testing.T) {
		l := dnslab.New(t)
		l.Zone("example.hk.", apex+"www A 192.0.2.1\n", nil, l.Server(one), l.Server(two))
		l.Top(delegation, nil, nil)
		d := l.Dialer()
		lead(d, "example.hk", 80)
		lead(d, "www.example.hk", 443)
		got, err := collect(t, l, d)
		if err != nil || got.Failure != nil || !slices.Equal(got.Hosts[0].Addrs, []netip.Addr{here}) || got.Hosts[1].Addrs[0] != netip.MustParseAddr("192.0.2.1") {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("no DNS at all", func(t *testing.T) {
		l := dnslab.New(t)
		l.Server(dnslab.RootAddr).Tweak = func(_, _ *dns.Msg, _ bool) *dns.Msg { return nil }
		d := l.Dialer()
		lead(d, "", 443)
		got, err := collect(t, l, d, hasty)
		if err == nil || got == nil || got.Failure.Kind != scanner.FailTimeout || len(got.Hosts) != 2 || len(got.Hosts[1].Addrs) != 1 {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// Without any DNS, the section is missing and the error says why.
func TestNoDNS(t *testing.T) {
	quiet := func(_, _ *dns.Msg, _ bool) *dns.Msg { return nil }
	refusing := func(ask, _ *dns.Msg, _ bool) *dns.Msg { return new(dns.Msg).SetRcode(ask, dns.RcodeRefused) }
	tests := []struct {
		name  string
		tweak func(ask, m *dns.Msg, tcp bool) *dns.Msg
		guard bool
		want  scanner.FailureKind
	}{
		{"silence", quiet, false, scanner.FailTimeout},
		{"refusal", refusing, false, scanner.FailServer},
		{"forbidden", quiet, true, scanner.FailForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := dnslab.New(t)
			l.Server(dnslab.RootAddr).Tweak = tt.tweak
			d := l.Dialer()
			d.Policy.AllowPrivate = !tt.guard
			got, err := collect(t, l, d, hasty)
			if got != nil || err == nil || scanner.FailureOf(err).Kind != tt.want {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

// A name server at a forbidden address is not asked.
func TestForbiddenServer(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("example.hk.", shop, nil, l.Server(one), l.Server(two))
	l.Top(delegation, nil, nil)
	d := l.Dialer()
	d.Policy = netguard.Policy{}
	for addr, s := range l.Servers {
		if addr != netip.MustParseAddr(two) {
			d.Policy.Listeners = append(d.Policy.Listeners, s.AddrPort())
		}
	}
	got, err := collect(t, l, d)
	if err != nil || got.Servers[0].Failure != nil || got.Servers[1].Failure == nil || got.Servers[1].Failure.Kind != scanner.FailForbidden {
		t.Errorf("%+v %v", got.Servers, err)
	}
	if n := l.Server(two).Asked.Load(); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
}

// One of two servers has old signatures.
func TestOneServerLeftBehind(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("example.hk.", shop, &dnslab.Signing{}, l.Server(one), l.Server(two))
	l.Top(delegation, &dnslab.Signing{}, &dnslab.Signing{})
	l.Server(two).Tweak = func(ask, m *dns.Msg, tcp bool) *dns.Msg {
		if ask.Question[0].Qtype == dns.TypeSOA {
			for i, rr := range m.Answer {
				if sig, ok := rr.(*dns.RRSIG); ok {
					old := dns.Copy(sig).(*dns.RRSIG)
					old.Expiration = uint32(dnslab.Now().Add(-time.Hour).Unix())
					m.Answer[i] = old
				}
			}
		}
		return m
	}
	got, err := collect(t, l, l.Dialer())
	if err != nil || got.DNSSEC.Status != scanner.Bogus || !strings.Contains(got.DNSSEC.Reason, "expired 2026-01-15") {
		t.Errorf("%+v %v", got.DNSSEC, err)
	}
}

// Thirty names with many addresses each: what is asked stays bounded.
func TestManyServers(t *testing.T) {
	l := dnslab.New(t)
	var ns, glue strings.Builder
	for i := range 30 {
		fmt.Fprintf(&ns, "@ NS n%d\n", i)
		for j := range 6 {
			fmt.Fprintf(&ns, "n%d A 127.10.%d.%d\n", i, i+1, j+1)
		}
		fmt.Fprintf(&glue, "example NS n%d.example\nn%d.example A %s\n", i, i, one)
	}
	l.Zone("example.hk.", ns.String(), nil, l.Server(one))
	l.Top(glue.String(), nil, nil)
	d := l.Dialer()
	d.ConnectTo = append(d.ConnectTo, netguard.Mapping{Port: 53, To: netip.MustParseAddr(one), ToPort: l.Server(one).Port})
	got, err := collect(t, l, d)
	if err != nil || len(got.Servers) > 32 || len(got.ParentNS) != 16 {
		t.Errorf("%d servers, %d names, %v", len(got.Servers), len(got.ParentNS), err)
	}
}

// A scan that is stopped gets what there is, at once.
func TestStopped(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("example.hk.", shop, nil, l.Server(one), l.Server(two))
	began := make(chan struct{}, 1000)
	l.Server(two).Tweak = func(_, _ *dns.Msg, _ bool) *dns.Msg { began <- struct{}{}; return nil }
	l.Top(delegation, nil, nil)
	d := l.Dialer()
	ctx, stop := context.WithCancelCause(context.Background())
	target, err := scanner.ParseTarget("example.hk")
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	go func() {
		<-began
		stop(scanner.Failf(scanner.FailCancelled, "stopped"))
	}()
	section, err := dnsprobe.New(resolver(l, d)).Collect(ctx, scanner.Input{
		Facts: &scanner.Facts{Target: target}, Net: &scanner.Network{Dialer: d},
	})
	if err == nil || scanner.FailureOf(err).Kind != scanner.FailCancelled || section == nil {
		t.Errorf("%+v %v", section, err)
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("goroutines were left:\n%s", stacks[:runtime.Stack(stacks, true)])
}

// Where IPv6 leads nowhere, it is tried a few times in a run and then left; one
// domain whose servers are dead does not make it so.
func TestDeadIPv6(t *testing.T) {
	const six = "2001:db8::53"
	for _, works := range []bool{false, true} {
		t.Run(fmt.Sprint("elsewhere it works: ", works), func(t *testing.T) {
			l := dnslab.New(t)
			l.Zone("example.hk.", shop+"ns1 AAAA 2001:db8::1\nns2 AAAA 2001:db8::2\n", nil, l.Server(one), l.Server(two))
			l.Server("127.10.0.6").Tweak = func(_, _ *dns.Msg, _ bool) *dns.Msg { return nil }
			l.Top(delegation, nil, nil)
			d := l.Dialer()
			to := map[string]string{"2001:db8::1": "127.10.0.6", "2001:db8::2": "127.10.0.6", six: "127.10.0.6"}
			if works {
				to[six] = dnslab.RootAddr
			}
			for from, addr := range to {
				d.ConnectTo = append(d.ConnectTo, netguard.Mapping{Host: from, Port: 53, To: netip.MustParseAddr(addr), ToPort: l.Server(addr).Port})
			}
			target, err := scanner.ParseTarget("example.hk")
			if err != nil {
				t.Fatal(err)
			}
			p := dnsprobe.New(resolver(l, d, hasty, func(c *resolve.Config) {
				c.RootHints = append(c.RootHints, resolve.Hint{Name: "six.root", Addr: netip.MustParseAddr(six)})
			}))
			var kinds []scanner.FailureKind
			for range 3 {
				section, err := p.Collect(t.Context(), scanner.Input{Facts: &scanner.Facts{Target: target}, Net: &scanner.Network{Dialer: d}})
				if err != nil {
					t.Fatal(err)
				}
				got := section.(*scanner.DNSFacts)
				if len(got.Servers) != 4 || got.Servers[0].Failure != nil || got.Servers[1].Failure == nil || len(got.Hosts[0].Addrs) != 2 {
					t.Fatalf("%+v", got)
				}
				kinds = append(kinds, got.Servers[1].Failure.Kind)
			}
			// Whether it is given up within the first scan or at its end depends on
			// which question times out first; from the second on it is left alone.
			want := []scanner.FailureKind{kinds[0], scanner.FailUnreachable, scanner.FailUnreachable}
			if works {
				want = slices.Repeat([]scanner.FailureKind{scanner.FailTimeout}, 3)
			}
			if !slices.Equal(kinds, want) || (kinds[0] != scanner.FailTimeout && kinds[0] != scanner.FailUnreachable) {
				t.Errorf("failures %v, want %v", kinds, want)
			}
			if l.Server("127.10.0.6").Asked.Load() == 0 {
				t.Error("IPv6 was given up without being tried")
			}
		})
	}
}
