package hub

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of a search.
const (
	// MaxFound is how many objects a page of a search has at most.
	MaxFound     = 1000
	defaultFound = 50
	maxText      = 200      // characters of what is searched for in texts
	maxValues    = 50_000   // entries that are looked at for one value
	maxLooked    = 20_000   // entries that are looked at for one page of another search
	maxRead      = 32 << 20 // bytes of objects that are looked at for one page
	foundBytes   = 16 << 20 // bytes of objects on a page, unless the first is larger
)

// Search finds objects in all collections that the caller may read, each in the
// last version that they may read (in a collection, where one is given), newest
// first. A value finds what names it, and what names a block, a domain or a host
// that holds it; an indicator that wants the value absent is not found. A page may
// hold few objects, or none, and yet a Next, where few of those looked at fit: each
// page looks at a bounded number.
//
// The errors are Invalid, NotFound (no such collection), and Unauthenticated for a
// stranger who asks by organisation.
func (s *Service) Search(ctx context.Context, c *Caller, q Search) (SearchPage, error) {
	if err := q.check(c); err != nil {
		return SearchPage{}, err
	}
	var page SearchPage
	err := s.read(ctx, func(r store.Reader) error {
		f := finder{s: s, ctx: ctx, q: &q, view: newView(r, c), newest: map[string]spot{}}
		if err := f.open(r, c); err != nil {
			return err
		}
		var err error
		if q.Value != "" {
			err = f.byValue(r)
		} else {
			err = f.scan(r)
		}
		if err == nil && q.Counts {
			for i := range f.page.Found {
				n := f.view.counts(f.page.Found[i].ID)
				f.page.Found[i].Counts = &n
			}
		}
		page = f.page
		return errors.Join(err, f.view.err)
	})
	if err != nil {
		return SearchPage{}, err
	}
	return page, nil
}

// LookupValue is Search for a value: the first page of what says something of it.
func (s *Service) LookupValue(ctx context.Context, c *Caller, value string) (SearchPage, error) {
	return s.Search(ctx, c, Search{Value: value})
}

func (q *Search) check(c *Caller) error {
	switch {
	case q.Limit < 0 || q.Limit > MaxFound:
		return fail(Invalid, "limit %d: 1 to %d are allowed", q.Limit, MaxFound)
	case len([]rune(q.Text)) > maxText:
		return fail(Invalid, "text: at most %d characters are searched for", maxText)
	case q.Value != "" && len(stix.Lookup(q.Value)) == 0:
		return fail(Invalid, "value: an address, a domain, a URL, a mail address, a hash, a CVE or the like was expected")
	case q.Organisation != "" && !c.Member():
		return fail(Unauthenticated, "sign in, or send a key: who contributed what is for members")
	case len(q.Types) > 100:
		return fail(Invalid, "types: at most 100")
	}
	if q.Limit == 0 {
		q.Limit = defaultFound
	}
	return nil
}

// purpose binds a cursor to what it was made for: the same search.
func (q *Search) purpose() string {
	same := *q
	same.Cursor, same.Limit, same.Counts = "", 0, false
	text, err := json.Marshal(same)
	if err != nil {
		return purposeSearch // no such time: check of the cursor fails, no more
	}
	sum := sha256.Sum256(text)
	return purposeSearch + string(sum[:])
}

// finder makes one page.
type finder struct {
	s    *Service
	ctx  context.Context //nolint:containedctx // lives for one call
	q    *Search
	view *view

	only       uint32 // number of the collection, 0 for all
	text       string // folded
	begun      bool   // there was a cursor
	at         [spotSize]byte
	page       SearchPage
	looked     int
	read, size int
	parser     stix.Parser
	newest     map[string]spot // see latest
}

// open reads the cursor and finds the collection.
func (f *finder) open(r store.Reader, c *Caller) error {
	f.text = strings.ToLower(f.q.Text)
	if f.q.Cursor != "" {
		b, ok := f.s.openCursor(f.q.purpose(), f.q.Cursor)
		if !ok || len(b) != spotSize {
			return fail(Invalid, "this cursor is none of this search: send next of the page before with the same conditions")
		}
		f.begun, f.at = true, [spotSize]byte(b)
	}
	if f.q.Collection == "" {
		return nil
	}
	col, _, _, err := reach(r, c, "", f.q.Collection)
	if err != nil {
		return err
	}
	f.only = col.Number
	return nil
}

// goOn sets the cursor behind a position.
func (f *finder) goOn(at [spotSize]byte) {
	f.page.Next = f.s.sealCursor(f.q.purpose(), at[:])
}

// take adds an entry to the page if it is what is searched for; false where the
// page is full. matched is the value that it was found by.
func (f *finder) take(at spot, matched string) (fits bool) {
	rec, ok := f.view.visible(at)
	if !ok {
		return true
	}
	f.read += len(rec.object)
	id := string(rec.id)
	typ, _, _ := strings.Cut(id, "--")
	owner := f.view.contributor(rec.owner)
	switch {
	case len(f.q.Types) > 0 && !slices.Contains(f.q.Types, typ):
		return true
	case f.q.Organisation != "" && owner != f.q.Organisation:
		return true
	case f.text != "" && !f.says(rec.object):
		return true
	}
	audience, err := readAudience(f.view.r, rec.audience)
	if err != nil {
		return f.view.failed(err)
	}
	if f.q.Marking != "" && strictest(audience) != f.q.Marking {
		return true
	}
	if f.latest(id) != at {
		return true // another version, or the same elsewhere, is the one that they get
	}
	if len(f.page.Found) == f.q.Limit || len(f.page.Found) > 0 && f.size+len(rec.object) > foundBytes {
		return false
	}
	f.size += len(rec.object)
	f.page.Found = append(f.page.Found, f.view.found(at, &rec, audience, matched))
	return true
}

// latest is where the last version is that the caller may read. It is found once:
// all versions of an object may be among those looked at.
func (f *finder) latest(id string) spot {
	at, known := f.newest[id]
	if !known {
		at, _, _ = f.view.latestIn(id, f.only) // the zero spot where there is none
		f.newest[id] = at
	}
	return at
}

// inTime reports whether an entry was added in the time that is searched.
func (f *finder) inTime(at spot) bool {
	return (f.q.Since.IsZero() || at.added >= f.q.Since.UnixMicro()) && (f.q.Until.IsZero() || at.added < f.q.Until.UnixMicro())
}

// found is an entry as it is shown.
func (v *view) found(at spot, rec *recordView, audience tlp.Audience, matched string) Found {
	typ, _, _ := strings.Cut(string(rec.id), "--")
	found := Found{
		ID: string(rec.id), Type: typ, Version: rec.shown(at), DateAdded: at.time(), Marking: strictest(audience),
		Matched: matched, Object: slices.Clone(rec.object),
	}
	if col, _ := v.collection(at.col); col != nil {
		found.Collection = col.ID
	}
	if v.caller.Member() {
		found.Organisation = v.contributor(rec.owner)
	}
	return found
}

// says reports whether an object holds the text that is searched for.
func (f *finder) says(object []byte) bool {
	raw := string(object)
	if !strings.ContainsAny(raw, `\`) && !strings.Contains(f.text, `"`) {
		return strings.Contains(strings.ToLower(raw), f.text)
	}
	v, err := f.parser.Parse(object)
	if err != nil {
		return false
	}
	for _, text := range stix.Strings(v) {
		if strings.Contains(strings.ToLower(text), f.text) {
			return true
		}
	}
	return false
}

// candidate of a search by value.
type valueHit struct {
	at      spot
	matched string
}

// byValue goes through the index of values.
func (f *finder) byValue(r store.Reader) error {
	seen := map[spot]bool{}
	var hits []valueHit
	for _, want := range stix.Lookup(f.q.Value) {
		prefix := valuePrefix(string(want.Kind), want.Key)
		for e, err := range r.Scan(store.Prefix(prefix)) {
			if err != nil {
				return err
			}
			if f.looked++; f.looked > maxValues {
				break
			}
			at, ok := readSpot(e.Key[max(0, len(e.Key)-spotSize):])
			if !ok || len(e.Value) != 1 {
				return errRecord
			}
			if e.Value[0]&valueNegated != 0 || seen[at] || f.only != 0 && at.col != f.only || !f.inTime(at) {
				continue
			}
			seen[at] = true
			hits = append(hits, valueHit{at, want.Key})
		}
	}
	slices.SortFunc(hits, func(a, b valueHit) int { return b.at.compare(a.at) })
	before, last := f.at, spot{}
	if f.begun {
		last = spot{binary.BigEndian.Uint32(before[8:]), int64(binary.BigEndian.Uint64(before[:]))} // #nosec G115 -- written by position
	}
	for _, hit := range hits {
		if f.begun && hit.at.compare(last) >= 0 {
			continue
		}
		if err := f.ctx.Err(); err != nil {
			return err
		}
		if !f.take(hit.at, hit.matched) {
			f.goOn(before)
			return nil
		}
		before = hit.at.position()
	}
	return nil
}

// position is a spot in the order of time.
func (s spot) position() (b [spotSize]byte) {
	binary.BigEndian.PutUint64(b[:], uint64(s.added)) // #nosec G115 -- after 1970
	binary.BigEndian.PutUint32(b[8:], s.col)
	return b
}

// compare orders spots by time.
func (s spot) compare(other spot) int {
	a, b := s.position(), other.position()
	return slices.Compare(a[:], b[:])
}
