package warninglist

import (
	"hash/maphash"
	"strings"
)

// table finds the entries that have a key. It holds all texts in one and an entry
// in 20 bytes, besides 8 to 16 of slots, so that a million take tens of megabytes
// and are nothing to the garbage collector. The hash has a secret seed: nobody can
// choose entries that collide.
type table struct {
	seed    maphash.Seed
	texts   strings.Builder
	records []record
	slots   []uint32 // 1 + index of the first record of a key; a power of two of them
	used    int
}

// record is an entry of a list under one key. Records of the same key are a chain.
type record struct {
	key, entry       uint32 // offsets in texts
	keyLen, entryLen uint16
	list             uint16
	next             uint32 // 1 + index, 0 at the end
}

func newTable() *table { return &table{seed: maphash.MakeSeed(), slots: make([]uint32, 16)} }

// slot is where a key is, or where it would be put.
func (t *table) slot(key string) int {
	at := int(maphash.String(t.seed, key)) & (len(t.slots) - 1)
	for t.slots[at] != 0 && t.key(t.records[t.slots[at]-1]) != key {
		at = (at + 1) & (len(t.slots) - 1)
	}
	return at
}

func (t *table) key(r record) string {
	return t.texts.String()[r.key : r.key+uint32(r.keyLen)]
}

func (t *table) entry(r record) string {
	return t.texts.String()[r.entry : r.entry+uint32(r.entryLen)]
}

// add files an entry under a key, both of at most MaxEntry bytes. Lists are added
// one after the other; of one list's entries under a key the first stays. Nothing is found under "".
func (t *table) add(list int, key, entry string) {
	if key == "" {
		return
	}
	at := t.slot(key)
	first := t.slots[at]
	if first != 0 && int(t.records[first-1].list) == list {
		return
	}
	r := record{list: uint16(list), next: first, keyLen: uint16(len(key)), entryLen: uint16(len(entry))}
	r.entry = uint32(t.texts.Len())
	t.texts.WriteString(entry)
	switch {
	case first != 0:
		r.key = t.records[first-1].key
	case key == entry:
		r.key = r.entry
	default:
		r.key = uint32(t.texts.Len())
		t.texts.WriteString(key)
	}
	t.records = append(t.records, r)
	t.slots[at] = uint32(len(t.records))
	if first == 0 {
		t.used++
	}
	if t.used*2 > len(t.slots) {
		t.grow()
	}
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]uint32, 2*len(old))
	for _, first := range old {
		if first != 0 {
			t.slots[t.slot(t.key(t.records[first-1]))] = first
		}
	}
}

// find is 1 + the index of the first record of a key, 0 where there is none.
func (t *table) find(key string) uint32 {
	if t.used == 0 {
		return 0
	}
	return t.slots[t.slot(key)]
}
