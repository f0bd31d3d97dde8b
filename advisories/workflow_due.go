package advisories

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// dueAtOnce is how many publications one Housekeep makes.
const dueAtOnce = 1000

// Housekeep publishes what is due, also what became so while nobody looked. What
// cannot be published stays scheduled, with the reason in Work.Trouble; the others
// are published all the same. It is called at the start and every minute or so.
func (s *Service) Housekeep(ctx context.Context) error {
	var due []uuid.UUID
	now := s.time()
	err := s.read(ctx, func(_, r store.Reader) error {
		due = nil
		for e, err := range r.Scan(store.Range{From: []byte(dueKind), To: timeKey(dueKind, now.Add(time.Microsecond))}) {
			if err != nil {
				return err
			}
			id, err := idOfKey(e.Key)
			if err != nil {
				return err
			}
			if due = append(due, id); len(due) == dueAtOnce {
				break
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range due {
		if err := s.publishDue(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("scheduled publication of %s%s: %w", recordName, id, err))
		}
	}
	return errors.Join(append(errs, s.forgetDone(ctx))...)
}

// publishDue publishes one that is due.
func (s *Service) publishDue(ctx context.Context, id uuid.UUID) error {
	c := &Caller{Analyst: true, Entry: audit.Entry{Actor: audit.Actor{Kind: audit.System, ID: "schedule"}}}
	due := func(x *change) (*Record, error) {
		rec, err := getRecord[Record](x.tx, key(recordKind, id))
		switch {
		case errors.Is(err, store.ErrNotFound):
			return nil, errUnchanged
		case err != nil:
			return nil, err
		case rec.Work == nil || rec.Work.State != Approved || rec.Work.PublishAt.IsZero() || rec.Work.PublishAt.After(x.now):
			return nil, errUnchanged // somebody was faster
		}
		return rec, nil
	}
	_, err := s.change(ctx, c, "advisory.publish", func(x *change) error {
		rec, err := due(x)
		if err != nil {
			return err
		}
		return x.publish(rec)
	})
	if err == nil || CodeOf(err) == Unavailable || ctx.Err() != nil {
		return err
	}
	trouble := "it could not be published; the operator's log says why"
	if e, ok := errors.AsType[*Error](err); ok {
		trouble = cut(e.Message, maxReason)
	}
	_, noted := s.change(ctx, c, "advisory.trouble", func(x *change) error {
		rec, err := due(x)
		if err != nil {
			return err
		}
		if rec.Work.Trouble == trouble {
			return errUnchanged
		}
		rec.Work.Trouble = trouble
		if err := x.save(rec); err != nil {
			return err
		}
		x.note(rec)
		return nil
	})
	return errors.Join(err, noted)
}
