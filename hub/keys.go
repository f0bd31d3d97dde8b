package hub

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// The hub's room in the store, "hub". Numbers in keys are big-endian, so that
// keys are in the order of what they count. <col> is Collection.Number (4
// bytes), <added> the date added in microseconds since 1970 (8 bytes), <ver> a
// stix.Instant's key (12 bytes; zero for objects without a version). The ids of
// objects are folded: hexadecimal digits in capitals make no other object.
//
//	meta                              settings of the hub
//	org/<id> person/<id> key/<id> group/<id> col/<id>   records, JSON
//	org@<handle> person@<email> group@<handle> col@<group id>/<alias>   -> id
//	col#<col>                         -> id of the collection
//	l<col><added>                     the log of a collection: record
//	n<col>                            the last <added> that the log ever had
//	o<id>\0<ver><col><added>          every version of an object, wherever it is: summary
//	b<id>\0<lineage>                  who began a lineage of an object, once others added to it: interned
//	t<col><type>\0<added>             the log by type
//	v<kind>\0<key>\0<id>\0<ver><col><added>   values, for look-up: flags
//	r<id>\0<id of the one that refers>\0<ver><col><added>   who refers to an object, but by created_by_ref or a marking
//	i#<n> / i@<sha256> / i            interned texts (audiences, organisations): number to text and back; the last number
//	f#<seq>, f, f@                    the change feed; see changes.go
//	status/<uuid>, status@<added><uuid>    statuses, and when each ends
//	queue/<col><added>, queue@<col><sha256>   what waits for moderation; see moderation.go
//	sealed/<public id>..., sealed@<org>...    who is behind an anonymous object, and the map; see sealed.go
//	asset/<org>/<id> document/<org>/<id>   assets, and the bytes of inventories
//	marking@<org>/<id>                marking definitions that an organisation sent after somebody else had
//	member@<org>/<group id>           the groups that an organisation is in
//	setup, cursor-key                 the open setup link; the secret that seals cursors
//	sub/<owner>/<name>                cursors of subscribers
const (
	prefixLog    = 'l'
	prefixLast   = 'n'
	prefixObject = 'o'
	prefixBegan  = 'b'
	prefixType   = 't'
	prefixValue  = 'v'
	prefixRefers = 'r'
	prefixIntern = 'i'
	prefixFeed   = 'f'
)

// spot is where an entry is in the log: a collection's number and a time.
type spot struct {
	col   uint32
	added int64 // microseconds since 1970
}

func (s spot) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, s.col)
	return binary.BigEndian.AppendUint64(b, uint64(s.added)) // #nosec G115 -- after 1970
}

// Sizes of parts of keys, in bytes.
const (
	spotSize    = 12
	versionSize = 12
)

func readSpot(b []byte) (spot, bool) {
	if len(b) != spotSize {
		return spot{}, false
	}
	return spot{binary.BigEndian.Uint32(b), int64(binary.BigEndian.Uint64(b[4:]))}, true // #nosec G115
}

func (s spot) logKey() []byte { return s.append([]byte{prefixLog}) }

func (s spot) time() time.Time { return time.UnixMicro(s.added).UTC() }

// text is the date added, which stands for the version of an object without one.
func (s spot) text() string { return s.time().Format("2006-01-02T15:04:05.000000Z") }

func logPrefix(col uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixLog}, col)
}

func lastKey(col uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixLast}, col)
}

// foldID is the form of an object's id in keys.
func foldID(id string) string { return strings.ToLower(id) }

func objectPrefix(id string) []byte {
	return append(append(make([]byte, 0, len(id)+2+versionSize+spotSize), prefixObject), foldID(id)+"\x00"...)
}

func objectKey(id string, ver [12]byte, s spot) []byte {
	return s.append(append(objectPrefix(id), ver[:]...))
}

func beganKey(id string, lineage uint32) []byte {
	return binary.BigEndian.AppendUint32(append(append([]byte{prefixBegan}, foldID(id)...), 0), lineage)
}

func typePrefix(col uint32, typ string) []byte {
	b := binary.BigEndian.AppendUint32([]byte{prefixType}, col)
	return append(append(b, typ...), 0)
}

func typeKey(typ string, s spot) []byte {
	return binary.BigEndian.AppendUint64(typePrefix(s.col, typ), uint64(s.added)) // #nosec G115
}

func valuePrefix(kind, key string) []byte {
	if len(key) > maxValueKey {
		key = key[:maxValueKey] // in the middle of a character, too: whoever finds by it looks at the object again
	}
	b := append(append([]byte{prefixValue}, kind...), 0)
	return append(append(b, strings.ReplaceAll(key, "\x00", "")...), 0)
}

// maxValueKey keeps keys of values below store.MaxKeySize.
const maxValueKey = 512

func valueKey(kind, key, id string, ver [12]byte, s spot) []byte {
	b := append(append(valuePrefix(kind, key), foldID(id)...), 0)
	return s.append(append(b, ver[:]...))
}

func refersPrefix(id string) []byte {
	return append(append([]byte{prefixRefers}, foldID(id)...), 0)
}

func refersKey(id, from string, ver [12]byte, s spot) []byte {
	b := append(append(refersPrefix(id), foldID(from)...), 0)
	return s.append(append(b, ver[:]...))
}

// versionKey is the part of keys that orders an object's versions.
func versionKey(h *stix.Header) ([12]byte, error) {
	text := h.Version()
	if text == "" {
		return [12]byte{}, nil
	}
	at, err := stix.ParseTimestamp(text)
	if err != nil {
		return [12]byte{}, fmt.Errorf("version %q: %w", text, err)
	}
	return at.Key(), nil
}
