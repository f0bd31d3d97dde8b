package app

import (
	"context"
	"errors"
	"hash/fnv"
	"time"

	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/history"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// Bounds of Watch.Every: more often is a burden to others' servers.
const (
	MinEvery = 10 * time.Minute
	MaxEvery = 366 * 24 * time.Hour
)

// troubleWait is the pause after a round that did not work.
const troubleWait = time.Minute

// Watch scans sites again and again. When a site is due follows from its last
// report alone, so a restart neither skips a scan nor makes one twice, and one
// that the machine slept through is made up once.
type Watch struct {
	Targets []scanner.Target
	Options scanner.Options
	Every   time.Duration
	// Concurrency is how many targets are scanned at a time.
	Concurrency int
	Recorder    RecorderOptions
	Senders     map[notify.Channel]notify.Sender
	// Keep bounds the history: so many reports of a site, at most so old. 0 is no
	// bound.
	KeepCount int
	KeepAge   time.Duration

	// Open opens the store, for one round: between rounds others may have it.
	Open func() (store.Store, error)
	// Scanner makes the scanner of one round, with a resolver that remembers
	// nothing, and may ask the targets for permission (Engine.Authorised).
	Scanner func(context.Context, []scanner.Target) (*scanner.Engine, error)
	Now     func() time.Time
	// Wait returns at a time, or with an error when ctx ends.
	Wait func(ctx context.Context, until time.Time) error

	// What a person is told. Each is called from one goroutine at a time.
	Reported  func(*scanner.Report, *report.Diff)
	Delivered func(notify.Delivery)
	Trouble   func(error)
	Waiting   func(until time.Time)
}

// Run scans until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	for ctx.Err() == nil {
		next, err := w.round(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			w.Trouble(err)
			next = w.Now().Add(troubleWait)
		} else {
			w.Waiting(next)
		}
		if err := w.Wait(ctx, next); err != nil {
			return
		}
	}
}

// round scans what is due, sends what is due, and says when the next of either
// is.
func (w *Watch) round(ctx context.Context) (next time.Time, err error) {
	s, err := w.Open()
	if err != nil {
		return next, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	h, err := history.Open(ctx, s)
	if err != nil {
		return next, err
	}
	due, _, err := w.due(ctx, h)
	if err != nil {
		return next, err
	}
	if len(due) > 0 {
		if err := w.scan(ctx, s, due); err != nil {
			return next, err
		}
		if _, err := h.Prune(ctx, w.keep()); err != nil {
			return next, err
		}
	}
	outbox := notify.Outbox{Store: s, Senders: w.Senders, Now: w.Now}
	delivery, err := outbox.Deliver(ctx)
	if err != nil {
		return next, err
	}
	w.Delivered(delivery)
	if _, next, err = w.due(ctx, h); err != nil {
		return next, err
	}
	if !delivery.Next.IsZero() && delivery.Next.Before(next) {
		next = delivery.Next
	}
	return next, nil
}

func (w *Watch) scan(ctx context.Context, s store.Store, due []scanner.Target) error {
	rec, err := NewRecorder(ctx, s, w.Recorder)
	if err != nil {
		return err
	}
	engine, err := w.Scanner(ctx, due)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var failed error
	engine.ScanAll(ctx, due, w.Options, w.Concurrency, func(r *scanner.Report) {
		// What was scanned is kept even when somebody stops the program now.
		diff, err := rec.Record(context.WithoutCancel(ctx), r)
		switch {
		case errors.Is(err, notify.ErrFull):
			w.Trouble(err)
		case err != nil:
			failed = errors.Join(failed, err)
			cancel(err) // a full disk: the next report could not be kept either
			return
		}
		if diff != nil {
			w.Reported(r, diff)
		}
	})
	return failed
}

func (w *Watch) keep() history.Keep {
	k := history.Keep{Count: w.KeepCount}
	if w.KeepAge > 0 {
		k.Since = w.Now().Add(-w.KeepAge)
	}
	return k
}

// due are the targets whose time has come, and when it comes for the next of the
// others (for the first of all if none is left: at once).
func (w *Watch) due(ctx context.Context, h *history.History) (due []scanner.Target, next time.Time, err error) {
	now := w.Now()
	for _, t := range w.Targets {
		at := now
		last, err := h.Until(ctx, t.Domain, now) // one that began later tells of a clock that was wrong
		if err == nil {
			at = dueAfter(t.Domain, last.Started, w.Every)
		} else if !errors.Is(err, history.ErrNotFound) {
			return nil, next, err
		}
		if !at.After(now) {
			due = append(due, t)
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return due, next, nil
}

// maxJitter bounds by how much a scan comes early or late.
const maxJitter = 5 * time.Minute

// dueAfter is when a site is scanned next: a little earlier or later than every
// says, so that many watchers do not all come on the hour. The jitter follows
// from the name and the last scan, so that it does not change on the way.
func dueAfter(domain string, last time.Time, every time.Duration) time.Time {
	h := fnv.New32a()
	_, _ = h.Write([]byte(domain + last.UTC().Format(time.RFC3339))) // a hash takes everything
	part := float64(h.Sum32())/(1<<31) - 1                           // from -1 up to 1
	return last.Add(every + time.Duration(part*float64(min(every/20, maxJitter))))
}

// WaitUntil is Watch.Wait by the wall clock. It looks at the clock at least twice
// a minute, because timers stand still while a machine sleeps.
func WaitUntil(ctx context.Context, until time.Time) error {
	for {
		left := until.Sub(time.Now().Round(0)) // without the monotonic clock
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(min(left, 30*time.Second))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}
