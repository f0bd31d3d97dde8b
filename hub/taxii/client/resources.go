package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Bounds of what describes a server.
const (
	maxResource    = 8 << 20 // bytes of an answer
	maxCollections = 100_000
	maxRoots       = 1000
)

// Discovery is what a server says of itself (TAXII 2.1, 4.1).
type Discovery struct {
	URL         string `json:"url"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Contact     string `json:"contact,omitempty"`
	// Default and APIRoots are whole addresses, also where the server gives paths.
	Default  string   `json:"default,omitempty"`
	APIRoots []string `json:"api_roots"`
}

// APIRoot is one group of collections (TAXII 2.1, 4.2).
type APIRoot struct {
	URL         string   `json:"url"`
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Versions    []string `json:"versions,omitempty"`
	// MaxContentLength bounds what is posted, in bytes; 0 where the server does not
	// say.
	MaxContentLength int64 `json:"max_content_length,omitempty"`
}

// Collection is a set of objects (TAXII 2.1, 5.2).
type Collection struct {
	URL         string   `json:"url"`
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Alias       string   `json:"alias,omitempty"`
	CanRead     bool     `json:"can_read"`
	CanWrite    bool     `json:"can_write"`
	MediaTypes  []string `json:"media_types,omitempty"`
}

// ErrNotDiscovery is an answer without API roots: the address is no server's
// discovery.
var ErrNotDiscovery = errors.New("it names no API roots, so it is not the discovery of a server")

// Discovery asks a server what it is, usually at "/taxii2/".
func (c *Client) Discovery(ctx context.Context, u *url.URL) (Discovery, error) {
	d := Discovery{URL: u.String()}
	if err := c.get(ctx, u, &d); err != nil {
		return d, err
	}
	d.URL = u.String()
	if len(d.APIRoots) > maxRoots {
		return d, fmt.Errorf("%s: over %d API roots: %w", u.Redacted(), maxRoots, ErrTooLarge)
	}
	if len(d.APIRoots) == 0 {
		return d, fmt.Errorf("%s: %w", u.Redacted(), ErrNotDiscovery)
	}
	for i, root := range d.APIRoots {
		whole, err := resolve(u, root)
		if err != nil {
			return d, &ProtocolError{u.Redacted(), fmt.Sprintf("the API root %q is no address", clip(root))}
		}
		d.APIRoots[i] = whole
	}
	if whole, err := resolve(u, d.Default); err == nil && d.Default != "" {
		d.Default = whole
	}
	return d, nil
}

// resolve makes a whole address of one that may be a path (TAXII 2.1, 4.1.1).
func resolve(base *url.URL, text string) (string, error) {
	ref, err := url.Parse(text)
	if err != nil {
		return "", err
	}
	u := base.ResolveReference(ref)
	if u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
		return "", ErrAddress
	}
	return withSlash(u).String(), nil
}

// APIRoot asks for an API root (TAXII 2.1, 4.2).
func (c *Client) APIRoot(ctx context.Context, u *url.URL) (APIRoot, error) {
	var a struct {
		APIRoot
		Max lengthValue `json:"max_content_length"`
	}
	err := c.get(ctx, u, &a)
	a.URL, a.MaxContentLength = u.String(), int64(a.Max)
	return a.APIRoot, err
}

// lengthValue is a number of bytes, which some servers write as a string or as
// 1e7. What cannot be understood counts as absent.
type lengthValue int64

func (n *lengthValue) UnmarshalJSON(data []byte) error {
	if f, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64); err == nil && f >= 1 && f < 1<<62 {
		*n = lengthValue(f)
	}
	return nil
}

// Collections lists the collections of an API root in the server's order (TAXII
// 2.1, 5.1).
func (c *Client) Collections(ctx context.Context, root *url.URL) ([]Collection, error) {
	var list struct {
		Collections []Collection `json:"collections"`
	}
	u := root.JoinPath("collections", "/")
	if err := c.get(ctx, u, &list); err != nil {
		return nil, err
	}
	if len(list.Collections) > maxCollections {
		return nil, fmt.Errorf("%s: over %d collections: %w", u.Redacted(), maxCollections, ErrTooLarge)
	}
	for i := range list.Collections {
		list.Collections[i].URL = u.JoinPath(url.PathEscape(list.Collections[i].ID), "/").String()
	}
	return list.Collections, nil
}

// Collection asks for one collection (TAXII 2.1, 5.2).
func (c *Client) Collection(ctx context.Context, u *url.URL) (Collection, error) {
	var one Collection
	err := c.get(ctx, u, &one)
	one.URL = u.String()
	return one, err
}

// get reads a resource into v.
func (c *Client) get(ctx context.Context, u *url.URL, v any) error {
	return c.do(ctx, &request{method: http.MethodGet, url: u, limit: min(maxResource, c.o.MaxBody), read: decodeInto(v)})
}

// decodeInto reads one JSON value and nothing after it.
func decodeInto(v any) func(http.Header, io.Reader) error {
	return func(_ http.Header, body io.Reader) error {
		dec := json.NewDecoder(body)
		if err := dec.Decode(v); err != nil {
			return err
		}
		return atEnd(dec)
	}
}

// atEnd is nil where nothing follows.
func atEnd(dec *json.Decoder) error {
	switch _, err := dec.Token(); {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return &ProtocolError{Reason: "something follows its end"}
	default:
		return err
	}
}

// Delete deletes an object, or its versions that match (match[version]: a
// timestamp, "first", "last" or "all"; "" leaves the choice to the server, which
// is all) (TAXII 2.1, 5.7). ErrID: it is none of an object.
func (c *Client) Delete(ctx context.Context, collection *url.URL, id, version string) error {
	if !strings.Contains(id, "--") { // or "..", which leads elsewhere
		return ErrID
	}
	u := collection.JoinPath("objects", url.PathEscape(id), "/")
	if version != "" {
		u.RawQuery = url.Values{"match[version]": {version}}.Encode()
	}
	wasCut := false
	err := c.do(ctx, &request{
		method: http.MethodDelete, url: u, limit: maxResource,
		read: func(_ http.Header, body io.Reader) error {
			_, err := io.Copy(io.Discard, body) // the status says it all
			return err
		},
		cut: func() { wasCut = true },
	})
	var se *StatusError
	if wasCut && errors.As(err, &se) && se.Code == http.StatusNotFound {
		return nil // the attempt whose answer was lost deleted it
	}
	return err
}
