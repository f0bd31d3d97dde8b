package advisories

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Exposure is a component of an organisation's asset that an advisory concerns, and
// what became of it.
type Exposure struct {
	// ID is "exposure--<UUID>", the same for an asset, an advisory and a component
	// whatever its version.
	ID           string `json:"id"`
	Organisation string `json:"organisation"` // id
	Asset        string `json:"asset"`        // id
	AssetName    string `json:"asset_name"`
	Ref          string `json:"ref"`         // Item.Ref or Entry.Ref
	TrackingID   string `json:"tracking_id"` // as of Revision
	Revision     int    `json:"revision"`    // of the advisory, that it was last matched with

	Component       Component         `json:"component"` // as it was last seen
	State           MatchState        `json:"state"`     // MatchAffected or MatchPossible
	Reason          string            `json:"reason,omitempty"`
	Params          map[string]string `json:"params,omitempty"`
	Vulnerabilities []string          `json:"vulnerabilities,omitempty"`

	// Found is when it was opened, the last time if it was resolved in between: what
	// follows is about that time.
	Found        time.Time  `json:"found"`
	Told         []Notice   `json:"told,omitempty"` // oldest first
	Acknowledged Receipt    `json:"acknowledged,omitzero"`
	Resolved     Resolution `json:"resolved,omitzero"`
}

// Open reports whether it still holds.
func (e *Exposure) Open() bool { return e.Resolved.Time.IsZero() }

// Notice is that somebody was told: the message was put into the outbox.
type Notice struct {
	Time         time.Time      `json:"time"`
	Channel      notify.Channel `json:"channel"`
	Subscription string         `json:"subscription"` // id
	Revision     int            `json:"revision"`     // of the advisory
}

// Receipt is an organisation's word that it has read the advisory.
type Receipt struct {
	Time time.Time `json:"time"`
	By   string    `json:"by"` // id of a person, or of the organisation whose key it was
	Note string    `json:"note,omitempty"`
}

// Resolution says why an exposure no longer holds.
type Resolution struct {
	Time time.Time `json:"time"`
	How  How       `json:"how"`
	// By is what verified it: the id of a scan, the name of an inventory, or the
	// advisory's id and revision.
	By string `json:"by,omitempty"`
}

// How is what an exposure was resolved by.
type How string

// What an exposure can be resolved by.
const (
	ByScan         How = "scan"       // seen to be gone or fixed
	ByInventory    How = "inventory"  // likewise, in a list of software
	ByRevision     How = "revision"   // a revision says that it is not affected
	ByWithdrawal   How = "withdrawn"  // the advisory no longer holds
	BySupersession How = "superseded" // another advisory takes its place
	ByReaders      How = "unreadable" // the organisation may no longer read the advisory
)

// Inventory is the software of an asset.
type Inventory struct {
	Organisation string      `json:"organisation"` // id
	Asset        string      `json:"asset"`        // id
	Name         string      `json:"name"`         // of the asset
	How          How         `json:"how"`          // ByScan or ByInventory
	Source       string      `json:"source"`       // which scan or inventory
	Seen         time.Time   `json:"seen"`         // Record sets it
	Components   []Component `json:"components"`
	// Partial says that the asset has more, which could not be read: what is not among
	// Components is not known to be gone.
	Partial bool `json:"partial,omitempty"`
	// Stamp names the asset's document that the components were read of, "" for
	// another source: then the stamp from before stays.
	Stamp string `json:"-"`
}

// Recorded is what Record made of an inventory.
type Recorded struct {
	Opened   int `json:"opened"` // new ones, and those that are back
	Kept     int `json:"kept"`
	Resolved int `json:"resolved"`
	Left     int `json:"left,omitempty"` // beyond what is kept of one asset
}

// Party is somebody who is told: an organisation, or a person of one, as they are
// now.
type Party struct {
	Organisation string // id
	Reader       tlp.Reader
	Address      string // the person's mail address, or the organisation's contact
	Assets       bool   // may see what concerns the organisation's assets
}

// ExposureConfig is what Exposures are made of beyond the Service. Functions that
// get a reader run inside a transaction, as Config's.
type ExposureConfig struct {
	// Match looks components up in all that is published or imported and that the
	// reader may read. It knows at least the events that there were when it was called.
	Match func(ctx context.Context, reader tlp.Reader, components []Component) ([]Match, error)
	// Few is Match for a few publications alone: many inventories are looked up in them.
	Few func(items []Item) func(reader tlp.Reader, components []Component) []Match

	// Organisation and Person find somebody by id; ok is false for one who is gone or
	// shut out.
	Organisation func(whole store.Reader, id string) (p Party, ok bool, err error)
	Person       func(whole store.Reader, id string) (p Party, ok bool, err error)

	// Sends says whether messages of a channel leave this hub; nil: none do.
	Sends func(notify.Channel) bool
	// Mail, Digest and Event make what is sent. concerned are open exposures of the
	// receiver's own, for which they are told.
	Mail   func(p *Publication, lang i18n.Lang, concerned []Exposure) (subject, body string)
	Digest func(list []Publication, sub *Subscription, concerned []Exposure) (subject, body string)
	Event  func(p *Publication, concerned []Exposure) (kind string, payload json.RawMessage, err error)
}

// Exposures keep who is concerned by what, and tell those who subscribed. Methods
// may be called concurrently, but Follow and Tell each from one goroutine.
type Exposures struct {
	s    *Service
	with ExposureConfig
}

// NewExposures returns the exposures that a store holds.
func NewExposures(s *Service, c ExposureConfig) (*Exposures, error) {
	if s == nil || c.Match == nil || c.Few == nil || c.Organisation == nil || c.Person == nil || c.Mail == nil || c.Digest == nil || c.Event == nil {
		return nil, errors.New("advisories: exposures need a service, and functions that match, find people and write messages")
	}
	if c.Sends == nil {
		c.Sends = func(notify.Channel) bool { return false }
	}
	return &Exposures{s: s, with: c}, nil
}

// standing is what is known of an advisory of an exposure.
type standing struct {
	id       string // tracking id
	state    State
	revision int
	audience tlp.Audience
	writers  []string
}

// over says how its exposures are resolved where it no longer holds.
func (st *standing) over() How {
	switch {
	case st == nil || st.state == Withdrawn:
		return ByWithdrawal
	case st.state == Superseded:
		return BySupersession
	}
	return ""
}

func (st *standing) name() string {
	if st == nil {
		return ""
	}
	return st.id
}

// standings look advisories up, each once for a transaction.
type standings struct {
	r     store.Reader // the advisories' room
	found map[string]*standing
}

func newStandings(r store.Reader) *standings {
	return &standings{r: r, found: map[string]*standing{}}
}

// of is how an advisory stands, nil where there is none.
func (l *standings) of(ref string) (*standing, error) {
	if st, ok := l.found[ref]; ok {
		return st, nil
	}
	st, err := l.read(ref)
	if errors.Is(err, store.ErrNotFound) {
		st, err = nil, nil
	}
	if err == nil {
		l.found[ref] = st
	}
	return st, err
}

func (l *standings) read(ref string) (*standing, error) {
	if id, ok := readName(entryName, ref); ok {
		e, err := getRecord[Entry](l.r, key(entryKind, id))
		if err != nil {
			return nil, err
		}
		return standingOf(&e.Publication, nil), nil
	}
	id, ok := readName(recordName, ref)
	if !ok {
		return nil, store.ErrNotFound
	}
	rec, err := getRecord[recordHead](l.r, key(recordKind, id))
	if err != nil {
		return nil, err
	}
	if rec.Tracking.ID == "" {
		return nil, store.ErrNotFound
	}
	return &standing{rec.Tracking.ID, rec.Tracking.State, rec.Tracking.Number(), rec.Audience, rec.Writers}, nil
}

func standingOf(p *Publication, writers []string) *standing {
	return &standing{p.Tracking.ID, cmp.Or(p.Tracking.State, Published), p.Tracking.Number(), p.Audience, writers}
}

// publicationOf reads the last publication of an advisory, ours or imported;
// store.ErrNotFound where there is none.
func publicationOf(r store.Reader, ref string) (*Publication, error) {
	if id, ok := readName(entryName, ref); ok {
		e, err := getRecord[Entry](r, key(entryKind, id))
		if err != nil {
			return nil, err
		}
		return &e.Publication, nil
	}
	id, ok := readName(recordName, ref)
	if !ok {
		return nil, store.ErrNotFound
	}
	rec, err := getRecord[recordHead](r, key(recordKind, id))
	if err != nil {
		return nil, err
	}
	rev, err := getRecord[revision](r, numberedKey(revisionKind, id, rec.Tracking.Number()))
	if err != nil {
		return nil, err
	}
	return &rev.Publication, nil
}
