package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
)

// maxAdvisoryFile bounds a file with an advisory, and maxDocument one of others,
// in bytes; a hub takes no more.
const (
	maxAdvisoryFile = 1 << 20
	maxDocument     = 15 << 20
)

// fileCommands need no hub.
func (o *advisoryCommand) fileCommands() []*cobra.Command {
	template := &cobra.Command{
		Use: "template", Short: "Print an empty advisory to fill in", Long: "Template prints a file in which every field is explained, to begin an advisory with.",
		Example: "  infohub advisory template > alert.yaml", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := o.out.Write(advisories.Template(time.Now()))
			return err
		},
	}
	lint := &cobra.Command{
		Use: "lint FILE...", Short: "Check advisories: the file, the texts, the references, CSAF's mandatory tests",
		Long: `Lint checks files before anybody sees them: each problem with its line and path, the
rule (docs/advisory-rules.md) and what to do. CSAF documents (JSON) are held against
the standard's schema and its mandatory tests. - is standard input.

Exit codes: 0 nothing that keeps it from being published, 1 faults, 2 a file that
cannot be read.`,
		Example: `  infohub advisory lint alert.yaml
  infohub advisory lint --format json alert.yaml a26-11-04.json`,
		Args: leastArgs(1), RunE: func(_ *cobra.Command, args []string) error { return o.lint(args) },
	}
	lint.Flags().StringVar(&o.format, "format", "text", "text or json")
	complete(lint, "format", []string{"text", "json"})
	return []*cobra.Command{template, lint}
}

// linted is what lint says of a file.
type linted struct {
	File     string               `json:"file"`
	Problems []advisories.Problem `json:"problems"`
}

func (o *advisoryCommand) lint(files []string) error {
	if o.format != "text" && o.format != "json" {
		return usageError{fmt.Errorf("--format %q: choose text or json", o.format)}
	}
	out := []linted{}
	faults, warnings := 0, 0
	for _, file := range files {
		data, err := o.readFile(file, maxDocument)
		if err != nil {
			return usageError{err}
		}
		problems, err := app.LintAdvisory(data)
		if err != nil {
			return usageError{fmt.Errorf("%s: %w", file, err)}
		}
		if problems == nil {
			problems = []advisories.Problem{}
		}
		out = append(out, linted{file, problems})
		for _, p := range problems {
			if p.Warning {
				warnings++
			} else {
				faults++
			}
			if o.format == "text" {
				o.printProblem(file, p)
			}
		}
	}
	if o.format == "json" {
		if err := o.json(out); err != nil {
			return err
		}
	}
	o.say(o.words().T("advisory.linted", "faults", faults, "warnings", warnings))
	if faults > 0 {
		return outcome{exitFindings}
	}
	return nil
}

// printProblem writes FILE:LINE: path: what is wrong [rule], as compilers do.
func (o *advisoryCommand) printProblem(file string, p advisories.Problem) {
	where := file
	if p.Line > 0 {
		where += fmt.Sprintf(":%d", p.Line)
	}
	if p.Path != "" {
		where += ": " + p.Path
	}
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	fmt.Fprintf(o.out, "%s: %s: %s [%s]\n    %s\n", printable(where), kind, printable(p.Message), p.Rule, printable(p.Remedy))
}

// readFile reads a file, or standard input, up to a bound.
func (o *advisoryCommand) readFile(file string, limit int64) ([]byte, error) {
	r := o.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // it was only read
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it is over %d MiB", limit>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return data, nil
}

// writeCommands bring texts to a hub.
func (o *advisoryCommand) writeCommands() []*cobra.Command {
	add := &cobra.Command{
		Use: "new FILE", Short: "Begin an advisory from a file", Long: "New makes a draft of a file. It may still have faults; lint and submit tell them. - is standard input.",
		Example: "  infohub advisory new alert.yaml --data /var/lib/infohub --key-file kit.key", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.create(cmd.Context(), args[0]) },
	}
	edit := o.editor("edit ID FILE", "Change a draft", `Edit puts the text of a file in the place of the draft. 'show ID --draft --as yaml'
prints what is there, and its first line says of which version it is: with --version
a change that somebody else made meanwhile is not lost. Both texts are then printed.`,
		`  infohub advisory show A26-11-04 --draft --as yaml --data /var/lib/infohub --key-file kit.key > a.yaml
  infohub advisory edit A26-11-04 a.yaml --version 3 --data /var/lib/infohub --key-file kit.key`)
	revise := o.editor("revise ID FILE", "Begin the next revision of what is published", `Revise makes the text of a file the next revision of a published advisory. What is
published stays until the revision is approved and published.`,
		"  infohub advisory revise A26-11-04 a.yaml --data /var/lib/infohub --key-file kit.key")
	imp := &cobra.Command{
		Use: "import FILE", Short: "Import an advisory of others: CSAF or OSV",
		Long: `Import reads a CSAF 2.0 or OSV document into the hub's library, where it is read and
matched but never changed, or with --draft makes a draft of your own of it. Whole
sources are fetched by 'infohub advisory source'.`,
		Example: `  infohub advisory import icsa-24-284-17.json --data /var/lib/infohub
  infohub advisory import icsa-24-284-17.json --draft --data /var/lib/infohub --key-file kit.key`, Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.bring(cmd.Context(), args[0]) },
	}
	imp.Flags().BoolVar(&o.draft, "draft", false, "make a draft of it")
	imp.Flags().StringVar(&o.importFrom, "from", "", "where it comes from, a `URL`")
	addHubFlags(&o.hubCommand, true, add, imp)
	return []*cobra.Command{add, edit, revise, imp}
}

func (o *advisoryCommand) editor(use, short, long, example string) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example, Args: exactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return o.edit(cmd.Context(), args[0], args[1]) },
	}
	o.addVersion(cmd)
	addHubFlags(&o.hubCommand, true, cmd)
	return cmd
}

// text reads a file with an advisory; what is wrong with its form is told by line.
func (o *advisoryCommand) text(file string) (string, error) {
	data, err := o.readFile(file, maxAdvisoryFile)
	if err != nil {
		return "", usageError{err}
	}
	_, problems, err := advisories.ReadYAML(data)
	if err != nil && len(problems) == 0 {
		return "", usageError{fmt.Errorf("%s: %w", file, err)}
	}
	for _, p := range problems {
		o.say(fmt.Sprintf("%s:%d: %s: %s. %s", file, p.Line, printable(p.Path), printable(p.Message), printable(p.Remedy)))
	}
	if len(problems) > 0 {
		return "", outcome{exitUsage}
	}
	return string(data), nil
}

func (o *advisoryCommand) create(ctx context.Context, file string) error {
	text, err := o.text(file)
	if err != nil {
		return err
	}
	return answer(ctx, &o.hubCommand, http.MethodPost, "/drafts", nil, apiclient.DraftEdit{YAML: text}, o.showDraft)
}

func (o *advisoryCommand) edit(ctx context.Context, id, file string) error {
	text, err := o.text(file)
	if err != nil {
		return err
	}
	path, err := at("drafts", id)
	if err != nil {
		return err
	}
	return o.with(ctx, func(c *apiclient.Client) error {
		version, err := o.current(ctx, c, id)
		if err != nil {
			return err
		}
		var d apiclient.Draft
		err = c.Do(ctx, http.MethodPatch, path, nil, apiclient.DraftEdit{Version: version, YAML: text}, &d)
		if err != nil {
			o.conflict(err)
			return err
		}
		if o.format == "json" {
			return o.json(d)
		}
		return o.showDraft(d)
	})
}

// conflict prints both texts where somebody else was faster.
func (o *advisoryCommand) conflict(err error) {
	p, ok := errors.AsType[*apiclient.Problem](err)
	if !ok || p.Status != http.StatusConflict {
		return
	}
	for i := range p.Errors {
		e := &p.Errors[i]
		if e.Location != "yours" && e.Location != "theirs" {
			continue
		}
		var text string
		if e.Read(&text) == nil {
			fmt.Fprintf(o.out, "--- %s\n%s\n", e.Location, strings.TrimRight(text, "\n"))
		}
	}
	p.Errors = nil // they were told
}

func (o *advisoryCommand) bring(ctx context.Context, file string) error {
	data, err := o.readFile(file, maxDocument)
	if err != nil {
		return usageError{err}
	}
	query := url.Values{"mode": {"library"}}
	if o.draft {
		query.Set("mode", "draft")
	}
	if o.importFrom != "" {
		query.Set("from", o.importFrom)
	}
	return answer(ctx, &o.hubCommand, http.MethodPost, "/library", query, map[string]string{"document": string(data)}, func(got apiclient.Imported) error {
		for _, p := range got.Problems {
			o.say(fmt.Sprintf("%s: %s [%s]", printable(p.Path), printable(p.Message), p.Rule))
		}
		return o.fields("Id", got.ID, "Outcome", got.Outcome, "Why", got.Reason, "In the library", got.Ref)
	})
}
