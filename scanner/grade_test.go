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

// Mending any one fault must never lower a score, whatever the rest is; nor does
// it cost anything that a rule could not be tested. A family that is judged by
// under half of its weight has no grade, and then neither has the site.
func TestGradeIsMonotone(t *testing.T) {
	c := catalogue(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	outcomes := []scanner.Outcome{scanner.Pass, scanner.Pass, scanner.Fail, scanner.Warn, scanner.NotApplicable, scanner.UnknownResult}
	mended, none := 0, 0
	for range 4000 {
		findings := all(c, scanner.Pass)
		kinds := outcomes[:1+rnd.IntN(len(outcomes))]
		if rnd.IntN(4) == 0 {
			kinds = outcomes[2:] // much is unknown
		}
		for i := range findings {
			findings[i].Outcome = kinds[rnd.IntN(len(kinds))]
		}
		before, families := scanner.GradeFindings(c, findings)
		half := true
		for _, f := range families {
			half = half && 2*f.Judged >= f.Applicable
			if (2*f.Judged >= f.Applicable) != (f.Grade.Letter != "") {
				t.Fatalf("%d of %d judged: %+v", f.Judged, f.Applicable, f.Grade)
			}
		}
		if half != (before.Letter != "") {
			t.Fatalf("the site has %+v", before)
		}
		if !half {
			none++
		}
		i := rnd.IntN(len(findings))
		was := findings[i].Outcome
		findings[i].Outcome = scanner.UnknownResult
		if unseen, _ := scanner.GradeFindings(c, findings); was != scanner.NotApplicable && unseen.Letter != "" && unseen.Score < before.Score {
			t.Fatalf("not seeing %s (%s) took the score from %d to %d", findings[i].Rule, was, before.Score, unseen.Score)
		}
		if was != scanner.Fail && was != scanner.Warn {
			continue
		}
		mended++
		findings[i].Outcome = scanner.Pass
		after, _ := scanner.GradeFindings(c, findings)
		if after.Score < before.Score || (after.Letter == "") != (before.Letter == "") {
			t.Fatalf("mending %s (%s) took the grade from %+v to %+v", findings[i].Rule, was, before, after)
		}
	}
	if mended < 500 || none < 100 {
		t.Errorf("too little was tried: %d faults, %d without a grade", mended, none)
	}
}

// TestEachFaultOfTheCatalogue: with any two rules at fault, mending either never
// lowers the score.
func TestEachFaultOfTheCatalogue(t *testing.T) {
	c := catalogue(t)
	findings := all(c, scanner.Pass)
	score := func() int { g, _ := scanner.GradeFindings(c, findings); return g.Score }
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range findings {
		findings[i].Outcome = scanner.Fail
		one := score()
		for range 20 {
			j := rnd.IntN(len(findings))
			if j == i {
				continue
			}
			findings[j].Outcome = []scanner.Outcome{scanner.Fail, scanner.Warn}[rnd.IntN(2)]
			if two := score(); two > one {
				t.Errorf("%s beside %s raised the score from %d to %d", findings[j].Rule, findings[i].Rule, one, two)
			}
			findings[j].Outcome = scanner.Pass
		}
		findings[i].Outcome = scanner.Pass
		if clean := score(); one > clean {
			t.Errorf("%s raised the score from %d to %d", findings[i].Rule, clean, one)
		}
	}
}
