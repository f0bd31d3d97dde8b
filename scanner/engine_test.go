package scanner_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// fakeProbe is a probe whose behaviour a test chooses.
type fakeProbe struct {
	name    string
	after   []string
	collect func(context.Context, scanner.Input) (scanner.Section, error)
}

func (p fakeProbe) Name() string    { return p.name }
func (p fakeProbe) After() []string { return p.after }
func (p fakeProbe) Collect(ctx context.Context, in scanner.Input) (scanner.Section, error) {
	return p.collect(ctx, in)
}

func gives(s scanner.Section) func(context.Context, scanner.Input) (scanner.Section, error) {
	return func(context.Context, scanner.Input) (scanner.Section, error) { return s, nil }
}

func engine(t *testing.T, probes ...scanner.Probe) *scanner.Engine {
	t.Helper()
	c, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	return &scanner.Engine{
		Catalogue: c, Probes: probes, Timeout: time.Minute, Now: time.Now,
		Network: func(scanner.Options) *scanner.Network { return &scanner.Network{} },
		Checks: []scanner.Check{
			{Rule: "web.hsts.missing", Needs: []string{"web"}, Judge: func(*scanner.Facts) scanner.Finding { return scanner.Passed() }},
			{Rule: "dns.caa.missing", Needs: []string{"dns"}, Judge: func(*scanner.Facts) scanner.Finding { return scanner.Passed() }},
		},
	}
}

func target(t *testing.T) scanner.Target {
	t.Helper()
	x, err := scanner.ParseTarget("example.hk")
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func okDNS() scanner.Section { return &scanner.DNSFacts{Exists: true} }

func TestProbesSeeTheSectionsTheyAskedFor(t *testing.T) {
	var mu sync.Mutex
	var order []string
	note := func(s string) { mu.Lock(); order = append(order, s); mu.Unlock() }
	e := engine(t,
		fakeProbe{"web", []string{"dns"}, func(_ context.Context, in scanner.Input) (scanner.Section, error) {
			if in.Facts.DNS == nil {
				t.Error("web ran without the DNS section")
			}
			note("web")
			return &scanner.WebFacts{}, nil
		}},
		fakeProbe{"dns", nil, func(context.Context, scanner.Input) (scanner.Section, error) {
			note("dns")
			return okDNS(), nil
		}},
	)
	r := e.Scan(context.Background(), target(t), scanner.Options{})
	if !slices.Equal(order, []string{"dns", "web"}) || r.Status != scanner.Complete {
		t.Errorf("order %v, status %s", order, r.Status)
	}
}

func TestFailedProbeMakesItsChecksUnknownAndNothingElse(t *testing.T) {
	for name, collect := range map[string]func(context.Context, scanner.Input) (scanner.Section, error){
		"error": func(context.Context, scanner.Input) (scanner.Section, error) {
			return nil, scanner.Failf(scanner.FailBlocked, "403 by a firewall")
		},
		"panic": func(context.Context, scanner.Input) (scanner.Section, error) { panic("boom") },
	} {
		e := engine(t, fakeProbe{"dns", nil, gives(okDNS())}, fakeProbe{"web", nil, collect})
		r := e.Scan(context.Background(), target(t), scanner.Options{})
		web, _ := r.Finding("web.hsts.missing")
		dns, _ := r.Finding("dns.caa.missing")
		if web.Outcome != scanner.UnknownResult || web.Failure == nil {
			t.Errorf("%s: web finding %+v; want unknown with a reason", name, web)
		}
		if dns.Outcome != scanner.Pass {
			t.Errorf("%s: dns finding %+v; want pass", name, dns)
		}
		if want := scanner.FailBlocked; name == "error" && web.Failure.Kind != want {
			t.Errorf("reason %q; want %q", web.Failure.Kind, want)
		}
	}
}

func TestPanickingCheckIsUnknown(t *testing.T) {
	e := engine(t, fakeProbe{"dns", nil, gives(okDNS())})
	e.Checks = append(e.Checks[1:], scanner.Check{Rule: "dns.ns.axfr", Needs: []string{"dns"}, Judge: func(*scanner.Facts) scanner.Finding { panic("x") }})
	r := e.Scan(context.Background(), target(t), scanner.Options{})
	if f, _ := r.Finding("dns.ns.axfr"); f.Outcome != scanner.UnknownResult || f.Failure.Kind != scanner.FailInternal {
		t.Errorf("finding %+v", f)
	}
}

// A scan in which no rule could be judged is no scan, and says why; that the
// engine of active checks is missing is not why.
// TestInventoryAndMDNScore are handed on; a panic in the score costs the score.
func TestInventoryAndMDNScore(t *testing.T) {
	web := &scanner.WebFacts{Technologies: []scanner.Technology{{ID: "nginx"}}}
	e := engine(t, fakeProbe{"web", nil, gives(web)}, fakeProbe{"dns", nil, gives(okDNS())})
	e.MDN = func(*scanner.Facts) *scanner.MDNScore { return &scanner.MDNScore{Score: 75, Grade: "B"} }
	r := e.Scan(t.Context(), target(t), scanner.Options{})
	if len(r.Technologies) != 1 || r.MDN == nil || r.MDN.Grade != "B" {
		t.Errorf("%v %+v", r.Technologies, r.MDN)
	}
	e.MDN = func(*scanner.Facts) *scanner.MDNScore { panic("oops") }
	r = e.Scan(t.Context(), target(t), scanner.Options{})
	if r.MDN == nil || r.MDN.Failure == nil || r.MDN.Failure.Kind != scanner.FailInternal || r.Status != scanner.Complete {
		t.Errorf("%s %+v", r.Status, r.MDN)
	}
}

func TestNothingJudgedIsUnreachable(t *testing.T) {
	fails := func(kind scanner.FailureKind) func(context.Context, scanner.Input) (scanner.Section, error) {
		return func(context.Context, scanner.Input) (scanner.Section, error) {
			return nil, scanner.Failf(kind, "so it is")
		}
	}
	e := engine(t, fakeProbe{"dns", nil, fails(scanner.FailUnreachable)}, fakeProbe{"active", nil, fails(scanner.FailMissing)})
	for _, active := range []bool{false, true} {
		r := e.Scan(context.Background(), target(t), scanner.Options{Active: active})
		if r.Status != scanner.Unreachable || r.Reason == nil || r.Reason.Kind != scanner.FailUnreachable || r.Grade.Letter != "" {
			t.Errorf("active %t: status %s, reason %v, grade %+v", active, r.Status, r.Reason, r.Grade)
		}
	}
}

func TestStoppedScanHandsOverWhatItHas(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	e := engine(t,
		fakeProbe{"dns", nil, gives(okDNS())},
		fakeProbe{"web", []string{"dns"}, func(context.Context, scanner.Input) (scanner.Section, error) {
			stop()
			<-never // a probe that ignores its context
			return &scanner.WebFacts{}, nil
		}},
	)
	e.Grace = 20 * time.Millisecond
	r := e.Scan(ctx, target(t), scanner.Options{})
	if r.Status != scanner.Incomplete || r.Reason == nil || r.Reason.Kind != scanner.FailCancelled {
		t.Errorf("status %s, reason %v; want incomplete, cancelled", r.Status, r.Reason)
	}
	if f, _ := r.Finding("dns.caa.missing"); f.Outcome != scanner.Pass {
		t.Errorf("what was there is lost: %+v", f)
	}
	if f, _ := r.Finding("web.hsts.missing"); f.Outcome != scanner.UnknownResult || f.Failure.Kind != scanner.FailCancelled {
		t.Errorf("web finding %+v; want unknown, cancelled", f)
	}
}

func TestTimeIsUp(t *testing.T) {
	e := engine(t,
		fakeProbe{"dns", nil, gives(okDNS())},
		fakeProbe{"web", []string{"dns"}, func(ctx context.Context, _ scanner.Input) (scanner.Section, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
	)
	e.Timeout = 30 * time.Millisecond
	r := e.Scan(context.Background(), target(t), scanner.Options{})
	f, _ := r.Finding("web.hsts.missing")
	if r.Status != scanner.Incomplete || f.Failure == nil || f.Failure.Kind != scanner.FailTimeout {
		t.Errorf("status %s, finding %+v; want incomplete, timeout", r.Status, f)
	}
}

// A server that does not answer is no scan that was cut short.
func TestProbeThatTimesOutByItselfIsNotIncomplete(t *testing.T) {
	e := engine(t, fakeProbe{"dns", nil, gives(okDNS())}, fakeProbe{"web", nil, func(context.Context, scanner.Input) (scanner.Section, error) {
		return nil, scanner.Failf(scanner.FailTimeout, "no answer within 2s")
	}})
	if r := e.Scan(context.Background(), target(t), scanner.Options{}); r.Status != scanner.Complete {
		t.Errorf("status %s: %v", r.Status, r.Reason)
	}
}

func TestNameThatDoesNotExist(t *testing.T) {
	e := engine(t,
		fakeProbe{"dns", nil, gives(&scanner.DNSFacts{})},
		fakeProbe{"web", []string{"dns"}, func(context.Context, scanner.Input) (scanner.Section, error) {
			t.Error("the web probe ran for a name that does not exist")
			return nil, nil
		}},
	)
	r := e.Scan(context.Background(), target(t), scanner.Options{})
	if r.Status != scanner.Unreachable || r.Grade.Letter != "" || len(r.Findings) != 0 {
		t.Errorf("report %+v; want unreachable, without grade or findings", r)
	}
}

func TestScanAllScansEachOnceAndStops(t *testing.T) {
	var targets []scanner.Target
	for i := range 50 {
		x, _ := scanner.ParseTarget(fmt.Sprintf("t%d.example.hk", i))
		targets = append(targets, x)
	}
	e := engine(t, fakeProbe{"dns", nil, gives(okDNS())})
	seen := map[string]int{}
	e.ScanAll(context.Background(), targets, scanner.Options{}, 7, func(r *scanner.Report) { seen[r.Target.Domain]++ })
	if len(seen) != 50 {
		t.Errorf("%d of 50 targets reported", len(seen))
	}
	ctx, stop := context.WithCancel(context.Background())
	n := 0
	e.ScanAll(ctx, targets, scanner.Options{}, 2, func(*scanner.Report) { n++; stop() })
	if n == 0 || n > 4 {
		t.Errorf("%d reports after a stop at the first; want those begun only", n)
	}
}
