package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/store"
)

func testFailedFunction(t *testing.T, s store.Store) {
	put(t, s, "a")
	mine := errors.New("mine")
	err := again(context.Background(), s, func(tx store.Tx) error {
		if err := tx.Put([]byte("b"), nil); err != nil {
			return err
		}
		if err := tx.Delete([]byte("a")); err != nil {
			return err
		}
		return mine
	})
	if !errors.Is(err, mine) {
		t.Errorf("Update returned %v, want the function's error", err)
	}
	if err := s.View(context.Background(), func(store.Reader) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("View returned %v, want the function's error", err)
	}
	wantKeys(t, s, "a")
}

func testSnapshot(t *testing.T, s store.Store) {
	put(t, s, "a", "b")
	view(t, s, func(r store.Reader) error {
		before, err := keysOf(r, store.Range{})
		if err != nil {
			return err
		}
		done := make(chan error)
		go func() { // a View's own goroutine must not call Update
			done <- again(context.Background(), s, func(tx store.Tx) error {
				for i := range 2000 {
					if err := tx.Put(fmt.Appendf(nil, "n%04d", i), bytes.Repeat([]byte("x"), 10_000)); err != nil {
						return err
					}
				}
				return tx.Delete([]byte("a"))
			})
		}()
		if err := <-done; err != nil {
			return err
		}
		after, err := keysOf(r, store.Range{})
		if !slices.Equal(before, after) {
			t.Errorf("a snapshot of %q became %q", before, after)
		}
		return err
	})
	view(t, s, func(r store.Reader) error {
		if _, err := r.Get([]byte("n1999")); err != nil {
			t.Errorf("a View after the Update: %v", err)
		}
		return nil
	})
}

func testScanWhileWriting(t *testing.T, s store.Store) {
	for _, reverse := range []bool{false, true} {
		want := []string{"a", "c", "e", "f"}
		if reverse {
			want = []string{"f", "d", "b", "a"}
		}
		put(t, s, "a", "b", "d", "f")
		update(t, s, func(tx store.Tx) error {
			var got []string
			for e, err := range tx.Scan(store.Range{Reverse: reverse}) {
				if err != nil {
					return err
				}
				got = append(got, string(e.Key))
				if string(e.Key) == "c" {
					if err := tx.Put([]byte("e"), nil); err != nil { // ahead
						return err
					}
				}
				if string(e.Key) == "a" && !reverse {
					err = errors.Join(tx.Put([]byte("c"), nil), tx.Delete([]byte("b")), tx.Delete([]byte("d")))
				}
				// Behind, or the key at hand.
				if err := errors.Join(err, tx.Delete(bytes.Clone(e.Key))); err != nil {
					return err
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("reverse %v: a loop that writes saw %q, want %q", reverse, got, want)
			}
			return nil
		})
		wantKeys(t, s)
	}
}

// testReversePastDeleted deletes whole pages of a tree and goes over them.
func testReversePastDeleted(t *testing.T, s store.Store) {
	const n = 3000
	key := func(i int) []byte { return fmt.Appendf(nil, "%05d", i) }
	update(t, s, func(tx store.Tx) error {
		for i := range n {
			if err := tx.Put(key(i), append([]byte("value of "), key(i)...)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, gap := range [][2]int{{1000, 2000}, {0, 1500}, {1500, n}, {1, n}, {0, n - 1}, {0, n}} {
		back := errors.New("leave it as it was")
		err := again(context.Background(), s, func(tx store.Tx) error {
			for i := gap[0]; i < gap[1]; i++ {
				if err := tx.Delete(key(i)); err != nil {
					return err
				}
			}
			for _, to := range []int{n, gap[1], gap[0]} {
				left := min(to, gap[0]) + max(0, to-gap[1])
				for _, reverse := range []bool{true, false} {
					got, err := keysOf(tx, store.Range{To: key(to), Reverse: reverse})
					if err != nil {
						return err
					}
					if len(got) != left {
						t.Errorf("without %d to %d, up to %d, reverse %v: %d keys, want %d", gap[0], gap[1], to, reverse, len(got), left)
					}
				}
			}
			if got, err := keysOf(tx, store.Range{Reverse: true}); err != nil || len(got) != n-gap[1]+gap[0] {
				t.Errorf("without %d to %d, all reversed: %d keys, %v", gap[0], gap[1], len(got), err)
			}
			return back
		})
		if !errors.Is(err, back) {
			t.Fatal(err)
		}
	}
}

func testOver(t *testing.T, s store.Store) {
	put(t, s, "a")
	var kept store.Reader
	var keptTx store.Tx
	view(t, s, func(r store.Reader) error { kept = r; return nil })
	update(t, s, func(tx store.Tx) error { keptTx = tx; return nil })
	for _, r := range []store.Reader{kept, keptTx} {
		if _, err := r.Get([]byte("a")); !errors.Is(err, store.ErrOver) {
			t.Errorf("Get: %v, want ErrOver", err)
		}
		if _, err := keysOf(r, store.Range{}); !errors.Is(err, store.ErrOver) {
			t.Errorf("Scan: %v, want ErrOver", err)
		}
	}
	if err := keptTx.Put([]byte("b"), nil); !errors.Is(err, store.ErrOver) {
		t.Errorf("Put: %v, want ErrOver", err)
	}
	if err := keptTx.Delete([]byte("a")); !errors.Is(err, store.ErrOver) {
		t.Errorf("Delete: %v, want ErrOver", err)
	}
	wantKeys(t, s, "a")
}

func testEndedContext(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Update(ctx, func(store.Tx) error { t.Error("the function ran"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Update: %v, want context.Canceled", err)
	}
	if err := s.View(ctx, func(store.Reader) error { t.Error("the function ran"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("View: %v, want context.Canceled", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	// Once the function has begun, the outcome counts.
	err := again(ctx, s, func(tx store.Tx) error {
		if ctx.Err() == nil {
			defer cancel()
		}
		return tx.Put([]byte("a"), []byte("value of a"))
	})
	if err == nil {
		wantKeys(t, s, "a")
	} else if !errors.Is(err, context.Canceled) { // Chaos has it begin anew
		t.Errorf("Update: %v", err)
	}
}

func testRooms(t *testing.T, s store.Store) {
	ctx := context.Background()
	hub, feeds := store.Sub(s, "hub"), store.Sub(s, "feeds")
	put(t, hub, "a", "b")
	put(t, feeds, "a")
	update(t, s, func(tx store.Tx) error { // one commit for both
		return errors.Join(
			store.SubTx(tx, "hub").Delete([]byte("a")),
			store.SubTx(tx, "feeds").Put([]byte("c"), []byte("value of c")),
		)
	})
	wantKeys(t, hub, "b")
	wantKeys(t, feeds, "a", "c")
	view(t, s, func(r store.Reader) error {
		got, err := keysOf(store.SubReader(r, "feeds"), store.Range{From: []byte("b"), Reverse: true})
		if !slices.Equal(got, []string{"c"}) {
			t.Errorf("a room's part of a snapshot: %q", got)
		}
		if v, err := r.Get([]byte("hub/b")); err != nil || string(v) != "value of b" {
			t.Errorf("a room's key in the whole store: %q, %v", v, err)
		}
		return err
	})
	for _, name := range []string{"", "a/b", "/"} {
		err := again(ctx, store.Sub(s, name), func(tx store.Tx) error { return tx.Put([]byte("k"), nil) })
		if !errors.Is(err, store.ErrKey) {
			t.Errorf("a room called %q: %v, want ErrKey", name, err)
		}
		err = store.Sub(s, name).View(ctx, func(r store.Reader) error { _, err := keysOf(r, store.Range{}); return err })
		if !errors.Is(err, store.ErrKey) {
			t.Errorf("scan of a room called %q: %v, want ErrKey", name, err)
		}
	}
	if err := hub.Close(); err != nil {
		t.Error(err)
	}
	wantKeys(t, hub, "b") // closing a room closes nothing
}

func testReopen(t *testing.T, open Open) {
	dir := t.TempDir()
	for i := range 3 {
		s, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		put(t, s, fmt.Sprint(i))
		want := []string{"0", "1", "2"}[:i+1]
		wantKeys(t, s, want...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func testClosed(t *testing.T, open Open) {
	s, err := open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	ctx := context.Background()
	if err := s.View(ctx, func(store.Reader) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("View: %v, want ErrClosed", err)
	}
	if err := s.Update(ctx, func(store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Update: %v, want ErrClosed", err)
	}
}
