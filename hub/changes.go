package hub

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// The change feed is the order in which objects came and went, over all
// collections. What was added is told of by its place in the log alone, and only
// while it is there; so whoever reads the feed from its beginning gets all that
// the hub holds. What was removed is told of for feedLife.
//
//	f#<seq>   a change: kind (1 byte) and spot; of a removed object also when
//	          (8 bytes, microseconds since 1970) and its record without the object
//	f         the last <seq> given
//	f@        the last <seq> of a removal that is forgotten

// change is one entry of the feed as it is read: it points into the store's memory.
type change struct {
	kind    byte
	at      spot
	when    int64      // of a removal; microseconds since 1970
	removed recordView // of a removal; without the object
}

// What stands for the kinds in the feed.
const (
	feedAdded   = 'a'
	feedDeleted = 'd'
	feedExpired = 'e'
)

var errFeed = errors.New("hub: an entry of the change feed is damaged")

func feedKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixFeed, '#'}, seq)
}

// feedFrom is the part of the feed behind a change.
func feedFrom(seq uint64) store.Range {
	return store.Prefix([]byte{prefixFeed, '#'}).After(feedKey(seq))
}

// feedSeq reads the number of an entry's key.
func feedSeq(key []byte) (uint64, error) {
	if len(key) != 2+8 {
		return 0, errFeed
	}
	return binary.BigEndian.Uint64(key[2:]), nil
}

// feedMark reads one of the numbers that are kept beside the feed: 0 where there is none.
func feedMark(r store.Reader, key string) (uint64, error) {
	b, err := r.Get([]byte(key))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("change feed: %w", err)
	case len(b) != 8:
		return 0, errFeed
	}
	return binary.BigEndian.Uint64(b), nil
}

const (
	feedLast      = string(prefixFeed)
	feedForgotten = string(prefixFeed) + "@"
)

// appendFeed puts a change behind the last one of the feed. rec is what was
// removed, nil for what was added. tx is the hub's room.
func (s *Service) appendFeed(tx store.Tx, kind ChangeKind, at spot, rec *recordView) error {
	seq, err := feedMark(tx, feedLast)
	if err != nil {
		return err
	}
	seq++
	value := make([]byte, 0, 1+spotSize)
	switch {
	case rec == nil:
		value = at.append(append(value, feedAdded))
	default:
		mark := byte(feedDeleted)
		if kind == ChangeExpired {
			mark = feedExpired
		}
		value = at.append(append(value, mark))
		value = binary.BigEndian.AppendUint64(value, uint64(s.time().UnixMicro())) // #nosec G115 -- after 1970
		told := record{
			flags: rec.flags, lineage: rec.lineage, audience: rec.audience, owner: rec.owner, ver: rec.ver,
			id: string(rec.id), version: string(rec.version), references: rec.references,
		}
		value = told.append(value)
	}
	if err := tx.Put(feedKey(seq), value); err != nil {
		return fmt.Errorf("change feed: %w", err)
	}
	if err := tx.Put([]byte(feedLast), binary.BigEndian.AppendUint64(nil, seq)); err != nil {
		return fmt.Errorf("change feed: %w", err)
	}
	return nil
}

func readChange(b []byte) (c change, err error) {
	if len(b) < 1+spotSize {
		return c, errFeed
	}
	c.kind = b[0]
	c.at, _ = readSpot(b[1 : 1+spotSize])
	b = b[1+spotSize:]
	switch c.kind {
	case feedAdded:
		return c, nil
	case feedDeleted, feedExpired:
		if len(b) < 8 {
			return c, errFeed
		}
		c.when = int64(binary.BigEndian.Uint64(b)) // #nosec G115 -- written by appendFeed
		c.removed, err = readRecord(b[8:])
		return c, err
	}
	return c, errFeed
}

// ring wakes all who wait for the change feed. It is called when an Update that
// changed objects is on disk.
func (s *signal) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

// next is closed when the feed grows the next time.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}
