package warninglist

import (
	"cmp"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// Hit is a list that an observable is on.
type Hit struct {
	List     string // the list's name
	Version  int64
	Entry    string // as it is written in the list
	Category Category
}

// Match is AppendMatch to a new slice; nil where there is nothing.
func (s *Set) Match(kind stix.ObservableKind, key string) []Hit {
	return s.AppendMatch(nil, kind, key)
}

// AppendMatch appends the lists that an observable is on, by their names, each once:
// of a hostname or a cidr list with the widest entry that covers it, as MISP does,
// of a substring list with the one that begins first, the shortest of those.
// The key is the normal form that hub/stix gives; of what is longer than
// stix.MaxKey, substrings and regular expressions see only the beginning. A list is
// asked only for the kinds that its matching_attributes name. But for regular
// expressions nothing is allocated if dst has room.
func (s *Set) AppendMatch(dst []Hit, kind stix.ObservableKind, key string) []Hit {
	m := matching{set: s, kind: kindOf(kind), hits: dst, from: len(dst)}
	if m.kind == 0 || key == "" || len(key) > stix.MaxKey {
		return dst
	}
	if m.kind == other {
		if _, value, ok := strings.Cut(key, "="); ok {
			key = value
		}
	}
	m.strings(key)
	m.names(key)
	if m.kind&addresses != 0 {
		m.blocks(key)
	}
	if m.kind&folded != 0 {
		m.substrings(s.foldedSubstrings, key)
	}
	if m.kind&written != 0 {
		m.substrings(s.writtenSubstrings, key)
	}
	for i := range s.regexes {
		if r := &s.regexes[i]; m.asks(r.list) && r.re.MatchString(key) {
			m.add(r.list, r.entry)
		}
	}
	slices.SortFunc(m.hits[m.from:], func(a, b Hit) int { return cmp.Compare(a.List, b.List) })
	return m.hits
}

// matching is one question.
type matching struct {
	set  *Set
	kind kinds
	hits []Hit
	from int // the hits before it are the caller's
}

// asks reports whether the list is for this kind of value and not yet found.
func (m *matching) asks(list int) bool {
	l := m.set.lists[list]
	if l.kinds&m.kind == 0 {
		return false
	}
	for i := m.from; i < len(m.hits); i++ {
		if m.hits[i].List == l.Name {
			return false
		}
	}
	return true
}

func (m *matching) add(list int, entry string) {
	l := m.set.lists[list]
	m.hits = append(m.hits, Hit{List: l.Name, Version: l.Version, Entry: entry, Category: l.Category})
}

// in adds what a table has under a key.
func (m *matching) in(t *table, key string) {
	for at := t.find(key); at != 0; {
		r := t.records[at-1]
		if m.asks(int(r.list)) {
			m.add(int(r.list), t.entry(r))
		}
		at = r.next
	}
}

func (m *matching) strings(key string) {
	if m.kind&written != 0 {
		m.in(m.set.written, key)
	}
	if m.kind&folded != 0 {
		m.in(m.set.folded, key)
	}
	if m.kind != url {
		return
	}
	// The normal form has a scheme and a path where there was none.
	rest, http := strings.CutPrefix(key, "http://")
	host, bare := strings.CutSuffix(rest, "/")
	bare = bare && !strings.Contains(host, "/")
	if bare {
		m.in(m.set.folded, strings.TrimSuffix(key, "/"))
	}
	if http {
		m.in(m.set.folded, rest)
	}
	if http && bare {
		m.in(m.set.folded, host)
	}
}

// names asks for a host and the names above it, the widest first.
func (m *matching) names(key string) {
	if m.set.names.used == 0 {
		return
	}
	switch m.kind {
	case ipv4, ipv6:
		m.in(m.set.names, key)
		return
	case domain:
	case email:
		key = key[strings.LastIndexByte(key, '@')+1:]
	case url:
		key = host(key)
		if isAddress(key) {
			m.in(m.set.names, key)
			return
		}
	default:
		return
	}
	for at := len(key); at > 0; {
		at = strings.LastIndexByte(key[:at], '.')
		m.in(m.set.names, key[at+1:])
	}
}

// host is the host of a URL's normal form, an IPv6 address without its brackets.
func host(key string) string {
	_, rest, _ := strings.Cut(key, "://")
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		rest = rest[:at]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if inner, ok := strings.CutPrefix(rest, "["); ok {
		inner, _, _ = strings.Cut(inner, "]")
		return inner
	}
	rest, _, _ = strings.Cut(rest, ":")
	return rest
}

// isAddress tells an address from a name.
func isAddress(host string) bool {
	if host == "" || !strings.Contains(host, ":") && (host[len(host)-1] < '0' || host[len(host)-1] > '9') {
		return false // asking in vain would allocate an error
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// blocks asks for the block and every one around it, the widest first.
func (m *matching) blocks(key string) {
	if m.set.blocks.used == 0 {
		return
	}
	value, ok := block(key)
	if !ok {
		return
	}
	lengths := m.set.bits6[:]
	if value.Addr().Is4() {
		lengths = m.set.bits4[:]
	}
	for length, there := range lengths[:value.Bits()+1] {
		if there {
			around, n := blockKey(netip.PrefixFrom(value.Addr(), length).Masked())
			m.in(m.set.blocks, string(around[:n]))
		}
	}
}

func (m *matching) substrings(s *substrings, key string) {
	if s.whole.used == 0 {
		return
	}
	for at := range len(key) {
		rest := key[at:]
		for n := 1; n < start && n <= len(rest); n++ {
			if s.short[n] {
				m.in(s.whole, rest[:n])
			}
		}
		if len(rest) < start {
			continue
		}
		known, ok := s.starts[first(rest)]
		if !ok {
			continue
		}
		for i, word := range known {
			for ; word != 0; word &= word - 1 {
				if n := 64*i + bits.TrailingZeros64(word); n <= len(rest) {
					m.in(s.whole, rest[:n])
				}
			}
		}
	}
}
