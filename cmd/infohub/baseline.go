package main

import (
	"context"
	"fmt"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// baseline are older reports that new ones are compared with, so that only new
// faults make a build fail. A nil baseline compares with nothing.
type baseline struct {
	path  string
	older map[string]*scanner.Report // by domain
	diffs []*report.Diff
}

// readBaseline reads the stored reports at path; nil without a path. Of several
// reports of one site the last counts, as in diff.
func readBaseline(ctx context.Context, path string) (*baseline, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // no baseline is no error
	}
	b := &baseline{path: path, older: map[string]*scanner.Report{}}
	err := eachReport(ctx, []string{path}, func(r *scanner.Report) error {
		if b.older[r.Target.Domain] = r; len(b.older) > maxCompared {
			return fmt.Errorf("%s: it has more than %d sites", path, maxCompared)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	return b, nil
}

// worst is the worst severity among the report's faults that the baseline does
// not have; without a baseline, among all.
func (b *baseline) worst(r *scanner.Report, c *rules.Catalogue) rules.Severity {
	if b == nil {
		return r.Worst(c)
	}
	return report.Compare(b.older[r.Target.Domain], r).Worst(c)
}

// add keeps what tell will say of a report.
func (b *baseline) add(r *scanner.Report) {
	if b == nil {
		return
	}
	d := report.Compare(b.older[r.Target.Domain], r)
	d.Unchanged = nil // as many as there are faults: not kept for ten thousand sites
	b.diffs = append(b.diffs, d)
}

// maxNewTold is how many new faults of one site are named.
const maxNewTold = 10

// tell says for each site what is new and what is fixed since.
func (b *baseline) tell(g *global, c *rules.Catalogue) {
	if b == nil {
		return
	}
	words := g.words()
	for _, d := range b.diffs {
		domain := d.New.Target.Unicode
		if d.Old == nil {
			g.say(words.T("baseline.absent", "domain", domain, "file", b.path))
		}
		g.say(words.T("baseline.site", "domain", domain, "new", len(d.Faults), "fixed", len(d.Fixed), "untested", len(d.Untested)))
		for i, f := range d.Faults {
			if i == maxNewTold {
				g.say("  ...")
				break
			}
			title := f.Rule
			if r, ok := c.Rule(f.Rule); ok {
				title = rules.Fill(r.Title[g.language()], d.New.Values(f))
			}
			g.say("  " + words.T("baseline.new", "title", scanner.Printable(title, 200), "rule", f.Rule))
		}
	}
}
