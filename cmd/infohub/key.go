package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/scanner"
)

type keyCommand struct {
	hubCommand
	now               func() time.Time
	org, person, name string
	scopes            []string
	expires           string
	anonymous         bool
}

func newKey(g *global) *cobra.Command {
	o := &keyCommand{hubCommand: hubCommand{global: g}, now: time.Now}
	cmd := &cobra.Command{
		Use:   "key",
		Short: "API keys of a hub: make, list, revoke",
		Long: `Key looks after the keys by which programs and people reach a hub, over the API
and over TAXII. A key belongs to an organisation, or is a person: then it reads
what is TLP:RED for that person, and may decide where two people are needed.`,
		Example: `  infohub key add --org harbour --name SIEM --scope indicators:read --expires 365d --data /var/lib/infohub > siem.key
  infohub key list --org harbour --data /var/lib/infohub`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	ls := &cobra.Command{
		Use: "list", Short: "List keys, without their secrets",
		Long:    "List shows your own keys; to an administrator those of the organisation and its\npeople, or of all.",
		Example: "  infohub key list --person ling@harbour.example --data /var/lib/infohub",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.list(cmd.Context()) },
	}
	ls.Flags().StringVar(&o.org, "org", "", "only those of `ORG` itself")
	ls.Flags().StringVar(&o.person, "person", "", "only those of the person with this mail `ADDRESS`")
	add := &cobra.Command{
		Use: "add", Short: "Make a key",
		Long: `Add makes a key and prints its secret, this once and nowhere else: send it into a
file that only you can read (umask 077). What else there is to say goes to stderr.

Without --scope the key may do all that its owner may. With --anonymous the hub
publishes what the key submits in its own name.`,
		Example: `  infohub key add --org harbour --name SIEM --scope indicators:read --expires 365d --data /var/lib/infohub > siem.key
  infohub key add --person ling@harbour.example --name laptop --data /var/lib/infohub > ling.key`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.add(cmd.Context()) },
	}
	f := add.Flags()
	f.StringVar(&o.org, "org", "", "a key of `ORG`")
	f.StringVar(&o.person, "person", "", "a key that is the person with this mail `ADDRESS`")
	f.StringVar(&o.name, "name", "", "what it is for")
	f.StringArrayVar(&o.scopes, "scope", nil, "only this: `COLLECTION:read,write`, with * for all collections (may be repeated)")
	f.StringVar(&o.expires, "expires", "", "shut it after days such as 90d, or on a day such as 2027-06-30 (default: never)")
	f.BoolVar(&o.anonymous, "anonymous", false, "what it submits is published in the hub's name")
	revoke := &cobra.Command{
		Use: "revoke ID", Short: "Shut a key, at once and for good",
		Example: "  infohub key revoke k3jx5zq2ab7c --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := at("keys", args[0])
			if err != nil {
				return err
			}
			return answer(cmd.Context(), &o.hubCommand, http.MethodDelete, path, nil, nil, o.show)
		},
	}
	addHubFlags(&o.hubCommand, true, ls, add, revoke)
	cmd.AddCommand(ls, add, revoke)
	return cmd
}

func (o *keyCommand) list(ctx context.Context) error {
	if o.org != "" && o.person != "" {
		return usageError{errors.New("give --org or --person, not both")}
	}
	query := url.Values{}
	if owner := o.org + o.person; owner != "" {
		query.Set("owner", owner)
	}
	return list(ctx, &o.hubCommand, "/keys", query, "No keys.", []string{"ID", "NAME", "OWNER", "MAY", "EXPIRES", "LAST USED", "STATE"},
		func(k apiclient.Key) []string {
			return []string{k.ID, k.Name, owner(k), may(k), when(k.Expires), when(k.LastUsed), o.state(k)}
		})
}

// owner is who a key is.
func owner(k apiclient.Key) string {
	if k.Person != "" {
		return k.Person
	}
	return k.Organisation
}

// may says what a key is for.
func may(k apiclient.Key) string {
	var parts []string
	for _, s := range k.Scopes {
		parts = append(parts, s.Collection+":"+strings.Join(s.Verbs, ","))
	}
	if len(parts) == 0 {
		parts = append(parts, "all that its owner may")
	}
	if k.Anonymous {
		parts = append(parts, "anonymously")
	}
	return strings.Join(parts, " ")
}

func (o *keyCommand) state(k apiclient.Key) string {
	switch {
	case !k.Revoked.IsZero():
		return "revoked"
	case !k.Expires.IsZero() && !k.Expires.After(o.now()):
		return "expired"
	}
	return "good"
}

func (o *keyCommand) show(k apiclient.Key) error {
	return o.fields("Key", k.ID, "Name", k.Name, "Owner", owner(k), "May", may(k), "Created", when(k.Created), "Expires", when(k.Expires),
		"Last used", when(k.LastUsed), "Revoked", when(k.Revoked), "State", o.state(k))
}

func (o *keyCommand) add(ctx context.Context) error {
	switch {
	case o.org != "" && o.person != "":
		return usageError{errors.New("a key belongs to an organisation (--org) or is a person (--person), not both")}
	case o.name == "":
		return usageError{errors.New("--name is missing: what the key is for, such as SIEM")}
	case o.org == "" && o.person == "":
		return usageError{errors.New("whose key? Give --org ORG or --person MAIL")}
	}
	in := apiclient.NewKey{Name: o.name, Organisation: o.org, Person: o.person, Anonymous: o.anonymous}
	for _, s := range o.scopes {
		name, verbs, err := rights("scope", s)
		if err != nil {
			return err
		}
		in.Scopes = append(in.Scopes, apiclient.Scope{Collection: name, Verbs: verbs})
	}
	if o.expires != "" {
		var err error
		if in.Expires, err = moment("expires", o.expires, o.now(), false); err != nil {
			return err
		}
	}
	return answer(ctx, &o.hubCommand, http.MethodPost, "/keys", nil, in, func(made apiclient.MadeKey) error {
		if err := o.document([]byte(made.Secret + "\n")); err != nil {
			return err
		}
		text := o.words().T("key.made", "id", made.ID, "name", made.Name, "owner", owner(made.Key))
		if !made.Expires.IsZero() {
			text = o.words().T("key.expiring", "id", made.ID, "name", made.Name, "owner", owner(made.Key), "time", when(made.Expires))
		}
		o.say(scanner.Printable(text, 1000))
		return nil
	})
}
