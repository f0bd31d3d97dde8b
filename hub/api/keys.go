package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

func (s *server) keys() {
	tags := []string{"Keys"}
	op(s, huma.Operation{OperationID: "list-keys", Method: http.MethodGet, Path: "/keys", Tags: tags, Summary: "List keys", Description: "Your own; those of their organisation for its administrators."},
		func(ctx context.Context, in *struct {
			Owner string `query:"owner" maxLength:"254" doc:"Organisation by id or handle, or person by id or mail address."`
		}) (*body[apiclient.List[apiclient.Key]], error) {
			c := caller(ctx)
			all, err := s.Hub.Keys(ctx, c, in.Owner)
			if err != nil {
				return nil, err
			}
			n, err := s.names(ctx, c)
			out := apiclient.List[apiclient.Key]{Items: []apiclient.Key{}}
			for _, k := range all {
				out.Items = append(out.Items, n.toKey(k))
			}
			return &body[apiclient.List[apiclient.Key]]{out}, err
		})
	op(s, huma.Operation{
		OperationID: "create-key", Method: http.MethodPost, Path: "/keys", Tags: tags, Summary: "Make a key", DefaultStatus: http.StatusCreated,
		Description: "The answer holds the secret, this once.",
	}, func(ctx context.Context, in *body[apiclient.NewKey]) (*body[apiclient.MadeKey], error) {
		c, q := caller(ctx), in.Body
		k := hub.Key{Name: q.Name, Organisation: q.Organisation, Person: q.Person, Anonymous: q.Anonymous, Expires: q.Expires}
		for _, sc := range q.Scopes {
			scope := hub.Scope{Collection: sc.Collection}
			for _, v := range sc.Verbs {
				scope.Verbs = append(scope.Verbs, hub.Verb(v))
			}
			k.Scopes = append(k.Scopes, scope)
		}
		made, secret, err := s.Hub.CreateKey(ctx, c, k)
		if err != nil {
			return nil, err
		}
		n, err := s.names(ctx, c)
		return &body[apiclient.MadeKey]{apiclient.MadeKey{Key: n.toKey(made), Secret: secret}}, err
	})
	op(s, huma.Operation{OperationID: "revoke-key", Method: http.MethodDelete, Path: "/keys/{key}", Tags: tags, Summary: "Revoke a key", Description: "At once and for good."},
		func(ctx context.Context, in *KeyPath) (*body[apiclient.Key], error) {
			c := caller(ctx)
			k, err := s.Hub.RevokeKey(ctx, c, in.Key)
			if err != nil {
				return nil, err
			}
			n, err := s.names(ctx, c)
			return &body[apiclient.Key]{n.toKey(k)}, err
		})
}

func (n *names) toKey(k hub.Key) apiclient.Key {
	out := apiclient.Key{
		ID: k.ID, Name: k.Name, Organisation: n.organisation(k.Organisation), Person: n.person(k.Person), Anonymous: k.Anonymous,
		Created: k.Created, Expires: k.Expires, LastUsed: k.LastUsed, Revoked: k.Revoked,
	}
	for _, sc := range k.Scopes {
		scope := apiclient.Scope{Collection: sc.Collection}
		for _, v := range sc.Verbs {
			scope.Verbs = append(scope.Verbs, string(v))
		}
		out.Scopes = append(out.Scopes, scope)
	}
	return out
}
