package audit

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Limits of List.
const (
	MaxListed  = 1000    // entries on a page
	maxScanned = 100_000 // entries looked at for one page
)

// Filter chooses entries. A zero field chooses all.
type Filter struct {
	Since  time.Time // not before this
	Until  time.Time // before this
	Actor  string    // an actor's id
	Action string    // an action, or with a dot at its end all that begin so: "object."
	Object string    // an object's id
	Before uint64    // only entries with smaller numbers: Page.Next of the page before
	Limit  int       // entries on the page: 1 to MaxListed, 0 for MaxListed
}

// Page is a part of the log, newest first.
type Page struct {
	Entries []Entry `json:"entries"`
	// Next goes into Filter.Before for what is older; 0: there is nothing more.
	// A page may have few entries, or none, and yet a Next, when few of those
	// that were looked at fit the filter.
	Next uint64 `json:"next,omitempty"`
}

// List returns a page of the log. The reader is of the whole store. An entry
// that was changed ends it with ErrBroken: nothing false is listed.
func List(r store.Reader, f Filter) (Page, error) {
	limit := f.Limit
	if limit <= 0 || limit > MaxListed {
		limit = MaxListed
	}
	in := store.Prefix(entryPrefix)
	in.Reverse = true
	if f.Before > 0 {
		in.To = entryKey(f.Before)
	}
	page := Page{Entries: []Entry{}}
	seen, last := 0, uint64(0)
	for kept, err := range store.SubReader(r, Room).Scan(in) {
		if err != nil {
			return Page{}, fmt.Errorf("audit: %w", err)
		}
		if len(page.Entries) == limit || seen == maxScanned {
			page.Next = last
			return page, nil
		}
		e, err := parseAt(kept)
		if err != nil {
			return Page{}, err
		}
		seen, last = seen+1, e.Seq
		if f.fits(e) {
			page.Entries = append(page.Entries, e)
		}
	}
	return page, nil
}

// parseAt reads an entry and sees that it is the one that its key names.
func parseAt(kept store.Entry) (Entry, error) {
	e, err := ParseLine(kept.Value)
	if err != nil {
		return Entry{}, err
	}
	if len(kept.Key) != len(entryPrefix)+8 || binary.BigEndian.Uint64(kept.Key[len(entryPrefix):]) != e.Seq {
		return Entry{}, fmt.Errorf("%w: entry %d is in the place of another", ErrBroken, e.Seq)
	}
	return e, nil
}

// fits does not end the search at a time: clocks are set back, numbers are not.
func (f Filter) fits(e Entry) bool {
	switch {
	case !f.Since.IsZero() && e.Time.Before(f.Since),
		!f.Until.IsZero() && !e.Time.Before(f.Until),
		f.Actor != "" && e.Actor.ID != f.Actor,
		f.Object != "" && e.Object != f.Object:
		return false
	}
	return f.Action == "" || e.Action == f.Action || strings.HasSuffix(f.Action, ".") && strings.HasPrefix(e.Action, f.Action)
}
