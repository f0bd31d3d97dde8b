package advisories

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	goversion "github.com/hashicorp/go-version"
)

// bare is a version without the "V" that some makers put in front.
func bare(s string) string {
	if len(s) > 1 && (s[0] == 'v' || s[0] == 'V') && s[1] >= '0' && s[1] <= '9' {
		return s[1:]
	}
	return s
}

// plainOrder compares versions that are numbers with dots between them, where a
// number that both have decides: all schemes agree there on the versions that they have,
// and most comparisons are such. It takes no memory.
func plainOrder(a, b string) (order int, ok bool) {
	i, j := 0, 0
	for {
		x, y := digits(a[i:]), digits(b[j:])
		if x == 0 || y == 0 || a[i] == '0' && x > 1 || b[j] == '0' && y > 1 {
			return 0, false
		}
		if order == 0 {
			order = cmp.Or(cmp.Compare(x, y), strings.Compare(a[i:i+x], b[j:j+y]))
		}
		i, j = i+x, j+y
		switch {
		case order != 0: // what follows must be plain too
			return order, plain(a[i:]) && plain(b[j:])
		case i == len(a) && j == len(b):
			return 0, true
		case i == len(a) || j == len(b) || a[i] != '.' || b[j] != '.':
			return 0, false
		}
		i, j = i+1, j+1
	}
}

// digits is how many digits a text begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// plain reports whether a text is the rest of a version of numbers and dots.
func plain(s string) bool {
	for s != "" {
		if s[0] != '.' {
			return false
		}
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	return true
}

// compareGeneric orders versions of which no scheme is known, as most makers do:
// by their numbers, and where those are equal by what follows: 2.0-rc1 < 2.0,
// 1.0.2 < 1.0.2k, 2.4.7 < 2.4.7-p1. It is not ok where makers differ: 1.18.0-6 is
// a later build of 1.18.0 for some, and a preview of it for others.
func compareGeneric(a, b string) (order int, ok bool) {
	x, err := goversion.NewVersion(a)
	if err != nil {
		return 0, false
	}
	y, err := goversion.NewVersion(b)
	if err != nil {
		return 0, false
	}
	if order := compareSegments(x.Segments64(), y.Segments64()); order != 0 {
		return order, true
	}
	s, t := readSuffix(x.Prerelease()), readSuffix(y.Prerelease())
	switch {
	case s.text == t.text:
		return 0, true
	case s.kind == unclear || t.kind == unclear, s.kind == build && t.kind != build, t.kind == build && s.kind != build:
		return 0, false
	case s.kind != t.kind:
		return cmp.Compare(s.kind, t.kind), s.kind < patch || t.kind < patch
	}
	if s.kind == letter {
		return cmp.Or(cmp.Compare(len(s.word), len(t.word)), strings.Compare(s.word, t.word)), true
	}
	return compareNumbers(s.numbers, t.numbers), s.word == t.word || s.kind < patch
}

// compareSegments compares the numbers; one that is missing is zero. (Version.Core
// knows the first three alone.)
func compareSegments(a, b []int64) int {
	for i := range max(len(a), len(b)) {
		var x, y int64
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if order := cmp.Compare(x, y); order != 0 {
			return order
		}
	}
	return 0
}

// suffix is what stands behind the numbers of a version.
type suffix struct {
	text, word string
	numbers    []string
	kind       suffixKind
}

type suffixKind int

// The kinds, in the order of versions.
const (
	snapshot suffixKind = iota
	alpha
	beta
	milestone
	preview
	candidate
	release
	patch   // "p1", "sp2", "u292"
	letter  // "k" of OpenSSL's 1.0.2k
	build   // numbers alone
	unclear // anything else
)

var suffixForm = regexp.MustCompile(`^[-~._]*([a-z]*)[-~._]*([0-9]+(?:[-._][0-9]+)*)?$`)

func readSuffix(text string) suffix {
	s := suffix{text: strings.ToLower(text), kind: unclear}
	parts := suffixForm.FindStringSubmatch(s.text)
	if parts == nil {
		return s
	}
	s.word = parts[1]
	if parts[2] != "" {
		s.numbers = strings.FieldsFunc(parts[2], func(r rune) bool { return r < '0' })
	}
	numbered := len(s.numbers) > 0
	switch s.word {
	case "":
		s.kind = release
		if numbered {
			s.kind = build
		}
	case "dev", "snapshot", "nightly", "canary":
		s.kind = snapshot
	case "alpha":
		s.kind = alpha
	case "beta":
		s.kind = beta
	case "milestone":
		s.kind = milestone
	case "pre", "preview":
		s.kind = preview
	case "rc", "cr":
		s.kind = candidate
	case "final", "ga", "release":
		s.kind = release
	case "patch", "pl", "sp", "hf", "hotfix", "update", "cu":
		s.kind = patch
	default:
		s.kind = s.short(numbered)
	}
	return s
}

// short are suffixes of one or two letters: with a number "b2" is a beta version
// and "p1" a patch, without one it is a letter of the alphabet.
func (s *suffix) short(numbered bool) suffixKind {
	switch {
	case len(s.word) > 2:
		return unclear
	case !numbered:
		return letter
	}
	switch s.word {
	case "a":
		return alpha
	case "b":
		return beta
	case "m":
		return milestone
	case "c":
		return candidate
	case "p", "u":
		return patch
	}
	return unclear
}

// compareNumbers compares numbers of any length, one after the other.
func compareNumbers(a, b []string) int {
	return slices.CompareFunc(a, b, func(x, y string) int {
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
	})
}
