package hub

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// incoming is one version of an object on its way into a collection.
type incoming struct {
	raw    []byte // what is stored
	value  stix.Value
	header stix.Header
	ver    [versionSize]byte
	values []value // under which it is found
	// references can hide it: a list made by packReferences.
	references []byte

	audience tlp.Audience
	owner    string // id of the organisation that contributes it
	// audienceNumber and ownerNumber are the two interned, 0 where they are not yet.
	audienceNumber, ownerNumber uint32
	// by is in whose eyes it is judged: what they may not read and did not
	// contribute is not there for them.
	by *Caller
}

// newIncoming takes an object for what it says. Audience, owner and by are still
// to be set. raw is v's text.
func newIncoming(v stix.Value) (incoming, error) {
	in := incoming{raw: v.Raw(), value: v, header: stix.ReadHeader(v)}
	var err error
	in.ver, err = versionKey(&in.header)
	in.values = valuesOf(v, in.header)
	in.references = packReferences(&in.header, nil, 0)
	return in, err
}

// recordSize is how large the log's record of it will be, at most.
func (in *incoming) recordSize() int {
	return len(in.raw) + len(in.references) + chanceSize*len(in.header.References) + len(in.header.ID) + len(in.header.Version()) + 64
}

// value is a text that a search by value asks for, with what the object says of
// it.
type value struct {
	kind, key string
	flags     byte
}

// Flags of a value.
const (
	valueNegated = 1 << iota // it must not be there
	valueAlone               // seen once, it is all that the indicator wants
)

// valuesOf are the values of an object, each once. One that a pattern both asks for
// and excludes counts as asked for.
func valuesOf(v stix.Value, h stix.Header) []value {
	observables := stix.Observables(v, h)
	if len(observables) == 0 {
		return nil
	}
	values := make([]value, 0, len(observables))
	for _, o := range observables {
		next := value{kind: string(o.Kind), key: o.Key}
		if o.Negated {
			next.flags |= valueNegated
		}
		if o.Alone {
			next.flags |= valueAlone
		}
		if n := len(values); n > 0 && values[n-1].kind == next.kind && values[n-1].key == next.key {
			last := &values[n-1]
			last.flags = (last.flags|next.flags)&^valueNegated | last.flags&next.flags&valueNegated
			continue
		}
		values = append(values, next)
	}
	return values
}

// outcome is what became of an object.
type outcome struct {
	state  outcomeState
	reason string // of outcomeRefused: what is wrong and what to do; else "", or what else is to say
	at     spot   // where it is, unless it was refused
}

type outcomeState int

const (
	outcomeAdded outcomeState = iota + 1
	outcomeDuplicate
	outcomeRefused
	outcomeHeld // for the moderation
	outcomeNew  // of judge: nothing speaks against adding it
)

func refused(format string, args ...any) outcome {
	return outcome{state: outcomeRefused, reason: fmt.Sprintf(format, args...)}
}

// add judges an object and, where nothing speaks against it, stores it: the entry
// of the log, its indexes and the change. tx is the hub's room.
func (s *Service) add(tx store.Tx, col *Collection, in *incoming) (outcome, error) {
	var index indexing
	o, err := s.addSeen(tx, newView(tx, in.by), col, in, &index)
	if err != nil {
		return o, err
	}
	return o, index.put(tx)
}

// addSeen is add with a view of in.by and an index that many objects may share.
// Whoever calls it puts the index in the end.
func (s *Service) addSeen(tx store.Tx, v *view, col *Collection, in *incoming, index *indexing) (outcome, error) {
	o, place, err := judge(v, col, in)
	if err != nil || o.state != outcomeNew {
		return o, err
	}
	at, err := s.put(tx, col, in, place, index)
	v.forget()
	return outcome{state: outcomeAdded, at: at}, err
}

// place is where a new entry goes among those of its id.
type place struct {
	lineage uint32
	others  []stored // all that the hub holds of the id
}

// put stores an entry. What is judged by it is done with.
func (s *Service) put(tx store.Tx, col *Collection, in *incoming, p place, index *indexing) (spot, error) {
	audience, owner, err := in.numbers(tx)
	if err != nil {
		return spot{}, err
	}
	at := spot{col: col.Number}
	if at.added, err = s.nextAdded(tx, col.Number); err != nil {
		return spot{}, err
	}
	rec := record{
		lineage: p.lineage, audience: audience, owner: owner, ver: in.ver,
		id: in.header.ID, version: in.header.Version(), references: in.references, object: in.raw,
	}
	if in.header.Revoked {
		rec.flags |= flagRevoked
	}
	if err := keepFounder(tx, rec.id, rec.lineage, owner, p.others); err != nil {
		return spot{}, fmt.Errorf("founder: %w", err)
	}
	newest, err := supersede(tx, at.col, in.ver, p.others)
	if err != nil {
		return spot{}, err
	}
	if !newest {
		rec.flags |= flagSuperseded
	}
	short := summary{flags: rec.flags &^ flagSuperseded, lineage: rec.lineage, audience: audience, owner: owner}
	if err := tx.Put(at.logKey(), rec.append(make([]byte, 0, in.recordSize()))); err != nil {
		return spot{}, fmt.Errorf("log: %w", err)
	}
	if err := tx.Put(objectKey(rec.id, rec.ver, at), short.append(nil)); err != nil {
		return spot{}, fmt.Errorf("versions: %w", err)
	}
	for key, value := range in.indexKeys(at) {
		index.add(key, value)
	}
	return at, s.appendFeed(tx, ChangeAdded, at, nil)
}

// numbers interns the audience and the owner.
func (in *incoming) numbers(tx store.Tx) (audience, owner uint32, err error) {
	audience, owner = in.audienceNumber, in.ownerNumber
	if audience == 0 {
		audience, err = internAudience(tx, in.audience)
	}
	if owner == 0 && err == nil {
		owner, err = intern(tx, []byte(in.owner))
	}
	return audience, owner, err
}

// indexKeys are the keys, and their values, by which an entry is found other than
// by its id.
func (in *incoming) indexKeys(at spot) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		if !yield(typeKey(in.header.Type, at), nil) {
			return
		}
		for _, value := range in.values {
			if !yield(valueKey(value.kind, value.key, in.header.ID, in.ver, at), []byte{value.flags}) {
				return
			}
		}
		for _, id := range in.header.References {
			if id == in.header.CreatedByRef || strings.HasPrefix(id, "marking-definition--") {
				continue
			}
			if !yield(refersKey(id, in.header.ID, in.ver, at), nil) {
				return
			}
		}
	}
}

// nextAdded is the date added of the next entry of a collection's log, in
// microseconds: later than any that the log ever had, so that whoever goes on from
// a date misses nothing and gets nothing twice.
func (s *Service) nextAdded(tx store.Tx, col uint32) (int64, error) {
	added := s.now().UnixMicro()
	key := lastKey(col)
	last, err := tx.Get(key)
	switch {
	case err == nil && len(last) == 8:
		added = max(added, int64(binary.BigEndian.Uint64(last))+1) // #nosec G115 -- written below
	case !errors.Is(err, store.ErrNotFound):
		return 0, fmt.Errorf("last date added: %w", errors.Join(err, errRecord))
	}
	if err := tx.Put(key, binary.BigEndian.AppendUint64(nil, uint64(added))); err != nil { // #nosec G115 -- after 1970
		return 0, fmt.Errorf("last date added: %w", err)
	}
	return added, nil
}

// supersede marks the entry that was the newest of an object in a collection, if
// this version is newer, and reports whether it is the newest.
func supersede(tx store.Tx, col uint32, ver [versionSize]byte, others []stored) (newest bool, err error) {
	newest = true
	var before []stored
	for _, e := range others {
		switch c := bytes.Compare(e.ver[:], ver[:]); {
		case e.at.col != col || c == 0:
		case c > 0:
			newest = false
		case len(before) > 0 && before[0].ver != e.ver: // others are in order
			before = append(before[:0], e)
		default:
			before = append(before, e)
		}
	}
	for _, e := range before {
		if err := setFlag(tx, e.at, flagSuperseded, true); err != nil {
			return newest, err
		}
	}
	return newest, nil
}

// setFlag changes a flag of an entry of the log.
func setFlag(tx store.Tx, at spot, flag byte, on bool) error {
	b, err := tx.Get(at.logKey())
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	rec, err := readRecord(b)
	if err != nil {
		return err
	}
	flags := rec.flags &^ flag
	if on {
		flags |= flag
	}
	if flags == rec.flags {
		return nil
	}
	b = bytes.Clone(b)
	b[1] = flags
	return tx.Put(at.logKey(), b)
}
