package hub

import (
	"encoding/binary"
	"errors"
)

// record is what the log holds of one version of an object in one collection,
// before the object's bytes. It points into the store's memory when read.
type record struct {
	flags      byte
	audience   uint32 // interned
	owner      uint32 // interned id of the organisation that contributed it
	id         string
	version    string // as received, "" where the object has none
	ver        [12]byte
	references []byte // ids that can hide it, each with a byte of length before it; those of TLP's markings are left out
	object     []byte // as received
}

// Flags of a record.
const (
	flagSuperseded = 1 << iota // a newer version of the object is in this collection
	flagContested              // another organisation's object of this id came before it: see visible
	flagRevoked
)

const recordFormat = 1

var errRecord = errors.New("hub: a record of the log is damaged")

func (r *record) append(b []byte) []byte {
	b = append(b, recordFormat, r.flags)
	b = binary.BigEndian.AppendUint32(b, r.audience)
	b = binary.BigEndian.AppendUint32(b, r.owner)
	b = append(b, r.ver[:]...)
	b = append(binary.AppendUvarint(b, uint64(len(r.id))), r.id...)
	b = append(binary.AppendUvarint(b, uint64(len(r.version))), r.version...)
	b = append(binary.AppendUvarint(b, uint64(len(r.references))), r.references...)
	return append(b, r.object...)
}

// recordView is a record as it is read: every field is a part of the value.
type recordView struct {
	flags                           byte
	audience, owner                 uint32
	ver                             [12]byte
	id, version, references, object []byte
}

func readRecord(b []byte) (v recordView, err error) {
	const fixed = 2 + 4 + 4 + 12
	if len(b) < fixed || b[0] != recordFormat {
		return v, errRecord
	}
	v.flags = b[1]
	v.audience = binary.BigEndian.Uint32(b[2:])
	v.owner = binary.BigEndian.Uint32(b[6:])
	v.ver = [12]byte(b[10:])
	b = b[fixed:]
	for _, field := range []*[]byte{&v.id, &v.version, &v.references} {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return v, errRecord
		}
		*field, b = b[size:size+int(n)], b[size+int(n):] // #nosec G115 -- within b
	}
	v.object = b
	return v, nil
}
