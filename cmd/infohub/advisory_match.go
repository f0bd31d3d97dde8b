package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
)

func (o *advisoryCommand) matchCommands() []*cobra.Command {
	match := &cobra.Command{
		Use: "match FILE", Short: "Find out which advisories concern a list of software",
		Long: `Match looks an inventory up: an SBOM (CycloneDX, SPDX), a CSV file with the columns
name, version, vendor, cpe, purl, or a scan's report (JSON). - is standard input.

It asks a hub, which answers with what you may read, or --advisories: a file or folder
of CSAF documents and of advisories as YAML, without any hub. With --asset the hub
keeps the answer for an asset of your organisation, and says later what was fixed.

Exit codes: 0 nothing concerns it, 1 something does or may.`,
		Example: `  infohub advisory match sbom.cdx.json --hub https://hub.example.hk
  infohub advisory match servers.csv --advisories /srv/csaf/public
  infohub advisory match sbom.cdx.json --asset servers --hub https://hub.example.hk --key-file harbour.key`, Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.match(cmd.Context(), args[0]) },
	}
	match.Flags().StringArrayVar(&o.local, "advisories", nil, "look it up in this `PATH` of advisories instead of a hub (may be repeated)")
	match.Flags().StringVar(&o.asset, "asset", "", "keep the answer for this `ASSET` of your organisation")
	match.Flags().BoolVar(&o.all, "all", false, "also what was looked at and is not affected")
	addHubFlags(&o.hubCommand, true, match)
	return []*cobra.Command{match}
}

func (o *advisoryCommand) match(ctx context.Context, file string) error {
	data, err := o.readFile(file, maxInventory)
	if err != nil {
		return usageError{err}
	}
	in := apiclient.MatchRequest{Document: string(data), Name: filepath.Base(file), Asset: o.asset, All: o.all}
	if file == "-" {
		in.Name = ""
	}
	if len(o.local) > 0 {
		if o.hub != "" || o.data != "" || o.asset != "" {
			return usageError{errors.New("--advisories is looked up without a hub: leave --hub, --data and --asset out")}
		}
		got, err := app.MatchLocal(o.local, in)
		if err != nil {
			return usageError{err}
		}
		return o.matched(got)
	}
	var got apiclient.MatchResult
	err = o.with(ctx, func(c *apiclient.Client) error {
		return c.Do(ctx, http.MethodPost, "/advisories/match", nil, in, &got)
	})
	if err != nil {
		return err
	}
	if got.Recorded {
		o.say(o.words().T("match.recorded", "asset", o.asset))
	}
	return o.matched(got)
}

// matched prints what concerns an inventory.
func (o *advisoryCommand) matched(got apiclient.MatchResult) error {
	for _, w := range got.Warnings {
		o.say(printable(w))
	}
	found := 0
	var rows [][]string
	for i := range got.Matches {
		m := &got.Matches[i]
		if m.State != "not-affected" {
			found++
		}
		rows = append(rows, []string{o.words().T("match.state." + m.State), strings.TrimSpace(m.Component.Name + " " + m.Component.Version), m.ID, m.Risk, strings.Join(m.Vulnerabilities, " "), o.why(m), o.title(m.Title)})
	}
	var err error
	if o.format == "json" {
		err = o.json(got)
	} else {
		err = o.table([]string{"STATE", "COMPONENT", "ADVISORY", "RISK", "VULNERABILITIES", "WHY", "TITLE"}, rows, o.words().T("match.none", "n", got.Components))
	}
	if err != nil {
		return err
	}
	if found > 0 {
		return outcome{exitFindings}
	}
	return nil
}

// why says why in words.
func (o *advisoryCommand) why(m *apiclient.Match) string {
	var pairs []any
	for _, k := range sortedKeys(m.Params) {
		pairs = append(pairs, k, m.Params[k])
	}
	return o.words().T("match.reason."+m.Reason, pairs...)
}

func (o *advisoryCommand) settingsCommand() *cobra.Command {
	var e apiclient.AdvisorySettingsEdit
	values := map[string]*string{}
	fields := []struct {
		flag, about string
		edit        **string
	}{
		{"url", "where this hub is reached, such as https://hub.example.hk", &e.URL},
		{"publisher", "who publishes, as readers know it", &e.Publisher},
		{"namespace", "a URL that is the publisher's own", &e.Namespace},
		{"category", "coordinator, discoverer, other, translator, user or vendor", &e.Category},
		{"contact", "how the publisher is reached: a mail address", &e.Contact},
		{"authority", "by what right it publishes", &e.Authority},
		{"pattern-clear", "pattern of ids for TLP:CLEAR, such as A{yy}-{mm}-{seq}", &e.PatternClear},
		{"pattern-other", "pattern of ids for other labels, such as A{yy}-{mm}-{tlp}{seq}", &e.PatternOther},
	}
	cmd := &cobra.Command{
		Use: "settings", Short: "Show or change how advisories are published",
		Long: `Settings shows who publishes and where; with options it changes that, for what is
published from then on. Hub administrators may. The address and the publisher are
needed before the hub is a CSAF provider.`,
		Example: `  infohub advisory settings --data /var/lib/infohub
  infohub advisory settings --url https://hub.example.hk --publisher "GovCERT example" --namespace https://govcert.example --contact cert@govcert.example --data /var/lib/infohub`, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			method, changed := http.MethodGet, false
			for _, f := range fields {
				if cmd.Flags().Changed(f.flag) {
					*f.edit, changed = values[f.flag], true
				}
			}
			if cmd.Flags().Changed("category") {
				if err := oneOf("category", *values["category"]); err != nil {
					return err
				}
			}
			var in any
			if changed {
				method, in = http.MethodPatch, e
			}
			return answer(cmd.Context(), &o.hubCommand, method, "/advisories/settings", url.Values{}, in, func(s apiclient.AdvisorySettings) error {
				return o.fields("Address", s.URL, "Publisher", s.Publisher, "Namespace", s.Namespace, "Category", s.Category, "Contact", s.Contact, "Authority", s.Authority,
					"Ids for CLEAR", s.PatternClear, "Ids for others", s.PatternOther, "Signed with", s.Fingerprint)
			})
		},
	}
	for _, f := range fields {
		values[f.flag] = cmd.Flags().String(f.flag, "", fmt.Sprintf("%s (`TEXT`)", f.about))
	}
	complete(cmd, "category", choices("category"))
	addHubFlags(&o.hubCommand, true, cmd)
	return cmd
}
