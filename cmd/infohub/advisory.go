package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/advisories"
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
	drop       bool
	local      []string
	asset      string
	all        bool
	importFrom string
	label      string
}

func newAdvisory(g *global) *cobra.Command {
	o := &advisoryCommand{hubCommand: hubCommand{global: g}, summaries: map[i18n.Lang]*string{}, filter: map[string]*string{}}
	cmd := &cobra.Command{
		Use:   "advisory",
		Short: "Warn others: write, review and publish advisories; find out whom they concern",
		Long: `Advisory is a CERT's desk. An advisory is written once, as a file in three
languages (docs/advisory-record.md), approved by a second person, and published:
as a page, mail and feed, as CSAF 2.0, STIX 2.1 and OSV.

An analyst begins with 'new' and 'lint', submits the draft with 'submit'; another
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
	cmd.AddCommand(o.importCommand())
	cmd.AddCommand(o.stepCommands()...)
	cmd.AddCommand(o.readCommands()...)
	cmd.AddCommand(o.matchCommands()...)
	cmd.AddCommand(o.exposureCommands()...)
	cmd.AddCommand(o.subscriptionCommands()...)
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

// choices are the values that an option may have.
func choices(flag string) []string {
	return map[string][]string{
		"risk": {"low", "medium", "high", "extreme"}, "tlp": {"clear", "green", "amber", "amber+strict", "red"},
		"state": {"draft", "in-review", "approved", "published", "revised", "withdrawn", "superseded"},
		"kind":  {"csaf", "kev", "epss", "osv", "bulletin"}, "mode": {"library", "draft"},
		"every": {"at-once", "daily", "weekly"}, "lang-of-mail": {"en", "zh-Hant", "zh-Hans"},
		"category": {"coordinator", "discoverer", "other", "translator", "user", "vendor"},
	}[flag]
}

// oneOf checks an option's value, in either case. A TLP label may have "TLP:"
// before it.
func oneOf(flag, value string) error {
	same := func(s string) bool { return strings.EqualFold(s, value) }
	if list := choices(flag); !slices.ContainsFunc(list, same) && (flag != "tlp" || !slices.Contains(list, strings.TrimPrefix(strings.ToLower(value), "tlp:"))) {
		return usageError{fmt.Errorf("--%s %q: choose %s", flag, printable(value), strings.Join(list, ", "))}
	}
	return nil
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
		if list := choices(f[0]); list != nil {
			complete(cmd, f[0], list)
		}
	}
	cmd.Flags().IntVar(&o.limit, "limit", 50, "advisories at most")
}

func (o *advisoryCommand) query() (url.Values, error) {
	q := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(o.filter)) { // of several mistakes, always the same is named
		value := o.filter[name]
		switch {
		case *value == "":
		case name == "since":
			t, err := moment("since", *value, time.Now(), true)
			if err != nil {
				return nil, err
			}
			q.Set(name, when(t))
		case choices(name) != nil:
			if err := oneOf(name, *value); err != nil {
				return nil, err
			}
			q.Set(name, strings.ToLower(*value))
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
	working := d.Working
	if working != "" && d.Action != "publish" {
		working += " (" + d.Action + ")"
	}
	published := ""
	if d.Revision > 0 {
		published = fmt.Sprintf("%s, revision %d, %s", d.State, d.Revision, when(d.Current))
	}
	if err := o.fields("Id", name(d.ID, d.Record), "Title", o.title(d.Title), "TLP", d.TLP, "Published", published, "At work", working, "Version", strconv.Itoa(d.Version),
		"Authors", strings.Join(d.Authors, ", "), "Approved by", d.Approver, "Sent back because", d.Rejected, "Is published at", when(d.PublishAt), "Trouble", d.Trouble, "Page", d.URL); err != nil {
		return err
	}
	o.next(&d)
	return nil
}

// next tells what is to be done now, on stderr.
func (o *advisoryCommand) next(d *apiclient.Draft) {
	w := o.words()
	faults, warnings := 0, 0
	for _, p := range d.Problems {
		if p.Warning {
			warnings++
		} else {
			faults++
		}
	}
	id := name(d.ID, d.Record)
	switch {
	case d.Working == "":
	case faults > 0:
		o.say(w.T("advisory.then.faults", "faults", faults, "warnings", warnings))
	case !d.PublishAt.IsZero():
		o.say(w.T("advisory.then.scheduled", "time", when(d.PublishAt)))
	default:
		o.say(w.T("advisory.then."+d.Working, "id", id))
	}
}

// lintProblems takes out of an answer what lint found.
func lintProblems(p *apiclient.Problem) []apiclient.LintProblem {
	var out []apiclient.LintProblem
	p.Errors = slices.DeleteFunc(p.Errors, func(e apiclient.Detail) bool {
		var found apiclient.LintProblem
		if e.Read(&found) != nil || found.Rule == "" {
			return false
		}
		out = append(out, found)
		return true
	})
	return out
}

// tellFaults prints what lint found in what the hub was asked to do, and leaves
// the rest of the answer to be told.
func (o *hubCommand) tellFaults(err error) {
	p, ok := errors.AsType[*apiclient.Problem](err)
	if !ok {
		return
	}
	list := lintProblems(p)
	if len(list) == 1 && strings.Contains(p.Detail, list[0].Message) { // said already; what to do is not
		p.Detail = strings.TrimSuffix(p.Detail, ".") + ": " + list[0].Remedy
		return
	}
	for _, found := range list {
		fmt.Fprint(o.global.err, problemText("", advisories.Problem(found)))
	}
}

func sortedKeys(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
