package api

import (
	"context"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// names shows ids as people know them: handles and mail addresses, as far as the
// caller may know them. What the caller may not know stays an id.
type names struct {
	handles map[string]string // of organisations and groups by id
	emails  map[string]string
}

func (s *server) names(ctx context.Context, c *hub.Caller) (*names, error) {
	n := &names{handles: map[string]string{}, emails: map[string]string{}}
	if !c.Member() {
		return n, nil
	}
	organisations, err := s.Hub.Organisations(ctx, c)
	if err != nil {
		return n, err
	}
	for _, o := range organisations {
		n.handles[o.ID] = o.Handle
	}
	groups, err := s.Hub.Groups(ctx, c)
	if err != nil {
		return n, err
	}
	for _, g := range groups {
		n.handles[g.ID] = g.Handle
	}
	if c.Kind == hub.CallerOrganisation {
		return n, nil // its keys know no people
	}
	people, err := s.Hub.People(ctx, c, "")
	for _, p := range people {
		n.emails[p.ID] = p.Email
	}
	return n, err
}

// organisation is a handle, or the id of one that the caller may not know.
func (n *names) organisation(id string) string {
	if h := n.handles[id]; h != "" {
		return h
	}
	return id
}

func (n *names) person(id string) string {
	if e := n.emails[id]; e != "" {
		return e
	}
	return id
}

// each shows a list of ids.
func each(ids []string, show func(string) string) []string {
	var out []string
	for _, id := range ids {
		out = append(out, show(id))
	}
	return out
}

func (n *names) toOrganisation(o hub.Organisation) apiclient.Organisation {
	return apiclient.Organisation{
		ID: o.ID, Handle: o.Handle, Name: o.Name, Sector: o.Sector, Contact: o.Contact, Status: string(o.Status),
		ClientOf: each(o.ClientOf, n.organisation), Operator: o.Operator, Created: o.Created,
	}
}

func (n *names) toPerson(p hub.Person) apiclient.Person {
	return apiclient.Person{
		ID: p.ID, Name: p.Name, Email: p.Email, Organisation: n.organisation(p.Organisation), Role: string(p.Role), Disabled: p.Disabled, Created: p.Created,
	}
}

func (n *names) toGroup(g hub.Group) apiclient.Group {
	return apiclient.Group{
		ID: g.ID, Handle: g.Handle, Title: g.Title, Description: g.Description, Members: each(g.Members, n.organisation), Created: g.Created,
	}
}

// organisationIDs are the ids of organisations named by id or handle.
func (s *server) organisationIDs(ctx context.Context, c *hub.Caller, list []string) ([]string, error) {
	var ids []string
	for _, name := range list {
		o, err := s.Hub.Organisation(ctx, c, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, o.ID)
	}
	return ids, nil
}
