package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// DefaultLimit is how many objects a page is asked for.
const DefaultLimit = 1000

// Bounds of paging: pages of one run, pages in a row without a new object, and
// steps back to the same moment.
const (
	maxPages  = 10_000_000
	maxBarren = 1000
	maxSteps  = 20
)

// Filter chooses objects (TAXII 2.1, 3.4 and 5.4). Of several values one must
// match; a field without values matches all.
type Filter struct {
	AddedAfter  string   `json:"added_after,omitempty"` // a timestamp; later ones match
	ID          []string `json:"id,omitempty"`
	Type        []string `json:"type,omitempty"`
	Version     []string `json:"version,omitempty"` // timestamps, "first", "last", "all"; none: the last
	SpecVersion []string `json:"spec_version,omitempty"`
	// Limit is how many objects a page may have; 0 is DefaultLimit. It is no part
	// of what is chosen.
	Limit int `json:"-"`
}

// same tells whether two filters choose the same.
func (f Filter) same(g Filter) bool { return f.query().Encode() == g.query().Encode() }

// query is the filter as parameters, but for limit.
func (f Filter) query() url.Values {
	q := url.Values{}
	if f.AddedAfter != "" {
		q.Set("added_after", f.AddedAfter)
	}
	for name, values := range map[string][]string{"id": f.ID, "type": f.Type, "version": f.Version, "spec_version": f.SpecVersion} {
		if len(values) > 0 {
			q.Set("match["+name+"]", strings.Join(values, ","))
		}
	}
	return q
}

// Page is a part of what a collection holds.
type Page struct {
	// Objects are new ones, each byte for byte as received.
	Objects []json.RawMessage
	More    bool
	// Cursor is where to go on once Objects are safe.
	Cursor Cursor
}

// Objects gets the objects of a collection page by page, in the order in which
// they were added (TAXII 2.1, 5.4). With resume, which may be nil, it goes on after
// the page that the cursor was given with; the filter must be the cursor's
// (ErrCursor).
//
// Pages follow the server's `next`; without one, the time at which the last object
// was added. A page that was cut, or is asked for again after a restart, is asked
// for by time too, since some servers forget a page once they have sent it; what
// the page before had in common with it is left out. A server that goes in a circle
// ends with ErrNoProgress. The first error ends the iteration.
func (c *Client) Objects(ctx context.Context, collection *url.URL, f Filter, resume *Cursor) iter.Seq2[Page, error] {
	return c.pages(ctx, collection, "objects", f, resume)
}

// ManifestEntry is one version of one object (TAXII 2.1, 5.3.1).
type ManifestEntry struct {
	ID        string `json:"id"`
	DateAdded string `json:"date_added"`
	Version   string `json:"version"`
	MediaType string `json:"media_type,omitempty"`
}

// Manifest lists what a collection holds, without the objects (TAXII 2.1, 5.3).
func (c *Client) Manifest(ctx context.Context, collection *url.URL, f Filter) iter.Seq2[ManifestEntry, error] {
	return func(yield func(ManifestEntry, error) bool) {
		for page, err := range c.pages(ctx, collection, "manifest", f, nil) {
			if err != nil {
				yield(ManifestEntry{}, err)
				return
			}
			for _, raw := range page.Objects {
				var e ManifestEntry
				if err := json.Unmarshal(raw, &e); err != nil {
					yield(ManifestEntry{}, fmt.Errorf("%s: manifest: %w", collection.Redacted(), err))
					return
				}
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// pager is one walk through a collection.
type pager struct {
	c      *Client
	url    *url.URL
	filter Filter
	at     Cursor
	handed map[string]struct{} // digests of the objects of the last page
	// How the next page is asked for: what was added after a time, and there from
	// the mark next on, which is good for that time alone.
	next, after string
	seen        map[string]struct{} // digests of whole pages
	barren      int                 // pages in a row without a new object
	steps       int                 // back, since the time of the last page went on
	refused     bool                // `next` was refused, and no page came since
}

func (c *Client) pages(ctx context.Context, collection *url.URL, what string, f Filter, resume *Cursor) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		p := &pager{c: c, url: collection.JoinPath(what, "/"), filter: f, after: f.AddedAfter, handed: map[string]struct{}{}, seen: map[string]struct{}{}}
		p.at = Cursor{Collection: collection.String(), Filter: f}
		if resume != nil {
			if err := resume.check(collection, f); err != nil {
				yield(Page{}, err)
				return
			}
			p.resume(*resume)
		}
		for range maxPages {
			page, err := p.page(ctx)
			if err != nil {
				yield(Page{}, err)
				return
			}
			if !yield(page, nil) || !page.More {
				return
			}
		}
		yield(Page{}, fmt.Errorf("%s: over %d pages: %w", p.url.Redacted(), maxPages, ErrTooLarge))
	}
}

// resume begins where a cursor ends.
func (p *pager) resume(from Cursor) {
	p.at = from
	for _, d := range from.Handed {
		p.handed[d] = struct{}{}
	}
	switch {
	case from.Last == "":
		p.next = from.Next // the only way on; "" begins anew
	case from.More:
		p.after = justBefore(from.Last)
	default:
		p.after = from.Last
	}
}

// stepBack gives up the server's mark of the next page, where there is another way
// on: by time, from the last page's last moment on, which may have been shared.
func (p *pager) stepBack() bool {
	if p.next == "" || p.at.Last == "" || p.steps >= maxSteps {
		return false
	}
	p.steps++
	p.next, p.after = "", justBefore(p.at.Last)
	clear(p.seen)
	return true
}

func (p *pager) address() *url.URL {
	f := p.filter
	f.AddedAfter = p.after
	q := f.query()
	limit := f.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	q.Set("limit", strconv.Itoa(limit))
	if p.next != "" {
		q.Set("next", p.next)
	}
	u := *p.url
	u.RawQuery = q.Encode()
	return &u
}

// page gets one page.
func (p *pager) page(ctx context.Context) (Page, error) {
	var e envelope
	r := &request{method: http.MethodGet, url: p.address(), limit: p.c.o.MaxBody}
	r.read = func(h http.Header, body io.Reader) (err error) {
		e, err = readEnvelope(h, body)
		return err
	}
	r.cut = func() {
		if p.stepBack() {
			r.url = p.address()
		}
	}
	err := p.c.do(ctx, r)
	var se *StatusError
	if p.next != "" && errors.As(err, &se) && (se.Code == http.StatusBadRequest || se.Code == http.StatusNotFound || se.Code == http.StatusGone) {
		// The mark has expired, or the server was started anew.
		if !p.refused && p.stepBack() {
			p.refused = true
			return p.page(ctx)
		}
		return Page{}, fmt.Errorf("%w; the server does not know its own mark of the next page any more: begin anew, without a cursor", err)
	}
	if err != nil {
		return Page{}, err
	}
	p.refused = false
	return p.turn(e)
}

// turn takes a page in: what of it is new, and how to go on.
func (p *pager) turn(e envelope) (Page, error) {
	digests := make([]string, len(e.objects))
	whole := sha256.New()
	var fresh []json.RawMessage
	for i, raw := range e.objects {
		digests[i] = digest(raw)
		whole.Write([]byte(digests[i]))
		if _, old := p.handed[digests[i]]; !old {
			fresh = append(fresh, raw)
		}
	}
	// What was handed over stays known as long as pages overlap: after a step back
	// the server may cut its pages differently.
	if len(fresh) == len(e.objects) && len(fresh) > 0 {
		clear(p.handed)
	}
	for _, d := range digests {
		p.handed[d] = struct{}{}
	}
	if e.more {
		if err := p.progress(e, len(fresh), string(whole.Sum(nil))); err != nil {
			return Page{}, err
		}
	}
	p.next = e.next
	if !e.more {
		p.next = ""
	}
	// Of an empty page that is the end some tell the time of the day, and some an
	// earlier one than before: what was handed over decides.
	if e.last > p.at.Last && (len(e.objects) > 0 || e.more) {
		p.at.Last, p.steps = e.last, 0
	}
	if p.next == "" && p.at.Last != "" {
		p.after = p.at.Last
	}
	p.at.Next, p.at.More = p.next, e.more
	p.at.Objects += int64(len(fresh))
	p.at.Pages++
	at := p.at
	at.Handed = make([]string, 0, len(p.handed))
	for d := range p.handed {
		at.Handed = append(at.Handed, d)
	}
	return Page{Objects: fresh, More: e.more, Cursor: at.sorted()}, nil
}

// progress is nil where a page that promises more leads on.
func (p *pager) progress(e envelope, fresh int, whole string) error {
	circle := fmt.Errorf("%s: %w", p.url.Redacted(), ErrNoProgress)
	switch {
	case e.next == "" && e.last == "":
		return fmt.Errorf("%s: %w", p.url.Redacted(), errNoWay)
	case e.next == "" && e.last <= normal(p.after):
		return circle
	case fresh == 0:
		if p.barren++; p.barren > maxBarren || e.next != "" && e.next == p.next {
			return circle
		}
		return nil
	}
	p.barren = 0
	if _, again := p.seen[whole]; again {
		return circle
	}
	p.seen[whole] = struct{}{}
	return nil
}

var errNoWay = errors.New("the server says that there is more, and not how to get it: neither `next` nor X-TAXII-Date-Added-Last")

// digest tells objects apart, in 16 characters.
func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
