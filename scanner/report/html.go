package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/scanner"
)

//go:embed page.tmpl
var pageSource string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// parsePage reads the template on first use.
var parsePage = sync.OnceValues(func() (*template.Template, error) {
	return template.New("page").Parse(pageSource)
})

// HTML writes one report as a single file, in one language. It loads nothing:
// its style and its small script (copy buttons, unfolding for print) stand in
// it, allowed by their hashes in a Content-Security-Policy that allows nothing
// else. It reads and prints the same without the script.
func HTML(w io.Writer, r *scanner.Report, opts Options) error {
	tmpl, err := parsePage()
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := tmpl.Execute(w, newPage(r, opts)); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// page is what the template sees.
type page struct {
	*view
	HTMLLang string // a BCP 47 tag with the region, which chooses the fonts
	CSP      string
	Style    template.CSS
	Script   template.JS
	Program  string
	ISO      string // the time of the scan for machines
	Letter   string // to those who look after the site, "" if there is nothing to ask for
}

func newPage(r *scanner.Report, opts Options) *page {
	v := withRelated(newView(r, opts), opts)
	return &page{
		view: v, HTMLLang: htmlLang(v.Lang), CSP: policy(),
		Style:   template.CSS(pageStyle), //nolint:gosec // G203: the text is a file of this package
		Script:  template.JS(pageScript), //nolint:gosec // G203: the text is a file of this package
		Program: clean(r.Program), Letter: letterText(v, LetterOptions{}),
		ISO: r.Started.UTC().Format("2006-01-02T15:04:05Z"),
	}
}

func htmlLang(lang i18n.Lang) string {
	switch lang {
	case i18n.Traditional:
		return "zh-Hant-HK"
	case i18n.Simplified:
		return "zh-Hans-CN"
	}
	return "en"
}

func policy() string {
	return strings.Join([]string{
		"default-src 'none'", "style-src " + hashOf(pageStyle), "script-src " + hashOf(pageScript),
		"base-uri 'none'", "form-action 'none'",
	}, "; ")
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Head is the file's title.
func (p *page) Head() string {
	return p.T("report.head", "domain", p.Domain, "grade", p.Verdict.Spoken)
}

// Counted is "5 of 12 checks passed, 7 faults".
func (p *page) Counted() string { return counted(p.Words, p.Counts) }

// FirstTitle is "First: three fixes".
func (p *page) FirstTitle() string { return p.T(fmt.Sprint("report.first.", len(p.First))) }

// Graded tells whether there are families to show.
func (p *page) Graded() bool { return len(p.Families) > 0 }

// Text joins what the verdict says.
func (v verdict) Text(w *i18n.Words) string { return sentences(w, v.Say...) }

// NextText joins what to do.
func (v verdict) NextText(w *i18n.Words) string { return sentences(w, v.Next...) }

// Text joins what the notice says.
func (n *notice) Text(w *i18n.Words) string { return sentences(w, n.Say...) }

// GradeClass is the style of a grade's badge.
func (v verdict) GradeClass() string { return gradeClass(v.Letter) }

// GradeClass is the style of a family's badge.
func (f *family) GradeClass() string { return gradeClass(f.Letter) }

func gradeClass(letter string) string {
	if letter == "" {
		return "grade-none"
	}
	return "grade-" + strings.ToLower(strings.TrimSuffix(letter, "+"))
}

// Line is one family in the overview: "12 of 15 passed".
func (f *family) Line() string {
	if f.Counts.Judged() == 0 {
		return f.T("report.counts.unknown", "n", f.Counts.Unknown)
	}
	return f.T("report.family.counts", "passed", f.Counts.Passed, "total", f.Counts.Judged())
}

// Concerns tells whether any rule of the family applies to the site.
func (f *family) Concerns() bool { return f.Counts.Judged()+f.Counts.Unknown > 0 }

// Rest is what needs nobody's work here, as numbers: "3 checks passed".
func (f *family) Rest() string { return f.Counts.in(f.Words, "passed", "na") }

// NotTested is "2 not tested".
func (f *family) NotTested() string { return f.Counts.in(f.Words, "unknown") }

// About is time and owner in a line.
func (it *item) About() string { return list(it.Words, it.Effort(), it.Owner()) }

// Known tells whether the catalogue has the rule.
func (it *item) Known() bool { return it.Rule.Severity != "" }

// Seen is how many things were seen, those that are not kept included.
func (it *item) Seen() int { return len(it.Evidence) + it.More }

// SeverityClass is the style of the severity's tag.
func (it *item) SeverityClass() string { return "severity-" + string(it.Rule.Severity) }

// Open tells whether a remedy is unfolded from the start: where it is the only
// one.
func (it *item) Open() bool { return len(it.Remedies) == 1 }

// FamiliesConcerned are those that have rules which apply.
func (p *page) FamiliesConcerned() []*family {
	return slices.DeleteFunc(slices.Clone(p.Families), func(f *family) bool { return !f.Concerns() })
}
