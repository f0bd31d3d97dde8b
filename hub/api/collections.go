package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// CollectionPath names a collection.
type CollectionPath struct {
	Collection string `path:"collection" maxLength:"200" doc:"Id, or alias in the group community, or GROUP/ALIAS."`
}

func (s *server) collections() {
	tags := []string{"Collections"}
	op(s, huma.Operation{
		OperationID: "list-collections", Method: http.MethodGet, Path: "/collections", Tags: tags, Security: open(), Summary: "List collections",
		Description: "Those that the caller may read or write; for hub administrators all.",
	}, func(ctx context.Context, in *struct {
		Group string `query:"group" maxLength:"100" doc:"Handle; absent: of all groups."`
	}) (*body[apiclient.List[apiclient.Collection]], error) {
		c := caller(ctx)
		roots := []string{in.Group}
		if in.Group == "" {
			groups, err := s.Hub.Roots(ctx, c)
			if err != nil {
				return nil, err
			}
			roots = nil
			for _, g := range groups {
				roots = append(roots, g.Handle)
			}
		}
		n, err := s.names(ctx, c)
		if err != nil {
			return nil, err
		}
		out := apiclient.List[apiclient.Collection]{Items: []apiclient.Collection{}}
		for _, root := range roots {
			all, err := s.Hub.Collections(ctx, c, root)
			if err != nil {
				return nil, err
			}
			for _, col := range all {
				out.Items = append(out.Items, n.toCollection(col, root))
			}
		}
		return &body[apiclient.List[apiclient.Collection]]{out}, nil
	})
	op(s, huma.Operation{
		OperationID: "get-collection", Method: http.MethodGet, Path: "/collections/{collection}", Tags: tags, Security: open(), Summary: "Get a collection",
	}, func(ctx context.Context, in *CollectionPath) (*body[apiclient.Collection], error) {
		col, err := s.Hub.Collection(ctx, caller(ctx), "", in.Collection)
		return s.collection(ctx, col, err)
	})
	op(s, huma.Operation{
		OperationID: "create-collection", Method: http.MethodPost, Path: "/collections", Tags: tags, Summary: "Make a collection", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *body[apiclient.CollectionEdit]) (*body[apiclient.Collection], error) {
		e := in.Body
		label, err := marking(e.Unmarked)
		if err != nil {
			return nil, err
		}
		col, err := s.Hub.CreateCollection(ctx, caller(ctx), hub.Collection{
			Alias: value(e.Alias), Title: value(e.Title), Description: value(e.Description), Group: value(e.Group), Grants: value(grants(e.Grants)),
			People: value(e.People), Unmarked: value(label), Moderation: hub.Moderation(value(e.Moderation)), Anonymous: value(e.Anonymous), Retention: value(e.Retention),
		})
		return s.collection(ctx, col, err)
	})
	op(s, huma.Operation{
		OperationID: "change-collection", Method: http.MethodPatch, Path: "/collections/{collection}", Tags: tags, Summary: "Change a collection",
		Description: "A change of who may read it is for objects to come: the readers of those that are there were named when they came.",
	}, func(ctx context.Context, in *struct {
		CollectionPath
		Body apiclient.CollectionEdit
	}) (*body[apiclient.Collection], error) {
		e := in.Body
		if e.Group != nil || e.Alias != nil {
			return nil, fixed("group or alias")
		}
		label, err := marking(e.Unmarked)
		if err != nil {
			return nil, err
		}
		col, err := s.Hub.UpdateCollection(ctx, caller(ctx), "", in.Collection, hub.CollectionPatch{
			Title: e.Title, Description: e.Description, Grants: grants(e.Grants), People: e.People, Unmarked: label,
			Moderation: (*hub.Moderation)(e.Moderation), Anonymous: e.Anonymous, Retention: e.Retention,
		})
		return s.collection(ctx, col, err)
	})
	op(s, huma.Operation{
		OperationID: "delete-collection", Method: http.MethodDelete, Path: "/collections/{collection}", Tags: tags, Summary: "Delete an empty collection",
	}, func(ctx context.Context, in *CollectionPath) (*none, error) {
		return &none{}, s.Hub.DeleteCollection(ctx, caller(ctx), "", in.Collection)
	})
}

func (s *server) collection(ctx context.Context, col hub.Access, err error) (*body[apiclient.Collection], error) {
	if err != nil {
		return nil, err
	}
	n, err := s.names(ctx, caller(ctx))
	return &body[apiclient.Collection]{n.toCollection(col, hub.Community)}, err
}

// marking reads a label, nil where none was given.
func marking(text *string) (*tlp.Marking, error) {
	if text == nil {
		return nil, nil
	}
	m, err := tlp.Parse(*text)
	if err != nil {
		return nil, &hub.Error{Code: hub.Invalid, Message: "unmarked: " + err.Error()}
	}
	return &m, nil
}

func grants(list *[]apiclient.Grant) *[]hub.Grant {
	if list == nil {
		return nil
	}
	out := []hub.Grant{}
	for _, g := range *list {
		out = append(out, hub.Grant(g))
	}
	return &out
}

// toCollection shows a collection; root is the handle of a group that the caller
// knows by no other way.
func (n *names) toCollection(col hub.Access, root string) apiclient.Collection {
	out := apiclient.Collection{
		ID: col.ID, Alias: col.Alias, Title: col.Title, Description: col.Description, Group: n.handles[col.Group], CanRead: col.CanRead, CanWrite: col.CanWrite,
		Unmarked: col.Unmarked.String(), Moderation: string(col.Moderation), Anonymous: col.Anonymous, Retention: col.Retention,
		People: each(col.People, n.person), Created: col.Created,
	}
	if out.Group == "" {
		out.Group = root
	}
	for _, g := range col.Grants {
		out.Grants = append(out.Grants, apiclient.Grant{Subject: n.organisation(g.Subject), Read: g.Read, Write: g.Write})
	}
	return out
}
