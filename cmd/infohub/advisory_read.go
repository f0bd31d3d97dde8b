package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/scanner"
)

// forms are those of 'show --as'.
func advisoryForms() []string {
	return []string{"summary", "text", "markdown", "html", "mail", "csaf", "signature", "stix", "osv", "yaml"}
}

func (o *advisoryCommand) readCommands() []*cobra.Command {
	ls := &cobra.Command{
		Use: "list", Short: "List advisories, newest first", Long: `List shows the advisories that you may read: all of them with a key, those for
everybody without. --drafts lists what is at work, for analysts; --library what others
published and was imported.`,
		Example: `  infohub advisory list --hub https://hub.example.hk --risk high
  infohub advisory list --drafts --data /var/lib/infohub`, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.list(cmd) },
	}
	o.addFilter(ls)
	ls.Flags().BoolVar(&o.draft, "drafts", false, "what is at work, for analysts")
	ls.Flags().BoolVar(&o.all, "library", false, "what others published")
	show := &cobra.Command{
		Use: "show ID", Short: "Show an advisory in one of its forms",
		Long: `Show prints an advisory: --as ` + strings.Join(advisoryForms(), ", ") + `; --lang
chooses the language. csaf prints the bytes that were published, signature their
OpenPGP signature; --format json prints the record as the hub's interface gives it.`,
		Example: `  infohub advisory show A26-11-04 --hub https://hub.example.hk --lang zh-Hant
  infohub advisory show A26-11-04 --as csaf --hub https://hub.example.hk > a26-11-04.json
  infohub advisory show A26-11-04 --draft --as html --data /var/lib/infohub > preview.html`, Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notBoth(cmd, "draft", "revision"); err != nil {
				return err
			}
			if err := notBoth(cmd, "as", "format"); err != nil {
				return err
			}
			return o.show(cmd.Context(), args[0])
		},
	}
	show.Flags().StringVar(&o.as, "as", "text", "form: "+strings.Join(advisoryForms(), ", "))
	complete(show, "as", advisoryForms())
	show.Flags().IntVar(&o.revision, "revision", 0, "an earlier revision (default: the last)")
	show.Flags().BoolVar(&o.draft, "draft", false, "what is at work, as it would be published now")
	diff := &cobra.Command{
		Use: "diff ID", Short: "Show what changed between two revisions",
		Long:    "Diff compares a revision with the one before it; --draft what is at work with what is published.",
		Example: "  infohub advisory diff A26-11-04 --from 1 --to 3 --hub https://hub.example.hk", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notBoth(cmd, "draft", "to"); err != nil {
				return err
			}
			return o.diff(cmd.Context(), args[0])
		},
	}
	diff.Flags().IntVar(&o.from, "from", 0, "revision (default: the one before)")
	diff.Flags().IntVar(&o.to, "to", 0, "revision (default: the last)")
	diff.Flags().BoolVar(&o.draft, "draft", false, "compare what is at work")
	export := &cobra.Command{
		Use: "export --provider FOLDER", Short: "Write every advisory as a CSAF provider's files",
		Long: `Export writes what you may read as a CSAF provider: documents, hashes, signatures,
feeds, indexes and metadata, to be served by any web server. FOLDER/public is for
everybody; with --tlp what is for some only goes to FOLDER/restricted/LABEL, which has
to be protected. Written again, only what changed is touched.`,
		Example: `  infohub advisory export --provider /srv/csaf --data /var/lib/infohub
  infohub advisory export --provider /srv/csaf --tlp clear --tlp green --data /var/lib/infohub`, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.export(cmd.Context()) },
	}
	export.Flags().StringVar(&o.provider, "provider", "", "`FOLDER` to write to")
	export.Flags().BoolVar(&o.drop, "drop", false, "take away what the folder has of labels that are not named")
	export.Flags().StringArrayVar(&o.labels, "tlp", []string{"clear"}, "TLP `LABEL` to write (may be repeated)")
	complete(export, "tlp", choices("tlp"))
	addHubFlags(&o.hubCommand, true, ls, diff, export, show)
	return []*cobra.Command{ls, show, diff, export}
}

// notBoth refuses two options that exclude each other.
func notBoth(cmd *cobra.Command, a, b string) error {
	if cmd.Flags().Changed(a) && cmd.Flags().Changed(b) {
		return usageError{fmt.Errorf("--%s and --%s exclude each other: give one of them", a, b)}
	}
	return nil
}

func (o *advisoryCommand) list(cmd *cobra.Command) error {
	query, err := o.query()
	if err != nil {
		return err
	}
	if o.limit < 1 || o.limit > 10_000 {
		return usageError{fmt.Errorf("--limit %d: give a number from 1 to 10000", o.limit)}
	}
	if o.draft && o.all {
		return usageError{errors.New("--drafts and --library are two lists: give one of them")}
	}
	ctx := cmd.Context()
	switch {
	case o.draft:
		return pages(ctx, o, "/drafts", query, []string{"ID", "AT WORK", "VERSION", "TLP", "PUBLISHED", "CHANGED", "TITLE"}, func(d apiclient.Draft) []string {
			published := ""
			if d.Revision > 0 {
				published = fmt.Sprintf("%s (%d)", d.State, d.Revision)
			}
			return []string{name(d.ID, d.Record), d.Working, strconv.Itoa(d.Version), d.TLP, published, when(d.Changed), o.title(d.Title)}
		})
	case o.all:
		return pages(ctx, o, "/library", query, []string{"ID", "PUBLISHER", "DATE", "SEVERITY", "SOURCE", "TITLE"}, func(a apiclient.AdvisorySummary) []string {
			return []string{a.ID, a.Publisher, day(a), a.Severity, a.Library.Source, o.title(a.Title)}
		})
	}
	return pages(ctx, o, "/advisories", query, []string{"ID", "DATE", "REVISION", "TLP", "CLASS", "RISK", "STATE", "TITLE"}, func(a apiclient.AdvisorySummary) []string {
		return []string{a.ID, day(a), strconv.Itoa(a.Revision), a.TLP, a.Class, a.Risk, a.State, o.title(a.Title)}
	})
}

func day(a apiclient.AdvisorySummary) string {
	if a.Current.IsZero() {
		return ""
	}
	return a.Current.UTC().Format("2006-01-02")
}

// maxListPages bounds how many pages a list asks for: they may be short.
const maxListPages = 1000

// pages lists what a hub gives in pages, up to --limit.
func pages[T any](ctx context.Context, o *advisoryCommand, path string, query url.Values, head []string, row func(T) []string) error {
	return o.with(ctx, func(c *apiclient.Client) error {
		all := []T{}
		for range maxListPages {
			query.Set("limit", strconv.Itoa(min(o.limit-len(all), 500)))
			var page apiclient.List[T]
			if err := c.Do(ctx, http.MethodGet, path, query, nil, &page); err != nil {
				return err
			}
			all = append(all, page.Items...)
			if page.Next == "" || len(all) >= o.limit {
				break
			}
			query.Set("cursor", page.Next)
		}
		if o.format == "json" {
			return o.json(apiclient.List[T]{Items: all})
		}
		var rows [][]string
		for _, item := range all {
			rows = append(rows, row(item))
		}
		return o.table(head, rows, o.words().T("advisory.none"))
	})
}

func (o *advisoryCommand) show(ctx context.Context, id string) error {
	known := false
	for _, f := range advisoryForms() {
		known = known || f == o.as
	}
	if !known {
		return usageError{fmt.Errorf("--as %q: choose %s", o.as, strings.Join(advisoryForms(), ", "))}
	}
	if o.revision < 0 {
		return usageError{errors.New("revisions are numbered from 1")}
	}
	if o.as == "summary" || o.format == "json" {
		return o.showSummary(ctx, id)
	}
	path, err := at("advisories", id, "content")
	if o.draft {
		path, err = at("drafts", id, "preview")
	}
	if err != nil {
		return err
	}
	query := url.Values{"format": {o.as}, "lang": {string(o.language())}}
	if o.revision > 0 {
		query.Set("revision", strconv.Itoa(o.revision))
	}
	return o.with(ctx, func(c *apiclient.Client) error {
		if o.draft && o.as == "yaml" {
			d, err := o.get(ctx, c, id)
			if err != nil {
				return err
			}
			return o.document([]byte(fmt.Sprintf(draftLine, d.Version, name(d.ID, d.Record)) + d.YAML))
		}
		body, err := c.Open(ctx, http.MethodGet, path, query, nil)
		if err != nil {
			return err
		}
		defer func() { _ = body.Close() }() // it was read
		data, err := io.ReadAll(io.LimitReader(body, maxDocument*2))
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		return o.document(data)
	})
}

func (o *advisoryCommand) showSummary(ctx context.Context, id string) error {
	room := "advisories"
	if o.draft {
		room = "drafts"
	}
	path, err := at(room, id)
	if err != nil {
		return err
	}
	if o.draft {
		return answer(ctx, &o.hubCommand, http.MethodGet, path, nil, nil, o.showDraft)
	}
	query := url.Values{}
	if o.revision > 0 {
		query.Set("revision", strconv.Itoa(o.revision))
	}
	return answer(ctx, &o.hubCommand, http.MethodGet, path, query, nil, func(a apiclient.Advisory) error {
		return o.fields("Id", a.ID, "Title", o.title(a.Title), "Class", a.Class, "Risk", a.Risk, "TLP", a.TLP, "State", a.State, "Revision", strconv.Itoa(a.Revision),
			"Published", when(a.Initial), "Changed", when(a.Current), "Superseded by", a.SupersededBy, "Severity", a.Severity, "CVE", strings.Join(a.CVEs, ", "),
			"Products", strings.Join(a.Products, ", "), "Tags", strings.Join(a.Tags, ", "), "Sectors", strings.Join(a.Sectors, ", "), "Publisher", a.Publisher, "Page", a.URL)
	})
}

func (o *advisoryCommand) diff(ctx context.Context, id string) error {
	if o.from < 0 || o.to < 0 {
		return usageError{errors.New("revisions are numbered from 1")}
	}
	path, err := at("advisories", id, "diff")
	if err != nil {
		return err
	}
	query := url.Values{}
	if o.from > 0 {
		query.Set("from", strconv.Itoa(o.from))
	}
	switch {
	case o.draft:
		query.Set("to", "0")
	case o.to > 0:
		query.Set("to", strconv.Itoa(o.to))
	}
	return answer(ctx, &o.hubCommand, http.MethodGet, path, query, nil, func(d apiclient.AdvisoryDiff) error {
		if d.Text == "" {
			o.say(o.words().T("advisory.same"))
			return nil
		}
		return o.document([]byte(d.Text))
	})
}

// export writes the provider's files from what the hub gives this reader.
func (o *advisoryCommand) export(ctx context.Context) error {
	if o.provider == "" {
		return usageError{errors.New("--provider is missing: name the folder to write to")}
	}
	for _, label := range o.labels {
		if err := oneOf("tlp", label); err != nil {
			return err
		}
	}
	return o.with(ctx, func(c *apiclient.Client) error {
		var set apiclient.AdvisorySettings
		if err := c.Do(ctx, http.MethodGet, "/advisories/settings", nil, nil, &set); err != nil {
			return err
		}
		body, err := c.Open(ctx, http.MethodGet, "/advisories/export", nil, nil)
		if err != nil {
			return err
		}
		defer func() { _ = body.Close() }() // it was read
		done, err := app.ExportProvider(ctx, o.provider, set, o.labels, o.drop, json.NewDecoder(body))
		if errors.Is(err, app.ErrLabels) {
			return usageError{fmt.Errorf("--provider %s: %w: name every label with --tlp, or say --drop", o.provider, err)}
		}
		if err != nil {
			return err
		}
		if o.format == "json" {
			return o.json(done)
		}
		o.say(o.words().T("advisory.exported", "written", done.Written, "removed", done.Removed, "kept", done.Kept))
		return nil
	})
}

// printable is a text of others for one line of a terminal.
func printable(s string) string { return scanner.Printable(s, 500) }
