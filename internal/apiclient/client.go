package apiclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrUnreachable says that no hub answered, or that the connection broke off.
var ErrUnreachable = errors.New("the hub cannot be reached")

// maxResponse bounds what is read of an answer, in bytes.
const maxResponse = 64 << 20

// maxProblem bounds what is read of an error, in bytes: a conflict between editors
// has both texts in it, of up to 1 MiB each, escaped.
const maxProblem = 16 << 20

// answerTime bounds a whole exchange; a stream (Open) may take longer.
const answerTime = 3 * time.Minute

// Client calls one hub. Its methods may be called concurrently.
type Client struct {
	// HTTP sends the requests: over the network, over a socket, or to a handler
	// in the same process.
	HTTP *http.Client
	// Base is the hub's address, such as https://hub.example.hk.
	Base string
	// Key is an API key, "" to go without one.
	Key string
}

// Problem is an error that the hub tells (RFC 9457).
type Problem struct {
	Status int      `json:"status"`
	Title  string   `json:"title"`
	Detail string   `json:"detail"`
	Errors []Detail `json:"errors"`
}

// Detail is one part of a Problem.
type Detail struct {
	Message  string          `json:"message"`
	Location string          `json:"location"`
	Value    json.RawMessage `json:"value"`
}

// Read reads the detail's value.
func (d *Detail) Read(into any) error { return json.Unmarshal(d.Value, into) }

func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, e := range p.Errors {
		text += fmt.Sprintf("; %s: %s", strings.TrimPrefix(e.Location, "body."), e.Message)
	}
	return text
}

// StatusOf is the HTTP status of a Problem in err's chain, or 0.
func StatusOf(err error) int {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Status
	}
	return 0
}

// Raw is a body that is sent as it is.
type Raw struct {
	Type string
	Body io.Reader
}

// Do sends a request to a path below /api/v1. in is nil, a Raw or what is sent
// as JSON; out is nil or what the answer's JSON is read into.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	body, err := c.Open(ctx, method, path, query, in)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // it was read
	if out == nil {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(body, maxResponse+1))
	if err == nil && len(data) > maxResponse {
		err = fmt.Errorf("the answer is over %d MiB", maxResponse>>20)
	}
	if err == nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// Open is Do for an answer that is read as it comes. The caller closes it.
func (c *Client) Open(ctx context.Context, method, path string, query url.Values, in any) (io.ReadCloser, error) {
	req, err := c.request(ctx, method, path, query, in)
	if err != nil {
		return nil, err
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", strings.TrimSuffix(c.Base, "/"), ErrUnreachable, withoutURL(err))
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return res.Body, nil
	}
	defer func() { _ = res.Body.Close() }() // the problem was read
	return nil, problem(res)
}

func (c *Client) request(ctx context.Context, method, path string, query url.Values, in any) (*http.Request, error) {
	var body io.Reader
	kind := ""
	switch in := in.(type) {
	case nil:
	case Raw:
		body, kind = in.Body, in.Type
	default:
		data, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		body, kind = bytes.NewReader(data), "application/json"
	}
	address := strings.TrimSuffix(c.Base, "/") + "/api/v1" + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fmt.Errorf("hub %q: %w", c.Base, err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Accept", "application/json")
	if c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.Key)
	}
	return req, nil
}

// withoutURL takes off what http.Client puts before an error: the address may
// hold what a user looked for.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

func problem(res *http.Response) error {
	p := &Problem{Status: res.StatusCode, Title: http.StatusText(res.StatusCode)}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")) // "" reads as no problem document
	if err == nil && (kind == "application/problem+json" || kind == "application/json") {
		_ = json.Unmarshal(data, p) // what does not read leaves the status
	}
	p.Status = res.StatusCode
	return p
}
