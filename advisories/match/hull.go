package match

import (
	"math"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// hull is a stretch of versions that has all of a range in it: a version that it
// excludes is not in the range. The zero value excludes nothing.
type hull struct{ low, high uint64 }

func (h hull) excludes(version uint64) bool {
	return h.high != 0 && (version < h.low || version > h.high)
}

// pack is a version of up to three numbers in one: of two that differ, all schemes
// that CompareVersions knows order the versions so. It is not ok for others.
func pack(version string) (packed uint64, ok bool) {
	parts, number, any := 1, uint64(0), false
	for i := range len(version) {
		switch c := version[i]; {
		case c >= '0' && c <= '9':
			if any && number == 0 { // 01
				return 0, false
			}
			number, any = number*10+uint64(c-'0'), true
			if number >= 1<<21 {
				return 0, false
			}
		case c == '.' && any && parts < 3:
			packed, number, any = packed<<21|number, 0, false
			parts++
		default:
			return 0, false
		}
	}
	packed = packed<<21 | number
	return packed << (21 * (3 - parts)), any
}

// hull is the zero value where the versions cannot be packed, or have no bounds.
func (v *versions) hull() hull {
	switch v.kind {
	case single:
		at, ok := pack(v.one)
		if _, ordered := advisories.CompareVersions(v.scheme, "1", "2"); !ok || !ordered || at == 0 {
			return hull{}
		}
		return hull{at, at}
	case span:
		return hullOf(v.span)
	}
	return hull{}
}

func hullOf(r *advisories.Range) hull {
	if _, ok := advisories.CompareVersions(r.Scheme, "1", "2"); !ok {
		return hull{}
	}
	h := hull{high: math.MaxUint64}
	first, last := r.Constraints[0], r.Constraints[len(r.Constraints)-1]
	if strings.HasPrefix(first.Op, ">") || first.Op == "=" {
		low, ok := pack(first.Version)
		if !ok {
			return hull{}
		}
		h.low = low
	}
	if strings.HasPrefix(last.Op, "<") || last.Op == "=" {
		high, ok := pack(last.Version)
		if !ok || high == 0 {
			return hull{}
		}
		h.high = high
	}
	for _, c := range r.Constraints {
		if c.Op == "!=" || c.Op == "*" { // may stand for all others
			return hull{}
		}
	}
	return h
}
