package scanner

import (
	"slices"

	"github.com/cybersec-infohub/infohub/rules"
)

// Grade is a score from 0 to 100 and its letter. docs/grade.md explains it to
// people; the two must agree.
//
// A family starts at 100 and loses the weight of each failed rule and half the
// weight of each warning, never going below 0. Its worst fault caps it
// (capOf). The site's score is the mean of its families' scores, capped by the
// worst fault of all. Both are monotone: mending a fault takes points off
// nothing and lifts no cap downwards. Unknown and not-applicable cost nothing.
type Grade struct {
	Letter string `json:"letter"` // "A+", "A", "B", "C", "D", "E", "F"; "" when there is no grade
	Score  int    `json:"score"`  // 0 to 100; meaningless without a letter
	// Cap is the severity that held the grade down, or "".
	Cap rules.Severity `json:"cap,omitempty"`
}

// FamilyResult is one family's part of a report.
type FamilyResult struct {
	Family string `json:"family"`
	Grade  Grade  `json:"grade"`
	// Judged and Applicable are sums of weights: what got a verdict, and what
	// concerns this site at all. Under half judged there is no grade.
	Judged     int `json:"judged_weight"`
	Applicable int `json:"applicable_weight"`
	Passed     int `json:"passed"` // numbers of rules
	Failed     int `json:"failed"`
	Warned     int `json:"warned"`
	Advised    int `json:"advised"` // warnings of rules that weigh nothing
	Unknown    int `json:"unknown"`
}

// capOf is the best score that is left with a failed rule of severity s. A
// warning caps nothing.
func capOf(s rules.Severity) int {
	switch s {
	case rules.Critical:
		return 29
	case rules.High:
		return 74
	case rules.Medium:
		return 94
	case rules.Low:
		return 99
	}
	return 100
}

// letterOf: no fault at all is A+.
func letterOf(score int) string {
	switch {
	case score >= 100:
		return "A+"
	case score >= 90:
		return "A"
	case score >= 75:
		return "B"
	case score >= 60:
		return "C"
	case score >= 45:
		return "D"
	case score >= 30:
		return "E"
	}
	return "F"
}

// GradeFindings scores each family that concerns the site, in the order of
// rules.Families, and the site. The site has no grade where a family has none,
// or where nothing was judged.
func GradeFindings(c *rules.Catalogue, findings []Finding) (Grade, []FamilyResult) {
	byFamily := map[string]*tally{}
	for _, f := range findings {
		r, ok := c.Rule(f.Rule)
		if !ok {
			continue
		}
		t := byFamily[r.Family]
		if t == nil {
			t = &tally{FamilyResult: FamilyResult{Family: r.Family}}
			byFamily[r.Family] = t
		}
		t.add(r, f.Outcome)
	}
	var (
		results []FamilyResult
		sum, n  int
		worst   rules.Severity
		missing bool
	)
	for _, family := range rules.Families() {
		t := byFamily[family]
		if t == nil || t.Applicable == 0 {
			continue
		}
		res := t.result()
		results = append(results, res)
		if res.Grade.Letter == "" {
			missing = true
			continue
		}
		worst = worse(worst, t.worst)
		sum += res.Grade.Score
		n++
	}
	if missing || n == 0 {
		return Grade{}, results
	}
	return grade(sum/n, worst), results
}

// tally adds up one family. Lost is in halves of a point.
type tally struct {
	FamilyResult
	lost  int
	worst rules.Severity
}

func (t *tally) add(r rules.Rule, o Outcome) {
	switch o {
	case NotApplicable:
		return
	case Pass:
		t.Passed++
	case Fail:
		t.Failed++
		t.lost += 2 * r.Weight
		t.worst = worse(t.worst, r.Severity)
	case Warn:
		if r.Severity == rules.Info {
			t.Advised++
		} else {
			t.Warned++
		}
		t.lost += r.Weight
	case UnknownResult:
		t.Unknown++
	}
	t.Applicable += r.Weight
	if o != UnknownResult {
		t.Judged += r.Weight
	}
}

func (t *tally) result() FamilyResult {
	if 2*t.Judged >= t.Applicable {
		t.Grade = grade(max(0, 100-(t.lost+1)/2), t.worst)
	}
	return t.FamilyResult
}

func grade(score int, worst rules.Severity) Grade {
	g := Grade{Score: score}
	if worst != "" && score > capOf(worst) {
		g.Score, g.Cap = capOf(worst), worst
	}
	g.Letter = letterOf(g.Score)
	return g
}

func worse(a, b rules.Severity) rules.Severity {
	if a == "" {
		return b
	}
	if b == "" {
		return a
	}
	all := rules.Severities()
	return all[min(slices.Index(all, a), slices.Index(all, b))]
}
