package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// sourceCommand looks after where others' advisories are fetched from.
func (o *advisoryCommand) sourceCommand() *cobra.Command {
	var in apiclient.NewAdvisorySource
	var secret string
	cmd := &cobra.Command{
		Use: "source", Short: "Sources of others' advisories: CSAF providers, KEV, EPSS, OSV, bulletins",
		Long: `Source looks after where the hub fetches what others publish: CSAF providers and
aggregators (a domain or the address of their metadata), CISA's catalogue of exploited
vulnerabilities (kev), FIRST's estimates (epss), OSV, and bulletins as RSS or Atom.
What comes is kept in the library, or becomes drafts.

Signatures and hashes are checked; a document that fails is refused, and 'source
show' says why. With --every the hub fetches by itself; else 'source run' does.`,
		Example: `  infohub advisory source add cisa --kind csaf --url www.cisa.gov --every 6h --data /var/lib/infohub
  infohub advisory source add kev --kind kev --url https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json --every 6h --data /var/lib/infohub
  infohub advisory source run kev --data /var/lib/infohub`,
		Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	ls := &cobra.Command{
		Use: "list", Short: "List the sources with how they are doing", Example: "  infohub advisory source list --data /var/lib/infohub", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list(cmd.Context(), &o.hubCommand, "/advisory-sources", nil, o.words().T("advisory.source.none"),
				[]string{"ID", "KIND", "MODE", "EVERY", "LAST SUCCESS", "NEW", "REFUSED", "STATE", "URL"}, func(s apiclient.AdvisorySource) []string {
					return []string{s.ID, s.Kind, sourceMode(s), span(s.Every), when(s.Succeeded), fmt.Sprint(s.New), fmt.Sprint(len(s.Refused)), sourceState(s), s.URL}
				})
		},
	}
	show := &cobra.Command{
		Use: "show ID", Short: "Show a source, with what was refused and why", Example: "  infohub advisory source show cisa --data /var/lib/infohub", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.showSource(cmd.Context(), args[0]) },
	}
	add := &cobra.Command{
		Use: "add ID", Short: "Add a source", Long: "Add makes a source. Hub administrators may. Nothing is fetched yet.",
		Example: "  infohub advisory source add vendor --kind csaf --url vendor.example --every 6h --require-signature --data /var/lib/infohub", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, f := range [][2]string{{"kind", in.Kind}, {"mode", in.Mode}, {"tlp", in.TLP}} {
				if f[1] == "" {
					continue
				}
				if err := oneOf(f[0], f[1]); err != nil {
					return err
				}
			}
			if in.URL == "" {
				return usageError{errors.New("--url is missing: where is it fetched from?")}
			}
			text, _, err := fileOr(secret, "--authorization-file", o.env, "INFOHUB_SOURCE_AUTHORIZATION")
			if err != nil {
				return usageError{err}
			}
			in.ID, in.Authorization = args[0], strings.TrimSpace(text)
			return answer(cmd.Context(), &o.hubCommand, http.MethodPost, "/advisory-sources", nil, in, func(s apiclient.AdvisorySource) error {
				err := o.printSource(s)
				o.say(o.words().T("advisory.source.added", "id", s.ID))
				return err
			})
		},
	}
	f := add.Flags()
	f.StringVar(&in.Kind, "kind", "csaf", "csaf, kev, epss, osv or bulletin")
	f.StringVar(&in.URL, "url", "", "`ADDRESS`; of a CSAF provider also its domain")
	f.StringVar(&in.Mode, "mode", "", "library (kept, matched, never changed) or draft (default: library)")
	f.StringVar(&in.Every, "every", "", "how often the hub fetches by itself, such as 6h (`TIME`)")
	f.BoolVar(&in.Signed, "require-signature", false, "refuse CSAF documents without a good signature")
	f.StringVar(&in.Lang, "texts", "", "`LANGUAGE` of a bulletin's texts where it does not say: en, zh-Hant, zh-Hans")
	f.StringVar(&in.TLP, "tlp", "", "TLP `LABEL` of what says none itself (default: CLEAR, with a secret AMBER+STRICT)")
	for _, name := range []string{"kind", "mode", "tlp"} {
		complete(add, name, choices(name))
	}
	complete(add, "texts", []string{"en", "zh-Hant", "zh-Hans"})
	f.StringVar(&secret, "authorization-file", "", "`FILE` with the value of the header Authorization that the source asks for; or set INFOHUB_SOURCE_AUTHORIZATION")
	addHubFlags(&o.hubCommand, true, ls, show, add)
	cmd.AddCommand(ls, show, add)
	for _, v := range []struct{ verb, short string }{
		{"run", "Fetch what is new now"}, {"pause", "Fetch it no more for now"}, {"resume", "Let a source go on"},
	} {
		c := &cobra.Command{
			Use: v.verb + " ID", Short: v.short, Example: "  infohub advisory source " + v.verb + " cisa --data /var/lib/infohub", Args: exactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return o.changeSource(cmd.Context(), v.verb, args[0]) },
		}
		addHubFlags(&o.hubCommand, true, c)
		cmd.AddCommand(c)
	}
	remove := &cobra.Command{
		Use: "remove ID", Short: "Remove a source; what came from it stays", Example: "  infohub advisory source remove cisa --data /var/lib/infohub", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := at("advisory-sources", args[0])
			if err != nil {
				return err
			}
			return o.done(cmd.Context(), http.MethodDelete, path, nil, nil, o.words().T("advisory.source.removed", "id", args[0]))
		},
	}
	addHubFlags(&o.hubCommand, false, remove)
	cmd.AddCommand(remove)
	return cmd
}

func sourceState(s apiclient.AdvisorySource) string {
	switch {
	case s.Paused:
		return "paused"
	case s.Error != "":
		return s.Error
	case s.Tried.IsZero():
		return "not run yet"
	}
	return "ok"
}

// sourceMode is what becomes of what a source gives.
func sourceMode(s apiclient.AdvisorySource) string { return cmp.Or(s.Mode, "library") }

// span is a time such as 6h0m0s without what is nothing.
func span(s string) string {
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func (o *advisoryCommand) changeSource(ctx context.Context, verb, id string) error {
	path, err := at("advisory-sources", id)
	if err != nil {
		return err
	}
	if verb == "run" {
		return answer(ctx, &o.hubCommand, http.MethodPost, path+"/run", nil, nil, o.printSource)
	}
	return answer(ctx, &o.hubCommand, http.MethodPatch, path, nil, map[string]bool{"paused": verb == "pause"}, o.printSource)
}

func (o *advisoryCommand) showSource(ctx context.Context, id string) error {
	return o.with(ctx, func(c *apiclient.Client) error {
		var l apiclient.List[apiclient.AdvisorySource]
		if err := c.Do(ctx, http.MethodGet, "/advisory-sources", nil, nil, &l); err != nil {
			return err
		}
		for _, s := range l.Items {
			switch {
			case s.ID == id && o.format == "json":
				return o.json(s)
			case s.ID == id:
				return o.printSource(s)
			}
		}
		return usageError{fmt.Errorf("there is no source %q: infohub advisory source list shows those there are", id)}
	})
}

func (o *advisoryCommand) printSource(s apiclient.AdvisorySource) error {
	for _, w := range s.Warnings {
		o.say(printable(w))
	}
	err := o.fields("Id", s.ID, "Kind", s.Kind, "Address", s.URL, "Mode", sourceMode(s), "Every", span(s.Every), "State", sourceState(s), "Last run", when(s.Tried), "Last success", when(s.Succeeded),
		"New", fmt.Sprint(s.New), "Changed", fmt.Sprint(s.Changed), "Unchanged", fmt.Sprint(s.Unchanged), "Refused", fmt.Sprint(len(s.Refused)))
	if err != nil || len(s.Refused) == 0 {
		return err
	}
	var rows [][]string
	for _, r := range s.Refused {
		rows = append(rows, []string{r.Reason, r.ID, r.URL, r.Detail})
	}
	return o.table([]string{"REFUSED", "ID", "URL", "WHY"}, rows, "")
}
