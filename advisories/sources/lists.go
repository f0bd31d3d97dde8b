package sources

import (
	"context"
	"errors"
	"fmt"

	"github.com/cybersec-infohub/infohub/internal/fetch"
)

// provided is a provider and what of it was fetched.
type provided struct {
	Provider
	keys keyring
}

// ended is an error after which more of the same would fare no better.
type ended struct {
	err error
	all bool // the run ends with it; else this provider
}

func (e *ended) Error() string { return e.err.Error() }
func (e *ended) Unwrap() error { return e.err }

// csaf brings in the documents of a provider, of all that an aggregator lists, or
// of a folder.
func (r *run) csaf(ctx context.Context) error {
	if !domain(r.src.URL) && origin(r.src.URL) == "" {
		return r.folder(ctx)
	}
	providers, err := r.discover(ctx, r.src.URL)
	if err != nil {
		r.pause(err)
		return err
	}
	r.loose = append(r.loose, r.out.Refused...) // providers of an aggregator
	lists := map[string]bool{}
	var failed []error
	for i := range providers {
		p := &provided{Provider: providers[i]}
		for _, list := range p.lists() {
			lists[list.URL] = true
		}
		err := r.lists(ctx, p)
		failed = append(failed, err)
		if end, ok := errors.AsType[*ended](err); ok && end.all || ctx.Err() != nil {
			return errors.Join(failed...)
		}
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	for address := range r.state.Listings {
		if !lists[address] {
			delete(r.state.Listings, address)
		}
	}
	return nil
}

// lists are the feeds of a provider or, where it has none, its directories, which
// have the same documents and no label.
func (p *provided) lists() []Feed {
	if len(p.Feeds) > 0 {
		return p.Feeds
	}
	var all []Feed
	for _, f := range p.Folders {
		all = append(all, Feed{URL: f})
	}
	return all
}

// lists works off one list after the other.
func (r *run) lists(ctx context.Context, p *provided) error {
	work := r.directory
	if len(p.Feeds) > 0 {
		work = r.feed
	}
	var failed []error
	for _, list := range p.lists() {
		if !secure(list.URL, r.p.Plain) {
			r.refuse(r.refusal(list.URL, "", RefusedLink, "the address of the list is not https"))
			continue
		}
		err := work(ctx, p, list)
		failed = append(failed, err)
		if _, end := errors.AsType[*ended](err); end || ctx.Err() != nil {
			if len(failed) == 1 {
				return err
			}
			break
		}
	}
	return errors.Join(failed...)
}

// feed works off a ROLIE feed.
func (r *run) feed(ctx context.Context, p *provided, f Feed) error {
	data, state, err := r.list(ctx, f.URL, f.URL, "application/json")
	if err != nil || data == nil {
		return err
	}
	entries, bad, err := parseROLIE(data, f.Label, r.p.Plain)
	if err != nil {
		r.refuse(r.refusal(f.URL, "", RefusedFormat, "the feed is not read: "+err.Error()))
		return fmt.Errorf("%s: %w", f.URL, err)
	}
	return r.download(ctx, p, f.URL, state, entries, bad)
}

// directory works off changes.csv or, where there is none, index.txt.
func (r *run) directory(ctx context.Context, p *provided, f Feed) error {
	base, parse, name := f.URL, parseChanges, "changes.csv"
	data, state, err := r.list(ctx, base, base+name, "text/csv")
	if absent(err) {
		// Its documents have no dates, so each is asked for whether it changed.
		parse, name, r.state.listing(base).Fetch = parseIndex, "index.txt", fetch.State{}
		data, _, err = r.list(ctx, base, base+name, "text/plain")
		state = fetch.State{}
	}
	if err != nil || data == nil {
		return err
	}
	entries, bad, err := parse(data, base)
	if err != nil {
		r.refuse(r.refusal(base+name, "", RefusedFormat, "the list is not read: "+err.Error()))
		return fmt.Errorf("%s: %w", base+name, err)
	}
	return r.download(ctx, p, base, state, entries, bad)
}

// list fetches the list that is known by key; nil where it did not change and
// nothing in it waits.
func (r *run) list(ctx context.Context, key, address, accept string) ([]byte, fetch.State, error) {
	l := r.state.listing(key)
	known := l.Fetch
	if l.waits(r.now) {
		known = fetch.State{}
	}
	result, err := r.get(ctx, address, accept, maxListing, known)
	if err != nil {
		err = fmt.Errorf("%s: %w", address, err)
		if r.pause(err) {
			err = &ended{err: err}
		}
		return nil, fetch.State{}, err
	}
	if result.Status == fetch.Unchanged {
		r.out.Unchanged += len(l.Documents)
		return nil, result.State, nil
	}
	data, err := take(result.Body)
	return data, result.State, err
}
