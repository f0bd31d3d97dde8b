package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// advisoryCommand has the options of all the commands about advisories.
type advisoryCommand struct {
	hubCommand
	version    int
	summaries  map[i18n.Lang]*string
	reason     string
	at, by     string
	interim    bool
	as         string
	revision   int
	draft      bool
	from, to   int
	filter     map[string]*string
	limit      int
	provider   string
	labels     []string
	local      []string
	asset      string
	all        bool
	importFrom string
}

func newAdvisory(g *global) *cobra.Command {
	o := &advisoryCommand{hubCommand: hubCommand{global: g}, summaries: map[i18n.Lang]*string{}, filter: map[string]*string{}}
	cmd := &cobra.Command{
		Use:   "advisory",
		Short: "Warn others: write, review and publish advisories; find out whom they concern",
		Long: `Advisory is a CERT's desk. An advisory is written once, as a file in three
languages (docs/advisory-record.md), approved by a second person, and published:
as a page, mail and feed, as CSAF 2.0, STIX 2.1 and OSV.

An analyst begins with 'new' and 'lint', hands the draft in with 'submit'; another
analyst reads it with 'show --draft' and approves it; then it is published. What is
published changes only by a new revision, which goes the same way.

ID is a tracking id such as A26-11-04, or the id of a record that has none yet.`,
		Example: `  infohub advisory template > alert.yaml
  infohub advisory lint alert.yaml
  infohub advisory new alert.yaml --data /var/lib/infohub --key-file kit.key
  infohub advisory list --hub https://hub.example.hk
  infohub advisory match sbom.cdx.json --hub https://hub.example.hk`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(o.fileCommands()...)
	cmd.AddCommand(o.writeCommands()...)
	cmd.AddCommand(o.stepCommands()...)
	cmd.AddCommand(o.readCommands()...)
	cmd.AddCommand(o.matchCommands()...)
	cmd.AddCommand(o.settingsCommand(), o.sourceCommand())
	return cmd
}

// addSummaries gives a command an option for what is said of a revision in each
// language.
func (o *advisoryCommand) addSummaries(cmd *cobra.Command, about string) {
	for _, l := range i18n.Langs() {
		flag := "summary"
		if l != i18n.English {
			flag += "-" + strings.ToLower(string(l))
		}
		if o.summaries[l] == nil {
			o.summaries[l] = new(string)
		}
		cmd.Flags().StringVar(o.summaries[l], flag, "", about+", in "+languageName(l)+" (`TEXT`)")
	}
}

func languageName(l i18n.Lang) string {
	switch l {
	case i18n.Traditional:
		return "Traditional Chinese"
	case i18n.Simplified:
		return "Simplified Chinese"
	}
	return "English"
}

func (o *advisoryCommand) summary() map[string]string {
	out := map[string]string{}
	for l, text := range o.summaries {
		if *text != "" {
			out[string(l)] = *text
		}
	}
	return out
}

// addFilter gives a command the options that choose advisories.
func (o *advisoryCommand) addFilter(cmd *cobra.Command) {
	for _, f := range [][2]string{
		{"text", "that have this `TEXT` in any language"}, {"tag", "that have this `TAG`"}, {"sector", "that are for this `SECTOR`, or for everybody"},
		{"product", "about this `PRODUCT`"}, {"cve", "about this `CVE`"}, {"risk", "of this `RISK`: low, medium, high or extreme"},
		{"tlp", "with this TLP `LABEL`"}, {"state", "in this `STATE`, such as published or withdrawn"}, {"since", "changed since then, such as 30d or 2026-11-01 (`TIME`)"},
	} {
		if o.filter[f[0]] == nil {
			o.filter[f[0]] = new(string)
		}
		cmd.Flags().StringVar(o.filter[f[0]], f[0], "", "only those "+f[1])
	}
	cmd.Flags().IntVar(&o.limit, "limit", 50, "advisories at most")
}

func (o *advisoryCommand) query() (url.Values, error) {
	q := url.Values{}
	for name, value := range o.filter {
		switch {
		case *value == "":
		case name == "since":
			t, err := moment("since", *value, time.Now(), true)
			if err != nil {
				return nil, err
			}
			q.Set(name, when(t))
		default:
			q.Set(name, *value)
		}
	}
	return q, nil
}

// get reads the record of an advisory.
func (o *advisoryCommand) get(ctx context.Context, c *apiclient.Client, id string) (apiclient.Draft, error) {
	var d apiclient.Draft
	path, err := at("drafts", id)
	if err == nil {
		err = c.Do(ctx, http.MethodGet, path, nil, nil, &d)
	}
	return d, err
}

// current is the version that a change is made to: the one that was given, or
// else that of the record as it is now.
func (o *advisoryCommand) current(ctx context.Context, c *apiclient.Client, id string) (int, error) {
	if o.version > 0 {
		return o.version, nil
	}
	d, err := o.get(ctx, c, id)
	return d.Version, err
}

// title is an advisory's title in the user's language, or says that it is missing.
func (o *advisoryCommand) title(titles map[string]string) string {
	lang := string(o.language())
	if t := titles[lang]; t != "" {
		return t
	}
	for _, l := range i18n.Langs() {
		if t := titles[string(l)]; t != "" {
			return "[" + string(l) + "] " + t
		}
	}
	return ""
}

// name is how an advisory is called: by its tracking id once it has one.
func name(id, record string) string {
	if id != "" {
		return id
	}
	return record
}

func (o *advisoryCommand) showDraft(d apiclient.Draft) error {
	version := strconv.Itoa(d.Version)
	working := d.Working
	if working != "" && d.Action != "publish" {
		working += " (" + d.Action + ")"
	}
	published := ""
	if d.State == "published" || d.State == "revised" || d.State == "withdrawn" || d.State == "superseded" {
		published = fmt.Sprintf("%s, revision %d, %s", d.State, d.Revision, when(d.Current))
	}
	if err := o.fields("Id", name(d.ID, d.Record), "Title", o.title(d.Title), "TLP", d.TLP, "Published", published, "At work", working, "Version", version,
		"Authors", strings.Join(d.Authors, ", "), "Approved by", d.Approver, "Sent back because", d.Rejected, "Is published at", when(d.PublishAt), "Trouble", d.Trouble); err != nil {
		return err
	}
	return o.problems(d.Problems)
}

// problems are told on stderr.
func (o *advisoryCommand) problems(list []apiclient.LintProblem) error {
	errors, warnings := 0, 0
	for _, p := range list {
		if p.Warning {
			warnings++
		} else {
			errors++
		}
	}
	if len(list) > 0 {
		o.say(fmt.Sprintf("%d faults and %d warnings: infohub advisory lint tells them", errors, warnings))
	}
	return nil
}

func sortedKeys(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
