package stix

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says whether a Problem breaks the standard.
type Severity string

// The severities. An error breaks what STIX 2.1 says MUST be, a warning what it
// says SHOULD be, or is likely a slip.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Bounds of what one call reports.
const (
	// MaxProblems is how many problems Validate tells of an object.
	MaxProblems = 100
	// MaxBundleProblems is how many ValidateBundle tells of a bundle, of each
	// severity.
	MaxBundleProblems = 10_000
)

// Problem is one thing that is wrong with an object.
type Problem struct {
	// Path is where: "external_references[0].url". "" is the object itself.
	Path string
	// Clause is the part of the standard that says otherwise: "STIX 2.1, 4.7.1".
	// The numbers are those of the OASIS Standard of 10 June 2021.
	Clause string
	// Message says what is wrong and what would be right. With the path before it
	// it is a sentence.
	Message  string
	Severity Severity
}

// String is one line, such as
//
//	modified must not be earlier than created (STIX 2.1, 3.2)
func (p Problem) String() string {
	if p.Path == "" {
		return fmt.Sprintf("%s (%s)", p.Message, p.Clause)
	}
	return fmt.Sprintf("%s %s (%s)", p.Path, p.Message, p.Clause)
}

// HasErrors reports whether one of the problems is an error: the object is not to
// be accepted.
func HasErrors(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return p.Severity == SeverityError })
}

// Validate checks one STIX object: a domain, relationship, cyber-observable or
// meta object of STIX 2.1, or one of a type that the standard does not know, of
// which only the common rules are asked. It returns at most MaxProblems, errors
// first, each severity by path; none for an object that is right.
//
// What an object refers to is not looked up: a reference is judged by the type in
// its identifier. Where the standard contradicts itself or is printed wrong, the
// reading that refuses less is taken.
func Validate(v Value) []Problem {
	c := newChecker()
	c.object(v)
	return c.problems()
}

// ValidateBundle checks a bundle (STIX 2.1, 8) and each of its objects, whose
// paths begin with objects[3]. Of each object it returns what Validate does, and
// in all at most MaxBundleProblems of each severity: errors first, each severity
// in the order of the objects.
func ValidateBundle(v Value) []Problem {
	c := newChecker()
	c.bundle(v)
	all := c.problems()
	errs, warnings := split(all)
	i := 0
	for element := range v.Get("objects").Elements() {
		c := newChecker()
		c.enter("objects")
		c.enterIndex(i)
		c.object(element)
		e, w := split(c.problems())
		errs = append(errs, e[:min(len(e), MaxBundleProblems-min(len(errs), MaxBundleProblems))]...)
		warnings = append(warnings, w[:min(len(w), MaxBundleProblems-min(len(warnings), MaxBundleProblems))]...)
		i++
	}
	return append(errs, warnings...)
}

// split parts problems that are sorted by severity. The parts have no room to grow
// into each other.
func split(problems []Problem) (errs, warnings []Problem) {
	i := slices.IndexFunc(problems, func(p Problem) bool { return p.Severity == SeverityWarning })
	if i < 0 {
		i = len(problems)
	}
	return problems[:i:i], problems[i:]
}

// problems are what was found, in order.
func (c *checker) problems() []Problem {
	byPath := func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Clause, b.Clause), cmp.Compare(a.Message, b.Message))
	}
	slices.SortFunc(c.errors, byPath)
	slices.SortFunc(c.warnings, byPath)
	all := append(c.errors, c.warnings...)
	return all[:min(len(all), MaxProblems)]
}
