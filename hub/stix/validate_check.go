package stix

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checker goes through one object and collects what is wrong with it.
type checker struct {
	tables   *typeTables
	root     Value
	path     []place
	clause   string // of the property that is being checked, such as "4.7.1"
	errors   []Problem
	warnings []Problem
	custom   []string // top-level properties that the standard does not know
	extended bool     // an extension brings top-level properties or the type itself
	lookups  int      // that selectors may still make
	buffer   [8]place
}

// place is a property's name or an element's index.
type place struct {
	name    string
	index   int
	element bool
}

func newChecker() *checker {
	c := &checker{tables: tables(), lookups: maxLookups}
	c.path = c.buffer[:0]
	return c
}

func (c *checker) enter(name string) { c.path = append(c.path, place{name: name}) }
func (c *checker) enterIndex(i int)  { c.path = append(c.path, place{index: i, element: true}) }
func (c *checker) leave()            { c.path = c.path[:len(c.path)-1] }

// here is the path of the value that is being checked. It is only written where
// something is wrong with it.
func (c *checker) here() string {
	var b strings.Builder
	for _, s := range c.path {
		switch {
		case s.element:
			b.WriteByte('[')
			b.WriteString(strconv.Itoa(s.index))
			b.WriteByte(']')
			continue
		case b.Len() > 0:
			b.WriteByte('.')
		}
		b.WriteString(shorten(s.name))
	}
	return b.String()
}

// fail tells of an error at the current path, warn of a warning.
func (c *checker) fail(clause, format string, args ...any) {
	c.errors = c.add(c.errors, SeverityError, clause, format, args)
}

func (c *checker) warn(clause, format string, args ...any) {
	c.warnings = c.add(c.warnings, SeverityWarning, clause, format, args)
}

// failAt is fail for a property of the object that is being checked.
func (c *checker) failAt(name, clause, format string, args ...any) {
	c.enter(name)
	c.fail(clause, format, args...)
	c.leave()
}

func (c *checker) warnAt(name, clause, format string, args ...any) {
	c.enter(name)
	c.warn(clause, format, args...)
	c.leave()
}

func (c *checker) add(to []Problem, severity Severity, clause, format string, args []any) []Problem {
	if len(to) >= MaxProblems {
		return to
	}
	return append(to, Problem{Path: c.here(), Clause: "STIX 2.1, " + clause, Message: fmt.Sprintf(format, args...), Severity: severity})
}

// shownBytes is how much a message or path repeats of one thing in the input.
const shownBytes = 80

// shorten cuts a text to shownBytes, between two characters.
func shorten(s string) string {
	if len(s) <= shownBytes {
		return s
	}
	i := shownBytes
	for i > shownBytes-utf8.UTFMax && !utf8.RuneStart(s[i]) {
		i--
	}
	return s[:i] + "..."
}

// shown is a value as a message repeats it.
func shown(v Value) string {
	switch v.Kind() {
	case List:
		return "a list"
	case Object:
		return "an object"
	case Missing:
		return "missing"
	default:
		raw := v.Raw()
		return shorten(string(raw[:min(len(raw), shownBytes+1)]))
	}
}

// check looks at one value and tells the checker what is wrong with it.
type check func(*checker, Value)

// property is a line of the standard's tables of properties.
type property struct {
	name     string
	check    check
	required bool
	clause   string // "" is the shape's
	unused   bool   // a common property that is not for objects of this type (3.2)
}

// must is a required property, may an optional one.
func must(name string, is check) property { return property{name: name, check: is, required: true} }
func may(name string, is check) property  { return property{name: name, check: is} }

// rule is what ties properties to each other.
type rule func(*checker, members)

// members is an object with the properties that it was found to have.
type members struct {
	Value
	shape *shape
	seen  uint64 // a bit for each of shape.properties
}

// has reports whether the object has a property of its shape.
func (m members) has(name string) bool {
	i, ok := m.shape.index[name]
	return ok && m.seen&(1<<i) != 0
}

// shape is a table of properties: of a type of objects, of a predefined extension,
// or of a type that properties have.
type shape struct {
	name       string // such as "indicator"
	clause     string // such as "4.7.1"
	article    string // "an indicator", for messages
	properties []property
	rules      []rule
	index      map[string]int
	required   uint64 // bits of properties
	common     int    // so many of properties are the common ones
	open       bool   // other properties are the type's own: nothing is known of it
}

// newShape makes the table ready. It has at most 64 properties.
func newShape(name, clause string, common, own []property, rules ...rule) *shape {
	s := &shape{name: name, clause: clause, common: len(common), rules: rules}
	s.article = "a " + name
	if strings.Contains("aeiox", name[:1]) {
		s.article = "an " + name
	}
	s.properties = append(append(s.properties, common...), own...)
	s.index = make(map[string]int, len(s.properties))
	for i, p := range s.properties {
		if p.clause == "" {
			s.properties[i].clause = clause
		}
		if p.required {
			s.required |= 1 << i
		}
		s.index[p.name] = i
	}
	return s
}

// members checks an object against a shape. unknown is told of the properties that
// the shape does not have.
func (c *checker) members(v Value, s *shape, unknown func(name string, member Value)) {
	outer := c.clause
	m := members{Value: v, shape: s}
	for name, member := range v.Members() {
		i, ok := s.index[name]
		if !ok {
			unknown(name, member)
			continue
		}
		m.seen |= 1 << i
		p := &s.properties[i]
		c.clause = p.clause
		c.enter(name)
		before := len(c.errors)
		p.check(c, member)
		if p.unused && len(c.errors) == before {
			c.warn(p.clause, "is not used by %s", s.article)
		}
		c.leave()
	}
	for missing := s.required &^ m.seen; missing != 0; missing &= missing - 1 {
		p := &s.properties[bits.TrailingZeros64(missing)]
		if p.name != "spec_version" { // specVersion says more about it
			c.failAt(p.name, p.clause, "is missing: it is required in %s", s.article)
		}
	}
	for _, rule := range s.rules {
		rule(c, m)
	}
	c.clause = outer
}

// isA is the check of a value that has a table of properties itself.
func isA(s *shape) check {
	return func(c *checker, v Value) {
		if v.Kind() != Object {
			c.fail(s.clause, "must be an object, and is %s", shown(v))
			return
		}
		c.members(v, s, func(name string, _ Value) {
			c.warnAt(name, s.clause, "is no property of %s", s.article)
		})
	}
}
