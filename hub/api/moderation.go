package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// sealed says who is behind an anonymous object.
func (s *server) sealed(ctx context.Context, in *ObjectPath) (*body[apiclient.List[apiclient.SealedRecord]], error) {
	c := caller(ctx)
	got, err := s.Hub.Sealed(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	n, err := s.names(ctx, c)
	out := apiclient.List[apiclient.SealedRecord]{Items: []apiclient.SealedRecord{}}
	for _, r := range got {
		out.Items = append(out.Items, apiclient.SealedRecord{
			PublicID: r.PublicID, PublicVersion: r.PublicVersion, OriginalID: r.OriginalID, Version: r.Version, Organisation: n.organisation(r.Organisation),
			Person: n.person(r.Person), Key: r.Key, From: r.From, Time: r.Time, Original: r.Original,
		})
	}
	return &body[apiclient.List[apiclient.SealedRecord]]{out}, err
}

func (s *server) moderation() {
	tags := []string{"Moderation"}
	op(s, huma.Operation{
		OperationID: "moderation-queue", Method: http.MethodGet, Path: "/moderation", Tags: tags, Summary: "What waits for a moderator",
		Description: "Oldest first, of what the caller may read.",
	}, func(ctx context.Context, in *struct {
		Collection string `query:"collection" maxLength:"200" doc:"Id, or alias in the group community, or GROUP/ALIAS; absent: all."`
		Limit      int    `query:"limit" minimum:"0" maximum:"1000"`
	}) (*body[apiclient.List[apiclient.Pending]], error) {
		c := caller(ctx)
		got, err := s.Hub.Queue(ctx, c, in.Collection, in.Limit)
		if err != nil {
			return nil, err
		}
		n, err := s.names(ctx, c)
		out := apiclient.List[apiclient.Pending]{Items: []apiclient.Pending{}}
		for _, p := range got {
			out.Items = append(out.Items, apiclient.Pending{
				ID: p.ID, Collection: p.Collection, ObjectID: p.ObjectID, Version: p.Version, Marking: p.Marking.String(),
				Organisation: n.organisation(p.Organisation), Anonymous: p.Anonymous, Received: p.Received, Object: p.Object,
			})
		}
		return &body[apiclient.List[apiclient.Pending]]{out}, err
	})
	op(s, huma.Operation{
		OperationID: "decide", Method: http.MethodPost, Path: "/moderation/{id}/decision", Tags: tags, Summary: "Approve or reject a contribution",
		Description: "With a person's key: an analyst's or a hub administrator's, and not that of who contributed it.",
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"200"`
		Body apiclient.Decision
	}) (*none, error) {
		return &none{}, s.Hub.Decide(ctx, caller(ctx), in.ID, in.Body.Approve, in.Body.Reason)
	})
}
