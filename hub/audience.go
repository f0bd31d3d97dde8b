package hub

import (
	"errors"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// audiences finds who may read what comes into a collection, by its markings and
// by what the submission or the collection names. It remembers what it found: the
// objects of an envelope have few different markings.
type audiences struct {
	tx       store.Tx // the hub's room
	view     *view
	col      *Collection
	terms    tlp.Terms
	whole    bool // terms name all readers that there are
	markings map[string]tlp.Marking
	known    map[string]audienceOf // by the markings' ids
	sent     map[string][]byte     // marking definitions of the envelope, nil for those that were refused
}

type audienceOf struct {
	audience tlp.Audience
	number   uint32
	reason   string
}

// newAudiences is for one submission. One that names nobody leaves it to the
// collection, as TAXII does; one that names somebody names everybody. The error is
// Invalid for names that do not exist.
func newAudiences(tx store.Tx, v *view, col *Collection, sub *Submission) (audiences, error) {
	a := audiences{
		tx: tx, view: v, col: col, terms: tlp.Terms{Unmarked: col.Unmarked, People: col.People},
		markings: map[string]tlp.Marking{}, known: map[string]audienceOf{}, sent: map[string][]byte{},
	}
	if len(sub.Organisations)+len(sub.People) == 0 {
		return a, nil
	}
	a.whole = true
	a.terms.Organisations, a.terms.People = sub.Organisations, sub.People
	for _, named := range []struct {
		kind, what string
		ids        []string
	}{{orgKind, "organisation", sub.Organisations}, {personKind, "person", sub.People}} {
		if len(named.ids) > maxNamed {
			return a, fail(Invalid, "more than %d readers are named", maxNamed)
		}
		for _, id := range named.ids {
			ok, err := exists(tx, named.kind+"/"+cut(id, maxDetail))
			if err != nil {
				return a, err
			}
			if !ok {
				return a, fail(Invalid, "no %s with the id %q", named.what, cut(id, maxDetail))
			}
		}
	}
	return a, nil
}

// maxNamed bounds how many readers a submission names of each kind.
const maxNamed = 1000

// set sets the object's audience, or says why it would have no readers.
func (a *audiences) set(in *incoming) (reason string, err error) {
	key := strings.Join(in.header.MarkingRefs, " ")
	for _, g := range in.header.Granular {
		if g.MarkingRef != "" || g.Lang == "" {
			key += "," + g.MarkingRef
		}
	}
	for _, id := range in.header.Inside {
		key += "," + id
	}
	found, known := a.known[key]
	if !known {
		if found, err = a.find(&in.header); err != nil {
			return "", err
		}
		a.known[key] = found
	}
	in.audience, in.audienceNumber = found.audience, found.number
	return found.reason, nil
}

func (a *audiences) find(h *stix.Header) (found audienceOf, err error) {
	var object, granular []tlp.Marking
	for _, id := range h.MarkingRefs {
		object = append(object, a.marking(id))
	}
	for _, g := range h.Granular {
		if g.MarkingRef != "" || g.Lang == "" {
			granular = append(granular, a.marking(g.MarkingRef))
		}
	}
	for _, id := range h.Inside {
		granular = append(granular, a.marking(id))
	}
	found.audience, err = tlp.For(object, granular, a.terms)
	if errors.Is(err, tlp.ErrNoOrganisations) && !a.whole {
		if a.terms.Organisations, err = readingOrganisations(a.view.r, a.col); err != nil {
			return found, err
		}
		a.whole = true
		found.audience, err = tlp.For(object, granular, a.terms)
	}
	switch {
	case errors.Is(err, tlp.ErrNoOrganisations):
		found.reason = "object_marking_refs: " + err.Error() + ": name them when you submit it, or send it to a collection that organisations read (FIRST, TLP 2.0; STIX 2.1, 7.2.1.4)"
		return found, a.view.err
	case errors.Is(err, tlp.ErrNoPeople):
		found.reason = "object_marking_refs: " + err.Error() + ": name them when you submit it, or send it to a collection that lists people; a marking that this hub does not know counts as TLP:RED, and one that you define has to come before or with the object (FIRST, TLP 2.0; STIX 2.1, 7.2.1.4)"
		return found, a.view.err
	case err != nil:
		return found, err
	}
	found.number, err = internAudience(a.tx, found.audience)
	return found, errors.Join(err, a.view.err)
}

// noteSent notes a marking definition of the envelope, by which later objects of
// it may be marked: taken, or refused.
func (a *audiences) noteSent(h *stix.Header, raw []byte) {
	if h.Type == "marking-definition" {
		a.sent[foldID(h.ID)] = raw
	}
}

// marking is what a marking definition says to whoever contributes the object. A
// statement is taken from their own organisation, from the operator, or from the
// envelope alone, and where definitions of this id that they know of differ, the
// strictest counts: so nothing that somebody else sends makes a marking say less.
func (a *audiences) marking(id string) tlp.Marking {
	if m, known := a.markings[id]; known {
		return m
	}
	raw, sent := a.sent[foldID(id)]
	m := tlp.Of(id, raw)
	if !isLabel(id) && (!sent || m != tlp.Unknown) {
		for e, err := range versionsOf(a.view.r, id) {
			if err != nil {
				a.view.failed(err)
				return tlp.Unknown
			}
			if !a.view.knows(e) {
				continue
			}
			rec, ok := a.view.entry(e.at)
			said := tlp.Of(id, rec.object)
			if !ok || said == tlp.Unknown {
				m = tlp.Unknown
				break
			}
			if trusted, err := a.trusts(id, e.owner); err != nil || trusted {
				a.view.err = errors.Join(a.view.err, err)
				m = said
			}
		}
	}
	a.markings[id] = m
	return m
}

// trusts reports whether a definition that somebody contributed counts for the
// caller: it is their organisation's, or the operator's, or they sent the same.
func (a *audiences) trusts(id string, owner uint32) (bool, error) {
	own, by := a.view.caller.Organisation.ID, a.view.contributor(owner)
	if by == own {
		return true, nil
	}
	if sent, err := exists(a.view.r, sentMarkingKey(own, id)); err != nil || sent {
		return sent, err
	}
	op, err := operator(a.view.r)
	return err == nil && by == op.ID, err
}

// sentMarkingKey notes that an organisation sent a marking definition that was here
// already.
func sentMarkingKey(org, id string) string { return "marking@" + org + "/" + foldID(id) }

// noteAgain notes a definition that the caller sent and somebody else did before:
// they take it for theirs.
func (a *audiences) noteAgain(h *stix.Header) error {
	if h.Type != "marking-definition" {
		return nil
	}
	delete(a.markings, h.ID)
	return a.tx.Put([]byte(sentMarkingKey(a.view.caller.Organisation.ID, h.ID)), nil)
}
