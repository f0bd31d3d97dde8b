package hub

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// pending is a contribution on its way into the queue.
type pending struct {
	in     *incoming  // as it will be stored
	sent   *candidate // as it was sent, of what is anonymous
	status string     // id of the status that names it
}

// queued is a contribution that waits for an analyst. It says who contributed it,
// anonymously or not, so that it never leaves the hub as it is.
type queued struct {
	Raw      []byte       `json:"raw"`
	ID       string       `json:"id"`
	Version  string       `json:"version"`
	Audience tlp.Audience `json:"audience"`
	// References is a list made by packReferences.
	References []byte `json:"references,omitempty"`

	Organisation string    `json:"organisation"`     // id of the one that contributed it
	Person       string    `json:"person,omitempty"` // id, unless a key of the organisation did
	Anonymous    bool      `json:"anonymous,omitempty"`
	Received     time.Time `json:"received"`
	Waiting      []waiting `json:"waiting"` // at most maxWaiting
}

// waiting is a status that names a pending object, in the words of who submitted
// it: of an anonymous object these are the original's.
type waiting struct {
	Status  string `json:"status"`
	ID      string `json:"id"`
	Version string `json:"version"`
}

// maxWaiting is how many submissions of one object may wait for one decision.
const maxWaiting = 20

// queuePrefix is that of what waits in a collection.
func queuePrefix(col uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte("queue/"), col)
}

func queueKey(at spot) []byte { return at.append([]byte("queue/")) }

// againKey finds what an organisation has waiting: its value is the queue's <added>.
func (q *queued) againKey(col uint32) []byte {
	sum := sha256.Sum256([]byte(foldID(q.ID) + "\x00" + q.Version + "\x00" + q.Organisation))
	return append(binary.BigEndian.AppendUint32([]byte("queue@"), col), sum[:]...)
}

// hold puts a contribution of c into the queue of a collection. The same one again,
// of the same organisation, waits with the first. An *Error is why it cannot wait:
// the failure of that object. tx is the hub's room.
func (s *Service) hold(tx store.Tx, c *Caller, col *Collection, p pending) error {
	q := &queued{
		Raw: p.in.raw, ID: p.in.header.ID, Version: p.in.header.Version(), Audience: p.in.audience, References: p.in.references,
		Organisation: c.Organisation.ID, Person: c.Person.ID, Anonymous: p.sent != nil, Received: s.time(),
	}
	q.Waiting = []waiting{{p.status, q.ID, q.Version}}
	if p.sent != nil {
		q.Waiting[0].ID, q.Waiting[0].Version = p.sent.header.ID, p.sent.header.Version()
	}
	added, err := tx.Get(q.againKey(col.Number))
	switch {
	case err == nil && len(added) == 8:
		at := spot{col.Number, int64(binary.BigEndian.Uint64(added))} // #nosec G115 -- written below
		return holdAgain(tx, at, q, p.in)
	case !errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("queue: %w", errors.Join(err, errRecord))
	}
	at := spot{col.Number, q.Received.UnixMicro()}
	in := store.Prefix(queuePrefix(col.Number))
	in.Reverse = true
	for e, err := range tx.Scan(in) {
		if err != nil {
			return fmt.Errorf("queue: %w", err)
		}
		before, ok := readSpot(e.Key[len("queue/"):])
		if !ok {
			return fmt.Errorf("queue: %w", errRecord)
		}
		at.added = max(at.added, before.added+1)
		break
	}
	if err := putRecord(tx, string(queueKey(at)), q); err != nil {
		return err
	}
	return tx.Put(q.againKey(col.Number), binary.BigEndian.AppendUint64(nil, uint64(at.added))) // #nosec G115 -- after 1970
}

func holdAgain(tx store.Tx, at spot, q *queued, in *incoming) error {
	old, err := getRecord[queued](tx, string(queueKey(at)))
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	if !sameContent(old.Raw, in) {
		return fail(Conflict, "this version waits for a decision already with other content: whoever changes an object gives it a later modified (STIX 2.1, 3.6)")
	}
	if len(old.Waiting) >= maxWaiting {
		return fail(Conflict, "this object waits for a decision already: do not send it again until there is one")
	}
	old.Waiting = append(old.Waiting, q.Waiting...)
	return putRecord(tx, string(queueKey(at)), old)
}

// queueID is how people name what waits.
func queueID(at spot) string { return hex.EncodeToString(at.append(nil)) }

func parseQueueID(id string) (spot, bool) {
	b, err := hex.DecodeString(id)
	if err != nil || len(id) != 2*spotSize {
		return spot{}, false
	}
	return readSpot(b)
}
