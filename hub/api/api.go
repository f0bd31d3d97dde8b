package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Config is what the API is made of.
type Config struct {
	Hub   *hub.Service
	Store store.Store // for the audit log
	Audit *audit.Log
	// Authenticate says who sends a request. An error that is a *hub.Error is
	// told to whoever asked.
	Authenticate func(*http.Request) (hub.Caller, error)
	// Backup writes a whole backup.
	Backup           func(context.Context, io.Writer) error
	MaxContentLength int64 // bytes of a submission
	// Turns bound how many submissions are in memory at once. nil: 16 of this
	// server alone.
	Turns *hub.Turns
	// Advisories and what they are turned into. nil: this hub has none.
	Advisories *advisories.Service
	Forms      Forms
	Sources    Sources
	Exposures  *advisories.Exposures
	// WebhookSecret is the secret that a subscription's messages are signed with.
	WebhookSecret func(subscription string) string
	Now           func() time.Time // nil: time.Now
	Version       string
	Log           *slog.Logger
}

// Forms is what advisories are turned into and matched with: the packages below
// advisories, of which this one imports none.
type Forms interface {
	// Render makes one of the forms stix, osv, html, text, markdown, mail and yaml of a
	// publication, with its media type.
	Render(p *advisories.Publication, format string, lang i18n.Lang) (data []byte, mediaType string, err error)
	// Fingerprint is that of the OpenPGP key that signs, PublicKey the key, armored.
	Fingerprint() string
	PublicKey() []byte
	// Export writes a line of JSON (apiclient.ProviderItem) for each published advisory
	// that a caller may read (advisories.Service.May).
	Export(ctx context.Context, c *advisories.Caller, w io.Writer) error
	// Inventory reads a document: an SBOM, a CSV file or a scan's report. name is its
	// file name or media type, "" for neither. left is how many of its components could
	// not be read.
	Inventory(document []byte, name string) (components []advisories.Component, left int, warnings []string, err error)
	// Match looks components up for a reader: what concerns or may concern them, and
	// with everything also what does not. left is how many components were not looked
	// up, the last ones, since too much was found.
	Match(ctx context.Context, reader tlp.Reader, components []advisories.Component, everything bool) (matches []advisories.Match, left int, err error)
	// Import reads a document of others: CSAF or OSV.
	Import(document []byte) (advisories.Publication, []advisories.Problem, error)
}

// server holds what the handlers need.
type server struct {
	Config
	api huma.API
}

// prefix is where the API begins. A breaking change would begin another.
const prefix = "/api/v1"

// Bounds of what is read of a request.
const (
	maxBody  = 64 << 10 // bytes, where an operation needs no more
	bodyTime = time.Minute
)

// New returns the handler of /api/v1/ and all below it.
func New(c Config) http.Handler {
	if c.Turns == nil {
		c.Turns = hub.NewTurns(0)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	mux := http.NewServeMux()
	s := &server{Config: c}
	config := huma.DefaultConfig("Infohub", c.Version)
	config.Info.Description = "The hub's API: organisations, people, keys, groups and collections; objects of STIX 2.1, their search and the feed of their changes; moderation and audit; advisories from the draft to every form of what is published. Objects are exchanged in bulk by TAXII 2.1 at /taxii2/."
	config.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	config.OpenAPIPath = prefix + "/openapi"
	config.DocsPath, config.SchemasPath = "", ""
	config.CreateHooks = nil // objects are given as they are, without a link to a schema in them
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "An API key."},
		"basic":  {Type: "http", Scheme: "basic", Description: "Any user name, with an API key as the password."},
	}
	s.api = humago.New(mux, config)
	s.api.UseMiddleware(s.authenticate)
	s.directory()
	s.collections()
	s.objects()
	s.changes()
	s.moderation()
	s.assets()
	s.operations()
	if c.Advisories != nil {
		s.advisories()
		s.drafts()
		s.matching()
		s.library()
		s.sources()
		s.exposures()
		s.advisorySubscriptions()
	}
	mux.HandleFunc(prefix+"/", func(w http.ResponseWriter, r *http.Request) { nothing(mux, w, r) })
	return mux
}

// nothing answers what no operation is for: another method of an address (405), or
// an address that is none (404).
func nothing(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != prefix+"/" {
			methods = append(methods, method)
		}
	}
	problem := huma.ErrorModel{Title: "Not Found", Status: http.StatusNotFound, Detail: "there is nothing at this address: " + prefix + "/openapi.json lists what there is"}
	if len(methods) > 0 {
		allow := strings.Join(methods, ", ")
		w.Header().Set("Allow", allow)
		problem = huma.ErrorModel{Title: "Method Not Allowed", Status: http.StatusMethodNotAllowed, Detail: "this address takes " + allow}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(problem.Status)
	_ = json.NewEncoder(w).Encode(problem) // nobody is left to tell
}

type callerKey struct{}

// authenticate puts the caller into the context.
func (s *server) authenticate(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	c, err := s.Authenticate(r)
	// Neither a stranger's body nor more large ones than there is room for are read.
	if err == nil && !c.Member() && !isOpen(ctx.Operation()) {
		err = &hub.Error{Code: hub.Unauthenticated, Message: "sign in, or send a key"}
	}
	if err == nil && ctx.Operation().MaxBodyBytes > maxBody {
		var done func()
		if done, err = s.Turns.Take(ctx.Context(), &c, bodyTime); err == nil {
			defer done()
		}
	}
	if err != nil {
		s.refuse(ctx, err)
		return
	}
	// What one caller is given is not for the next one.
	ctx.SetHeader("Cache-Control", "private, no-store")
	ctx.SetHeader("Vary", "Authorization")
	next(huma.WithValue(ctx, callerKey{}, &c))
}

// refuse answers before the operation begins.
func (s *server) refuse(ctx huma.Context, err error) {
	ctx.SetHeader("Cache-Control", "no-store")
	problem := s.problem(ctx.Context(), err)
	if h, ok := errors.AsType[huma.HeadersError](problem); ok {
		for name, values := range h.GetHeaders() {
			for _, v := range values {
				ctx.AppendHeader(name, v)
			}
		}
	}
	status, detail := http.StatusInternalServerError, problem.Error()
	if e, ok := errors.AsType[huma.StatusError](problem); ok {
		status = e.GetStatus()
	}
	_ = huma.WriteErr(s.api, ctx, status, detail) // nobody is left to tell
}

// caller is who asks, a stranger where nothing is known.
func caller(ctx context.Context) *hub.Caller {
	if c, ok := ctx.Value(callerKey{}).(*hub.Caller); ok {
		return c
	}
	return &hub.Caller{}
}

// status is that of the service's errors.
func status(c hub.Code) int {
	switch c {
	case hub.Invalid:
		return http.StatusUnprocessableEntity
	case hub.Unauthenticated:
		return http.StatusUnauthorized
	case hub.Forbidden:
		return http.StatusForbidden
	case hub.NotFound:
		return http.StatusNotFound
	case hub.Conflict:
		return http.StatusConflict
	case hub.TooLarge:
		return http.StatusRequestEntityTooLarge
	case hub.Unavailable:
		return http.StatusServiceUnavailable
	case hub.Limited:
		return http.StatusTooManyRequests
	}
	return http.StatusInternalServerError
}

// problem is an error as it may be told (RFC 9457). What is no *hub.Error is
// for the operator's log only.
func (s *server) problem(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*advisories.Error](err); ok {
		return s.advisoryProblem(e)
	}
	e, ok := errors.AsType[*hub.Error](err)
	if !ok {
		if ctx.Err() == nil {
			s.Log.Error("a request failed", "request", caller(ctx).Request, "error", err)
		}
		return huma.Error500InternalServerError("the hub failed; its operator finds out more by the request id " + caller(ctx).Request)
	}
	status := status(e.Code)
	h := http.Header{}
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="infohub"`)
	}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	return huma.ErrorWithHeaders(huma.NewError(status, e.Message), h)
}

// body is an answer with a body.
type body[T any] struct{ Body T }

// none is an answer, or a question, without anything in it.
type none struct{}

// op describes an operation; do is its handler, whose errors are the service's.
func op[I, O any](s *server, o huma.Operation, do func(context.Context, *I) (*O, error)) {
	o.Path = prefix + o.Path
	if o.MaxBodyBytes == 0 {
		o.MaxBodyBytes = maxBody
	}
	o.BodyReadTimeout = bodyTime
	if o.Security == nil {
		o.Security = []map[string][]string{{"bearer": {}}, {"basic": {}}}
	}
	o.Errors = append(o.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	if o.Method != http.MethodGet {
		o.Errors = append(o.Errors, http.StatusConflict)
	}
	if o.Method == http.MethodPost || o.Method == http.MethodPatch {
		o.Errors = append(o.Errors, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	huma.Register(s.api, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return out, nil
	})
}

// open is the security of an operation that needs no key. With one it may answer
// more.
func open() []map[string][]string {
	return []map[string][]string{{"bearer": {}}, {"basic": {}}, {}}
}

// isOpen reports whether strangers may ask for an operation.
func isOpen(o *huma.Operation) bool {
	return slices.ContainsFunc(o.Security, func(s map[string][]string) bool { return len(s) == 0 })
}
