package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

type importInput struct {
	Mode string `query:"mode" enum:"library,draft" default:"library" doc:"Kept as it is, to be read and matched, or a draft of the hub's own."`
	From string `query:"from" maxLength:"2000" doc:"Where the document comes from: a URL."`
	TLP  string `query:"tlp" maxLength:"20" doc:"Label of a document that says none itself; without it such a document is refused."`
	Body struct {
		Document string `json:"document" maxLength:"15728640" doc:"CSAF 2.0 or OSV, as it was received."`
	}
}

func (s *server) library() {
	tags := []string{"Library"}
	op(s, huma.Operation{
		OperationID: "library", Method: http.MethodGet, Path: "/library", Tags: tags, Security: open(), Summary: "List what others published",
		Description: "Advisories of others as they were imported, newest first. They are read-only.",
	}, func(ctx context.Context, in *AdvisoryQuery) (*body[apiclient.List[apiclient.AdvisorySummary]], error) {
		f, err := in.filter()
		if err != nil {
			return nil, err
		}
		page, err := s.Advisories.Library(ctx, AdvisoryCaller(caller(ctx)), f)
		if err != nil {
			return nil, err
		}
		out := apiclient.List[apiclient.AdvisorySummary]{Items: []apiclient.AdvisorySummary{}, Next: page.Next}
		for i := range page.Items {
			item := toSummary(&page.Items[i].Publication)
			item.Library = toProvenance(&page.Items[i])
			out.Items = append(out.Items, item)
		}
		return &body[apiclient.List[apiclient.AdvisorySummary]]{out}, nil
	})
	op(s, huma.Operation{
		OperationID: "import-advisory", Method: http.MethodPost, Path: "/library", Tags: tags, Summary: "Import an advisory of others",
		Description: "For analysts.", MaxBodyBytes: maxImport,
	}, s.importAdvisory)
}

// maxImport bounds the body of an import, in bytes: the largest document, escaped.
const maxImport = 20 << 20

func (s *server) importAdvisory(ctx context.Context, in *importInput) (*body[apiclient.Imported], error) {
	c := AdvisoryCaller(caller(ctx))
	if err := writes(c); err != nil { // before anything of it is read
		return nil, err
	}
	raw := []byte(in.Body.Document)
	p, problems, err := s.Forms.Import(raw)
	if err != nil {
		return nil, err
	}
	for _, x := range problems {
		if !x.Warning {
			return nil, &advisories.Error{Code: advisories.Invalid, Message: "the document is not valid as it is", Problems: problems}
		}
	}
	if p.Advisory.TLP == "" && in.TLP != "" {
		if p.Advisory.TLP, err = tlp.Parse(in.TLP); err != nil {
			return nil, &hub.Error{Code: hub.Invalid, Message: "tlp: " + err.Error()}
		}
	}
	from := advisories.Source{ID: "import", Kind: "csaf", URL: in.From, Fetched: s.Now().UTC(), Verified: "none"}
	out := apiclient.Imported{Problems: toProblems(problems)}
	if in.Mode == "draft" {
		r, err := s.Advisories.ImportDraft(ctx, c, p, from)
		out.ID, out.Outcome = r.UUID, string(advisories.ImportAdded)
		return &body[apiclient.Imported]{out}, err
	}
	done, err := s.Advisories.PutLibrary(ctx, c, []advisories.Import{{Publication: p, Source: from, MediaType: "application/json", Raw: raw}})
	if err != nil {
		return nil, err
	}
	out.ID, out.Ref, out.Outcome, out.Reason = done[0].ID, done[0].Ref, string(done[0].Outcome), done[0].Reason
	return &body[apiclient.Imported]{out}, nil
}

func toProvenance(e *advisories.Entry) *apiclient.Provenance {
	return &apiclient.Provenance{Source: e.Source.ID, URL: e.Source.URL, Fetched: e.Source.Fetched, Verified: e.Source.Verified, Ref: e.Ref}
}
