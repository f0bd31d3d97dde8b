package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// testModel does random things to the store and to a map.
func testModel(t *testing.T, s store.Store) {
	random := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // G404: it is to be repeatable
	model := map[string]string{}
	key := func() string { return fmt.Sprintf("%03x", random.IntN(800)) }
	for round := range 60 {
		type change struct {
			key, value string
			del        bool
		}
		var changes []change
		for range random.IntN(120) {
			changes = append(changes, change{key(), fmt.Sprint(random.Uint64()), random.IntN(2) == 0})
		}
		r := store.Range{Reverse: random.IntN(2) == 0}
		if random.IntN(4) > 0 {
			r.From = []byte(key())
		}
		if random.IntN(4) > 0 {
			r.To = []byte(key())
		}
		for _, c := range changes {
			if delete(model, c.key); !c.del {
				model[c.key] = c.value
			}
		}
		var want []string
		for k, v := range model {
			if r.Contains([]byte(k)) {
				want = append(want, k+"="+v)
			}
		}
		slices.Sort(want)
		if r.Reverse {
			slices.Reverse(want)
		}
		check := func(in store.Reader) error {
			var got []string
			for e, err := range in.Scan(r) {
				if err != nil {
					return err
				}
				got = append(got, string(e.Key)+"="+string(e.Value))
			}
			if !slices.Equal(got, want) {
				return fmt.Errorf("round %d, range %q to %q: %q, want %q", round, r.From, r.To, got, want)
			}
			return nil
		}
		update(t, s, func(tx store.Tx) error {
			for _, c := range changes {
				err := tx.Put([]byte(c.key), []byte(c.value))
				if c.del {
					err = errors.Join(err, tx.Delete([]byte(c.key)))
				}
				if err != nil {
					return err
				}
			}
			return check(tx)
		})
		view(t, s, check)
	}
}

// testChaos sees that every kind of trouble came, twice the same for one seed.
func testChaos(t *testing.T, open Open) {
	var seen [2]Counts
	for i := range seen {
		s := start(t, open, t.TempDir())
		c := NewChaos(s, 42)
		var kept []byte
		for n := range 100 {
			key := fmt.Sprintf("%02d", n)
			err := c.Update(context.Background(), func(tx store.Tx) error {
				return tx.Put([]byte(key), []byte("value of "+key))
			})
			if err != nil && !errors.Is(err, store.ErrUnknown) {
				t.Fatal(err)
			}
			view(t, s, func(r store.Reader) error {
				if _, gerr := r.Get([]byte(key)); err == nil && gerr != nil {
					t.Errorf("an Update that succeeded: %v", gerr)
				}
				return nil
			})
		}
		view(t, c, func(r store.Reader) error {
			for e, err := range r.Scan(store.Range{}) {
				if err != nil {
					return err
				}
				kept = e.Value
			}
			return nil
		})
		if !bytes.Equal(kept, bytes.Repeat([]byte{0xdb}, len(kept))) {
			t.Errorf("a value that was kept is still %q", kept)
		}
		seen[i] = c.Counts()
	}
	if seen[0] != seen[1] {
		t.Errorf("one seed, two stories: %+v, %+v", seen[0], seen[1])
	}
	if n := seen[0]; n.Updates != 100 || n.Reruns == 0 || n.Lost == 0 || n.Kept == 0 {
		t.Errorf("a kind of trouble is missing: %+v", n)
	}
}
