package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Markdown writes a report as GitHub-flavoured Markdown. What a site sent stands
// in code, where nothing acts, or is escaped.
func Markdown(w io.Writer, r *scanner.Report, opts Options) error {
	v := withRelated(newView(r, opts), opts)
	m := &markdown{view: v}
	m.head()
	m.first()
	m.related()
	m.families()
	for _, f := range v.Families {
		m.family(f)
		if f.ID == "web" && m.MDN != "" {
			m.para(mdText(m.MDN))
		}
	}
	m.servers()
	m.inventory()
	if r.Status != scanner.Unreachable {
		m.para("**" + mdText(v.T("active.title")) + "** " + mdText(v.Active))
		m.para(mdText(v.T("report.dated")))
	}
	m.para(mdText(v.T("report.made-by", "program", clean(r.Program))))
	if _, err := io.WriteString(w, strings.TrimLeft(m.out.String(), "\n")); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

type markdown struct {
	*view
	out strings.Builder
}

// para writes lines of Markdown behind an empty one; empty ones are left out.
func (m *markdown) para(lines ...string) {
	m.out.WriteByte('\n')
	for _, s := range lines {
		if s != "" {
			m.out.WriteString(s + "\n")
		}
	}
}

func (m *markdown) head() {
	m.para("# " + mdText(m.T("report.title", "domain", m.Domain)))
	if n := m.Notice; n != nil {
		m.para("> **" + mdText(n.Title) + "** " + mdText(sentences(m.Words, append(n.Say, n.Next)...)))
		if n.Detail != "" {
			m.para("> " + m.T("report.detail", "detail", mdCode(n.Detail)))
		}
	}
	m.para("**" + mdText(m.Verdict.Spoken) + "**")
	m.para(mdText(sentences(m.Words, append(m.Verdict.Say, m.Verdict.Next...)...)))
	if m.Counts.Judged() > 0 {
		m.para(mdText(counted(m.Words, m.Counts)))
	}
	m.para(mdText(m.T("report.date.sentence", "date", m.Checked, "seconds", m.Seconds)))
}

func (m *markdown) first() {
	if len(m.First) == 0 {
		return
	}
	m.para("## " + mdText(m.T(fmt.Sprint("report.first.", len(m.First)))))
	m.out.WriteByte('\n')
	for i, it := range m.First {
		fmt.Fprintf(&m.out, "%d. **%s** (%s)\n", i+1, mdText(it.Title), mdText(list(m.Words, it.Severity(), it.Effort(), it.Owner())))
	}
}

// families is a table: the only one, and nothing of the site's stands in it.
func (m *markdown) families() {
	if len(m.Families) == 0 {
		return
	}
	m.para("## " + mdText(m.T("report.families")))
	m.para("| | "+mdText(m.T("grade"))+" | "+mdText(m.T("report.checks"))+" |", "|---|---|---|")
	for _, f := range m.Families {
		letter := f.Letter
		if letter == "" {
			letter = m.T("grade.none")
		}
		fmt.Fprintf(&m.out, "| %s | %s | %s |\n", mdText(f.Title), mdText(letter), mdText(counted(m.Words, f.Counts)))
	}
}

func (m *markdown) family(f *family) {
	if !f.Concerns() {
		return
	}
	m.para("## " + mdText(f.Title))
	if f.WhyNone != "" {
		m.para(mdText(f.WhyNone))
	}
	for _, it := range f.Faults {
		m.fault(it)
	}
	if len(f.Faults) == 0 && len(f.Unknown) == 0 {
		m.para(mdText(m.T("report.family.clean")))
	}
	for _, g := range f.Unknown {
		m.para("**" + mdText(m.T("outcome.unknown")) + "** " + mdText(sentences(m.Words, g.Reason, m.T("report.next-step", "next", g.Next))))
		if g.Detail != "" {
			m.para(m.T("report.detail", "detail", mdCode(g.Detail)))
		}
		m.out.WriteByte('\n')
		for _, it := range g.Items {
			fmt.Fprintf(&m.out, "- %s (%s)\n", mdText(it.Title), mdCode(it.Rule.ID))
		}
	}
}

func (m *markdown) fault(it *item) {
	m.para("### " + mdText(it.Label()) + ": " + mdText(it.Title))
	if it.Known() {
		m.para(mdText(list(m.Words, it.Severity(), it.Effort(), it.Owner())) + " (" + mdCode(it.Rule.ID) + ")")
		m.para(mdText(it.Why))
		m.para("**" + mdText(m.T("report.fix")) + "** " + mdText(it.Fix))
	}
	if len(it.Evidence) > 0 {
		m.para("**" + mdText(m.T("report.seen")) + "**")
		m.out.WriteByte('\n')
		for _, e := range it.Evidence {
			fmt.Fprintf(&m.out, "- %s %s\n", mdCode(e.Subject), mdCode(e.Observed))
		}
		if it.More > 0 {
			m.out.WriteString("- " + mdText(m.T("report.seen.more", "n", it.More)) + "\n")
		}
	}
	for _, rem := range it.Remedies {
		m.para(mdText(m.T("report.paste.for", "platform", rem.Platform())))
		fence := mdFence(rem.Snippet, 3)
		m.para(fence, strings.TrimRight(rem.Snippet, "\n"), fence)
	}
}

// mdSpecial are the characters that mean something inside a line. What follows
// an "@" would be told that it was named, which a comment between them prevents.
var mdSpecial = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `#`, `\#`, `|`, `\|`, `~`, `\~`, `$`, `\$`, `!`, `\!`,
	`<`, `&lt;`, `>`, `&gt;`, `&`, `&amp;`, `@`, `@<!-- -->`,
)

// mdLead is what makes a line a list or a heading's underline.
var mdLead = regexp.MustCompile(`^(\d{0,9})([-+=.)])`)

// mdText writes a text of one line as Markdown that reads the same.
func mdText(s string) string {
	s = mdSpecial.Replace(strings.Join(strings.Fields(s), " "))
	return mdLead.ReplaceAllString(s, `$1\$2`)
}

// mdCode writes a text as code: between more backticks than it has in a row.
func mdCode(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return ""
	}
	fence := mdFence(s, 1)
	if strings.Trim(s, "`") != s {
		s = " " + s + " "
	}
	return fence + s + fence
}

// mdFence is a row of at least n backticks, longer than any in s.
func mdFence(s string, n int) string {
	run := 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		n = max(n, run+1)
	}
	return strings.Repeat("`", n)
}
