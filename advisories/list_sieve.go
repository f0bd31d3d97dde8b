package advisories

import (
	"strings"
	"unicode/utf8"
)

// fold makes a text comparable: lower case, and one space for each run of them.
func fold(text string) string { return strings.Join(strings.Fields(strings.ToLower(text)), " ") }

// parts yields the hashes of the parts of a folded text by which a sieve knows it:
// each pair of characters where one is Chinese, else each three. A part depends on
// nothing but itself, so a text has all the parts of whatever stands in it.
func parts(text string) func(yield func(uint64) bool) {
	return func(yield func(uint64) bool) {
		for i, first := range text {
			n := utf8.RuneLen(first)
			if first == utf8.RuneError {
				_, n = utf8.DecodeRuneInString(text[i:])
			}
			second, m := utf8.DecodeRuneInString(text[i+n:])
			if m == 0 {
				return
			}
			end := i + n + m
			if !isIdeographic(first) && !isIdeographic(second) {
				_, k := utf8.DecodeRuneInString(text[end:])
				if k == 0 {
					continue
				}
				end += k
			}
			if !yield(hashed(text[i:end])) {
				return
			}
		}
	}
}

// isIdeographic reports whether a character is of a script with many of them.
func isIdeographic(r rune) bool { return r >= 0x2e80 }

// hashed is FNV-1a, mixed: it is kept, so it is the same for ever.
func hashed(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}

// A sieve is a Bloom filter: what it has not is not there; what it has is probably.
type sieve []byte

// newSieve makes one for so many words: eight bits each, a power of two.
func newSieve(words int) sieve {
	size := 32
	for size < words && size < 16<<10 {
		size *= 2
	}
	return make(sieve, size)
}

func (s sieve) bits(h uint64) (a, b uint64) {
	mask := uint64(len(s))*8 - 1
	return h & mask, h >> 32 & mask
}

func (s sieve) put(h uint64) {
	a, b := s.bits(h)
	s[a/8] |= 1 << (a % 8)
	s[b/8] |= 1 << (b % 8)
}

func (s sieve) hasHash(h uint64) bool {
	a, b := s.bits(h)
	return s[a/8]&(1<<(a%8)) != 0 && s[b/8]&(1<<(b%8)) != 0
}

func (s sieve) has(word string) bool { return s.hasHash(hashed(word)) }
