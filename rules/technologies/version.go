package technologies

import (
	"cmp"
	"strings"
)

// Compare orders two versions as their makers do: number by number at the dots,
// a letter behind a number later than none (OpenSSL's 1.0.2 < 1.0.2a), a name
// behind a hyphen earlier (2.0-rc1 < 2.0) unless it is a patch (2.4.7 <
// 2.4.7-p1). 1.2 and 1.2.0 are the same.
func Compare(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a = nextPart(a)
		y, b = nextPart(b)
		if c := comparePart(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// nextPart cuts off what stands before the next dot, or before the hyphen of a
// suffix, which it keeps.
func nextPart(s string) (part, rest string) {
	for i := range len(s) {
		switch {
		case s[i] == '.':
			return s[:i], s[i+1:]
		case s[i] == '-' && i > 0:
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func comparePart(a, b string) int {
	na, ta := splitNumber(a)
	nb, tb := splitNumber(b)
	if c := compareNumber(na, nb); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(rank(ta), rank(tb)), compareSuffix(ta, tb))
}

// rank: a release candidate comes before the release, a patch after it.
func rank(suffix string) int {
	switch {
	case suffix == "":
		return 0
	case strings.HasPrefix(suffix, "-p") && !strings.HasPrefix(suffix, "-pre"):
		return 1
	case strings.HasPrefix(suffix, "-"):
		return -1
	}
	return 1
}

// compareSuffix compares "-p9" and "-p10" by their numbers.
func compareSuffix(a, b string) int {
	wordA, numA := splitWord(a)
	wordB, numB := splitWord(b)
	return cmp.Or(strings.Compare(wordA, wordB), compareNumber(numA, numB), strings.Compare(a, b))
}

func splitWord(s string) (word, number string) {
	i := strings.IndexAny(s, "0123456789")
	if i < 0 {
		return s, ""
	}
	number, _ = splitNumber(s[i:])
	return s[:i], number
}

func splitNumber(s string) (number, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

// compareNumber compares digits of any length.
func compareNumber(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// Within tells whether a version belongs to a release cycle: 5.6.40 to "5.6"
// and to "5", 1.0.2k to "1.0.2"; 5.60 not to "5.6".
func Within(version, cycle string) bool {
	rest, ok := strings.CutPrefix(version, cycle)
	return ok && (rest == "" || rest[0] < '0' || rest[0] > '9')
}
