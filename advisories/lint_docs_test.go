package advisories

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the files that tests compare with")

// TestRulesAreDocumented keeps docs/advisory-rules.md what the code says.
func TestRulesAreDocumented(t *testing.T) {
	const file = "../docs/advisory-rules.md"
	var b strings.Builder
	b.WriteString(`# Rules of advisories

` + "`infohub advisory lint FILE`" + ` checks an advisory's file (docs/advisory-record.md).
Every problem has a rule from this page, a path such as ` + "`vulnerabilities[0].cve`" + `,
a line, what is wrong and what to do. An error is in the way of publication; a
warning is not. Problems whose rule begins with "csaf." come from the mandatory tests
of CSAF 2.0, section 6.1, and have their numbers.

The page is written by a test from the program: ` + "`go test ./advisories -run Documented -update`" + `.

## What it says

`)
	table(&b, LintRules())
	b.WriteString("\n## The file\n\nWhere one of these is broken, the rest is not looked at.\n\n")
	table(&b, FileRules())
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != b.String() {
		t.Errorf("%s is not what the code says: run this test with -update", file)
	}
}

func table(b *strings.Builder, rules []LintRule) {
	b.WriteString("| Rule | Kind | What it wants |\n|---|---|---|\n")
	for _, r := range rules {
		kind := "error"
		if r.Warning {
			kind = "warning"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", r.ID, kind, r.About)
	}
}

func TestRulesAreSorted(t *testing.T) {
	for _, rules := range [][]LintRule{LintRules(), FileRules()} {
		if !slices.IsSortedFunc(rules, func(x, y LintRule) int { return strings.Compare(x.ID, y.ID) }) {
			t.Error("the rules are not in the order of their ids")
		}
		for i := 1; i < len(rules); i++ {
			if rules[i].ID == rules[i-1].ID {
				t.Errorf("%s is there twice", rules[i].ID)
			}
		}
	}
}
