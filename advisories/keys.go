package advisories

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The advisories' room in the store, "advisories". Numbers in keys are big-endian,
// so that keys are in the order of what they count. <id> is the UUID of a record or
// of a library entry (16 bytes), <time> microseconds since 1970 (8 bytes).
//
//	settings                 Settings, JSON
//	cursor-key               the secret that seals cursors, 32 bytes
//	r/<id>                   Record, JSON
//	v/<id><number 4>         a revision: revision, JSON
//	d/<id><number 4>         the document of a revision, as it is
//	i/<tracking id>          -> <id>; the tracking id in lower case
//	n/<tlp>/<pattern>        the last number of a sequence, 8 bytes; <pattern> with its date filled in
//	c/<vulnerability>\0<id>  the records that name a vulnerability, in lower case
//	a<time><id>              the records that are scheduled
//	p<time><id>              the publications by when they last changed: card
//	w<time><id>              the records by when they were last worked on: card
//	e#<seq 8>, e             the log of events, JSON; its last number
//	o<time><id>              changes that are done, for those whose outcome was unknown
//	l/<id> b/<id>            library: entry, JSON; the bytes that were received
//	t/<tracking id>\0<id>    library: by tracking id in lower case
//	f/<sha256>               library: by publisher and tracking id -> <id>
//	g/<vulnerability>\0<id>  library: by vulnerability
//	q<time><id>              library: by when they last changed: card
//	kev/<CVE>                KEVEntry, JSON
//	epss/<year>, epss@       the rows of a year, packed; Date of the catalogue
const (
	settingsKey  = "settings"
	cursorKey    = "cursor-key"
	eventLastKey = "e"
	epssDateKey  = "epss@"

	recordKind   = "r/"
	revisionKind = "v/"
	documentKind = "d/"
	nameKind     = "i/"
	numberKind   = "n/"
	aboutKind    = "c/"
	eventKind    = "e#"
	entryKind    = "l/"
	rawKind      = "b/"
	libNameKind  = "t/"
	libSameKind  = "f/"
	libAboutKind = "g/"
	kevKind      = "kev/"
	epssKind     = "epss/"

	dueKind       = "a"
	publishedKind = "p"
	workKind      = "w"
	libraryKind   = "q"
	doneKind      = "o"
)

// Names of records and library entries begin so.
const (
	recordName = "advisory--"
	entryName  = "library--"
)

// maxName is the longest name that is looked up, in bytes.
const maxName = 256

// readName reads "advisory--<UUID>" and the like.
func readName(prefix, name string) (uuid.UUID, bool) {
	name = strings.ToLower(name)
	text, ok := strings.CutPrefix(name, prefix)
	if !ok || len(text) != 36 {
		return uuid.UUID{}, false
	}
	id, err := uuid.Parse(text)
	return id, err == nil
}

func key(kind string, id uuid.UUID) []byte { return append([]byte(kind), id[:]...) }

func numberedKey(kind string, id uuid.UUID, number int) []byte {
	return binary.BigEndian.AppendUint32(key(kind, id), uint32(number))
}

func timedKey(kind string, at time.Time, id uuid.UUID) []byte {
	return append(timeKey(kind, at), id[:]...)
}

// timeKey is the beginning of all keys of a time. One before 1970 counts as that.
func timeKey(kind string, at time.Time) []byte {
	return binary.BigEndian.AppendUint64([]byte(kind), uint64(max(at.UnixMicro(), 0)))
}

// idOfKey reads the UUID at the end of a key.
func idOfKey(k []byte) (uuid.UUID, error) {
	if len(k) < 16 {
		return uuid.UUID{}, fmt.Errorf("advisories: key %q: too short", k)
	}
	return uuid.UUID(k[len(k)-16:]), nil
}

// namedKey is the key of a name that somebody gave: what the name of another
// could be mistaken for does not occur in it.
func namedKey(kind, name string) []byte {
	name = strings.ReplaceAll(strings.ToLower(name), "\x00", "")
	if len(name) > maxName {
		name = name[:maxName]
	}
	return []byte(kind + name)
}

// listedPrefix are the keys of all that have a name.
func listedPrefix(kind, name string) []byte { return append(namedKey(kind, name), 0) }

func listedKey(kind, name string, id uuid.UUID) []byte {
	return append(listedPrefix(kind, name), id[:]...)
}

func eventKey(seq uint64) []byte { return binary.BigEndian.AppendUint64([]byte(eventKind), seq) }
