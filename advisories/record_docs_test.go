package advisories

import (
	"os"
	"strings"
	"testing"
)

// TestTheSmallExampleOfTheDocumentationIsGood reads what docs/advisory-record.md
// shows; it lacks some texts, which lint warns of.
func TestTheSmallExampleOfTheDocumentationIsGood(t *testing.T) {
	page, err := os.ReadFile("../docs/advisory-record.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("the page has no example")
	}
	a, problems := LintYAML([]byte(example))
	for _, p := range problems {
		if p.Rule != "text.absent" {
			t.Errorf("%+v", p)
		}
	}
	if len(a.Products) != 1 {
		t.Errorf("%+v", a)
	}
	for _, f := range append(LintRules(), FileRules()...) {
		if strings.Contains(f.About, "|") {
			t.Errorf("%s would break its table", f.ID)
		}
	}
}
