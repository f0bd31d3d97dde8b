package hub

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// appendFeed puts a change behind the last one of the feed. rec is what was
// removed, nil for what was added. tx is the hub's room.
func (s *Service) appendFeed(tx store.Tx, kind ChangeKind, at spot, rec *recordView) error {
	seq := uint64(1)
	last, err := tx.Get([]byte{prefixFeed})
	switch {
	case err == nil && len(last) == 8:
		seq = binary.BigEndian.Uint64(last) + 1
	case !errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("change feed: %w", errors.Join(err, errRecord))
	}
	number := binary.BigEndian.AppendUint64(nil, seq)
	if err := tx.Put([]byte{prefixFeed}, number); err != nil {
		return fmt.Errorf("change feed: %w", err)
	}
	return tx.Put(append([]byte{prefixFeed, '#'}, number...), at.append(nil))
}
