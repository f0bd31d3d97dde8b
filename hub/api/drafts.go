package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// maxAdvisory bounds the body of a request that brings an advisory, in bytes: the
// text of the largest file, escaped.
const maxAdvisory = 4 << 20

type draftInput struct {
	AdvisoryPath
	Body apiclient.DraftEdit
}

type stepInput struct {
	AdvisoryPath
	Body apiclient.Step
}

func (s *server) drafts() {
	tags := []string{"Advisories at work"}
	op(s, huma.Operation{
		OperationID: "drafts", Method: http.MethodGet, Path: "/drafts", Tags: tags, Summary: "List the records of advisories",
		Description: "For analysts: what is at work and what is published, last worked on first.",
	}, s.listDrafts)
	op(s, huma.Operation{
		OperationID: "create-draft", Method: http.MethodPost, Path: "/drafts", Tags: tags, Summary: "Begin an advisory", DefaultStatus: http.StatusCreated,
		MaxBodyBytes: maxAdvisory,
	}, func(ctx context.Context, in *body[apiclient.DraftEdit]) (*body[apiclient.Draft], error) {
		return s.draft(ctx, func(c *advisories.Caller) (advisories.Record, error) {
			a, err := readAdvisory(in.Body.YAML)
			if err != nil {
				return advisories.Record{}, err
			}
			return s.Advisories.Create(ctx, c, a)
		})
	})
	op(s, huma.Operation{OperationID: "draft", Method: http.MethodGet, Path: "/drafts/{id}", Tags: tags, Summary: "Get the record of an advisory"},
		func(ctx context.Context, in *AdvisoryPath) (*body[apiclient.Draft], error) {
			return s.draft(ctx, func(c *advisories.Caller) (advisories.Record, error) { return s.Advisories.Get(ctx, c, in.ID) })
		})
	op(s, huma.Operation{
		OperationID: "edit-draft", Method: http.MethodPatch, Path: "/drafts/{id}", Tags: tags, Summary: "Change an advisory, or begin its next revision",
		Description:  "If somebody else was faster the answer is 409, with both texts in errors, as yours and theirs.",
		MaxBodyBytes: maxAdvisory,
	}, func(ctx context.Context, in *draftInput) (*body[apiclient.Draft], error) {
		return s.draft(ctx, func(c *advisories.Caller) (advisories.Record, error) {
			a, err := readAdvisory(in.Body.YAML)
			if err != nil {
				return advisories.Record{}, err
			}
			return s.Advisories.Edit(ctx, c, in.ID, in.Body.Version, a)
		})
	})
	op(s, huma.Operation{
		OperationID: "discard-draft", Method: http.MethodDelete, Path: "/drafts/{id}", Tags: tags, Summary: "Throw away what is at work", Description: "What is published stays.",
	}, func(ctx context.Context, in *struct {
		AdvisoryPath
		Version int `query:"version" minimum:"1" required:"true" doc:"Of the record."`
	}) (*none, error) {
		return &none{}, s.Advisories.Discard(ctx, AdvisoryCaller(caller(ctx)), in.ID, in.Version)
	})
	op(s, huma.Operation{
		OperationID: "preview-draft", Method: http.MethodGet, Path: "/drafts/{id}/preview", Tags: tags, Summary: "See what is at work in a form",
		Responses: streams("application/octet-stream"),
	}, s.preview)
	op(s, huma.Operation{
		OperationID: "lint-advisory", Method: http.MethodPost, Path: "/drafts/lint", Tags: tags, Summary: "Check an advisory", Description: "For analysts. Nothing is kept.",
		MaxBodyBytes: maxAdvisory,
	}, func(ctx context.Context, in *body[apiclient.DraftEdit]) (*body[apiclient.List[apiclient.LintProblem]], error) {
		c := AdvisoryCaller(caller(ctx))
		a, problems, err := advisories.ReadYAML([]byte(in.Body.YAML))
		if len(problems) == 0 && err == nil || !c.Analyst {
			problems, err = s.Advisories.Check(ctx, c, a)
		} else if len(problems) > 0 {
			err = nil // they are the answer
		}
		return &body[apiclient.List[apiclient.LintProblem]]{apiclient.List[apiclient.LintProblem]{Items: toProblems(problems)}}, err
	})
	for _, step := range s.steps() {
		op(s, huma.Operation{
			OperationID: step.name + "-draft", Method: http.MethodPost, Path: "/drafts/{id}/" + step.name, Tags: tags, Summary: step.summary, Description: step.about,
		}, func(ctx context.Context, in *stepInput) (*body[apiclient.Draft], error) {
			return s.draft(ctx, func(c *advisories.Caller) (advisories.Record, error) {
				summary, err := fromTexts(in.Body.Summary)
				if err != nil {
					return advisories.Record{}, err
				}
				return step.do(ctx, c, in.ID, &in.Body, summary)
			})
		})
	}
}

// step is one of the workflow.
type step struct {
	name, summary, about string
	do                   func(ctx context.Context, c *advisories.Caller, id string, in *apiclient.Step, summary advisories.Texts) (advisories.Record, error)
}

func (s *server) steps() []step {
	type (
		C = context.Context
		A = advisories.Caller
		I = apiclient.Step
		T = advisories.Texts
		R = advisories.Record
	)
	a := s.Advisories
	return []step{
		{"submit", "Hand a draft in for review", "With a summary of what is new in it.", func(ctx C, c *A, id string, in *I, summary T) (R, error) {
			return a.Submit(ctx, c, id, in.Version, advisories.Submission{Summary: summary, Interim: in.Interim})
		}},
		{"approve", "Approve what is in review", "With the key of a person who has not worked on it.", func(ctx C, c *A, id string, in *I, _ T) (R, error) {
			return a.Approve(ctx, c, id, in.Version)
		}},
		{"reject", "Send what is in review back", "With a reason.", func(ctx C, c *A, id string, in *I, _ T) (R, error) {
			return a.Reject(ctx, c, id, in.Version, in.Reason)
		}},
		{"publish", "Publish what is approved, now or at a time", "", func(ctx C, c *A, id string, in *I, _ T) (R, error) {
			return a.Publish(ctx, c, id, in.Version, in.At)
		}},
		{"unschedule", "Take a planned publication back", "", func(ctx C, c *A, id string, in *I, _ T) (R, error) {
			return a.Unschedule(ctx, c, id, in.Version)
		}},
		{"withdraw", "Ask for an advisory to be withdrawn", "A second person approves it, and then it is published.", func(ctx C, c *A, id string, in *I, summary T) (R, error) {
			return a.Withdraw(ctx, c, id, in.Version, summary)
		}},
		{"supersede", "Say that another advisory takes the place of this one", "A second person approves it, and then it is published.", func(ctx C, c *A, id string, in *I, summary T) (R, error) {
			return a.Supersede(ctx, c, id, in.Version, in.By, summary)
		}},
	}
}

// writes is the error for whoever may not work on advisories.
func writes(c *advisories.Caller) error {
	if c.Analyst {
		return nil
	}
	return &advisories.Error{Code: advisories.Forbidden, Message: "advisories are written by the hub's analysts, with a key that is for all of the hub"}
}

// readAdvisory reads a file; the error has what is wrong with it as problems.
func readAdvisory(text string) (advisories.Advisory, error) {
	a, _, err := advisories.ReadYAML([]byte(text))
	return a, err
}

func (s *server) listDrafts(ctx context.Context, in *AdvisoryQuery) (*body[apiclient.List[apiclient.Draft]], error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	c := caller(ctx)
	page, err := s.Advisories.Records(ctx, AdvisoryCaller(c), f)
	if err != nil {
		return nil, err
	}
	n, err := s.names(ctx, c)
	out := apiclient.List[apiclient.Draft]{Items: []apiclient.Draft{}, Next: page.Next}
	for i := range page.Items {
		out.Items = append(out.Items, n.toDraft(&page.Items[i]))
	}
	return &body[apiclient.List[apiclient.Draft]]{out}, err
}

// draft does something to a record and shows what it is then.
func (s *server) draft(ctx context.Context, do func(*advisories.Caller) (advisories.Record, error)) (*body[apiclient.Draft], error) {
	c := caller(ctx)
	a := AdvisoryCaller(c)
	if err := writes(a); err != nil { // before anything is said of what they sent
		return nil, err
	}
	r, err := do(a)
	if err != nil {
		return nil, err
	}
	n, err := s.names(ctx, c)
	if err != nil {
		return nil, err
	}
	out, text := n.toDraft(&r), r.Text()
	file, err := advisories.WriteYAML(text)
	if err == nil {
		out.YAML = string(file)
		out.Advisory, err = json.Marshal(text)
	}
	out.Problems = toProblems(advisories.Lint(text))
	return &body[apiclient.Draft]{out}, err
}

func (n *names) toDraft(r *advisories.Record) apiclient.Draft {
	p := advisories.Publication{Tracking: r.Tracking, Advisory: r.Text()}
	p.Tracking.ID, p.Tracking.State = r.ID, r.State
	out := apiclient.Draft{Record: r.UUID, Version: r.Version, Changed: r.Updated}
	if w := r.Work; w != nil {
		out.Working, out.Action, out.Authors, out.Approver = string(w.State), string(w.Action), each(w.Authors, n.person), n.person(w.Approver)
		out.PublishAt, out.Rejected, out.Trouble, out.Reason = w.PublishAt, w.Rejected, w.Trouble, toTexts(w.Summary)
		if r.State == "" {
			p.Tracking.State = w.State
		}
	}
	out.AdvisorySummary = toSummary(&p)
	return out
}

func toProblems(list []advisories.Problem) []apiclient.LintProblem {
	out := []apiclient.LintProblem{}
	for _, p := range list {
		out = append(out, apiclient.LintProblem(p))
	}
	return out
}

// preview shows what is at work as it would be published now.
func (s *server) preview(ctx context.Context, in *struct {
	AdvisoryPath
	Format string `query:"format" enum:"csaf,stix,osv,html,text,markdown,mail,yaml" default:"html"`
	Lang   string `query:"lang" enum:"en,zh-Hant,zh-Hans" default:"en"`
}) (*contentOutput, error) {
	p, err := s.Advisories.Preview(ctx, AdvisoryCaller(caller(ctx)), in.ID)
	if err != nil {
		return nil, err
	}
	return s.form(&p, in.Format, in.Lang)
}
