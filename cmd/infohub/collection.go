package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

type collectionCommand struct {
	hubCommand
	group, title, description, unmarked, moderation string
	anonymous                                       bool
	retention                                       int
	grants, revoke, people                          []string
}

func newCollection(g *global) *cobra.Command {
	o := &collectionCommand{hubCommand: hubCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "collection",
		Short: "Collections of a hub: who reads them and who writes to them",
		Long: `Collection looks after the collections that objects are put into. A right to read
a collection is not enough to read an object in it: its TLP marking decides, too.

COLLECTION is a collection's id, its alias in the group community, or GROUP/ALIAS.`,
		Example: `  infohub collection add phishing --title "Phishing" --grant community:read,write --unmarked GREEN --data /var/lib/infohub
  infohub collection set phishing --grant public:read --data /var/lib/infohub`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	ls := &cobra.Command{
		Use: "list", Short: "List the collections that you may read or write; an administrator sees all",
		Example: "  infohub collection list --data /var/lib/infohub",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.list(cmd.Context()) },
	}
	show := &cobra.Command{
		Use: "show COLLECTION", Short: "Show a collection with its rights",
		Example: "  infohub collection show indicators --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.one(cmd.Context(), http.MethodGet, args[0], nil)
		},
	}
	add := &cobra.Command{
		Use: "add ALIAS", Short: "Make a collection",
		Long: `Add makes a collection. ALIAS is its short name for addresses: 2 to 40 characters
of a-z, 0-9 and -. Nobody may read it or write to it before --grant says so.`,
		Example: `  infohub collection add phishing --title "Phishing" --grant community:read,write --data /var/lib/infohub
  infohub collection add fraud --title "Fraud" --group banks --grant banks:read,write --unmarked AMBER --data /var/lib/infohub`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.add(cmd, args[0]) },
	}
	set := &cobra.Command{
		Use: "set COLLECTION", Short: "Change a collection, or who may read it and write to it",
		Long: `Set changes what the options give; the rest stays. --grant gives a subject exactly
these rights, --revoke takes all of them. Who may read what is marked TLP:AMBER was
named when each object came: a change is for objects to come.`,
		Example: `  infohub collection set phishing --grant harbour:read --revoke public --data /var/lib/infohub
  infohub collection set phishing --moderation all --retention 365 --data /var/lib/infohub`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.set(cmd, args[0]) },
	}
	remove := &cobra.Command{
		Use: "delete COLLECTION", Short: "Take an empty collection away",
		Example: "  infohub collection delete phishing --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := at("collections", args[0])
			if err != nil {
				return err
			}
			return o.done(cmd.Context(), http.MethodDelete, path, nil, nil, o.words().T("hub.deleted", "name", args[0]))
		},
	}
	for _, c := range []*cobra.Command{ls, add} {
		c.Flags().StringVar(&o.group, "group", "", map[bool]string{true: "only those of `GROUP`", false: "make it in `GROUP` (default: community)"}[c == ls])
	}
	for _, c := range []*cobra.Command{add, set} {
		f := c.Flags()
		f.StringVar(&o.title, "title", "", "`TITLE` for people")
		f.StringVar(&o.description, "description", "", "what it is for")
		f.StringVar(&o.unmarked, "unmarked", "", "TLP `LABEL` of objects that come without one: CLEAR, GREEN, AMBER, AMBER+STRICT or RED (default of a new one: GREEN in community, AMBER elsewhere)")
		f.StringVar(&o.moderation, "moderation", "", "whose contributions wait for an analyst: off, new (new members) or all (default of a new one: off)")
		f.BoolVar(&o.anonymous, "anonymous", false, "it takes anonymous contributions")
		f.IntVar(&o.retention, "retention", 0, "`DAYS` that an object stays; 0: for ever")
		f.StringArrayVar(&o.grants, "grant", nil, "a right: `SUBJECT:read,write`, where SUBJECT is an organisation, a group or public (may be repeated)")
		f.StringSliceVar(&o.people, "person", nil, "mail `ADDRESS` of a reader of what TAXII brings in as TLP:RED (may be repeated; all of them)")
		complete(c, "moderation", []string{"off", "new", "all"})
		complete(c, "unmarked", []string{"CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"})
	}
	set.Flags().StringArrayVar(&o.revoke, "revoke", nil, "take all rights from `SUBJECT` (may be repeated)")
	addHubFlags(&o.hubCommand, true, ls, show, add, set)
	addHubFlags(&o.hubCommand, false, remove)
	cmd.AddCommand(ls, show, add, set, remove)
	return cmd
}

func (o *collectionCommand) edit(cmd *cobra.Command) apiclient.CollectionEdit {
	return apiclient.CollectionEdit{
		Title: given(cmd, "title", o.title), Description: given(cmd, "description", o.description), Unmarked: given(cmd, "unmarked", o.unmarked),
		Moderation: given(cmd, "moderation", o.moderation), Anonymous: given(cmd, "anonymous", o.anonymous), Retention: given(cmd, "retention", o.retention),
		People: named(cmd, "person", o.people),
	}
}

func (o *collectionCommand) add(cmd *cobra.Command, alias string) error {
	e := o.edit(cmd)
	e.Alias, e.Group = &alias, given(cmd, "group", o.group)
	if e.Title == nil {
		e.Title = &alias
	}
	grants, err := o.change(nil)
	if err != nil {
		return err
	}
	e.Grants = &grants
	return answer(cmd.Context(), &o.hubCommand, http.MethodPost, "/collections", nil, e, o.show)
}

func (o *collectionCommand) set(cmd *cobra.Command, name string) error {
	if err := needOne(cmd, "title", "description", "unmarked", "moderation", "anonymous", "retention", "person", "grant", "revoke"); err != nil {
		return err
	}
	path, err := at("collections", name)
	if err != nil {
		return err
	}
	if _, err := o.change(nil); err != nil { // before anything is asked
		return err
	}
	e, ctx := o.edit(cmd), cmd.Context()
	return o.with(ctx, func(c *apiclient.Client) error {
		var got apiclient.Collection
		if len(o.grants)+len(o.revoke) > 0 {
			if err := c.Do(ctx, http.MethodGet, path, nil, nil, &got); err != nil {
				return err
			}
			grants, err := o.change(got.Grants)
			if err != nil {
				return err
			}
			for _, subject := range o.revoke {
				i := slices.IndexFunc(grants, func(g apiclient.Grant) bool { return strings.EqualFold(g.Subject, subject) })
				if i < 0 {
					return usageError{fmt.Errorf("--revoke %q: it has no right to %s; these have: %s", subject, name, grantList(got.Grants))}
				}
				grants = slices.Delete(grants, i, i+1)
			}
			e.Grants = &grants
		}
		got = apiclient.Collection{}
		if err := c.Do(ctx, http.MethodPatch, path, nil, e, &got); err != nil {
			return err
		}
		if o.format == "json" {
			return o.json(got)
		}
		return o.show(got)
	})
}

// change gives the subjects of --grant their rights, beside or instead of those
// that there are.
func (o *collectionCommand) change(there []apiclient.Grant) ([]apiclient.Grant, error) {
	grants := append([]apiclient.Grant{}, there...)
	for _, text := range o.grants {
		subject, verbs, err := rights("grant", text)
		if err != nil {
			return nil, err
		}
		grant := apiclient.Grant{Subject: subject, Read: slices.Contains(verbs, "read"), Write: slices.Contains(verbs, "write")}
		i := slices.IndexFunc(grants, func(g apiclient.Grant) bool { return strings.EqualFold(g.Subject, subject) })
		if i >= 0 {
			grants[i] = grant
		} else {
			grants = append(grants, grant)
		}
	}
	return grants, nil
}

// grantList says who has which rights.
func grantList(grants []apiclient.Grant) string {
	var out []string
	for _, g := range grants {
		out = append(out, g.Subject+":"+access(g.Read, g.Write))
	}
	return strings.Join(out, " ")
}

// access are rights as --grant takes them, "" where there are none.
func access(read, write bool) string {
	var verbs []string
	if read {
		verbs = append(verbs, "read")
	}
	if write {
		verbs = append(verbs, "write")
	}
	return strings.Join(verbs, ",")
}

func (o *collectionCommand) list(ctx context.Context) error {
	query := url.Values{}
	if o.group != "" {
		query.Set("group", o.group)
	}
	return list(ctx, &o.hubCommand, "/collections", query, "No collections.", []string{"GROUP", "ALIAS", "TITLE", "YOU MAY", "UNMARKED", "MODERATION", "ID"},
		func(c apiclient.Collection) []string {
			return []string{c.Group, c.Alias, c.Title, access(c.CanRead, c.CanWrite), c.Unmarked, c.Moderation, c.ID}
		})
}

// one gets or changes a collection and shows it.
func (o *collectionCommand) one(ctx context.Context, method, name string, in any) error {
	path, err := at("collections", name)
	if err != nil {
		return err
	}
	return answer(ctx, &o.hubCommand, method, path, nil, in, o.show)
}

func (o *collectionCommand) show(c apiclient.Collection) error {
	retention, anonymous := "for ever", "no"
	if c.Retention > 0 {
		retention = strconv.Itoa(c.Retention) + " days"
	}
	if c.Anonymous {
		anonymous = "yes"
	}
	return o.fields("Alias", c.Alias, "Title", c.Title, "Description", c.Description, "Group", c.Group, "You may", access(c.CanRead, c.CanWrite),
		"Rights", grantList(c.Grants), "Readers of RED", strings.Join(c.People, ", "), "Unmarked is", c.Unmarked, "Moderation", c.Moderation,
		"Anonymous", anonymous, "Objects stay", retention, "Created", when(c.Created), "Id", c.ID)
}
