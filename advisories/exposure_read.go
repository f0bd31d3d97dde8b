package advisories

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// ExposureFilter chooses exposures. The zero value is all that are open.
type ExposureFilter struct {
	Advisory string // tracking id or Ref
	Asset    string // id or name
	All      bool   // also those that are resolved
	Cursor   string // ExposurePage.Next of the page before
	Limit    int    // 1 to MaxListed; 0: 50
}

// ExposurePage is a part of a list of exposures, by asset; see Page.
type ExposurePage struct {
	Items []Exposure `json:"items"`
	Next  string     `json:"next,omitempty"`
}

// Exposures returns a page of what the caller's own organisation is exposed to, as
// far as the caller may read the advisories. The errors are Unauthenticated,
// Forbidden and Invalid.
func (x *Exposures) Exposures(ctx context.Context, c *Caller, f ExposureFilter) (ExposurePage, error) {
	org := c.Reader.Organisation
	if err := x.ownAssets(c, org); err != nil {
		return ExposurePage{}, err
	}
	if f.Limit < 0 || f.Limit > MaxListed {
		return ExposurePage{}, fail(Invalid, "limit %d: 1 to %d are allowed", f.Limit, MaxListed)
	}
	if f.Limit == 0 {
		f.Limit = defaultListed
	}
	prefix := partsPrefix(exposureKind, org)
	in := store.Prefix(prefix)
	if f.Cursor != "" {
		after, err := base64.RawURLEncoding.DecodeString(f.Cursor)
		if err != nil || len(after) > maxName {
			return ExposurePage{}, fail(Invalid, "no such cursor: begin at the first page")
		}
		in = in.After(append(slices.Clone(prefix), after...))
	}
	var page ExposurePage
	err := x.s.read(ctx, func(_, r store.Reader) error {
		page = ExposurePage{Items: []Exposure{}}
		known, looked := newStandings(r), 0
		var last []byte
		for kv, err := range r.Scan(in) {
			if err != nil {
				return err
			}
			if looked++; looked > maxLooked || len(page.Items) == f.Limit {
				page.Next = base64.RawURLEncoding.EncodeToString(last)
				return nil
			}
			last = slices.Clone(kv.Key[len(prefix):])
			var e Exposure
			if err := json.Unmarshal(kv.Value, &e); err != nil {
				return fmt.Errorf("advisories: exposure %q: %w", kv.Key, err)
			}
			if !f.All && !e.Open() || f.Advisory != "" && !strings.EqualFold(f.Advisory, e.TrackingID) && !strings.EqualFold(f.Advisory, e.Ref) ||
				f.Asset != "" && f.Asset != e.Asset && f.Asset != e.AssetName {
				continue
			}
			st, err := known.of(e.Ref)
			if err != nil {
				return err
			}
			if st != nil && mayRead(c, st.audience, st.writers) {
				page.Items = append(page.Items, e)
			}
		}
		return nil
	})
	return page, err
}

// Concerned is how an organisation stands to an advisory, in numbers: what it has is
// its own affair.
type Concerned struct {
	Organisation string `json:"organisation"` // id
	Assets       int    `json:"assets"`
	Affected     int    `json:"affected"` // open exposures
	Possible     int    `json:"possible"`
	Told         int    `json:"told"` // exposures, open or not
	Acknowledged int    `json:"acknowledged"`
	Fixed        int    `json:"fixed"`  // seen by a scan or an inventory
	Closed       int    `json:"closed"` // resolved by what became of the advisory

	Found    time.Time `json:"found"` // the first of those that are kept
	LastTold time.Time `json:"last_told,omitzero"`
	LastAck  time.Time `json:"last_acknowledged,omitzero"`
	LastSeen time.Time `json:"last_fixed,omitzero"` // when the last one was seen to be fixed
}

// maxConcerned bounds the exposures that one answer counts.
const maxConcerned = 500_000

// Concerned returns to analysts how each organisation that is or was exposed to an
// advisory stands, by id. The errors are Unauthenticated, Forbidden, and NotFound for
// what the caller may not read.
func (x *Exposures) Concerned(ctx context.Context, c *Caller, id string) ([]Concerned, error) {
	if err := analyst(c); err != nil {
		return nil, err
	}
	var all []Concerned
	err := x.s.read(ctx, func(_, r store.Reader) error {
		all = []Concerned{}
		ref, _, err := readable(r, c, id)
		if err != nil {
			return err
		}
		n, asset := 0, ""
		for kv, err := range r.Scan(store.Prefix(partsPrefix(exposedKind, ref))) {
			if err != nil {
				return err
			}
			if n++; n > maxConcerned {
				return fail(TooLarge, "more than %d exposures are kept of this advisory", maxConcerned)
			}
			parts := partsOf(exposedKind, kv.Key)
			if len(parts) != 4 {
				return fmt.Errorf("advisories: exposed %q", kv.Key)
			}
			e, err := getRecord[Exposure](r, partsKey(exposureKind, parts[1], parts[2], parts[3]))
			if err != nil {
				return err
			}
			if len(all) == 0 || all[len(all)-1].Organisation != e.Organisation {
				all, asset = append(all, Concerned{Organisation: e.Organisation, Found: e.Found}), ""
			}
			of := &all[len(all)-1]
			if e.Asset != asset {
				asset = e.Asset
				of.Assets++
			}
			of.add(e)
		}
		return nil
	})
	return all, err
}

func (of *Concerned) add(e *Exposure) {
	switch {
	case e.Open() && e.State == MatchAffected:
		of.Affected++
	case e.Open():
		of.Possible++
	case e.Resolved.How == ByScan || e.Resolved.How == ByInventory:
		of.Fixed++
		of.LastSeen = later(of.LastSeen, e.Resolved.Time)
	default:
		of.Closed++
	}
	if len(e.Told) > 0 {
		of.Told++
		of.LastTold = later(of.LastTold, e.Told[len(e.Told)-1].Time)
	}
	if !e.Acknowledged.Time.IsZero() {
		of.Acknowledged++
		of.LastAck = later(of.LastAck, e.Acknowledged.Time)
	}
	if e.Found.Before(of.Found) {
		of.Found = e.Found
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// readable finds an advisory, ours or imported, that the caller may read.
func readable(r store.Reader, c *Caller, id string) (ref string, st *standing, err error) {
	rec, err := find(r, id)
	if err == nil && rec.ID != "" && mayRead(c, rec.Audience, rec.Writers) {
		return rec.UUID, &standing{rec.ID, rec.Tracking.State, rec.Tracking.Number(), rec.Audience, rec.Writers}, nil
	}
	if err != nil && CodeOf(err) != NotFound {
		return "", nil, err
	}
	e, err := findEntry(r, c, id)
	if CodeOf(err) == NotFound {
		return "", nil, errNoAdvisory(id)
	}
	if err != nil {
		return "", nil, err
	}
	return e.Ref, standingOf(&e.Publication, nil), nil
}

// maxNote is the longest note of an acknowledgement, in bytes.
const maxNote = 8_000

// Acknowledge is the word of the caller's organisation that it has read an advisory,
// for all its exposures to it that are open. It returns how many there are. Done
// twice, the first time counts. The errors are Unauthenticated, Forbidden, NotFound
// for what the caller may not read, and Conflict where nothing of theirs is exposed.
func (x *Exposures) Acknowledge(ctx context.Context, c *Caller, id, note string) (int, error) {
	org := c.Reader.Organisation
	if err := x.ownAssets(c, org); err != nil {
		return 0, err
	}
	note = strings.TrimSpace(PlainText(note))
	if len(note) > maxNote {
		return 0, fail(Invalid, "the note has %d bytes; at most %d are kept", len(note), maxNote)
	}
	by := c.Person
	if by == "" {
		by = org
	}
	n := 0
	_, err := x.s.run(ctx, c, "advisory.exposure.acknowledge", func(ch *change) error {
		n = 0
		ref, _, err := readable(ch.tx, c, id)
		if err != nil {
			return err
		}
		var fresh []Exposure
		for kv, err := range ch.tx.Scan(store.Prefix(partsPrefix(exposedKind, ref, org))) {
			if err != nil {
				return err
			}
			parts := partsOf(exposedKind, kv.Key)
			e, err := getRecord[Exposure](ch.tx, partsKey(exposureKind, parts[1:]...))
			if err != nil {
				return err
			}
			if !e.Open() {
				continue
			}
			n++
			if e.Acknowledged.Time.IsZero() {
				e.Acknowledged = Receipt{Time: ch.now, By: by, Note: note}
				fresh = append(fresh, *e)
			}
		}
		switch {
		case n == 0:
			return fail(Conflict, "no asset of your organisation is exposed to it, so there is nothing to acknowledge")
		case len(fresh) == 0:
			return errUnchanged
		}
		ch.entry.Object = ref
		ch.entry.Detail = map[string]string{"organisation": org, "exposures": strconv.Itoa(len(fresh))}
		var errs []error
		for i := range fresh {
			errs = append(errs, putExposure(ch.tx, &fresh[i]))
		}
		return errors.Join(errs...)
	})
	return n, err
}
