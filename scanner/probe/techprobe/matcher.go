package techprobe

// matcher finds many literals in one pass over a text, upper and lower case
// (of ASCII) alike: the automaton of Aho and Corasick.
type matcher struct {
	class   [256]uint8 // of a byte; 0 for one that no literal has
	classes int
	next    []int32 // by state*classes + class
	out     [][]int // numbers of the literals that end in a state
}

// newMatcher takes literals in lower case; their numbers are their indices. The
// same literal may stand more than once.
func newMatcher(literals []string) *matcher {
	m := &matcher{classes: 1}
	for _, s := range literals {
		for i := range len(s) {
			if m.class[s[i]] == 0 {
				m.class[s[i]] = uint8(m.classes)
				m.classes++
			}
		}
	}
	for c := 'a'; c <= 'z'; c++ {
		m.class[c-'a'+'A'] = m.class[c]
	}
	m.grow()
	for n, s := range literals {
		state := int32(0)
		for i := range len(s) {
			at := int(state)*m.classes + int(m.class[s[i]])
			if m.next[at] == 0 {
				m.next[at] = m.grow()
			}
			state = m.next[at]
		}
		m.out[state] = append(m.out[state], n)
	}
	m.link()
	return m
}

// grow adds a state.
func (m *matcher) grow() int32 {
	m.next = append(m.next, make([]int32, m.classes)...)
	m.out = append(m.out, nil)
	return int32(len(m.out) - 1)
}

// link fills, breadth first, what follows where no literal goes on: the state
// of the longest end of the text that begins one.
func (m *matcher) link() {
	fail := make([]int32, len(m.out))
	var queue []int32
	for c := range m.classes {
		if s := m.next[c]; s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		m.out[s] = append(m.out[s], m.out[fail[s]]...)
		for c := range m.classes {
			at, back := int(s)*m.classes+c, m.next[int(fail[s])*m.classes+c]
			if t := m.next[at]; t != 0 {
				fail[t] = back
				queue = append(queue, t)
			} else {
				m.next[at] = back
			}
		}
	}
}

// find gives each the number of every literal in text and where it ends.
func (m *matcher) find(text string, each func(n, end int)) {
	state := int32(0)
	for i := range len(text) {
		state = m.next[int(state)*m.classes+int(m.class[text[i]])]
		if out := m.out[state]; out != nil {
			for _, n := range out {
				each(n, i+1)
			}
		}
	}
}
