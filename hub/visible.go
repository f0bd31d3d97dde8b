package hub

import (
	"errors"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// maxMemo bounds what a view remembers, so that a long scan of objects that all
// refer to something else does not fill the memory.
const maxMemo = 1 << 16

// view is what one caller may read of one snapshot. Whatever reads objects for a
// caller asks it about each of them: pages, search, counts, changes, the queue,
// and the writes that must not tell what they ran into.
//
// Its functions return false when the store fails, and from then on. Whoever uses
// a view looks at err in the end.
type view struct {
	r      store.Reader // the hub's room
	caller *Caller
	reader tlp.Reader
	err    error
	// everybody is the audience of what no marking hides: with it the policy
	// judges an object by its references alone.
	everybody tlp.Audience
	judged    int // versions that objects were held against; see maxJudged

	collections map[uint32]collectionView
	audiences   map[uint32]bool
	references  map[string]bool // lists made by packReferences
	held        map[string][]tlp.Version
	lineages    map[string]uint32
	owners      map[uint32]string
	chance      map[string]bool // ids; see isChance
}

type collectionView struct {
	col  *Collection // nil for one that is gone
	read bool
}

// newView is a view of the hub's room. It is valid as long as r.
func newView(r store.Reader, c *Caller) *view {
	return &view{
		r: r, caller: c, reader: c.Reader(),
		everybody:   tlp.Audience{Markings: []tlp.Marking{tlp.Clear}},
		collections: map[uint32]collectionView{},
		audiences:   map[uint32]bool{},
		references:  map[string]bool{},
		held:        map[string][]tlp.Version{},
		lineages:    map[string]uint32{},
		owners:      map[uint32]string{},
		chance:      map[string]bool{},
	}
}

func (v *view) failed(err error) bool {
	v.err = errors.Join(v.err, err)
	return false
}

// forget drops what was concluded from the objects there are. In an Update it is
// called after each one that is added or removed.
func (v *view) forget() {
	if len(v.references)+len(v.held)+len(v.lineages) > 0 {
		clear(v.references)
		clear(v.held)
		clear(v.lineages)
	}
}

// collection finds a collection by its number, and whether the caller may read
// it; nil where it is gone.
func (v *view) collection(number uint32) (col *Collection, read bool) {
	if known, ok := v.collections[number]; ok {
		return known.col, known.read
	}
	col, err := collectionByNumber(v.r, number)
	switch {
	case errors.Is(err, store.ErrNotFound):
		col = nil
	case err != nil:
		v.failed(err)
		return nil, false
	default:
		read, _ = v.caller.may(col)
	}
	v.collections[number] = collectionView{col, read}
	return col, read
}

// mayRead reports whether the caller may read an entry of the log: has a right to
// its collection, belongs to its audience, may read something of all it refers to
// that the hub holds, and may read no earlier object of the same id that somebody
// else contributed.
func (v *view) mayRead(at spot, rec *recordView) bool {
	if v.err != nil || !v.mayReadAt(at.col, rec.audience) || !v.mayReadReferences(rec.references) {
		return false
	}
	return rec.lineage == 0 || v.lineage(string(rec.id)) == rec.lineage
}

// mayReadAt is the part of mayRead that needs no look at the entry.
func (v *view) mayReadAt(col, audience uint32) bool {
	if _, read := v.collection(col); !read {
		return false
	}
	may, known := v.audiences[audience]
	if !known {
		a, err := readAudience(v.r, audience)
		if err != nil {
			return v.failed(err)
		}
		may = tlp.May(v.reader, a)
		v.audiences[audience] = may
	}
	return may
}

func (v *view) mayReadReferences(packed []byte) bool {
	if len(packed) == 0 {
		return true
	}
	may, known := v.references[string(packed)]
	if !known {
		if len(v.references) >= maxMemo {
			clear(v.references)
		}
		may = tlp.MayWhole(v.reader, v.version(packed), v.versionsHeld) && v.err == nil
		v.references[string(packed)] = may
	}
	return may
}

func (v *view) version(packed []byte) tlp.Version {
	version := tlp.Version{Audience: v.everybody}
	for id := range referencesIn(packed) {
		version.References = append(version.References, id)
	}
	return version
}

// isChance reports whether an object of this id is none that the caller knows of,
// as a writer. What they say of it then comes from elsewhere and tells of no object
// that the hub keeps from them. Were it hidden with such an object all the same,
// they would learn that there is one; and whoever wants what others say to vanish
// would send an object of an id that it names, for fewer readers.
//
// It is asked while objects of the caller come in, and leaves these out: they count
// whenever they came.
func (v *view) isChance(id string) bool {
	if chance, known := v.chance[id]; known {
		return chance
	}
	if len(v.chance) >= maxMemo {
		clear(v.chance)
	}
	chance := true
	for e, err := range versionsOf(v.r, id) {
		if v.judged++; err != nil || v.judged > maxJudged {
			chance = v.failed(err)
			break
		}
		if v.knows(e) {
			chance = false
			break
		}
	}
	v.chance[id] = chance
	return chance
}

// versionsHeld are the versions of an object as tlp.MayWhole asks for them: those
// that the caller may not read for another reason than their references have an
// audience of nobody. There are none of an object that is referred to by chance,
// unless whoever did contributed one.
func (v *view) versionsHeld(ref string) []tlp.Version {
	if versions, known := v.held[ref]; known {
		return versions
	}
	if len(v.held) >= maxMemo {
		clear(v.held)
	}
	var versions []tlp.Version
	if id, chance, owner := readReference(ref); !chance || v.has(id, owner) {
		versions = v.versions(id)
	}
	v.held[ref] = versions
	return versions
}

// has reports whether the hub holds an object that this organisation contributed.
func (v *view) has(id string, owner uint32) bool {
	for e, err := range versionsOf(v.r, id) {
		if err != nil {
			return v.failed(err)
		}
		if e.owner == owner {
			return true
		}
	}
	return false
}

func (v *view) versions(id string) (versions []tlp.Version) {
	for e, err := range versionsOf(v.r, id) {
		if err != nil {
			v.failed(err)
			break
		}
		if !v.mayReadAt(e.at.col, e.audience) {
			if len(versions) == 0 {
				versions = append(versions, tlp.Version{})
			}
			continue
		}
		rec, ok := v.entry(e.at)
		if !ok {
			continue
		}
		if len(rec.references) == 0 { // nothing hides this one, so the others do not matter
			versions = []tlp.Version{{Audience: v.everybody}}
			break
		}
		versions = append(versions, v.version(rec.references))
	}
	return versions
}

// lineage is the one of an object's lineages that the caller is given: the
// earliest of which they may read something. It is 0 where there is none, too.
func (v *view) lineage(id string) uint32 {
	if lineage, known := v.lineages[id]; known {
		return lineage
	}
	if len(v.lineages) >= maxMemo {
		clear(v.lineages)
	}
	lineage := v.findLineage(id)
	v.lineages[id] = lineage
	return lineage
}

func (v *view) findLineage(id string) uint32 {
	found, lowest := false, uint32(0)
	for e, err := range versionsOf(v.r, id) {
		if err != nil {
			v.failed(err)
			return 0
		}
		if found && e.lineage >= lowest || !v.mayReadAt(e.at.col, e.audience) {
			continue
		}
		if rec, ok := v.entry(e.at); ok && v.mayReadReferences(rec.references) {
			if found, lowest = true, e.lineage; lowest == 0 {
				break
			}
		}
	}
	return lowest
}

// contributor is the id of the organisation that an entry's owner stands for.
func (v *view) contributor(owner uint32) string {
	if id, known := v.owners[owner]; known {
		return id
	}
	id, err := interned(v.r, owner)
	if err != nil {
		v.failed(err)
		return ""
	}
	v.owners[owner] = string(id)
	return string(id)
}

// knows reports whether an entry is there for the caller as a writer: one that
// they may read or that their organisation contributed.
func (v *view) knows(e stored) bool {
	if v.caller.Member() && v.contributor(e.owner) == v.caller.Organisation.ID {
		return true
	}
	if !v.mayReadAt(e.at.col, e.audience) {
		return false
	}
	_, ok := v.visible(e.at)
	return ok
}

// entry reads an entry of the log; false where there is none.
func (v *view) entry(at spot) (recordView, bool) {
	b, err := v.r.Get(at.logKey())
	if errors.Is(err, store.ErrNotFound) {
		return recordView{}, false
	}
	if err != nil {
		return recordView{}, v.failed(err)
	}
	rec, err := readRecord(b)
	if err != nil {
		return recordView{}, v.failed(err)
	}
	return rec, true
}

// visible reads an entry of the log that the caller may read.
func (v *view) visible(at spot) (recordView, bool) {
	rec, ok := v.entry(at)
	return rec, ok && v.mayRead(at, &rec)
}

// latest is the last version of an object that the caller may read, in all
// collections; of one that is in several, the entry added last.
func (v *view) latest(id string) (at spot, rec recordView, ok bool) { return v.latestIn(id, 0) }

// latestIn is latest among the entries of one collection; 0 is all of them. It
// begins with the newest version, of which there may be many more.
func (v *view) latestIn(id string, only uint32) (at spot, rec recordView, ok bool) {
	in := store.Prefix(objectPrefix(id))
	in.Reverse = true
	var best stored
	for e, err := range storedIn(v.r, id, in) {
		if err != nil {
			v.failed(err)
			return spot{}, recordView{}, false
		}
		if ok && e.ver != best.ver {
			break
		}
		if only != 0 && e.at.col != only || ok && e.at.added < best.at.added {
			continue
		}
		if r, may := v.visible(e.at); may {
			best, rec, ok = e, r, true
		}
	}
	return best.at, rec, ok
}
