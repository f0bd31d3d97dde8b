package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/rules/template"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

type rulesOptions struct {
	*global
	format string
	family string
}

func newRules(g *global) *cobra.Command {
	o := &rulesOptions{global: g}
	cmd := &cobra.Command{
		Use:     "rules",
		Short:   "Read what is checked, why it matters and how to mend it",
		Example: "  infohub rules list --lang zh-Hant\n  infohub rules show mail.spf.missing",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := &cobra.Command{
		Use:     "list",
		Short:   "List every rule",
		Example: "  infohub rules list --family mail --lang zh-Hans",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return o.list() },
	}
	list.Flags().StringVar(&o.family, "family", "", "only this family: "+strings.Join(rules.Families(), ", "))
	show := &cobra.Command{
		Use:     "show ID",
		Short:   "Show one rule",
		Example: "  infohub rules show web.hsts.missing --format json",
		Args:    func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.ExactArgs(1)(cmd, args)) },
		RunE:    func(_ *cobra.Command, args []string) error { return o.show(args[0]) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return ruleIDs(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	for _, c := range []*cobra.Command{list, show} {
		c.Flags().StringVar(&o.format, "format", "text", "text or json")
	}
	var dir string
	pages := &cobra.Command{
		Use:     "pages",
		Short:   "Write pages about every rule, in the three languages",
		Long:    "Pages writes what every rule says into a folder, as Markdown: an index and a page for each family and language.",
		Example: "  infohub rules pages --dir rule-pages",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return o.pages(dir) },
	}
	pages.Flags().StringVar(&dir, "dir", "rule-pages", "`FOLDER` that the pages are written to; it is made if it is missing")
	check := &cobra.Command{
		Use:   "check PATH...",
		Short: "Tell which nuclei templates a scan would run, and why not the others",
		Long: `Check reads nuclei templates, from files or folders, as scan --templates does,
and says which would be run. Only templates that look are: GET and HEAD requests
to the site itself, nothing that changes state, guesses passwords or calls other
hosts. What is refused is named with line and reason.

Exit codes: 0 all would be run, 1 some in a folder would not, 2 a file that is
named would not, or cannot be read.`,
		Example: "  infohub rules check my-templates/",
		Args:    func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.MinimumNArgs(1)(cmd, args)) },
		RunE:    func(_ *cobra.Command, args []string) error { return o.checkTemplates(args) },
	}
	cmd.AddCommand(list, show, pages, check)
	return cmd
}

func ruleIDs() []string {
	c, err := rules.Load()
	if err != nil {
		return nil
	}
	var ids []string
	for _, r := range c.All() {
		ids = append(ids, r.ID)
	}
	return ids
}

func (o *rulesOptions) check() error {
	if o.format != "text" && o.format != "json" {
		return usageError{fmt.Errorf("--format %q: choose text or json", o.format)}
	}
	return nil
}

// ruleWords is a rule in one language, the form of --format json.
type ruleWords struct {
	rules.Rule
	Lang  rules.Lang `json:"lang"`
	Title string     `json:"title"`
	Why   string     `json:"why"`
	Fix   string     `json:"fix"`
}

func (o *rulesOptions) inWords(r rules.Rule) ruleWords {
	l := o.language()
	return ruleWords{Rule: r, Lang: l, Title: r.Title[l], Why: r.Why[l], Fix: r.Fix[l]}
}

func (o *rulesOptions) list() error {
	if err := o.check(); err != nil {
		return err
	}
	c, err := rules.Load()
	if err != nil {
		return err
	}
	out := []ruleWords{}
	for _, r := range c.All() {
		if o.family == "" || r.Family == o.family {
			out = append(out, o.inWords(r))
		}
	}
	if len(out) == 0 {
		return usageError{fmt.Errorf("--family %q: choose one of %s", o.family, strings.Join(rules.Families(), ", "))}
	}
	if o.format == "json" {
		return writeJSON(o.out, out)
	}
	words := o.words()
	w := tabwriter.NewWriter(o.out, 0, 4, 2, ' ', 0)
	for _, r := range out {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.ID, words.T("severity."+string(r.Severity)), rules.Fill(r.Title, sample()))
	}
	return w.Flush()
}

func (o *rulesOptions) show(id string) error {
	if err := o.check(); err != nil {
		return err
	}
	c, err := rules.Load()
	if err != nil {
		return err
	}
	r, ok := c.Rule(id)
	if !ok {
		return usageError{fmt.Errorf("there is no rule %q: 'infohub rules list' names them all", id)}
	}
	x := o.inWords(r)
	if o.format == "json" {
		return writeJSON(o.out, x)
	}
	words := o.words()
	fill := func(s string) string { return strings.TrimSpace(rules.Fill(s, sample())) }
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n%s\n\n%s\n\n", x.ID, fill(x.Title), fill(x.Why), fill(x.Fix))
	fmt.Fprintf(&b, "%s · %s · %s\n", words.T("severity."+string(x.Severity)), words.T("owner."+string(x.Owner)), words.T("effort.minutes", "n", x.Effort))
	for _, m := range x.Remedies {
		fmt.Fprintf(&b, "\n%s:\n%s\n", words.T("platform."+string(m.For)), indent(fill(m.Snippet)))
	}
	b.WriteByte('\n')
	for _, ref := range x.References {
		fmt.Fprintf(&b, "%s <%s>\n", ref.Title, ref.URL)
	}
	_, err = io.WriteString(o.out, b.String())
	return err
}

func (o *rulesOptions) checkTemplates(paths []string) error {
	found, refused, err := template.Load(paths)
	for _, r := range refused {
		o.say(r.Error())
	}
	if err != nil {
		return usageError{err}
	}
	for _, t := range found {
		if _, err := fmt.Fprintf(o.global.out, "%s\n", t.ID); err != nil {
			return err
		}
	}
	if len(refused) > 0 {
		o.say(o.words().T("templates.refused", "n", len(refused), "found", len(found)))
		return outcome{exitFindings}
	}
	return nil
}

func (o *rulesOptions) pages(dir string) error {
	c, err := rules.Load()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // G301: pages are for everybody
		return usageError{fmt.Errorf("--dir: %w", err)}
	}
	err = writeFile(filepath.Join(dir, "README.md"), func(w io.Writer) error { return report.RuleIndex(w, c, sample()) })
	for _, family := range rules.Families() {
		for _, lang := range rules.Langs() {
			err = errors.Join(err, writeFile(filepath.Join(dir, report.RulePageName(family, lang)), func(w io.Writer) error {
				return report.RulePage(w, c, family, lang, sample())
			}))
		}
	}
	if err == nil {
		fmt.Fprintf(o.global.err, "infohub: the pages are in %s\n", dir)
	}
	return err
}

// sample fills the placeholders of a rule that no scan stands behind.
func sample() map[string]string {
	return map[string]string{
		"domain": "example.hk", "www": "www.example.hk", "host": "example.hk", "unicode": "example.hk",
		"mx": "mail.example.hk", "spf": "v=spf1 mx", "mx_lines": "mx: mail.example.hk", "ns": "ns1.example.hk", "selector": "selector1",
		"target": "shop.service.example", "service": "Azure", "expires": "2027-12-31T00:00:00Z",
	}
}

func indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  ")
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
