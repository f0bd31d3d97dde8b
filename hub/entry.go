package hub

import (
	"encoding/binary"
	"errors"
	"iter"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// record is what the log holds of one version of an object in one collection,
// before the object's bytes. It is written from these fields and read as a
// recordView.
type record struct {
	flags    byte
	lineage  uint32 // see lineage in accept.go; 0 is the first of an id
	audience uint32 // interned
	owner    uint32 // interned id of the organisation that contributed it
	ver      [12]byte
	id       string
	version  string // as received, "" where the object has none
	// references can hide the object: a list made by packReferences.
	references []byte
	object     []byte // as received
}

// Flags of a record.
const (
	// flagSuperseded: a newer version of the object came into this collection. It
	// is a hint: some readers may not see that version, and it may be gone.
	flagSuperseded = 1 << iota
	flagRevoked
)

const recordFormat = 1

var errRecord = errors.New("hub: a record of the log is damaged")

func (r *record) append(b []byte) []byte {
	b = append(b, recordFormat, r.flags)
	b = append(b, r.ver[:]...)
	b = binary.AppendUvarint(b, uint64(r.lineage))
	b = binary.AppendUvarint(b, uint64(r.audience))
	b = binary.AppendUvarint(b, uint64(r.owner))
	b = append(binary.AppendUvarint(b, uint64(len(r.id))), r.id...)
	b = append(binary.AppendUvarint(b, uint64(len(r.version))), r.version...)
	b = append(binary.AppendUvarint(b, uint64(len(r.references))), r.references...)
	return append(b, r.object...)
}

// recordView is a record as it is read: every field is a part of the value, and
// belongs to the store as that does.
type recordView struct {
	flags                           byte
	lineage, audience, owner        uint32
	ver                             [12]byte
	id, version, references, object []byte
}

func readRecord(b []byte) (v recordView, err error) {
	const fixed = 2 + 12
	if len(b) < fixed || b[0] != recordFormat {
		return v, errRecord
	}
	v.flags = b[1]
	v.ver = [12]byte(b[2:])
	b = b[fixed:]
	var ok bool
	for _, field := range []*uint32{&v.lineage, &v.audience, &v.owner} {
		if *field, b, ok = readNumber(b); !ok {
			return v, errRecord
		}
	}
	for _, field := range []*[]byte{&v.id, &v.version, &v.references} {
		if *field, b, ok = readField(b); !ok {
			return v, errRecord
		}
	}
	v.object = b
	return v, nil
}

func readNumber(b []byte) (n uint32, rest []byte, ok bool) {
	wide, size := binary.Uvarint(b)
	if size <= 0 || wide > 1<<32-1 {
		return 0, nil, false
	}
	return uint32(wide), b[size:], true
}

func readField(b []byte) (field, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	end := size + int(n) // #nosec G115 -- within b
	return b[size:end:end], b[end:], true
}

// summary is what the index of an object's versions says of each: enough to leave
// most of them without a look at the log.
type summary struct {
	flags                    byte
	lineage, audience, owner uint32
}

func (s summary) append(b []byte) []byte {
	b = append(b, s.flags)
	b = binary.AppendUvarint(b, uint64(s.lineage))
	b = binary.AppendUvarint(b, uint64(s.audience))
	return binary.AppendUvarint(b, uint64(s.owner))
}

func readSummary(b []byte) (s summary, err error) {
	if len(b) == 0 {
		return s, errRecord
	}
	s.flags, b = b[0], b[1:]
	for _, field := range []*uint32{&s.lineage, &s.audience, &s.owner} {
		var ok bool
		if *field, b, ok = readNumber(b); !ok {
			return s, errRecord
		}
	}
	return s, nil
}

// packReferences is the list of what can hide an object: all it refers to but the
// fixed markings of TLP, which no object of the hub defines. Ids are folded. Of one
// that is chance, what owner contributes hides the object and nothing else; nil is
// for none of them.
func packReferences(h *stix.Header, chance func(id string) bool, owner uint32) []byte {
	var b []byte
	for _, id := range h.References {
		if isLabel(id) {
			continue
		}
		id = foldID(id)
		if chance == nil || !chance(id) {
			b = append(binary.AppendUvarint(b, uint64(len(id))), id...)
			continue
		}
		b = binary.AppendUvarint(b, uint64(chanceSize+len(id)))
		b = append(binary.BigEndian.AppendUint32(append(b, chanceMark), owner), id...)
	}
	return b
}

// A reference that is chance begins with chanceMark, as no id does, and the owner.
const (
	chanceMark = '?'
	chanceSize = 1 + 4
)

// readReference takes a reference of a list apart.
func readReference(ref string) (id string, chance bool, owner uint32) {
	if len(ref) < chanceSize || ref[0] != chanceMark {
		return ref, false, 0
	}
	return ref[chanceSize:], true, binary.BigEndian.Uint32([]byte(ref[1:chanceSize]))
}

// isLabel reports whether the id is that of a marking of TLP.
func isLabel(id string) bool {
	return strings.HasPrefix(id, "marking-definition--") && tlp.Of(id, nil) != tlp.Unknown
}

// referencesIn are the references of a list made by packReferences, for
// readReference. A damaged list ends
// early.
func referencesIn(b []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for len(b) > 0 {
			id, rest, ok := readField(b)
			if !ok || !yield(string(id)) {
				return
			}
			b = rest
		}
	}
}
