package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// Diff is what became of one site between two reports. Its lists are in the
// order of the reports' findings.
//
// A fault is a fail or a warning. It is fixed when its rule passed since, or has
// nothing left to judge (the record is gone, the technique is not used). It is
// new when it was not seen before, or has grown from a warning into a fail.
// Whatever cannot be told, because the newer scan did not test it, is untested:
// what was not tested is never fixed.
type Diff struct {
	Old, New *scanner.Report // one of them may be nil: the other file has the site alone

	Fixed     []scanner.Finding // as they were
	Faults    []scanner.Finding // the new ones, as they are
	Unchanged []scanner.Finding // faults, as they are
	Untested  []scanner.Finding // as they are; those that only the older report has, as they were
}

// Compare compares two reports of a site; one of them may be nil.
func Compare(before, after *scanner.Report) *Diff {
	d := &Diff{Old: before, New: after}
	was := map[string]scanner.Finding{}
	for _, f := range findingsOf(before) {
		was[f.Rule] = f
	}
	seen := map[string]bool{}
	for _, f := range findingsOf(after) {
		if seen[f.Rule] {
			continue
		}
		seen[f.Rule] = true
		o := was[f.Rule]
		switch {
		case isFault(f) && (!isFault(o) || o.Outcome == scanner.Warn && f.Outcome == scanner.Fail):
			d.Faults = append(d.Faults, f)
		case isFault(f):
			d.Unchanged = append(d.Unchanged, f)
		case f.Outcome == scanner.UnknownResult, isFault(o) && !settled(f):
			d.Untested = append(d.Untested, f)
		case isFault(o):
			d.Fixed = append(d.Fixed, o)
		}
	}
	for _, f := range findingsOf(before) {
		if isFault(f) && !seen[f.Rule] {
			seen[f.Rule] = true
			d.Untested = append(d.Untested, f)
		}
	}
	return d
}

// CompareAll compares the reports of each site, by its domain, sites in the
// order of their domains. Of several reports of one site the last counts.
func CompareAll(before, after []*scanner.Report) []*Diff {
	older, newer := byDomain(before), byDomain(after)
	var all []*Diff
	for domain, r := range older {
		all = append(all, Compare(r, newer[domain]))
	}
	for domain, r := range newer {
		if older[domain] == nil {
			all = append(all, Compare(nil, r))
		}
	}
	slices.SortFunc(all, func(a, b *Diff) int { return cmp.Compare(a.any().Target.Domain, b.any().Target.Domain) })
	return all
}

func byDomain(reports []*scanner.Report) map[string]*scanner.Report {
	m := map[string]*scanner.Report{}
	for _, r := range reports {
		m[r.Target.Domain] = r
	}
	return m
}

func findingsOf(r *scanner.Report) []scanner.Finding {
	if r == nil {
		return nil
	}
	return r.Findings
}

func isFault(f scanner.Finding) bool { return f.Outcome == scanner.Fail || f.Outcome == scanner.Warn }

// settled tells whether a rule's outcome shows that its fault is gone. Reasons
// of not applying that come from the scan, or from a graver fault, show nothing.
func settled(f scanner.Finding) bool {
	if f.Outcome == scanner.Pass {
		return true
	}
	return f.Outcome == scanner.NotApplicable &&
		slices.Contains([]scanner.NAReason{scanner.NANoMail, scanner.NANoRecord, scanner.NANotUsed, scanner.NANotSigned}, f.Because)
}

// any is the newer report, or the older where there is no newer one.
func (d *Diff) any() *scanner.Report {
	if d.New != nil {
		return d.New
	}
	return d.Old
}

// Worst is the worst severity among new faults, "" if there is none. As in a
// scan, warnings do not count.
func (d *Diff) Worst(c *rules.Catalogue) rules.Severity {
	return (&scanner.Report{Findings: d.Faults}).Worst(c)
}

// Told tells whether the newer report is there and of a complete scan.
func (d *Diff) Told() bool { return d.New != nil && d.New.Status == scanner.Complete }

// diffJSON is what DiffJSON writes.
type diffJSON struct {
	Version int            `json:"version"` // 1
	Lang    rules.Lang     `json:"lang"`
	Sites   []diffSiteJSON `json:"sites"`
}

type diffSiteJSON struct {
	Domain    string        `json:"domain"`
	Before    *diffScanJSON `json:"before"` // null: the older file has no report of the site
	After     *diffScanJSON `json:"after"`
	New       []findingJSON `json:"new"`
	Fixed     []findingJSON `json:"fixed"`
	Unchanged []findingJSON `json:"unchanged"`
	Untested  []findingJSON `json:"not_tested"`
}

type diffScanJSON struct {
	Started time.Time      `json:"started"`
	Status  scanner.Status `json:"status"`
	Grade   scanner.Grade  `json:"grade"`
}

// DiffJSON writes comparisons as one document; its findings have the form of
// those in a report.
func DiffJSON(w io.Writer, diffs []*Diff, opts Options) error {
	doc := diffJSON{Version: 1, Lang: rules.Lang(opts.words().Lang), Sites: []diffSiteJSON{}}
	for _, d := range diffs {
		forms := func(fs []scanner.Finding) []findingJSON {
			r := *d.any()
			r.Findings = fs
			return newReportJSON(&r, opts).Findings
		}
		doc.Sites = append(doc.Sites, diffSiteJSON{
			Domain: d.any().Target.Domain, Before: scanJSON(d.Old), After: scanJSON(d.New),
			New: forms(d.Faults), Fixed: forms(d.Fixed), Unchanged: forms(d.Unchanged), Untested: forms(d.Untested),
		})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func scanJSON(r *scanner.Report) *diffScanJSON {
	if r == nil {
		return nil
	}
	return &diffScanJSON{r.Started, r.Status, r.Grade}
}

// DiffText writes comparisons for a terminal, as Text writes reports.
func DiffText(w io.Writer, diffs []*Diff, opts Options) error {
	for i, d := range diffs {
		p := newPrinter(opts)
		if i > 0 {
			p.blank()
			p.blank()
		}
		p.diff(d, opts)
		if err := p.flush(w); err != nil {
			return err
		}
	}
	return nil
}

func (p *printer) diff(d *Diff, opts Options) {
	r := d.any()
	p.line(0, p.w.T("diff.title", "domain", clean(cmp.Or(r.Target.Unicode, r.Target.Domain))), strong)
	p.blank()
	for _, side := range []struct {
		key    string
		report *scanner.Report
	}{{"diff.before", d.Old}, {"diff.after", d.New}} {
		if side.report == nil {
			p.line(2, p.w.T(side.key+".none"), yellow)
			continue
		}
		v := newView(side.report, opts)
		p.line(2, p.w.T(side.key, "date", v.Checked, "grade", v.Verdict.Spoken), plain)
		if v.Notice != nil {
			p.line(4, sentences(p.w, append([]string{v.Notice.Title}, v.Notice.Say...)...), yellow)
		}
	}
	p.diffList(d, "diff.new", d.Faults, red, opts)
	p.diffList(d, "diff.fixed", d.Fixed, green, opts)
	p.diffList(d, "diff.untested", d.Untested, blue, opts)
	p.diffList(d, "diff.unchanged", d.Unchanged, plain, opts)
	if len(d.Faults)+len(d.Fixed)+len(d.Untested) == 0 && d.Told() && d.Old != nil {
		p.blank()
		p.line(2, p.w.T("diff.same"), plain)
	}
}

// diffList is a heading with its findings, nothing if there are none.
func (p *printer) diffList(d *Diff, key string, findings []scanner.Finding, style ink, opts Options) {
	if len(findings) == 0 {
		return
	}
	p.blank()
	p.line(2, p.w.T(key, "n", len(findings)), style)
	for _, f := range findings {
		it := newItem(d.any(), f, opts, p.w)
		p.para(4, "-", plain, 6, it.Title, plain)
		words := []string{it.Severity()}
		if f.Outcome == scanner.Warn {
			words = append(words, it.Label())
		}
		if f.Outcome == scanner.UnknownResult {
			words = []string{p.w.T("failure." + string(it.whyUnknown().Kind))}
		}
		if f.Outcome == scanner.NotApplicable {
			words = []string{notApplicable([]*item{it}, p.w)[0].Reason}
		}
		p.line(6, strings.TrimSpace(list(p.w, words...)+" ("+it.Rule.ID+")"), faint)
	}
}
