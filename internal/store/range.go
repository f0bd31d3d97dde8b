package store

import (
	"bytes"
	"slices"
)

// Range is a part of the keys. The zero Range is all of them.
type Range struct {
	From    []byte // the first key that is in the range; empty: from the start
	To      []byte // the first key that is past it; empty: to the end
	Reverse bool   // from the last key to the first
}

// Prefix is the range of the keys that begin with p.
func Prefix(p []byte) Range {
	return Range{From: slices.Clone(p), To: prefixEnd(p)}
}

// After is the rest of r once key has been seen, in the direction of r: how a
// cursor goes on. The key need not exist.
func (r Range) After(key []byte) Range {
	if r.Reverse {
		if len(r.To) == 0 || bytes.Compare(key, r.To) < 0 {
			r.To = slices.Clone(key)
		}
		if len(r.To) == 0 {
			// Nothing is before the empty key, and an empty To would mean no
			// bound: a range from behind its end is empty.
			r.From, r.To = []byte{1}, []byte{0}
		}
		return r
	}
	next := append(slices.Clone(key), 0) // the smallest key above it
	if bytes.Compare(next, r.From) > 0 {
		r.From = next
	}
	return r
}

// Contains reports whether key is in the range.
func (r Range) Contains(key []byte) bool {
	return bytes.Compare(key, r.From) >= 0 && (len(r.To) == 0 || bytes.Compare(key, r.To) < 0)
}

// prefixEnd is the smallest key above all that begin with p, or nil if there is
// none because p is empty or all 0xff.
func prefixEnd(p []byte) []byte {
	end := slices.Clone(p)
	for len(end) > 0 {
		if last := len(end) - 1; end[last] < 0xff {
			end[last]++
			return end
		}
		end = end[:len(end)-1]
	}
	return nil
}
