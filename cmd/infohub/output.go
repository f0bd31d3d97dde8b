package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
	"github.com/cybersec-infohub/infohub/scanner/report/pdf"
)

// outputOptions are how reports are written; scan and demo share them.
type outputOptions struct {
	format  string
	html    string
	json    string
	pdf     string
	browser string
	failOn  string
	// baseline is a file of older reports, technologies a catalogue; only scan
	// and rejudge set them.
	baseline     string
	technologies string
	verbose      bool
	quiet        bool
	related      relatedOptions // only scan and rejudge set it
	// also, if set, is given each report after it was printed.
	also func(*scanner.Report)
}

func (o *outputOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "what is printed: "+formatList())
	f.StringVar(&o.html, "html", "", "also write the HTML report to `PATH` (a folder when there are several targets)")
	f.StringVar(&o.json, "json", "", "also write the JSON report to `PATH` (a folder when there are several targets)")
	f.StringVar(&o.pdf, "pdf", "", "also print the report as PDF to `PATH` (a folder when there are several targets); needs Chromium")
	f.StringVar(&o.browser, "chromium", "", "`PATH` of the Chromium that prints PDF (default: the one on the PATH)")
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

// checkPaths tells of two forms that one file is named for: the second would
// take the place of the first.
func (o *outputOptions) checkPaths() error {
	flags := map[string]string{}
	for _, f := range []struct{ flag, path string }{{"--html", o.html}, {"--json", o.json}, {"--pdf", o.pdf}} {
		path := filepath.Clean(f.path)
		if other := flags[path]; f.path != "" && other != "" {
			return fmt.Errorf("%s %s: %s names the same file: give each its own", f.flag, f.path, other)
		} else if f.path != "" {
			flags[path] = f.flag
		}
	}
	return nil
}

// scan scans the list, prints each report as it ends, and returns the outcome.
func (o *outputOptions) scan(ctx context.Context, g *global, e *scanner.Engine, list *targetList, opts scanner.Options, n int) error {
	w, err := o.writer(ctx, g, e.Catalogue, len(list.targets) > 1)
	if err != nil {
		return err
	}
	p := newProgress(g, o.quiet, len(list.targets))
	e.Watch = p.watch
	p.start()
	e.ScanAll(ctx, list.targets, opts, n, func(r *scanner.Report) {
		p.pause(func() {
			w.write(r)
			if o.also != nil {
				o.also(r)
			}
		})
	})
	p.end()
	if err := w.close(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		g.say(g.words().T("notice.stopped", "n", w.count, "total", len(list.targets)))
	}
	return w.outcome(ctx, len(list.problems) > 0)
}

// writer begins the output; what stands in its way is an error before anything
// is scanned.
func (o *outputOptions) writer(ctx context.Context, g *global, c *rules.Catalogue, many bool) (*reportWriter, error) {
	if report.Format(o.format).Single() && many {
		return nil, usageError{fmt.Errorf("--format %s prints one report: for several targets use --html FOLDER or --format jsonl", o.format)}
	}
	if err := o.checkPaths(); err != nil && !many {
		return nil, usageError{err}
	}
	w := &reportWriter{outputOptions: o, ctx: ctx, g: g, many: many, catalogue: c}
	var err error
	if o.pdf != "" {
		if w.browser, err = pdf.Find(o.browser); err != nil {
			return nil, usageError{fmt.Errorf("--pdf: %w", err)}
		}
	}
	if w.baseline, err = readBaseline(ctx, o.baseline); err != nil {
		return nil, usageError{err}
	}
	for _, dir := range []string{o.html, o.json, o.pdf} {
		if dir != "" && many {
			if err := os.MkdirAll(dir, 0o750); err != nil {
				return nil, usageError{fmt.Errorf("several targets need a folder: %w", err)}
			}
		}
	}
	if w.related, w.end, err = o.related.open(ctx, g); err != nil {
		return nil, err
	}
	if w.stream, err = report.NewStream(g.out, report.Format(o.format), many, w.options()); err != nil {
		return nil, err
	}
	return w, nil
}

// reportWriter prints reports and remembers what the exit code needs.
type reportWriter struct {
	*outputOptions
	ctx       context.Context //nolint:containedctx // of the one command that it writes for; it stops the browser
	g         *global
	many      bool
	catalogue *rules.Catalogue
	stream    *report.Stream
	browser   *pdf.Browser // nil without --pdf
	baseline  *baseline    // nil without --baseline
	related   func(*scanner.Report) *report.Related
	end       func() // of what related asks
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
	opts.Verbose, opts.Related = w.verbose, w.related
	return opts
}

func (w *reportWriter) write(r *scanner.Report) {
	w.count++
	w.codes[w.codeOf(r)] = true
	w.baseline.add(r)
	w.note(w.stream.Add(r))
	if w.html != "" {
		w.note(w.toFile(w.html, ".html", r, func(f io.Writer) error { return report.HTML(f, r, w.options()) }))
	}
	if w.json != "" {
		w.note(w.toFile(w.json, ".json", r, func(f io.Writer) error { return report.JSON(f, []*scanner.Report{r}, w.options()) }))
	}
	if w.browser != nil {
		w.note(w.toFile(w.pdf, ".pdf", r, func(f io.Writer) error {
			var page bytes.Buffer
			if err := report.HTML(&page, r, w.options()); err != nil {
				return err
			}
			return w.browser.Print(w.ctx, f, page.Bytes())
		}))
	}
}

// close ends the output and says how it compares with the baseline.
func (w *reportWriter) close() error {
	w.note(w.stream.Close())
	w.end()
	w.baseline.tell(w.g, w.catalogue)
	if w.err != nil {
		return fmt.Errorf("writing the report: %w", w.err)
	}
	return nil
}

// codeOf is the exit code that this report alone asks for.
func (w *reportWriter) codeOf(r *scanner.Report) int {
	switch {
	case r.Status == scanner.Unreachable:
		return exitUnreachable
	case r.Status == scanner.Incomplete || r.Grade.Letter == "":
		return exitIncomplete // not scanned is not clean
	case w.failing(w.baseline.worst(r, w.catalogue)):
		return exitFindings
	}
	return exitClean
}

// failing tells whether a fault of this severity, "" for none, is one to exit
// with 1 for.
func (w *reportWriter) failing(worst rules.Severity) bool {
	return w.failOn != "none" && worst != "" && worst.AtLeast(rules.Severity(w.failOn))
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
	if err := writeFile(path, render); err != nil {
		return err
	}
	if !w.many {
		w.g.say(w.g.words().T("notice.written", "path", path))
	}
	return nil
}
