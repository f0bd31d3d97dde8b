package report

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// view is a report with its words: what Text and HTML show, in their order.
type view struct {
	*i18n.Words
	Report   *scanner.Report
	Domain   string // as people read it
	ASCII    string // as machines do, "" where that is the same
	Checked  string
	Seconds  string
	Verdict  verdict
	Notice   *notice // of a scan that did not end well
	Counts   counts
	First    []*item
	Families []*family
	Unknown  []group // of all families
	Passed   []*item
	NA       []group
	Active   string
	// Inventory is what the site is made with; MDN what another scanner would
	// say of its pages, or "".
	Inventory []product
	Servers   []server // of which every cipher suite is known
	MDN       string
	// Related are the advisories that concern the reader; nil: nobody asked.
	Related *related
}

// item is one finding with its words filled in.
type item struct {
	*i18n.Words
	Rule     rules.Rule
	Outcome  scanner.Outcome
	Title    string
	Why, Fix string
	Task     string // the change, said to a professional
	Remedies []remedy
	Evidence []scanner.Evidence
	More     int
	Fixed    int // its place among the first fixes, from 1; 0 if it is not there
	failure  *scanner.Failure
	because  scanner.NAReason
}

type remedy struct {
	*i18n.Words
	For     rules.Platform
	Snippet string
}

// Platform is where the snippet is put, in words.
func (r remedy) Platform() string { return r.T("platform." + string(r.For)) }

// group is findings that share a reason.
type group struct {
	Reason, Next, Detail string
	Items                []*item
}

type family struct {
	*i18n.Words
	ID, Title, About string
	Letter, Score    string // of the grade; "" where there is none
	WhyNone          string // why there is no grade
	Counts           counts
	Faults           []*item // and warnings
	Unknown          []group
	Passed           []*item
	NA               []group
}

// counts are numbers of rules.
type counts struct{ Passed, Failed, Warned, Advised, Unknown, NA int }

// Judged is how many rules have a verdict.
func (c counts) Judged() int { return c.Passed + c.Failed + c.Warned + c.Advised }

func (c *counts) add(it *item) {
	switch it.Outcome {
	case scanner.Pass:
		c.Passed++
	case scanner.Fail:
		c.Failed++
	case scanner.Warn:
		if it.Advice() {
			c.Advised++
		} else {
			c.Warned++
		}
	case scanner.UnknownResult:
		c.Unknown++
	case scanner.NotApplicable:
		c.NA++
	}
}

// in writes the counts of these keys as "2 warnings, 3 not tested", leaving out
// zeros.
func (c counts) in(w *i18n.Words, keys ...string) string {
	n := map[string]int{"passed": c.Passed, "faults": c.Failed, "warnings": c.Warned, "advice": c.Advised, "unknown": c.Unknown, "na": c.NA}
	var words []string
	for _, key := range keys {
		if n[key] > 0 {
			words = append(words, w.T("report.counts."+key, "n", n[key]))
		}
	}
	return joined(w, words...)
}

// counted writes all counts: "5 of 12 checks passed, 7 faults".
func counted(w *i18n.Words, c counts) string {
	return joined(w, w.T("report.passed-of", "passed", c.Passed, "n", c.Judged()), c.in(w, "faults", "warnings", "advice", "unknown", "na"))
}

func newView(r *scanner.Report, opts Options) *view {
	w := opts.words()
	v := &view{
		Words: w, Report: r, Domain: clean(cmp.Or(r.Target.Unicode, r.Target.Domain)), ASCII: clean(r.Target.Domain),
		Checked: when(r.Started, opts.Zone, w.Lang), Seconds: seconds(r.Millis),
		Active: activeWords(r, w),
	}
	v.Inventory, v.Servers, v.MDN = inventory(r, w), serversOf(r, w), mdnOf(r, w)
	if v.ASCII == v.Domain {
		v.ASCII = ""
	}
	byFamily := map[string]*family{}
	byRule := map[string]*item{}
	var all []*item
	for _, f := range r.Findings {
		it := newItem(r, f, opts, w)
		all = append(all, it)
		byRule[f.Rule] = it
		fam := byFamily[it.Rule.Family]
		if fam == nil {
			fam = newFamily(r, it.Rule.Family, w)
			byFamily[it.Rule.Family] = fam
			v.Families = append(v.Families, fam)
		}
		fam.Counts.add(it)
		v.Counts.add(it)
		switch f.Outcome {
		case scanner.Fail, scanner.Warn:
			fam.Faults = append(fam.Faults, it)
		case scanner.Pass:
			fam.Passed = append(fam.Passed, it)
			v.Passed = append(v.Passed, it)
		}
	}
	order := rules.Families()
	slices.SortStableFunc(v.Families, func(a, b *family) int {
		return slices.Index(order, a.ID) - slices.Index(order, b.ID)
	})
	for _, fam := range v.Families {
		mine := slices.DeleteFunc(slices.Clone(all), func(it *item) bool { return it.Rule.Family != fam.ID })
		fam.Unknown, fam.NA = unknowns(mine, w), notApplicable(mine, w)
		slices.SortStableFunc(fam.Faults, worstFirst)
	}
	v.Unknown, v.NA = unknowns(all, w), notApplicable(all, w)
	for _, id := range r.First {
		if it := byRule[id]; it != nil {
			v.First = append(v.First, it)
			it.Fixed = len(v.First)
		}
	}
	v.Verdict, v.Notice = verdictOf(r, v, w), noticeOf(r, w)
	return v
}

// worstFirst puts faults before warnings, and the graver before the lesser.
func worstFirst(a, b *item) int {
	if a.Outcome != b.Outcome {
		return cmp.Compare(a.Outcome, b.Outcome) // "fail" before "warn"
	}
	order := rules.Severities()
	return slices.Index(order, a.Rule.Severity) - slices.Index(order, b.Rule.Severity)
}

// newItem fills in the words. A rule that the catalogue does not know (a stored
// report of a newer program) is shown by its id.
func newItem(r *scanner.Report, f scanner.Finding, opts Options, w *i18n.Words) *item {
	rule, ok := opts.Catalogue.Rule(f.Rule)
	if !ok {
		rule.ID = clean(f.Rule)
		rule.Family, _, _ = strings.Cut(rule.ID, ".")
	}
	values := r.Values(f)
	for k, x := range values {
		values[k] = clean(x)
	}
	spoken := spokenNames(values)
	words := func(t rules.Text) string {
		return strings.TrimSpace(rules.Fill(cmp.Or(t[rules.Lang(w.Lang)], t[rules.English]), spoken))
	}
	it := &item{
		Words: w, Rule: rule, Outcome: f.Outcome, Title: cmp.Or(words(rule.Title), rule.ID), Why: words(rule.Why), Fix: words(rule.Fix),
		Task: cmp.Or(words(rule.Task), words(rule.Title)),
		More: f.More, failure: f.Failure, because: f.Because,
	}
	for _, p := range rules.Platforms() {
		for _, rem := range rule.Remedies {
			if rem.For == p {
				it.Remedies = append(it.Remedies, remedy{w, p, strings.TrimRight(rules.Fill(rem.Snippet, values), "\n")})
			}
		}
	}
	for _, e := range f.Evidence {
		it.Evidence = append(it.Evidence, scanner.Evidence{Subject: clean(e.Subject), Observed: clean(e.Observed)})
	}
	return it
}

// spokenNames are the values of placeholders as words have them: domain names
// in their own script. Snippets keep the form that servers read.
func spokenNames(values map[string]string) map[string]string {
	out := make(map[string]string, len(values))
	for k, x := range values {
		out[k] = x
		if strings.Contains(x, "xn--") {
			if u, err := idna.Display.ToUnicode(x); err == nil {
				out[k] = clean(u)
			}
		}
	}
	return out
}

// Severity, Effort, Owner and OwnerAbout are the rule's, in words.
func (it *item) Severity() string {
	if it.Rule.Severity == "" {
		return ""
	}
	return it.T("severity." + string(it.Rule.Severity))
}

func (it *item) Effort() string { return effort(it.Words, it.Rule.Effort) }

func (it *item) Owner() string {
	if it.Rule.Owner == "" {
		return ""
	}
	return it.T("owner." + string(it.Rule.Owner))
}

func (it *item) OwnerAbout() string { return it.T("owner." + string(it.Rule.Owner) + ".about") }

// Advice tells whether it is only advice, which costs nothing.
func (it *item) Advice() bool {
	return it.Rule.Severity == rules.Info && it.Outcome == scanner.Warn
}

// Label is the outcome in a word.
func (it *item) Label() string {
	if it.Advice() {
		return it.T("outcome.advice")
	}
	return it.T("outcome." + string(it.Outcome))
}

func newFamily(r *scanner.Report, id string, w *i18n.Words) *family {
	f := &family{Words: w, ID: id, Title: id}
	if slices.Contains(rules.Families(), id) {
		f.Title, f.About = w.T("family."+id), w.T("family."+id+".about")
	}
	for _, res := range r.Families {
		if res.Family != id {
			continue
		}
		if f.Letter = res.Grade.Letter; f.Letter != "" {
			f.Score = w.T("grade.score", "score", res.Grade.Score)
		} else {
			f.WhyNone = w.T("grade.none.family")
		}
	}
	return f
}

// unknowns groups what could not be tested by the reason.
func unknowns(items []*item, w *i18n.Words) []group {
	return grouped(items, func(it *item) (string, bool) {
		if it.Outcome != scanner.UnknownResult {
			return "", false
		}
		return string(it.whyUnknown().Kind) + "\x00" + it.whyUnknown().Detail, true
	}, func(it *item) group {
		why := it.whyUnknown()
		return group{Reason: w.T("failure." + string(why.Kind)), Next: w.T("failure." + string(why.Kind) + ".next"), Detail: clean(why.Detail)}
	})
}

func (it *item) whyUnknown() *scanner.Failure {
	if it.failure == nil {
		return &scanner.Failure{Kind: scanner.FailInternal}
	}
	return it.failure
}

// notApplicable groups what does not concern the site by the reason.
func notApplicable(items []*item, w *i18n.Words) []group {
	return grouped(items, func(it *item) (string, bool) {
		return string(it.because), it.Outcome == scanner.NotApplicable
	}, func(it *item) group {
		if it.because == "" {
			return group{Reason: w.T("outcome.not-applicable")}
		}
		return group{Reason: w.T("na." + string(it.because))}
	})
}

// grouped puts the items of one key together, in the order of their first.
func grouped(items []*item, key func(*item) (string, bool), head func(*item) group) []group {
	var groups []group
	at := map[string]int{}
	for _, it := range items {
		k, ok := key(it)
		if !ok {
			continue
		}
		i, seen := at[k]
		if !seen {
			i = len(groups)
			at[k] = i
			groups = append(groups, head(it))
		}
		groups[i].Items = append(groups[i].Items, it)
	}
	return groups
}
