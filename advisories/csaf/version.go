package csaf

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// version is a version of a document (3.1.11): an integer, which is major, or a
// semantic version.
type version struct {
	semantic            bool
	major, minor, patch string // digits without leading zeros
	pre                 string // without its "-"
}

// versionForm is the pattern of clause 3.1.11, with its parts.
var versionForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)` +
		`(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?` +
		`(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?)?$`)
})

// readVersion reads a version; false: it is none.
func readVersion(s string) (version, bool) {
	m := versionForm().FindStringSubmatch(s)
	if m == nil {
		return version{}, false
	}
	return version{semantic: m[2] != "", major: m[1], minor: m[2], patch: m[3], pre: m[4]}, true
}

// compare orders versions by precedence (Semantic Versioning 2.0.0, 11). An
// integer counts as that major version.
func (v version) compare(w version) int {
	if c := cmp.Or(compareDigits(v.major, w.major), compareDigits(v.minor, w.minor), compareDigits(v.patch, w.patch)); c != 0 {
		return c
	}
	switch {
	case v.pre == w.pre:
		return 0
	case v.pre == "":
		return 1
	case w.pre == "":
		return -1
	}
	a, b := strings.Split(v.pre, "."), strings.Split(w.pre, ".")
	for i := range min(len(a), len(b)) {
		an, bn := isDigits(a[i]), isDigits(b[i])
		var c int
		switch {
		case an && bn:
			c = compareDigits(a[i], b[i])
		case an:
			c = -1
		case bn:
			c = 1
		default:
			c = strings.Compare(a[i], b[i])
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// unfinished reports whether the version is that of a draft: 0, or 0.y.z.
func (v version) unfinished() bool { return v.major == "0" }

// number is the major version, or the largest number there is where it is larger.
func (v version) number() uint64 {
	n, _ := strconv.ParseUint(v.major, 10, 64)
	return n
}

// compareDigits compares numbers of any length; "" is 0.
func compareDigits(a, b string) int {
	a, b = cmp.Or(a, "0"), cmp.Or(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }
