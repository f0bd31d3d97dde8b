package resolve_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// Whatever one server of a domain does, its look-ups end, with the right reason.
func TestBrokenServers(t *testing.T) {
	type tweak = func(ask, m *dns.Msg, tcp bool) *dns.Msg
	always := func(change func(ask, m *dns.Msg)) tweak {
		return func(ask, m *dns.Msg, _ bool) *dns.Msg { change(ask, m); return m }
	}
	tests := []struct {
		name  string
		tweak tweak
		noTCP bool
		want  string // the address found; "": none
		fails scanner.FailureKind
	}{
		{name: "never answers", tweak: func(_, _ *dns.Msg, _ bool) *dns.Msg { return nil }, fails: scanner.FailTimeout},
		{name: "refuses", tweak: always(func(_, m *dns.Msg) { m.Answer, m.Rcode = nil, dns.RcodeRefused }), fails: scanner.FailServer},
		{name: "fails", tweak: always(func(_, m *dns.Msg) { m.Answer, m.Rcode = nil, dns.RcodeServerFailure }), fails: scanner.FailServer},
		{name: "another id", tweak: always(func(_, m *dns.Msg) { m.Id++ }), fails: scanner.FailProtocol},
		{name: "another question", tweak: always(func(_, m *dns.Msg) { m.Question[0].Name = "other.hk." }), fails: scanner.FailProtocol},
		{name: "another type", tweak: always(func(_, m *dns.Msg) { m.Question[0].Qtype = dns.TypeMX }), fails: scanner.FailProtocol},
		{name: "no question", tweak: always(func(_, m *dns.Msg) { m.Question = nil }), fails: scanner.FailProtocol},
		{name: "a question back", tweak: always(func(_, m *dns.Msg) { m.Response = false }), fails: scanner.FailProtocol},
		{name: "another case in the question", tweak: always(func(_, m *dns.Msg) { m.Question[0].Name = "EXAMPLE.hk." }), want: "192.0.2.1"},
		{name: "upper case in the answer", tweak: always(func(_, m *dns.Msg) { m.Answer[0].Header().Name = "EXAMPLE.HK." }), want: "192.0.2.1"},
		{name: "other names' addresses", tweak: always(func(_, m *dns.Msg) {
			m.Answer = []dns.RR{address("victim.hk.", "192.0.2.66"), address("other.example.hk.", "192.0.2.66")}
		})},
		{name: "no EDNS: format error", tweak: func(ask, m *dns.Msg, _ bool) *dns.Msg {
			if ask.IsEdns0() != nil {
				return new(dns.Msg).SetRcode(ask, dns.RcodeFormatError)
			}
			return m
		}, want: "192.0.2.1"},
		{name: "no EDNS: bare header", tweak: func(ask, m *dns.Msg, _ bool) *dns.Msg {
			if ask.IsEdns0() != nil {
				m = new(dns.Msg).SetRcode(ask, dns.RcodeFormatError)
				m.Question = nil
			}
			return m
		}, want: "192.0.2.1"},
		{name: "always truncated over UDP", tweak: func(_, m *dns.Msg, tcp bool) *dns.Msg {
			if m.Truncated = !tcp; !tcp {
				m.Answer = nil
			}
			return m
		}, want: "192.0.2.1"},
		{name: "truncated, no TCP", tweak: func(_, m *dns.Msg, tcp bool) *dns.Msg { m.Truncated = !tcp; return m }, noTCP: true, fails: scanner.FailRefused},
		{name: "truncated, TCP stalls", tweak: func(_, m *dns.Msg, tcp bool) *dns.Msg {
			if m.Truncated = !tcp; tcp {
				return nil
			}
			return m
		}, fails: scanner.FailTimeout},
		{name: "no authority", tweak: always(func(_, m *dns.Msg) { m.Authoritative = false }), want: "192.0.2.1"},
		{name: "refers upwards", tweak: always(func(_, m *dns.Msg) {
			m.Authoritative, m.Answer = false, nil
			m.Ns = []dns.RR{ns("hk.", "ns.nic.hk."), ns(".", "a.root.")}
		}), fails: scanner.FailServer},
		{name: "refers to itself", tweak: always(func(_, m *dns.Msg) {
			m.Authoritative, m.Answer = false, nil
			m.Ns = []dns.RR{ns("example.hk.", "ns1.example.hk.")}
		}), fails: scanner.FailServer},
		{name: "speaks garbage", tweak: always(func(_, m *dns.Msg) {
			m.Answer = []dns.RR{&dns.RFC3597{Hdr: dns.RR_Header{Name: "example.hk.", Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, Rdata: "00"}}
		}), fails: scanner.FailProtocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := dnslab.New(t)
			for _, addr := range []string{one, two} {
				s := l.Server(addr)
				s.Tweak, s.NoTCP = tt.tweak, tt.noTCP
			}
			l.Zone("example.hk.", apex+"@ A 192.0.2.1\n", nil, l.Server(one), l.Server(two))
			l.Top(delegation, nil, nil)
			got, err := hasty(l, tt.fails).Lookup(deadline(t), "example.hk", dns.TypeA)
			if v := strings.Join(values(got.Records), " "); v != tt.want || kindOf(err) != tt.fails {
				t.Errorf("got %q, %v; want %q, kind %q", v, err, tt.want, tt.fails)
			}
		})
	}
}

func address(name, addr string) dns.RR {
	return &dns.A{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 300}, A: net.ParseIP(addr)}
}

func ns(name, host string) dns.RR {
	return &dns.NS{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 300}, Ns: host}
}

// The second server makes up for the first.
func TestOneDeadServer(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("example.hk.", apex+"@ A 192.0.2.1\na A 192.0.2.2\n", nil, l.Server(one), l.Server(two))
	l.Server(one).Tweak = func(_, _ *dns.Msg, _ bool) *dns.Msg { return nil }
	l.Top(delegation, nil, nil)
	r := hasty(l, scanner.FailTimeout)
	for i := range 20 {
		if _, err := r.Lookup(deadline(t), fmt.Sprintf("n%d.example.hk", i), dns.TypeA); err != nil {
			t.Fatal(err)
		}
	}
	// It is asked once at most (each question is sent twice): then the one that
	// answered is preferred.
	if n := l.Server(one).Asked.Load(); n > 2 {
		t.Errorf("the dead server was asked %d times", n)
	}
}

// A question whose first datagram is lost is sent again.
func TestLostDatagram(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("example.hk.", "@ NS ns1\nns1 A "+one+"\na A 192.0.2.2\n", nil, l.Server(one))
	var seen sync.Map
	l.Server(one).Tweak = func(ask, m *dns.Msg, tcp bool) *dns.Msg {
		if _, again := seen.LoadOrStore(ask.Id, true); !again && !tcp {
			return nil
		}
		return m
	}
	l.Top("example NS ns1.example\nns1.example A "+one+"\n", nil, nil)
	got, err := hasty(l, scanner.FailTimeout).Lookup(deadline(t), "a.example.hk", dns.TypeA)
	if err != nil || strings.Join(values(got.Records), " ") != "192.0.2.2" {
		t.Errorf("got %v, %v", got, err)
	}
}

// No question leads to more than a bounded number of others.
func TestEndlessDelegations(t *testing.T) {
	counted := func(l *dnslab.Lab) (n int64) {
		for _, s := range l.Servers {
			n += s.Asked.Load()
		}
		return n
	}
	many := func(parent, to string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%s NS ns%d.%s\n", parent, i, to)
		}
		return b.String()
	}
	tests := []struct {
		name  string
		build func(l *dnslab.Lab)
		ask   string
		limit int64 // questions in all
	}{
		{"two zones hang on each other", func(l *dnslab.Lab) {
			l.Top("a NS ns.b.hk.\nb NS ns.a.hk.\n", nil, nil)
		}, "www.a.hk", 20},
		{"a zone hangs on itself", func(l *dnslab.Lab) {
			l.Top("a NS ns.a.hk.\n", nil, nil)
		}, "www.a.hk", 20},
		{"a ring of zones", func(l *dnslab.Lab) {
			var b strings.Builder
			for i := range 50 {
				fmt.Fprintf(&b, "z%d NS ns.z%d.hk.\nz%d NS ns2.z%d.hk.\n", i, (i+1)%50, i, (i+7)%50)
			}
			l.Top(b.String(), nil, nil)
		}, "www.z0.hk", 200},
		{"many servers without address", func(l *dnslab.Lab) {
			l.Zone("victim.hk.", "@ NS ns1.example.hk.\n", nil, l.Server(one))
			l.Zone("example.hk.", apex, nil, l.Server(one), l.Server(two))
			l.Top(delegation+many("a", "victim.hk.", 60)+"victim NS ns1.example\n", nil, nil)
		}, "www.a.hk", 60},
		{"ever deeper", func(l *dnslab.Lab) {
			s := l.Server(one)
			depth := atomic.Int64{}
			s.Tweak = func(ask, m *dns.Msg, _ bool) *dns.Msg {
				n := int(depth.Add(1))
				labels := dns.SplitDomainName(ask.Question[0].Name)
				at := strings.Join(labels[max(0, len(labels)-2-n):], ".") + "."
				m.Rcode, m.Authoritative, m.Answer = 0, false, nil
				m.Ns = []dns.RR{ns(at, "ns1.example.hk.")}
				m.Extra = []dns.RR{address("ns1.example.hk.", one)}
				return m
			}
			l.Top("example NS ns1.example\nns1.example A "+one+"\n", nil, nil)
		}, strings.Repeat("a.", 60) + "example.hk", 220},
		{"every answer names new servers elsewhere", func(l *dnslab.Lab) {
			s := l.Server(one)
			n := atomic.Int64{}
			s.Tweak = func(ask, m *dns.Msg, _ bool) *dns.Msg {
				m.Rcode, m.Authoritative, m.Answer, m.Ns = 0, false, nil, nil
				for range 10 {
					m.Ns = append(m.Ns, ns(ask.Question[0].Name, fmt.Sprintf("ns.x%d.example.hk.", n.Add(1))))
				}
				return m
			}
			l.Top("example NS ns1.example\nns1.example A "+one+"\n", nil, nil)
		}, "www.example.hk", 420},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := dnslab.New(t)
			tt.build(l)
			got, err := walker(l).Lookup(deadline(t), tt.ask, dns.TypeA)
			if err == nil || len(got.Records) > 0 {
				t.Errorf("got %+v", got)
			}
			if n := counted(l); n > tt.limit {
				t.Errorf("%d questions were asked, want at most %d", n, tt.limit)
			}
		})
	}
}

// Look-ups of zones that hang on each other, begun from both ends at the same
// time, do not wait for each other for ever.
func TestCrossedLookups(t *testing.T) {
	l := dnslab.New(t)
	l.Top("a NS ns.b.hk.\nb NS ns.a.hk.\n", nil, nil)
	r := walker(l)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if _, err := r.Lookup(deadline(t), fmt.Sprintf("w%d.%s.hk", i, string("ab"[i%2])), dns.TypeA); kindOf(err) != scanner.FailServer {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// What a server says about zones that are not its own is not believed.
func TestForeignRecordsAreIgnored(t *testing.T) {
	l := dnslab.New(t)
	l.Server(one).Tweak = func(_, m *dns.Msg, _ bool) *dns.Msg {
		m.Answer = append(m.Answer, address("www.bank.hk.", "192.0.2.66"), ns("bank.hk.", "ns1.example.hk."))
		m.Ns = append(m.Ns, ns("bank.hk.", "ns1.example.hk."), ns("hk.", "ns1.example.hk."), ns(".", "ns1.example.hk."))
		m.Extra = append(m.Extra, address("ns.nic.hk.", one), address("a.root.", one), address("ns.bank.hk.", one))
		return m
	}
	l.Zone("example.hk.", "@ NS ns1\nns1 A "+one+"\nwww CNAME www.bank.hk.\n", nil, l.Server(one))
	l.Zone("bank.hk.", "@ NS ns\nns A "+two+"\nwww A 192.0.2.1\n", nil, l.Server(two))
	l.Top("example NS ns1.example\nns1.example A "+one+"\nbank NS ns.bank\nns.bank A "+two+"\n", nil, nil)
	r := walker(l)
	for _, name := range []string{"www.example.hk", "www.bank.hk"} {
		got, err := r.Lookup(deadline(t), name, dns.TypeA)
		if err != nil || strings.Join(values(got.Records), " ") != "192.0.2.1" {
			t.Errorf("%s: %v %v", name, values(got.Records), err)
		}
	}
}

// Glue outside of the parent's own zone is not used.
func TestGlueOutOfBailiwick(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("org.", "@ NS ns.nic.hk.\nns.bank A "+two+"\n", nil, l.Server(dnslab.HKAddr))
	l.Zone("example.hk.", "@ NS ns.bank.org.\nwww A 192.0.2.1\n", nil, l.Server(two))
	l.Server(dnslab.HKAddr).Tweak = func(ask, m *dns.Msg, _ bool) *dns.Msg {
		if !m.Authoritative {
			m.Extra = append(m.Extra, address("ns.bank.org.", one))
		}
		return m
	}
	l.Server(one).Tweak = func(ask, _ *dns.Msg, _ bool) *dns.Msg {
		m := new(dns.Msg).SetReply(ask)
		m.Authoritative, m.Answer = true, []dns.RR{address("www.example.hk.", "192.0.2.66")}
		return m
	}
	l.Zone("hk.", "@ NS ns.nic.hk.\nns.nic A "+dnslab.HKAddr+"\nexample NS ns.bank.org.\n", nil, l.Server(dnslab.HKAddr))
	l.Zone(".", "@ NS a.root.\na.root. A "+dnslab.RootAddr+"\nhk. NS ns.nic.hk.\norg. NS ns.nic.hk.\nns.nic.hk. A "+dnslab.HKAddr+"\n", nil, l.Server(dnslab.RootAddr))
	got, err := walker(l).Lookup(deadline(t), "www.example.hk", dns.TypeA)
	if err != nil || strings.Join(values(got.Records), " ") != "192.0.2.1" {
		t.Errorf("%v %v", values(got.Records), err)
	}
}

// sieve is a dialer without IPv6, as on many networks.
type sieve struct {
	scanner.Dialer
	v6 error
}

func (s sieve) Dial(ctx context.Context, network, host string, ap netip.AddrPort) (net.Conn, error) {
	if ap.Addr().Is6() {
		return nil, s.v6
	}
	return s.Dialer.Dial(ctx, network, host, ap)
}

func TestWithoutIPv6(t *testing.T) {
	l := shop(t)
	c := config(l)
	c.Dialer = sieve{c.Dialer, scanner.Failf(scanner.FailUnreachable, "no route")}
	for i := range 13 {
		c.RootHints = append(c.RootHints, resolve.Hint{Name: "six", Addr: netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i+1))})
	}
	got, err := resolve.New(c).Lookup(deadline(t), "example.hk", dns.TypeA)
	if err != nil || len(got.Records) != 1 {
		t.Errorf("%v %v", got, err)
	}
}

// brittle is a dialer to which IPv6 is silent at first and then makes the
// reading of an answer panic.
type brittle struct {
	scanner.Dialer
	dials *atomic.Int64
}

func (b brittle) Dial(ctx context.Context, network, host string, ap netip.AddrPort) (net.Conn, error) {
	switch {
	case ap.Addr().Is4():
		return b.Dialer.Dial(ctx, network, host, ap)
	case b.dials.Add(1) > 6:
		panic("a parser broke")
	}
	return nil, scanner.Failf(scanner.FailTimeout, "silence")
}

// A panic while it is found out whether IPv6 works ends no more than that.
func TestPanicInIPv6Check(t *testing.T) {
	l := shop(t)
	c := config(l)
	dials := &atomic.Int64{}
	c.Dialer, c.RootHints = brittle{c.Dialer, dials}, nil
	for i := range 13 {
		c.RootHints = append(c.RootHints, resolve.Hint{Name: fmt.Sprintf("six%d", i), Addr: netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i+1))})
	}
	r := resolve.New(c)
	for i := range 4 {
		if _, err := r.Lookup(deadline(t), fmt.Sprintf("example.t%d", i), dns.TypeA); err == nil {
			t.Error("an answer without a server")
		}
	}
	if dials.Load() <= 6 {
		t.Errorf("%d connections: the check was not made", dials.Load())
	}
}
