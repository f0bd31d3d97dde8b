package client

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// maxRedirects bounds the redirects of one request, maxErrorBody what is read of
// an error's answer, in bytes.
const (
	maxRedirects = 5
	maxErrorBody = 64 << 10
)

// request is one question to the server.
type request struct {
	method string
	url    *url.URL
	body   []byte
	// read takes the answer's body, which is at most limit bytes.
	read  func(h http.Header, body io.Reader) error
	limit int64
	// cut, if set, is told of an answer that did not come whole, before the next
	// attempt; it may change url.
	cut func()
}

// do makes a request, again where that may help: 429, 502, 503 and 504, and
// connections that fail or are cut. Every request of TAXII may be repeated:
// objects that are already there are no error (TAXII 2.1, 5.5).
func (c *Client) do(ctx context.Context, r *request) error {
	for attempt := 1; ; attempt++ {
		err := c.attempt(ctx, r)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause := backoff(attempt)
		var se *StatusError
		var ne *NetworkError
		switch {
		case errors.As(err, &se):
			switch se.Code {
			case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			default:
				return err
			}
			if se.After > MaxWait {
				return fmt.Errorf("%w: it asks to come back in %s", err, se.After.Round(time.Second))
			}
			pause = max(pause, se.After)
		case errors.As(err, &ne):
			if hopeless(err) {
				return err
			}
		default:
			return err
		}
		if attempt >= c.o.Attempts {
			return fmt.Errorf("%w (tried %d times)", err, attempt)
		}
		if ne != nil && r.cut != nil {
			r.cut()
		}
		c.o.Retrying(err, pause)
		if err := c.o.Wait(ctx, pause); err != nil {
			return err
		}
	}
}

// hopeless tells of failures that stay: a certificate that is not trusted, a name
// that does not exist, a server without TLS, redirects without end.
func hopeless(err error) bool {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var name *net.DNSError
	return errors.As(err, &cert) || errors.As(err, &record) || errors.As(err, &name) && name.IsNotFound ||
		errors.Is(err, http.ErrSchemeMismatch) || errors.Is(err, errRedirects)
}

// attempt makes a request once, following redirects within the origin.
func (c *Client) attempt(ctx context.Context, r *request) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	u := r.url
	for range maxRedirects + 1 {
		if origin(u) != c.origin {
			return &OriginError{From: r.url.Redacted(), To: u.Scheme + "://" + u.Host}
		}
		next, err := c.exchange(ctx, r, u)
		if err == nil && next != nil {
			u = next
			continue
		}
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = &NetworkError{r.method, u.Redacted(), fmt.Errorf("%w (%s)", errTimeout, c.o.Timeout)}
		}
		return err
	}
	return &NetworkError{r.method, r.url.Redacted(), errRedirects}
}

// exchange sends a request to an address and reads the answer, or returns where it
// redirects to.
func (c *Client) exchange(ctx context.Context, r *request, u *url.URL) (*url.URL, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	// net/http sends a GET again by itself where a connection that was kept open
	// broke. Whoever wants to know of answers that were lost is told of that too.
	var sent atomic.Int32
	if r.cut != nil {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { sent.Add(1) }})
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.Redacted(), err)
	}
	req.Header.Set("Accept", MediaType)
	if r.body != nil {
		req.Header.Set("Content-Type", MediaType)
	}
	if c.o.UserAgent != "" {
		req.Header.Set("User-Agent", c.o.UserAgent)
	}
	c.o.Credentials.set(req.Header)
	resp, err := c.http.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // which repeats method and address
		}
		return nil, &NetworkError{r.method, u.Redacted(), err}
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	if sent.Load() > 1 {
		return nil, &NetworkError{r.method, u.Redacted(), errTwice}
	}
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return nil, c.take(r, u, resp)
	case redirects(code):
		to, err := resp.Location()
		if err != nil {
			return nil, &ProtocolError{u.Redacted(), "it is a redirect to nowhere"}
		}
		_, _ = io.CopyN(io.Discard, resp.Body, maxErrorBody) // so that the connection can be used again
		return to, nil
	}
	return nil, c.statusError(r.method, u, resp)
}

// redirects tells of the codes that ask to repeat the same request elsewhere.
// (303, See Other, would turn a POST into a GET; TAXII has no use for it.)
func redirects(code int) bool {
	switch code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// take gives a good answer's body to the request.
func (c *Client) take(r *request, u *url.URL, resp *http.Response) error {
	body := bufio.NewReader(&limitReader{r: resp.Body, left: r.limit})
	media, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil { // it may be absent or badly written: the body decides
		media, _, _ = strings.Cut(resp.Header.Get("Content-Type"), ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	switch {
	case media == "text/html":
		return &ProtocolError{u.Redacted(), "it is a web page"}
	case media == "application/vnd.oasis.taxii+json" || media == "application/taxii+json" && strings.HasPrefix(params["version"], "2.0"):
		return &ProtocolError{u.Redacted(), "it is TAXII 2.0"}
	case media == "application/xml" || media == "text/xml":
		return &ProtocolError{u.Redacted(), "it is XML, perhaps of TAXII 1"}
	}
	head, _ := body.Peek(60) // an error shows again below
	head = bytes.Clone(head)
	err = r.read(resp.Header, body)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var bad *ProtocolError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrTooLarge):
		return fmt.Errorf("%s: the answer is over %d MiB: %w", u.Redacted(), r.limit>>20, err)
	case errors.As(err, &bad):
		bad.URL = u.Redacted()
		return bad
	case errors.As(err, &kind):
		return &ProtocolError{u.Redacted(), fmt.Sprintf("%s is of a wrong type (%s)", kind.Field, kind.Value)}
	case errors.As(err, &syntax):
		return &ProtocolError{u.Redacted(), fmt.Sprintf("it is no JSON (%s): %q", clip(media), head)}
	case errors.Is(err, io.EOF): // the body ended early without the connection's telling
		err = io.ErrUnexpectedEOF
	}
	return &NetworkError{r.method, u.Redacted(), err}
}

// statusError reads what the server says of an error; http_status is left alone,
// which some write as a number.
func (c *Client) statusError(method string, u *url.URL, resp *http.Response) error {
	e := &StatusError{
		Method: method, URL: u.Redacted(), Code: resp.StatusCode,
		After: retryAfter(resp.Header.Get("Retry-After"), c.o.Now()),
	}
	if c.o.Credentials.Given() {
		e.Key = c.o.Credentials.String()
	}
	var said struct {
		Title       any `json:"title"`
		Description any `json:"description"`
		Message     any `json:"message"` // of servers that answer in their framework's words
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err == nil && json.Unmarshal(data, &said) == nil {
		e.Title, e.Description = text(said.Title), text(said.Description)
		if e.Title == "" {
			e.Title = text(said.Message)
		}
	}
	return e
}

// text is v where it is a string, clipped.
func text(v any) string {
	s, _ := v.(string)
	return clip(s)
}

// clip bounds what is repeated of a server's words, in characters.
func clip(s string) string {
	const most = 300
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// retryAfter reads the header of RFC 9110, 10.2.3: seconds or a date; 0 where it
// says nothing of use. A day stands for all that is longer.
func retryAfter(value string, now time.Time) time.Duration {
	const most = 24 * time.Hour
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) { // out of range n is the largest
		return time.Duration(min(n, uint64(most/time.Second))) * time.Second
	}
	if t, err := http.ParseTime(value); err == nil {
		return min(max(t.Sub(now), 0), most)
	}
	return 0
}

// limitReader ends with ErrTooLarge where io.LimitReader would feign the end.
type limitReader struct {
	r    io.Reader
	left int64
}

func (l *limitReader) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > l.left+1 { // one more than allowed tells the end from too much
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}
