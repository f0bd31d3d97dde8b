package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

type personCommand struct {
	hubCommand
	org, role, name, email string
}

func newPerson(g *global) *cobra.Command {
	o := &personCommand{hubCommand: hubCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "person",
		Short: "People of a hub's organisations: add, change, disable",
		Long: `Person looks after the people of a hub. Each belongs to one organisation and has a
role: reader reads, member contributes too, organisation-admin looks after the
organisation's people and keys as well; analyst (who moderates) and hub-admin are
people of the operator. A role is a right to act. What somebody may read, the
marking of each object says.

MAIL is a person's mail address; an id is fine, too.`,
		Example: `  infohub person add ling@harbour.example --name "Ling Wong" --org harbour --role organisation-admin --data /var/lib/infohub
  infohub person list --org harbour --data /var/lib/infohub`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	ls := &cobra.Command{
		Use: "list", Short: "List people, of one organisation or all",
		Example: "  infohub person list --org harbour --data /var/lib/infohub",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.list(cmd.Context()) },
	}
	ls.Flags().StringVar(&o.org, "org", "", "only people of `ORG`")
	show := &cobra.Command{
		Use: "show MAIL", Short: "Show a person",
		Example: "  infohub person show ling@harbour.example --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.one(cmd.Context(), http.MethodGet, args[0], nil)
		},
	}
	add := &cobra.Command{
		Use: "add MAIL", Short: "Add a person",
		Long: `Add adds a person to an organisation: your own, unless --org names another. A key
for them is made by infohub key add --person MAIL --name NAME.`,
		Example: `  infohub person add ling@harbour.example --name "Ling Wong" --org harbour --data /var/lib/infohub
  infohub person add kit@cert.example --name "Kit Lau" --role analyst --data /var/lib/infohub`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e := apiclient.PersonEdit{Name: given(cmd, "name", o.name), Email: &args[0], Organisation: given(cmd, "org", o.org), Role: given(cmd, "role", o.role)}
			return answer(cmd.Context(), &o.hubCommand, http.MethodPost, "/people", nil, e, o.show)
		},
	}
	add.Flags().StringVar(&o.org, "org", "", "the person's `ORG` (default: your own)")
	set := &cobra.Command{
		Use: "set MAIL", Short: "Change a person",
		Long:    "Set changes what the options give; the rest stays. Nobody changes organisation:\nadd the person there, with another address.",
		Example: "  infohub person set ling@harbour.example --role member --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needOne(cmd, "name", "role", "mail"); err != nil {
				return err
			}
			e := apiclient.PersonEdit{Name: given(cmd, "name", o.name), Email: given(cmd, "mail", o.email), Role: given(cmd, "role", o.role)}
			return o.one(cmd.Context(), http.MethodPatch, args[0], e)
		},
	}
	set.Flags().StringVar(&o.email, "mail", "", "another mail `ADDRESS`")
	for _, c := range []*cobra.Command{add, set} {
		c.Flags().StringVar(&o.name, "name", "", "`NAME` in full")
		c.Flags().StringVar(&o.role, "role", "", "hub-admin, analyst, organisation-admin, member or reader (default of a new one: member)")
		complete(c, "role", []string{"hub-admin", "analyst", "organisation-admin", "member", "reader"})
	}
	disable := &cobra.Command{
		Use: "disable MAIL", Short: "Shut a person out, with their keys",
		Example: "  infohub person disable ling@harbour.example --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.shut(cmd.Context(), args[0], true) },
	}
	enable := &cobra.Command{
		Use: "enable MAIL", Short: "Let a person in again",
		Example: "  infohub person enable ling@harbour.example --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.shut(cmd.Context(), args[0], false) },
	}
	addHubFlags(&o.hubCommand, true, ls, show, add, set, disable, enable)
	cmd.AddCommand(ls, show, add, set, disable, enable)
	return cmd
}

func (o *personCommand) list(ctx context.Context) error {
	query := url.Values{}
	if o.org != "" {
		query.Set("organisation", o.org)
	}
	return list(ctx, &o.hubCommand, "/people", query, "No people.", []string{"MAIL", "NAME", "ORGANISATION", "ROLE", "STATE"},
		func(p apiclient.Person) []string {
			return []string{p.Email, p.Name, p.Organisation, p.Role, personState(p)}
		})
}

func personState(p apiclient.Person) string {
	if p.Disabled {
		return "disabled"
	}
	return "enabled"
}

// one gets or changes a person and shows them.
func (o *personCommand) one(ctx context.Context, method, name string, in any) error {
	path, err := at("people", name)
	if err != nil {
		return err
	}
	return answer(ctx, &o.hubCommand, method, path, nil, in, o.show)
}

func (o *personCommand) shut(ctx context.Context, name string, disabled bool) error {
	return o.one(ctx, http.MethodPatch, name, apiclient.PersonEdit{Disabled: &disabled})
}

func (o *personCommand) show(p apiclient.Person) error {
	return o.fields("Mail", p.Email, "Name", p.Name, "Organisation", p.Organisation, "Role", p.Role, "State", personState(p),
		"Created", when(p.Created), "Id", p.ID)
}
