package checks

import (
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestExposureTemplates(t *testing.T) {
	found := map[string]func(string) verdict{}
	for _, id := range templates() {
		found[id] = fails
	}
	for _, id := range adviceTemplates() {
		found[id] = warns
	}
	for id, matches := range found {
		ran := func(f *scanner.Facts, results ...scanner.ActiveResult) *scanner.Facts {
			f.Options.Active = true
			f.Active = &scanner.ActiveFacts{Templates: append(results,
				scanner.ActiveResult{Template: "other", Status: scanner.ActiveMatched},
				scanner.ActiveResult{Template: id, Given: true, Status: scanner.ActiveMatched})}
			return f
		}
		result := func(target string, status scanner.ActiveStatus, kind scanner.FailureKind) scanner.ActiveResult {
			r := scanner.ActiveResult{Template: id, Target: target, Status: status}
			if kind != "" {
				r.Failure = scanner.Failf(kind, "test")
			}
			return r
		}
		matched := result(wwwHTTPS, scanner.ActiveMatched, "")
		matched.MatchedAt = wwwHTTPS + "x"
		clean := result(apexHTTPS, scanner.ActiveClean, "")
		lost := result(wwwHTTPS, scanner.ActiveLost, "")
		t.Run(id, func(t *testing.T) {
			judgeCases(t, id, []ruleCase{
				{"not asked", secured(), notFor(scanner.NANotActive)},
				{"clean", ran(secured(), clean), passes("did not match")},
				{"matched", ran(secured(), clean, lost, matched), matches(wwwHTTPS + "x").on("www.example.hk")},
				{"failed", ran(secured(), clean, result(wwwHTTPS, scanner.ActiveFailed, scanner.FailTimeout)), isUnknown(scanner.FailTimeout)},
				{"blocked", ran(secured(), result(wwwHTTPS, scanner.ActiveFailed, scanner.FailBlocked)), isUnknown(scanner.FailBlocked)},
				{"lost", ran(secured(), clean, lost), isUnknown(scanner.FailInternal)},
				{"a closed port", ran(secured(), clean, result(apexHTTP, scanner.ActiveFailed, scanner.FailRefused)), passes(apexHTTPS)},
				{"no result", ran(secured()), isUnknown(scanner.FailInternal)},
				{"no web", ran(site()), notFor(scanner.NANoWeb)},
			})
		})
	}
}

func TestTemplatesThatTheUserGave(t *testing.T) {
	ran := func(f *scanner.Facts, results ...scanner.ActiveResult) *scanner.Facts {
		f.Active = &scanner.ActiveFacts{Templates: append(results, scanner.ActiveResult{Template: "exposure.git.config", Target: apexHTTPS, Status: scanner.ActiveMatched})}
		return f
	}
	given := func(id string, status scanner.ActiveStatus, kind scanner.FailureKind) scanner.ActiveResult {
		r := scanner.ActiveResult{Template: id, Given: true, Target: wwwHTTPS, Status: status}
		if kind != "" {
			r.Failure = scanner.Failf(kind, "test")
		}
		return r
	}
	clean := given("one", scanner.ActiveClean, "")
	judgeCases(t, "exposure.template.matched", []ruleCase{
		{"not asked", secured(), notFor(scanner.NANotActive)},
		{"only ours", ran(secured()), notFor(scanner.NANotGiven)},
		{"clean", ran(secured(), clean, given("two", scanner.ActiveClean, "")), passes("one did not match")},
		{"matched", ran(secured(), clean, given("two", scanner.ActiveMatched, "")), fails("the template two matched").on("www.example.hk")},
		{"one lost", ran(secured(), clean, given("two", scanner.ActiveLost, scanner.FailCancelled)), isUnknown(scanner.FailCancelled)},
		{"the engine refuses one", ran(secured(), clean, given("two", scanner.ActiveFailed, scanner.FailInternal)), isUnknown(scanner.FailInternal)},
	})
}
