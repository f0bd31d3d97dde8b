package advisories

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// attempts bounds how often an Update runs whose outcome stays unknown. A store
// whose disk has failed says so at the second one.
const attempts = 5

// doneLife is how long it is kept that a change is done: longer than any that is
// still tried.
const doneLife = time.Hour

// errUnchanged ends a change that would change nothing, so that nothing is told
// of it either.
var errUnchanged = errors.New("advisories: unchanged")

// time is now, as the store keeps times.
func (s *Service) time() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// read runs fn on a snapshot of the whole store.
func (s *Service) read(ctx context.Context, fn func(whole, r store.Reader) error) error {
	return unavailable(s.store.View(ctx, func(r store.Reader) error { return fn(r, store.SubReader(r, Room)) }))
}

// update runs fn in a transaction of the whole store, again where the outcome is
// unknown. The function may run several times (store.Store).
func (s *Service) update(ctx context.Context, fn func(whole store.Tx) error) error {
	var err error
	for range attempts {
		if err = s.store.Update(ctx, fn); !errors.Is(err, store.ErrUnknown) {
			break
		}
	}
	return unavailable(err)
}

func unavailable(err error) error {
	if errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrClosed) {
		return &Error{Code: Unavailable, Message: "the hub cannot write at the moment; try again later", Err: err}
	}
	return err
}

// change is one change while its transaction runs.
type change struct {
	s       *Service
	c       *Caller
	now     time.Time
	fresh   uuid.UUID // a new UUID, the same in every run
	whole   store.Tx
	tx      store.Tx    // the advisories' room
	entry   audit.Entry // what the audit log will say: fn sets Object and Detail
	record  *Record     // what the change was made to; nil for none
	visible bool        // readers see something new: events were written

	imported []Imported // what became of imports
}

// change is run for what is done to a record, and returns that.
func (s *Service) change(ctx context.Context, c *Caller, action string, fn func(x *change) error) (Record, error) {
	x, err := s.run(ctx, c, action, fn)
	if err != nil || x.record == nil {
		return Record{}, err
	}
	return *x.record, nil
}

// run runs fn in one transaction with the entry of the audit log that tells of it.
// fn returns errUnchanged where there is nothing to do. A change whose outcome was
// unknown is not made twice: the second run finds that it is done, though others may
// have changed the record since.
func (s *Service) run(ctx context.Context, c *Caller, action string, fn func(x *change) error) (*change, error) {
	entry := c.Entry
	entry.Action = action
	entry = s.audit.Stamp(entry)
	first := change{s: s, c: c, now: s.time(), fresh: uuid.New()}
	doneKey := timedKey(doneKind, first.now, first.fresh)
	var x change
	err := s.update(ctx, func(whole store.Tx) error {
		x = first
		x.entry, x.whole, x.tx = entry, whole, store.SubTx(whole, Room)
		switch before, err := getRecord[done](x.tx, doneKey); {
		case err == nil:
			return x.recall(before)
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		switch err := fn(&x); {
		case errors.Is(err, errUnchanged):
			return nil
		case err != nil:
			return err
		}
		d := done{Visible: x.visible, Imported: x.imported}
		if x.record != nil {
			d.Record = x.record.UUID
		}
		if err := putRecord(x.tx, doneKey, d); err != nil {
			return err
		}
		if _, err := s.audit.Append(whole, x.entry); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		return nil
	})
	if x.visible {
		s.changed.ring() // of an outcome that stays unknown, too
	}
	if err != nil {
		return nil, err
	}
	if x.visible && s.with.Published != nil {
		s.with.Published()
	}
	return &x, nil
}

// done is what is kept of a change for a while.
type done struct {
	Visible  bool       `json:"visible,omitempty"`
	Record   string     `json:"record,omitempty"`
	Imported []Imported `json:"imported,omitempty"`
}

// recall sets what a change that is done already has led to.
func (x *change) recall(d *done) error {
	x.visible, x.imported = d.Visible, d.Imported
	id, ok := readName(recordName, d.Record)
	if !ok {
		return nil
	}
	rec, err := getRecord[Record](x.tx, key(recordKind, id))
	if errors.Is(err, store.ErrNotFound) {
		return nil // it was discarded
	}
	x.record = rec
	return err
}

// forgetDone drops what is kept of changes that were done long ago.
func (s *Service) forgetDone(ctx context.Context) error {
	const most = 10_000
	old := store.Range{From: []byte(doneKind), To: timeKey(doneKind, s.time().Add(-doneLife))}
	any := false
	err := s.read(ctx, func(_, r store.Reader) error {
		any = false
		for _, err := range r.Scan(old) {
			any = true
			return err
		}
		return nil
	})
	if err != nil || !any {
		return err
	}
	return s.update(ctx, func(whole store.Tx) error {
		tx, n := store.SubTx(whole, Room), 0
		for e, err := range tx.Scan(old) {
			if err != nil {
				return err
			}
			if n++; n > most {
				break
			}
			if err := tx.Delete(append([]byte(nil), e.Key...)); err != nil {
				return err
			}
		}
		return nil
	})
}

// getRecord reads a JSON record; store.ErrNotFound where there is none.
func getRecord[T any](r store.Reader, k []byte) (*T, error) {
	b, err := r.Get(k)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("advisories: record %q: %w", k, err)
	}
	return v, nil
}

func putRecord(tx store.Tx, k []byte, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("advisories: record %q: %w", k, err)
	}
	return tx.Put(k, b)
}

// exists reports whether the store has a key.
func exists(r store.Reader, k []byte) (bool, error) {
	_, err := r.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// getNumber reads a counter: 0 where there is none.
func getNumber(r store.Reader, k []byte) (uint64, error) {
	b, err := r.Get(k)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case len(b) != 8:
		return 0, fmt.Errorf("advisories: the number %q is damaged", k)
	}
	return binary.BigEndian.Uint64(b), nil
}

func putNumber(tx store.Tx, k []byte, n uint64) error {
	return tx.Put(k, binary.BigEndian.AppendUint64(nil, n))
}
