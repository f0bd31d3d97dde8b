package formats

import (
	"regexp"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// Markdown is a publication as GitHub-flavoured Markdown. What an advisory holds
// is escaped or stands in code, so that it reads the same and acts nowhere. The
// TLP label is its first and last line.
func Markdown(p *advisories.Publication, o Options) []byte {
	m := &markdown{document: newDocument(p, o)}
	m.whole()
	return []byte(m.out.String())
}

type markdown struct {
	*document
	out strings.Builder
}

// para writes a line behind an empty one.
func (m *markdown) para(s string) {
	if m.out.Len() > 0 {
		m.out.WriteByte('\n')
	}
	m.out.WriteString(s + "\n")
}

func (m *markdown) whole() {
	m.para("**" + m.Label.String() + "**")
	m.para("# " + mdText(m.name()+colon(m.Words)+m.Title))
	for _, n := range m.Notices {
		m.blocks(n.Blocks, "> ")
	}
	m.facts(m.Facts)
	for _, s := range m.Sections {
		m.para("## " + mdText(s.Title))
		m.blocks(s.Blocks, "")
		for _, sub := range s.Subs {
			m.para("### " + mdText(sub.Title))
			m.blocks(sub.Blocks, "")
		}
	}
	m.para("**" + m.Label.String() + "**")
}

// blocks writes them; lead is what makes a quotation of them.
func (m *markdown) blocks(blocks []block, lead string) {
	for _, b := range blocks {
		switch {
		case b.Para != nil && b.Missing:
			m.para(lead + "*" + mdLine(b.Para) + "*")
		case b.Para != nil:
			m.para(lead + mdLine(b.Para))
		case b.List != nil:
			m.out.WriteByte('\n')
			for _, item := range b.List {
				m.out.WriteString(lead + "- " + mdLine(item) + "\n")
			}
		case b.Facts != nil:
			m.facts(b.Facts)
		case b.Table != nil:
			m.table(b.Table)
		}
	}
}

func (m *markdown) facts(facts []fact) {
	m.out.WriteByte('\n')
	for _, f := range facts {
		m.out.WriteString("- **" + mdText(f.Name) + "**" + colon(m.Words) + mdLine(f.Value) + "\n")
	}
}

func (m *markdown) table(t *table) {
	var head, rule []string
	for _, s := range t.Head {
		head, rule = append(head, mdText(s)), append(rule, "---")
	}
	m.para("| " + strings.Join(head, " | ") + " |")
	m.out.WriteString("| " + strings.Join(rule, " | ") + " |\n")
	for _, row := range t.Rows {
		var cells []string
		for _, c := range row {
			var lines []string
			for _, l := range c {
				// Inside a table a bar ends the cell, in code too.
				lines = append(lines, strings.ReplaceAll(strings.ReplaceAll(mdLine(l), `\|`, "|"), "|", `\|`))
			}
			cells = append(cells, strings.Join(lines, "<br>"))
		}
		m.out.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
}

// mdLine writes a line. An address stands in <>, where no character of it means
// anything else.
func mdLine(l line) string {
	var b strings.Builder
	for i, s := range l {
		switch {
		case s.URL != "" && s.URL == s.Text:
			b.WriteString("<" + s.URL + ">")
		case s.URL != "":
			b.WriteString("[" + mdText(s.Text) + "](<" + s.URL + ">)")
		case s.Code:
			b.WriteString(mdCode(s.Text))
		case i == 0:
			b.WriteString(mdText(s.Text))
		default:
			b.WriteString(mdEscape(s.Text))
		}
	}
	return strings.TrimSpace(b.String())
}

// mdSpecial are the characters that mean something inside a line. What follows
// an "@" would be told that it was named, which a comment between them prevents.
var mdSpecial = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `#`, `\#`, `|`, `\|`, `~`, `\~`, `$`, `\$`, `!`, `\!`,
	`<`, `&lt;`, `>`, `&gt;`, `&`, `&amp;`, `@`, `@<!-- -->`, `://`, `:<!-- -->//`,
)

// mdLead is what makes a line a list or a heading's underline.
var mdLead = regexp.MustCompile(`^( *)([-+=])|^( *\d{1,9})([.)])( |$)`)

// mdText writes a text of one line as Markdown that reads the same.
func mdText(s string) string {
	return mdLead.ReplaceAllStringFunc(mdEscape(s), func(lead string) string {
		at := strings.IndexAny(lead, "-+=.)")
		return lead[:at] + `\` + lead[at:]
	})
}

func mdEscape(s string) string { return mdSpecial.Replace(s) }

// mdCode writes a text as code: between more backticks than it has in a row.
func mdCode(s string) string {
	run, fence := 0, "`"
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		if run++; run >= len(fence) {
			fence += "`"
		}
	}
	if strings.Trim(s, "`") != s {
		s = " " + s + " "
	}
	return fence + s + fence
}
