package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// watchOptions keep reports, repeat scans and tell others what changed.
type watchOptions struct {
	every  time.Duration
	data   string
	keep   int
	notify notifyOptions

	receivers []app.Receiver
	senders   map[notify.Channel]notify.Sender
}

// defaultKeep is two years of daily reports, a few megabytes a site.
const defaultKeep = 730

func (o *watchOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.data, "data", "", "keep the reports in this `FOLDER`, and tell what changed since the last one")
	f.DurationVar(&o.every, "every", 0, "go on until Ctrl-C and scan again after this time, for example 24h; needs --data")
	f.IntVar(&o.keep, "keep", defaultKeep, "reports of one site that --data keeps")
	o.notify.addFlags(cmd)
}

// check says what is wrong with the options before anything is scanned.
func (o *scanOptions) checkWatch() error {
	w := &o.watch
	switch {
	case w.every != 0 && (w.every < app.MinEvery || w.every > app.MaxEvery):
		return fmt.Errorf("--every %s: give a time from %.0fm to %.0fh, for example 24h", w.every, app.MinEvery.Minutes(), app.MaxEvery.Hours())
	case w.keep < 1 || w.keep > maxListed:
		return fmt.Errorf("--keep %d: give a number from 1 to %d", w.keep, maxListed)
	case w.data == "" && w.every != 0:
		return errors.New("--every needs --data: name a folder where the reports are kept")
	case w.data == "" && w.notify.wanted():
		return errors.New("--notify-webhook and --notify-mail need --data: name a folder where the reports are kept")
	}
	if info, err := os.Stat(w.data); w.data != "" && err == nil && !info.IsDir() {
		return fmt.Errorf("--data %s: it is no folder: name one where the reports are kept", w.data)
	}
	if w.every != 0 {
		if f := report.Format(o.out.format); f != report.FormatText && f != report.FormatJSONL {
			return fmt.Errorf("--format %s: with --every choose text or jsonl; 'infohub history show' prints every kept report in any form", f)
		}
		for _, f := range []struct{ flag, value string }{
			{"--html", o.out.html}, {"--json", o.out.json}, {"--pdf", o.out.pdf}, {"--baseline", o.out.baseline}, {"--keep-facts", o.facts},
		} {
			if f.value != "" {
				return fmt.Errorf("%s is for one scan: leave it out with --every; 'infohub history show' prints every kept report", f.flag)
			}
		}
	}
	var err error
	w.receivers, w.senders, err = w.notify.build(o.global)
	return err
}

func (o *scanOptions) recorderOptions(c *rules.Catalogue) app.RecorderOptions {
	return app.RecorderOptions{
		Receivers: o.watch.receivers, Render: report.Options{Lang: o.language(), Catalogue: c, Zone: time.Local},
	}
}

// recording keeps the reports of one scan; nil keeps none.
type recording struct {
	o        *scanOptions
	ctx      context.Context //nolint:containedctx // of the one command that it keeps reports for
	store    store.Store
	recorder *app.Recorder
	c        *rules.Catalogue
	many     bool
	changes  bytes.Buffer // what changed, to be printed after the reports
	err      error        // the first
}

// record opens the data folder, before anything is scanned.
func (o *scanOptions) record(ctx context.Context, c *rules.Catalogue, many bool) (*recording, error) {
	if o.watch.data == "" {
		return nil, nil
	}
	s, err := app.OpenStore(o.watch.data, true)
	if err != nil {
		return nil, err
	}
	rec, err := app.NewRecorder(ctx, s, o.recorderOptions(c))
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	r := &recording{o: o, ctx: ctx, store: s, recorder: rec, c: c, many: many}
	o.out.also = r.add
	return r, nil
}

// add keeps a report, also when the scan was stopped right after it.
func (r *recording) add(rep *scanner.Report) {
	diff, err := r.recorder.Record(context.WithoutCancel(r.ctx), rep)
	if diff != nil && diff.Old != nil && r.o.out.format == string(report.FormatText) && (!r.many || len(diff.Faults)+len(diff.Fixed)+len(diff.Untested) > 0) {
		diff.Unchanged = nil // it stands in the report
		err = errors.Join(err, r.o.printChange(&r.changes, diff, r.c))
	}
	if r.err == nil {
		r.err = err
	}
}

// end sends what waits, once, and returns the scan's own outcome unless the
// reports could not be kept.
func (r *recording) end(scanned error) error {
	if r == nil {
		return scanned
	}
	err := r.err
	if _, werr := r.changes.WriteTo(r.o.global.out); err == nil {
		err = werr
	}
	if err == nil && r.ctx.Err() == nil {
		err = r.finish()
	}
	if err = errors.Join(err, r.store.Close()); err != nil {
		return err
	}
	return scanned
}

func (r *recording) finish() error {
	if err := app.Prune(r.ctx, r.store, r.o.watch.keep); err != nil {
		return err
	}
	outbox := notify.Outbox{Store: r.store, Senders: r.o.watch.senders, Now: time.Now}
	d, err := outbox.Deliver(r.ctx)
	r.o.tellDelivery(d)
	return err
}

// printChange prints what changed at one site.
func (o *scanOptions) printChange(w io.Writer, d *report.Diff, c *rules.Catalogue) error {
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return report.DiffText(w, []*report.Diff{d}, o.reportOptions(c))
}

func (g *global) tellDelivery(d notify.Delivery) {
	w := g.words()
	for _, e := range d.Sent {
		g.say(w.T("notify.sent", "to", receiverName(e.Channel, e.To), "subject", e.Subject))
	}
	for _, e := range d.Failed {
		g.say(w.T("notify.failed", "to", receiverName(e.Channel, e.To), "problem", e.Error, "date", clockTime(e.Next)))
	}
	for _, e := range d.Died {
		g.say(w.T("notify.died", "to", receiverName(e.Channel, e.To), "problem", e.Error))
	}
}

// repeat scans again and again until ctx ends, which is how it is meant to end.
func (o *scanOptions) repeat(ctx context.Context, list *targetList, opts scanner.Options) error {
	c, err := rules.Load()
	if err != nil {
		return err
	}
	s, err := app.OpenStore(o.watch.data, true) // says at once what is wrong with the folder
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		return err
	}
	related, end, err := o.out.related.open(ctx, o.global)
	if err != nil {
		return err
	}
	defer end()
	rendered := o.reportOptions(c)
	rendered.Related = related
	w := o.words()
	watch := &app.Watch{
		Targets: list.targets, Options: opts, Every: o.watch.every, Concurrency: o.concurrency,
		Recorder: o.recorderOptions(c), Senders: o.watch.senders, KeepCount: o.watch.keep,
		Open: func() (store.Store, error) { return app.OpenStore(o.watch.data, true) },
		Scanner: func(ctx context.Context, due []scanner.Target) (*scanner.Engine, error) {
			engine, err := o.engine()
			if err != nil {
				return nil, err
			}
			without, err := o.grounds(ctx, engine, due)
			for _, r := range without {
				o.say(w.T("watch.unproved", "domain", r.Domain))
			}
			return engine, err
		},
		Now: time.Now, Wait: app.WaitUntil,
		Reported: func(r *scanner.Report, d *report.Diff) {
			werr := error(nil)
			if o.out.format == string(report.FormatJSONL) {
				werr = report.JSONLine(o.global.out, r, rendered)
			} else {
				werr = o.printChange(o.global.out, d, c)
				if related != nil {
					o.tellRelated(r.Target.Domain, related(r))
				}
			}
			if err == nil {
				err = werr // the first; messages to others go on
			}
		},
		Delivered: o.tellDelivery,
		Trouble:   func(err error) { o.say(w.T("watch.trouble", "problem", err)) },
		Waiting:   func(next time.Time) { o.say(w.T("watch.next", "date", clockTime(next))) },
	}
	watch.Run(ctx)
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return outcome{exitClean}
}
