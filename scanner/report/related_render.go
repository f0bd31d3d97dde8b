package report

import (
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// relatedJSON is Related for programs, with the reasons in the words of one
// language. docs/schema/report-1.json describes it.
type relatedJSON struct {
	Source     string         `json:"source,omitempty"`
	Trouble    string         `json:"trouble,omitempty"`
	Advisories []advisoryJSON `json:"advisories"`
}

type advisoryJSON struct {
	ID        string            `json:"id"`
	State     string            `json:"state"`
	Title     map[string]string `json:"title"`
	Risk      string            `json:"risk,omitempty"`
	TLP       string            `json:"tlp,omitempty"`
	URL       string            `json:"url,omitempty"`
	Date      *time.Time        `json:"date,omitempty"`
	Component string            `json:"component"`
	Version   string            `json:"version,omitempty"`
	Reason    string            `json:"reason"`
	Params    map[string]string `json:"params,omitempty"`
	Why       string            `json:"why"`
	CVEs      []string          `json:"cves,omitempty"`
	Exploited bool              `json:"exploited,omitempty"`
	Remedies  map[string]string `json:"remedies,omitempty"`
}

func newRelatedJSON(r *scanner.Report, opts Options, w *i18n.Words) *relatedJSON {
	x := relatedOf(r, opts, w)
	if x == nil {
		return nil
	}
	out := &relatedJSON{Source: x.Source, Trouble: x.Trouble, Advisories: make([]advisoryJSON, 0, len(x.Items))}
	for _, it := range x.Items {
		a := it.given
		j := advisoryJSON{
			ID: it.ID, State: it.State, Title: cleanAll(a.Title), Risk: clean(a.Risk), TLP: clean(strings.TrimPrefix(strings.ToLower(a.TLP), "tlp:")), URL: it.URL,
			Component: clean(a.Component), Version: clean(a.Version), Reason: clean(a.Reason), Params: cleanAll(a.Params), Why: it.Why,
			Exploited: a.Exploited, Remedies: map[string]string{},
		}
		if !a.Date.IsZero() {
			at := a.Date.UTC().Truncate(time.Second)
			j.Date = &at
		}
		for _, id := range a.CVEs[:min(len(a.CVEs), maxCVEs)] {
			j.CVEs = append(j.CVEs, clean(id))
		}
		for lang, text := range a.Remedies {
			j.Remedies[clean(lang)] = strings.Join(remedyLines(text), "\n")
		}
		out.Advisories = append(out.Advisories, j)
	}
	return out
}

func cleanAll(texts map[string]string) map[string]string {
	out := make(map[string]string, len(texts))
	for key, text := range texts {
		out[clean(key)] = oneLine(clean(text))
	}
	return out
}

func (p *printer) related(x *related) {
	if x == nil {
		return
	}
	p.blank()
	p.line(0, x.T("related.title"), strong)
	p.line(2, x.T("related.about"), faint)
	if x.Source != "" {
		p.line(2, x.T("related.source", "source", x.Source), faint)
	}
	if x.Trouble != "" {
		p.line(2, x.TroubleText(), yellow)
		p.advice(2, x.T("related.trouble.next"))
	}
	if x.None() {
		p.line(2, x.T("related.none"), plain)
	}
	at := 4
	said := func(s string, style ink) {
		if s != "" {
			p.line(at, s, style)
		}
	}
	for _, it := range x.Items {
		at = max(at, columns(it.Label())+4)
	}
	for _, it := range x.Items {
		style := yellow
		if it.State == "affected" {
			style = red
		}
		p.para(2, it.Label(), style, at, it.Head(), strong)
		said(it.About(), faint)
		if it.Exploited {
			said(it.T("related.exploited"), red)
		}
		said(it.Concerns(), plain)
		said(it.Why, plain)
		said(it.CVEs, faint)
		p.line(at, sentences(it.Words, it.T("related.remedy"), it.Remedy[0]), plain)
		for _, line := range it.Remedy[1:] {
			p.line(at, line, plain)
		}
		said(it.TLP, yellow)
		if it.URL != "" {
			p.out.WriteString(strings.Repeat(" ", at) + it.URL + "\n") // whole, so that it can be opened
		}
	}
	if more := x.MoreText(); more != "" {
		p.line(2, more, faint)
	}
}

func (m *markdown) related() {
	x := m.Related
	if x == nil {
		return
	}
	m.para("## " + mdText(x.T("related.title")))
	source := ""
	if x.Source != "" {
		source = x.T("related.source", "source", x.Source)
	}
	m.para(mdText(sentences(x.Words, x.T("related.about"), source)))
	if x.Trouble != "" {
		m.para("> **" + mdText(x.TroubleText()) + "** " + mdText(x.T("related.trouble.next")))
	}
	if x.None() {
		m.para(mdText(x.T("related.none")))
	}
	for _, it := range x.Items {
		m.para("### " + mdText(it.Label()) + ": " + mdText(it.Head()))
		if it.Exploited {
			m.para("**" + mdText(it.T("related.exploited")) + "**")
		}
		if about := it.About(); about != "" {
			m.para(mdText(about))
		}
		m.para(mdText(it.Concerns()))
		m.para(mdText(it.Why))
		if it.CVEs != "" {
			m.para(mdText(it.CVEs))
		}
		m.para("**" + mdText(it.T("related.remedy")) + "** " + mdText(it.Remedy[0]))
		for _, line := range it.Remedy[1:] {
			m.para(mdText(line))
		}
		if it.TLP != "" {
			m.para(mdText(it.TLP))
		}
		if it.URL != "" {
			m.para("<" + it.URL + ">")
		}
	}
	if more := x.MoreText(); more != "" {
		m.para(mdText(more))
	}
}

// letterRelated are the advisories that a letter asks to act on: those that
// everybody may read, since it goes to others.
func letterRelated(v *view, to []rules.Owner) []*relatedItem {
	if v.Related == nil || to != nil && !slices.Contains(to, rules.OwnerHost) && !slices.Contains(to, rules.OwnerDev) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(v.Related.Items), func(it *relatedItem) bool { return !it.public })
}

func (p *printer) letterAdvisory(number string, it *relatedItem) {
	p.para(0, number, plain, 4, p.w.T("letter.item", "task", it.Head(), "severity", it.Label()), plain)
	if it.Exploited {
		p.line(4, it.T("related.exploited"), plain)
	}
	p.line(4, it.Concerns(), plain)
	for _, s := range []string{it.Why, it.CVEs} {
		if s != "" {
			p.line(4, s, plain)
		}
	}
	p.line(4, sentences(it.Words, it.T("related.remedy"), it.Remedy[0]), plain)
	for _, line := range it.Remedy[1:] {
		p.line(4, line, plain)
	}
	if it.URL != "" {
		p.out.WriteString("    " + it.URL + "\n")
	}
}
