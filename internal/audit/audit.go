// Package audit keeps the record of who did what: an append-only log in the
// store, each entry of which holds the hash of the one before it, so that a
// changed, missing or moved entry is found. Whoever can write the file can also
// write a new chain from the place that was changed; an Anchor that an operator
// noted elsewhere shows that, too.
//
// An entry is written in the transaction of what it tells of, so that neither is
// there without the other. It never holds a secret: callers name a key by its
// id, and what was submitted by its id and hash.
//
// A leaf: every room may import it; it imports only internal/store.
package audit

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Room is the part of the store that holds the log.
const Room = "audit"

// The keys of the room. The index of ids is no part of the chain: it only keeps
// an Update that runs again from telling of the same thing twice.
var (
	headKey     = []byte("head")
	entryPrefix = []byte("entry/") // and Seq, 8 bytes, big-endian
	idPrefix    = []byte("id/")    // and ID; the value is Seq, 8 bytes, big-endian
)

// Kind says what sort of actor somebody is.
type Kind string

// The kinds of actors.
const (
	Local        Kind = "local"        // whoever may use the data folder or its socket
	Person       Kind = "person"       // signed in, or by a person's key
	Organisation Kind = "organisation" // by an organisation's key
	Anonymous    Kind = "anonymous"    // nobody that the hub knows
	System       Kind = "system"       // the hub itself: expiry, retention, feeds
)

// Actor is who did something.
type Actor struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"` // as it was then
}

// Entry is one line of the log. Text that is not UTF-8 is mended when it is
// written. The limits are in bytes.
type Entry struct {
	Seq     uint64            `json:"seq"`               // from 1, without gaps; set by Append
	Time    time.Time         `json:"time"`              // UTC, whole microseconds; set by Stamp
	ID      string            `json:"id"`                // set by Stamp
	Actor   Actor             `json:"actor"`             // ID up to 256, Name up to 512
	Key     string            `json:"key,omitempty"`     // id of the API key, up to 256
	From    string            `json:"from,omitempty"`    // remote address, or "socket"; up to 256
	Request string            `json:"request,omitempty"` // the request's id, up to 256
	Action  string            `json:"action"`            // dotted, such as "object.submit"; up to 64
	Object  string            `json:"object,omitempty"`  // id of what it was done to, up to 512
	Detail  map[string]string `json:"detail,omitempty"`  // up to MaxDetail as JSON
	Prev    string            `json:"prev"`              // Hash of the entry before; 64 zeros for the first
	Hash    string            `json:"hash,omitempty"`    // set by Append; see Line
}

// MaxDetail is the limit of an entry's Detail, in bytes of JSON.
const MaxDetail = 8 << 10

var (
	// ErrEntry says that an entry cannot be written as it is: it has not been
	// stamped, has no action or no actor, or is too large.
	ErrEntry = errors.New("audit: not an entry")
	// ErrBroken says that the log is not what was written.
	ErrBroken = errors.New("audit: the log was changed")
)

// Log writes entries. It may be used concurrently.
type Log struct {
	Now func() time.Time
}

// Stamp gives an entry its time and a random id, by which Append knows it again.
// It is called before the Update, since the function of an Update may run
// several times and all its runs tell of one thing.
func (l *Log) Stamp(e Entry) Entry {
	e.Time = l.Now().UTC().Truncate(time.Microsecond)
	e.ID = rand.Text()
	e.Seq, e.Prev, e.Hash = 0, "", ""
	return e
}

// Append writes a stamped entry behind the last one, within a transaction of the
// whole store, and returns it as it is written. One that is there already, from
// an Update whose outcome was unknown, is returned as it was written then. An
// entry that breaks a limit is ErrEntry: the caller's transaction fails with it,
// for what cannot be told of is not done.
func (l *Log) Append(tx store.Tx, e Entry) (Entry, error) {
	room := store.SubTx(tx, Room)
	e = e.clean()
	if err := e.check(); err != nil {
		return Entry{}, err
	}
	idKey := append(idPrefix[:len(idPrefix):len(idPrefix)], e.ID...)
	switch seq, err := room.Get(idKey); {
	case err == nil && len(seq) == 8:
		return get(room, binary.BigEndian.Uint64(seq))
	case err == nil:
		return Entry{}, fmt.Errorf("%w: the index has no number for %s", ErrBroken, e.ID)
	case !errors.Is(err, store.ErrNotFound):
		return Entry{}, fmt.Errorf("audit: %w", err)
	}
	head, err := Head(tx)
	if err != nil {
		return Entry{}, err
	}
	e.Seq, e.Prev = head.Seq+1, head.Hash
	line, err := e.seal()
	if err != nil {
		return Entry{}, err
	}
	next, err := json.Marshal(Anchor{Seq: e.Seq, Hash: e.Hash})
	if err != nil {
		return Entry{}, fmt.Errorf("audit: %w", err)
	}
	number := binary.BigEndian.AppendUint64(nil, e.Seq)
	if err := errors.Join(room.Put(entryKey(e.Seq), line), room.Put(idKey, number), room.Put(headKey, next)); err != nil {
		return Entry{}, fmt.Errorf("audit: %w", err)
	}
	return e, nil
}

// Head is the log's last entry, by the record that Append keeps of it; of an
// empty log, number 0 with a hash of zeros. The reader is of the whole store.
func Head(r store.Reader) (Anchor, error) {
	value, err := store.SubReader(r, Room).Get(headKey)
	if errors.Is(err, store.ErrNotFound) {
		return Anchor{Hash: noHash}, nil
	}
	if err != nil {
		return Anchor{}, fmt.Errorf("audit: %w", err)
	}
	var head Anchor
	if err := json.Unmarshal(value, &head); err != nil || !isHash(head.Hash) || head.Seq == 0 {
		return Anchor{}, fmt.Errorf("%w: the record of the last entry cannot be read", ErrBroken)
	}
	return head, nil
}

func entryKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64(entryPrefix[:len(entryPrefix):len(entryPrefix)], seq)
}

// get reads an entry by its number.
func get(room store.Reader, seq uint64) (Entry, error) {
	line, err := room.Get(entryKey(seq))
	if err != nil {
		return Entry{}, fmt.Errorf("audit: entry %d: %w", seq, err)
	}
	return ParseLine(line)
}
