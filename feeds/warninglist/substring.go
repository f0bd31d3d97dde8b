package warninglist

// substrings finds the entries that stand anywhere in a value. By their first four
// bytes it knows which lengths an entry that begins there can have, and asks for
// those: no list, however it is made, costs more than MaxSubstring questions for
// each byte of a value.
type substrings struct {
	whole  *table
	starts map[uint32]lengths
	short  [start]bool // whether there are entries of 1 to 3 bytes
}

const start = 4

// lengths is a set of numbers up to MaxSubstring.
type lengths [(MaxSubstring + 1) / 64]uint64

func newSubstrings() *substrings {
	return &substrings{whole: newTable(), starts: map[uint32]lengths{}}
}

func (s *substrings) add(list int, key, entry string) {
	s.whole.add(list, key, entry)
	if len(key) < start {
		s.short[len(key)] = true
		return
	}
	known := s.starts[first(key)]
	known[len(key)/64] |= 1 << (len(key) % 64)
	s.starts[first(key)] = known
}

// first is the first four bytes of a text that has them.
func first(text string) uint32 {
	return uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16 | uint32(text[3])<<24
}
