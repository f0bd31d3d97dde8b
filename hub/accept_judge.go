package hub

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// A lineage is what one organisation made of an id: its versions of the object,
// and the copies of them that others put into further collections. An id has one
// lineage, until somebody who knows nothing of it sends another object under the
// same id. They must not learn that it is taken, so theirs begins a lineage of its
// own. Each reader is given the objects of one lineage: the earliest of which they
// may read something (see view.lineage).

// maxJudged bounds how many versions the objects of one submission are held
// against, for which all other writers wait: a few of an id are usual, and
// thousands are not.
const maxJudged = 1 << 20

// judge says whether an object may be added to a collection, by STIX's rules on
// versions (STIX 2.1, 3.6): one version of an object is always the same, only
// whoever made the object makes new ones, and none follows one that is revoked.
// Its state is outcomeNew where it may.
func judge(v *view, col *Collection, in *incoming) (outcome, place, error) {
	var p place
	for e, err := range versionsOf(v.r, in.header.ID) {
		if err != nil {
			return outcome{}, place{}, err
		}
		if v.judged++; v.judged > maxJudged {
			return refused("the hub holds too many versions of this and of other objects sent with it: send fewer at once"), p, nil
		}
		p.others = append(p.others, e)
	}
	if in.isDoubtful() {
		p.lineage = doubtful
		for _, e := range p.others {
			if e.lineage < doubtful && v.knows(e) {
				return refused("%s", otherContent(in)), p, v.err
			}
		}
	}
	if len(p.others) == 0 {
		return outcome{state: outcomeNew}, p, nil
	}
	lineage, known := v.lineageOf(in, p.others)
	if !known {
		p.lineage = lineage
		return outcome{state: outcomeNew}, p, v.err
	}
	p.lineage = lineage
	o := v.judgeVersion(col, in, lineage, p.others)
	return o, p, v.err
}

// lineageOf chooses the lineage that an object belongs to: the one that the
// contributor began, else the earliest that they know of, else one of their own,
// of which nothing is known yet.
func (v *view) lineageOf(in *incoming, others []stored) (lineage uint32, known bool) {
	base := uint32(0)
	if in.isDoubtful() {
		base = doubtful
	}
	next := base
	firsts := map[uint32]stored{}
	for _, e := range others {
		if e.lineage&doubtful != base {
			continue
		}
		next = max(next, e.lineage+1)
		if first, ok := firsts[e.lineage]; !ok || e.at.added < first.at.added {
			firsts[e.lineage] = e
		}
	}
	for n := base; n < next; n++ {
		if first, ok := firsts[n]; ok && v.founder(in.header.ID, first) == in.by.Organisation.ID {
			return n, true
		}
	}
	lowest := next
	for _, e := range others {
		if e.lineage&doubtful == base && e.lineage < lowest && v.knows(e) {
			lowest = e.lineage
		}
	}
	if lowest < next {
		return lowest, true
	}
	// An observable that others posted with the very same content is the same
	// object: nothing tells the two apart.
	if in.isObservable() {
		for _, e := range others {
			if rec, ok := v.entry(e.at); ok && e.ver == in.ver && sameContent(rec.object, in) {
				return e.lineage, false
			}
		}
	}
	return next, false
}

// judgeVersion holds a version against what the contributor knows of its lineage.
func (v *view) judgeVersion(col *Collection, in *incoming, lineage uint32, others []stored) outcome {
	mine := v.began(in, lineage, others)
	same, open := false, false // this version is there; and somewhere no narrower than here
	for _, e := range others {
		if e.lineage != lineage || !v.knows(e) {
			continue
		}
		c := bytes.Compare(e.ver[:], in.ver[:])
		switch {
		case c == 0:
			rec, ok := v.entry(e.at)
			if !ok {
				continue
			}
			if !sameContent(rec.object, in) {
				return refused("%s", otherContent(in))
			}
			if e.at.col == col.Number {
				return outcome{state: outcomeDuplicate, at: e.at}
			}
			same = true
			if !open {
				open = v.mayPassOn(e, in)
			}
		case !mine:
		case c < 0 && e.flags&flagRevoked != 0:
			return refused("modified: an earlier version revoked this object, and none may follow it: send it as a new object with a new id (STIX 2.1, 3.6)")
		case c > 0 && in.header.Revoked:
			return refused("revoked: a later version of this object is here already: revoke it with a version whose modified is after that (STIX 2.1, 3.6)")
		}
	}
	switch {
	case in.isObservable() || mine:
		return outcome{state: outcomeNew}
	case !same:
		return refused("id: another organisation contributed this object, and only that one may send other versions of it: say what you know in a note, an opinion or an object with an id of its own (STIX 2.1, 3.6)")
	case !open:
		return refused("object_marking_refs: this came to you by its marking or its collection for fewer readers than it would have here: ask the organisation that contributed it to share it here (FIRST, TLP 2.0)")
	}
	return outcome{state: outcomeNew}
}

// began reports whether the contributor may add versions to a lineage: its first
// contributor may, and the operator, who brings in what others publish elsewhere.
func (v *view) began(in *incoming, lineage uint32, others []stored) bool {
	if in.by.Organisation.Operator {
		return true
	}
	return v.founder(in.header.ID, firstOf(lineage, others)) == in.by.Organisation.ID
}

// founder is the organisation that began a lineage: whoever contributed the first
// entry of it that is left, unless that is a copy.
func (v *view) founder(id string, first stored) string {
	owner, err := v.r.Get(beganKey(id, first.lineage))
	switch {
	case err == nil && len(owner) == 4:
		return v.contributor(binary.BigEndian.Uint32(owner))
	case !errors.Is(err, store.ErrNotFound):
		v.failed(errors.Join(err, errRecord))
		return ""
	}
	return v.contributor(first.owner)
}

// keepFounder notes who began a lineage when somebody else adds to it, since theirs
// may be there for longer.
func keepFounder(tx store.Tx, id string, lineage, owner uint32, others []stored) error {
	first := firstOf(lineage, others)
	if first.at.added == 0 || first.owner == owner {
		return nil
	}
	key := beganKey(id, lineage)
	if _, err := tx.Get(key); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return tx.Put(key, binary.BigEndian.AppendUint32(nil, first.owner))
}

// dropFounder forgets who began a lineage of which nothing is left.
func dropFounder(tx store.Tx, id string, lineage uint32) error {
	key := beganKey(id, lineage)
	if _, err := tx.Get(key); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	}
	for e, err := range versionsOf(tx, id) {
		if err != nil || e.lineage == lineage {
			return err
		}
	}
	return tx.Delete(key)
}

// firstOf is the entry that began a lineage, as far as it is there still. There is
// one of that lineage.
func firstOf(lineage uint32, others []stored) (first stored) {
	for _, e := range others {
		if e.lineage == lineage && (first.at.added == 0 || e.at.added < first.at.added) {
			first = e
		}
	}
	return first
}

// mayPassOn reports whether somebody who did not contribute an object may put it
// into another collection, where it has the audience in.audience. What is for
// named readers they may not: TLP leaves that to its source.
func (v *view) mayPassOn(e stored, in *incoming) bool {
	a, err := readAudience(v.r, e.audience)
	if err != nil {
		return v.failed(err)
	}
	for _, m := range a.Markings {
		switch m {
		case tlp.Clear:
		case tlp.Green:
			if slices.Contains(in.audience.Markings, tlp.Clear) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// isObservable reports whether the object has no versions, as STIX's cyber
// observables: they are facts, so nobody owns one.
func (in *incoming) isObservable() bool { return in.header.Version() == "" }

// maxWider is how many times as long as another text one that says the same may
// be. Spaces and escapes make it twice or thrice as long. Without the bound, many
// small objects under the id of a large one would each have that read again, while
// all other writers wait.
const maxWider = 8

// doubtful is the first lineage of observables whose id is not the one that STIX
// makes of what they say (STIX 2.1, 2.9), though it looks like one: by its number
// it comes after all others of the id. So nobody takes the id of an address, say,
// for another address before somebody comes who means that one.
const doubtful = 1 << 31

// isDoubtful is false for an id that is random, since nobody else has that.
func (in *incoming) isDoubtful() bool {
	id := in.header.ID
	const version = 22 // from the end: the digit of the UUID's version
	if !in.isObservable() || len(id) < version || id[len(id)-version] != '5' {
		return false
	}
	made, ok := stix.DeterministicID(in.value)
	return ok && made != foldID(id)
}

// sameContent reports whether an object that is held says the same.
func sameContent(held []byte, in *incoming) bool {
	if bytes.Equal(held, in.raw) {
		return true
	}
	if len(held) > maxWider*len(in.raw) {
		return false
	}
	var p stix.Parser
	v, err := p.Parse(held)
	return err == nil && stix.Equal(v, in.value)
}

func otherContent(in *incoming) string {
	if in.isObservable() {
		return "id: an object with this id and other content is here already, and an observable has no versions: send what is the same, or delete yours first (STIX 2.1, 3.3)"
	}
	return "modified: this version is here already with other content: whoever changes an object gives it a later modified (STIX 2.1, 3.6)"
}
