package report_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// gradePage reads docs/grade.md as its tables: each row is its cells, keyed by
// the first cell of the table's head.
func gradePage(t *testing.T) map[string][][]string {
	t.Helper()
	data, err := os.ReadFile("../../docs/grade.md")
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string][][]string{}
	name := ""
	for line := range strings.SplitSeq(string(data), "\n") {
		if !strings.HasPrefix(line, "|") {
			name = ""
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		switch {
		case name == "":
			name = cells[0]
		case !strings.HasPrefix(cells[0], "---"):
			tables[name] = append(tables[name], cells)
		}
	}
	return tables
}

// graded is a catalogue with, in each family, one rule of each severity and a
// given weight (advice has none), and a rule "base" of a given weight.
func graded(t *testing.T, weight, base int) *rules.Catalogue {
	t.Helper()
	files := fstest.MapFS{}
	for _, family := range rules.Families() {
		var b strings.Builder
		b.WriteString("rules:\n")
		for _, s := range rules.Severities() {
			w := weight
			if s == rules.Info {
				w = 0
			}
			fmt.Fprintf(&b, "  - {id: %s.one.%s, severity: %s, weight: %d, effort: 5, owner: developer}\n", family, s, s, w)
		}
		fmt.Fprintf(&b, "  - {id: %s.one.base, severity: low, weight: %d, effort: 5, owner: developer}\n", family, base)
		files[family+".yaml"] = &fstest.MapFile{Data: []byte(b.String())}
	}
	c, err := rules.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func judge(c *rules.Catalogue, outcomes map[string]scanner.Outcome, rest scanner.Outcome) (scanner.Grade, []scanner.FamilyResult) {
	var findings []scanner.Finding
	for _, r := range c.All() {
		o, ok := outcomes[r.ID]
		if !ok {
			o = rest
		}
		findings = append(findings, scanner.Finding{Rule: r.ID, Outcome: o})
	}
	return scanner.GradeFindings(c, findings)
}

func TestGradePageHasTheLettersOfTheCode(t *testing.T) {
	rows := gradePage(t)["Letter"]
	if len(rows) != 7 {
		t.Fatalf("%d letters: %q", len(rows), rows)
	}
	next := 100
	for _, row := range rows {
		letter := row[0]
		bounds := regexp.MustCompile(`\d+`).FindAllString(row[1], -1)
		low, high := atoi(t, bounds[0]), atoi(t, bounds[len(bounds)-1])
		if high != next {
			t.Errorf("%s ends at %d, the letter above it begins at %d", letter, high, next+1)
		}
		next = low - 1
		for score := low; score <= high; score++ {
			// A warning of twice the points costs that many, and caps nothing.
			base, outcome := 2*(100-score), scanner.Warn
			if base == 0 {
				base, outcome = 1, scanner.Pass
			}
			if g, _ := judge(graded(t, 1, base), map[string]scanner.Outcome{"web.one.base": outcome}, scanner.NotApplicable); g.Letter != letter || g.Score != score {
				t.Errorf("a score of %d is %+v, the page says %s", score, g, letter)
			}
		}
		if want := i18n.For(i18n.English).T("grade." + letter); row[2] != want {
			t.Errorf("%s: the page says %q, reports say %q", letter, row[2], want)
		}
	}
	if next != -1 {
		t.Errorf("no letter for %d", next)
	}
}

func TestGradePageHasTheCapsOfTheCode(t *testing.T) {
	rows := gradePage(t)["Worst fault"]
	if len(rows) != len(rules.Severities()) {
		t.Fatalf("%d caps: %q", len(rows), rows)
	}
	c := graded(t, 1, 1)
	for i, row := range rows {
		severity := rules.Severities()[i]
		g, families := judge(c, map[string]scanner.Outcome{"mail.one." + string(severity): scanner.Fail}, scanner.Pass)
		if row[0] != string(severity) || atoi(t, row[1]) != families[2].Grade.Score || row[2] != families[2].Grade.Letter {
			t.Errorf("the page says %q of %s, the family has %+v", row, severity, families[2].Grade)
		}
		if severity == rules.Info && g.Score != 100 || severity != rules.Info && g.Score != min(atoi(t, row[1]), 99) || g.Letter != row[2] {
			t.Errorf("the page says %q of %s, the site has %+v", row, severity, g)
		}
		if g, _ := judge(c, map[string]scanner.Outcome{"mail.one." + string(severity): scanner.Warn}, scanner.Pass); g.Cap != "" || (g.Score == 100) != (severity == rules.Info) {
			t.Errorf("a warning of %s gives %+v", severity, g)
		}
	}
}

func TestGradePageHasTheCostsOfTheCode(t *testing.T) {
	rows := gradePage(t)["Outcome"]
	costs := map[string]int{"nothing": 0, "the weight": 10, "half the weight": 5}
	c := graded(t, 10, 100)
	for _, row := range rows {
		want, ok := costs[row[2]]
		if !ok {
			t.Errorf("no such cost: %q", row)
		}
		// A low fault's cap of 99 is above all but nothing.
		_, families := judge(c, map[string]scanner.Outcome{"web.one.low": scanner.Outcome(row[0])}, scanner.Pass)
		if got := 100 - families[0].Grade.Score; got != want {
			t.Errorf("%s costs %d, the page says %s", row[0], got, row[2])
		}
	}
	if want := constants(t, "..", "Outcome"); len(rows) != len(want) {
		t.Errorf("the page has %d outcomes, the code %q", len(rows), want)
	}
}

// TestGradePageSaysWhenThereIsNone: half judged is enough, less is not; a family
// that does not concern the site is left out.
func TestGradePageSaysWhenThereIsNone(t *testing.T) {
	for base, letter := range map[int]string{4: "A+", 5: ""} {
		c := graded(t, 1, base) // four rules of 1 are judged, one of base is not
		g, families := judge(c, map[string]scanner.Outcome{"dns.one.base": scanner.UnknownResult}, scanner.Pass)
		if g.Letter != letter || families[3].Grade.Letter != letter {
			t.Errorf("4 judged of %d: %+v, want %q", 4+base, families[3], letter)
		}
	}
	c := graded(t, 1, 1)
	out := map[string]scanner.Outcome{}
	for _, r := range c.All() {
		if r.Family == "mail" {
			out[r.ID] = scanner.NotApplicable
		}
	}
	if g, families := judge(c, out, scanner.Pass); g.Letter != "A+" || len(families) != 4 {
		t.Errorf("without mail: %+v, %d families", g, len(families))
	}
}

func TestGradePageExample(t *testing.T) {
	rows := gradePage(t)["Step"]
	c := graded(t, 15, 7)
	outcomes := map[string]scanner.Outcome{"mail.one.high": scanner.Fail, "mail.one.base": scanner.Warn}
	g, families := judge(c, outcomes, scanner.Pass)
	for i, f := range families {
		if got := rows[2][i+1]; got != strconv.Itoa(f.Grade.Score) {
			t.Errorf("%s: the page says %s, the code %d", f.Family, got, f.Grade.Score)
		}
	}
	if g.Letter != "C" || g.Score != 74 || g.Cap != rules.High {
		t.Errorf("the example has %+v", g)
	}
	if uncapped := rows[1][3]; uncapped != strconv.Itoa(100-19) {
		t.Errorf("before the cap the page says %s", uncapped)
	}
	delete(outcomes, "mail.one.high")
	if g, families := judge(c, outcomes, scanner.Pass); g.Letter != "A" || g.Score != 99 || families[2].Grade.Score != 96 {
		t.Errorf("without the fault: %+v, mail %+v", g, families[2].Grade)
	}
}

func TestGradePageHasTheWeightsOfTheRules(t *testing.T) {
	rows := gradePage(t)["Severity"]
	if len(rows) != len(rules.Severities()) {
		t.Fatalf("%d severities: %q", len(rows), rows)
	}
	c, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		s := rules.Severities()[i]
		if want := i18n.For(i18n.English).T("severity." + string(s) + ".about"); row[0] != string(s) || row[1] != want {
			t.Errorf("the page says %q of %s, reports say %q", row, s, want)
		}
		low, high, ok := strings.Cut(row[2], " to ")
		if !ok {
			t.Fatalf("no range: %q", row)
		}
		for _, r := range c.All() {
			if r.Severity == s && (r.Weight < atoi(t, low) || r.Weight > atoi(t, high)) {
				t.Errorf("%s is %s and weighs %d; the page says %s", r.ID, s, r.Weight, row[2])
			}
		}
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
