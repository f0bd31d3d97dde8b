// Package fetch gets one document for feeds and advisories, over http, https or
// from a file: only when it changed, only from where the operator allows, and
// never more or for longer than the limits say. It also says when to come again.
//
// A leaf: every room may import it.
package fetch

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
)

// Fetcher gets documents. It is safe for concurrent use, keeps connections for
// the next document of the same server, and opens at most perHost to one.
type Fetcher struct {
	// Dialer makes every connection; its policy names the private networks
	// that may be asked. Without it only files can be fetched.
	Dialer *netguard.Dialer
	// Lookup resolves a name; nil is the system's resolver.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	Roots  *x509.CertPool // nil: the system's
	// UserAgent says who asks and where to complain.
	UserAgent string
	Now       func() time.Time // nil: time.Now
	// Files allows file URLs and paths. It is for addresses that the operator
	// wrote, never for those that come in over the network.
	Files bool
	// Memory is how many bytes of a document are held in memory; the rest of a
	// larger one goes with them to a nameless file in TempDir. 0: 1 MiB.
	Memory  int64
	TempDir string // "": the system's

	once      sync.Once
	transport *http.Transport
}

// Request is one document to fetch.
type Request struct {
	// URL is http, https, or, when the Fetcher allows files, a file URL or a
	// path. It holds no user name or password: those go into Header.
	URL string
	// Header is sent along, secrets among it: to the origin of URL (scheme, host
	// and port) alone. After a redirect elsewhere it is not sent any more, not
	// even if a further one leads back. Conditions, encodings
	// and Accept are not set here.
	Header http.Header
	// Accept is the media types wanted, sent wherever a redirect leads; "": any.
	Accept string
	// Unpack says that the document may be a gzip file by itself, whatever its
	// headers say; if it begins like one it is decoded.
	Unpack bool
	Limits Limits
	// Known is the State of the last document that the caller still has; zero:
	// it has none.
	Known State
}

// Limits bound one fetch. A zero field is its default.
type Limits struct {
	Bytes     int64         // of the document as decoded; 64 MiB
	Time      time.Duration // for all of it, redirects and body included; 5 min
	Idle      time.Duration // without any byte of the body; 30 s
	Redirects int           // in a row; 5, and negative: none
}

func (l Limits) filled() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	if l.Time <= 0 {
		l.Time = 5 * time.Minute
	}
	if l.Idle <= 0 {
		l.Idle = 30 * time.Second
	}
	if l.Redirects == 0 {
		l.Redirects = 5
	}
	return l
}

// State is what tells a document from its next version. It holds no secret.
type State struct {
	ETag         string `json:"etag,omitempty"`          // RFC 9110 section 8.8.3, as received
	LastModified string `json:"last_modified,omitempty"` // RFC 9110 section 8.8.2, as received
	// From is a hash of the address asked and of the one that answered: the two
	// fields above mean nothing to another resource and are sent to none.
	From     string `json:"from,omitempty"`
	BodyHash string `json:"body_hash,omitempty"` // "sha256:" and hex, of the decoded document
}

// Status is whether there is something new.
type Status int

// Changed comes with a body, Unchanged without.
const (
	Changed Status = iota + 1
	Unchanged
)

func (s Status) String() string {
	switch s {
	case Changed:
		return "changed"
	case Unchanged:
		return "unchanged"
	}
	return "unknown"
}

// Result is what a fetch brought.
type Result struct {
	Status Status
	// Body is the whole document, decoded, when Status is Changed; the caller
	// closes it. Empty is a document too.
	Body *Body
	// State is what the caller passes as Known next time, once it has taken the
	// document in.
	State State
	// FinalURL is what answered; of a file, its path. Like the address asked it
	// may hold a secret.
	FinalURL string
	// ContentType is the header as received; "" for a file.
	ContentType string
	// RetryAfter is how long the server asks to be left alone, at most a day; 0:
	// it says nothing.
	RetryAfter time.Duration
}

// Fetch gets the document whole before it returns. Errors are of type *Error,
// except where ctx ended: that is no fault of the other side.
func (f *Fetcher) Fetch(ctx context.Context, req Request) (Result, error) {
	limits := req.Limits.filled()
	u, err := parse(req.URL)
	if err != nil {
		return Result{}, &Error{Err: err}
	}
	if u.Scheme == "file" {
		return f.file(ctx, u.Path, req, limits)
	}
	return f.http(ctx, u, req, limits)
}

// Close gives up the connections kept for later.
func (f *Fetcher) Close() { f.client().CloseIdleConnections() }

func (f *Fetcher) now() time.Time {
	if f.Now == nil {
		return time.Now()
	}
	return f.Now()
}
