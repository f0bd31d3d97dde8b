package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

type groupCommand struct {
	hubCommand
	title, description string
	members            []string
}

func newGroup(g *global) *cobra.Command {
	o := &groupCommand{hubCommand: hubCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "group",
		Short: "Trust groups of a hub: organisations that share among themselves",
		Long: `Group looks after trust groups. Each has an API root of its own for TAXII,
/taxii2/HANDLE/, which only its members are shown. The group "community" has every
member and cannot be taken away.

GROUP is a group's handle or id.`,
		Example: `  infohub group add banks --title "Banks" --members harbour,peak --data /var/lib/infohub
  infohub group list --data /var/lib/infohub`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	ls := &cobra.Command{
		Use: "list", Short: "List the groups that you are in; an administrator sees all",
		Example: "  infohub group list --data /var/lib/infohub",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.list(cmd.Context()) },
	}
	show := &cobra.Command{
		Use: "show GROUP", Short: "Show a group with its members",
		Example: "  infohub group show banks --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.one(cmd.Context(), http.MethodGet, args[0], nil)
		},
	}
	add := &cobra.Command{
		Use: "add HANDLE", Short: "Make a group",
		Long:    "Add makes a group. HANDLE is its short name, 2 to 40 characters of a-z, 0-9 and -,\nwhich no organisation has. Its collections are made by infohub collection add.",
		Example: `  infohub group add banks --title "Banks" --members harbour,peak --data /var/lib/infohub`,
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e := o.edit(cmd)
			e.Handle = &args[0]
			if e.Title == nil {
				e.Title = &args[0]
			}
			return answer(cmd.Context(), &o.hubCommand, http.MethodPost, "/groups", nil, e, o.show)
		},
	}
	set := &cobra.Command{
		Use: "set GROUP", Short: "Change a group",
		Long:    "Set changes what the options give; the rest stays. --members gives all of them: who\nis left out reaches nothing in the group from then on.",
		Example: "  infohub group set banks --members harbour,peak,victoria --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needOne(cmd, "title", "description", "members"); err != nil {
				return err
			}
			return o.one(cmd.Context(), http.MethodPatch, args[0], o.edit(cmd))
		},
	}
	for _, c := range []*cobra.Command{add, set} {
		f := c.Flags()
		f.StringVar(&o.title, "title", "", "`TITLE` for people")
		f.StringVar(&o.description, "description", "", "what it is for")
		f.StringSliceVar(&o.members, "members", nil, "its organisations (`ORG`), separated by commas")
	}
	remove := &cobra.Command{
		Use: "delete GROUP", Short: "Take a group away that has no collections",
		Example: "  infohub group delete banks --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := at("groups", args[0])
			if err != nil {
				return err
			}
			return o.done(cmd.Context(), http.MethodDelete, path, nil, nil, o.words().T("hub.deleted", "name", args[0]))
		},
	}
	addHubFlags(&o.hubCommand, true, ls, show, add, set)
	addHubFlags(&o.hubCommand, false, remove)
	cmd.AddCommand(ls, show, add, set, remove)
	return cmd
}

func (o *groupCommand) edit(cmd *cobra.Command) apiclient.GroupEdit {
	return apiclient.GroupEdit{
		Title: given(cmd, "title", o.title), Description: given(cmd, "description", o.description), Members: named(cmd, "members", o.members),
	}
}

func (o *groupCommand) list(ctx context.Context) error {
	return list(ctx, &o.hubCommand, "/groups", nil, "No groups.", []string{"HANDLE", "TITLE", "MEMBERS", "API ROOT"},
		func(g apiclient.Group) []string {
			return []string{g.Handle, g.Title, memberCount(g), rootOf(g)}
		})
}

// rootOf is a group's API root.
func rootOf(g apiclient.Group) string { return fmt.Sprintf("/taxii2/%s/", g.Handle) }

func memberCount(g apiclient.Group) string {
	if g.Handle == "community" {
		return "all"
	}
	return strconv.Itoa(len(g.Members))
}

// one gets or changes a group and shows it.
func (o *groupCommand) one(ctx context.Context, method, name string, in any) error {
	path, err := at("groups", name)
	if err != nil {
		return err
	}
	return answer(ctx, &o.hubCommand, method, path, nil, in, o.show)
}

func (o *groupCommand) show(g apiclient.Group) error {
	members := strings.Join(g.Members, ", ")
	if g.Handle == "community" {
		members = "every organisation of the hub"
	}
	return o.fields("Handle", g.Handle, "Title", g.Title, "Description", g.Description, "Members", members, "API root", rootOf(g),
		"Created", when(g.Created), "Id", g.ID)
}
