package stix

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestExamplesOfEveryType holds that every type accepts all of its properties and
// the fewest.
func TestExamplesOfEveryType(t *testing.T) {
	full, minimal := examples()
	// What the full example cannot have beside the rest.
	excluded := wordSet("course-of-action.action artifact.url email-message.body observed-data.objects")
	for _, name := range slices.Sorted(maps.Keys(tables().types)) {
		t.Run(name, func(t *testing.T) {
			for _, p := range validate(t, object(t, name, minimal[name], false), false) {
				t.Errorf("minimal: %s", p)
			}
			doc := object(t, name, full[name], true)
			for _, p := range validate(t, doc, false) {
				t.Errorf("full: %s", p)
			}
			for _, p := range tables().types[name].properties {
				if _, ok := doc[p.name]; !ok && !p.unused && !excluded[name+"."+p.name] {
					t.Errorf("the full example has no %s", p.name)
				}
			}
		})
	}
	if len(full) != len(tables().types) || len(minimal) != len(full) {
		t.Errorf("%d full and %d minimal examples for %d types", len(full), len(minimal), len(tables().types))
	}
}

// TestEveryPropertyIsChecked holds for each property of each type that it is missed
// where it is required, that it is not null, and that lists and objects that are
// empty are refused.
func TestEveryPropertyIsChecked(t *testing.T) {
	full, _ := examples()
	for _, name := range slices.Sorted(maps.Keys(tables().types)) {
		for _, p := range tables().types[name].properties {
			t.Run(name+"."+p.name, func(t *testing.T) {
				doc := object(t, name, full[name], true)
				if p.name == "extensions" {
					delete(doc, "granular_markings")
				}
				was, ok := doc[p.name]
				doc[p.name] = nil
				if p.unused && p.name != "defanged" {
					return // TestFaults has these
				}
				mustFail(t, validate(t, doc, true), p.name, "")
				if !ok {
					return
				}
				switch was.(type) {
				case []any:
					doc[p.name] = []any{}
					mustFail(t, validate(t, doc, true), p.name, "STIX 2.1, 2.12")
					doc[p.name] = []any{nil}
					mustFail(t, validate(t, doc, true), p.name+"[0]", "")
				case map[string]any:
					doc[p.name] = map[string]any{}
					mustFail(t, validate(t, doc, true), p.name, "")
				default:
					doc[p.name] = []any{was}
					mustFail(t, validate(t, doc, true), p.name, "")
				}
				delete(doc, p.name)
				if p.required {
					mustFail(t, validate(t, doc, true), p.name, "STIX 2.1, "+p.clause)
				}
			})
		}
	}
}

func mustFail(t *testing.T, problems []Problem, path, clause string) {
	t.Helper()
	for _, p := range problems {
		if p.Severity == SeverityError && p.Path == path && (clause == "" || clause == p.Clause) {
			return
		}
	}
	t.Errorf("no error at %s %s in %v", path, clause, problems)
}

// TestWhatEveryReaderSees holds the order, the bounds and the text of problems.
func TestWhatEveryReaderSees(t *testing.T) {
	doc := object(t, "indicator", `"pattern": 1, "pattern_type": "x", "valid_from": "2016", "labels": []`, false)
	for i := range 200 {
		doc[fmt.Sprintf("Bad%03d", i)] = i
	}
	problems := validate(t, doc, false)
	if len(problems) != MaxProblems {
		t.Fatalf("%d problems", len(problems))
	}
	if !slices.IsSortedFunc(problems, func(a, b Problem) int { return strings.Compare(a.Path, b.Path) }) || !HasErrors(problems) {
		t.Errorf("not errors in order: %v", problems[:10])
	}
	for i := range 200 {
		delete(doc, fmt.Sprintf("Bad%03d", i))
	}
	var got []string
	for _, p := range validate(t, doc, false) {
		got = append(got, string(p.Severity)+": "+p.String())
	}
	want := []string{
		"error: labels must not be an empty list: leave the property out (STIX 2.1, 2.12)",
		"error: pattern must be a string, and is 1 (STIX 2.1, 2.15)",
		`error: valid_from must be a timestamp in UTC such as 2016-01-20T12:31:12.123Z, with at most nine digits behind the point, and is "2016" (STIX 2.1, 2.16)`,
		"warning: name should be there, or a description, to say what the indicator finds (STIX 2.1, 4.7.1)",
		`warning: pattern_type is "x", which is no term of pattern-type-ov (stix, pcre, sigma, snort, suricata, yara) (STIX 2.1, 10.19)`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if HasErrors(nil) || HasErrors(validate(t, object(t, "tool", `"name": "n", "tool_types": ["x"]`, false), false)) {
		t.Error("a warning counts as an error")
	}
}

func TestValidateNoObject(t *testing.T) {
	for _, text := range []string{`1`, `null`, `[]`, `"indicator"`, `{}`, `{"type": 5}`, `{"type": ""}`, `{"type": "bundle"}`} {
		v, err := new(Parser).Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if !HasErrors(Validate(v)) {
			t.Errorf("%s is accepted", text)
		}
	}
	if !HasErrors(Validate(Value{})) || !HasErrors(ValidateBundle(Value{})) {
		t.Error("a missing value is accepted")
	}
}
