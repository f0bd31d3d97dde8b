package sources

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/fetch"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// Kind is what a source publishes.
type Kind string

// The kinds of source.
const (
	CSAF     Kind = "csaf"     // a provider, an aggregator, or a folder of documents
	KEV      Kind = "kev"      // CISA's catalogue, as JSON
	EPSS     Kind = "epss"     // FIRST's table, as CSV, packed or not
	OSV      Kind = "osv"      // records as JSON, as lines of JSON, or in a zip file
	Bulletin Kind = "bulletin" // RSS, Atom or JSON Feed
)

// Mode is what becomes of the advisories of a source.
type Mode string

// The modes.
const (
	ModeDraft   Mode = "draft"   // each is the beginning of one of our own
	ModeLibrary Mode = "library" // kept as they are, to be read and matched
)

// Source is something that others publish and we bring in.
type Source struct {
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// URL is where it is. Of CSAF it may be a domain ("example.org"), whose
	// provider is then looked for (CSAF 7.3.1), the address of a
	// provider-metadata.json or aggregator.json, or a folder; of the others an
	// address, or a file. Files and folders need Fetcher.Files. It is named in
	// states and errors: secrets go into Header.
	URL   string        `json:"url"`
	Mode  Mode          `json:"mode,omitempty"` // of KEV and EPSS without meaning; "": ModeLibrary
	Every time.Duration `json:"every,omitempty"`
	// RequireSignature refuses CSAF documents that no key of the provider signed.
	RequireSignature bool `json:"require_signature,omitempty"`
	// Language is that of a bulletin's texts where the feed does not say it, or
	// says it wrongly.
	Language i18n.Lang `json:"language,omitempty"`
	// TLP is for what says nothing itself: bulletins, OSV, and CSAF documents without
	// a label that no labelled feed lists. "": clear for what everybody can fetch,
	// amber+strict for what needs Header and for files.
	TLP tlp.Marking `json:"tlp,omitempty"`
	// Header holds secrets, such as an Authorization. They go to the origin of URL
	// (of a domain: https://domain) and nowhere else, and are not stored with the
	// rest.
	Header http.Header `json:"-"`
}

// Check says what is wrong with a source before anything is fetched; files tells
// whether paths are allowed.
func (s *Source) Check(files bool) error {
	switch {
	case s.ID == "" || len(s.ID) > 100:
		return errors.New("a source has an id of 1 to 100 characters")
	case s.Mode != "" && s.Mode != ModeDraft && s.Mode != ModeLibrary:
		return fmt.Errorf("the mode is %q: write draft or library", s.Mode)
	case s.Every < 0 || s.Every > 0 && s.Every < time.Minute:
		return errors.New("a source is not asked more than once a minute")
	}
	switch s.Kind {
	case CSAF:
		if domain(s.URL) {
			return nil
		}
	case KEV, EPSS, OSV, Bulletin:
	default:
		return fmt.Errorf("the kind is %q: write csaf, kev, epss, osv or bulletin", s.Kind)
	}
	return fetch.CheckURL(s.URL, files)
}

// marking is the label of what says none itself.
func (s *Source) marking() tlp.Marking {
	switch {
	case s.TLP != "":
		return s.TLP
	case len(s.Header) > 0 || !domain(s.URL) && origin(s.URL) == "":
		return tlp.AmberStrict
	}
	return tlp.Clear
}

func (s *Source) mode() Mode {
	if s.Mode == "" {
		return ModeLibrary
	}
	return s.Mode
}

// Code says why something was refused.
type Code string

// The reasons of a Refusal.
const (
	RefusedFetch     Code = "fetch"     // it cannot be got, and that will not go away by itself
	RefusedSize      Code = "size"      // it is larger than a document may be
	RefusedLink      Code = "link"      // its address is not one that may be followed
	RefusedHash      Code = "hash"      // it is not what its publisher's checksum says
	RefusedSignature Code = "signature" // no key of its publisher signed it as it is
	RefusedUnsigned  Code = "unsigned"  // it has no signature, and the source is to have some
	RefusedKey       Code = "key"       // the publisher's key cannot be had or is not the one it names
	RefusedFormat    Code = "format"    // it is not what it should be: no JSON, not by the schema
	RefusedTest      Code = "test"      // it fails a mandatory test of CSAF 2.0
	RefusedName      Code = "name"      // its file name or place in the listing is not that of its id
	RefusedPublisher Code = "publisher" // it is not by the provider that it came from
	RefusedTLP       Code = "tlp"       // it is stricter than the list that it stands in
	RefusedHere      Code = "here"      // our own rules do not take it in
)

// Refusal is a document that was not taken in.
type Refusal struct {
	URL        string    `json:"url"`
	TrackingID string    `json:"tracking_id,omitempty"`
	Code       Code      `json:"code"`
	Detail     string    `json:"detail"` // plain English, for the operator
	Time       time.Time `json:"time"`
}

// Outcome is what one run brought.
type Outcome struct {
	Fetched   int       `json:"fetched"` // documents, or rows of KEV and EPSS, that came over
	New       int       `json:"new"`
	Changed   int       `json:"changed"`
	Unchanged int       `json:"unchanged"`
	Refused   []Refusal `json:"refused,omitempty"`
	Warnings  []string  `json:"warnings,omitempty"`
}

// maxNotes bounds the refusals and the warnings of one run that are kept.
const maxNotes = 500

func (o *Outcome) warn(format string, args ...any) {
	if len(o.Warnings) < maxNotes {
		o.Warnings = append(o.Warnings, clip(fmt.Sprintf(format, args...), maxDetail))
	}
}

func (o *Outcome) refuse(r Refusal) {
	if len(o.Refused) < maxNotes {
		o.Refused = append(o.Refused, r)
	}
}

// Result is what a Sink did with an advisory.
type Result int

// The results.
const (
	Added Result = iota + 1
	Replaced
	Same
)

// Item is one advisory that was brought in.
type Item struct {
	Publication advisories.Publication
	From        advisories.Source
	Mode        Mode
	Raw         []byte // as it came
	MediaType   string // of Raw
}

// Sink takes in what a run brings. Each call is complete in itself and may come
// again with the same: a run that was cut off is repeated.
type Sink interface {
	// Publication takes one advisory. An error with one of the codes of
	// advisories (but for Unavailable) refuses this one alone, any other ends the
	// run.
	Publication(ctx context.Context, item Item) (Result, error)
	// KEV takes the place of the whole catalogue, EPSS of the whole table.
	KEV(ctx context.Context, list KEVList) error
	EPSS(ctx context.Context, list EPSSList) error
}

// Batch is a Sink that takes several advisories in one go, as one transaction of a
// store can: an export of OSV has a hundred thousand.
type Batch interface {
	Sink
	// Publications takes up to 100 advisories and says of each what became of it,
	// in their order. The error ends the run, as one of Publication's may; nothing
	// is then known of any of them.
	Publications(ctx context.Context, items []Item) ([]Taken, error)
}

// Taken is what a Batch did with one advisory: a Result, or an error that refuses
// this one.
type Taken struct {
	Result Result
	Err    error
}

// maxDetail bounds, in bytes, what is quoted of others' words.
const maxDetail = 500

// clip makes a text of others fit for a line of a log or a page.
func clip(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || bidi(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= most {
		return s
	}
	cut := most - len("…")
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
