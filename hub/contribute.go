package hub

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// The collections that the operator itself publishes into. Contribute makes them
// where they are missing.
const (
	PublicCollection     = "public"     // what everybody may read
	AdvisoriesCollection = "advisories" // advisories for the members, or some of them
)

// Contribute publishes objects in the operator's name within a transaction of the
// whole store: with what else it writes they are one commit. id names the
// contribution, a UUID that a second run of the transaction gives again; by has
// the fields of an audit entry that say who does it. All objects are taken, or the
// error, an *Error, says which were not and why: then the transaction is to fail.
// Called after the commit, Contributed wakes those who wait for changes.
func (s *Service) Contribute(whole store.Tx, by audit.Entry, id string, sub Submission) error {
	if _, err := uuid.Parse(id); err != nil {
		return fmt.Errorf("contribution %q: %w", id, err)
	}
	p := s.spare.parser()
	defer s.spare.parsers.Put(p)
	objects, err := readEnvelope(p, sub.Body)
	if err != nil {
		return err
	}
	tx := store.SubTx(whole, Room)
	op, err := operator(tx)
	if errors.Is(err, store.ErrNotFound) {
		return errNotSetUp()
	}
	if err != nil {
		return err
	}
	c := &Caller{Kind: CallerOrganisation}
	if err := c.joins(tx, op.ID); err != nil {
		return err
	}
	if sub.Collection == PublicCollection || sub.Collection == AdvisoriesCollection {
		if err := ensureOwn(tx, op.ID, sub.Collection, s.time()); err != nil {
			return err
		}
	}
	run := s.newRun(c, &sub, objects)
	by.Action = "object.submit"
	run.id, run.open = id, s.audit.Stamp(by)
	if err := run.update(whole); err != nil {
		return err
	}
	if failed := run.status.Failures; len(failed) > 0 {
		return fail(Conflict, "the hub does not take %d of the objects, first of all %s: %s", len(failed), failed[0].ID, failed[0].Message)
	}
	return nil
}

// Contributed wakes those who wait for changes, after a commit with Contribute.
func (s *Service) Contributed() { s.changed.ring() }

// Operator returns the organisation that runs the hub, within a reader of the
// whole store. The error is Conflict before the hub is set up.
func Operator(whole store.Reader) (Organisation, error) {
	op, err := operator(store.SubReader(whole, Room))
	if errors.Is(err, store.ErrNotFound) {
		return Organisation{}, errNotSetUp()
	}
	if err != nil {
		return Organisation{}, err
	}
	return *op, nil
}

// ensureOwn makes a collection of the operator's where it is missing.
func ensureOwn(tx store.Tx, operator, alias string, now time.Time) error {
	_, err := collection(tx, Community, alias)
	if err == nil || CodeOf(err) != NotFound {
		return err
	}
	col := firstCollections(operator, now)[0]
	if alias == AdvisoriesCollection {
		col = Collection{
			ID: uuid.NewString(), Alias: alias, Title: "Advisories", Group: communityID, Created: now,
			Description: "What the operator warns the members of",
			Grants:      []Grant{{Subject: communityID, Read: true}, {Subject: operator, Read: true, Write: true}},
			Unmarked:    tlp.Green, Moderation: ModerateNone,
		}
	}
	set, err := getRecord[settings](tx, metaKey)
	if err != nil {
		return err
	}
	if err := addCollection(tx, set, &col); err != nil {
		return err
	}
	return putRecord(tx, metaKey, set)
}
