package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// Sources looks after where others' advisories are fetched from. Its methods check
// the caller's rights.
type Sources interface {
	List(context.Context, *advisories.Caller) ([]apiclient.AdvisorySource, error)
	Add(context.Context, *advisories.Caller, apiclient.NewAdvisorySource) (apiclient.AdvisorySource, error)
	Pause(ctx context.Context, c *advisories.Caller, id string, paused bool) (apiclient.AdvisorySource, error)
	Remove(ctx context.Context, c *advisories.Caller, id string) error
	Run(ctx context.Context, c *advisories.Caller, id string) (apiclient.AdvisorySource, error)
}

// SourcePath names one source.
type SourcePath struct {
	ID string `path:"id" maxLength:"60"`
}

func (s *server) sources() {
	tags := []string{"Library"}
	op(s, huma.Operation{
		OperationID: "advisory-sources", Method: http.MethodGet, Path: "/advisory-sources", Tags: tags, Summary: "List the sources of others' advisories",
		Description: "For analysts, with how each is doing and what was refused.",
	}, func(ctx context.Context, _ *none) (*body[apiclient.List[apiclient.AdvisorySource]], error) {
		got, err := s.Sources.List(ctx, AdvisoryCaller(caller(ctx)))
		return &body[apiclient.List[apiclient.AdvisorySource]]{apiclient.List[apiclient.AdvisorySource]{Items: got}}, err
	})
	op(s, huma.Operation{
		OperationID: "add-advisory-source", Method: http.MethodPost, Path: "/advisory-sources", Tags: tags, Summary: "Add a source", DefaultStatus: http.StatusCreated,
		Description: "For hub administrators: a CSAF provider or aggregator, CISA's KEV, FIRST's EPSS, OSV, or bulletins as RSS or Atom.",
	}, func(ctx context.Context, in *body[apiclient.NewAdvisorySource]) (*body[apiclient.AdvisorySource], error) {
		got, err := s.Sources.Add(ctx, AdvisoryCaller(caller(ctx)), in.Body)
		return &body[apiclient.AdvisorySource]{got}, err
	})
	op(s, huma.Operation{
		OperationID: "change-advisory-source", Method: http.MethodPatch, Path: "/advisory-sources/{id}", Tags: tags, Summary: "Pause a source, or let it go on",
	}, func(ctx context.Context, in *struct {
		SourcePath
		Body struct {
			Paused bool `json:"paused"`
		}
	}) (*body[apiclient.AdvisorySource], error) {
		got, err := s.Sources.Pause(ctx, AdvisoryCaller(caller(ctx)), in.ID, in.Body.Paused)
		return &body[apiclient.AdvisorySource]{got}, err
	})
	op(s, huma.Operation{
		OperationID: "remove-advisory-source", Method: http.MethodDelete, Path: "/advisory-sources/{id}", Tags: tags, Summary: "Remove a source", Description: "What came from it stays.",
	}, func(ctx context.Context, in *SourcePath) (*none, error) {
		return &none{}, s.Sources.Remove(ctx, AdvisoryCaller(caller(ctx)), in.ID)
	})
	op(s, huma.Operation{
		OperationID: "run-advisory-source", Method: http.MethodPost, Path: "/advisory-sources/{id}/run", Tags: tags, Summary: "Fetch what is new at a source now",
	}, func(ctx context.Context, in *SourcePath) (*body[apiclient.AdvisorySource], error) {
		got, err := s.Sources.Run(ctx, AdvisoryCaller(caller(ctx)), in.ID)
		return &body[apiclient.AdvisorySource]{got}, err
	})
}
