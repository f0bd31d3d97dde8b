package hub

import (
	"encoding/json"
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// VersionMatch chooses versions of objects (TAXII 2.1, 3.4.1). The zero value is
// the last; several are joined by OR. Last is the last that the caller may read.
type VersionMatch struct {
	First, Last, All bool
	Exact            []time.Time
}

// Query chooses entries of one collection. Fields are joined by AND, the values
// of one by OR; an empty field chooses all.
type Query struct {
	Root       string // a group's handle
	Collection string // id or alias
	AddedAfter time.Time
	IDs, Types []string
	Versions   VersionMatch
	AllSpecs   []string // match[spec_version]; anything but 2.1 finds nothing
	Limit      int      // at most so many; 0: PageSize
	Manifest   bool     // fill Page.Entries
	// One says that IDs names one object: without any version of it that the caller
	// may read, the page is NotFound and not empty.
	One bool
}

// PageSize is how many entries a page has at most.
const PageSize = 1000

// Entry is one version of an object in a collection, as a manifest shows it.
type Entry struct {
	ID        string
	Version   string // as received; the date added of an object that has none
	DateAdded time.Time
}

// State says where a submission stands (TAXII 2.1, 4.3).
type State string

// The states of a status.
const (
	StatePending  State = "pending"
	StateComplete State = "complete"
)

// StatusDetail is what became of one object.
type StatusDetail struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Message string `json:"message,omitempty"`
}

// Status is what became of a submission. It is kept for two days, and only who
// submitted may read it: the person, or whoever holds a key of the organisation.
type Status struct {
	ID               string         `json:"id"` // UUIDv4
	State            State          `json:"status"`
	RequestTimestamp time.Time      `json:"request_timestamp"`
	Successes        []StatusDetail `json:"successes,omitempty"`
	Failures         []StatusDetail `json:"failures,omitempty"`
	Pendings         []StatusDetail `json:"pendings,omitempty"`
	Warnings         []StatusDetail `json:"warnings,omitempty"` // of objects that were stored: what STIX says SHOULD be otherwise
}

// Submission is an envelope or a bundle, and what a form or an API call says
// about it that TAXII cannot.
type Submission struct {
	Root       string // a group's handle; "" with a collection's id
	Collection string // id or alias
	Body       []byte
	// Organisations and People are who TLP:AMBER and TLP:RED name, by id. Both
	// empty: the collection's, as for TAXII.
	Organisations, People []string
	// Anonymous publishes it in the hub's name.
	Anonymous bool
}

// Counts are what readers said about an object, as far as this caller may read
// it.
type Counts struct {
	Sightings int            `json:"sightings"` // the sum of the sightings' count
	Opinions  map[string]int `json:"opinions,omitempty"`
	Notes     int            `json:"notes"`
}

// Found is an object that a search or a look-up found.
type Found struct {
	ID           string          `json:"id"`
	Type         string          `json:"type"`
	Version      string          `json:"version"`
	Collection   string          `json:"collection"`
	DateAdded    time.Time       `json:"date_added"`
	Marking      tlp.Marking     `json:"marking"`                // the strictest label of its audience
	Organisation string          `json:"organisation,omitempty"` // who contributed it, for members; the operator where that was anonymous
	Matched      string          `json:"matched,omitempty"`      // the value by which it was found
	Counts       *Counts         `json:"counts,omitempty"`
	Object       json.RawMessage `json:"object"` // as received
}

// Search chooses objects over all collections that the caller may read. Fields
// are joined by AND.
type Search struct {
	Value        string // an address, a domain, a URL, a hash ...: finds what names it or holds it
	Text         string // in the object's text, without regard to case
	Types        []string
	Marking      tlp.Marking
	Organisation string // who contributed it
	Collection   string // id
	Since, Until time.Time
	Limit        int // 1 to 1000; 0: 50
	Cursor       string
	Counts       bool
}

// SearchPage is a page of what was found, newest first.
type SearchPage struct {
	Found []Found
	Next  string // "" on the last page
}

// ChangeKind is what happened to an object.
type ChangeKind string

// The kinds of change.
const (
	ChangeAdded   ChangeKind = "added"   // an object, or a new version of one (revoked ones too)
	ChangeDeleted ChangeKind = "deleted" // taken out by its owner or an administrator
	ChangeExpired ChangeKind = "expired" // past the collection's retention
)

// Change is an entry of the change feed.
type Change struct {
	Kind       ChangeKind      `json:"kind"`
	Time       time.Time       `json:"time"`
	Collection string          `json:"collection"`
	ID         string          `json:"id"`
	Version    string          `json:"version"`
	Object     json.RawMessage `json:"object,omitempty"` // of ChangeAdded, while the hub holds it
}

// ChangePage is what happened since a cursor, in the order of commit.
type ChangePage struct {
	Changes []Change
	Next    string // goes on behind the last; always set
	More    bool
}
