package csaf

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	schema "github.com/gocsaf/csaf/v3/csaf"

	"github.com/cybersec-infohub/infohub/advisories"
)

// SchemaRule is the Rule of what does not fit the JSON schema of CSAF 2.0.
const SchemaRule = "csaf.schema"

// maxProblems is how many are told of the schema, and of each mandatory test.
const maxProblems = 100

// Parse reads a document of up to 15 MiB, 64 levels, a million values and 150,000
// objects. An error, an advisories.Error with the code Invalid or TooLarge, says
// that it could not be read at all: it is not JSON, not UTF-8, or has a member
// twice. Problems say where it does not fit the schema, which has no members but
// the standard's; the Document then has what fits, so that Test can say more.
func Parse(data []byte) (*Document, []advisories.Problem, error) {
	root, err := readTree(data)
	if err != nil {
		return nil, nil, err
	}
	if _, ok := root.(map[string]any); !ok {
		return nil, nil, refuse(advisories.Invalid, nil, "the document is not a JSON object: a CSAF document begins with \"{\"")
	}
	d := &Document{}
	f := filler{types: map[reflect.Type][]member{}}
	f.fill(reflect.ValueOf(d).Elem(), root)
	scores := &run{Document: d}
	invalidCVSS(scores)
	if f.full() || scores.found > maxProblems {
		// See filler. Of CVSS, test 6.1.8 says where.
		if scores.found > maxProblems {
			f.found = append(f.found, advisories.Problem{Rule: SchemaRule, Path: "vulnerabilities", Message: "many CVSS objects do not fit their schema", Remedy: "mend what test 6.1.8 says"})
		}
		return d, f.found, nil
	}
	problems, err := againstSchema(root)
	if err != nil {
		return nil, nil, err
	}
	return d, problems, nil
}

// Check is Parse and Test in one: everything that is wrong, sorted by path.
func Check(data []byte) (*Document, []advisories.Problem, error) {
	d, problems, err := Parse(data)
	if err != nil {
		return nil, nil, err
	}
	problems = append(problems, Test(d)...)
	slices.SortStableFunc(problems, func(a, b advisories.Problem) int { return strings.Compare(a.Path, b.Path) })
	return d, problems, nil
}

func againstSchema(root any) ([]advisories.Problem, error) {
	messages, err := schema.ValidateCSAF(root)
	if err != nil {
		return nil, fmt.Errorf("csaf: schema: %w", err)
	}
	// Sorted by path, and more than anybody reads.
	messages = messages[:min(len(messages), 10*maxProblems)]
	type finding struct{ path, what string }
	var findings []finding
	said := map[string]bool{} // paths with something to say, at them or below
	for _, message := range messages {
		where, what, _ := strings.Cut(message, ": ")
		path := ""
		if strings.HasPrefix(where, "/") {
			path = pathOf(where)
		}
		// Of the two schemas of CVSS 3 each says why it is not the one: one sentence
		// is enough, and test 6.1.8 says more.
		if i := strings.Index(path, ".cvss_v3"); i >= 0 {
			path, what = path[:i+len(".cvss_v3")], "it fits neither CVSS 3.0 nor CVSS 3.1"
		}
		findings = append(findings, finding{path, what})
		for at := path; !isSummary(what) && !said[at]; at = at[:max(strings.LastIndexAny(at, ".["), 0)] {
			said[at] = true
		}
	}
	var problems []advisories.Problem
	seen := map[finding]bool{}
	for _, f := range findings {
		switch {
		case seen[f], isSummary(f.what) && said[f.path]:
			continue
		case len(problems) == maxProblems:
			return append(problems, more(SchemaRule)), nil
		case isSummary(f.what):
			f.what = "the value does not fit the schema"
			said[f.path] = true
		}
		seen[f] = true
		problems = append(problems, advisories.Problem{Rule: SchemaRule, Path: f.path, Message: shorten(f.what), Remedy: schemaRemedy(f.path, f.what)})
	}
	return problems, nil
}

// isSummary reports whether a message only says that something is wrong, here or
// below.
func isSummary(message string) bool {
	return message == "validation failed" || strings.HasSuffix(message, "failed, none matched") || strings.HasSuffix(message, "' failed")
}

// schemaRemedy says what to do about a message of the schema's validator, by its
// words and, where they are few, by the member.
func schemaRemedy(path, message string) string {
	for _, r := range []struct{ words, remedy string }{
		{"missing propert", "add what is missing: the schema requires it"},
		{"additional propert", "take it out: CSAF 2.0 has no such member here"},
		{"does not match pattern", "write it in the form that the pattern asks for"},
		{"must be one of", "use one of these values, in this spelling"},
		{"value must be", "use this value"},
		{"minLength", "write a text, or leave the member out"},
		{"minItems", "name at least as many, or leave the list out"},
		{"minProperties", "fill the object, or leave it out"},
		{"are equal", "name each once"},
		{"valid date-time", "write the date as 2026-11-23T22:30:00Z (RFC 3339, with a time zone)"},
		{"valid uri", "write a complete address, such as https://www.example.com/"},
		{"CVSS", "mend what test 6.1.8 says, and give numbers as numbers"},
		{"want ", "use a value of the type that is wanted"},
	} {
		if strings.Contains(message, r.words) {
			return r.remedy
		}
	}
	for _, r := range []struct{ member, remedy string }{
		{"lang", "use a tag of BCP 47, such as en, zh-Hant or zh-Hans"},
		{"version", "use an integer such as 1, or a semantic version such as 1.0.0"},
		{"number", "use an integer such as 1, or a semantic version such as 1.0.0"},
		{"url", "write a complete address, such as https://www.example.com/"},
		{"namespace", "write a complete address, such as https://www.example.com/"},
		{"Score", "use a number from 0 to 10"},
	} {
		if strings.HasSuffix(path, r.member) {
			return r.remedy
		}
	}
	return "see this member in clause 3 of CSAF 2.0: its type, its values, and that it is not empty"
}

// pathOf turns a JSON pointer into the form of a Problem's path:
// "/vulnerabilities/0/cve" into "vulnerabilities[0].cve".
func pathOf(pointer string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch {
		case part != "" && strings.Trim(part, "0123456789") == "":
			b.WriteString("[" + part + "]")
		case b.Len() == 0:
			b.WriteString(part)
		default:
			b.WriteString("." + part)
		}
	}
	return b.String()
}

func shorten(message string) string {
	const most = 300
	if utf8.RuneCountInString(message) > most {
		message = string([]rune(message)[:most]) + "…"
	}
	return message
}

// more is the last problem of a rule that has too many.
func more(rule string) advisories.Problem {
	return advisories.Problem{
		Rule: rule, Message: fmt.Sprintf("there are more than %d of this kind, and no more are listed", maxProblems),
		Remedy: "mend these first, and check again",
	}
}
