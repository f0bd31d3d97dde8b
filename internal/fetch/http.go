package fetch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/cybersec-infohub/infohub/internal/netguard"
)

const (
	perHost  = 4                // connections to one host at a time
	maxAddrs = 6                // addresses of a name that are tried
	dialTime = 30 * time.Second // for all of them
	maxETag  = 1024             // bytes; a longer one is forgotten
)

func (f *Fetcher) client() *http.Transport {
	f.once.Do(func() {
		f.transport = &http.Transport{
			DialContext:            f.dial,
			TLSClientConfig:        &tls.Config{RootCAs: f.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  time.Minute, // some servers write the document first
			IdleConnTimeout:        30 * time.Second,
			MaxConnsPerHost:        perHost,
			MaxIdleConns:           4 * perHost,
			MaxIdleConnsPerHost:    perHost,
			DisableCompression:     true, // the limits count what is decoded, so we do it
			MaxResponseHeaderBytes: 64 << 10,
		}
	})
	return f.transport
}

// http follows redirects itself: net/http would take a key in a header of its
// own name along to wherever they lead.
func (f *Fetcher) http(caller context.Context, u *url.URL, req Request, limits Limits) (Result, error) {
	ctx, cancel := context.WithTimeoutCause(caller, limits.Time, fmt.Errorf("%w: more than %s", ErrTimeout, limits.Time))
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for name, values := range req.Header {
		for _, v := range values {
			if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(v) {
				return Result{}, &Error{Origin: origin(u), Err: fmt.Errorf("%w: a header has a character that it must not have", ErrRequest)}
			}
		}
	}
	asked, secret := u, req.Header
	for hops := 0; ; hops++ {
		r, err := request(ctx, u, secret, req)
		if err != nil {
			return Result{}, &Error{Origin: origin(u), Err: err}
		}
		r.Header.Set("User-Agent", f.UserAgent)
		conditional := req.Known.From == from(asked, u) && condition(r.Header, req.Known)
		resp, err := f.client().RoundTrip(r)
		if err != nil {
			return Result{}, failure(caller, ctx, origin(u), err)
		}
		switch resp.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			_ = resp.Body.Close() // whatever it says
			to, err := redirect(u, resp.Header.Get("Location"))
			if err == nil && hops >= limits.Redirects {
				err = fmt.Errorf("%w: more than %d in a row", ErrRedirect, max(limits.Redirects, 0))
			}
			if err != nil {
				return Result{}, &Error{Origin: origin(u), Err: err}
			}
			if origin(to) != origin(asked) {
				secret = nil
			}
			u = to
			continue
		}
		idle := time.AfterFunc(limits.Idle, func() { stop(fmt.Errorf("%w: nothing came for %s", ErrTimeout, limits.Idle)) })
		resp.Body = &ticking{ReadCloser: resp.Body, timer: idle, idle: limits.Idle}
		result, err := f.answer(resp, conditional, req, limits)
		idle.Stop()
		_ = resp.Body.Close() // it was only read
		var known *Error
		if err != nil && (caller.Err() != nil || !errors.As(err, &known)) {
			return Result{}, failure(caller, ctx, origin(u), err)
		}
		if err != nil {
			return Result{}, err
		}
		result.FinalURL = u.String()
		result.State.From = from(asked, u)
		return result, nil
	}
}

func request(ctx context.Context, u *url.URL, secret http.Header, req Request) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: the address cannot be asked", ErrRequest) // err quotes it
	}
	for name, values := range secret {
		for _, v := range values {
			r.Header.Add(name, v)
		}
	}
	for _, name := range []string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range"} {
		r.Header.Del(name)
	}
	accept := req.Accept
	if accept == "" {
		accept = "*/*"
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("Accept-Encoding", "gzip")
	return r, nil
}

// condition asks for a document only if it is another one than known: RFC 9110
// sections 13.1.2 and 13.1.3. False: there is nothing to tell it by.
func condition(h http.Header, known State) bool {
	if known.BodyHash == "" || known.ETag == "" && known.LastModified == "" {
		return false
	}
	if known.ETag != "" {
		h.Set("If-None-Match", known.ETag)
	}
	if known.LastModified != "" {
		h.Set("If-Modified-Since", known.LastModified)
	}
	return true
}

// answer makes a result of a response that is no redirect.
func (f *Fetcher) answer(resp *http.Response, conditional bool, req Request, limits Limits) (Result, error) {
	after := RetryAfter(resp.Header.Get("Retry-After"), f.now())
	result := Result{RetryAfter: after, ContentType: resp.Header.Get("Content-Type"), State: validators(resp.Header)}
	switch {
	case resp.StatusCode == http.StatusNotModified && conditional:
		result.Status = Unchanged
		// It need not say again what has not changed: RFC 9110 section 15.4.5.
		result.State.ETag = cmp.Or(result.State.ETag, req.Known.ETag)
		result.State.LastModified = cmp.Or(result.State.LastModified, req.Known.LastModified)
		result.State.BodyHash = req.Known.BodyHash
		return result, nil
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNonAuthoritativeInfo:
		return Result{}, &Error{Origin: origin(resp.Request.URL), Status: resp.StatusCode, RetryAfter: after,
			Err: fmt.Errorf("%w: %d %s", ErrStatus, resp.StatusCode, http.StatusText(resp.StatusCode))}
	}
	encoding := strings.ToLower(strings.TrimSpace(strings.Join(resp.Header.Values("Content-Encoding"), ",")))
	encoded := encoding == "gzip" || encoding == "x-gzip"
	if !encoded && encoding != "" && encoding != "identity" {
		return Result{}, fmt.Errorf("%w: %.40q", ErrEncoding, encoding)
	}
	if resp.ContentLength > limits.Bytes && !encoded && !req.Unpack {
		return Result{}, tooLarge(limits.Bytes)
	}
	r, err := decode(resp.Body, encoded, req.Unpack, limits.Bytes)
	if err != nil {
		return Result{}, err
	}
	return f.compare(r, result, req, limits)
}

// compare reads the document and tells by its hash whether it is a new one.
func (f *Fetcher) compare(r io.Reader, result Result, req Request, limits Limits) (Result, error) {
	body, hash, err := f.keep(r, limits.Bytes)
	if err != nil {
		return Result{}, err
	}
	result.State.BodyHash = hash
	if hash == req.Known.BodyHash {
		result.Status = Unchanged
		return result, body.Close()
	}
	result.Status, result.Body = Changed, body
	return result, nil
}

// validators takes from an answer what can be sent back as a condition.
func validators(h http.Header) State {
	var s State
	if tag := h.Get("ETag"); len(tag) <= maxETag && strings.HasSuffix(tag, `"`) && len(strings.TrimPrefix(tag, "W/")) > 1 {
		s.ETag = tag
	}
	if date := h.Get("Last-Modified"); len(date) <= 40 {
		if _, err := http.ParseTime(date); err == nil {
			s.LastModified = date
		}
	}
	return s
}

// from is State.From. The query of what answers is left out: it is often a
// signature, made anew for each redirect.
func from(asked, answers *url.URL) string {
	sum := sha256.Sum256([]byte(asked.String() + "\n" + origin(answers) + answers.EscapedPath()))
	return hex.EncodeToString(sum[:16])
}

// ticking puts off the end for idleness with each byte that comes.
type ticking struct {
	io.ReadCloser
	timer *time.Timer
	idle  time.Duration
}

func (t *ticking) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if n > 0 && err == nil {
		t.timer.Reset(t.idle)
	}
	return n, err
}

// dial connects to the first address of a host that answers. net/http lets it
// run on when the fetch has ended, so it has a deadline of its own.
func (f *Fetcher) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %q: %w", portText, err)
	}
	if f.Dialer == nil {
		return nil, fmt.Errorf("%w: there is no network here", ErrForbidden)
	}
	addrs, err := f.addrs(ctx, host)
	if err != nil {
		return nil, err
	}
	var failed error
	refused := true
	for _, a := range addrs[:min(len(addrs), maxAddrs)] {
		conn, err := f.Dialer.Dial(ctx, network, host, netip.AddrPortFrom(a.Unmap(), uint16(port)))
		if err == nil {
			return conn, nil
		}
		var forbidden *netguard.ForbiddenError
		refused = refused && errors.As(err, &forbidden)
		failed = errors.Join(failed, err)
	}
	if refused {
		return nil, fmt.Errorf("%w: %w", ErrForbidden, failed)
	}
	return nil, failed
}

func (f *Fetcher) addrs(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	lookup := f.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	addrs, err := lookup(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", host, err)
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("look up %s: it has no address", host)
	}
	return addrs, nil
}
