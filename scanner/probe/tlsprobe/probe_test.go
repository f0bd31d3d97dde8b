package tlsprobe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

func addrs(s string) []netip.Addr {
	var list []netip.Addr
	for a := range strings.FieldsSeq(s) {
		list = append(list, netip.MustParseAddr(a))
	}
	return list
}

func TestPlan(t *testing.T) {
	const six = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6"
	tests := []struct {
		apex, www string
		want      string // names shortened to a and w; ! is Full
	}{
		{"", "", ""},
		{"192.0.2.1", "", "a 192.0.2.1!"},
		{"", "192.0.2.1", "w 192.0.2.1!"},
		{"192.0.2.1", "192.0.2.1", "a 192.0.2.1!, w 192.0.2.1"},
		{"192.0.2.1", "192.0.2.9", "a 192.0.2.1!, w 192.0.2.9!"},
		{"192.0.2.1 2001:db8::1", "192.0.2.1 2001:db8::1", "a 192.0.2.1!, a 2001:db8::1, w 192.0.2.1, w 2001:db8::1"},
		{six, "", "a 192.0.2.1!, a 192.0.2.2, a 192.0.2.3, a 192.0.2.4, a 192.0.2.5"},
		{six + " 2001:db8::1", "", "a 192.0.2.1!, a 192.0.2.2, a 192.0.2.3, a 192.0.2.4, a 2001:db8::1"},
		{six + " 2001:db8::1 2001:db8::2 2001:db8::3", "", "a 192.0.2.1!, a 192.0.2.2, a 192.0.2.3, a 2001:db8::1, a 2001:db8::2"},
		{"192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::4", "", "a 192.0.2.1!, a 192.0.2.2, a 2001:db8::1, a 2001:db8::2, a 2001:db8::3"},
	}
	for _, tt := range tests {
		var got []string
		for _, v := range plan([]scanner.HostAddrs{{Name: "a", Addrs: addrs(tt.apex)}, {Name: "w", Addrs: addrs(tt.www)}}, false) {
			s := fmt.Sprint(v.name, " ", v.addr)
			if v.depth == Full {
				s += "!"
			}
			got = append(got, s)
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s | %s: %s, want %s", tt.apex, tt.www, s, tt.want)
		}
	}
}

// collect runs the probe through the real dialer, which leads the documentation
// addresses of the facts to loopback.
func collect(ctx context.Context, t *testing.T, p *pki, hosts []scanner.HostAddrs, to map[string]netip.AddrPort, limit int) (*scanner.TLSFacts, error) {
	t.Helper()
	d := &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}
	for addr, ap := range to {
		d.ConnectTo = append(d.ConnectTo, netguard.Mapping{Host: addr, Port: port, To: ap.Addr(), ToPort: ap.Port()})
	}
	in := scanner.Input{
		Facts: &scanner.Facts{Started: now, DNS: &scanner.DNSFacts{Exists: true, Hosts: hosts}},
		Net:   &scanner.Network{Dialer: &netguard.Scope{Dialer: d, Limit: limit}, Roots: p.roots},
	}
	s, err := New().Collect(ctx, in)
	facts, ok := s.(*scanner.TLSFacts)
	if !ok {
		t.Fatalf("section %T", s)
	}
	return facts, err
}

func TestCollect(t *testing.T) {
	p := newPKI(t)
	first := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{p.leaf(t, ecKey(t)).chain(p.middle)}})
	apexOnly := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issue(t, p.middle, ecKey(t), "x", forNames("example.hk")).chain()}})
	hosts := []scanner.HostAddrs{
		{Name: "example.hk", Addrs: addrs("192.0.2.1 192.0.2.2 2001:db8::1")},
		{Name: "www.example.hk", Addrs: addrs("192.0.2.1 192.0.2.2")},
		{Name: "nowhere.example.hk"},
	}
	to := map[string]netip.AddrPort{"192.0.2.1": first, "192.0.2.2": apexOnly, "2001:db8::1": closedPort(t)}
	facts, err := collect(t.Context(), t, p, hosts, to, 22)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range facts.Hosts {
		got = append(got, fmt.Sprintf("%s %s:%d %s%s name %v, full %v", h.Name, h.Addr, h.Port, kindOf(h.Failure), h.Verify, h.NameMatch, len(h.WeakTested) > 0))
	}
	want := []string{
		"example.hk 192.0.2.1:443  name true, full true",
		"example.hk 192.0.2.2:443 incomplete name true, full false",
		"example.hk 2001:db8::1:443 refused name false, full false",
		"www.example.hk 192.0.2.1:443  name true, full false",
		"www.example.hk 192.0.2.2:443 incomplete name false, full false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	again, err := collect(t.Context(), t, p, hosts, to, 22)
	if err != nil || !reflect.DeepEqual(normal(facts), normal(again)) {
		t.Errorf("a second scan differs: %v\n%+v\n%+v", err, facts, again)
	}
}

// normal takes out the source port, which is in the text of a refusal.
func normal(f *scanner.TLSFacts) *scanner.TLSFacts {
	for i := range f.Hosts {
		if f.Hosts[i].Failure != nil {
			f.Hosts[i].Failure.Detail = ""
		}
	}
	return f
}

func TestCollectWithin(t *testing.T) {
	p := newPKI(t)
	to := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{p.leaf(t, ecKey(t)).chain(p.middle)}})
	hosts := []scanner.HostAddrs{{Name: "example.hk", Addrs: addrs("192.0.2.1")}}
	t.Run("no DNS", func(t *testing.T) {
		s, err := New().Collect(t.Context(), scanner.Input{Facts: &scanner.Facts{}})
		if s != nil || kindOf(scanner.FailureOf(err)) != scanner.FailUnresolved {
			t.Errorf("%v, %v", s, err)
		}
	})
	t.Run("no addresses", func(t *testing.T) {
		facts, err := collect(t.Context(), t, p, nil, nil, 0)
		if err != nil || facts.Hosts == nil || len(facts.Hosts) != 0 {
			t.Errorf("%+v, %v", facts, err)
		}
	})
	t.Run("the scan's limit on connections", func(t *testing.T) {
		facts, err := collect(t.Context(), t, p, hosts, map[string]netip.AddrPort{"192.0.2.1": to}, 3)
		if h := facts.Hosts[0]; err != nil || kindOf(h.Partial) != scanner.FailLimit || h.Verify != "" || strings.Contains(versions(h), "TLSv1.2=no") {
			t.Errorf("%+v, %v", facts, err)
		}
	})
	t.Run("a forbidden address", func(t *testing.T) {
		in := scanner.Input{
			Facts: &scanner.Facts{Started: now, DNS: &scanner.DNSFacts{Hosts: []scanner.HostAddrs{{Name: "example.hk", Addrs: addrs("127.0.0.1")}}}},
			Net:   &scanner.Network{Dialer: &netguard.Scope{Dialer: &netguard.Dialer{}}},
		}
		s, err := New().Collect(t.Context(), in)
		if facts, ok := s.(*scanner.TLSFacts); err != nil || !ok || kindOf(facts.Hosts[0].Failure) != scanner.FailForbidden {
			t.Errorf("%+v, %v", s, err)
		}
	})
	t.Run("a scan that is over", func(t *testing.T) {
		ctx, stop := context.WithCancelCause(t.Context())
		why := scanner.Failf(scanner.FailTimeout, "the scan's time was over")
		stop(why)
		facts, err := collect(ctx, t, p, hosts, map[string]netip.AddrPort{"192.0.2.1": to}, 0)
		if h := facts.Hosts[0]; scanner.FailureOf(err) != why || h.Failure != why || h.Connections != 0 {
			t.Errorf("%+v, %v", facts, err)
		}
	})
}

func BenchmarkFull(b *testing.B) {
	p := newPKI(b)
	to := serveTLS(b, &tls.Config{Certificates: []tls.Certificate{p.leaf(b, ecKey(b)).chain(p.middle)}})
	for b.Loop() {
		if h := examine(b, to, Full, func(s *Server) { s.Roots = p.roots }); h.Failure != nil || h.Partial != nil {
			b.Fatalf("%+v", h)
		}
	}
}
