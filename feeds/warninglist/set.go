package warninglist

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// Bounds of a Set.
const (
	MaxLists      = 1024
	MaxSetEntries = 8_000_000
	MaxSetSize    = 256 << 20 // bytes of all entries
)

// Set is many lists, ready to be asked. It does not change, and is for concurrent
// use. A million entries take about 50 MB, more where the lists are for every kind
// of value.
type Set struct {
	lists   []*List // by name; without their entries
	folded  *table  // of string lists: keys in the normal form of most kinds
	written *table  // of string lists: entries as they are
	names   *table  // of hostname lists
	blocks  *table  // of cidr lists: keys are blockKey's
	bits4   [33]bool
	bits6   [129]bool
	foldedSubstrings,
	writtenSubstrings *substrings
	regexes []filedRegex
}

type filedRegex struct {
	expression
	entry string
	list  int
}

// NewSet takes what it needs of the lists, which it does not change and does not
// keep. Of several of the same name it takes the highest version. Its only error is
// ErrTooLarge, wrapped.
func NewSet(lists ...*List) (*Set, error) {
	lists = slices.Clone(lists)
	slices.SortStableFunc(lists, func(a, b *List) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(b.Version, a.Version))
	})
	lists = slices.CompactFunc(lists, func(a, b *List) bool { return a.Name == b.Name })
	if len(lists) > MaxLists {
		return nil, fmt.Errorf("warninglists: %w: more than %d lists", ErrTooLarge, MaxLists)
	}
	entries, size, cost := 0, 0, 0
	for _, l := range lists {
		entries += len(l.entries)
		for _, entry := range l.entries {
			size += len(entry)
		}
		for _, e := range l.regexes {
			cost += e.cost
		}
	}
	if entries > MaxSetEntries || size > MaxSetSize || cost > MaxCost {
		return nil, fmt.Errorf("warninglists: %w: %d entries of %d bytes, regular expressions of cost %d; at most %d, %d and %d",
			ErrTooLarge, entries, size, cost, MaxSetEntries, MaxSetSize, MaxCost)
	}
	s := &Set{
		folded: newTable(), written: newTable(), names: newTable(), blocks: newTable(),
		foldedSubstrings: newSubstrings(), writtenSubstrings: newSubstrings(),
	}
	for i, l := range lists {
		s.file(i, l)
		head := *l
		head.entries, head.regexes = nil, nil
		s.lists = append(s.lists, &head)
	}
	return s, nil
}

func (s *Set) file(list int, l *List) {
	for i, entry := range l.entries {
		switch l.Type {
		case String:
			s.fileString(list, l.kinds, entry)
		case Hostname:
			s.names.add(list, nameKey(entry), entry)
		case CIDR:
			b, _ := block(entry)
			if b.Addr().Is4() {
				s.bits4[b.Bits()] = true
			} else {
				s.bits6[b.Bits()] = true
			}
			key, n := blockKey(b)
			s.blocks.add(list, string(key[:n]), entry)
		case Substring:
			if l.kinds&folded != 0 {
				s.foldedSubstrings.add(list, lower(entry), entry)
			}
			if l.kinds&written != 0 {
				s.writtenSubstrings.add(list, entry, entry)
			}
		case Regex:
			s.regexes = append(s.regexes, filedRegex{expression: l.regexes[i], entry: entry, list: list})
		}
	}
}

// fileString files an entry under the normal forms that it may have.
func (s *Set) fileString(list int, of kinds, entry string) {
	if of&written != 0 {
		s.written.add(list, entry, entry)
	}
	if of&folded == 0 {
		return
	}
	if b, ok := block(entry); ok {
		if b.IsSingleIP() {
			s.folded.add(list, b.Addr().String(), entry)
		} else {
			s.folded.add(list, b.String(), entry)
		}
		return
	}
	var typed []stix.Observable
	if odd(entry) { // it is brought into its normal form as what somebody typed would be
		typed = stix.Lookup(entry)
	}
	if len(typed) == 0 || typed[0].Kind != stix.URL && typed[0].Kind != stix.Hash { // in parts of which case matters
		s.folded.add(list, strings.TrimSuffix(lower(entry), "."), entry)
	}
	for i, key := range typed {
		if k := kindOf(key.Kind); k&folded&of != 0 && (i == 0 || k == registryKey) {
			s.folded.add(list, key.Key, entry)
		}
	}
}

// odd reports whether the normal form of a text may be more than lower case: a URL,
// a registry key, a MAC address, an AS number or an international name.
func odd(text string) bool {
	for _, c := range []byte(text) {
		if c >= 0x80 || c == '/' || c == '\\' || c == ':' {
			return true
		}
	}
	return len(text) == 17 && text[2] == '-' || len(text) > 2 && len(text) <= 12 && strings.EqualFold(text[:2], "AS")
}

// lower is strings.ToLower where that does not make the text longer, as few letters
// beyond ASCII would, so that all bounds hold for the result.
func lower(text string) string {
	if folded := strings.ToLower(text); len(folded) <= len(text) {
		return folded
	}
	return text
}

// nameKey is the normal form of an entry of a hostname list; as in MISP, dots around
// it mean nothing.
func nameKey(entry string) string {
	name := strings.Trim(entry, ".")
	if b, ok := block(name); ok && b.IsSingleIP() {
		return b.Addr().String()
	}
	for _, c := range []byte(name) {
		if c >= 0x80 {
			if keys := stix.Lookup(name); len(keys) > 0 && keys[0].Kind == stix.Domain {
				return keys[0].Key
			}
			break
		}
	}
	return lower(name)
}

// block reads an address or a block. Bits behind the mask are cleared, and IPv6
// addresses that stand for IPv4 ones are those.
func block(text string) (netip.Prefix, bool) {
	var b netip.Prefix
	if strings.Contains(text, "/") { // asking in vain would allocate an error
		var err error
		if b, err = netip.ParsePrefix(text); err != nil {
			return b, false
		}
	} else {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return b, false
		}
		b = netip.PrefixFrom(a, a.BitLen())
	}
	if b.Addr().Is4In6() && b.Bits() >= 96 {
		b = netip.PrefixFrom(b.Addr().Unmap(), b.Bits()-96)
	}
	return b.Masked(), true
}

// blockKey is a block as the key of a table: its bytes and its length.
func blockKey(b netip.Prefix) (key [17]byte, n int) {
	if b.Addr().Is4() {
		a := b.Addr().As4()
		n = copy(key[:], a[:])
	} else {
		a := b.Addr().As16()
		n = copy(key[:], a[:])
	}
	key[n] = byte(b.Bits())
	return key, n + 1
}
