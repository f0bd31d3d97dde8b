package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

func (s *server) exposures() {
	tags := []string{"Exposures"}
	op(s, huma.Operation{
		OperationID: "exposures", Method: http.MethodGet, Path: "/exposures", Tags: tags, Summary: "List what the caller's organisation is exposed to",
		Description: "Which components of its assets an advisory concerns: those that are open, or with all also those that were fixed. A page may be short and yet have a next one.",
	}, s.listExposures)
	op(s, huma.Operation{
		OperationID: "concerned-organisations", Method: http.MethodGet, Path: "/advisories/{id}/exposures", Tags: tags, Summary: "Which organisations an advisory concerns",
		Description: "For analysts: who is exposed, was told, has acknowledged it, and what was fixed; in numbers, without what the organisations have.",
	}, s.concerned)
	op(s, huma.Operation{
		OperationID: "acknowledge-advisory", Method: http.MethodPost, Path: "/advisories/{id}/acknowledge", Tags: tags, Summary: "Say that the organisation has read an advisory",
		Description: "For its members, where one of its assets is exposed.",
	}, func(ctx context.Context, in *struct {
		AdvisoryPath
		Body apiclient.Acknowledgement
	}) (*body[apiclient.Acknowledged], error) {
		n, err := s.Exposures.Acknowledge(ctx, AdvisoryCaller(caller(ctx)), in.ID, in.Body.Note)
		return &body[apiclient.Acknowledged]{apiclient.Acknowledged{Exposures: n}}, err
	})
}

func (s *server) listExposures(ctx context.Context, in *struct {
	Advisory string `query:"advisory" maxLength:"100" doc:"Only those of this advisory."`
	Asset    string `query:"asset" maxLength:"300" doc:"Only those of this asset: id or name."`
	All      bool   `query:"all" doc:"Also those that are closed."`
	Cursor   string `query:"cursor" maxLength:"500"`
	Limit    int    `query:"limit" minimum:"0" maximum:"500"`
}) (*body[apiclient.List[apiclient.Exposure]], error) {
	c := caller(ctx)
	page, err := s.Exposures.Exposures(ctx, AdvisoryCaller(c), advisories.ExposureFilter{Advisory: in.Advisory, Asset: in.Asset, All: in.All, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	n, err := s.names(ctx, c)
	out := apiclient.List[apiclient.Exposure]{Items: []apiclient.Exposure{}, Next: page.Next}
	for i := range page.Items {
		out.Items = append(out.Items, n.toExposure(&page.Items[i]))
	}
	return &body[apiclient.List[apiclient.Exposure]]{out}, err
}

func (s *server) concerned(ctx context.Context, in *AdvisoryPath) (*body[apiclient.List[apiclient.ConcernedOrganisation]], error) {
	c := caller(ctx)
	all, err := s.Exposures.Concerned(ctx, AdvisoryCaller(c), in.ID)
	if err != nil {
		return nil, err
	}
	n, err := s.names(ctx, c)
	out := apiclient.List[apiclient.ConcernedOrganisation]{Items: []apiclient.ConcernedOrganisation{}}
	for _, o := range all {
		out.Items = append(out.Items, apiclient.ConcernedOrganisation{
			Organisation: n.organisation(o.Organisation), Assets: o.Assets, Affected: o.Affected, Possible: o.Possible, Told: o.Told, Acknowledged: o.Acknowledged,
			Fixed: o.Fixed, Closed: o.Closed, Found: o.Found, LastTold: o.LastTold, LastAck: o.LastAck, LastFixed: o.LastSeen,
		})
	}
	return &body[apiclient.List[apiclient.ConcernedOrganisation]]{out}, err
}

func (n *names) toExposure(e *advisories.Exposure) apiclient.Exposure {
	out := apiclient.Exposure{
		ID: e.ID, Advisory: e.TrackingID, Organisation: n.organisation(e.Organisation), Asset: e.AssetName, AssetID: e.Asset, Revision: e.Revision,
		Component: componentName(&e.Component), Version: e.Component.Version, State: string(e.State), Reason: e.Reason, Params: e.Params, Vulnerabilities: e.Vulnerabilities,
		Found: e.Found, Acknowledged: e.Acknowledged.Time, Note: e.Acknowledged.Note, Resolved: e.Resolved.Time, How: string(e.Resolved.How), Verified: e.Resolved.By,
	}
	if e.Acknowledged.By != "" {
		out.By = n.person(n.organisation(e.Acknowledged.By))
	}
	if last := len(e.Told) - 1; last >= 0 {
		out.Told = e.Told[last].Time
	}
	return out
}

func componentName(c *advisories.Component) string {
	for _, name := range []string{c.Name, c.PURL, c.CPE} {
		if name != "" {
			return name
		}
	}
	return ""
}
