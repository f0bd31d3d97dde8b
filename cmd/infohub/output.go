package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// outputOptions are how reports are written; scan and demo share them.
type outputOptions struct {
	format  string
	html    string
	json    string
	failOn  string
	verbose bool
	quiet   bool
}

func (o *outputOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "what is printed: "+formatList())
	f.StringVar(&o.html, "html", "", "also write the HTML report to `PATH` (a folder when there are several targets)")
	f.StringVar(&o.json, "json", "", "also write the JSON report to `PATH` (a folder when there are several targets)")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "list in text also what passed and what does not apply")
	complete(cmd, "format", formatNames())
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress line")
}

func (o *outputOptions) check() error {
	if err := checkFormat(o.format); err != nil {
		return err
	}
	return checkFailOn(o.failOn)
}

// scan scans the list, prints each report as it ends, and returns the outcome.
func (o *outputOptions) scan(ctx context.Context, g *global, e *scanner.Engine, list *targetList, opts scanner.Options, n int) error {
	many := len(list.targets) > 1
	if report.Format(o.format).Single() && many {
		return usageError{fmt.Errorf("--format %s prints one report: for several targets use --html FOLDER or --format jsonl", o.format)}
	}
	for _, dir := range []string{o.html, o.json} {
		if dir != "" && many {
			if err := os.MkdirAll(dir, 0o750); err != nil {
				return usageError{fmt.Errorf("several targets need a folder: %w", err)}
			}
		}
	}
	w := &reportWriter{outputOptions: o, g: g, many: many, catalogue: e.Catalogue}
	var err error
	if w.stream, err = report.NewStream(g.out, report.Format(o.format), many, w.options()); err != nil {
		return err
	}
	p := newProgress(g, o.quiet, len(list.targets))
	e.Watch = p.watch
	p.start()
	e.ScanAll(ctx, list.targets, opts, n, func(r *scanner.Report) {
		p.pause(func() { w.write(r) })
	})
	p.end()
	w.note(w.stream.Close())
	if w.err != nil {
		return fmt.Errorf("writing the report: %w", w.err)
	}
	if ctx.Err() != nil {
		g.say(g.words().T("notice.stopped", "n", w.count, "total", len(list.targets)))
	}
	return w.outcome(ctx, len(list.problems) > 0)
}

// reportWriter prints reports and remembers what the exit code needs.
type reportWriter struct {
	*outputOptions
	g         *global
	many      bool
	catalogue *rules.Catalogue
	stream    *report.Stream
	count     int
	codes     [5]bool // exit codes below 5 that came up
	err       error   // the first
}

func (w *reportWriter) note(err error) {
	if err != nil && w.err == nil {
		w.err = err
	}
}

func (w *reportWriter) options() report.Options {
	opts := w.g.reportOptions(w.catalogue)
	opts.Verbose = w.verbose
	return opts
}

func (w *reportWriter) write(r *scanner.Report) {
	w.count++
	w.codes[w.codeOf(r)] = true
	w.note(w.stream.Add(r))
	if w.html != "" {
		w.note(w.toFile(w.html, ".html", r, func(f io.Writer) error { return report.HTML(f, r, w.options()) }))
	}
	if w.json != "" {
		w.note(w.toFile(w.json, ".json", r, func(f io.Writer) error { return report.JSON(f, []*scanner.Report{r}, w.options()) }))
	}
}

// codeOf is the exit code that this report alone asks for.
func (w *reportWriter) codeOf(r *scanner.Report) int {
	switch {
	case r.Status == scanner.Unreachable:
		return exitUnreachable
	case r.Status == scanner.Incomplete || r.Grade.Letter == "":
		return exitIncomplete // not scanned is not clean
	case w.failOn != "none" && r.Worst(w.catalogue) != "" && r.Worst(w.catalogue).AtLeast(rules.Severity(w.failOn)):
		return exitFindings
	}
	return exitClean
}

// outcome gives the exit code: the first that is true of 130, 2, 4, 3, 1, 0.
func (w *reportWriter) outcome(ctx context.Context, wrongTargets bool) error {
	if ctx.Err() != nil {
		return outcome{exitInterrupted}
	}
	if wrongTargets {
		return outcome{exitUsage}
	}
	for _, code := range []int{exitIncomplete, exitUnreachable, exitFindings} {
		if w.codes[code] {
			return outcome{code}
		}
	}
	return nil
}

// toFile writes one report to path, or into the folder path.
func (w *reportWriter) toFile(path, ext string, r *scanner.Report, render func(io.Writer) error) error {
	if w.many {
		path = filepath.Join(path, r.Target.Domain+ext)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(render(f), f.Close()); err != nil {
		return err
	}
	if !w.many {
		w.g.say(w.g.words().T("notice.written", "path", path))
	}
	return nil
}
