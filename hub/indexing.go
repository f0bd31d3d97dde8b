package hub

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// maxIndexed is how many values and references all objects of one submission may
// be found by: they are written in one transaction, for which every other writer
// waits.
const maxIndexed = 400_000

// indexing are the keys by which the objects of a transaction will be found. They
// are put at its end and in their order: a tree takes many keys that come sorted in
// a moment, and between others in a time that grows with their square.
type indexing struct {
	entries []store.Entry
}

func (x *indexing) add(key, value []byte) {
	x.entries = append(x.entries, store.Entry{Key: key, Value: value})
}

func (x *indexing) put(tx store.Tx) error {
	slices.SortFunc(x.entries, func(a, b store.Entry) int { return bytes.Compare(a.Key, b.Key) })
	for _, e := range x.entries {
		if err := tx.Put(e.Key, e.Value); err != nil {
			return fmt.Errorf("index: %w", err)
		}
	}
	x.entries = nil
	return nil
}

// indexed is by how many values and references an object is found.
func (in *incoming) indexed() int { return len(in.values) + len(in.header.References) }
