package advisories

import (
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// Publication is an advisory as readers get it: with the name that it is known
// by, its history and who publishes it. Every form is made of one.
type Publication struct {
	Tracking  Tracking  `json:"tracking"`
	Publisher Publisher `json:"publisher"`
	Advisory  Advisory  `json:"advisory"`
	// Audience is who may read it, fixed when it was published.
	Audience tlp.Audience `json:"audience"`
}

// Tracking is what is known of an advisory's publication.
type Tracking struct {
	ID      string    `json:"id"`      // "A26-11-04"; cleaned, it is the name of its files
	Initial time.Time `json:"initial"` // of the first publication, UTC, whole seconds
	Current time.Time `json:"current"` // of this revision
	// Revisions are all up to this one, oldest first; Number counts from 1.
	Revisions []Revision `json:"revisions"`
	State     State      `json:"state"` // Published, Revised, Withdrawn or Superseded
	// Interim says that it is expected to change soon (CSAF's status "interim").
	Interim bool `json:"interim,omitempty"`
	// SupersededBy is the tracking id of its successor, where that may be read by
	// all who may read this one.
	SupersededBy string `json:"superseded_by,omitempty"`
	// Aliases are further ids, of what was imported.
	Aliases []string `json:"aliases,omitempty"`
	// URL is its page at the hub, "" where the hub has no address.
	URL string `json:"url,omitempty"`
}

// Number is that of the last revision.
func (t *Tracking) Number() int {
	if len(t.Revisions) == 0 {
		return 0
	}
	return t.Revisions[len(t.Revisions)-1].Number
}

// Revision is one step of the history.
type Revision struct {
	Number  int       `json:"number"`
	Date    time.Time `json:"date"`
	Summary Texts     `json:"summary"`
	// Legacy is the number in the words of who published it, of what was imported.
	Legacy string `json:"legacy,omitempty"`
}

// Publisher is who publishes (CSAF 3.2.1.8).
type Publisher struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`           // URL that is its own
	Category  string `json:"category"`            // coordinator, discoverer, other, translator, user, vendor
	Contact   string `json:"contact,omitempty"`   // how to reach it
	Authority string `json:"authority,omitempty"` // by what right it publishes
}

// State is where an advisory stands.
type State string

// The states. Of a revision in the making the record has both: the state of what
// is published, and that of the draft (Draft, InReview or Approved).
const (
	Draft      State = "draft"
	InReview   State = "in-review"
	Approved   State = "approved"
	Published  State = "published"
	Revised    State = "revised" // published, and changed since the first time
	Withdrawn  State = "withdrawn"
	Superseded State = "superseded"
)
