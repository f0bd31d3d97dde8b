package hub

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of a page of changes.
const (
	// MaxChanges is how many changes a page has at most.
	MaxChanges     = 1000
	defaultChanges = 100
	changesAtOnce  = 10_000  // entries of the feed that one View looks at
	changesAtMost  = 200_000 // entries of the feed that one page looks at
	changeBytes    = 4 << 20 // of objects on a page, unless the first is larger
)

// CursorNow is the cursor of whoever wants what comes, and not what there is.
const CursorNow = "now"

// position is what a cursor of the change feed says.
type position struct {
	seq       uint64 // of the last change that was told
	forgotten uint64 // the feed's mark of forgotten removals at that time
}

// missed reports whether removals were forgotten that whoever holds the cursor
// has not been told of.
func (p position) missed(forgotten uint64) bool {
	return p.seq > 0 && forgotten > p.forgotten && forgotten > p.seq
}

const (
	purposeChanges = "changes"
	purposeSearch  = "search"
)

// sealCursor encrypts a position, so that nobody learns from it how many objects
// there are that they may not see. Two of the same position differ.
func (s *Service) sealCursor(purpose string, plain []byte) string {
	nonce := make([]byte, s.cursor.NonceSize(), s.cursor.NonceSize()+len(plain)+s.cursor.Overhead())
	rand.Read(nonce) // never fails
	return base64.RawURLEncoding.EncodeToString(s.cursor.Seal(nonce, nonce, plain, []byte(purpose)))
}

// openCursor returns false for what sealCursor did not make for this purpose.
func (s *Service) openCursor(purpose, cursor string) ([]byte, bool) {
	const most = 500
	if len(cursor) > most {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) < s.cursor.NonceSize() {
		return nil, false
	}
	n := s.cursor.NonceSize()
	plain, err := s.cursor.Open(nil, b[:n], b[n:], []byte(purpose))
	return plain, err == nil
}

func (s *Service) sealPosition(p position) string {
	return s.sealCursor(purposeChanges, binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, p.seq), p.forgotten))
}

// openPosition reads a cursor of the change feed. The error is Invalid.
func (s *Service) openPosition(r store.Reader, cursor string) (position, error) {
	switch cursor {
	case "":
		return position{}, nil
	case CursorNow:
		return lastPosition(r)
	}
	b, ok := s.openCursor(purposeChanges, cursor)
	if !ok || len(b) != 16 {
		return position{}, fail(Invalid, "this cursor is none of this hub's: use next of the page before as it is, or begin without one")
	}
	return position{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}, nil
}

func lastPosition(r store.Reader) (position, error) {
	last, err := feedMark(r, feedLast)
	if err != nil {
		return position{}, err
	}
	forgotten, err := feedMark(r, feedForgotten)
	return position{last, forgotten}, err
}

// Changes returns what happened since a cursor, in the order of commit, as far as
// the caller may read it now: what was added if they may read it, what was removed
// if they might have read it. The cursor is Next of the page before, "" for all
// that the hub holds, or CursorNow. collection is an id, or "" for all. limit is
// at most MaxChanges; 0 is 100. A page may have fewer changes, or none, and More.
//
// Rights that come later bring nothing that was passed over: whoever gains some
// begins again with "". The errors are Invalid (no such cursor), NotFound (no such
// collection), and Conflict for a cursor so old that removals were forgotten since:
// whoever holds it begins again, too.
func (s *Service) Changes(ctx context.Context, c *Caller, cursor, collection string, limit int) (ChangePage, error) {
	switch {
	case limit < 0 || limit > MaxChanges:
		return ChangePage{}, fail(Invalid, "limit %d: 1 to %d are allowed", limit, MaxChanges)
	case limit == 0:
		limit = defaultChanges
	}
	w := changeWalk{caller: c, collection: collection, limit: limit}
	for begun := false; !w.done && w.looked < changesAtMost; begun = true {
		err := s.read(ctx, func(r store.Reader) (err error) {
			if !begun {
				if w.at, err = s.openPosition(r, cursor); err != nil {
					return err
				}
			}
			return w.step(r)
		})
		if err != nil {
			return ChangePage{}, err
		}
	}
	return ChangePage{Changes: w.changes, Next: s.sealPosition(w.at), More: w.more}, nil
}

// changeWalk goes through the feed in several short snapshots.
type changeWalk struct {
	caller     *Caller
	collection string
	limit      int

	at         position
	looked     int
	bytes      int
	changes    []Change
	more, done bool // there is more behind the page; nothing is left to look at for it
}

// step looks at the next changesAtOnce entries of the feed.
func (w *changeWalk) step(r store.Reader) error {
	forgotten, err := feedMark(r, feedForgotten)
	if err != nil {
		return err
	}
	if w.at.missed(forgotten) {
		return fail(Conflict, "this cursor is older than what the hub remembers of deleted objects: begin again without one, and drop what does not come back")
	}
	only := uint32(0)
	if w.collection != "" {
		col, _, _, err := reach(r, w.caller, "", w.collection)
		if err != nil {
			return err
		}
		only = col.Number
	}
	v := newView(r, w.caller)
	w.at.forgotten = forgotten
	for e, err := range r.Scan(feedFrom(w.at.seq)) {
		if err != nil {
			return err
		}
		if w.looked++; w.looked%changesAtOnce == 0 {
			w.more = true // unless the next step finds otherwise
			return v.err
		}
		seq, err := feedSeq(e.Key)
		if err != nil {
			return err
		}
		if fits, err := w.tell(v, e.Value, only); err != nil || !fits {
			w.more, w.done = true, true
			return errors.Join(err, v.err)
		}
		w.at.seq = seq
	}
	w.more, w.done = false, true
	return v.err
}

// tell adds a change to the page if the caller may know of it; false where the
// page is full. That there is more is said only for what the caller may know of.
func (w *changeWalk) tell(v *view, value []byte, only uint32) (fits bool, err error) {
	c, err := readChange(value)
	if err != nil {
		return false, err
	}
	if only != 0 && c.at.col != only {
		return true, nil
	}
	rec, may := c.removed, false
	if c.kind == feedAdded {
		rec, may = v.visible(c.at)
	} else {
		may = v.mightRead(c.at, &rec)
	}
	if !may {
		return true, nil
	}
	if len(w.changes) >= w.limit || len(w.changes) > 0 && w.bytes+len(rec.object) > changeBytes {
		return false, nil
	}
	col, _ := v.collection(c.at.col)
	told := Change{Kind: ChangeAdded, Time: c.at.time(), Collection: col.ID, ID: string(rec.id), Version: rec.shown(c.at)}
	switch c.kind {
	case feedAdded:
		told.Object = bytes.Clone(rec.object)
		w.bytes += len(rec.object)
	case feedDeleted:
		told.Kind, told.Time = ChangeDeleted, time.UnixMicro(c.when).UTC()
	case feedExpired:
		told.Kind, told.Time = ChangeExpired, time.UnixMicro(c.when).UTC()
	}
	w.changes = append(w.changes, told)
	return true, nil
}

// mightRead reports whether the caller could read what was removed, were it still
// there.
func (v *view) mightRead(at spot, rec *recordView) bool {
	if !v.mayReadAt(at.col, rec.audience) || !v.mayReadReferences(rec.references) {
		return false
	}
	if rec.lineage == 0 {
		return true
	}
	for e, err := range versionsOf(v.r, string(rec.id)) {
		if err != nil {
			return v.failed(err)
		}
		if e.lineage >= rec.lineage {
			continue
		}
		if _, earlier := v.visible(e.at); earlier {
			return false
		}
	}
	return true
}

// shown is the version as readers are told it: that of an object without one is
// when it was added.
func (rec *recordView) shown(at spot) string {
	if len(rec.version) == 0 {
		return stix.FormatTimestamp(at.time())
	}
	return string(rec.version)
}

// Wait returns nil when the hub may hold changes behind a cursor, ctx's error when
// that ended first, and Unavailable after EndWaits. What woke it may be hidden from
// the caller: ask Changes, and wait again where it has nothing, without a word to
// whoever waits.
func (s *Service) Wait(ctx context.Context, cursor string) error {
	for {
		grown := s.changed.next()
		var more bool
		err := s.read(ctx, func(r store.Reader) error {
			p, err := s.openPosition(r, cursor)
			if err != nil {
				return err
			}
			last, err := feedMark(r, feedLast)
			more = last > p.seq && cursor != CursorNow
			return err
		})
		if err != nil || more {
			return err
		}
		select {
		case <-grown:
			if cursor == CursorNow {
				return nil
			}
		case <-s.ending:
			return fail(Unavailable, "the hub is stopping: ask again later")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
