package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Page is a part of a collection's log that a caller may read, in the order in
// which it was added. It knows where the objects are and holds none.
type Page struct {
	// Entries are what a manifest shows, if the Query asked for a Manifest.
	Entries []Entry
	// More says that there is more to read behind the last one.
	More bool
	// First and Last are when the first and the last object were added (TAXII 2.1,
	// 3.4, the headers X-TAXII-Date-Added-First and -Last). On an empty page both
	// are the query's AddedAfter, else the newest date that this reader may see in
	// the collection, else when that was created.
	First, Last time.Time

	s     *Service
	col   uint32
	added []int64
}

// Len is how many objects the page has.
func (p *Page) Len() int { return len(p.added) }

// Page finds the entries of a collection that a query chooses and the caller may
// read. The error is NotFound where the collection is not to be known, and
// Forbidden where the caller may write to it and not read; see also Query.One.
func (s *Service) Page(ctx context.Context, c *Caller, q Query) (*Page, error) {
	var p *Page
	err := s.read(ctx, func(r store.Reader) (err error) {
		p, err = s.page(ctx, r, c, &q)
		return err
	})
	return p, err
}

// readable finds a collection that the caller may read.
func readable(r store.Reader, c *Caller, root, idOrAlias string) (*Collection, error) {
	col, read, _, err := reach(r, c, root, idOrAlias)
	if err != nil {
		return nil, err
	}
	if !read {
		return nil, fail(Forbidden, "you may not read this collection; its administrators give the right to, and your key has to be for it")
	}
	return col, nil
}

func (s *Service) page(ctx context.Context, r store.Reader, c *Caller, q *Query) (*Page, error) {
	col, err := readable(r, c, q.Root, q.Collection)
	if err != nil {
		return nil, err
	}
	if q.One {
		if err := found(ctx, r, c, col, q); err != nil {
			return nil, err
		}
	}
	limit := q.Limit
	if limit <= 0 || limit > PageSize {
		limit = PageSize
	}
	p := &Page{s: s, col: col.Number}
	l := newListing(ctx, r, c, col, q)
	for h, err := range l.hits() {
		if err != nil {
			return nil, err
		}
		rec, ok := l.chosen(h)
		if !ok {
			continue
		}
		if len(p.added) == limit {
			p.More = true
			break
		}
		p.added = append(p.added, h.at.added)
		if q.Manifest {
			p.Entries = append(p.Entries, newEntry(h.at, &rec))
		}
	}
	if l.view.err != nil {
		return nil, l.view.err
	}
	if len(p.added) > 0 {
		p.First, p.Last = spot{added: p.added[0]}.time(), spot{added: p.added[len(p.added)-1]}.time()
		return p, nil
	}
	ground, err := l.ground()
	p.First = spot{added: ground}.time()
	p.Last = p.First
	return p, err
}

// found is NotFound unless the caller may read some version of the objects that a
// query names.
func found(ctx context.Context, r store.Reader, c *Caller, col *Collection, q *Query) error {
	l := newListing(ctx, r, c, col, &Query{IDs: q.IDs, Versions: VersionMatch{All: true}})
	for h, err := range l.hits() {
		if err != nil {
			return err
		}
		if _, ok := l.chosen(h); ok {
			return nil
		}
	}
	if l.view.err != nil {
		return l.view.err
	}
	return errNoObject(q.IDs...)
}

func errNoObject(ids ...string) error {
	return fail(NotFound, "no object %q in this collection", cut(strings.Join(ids, ","), maxDetail))
}

func newEntry(at spot, rec *recordView) Entry {
	e := Entry{ID: string(rec.id), Version: string(rec.version), DateAdded: at.time()}
	if e.Version == "" {
		e.Version = at.text()
	}
	return e
}

// WriteObjects writes the page's objects as they were received, with commas
// between them. It copies a part of them at a time, so that a slow reader keeps
// little memory and nothing in the store. What was deleted since the page was
// found is left out.
func (p *Page) WriteObjects(ctx context.Context, w io.Writer) error {
	chunk := p.s.spare.chunk()
	defer p.s.spare.keep(chunk)
	for next, first := 0, true; next < len(p.added); {
		b := (*chunk)[:0]
		err := p.s.read(ctx, func(r store.Reader) (err error) {
			b, next, err = p.copy(r, (*chunk)[:0], next, first)
			return err
		})
		if err != nil {
			return err
		}
		*chunk = b
		if len(b) == 0 {
			break // the rest was deleted
		}
		first = false
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("write objects: %w", err)
		}
	}
	return nil
}

// copy appends objects from the one at next on, at least one if any are left, and
// says where to go on.
func (p *Page) copy(r store.Reader, b []byte, next int, first bool) ([]byte, int, error) {
	key := spot{col: p.col}.logKey()
	for ; next < len(p.added); next++ {
		key = spot{p.col, p.added[next]}.append(key[:1])
		value, err := r.Get(key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return b, next, fmt.Errorf("log: %w", err)
		}
		rec, err := readRecord(value)
		if err != nil {
			return b, next, err
		}
		if len(b) > 0 && len(b)+1+len(rec.object) > chunkSize {
			break
		}
		if !first || len(b) > 0 {
			b = append(b, ',')
		}
		b = append(b, rec.object...)
	}
	return b, next, nil
}
