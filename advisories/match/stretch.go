package match

import (
	"slices"
	"strings"
)

// stretch is where a component lies to the versions from each first affected one
// to the last one of its branch, nil where the fault names none. Of several that
// begin or end nowhere, only what all agree on is certain.
func (s *said) stretch() *standing {
	if len(s.firsts)+len(s.lasts) == 0 {
		return nil
	}
	it := *append(slices.Clone(s.firsts), s.lasts...)[0]
	it.rank, it.text = span, stretchText(s.firsts, s.lasts)
	if len(s.lasts) == 0 {
		it.rank = allVersions // until one that mends it
	}
	if it.version == "" {
		it.where, it.reason = unclear, reasonUnknown
		return &it
	}
	from, ok := ordered(s.firsts, it.version)
	to, ok2 := ordered(s.lasts, it.version)
	if !ok || !ok2 {
		it.where, it.reason = unclear, reasonIncomparable
		return &it
	}
	it.where, it.reason = outside, reasonInRange
	switch {
	case len(to) == 0 && from[0] >= 0, // at or behind the earliest
		len(from) == 0 && to[0] <= 0, // at or before them all
		slices.Contains(from, 0), slices.Contains(to, 0):
		it.where = inside
	case len(to) == 0 || len(from) == 0:
		if len(from) == 0 && to[len(to)-1] <= 0 { // between the last ones of several branches
			it.where, it.reason = unclear, reasonBetween
		}
	default:
		it.where = s.among(it.version)
	}
	if it.where == inside {
		it.keepDoubt(s)
	}
	return &it
}

// keepDoubt takes over what makes the parts of the stretch doubtful.
func (it *standing) keepDoubt(s *said) {
	for _, part := range append(slices.Clone(s.firsts), s.lasts...) {
		if part.where == unclear && part.reason != reasonUnknown && part.reason != reasonIncomparable {
			it.where, it.reason = unclear, part.reason
		}
		if part.where == inside && part.reason == reasonBackport {
			it.reason = reasonBackport
		}
	}
}

// ordered compares a version with each of these, from the lowest of them to the
// highest: the results fall.
func ordered(all []*standing, version string) ([]int, bool) {
	orders := make([]int, 0, len(all))
	for _, s := range all {
		order, ok := s.product.versions.order(version)
		if !ok {
			return nil, false
		}
		orders = append(orders, order)
	}
	slices.SortFunc(orders, func(a, b int) int { return b - a })
	return orders, true
}

// among reports whether a version that is none of the bounds lies behind more
// beginnings than ends: versions of different branches do not overlap.
func (s *said) among(version string) where {
	begun, ended := 0, 0
	for _, f := range s.firsts {
		if order, _ := f.product.versions.order(version); order > 0 {
			begun++
		}
	}
	for _, l := range s.lasts {
		if order, _ := l.product.versions.order(version); order > 0 {
			ended++
		}
	}
	if begun > ended {
		return inside
	}
	return outside
}

func stretchText(firsts, lasts []*standing) string {
	var parts []string
	for _, f := range firsts[:min(len(firsts), maxSaid)] {
		parts = append(parts, ">= "+f.said())
	}
	for _, l := range lasts[:min(len(lasts), maxSaid)] {
		parts = append(parts, "<= "+l.said())
	}
	return strings.Join(parts, ", ")
}
