package hub

import (
	"bytes"
	"context"
	"iter"
	"slices"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// listing walks the entries of a collection that a query may choose.
type listing struct {
	ctx   context.Context
	r     store.Reader
	view  *view
	col   *Collection
	q     *Query
	after int64 // microseconds; only what was added later
	exact [][versionSize]byte
	first, last,
	all bool
	ids, types []string // sorted, each once; ids folded
	// newest and oldest are of the objects' versions that the caller may read, so
	// that those of an object of many versions are gone through once.
	newest, oldest map[string][versionSize]byte
}

func newListing(ctx context.Context, r store.Reader, c *Caller, col *Collection, q *Query) *listing {
	l := &listing{ctx: ctx, r: r, view: newView(r, c), col: col, q: q, after: -1,
		newest: map[string][versionSize]byte{}, oldest: map[string][versionSize]byte{}}
	if !q.AddedAfter.IsZero() {
		l.after = max(q.AddedAfter.UnixMicro(), -1)
	}
	l.first, l.last, l.all = q.Versions.First, q.Versions.Last, q.Versions.All
	l.exact = exactVersions(q.Versions.Exact)
	if !l.first && !l.all && len(l.exact) == 0 {
		l.last = true
	}
	for _, id := range q.IDs {
		l.ids = append(l.ids, foldID(id))
	}
	slices.Sort(l.ids)
	l.ids = slices.Compact(l.ids)
	l.types = slices.Clone(q.Types)
	slices.Sort(l.types)
	l.types = slices.Compact(l.types)
	return l
}

// hit is an entry that may be chosen: where it is, and the log's value if that is
// at hand.
type hit struct {
	at    spot
	value []byte
}

// stepsBetweenLooks is how many entries are passed before the context is looked
// at again.
const stepsBetweenLooks = 4096

// hits are the entries that may be chosen, in the order of the log.
func (l *listing) hits() iter.Seq2[hit, error] {
	source := l.log()
	switch {
	case len(l.q.AllSpecs) > 0 && !slices.Contains(l.q.AllSpecs, "2.1"):
		return func(func(hit, error) bool) {}
	case len(l.ids) > 0:
		source = l.byID()
	case len(l.types) == 1:
		source = l.byType(l.types[0])
	case len(l.types) > 1:
		source = l.byTypes()
	}
	return func(yield func(hit, error) bool) {
		steps := 0
		for h, err := range source {
			if steps++; err == nil && steps%stepsBetweenLooks == 0 {
				err = l.ctx.Err()
			}
			if !yield(h, err) || err != nil {
				return
			}
		}
	}
}

// behind is the part of a range, whose keys end in the date added, that was added
// after the query's date.
func (l *listing) behind(prefix []byte) store.Range {
	in := store.Prefix(prefix)
	in.From = spot{added: l.after + 1}.append(nil)[spotSize-8:]
	in.From = append(bytes.Clone(prefix), in.From...)
	return in
}

func (l *listing) log() iter.Seq2[hit, error] {
	return func(yield func(hit, error) bool) {
		for e, err := range l.r.Scan(l.behind(logPrefix(l.col.Number))) {
			h := hit{value: e.Value}
			if err == nil {
				h.at, err = spotOfLog(e.Key)
			}
			if !yield(h, err) || err != nil {
				return
			}
		}
	}
}

func spotOfLog(key []byte) (spot, error) {
	if len(key) != 1+spotSize {
		return spot{}, errRecord
	}
	at, _ := readSpot(key[1:])
	return at, nil
}

func (l *listing) byType(typ string) iter.Seq2[hit, error] {
	return func(yield func(hit, error) bool) {
		if len(typ) > maxDetail {
			return // no such type
		}
		prefix := typePrefix(l.col.Number, typ)
		for e, err := range l.r.Scan(l.behind(prefix)) {
			h := hit{at: spot{col: l.col.Number}}
			if err == nil {
				h.at, err = spotOfType(l.col.Number, e.Key, len(prefix))
			}
			if !yield(h, err) || err != nil {
				return
			}
		}
	}
}

func spotOfType(col uint32, key []byte, prefix int) (spot, error) {
	if len(key) != prefix+8 {
		return spot{}, errRecord
	}
	at, _ := readSpot(append(spot{col: col}.append(nil)[:spotSize-8], key[prefix:]...))
	return at, nil
}

// byTypes merges the logs of several types.
func (l *listing) byTypes() iter.Seq2[hit, error] {
	return func(yield func(hit, error) bool) {
		type head struct {
			hit  hit
			next func() (hit, error, bool)
		}
		var heads []head
		for _, typ := range l.types {
			next, stop := iter.Pull2(l.byType(typ))
			defer stop()
			if h, err, ok := next(); err != nil {
				yield(h, err)
				return
			} else if ok {
				heads = append(heads, head{h, next})
			}
		}
		for len(heads) > 0 {
			least := 0
			for i := range heads {
				if heads[i].hit.at.added < heads[least].hit.at.added {
					least = i
				}
			}
			if !yield(heads[least].hit, nil) {
				return
			}
			h, err, ok := heads[least].next()
			switch {
			case err != nil:
				yield(h, err)
				return
			case ok:
				heads[least].hit = h
			default:
				heads = slices.Delete(heads, least, least+1)
			}
		}
	}
}

// byID are the versions of the objects that the query names.
func (l *listing) byID() iter.Seq2[hit, error] {
	return func(yield func(hit, error) bool) {
		var all []spot
		for _, id := range l.ids {
			if len(id) > maxDetail {
				continue // no such object
			}
			for e, err := range versionsOf(l.r, id) {
				if err != nil {
					yield(hit{}, err)
					return
				}
				if e.at.col == l.col.Number && e.at.added > l.after {
					all = append(all, e.at)
				}
			}
		}
		slices.SortFunc(all, func(a, b spot) int { return int(min(max(a.added-b.added, -1), 1)) })
		for _, at := range all {
			if !yield(hit{at: at}, nil) {
				return
			}
		}
	}
}

// chosen reads an entry if the query chooses it and the caller may read it.
func (l *listing) chosen(h hit) (rec recordView, ok bool) {
	if h.value == nil {
		if rec, ok = l.view.entry(h.at); !ok {
			return rec, false
		}
	} else {
		var err error
		if rec, err = readRecord(h.value); err != nil {
			return rec, l.view.failed(err)
		}
	}
	if len(l.ids) > 0 && len(l.types) > 0 && !slices.Contains(l.types, typeOf(rec.id)) {
		return rec, false
	}
	if exact := !l.first && !l.last && !l.all; exact && !l.version(h.at, &rec) { // that is soon told
		return rec, false
	}
	return rec, l.view.mayRead(h.at, &rec) && l.version(h.at, &rec)
}

func typeOf(id []byte) string {
	typ, _, _ := bytes.Cut(id, []byte("--"))
	return string(typ)
}

// version reports whether the query asks for this one of an object's versions.
func (l *listing) version(at spot, rec *recordView) bool {
	switch {
	case l.all:
		return true
	case l.last && (rec.flags&flagSuperseded == 0 || l.end(rec, l.newest, true) == rec.ver):
		return true
	case l.first && l.end(rec, l.oldest, false) == rec.ver:
		return true
	}
	e := stored{ver: rec.ver, at: at}
	return slices.Contains(l.exact, e.version())
}

// end is the newest or the oldest version of an entry's object in the same
// collection that the caller may read.
func (l *listing) end(rec *recordView, known map[string][versionSize]byte, newest bool) [versionSize]byte {
	if ver, ok := known[string(rec.id)]; ok {
		return ver
	}
	if len(known) >= maxMemo {
		clear(known)
	}
	id := string(rec.id)
	in := store.Prefix(objectPrefix(id))
	in.Reverse = newest
	for e, err := range storedIn(l.r, id, in) {
		if err != nil {
			l.view.failed(err)
			break
		}
		if e.at.col != l.col.Number || !l.view.mayReadAt(e.at.col, e.audience) {
			continue
		}
		if _, ok := l.view.visible(e.at); ok {
			known[id] = e.ver
			return e.ver
		}
	}
	return [versionSize]byte{}
}

// ground is the date of an empty page: see Page.First.
func (l *listing) ground() (at int64, err error) {
	if !l.q.AddedAfter.IsZero() {
		return l.q.AddedAfter.UnixMicro(), nil
	}
	steps := 0
	in := store.Prefix(logPrefix(l.col.Number))
	in.Reverse = true
	for e, err := range l.r.Scan(in) {
		if steps++; err == nil && steps%stepsBetweenLooks == 0 {
			err = l.ctx.Err()
		}
		if err != nil {
			return 0, err
		}
		at, err := spotOfLog(e.Key)
		if err != nil {
			return 0, err
		}
		rec, err := readRecord(e.Value)
		if err != nil {
			return 0, err
		}
		if l.view.mayRead(at, &rec) {
			return at.added, nil
		}
	}
	return l.col.Created.UnixMicro(), l.view.err
}
