package resolve_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// shop is a lab with two domains under hk.
func shop(t testing.TB) *dnslab.Lab {
	l := dnslab.New(t)
	giant := strings.Repeat("\""+strings.Repeat("x", 250)+"\" ", 100)
	l.Zone("example.hk.", apex+`
@ A 192.0.2.1
@ AAAA 2001:db8::1
www CNAME @
cdn CNAME edge.cdn.hk.
dead CNAME gone.cdn.hk.
gone CNAME nowhere
loop CNAME pool
pool CNAME loop
deep.er TXT "below nothing"
many TXT `+giant+`
`+chain(11)+chainTo("long", 20)+`
*.wild A 192.0.2.9
`, nil, l.Server(one), l.Server(two))
	l.Zone("cdn.hk.", "@ NS ns.example.hk.\n@ NS ns1.example.hk.\nedge A 192.0.2.7\nedge TXT one\nback CNAME www.example.hk.\n", nil, l.Server("127.10.0.5"), l.Server(one))
	l.Top(delegation+"cdn NS ns1.example\ncdn NS ns.nowhere\n", nil, nil)
	return l
}

// chain is c0 -> c1 -> ... -> c(n) with an address at the end.
func chain(n int) string { return chainTo("c", n) }

func chainTo(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s%d CNAME %s%d\n", name, i, name, i+1)
	}
	fmt.Fprintf(&b, "%s%d A 192.0.2.2\n", name, n)
	return b.String()
}

func TestLookup(t *testing.T) {
	l := shop(t)
	tests := []struct {
		name, qtype string
		want        []string
		aliases     []string
		absent      bool // the name does not exist
		fails       scanner.FailureKind
	}{
		{name: "example.hk", qtype: "A", want: []string{"192.0.2.1"}},
		{name: "EXAMPLE.hk.", qtype: "A", want: []string{"192.0.2.1"}},
		{name: "www.example.hk", qtype: "A", want: []string{"192.0.2.1"}, aliases: []string{"example.hk"}},
		{name: "cdn.example.hk", qtype: "A", want: []string{"192.0.2.7"}, aliases: []string{"edge.cdn.hk"}},
		{name: "back.cdn.hk", qtype: "A", want: []string{"192.0.2.1"}, aliases: []string{"www.example.hk", "example.hk"}},
		{name: "cdn.example.hk", qtype: "AAAA", aliases: []string{"edge.cdn.hk"}},
		{name: "cdn.example.hk", qtype: "CNAME", want: []string{"cdn.example.hk.\t300\tIN\tCNAME\tedge.cdn.hk."}},
		{name: "dead.example.hk", qtype: "A", aliases: []string{"gone.cdn.hk"}, absent: true},
		{name: "gone.example.hk", qtype: "A", aliases: []string{"nowhere.example.hk"}, absent: true},
		{name: "example.hk", qtype: "MX"},
		{name: "er.example.hk", qtype: "A"},
		{name: "a.wild.example.hk", qtype: "A", want: []string{"192.0.2.9"}},
		{name: "nothing.example.hk", qtype: "A", absent: true},
		{name: "unknown.hk", qtype: "A", absent: true},
		{name: "www.unknown.hk", qtype: "TXT", absent: true},
		{name: "example.none", qtype: "A", absent: true},
		{name: "hk", qtype: "CAA"},
		{name: "many.example.hk", qtype: "TXT", want: slices.Repeat([]string{strings.Repeat("x", 250)}, 100)},
		{name: "c0.example.hk", qtype: "A", want: []string{"192.0.2.2"}, aliases: names("c", 1, 11)},
		{name: "long0.example.hk", qtype: "A", aliases: names("long", 1, 13), fails: scanner.FailProtocol},
		{name: "loop.example.hk", qtype: "A", aliases: []string{"pool.example.hk"}, fails: scanner.FailProtocol},
		{name: strings.Repeat("a.", 200) + "hk", qtype: "A", fails: scanner.FailProtocol},
		{name: "a..hk", qtype: "A", fails: scanner.FailProtocol},
	}
	for mode, r := range map[string]*resolve.Resolver{"walking": walker(l), "forwarding": forwarder(l)} {
		for _, tt := range tests {
			t.Run(mode+"/"+tt.name[:min(20, len(tt.name))]+"/"+tt.qtype, func(t *testing.T) {
				got, err := r.Lookup(deadline(t), tt.name, dns.StringToType[tt.qtype])
				if kindOf(err) != tt.fails {
					t.Fatalf("error %v, want kind %q", err, tt.fails)
				}
				if v := values(got.Records); !slices.Equal(v, tt.want) {
					t.Errorf("records %v, want %v", v, tt.want)
				}
				if !slices.Equal(got.CNAMEs, tt.aliases) && (err == nil || mode == "walking") {
					t.Errorf("aliases %v, want %v", got.CNAMEs, tt.aliases)
				}
				if err == nil && got.Exists == tt.absent {
					t.Errorf("exists %v", got.Exists)
				}
			})
		}
	}
}

func names(prefix string, from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprintf("%s%d.example.hk", prefix, i))
	}
	return out
}

// Whoever asks, and however many, each question goes out once.
func TestEachQuestionIsAskedOnce(t *testing.T) {
	l := shop(t)
	r := walker(l)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, err := r.Lookup(deadline(t), "example.hk", dns.TypeA); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	asked := func(addr string) int64 { return l.Server(addr).Asked.Load() }
	if asked(dnslab.RootAddr) != 1 || asked(dnslab.HKAddr) != 1 || asked(one)+asked(two) != 1 {
		t.Errorf("root was asked %d times, hk %d, example.hk %d; want once each", asked(dnslab.RootAddr), asked(dnslab.HKAddr), asked(one)+asked(two))
	}
	if _, err := r.Lookup(deadline(t), "nothing.hk", dns.TypeA); err != nil {
		t.Error(err)
	}
	if _, err := r.Lookup(deadline(t), "nothing.hk", dns.TypeMX); err != nil {
		t.Error(err)
	}
	if asked(dnslab.RootAddr) != 1 || asked(dnslab.HKAddr) != 2 {
		t.Errorf("a name that does not exist: root was asked %d times in all, hk %d; want 1 and 2", asked(dnslab.RootAddr), asked(dnslab.HKAddr))
	}
}

func TestDelegation(t *testing.T) {
	l := shop(t)
	l.Zone("co.hk.", "@ NS ns.nic.hk.\nshop NS ns1.example.hk.\n", nil, l.Server(dnslab.HKAddr))
	l.Zone("shop.co.hk.", "@ NS ns1.example.hk.\nwww A 192.0.2.3\n", nil, l.Server(one))
	tests := []struct {
		name                string
		zone, parent        string
		ns                  []string
		glue, known, absent bool
	}{
		{name: "example.hk", zone: "example.hk", parent: "hk", ns: []string{"ns1.example.hk", "ns2.example.hk"}, glue: true, known: true},
		{name: "www.example.hk", zone: "example.hk", parent: "hk", ns: []string{"ns1.example.hk", "ns2.example.hk"}, glue: true, known: true},
		{name: "deep.er.example.hk", zone: "example.hk", parent: "hk", ns: []string{"ns1.example.hk", "ns2.example.hk"}, glue: true, known: true},
		{name: "no.example.hk", zone: "example.hk", parent: "hk", ns: []string{"ns1.example.hk", "ns2.example.hk"}, glue: true, known: true, absent: true},
		{name: "cdn.hk", zone: "cdn.hk", parent: "hk", ns: []string{"ns.nowhere.hk", "ns1.example.hk"}, glue: true, known: true},
		{name: "unknown.hk", zone: "hk", parent: ".", ns: []string{"ns.nic.hk"}, glue: true, known: true, absent: true},
		// One server holds hk and co.hk: it answers for the lower zone.
		{name: "co.hk", zone: "co.hk", parent: "hk", ns: []string{"ns.nic.hk"}},
		{name: "www.shop.co.hk", zone: "shop.co.hk", parent: "co.hk", ns: []string{"ns1.example.hk"}, known: true},
	}
	for mode, r := range map[string]*resolve.Resolver{"walking": walker(l), "forwarding": forwarder(l)} {
		for _, tt := range tests {
			t.Run(mode+"/"+tt.name, func(t *testing.T) {
				d, err := r.Delegation(deadline(t), tt.name)
				if err != nil {
					t.Fatal(err)
				}
				if d.Zone != tt.zone || d.Parent != tt.parent || d.Known != tt.known || d.Exists == tt.absent || !slices.Equal(d.NS, tt.ns) {
					t.Errorf("got %+v", d)
				}
				if (len(d.Glue) > 0) != tt.glue {
					t.Errorf("glue %v", d.Glue)
				}
			})
		}
	}
}

// A look-up that is stopped ends at once, and does not fail another one that
// wants the same answer.
func TestStoppedLookup(t *testing.T) {
	l := shop(t)
	hold := make(chan struct{})
	began := make(chan struct{}, 100)
	l.Server(one).Tweak = func(_, m *dns.Msg, _ bool) *dns.Msg { began <- struct{}{}; <-hold; return m }
	l.Server(two).Tweak = l.Server(one).Tweak
	r := walker(l)
	ctx, stop := context.WithCancelCause(context.Background())
	stopped := make(chan error)
	go func() {
		_, err := r.Lookup(ctx, "example.hk", dns.TypeA)
		stopped <- err
	}()
	<-began
	other := make(chan error)
	go func() {
		_, err := r.Lookup(deadline(t), "example.hk", dns.TypeA)
		other <- err
	}()
	why := scanner.Failf(scanner.FailCancelled, "enough")
	stop(why)
	if err := <-stopped; kindOf(err) != scanner.FailCancelled {
		t.Errorf("the stopped look-up: %v", err)
	}
	close(hold)
	if err := <-other; err != nil {
		t.Errorf("the other look-up: %v", err)
	}
}
