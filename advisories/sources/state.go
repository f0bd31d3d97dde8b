package sources

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/cybersec-infohub/infohub/internal/fetch"
)

// State is what a source is known by from one run to the next: plain data, stored
// as JSON by the caller, without what is in Source.Header. The zero value has never run. It
// says of nothing that it was taken in before a Sink took it.
type State struct {
	Health Health `json:"health,omitzero"`
	// NotBefore is until when the other side asks to be left alone.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Listings are the feeds and directories of CSAF, and of the other kinds the
	// one file, by address.
	Listings map[string]*Listing `json:"listings,omitempty"`
	// Refused is what the last run refused and Listings do not hold.
	Refused []Refusal `json:"refused,omitempty"`
}

// Health is how a source is doing.
type Health struct {
	LastRun     time.Time `json:"last_run,omitzero"`
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastError   string    `json:"last_error,omitempty"` // of the last run; "": it went well
	Failures    int       `json:"failures,omitempty"`   // in a row
	// Fetched to Unchanged are those of the last run that brought anything over,
	// Refused is how many are refused now.
	Fetched   int `json:"fetched,omitempty"`
	New       int `json:"new,omitempty"`
	Changed   int `json:"changed,omitempty"`
	Unchanged int `json:"unchanged,omitempty"`
	Refused   int `json:"refused,omitempty"`
}

// Listing is a list of documents and how far it was worked off.
type Listing struct {
	// Fetch is of the list, and zero as long as something in it waits.
	Fetch fetch.State `json:"fetch,omitzero"`
	// Documents are those dealt with, by a hash of their address or id.
	Documents map[string]Document `json:"documents,omitempty"`
}

// Document is one that was dealt with.
type Document struct {
	Listed  time.Time   `json:"listed,omitzero"` // its date in the list
	Fetch   fetch.State `json:"fetch,omitzero"`
	Version int         `json:"version,omitempty"` // of a bulletin: how often it changed, from 1
	Refused *Refusal    `json:"refused,omitempty"`
}

// again is after what time a document that was refused is looked at once more:
// publishers mend a signature without a new date.
const again = 24 * time.Hour

// The bounds of a State, which keep it well below maxState unless somebody means
// harm; fit sees to those.
const (
	maxState    = 15 << 20 // bytes of JSON; a value in a store has up to 16 MiB
	maxListed   = 50_000   // documents of all lists
	maxKnown    = 20_000   // documents that are asked for with a condition
	maxRefusals = 2_000    // that are kept in words; of the others the code alone
)

// key is what a document is known by in a Listing.
func key(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8])
}

// due tells whether a document of a list is to be fetched: it is new, it has
// another date, it has none at all, or it was refused some time ago.
func (l *Listing) due(address string, listed, now time.Time) bool {
	d, ok := l.Documents[key(address)]
	return !ok || listed.IsZero() || !d.Listed.Equal(listed) || d.Refused != nil && now.Sub(d.Refused.Time) >= again
}

// waits tells whether anything refused is to be looked at again.
func (l *Listing) waits(now time.Time) bool {
	for _, d := range l.Documents {
		if d.Refused != nil && now.Sub(d.Refused.Time) >= again {
			return true
		}
	}
	return false
}

// size counts what the bounds of a State are of.
type size struct{ documents, known, refused int }

func (n *size) add(d Document, by int) {
	n.documents += by
	if d.Fetch != (fetch.State{}) {
		n.known += by
	}
	if d.Refused != nil && d.Refused.URL != "" {
		n.refused += by
	}
}

func (s *State) size() size {
	var n size
	for _, l := range s.Listings {
		for _, d := range l.Documents {
			n.add(d, 1)
		}
	}
	return n
}

// keep notes that a document was dealt with, as fully as there is room for.
func (r *run) keep(l *Listing, key string, d Document) {
	if old, ok := l.Documents[key]; ok {
		r.size.add(old, -1)
	}
	if r.size.known >= maxKnown || len(d.Fetch.ETag) > 100 {
		d.Fetch = fetch.State{}
	}
	if d.Refused != nil && r.size.refused >= maxRefusals {
		d.Refused = &Refusal{Code: d.Refused.Code, Time: d.Refused.Time}
	}
	r.size.add(d, 1)
	l.Documents[key] = d
}

// fit makes a State that is too large for a store smaller, by what is missed least:
// conditions, words, and at last whole lists, which are then worked off anew.
func (s *State) fit() error {
	for step := 0; ; step++ {
		data, err := json.Marshal(s)
		if err != nil || len(data) <= maxState {
			return err
		}
		if step > 1 {
			s.Listings = nil
			continue
		}
		for _, l := range s.Listings {
			for id, d := range l.Documents {
				if d.Fetch = (fetch.State{}); step == 1 && d.Refused != nil {
					d.Refused = &Refusal{Code: d.Refused.Code, Time: d.Refused.Time}
				}
				l.Documents[id] = d
			}
		}
	}
}

// listing returns that of an address, which it makes where there is none.
func (s *State) listing(url string) *Listing {
	if s.Listings == nil {
		s.Listings = map[string]*Listing{}
	}
	l := s.Listings[url]
	if l == nil {
		l = &Listing{}
		s.Listings[url] = l
	}
	if l.Documents == nil {
		l.Documents = map[string]Document{}
	}
	return l
}

// Refusals returns what is refused as things stand, sorted by address: the first
// 2,000 and what the last run refused besides.
func (s *State) Refusals() []Refusal {
	all := slices.Clone(s.Refused)
	for _, l := range s.Listings {
		for _, d := range l.Documents {
			if d.Refused != nil && d.Refused.URL != "" {
				all = append(all, *d.Refused)
			}
		}
	}
	slices.SortFunc(all, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(a.URL, b.URL), cmp.Compare(a.TrackingID, b.TrackingID), cmp.Compare(a.Code, b.Code))
	})
	return all
}

// Next is when to run a source again; random is as in fetch.Schedule.
func (s *State) Next(src *Source, random func() float64) time.Time {
	schedule := fetch.Schedule{Every: src.Every}
	if src.Every == 0 {
		schedule.Every = map[Kind]time.Duration{CSAF: 6 * time.Hour, KEV: 6 * time.Hour, EPSS: 24 * time.Hour, OSV: 24 * time.Hour, Bulletin: time.Hour}[src.Kind]
	}
	next := s.Health.LastRun
	if !next.IsZero() {
		next = schedule.Next(next, s.Health.Failures, 0, random)
	}
	if next.Before(s.NotBefore) {
		return s.NotBefore
	}
	return next
}
