package dnsprobe_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/dnsprobe"
)

// BenchmarkProbe is one domain's whole section, signed, over loopback, with a
// resolver that knows nothing yet.
func BenchmarkProbe(b *testing.B) {
	l := dnslab.New(b)
	l.Zone("example.hk.", shop, &dnslab.Signing{}, l.Server(one), l.Server(two))
	l.Top(delegation, &dnslab.Signing{NSEC3: true}, &dnslab.Signing{})
	d := l.Dialer()
	for b.Loop() {
		if f, err := collect(b, l, d); err != nil || f.DNSSEC.Status != scanner.Secure {
			b.Fatal(f, err)
		}
	}
}

// Benchmark200Domains is 200 domains that share a resolver, 16 at a time.
func Benchmark200Domains(b *testing.B) {
	l := dnslab.New(b)
	hk := ""
	var targets []scanner.Target
	for i := range 200 {
		name := fmt.Sprintf("shop%d", i)
		l.Zone(name+".hk.", shop, &dnslab.Signing{}, l.Server(one), l.Server(two))
		hk += fmt.Sprintf("%s NS ns1.%s\n%s NS ns2.%s\nns1.%s A %s\nns2.%s A %s\n", name, name, name, name, name, one, name, two)
		t, err := scanner.ParseTarget(name + ".hk")
		if err != nil {
			b.Fatal(err)
		}
		targets = append(targets, t)
	}
	l.Top(hk, &dnslab.Signing{NSEC3: true, OptOut: true}, &dnslab.Signing{})
	d := l.Dialer()
	var slowest atomic.Int64
	for b.Loop() {
		p := dnsprobe.New(resolver(l, d))
		var wg sync.WaitGroup
		slots := make(chan struct{}, 16)
		for _, t := range targets {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				began := time.Now()
				section, err := p.Collect(context.Background(), scanner.Input{Facts: &scanner.Facts{Target: t}, Net: &scanner.Network{Dialer: d}})
				if err != nil || section.(*scanner.DNSFacts).DNSSEC.Status != scanner.Secure {
					b.Error(section, err)
				}
				slowest.Store(max(slowest.Load(), time.Since(began).Milliseconds()))
			})
		}
		wg.Wait()
	}
	b.ReportMetric(float64(slowest.Load()), "slowest-ms")
}
