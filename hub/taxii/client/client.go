// Package client speaks TAXII 2.1 to servers, this program's own and others'. It
// lists what a server offers, gets objects byte for byte as they were received,
// adds objects and deletes them. Objects are not parsed beyond where each of them
// ends.
//
// Servers are expected to be slow, to be cut off at any byte, to ask for patience,
// and to bend the standard: versions are missing in media types, numbers stand
// where strings should, lists are empty or absent, `more` comes without `next`.
// What a server does never costs more than the limits of Options.
//
// A key is sent to one origin alone, and over plain http to this machine alone.
//
// A leaf: it imports the standard library. internal/app and tests may import it;
// feeds are given it by internal/app.
package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// MediaType is what requests and answers are in (TAXII 2.1, 1.6.8.1).
const MediaType = "application/taxii+json;version=2.1"

// Defaults and bounds of Options.
const (
	DefaultTimeout  = 2 * time.Minute
	DefaultAttempts = 5
	DefaultMaxBody  = 256 << 20 // bytes
	// MaxWait is the longest pause before another attempt. A server that asks for
	// more (Retry-After) ends the request with its answer.
	MaxWait = 5 * time.Minute
)

// Options are how a Client behaves. The zero value works.
type Options struct {
	// Credentials prove who asks. The zero value asks without a key.
	Credentials Credentials
	// Transport makes the connections; nil is NewTransport(nil).
	Transport http.RoundTripper
	UserAgent string
	// InsecureHTTP lets plain http leave this machine.
	InsecureHTTP bool

	// Timeout bounds one attempt, to the last byte of its answer; 0 is
	// DefaultTimeout.
	Timeout time.Duration
	// Attempts bounds how often one request is made; 0 is DefaultAttempts.
	Attempts int
	// MaxBody bounds an answer after it is unpacked, in bytes; 0 is
	// DefaultMaxBody.
	MaxBody int64

	Now func() time.Time // nil: time.Now
	// Wait returns after a time, or with an error when ctx ends; nil is a timer.
	Wait func(ctx context.Context, d time.Duration) error
	// Retrying is told why another attempt is made, and after what pause. It may
	// be nil.
	Retrying func(err error, after time.Duration)
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	origin string // scheme and host that the key is for
	http   *http.Client
	o      Options
}

// New returns a client of the server that an address belongs to. Requests to any
// other origin are refused. Plain http is refused but to this machine, unless
// Options.InsecureHTTP says otherwise (ErrPlainHTTP).
func New(server *url.URL, o Options) (*Client, error) {
	switch {
	case server.Scheme != "https" && server.Scheme != "http" || server.Hostname() == "":
		return nil, fmt.Errorf("%q: %w", server.Redacted(), ErrAddress)
	case server.Scheme == "http" && !o.InsecureHTTP && !loopback(server.Hostname()):
		return nil, fmt.Errorf("%s: %w", server.Redacted(), ErrPlainHTTP)
	}
	if o.Transport == nil {
		o.Transport = NewTransport(nil)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Attempts <= 0 {
		o.Attempts = DefaultAttempts
	}
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	if o.Retrying == nil {
		o.Retrying = func(error, time.Duration) {}
	}
	return &Client{
		origin: origin(server),
		o:      o,
		http: &http.Client{
			Transport: o.Transport,
			// Redirects are followed by hand: the key stays with its origin.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// NewTransport makes connections that verify the server by these authorities, or
// by the system's where roots is nil. It goes through the proxy that the
// environment names.
func NewTransport(roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    15 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		ForceAttemptHTTP2:      true,
		IdleConnTimeout:        time.Minute,
		MaxIdleConnsPerHost:    2,
	}
}

// ErrAddress is a text that is no web address.
var ErrAddress = errors.New("give a web address, for example https://hub.example/taxii2/")

// ErrPlainHTTP is an address that would send keys and objects unencrypted.
var ErrPlainHTTP = errors.New("plain http is for this machine alone: use https")

// ParseURL reads the address of a server, an API root or a collection as a person
// writes it: https is added where no scheme is given, "/taxii2/" (TAXII 2.1, 4.1)
// where there is no path, and the "/" that paths end in. Names, passwords,
// queries and fragments are refused. Errors do not quote the text, which may hold a
// password.
func ParseURL(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, ErrAddress
	case u.User != nil:
		return nil, errors.New("leave the user name and password out of the address: others can see the command line")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("leave out what follows the path, from the ? or # on")
	}
	u.Host = strings.ToLower(u.Host)
	if u.Path == "" || u.Path == "/" {
		u.Path, u.RawPath = "/taxii2/", ""
	}
	return withSlash(u), nil
}

// ParseCollection reads the address of a collection, which ends in
// "/collections/{id}/"; what a browser shows below it, such as "objects/", is cut
// off. root is the address of its API root.
func ParseCollection(text string) (collection, root *url.URL, err error) {
	u, err := ParseURL(text)
	if err != nil {
		return nil, nil, err
	}
	const mark = "/collections/"
	path := u.EscapedPath()
	i := strings.LastIndex(path, mark)
	if i < 0 {
		return nil, nil, errNoCollection
	}
	id, _, _ := strings.Cut(path[i+len(mark):], "/")
	if id == "" {
		return nil, nil, errNoCollection
	}
	above := *u
	if above.Path, err = url.PathUnescape(path[:i+1]); err != nil {
		return nil, nil, ErrAddress
	}
	above.RawPath = path[:i+1]
	return above.JoinPath("collections", id, "/"), &above, nil
}

var errNoCollection = errors.New("it is not the address of a collection, which ends in /collections/ID/")

// withSlash is the address with the "/" that TAXII's paths end in.
func withSlash(u *url.URL) *url.URL {
	if strings.HasSuffix(u.EscapedPath(), "/") {
		return u
	}
	return u.JoinPath("/")
}

// origin is an address's scheme, host and port (RFC 6454).
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backoff is the pause after an attempt that failed, the first being 1: a second,
// then twice as long each time up to a minute, less up to half of it by chance, so
// that many clients do not come back at once.
func backoff(attempt int) time.Duration {
	d := min(time.Second<<min(attempt-1, 6), time.Minute)
	return d - rand.N(d/2) //nolint:gosec // G404: chance, no secret
}
