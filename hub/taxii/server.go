package taxii

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub"
)

// Prefix is where the server is mounted (TAXII 2.1, 1.6.5: discovery is at
// /taxii2/ of a host).
const Prefix = "/taxii2/"

// Hub is what the server asks; *hub.Service is one.
type Hub interface {
	MaxContentLength() int64
	Settings(ctx context.Context) (hub.Settings, error)
	Authenticate(ctx context.Context, token, from, request string) (hub.Caller, error)
	Roots(ctx context.Context, c *hub.Caller) ([]hub.Group, error)
	Root(ctx context.Context, c *hub.Caller, handle string) (hub.Group, error)
	Collections(ctx context.Context, c *hub.Caller, root string) ([]hub.Access, error)
	Collection(ctx context.Context, c *hub.Caller, root, idOrAlias string) (hub.Access, error)
	Page(ctx context.Context, c *hub.Caller, q hub.Query) (*hub.Page, error)
	Submit(ctx context.Context, c *hub.Caller, s hub.Submission) (hub.Status, error)
	Status(ctx context.Context, c *hub.Caller, id string) (hub.Status, error)
	Delete(ctx context.Context, c *hub.Caller, root, collection, id string, versions hub.VersionMatch) error
}

// Config is what a server is made of. Only Hub is needed.
type Config struct {
	Hub Hub
	Log *slog.Logger
	// Authenticate says who sends a request; nil: whoever holds the key that Token
	// finds. An error that is a *hub.Error is told to whoever asked.
	Authenticate func(*http.Request) (hub.Caller, error)
	// MaxContentLength is how many bytes a submission may have; 0: as many as the
	// hub takes.
	MaxContentLength int64
	// Contact is what discovery says of whom to ask (TAXII 2.1, 4.1.1).
	Contact string
	// Turns bound how many submissions are in memory at once; others wait. nil: 16
	// of this server alone.
	Turns *hub.Turns
	// Stall is how long a client may take for 64 KiB of a body, sent or received,
	// before it is cut off. 0: a minute.
	Stall time.Duration
	Now   func() time.Time
}

// server is the handler.
type server struct {
	Config
	finding *hub.Turns // of pages: the exact version that nothing has takes a look at all there is
}

// New returns the handler for Prefix and what is below it. It answers every
// path that it is given, so it is best called before a http.ServeMux, which
// answers paths such as /taxii2 and /taxii2//community/ with HTML of its own.
// A http.ResponseWriter that wraps another has to have Unwrap, or slow clients
// are not cut off.
func New(c Config) http.Handler {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Authenticate == nil {
		c.Authenticate = func(r *http.Request) (hub.Caller, error) {
			token, err := Token(r)
			if err != nil {
				return hub.Caller{}, err
			}
			return c.Hub.Authenticate(r.Context(), token, r.RemoteAddr, "")
		}
	}
	if limit := c.Hub.MaxContentLength(); c.MaxContentLength <= 0 || c.MaxContentLength > limit {
		c.MaxContentLength = limit
	}
	if c.Turns == nil {
		c.Turns = hub.NewTurns(0)
	}
	if c.Stall <= 0 {
		c.Stall = time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &server{Config: c, finding: hub.NewTurns(0)}
}

// call is one request on its way.
type call struct {
	*server
	w      http.ResponseWriter
	r      *http.Request
	id     string // of the request: the header X-Request-Id, where whoever called New's handler set it
	caller hub.Caller
	// Of the path; empty where it has no such part.
	root, collection, object, status string
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	c := &call{server: s, w: w, r: r, id: h.Get("X-Request-Id")}
	if c.id == "" {
		c.id = uuid.NewString()
	}
	h.Set("Content-Type", mediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept, Authorization")
	h.Set("Cache-Control", "private, no-store")
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}

// methods are the handlers of one path.
type methods map[string]func(*call) error

// route reads the path. It returns nil for one that TAXII does not have.
func (c *call) route() methods {
	path, ok := strings.CutPrefix(strings.TrimSuffix(c.r.URL.EscapedPath(), "/"), strings.TrimSuffix(Prefix, "/"))
	parts := strings.SplitN(path, "/", 8)
	if !ok || parts[0] != "" {
		return nil
	}
	parts = parts[1:]
	for i, escaped := range parts {
		part, err := url.PathUnescape(escaped)
		if err != nil || part == "" || len(part) > maxValue {
			return nil
		}
		parts[i] = part
	}
	get := func(fn func(*call) error) methods { return methods{http.MethodGet: fn} }
	name := func(i int) string {
		if i < len(parts) {
			return parts[i]
		}
		return ""
	}
	c.root, c.collection, c.object = name(0), name(2), name(4)
	switch {
	case len(parts) == 0:
		return get((*call).discovery)
	case len(parts) == 1:
		return get((*call).apiRoot)
	case len(parts) == 2 && parts[1] == "collections":
		return get((*call).listCollections)
	case len(parts) == 3 && parts[1] == "status":
		c.collection, c.status = "", parts[2]
		return get((*call).getStatus)
	case parts[1] != "collections":
		return nil
	case len(parts) == 3:
		return get((*call).getCollection)
	case len(parts) == 4 && parts[3] == "manifest":
		return get((*call).manifest)
	case parts[3] != "objects":
		return nil
	case len(parts) == 4:
		return methods{http.MethodGet: (*call).objects, http.MethodPost: (*call).add}
	case len(parts) == 5:
		return methods{http.MethodGet: (*call).objects, http.MethodDelete: (*call).remove}
	case len(parts) == 6 && parts[5] == "versions":
		return get((*call).versions)
	}
	return nil
}

func (c *call) serve() error {
	byMethod := c.route()
	if byMethod == nil {
		return refuse(http.StatusNotFound, "TAXII 2.1 has no such path. Begin at %s", Prefix)
	}
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	handle := byMethod[method]
	if handle == nil {
		c.w.Header().Set("Allow", byMethod.allow())
		if method == http.MethodOptions {
			c.w.WriteHeader(http.StatusNoContent)
			return nil
		}
		return refuse(http.StatusMethodNotAllowed, "this path takes %s", byMethod.allow())
	}
	if err := accepts(c.r.Header.Values("Accept")); err != nil {
		return err
	}
	if err := c.authenticate(); err != nil {
		return err
	}
	return handle(c)
}

func (m methods) allow() string {
	names := []string{http.MethodHead, http.MethodOptions}
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// authenticate finds out who asks.
func (c *call) authenticate() (err error) {
	if _, err := Token(c.r); err != nil {
		return err // whoever meant to sign in is no stranger
	}
	c.caller, err = c.Authenticate(c.r)
	if err == nil && !c.caller.Member() {
		c.w.Header().Set("Cache-Control", "no-cache")
	}
	return err
}

// needsKey is the answer to err where what is asked for may be there for others:
// a stranger is told to sign in, whether it is or not.
func (c *call) needsKey(err error) error {
	if c.caller.Member() {
		return err
	}
	if code := hub.CodeOf(err); code != hub.NotFound && code != hub.Forbidden {
		return err
	}
	return errStranger
}

var errStranger = &hub.Error{Code: hub.Unauthenticated, Err: errors.New("a stranger"),
	Message: "this is not public: send an API key as Authorization: Bearer KEY, or as the password of HTTP Basic"}
