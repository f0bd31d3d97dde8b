package advisories

import (
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// Record is an advisory as analysts see it: what is published of it, and what is
// in the making.
type Record struct {
	UUID    string    `json:"uuid"`         // "advisory--<UUID>", from the first draft on
	ID      string    `json:"id,omitempty"` // the tracking id, "" before the first publication
	Version int       `json:"version"`      // counts every change of the record from 1: its ETag
	Created time.Time `json:"created"`      // UTC, whole microseconds
	Updated time.Time `json:"updated"`

	// Work is what is in the making, nil where nothing is.
	Work *Work `json:"work,omitempty"`

	// State is Published, Revised, Withdrawn or Superseded, "" before the first
	// publication. Published is the text of the last revision as it was written:
	// what the catalogues of exploitation added at publication is not in it.
	State     State     `json:"state,omitempty"`
	Tracking  Tracking  `json:"tracking,omitzero"`
	Published *Advisory `json:"published,omitempty"`
	// Origin is the publication that ImportDraft made it of, nil for none.
	Origin *Origin `json:"origin,omitempty"`
	// Audience is who may read what is published, the zero value before that.
	Audience tlp.Audience `json:"audience,omitzero"`
	// Writers are the ids of all who ever wrote in it, sorted: they may read what is
	// TLP:RED as those may whom it names.
	Writers []string `json:"writers,omitempty"`
}

// Origin is what a draft was made of.
type Origin struct {
	Publisher Publisher `json:"publisher"`
	ID        string    `json:"id"`      // tracking id
	Version   string    `json:"version"` // in the publisher's words
	Source    Source    `json:"source"`
}

// Text is what an editor begins with: what is in the making, else what is
// published.
func (r *Record) Text() Advisory {
	switch {
	case r.Work != nil:
		return r.Work.Advisory
	case r.Published != nil:
		return *r.Published
	}
	return Advisory{}
}

// Action is what the working copy of a record becomes when it is published.
type Action string

// The actions. Each goes through the same review by a second person.
const (
	ActionPublish   Action = "publish"   // the first publication, or the next revision
	ActionWithdraw  Action = "withdraw"  // a revision that says it no longer holds
	ActionSupersede Action = "supersede" // a revision that says another takes its place
)

// Work is what is in the making.
type Work struct {
	Action   Action   `json:"action"`
	State    State    `json:"state"` // Draft, InReview or Approved
	Advisory Advisory `json:"advisory"`
	// Summary says what the revision is about, or why it is withdrawn or superseded.
	// It is published, so it is reviewed with the text.
	Summary Texts `json:"summary,omitempty"`
	Interim bool  `json:"interim,omitempty"` // expected to change soon, see Tracking.Interim
	// By is the tracking id of the successor, of ActionSupersede.
	By string `json:"by,omitempty"`
	// Authors are the ids of the people who made this working copy: everybody who
	// changed it since the last publication. None of them may approve it. Sorted.
	Authors   []string  `json:"authors,omitempty"`
	Submitter string    `json:"submitter,omitempty"` // id of a person; "" for none
	Approver  string    `json:"approver,omitempty"`  // id of a person, once Approved
	Rejected  string    `json:"rejected,omitempty"`  // why a reviewer sent it back the last time
	PublishAt time.Time `json:"publish_at,omitzero"` // once scheduled
	// ScheduledBy is who scheduled it. Trouble is why it could not be published when
	// it was due, "" for none; Housekeep tries again until it is unscheduled.
	ScheduledBy audit.Actor `json:"scheduled_by,omitzero"`
	Trouble     string      `json:"trouble,omitempty"`
	// Audience is who the text names as readers, as far as it does yet.
	Audience tlp.Audience `json:"audience"`
}

// Submission is what comes with a text that is handed in for review.
type Submission struct {
	// Summary is what the revision is about, for the history: "Fixed versions of
	// 6.4 added". Of a first publication it may be empty, and then says just that.
	Summary Texts `json:"summary,omitempty"`
	Interim bool  `json:"interim,omitempty"` // see Tracking.Interim
}

// Filter chooses advisories. A zero field chooses all.
type Filter struct {
	// Text is found in titles, texts, summaries, tags, products and ids, in all
	// languages, as a part of a word too; case and line ends do not matter. Up to 200
	// characters.
	Text    string      `json:"text,omitempty"`
	Tag     string      `json:"tag,omitempty"`
	Sector  string      `json:"sector,omitempty"`  // of STIX 2.1's industry-sector-ov; also those that are for everybody
	Product string      `json:"product,omitempty"` // found in "vendor name" of a product
	CVE     string      `json:"cve,omitempty"`     // or the id of a vulnerability in another system
	Risk    Risk        `json:"risk,omitempty"`
	Class   Class       `json:"class,omitempty"`
	TLP     tlp.Marking `json:"tlp,omitempty"`
	// State is that of what is published. Records also finds Draft, InReview and
	// Approved by what is in the making.
	State State `json:"state,omitempty"`
	// Since and Until bound when it was last published or changed, of Records when it
	// was last worked on: not before Since, before Until.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Lang  i18n.Lang `json:"lang,omitempty"` // those that have a title in this language

	Cursor string `json:"cursor,omitempty"` // Next of the page before, with the same filter
	Limit  int    `json:"limit,omitempty"`  // 1 to MaxListed, 0 for 50
}

// MaxListed is the largest page of a list.
const MaxListed = 500

// Page is a part of a list of publications, newest first. It may hold few of them,
// or none, and yet a Next, where few of those looked at fit: each page looks at a
// bounded number.
type Page struct {
	Items []Publication `json:"items"`
	Next  string        `json:"next,omitempty"` // the cursor of the next page, "" for none
}

// RecordPage is a part of a list of records, last worked on first; see Page.
type RecordPage struct {
	Items []Record `json:"items"`
	Next  string   `json:"next,omitempty"`
}

// File is a document, with what a server says of it.
type File struct {
	Name      string `json:"name"` // "a26-11-04.json" (CSAF 5.1)
	MediaType string `json:"media_type"`
	Bytes     []byte `json:"-"`
	SHA256    string `json:"sha256"` // of Bytes, in hexadecimal digits
	SHA512    string `json:"sha512"`
	// Signature is a detached OpenPGP signature of Bytes, armored; "" for none.
	Signature string    `json:"signature,omitempty"`
	Modified  time.Time `json:"modified"` // Tracking.Current of its revision
}

// Item is a publication with its document, for what is made of all of them.
type Item struct {
	Ref         string // UUID of the record
	Publication Publication
	File        File // zero where there is no Config.Render
}

// Event is one step that readers can see of an advisory or of the library.
type Event struct {
	Seq      uint64    `json:"seq"`  // ascending in the order of commit, from 1
	Time     time.Time `json:"time"` // UTC
	Kind     EventKind `json:"kind"`
	Ref      string    `json:"ref"` // UUID of the record, or Entry.Ref of the library
	ID       string    `json:"id"`  // tracking id
	Revision int       `json:"revision,omitempty"`
}

// EventKind says what happened.
type EventKind string

// The kinds of events.
const (
	EventPublished  EventKind = "published" // for the first time
	EventRevised    EventKind = "revised"
	EventWithdrawn  EventKind = "withdrawn"
	EventSuperseded EventKind = "superseded"
	EventLibrary    EventKind = "library" // an import is new or replaced by a newer version
)

// Settings are how the hub publishes.
type Settings struct {
	// PatternClear makes the tracking ids of what is TLP:CLEAR, PatternOther those of
	// all else. {yy} or {yyyy}, {mm} and {dd} are of the day of publication (UTC), {tlp}
	// is G, A, S (AMBER+STRICT) or R, {seq} counts from 1 with at least two digits, for
	// each label and each day, month or year that the pattern has. A pattern has {seq}
	// once; PatternOther has {tlp}, so that each label's gaps tell nothing of another.
	PatternClear string    `json:"pattern_clear"`
	PatternOther string    `json:"pattern_other"`
	Publisher    Publisher `json:"publisher"` // who publishes, from the next publication on
	// CanonicalURL is the hub's address, "https://cert.example"; a page is
	// CanonicalURL/advisories/ID. "" for none.
	CanonicalURL string `json:"canonical_url,omitempty"`
	Version      int    `json:"version"` // counts changes; SetSettings wants the last one
	// Updated is when they were last changed; SetSettings sets it.
	Updated time.Time `json:"updated,omitzero"`
}

// Import is a publication of others for the library.
type Import struct {
	Publication Publication `json:"publication"`
	Source      Source      `json:"source"`
	MediaType   string      `json:"media_type,omitempty"` // of Raw
	Raw         []byte      `json:"-"`                    // as it was received, up to 15 MiB
}

// Entry is a publication in the library: read-only, with where it is from.
type Entry struct {
	Ref         string      `json:"ref"` // "library--<UUID>", the same for all its versions
	Publication Publication `json:"publication"`
	Source      Source      `json:"source"`
	Imported    time.Time   `json:"imported"`
	MediaType   string      `json:"media_type,omitempty"`
	SHA256      string      `json:"sha256,omitempty"` // of the bytes that were received
	// Ours are the tracking ids of our own publications about the same vulnerabilities
	// that this reader may read. LibraryShow fills it in.
	Ours []string `json:"ours,omitempty"`
	// Conflicts are documents of the same publisher, id and version that say something
	// else. The first that came is kept. Newest last, at most 20.
	Conflicts []LibraryConflict `json:"conflicts,omitempty"`
}

// LibraryConflict is a document that was refused since another of the same version
// is there.
type LibraryConflict struct {
	Time   time.Time `json:"time"`
	Source Source    `json:"source"`
	SHA256 string    `json:"sha256"`
}

// EntryPage is a part of the library, newest first; see Page.
type EntryPage struct {
	Items []Entry `json:"items"`
	Next  string  `json:"next,omitempty"`
}

// Imported is what became of an Import.
type Imported struct {
	ID      string        `json:"id"`            // tracking id
	Ref     string        `json:"ref,omitempty"` // "" where it was refused
	Outcome ImportOutcome `json:"outcome"`
	Reason  string        `json:"reason,omitempty"` // of Refused, in English

	news bool // something was written
}

// ImportOutcome is what became of an import.
type ImportOutcome string

// The outcomes.
const (
	ImportAdded     ImportOutcome = "added"
	ImportUpdated   ImportOutcome = "updated"   // a newer version took the place of an older one
	ImportDuplicate ImportOutcome = "duplicate" // it was there, byte for byte or in all that it says
	ImportOlder     ImportOutcome = "older"     // a newer version is there
	ImportConflict  ImportOutcome = "conflict"  // the same version is there and says something else
	ImportRefused   ImportOutcome = "refused"
)
