package dnsprobe_test

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/dnsprobe"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// Addresses of the servers of example.hk in these tests.
const (
	one = "127.10.0.3"
	two = "127.10.0.4"
)

const (
	delegation = "example NS ns1.example\nexample NS ns2.example\nns1.example A " + one + "\nns2.example A " + two + "\n"
	apex       = "@ NS ns1\n@ NS ns2\nns1 A " + one + "\nns2 A " + two + "\n"
	shop       = apex + "@ A 192.0.2.1\n@ AAAA 2001:db8::1\nwww CNAME @\n@ CAA 0 issue \"ca.example\"\n@ CAA 128 iodef \"mailto:a@example.hk\"\n"
)

type change func(*resolve.Config)

// collect runs the probe on example.hk in the lab.
func collect(t testing.TB, l *dnslab.Lab, dialer *netguard.Dialer, changes ...change) (*scanner.DNSFacts, error) {
	t.Helper()
	target, err := scanner.ParseTarget("example.hk")
	if err != nil {
		t.Fatal(err)
	}
	return collectTarget(t, l, dialer, target, changes...)
}

func collectTarget(t testing.TB, l *dnslab.Lab, dialer *netguard.Dialer, target scanner.Target, changes ...change) (*scanner.DNSFacts, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p := dnsprobe.New(resolver(l, dialer, changes...))
	section, err := p.Collect(ctx, scanner.Input{
		Facts: &scanner.Facts{Target: target},
		Net:   &scanner.Network{Dialer: &netguard.Scope{Dialer: dialer}},
	})
	facts, _ := section.(*scanner.DNSFacts)
	return facts, err
}

func resolver(l *dnslab.Lab, dialer *netguard.Dialer, changes ...change) *resolve.Resolver {
	c := resolve.Config{
		Dialer:    dialer,
		RootHints: []resolve.Hint{{Name: "a.root", Addr: netip.MustParseAddr(dnslab.RootAddr)}},
		Now:       dnslab.Now,
		Timeout:   20 * time.Second,
	}
	if root := l.Zones["."]; root != nil && root.Sign != nil {
		c.Anchors = l.Anchors()
	}
	for _, f := range changes {
		f(&c)
	}
	return resolve.New(c)
}

// hasty is for labs in which somebody does not answer.
func hasty(c *resolve.Config) { c.Timeout = 400 * time.Millisecond }

func TestGoodDomain(t *testing.T) {
	for _, mode := range []string{"walking", "forwarding"} {
		t.Run(mode, func(t *testing.T) {
			l := dnslab.New(t)
			l.Zone("example.hk.", shop, &dnslab.Signing{}, l.Server(one), l.Server(two))
			l.Top(delegation, &dnslab.Signing{NSEC3: true}, &dnslab.Signing{})
			r := l.Server("127.10.0.9", func(s *dnslab.Server) { s.Recurse = true })
			got, err := collect(t, l, l.Dialer(), func(c *resolve.Config) {
				if mode == "forwarding" {
					c.Forward = []netip.AddrPort{r.AddrPort()}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			names := []string{"ns1.example.hk", "ns2.example.hk"}
			if !got.Exists || got.Zone != "example.hk" || !got.ParentKnown || !slices.Equal(got.ParentNS, names) || got.Failure != nil || got.UnresolvedNS != nil {
				t.Errorf("delegation: %+v", got)
			}
			if len(got.Servers) != 2 {
				t.Fatalf("servers: %+v", got.Servers)
			}
			for i, s := range got.Servers {
				want := scanner.NameServer{
					Name: names[i], Addr: netip.MustParseAddr([]string{one, two}[i]),
					UDP: true, TCP: true, EDNS: true, CaseKept: scanner.Yes, Authoritative: true, Rcode: "NOERROR", Serial: 1, NS: names,
					SOA:       &scanner.SOA{MName: "ns.nic.lab", RName: "admin.nic.lab", Refresh: 3600, Retry: 900, Expire: 86400, Minimum: 300},
					Recursion: scanner.No, Transfer: scanner.No, VersionTold: scanner.No,
					NoName: &scanner.Negative{Rcode: "NXDOMAIN", SOA: true}, NoType: &scanner.Negative{Rcode: "NOERROR", SOA: true},
					Child: &scanner.ChildKeys{},
				}
				if got, want := asJSON(t, s), asJSON(t, want); got != want {
					t.Errorf("server:\n%s, want\n%s", got, want)
				}
			}
			if got.DNSSEC.Status != scanner.Secure || len(got.DNSSEC.Links) != 3 {
				t.Errorf("dnssec: %+v", got.DNSSEC)
			}
			addrs := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}
			if len(got.Hosts) != 2 || !slices.Equal(got.Hosts[0].Addrs, addrs) || !slices.Equal(got.Hosts[1].Addrs, addrs) ||
				!got.Hosts[1].Exists || !slices.Equal(got.Hosts[1].CNAMEs, []string{"example.hk"}) || got.Hosts[1].Failure != nil {
				t.Errorf("hosts: %+v", got.Hosts)
			}
			caa := []scanner.CAARecord{{Flag: 128, Tag: "iodef", Value: "mailto:a@example.hk"}, {Tag: "issue", Value: "ca.example"}}
			if !slices.Equal(got.CAA, caa) || got.CAAAt != "example.hk" {
				t.Errorf("caa: %+v at %s", got.CAA, got.CAAAt)
			}
		})
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// One fault at a time, and only the fact that it belongs to changes.
func TestServerFaults(t *testing.T) {
	type tweak = func(ask, m *dns.Msg, tcp bool) *dns.Msg
	when := func(match func(q dns.Question, tcp bool) bool, what func(ask, m *dns.Msg) *dns.Msg) tweak {
		return func(ask, m *dns.Msg, tcp bool) *dns.Msg {
			if match(ask.Question[0], tcp) {
				return what(ask, m)
			}
			return m
		}
	}
	any := func(dns.Question, bool) bool { return true }
	refuse := func(ask, _ *dns.Msg) *dns.Msg { return new(dns.Msg).SetRcode(ask, dns.RcodeRefused) }
	drop := func(_, _ *dns.Msg) *dns.Msg { return nil }
	tests := []struct {
		name  string
		fault func(*dnslab.Server)
		hasty bool
		check func(s scanner.NameServer) bool
	}{
		{"lame: refuses", func(s *dnslab.Server) { s.Tweak = when(any, refuse) }, false, func(s scanner.NameServer) bool {
			return s.UDP && s.TCP && !s.Authoritative && s.Rcode == "REFUSED" && s.NS == nil && s.Failure == nil
		}},
		{"lame: no authority", func(s *dnslab.Server) {
			s.Tweak = when(any, func(_, m *dns.Msg) *dns.Msg { m.Authoritative = false; return m })
		}, false, func(s scanner.NameServer) bool { return s.UDP && !s.Authoritative && s.Rcode == "NOERROR" }},
		{"no TCP", func(s *dnslab.Server) { s.NoTCP = true }, false, func(s scanner.NameServer) bool {
			return s.UDP && !s.TCP && s.TCPFailure != nil && s.TCPFailure.Kind == scanner.FailRefused && s.Failure == nil && s.Transfer == scanner.No && s.Authoritative
		}},
		{"TCP does not answer", func(s *dnslab.Server) {
			s.Tweak = when(func(_ dns.Question, tcp bool) bool { return tcp }, drop)
		}, true, func(s scanner.NameServer) bool {
			return s.UDP && !s.TCP && s.TCPFailure.Kind == scanner.FailTimeout && s.Transfer == scanner.Unknown
		}},
		{"TCP is silent once", func(s *dnslab.Server) {
			var asked atomic.Int32
			s.Tweak = func(_, answer *dns.Msg, tcp bool) *dns.Msg {
				if tcp && asked.Add(1) == 1 {
					return nil
				}
				return answer
			}
		}, true, func(s scanner.NameServer) bool { return s.UDP && s.TCP && s.Transfer == scanner.No }},
		{"no UDP", func(s *dnslab.Server) {
			s.Tweak = when(func(_ dns.Question, tcp bool) bool { return !tcp }, drop)
		}, true, func(s scanner.NameServer) bool {
			return !s.UDP && s.TCP && s.UDPFailure.Kind == scanner.FailTimeout && s.Failure == nil && s.Authoritative && s.Serial == 1 && s.Recursion == scanner.Unknown
		}},
		{"silent", func(s *dnslab.Server) { s.Tweak = when(any, drop) }, true, func(s scanner.NameServer) bool {
			return !s.UDP && !s.TCP && s.Failure != nil && s.Failure.Kind == scanner.FailTimeout && s.Rcode == ""
		}},
		{"open recursion", func(s *dnslab.Server) { s.Recurse = true }, false, func(s scanner.NameServer) bool { return s.Recursion == scanner.Yes && s.Authoritative }},
		{"recursion that fails", func(s *dnslab.Server) {
			s.Tweak = when(func(q dns.Question, _ bool) bool { return q.Name == "." }, func(ask, m *dns.Msg) *dns.Msg {
				m.Rcode, m.RecursionAvailable = dns.RcodeServerFailure, true
				return m
			})
		}, false, func(s scanner.NameServer) bool { return s.Recursion == scanner.Unknown }},
		{"transfers its zone", func(s *dnslab.Server) { s.OpenAll = true }, false, func(s scanner.NameServer) bool { return s.Transfer == scanner.Yes }},
		{"tells its version", func(s *dnslab.Server) { s.Version = "9.18\x1b[2J" + strings.Repeat("x", 200) }, false, func(s scanner.NameServer) bool {
			return strings.HasPrefix(s.Version, `9.18\027[2Jx`) && len(s.Version) < 130
		}},
		{"another serial", func(s *dnslab.Server) {
			s.Tweak = when(any, func(_, m *dns.Msg) *dns.Msg {
				for i, rr := range m.Answer {
					if soa, ok := rr.(*dns.SOA); ok {
						m.Answer[i] = dns.Copy(soa)
						m.Answer[i].(*dns.SOA).Serial = 7
					}
				}
				return m
			})
		}, false, func(s scanner.NameServer) bool { return s.Serial == 7 && s.Authoritative }},
		{"no EDNS", func(s *dnslab.Server) {
			s.Tweak = func(ask, m *dns.Msg, _ bool) *dns.Msg {
				if ask.IsEdns0() != nil {
					return new(dns.Msg).SetRcode(ask, dns.RcodeFormatError)
				}
				return m
			}
		}, false, func(s scanner.NameServer) bool { return s.UDP && !s.EDNS && s.Authoritative && s.Serial == 1 }},
		{"drops EDNS", func(s *dnslab.Server) {
			s.Tweak = func(ask, m *dns.Msg, _ bool) *dns.Msg {
				if ask.IsEdns0() != nil {
					return nil
				}
				return m
			}
		}, true, func(s scanner.NameServer) bool { return s.UDP && !s.EDNS && s.Authoritative }},
		{"always truncated", func(s *dnslab.Server) {
			s.Tweak = func(_, m *dns.Msg, tcp bool) *dns.Msg {
				if !tcp {
					m.Truncated, m.Answer = true, nil
				}
				return m
			}
		}, false, func(s scanner.NameServer) bool {
			return s.UDP && s.TCP && s.Authoritative && s.Serial == 1 && len(s.NS) == 2
		}},
		{"lies", func(s *dnslab.Server) {
			s.Tweak = when(any, func(_, m *dns.Msg) *dns.Msg { m.Id++; return m })
		}, true, func(s scanner.NameServer) bool {
			return !s.UDP && !s.TCP && s.Failure.Kind == scanner.FailProtocol
		}},
		{"names another server", func(s *dnslab.Server) {
			s.Tweak = when(func(q dns.Question, _ bool) bool {
				return q.Qtype == dns.TypeNS && strings.EqualFold(q.Name, "example.hk.")
			}, func(_, m *dns.Msg) *dns.Msg {
				m.Answer[0] = dns.Copy(m.Answer[0])
				m.Answer[0].(*dns.NS).Ns = "Third.example.hk."
				return m
			})
		}, false, func(s scanner.NameServer) bool {
			return slices.Equal(s.NS, []string{"ns2.example.hk", "third.example.hk"})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := dnslab.New(t)
			tt.fault(l.Server(one))
			l.Server(one).Zones = nil
			l.Zone("example.hk.", shop+"third A "+two+"\n", nil, l.Server(one), l.Server(two))
			l.Top(delegation, nil, nil)
			var changes []change
			if tt.hasty {
				changes = append(changes, hasty)
			}
			got, err := collect(t, l, l.Dialer(), changes...)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Servers) < 2 || !tt.check(got.Servers[0]) {
				t.Errorf("%+v", got.Servers)
			}
			for _, s := range got.Servers[1:] {
				if s.Failure != nil || !s.Authoritative || s.Serial != 1 || s.Recursion != scanner.No || s.Transfer != scanner.No {
					t.Errorf("the good server: %+v", s)
				}
			}
			if got.Hosts[0].Failure != nil || len(got.Hosts[0].Addrs) != 2 || got.CAAFailure != nil {
				t.Errorf("hosts %+v, caa %v", got.Hosts, got.CAAFailure)
			}
		})
	}
}

func TestHostsAndNames(t *testing.T) {
	addr := func(s ...string) (list []netip.Addr) {
		for _, a := range s {
			list = append(list, netip.MustParseAddr(a))
		}
		return list
	}
	tests := []struct {
		name, zone, hk string
		check          func(*scanner.DNSFacts) bool
	}{
		{"dangling alias", apex + "@ A 192.0.2.1\nwww CNAME gone.cdn.hk.\n", "", func(f *scanner.DNSFacts) bool {
			w := f.Hosts[1]
			return w.Exists && w.Dangling == "gone.cdn.hk" && w.Addrs == nil && w.Failure == nil && slices.Equal(w.CNAMEs, []string{"gone.cdn.hk"})
		}},
		{"alias loop", apex + "@ A 192.0.2.1\nwww CNAME w2\nw2 CNAME www\n", "", func(f *scanner.DNSFacts) bool {
			w := f.Hosts[1]
			return w.Exists && w.Dangling == "" && w.Failure != nil && w.Failure.Kind == scanner.FailProtocol
		}},
		{"no www", apex + "@ A 192.0.2.1\n", "", func(f *scanner.DNSFacts) bool {
			return f.Hosts[0].Exists && !f.Hosts[1].Exists && f.Hosts[1].Failure == nil && f.Hosts[1].Dangling == ""
		}},
		{"addresses sorted", apex + "@ A 192.0.2.9\n@ A 192.0.2.1\n@ AAAA 2001:db8::2\n@ A 192.0.2.1\n", "", func(f *scanner.DNSFacts) bool {
			return slices.Equal(f.Hosts[0].Addrs, addr("192.0.2.1", "192.0.2.9", "2001:db8::2"))
		}},
		{"CAA of the parent", apex, "@ CAA 0 issue \"hk.example\"\n", func(f *scanner.DNSFacts) bool {
			return len(f.CAA) == 1 && f.CAAAt == "hk"
		}},
		{"no CAA", apex, "", func(f *scanner.DNSFacts) bool { return f.CAA == nil && f.CAAAt == "" && f.CAAFailure == nil }},
		{"name server without address", apex + "@ NS ns.gone.hk.\n", "example NS ns.gone.hk.\n", func(f *scanner.DNSFacts) bool {
			return slices.Equal(f.UnresolvedNS, []string{"ns.gone.hk"}) && len(f.ParentNS) == 3 && len(f.Servers) == 2
		}},
		{"server that only the zone names", apex + "@ NS extra\nextra A 127.10.0.5\n", "", func(f *scanner.DNSFacts) bool {
			return len(f.ParentNS) == 2 && len(f.Servers) == 3 && f.Servers[0].Name == "extra.example.hk" && f.Servers[0].Authoritative
		}},
		{"glue that differs", "@ NS ns1\n@ NS ns2\nns1 A 127.10.0.5\nns2 A " + two + "\n", "", func(f *scanner.DNSFacts) bool {
			return len(f.Servers) == 3 && f.Servers[0].Addr == netip.MustParseAddr(one) && f.Servers[1].Addr == netip.MustParseAddr("127.10.0.5")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := dnslab.New(t)
			l.Zone("example.hk.", tt.zone, nil, l.Server(one), l.Server(two), l.Server("127.10.0.5"))
			l.Zone("cdn.hk.", "@ NS ns1.example.hk.\n", nil, l.Server(one))
			l.Top(delegation+"cdn NS ns1.example\n"+tt.hk, nil, nil)
			got, err := collect(t, l, l.Dialer())
			if err != nil {
				t.Fatal(err)
			}
			if !tt.check(got) {
				t.Errorf("%+v", got)
			}
		})
	}
}
