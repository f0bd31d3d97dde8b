package advisories

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// maxProblems is how many problems of one advisory lint tells.
const maxProblems = 500

// Lint checks everything about an advisory that a program can, as a careful
// editor would. LintRules lists what it knows. Errors are in the way of
// publication, warnings are not. Problems are sorted by path, at most 500. That it
// looks at the clock is for dates alone: LintAt is told the time.
func Lint(a Advisory) []Problem { return LintAt(a, time.Now()) }

// LintAt is Lint at a time.
func LintAt(a Advisory, now time.Time) []Problem {
	l := &linter{a: &a, now: now, warning: map[string]bool{}, products: map[string]*Product{}}
	for _, rule := range LintRules() {
		l.warning[rule.ID] = rule.Warning
	}
	for i := range a.Products {
		if _, twice := l.products[a.Products[i].ID]; !twice {
			l.products[a.Products[i].ID] = &a.Products[i]
		}
	}
	l.walk(reflect.ValueOf(a), "", "")
	l.extent()
	checks := []func(){
		l.recipients, l.content, l.lists, l.references, l.productList, l.relations, l.vulnerabilities,
		l.remedies, l.exploitation, l.indicators, l.techniques, l.acknowledgements, l.supersedes,
	}
	if l.tooLong {
		checks = nil // their work grows with the lists
	}
	for _, check := range checks {
		check()
	}
	// Errors first, so that none is lost to warnings.
	problems := append(l.errors, l.warnings...)
	problems = problems[:min(len(problems), maxProblems)]
	slices.SortStableFunc(problems, func(x, y Problem) int {
		return cmp.Or(byPath(x.Path, y.Path), strings.Compare(x.Rule, y.Rule))
	})
	return problems
}

// byPath orders paths so that [2] comes before [10].
func byPath(a, b string) int {
	for a != "" && b != "" {
		x, restA, _ := strings.Cut(a, "[")
		y, restB, _ := strings.Cut(b, "[")
		if x != y {
			return strings.Compare(x, y)
		}
		i, nextA, _ := strings.Cut(restA, "]")
		j, nextB, _ := strings.Cut(restB, "]")
		if i != j {
			return cmp.Or(len(i)-len(j), strings.Compare(i, j))
		}
		a, b = nextA, nextB
	}
	return len(a) - len(b)
}

// linter is one run over one advisory.
type linter struct {
	a        *Advisory
	now      time.Time
	warning  map[string]bool     // by rule
	products map[string]*Product // by id, the first of each
	tooLong  bool                // a list is
	errors   []Problem           // up to maxProblems, and so are the
	warnings []Problem
}

// full says that enough is wrong: no remedies need be thought of any more.
func (l *linter) full() bool { return len(l.errors) >= maxProblems }

// problem notes one. The message begins with the path's value or field, and both
// texts are whole sentences.
func (l *linter) problem(rule, path, message, remedy string) {
	list := &l.errors
	if l.warning[rule] {
		list = &l.warnings
	}
	if len(*list) < maxProblems {
		*list = append(*list, Problem{Rule: rule, Path: path, Warning: l.warning[rule], Message: message, Remedy: remedy})
	}
}

// walk visits every value once, for what concerns values of a type wherever they
// are. field is the name by which a vocabulary may be known.
func (l *linter) walk(v reflect.Value, path, field string) {
	switch x := v.Interface().(type) {
	case time.Time:
		return
	case Texts:
		l.texts(x, path, field)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			l.walk(v.Elem(), path, field)
		}
	case reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			value := v.Field(f.index)
			if value.Kind() == reflect.String && value.Len() == 0 {
				if f.required {
					l.problem("value.missing", join(path, f.name), fmt.Sprintf("%s says nothing.", join(path, f.name)), missingRemedy(f.full, value.Type()))
				}
				continue
			}
			l.walk(value, join(path, f.name), f.full)
		}
	case reflect.Slice:
		if most := mostOf(field); v.Len() > most {
			l.tooLong = true
			l.problem("list.length", path, fmt.Sprintf("%s has %d items.", path, v.Len()), fmt.Sprintf("It may have %d: make more than one advisory of it.", most))
		}
		for i := range min(v.Len(), mostOf(field)) {
			l.walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i), field)
		}
	case reflect.Map: // products by status
		words := vocabulary("", v.Type().Key())
		for _, key := range orderedKeys(v) {
			if !slices.Contains(words, key.String()) {
				l.problem("value.unknown", path, fmt.Sprintf("%s has %.40q.", path, key.String()), choose(key.String(), words))
				continue
			}
			l.walk(v.MapIndex(key), join(path, key.String()), "Vulnerability.Products.*")
		}
	case reflect.String:
		l.word(v.String(), path, field, v.Type())
	}
}

func missingRemedy(field string, t reflect.Type) string {
	if words := vocabulary(field, t); words != nil {
		return "Write one of " + strings.Join(words, ", ") + "."
	}
	return "Fill it in."
}

// mostOf is how many items a list may have.
func mostOf(field string) int {
	switch field {
	case "Advisory.Products", "Vulnerability.Products.*", "Score.Products", "Remedy.Products", "Flag.Products", "Threat.Products", "Advisory.Indicators":
		return 5000
	case "Advisory.Vulnerabilities", "Advisory.Remedies", "Remedy.Vulnerabilities":
		return 1000
	case "Advisory.Organisations", "Advisory.People":
		return 500
	case "Advisory.Tags", "Vulnerability.CWE", "Vulnerability.CVSS":
		return 30
	}
	return 200
}

// maxStated is how often an advisory may say of a product how a vulnerability
// stands to it, or what helps: what says nothing of products says it of all.
const maxStated = 300_000

// extent holds against that what the advisory says.
func (l *linter) extent() {
	if l.tooLong {
		return
	}
	known := make([]int, len(l.a.Vulnerabilities)) // products of each vulnerability
	stated := 0
	for i := range l.a.Vulnerabilities {
		for _, ids := range l.a.Vulnerabilities[i].Products {
			known[i] += len(ids)
		}
		if known[i] == 0 {
			known[i] = max(1, len(l.a.Products))
		}
		stated += known[i]
	}
	for i := range l.a.Remedies {
		r := &l.a.Remedies[i]
		for j := range known {
			switch v := &l.a.Vulnerabilities[j]; {
			case stated > maxStated || len(r.Vulnerabilities) > 0 && !slices.ContainsFunc(r.Vulnerabilities, v.named):
			case len(r.Products) > 0:
				stated += min(len(r.Products), known[j])
			default:
				stated += known[j]
			}
		}
	}
	if stated > maxStated {
		l.tooLong = true
		l.problem("list.length", "vulnerabilities", "Each vulnerability with each of its products, and each remedy for them, make more than can be dealt with.",
			fmt.Sprintf("Name for each vulnerability the products that it concerns, %d in all with those of remedies, or make more than one advisory of it.", maxStated))
	}
}

// word checks a string that is no text in a language.
func (l *linter) word(s, path, field string, t reflect.Type) {
	l.characters(s, path, "")
	l.placeholder(s, path)
	if words := vocabulary(field, t); words != nil && !slices.Contains(words, s) {
		l.problem("value.unknown", path, fmt.Sprintf("%s is %.40q.", path, s), choose(s, words))
	}
	if most := longest(field); len(s) > most {
		l.problem("text.length", path, fmt.Sprintf("%s has %d bytes.", path, len(s)), fmt.Sprintf("It may have %d.", most))
	}
}

// longest is how many bytes a string may have that is no text in a language.
func longest(field string) int {
	switch field {
	case "Indicator.Pattern", "Product.Versions":
		return 16 << 10
	case "Reference.URL", "Remedy.URL", "Acknowledgement.URLs", "Product.CPE", "Product.PURL":
		return 2000
	}
	return 300
}

// repeated tells of items that a list has more than once.
func (l *linter) repeated(items []string, path string) {
	seen := map[string]bool{}
	for i, item := range items {
		if seen[item] {
			l.problem("list.duplicate", fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("%.60q is in the list twice.", item), "Keep one of them.")
		}
		seen[item] = true
	}
}
