package stix

import (
	"slices"
	"strconv"
	"strings"
)

// Equal reports whether two values have the same content, however it is written:
// members in any order, strings unescaped, numbers by their value and without
// loss, so that 1, 1.0 and 10e-1 are one and 2^53 and 2^53+1 are two.
func Equal(a, b Value) bool {
	m, n := a.node(), b.node()
	if m == nil || n == nil {
		return m == n
	}
	if m.kind != n.kind || m.count != n.count {
		return false
	}
	switch m.kind {
	case Boolean:
		return a.IsTrue() == b.IsTrue()
	case Number:
		x, y := a.p.text[m.start:m.end], b.p.text[n.start:n.end]
		return x == y || parseDecimal(x) == parseDecimal(y)
	case String:
		return a.Text() == b.Text()
	case List:
		for i, j := a.index+1, b.index+1; i < m.next; i, j = a.p.nodes[i].next, b.p.nodes[j].next {
			if !Equal(Value{a.p, i, a.generation}, Value{b.p, j, b.generation}) {
				return false
			}
		}
	case Object:
		x, y := a.sorted(), b.sorted()
		for i := range x {
			if x[i].name != y[i].name || !Equal(x[i].value, y[i].value) {
				return false
			}
		}
	case Missing, Null:
	}
	return true
}

type member struct {
	name  string
	value Value
}

// sorted are an object's members by name, as bytes.
func (v Value) sorted() []member {
	members := make([]member, 0, v.Len())
	for name, value := range v.Members() {
		members = append(members, member{name, value})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return members
}

// decimal is a number as 0.digits * 10^exponent, in its only form: digits neither
// begin nor end with 0, and zero is the zero decimal.
type decimal struct {
	negative bool
	digits   string
	exponent int64
	huge     string // the whole text of a number whose exponent is no int64
}

// parseDecimal reads the text of a JSON number.
func parseDecimal(text string) decimal {
	rest, negative := strings.CutPrefix(text, "-")
	mantissa, power := rest, ""
	if at := strings.IndexAny(rest, "eE"); at >= 0 {
		mantissa, power = rest[:at], rest[at+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	point := len(whole) - (len(whole) + len(fraction) - len(digits))
	if digits = strings.TrimRight(digits, "0"); digits == "" {
		return decimal{}
	}
	d := decimal{negative: negative, digits: digits, exponent: int64(point)}
	if power != "" {
		exponent, err := strconv.ParseInt(power, 10, 62)
		if err != nil {
			return decimal{huge: text}
		}
		d.exponent += exponent
	}
	return d
}
