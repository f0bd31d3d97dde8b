package pattern

import (
	"cmp"
	"slices"
)

// Atom is one value that a pattern names: what a look-up by value finds it by.
// Text is as in the pattern: whoever builds an index folds the case of domain
// names and hashes, and normalises addresses.
type Atom struct {
	Type     string   // the object's type, such as "ipv4-addr"
	Property string   // the path from there, such as "value" or "hashes.'SHA-256'"
	Op       Operator // Equal, In (an atom for each value of the set), IsSubset or IsSuperset (the value is a CIDR block)
	Value    Literal
	// Negated is set for a value that must not be there: by NOT, by "!=", not by
	// both. A value found negated says nothing against whoever has it.
	Negated bool
	// Alone is set where this value, seen once at any time, meets the whole
	// pattern. It is not set for negated values, beside an AND or FOLLOWEDBY, under
	// START or a REPEATS above 1: a list that blocks by single values wants it.
	Alone bool
}

// Atoms are the values that the pattern compares with for equality, membership of
// a set or of a block of addresses, sorted and each once. The other operators name
// no whole value and give none.
func (p *Pattern) Atoms() []Atom {
	var out []Atom
	observationAtoms(p.Root, true, &out)
	slices.SortFunc(out, func(a, b Atom) int {
		return cmp.Or(compareAtoms(a, b), order(b.Alone, a.Alone))
	})
	return slices.CompactFunc(out, func(a, b Atom) bool { return compareAtoms(a, b) == 0 })
}

// compareAtoms orders by all but Alone.
func compareAtoms(a, b Atom) int {
	return cmp.Or(
		cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.Property, b.Property),
		cmp.Compare(a.Value.Kind, b.Value.Kind),
		cmp.Compare(a.Value.Text, b.Value.Text),
		cmp.Compare(a.Op, b.Op),
		order(a.Negated, b.Negated),
	)
}

// order is negative if only b is set.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func observationAtoms(o Observation, alone bool, out *[]Atom) {
	switch o := o.(type) {
	case *Bracket:
		comparisonAtoms(o.Test, alone, out)
	case *Joined:
		for _, t := range o.Terms {
			observationAtoms(t, alone && o.By == Or, out)
		}
	case *Qualified:
		for _, q := range o.Qualifiers {
			if q.Kind == StartStop || q.Kind == Repeats && q.Amount.Text != "1" {
				alone = false
			}
		}
		observationAtoms(o.Of, alone, out)
	}
}

func comparisonAtoms(c Comparison, alone bool, out *[]Atom) {
	switch c := c.(type) {
	case *Logic:
		for _, t := range c.Terms {
			comparisonAtoms(t, alone && c.By == Or, out)
		}
	case *Test:
		op, negated := c.Op, c.Not
		switch op {
		case NotEqual:
			op, negated = Equal, !negated
		case Equal, In, IsSubset, IsSuperset:
		default:
			return
		}
		property := c.Path.Property() // one for a whole set: both may be long
		for _, v := range c.Values {
			*out = append(*out, Atom{
				Type: c.Path.Type, Property: property,
				Op: op, Value: v, Negated: negated, Alone: alone && !negated,
			})
		}
	}
}
