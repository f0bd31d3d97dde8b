package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/history"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

type historyCommand struct {
	*global
	data   string
	format string
	show   reportCommand
	diff   reportCommand
}

// maxListed bounds a list of reports or sites.
const maxListed = 100_000

func newHistory(g *global) *cobra.Command {
	o := &historyCommand{global: g, show: reportCommand{global: g}, diff: reportCommand{global: g}}
	cmd := &cobra.Command{
		Use:     "history",
		Short:   "Show the reports that scan --data has kept",
		Long:    `History works from the reports in a data folder, without a network.`,
		Example: "  infohub history list --data /var/lib/infohub\n  infohub history diff --data /var/lib/infohub example.hk",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := &cobra.Command{
		Use: "list [DOMAIN]", Short: "List the sites with their last report, or the reports of one site",
		Annotations: map[string]string{settableKey: "data"},
		Example:     "  infohub history list --data /var/lib/infohub\n  infohub history list --data /var/lib/infohub example.hk",
		Args:        func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.MaximumNArgs(1)(cmd, args)) },
		RunE:        func(cmd *cobra.Command, args []string) error { return o.list(cmd.Context(), args) },
	}
	list.Flags().StringVar(&o.format, "format", "text", "text or json")
	complete(list, "format", []string{"text", "json"})
	show := &cobra.Command{
		Use: "show DOMAIN [TIME]", Short: "Print a kept report, the last one or that of a time in the list",
		Annotations: map[string]string{settableKey: "data"},
		Example:     "  infohub history show --data /var/lib/infohub example.hk\n  infohub history show --data /var/lib/infohub --format html example.hk 2026-11-23T08:00:00Z",
		Args:        func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.RangeArgs(1, 2)(cmd, args)) },
		RunE:        func(cmd *cobra.Command, args []string) error { return o.showReport(cmd.Context(), args) },
	}
	show.Flags().StringVar(&o.show.format, "format", "text", "what is printed: "+formatList())
	show.Flags().BoolVarP(&o.show.verbose, "verbose", "v", false, "list in text also what passed and what does not apply")
	complete(show, "format", formatNames())
	diff := &cobra.Command{
		Use: "diff DOMAIN [OLD [NEW]]", Short: "Tell what changed between two kept reports, by default the last two",
		Long: `Diff compares two reports of a site; OLD and NEW are times of the list. Its exit
codes are those of report diff.`,
		Annotations: map[string]string{settableKey: "data"},
		Example:     "  infohub history diff --data /var/lib/infohub example.hk\n  infohub history diff --data /var/lib/infohub example.hk 2026-11-01T08:00:00Z",
		Args:        func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.RangeArgs(1, 3)(cmd, args)) },
		RunE:        func(cmd *cobra.Command, args []string) error { return o.diffReports(cmd.Context(), args) },
	}
	diff.Flags().StringVar(&o.diff.format, "format", "text", "text or json")
	diff.Flags().StringVar(&o.diff.failOn, "fail-on", string(rules.High), "exit with 1 when a new fault is this severe or worse: critical, high, medium, low or none")
	complete(diff, "format", []string{"text", "json"})
	for _, c := range []*cobra.Command{list, show, diff} {
		addDataFlag(c, &o.data)
	}
	cmd.AddCommand(list, show, diff)
	return cmd
}

// open opens the history in the data folder; what it returns closes it.
func (o *historyCommand) open(ctx context.Context) (*history.History, func() error, error) {
	s, err := openData(o.data)
	if err != nil {
		return nil, nil, err
	}
	h, err := history.Open(ctx, s)
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return h, s.Close, nil
}

func (o *historyCommand) list(ctx context.Context, args []string) (err error) {
	if o.format != "text" && o.format != "json" {
		return usageError{fmt.Errorf("--format %q: choose text or json", o.format)}
	}
	var target scanner.Target
	if len(args) > 0 {
		if target, err = o.parseDomain(args[0]); err != nil {
			return err
		}
	}
	h, done, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	var entries []history.Entry
	if target.Domain == "" {
		entries, err = h.Sites(ctx, maxListed)
	} else {
		entries, err = h.List(ctx, target.Domain, maxListed)
	}
	if err != nil {
		return err
	}
	w := o.words()
	switch {
	case o.format == "json":
		enc := json.NewEncoder(o.out)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"version": 1, "reports": append([]history.Entry{}, entries...)})
	case len(entries) == 0 && target.Domain != "":
		return o.none(target)
	case len(entries) == 0:
		_, err = fmt.Fprintln(o.out, w.T("history.empty", "dir", o.data))
		return err
	}
	for _, e := range entries {
		grade := w.T("grade.none")
		if e.Grade.Letter != "" {
			grade = w.T("grade.spoken", "letter", e.Grade.Letter, "score", e.Grade.Score)
		}
		var counts []string
		for _, c := range []struct {
			key string
			n   int
		}{{"faults", e.Failed}, {"warnings", e.Warned}, {"unknown", e.Unknown}} {
			if c.n > 0 {
				counts = append(counts, w.T("report.counts."+c.key, "n", c.n))
			}
		}
		if e.Status != scanner.Complete {
			counts = append([]string{w.T("status." + string(e.Status))}, counts...)
		}
		line := fmt.Sprintf("%s  %s  %s  %s", e.Started.UTC().Format(time.RFC3339), e.Unicode, grade, strings.Join(counts, w.T("report.counts.separator")))
		if _, err := fmt.Fprintln(o.out, scanner.Printable(strings.TrimSpace(line), 1000)); err != nil {
			return err
		}
	}
	return nil
}

// none is a site without reports.
func (o *historyCommand) none(t scanner.Target) error {
	return usageError{errors.New(o.words().T("history.none", "domain", t.Unicode, "dir", o.data))}
}

// times reads the times that arguments name.
func times(args []string) ([]time.Time, error) {
	var all []time.Time
	for _, a := range args {
		t, err := time.Parse(time.RFC3339, a)
		if err != nil {
			return nil, usageError{fmt.Errorf("%q is no time of the list: write it as there, for example 2026-11-23T08:00:00Z", a)}
		}
		all = append(all, t)
	}
	return all, nil
}

// get returns the report of a time.
func (o *historyCommand) get(ctx context.Context, h *history.History, t scanner.Target, at time.Time) (*scanner.Report, error) {
	r, err := h.Get(ctx, t.Domain, at)
	if errors.Is(err, history.ErrNotFound) {
		return nil, usageError{fmt.Errorf("no report of %s at %s is kept: 'infohub history list --data %s %s' has the times", t.Unicode, at.UTC().Format(time.RFC3339), o.data, t.Unicode)}
	}
	return r, err
}

func (o *historyCommand) showReport(ctx context.Context, args []string) (err error) {
	if err := checkFormat(o.show.format); err != nil {
		return usageError{err}
	}
	t, err := o.parseDomain(args[0])
	if err != nil {
		return err
	}
	at, err := times(args[1:])
	if err != nil {
		return err
	}
	c, err := rules.Load()
	if err != nil {
		return err
	}
	h, done, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	var r *scanner.Report
	if len(at) > 0 {
		r, err = o.get(ctx, h, t, at[0])
	} else if r, err = h.Last(ctx, t.Domain); errors.Is(err, history.ErrNotFound) {
		return o.none(t)
	}
	if err != nil {
		return err
	}
	opts := o.reportOptions(c)
	opts.Verbose = o.show.verbose
	s, err := report.NewStream(o.out, report.Format(o.show.format), false, opts)
	if err != nil {
		return err
	}
	return errors.Join(s.Add(r), s.Close())
}

func (o *historyCommand) diffReports(ctx context.Context, args []string) (err error) {
	if err := o.diff.checkDiff(); err != nil {
		return err
	}
	t, err := o.parseDomain(args[0])
	if err != nil {
		return err
	}
	at, err := times(args[1:])
	if err != nil {
		return err
	}
	h, done, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if len(at) < 2 {
		last, err := h.List(ctx, t.Domain, 2)
		switch {
		case err != nil:
			return err
		case len(last) == 0:
			return o.none(t)
		case len(last) == 1 && len(at) == 0:
			return usageError{errors.New(o.words().T("history.diff.one", "domain", t.Unicode))}
		}
		if len(at) == 0 {
			at = append(at, last[1].Started)
		}
		at = append(at, last[0].Started)
	}
	var sides []*scanner.Report
	for _, when := range at {
		r, err := o.get(ctx, h, t, when)
		if err != nil {
			return err
		}
		sides = append(sides, r)
	}
	return o.diff.printDiff(report.CompareAll(sides[:1], sides[1:]))
}
