package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

type reportCommand struct {
	*global
	format  string
	failOn  string
	verbose bool
	related relatedOptions
}

func newReport(g *global) *cobra.Command {
	o := &reportCommand{global: g}
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Show stored reports in another form, compare two, or write a letter",
		Long: `Report works from stored reports, without a network: files that scan wrote
with --json, --format json or --format jsonl.`,
		Example: "  infohub report render --format markdown monday.json\n  infohub report diff monday.json friday.json\n  infohub report letter --to web-host monday.json",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	render := &cobra.Command{
		Use:   "render FILE...",
		Short: "Print stored reports in another form or language",
		Long: `Render prints the reports in the files in any form that scan prints, in any of
the three languages. Nothing is judged again: grades and findings are those of
the scan. With --hub or --advisories they show which advisories concern what the
sites were made with then.

Exit codes: 0, 2 a wrong option or a file that cannot be read (nothing is
printed then), 4 the output could not be written.`,
		Example: `  infohub report render --format html --lang zh-Hant monday.json > monday.html
  infohub report render --format sarif week.jsonl > week.sarif
  infohub report render --format badge monday.json > grade.svg`,
		Args: func(cmd *cobra.Command, args []string) error {
			return asUsage(cmd, cobra.MinimumNArgs(1)(cmd, args))
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.render(cmd.Context(), args) },
	}
	render.Flags().StringVar(&o.format, "format", "text", "what is printed: "+formatList())
	o.related.addFlags(render)
	render.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "list in text also what passed and what does not apply")
	complete(render, "format", formatNames())
	diff := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Tell what changed: new, fixed, unchanged, could not be tested",
		Long: `Diff compares the reports of each site in two files. Of several reports of one
site in a file the last counts. What was not tested in the newer scan is never
called fixed.

Exit codes: 0 no new fault at or above --fail-on, 1 there is one, 2 a wrong
option or a file that cannot be read, 4 there is none, but a newer scan is
missing or not complete, or the output could not be written.`,
		Example: `  infohub report diff monday.json friday.json
  infohub report diff --fail-on medium --format json monday.jsonl friday.jsonl`,
		Args: func(cmd *cobra.Command, args []string) error {
			return asUsage(cmd, cobra.ExactArgs(2)(cmd, args))
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.diff(cmd.Context(), args[0], args[1]) },
	}
	diff.Flags().StringVar(&o.format, "format", "text", "text or json")
	diff.Flags().StringVar(&o.failOn, "fail-on", string(rules.High), "exit with 1 when a new fault is this severe or worse: critical, high, medium, low or none")
	complete(diff, "format", []string{"text", "json"})
	cmd.AddCommand(render, diff, newLetter(g))
	return cmd
}

func (o *reportCommand) render(ctx context.Context, files []string) error {
	if err := checkFormat(o.format); err != nil {
		return usageError{err}
	}
	c, err := rules.Load()
	if err != nil {
		return err
	}
	// Read once to count, and to say what is wrong before anything is printed.
	n := 0
	if err := eachReport(ctx, files, func(*scanner.Report) error { n++; return nil }); err != nil {
		return usageError{err}
	}
	format := report.Format(o.format)
	if n != 1 && format.Single() {
		return usageError{fmt.Errorf("--format %s prints one report: there are %d", o.format, n)}
	}
	opts := o.reportOptions(c)
	opts.Verbose = o.verbose
	related, end, err := o.related.open(ctx, o.global)
	if err != nil {
		return err
	}
	defer end()
	opts.Related = related
	s, err := report.NewStream(o.out, format, n != 1, opts)
	if err != nil {
		return err
	}
	return errors.Join(eachReport(ctx, files, s.Add), s.Close())
}

func (o *reportCommand) diff(ctx context.Context, before, after string) error {
	if err := o.checkDiff(); err != nil {
		return err
	}
	var sides [2][]*scanner.Report
	for i, file := range []string{before, after} {
		if err := eachReport(ctx, []string{file}, func(r *scanner.Report) error {
			if sides[i] = append(sides[i], r); len(sides[i]) > maxCompared {
				return fmt.Errorf("%s: it has more than %d reports: compare fewer sites at a time", file, maxCompared)
			}
			return nil
		}); err != nil {
			return usageError{err}
		}
	}
	return o.printDiff(report.CompareAll(sides[0], sides[1]))
}

func (o *reportCommand) checkDiff() error {
	if o.format != "text" && o.format != "json" {
		return usageError{fmt.Errorf("--format %q: choose text or json", o.format)}
	}
	if err := checkFailOn(o.failOn); err != nil {
		return usageError{err}
	}
	return nil
}

// printDiff prints comparisons and returns the outcome.
func (o *reportCommand) printDiff(diffs []*report.Diff) error {
	c, err := rules.Load()
	if err != nil {
		return err
	}
	write := report.DiffText
	if o.format == "json" {
		write = report.DiffJSON
	}
	if err := write(o.out, diffs, o.reportOptions(c)); err != nil {
		return err
	}
	told := true
	for _, d := range diffs {
		if worst := d.Worst(c); o.failOn != "none" && worst != "" && worst.AtLeast(rules.Severity(o.failOn)) {
			return outcome{exitFindings}
		}
		told = told && d.Told()
	}
	if !told {
		return outcome{exitIncomplete} // not scanned is not clean
	}
	return nil
}

// maxCompared bounds what diff keeps of one file.
const maxCompared = 10_000

// eachReport reads the reports of files, in their order. An error names the
// file, but for one of each. A pipe is refused: render reads twice.
func eachReport(ctx context.Context, files []string, each func(*scanner.Report) error) error {
	for _, name := range files {
		f, err := openStored(name)
		if err != nil {
			return err
		}
		var own error
		err = report.Read(readerUntil{ctx, f}, func(r *scanner.Report) error {
			own = each(r)
			return own
		})
		_ = f.Close() // it was only read
		if own != nil {
			return own
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// readerUntil ends with ctx.
type readerUntil struct {
	ctx context.Context
	r   io.Reader
}

func (r readerUntil) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// reportOptions are how reports look on standard output.
func (g *global) reportOptions(c *rules.Catalogue) report.Options {
	_, width := g.terminal(g.out)
	return report.Options{Lang: g.language(), Colour: g.colour(g.out), Width: width, Catalogue: c}
}

func formatNames() []string {
	var names []string
	for _, f := range report.Formats() {
		names = append(names, string(f))
	}
	return names
}

// formatList is "text, json or html" of all formats.
func formatList() string {
	names := formatNames()
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func checkFormat(s string) error {
	if !slices.Contains(formatNames(), s) {
		return fmt.Errorf("--format %q: choose %s", s, formatList())
	}
	return nil
}

func checkFailOn(s string) error {
	if s != "none" && (s == string(rules.Info) || !slices.Contains(rules.Severities(), rules.Severity(s))) {
		return fmt.Errorf("--fail-on %q: choose critical, high, medium, low or none", s)
	}
	return nil
}
