package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/history"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// postbox takes messages, or refuses them while down.
type postbox struct {
	down bool
	got  []notify.Message
}

func (p *postbox) Send(_ context.Context, m notify.Message) error {
	if p.down {
		return errors.New("down")
	}
	p.got = append(p.got, m)
	return nil
}

// watched is a watch over a made-up site, with a clock that only the test moves.
type watched struct {
	*app.Watch
	now     time.Time
	dir     string
	post    postbox
	outcome map[string]scanner.Finding // of the next scans
	status  scanner.Status
	scans   int
	open    error
	log     []string
	steps   []func() // what happens while it waits, one after the other
}

const watchedSite = "example.hk"

// engine is a scanner whose one probe sees nothing and whose checks say what the
// test wants.
func (w *watched) engine(t *testing.T) *scanner.Engine {
	t.Helper()
	c, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	e := &scanner.Engine{
		Catalogue: c, Timeout: time.Minute, Now: func() time.Time { return w.now },
		Network: func(scanner.Options) *scanner.Network { return &scanner.Network{} },
	}
	e.Probes = []scanner.Probe{silentProbe(func() error {
		w.scans++
		if w.status == scanner.Incomplete {
			return scanner.Failf(scanner.FailInternal, "broken")
		}
		return nil
	})}
	for id, f := range w.outcome {
		e.Checks = append(e.Checks, scanner.Check{Rule: id, Judge: func(*scanner.Facts) scanner.Finding { return f }})
	}
	return e
}

type silentProbe func() error

func (silentProbe) Name() string    { return "dns" }
func (silentProbe) After() []string { return nil }
func (p silentProbe) Collect(context.Context, scanner.Input) (scanner.Section, error) {
	return &scanner.DNSFacts{Exists: true}, p()
}

func newWatch(t *testing.T) *watched {
	t.Helper()
	c, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), dir: t.TempDir(), outcome: map[string]scanner.Finding{}, status: scanner.Complete}
	target, err := scanner.ParseTarget(watchedSite)
	if err != nil {
		t.Fatal(err)
	}
	w.Watch = &app.Watch{
		Targets: []scanner.Target{target}, Every: 24 * time.Hour, Concurrency: 2, KeepCount: 3,
		Recorder: app.RecorderOptions{
			Receivers: []app.Receiver{{Channel: notify.ByMail, To: "ann@example.hk"}, {Channel: notify.ByWebhook, To: "https://hooks.example/"}},
			Render:    report.Options{Lang: rules.English, Catalogue: c},
		},
		Senders: map[notify.Channel]notify.Sender{notify.ByMail: &w.post, notify.ByWebhook: &w.post},
		Open: func() (store.Store, error) {
			if w.open != nil {
				return nil, w.open
			}
			s, err := app.OpenStore(w.dir, true)
			if err != nil {
				return nil, err
			}
			return chaotic{storetest.NewChaos(s, uint64(len(w.log)))}, nil
		},
		Scanner: func(context.Context, []scanner.Target) (*scanner.Engine, error) { return w.engine(t), nil },
		Now:     func() time.Time { return w.now },
		Reported: func(r *scanner.Report, d *report.Diff) {
			w.log = append(w.log, fmt.Sprintf("scan: %d new, %d fixed", len(d.Faults), len(d.Fixed)))
		},
		Delivered: func(notify.Delivery) {},
		Trouble:   func(err error) { w.log = append(w.log, "trouble: "+err.Error()) },
		Waiting:   func(time.Time) {},
	}
	return w
}

// chaotic closes the store below the chaos.
type chaotic struct{ *storetest.Chaos }

func (c chaotic) Close() error { return c.Store.Close() }

// run runs the watch through the steps: each is done while it waits, and then
// the time has come.
func (w *watched) run(t *testing.T, steps ...func()) {
	t.Helper()
	w.steps = steps
	ctx, cancel := context.WithCancel(t.Context())
	w.Wait = func(_ context.Context, until time.Time) error {
		if len(w.steps) == 0 {
			cancel()
			return ctx.Err()
		}
		before := w.now
		w.steps[0]()
		w.steps = w.steps[1:]
		if w.now.Equal(before) && until.After(w.now) { // the step did not move the clock
			w.now = until
		}
		return nil
	}
	w.Run(ctx)
}

func failing() scanner.Finding { return scanner.Failed(scanner.Evidence{Subject: "x", Observed: "y"}) }

// subjects are those of the mails that arrived.
func (w *watched) subjects() (all []string) {
	for _, m := range w.post.got {
		if m.Channel == notify.ByMail {
			all = append(all, m.Subject)
		}
	}
	return all
}

// TestWatchTellsChanges: one message for each piece of news and none without,
// and what was silent for a scan is no news when it is back.
func TestWatchTellsChanges(t *testing.T) {
	const hsts, spf = "web.hsts.missing", "mail.spf.missing"
	w := newWatch(t)
	set := func(id string, f scanner.Finding) func() { return func() { w.outcome[id] = f } }
	silent := scanner.CannotTell(scanner.Failf(scanner.FailTimeout, "silent"))
	w.outcome[hsts], w.outcome[spf] = failing(), scanner.Passed()
	w.run(t,
		set(spf, scanner.Passed()),
		set(spf, failing()),
		set(spf, silent),
		set(spf, failing()), // it was known
		set(hsts, scanner.Passed()),
		func() { w.status = scanner.Incomplete },
		func() { w.status = scanner.Complete },
	)
	want := []string{
		"example.hk is being watched now (Grade C: 74 of 100)",
		"example.hk: 1 new, 0 fixed (Grade C: 74 of 100)",
		"example.hk could not be checked", // half of what there is to know was not tested: no grade
		"example.hk can be checked again (Grade C: 74 of 100)",
		"example.hk: 0 new, 1 fixed (Grade C: 74 of 100)",
		"example.hk could not be checked",
		"example.hk can be checked again (Grade C: 74 of 100)",
	}
	got := w.subjects()
	for i := range got {
		if i < len(want) && strings.Contains(want[i], "(") { // the score is not what this is about
			got[i], want[i] = strings.Split(got[i], " (")[0], strings.Split(want[i], " (")[0]
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("mails:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := len(w.post.got); n != 2*len(want) {
		t.Errorf("%d messages to two receivers; want %d", n, 2*len(want))
	}
	seen := map[string]bool{}
	for _, m := range w.post.got {
		if seen[m.ID] {
			t.Errorf("the id %s came twice", m.ID)
		}
		seen[m.ID] = true
	}
	if text := w.post.got[2].Text; !strings.Contains(text, "1 new fault") || !strings.Contains(text, spf) {
		t.Errorf("text of a mail:\n%s", text)
	}
	if body := string(w.post.got[3].Payload); !strings.Contains(body, `"type":"site.changed"`) || !strings.Contains(body, `"rule":"mail.spf.missing"`) {
		t.Errorf("body of a webhook: %s", body)
	}
	s, err := app.OpenStore(w.dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	h, err := history.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := h.List(t.Context(), watchedSite, 100); err != nil || len(list) != 3 {
		t.Errorf("%d reports are kept, %v; want the newest 3", len(list), err)
	}
}

// TestWatchSchedule: how often a site is scanned while the clock does odd
// things, and after a restart.
func TestWatchSchedule(t *testing.T) {
	w := newWatch(t)
	ahead := func(d time.Duration) func() { return func() { w.now = w.now.Add(d) } }
	began := w.now
	w.run(t)
	if w.scans != 1 {
		t.Fatalf("%d scans at the start; want 1", w.scans)
	}
	w.run(t) // a restart
	if w.scans != 1 {
		t.Errorf("%d scans after a restart; want still 1", w.scans)
	}
	w.run(t, ahead(time.Hour), ahead(time.Hour))
	if w.scans != 1 {
		t.Errorf("%d scans after two hours; want still 1", w.scans)
	}
	w.run(t, func() {}) // until it is due
	if late := w.now.Sub(began) - 24*time.Hour; w.scans != 2 || late.Abs() > 5*time.Minute {
		t.Errorf("%d scans, the second %v later than a day; want 2, within five minutes", w.scans, late)
	}
	w.run(t, ahead(10*24*time.Hour), ahead(time.Hour)) // the machine slept for ten days
	if w.scans != 3 {
		t.Errorf("%d scans after ten days of sleep; want the missed ones made up once: 3", w.scans)
	}
	w.run(t, ahead(-5*24*time.Hour)) // the clock was five days ahead
	if w.scans != 4 {
		t.Errorf("%d scans after the clock was set back; want 4", w.scans)
	}
	w.run(t, ahead(time.Hour), ahead(time.Hour))
	if w.scans != 4 {
		t.Errorf("%d scans in the two hours after that; want still 4", w.scans)
	}
	w.run(t, func() { w.open = errors.New("disk on fire") }, func() { w.open = nil })
	if w.scans != 5 || !slices.Contains(w.log, "trouble: disk on fire") {
		t.Errorf("%d scans, log %q; want trouble and one more scan after it", w.scans, w.log)
	}
}

// TestWatchRetriesMessages: a message that could not be sent is sent in a later
// round, without another scan.
func TestWatchRetriesMessages(t *testing.T) {
	w := newWatch(t)
	w.post.down = true
	began := w.now
	w.run(t, func() { w.post.down = false }, func() {}) // one receiver, then the other
	if w.scans != 1 || len(w.post.got) != 2 || w.now.Sub(began) > time.Minute {
		t.Errorf("%d scans, %d messages after %v; want 1 scan and both messages within a minute", w.scans, len(w.post.got), w.now.Sub(began))
	}
}

// TestWaitUntil ends when its time is there or is over, and with its context.
func TestWaitUntil(t *testing.T) {
	if err := app.WaitUntil(t.Context(), time.Now().Add(-time.Hour)); err != nil {
		t.Error(err)
	}
	if err := app.WaitUntil(t.Context(), time.Now().Add(20*time.Millisecond)); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := app.WaitUntil(ctx, time.Now().Add(time.Hour)); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

func TestOpenStore(t *testing.T) {
	dir := t.TempDir()
	if _, err := app.OpenStore(dir, false); err == nil || !strings.Contains(err.Error(), "holds no data") {
		t.Errorf("an empty folder: %v", err)
	}
	s, err := app.OpenStore(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = app.OpenStore(dir, false); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
}
