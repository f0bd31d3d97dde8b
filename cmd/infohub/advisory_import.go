package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
)

func (o *advisoryCommand) importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "import PATH...", Short: "Import advisories of others: CSAF or OSV",
		Long: `Import reads CSAF 2.0 and OSV documents into the hub's library, where they are read
and matched but never changed, or with --draft makes a draft of your own of each. A
PATH is a file, a folder (all .json files in it), or - for standard input. Whole
sources are fetched, and their signatures checked, by 'infohub advisory source'.

Exit codes: 0 all of them were read, 1 some were refused: each is named with the
reason.`,
		Example: `  infohub advisory import icsa-24-284-17.json --data /var/lib/infohub
  infohub advisory import /srv/csaf/2026 GHSA-3f7r-9x2q-m4cw.json --tlp clear --data /var/lib/infohub
  infohub advisory import icsa-24-284-17.json --draft --data /var/lib/infohub --key-file kit.key`, Args: leastArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.bringAll(cmd.Context(), args) },
	}
	cmd.Flags().BoolVar(&o.draft, "draft", false, "make a draft of each")
	cmd.Flags().StringVar(&o.label, "tlp", "", "TLP `LABEL` of those that say none themselves, such as OSV; without it they are refused")
	complete(cmd, "tlp", choices("tlp"))
	cmd.Flags().StringVar(&o.importFrom, "from", "", "where they come from, a `URL`")
	addHubFlags(&o.hubCommand, true, cmd)
	return cmd
}

// brought is what became of a file.
type brought struct {
	File string `json:"file"`
	apiclient.Imported
}

// What became of a document (apiclient.Imported.Outcome) that is not in the library
// afterwards.
const (
	importRefused  = "refused"
	importConflict = "conflict"
)

func (o *advisoryCommand) bringAll(ctx context.Context, paths []string) error {
	if o.label != "" {
		if err := oneOf("tlp", o.label); err != nil {
			return err
		}
	}
	files, err := app.AdvisoryFiles(paths)
	if err != nil {
		return usageError{err}
	}
	all := []brought{}
	err = o.with(ctx, func(c *apiclient.Client) error {
		for _, f := range files {
			got, taken, err := o.bring(ctx, c, f)
			if err != nil {
				return err
			}
			if taken {
				all = append(all, got)
			}
		}
		return nil
	})
	if err != nil && len(all) == 0 {
		return err
	}
	if perr := o.printBrought(all); perr != nil || err != nil {
		return errors.Join(perr, err)
	}
	for _, b := range all {
		if b.Outcome == importRefused || b.Outcome == importConflict {
			return outcome{exitFindings}
		}
	}
	return nil
}

// bring imports a file. Other files of a folder than advisories are not taken. The
// error is one after which no other file could be imported either.
func (o *advisoryCommand) bring(ctx context.Context, c *apiclient.Client, f app.AdvisoryFile) (brought, bool, error) {
	out := brought{File: f.Path}
	refused := func(err error) (brought, bool, error) {
		out.Outcome, out.Reason = importRefused, err.Error()
		return out, true, nil
	}
	data, err := o.readFile(f.Path, maxDocument)
	if err != nil {
		return refused(err)
	}
	if f.Found && !app.IsAdvisory(data) {
		return out, false, nil
	}
	if !utf8.Valid(data) { // on its way it would become another
		return refused(errors.New("it is not UTF-8: get it again, or save it in this encoding"))
	}
	query := url.Values{"mode": {"library"}}
	if o.draft {
		query.Set("mode", "draft")
	}
	if o.importFrom != "" {
		query.Set("from", o.importFrom)
	}
	if o.label != "" {
		query.Set("tlp", o.label)
	}
	err = c.Do(ctx, http.MethodPost, "/library", query, map[string]string{"document": string(data)}, &out.Imported)
	switch apiclient.StatusOf(err) {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusConflict, http.StatusRequestEntityTooLarge:
		p, _ := errors.AsType[*apiclient.Problem](err)
		out.Problems = append(out.Problems, lintProblems(p)...)
		return refused(err)
	}
	return out, true, err
}

func (o *advisoryCommand) printBrought(all []brought) error {
	if o.format == "json" {
		return o.json(all)
	}
	count := map[string]int{}
	var rows [][]string
	for _, b := range all {
		count[b.Outcome]++
		if b.Outcome == importRefused { // what else others do wrong is theirs
			for _, p := range b.Problems {
				fmt.Fprint(o.global.err, problemText(b.File, advisories.Problem(p)))
			}
		}
		rows = append(rows, []string{b.File, b.ID, b.Outcome, b.Reason})
	}
	if err := o.table([]string{"FILE", "ID", "OUTCOME", "WHY"}, rows, o.words().T("advisory.none")); err != nil {
		return err
	}
	o.say(o.words().T("advisory.imported", "added", count["added"], "updated", count["updated"], "same", count["duplicate"]+count["older"],
		"refused", count[importRefused]+count[importConflict]))
	return nil
}
