package report

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// document is what JSON writes; docs/schema/report-1.json describes it.
type document struct {
	Version int          `json:"version"` // scanner.ReportVersion
	Reports []reportJSON `json:"reports"`
}

// reportJSON is a scanner.Report with the words of one language; a reader who
// wants no words decodes it into a scanner.Report.
type reportJSON struct {
	scanner.Report
	Lang     rules.Lang    `json:"lang"`
	Findings []findingJSON `json:"findings"` // in the place of Report's
	Related  *relatedJSON  `json:"related,omitempty"`
}

type findingJSON struct {
	scanner.Finding
	Family   string         `json:"family"`
	Severity rules.Severity `json:"severity,omitempty"` // "" where the catalogue does not know the rule
	Title    string         `json:"title"`
	// The rest is for what needs work: fail and warn.
	Fix      string         `json:"fix,omitempty"`
	Owner    rules.Owner    `json:"owner,omitempty"`
	Effort   int            `json:"effort_minutes,omitempty"`
	Remedies []rules.Remedy `json:"remedies,omitempty"`
}

// JSON writes reports as one document.
func JSON(w io.Writer, reports []*scanner.Report, opts Options) error {
	doc := document{Version: scanner.ReportVersion, Reports: make([]reportJSON, 0, len(reports))}
	for _, r := range reports {
		doc.Reports = append(doc.Reports, newReportJSON(r, opts))
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// JSONLine writes one report as one line: "#/$defs/report" of the schema.
func JSONLine(w io.Writer, r *scanner.Report, opts Options) error {
	if err := json.NewEncoder(w).Encode(newReportJSON(r, opts)); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func newReportJSON(r *scanner.Report, opts Options) reportJSON {
	w := opts.words()
	out := reportJSON{Report: *r, Lang: rules.Lang(w.Lang), Findings: make([]findingJSON, 0, len(r.Findings)), Related: newRelatedJSON(r, opts, w)}
	// A list is never null.
	out.Families = append([]scanner.FamilyResult{}, r.Families...)
	out.First = append([]string{}, r.First...)
	out.Probes = append([]scanner.ProbeRun{}, r.Probes...)
	for _, f := range r.Findings {
		it := newItem(r, f, opts, w)
		j := findingJSON{Finding: f, Family: it.Rule.Family, Severity: it.Rule.Severity, Title: it.Title}
		switch f.Outcome {
		case scanner.Fail, scanner.Warn:
			j.Fix, j.Owner, j.Effort = it.Fix, it.Rule.Owner, it.Rule.Effort
			for _, rem := range it.Remedies {
				j.Remedies = append(j.Remedies, rules.Remedy{For: rem.For, Snippet: rem.Snippet})
			}
		}
		out.Findings = append(out.Findings, j)
	}
	return out
}
