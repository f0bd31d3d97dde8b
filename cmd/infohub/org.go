package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

type orgCommand struct {
	hubCommand
	name, sector, contact, status string
	clientOf                      []string
}

func newOrg(g *global) *cobra.Command {
	o := &orgCommand{hubCommand: hubCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "org",
		Short: "Organisations of a hub: admit, change, suspend",
		Long: `Org looks after the organisations that share at a hub. A new one is a member, and
where a collection is moderated for new members its contributions wait for an
analyst until it is active. A suspended one is shut out with its people and keys;
what it shared stays.

ORG is an organisation's handle or id.`,
		Example: `  infohub org add harbour --name "Harbour Bank" --contact soc@harbour.example --data /var/lib/infohub
  infohub org list --hub https://hub.example.hk --key-file admin.key`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	ls := &cobra.Command{
		Use: "list", Short: "List the organisations",
		Example: "  infohub org list --data /var/lib/infohub",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.list(cmd.Context()) },
	}
	show := &cobra.Command{
		Use: "show ORG", Short: "Show an organisation",
		Example: "  infohub org show harbour --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.one(cmd.Context(), http.MethodGet, args[0], nil)
		},
	}
	add := &cobra.Command{
		Use: "add HANDLE", Short: "Admit an organisation",
		Long: `Add admits an organisation. HANDLE is its short name for commands and addresses:
2 to 40 characters of a-z, 0-9 and -.`,
		Example: `  infohub org add harbour --name "Harbour Bank" --sector financial-services --contact soc@harbour.example --data /var/lib/infohub
  infohub org add tea --name "Harbour Tea" --client-of harbour --status active --data /var/lib/infohub`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e := o.edit(cmd)
			e.Handle = &args[0]
			return answer(cmd.Context(), &o.hubCommand, http.MethodPost, "/organisations", nil, e, o.show)
		},
	}
	set := &cobra.Command{
		Use: "set ORG", Short: "Change an organisation",
		Long:    "Set changes what the options give; the rest stays.",
		Example: "  infohub org set harbour --contact cert@harbour.example --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needOne(cmd, "name", "sector", "contact", "client-of", "status"); err != nil {
				return err
			}
			return o.one(cmd.Context(), http.MethodPatch, args[0], o.edit(cmd))
		},
	}
	for _, c := range []*cobra.Command{add, set} {
		f := c.Flags()
		f.StringVar(&o.name, "name", "", "`NAME` in full")
		f.StringVar(&o.sector, "sector", "", "`SECTOR`, in STIX's words where one fits: financial-services, healthcare, government ...")
		f.StringVar(&o.contact, "contact", "", "mail `ADDRESS` of who is told of incidents")
		f.StringSliceVar(&o.clientOf, "client-of", nil, "organisations (`ORG`, may be repeated) that this one is a client of: what they get as TLP:AMBER reaches it")
		f.StringVar(&o.status, "status", "", "new, active or suspended (default of a new one: new)")
		complete(c, "status", []string{"new", "active", "suspended"})
	}
	suspend := &cobra.Command{
		Use: "suspend ORG", Short: "Shut an organisation out, with its people and keys",
		Example: "  infohub org suspend harbour --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.become(cmd.Context(), args[0], "suspended") },
	}
	activate := &cobra.Command{
		Use: "activate ORG", Short: "Make an organisation a full member, or let it in again",
		Example: "  infohub org activate harbour --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.become(cmd.Context(), args[0], "active") },
	}
	addHubFlags(&o.hubCommand, true, ls, show, add, set, suspend, activate)
	cmd.AddCommand(ls, show, add, set, suspend, activate)
	return cmd
}

func (o *orgCommand) edit(cmd *cobra.Command) apiclient.OrganisationEdit {
	return apiclient.OrganisationEdit{
		Name: given(cmd, "name", o.name), Sector: given(cmd, "sector", o.sector), Contact: given(cmd, "contact", o.contact),
		Status: given(cmd, "status", o.status), ClientOf: named(cmd, "client-of", o.clientOf),
	}
}

func (o *orgCommand) list(ctx context.Context) error {
	return list(ctx, &o.hubCommand, "/organisations", nil, "No organisations.", []string{"HANDLE", "NAME", "STATUS", "SECTOR", "CLIENT OF"},
		func(g apiclient.Organisation) []string {
			return []string{g.Handle, g.Name, organisationStatus(g), g.Sector, strings.Join(g.ClientOf, ", ")}
		})
}

func organisationStatus(g apiclient.Organisation) string {
	if g.Operator {
		return g.Status + ", operates the hub"
	}
	return g.Status
}

// one gets or changes an organisation and shows it.
func (o *orgCommand) one(ctx context.Context, method, name string, in any) error {
	path, err := at("organisations", name)
	if err != nil {
		return err
	}
	return answer(ctx, &o.hubCommand, method, path, nil, in, o.show)
}

func (o *orgCommand) become(ctx context.Context, name, status string) error {
	return o.one(ctx, http.MethodPatch, name, apiclient.OrganisationEdit{Status: &status})
}

func (o *orgCommand) show(g apiclient.Organisation) error {
	return o.fields("Handle", g.Handle, "Name", g.Name, "Status", organisationStatus(g), "Sector", g.Sector, "Contact", g.Contact,
		"Client of", strings.Join(g.ClientOf, ", "), "Created", when(g.Created), "Id", g.ID)
}
