package history

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/scanner"
)

// Put writes an addition in a transaction of its own.
func (h *History) Put(ctx context.Context, a *Addition) error {
	if err := Commit(ctx, h.whole, a.Write); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// Commit runs an idempotent Update, and runs it again when its outcome is
// unknown.
func Commit(ctx context.Context, s store.Store, fn func(store.Tx) error) error {
	var err error
	for range 5 {
		if err = s.Update(ctx, fn); !errors.Is(err, store.ErrUnknown) {
			return err
		}
	}
	return err
}

// Known is what is known of a site. ErrNotFound: it was never scanned.
func (h *History) Known(ctx context.Context, domain string) (*scanner.Report, error) {
	return get[scanner.Report](ctx, h.room, known, siteKey(domain))
}

// Get returns the report of the scan that began at t.
func (h *History) Get(ctx context.Context, domain string, t time.Time) (*scanner.Report, error) {
	return get[scanner.Report](ctx, h.room, reports, timeKey(domain, t))
}

// Facts returns the facts of the scan that began at t, if they were kept.
func (h *History) Facts(ctx context.Context, domain string, t time.Time) (*scanner.Record, error) {
	return get[scanner.Record](ctx, h.room, facts, timeKey(domain, t))
}

// Last returns the newest report of a domain.
func (h *History) Last(ctx context.Context, domain string) (*scanner.Report, error) {
	list, err := h.List(ctx, domain, 1)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return h.Get(ctx, domain, list[0].Started)
}

func get[T any](ctx context.Context, s store.Store, room string, key []byte) (*T, error) {
	var value []byte
	err := s.View(ctx, func(r store.Reader) error {
		v, err := store.SubReader(r, room).Get(key)
		value = bytes.Clone(v)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	out := new(T)
	if err := unpack(value, out); err != nil {
		return nil, err
	}
	return out, nil
}

// List returns at most limit entries of a domain, newest first.
func (h *History) List(ctx context.Context, domain string, limit int) ([]Entry, error) {
	r := store.Prefix(siteKey(domain))
	r.Reverse = true
	var list []Entry
	err := h.scan(ctx, r, func(_ []byte, e Entry) bool {
		list = append(list, e)
		return len(list) < limit
	})
	return list, err
}

// Until returns the newest entry of a domain that began no later than t;
// ErrNotFound if there is none.
func (h *History) Until(ctx context.Context, domain string, t time.Time) (Entry, error) {
	r := store.Range{From: siteKey(domain), To: timeKey(domain, t.Add(time.Second)), Reverse: true}
	found := Entry{}
	err := h.scan(ctx, r, func(_ []byte, e Entry) bool {
		found = e
		return false
	})
	if err == nil && found.Domain == "" {
		err = ErrNotFound
	}
	return found, err
}

// Sites returns the newest entry of every domain, at most limit, in the order of
// domains.
func (h *History) Sites(ctx context.Context, limit int) ([]Entry, error) {
	var list []Entry
	err := h.scan(ctx, store.Range{}, func(_ []byte, e Entry) bool {
		if n := len(list); n > 0 && list[n-1].Domain == e.Domain {
			list[n-1] = e // a later one
			return true
		}
		if len(list) == limit {
			return false
		}
		list = append(list, e)
		return true
	})
	return list, err
}

// scan yields the entries in a range until each returns false. The key is lent.
func (h *History) scan(ctx context.Context, r store.Range, each func(key []byte, e Entry) bool) error {
	err := h.room.View(ctx, func(rd store.Reader) error {
		for item, err := range store.SubReader(rd, entries).Scan(r) {
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			var e Entry
			if err := json.Unmarshal(item.Value, &e); err != nil {
				return fmt.Errorf("damaged entry: %w", err)
			}
			if !each(item.Key, e) {
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// Keep says what Prune leaves. The newest report of a site always stays, and so
// does what is known of it.
type Keep struct {
	Count int       // at most so many reports of a site; 0: any number
	Since time.Time // none that began before; zero: of any age
}

// Prune removes old reports with their facts and returns how many.
func (h *History) Prune(ctx context.Context, k Keep) (int, error) {
	type old struct {
		key []byte
		e   Entry
	}
	var all []old
	if err := h.scan(ctx, store.Range{}, func(key []byte, e Entry) bool {
		all = append(all, old{bytes.Clone(key), e})
		return true
	}); err != nil {
		return 0, err
	}
	slices.SortFunc(all, func(a, b old) int { // newest first, site by site
		return cmp.Or(cmp.Compare(a.e.Domain, b.e.Domain), b.e.Started.Compare(a.e.Started))
	})
	var gone [][]byte
	nth := 0
	for i, o := range all {
		if nth++; i == 0 || all[i-1].e.Domain != o.e.Domain {
			nth = 1
		}
		if nth > 1 && (k.Count > 0 && nth > k.Count || o.e.Started.Before(k.Since)) {
			gone = append(gone, o.key)
		}
	}
	// In parts, so that one transaction stays small.
	for part := range slices.Chunk(gone, 500) {
		err := Commit(ctx, h.whole, func(tx store.Tx) error {
			room := store.SubTx(tx, Prefix)
			for _, key := range part {
				if err := errors.Join(store.SubTx(room, entries).Delete(key), store.SubTx(room, reports).Delete(key), store.SubTx(room, facts).Delete(key)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("history: prune: %w", err)
		}
	}
	return len(gone), nil
}
