package report_test

import (
	"slices"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// TestMerge: what the next scan is compared with.
func TestMerge(t *testing.T) {
	const rule = "web.hsts.missing"
	fail, warn, pass := scanner.Failed(), scanner.Warned(), scanner.Passed()
	unknown := scanner.CannotTell(scanner.Failf(scanner.FailTimeout, "silent"))
	gone, covered := scanner.DoesNotApply(scanner.NANotUsed), scanner.DoesNotApply(scanner.NACovered)
	tests := []struct {
		name          string
		status        scanner.Status
		before, after *scanner.Finding // nil: not in the report
		want          scanner.Outcome  // "": not known
		newLater      bool             // if the rule then fails, it is told as new
	}{
		{"a fault stays while nobody can test", scanner.Complete, &fail, &unknown, scanner.Fail, false},
		{"so does a pass", scanner.Complete, &pass, &unknown, scanner.Pass, true},
		{"a fault that another one hides", scanner.Complete, &fail, &covered, scanner.Fail, false},
		{"fixed", scanner.Complete, &fail, &pass, scanner.Pass, true},
		{"gone with what it judged", scanner.Complete, &fail, &gone, scanner.NotApplicable, true},
		{"milder", scanner.Complete, &fail, &warn, scanner.Warn, true},
		{"worse", scanner.Complete, &warn, &fail, scanner.Fail, false},
		{"a site that could not be reached", scanner.Unreachable, &fail, nil, scanner.Fail, false},
		{"a rule that the program no longer has", scanner.Complete, &fail, nil, "", true},
		{"never tested", scanner.Complete, nil, &unknown, scanner.UnknownResult, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			with := func(f *scanner.Finding, status scanner.Status) *scanner.Report {
				r := &scanner.Report{Status: status}
				if f != nil {
					r.Findings = []scanner.Finding{*f}
					r.Findings[0].Rule = rule
				}
				return r
			}
			merged := report.Merge(with(tt.before, scanner.Complete), with(tt.after, tt.status))
			got, _ := merged.Finding(rule)
			if got.Outcome != tt.want {
				t.Errorf("known as %q; want %q", got.Outcome, tt.want)
			}
			d := report.Compare(merged, with(&fail, scanner.Complete))
			if told := len(d.Faults) == 1; told != tt.newLater {
				t.Errorf("a fault in the next scan is told as new: %v; want %v", told, tt.newLater)
			}
		})
	}
	r := &scanner.Report{Findings: []scanner.Finding{fail}}
	if got := report.Merge(nil, r); !slices.EqualFunc(got.Findings, r.Findings, func(a, b scanner.Finding) bool { return a.Outcome == b.Outcome }) {
		t.Error("the first report is not what is known")
	}
}
