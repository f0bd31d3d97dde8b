package bolt

import (
	"bytes"
	"fmt"
	"iter"
	"slices"

	bbolt "go.etcd.io/bbolt"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// maxSteps bounds the search for a page that is not empty.
const maxSteps = 1 << 24

// tx is what one run of a function sees of a transaction. Functions that share a
// commit share the buckets, and each has a tx of its own.
type tx struct {
	parts  *parts
	shared *changes
	writes int  // by this run of this function
	over   bool // the function has returned
}

// changes counts what all functions of one commit have done.
type changes struct {
	writes int
	bytes  int
	room   []byte // for copies of values
}

// chunk is how much memory is taken at once for small values, in bytes.
const chunk = 64 << 10

// keep copies a value for the time of the transaction.
func (c *changes) keep(value []byte) []byte {
	if len(value) > chunk/8 {
		return bytes.Clone(value)
	}
	if cap(c.room)-len(c.room) < len(value) || c.room == nil {
		c.room = make([]byte, 0, chunk)
	}
	at := len(c.room)
	c.room = append(c.room, value...)
	return c.room[at:len(c.room):len(c.room)]
}

func (t *tx) Get(key []byte) ([]byte, error) {
	if t.over {
		return nil, store.ErrOver
	}
	if len(key) == 0 || len(key) > store.MaxKeySize {
		return nil, store.CheckKey(key)
	}
	value := t.parts.of(key).Get(key)
	if value == nil {
		return nil, store.ErrNotFound
	}
	return value, nil
}

func (t *tx) Put(key, value []byte) error {
	if t.over {
		return store.ErrOver
	}
	if err := store.CheckKey(key); err != nil {
		return err
	}
	if err := store.CheckValue(value); err != nil {
		return err
	}
	t.changed(len(key) + len(value))
	// bbolt copies the key, but keeps the value until the commit.
	if err := t.parts.of(key).Put(key, t.shared.keep(value)); err != nil {
		return fmt.Errorf("store: put: %w", err)
	}
	return nil
}

func (t *tx) Delete(key []byte) error {
	if t.over {
		return store.ErrOver
	}
	if err := store.CheckKey(key); err != nil {
		return err
	}
	bucket := t.parts.of(key)
	if bucket.Get(key) == nil {
		return nil
	}
	t.changed(len(key))
	if err := bucket.Delete(key); err != nil {
		return fmt.Errorf("store: delete: %w", err)
	}
	return nil
}

func (t *tx) changed(size int) {
	t.writes++
	t.shared.writes++
	t.shared.bytes += size
}

func (t *tx) Scan(r store.Range) iter.Seq2[store.Entry, error] {
	// The caller may reuse its bounds while the loop runs.
	r.From, r.To = slices.Clone(r.From), slices.Clone(r.To)
	return func(yield func(store.Entry, error) bool) {
		if t.over {
			yield(store.Entry{}, store.ErrOver)
			return
		}
		n := len(t.parts.segments)
		for i := range n {
			if r.Reverse {
				i = n - 1 - i
			}
			in, ok := t.parts.segments[i].clip(r)
			if ok && !t.scan(t.parts.bucket(i), in, yield) {
				return
			}
		}
	}
}

// scan yields what a bucket has in a range, and reports whether to go on.
func (t *tx) scan(bucket *bbolt.Bucket, in store.Range, yield func(store.Entry, error) bool) bool {
	s := scan{bucket: bucket, r: in, shared: t.shared}
	for key, value := s.first(); key != nil && in.Contains(key); key, value = s.next(key) {
		if !yield(store.Entry{Key: key, Value: value}, nil) {
			return false
		}
		if t.over {
			yield(store.Entry{}, store.ErrOver)
			return false
		}
	}
	return true
}

// scan walks a range. A cursor of bbolt is lost when the bucket changes under
// it, and going backwards it stops, or never ends, at a page that deletions of
// the same transaction have emptied; so it is only trusted without changes.
type scan struct {
	bucket *bbolt.Bucket
	r      store.Range
	shared *changes

	cursor *bbolt.Cursor
	seen   int // shared.writes when the cursor was placed
}

func (s *scan) place() {
	s.cursor = s.bucket.Cursor()
	s.seen = s.shared.writes
}

func (s *scan) first() (key, value []byte) {
	s.place()
	if s.r.Reverse {
		return s.before(s.r.To)
	}
	return s.cursor.Seek(s.r.From)
}

// next steps on from a key, which the loop's body may have deleted.
func (s *scan) next(last []byte) (key, value []byte) {
	moved := s.seen != s.shared.writes
	switch {
	case s.r.Reverse && s.shared.writes > 0:
		s.place()
		return s.before(last)
	case s.r.Reverse:
		return s.cursor.Prev()
	case moved:
		s.place()
		key, value = s.cursor.Seek(last)
		if !bytes.Equal(key, last) {
			return key, value
		}
	}
	return s.cursor.Next()
}

// before finds the last key of the range that is below bound; an empty bound is
// the end of all keys.
func (s *scan) before(bound []byte) (key, value []byte) {
	below := func(key []byte) bool { return len(bound) == 0 || bytes.Compare(key, bound) < 0 }
	lowest, _ := s.cursor.Seek(s.r.From)
	if lowest == nil || !below(lowest) {
		return nil, nil // Last would not end on emptied pages alone
	}
	var at []byte // the bound, or what is next to it
	if len(bound) > 0 {
		at, _ = s.cursor.Seek(bound)
	}
	if at != nil {
		key, value = s.cursor.Prev()
	} else {
		key, value = s.cursor.Last()
	}
	// There is a key at lowest or above it: pass the empty pages before it.
	for range maxSteps {
		if key != nil && below(key) {
			return key, value
		}
		key, value = s.cursor.Prev()
	}
	return nil, nil
}
