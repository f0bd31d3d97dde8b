package sources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/fetch"
)

const (
	workers   = 4        // documents that are fetched and checked at a time
	maxCSAF   = 15 << 20 // bytes of a document: what csaf.Parse reads
	maxFailed = 5        // documents in a row that could not be had; then the server is left alone
)

// fetched is what became of one entry of a list.
type fetched struct {
	entry   entry
	state   fetch.State
	same    bool // it did not change
	item    Item
	refused *Refusal
	err     error // it may be had another time
}

// download brings in what is new in a list, in its order. A document that cannot
// be had waits for the next run, and so does the list; one that is refused waits
// for a new date, or a day.
func (r *run) download(ctx context.Context, p *provided, list string, state fetch.State, entries []entry, bad []Refusal) error {
	l := r.state.listing(list)
	named := make(map[string]bool, len(entries))
	for _, e := range entries {
		named[key(e.url)] = true
	}
	for _, f := range bad[:min(len(bad), maxNotes)] {
		f.Time = r.now
		r.out.refuse(f)
		line := key(f.URL + "\n" + f.TrackingID + "\n" + f.Detail)
		named[line] = true
		r.keep(l, line, Document{Refused: &f})
	}
	for known := range l.Documents {
		if !named[known] {
			delete(l.Documents, known) // it is not listed any more; what was taken in stays
		}
	}
	r.size = r.state.size()
	var todo []entry
	room := maxListed - r.size.documents
	for _, e := range slices.Backward(entries) { // what is new first, if there is no room for all
		_, known := l.Documents[key(e.url)]
		switch {
		case !l.due(e.url, e.updated, r.now):
			r.out.Unchanged++
			continue
		case !known && room <= 0:
			r.warn("%s: the source has more than %d documents; older ones are left out", list, maxListed)
			continue
		case !known:
			room--
		}
		todo = append(todo, e)
	}
	slices.Reverse(todo)
	l.Fetch = fetch.State{}
	waiting, err := r.each(ctx, p, l, todo)
	if err != nil {
		return err
	}
	if waiting == 0 {
		l.Fetch = state
	}
	return nil
}

// each fetches entries, some at a time, and takes them in one by one. waiting is
// how many could not be had.
func (r *run) each(ctx context.Context, p *provided, l *Listing, todo []entry) (waiting int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait() // after cancel
	defer cancel()
	queue := make(chan chan fetched, workers-1) // in the order of the list; one more is waited for
	known := make(map[string]fetch.State, len(todo))
	for _, e := range todo {
		known[e.url] = l.Documents[key(e.url)].Fetch
	}
	wg.Go(func() {
		defer close(queue)
		for _, e := range todo {
			one := make(chan fetched, 1)
			select {
			case queue <- one: // waits while as many are under way
			case <-ctx.Done():
				return
			}
			wg.Go(func() { one <- r.one(ctx, p, e, known[e.url]) })
		}
	})
	failed := 0
	for one := range queue {
		f := <-one
		if ctx.Err() != nil {
			return waiting, context.Cause(ctx)
		}
		switch done, err := r.settle(ctx, l, f); {
		case err != nil:
			return waiting, &ended{err: err, all: true}
		case done:
			failed = 0
		default:
			waiting++
			failed++
			r.warn("%s: %v; it is tried again", f.entry.url, f.err)
			if r.pause(f.err) || failed == maxFailed {
				return waiting, &ended{err: fmt.Errorf("%s: %w", f.entry.url, f.err)}
			}
		}
	}
	if ctx.Err() != nil {
		return waiting, context.Cause(ctx)
	}
	return waiting, nil
}

// settle hands a document on and notes that it was dealt with; false: it is still
// to be had.
func (r *run) settle(ctx context.Context, l *Listing, f fetched) (bool, error) {
	if f.err != nil {
		return false, nil
	}
	d := Document{Listed: f.entry.updated, Fetch: f.state}
	if f.refused == nil && !f.same {
		var err error
		if f.refused, err = r.deliver(ctx, f.item); err != nil {
			return false, err
		}
	}
	if f.same {
		r.out.Unchanged++
	} else {
		r.out.Fetched++
	}
	if f.refused != nil {
		r.out.refuse(*f.refused)
		d.Fetch, d.Refused = fetch.State{}, f.refused
	}
	r.keep(l, key(f.entry.url), d)
	return true, r.checkpoint(ctx)
}

// one fetches and checks a document.
func (r *run) one(ctx context.Context, p *provided, e entry, known fetch.State) fetched {
	f := fetched{entry: e}
	refuse := func(code Code, err error) fetched {
		refused := r.refusal(e.url, e.id, code, err.Error())
		f.refused = &refused
		return f
	}
	result, err := r.get(ctx, e.url, "application/json", maxCSAF, known)
	switch {
	case err != nil && (errors.Is(err, fetch.ErrTemporary) || ctx.Err() != nil):
		f.err = err
		return f
	case errors.Is(err, fetch.ErrTooLarge):
		return refuse(RefusedSize, err)
	case errors.Is(err, fetch.ErrForbidden), errors.Is(err, fetch.ErrRedirect), errors.Is(err, fetch.ErrRequest):
		return refuse(RefusedLink, err)
	case err != nil:
		return refuse(RefusedFetch, err)
	}
	f.state = result.State
	if result.Status == fetch.Unchanged {
		f.same = true
		return f
	}
	data, err := take(result.Body)
	if err != nil {
		f.err = err
		return f
	}
	verified, key, refused, err := r.verify(ctx, p, &e, data)
	if err != nil || refused != nil {
		f.err, f.refused = err, refused
		return f
	}
	publication, refused := r.document(data, &e)
	if refused == nil {
		refused = r.belongs(&publication, &e, p)
	}
	f.refused = refused
	f.item = Item{Publication: publication, Raw: data, MediaType: "application/json",
		From: advisories.Source{URL: e.url, Verified: verified, Key: key}}
	return f
}

// belongs checks that a document is what its list and its provider say.
func (r *run) belongs(p *advisories.Publication, e *entry, from *provided) *Refusal {
	id := p.Tracking.ID
	refuse := func(code Code, format string, args ...any) *Refusal {
		f := r.refusal(e.url, id, code, fmt.Sprintf(format, args...))
		return &f
	}
	switch name := e.url[strings.LastIndexByte(e.url, '/')+1:]; {
	case name != fileName(id):
		return refuse(RefusedName, "its file is named %s, and by its tracking id it is %s (CSAF 5.1)", name, fileName(id))
	case e.id != "" && e.id != id:
		return refuse(RefusedName, "the feed names it %s", e.id)
	case place(p.Publisher.Namespace) != place(from.Namespace):
		return refuse(RefusedPublisher, "it is by %s, and comes from the provider of %s, who publishes on their own behalf (CSAF 7.2.1)", p.Publisher.Namespace, from.Namespace)
	}
	switch label := labelled(e.label); {
	case p.Advisory.TLP == "" && (e.label == "" || e.label == unlabelled):
		r.label(p)
	case p.Advisory.TLP == "":
		p.Advisory.TLP = label
	case e.label != "" && strict(p.Advisory.TLP) > strict(label):
		return refuse(RefusedTLP, "it is TLP:%s, and stands in a feed that is %s", strings.ToUpper(string(p.Advisory.TLP)), e.label)
	}
	return nil
}
