package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/rules"
)

// RulePage writes what the rules of a family say, in one language, as Markdown.
// values fill the placeholders that a scan would fill.
func RulePage(w io.Writer, c *rules.Catalogue, family string, lang rules.Lang, values map[string]string) error {
	words := i18n.For(i18n.Lang(lang))
	m := &markdown{view: &view{Words: words}}
	m.para("# " + mdText(words.T("family."+family)))
	m.para(mdText(words.T("family." + family + ".about")))
	for _, r := range c.All() {
		if r.Family != family {
			continue
		}
		m.rule(r, lang, values)
	}
	if _, err := io.WriteString(w, strings.TrimLeft(m.out.String(), "\n")); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func (m *markdown) rule(r rules.Rule, lang rules.Lang, values map[string]string) {
	fill := func(t rules.Text) string { return mdText(rules.Fill(t[lang], values)) }
	m.para("## " + mdCode(r.ID))
	m.para("**" + fill(r.Title) + "**")
	weight := m.T("rules.weight", "n", r.Weight)
	if r.Weight == 0 {
		weight = ""
	}
	active := ""
	if r.Active {
		active = m.T("rules.active")
	}
	m.para(mdText(list(m.Words, m.T("severity."+string(r.Severity)), weight, effort(m.Words, r.Effort), m.T("owner."+string(r.Owner)), active)))
	m.para(fill(r.Why))
	m.para("**" + mdText(m.T("report.fix")) + "** " + fill(r.Fix))
	if r.Task[lang] != "" {
		m.para("**" + mdText(m.T("rules.task")) + "** " + fill(r.Task))
	}
	for _, rem := range r.Remedies {
		m.para(mdText(m.T("report.paste.for", "platform", m.T("platform."+string(rem.For)))))
		snippet := strings.TrimRight(rules.Fill(rem.Snippet, values), "\n")
		fence := mdFence(snippet, 3)
		m.para(fence, snippet, fence)
	}
	m.para(mdText(m.T("report.references")))
	m.out.WriteByte('\n')
	for _, ref := range r.References {
		m.out.WriteString("- [" + mdText(ref.Title) + "](" + ref.URL + ")\n")
	}
}

// RuleIndex writes the table of all rules, with links to the pages that
// RulePageName names; values are as for RulePage.
func RuleIndex(w io.Writer, c *rules.Catalogue, values map[string]string) error {
	var b strings.Builder
	english := i18n.For(i18n.English)
	b.WriteString("# The rules\n\nThis page and those it leads to are made from `rules/` (`make generate`).\n\n")
	fmt.Fprintf(&b, "There are %d rules. Weights are points of 100 that a fault costs its family; see [the grade](../grade.md).\n", len(c.All()))
	for _, family := range rules.Families() {
		var links []string
		for _, lang := range rules.Langs() {
			links = append(links, "["+languageName(lang)+"]("+RulePageName(family, lang)+")")
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| rule | severity | weight | what it finds |\n|---|---|---|---|\n", english.T("family."+family), strings.Join(links, " · "))
		for _, r := range c.All() {
			if r.Family != family {
				continue
			}
			// A heading's anchor has no dots.
			anchor := strings.ReplaceAll(r.ID, ".", "")
			fmt.Fprintf(&b, "| [`%s`](%s#%s) | %s | %s | %s |\n", r.ID, RulePageName(family, rules.English), anchor,
				r.Severity, strconv.Itoa(r.Weight), mdText(rules.Fill(r.Title[rules.English], values)))
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// RulePageName is the file name of a family's page.
func RulePageName(family string, lang rules.Lang) string {
	if lang == rules.English {
		return family + ".md"
	}
	return family + "." + string(lang) + ".md"
}

func languageName(lang rules.Lang) string {
	switch lang {
	case rules.Traditional:
		return "繁體中文"
	case rules.Simplified:
		return "简体中文"
	}
	return "English"
}
