package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// ObjectPath names one object of the hub.
type ObjectPath struct {
	ID string `path:"id" maxLength:"300" doc:"STIX identifier."`
}

type submitInput struct {
	Collection    string   `path:"collection" maxLength:"100" doc:"Id, or alias in the group community, or GROUP/ALIAS."`
	Anonymous     bool     `query:"anonymous" doc:"Publish it in the hub's name."`
	Organisations []string `query:"organisation,explode" maxItems:"1000" nullable:"false" doc:"Ids or handles of those whom TLP:AMBER names. Absent: the collection's reading organisations."`
	People        []string `query:"person,explode" maxItems:"1000" nullable:"false" doc:"Ids or mail addresses of those whom TLP:RED names. Absent: the people listed on the collection."`
	RawBody       []byte
}

type statusOutput struct {
	Status int
	Body   apiclient.Status
}

// stixType is the media type of an object (STIX 2.1, 11.4).
const stixType = "application/stix+json;version=2.1"

type contentOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

type searchInput struct {
	Value        string    `query:"value" maxLength:"4096" doc:"An address, domain, URL, mail address, hash or CVE: finds what names it, or holds it."`
	Text         string    `query:"text" maxLength:"200" doc:"In the object's text, in any case."`
	Types        []string  `query:"type,explode" maxItems:"50" nullable:"false" doc:"STIX types."`
	Marking      string    `query:"marking" doc:"TLP label, such as GREEN."`
	Organisation string    `query:"organisation" maxLength:"300" doc:"Id or handle of who contributed it."`
	Collection   string    `query:"collection" maxLength:"100" doc:"Id, or alias in the group community, or GROUP/ALIAS."`
	Since        time.Time `query:"since" doc:"Added at or after."`
	Until        time.Time `query:"until" doc:"Added before."`
	Limit        int       `query:"limit" minimum:"0" maximum:"1000" doc:"At most so many; 0 or absent: 50."`
	Cursor       string    `query:"cursor" maxLength:"2000" doc:"Of the page before, with the same questions."`
	Counts       bool      `query:"counts" doc:"With sightings, opinions and notes."`
}

func (s *server) objects() {
	op(s, huma.Operation{
		OperationID: "submit-objects", Method: http.MethodPost, Path: "/collections/{collection}/objects", Tags: []string{"Objects"},
		Summary: "Submit objects", DefaultStatus: http.StatusAccepted, MaxBodyBytes: s.MaxContentLength,
		Description: "The body is a STIX 2.1 bundle or a TAXII 2.1 envelope. What is good is stored, what is not is listed in failures with its path and the clause of the standard. It is on disk when the answer comes.",
	}, func(ctx context.Context, in *submitInput) (*statusOutput, error) {
		c := caller(ctx)
		orgs, err := s.organisationIDs(ctx, c, in.Organisations)
		if err != nil {
			return nil, err
		}
		people, err := s.Hub.Recipients(ctx, c, in.People)
		if err != nil {
			return nil, err
		}
		got, err := s.Hub.Submit(ctx, c, hub.Submission{
			Collection: in.Collection, Body: in.RawBody, Organisations: orgs, People: people, Anonymous: in.Anonymous,
		})
		if err != nil {
			return nil, err
		}
		return &statusOutput{http.StatusAccepted, statusOf(got)}, nil
	})
	op(s, huma.Operation{
		OperationID: "status", Method: http.MethodGet, Path: "/statuses/{id}", Tags: []string{"Objects"}, Summary: "What became of a submission",
	}, func(ctx context.Context, in *ObjectPath) (*body[apiclient.Status], error) {
		got, err := s.Hub.Status(ctx, caller(ctx), in.ID)
		return &body[apiclient.Status]{statusOf(got)}, err
	})
	op(s, huma.Operation{
		OperationID: "search", Method: http.MethodGet, Path: "/search", Tags: []string{"Objects"}, Security: open(),
		Summary:     "Search objects",
		Description: "Newest first, over all collections that the caller may read. Conditions are joined by AND.",
	}, s.search)
	op(s, huma.Operation{
		OperationID: "get-object", Method: http.MethodGet, Path: "/objects/{id}", Tags: []string{"Objects"}, Security: open(),
		Summary: "Get an object", Description: "Its latest version, or all of them, wherever the caller may read it.",
	}, func(ctx context.Context, in *struct {
		ObjectPath
		Versions string `query:"versions" enum:"last,all" default:"last"`
	}) (*body[apiclient.List[apiclient.Found]], error) {
		c := caller(ctx)
		got, err := s.Hub.FetchObject(ctx, c, in.ID, in.Versions == "all")
		if err != nil {
			return nil, err
		}
		items, err := s.found(ctx, c, got)
		return &body[apiclient.List[apiclient.Found]]{apiclient.List[apiclient.Found]{Items: items}}, err
	})
	op(s, huma.Operation{
		OperationID: "get-object-content", Method: http.MethodGet, Path: "/objects/{id}/content", Tags: []string{"Objects"}, Security: open(),
		Summary: "Get an object's bytes", Description: "Of its latest version, as they were received: JSON about it may have other spaces.",
		Responses: map[string]*huma.Response{"200": {Description: "The object.", Content: map[string]*huma.MediaType{stixType: {Schema: &huma.Schema{Type: huma.TypeObject}}}}},
	}, func(ctx context.Context, in *ObjectPath) (*contentOutput, error) {
		got, err := s.Hub.FetchObject(ctx, caller(ctx), in.ID, false)
		if err != nil {
			return nil, err
		}
		if len(got) == 0 {
			return nil, &hub.Error{Code: hub.NotFound, Message: "no such object"}
		}
		return &contentOutput{stixType, got[0].Object}, nil
	})
	op(s, huma.Operation{
		OperationID: "delete-object", Method: http.MethodDelete, Path: "/collections/{collection}/objects/{id}", Tags: []string{"Objects"},
		Summary: "Delete an object", Description: "All its versions in a collection, or one. Its own organisation may, and administrators.",
	}, func(ctx context.Context, in *struct {
		ObjectPath
		Collection string    `path:"collection" maxLength:"100"`
		Version    time.Time `query:"version" doc:"Only this version."`
	}) (*none, error) {
		match := hub.VersionMatch{All: true}
		if !in.Version.IsZero() {
			match = hub.VersionMatch{Exact: []time.Time{in.Version}}
		}
		return &none{}, s.Hub.Delete(ctx, caller(ctx), "", in.Collection, in.ID, match)
	})
	op(s, huma.Operation{
		OperationID: "object-counts", Method: http.MethodGet, Path: "/objects/{id}/counts", Tags: []string{"Objects"}, Security: open(),
		Summary: "Sightings, opinions and notes", Description: "Of those that the caller may read.",
	}, func(ctx context.Context, in *ObjectPath) (*body[apiclient.Counts], error) {
		got, err := s.Hub.Counts(ctx, caller(ctx), in.ID)
		return &body[apiclient.Counts]{apiclient.Counts(got)}, err
	})
	op(s, huma.Operation{
		OperationID: "sealed-record", Method: http.MethodGet, Path: "/objects/{id}/sealed", Tags: []string{"Objects"},
		Summary: "Who is behind an anonymous object", Description: "For hub administrators. That it was read is written into the audit log.",
	}, s.sealed)
}

func (s *server) search(ctx context.Context, in *searchInput) (*body[apiclient.List[apiclient.Found]], error) {
	c := caller(ctx)
	q := hub.Search{
		Value: in.Value, Text: in.Text, Types: in.Types, Since: in.Since, Until: in.Until, Limit: in.Limit, Cursor: in.Cursor, Counts: in.Counts,
	}
	if in.Marking != "" {
		m, err := tlp.Parse(in.Marking)
		if err != nil {
			return nil, &hub.Error{Code: hub.Invalid, Message: "marking: " + err.Error()}
		}
		q.Marking = m
	}
	if in.Organisation != "" {
		ids, err := s.organisationIDs(ctx, c, []string{in.Organisation})
		if err != nil {
			return nil, err
		}
		q.Organisation = ids[0]
	}
	if in.Collection != "" {
		col, err := s.Hub.Collection(ctx, c, "", in.Collection)
		if err != nil {
			return nil, err
		}
		q.Collection = col.ID
	}
	page, err := s.Hub.Search(ctx, c, q)
	if err != nil {
		return nil, err
	}
	items, err := s.found(ctx, c, page.Found)
	return &body[apiclient.List[apiclient.Found]]{apiclient.List[apiclient.Found]{Items: items, Next: page.Next}}, err
}

// found shows organisations by their handles. It asks for those alone that are
// there: the directory may be long, and a look-up is to take little.
func (s *server) found(ctx context.Context, c *hub.Caller, list []hub.Found) ([]apiclient.Found, error) {
	n := &names{handles: map[string]string{}}
	out := make([]apiclient.Found, 0, len(list))
	for _, f := range list {
		if _, known := n.handles[f.Organisation]; !known && f.Organisation != "" {
			o, err := s.Hub.Organisation(ctx, c, f.Organisation)
			if err != nil && hub.CodeOf(err) == "" {
				return nil, err
			}
			n.handles[f.Organisation] = o.Handle // "" where the caller may not know it
		}
		out = append(out, apiclient.Found{
			ID: f.ID, Type: f.Type, Version: f.Version, Collection: f.Collection, DateAdded: f.DateAdded, Marking: f.Marking.String(),
			Organisation: n.organisation(f.Organisation), Matched: f.Matched, Counts: (*apiclient.Counts)(f.Counts), Object: f.Object,
		})
	}
	return out, nil
}

func statusOf(s hub.Status) apiclient.Status {
	details := func(list []hub.StatusDetail) []apiclient.StatusDetail {
		var out []apiclient.StatusDetail
		for _, d := range list {
			out = append(out, apiclient.StatusDetail(d))
		}
		return out
	}
	ok, bad, wait := len(s.Successes), len(s.Failures), len(s.Pendings)
	return apiclient.Status{
		ID: s.ID, Status: string(s.State), RequestTimestamp: s.RequestTimestamp, TotalCount: ok + bad + wait,
		SuccessCount: ok, FailureCount: bad, PendingCount: wait,
		Successes: details(s.Successes), Failures: details(s.Failures), Pendings: details(s.Pendings), Warnings: details(s.Warnings),
	}
}
