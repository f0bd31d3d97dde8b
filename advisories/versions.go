package advisories

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// Range is a range of versions by the VERS specification
// (https://github.com/package-url/vers-spec), as Product.Versions has it.
type Range struct {
	Scheme string // of versions, lower case: "deb", "npm", "generic"
	// Constraints are at least one, in the order of their versions; "*" stands alone.
	Constraints []Constraint
}

// Constraint is one part of a range.
type Constraint struct {
	Op      string // "=", "!=", "<", "<=", ">", ">=", or "*" without a version
	Version string
}

// Bounds of a range: longer ones are refused.
const (
	maxRange       = 16 << 10 // bytes
	maxConstraints = 500
	maxVersion     = 200 // bytes; comparing takes time that grows with its square
)

// ParseRange reads "vers:scheme/constraint|constraint". It is strict where VERS
// says MUST and an author's slip would change the meaning: versions come in their
// order, each once, and no bound makes the one beside it idle (">=2|>=3"). An
// order is asked for only where CompareVersions knows it.
func ParseRange(text string) (Range, error) {
	if len(text) > maxRange {
		return Range{}, fmt.Errorf("version range: longer than %d bytes", maxRange)
	}
	rest, ok := strings.CutPrefix(text, "vers:")
	scheme, list, slash := strings.Cut(rest, "/")
	if !ok || !slash || !isScheme(scheme) {
		return Range{}, errors.New(`version range: it begins with "vers:", a scheme in lower case and "/", such as "vers:generic/"`)
	}
	if strings.Count(list, "|") >= maxConstraints {
		return Range{}, fmt.Errorf("version range: more than %d constraints", maxConstraints)
	}
	r := Range{Scheme: scheme}
	for part := range strings.SplitSeq(list, "|") {
		c, err := parseConstraint(part)
		if err != nil {
			return Range{}, fmt.Errorf("version range: %w", err)
		}
		r.Constraints = append(r.Constraints, c)
	}
	if err := r.check(); err != nil {
		return Range{}, fmt.Errorf("version range: %w", err)
	}
	return r, nil
}

func isScheme(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-+") == ""
}

func parseConstraint(part string) (Constraint, error) {
	if part == "*" {
		return Constraint{Op: "*"}, nil
	}
	c := Constraint{Op: "="}
	for _, op := range []string{">=", "<=", "!=", ">", "<", "="} {
		if rest, found := strings.CutPrefix(part, op); found {
			c.Op, part = op, rest
			break
		}
	}
	version, err := url.PathUnescape(part)
	switch {
	case err != nil:
		return c, fmt.Errorf("%.60q has a %% without two hexadecimal digits", part)
	case version == "":
		return c, errors.New("a constraint has no version")
	case len(version) > maxVersion:
		return c, fmt.Errorf("a version is longer than %d bytes", maxVersion)
	case strings.ContainsAny(part, " \t<>=!*|,/"): // VERS wants these as %20 and so on
		return c, fmt.Errorf("%.60q has a character that is written with %% and two digits here", part)
	}
	c.Version = version
	return c, nil
}

func (r *Range) check() error {
	var bound Constraint // the last one that is not "=" or "!="
	for i, c := range r.Constraints {
		if c.Op == "*" && len(r.Constraints) > 1 {
			return errors.New(`"*" stands alone`)
		}
		if i > 0 {
			before := r.Constraints[i-1].Version
			switch order, ok := CompareVersions(r.Scheme, before, c.Version); {
			case before == c.Version || ok && order == 0:
				return fmt.Errorf("%.60s is there twice", c.Version)
			case ok && order > 0:
				return fmt.Errorf("%.60s comes after %.60s, and is the lower one: versions are given in their order, so this may be a contradiction", c.Version, before)
			}
		}
		if c.Op == "=" || c.Op == "!=" {
			continue
		}
		if bound.Op != "" && bound.Op[0] == c.Op[0] {
			return fmt.Errorf("of %s%.60s and %s%.60s one has no effect", bound.Op, bound.Version, c.Op, c.Version)
		}
		bound = c
	}
	return nil
}

// Contains reports whether a version is in the range. It is not known where the
// scheme does not say how the versions are ordered.
func (r *Range) Contains(version string) (in, known bool) {
	known = true
	var few [4]Constraint // most ranges need no memory
	bounds := few[:0]
	excluded := 0
	for _, c := range r.Constraints {
		if c.Op == "*" {
			return true, true
		}
		order, ok := CompareVersions(r.Scheme, version, c.Version)
		equal := version == c.Version || ok && order == 0
		switch {
		case equal:
			return c.Op == "=" || c.Op == "<=" || c.Op == ">=", true
		case !ok:
			known = false
		}
		switch c.Op {
		case "!=":
			excluded++
		case "=":
		default:
			bounds = append(bounds, c)
		}
	}
	if !known {
		return false, false
	}
	if len(bounds) == 0 {
		return excluded == len(r.Constraints), true // nothing but exceptions: all others
	}
	return r.between(version, bounds), true
}

// between reports whether a version that is none of the bounds lies in one of the
// stretches that they make (VERS, "checking if a version is contained").
func (r *Range) between(version string, bounds []Constraint) bool {
	below := func(c Constraint) bool { order, _ := CompareVersions(r.Scheme, version, c.Version); return order < 0 }
	if first := bounds[0]; first.Op[0] == '<' && below(first) {
		return true
	}
	for i, c := range bounds {
		if c.Op[0] != '>' || below(c) {
			continue
		}
		if i+1 == len(bounds) || below(bounds[i+1]) {
			return true
		}
	}
	return false
}

// CompareVersions orders two versions by the rules of a scheme of VERS (the types
// of package URLs, and "generic"): negative where a is the lower one. It is not ok
// where the scheme is unknown or does not order these.
func CompareVersions(scheme, a, b string) (order int, ok bool) {
	if len(a) > maxVersion || len(b) > maxVersion || a == "" || b == "" {
		return 0, false
	}
	ecosystem := ecosystemOf(scheme)
	generic := scheme == "generic" || scheme == "github" || scheme == "intdot"
	if !generic && ecosystem == "" {
		return 0, false
	}
	if generic {
		a, b = bare(a), bare(b)
	}
	if order, ok := plainOrder(a, b); ok {
		return order, true
	}
	if generic {
		return compareGeneric(a, b)
	}
	return compareIn(ecosystem, a, b)
}

// compareIn orders two versions by the rules of one of OSV's ecosystems.
func compareIn(ecosystem, a, b string) (order int, ok bool) {
	x, err := semantic.Parse(a, ecosystem)
	if err != nil {
		return 0, false
	}
	order, err = x.CompareStr(b)
	return order, err == nil
}

// ecosystemOf is OSV's name for the ordering of a scheme, "" where it has none.
func ecosystemOf(scheme string) string {
	switch scheme {
	case "deb":
		return "Debian"
	case "rpm":
		return "Red Hat"
	case "apk", "alpine":
		return "Alpine"
	case "npm", "semver":
		return "npm"
	case "pypi":
		return "PyPI"
	case "maven":
		return "Maven"
	case "gem":
		return "RubyGems"
	case "nuget":
		return "NuGet"
	case "composer":
		return "Packagist"
	case "cargo":
		return "crates.io"
	case "golang", "go":
		return "Go"
	case "hex":
		return "Hex"
	case "pub":
		return "Pub"
	case "cran":
		return "CRAN"
	case "conan":
		return "ConanCenter"
	case "swift":
		return "SwiftURL"
	case "hackage":
		return "Hackage"
	}
	return ""
}
