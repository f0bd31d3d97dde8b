package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// maxInventory bounds the body of a request that brings an inventory, in bytes.
const maxInventory = 6 << 20

// maxComponents is how many components are looked up at once.
const maxComponents = 50_000

func (s *server) matching() {
	op(s, huma.Operation{
		OperationID: "match-advisories", Method: http.MethodPost, Path: "/advisories/match", Tags: []string{"Advisories"}, Security: open(), MaxBodyBytes: maxInventory,
		Summary:     "Look an inventory up",
		Description: "Which advisories concern these components, of those that the caller may read. A stranger's question is answered by TLP:CLEAR alone. With an asset, the components are kept as that asset's, and what concerns it as its exposures: by what the organisation may read without one of its people.",
	}, s.match)
}

func (s *server) match(ctx context.Context, in *body[apiclient.MatchRequest]) (*body[apiclient.MatchResult], error) {
	b := in.Body
	components := make([]advisories.Component, 0, len(b.Components))
	for _, x := range b.Components {
		components = append(components, advisories.Component(x))
	}
	out := apiclient.MatchResult{Matches: []apiclient.Match{}}
	if b.Document != "" {
		read, warnings, err := s.Forms.Inventory([]byte(b.Document), b.Name)
		if err != nil {
			return nil, err
		}
		components, out.Warnings = append(components, read...), warnings
	}
	if len(components) > maxComponents {
		return nil, &hub.Error{Code: hub.TooLarge, Message: "the inventory has more than 50000 components: send it in parts"}
	}
	c := caller(ctx)
	if b.Asset != "" {
		if err := s.record(ctx, c, &b, components); err != nil {
			return nil, err
		}
		out.Recorded = true
	}
	out.Components = len(components)
	matches, err := s.Forms.Match(ctx, c.AdvisoryReader(), components)
	if err != nil {
		return nil, err
	}
	for _, m := range matches {
		if m.State == advisories.MatchNotAffected && !b.All {
			continue
		}
		found, err := s.toMatch(ctx, c, &m)
		if advisories.CodeOf(err) == advisories.NotFound {
			continue // it was withdrawn meanwhile
		}
		if err != nil {
			return nil, err
		}
		out.Matches = append(out.Matches, found)
	}
	return &body[apiclient.MatchResult]{out}, nil
}

// record keeps components as those of an asset of the caller's organisation.
func (s *server) record(ctx context.Context, c *hub.Caller, b *apiclient.MatchRequest, components []advisories.Component) error {
	asset, err := s.Hub.Asset(ctx, c, "", b.Asset)
	if err != nil {
		return err
	}
	inv := advisories.Inventory{Organisation: asset.Organisation, Asset: asset.ID, Name: asset.Name, How: advisories.ByScan, Source: b.Scan, Components: components}
	if b.Scan == "" {
		inv.How, inv.Source = advisories.ByInventory, cmp.Or(b.Name, asset.Name)
	}
	_, err = s.Exposures.Record(ctx, AdvisoryCaller(c), inv)
	return err
}

func (s *server) toMatch(ctx context.Context, c *hub.Caller, m *advisories.Match) (apiclient.Match, error) {
	p, from, err := s.publication(ctx, AdvisoryCaller(c), m.Ref, 0)
	if err != nil {
		return apiclient.Match{}, err
	}
	out := ToMatch(m, &p)
	out.Library = from
	return out, nil
}

// ToMatch is a match as it is told, with the publication that it is of.
func ToMatch(m *advisories.Match, p *advisories.Publication) apiclient.Match {
	return apiclient.Match{
		AdvisorySummary: toSummary(p), Component: apiclient.Component(m.Component), State: string(m.State), Reason: m.Reason, Params: m.Params,
		Vulnerabilities: m.Vulnerabilities, Remedies: toTexts(p.Advisory.RemedyText(m.Product)),
	}
}
