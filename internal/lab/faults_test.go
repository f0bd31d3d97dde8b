//go:build unix

package lab_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/lab"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// only names domains ("no-hsts.test,cors.test") for work on a few rows.
var only = flag.String("only", "", "scan only these sites of TestFaults, separated by commas")

// TestFaults scans a site for each fault: a scan finds that fault and nothing
// else, beyond what it finds on the good site, which is advice at most.
func TestFaults(t *testing.T) {
	needs(t)
	sites := []lab.Site{{Domain: lab.Good}}
	for _, s := range lab.Faults() {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), s.Domain) {
			continue
		}
		if why := lab.CannotRun(s); why != "" {
			t.Run(s.Domain, func(t *testing.T) { notRun(t, why) })
			continue
		}
		sites = append(sites, s)
	}
	_, e, _ := start(t, sites)
	reports := make([]*scanner.Report, len(sites))
	var wg sync.WaitGroup
	slot := make(chan struct{}, 4)
	for i, s := range sites {
		wg.Go(func() {
			slot <- struct{}{}
			defer func() { <-slot }()
			reports[i] = scan(t, e, s.Domain, scanner.Options{TLSFull: s.TLSFull})
		})
	}
	wg.Wait()
	advice := findings(reports[0])
	for _, f := range reports[0].Findings {
		rule, _ := e.Catalogue.Rule(f.Rule)
		if f.Outcome == scanner.Fail || f.Outcome == scanner.UnknownResult || f.Outcome == scanner.Warn && rule.Severity != rules.Info {
			t.Errorf("the good site: %s %s %v %v", f.Outcome, f.Rule, f.Failure, f.Evidence)
		}
	}
	for i, s := range sites[1:] {
		t.Run(s.Domain, func(t *testing.T) {
			want := expected(s)
			got := slices.DeleteFunc(findings(reports[i+1]), func(f string) bool {
				return slices.Contains(advice, f) || s.Only != "" && !strings.Contains(f, " "+s.Only+".")
			})
			if !slices.Equal(got, want) {
				t.Errorf("found\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
				for _, f := range reports[i+1].Findings {
					if line := fmt.Sprintf("%s %s", f.Outcome, f.Rule); slices.Contains(got, line) && !slices.Contains(want, line) {
						t.Logf("%s: %v %v", line, f.Failure, f.Evidence)
					}
				}
			}
		})
	}
}

// findings lists what a report says beyond passes and what does not apply.
func findings(r *scanner.Report) (out []string) {
	for _, f := range r.Findings {
		if f.Outcome != scanner.Pass && f.Outcome != scanner.NotApplicable {
			out = append(out, fmt.Sprintf("%s %s", f.Outcome, f.Rule))
		}
	}
	slices.Sort(out)
	return out
}

func expected(s lab.Site) (out []string) {
	for outcome, ids := range map[scanner.Outcome][]string{scanner.Fail: s.Fails, scanner.Warn: s.Warns, scanner.UnknownResult: s.Unknown} {
		for _, id := range ids {
			out = append(out, fmt.Sprintf("%s %s", outcome, id))
		}
	}
	slices.Sort(out)
	return out
}

// TestEveryRuleIsShown demands a site, or a named test, for every rule that
// needs no permission. It runs everywhere.
func TestEveryRuleIsShown(t *testing.T) {
	catalogue, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	seen := map[string]bool{}
	for _, s := range lab.Faults() {
		if seen[s.Domain] || !strings.HasSuffix(s.Domain, ".test") {
			t.Errorf("%s: not a name of its own under test", s.Domain)
		}
		seen[s.Domain] = true
		if len(s.Fails)+len(s.Warns)+len(s.Unknown) == 0 {
			t.Errorf("%s shows nothing", s.Domain)
		}
		for _, id := range slices.Concat(s.Fails, s.Warns, s.Unknown) {
			if _, ok := catalogue.Rule(id); !ok {
				t.Errorf("%s: there is no rule %s", s.Domain, id)
			}
			shown[id] = true
		}
	}
	for id, where := range lab.Elsewhere() {
		if rule, ok := catalogue.Rule(id); !ok || shown[id] && !rule.Active {
			t.Errorf("%s is shown by a site, or is no rule", id)
		}
		if !testExists(where) {
			t.Errorf("%s: there is no test %s", id, where)
		}
		shown[id] = true
	}
	for _, rule := range catalogue.All() {
		if !shown[rule.ID] && !rule.Active {
			t.Errorf("no site of the lab shows %s: add a row to faults_%s.go", rule.ID, rule.Family)
		}
	}
}

// testExists looks for "package TestName" in the package's files.
func testExists(where string) bool {
	pkg, name, _ := strings.Cut(where, " ")
	files, _ := filepath.Glob(filepath.Join("..", "..", pkg, "*_test.go"))
	return slices.ContainsFunc(files, func(file string) bool {
		data, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(data), "func "+name+"(")
	})
}
