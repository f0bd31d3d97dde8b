package scanner

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/rules"
)

// Engine runs scans. It is given its probes and checks; it is safe for
// concurrent use.
type Engine struct {
	Program   string // for the report, "infohub 0.1.0"
	Catalogue *rules.Catalogue
	Probes    []Probe
	Checks    []Check
	// Network makes the network of one scan, with its own connection count.
	Network func(Options) *Network
	Now     func() time.Time
	// Timeout bounds one target's scan.
	Timeout time.Duration
	// MDN, if set, scores the web family by the rules of MDN's HTTP Observatory;
	// it may give nil.
	MDN func(*Facts) *MDNScore
	// Grace is how long probes may take to hand over what they have when the
	// time is up or the scan is stopped; then they are left behind. 0: 400 ms,
	// so that Ctrl-C ends a scan within a second.
	Grace time.Duration
	// Watch, if set, is told when a probe begins and ends, and when a whole
	// target has ended (probe ""). It is called from many goroutines.
	Watch func(t Target, probe string, ended bool)
	// Authorised, if set, says for each target of an active scan on what ground
	// it may be scanned so. A target without one (nil) is scanned passively.
	Authorised func(Target) *Authorisation
	// Keep, if set, is given the facts of every scan before its report is handed
	// over. It is called from many goroutines.
	Keep func(Record)
}

func (e *Engine) watch(t Target, probe string, ended bool) {
	if e.Watch != nil {
		e.Watch(t, probe, ended)
	}
}

// Scan scans one target. It always returns a report: whatever fails in between
// is in it.
func (e *Engine) Scan(ctx context.Context, t Target, opts Options) *Report {
	start := e.Now()
	if opts.Active && e.Authorised != nil {
		opts.Authorisation = e.Authorised(t)
		opts.Active = opts.Authorisation != nil
	}
	facts := e.collect(ctx, t, opts, start)
	e.watch(t, "", true)
	r := e.Judge(facts)
	r.Millis = e.Now().Sub(start).Milliseconds()
	if e.Keep != nil {
		e.Keep(Record{Version: RecordVersion, Program: e.Program, Millis: r.Millis, Facts: facts})
	}
	return r
}

// Judge makes a report of facts; it touches no network.
func (e *Engine) Judge(facts *Facts) *Report {
	r := &Report{
		Version: ReportVersion, Program: e.Program, Target: facts.Target,
		Started: facts.Started, Probes: facts.Probes, Families: []FamilyResult{}, First: []string{},
		Findings: []Finding{}, Active: activeState(facts), Authorisation: facts.Options.Authorisation,
	}
	r.Status, r.Reason = statusOf(facts)
	if r.Status == Unreachable {
		return r
	}
	for _, c := range e.Checks {
		f := judge(c, facts)
		if rule, ok := e.Catalogue.Rule(c.Rule); ok && rule.Severity == rules.Info && f.Outcome == Fail {
			f.Outcome = Warn // advice is never a fault
		}
		r.Findings = append(r.Findings, f)
	}
	order := map[string]int{}
	for i, rule := range e.Catalogue.All() {
		order[rule.ID] = i
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return order[a.Rule] - order[b.Rule] })
	r.Grade, r.Families = GradeFindings(e.Catalogue, r.Findings)
	if r.Families == nil {
		r.Families = []FamilyResult{}
	}
	r.First = firstFixes(e.Catalogue, r.Findings)
	if facts.Web != nil {
		r.Technologies = facts.Web.Technologies
	}
	r.TLSServers = facts.TLS.servers()
	r.MDN = e.mdn(facts)
	run := facts.RunOf("active")
	whole := r.Status == Complete || (run != nil && r.Reason == run.Failure && !run.Stopped)
	if whole && !slices.ContainsFunc(r.Findings, judged) {
		// Not one rule could be judged, though nothing was cut off: that is no
		// scan, and a missing engine is not why.
		r.Status, r.Reason, r.Findings, r.Families = Unreachable, firstFailure(facts), []Finding{}, []FamilyResult{}
		r.Technologies, r.MDN = nil, nil
	}
	return r
}

// mdn is MDN's score; a panic in it costs no more than the score.
func (e *Engine) mdn(facts *Facts) (s *MDNScore) {
	if e.MDN == nil {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			s = &MDNScore{Host: facts.Target.Domain, Failure: Failf(FailInternal, fmt.Sprint("panicked: ", p))}
		}
	}()
	return e.MDN(facts)
}

func judged(f Finding) bool { return f.Outcome == Pass || f.Outcome == Fail || f.Outcome == Warn }

// firstFailure is why nothing was learned: the failure of the first probe that
// has one, name look-up before all.
func firstFailure(f *Facts) *Failure {
	for _, p := range f.Probes {
		if p.Failure != nil {
			return p.Failure
		}
	}
	return Failf(FailUnreachable, "nothing answered")
}

// judge runs one check; a panic in it is an unknown of that rule alone.
func judge(c Check, facts *Facts) (f Finding) {
	defer func() {
		if p := recover(); p != nil {
			f = CannotTell(Failf(FailInternal, fmt.Sprint("check panicked: ", p)))
		}
		f.Rule = c.Rule
	}()
	for _, name := range c.Needs {
		if !facts.has(name) {
			why := Failf(FailInternal, "the "+name+" probe did not run")
			if run := facts.RunOf(name); run != nil && run.Failure != nil {
				why = run.Failure
			}
			return CannotTell(why)
		}
	}
	return c.Judge(facts)
}

func (f *Facts) has(section string) bool {
	switch section {
	case "dns":
		return f.DNS != nil
	case "web":
		return f.Web != nil
	case "tls":
		return f.TLS != nil
	case "mail":
		return f.Mail != nil
	case "active":
		return f.Active != nil || !f.activeRan() // not run: the check says so
	}
	return false
}

// statusOf: a name that does not exist is unreachable; a scan in which a probe
// was stopped or ran out of time is incomplete.
func statusOf(f *Facts) (Status, *Failure) {
	if f.DNS != nil && !f.DNS.Exists {
		return Unreachable, Failf(FailUnresolved, "the name does not exist")
	}
	for _, p := range f.Probes {
		if p.Failure == nil {
			continue
		}
		if p.Stopped || p.Failure.Kind == FailInternal || (p.Name == "active" && f.Options.Active) {
			return Incomplete, p.Failure
		}
	}
	return Complete, nil
}

// activeRan: active checks were asked for, and their engine is installed.
func (f *Facts) activeRan() bool {
	run := f.RunOf("active")
	return f.Options.Active && (run == nil || run.Failure == nil || run.Failure.Kind != FailMissing)
}

func activeState(f *Facts) ActiveState {
	run := f.RunOf("active")
	switch {
	case !f.Options.Active:
		return ActiveNotAsked
	case run != nil && run.Failure != nil && run.Failure.Kind == FailMissing:
		return ActiveNoEngine
	case f.Active == nil || (run != nil && run.Failure != nil):
		return ActiveBroken
	}
	return ActiveRan
}

// delivery is what one probe handed over.
type delivery struct {
	index   int
	section Section
	err     error
	took    time.Duration
}

// collect runs every probe as soon as those it reads have ended.
func (e *Engine) collect(parent context.Context, t Target, opts Options, start time.Time) *Facts {
	ctx, cancel := context.WithTimeoutCause(parent, e.Timeout, Failf(FailTimeout, fmt.Sprintf("the scan's time of %s was over", e.Timeout)))
	defer cancel()
	ctx = WithQuestions(ctx, MaxQuestions)
	facts := &Facts{Target: t, Started: start.UTC().Truncate(time.Second), Options: opts}
	probes := make([]Probe, 0, len(e.Probes))
	for _, p := range e.Probes {
		if p.Name() == "active" && !opts.Active {
			continue
		}
		probes = append(probes, p)
	}
	done := make(chan delivery, len(probes)) // buffered: a late probe never blocks
	net := e.Network(opts)
	var (
		ended   = map[string]bool{}
		begun   = make([]bool, len(probes))
		running = 0
		runs    = make([]ProbeRun, len(probes))
	)
	for i, p := range probes {
		runs[i] = ProbeRun{Name: p.Name(), Failure: Failf(FailCancelled, "it was not begun")}
	}
	launch := func() {
		for i, p := range probes {
			ready := !begun[i] && ctx.Err() == nil
			for _, need := range p.After() {
				ready = ready && (ended[need] || !hasProbe(probes, need))
			}
			if facts.DNS != nil && !facts.DNS.Exists {
				ready = false // there is nothing to connect to
			}
			if !ready {
				continue
			}
			begun[i] = true
			running++
			seen := *facts // a snapshot: later sections are attached to facts only
			runs[i].Failure = Failf(FailTimeout, "it did not end in time")
			e.watch(t, p.Name(), false)
			go func() {
				began := e.Now()
				section, err := collectSafely(ctx, p, Input{Facts: &seen, Net: net})
				e.watch(t, p.Name(), true)
				done <- delivery{i, section, err, e.Now().Sub(began)}
			}()
		}
	}
	launch()
	var late <-chan time.Time
	stop := ctx.Done()
	for running > 0 {
		select {
		case d := <-done:
			running--
			name := probes[d.index].Name()
			ended[name] = true
			runs[d.index] = ProbeRun{Name: name, Millis: d.took.Milliseconds(), Failure: endOf(ctx, d.err), Stopped: d.err != nil && ctx.Err() != nil}
			if d.section != nil {
				d.section.attach(facts)
			}
			launch()
		case <-stop:
			stop = nil
			grace := e.Grace
			if grace == 0 {
				grace = 400 * time.Millisecond
			}
			timer := time.NewTimer(grace)
			defer timer.Stop()
			late = timer.C
		case <-late:
			running = 0
		}
	}
	why := FailureOf(context.Cause(ctx))
	for i := range runs {
		if !ended[runs[i].Name] && why != nil {
			runs[i].Failure, runs[i].Stopped = why, true
		}
	}
	if facts.DNS != nil && !facts.DNS.Exists {
		runs = slices.DeleteFunc(runs, func(r ProbeRun) bool { return !ended[r.Name] })
	}
	facts.Probes = runs
	return facts
}

// endOf classifies a probe's error; one that only says "the time is over" gets
// the scan's own reason.
func endOf(ctx context.Context, err error) *Failure {
	if err != nil && ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		err = context.Cause(ctx)
	}
	return FailureOf(err)
}

func hasProbe(probes []Probe, name string) bool {
	return slices.ContainsFunc(probes, func(p Probe) bool { return p.Name() == name })
}

func collectSafely(ctx context.Context, p Probe, in Input) (s Section, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, Failf(FailInternal, fmt.Sprintf("the %s probe panicked: %v\n%s", p.Name(), r, debug.Stack()))
		}
	}()
	return p.Collect(ctx, in)
}

// ScanAll scans targets, at most n at a time, and hands each report to emit as
// it ends, one at a time, in the order of ending. It returns when all are done
// or, once ctx has ended, when those begun have been handed over; the rest are
// not begun.
func (e *Engine) ScanAll(ctx context.Context, targets []Target, opts Options, n int, emit func(*Report)) {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		next = make(chan Target)
	)
	for range min(max(n, 1), max(len(targets), 1)) {
		wg.Go(func() {
			for t := range next {
				r := e.Scan(ctx, t, opts)
				mu.Lock()
				emit(r)
				mu.Unlock()
			}
		})
	}
feed:
	for _, t := range targets {
		select {
		case next <- t:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
}
