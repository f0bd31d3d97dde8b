package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// maxInventory bounds the body of a request that brings an inventory, in bytes.
const maxInventory = 6 << 20

// maxComponents is how many components are looked up at once.
const maxComponents = 50_000

// maxMatched bounds what is answered about them, in bytes.
const maxMatched = 32 << 20

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
	unread := 0
	if b.Document != "" {
		read, left, warnings, err := s.Forms.Inventory([]byte(b.Document), b.Name)
		if err != nil {
			return nil, err
		}
		components, unread, out.Warnings = append(components, read...), left, warnings
	}
	if len(components) > maxComponents {
		return nil, &hub.Error{Code: hub.TooLarge, Message: "the inventory has more than 50000 components: send it in parts"}
	}
	c := caller(ctx)
	if b.Asset != "" {
		if err := s.record(ctx, c, &b, components, unread > 0); err != nil {
			return nil, err
		}
		out.Recorded = true
	}
	out.Components = len(components)
	matches, left, err := s.Forms.Match(ctx, c.AdvisoryReader(), components, b.All)
	if err != nil {
		return nil, err
	}
	if left > 0 {
		out.Components -= left
		out.Warnings = append(out.Warnings, fmt.Sprintf("the last %d components were not looked up, since so much was found: send the inventory in parts", left))
	}
	all, err := s.toMatches(ctx, c, matches)
	if err != nil {
		return nil, err
	}
	size := 0
	for i := range all {
		if size += all[i].size; size > maxMatched {
			out.Warnings = append(out.Warnings, fmt.Sprintf("these are the first %d of %d matches: send the inventory in parts for the others", i, len(all)))
			break
		}
		out.Matches = append(out.Matches, all[i].Match)
	}
	return &body[apiclient.MatchResult]{out}, nil
}

// record keeps components as those of an asset of the caller's organisation; partial
// says that it has more, which could not be read.
func (s *server) record(ctx context.Context, c *hub.Caller, b *apiclient.MatchRequest, components []advisories.Component, partial bool) error {
	asset, err := s.Hub.Asset(ctx, c, "", b.Asset)
	if err != nil {
		return err
	}
	inv := advisories.Inventory{Organisation: asset.Organisation, Asset: asset.ID, Name: asset.Name, How: advisories.ByScan, Source: b.Scan, Components: components, Partial: partial}
	if b.Scan == "" {
		inv.How, inv.Source = advisories.ByInventory, cmp.Or(b.Name, asset.Name)
	}
	_, err = s.Exposures.Record(ctx, AdvisoryCaller(c), inv)
	return err
}

// sizedMatch is a match as it is told, and about how many bytes that takes.
type sizedMatch struct {
	apiclient.Match
	size int
}

// toMatches are matches as they are told, in their order. Each advisory is read once,
// however many components it concerns.
func (s *server) toMatches(ctx context.Context, c *hub.Caller, matches []advisories.Match) ([]sizedMatch, error) {
	all := make([]sizedMatch, len(matches))
	places := map[string][]int{}
	for i := range matches {
		places[matches[i].Ref] = append(places[matches[i].Ref], i)
	}
	for ref, at := range places {
		p, from, err := s.publication(ctx, AdvisoryCaller(c), ref, 0)
		if advisories.CodeOf(err) == advisories.NotFound {
			continue // it was withdrawn meanwhile
		}
		if err != nil {
			return nil, err
		}
		summary := toSummary(&p)
		summary.Library = from
		text, err := json.Marshal(summary)
		if err != nil {
			return nil, err
		}
		remedies := map[string]map[string]string{} // by product
		for _, i := range at {
			m := &matches[i]
			if remedies[m.Product] == nil {
				remedies[m.Product] = toTexts(p.Advisory.RemedyText(m.Product))
			}
			all[i] = sizedMatch{toMatch(m, summary, remedies[m.Product]), len(text) + 500}
			for _, remedy := range remedies[m.Product] {
				all[i].size += len(remedy)
			}
		}
	}
	return slices.DeleteFunc(all, func(m sizedMatch) bool { return m.size == 0 }), nil
}

// ToMatch is a match as it is told, with the publication that it is of.
func ToMatch(m *advisories.Match, p *advisories.Publication) apiclient.Match {
	return toMatch(m, toSummary(p), toTexts(p.Advisory.RemedyText(m.Product)))
}

func toMatch(m *advisories.Match, summary apiclient.AdvisorySummary, remedies map[string]string) apiclient.Match {
	return apiclient.Match{
		AdvisorySummary: summary, Component: apiclient.Component(m.Component), State: string(m.State), Reason: m.Reason, Params: m.Params,
		Vulnerabilities: m.Vulnerabilities, Remedies: remedies,
	}
}
