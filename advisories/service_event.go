package advisories

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// tell writes an event behind the last one.
func (x *change) tell(e Event) error {
	seq, err := getNumber(x.tx, []byte(eventLastKey))
	if err != nil {
		return err
	}
	e.Seq, e.Time = seq+1, x.now
	x.visible = true
	return errors.Join(putRecord(x.tx, eventKey(e.Seq), e), putNumber(x.tx, []byte(eventLastKey), e.Seq))
}

// maxEvents is how many events are read at once.
const maxEvents = 1000

// Since returns the events after one (0: all), in the order of commit, up to a
// limit (0: 1000, which is also the most). It asks for no caller: what is made of
// it asks May.
func (s *Service) Since(ctx context.Context, seq uint64, limit int) ([]Event, error) {
	if limit <= 0 || limit > maxEvents {
		limit = maxEvents
	}
	var events []Event
	err := s.read(ctx, func(_, r store.Reader) error {
		events = nil
		for e, err := range r.Scan(store.Prefix([]byte(eventKind)).After(eventKey(seq))) {
			if err != nil {
				return err
			}
			if len(events) == limit {
				break
			}
			var event Event
			if err := json.Unmarshal(e.Value, &event); err != nil {
				return fmt.Errorf("advisories: event %x: %w", e.Key, err)
			}
			events = append(events, event)
		}
		return nil
	})
	return events, err
}

// Wait returns nil once there are events after one, context.Canceled when EndWaits
// was called, and else the error of ctx.
func (s *Service) Wait(ctx context.Context, seq uint64) error {
	for {
		rung := s.changed.next()
		var last uint64
		err := s.read(ctx, func(_, r store.Reader) (err error) {
			last, err = getNumber(r, []byte(eventLastKey))
			return err
		})
		if err != nil || last > seq {
			return err
		}
		select {
		case <-rung:
		case <-s.ending:
			return context.Canceled
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// atOnce is how many publications All reads in one View.
const atOnce = 64

// All yields the last publication of every advisory, in the order of their tracking
// ids, each with its document. It reads a part at a time: what is published
// meanwhile may be in it or not. It asks for no caller: what is made of it asks May.
func (s *Service) All(ctx context.Context, yield func(Item) error) error {
	in := store.Prefix([]byte(nameKind))
	for {
		var items []Item
		var last []byte
		err := s.read(ctx, func(_, r store.Reader) error {
			items, last = nil, nil
			for e, err := range r.Scan(in) {
				if err != nil {
					return err
				}
				if len(items) == atOnce {
					return nil
				}
				id, err := uuid.FromBytes(e.Value)
				if err != nil {
					return fmt.Errorf("advisories: name %q: %w", e.Key, err)
				}
				item, err := readItem(r, id)
				if err != nil {
					return err
				}
				items, last = append(items, item), slices.Clone(e.Key)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := yield(item); err != nil {
				return err
			}
		}
		if len(items) < atOnce {
			return nil
		}
		in = in.After(last)
	}
}

// Item returns the last publication of an advisory by UUID or tracking id. It asks
// for no caller. The error is NotFound.
func (s *Service) Item(ctx context.Context, ref string) (Item, error) {
	var item Item
	err := s.read(ctx, func(_, r store.Reader) error {
		rec, err := find(r, ref)
		if err != nil {
			return err
		}
		if rec.ID == "" {
			return errNoAdvisory(ref)
		}
		item, err = readItem(r, rec.idOf())
		return err
	})
	return item, err
}

// Kept returns the revisions of an advisory of this hub's up to a publication, as
// they are kept, oldest first: with its audience, which readers are not shown. Of
// what others published there are none, and of what is not published yet those
// before it. It asks for no caller: whoever may read the publication may read them.
func (s *Service) Kept(ctx context.Context, p *Publication) ([]*Publication, error) {
	var kept []*Publication
	err := s.read(ctx, func(_, r store.Reader) error {
		kept = nil
		rec, err := find(r, p.Tracking.ID)
		if CodeOf(err) == NotFound {
			return nil
		}
		if err != nil || !rec.Tracking.Initial.Equal(p.Tracking.Initial) {
			return err
		}
		for n := 1; n <= min(p.Tracking.Number(), rec.Tracking.Number()); n++ {
			rev, err := getRecord[revision](r, numberedKey(revisionKind, rec.idOf(), n))
			if err != nil {
				return err
			}
			kept = append(kept, &rev.Publication)
		}
		return nil
	})
	return kept, err
}

func readItem(r store.Reader, id uuid.UUID) (Item, error) {
	rec, err := getRecord[recordHead](r, key(recordKind, id))
	if err != nil {
		return Item{}, err
	}
	number := rec.Tracking.Number()
	rev, err := getRecord[revision](r, numberedKey(revisionKind, id, number))
	if err != nil {
		return Item{}, err
	}
	file, err := r.Get(numberedKey(documentKind, id, number))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Item{}, err
	}
	rev.File.Bytes = slices.Clone(file)
	return Item{Ref: rec.UUID, Publication: rev.Publication, File: rev.File}, nil
}
