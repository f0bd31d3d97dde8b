package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Delete takes versions of an object out of a collection (TAXII 2.1, 5.7): those
// that match, of which the caller knows. The organisation that contributed the
// object may, or that put it there, and the hub's administrators and analysts as
// far as they may read it. The error is NotFound where there is nothing that the
// caller knows of, Forbidden where it is not theirs, or where they may only read
// or only write.
func (s *Service) Delete(ctx context.Context, c *Caller, root, collection, id string, match VersionMatch) error {
	if c.Kind == Stranger {
		return fail(Unauthenticated, "send a key: nobody deletes without one")
	}
	known, more := false, true
	for more {
		stamped := s.audit.Stamp(c.entry("object.delete"))
		err := s.update(ctx, func(whole store.Tx) error {
			tx := store.SubTx(whole, Room)
			chosen, err := s.deletable(tx, c, root, collection, id, match)
			if known && CodeOf(err) == NotFound {
				more = false
				return nil // this ran before, and its outcome was unknown
			}
			if err != nil {
				return err
			}
			known, more = true, len(chosen) > deletedAtOnce
			chosen = chosen[:min(len(chosen), deletedAtOnce)]
			for _, at := range chosen {
				if err := s.remove(tx, at, ChangeDeleted); err != nil {
					return err
				}
			}
			entry := stamped
			entry.Object = id
			entry.Detail = map[string]string{"collection": collection, "versions": strconv.Itoa(len(chosen))}
			_, err = s.audit.Append(whole, entry)
			return err
		})
		if err != nil {
			return err
		}
	}
	s.changed.ring()
	return nil
}

// deletedAtOnce bounds one transaction.
const deletedAtOnce = 500

// deletable are the entries that match and that the caller may delete.
func (s *Service) deletable(tx store.Tx, c *Caller, root, idOrAlias, id string, match VersionMatch) ([]spot, error) {
	col, read, write, err := reach(tx, c, root, idOrAlias)
	if err != nil {
		return nil, err
	}
	if !read || !write {
		return nil, fail(Forbidden, "deleting takes the rights to read and to write in this collection")
	}
	if len(id) > maxDetail {
		return nil, errNoObject(id)
	}
	v := newView(tx, c)
	var all, here, matched []stored
	for e, err := range versionsOf(tx, id) {
		if err != nil {
			return nil, err
		}
		all = append(all, e)
		if e.at.col == col.Number && v.knows(e) {
			here = append(here, e)
		}
	}
	for _, e := range here {
		if match.matches(e, here) {
			matched = append(matched, e)
		}
	}
	var chosen []spot
	moderator := c.Role() == RoleHubAdmin || c.Role() == RoleAnalyst
	mine := func(e stored) bool { return v.contributor(e.owner) == c.Organisation.ID }
	for _, e := range matched {
		if !moderator && !mine(e) && v.founder(id, firstOf(e.lineage, all)) != c.Organisation.ID {
			return nil, fail(Forbidden, "another organisation contributed this object: ask it, or the hub's analysts, to take it out")
		}
		chosen = append(chosen, e.at)
	}
	if v.err != nil {
		return nil, v.err
	}
	if len(chosen) == 0 {
		return nil, errNoObject(id)
	}
	return chosen, nil
}

// matches chooses from the versions of an object in a collection, which are in
// order.
func (m *VersionMatch) matches(e stored, versions []stored) bool {
	last := m.Last || !m.First && !m.All && len(m.Exact) == 0
	switch {
	case m.All,
		last && e.ver == versions[len(versions)-1].ver,
		m.First && e.ver == versions[0].ver:
		return true
	}
	return slices.Contains(exactVersions(m.Exact), e.version())
}

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
	if err := dropFounder(tx, string(rec.id), rec.lineage); err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	return newestAgain(tx, string(rec.id), at.col)
}

// newestAgain takes flagSuperseded from what is now the newest version of an
// object in a collection.
func newestAgain(tx store.Tx, id string, col uint32) error {
	var newest []stored
	backwards := store.Prefix(objectPrefix(id))
	backwards.Reverse = true
	for e, err := range storedIn(tx, id, backwards) {
		if err != nil {
			return err
		}
		if e.at.col != col {
			continue
		}
		if len(newest) > 0 && newest[0].ver != e.ver {
			break
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
