package app_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/history"
)

// failingStore refuses to commit.
type failingStore struct{ store.Store }

var errDisk = errors.New("no space left on device")

func (s failingStore) Update(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.Update(ctx, func(tx store.Tx) error { return errors.Join(fn(tx), errDisk) })
}

// TestRecordAllOrNothing: where the disk refuses, neither the report nor the
// message is there, and the next scan tells the same again.
func TestRecordAllOrNothing(t *testing.T) {
	w := newWatch(t)
	w.outcome["web.hsts.missing"] = failing()
	s, err := app.OpenStore(w.dir, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	report := w.engine(t).Scan(t.Context(), w.Targets[0], scanner.Options{})
	for _, broken := range []bool{true, false} {
		st := s
		if broken {
			st = failingStore{s}
		}
		rec, err := app.NewRecorder(t.Context(), st, w.Recorder)
		if err != nil {
			t.Fatal(err)
		}
		diff, err := rec.Record(t.Context(), report)
		if errors.Is(err, errDisk) != broken || (diff == nil) != broken {
			t.Errorf("broken %v: %v, %v", broken, diff, err)
		}
		h, err := history.Open(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Last(t.Context(), watchedSite)
		waiting, lerr := (&notify.Outbox{Store: s}).List(t.Context())
		if errors.Is(err, history.ErrNotFound) != broken || (len(waiting) == 0) != broken || lerr != nil {
			t.Errorf("broken %v: report %v, %d messages, %v", broken, err, len(waiting), lerr)
		}
	}
}

// TestRecordWithFullOutbox: the report is kept.
func TestRecordWithFullOutbox(t *testing.T) {
	w := newWatch(t)
	w.outcome["web.hsts.missing"] = failing()
	s, err := app.OpenStore(w.dir, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	err = s.Update(t.Context(), func(tx store.Tx) error {
		pending := store.SubTx(store.SubTx(tx, notify.Prefix), "pending")
		for n := range 10_000 {
			if err := pending.Put(fmt.Appendf(nil, "msg_%d", n), []byte("{}")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := app.NewRecorder(t.Context(), s, w.Recorder)
	if err != nil {
		t.Fatal(err)
	}
	diff, err := rec.Record(t.Context(), w.engine(t).Scan(t.Context(), w.Targets[0], scanner.Options{}))
	if diff == nil || !errors.Is(err, notify.ErrFull) {
		t.Errorf("record: %v, %v", diff, err)
	}
	h, err := history.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Last(t.Context(), watchedSite); err != nil {
		t.Errorf("the report: %v", err)
	}
}
