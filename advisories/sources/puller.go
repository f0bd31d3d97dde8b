package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/fetch"
)

// ErrNotYet is a run before the time that the other side asked to be left alone
// until (State.NotBefore).
var ErrNotYet = errors.New("the source asks to be left alone for now")

// errLink is an address that may not be followed.
var errLink = errors.New("the address is not allowed")

// Puller runs sources. It is safe for concurrent use, but one source is run by one
// caller at a time.
type Puller struct {
	Fetcher *fetch.Fetcher
	Now     func() time.Time // nil: time.Now
	// Checkpoint, when there is one, is given the state now and then during a long
	// run, to be stored: what was taken in by then is not fetched again after a
	// crash. The state is the caller's to read until it returns.
	Checkpoint func(ctx context.Context, sourceID string, s State) error
	// Plain lets CSAF come by http too, but for what a ROLIE feed lists. It is for
	// tests on one's own machine: the standard wants https (7.1.3), and so does
	// everybody who wants to know from whom a document is.
	Plain bool
}

// Run brings in what is new at a source and hands it to sink. The state that it
// returns is the one to keep, also when there is an error: it covers all that sink
// took, and old is used up. An error says that the source as a whole failed or
// that the run was cut short; what is wrong with single documents is in the Outcome.
func (p *Puller) Run(ctx context.Context, src Source, old State, sink Sink) (Outcome, State, error) {
	state := old
	if err := src.Check(p.Fetcher.Files); err != nil {
		return Outcome{}, state, fmt.Errorf("source %q: %w", src.ID, err)
	}
	r := p.start(&src, &state)
	if r.now.Before(state.NotBefore) {
		return Outcome{}, state, fmt.Errorf("source %q: %w, until %s", src.ID, ErrNotYet, state.NotBefore.UTC().Format(time.RFC3339))
	}
	r.sink = sink
	state.NotBefore, state.Refused = time.Time{}, nil
	err := r.byKind(ctx)
	state.Refused = r.loose
	r.health(err)
	err = errors.Join(err, state.fit())
	if err != nil {
		err = fmt.Errorf("source %q: %w", src.ID, err)
	}
	return r.out, state, err
}

func (r *run) byKind(ctx context.Context) error {
	switch r.src.Kind {
	case CSAF:
		return r.csaf(ctx)
	case KEV:
		return r.kev(ctx)
	case EPSS:
		return r.epss(ctx)
	case OSV:
		return r.osv(ctx)
	}
	return r.bulletins(ctx)
}

// run is one run of a source.
type run struct {
	p      *Puller
	src    *Source
	origin string // that secrets may go to; "": there is none
	state  *State
	sink   Sink
	now    time.Time
	loose  []Refusal // those that no listing holds
	size   size      // of state
	taken  int       // documents since the last checkpoint

	mu    sync.Mutex // of out.Warnings, while workers are under way
	out   Outcome
	large sync.Mutex
}

func (p *Puller) start(src *Source, state *State) *run {
	now := time.Now
	if p.Now != nil {
		now = p.Now
	}
	r := &run{p: p, src: src, state: state, size: state.size(), now: now().UTC().Truncate(time.Second)}
	if domain(src.URL) {
		r.origin = r.scheme() + "://" + strings.ToLower(src.URL)
	} else {
		r.origin = origin(src.URL)
	}
	return r
}

func (r *run) scheme() string {
	if r.p.Plain {
		return "http"
	}
	return "https"
}

// origin is the scheme, host and port of an address, "" for what is none.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	host := strings.TrimSuffix(strings.ToLower(u.Host), map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
	return u.Scheme + "://" + host
}

func (r *run) warn(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.warn(format, args...)
}

func (r *run) refusal(address, id string, code Code, detail string) Refusal {
	return Refusal{URL: clip(address, 2000), TrackingID: clip(id, maxID), Code: code, Detail: clip(detail, maxDetail), Time: r.now}
}

// refuse counts a refusal that no listing holds.
func (r *run) refuse(f Refusal) {
	f.Time = r.now
	r.out.refuse(f)
	if len(r.loose) < maxNotes {
		r.loose = append(r.loose, f)
	}
}

// get fetches one document. Secrets go to their origin alone.
func (r *run) get(ctx context.Context, address, accept string, most int64, known fetch.State) (fetch.Result, error) {
	req := fetch.Request{URL: address, Accept: accept, Known: known, Limits: fetch.Limits{Bytes: most, Redirects: 3}}
	if r.origin != "" && origin(address) == r.origin {
		req.Header = r.src.Header
	}
	if r.src.Kind == EPSS || r.src.Kind == OSV {
		req.Unpack = true
	}
	return r.p.Fetcher.Fetch(ctx, req)
}

// read fetches a document of which nothing is known, into memory.
func (r *run) read(ctx context.Context, address, accept string, most int64) ([]byte, error) {
	result, err := r.get(ctx, address, accept, most, fetch.State{})
	if err != nil {
		return nil, err
	}
	return take(result.Body)
}

// take reads a body and gives it up.
func take(body *fetch.Body) ([]byte, error) {
	data, err := io.ReadAll(body)
	return data, errors.Join(err, body.Close())
}

// absent reports whether err says that there is no such document.
func absent(err error) bool {
	var failed *fetch.Error
	if !errors.As(err, &failed) {
		return false
	}
	switch failed.Status {
	case http.StatusNotFound, http.StatusGone, http.StatusForbidden: // some stores of files forbid what they do not have
		return true
	}
	return errors.Is(err, fs.ErrNotExist)
}

// pause notes how long the other side asks to be left alone, and reports whether
// it does. That ends the run: the next document would be asked of the same server.
func (r *run) pause(err error) bool {
	var failed *fetch.Error
	if !errors.As(err, &failed) || failed.RetryAfter <= 0 || failed.Status != http.StatusTooManyRequests && failed.Status != http.StatusServiceUnavailable {
		return false
	}
	if until := r.now.Add(failed.RetryAfter); until.After(r.state.NotBefore) {
		r.state.NotBefore = until
	}
	return true
}

func (r *run) health(err error) {
	h := &r.state.Health
	h.LastRun = r.now
	if err != nil {
		h.LastError = clip(err.Error(), maxDetail)
		h.Failures++
	} else {
		h.LastSuccess, h.LastError, h.Failures = r.now, "", 0
	}
	if r.out.Fetched > 0 || err == nil {
		h.Fetched, h.New, h.Changed, h.Unchanged = r.out.Fetched, r.out.New, r.out.Changed, r.out.Unchanged
	}
	h.Refused = len(r.state.Refusals())
}

// deliver hands an advisory to the sink. A Refusal is for this one alone, an error
// ends the run.
func (r *run) deliver(ctx context.Context, item Item) (*Refusal, error) {
	refused, err := r.deliverAll(ctx, []Item{item})
	if err != nil {
		return nil, err
	}
	return refused[0], nil
}

// deliverAll hands advisories to the sink, at most maxBatch, together where it
// takes them so. Of those that it took there is no Refusal.
func (r *run) deliverAll(ctx context.Context, items []Item) ([]*Refusal, error) {
	for i := range items {
		items[i].From.ID, items[i].From.Kind, items[i].From.Fetched = r.src.ID, string(r.src.Kind), r.now
		items[i].Mode = r.src.mode()
	}
	taken, err := r.hand(ctx, items)
	if err != nil {
		return nil, err
	}
	refused := make([]*Refusal, len(items))
	for i, item := range items {
		t, id := taken[i], item.Publication.Tracking.ID
		switch code := advisories.CodeOf(t.Err); {
		case t.Err == nil:
			r.count(t.Result)
		case code != "" && code != advisories.Unavailable && ctx.Err() == nil:
			f := r.refusal(item.From.URL, id, RefusedHere, t.Err.Error())
			refused[i] = &f
		default:
			return nil, fmt.Errorf("take in %s: %w", clip(id, maxID), t.Err)
		}
	}
	return refused, nil
}

func (r *run) hand(ctx context.Context, items []Item) ([]Taken, error) {
	if b, ok := r.sink.(Batch); ok && len(items) > 1 {
		taken, err := b.Publications(ctx, items)
		if err == nil && len(taken) != len(items) {
			err = fmt.Errorf("of %d advisories the sink took %d", len(items), len(taken))
		}
		return taken, err
	}
	taken := make([]Taken, len(items))
	for i, item := range items {
		taken[i].Result, taken[i].Err = r.sink.Publication(ctx, item)
	}
	return taken, nil
}

func (r *run) count(result Result) {
	switch result {
	case Added:
		r.out.New++
	case Replaced:
		r.out.Changed++
	default:
		r.out.Unchanged++
	}
}

// checkpoint lets the caller store the state now and then: the larger it is, the
// more documents are between.
func (r *run) checkpoint(ctx context.Context) error {
	if r.taken++; r.p.Checkpoint == nil || r.taken < max(50, r.size.documents/10) {
		return nil
	}
	r.taken = 0
	if err := r.state.fit(); err != nil {
		return err
	}
	r.size = r.state.size()
	if err := r.p.Checkpoint(ctx, r.src.ID, *r.state); err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	return nil
}
