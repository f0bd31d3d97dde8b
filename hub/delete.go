package hub

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// remove takes an entry out of the log and all indexes, and puts that into the
// change feed. tx is the hub's room. There being no such entry is no error.
func (s *Service) remove(tx store.Tx, at spot, kind ChangeKind) error {
	b, err := tx.Get(at.logKey())
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	rec, err := readRecord(bytes.Clone(b))
	if err != nil {
		return err
	}
	if err := s.appendFeed(tx, kind, at, &rec); err != nil {
		return err
	}
	keys := [][]byte{at.logKey(), objectKey(string(rec.id), rec.ver, at)}
	var p stix.Parser
	if v, err := p.Parse(rec.object); err == nil {
		in := incoming{header: stix.ReadHeader(v), ver: rec.ver}
		in.values = valuesOf(v, in.header)
		for key := range in.indexKeys(at) {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		if err := tx.Delete(key); err != nil {
			return fmt.Errorf("remove: %w", err)
		}
	}
	return newestAgain(tx, string(rec.id), at.col)
}

// newestAgain takes flagSuperseded from what is now the newest version of an
// object in a collection.
func newestAgain(tx store.Tx, id string, col uint32) error {
	var newest []stored
	for e, err := range versionsOf(tx, id) {
		if err != nil {
			return err
		}
		if e.at.col != col {
			continue
		}
		if len(newest) > 0 && newest[0].ver != e.ver {
			newest = newest[:0]
		}
		newest = append(newest, e)
	}
	for _, e := range newest {
		if err := setFlag(tx, e.at, flagSuperseded, false); err != nil {
			return err
		}
	}
	return nil
}
