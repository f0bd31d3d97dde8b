package sources

import (
	"cmp"
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
	// Documents are those dealt with, by address or id.
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

// due tells whether a document of a list is to be fetched: it is new, it has
// another date, it has none at all, or it was refused some time ago.
func (l *Listing) due(url string, listed, now time.Time) bool {
	d, ok := l.Documents[url]
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

// Refusals returns what is refused as things stand, sorted by address.
func (s *State) Refusals() []Refusal {
	all := slices.Clone(s.Refused)
	for _, l := range s.Listings {
		for _, d := range l.Documents {
			if d.Refused != nil {
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
