package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
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

Exit codes: 0 nothing that keeps it from being published, 1 errors, 2 a file that
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
	// Unread says why the file could not be read.
	Unread string `json:"unread,omitempty"`
}

func (o *advisoryCommand) lint(files []string) error {
	if o.format != "text" && o.format != "json" {
		return usageError{fmt.Errorf("--format %q: choose text or json", o.format)}
	}
	out := []linted{}
	faults, warnings, unread := 0, 0, 0
	for _, file := range files {
		got := o.lintFile(file)
		out = append(out, got)
		if got.Unread != "" {
			unread++
			o.say(got.Unread)
		}
		for _, p := range got.Problems {
			if p.Warning {
				warnings++
			} else {
				faults++
			}
			if o.format == "text" {
				fmt.Fprint(o.out, problemText(file, p))
			}
		}
	}
	if o.format == "json" {
		if err := o.json(out); err != nil {
			return err
		}
	}
	if unread < len(files) {
		o.say(o.words().T("advisory.linted", "faults", faults, "warnings", warnings))
	}
	switch {
	case unread > 0:
		return outcome{exitUsage}
	case faults > 0:
		return outcome{exitFindings}
	}
	return nil
}

// lintFile checks a file; the problems are in the order of its lines.
func (o *advisoryCommand) lintFile(file string) linted {
	out := linted{File: file, Problems: []advisories.Problem{}}
	data, err := o.readFile(file, maxDocument)
	if err == nil {
		var problems []advisories.Problem
		if problems, err = app.LintAdvisory(data); err != nil {
			err = fmt.Errorf("%s: %w", file, err)
		}
		out.Problems = append(out.Problems, problems...)
	}
	if err != nil {
		out.Unread = err.Error()
	}
	slices.SortStableFunc(out.Problems, func(a, b advisories.Problem) int { return cmp.Compare(a.Line, b.Line) })
	return out
}

// problemText is FILE:LINE: path: error: what is wrong [rule], as compilers say it,
// and below it what to do. The path is left out where the sentence has it.
func problemText(file string, p advisories.Problem) string {
	where := file
	if p.Line > 0 {
		where += fmt.Sprintf(":%d", p.Line)
	}
	if p.Path != "" && !strings.HasPrefix(p.Message, p.Path) {
		where += ": " + p.Path
	}
	if where = strings.TrimPrefix(where, ": "); where != "" {
		where += ": "
	}
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	return fmt.Sprintf("%s%s: %s [%s]\n    %s\n", printable(where), kind, printable(p.Message), p.Rule, printable(p.Remedy))
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
		Use: "new FILE", Short: "Begin an advisory from a file",
		Long: `New makes a draft of a file ('infohub advisory template' prints one to fill in). It
may still have errors; lint and submit tell them. - is standard input.`,
		Example: "  infohub advisory new alert.yaml --data /var/lib/infohub --key-file kit.key", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.create(cmd.Context(), args[0]) },
	}
	edit := o.editor("edit ID FILE", "Change a draft", `Edit puts the text of a file in the place of the draft. 'show ID --draft --as yaml'
prints what is there. Its first line says of which version it is, so that a change
that somebody else made meanwhile is not lost: both texts are then printed, and
nothing is changed. --version says it for a file without that line.`,
		`  infohub advisory show A26-11-04 --draft --as yaml --data /var/lib/infohub --key-file kit.key > a.yaml
  infohub advisory edit A26-11-04 a.yaml --data /var/lib/infohub --key-file kit.key`)
	revise := o.editor("revise ID FILE", "Begin the next revision of what is published", `Revise makes the text of a file the next revision of a published advisory. What is
published stays until the revision is approved and published. As with edit, the
first line of the file says of which version it is.`,
		`  infohub advisory show A26-11-04 --draft --as yaml --data /var/lib/infohub --key-file kit.key > a.yaml
  infohub advisory revise A26-11-04 a.yaml --data /var/lib/infohub --key-file kit.key`)
	addHubFlags(&o.hubCommand, true, add)
	return []*cobra.Command{add, edit, revise}
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
		fmt.Fprint(o.global.err, problemText(file, p))
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
		d, err := o.get(ctx, c, id)
		if err != nil {
			return err
		}
		version := o.version
		if version == 0 {
			version = cmp.Or(versionIn(text, &d), d.Version)
		}
		var changed apiclient.Draft
		err = c.Do(ctx, http.MethodPatch, path, nil, apiclient.DraftEdit{Version: version, YAML: text}, &changed)
		if err != nil {
			return o.conflict(err, d.Version)
		}
		if o.format == "json" {
			return o.json(changed)
		}
		return o.showDraft(changed)
	})
}

// draftLine begins what 'show --draft --as yaml' prints.
const draftLine = "# Version %d of %s. Leave this line: by it is seen whether somebody else changed it meanwhile.\n"

// versionIn is the version of a record that a file says in its first line that it
// is of, 0 where it says none, or another record's.
func versionIn(text string, d *apiclient.Draft) int {
	var (
		version int
		id      string
	)
	if _, err := fmt.Sscanf(text, "# Version %d of %s", &version, &id); err != nil {
		return 0
	}
	if id = strings.TrimSuffix(id, "."); id == "" || id != d.ID && id != d.Record {
		return 0
	}
	return version
}

// conflict prints both texts where somebody else was faster. The error is the one
// that it was given.
func (o *advisoryCommand) conflict(err error, version int) error {
	p, ok := errors.AsType[*apiclient.Problem](err)
	if !ok || p.Status != http.StatusConflict {
		return err
	}
	texts := map[string]string{}
	p.Errors = slices.DeleteFunc(p.Errors, func(e apiclient.Detail) bool {
		var text string
		if e.Location != "yours" && e.Location != "theirs" || e.Read(&text) != nil {
			return false
		}
		texts[e.Location] = text
		return true // it is told here
	})
	if len(texts) == 0 {
		return err
	}
	if o.format == "json" {
		return errors.Join(o.json(texts), err)
	}
	for _, whose := range []string{"yours", "theirs"} {
		if werr := o.document([]byte("--- " + whose + "\n" + strings.TrimRight(texts[whose], "\n") + "\n")); werr != nil {
			return errors.Join(werr, err)
		}
	}
	o.say(o.words().T("advisory.conflict", "version", version))
	return err
}
