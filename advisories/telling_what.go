package advisories

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// tellEvents tells of publications one by one.
func (t *telling) tellEvents(sub *Subscription, to Party) error {
	n := 0
	for _, e := range t.events {
		if e.Seq <= sub.Seq {
			continue
		}
		if n == tellEach {
			return nil // the next transaction goes on
		}
		p, err := t.readable(e.Ref, to)
		if err != nil {
			return err
		}
		if p != nil && p.Tracking.Number() == e.Revision && sub.fits(p) {
			n++
			concerned, err := t.concerned(sub, to, e.Ref)
			if err != nil {
				return err
			}
			if err := t.send(sub, to, e.Ref, p, concerned, notify.NewID("advisory", sub.ID, e.Ref, strconv.Itoa(e.Revision))); err != nil {
				return err
			}
		}
		sub.Seq = e.Seq
	}
	sub.Seq = t.last
	return nil
}

// tellDigest tells of what was published since the last digest, in one mail.
func (t *telling) tellDigest(sub *Subscription, to Party) error {
	var refs []string
	var list []Publication
	var all []Exposure
	for _, e := range t.events {
		if e.Seq <= sub.Seq || len(list) == maxDigest {
			continue
		}
		p, err := t.readable(e.Ref, to)
		if err != nil {
			return err
		}
		if p == nil || p.Tracking.Number() != e.Revision || !sub.fits(p) {
			continue
		}
		concerned, err := t.concerned(sub, to, e.Ref)
		if err != nil {
			return err
		}
		refs, list, all = append(refs, e.Ref), append(list, *p), append(all, concerned...)
	}
	sub.Seq = t.last
	return t.sendDigest(sub, to, refs, list, all)
}

// tellOwn tells of what the organisation's assets are exposed to, as far as it was
// not told by this subscription.
func (t *telling) tellOwn(sub *Subscription, to Party) error {
	fresh, more, err := t.news(sub, to)
	if err != nil {
		return err
	}
	refs := slices.Sorted(maps.Keys(fresh))
	if err := t.looked(sub); err != nil {
		return err
	}
	if more {
		sub.Looked = 0 // the next transaction goes on
	}
	sub.Seq = t.last
	if sub.Channel == notify.ByMail && (sub.Every != AtOnce || len(refs) > maxSingly) {
		var list []Publication
		var all []Exposure
		if len(refs) > maxDigest {
			refs, sub.Looked = refs[:maxDigest], 0 // the next one goes on
		}
		for _, ref := range refs {
			list, all = append(list, *t.found[ref]), append(all, fresh[ref]...)
		}
		return t.sendDigest(sub, to, refs, list, all)
	}
	for i, ref := range refs {
		if i == tellEach {
			sub.Looked = 0 // the next transaction goes on
			return nil
		}
		parts := []string{"exposure", sub.ID, ref}
		for _, e := range fresh[ref] {
			parts = append(parts, e.ID, strconv.Itoa(e.Revision), strconv.FormatInt(e.Found.UnixMicro(), 10))
		}
		if err := t.send(sub, to, ref, t.found[ref], fresh[ref], notify.NewID(parts...)); err != nil {
			return err
		}
	}
	return nil
}

// news are the exposures that a subscription is to tell of, by Ref. Of very many there
// are more.
func (t *telling) news(sub *Subscription, to Party) (fresh map[string][]Exposure, more bool, err error) {
	fresh = map[string][]Exposure{}
	n := 0
	for kv, err := range t.tx.Scan(store.Prefix(partsPrefix(exposureKind, sub.Organisation))) {
		if err != nil {
			return nil, false, err
		}
		var e Exposure
		if err := json.Unmarshal(kv.Value, &e); err != nil {
			return nil, false, fmt.Errorf("advisories: exposure %q: %w", kv.Key, err)
		}
		if !e.isNews(sub.ID) {
			continue
		}
		p, err := t.readable(e.Ref, to)
		if err != nil {
			return nil, false, err
		}
		if p == nil || !sub.fits(p) {
			continue
		}
		if n == maxNews {
			return fresh, true, nil
		}
		n++
		fresh[e.Ref] = append(fresh[e.Ref], e)
	}
	return fresh, false, nil
}

// isNews reports whether a subscription has not told of an exposure as it is: that it
// is open, with each revision of the advisory, or that the advisory which it told of
// no longer holds.
func (e *Exposure) isNews(subscription string) bool {
	before, now := false, false
	for _, n := range e.Told {
		if n.Subscription == subscription {
			before, now = true, now || n.Revision >= e.Revision
		}
	}
	if e.Open() {
		return !now
	}
	return before && !now && (e.Resolved.How == ByWithdrawal || e.Resolved.How == BySupersession)
}

// readable is the last publication of an advisory, as the receiver may see it; nil
// where there is none that they may read.
func (t *telling) readable(ref string, to Party) (*Publication, error) {
	p, ok := t.found[ref]
	if !ok {
		whole, err := publicationOf(t.tx, ref)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return nil, err
		default: // without whom else it names
			shown := whole.shownTo(&Caller{})
			shown.Audience = whole.Audience
			p = &shown
		}
		t.found[ref] = p
	}
	if p == nil || !tlp.May(to.Reader, p.Audience) {
		return nil, nil
	}
	return p, nil
}

// concerned are the receiver's organisation's open exposures to an advisory that its
// receiver may see.
func (t *telling) concerned(sub *Subscription, to Party, ref string) ([]Exposure, error) {
	if !to.Assets {
		return nil, nil
	}
	var all []Exposure
	for e, err := range t.tx.Scan(store.Prefix(partsPrefix(exposedKind, ref, sub.Organisation))) {
		if err != nil {
			return nil, err
		}
		x, err := getRecord[Exposure](t.tx, partsKey(exposureKind, partsOf(exposedKind, e.Key)[1:]...))
		if err != nil {
			return nil, err
		}
		if x.Open() {
			all = append(all, *x)
		}
		if len(all) == maxExposed {
			break
		}
	}
	return all, nil
}
