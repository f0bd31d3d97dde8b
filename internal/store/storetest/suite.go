// Package storetest is what every implementation of the store's contract must
// pass: Run is the suite, Crash kills writers, and Chaos is a store that makes
// the most of what the contract allows, for the tests of rooms. Tests may import
// it, and nothing else.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Open opens the store that belongs to a directory, an empty one the first time.
type Open func(dir string) (store.Store, error)

// Run runs the suite: on the store itself, on a part of it, and through Chaos.
func Run(t *testing.T, open Open) {
	suite := map[string]func(*testing.T, store.Store){
		"get, put, delete":                testGetPutDelete,
		"limits":                          testLimits,
		"what is put is copied":           testPutCopies,
		"order":                           testOrder,
		"a failed function":               testFailedFunction,
		"a snapshot does not move":        testSnapshot,
		"a loop that writes":              testScanWhileWriting,
		"backwards past what was deleted": testReversePastDeleted,
		"after its function returned":     testOver,
		"a context that has ended":        testEndedContext,
		"updates at once":                 testConcurrentUpdates,
		"rooms":                           testRooms,
		"a model":                         testModel,
	}
	stores := map[string]func(store.Store) store.Store{
		"whole": func(s store.Store) store.Store { return s },
		"room": func(s store.Store) store.Store {
			seedNeighbours(t, s)
			return store.Sub(store.Sub(s, "room"), "inner")
		},
		"chaos": func(s store.Store) store.Store { return NewChaos(s, 1) },
	}
	for kind, wrap := range stores {
		for name, test := range suite {
			t.Run(kind+"/"+name, func(t *testing.T) {
				test(t, wrap(start(t, open, t.TempDir())))
			})
		}
	}
	t.Run("reopened", func(t *testing.T) { testReopen(t, open) })
	t.Run("closed", func(t *testing.T) { testClosed(t, open) })
	t.Run("chaos is what it says", func(t *testing.T) { testChaos(t, open) })
}

func start(t *testing.T, open Open, dir string) store.Store {
	t.Helper()
	s, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// seedNeighbours puts keys around those of a room, which must not see them.
func seedNeighbours(t *testing.T, s store.Store) {
	t.Helper()
	update(t, s, func(tx store.Tx) error {
		for _, key := range []string{"a", "room", "room.", "room/", "room/inne/x", "room/inner", "room/inner0", "room/innes", "room0", "\xff\xff"} {
			if err := tx.Put([]byte(key), []byte("a neighbour's")); err != nil {
				return err
			}
		}
		return nil
	})
}

// again runs an Update until its outcome is known, as a room does.
func again(ctx context.Context, s store.Store, fn func(store.Tx) error) error {
	for {
		err := s.Update(ctx, fn)
		if !errors.Is(err, store.ErrUnknown) {
			return err
		}
	}
}

func update(t *testing.T, s store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := again(context.Background(), s, fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view(t *testing.T, s store.Store, fn func(store.Reader) error) {
	t.Helper()
	if err := s.View(context.Background(), fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

func put(t *testing.T, s store.Store, keys ...string) {
	t.Helper()
	update(t, s, func(tx store.Tx) error {
		for _, key := range keys {
			if err := tx.Put([]byte(key), []byte("value of "+key)); err != nil {
				return err
			}
		}
		return nil
	})
}

// keysOf lists what a scan yields, and checks the values that put wrote.
func keysOf(r store.Reader, in store.Range) ([]string, error) {
	var keys []string
	for e, err := range r.Scan(in) {
		if err != nil {
			return nil, err
		}
		if string(e.Value) != "value of "+string(e.Key) {
			return nil, fmt.Errorf("scan: key %q has the value %q", e.Key, e.Value)
		}
		keys = append(keys, string(e.Key))
	}
	return keys, nil
}

func wantKeys(t *testing.T, s store.Store, want ...string) {
	t.Helper()
	var got []string
	view(t, s, func(r store.Reader) (err error) {
		got, err = keysOf(r, store.Range{})
		return err
	})
	if !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
}

func testGetPutDelete(t *testing.T, s store.Store) {
	put(t, s, "a", "b")
	update(t, s, func(tx store.Tx) error {
		if err := tx.Put([]byte("empty"), nil); err != nil {
			return err
		}
		if err := tx.Delete([]byte("b")); err != nil {
			return err
		}
		if err := tx.Delete([]byte("never there")); err != nil {
			return err
		}
		if _, err := tx.Get([]byte("b")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get of what the transaction deleted: %v, want ErrNotFound", err)
		}
		if v, err := tx.Get([]byte("empty")); err != nil || v == nil || len(v) > 0 {
			t.Errorf("Get of an empty value: %v, %v", v, err)
		}
		return tx.Put([]byte("a"), []byte("new"))
	})
	view(t, s, func(r store.Reader) error {
		if v, err := r.Get([]byte("a")); err != nil || string(v) != "new" {
			t.Errorf("Get: %q, %v, want new", v, err)
		}
		if _, err := r.Get([]byte("b")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get of what was deleted: %v, want ErrNotFound", err)
		}
		if v, err := r.Get([]byte("empty")); err != nil || v == nil || len(v) > 0 {
			t.Errorf("Get of an empty value: %v, %v", v, err)
		}
		return nil
	})
}

func testLimits(t *testing.T, s store.Store) {
	long := bytes.Repeat([]byte("k"), store.MaxKeySize-20) // a room's prefix takes some
	update(t, s, func(tx store.Tx) error {
		if err := tx.Put(nil, nil); !errors.Is(err, store.ErrKey) {
			t.Errorf("Put of an empty key: %v, want ErrKey", err)
		}
		if err := tx.Put(make([]byte, store.MaxKeySize+1), nil); !errors.Is(err, store.ErrKey) {
			t.Errorf("Put of a long key: %v, want ErrKey", err)
		}
		if err := tx.Delete(nil); !errors.Is(err, store.ErrKey) {
			t.Errorf("Delete of an empty key: %v, want ErrKey", err)
		}
		if _, err := tx.Get(nil); !errors.Is(err, store.ErrKey) {
			t.Errorf("Get of an empty key: %v, want ErrKey", err)
		}
		if err := tx.Put([]byte("v"), make([]byte, store.MaxValueSize+1)); !errors.Is(err, store.ErrValue) {
			t.Errorf("Put of a large value: %v, want ErrValue", err)
		}
		if err := tx.Put([]byte("v"), make([]byte, store.MaxValueSize)); err != nil {
			t.Errorf("Put of the largest value: %v", err)
		}
		return tx.Put(long, []byte("long"))
	})
	view(t, s, func(r store.Reader) error {
		if v, err := r.Get(long); err != nil || string(v) != "long" {
			t.Errorf("Get of a long key: %q, %v", v, err)
		}
		if v, err := r.Get([]byte("v")); err != nil || len(v) != store.MaxValueSize {
			t.Errorf("Get of the largest value: %d bytes, %v", len(v), err)
		}
		return nil
	})
}

func testPutCopies(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Tx) error {
		var key, value []byte
		for i := range 100 {
			key = fmt.Appendf(key[:0], "%03d", i)
			value = fmt.Appendf(value[:0], "value of %03d", i)
			if err := tx.Put(key, value); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(r store.Reader) error {
		keys, err := keysOf(r, store.Range{})
		if len(keys) != 100 {
			t.Errorf("%d keys, want 100", len(keys))
		}
		return err
	})
}

func testOrder(t *testing.T, s store.Store) {
	put(t, s, "b", "a", "ab", "a\x00", "\xff", "\xff\xff", "B", "\x00")
	all := []string{"\x00", "B", "a", "a\x00", "ab", "b", "\xff", "\xff\xff"}
	tests := []struct {
		about string
		r     store.Range
		want  []string
	}{
		{"all", store.Range{}, all},
		{"from a key that is there", store.Range{From: []byte("ab")}, all[4:]},
		{"from one that is not", store.Range{From: []byte("aa")}, all[4:]},
		{"to a key, which is not in it", store.Range{To: []byte("ab")}, all[:4]},
		{"between", store.Range{From: []byte("B"), To: []byte("b")}, all[1:5]},
		{"nothing between", store.Range{From: []byte("c"), To: []byte("d")}, nil},
		{"the wrong way round", store.Range{From: []byte("b"), To: []byte("a")}, nil},
		{"past the end", store.Range{From: []byte("\xff\xff\xff")}, nil},
		{"a prefix", store.Prefix([]byte("a")), all[2:5]},
		{"a prefix without an end", store.Prefix([]byte("\xff")), all[6:]},
		{"the empty prefix", store.Prefix(nil), all},
		{"after a key", store.Range{}.After([]byte("a")), all[3:]},
	}
	for _, tt := range tests {
		view(t, s, func(r store.Reader) error {
			got, err := keysOf(r, tt.r)
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: %q, want %q", tt.about, got, tt.want)
			}
			return err
		})
		tt.r.Reverse = true
		view(t, s, func(r store.Reader) error {
			if tt.about == "after a key" {
				return nil // which means another range backwards
			}
			got, err := keysOf(r, tt.r)
			slices.Reverse(got)
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s, reversed: %q, want %q", tt.about, got, tt.want)
			}
			return err
		})
	}
	view(t, s, func(r store.Reader) error {
		for _, err := range r.Scan(store.Range{}) {
			if err != nil {
				return err
			}
			break // a loop may end early
		}
		got, err := keysOf(r, store.Range{Reverse: true}.After([]byte("a\x00")))
		if want := []string{"a", "B", "\x00"}; !slices.Equal(got, want) {
			t.Errorf("reversed, after a key: %q, want %q", got, want)
		}
		return err
	})
}

func testConcurrentUpdates(t *testing.T, s store.Store) {
	const writers, each = 16, 20
	refused := errors.New("refused")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				key := fmt.Appendf(nil, "%02d.%02d", w, i)
				err := again(context.Background(), s, func(tx store.Tx) error {
					if err := tx.Put(key, append([]byte("value of "), key...)); err != nil {
						return err
					}
					if i%5 == 4 {
						return refused
					}
					return nil
				})
				if want := i%5 == 4; errors.Is(err, refused) != want || (err != nil) != want {
					t.Errorf("Update %s: %v", key, err)
				}
			}
		})
	}
	wg.Wait()
	var want []string
	for w := range writers {
		for i := range each {
			if i%5 != 4 {
				want = append(want, fmt.Sprintf("%02d.%02d", w, i))
			}
		}
	}
	wantKeys(t, s, want...)
}
