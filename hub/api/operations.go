package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/audit"
)

type auditInput struct {
	Since  time.Time `query:"since"`
	Until  time.Time `query:"until"`
	Actor  string    `query:"actor" maxLength:"256" doc:"Id of who did it."`
	Action string    `query:"action" maxLength:"64" doc:"An action, or with a dot at its end all that begin so: key."`
	Object string    `query:"object" maxLength:"512" doc:"Id of what it was done to."`
	Before uint64    `query:"before" doc:"next of the page before."`
	Limit  int       `query:"limit" minimum:"0" maximum:"1000" doc:"0 or absent: 100."`
}

func (s *server) operations() {
	tags := []string{"Hub"}
	op(s, huma.Operation{OperationID: "setup", Method: http.MethodPost, Path: "/setup", Tags: tags, Security: open(), Summary: "Set a new hub up", DefaultStatus: http.StatusCreated},
		s.setup)
	op(s, huma.Operation{OperationID: "setup-link", Method: http.MethodPost, Path: "/setup/link", Tags: tags, Summary: "Make a one-time link to set the hub up", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, _ *none) (*body[apiclient.SetupLink], error) {
			c := caller(ctx)
			if c.Kind != hub.CallerLocal {
				return nil, onlyLocal()
			}
			got, err := s.Hub.Setup(ctx, hub.SetupRequest{Link: true, From: c.From, Request: c.Request})
			return &body[apiclient.SetupLink]{apiclient.SetupLink{Token: got.Token, Expires: got.Expires}}, err
		})
	op(s, huma.Operation{OperationID: "settings", Method: http.MethodGet, Path: "/settings", Tags: tags, Security: open(), Summary: "What the hub says of itself"},
		func(ctx context.Context, _ *none) (*body[apiclient.Settings], error) {
			got, err := s.Hub.Settings(ctx)
			return &body[apiclient.Settings]{apiclient.Settings{Title: got.Title, Description: got.Description}}, err
		})
	op(s, huma.Operation{OperationID: "change-settings", Method: http.MethodPatch, Path: "/settings", Tags: tags, Summary: "Change what the hub says of itself"},
		func(ctx context.Context, in *body[apiclient.SettingsEdit]) (*body[apiclient.Settings], error) {
			got, err := s.Hub.UpdateSettings(ctx, caller(ctx), in.Body.Title, in.Body.Description)
			return &body[apiclient.Settings]{apiclient.Settings{Title: got.Title, Description: got.Description}}, err
		})
	op(s, huma.Operation{OperationID: "audit", Method: http.MethodGet, Path: "/audit", Tags: tags, Summary: "Read the audit log"}, s.auditLog)
	op(s, huma.Operation{OperationID: "verify-audit", Method: http.MethodGet, Path: "/audit/verify", Tags: tags, Summary: "Check that the audit log is as it was written"}, s.verifyAudit)
	op(s, huma.Operation{OperationID: "export-audit", Method: http.MethodPost, Path: "/audit/export", Tags: tags, Summary: "Export the audit log as lines of JSON", Responses: streams("application/x-ndjson")},
		s.stream("application/x-ndjson", func(ctx context.Context, c *hub.Caller, w io.Writer) error { return s.Hub.ExportAudit(ctx, c, w) }))
	op(s, huma.Operation{
		OperationID: "backup", Method: http.MethodPost, Path: "/backup", Tags: tags, Summary: "Back everything up",
		Description: "For the local administrator. The last bytes tell whether it is whole.", Responses: streams("application/octet-stream"),
	}, s.stream("application/octet-stream", func(ctx context.Context, c *hub.Caller, w io.Writer) error {
		return s.Hub.Backup(ctx, c, func() error { return s.Config.Backup(ctx, w) })
	}))
}

func onlyLocal() error {
	return &hub.Error{Code: hub.Forbidden, Message: "only on the hub's own machine, with --data"}
}

func (s *server) setup(ctx context.Context, in *body[apiclient.SetupRequest]) (*body[apiclient.SetupResult], error) {
	c, b := caller(ctx), in.Body
	q := hub.SetupRequest{
		Title: b.Title, Operator: hub.Organisation{Handle: b.Handle, Name: b.Organisation}, Name: b.Name, Email: b.Email, From: c.From, Request: c.Request,
	}
	var got hub.SetupResult
	var err error
	switch {
	case b.Token != "":
		got, err = s.Hub.FinishSetup(ctx, b.Token, q)
	case c.Kind == hub.CallerLocal:
		got, err = s.Hub.Setup(ctx, q)
	default:
		err = onlyLocal()
	}
	if err != nil {
		return nil, err
	}
	n := &names{handles: map[string]string{got.Operator.ID: got.Operator.Handle}, emails: map[string]string{got.Person.ID: got.Person.Email}}
	return &body[apiclient.SetupResult]{apiclient.SetupResult{
		Organisation: n.toOrganisation(got.Operator), Person: n.toPerson(got.Person), Key: apiclient.MadeKey{Key: n.toKey(got.Key), Secret: got.Token},
	}}, nil
}

func (s *server) auditLog(ctx context.Context, in *auditInput) (*body[apiclient.AuditPage], error) {
	limit := in.Limit
	if limit == 0 {
		limit = 100
	}
	page, err := s.Hub.AuditLog(ctx, caller(ctx), audit.Filter{
		Since: in.Since, Until: in.Until, Actor: in.Actor, Action: in.Action, Object: in.Object, Before: in.Before, Limit: limit,
	})
	out := apiclient.AuditPage{Items: []apiclient.AuditEntry{}, Next: page.Next}
	for _, e := range page.Entries {
		out.Items = append(out.Items, apiclient.AuditEntry{
			Seq: e.Seq, Time: e.Time, ActorKind: string(e.Actor.Kind), ActorID: e.Actor.ID, ActorName: e.Actor.Name, Key: e.Key, From: e.From,
			Request: e.Request, Action: e.Action, Object: e.Object, Detail: e.Detail, Hash: e.Hash,
		})
	}
	return &body[apiclient.AuditPage]{out}, err
}

func (s *server) verifyAudit(ctx context.Context, in *struct {
	Noted string `query:"noted" maxLength:"100" doc:"SEQ:HASH of an entry, as it was noted elsewhere."`
}) (*body[apiclient.AuditState], error) {
	var noted *audit.Anchor
	if in.Noted != "" {
		a, err := audit.ParseAnchor(in.Noted)
		if err != nil {
			return nil, &hub.Error{Code: hub.Invalid, Message: "noted: " + err.Error()}
		}
		noted = &a
	}
	got, err := s.Hub.VerifyAudit(ctx, caller(ctx), noted)
	if broken, ok := errors.AsType[*audit.BrokenError](err); ok {
		return &body[apiclient.AuditState]{apiclient.AuditState{Broken: broken.Seq, Why: broken.Why}}, nil
	}
	return &body[apiclient.AuditState]{apiclient.AuditState{Sound: err == nil, Entries: got.Count, Head: got.Head.String()}}, err
}

// streams describes an answer of stream.
func streams(kind string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
}

// streamTime is how long a reader may take for a part of a stream.
const streamTime = time.Minute

// stream is an operation whose answer is written as it is made. Once it has
// begun an error can only cut it off.
func (s *server) stream(kind string, write func(context.Context, *hub.Caller, io.Writer) error) func(context.Context, *none) (*huma.StreamResponse, error) {
	return func(ctx context.Context, _ *none) (*huma.StreamResponse, error) {
		c := caller(ctx)
		return &huma.StreamResponse{Body: func(h huma.Context) {
			_, w := humago.Unwrap(h)
			sw := &streamed{w: w, control: http.NewResponseController(w), kind: kind}
			if err := write(ctx, c, sw); err != nil {
				if sw.begun {
					s.Log.Error("a stream was cut off", "request", c.Request, "error", err)
					// Nothing more can be sent, not even that this was the end: whoever reads
					// sees a connection that broke off.
					_ = sw.control.SetWriteDeadline(time.Unix(1, 0)) // the reader is gone where it fails
					return
				}
				problem := s.problem(ctx, err)
				status := http.StatusInternalServerError
				if e, ok := errors.AsType[huma.StatusError](problem); ok {
					status = e.GetStatus()
				}
				_ = huma.WriteErr(s.api, h, status, problem.Error()) // nobody is left to tell
			}
		}}, nil
	}
}

// streamed gives each part of a stream its own deadline.
type streamed struct {
	w       http.ResponseWriter
	control *http.ResponseController
	kind    string
	begun   bool
}

func (s *streamed) Write(b []byte) (int, error) {
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", s.kind)
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(streamTime)) // a pipe has none
	return s.w.Write(b)
}
