package scanner_test

import (
	"math/rand/v2"
	"testing"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

func catalogue(t *testing.T) *rules.Catalogue {
	t.Helper()
	c, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// all gives every rule of the catalogue the outcome o.
func all(c *rules.Catalogue, o scanner.Outcome) []scanner.Finding {
	var out []scanner.Finding
	for _, r := range c.All() {
		out = append(out, scanner.Finding{Rule: r.ID, Outcome: o})
	}
	return out
}

func TestBestAndWorstGrade(t *testing.T) {
	c := catalogue(t)
	if g, _ := scanner.GradeFindings(c, all(c, scanner.Pass)); g.Letter != "A+" || g.Score != 100 {
		t.Errorf("everything passed: %+v", g)
	}
	if g, _ := scanner.GradeFindings(c, all(c, scanner.Fail)); g.Letter != "F" {
		t.Errorf("everything failed: %+v", g)
	}
}

func TestUnknownCostsNothingButHalfMustBeJudged(t *testing.T) {
	c := catalogue(t)
	findings := all(c, scanner.Pass)
	for i := range findings {
		if findings[i].Rule == "mail.dkim.missing" {
			findings[i].Outcome = scanner.UnknownResult
		}
	}
	if g, _ := scanner.GradeFindings(c, findings); g.Letter != "A+" {
		t.Errorf("one unknown cost points: %+v", g)
	}
	for i := range findings {
		if r, _ := c.Rule(findings[i].Rule); r.Family == "mail" {
			findings[i].Outcome = scanner.UnknownResult
		}
	}
	g, families := scanner.GradeFindings(c, findings)
	if g.Letter != "" {
		t.Errorf("mail was not judged, yet the site has grade %+v", g)
	}
	for _, f := range families {
		if (f.Family == "mail") != (f.Grade.Letter == "") {
			t.Errorf("family %s has grade %+v", f.Family, f.Grade)
		}
	}
}

func TestWorstFaultCapsTheGrade(t *testing.T) {
	c := catalogue(t)
	for _, tc := range []struct{ rule, letter string }{
		{"mail.spf.plus-all", "F"}, {"web.hsts.missing", "C"}, {"web.csp.missing", "A"}, {"tls.version.no-tls13", "A"},
	} {
		findings := all(c, scanner.Pass)
		for i := range findings {
			if findings[i].Rule == tc.rule {
				findings[i].Outcome = scanner.Fail
			}
		}
		if g, _ := scanner.GradeFindings(c, findings); g.Letter != tc.letter {
			t.Errorf("only %s failed: %+v; want %s", tc.rule, g, tc.letter)
		}
	}
}

// Mending any one fault must never lower a score, whatever the rest is.
func TestGradeIsMonotone(t *testing.T) {
	c := catalogue(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	outcomes := []scanner.Outcome{scanner.Pass, scanner.Pass, scanner.Fail, scanner.Warn, scanner.NotApplicable}
	for range 2000 {
		findings := all(c, scanner.Pass)
		for i := range findings {
			findings[i].Outcome = outcomes[rnd.IntN(len(outcomes))]
		}
		before, _ := scanner.GradeFindings(c, findings)
		i := rnd.IntN(len(findings))
		was := findings[i].Outcome
		if was != scanner.Fail && was != scanner.Warn {
			continue
		}
		findings[i].Outcome = scanner.Pass
		after, _ := scanner.GradeFindings(c, findings)
		if after.Score < before.Score {
			t.Fatalf("mending %s (%s) took the score from %d to %d", findings[i].Rule, was, before.Score, after.Score)
		}
	}
}
