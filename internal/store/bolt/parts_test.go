package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
)

// TestAscendingChanges: a file is opened with other prefixes each time, and has
// all its keys in their order, compacted or not.
func TestAscendingChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	var want []string
	for i, ascending := range [][]string{
		nil,
		{"hub/l", "hub/t"},
		{"hub/l", "hub/", "hub/t1", "audit/", "", "\xff"}, // those that overlap are left out
		nil,
		{"audit/entry/", "a", "hub/n"},
	} {
		s, err := bolt.Open(path, bolt.Options{Ascending: ascending})
		if err != nil {
			t.Fatal(err)
		}
		for _, prefix := range []string{"hub/l", "hub/t1", "hub/z", "audit/entry/", "b", "\xff\xff", "\x00"} {
			key := fmt.Sprint(prefix, i)
			put(t, s, key, "value")
			want = append(want, key)
		}
		if i == 3 {
			put(t, s, "hub/n", "")
			want = append(want, "hub/n")
		}
		slices.Sort(want)
		if got := keys(t, s); !slices.Equal(got, want) {
			t.Errorf("opened with %q: keys %q, want %q", ascending, got, want)
		}
		if err := errors.Join(s.Check(context.Background()), s.Close()); err != nil {
			t.Error(err)
		}
		if _, _, err := bolt.Compact(context.Background(), path); err != nil {
			t.Error(err)
		}
	}
}

// TestAscendingSavesSpace: the reason why there are such prefixes.
func TestAscendingSavesSpace(t *testing.T) {
	var sizes []int
	for _, ascending := range [][]string{nil, {"log/"}} {
		path := filepath.Join(t.TempDir(), "a.db")
		s, err := bolt.Open(path, bolt.Options{Ascending: ascending})
		if err != nil {
			t.Fatal(err)
		}
		for first := range 10 {
			err := s.Update(context.Background(), func(tx store.Tx) error {
				var err error
				for i := range 500 {
					err = errors.Join(err, tx.Put(fmt.Appendf(nil, "log/%02d%03d", first, i), make([]byte, 700)))
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		// A file grows in large steps; its copy has what is in use.
		var copied bytes.Buffer
		if err := errors.Join(s.Backup(context.Background(), &copied), s.Close()); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, copied.Len())
	}
	if sizes[1] > sizes[0]*3/4 {
		t.Errorf("%d bytes, and %d without; want a quarter less at least", sizes[1], sizes[0])
	}
}
