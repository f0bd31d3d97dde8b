package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// exposureCommands are about who is concerned by what.
func (o *advisoryCommand) exposureCommands() []*cobra.Command {
	var asset, note string
	var all, concerned bool
	exposures := &cobra.Command{
		Use: "exposures [ID]", Short: "See what your organisation's assets are exposed to, and what was fixed",
		Long: `Exposures lists which advisories concern the software of your organisation's assets:
since when, whether somebody was told, and has acknowledged it. The hub knows that
software from inventories (infohub asset add), from 'match --asset', and from scans
with --hub. What a later one finds gone or fixed is closed, verified by that scan;
--all shows that too.

With an ID it lists those of one advisory. Analysts see with --organisations which
organisations it concerns, in numbers.`,
		Example: `  infohub advisory exposures --hub https://hub.example.hk --key-file harbour.key
  infohub advisory exposures A26-11-04 --all --hub https://hub.example.hk --key-file harbour.key
  infohub advisory exposures A26-11-04 --organisations --data /var/lib/infohub --key-file kit.key`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.MaximumNArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			id := strings.Join(args, "")
			if concerned {
				if id == "" {
					return usageError{fmt.Errorf("--organisations is about one advisory: name it")}
				}
				return o.concerned(cmd.Context(), id)
			}
			q := url.Values{}
			for name, value := range map[string]string{"advisory": id, "asset": asset} {
				if value != "" {
					q.Set(name, value)
				}
			}
			if all {
				q.Set("all", "true")
			}
			return o.exposures(cmd.Context(), q)
		},
	}
	exposures.Flags().StringVar(&asset, "asset", "", "only those of this `ASSET`: id or name")
	exposures.Flags().BoolVar(&all, "all", false, "also those that are closed")
	exposures.Flags().BoolVar(&concerned, "organisations", false, "which organisations it concerns, for analysts")
	addHubFlags(&o.hubCommand, true, exposures)
	acknowledge := &cobra.Command{
		Use: "acknowledge ID", Short: "Say that your organisation has read an advisory",
		Long: `Acknowledge says that your organisation has read an advisory that concerns one of its
assets. The hub's analysts see that it has, not the note, which is for your colleagues.`,
		Example: `  infohub advisory acknowledge A26-11-04 --note "Patched on Tuesday night." --hub https://hub.example.hk --key-file harbour.key`, Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.acknowledge(cmd.Context(), args[0], note) },
	}
	acknowledge.Flags().StringVar(&note, "note", "", "a `TEXT` for your colleagues")
	addHubFlags(&o.hubCommand, true, acknowledge)
	return []*cobra.Command{exposures, acknowledge}
}

// exposures prints all pages of a list.
func (o *advisoryCommand) exposures(ctx context.Context, q url.Values) error {
	items := []apiclient.Exposure{}
	err := o.with(ctx, func(c *apiclient.Client) error {
		const most = 100_000
		q.Set("limit", "500")
		for len(items) < most {
			var page apiclient.List[apiclient.Exposure]
			if err := c.Do(ctx, http.MethodGet, "/exposures", q, nil, &page); err != nil {
				return err
			}
			items = append(items, page.Items...)
			if page.Next == "" {
				break
			}
			q.Set("cursor", page.Next)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if o.format == "json" {
		return o.json(apiclient.List[apiclient.Exposure]{Items: items})
	}
	var rows [][]string
	for i := range items {
		e := &items[i]
		status := o.words().T("exposure.open")
		if e.How != "" {
			status = o.words().T("exposure.how."+e.How, "by", e.Verified) + ", " + when(e.Resolved)
		}
		rows = append(rows, []string{e.Asset, strings.TrimSpace(e.Component + " " + e.Version), o.words().T("match.state." + e.State), e.Advisory, when(e.Found), orNone(e.Told), orNone(e.Acknowledged), status})
	}
	return o.table([]string{"ASSET", "COMPONENT", "STATE", "ADVISORY", "FOUND", "TOLD", "ACKNOWLEDGED", "STATUS"}, rows, o.words().T("exposure.none"))
}

func orNone(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return when(t)
}

func (o *advisoryCommand) concerned(ctx context.Context, id string) error {
	path, err := at("advisories", id, "exposures")
	if err != nil {
		return err
	}
	return answer(ctx, &o.hubCommand, http.MethodGet, path, nil, nil, func(list apiclient.List[apiclient.ConcernedOrganisation]) error {
		var rows [][]string
		for _, c := range list.Items {
			row := []string{c.Organisation}
			for _, n := range []int{c.Assets, c.Affected, c.Possible, c.Told, c.Acknowledged, c.Fixed, c.Closed} {
				row = append(row, strconv.Itoa(n))
			}
			rows = append(rows, append(row, when(c.Found), orNone(c.LastTold), orNone(c.LastAck), orNone(c.LastFixed)))
		}
		return o.table([]string{"ORGANISATION", "ASSETS", "AFFECTED", "POSSIBLE", "TOLD", "ACKNOWLEDGED", "FIXED", "CLOSED", "FOUND", "LAST TOLD", "LAST ACKNOWLEDGED", "LAST FIXED"}, rows,
			o.words().T("exposure.concerned.none", "id", id))
	})
}

func (o *advisoryCommand) acknowledge(ctx context.Context, id, note string) error {
	path, err := at("advisories", id, "acknowledge")
	if err != nil {
		return err
	}
	return answer(ctx, &o.hubCommand, http.MethodPost, path, nil, apiclient.Acknowledgement{Note: note}, func(done apiclient.Acknowledged) error {
		o.say(o.words().T("exposure.acknowledged", "id", id, "n", done.Exposures))
		return nil
	})
}

// subscriptionCommands are about who is told.
func (o *advisoryCommand) subscriptionCommands() []*cobra.Command {
	var in apiclient.NewAdvisorySubscription
	var webhook, mail string
	subscribe := &cobra.Command{
		Use: "subscribe", Short: "Be told of advisories by mail, or by webhook",
		Long: `Subscribe has the hub tell you of advisories: by mail to your own address, at once or
as a digest at 08:00 in Hong Kong, daily or on Mondays. --own tells only of what
concerns your organisation's assets, also in advisories that the hub imported.

An organisation's administrators may also subscribe its contact address (--mail) and
webhooks (https), which are told at once; the secret that signs their messages by
Standard Webhooks is shown once. What is sent is what you may read when it is sent.`,
		Example: `  infohub advisory subscribe --every daily --risk high --hub https://hub.example.hk --key-file mia.key
  infohub advisory subscribe --own --lang-of-mail zh-Hant --hub https://hub.example.hk --key-file mia.key
  infohub advisory subscribe --webhook https://chat.harbour.example/hooks/infohub --hub https://hub.example.hk --key-file admin.key`, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if webhook != "" && mail != "" {
				return usageError{fmt.Errorf("--webhook and --mail are two subscriptions: make one after the other")}
			}
			for _, f := range [][2]string{{"every", in.Every}, {"risk", in.Risk}, {"lang-of-mail", in.Lang}} {
				if f[1] == "" {
					continue
				}
				if err := oneOf(f[0], f[1]); err != nil {
					return err
				}
			}
			in.Channel, in.To = "mail", mail
			if webhook != "" {
				in.Channel, in.To = "webhook", webhook
			}
			if in.Lang == "" {
				in.Lang = string(o.language())
			}
			return o.subscribe(cmd.Context(), in)
		},
	}
	f := subscribe.Flags()
	f.StringVar(&webhook, "webhook", "", "tell this `URL`; https")
	f.StringVar(&mail, "mail", "", "tell this `ADDRESS`: your own (the default) or your organisation's contact")
	f.StringVar(&in.Every, "every", "", "at-once (the default), daily or weekly")
	f.StringVar(&in.Product, "product", "", "only what is about this `PRODUCT`: a part of its vendor's and its name")
	f.StringVar(&in.Sector, "sector", "", "only what is for this `SECTOR`, or for everybody")
	f.StringVar(&in.Risk, "risk", "", "only this `RISK` and worse: low, medium, high or extreme")
	f.BoolVar(&in.Own, "own", false, "only what concerns your organisation's own assets")
	f.StringVar(&in.Lang, "lang-of-mail", "", "en, zh-Hant or zh-Hans (default: the language of this program)")
	for _, name := range []string{"every", "risk", "lang-of-mail"} {
		complete(subscribe, name, choices(name))
	}
	addHubFlags(&o.hubCommand, true, subscribe)
	list := &cobra.Command{
		Use: "subscriptions", Short: "List your subscriptions, and your organisation's", Args: noArgs,
		Long:    "Subscriptions lists your own and, to an organisation's administrators, those of the organisation.",
		Example: "  infohub advisory subscriptions --hub https://hub.example.hk --key-file mia.key",
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.subscriptions(cmd.Context()) },
	}
	addHubFlags(&o.hubCommand, true, list)
	end := &cobra.Command{
		Use: "unsubscribe ID", Short: "End a subscription", Args: exactArgs(1),
		Long:    "Unsubscribe ends a subscription. 'infohub advisory subscriptions' shows its ID.",
		Example: "  infohub advisory unsubscribe subscription--3c8ea9a4-6c0e-4e4b-9d27-1a8ad0e1b5c1 --hub https://hub.example.hk --key-file mia.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := at("advisory-subscriptions", args[0])
			if err != nil {
				return err
			}
			return o.done(cmd.Context(), http.MethodDelete, path, nil, nil, o.words().T("subscription.ended", "id", args[0]))
		},
	}
	addHubFlags(&o.hubCommand, false, end)
	return []*cobra.Command{subscribe, list, end}
}

func (o *advisoryCommand) subscribe(ctx context.Context, in apiclient.NewAdvisorySubscription) error {
	return answer(ctx, &o.hubCommand, http.MethodPost, "/advisory-subscriptions", nil, in, func(s apiclient.AdvisorySubscription) error {
		o.say(o.words().T("subscription.made", "to", shortURL(s.To), "id", s.ID))
		if s.Secret == "" {
			return nil
		}
		_, err := fmt.Fprintln(o.out, o.words().T("subscription.secret", "secret", s.Secret))
		return err
	})
}

func (o *advisoryCommand) subscriptions(ctx context.Context) error {
	return answer(ctx, &o.hubCommand, http.MethodGet, "/advisory-subscriptions", nil, nil, func(list apiclient.List[apiclient.AdvisorySubscription]) error {
		var rows [][]string
		for i := range list.Items {
			s := &list.Items[i]
			own := ""
			if s.Own {
				own = "own"
			}
			rows = append(rows, []string{s.ID, s.Channel, shortURL(s.To), s.Lang, s.Every, s.Product, s.Sector, s.Risk, own, orNone(s.Due)})
		}
		return o.table([]string{"ID", "CHANNEL", "TO", "LANG", "EVERY", "PRODUCT", "SECTOR", "RISK", "ABOUT", "NEXT"}, rows, o.words().T("subscription.none"))
	})
}
