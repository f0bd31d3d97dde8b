package app_test

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/scanner"
)

// hostileYard puts every hostile site in.
func hostileYard(t *testing.T) *yard {
	y := newYard(t)
	servers := y.hostileServers()
	for _, label := range slices.Sorted(maps.Keys(servers)) {
		y.site(label, servers[label])
		y.zone(label, tameServer, usual+"* A $SITE\n", nil)
	}
	for i, url := range y.elsewhere() {
		label, servers := fmt.Sprintf("to%d", i), acts{80: to(url)}
		if i%6 == 0 {
			servers = both(to(url))
		}
		y.site(label, servers)
		y.zone(label, tameServer, usual, nil)
	}
	for _, group := range []map[string]acts{y.hostileAuthorities(), y.hostileDocuments(), y.hostileTLS()} {
		for _, label := range slices.Sorted(maps.Keys(group)) {
			y.site(label, group[label])
			y.zone(label, tameServer, usual+"* A $SITE\n"+documents(label), nil)
		}
	}
	y.addServices()
	y.site("private", acts{})
	y.zone("private", tameServer, "@ A 127.0.0.1\nalias CNAME inner\ninner A 10.0.0.1\nsix AAAA ::ffff:127.0.0.1\n", nil)
	domains := y.hostileNames()
	for _, label := range slices.Sorted(maps.Keys(domains)) {
		y.addNames(label, domains[label])
	}
	y.turns()
	return y
}

// documents has a site's logo, its certificate and the policy for mail fetched.
func documents(label string) string {
	return fmt.Sprintf("default._bimi TXT \"v=BIMI1; l=https://%[1]s.hk/dl.svg; a=https://%[1]s.hk/da.pem\"\n", label)
}

// turns is a name that has an allowed address at first and this machine's own
// from then on, with a lifetime of nothing (DNS rebinding).
func (y *yard) turns() {
	var asked atomic.Int64
	y.addNames("turns", names{tweak: func(ask, m *dns.Msg, _ bool) *dns.Msg {
		for _, rr := range m.Answer {
			if a, is := rr.(*dns.A); is && a.Hdr.Name == "turns.hk." && asked.Add(1) > 1 {
				a.A = netip.MustParseAddr("127.0.0.1").AsSlice()
				a.Hdr.Ttl = 0
			}
		}
		return m
	}})
}

// TestHostileServers scans one good site among everything hostile at once: the
// good one has its grade, each bad one a report that says why it knows nothing,
// and nothing is left behind.
func TestHostileServers(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("all at once", func(t *testing.T) { scanHostile(t, 30*time.Second) })
	settles(t, before)
}

func scanHostile(t *testing.T, timeout time.Duration) {
	y := hostileYard(t)
	y.open()
	alone := y.scanner(timeout).Scan(context.Background(), mustTarget(t, y.shop.Domain), scanner.Options{})
	if alone.Status != scanner.Complete || alone.Grade.Letter == "" {
		t.Fatalf("the good site alone: %s %v %+v", alone.Status, alone.Reason, alone.Grade)
	}
	var targets []scanner.Target
	for i, d := range y.order {
		targets = append(targets, mustTarget(t, d))
		if i == len(y.order)/2 {
			targets = append(targets, mustTarget(t, y.shop.Domain))
		}
	}
	e := y.scanner(timeout)
	stopWatch := watchHeap(t)
	got := map[string]*scanner.Report{}
	began := time.Now()
	e.ScanAll(context.Background(), targets, scanner.Options{}, 32, func(r *scanner.Report) { got[r.Target.Domain] = r })
	t.Logf("%d targets in %s", len(targets), time.Since(began).Round(time.Millisecond))
	if peak := stopWatch(); peak > 400<<20 {
		t.Errorf("the heap grew to %d MB", peak>>20)
	}
	idle(t)
	good := got[y.shop.Domain]
	if good == nil || good.Status != scanner.Complete || good.Grade != alone.Grade {
		t.Errorf("the good site among the others: %+v\nalone: %+v", good, alone.Grade)
	}
	t.Logf("the good site: %s", summary(good))
	for _, target := range targets {
		r := got[target.Domain]
		if r == nil {
			t.Errorf("%s: lost", target.Domain)
			continue
		}
		holdsUp(t, r, timeout)
	}
	for _, s := range y.all() {
		n := s.conns.Load()
		t.Logf("%-18s %3d connections, %s", s.domain, n, summary(got[s.domain]))
		if n > app.HostLimit {
			t.Errorf("%s: %d connections were made, want at most %d", s.domain, n, app.HostLimit)
		}
	}
	if n := y.canary.conns.Load(); n > 0 {
		t.Errorf("the canary was reached %d times", n)
	}
	// A server of one domain alone; the others are shared by all.
	for _, s := range y.lab.Servers {
		if n := s.Asked.Load(); s.Addr.As4()[1] == 31 {
			t.Logf("%s was asked %d questions", zoneOf(s), n)
			if n > 3000 {
				t.Errorf("%s: %d questions were asked", zoneOf(s), n)
			}
		}
	}
}

// TestStoppedAmongHostileServers: a stop (Ctrl-C) hands over what is there at
// once, whatever the servers are doing, and leaves nothing behind.
func TestStoppedAmongHostileServers(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("stop", func(t *testing.T) {
		y := hostileYard(t)
		y.open()
		var targets []scanner.Target
		for _, d := range y.order {
			targets = append(targets, mustTarget(t, d))
		}
		ctx, cancel := context.WithCancel(context.Background())
		var stopped time.Time
		time.AfterFunc(1500*time.Millisecond, func() { stopped = time.Now(); cancel() })
		reports := 0
		y.scanner(time.Minute).ScanAll(ctx, targets, scanner.Options{}, len(targets), func(r *scanner.Report) {
			reports++
			if r.Status != scanner.Complete && r.Reason == nil {
				t.Errorf("%s: %s without a reason", r.Target.Domain, r.Status)
			}
		})
		late := time.Since(stopped)
		t.Logf("%d reports, the last %s after the stop", reports, late.Round(time.Millisecond))
		if late > 10*time.Second { // 400 ms of grace on an idle machine
			t.Errorf("the scan went on for %s after the stop", late)
		}
		idle(t)
	})
	settles(t, before)
}

func zoneOf(s *dnslab.Server) string {
	if len(s.Zones) == 0 {
		return s.String()
	}
	return s.Zones[0].Name
}

func summary(r *scanner.Report) string {
	if r == nil {
		return "not scanned"
	}
	var out []string
	for _, p := range r.Probes {
		one := fmt.Sprintf("%s %d ms", p.Name, p.Millis)
		if p.Failure != nil {
			one += " (" + p.Failure.Error() + ")"
		}
		out = append(out, one)
	}
	return fmt.Sprintf("%s after %d ms: %s; %v", r.Status, r.Millis, strings.Join(out, ", "), r.Reason)
}

// holdsUp: whatever a report does not know has a reason, which is no fault of
// this program, and it was there in time.
func holdsUp(t *testing.T, r *scanner.Report, timeout time.Duration) {
	t.Helper()
	name := r.Target.Domain
	if late := time.Duration(r.Millis)*time.Millisecond - timeout; late > 15*time.Second {
		t.Errorf("%s: %s late", name, late)
	}
	if r.Status != scanner.Complete && r.Reason == nil {
		t.Errorf("%s: %s without a reason", name, r.Status)
	}
	sound := func(what string, f *scanner.Failure) {
		if f == nil || f.Kind == "" || f.Kind == scanner.FailInternal || f.Kind == scanner.FailCancelled {
			t.Errorf("%s: %s is unknown because of %v", name, what, f)
		}
	}
	for _, f := range r.Findings {
		if f.Outcome == scanner.UnknownResult {
			sound(f.Rule, f.Failure)
		}
	}
	for _, p := range r.Probes {
		if p.Failure != nil {
			sound("the probe "+p.Name, p.Failure)
		}
	}
}

// watchHeap returns a function that ends the watch and gives the peak growth.
func watchHeap(t *testing.T) func() uint64 {
	t.Helper()
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	runtime.GC()
	base := inUse()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := base
		for {
			select {
			case <-time.After(100 * time.Millisecond):
				most = max(most, inUse())
			case <-stop:
				runtime.GC()
				t.Logf("heap: %d MB before, %d MB at most, %d MB after", base>>20, most>>20, inUse()>>20)
				peak <- most - base
				return
			}
		}
	}()
	return func() uint64 { close(stop); return <-peak }
}

// idle waits until nothing of the scanner runs any more, while the hostile
// servers still do: no end of a connection by the other side helps it.
func idle(t *testing.T) {
	t.Helper()
	var left []string
	began := time.Now()
	for range 100 {
		buf := make([]byte, 8<<20)
		left = slices.DeleteFunc(strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n"), func(stack string) bool {
			return !strings.Contains(stack, "/scanner/probe/") && !strings.Contains(stack, "ClientConn") && !strings.Contains(stack, "persistConn")
		})
		if len(left) == 0 {
			t.Logf("idle after %s", time.Since(began).Round(time.Millisecond))
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Errorf("%d goroutines of the scanner are left:\n%s", len(left), strings.Join(left, "\n\n"))
}

// settles waits until no more goroutines run than before.
func settles(t *testing.T, before int) {
	t.Helper()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
}

func mustTarget(t *testing.T, domain string) scanner.Target {
	t.Helper()
	target, err := scanner.ParseTarget(domain)
	if err != nil {
		t.Fatal(err)
	}
	return target
}
