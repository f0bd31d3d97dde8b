package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// OrganisationPath names an organisation. Like the other paths it is exported, since what
// is embedded without that is passed over where a request is read.
type OrganisationPath struct {
	Organisation string `path:"organisation" maxLength:"100" doc:"Id or handle."`
}

// PersonPath names a person.
type PersonPath struct {
	Person string `path:"person" maxLength:"254" doc:"Id or mail address."`
}

// KeyPath names a key.
type KeyPath struct {
	Key string `path:"key" maxLength:"100" doc:"Id of the key."`
}

// GroupPath names a group.
type GroupPath struct {
	Group string `path:"group" maxLength:"100" doc:"Id or handle."`
}

func (s *server) directory() {
	tags := []string{"Directory"}
	op(s, huma.Operation{OperationID: "me", Method: http.MethodGet, Path: "/me", Tags: tags, Security: open(), Summary: "How the hub knows you"}, s.me)
	op(s, huma.Operation{OperationID: "list-organisations", Method: http.MethodGet, Path: "/organisations", Tags: tags, Summary: "List organisations"},
		func(ctx context.Context, _ *none) (*body[apiclient.List[apiclient.Organisation]], error) {
			c := caller(ctx)
			all, err := s.Hub.Organisations(ctx, c) // who may not ask is told
			if err != nil {
				return nil, err
			}
			n, err := s.names(ctx, c)
			out := apiclient.List[apiclient.Organisation]{Items: []apiclient.Organisation{}}
			for _, o := range all {
				out.Items = append(out.Items, n.toOrganisation(o))
			}
			return &body[apiclient.List[apiclient.Organisation]]{out}, err
		})
	op(s, huma.Operation{OperationID: "get-organisation", Method: http.MethodGet, Path: "/organisations/{organisation}", Tags: tags, Summary: "Get an organisation"},
		func(ctx context.Context, in *OrganisationPath) (*body[apiclient.Organisation], error) {
			o, err := s.Hub.Organisation(ctx, caller(ctx), in.Organisation)
			return s.organisation(ctx, o, err)
		})
	op(s, huma.Operation{OperationID: "create-organisation", Method: http.MethodPost, Path: "/organisations", Tags: tags, Summary: "Admit an organisation", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *body[apiclient.OrganisationEdit]) (*body[apiclient.Organisation], error) {
			e := in.Body
			o, err := s.Hub.CreateOrganisation(ctx, caller(ctx), hub.Organisation{
				Handle: value(e.Handle), Name: value(e.Name), Sector: value(e.Sector), Contact: value(e.Contact),
				Status: hub.OrganisationStatus(value(e.Status)), ClientOf: value(e.ClientOf),
			})
			return s.organisation(ctx, o, err)
		})
	op(s, huma.Operation{OperationID: "change-organisation", Method: http.MethodPatch, Path: "/organisations/{organisation}", Tags: tags, Summary: "Change or suspend an organisation"},
		func(ctx context.Context, in *struct {
			OrganisationPath
			Body apiclient.OrganisationEdit
		}) (*body[apiclient.Organisation], error) {
			e := in.Body
			if e.Handle != nil {
				return nil, fixed("handle")
			}
			o, err := s.Hub.UpdateOrganisation(ctx, caller(ctx), in.Organisation, hub.OrganisationPatch{
				Name: e.Name, Sector: e.Sector, Contact: e.Contact, Status: (*hub.OrganisationStatus)(e.Status), ClientOf: e.ClientOf,
			})
			return s.organisation(ctx, o, err)
		})
	s.people()
	s.keys()
	s.groups()
}

func (s *server) organisation(ctx context.Context, o hub.Organisation, err error) (*body[apiclient.Organisation], error) {
	if err != nil {
		return nil, err
	}
	n, err := s.names(ctx, caller(ctx))
	return &body[apiclient.Organisation]{n.toOrganisation(o)}, err
}

// fixed is the error of a patch that touches what never changes.
func fixed(name string) error {
	return &hub.Error{Code: hub.Invalid, Message: name + " cannot be changed: leave it out"}
}

func (s *server) me(ctx context.Context, _ *none) (*body[apiclient.Caller], error) {
	c := caller(ctx)
	out := apiclient.Caller{Kind: string(c.Kind), Organisation: c.Organisation.Handle, Person: c.Person.Email, Role: string(c.Role()), Key: c.Key}
	if c.Kind == hub.Stranger {
		out.Kind = "stranger"
		return &body[apiclient.Caller]{out}, nil
	}
	groups, err := s.Hub.Groups(ctx, c)
	for _, g := range groups {
		out.Groups = append(out.Groups, g.Handle)
	}
	return &body[apiclient.Caller]{out}, err
}

func (s *server) people() {
	tags := []string{"Directory"}
	op(s, huma.Operation{OperationID: "list-people", Method: http.MethodGet, Path: "/people", Tags: tags, Summary: "List people"},
		func(ctx context.Context, in *struct {
			Organisation string `query:"organisation" maxLength:"100" doc:"Id or handle; absent: all that the caller may know."`
		}) (*body[apiclient.List[apiclient.Person]], error) {
			c := caller(ctx)
			all, err := s.Hub.People(ctx, c, in.Organisation)
			if err != nil {
				return nil, err
			}
			n, err := s.names(ctx, c)
			out := apiclient.List[apiclient.Person]{Items: []apiclient.Person{}}
			for _, p := range all {
				out.Items = append(out.Items, n.toPerson(p))
			}
			return &body[apiclient.List[apiclient.Person]]{out}, err
		})
	op(s, huma.Operation{OperationID: "get-person", Method: http.MethodGet, Path: "/people/{person}", Tags: tags, Summary: "Get a person"},
		func(ctx context.Context, in *PersonPath) (*body[apiclient.Person], error) {
			p, err := s.Hub.Person(ctx, caller(ctx), in.Person)
			return s.person(ctx, p, err)
		})
	op(s, huma.Operation{OperationID: "create-person", Method: http.MethodPost, Path: "/people", Tags: tags, Summary: "Add a person", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *body[apiclient.PersonEdit]) (*body[apiclient.Person], error) {
			c, e := caller(ctx), in.Body
			org := value(e.Organisation)
			if org == "" {
				org = c.Organisation.ID
			}
			p, err := s.Hub.CreatePerson(ctx, c, hub.Person{Name: value(e.Name), Email: value(e.Email), Organisation: org, Role: hub.Role(value(e.Role))})
			return s.person(ctx, p, err)
		})
	op(s, huma.Operation{OperationID: "change-person", Method: http.MethodPatch, Path: "/people/{person}", Tags: tags, Summary: "Change or disable a person"},
		func(ctx context.Context, in *struct {
			PersonPath
			Body apiclient.PersonEdit
		}) (*body[apiclient.Person], error) {
			e := in.Body
			if e.Organisation != nil {
				return nil, fixed("organisation")
			}
			p, err := s.Hub.UpdatePerson(ctx, caller(ctx), in.Person, hub.PersonPatch{Name: e.Name, Email: e.Email, Role: (*hub.Role)(e.Role), Disabled: e.Disabled})
			return s.person(ctx, p, err)
		})
}

func (s *server) person(ctx context.Context, p hub.Person, err error) (*body[apiclient.Person], error) {
	if err != nil {
		return nil, err
	}
	n, err := s.names(ctx, caller(ctx))
	return &body[apiclient.Person]{n.toPerson(p)}, err
}

func (s *server) groups() {
	tags := []string{"Directory"}
	op(s, huma.Operation{OperationID: "list-groups", Method: http.MethodGet, Path: "/groups", Tags: tags, Summary: "List trust groups"},
		func(ctx context.Context, _ *none) (*body[apiclient.List[apiclient.Group]], error) {
			c := caller(ctx)
			all, err := s.Hub.Groups(ctx, c)
			if err != nil {
				return nil, err
			}
			n, err := s.names(ctx, c)
			out := apiclient.List[apiclient.Group]{Items: []apiclient.Group{}}
			for _, g := range all {
				out.Items = append(out.Items, n.toGroup(g))
			}
			return &body[apiclient.List[apiclient.Group]]{out}, err
		})
	op(s, huma.Operation{OperationID: "get-group", Method: http.MethodGet, Path: "/groups/{group}", Tags: tags, Summary: "Get a trust group"},
		func(ctx context.Context, in *GroupPath) (*body[apiclient.Group], error) {
			g, err := s.Hub.Group(ctx, caller(ctx), in.Group)
			return s.group(ctx, g, err)
		})
	op(s, huma.Operation{OperationID: "create-group", Method: http.MethodPost, Path: "/groups", Tags: tags, Summary: "Make a trust group", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *body[apiclient.GroupEdit]) (*body[apiclient.Group], error) {
			e := in.Body
			g, err := s.Hub.CreateGroup(ctx, caller(ctx), hub.Group{Handle: value(e.Handle), Title: value(e.Title), Description: value(e.Description), Members: value(e.Members)})
			return s.group(ctx, g, err)
		})
	op(s, huma.Operation{OperationID: "change-group", Method: http.MethodPatch, Path: "/groups/{group}", Tags: tags, Summary: "Change a trust group"},
		func(ctx context.Context, in *struct {
			GroupPath
			Body apiclient.GroupEdit
		}) (*body[apiclient.Group], error) {
			e := in.Body
			if e.Handle != nil {
				return nil, fixed("handle")
			}
			g, err := s.Hub.UpdateGroup(ctx, caller(ctx), in.Group, hub.GroupPatch{Title: e.Title, Description: e.Description, Members: e.Members})
			return s.group(ctx, g, err)
		})
	op(s, huma.Operation{OperationID: "delete-group", Method: http.MethodDelete, Path: "/groups/{group}", Tags: tags, Summary: "Delete a trust group that has no collections"},
		func(ctx context.Context, in *GroupPath) (*none, error) {
			return &none{}, s.Hub.DeleteGroup(ctx, caller(ctx), in.Group)
		})
}

func (s *server) group(ctx context.Context, g hub.Group, err error) (*body[apiclient.Group], error) {
	if err != nil {
		return nil, err
	}
	n, err := s.names(ctx, caller(ctx))
	return &body[apiclient.Group]{n.toGroup(g)}, err
}

// value is what a pointer points to, or nothing.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
