package advisories

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// reconciliation finds what changes about an asset's exposures.
type reconciliation struct {
	x     *Exposures
	now   time.Time
	inv   *Inventory
	party Party
	known *standings

	done    Recorded
	put     []Exposure
	dropped []Exposure
	named   map[string]bool // the components of inv, by componentKey; made when it is needed
}

// run compares the exposures of an asset with what matches it now. refs, if not nil,
// are the advisories that were looked at: all other exposures stay as they are.
func (r *reconciliation) run(tx store.Reader, matches []Match, refs map[string]bool) error {
	have, err := exposuresBelow(tx, partsPrefix(exposureKind, r.inv.Organisation, r.inv.Asset), maxOfAsset)
	if err != nil {
		return err
	}
	want, err := r.wanted(matches)
	if err != nil {
		return err
	}
	open := 0
	for i := range have {
		e := &have[i]
		now, ok := want[e.ID]
		delete(want, e.ID)
		switch {
		case refs != nil && !refs[e.Ref]:
			if e.Open() {
				open++
			}
		case ok:
			r.keep(e, now)
			open++
		case e.Open():
			if err := r.resolve(e, refs != nil); err != nil {
				return err
			}
			if e.Open() {
				open++
			}
		case r.now.Sub(e.Resolved.Time) > resolvedLife:
			r.dropped = append(r.dropped, *e)
		}
	}
	r.bound(have)
	var fresh []Exposure
	for _, e := range want {
		fresh = append(fresh, *e)
	}
	// Of more than is kept, those that are surely affected count first.
	slices.SortFunc(fresh, func(a, b Exposure) int {
		return cmp.Or(cmp.Compare(a.State, b.State), strings.Compare(a.TrackingID, b.TrackingID), strings.Compare(a.ID, b.ID))
	})
	most := max(0, min(len(fresh), maxExposed-open))
	r.done.Left = len(fresh) - most
	r.done.Opened += most
	r.put = append(r.put, fresh[:most]...)
	return nil
}

// bound drops the oldest of the resolved exposures that are more than is kept.
func (r *reconciliation) bound(have []Exposure) {
	gone, back := map[string]bool{}, map[string]bool{}
	for i := range r.dropped {
		gone[r.dropped[i].ID] = true
	}
	for i := range r.put {
		back[r.put[i].ID] = r.put[i].Open()
	}
	closed := slices.DeleteFunc(slices.Clone(have), func(e Exposure) bool { return e.Open() || gone[e.ID] || back[e.ID] })
	if len(closed) <= maxClosed {
		return
	}
	slices.SortFunc(closed, func(a, b Exposure) int {
		return cmp.Or(a.Resolved.Time.Compare(b.Resolved.Time), strings.Compare(a.ID, b.ID))
	})
	r.dropped = append(r.dropped, closed[:len(closed)-maxClosed]...)
}

// wanted are the exposures that matches make, by id: of several versions of a
// component the worst.
func (r *reconciliation) wanted(matches []Match) (map[string]*Exposure, error) {
	want := map[string]*Exposure{}
	for i := range matches {
		m := &matches[i]
		if m.State != MatchAffected && m.State != MatchPossible {
			continue
		}
		st, err := r.known.of(m.Ref)
		if err != nil {
			return nil, err
		}
		if st == nil || st.over() != "" || !tlp.May(r.party.Reader, st.audience) {
			continue
		}
		e := Exposure{
			ID: exposureID(r.inv.Organisation, r.inv.Asset, m.Ref, &m.Component), Organisation: r.inv.Organisation, Asset: r.inv.Asset, AssetName: r.inv.Name,
			Ref: m.Ref, TrackingID: st.id, Revision: st.revision,
			Component: m.Component, State: m.State, Reason: m.Reason, Params: m.Params, Vulnerabilities: m.Vulnerabilities, Found: r.now,
		}
		if before, ok := want[e.ID]; !ok || before.State == MatchPossible && e.State == MatchAffected {
			want[e.ID] = &e
		}
	}
	return want, nil
}

// keep takes over what is new about an exposure that holds.
func (r *reconciliation) keep(old, now *Exposure) {
	if !old.Open() {
		r.done.Opened++
		r.put = append(r.put, *now) // found again: it is told and acknowledged anew
		return
	}
	r.done.Kept++
	now.Found, now.Told, now.Acknowledged = old.Found, old.Told, old.Acknowledged
	a, errA := json.Marshal(old)
	b, errB := json.Marshal(now)
	if errA != nil || errB != nil || string(a) != string(b) {
		r.put = append(r.put, *now)
	}
}

// resolve closes an exposure, unless it may still hold; followed says that it was an event that did.
func (r *reconciliation) resolve(e *Exposure, followed bool) error {
	st, err := r.known.of(e.Ref)
	if err != nil {
		return err
	}
	res := Resolution{Time: r.now, How: r.inv.How, By: r.inv.Source}
	switch how := st.over(); {
	case how != "":
		res.How, res.By = how, st.name()
		if st != nil {
			e.Revision = st.revision
		}
	case !tlp.May(r.party.Reader, st.audience):
		res.How, res.By = ByReaders, ""
	case r.inv.Partial && !r.names(&e.Component): // it may be in what could not be read
		r.done.Kept++
		return nil
	case followed:
		res.How, res.By, e.Revision = ByRevision, st.id+" "+strconv.Itoa(st.revision), st.revision
	}
	e.Resolved = res
	r.done.Resolved++
	r.put = append(r.put, *e)
	return nil
}

// names reports whether a component is in the inventory, whatever its version.
func (r *reconciliation) names(c *Component) bool {
	if r.named == nil {
		r.named = make(map[string]bool, len(r.inv.Components))
		for i := range r.inv.Components {
			r.named[componentKey(&r.inv.Components[i])] = true
		}
	}
	return r.named[componentKey(c)]
}

func (r *reconciliation) changed() bool { return len(r.put)+len(r.dropped) > 0 }

func (r *reconciliation) write(tx store.Tx) error {
	if !r.changed() {
		return nil
	}
	for i := range r.put {
		if err := putExposure(tx, &r.put[i]); err != nil {
			return err
		}
	}
	for i := range r.dropped {
		if err := deleteExposure(tx, &r.dropped[i]); err != nil {
			return err
		}
	}
	return moved(tx, r.inv.Organisation, r.now)
}
