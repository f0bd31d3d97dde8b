package stix

import "strings"

// The rules that several types have.

// own reports whether the object has a property beyond the common ones.
func (m members) own() bool { return m.seen>>m.shape.common != 0 }

// atLeastOne is the rule of shapes whose properties are all optional.
func atLeastOne(c *checker, m members) {
	if !m.own() {
		c.fail(m.shape.clause, "%s has at least one of the properties of its type", m.shape.article)
	}
}

// anyOf is the rule that one of the properties is there.
func anyOf(names ...string) rule {
	return func(c *checker, m members) {
		for _, name := range names {
			if m.has(name) {
				return
			}
		}
		c.fail(m.shape.clause, "%s has at least one of %s", m.shape.article, strings.Join(names, ", "))
	}
}

// needs is the rule that a property is only there with another one.
func needs(name, other string) rule {
	return func(c *checker, m members) {
		if m.has(name) && !m.has(other) {
			c.failAt(name, m.shape.clause, "is only for objects that have %s too", other)
		}
	}
}

// notBoth is the rule that of two properties at most one is there.
func notBoth(a, b string) rule {
	return func(c *checker, m members) {
		if m.has(a) && m.has(b) {
			c.failAt(b, m.shape.clause, "must not be there beside %s", a)
		}
	}
}

// notBefore is the rule that a time is the same as another one or later.
func notBefore(later, earlier string) rule {
	return func(c *checker, m members) {
		if order, ok := m.times(later, earlier); ok && order < 0 {
			c.failAt(later, m.shape.clauseOf(later), "must not be earlier than %s", earlier)
		}
	}
}

// after is the rule that a time is later than another one.
func after(later, earlier string) rule {
	return func(c *checker, m members) {
		if order, ok := m.times(later, earlier); ok && order <= 0 {
			c.failAt(later, m.shape.clauseOf(later), "must be later than %s", earlier)
		}
	}
}

func (s *shape) clauseOf(name string) string { return s.properties[s.index[name]].clause }

// times compares two properties that are timestamps; false where one is none, which
// is told elsewhere.
func (m members) times(a, b string) (order int, ok bool) {
	if !m.has(a) || !m.has(b) {
		return 0, false
	}
	first, err := ParseTimestamp(m.Get(a).Text())
	if err != nil {
		return 0, false
	}
	second, err := ParseTimestamp(m.Get(b).Text())
	if err != nil {
		return 0, false
	}
	return first.Compare(second), true
}
