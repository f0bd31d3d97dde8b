package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/history"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// Receiver is who is told what changed.
type Receiver struct {
	Channel notify.Channel
	To      string // a URL or a mail address
}

// Recorder keeps reports, tells what changed since the one before, and puts
// messages about it into the outbox, all in one transaction: no change is told
// that is not kept, and none is kept that will not be told. It is for one
// goroutine at a time.
type Recorder struct {
	store   store.Store
	history *history.History
	opts    RecorderOptions
}

// RecorderOptions are what a Recorder needs beyond its store.
type RecorderOptions struct {
	Receivers []Receiver
	// Render is how the messages' texts look.
	Render report.Options
}

// NewRecorder returns the recorder of a store, which stays the caller's.
func NewRecorder(ctx context.Context, s store.Store, o RecorderOptions) (*Recorder, error) {
	h, err := history.Open(ctx, s)
	if err != nil {
		return nil, err
	}
	return &Recorder{s, h, o}, nil
}

// Record keeps a report and returns what changed since what was known; Old is
// nil for a site's first report. A scan that somebody stopped is not kept: nil
// and no error. With notify.ErrFull the report is kept, but nobody will be told.
func (r *Recorder) Record(ctx context.Context, rep *scanner.Report) (*report.Diff, error) {
	if rep.Reason != nil && rep.Reason.Kind == scanner.FailCancelled {
		return nil, nil
	}
	known, err := r.history.Known(ctx, rep.Target.Domain)
	if err != nil && !errors.Is(err, history.ErrNotFound) {
		return nil, err
	}
	diff := report.Compare(known, rep)
	added, err := history.Prepare(rep, report.Merge(known, rep), nil)
	if err != nil {
		return nil, err
	}
	messages, err := messagesOf(diff, r.opts)
	if err != nil {
		return nil, err
	}
	err = r.write(ctx, added, messages)
	if errors.Is(err, notify.ErrFull) {
		if err := r.write(ctx, added, nil); err != nil {
			return nil, fmt.Errorf("keep the report of %s: %w", rep.Target.Domain, err)
		}
		return diff, fmt.Errorf("the news about %s: %w", rep.Target.Domain, err)
	}
	if err != nil {
		return nil, fmt.Errorf("keep the report of %s: %w", rep.Target.Domain, err)
	}
	return diff, nil
}

// write writes what was made before, so that running it again writes the same.
func (r *Recorder) write(ctx context.Context, added *history.Addition, messages []notify.Message) error {
	return history.Commit(ctx, r.store, func(tx store.Tx) error {
		if err := added.Write(tx); err != nil {
			return err
		}
		for _, m := range messages {
			if err := notify.Put(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// told tells whether a scan led to a grade: otherwise nobody knows how the site
// is.
func told(r *scanner.Report) bool { return r.Status == scanner.Complete && r.Grade.Letter != "" }

// eventOf says what kind of news a comparison is, "" for none. What could not be
// tested is told in a message but is no reason to send one, and neither is
// advice.
func eventOf(d *report.Diff, c *rules.Catalogue) string {
	news := len(d.Fixed)
	for _, f := range d.Faults {
		if rule, ok := c.Rule(f.Rule); !ok || rule.Severity != rules.Info {
			news++
		}
	}
	switch {
	case d.Old == nil:
		return "first"
	case news > 0:
		return "changed"
	case told(d.Old) && !told(d.New):
		return "lost"
	case !told(d.Old) && told(d.New):
		return "back"
	}
	return ""
}

// Prune leaves at most count reports of each site.
func Prune(ctx context.Context, s store.Store, count int) error {
	h, err := history.Open(ctx, s)
	if err != nil {
		return err
	}
	_, err = h.Prune(ctx, history.Keep{Count: count})
	return err
}
