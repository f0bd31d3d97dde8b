package hub

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

const (
	expireAtOnce = 500                 // objects, or other entries, in one transaction
	feedLife     = 90 * 24 * time.Hour // of what the feed tells of removed objects
	sweepAtOnce  = 10_000              // entries of the feed that one run looks at
)

// Housekeep does what time asks for: it writes when keys were used, and calls
// Expire. internal/app calls it every minute.
func (s *Service) Housekeep(ctx context.Context) error {
	return errors.Join(s.writeLastUsed(ctx), s.Expire(ctx))
}

// Expire takes out what is past its time: objects by their collection's retention,
// statuses, a setup link that is too old, and what the change feed tells of objects
// that are long gone.
func (s *Service) Expire(ctx context.Context) error {
	var expiring []*Collection
	err := s.read(ctx, func(r store.Reader) error {
		expiring = nil
		for col, err := range records[Collection](r, colKind+"/") {
			if err != nil {
				return err
			}
			if col.Retention > 0 {
				expiring = append(expiring, col)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	for _, col := range expiring {
		if err := s.expireObjects(ctx, col.ID); err != nil {
			return fmt.Errorf("retention of collection %s: %w", col.ID, err)
		}
	}
	if err := errors.Join(s.expireStatuses(ctx), s.expireLink(ctx), s.sweepFeed(ctx)); err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	return nil
}

// expireObjects removes a collection's old objects, in transactions of
// expireAtOnce, each with an audit entry of its own.
func (s *Service) expireObjects(ctx context.Context, id string) error {
	system := audit.Entry{Action: "object.expire", Actor: audit.Actor{Kind: audit.System, Name: "retention"}, Object: id}
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		old, err := s.expired(ctx, id)
		if err != nil || len(old) == 0 {
			return err
		}
		more = len(old) == expireAtOnce
		stamped := s.audit.Stamp(system)
		err = s.update(ctx, func(whole store.Tx) error {
			tx := store.SubTx(whole, Room)
			gone := 0
			for _, at := range old {
				if _, err := tx.Get(at.logKey()); errors.Is(err, store.ErrNotFound) {
					continue
				} else if err != nil {
					return err
				}
				if err := s.remove(tx, at, ChangeExpired); err != nil {
					return err
				}
				gone++
			}
			if gone == 0 {
				return nil
			}
			e := stamped
			e.Detail = map[string]string{"objects": strconv.Itoa(gone)}
			_, err := s.audit.Append(whole, e)
			return err
		})
		if err != nil {
			return err
		}
		s.changed.ring()
	}
	return nil
}

// expired are the oldest entries of a collection that are past its retention, at
// most expireAtOnce.
func (s *Service) expired(ctx context.Context, id string) ([]spot, error) {
	var old []spot
	err := s.read(ctx, func(r store.Reader) error {
		old = nil
		col, err := collection(r, "", id)
		if err != nil || col.Retention <= 0 {
			if CodeOf(err) == NotFound {
				return nil
			}
			return err
		}
		until := s.time().AddDate(0, 0, -col.Retention).UnixMicro()
		for e, err := range r.Scan(store.Prefix(logPrefix(col.Number))) {
			if err != nil {
				return err
			}
			at, err := spotOfLog(e.Key)
			if err != nil {
				return err
			}
			if at.added > until || len(old) == expireAtOnce {
				break
			}
			old = append(old, at)
		}
		return nil
	})
	return old, err
}

// expireStatuses forgets statuses that are older than statusLife.
func (s *Service) expireStatuses(ctx context.Context) error {
	prefix := []byte("status@")
	until := binary.BigEndian.AppendUint64(prefix[:len(prefix):len(prefix)], uint64(s.time().Add(-statusLife).UnixMicro())) // #nosec G115 -- after 1970
	for {
		var keys [][]byte
		err := s.read(ctx, func(r store.Reader) error {
			keys = nil
			for e, err := range r.Scan(store.Range{From: prefix, To: until}) {
				if err != nil {
					return err
				}
				if len(e.Key) > len(until) {
					keys = append(keys, append([]byte(nil), e.Key...), statusKey(string(e.Key[len(until):])))
				}
				if len(keys) >= 2*expireAtOnce {
					break
				}
			}
			return nil
		})
		if err != nil || len(keys) == 0 {
			return err
		}
		if err := s.drop(ctx, keys); err != nil {
			return err
		}
	}
}

// drop deletes keys of the hub's room.
func (s *Service) drop(ctx context.Context, keys [][]byte) error {
	return s.update(ctx, func(whole store.Tx) error {
		tx := store.SubTx(whole, Room)
		for _, key := range keys {
			if err := tx.Delete(key); err != nil {
				return err
			}
		}
		return nil
	})
}

// expireLink forgets a setup link that opens no more.
func (s *Service) expireLink(ctx context.Context) error {
	old := false
	err := s.read(ctx, func(r store.Reader) error {
		link, err := getRecord[setupLink](r, setupKey)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			old = !s.time().Before(link.Expires)
		}
		return err
	})
	if err != nil || !old {
		return err
	}
	return s.update(ctx, func(whole store.Tx) error {
		tx := store.SubTx(whole, Room)
		link, err := getRecord[setupLink](tx, setupKey)
		if err != nil || s.time().Before(link.Expires) { // a new one meanwhile
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		}
		return tx.Delete([]byte(setupKey))
	})
}

// sweepFeed forgets what the change feed says of objects that are gone, once it is
// older than feedLife. It goes on where the run before ended, and round and round.
func (s *Service) sweepFeed(ctx context.Context) error {
	until := s.time().Add(-feedLife).UnixMicro()
	var keys [][]byte
	var forgotten, last uint64
	err := s.read(ctx, func(r store.Reader) error {
		keys, forgotten, last = nil, 0, 0
		looked := 0
		for e, err := range r.Scan(feedFrom(s.swept.Load())) {
			if err != nil {
				return err
			}
			seq, err := feedSeq(e.Key)
			if err != nil {
				return err
			}
			c, err := readChange(e.Value)
			if err != nil {
				return err
			}
			if looked++; looked > sweepAtOnce {
				return nil
			}
			if c.kind == feedAdded && c.at.added > until || c.kind != feedAdded && c.when > until {
				last = 0 // from the beginning the next time
				return nil
			}
			if last = seq; c.kind == feedAdded {
				if _, err := r.Get(c.at.logKey()); !errors.Is(err, store.ErrNotFound) {
					if err != nil {
						return err
					}
					continue
				}
			} else {
				forgotten = seq
			}
			keys = append(keys, append([]byte(nil), e.Key...))
			if len(keys) == expireAtOnce {
				return nil
			}
		}
		last = 0
		return nil
	})
	if err != nil {
		return err
	}
	if len(keys) > 0 {
		err = s.update(ctx, func(whole store.Tx) error {
			tx := store.SubTx(whole, Room)
			before, err := feedMark(tx, feedForgotten)
			if err != nil {
				return err
			}
			if forgotten > before {
				if err := tx.Put([]byte(feedForgotten), binary.BigEndian.AppendUint64(nil, forgotten)); err != nil {
					return err
				}
			}
			for _, key := range keys {
				if err := tx.Delete(key); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil {
		s.swept.Store(last)
	}
	return err
}
