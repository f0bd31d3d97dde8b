package store_test

import (
	"bytes"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// FuzzRange: a prefix's range has the keys that begin with it and no others, and
// After leaves what comes behind a key in the range's direction.
func FuzzRange(f *testing.F) {
	f.Add([]byte("a"), []byte("a\xff"), []byte("ab"), false)
	f.Add([]byte("\xff"), []byte("\xff\xff"), []byte{}, true)
	f.Add([]byte{}, []byte{0}, []byte{0}, true)
	f.Add([]byte("a\xff"), []byte("b"), []byte("a"), false)
	f.Fuzz(func(t *testing.T, prefix, key, seen []byte, reverse bool) {
		if len(key) == 0 {
			return // no key is empty
		}
		r := store.Prefix(prefix)
		if got, want := r.Contains(key), bytes.HasPrefix(key, prefix); got != want {
			t.Errorf("Prefix(%q) contains %q: %v, want %v", prefix, key, got, want)
		}
		behind := bytes.Compare(key, seen) > 0
		if reverse {
			behind = bytes.Compare(key, seen) < 0
		}
		r.Reverse = reverse
		if got, want := r.After(seen).Contains(key), r.Contains(key) && behind; got != want {
			t.Errorf("Prefix(%q) after %q, reverse %v, contains %q: %v, want %v", prefix, seen, reverse, key, got, want)
		}
	})
}
