package formats

import (
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// textWidth is the width of plain text in columns, two for a Chinese character:
// what mail and terminals show without wrapping it again.
const textWidth = 78

// Text is a publication as plain text (UTF-8, "\n", at most 78 columns but for
// web addresses, which are not cut). The TLP label is its first and last line.
func Text(p *advisories.Publication, o Options) []byte {
	t := &text{document: newDocument(p, o)}
	t.whole()
	return []byte(t.out.String())
}

// text writes a document down for people who read it as it is.
type text struct {
	*document
	out strings.Builder
}

func (t *text) whole() {
	t.label()
	t.out.WriteByte('\n')
	t.put(t.name()+colon(t.Words)+t.Title, "", "")
	t.out.WriteString(strings.Repeat("=", textWidth) + "\n")
	for i, n := range t.Notices {
		if i > 0 {
			t.out.WriteString("!\n")
		}
		t.blocks(n.Blocks, "! ")
	}
	t.out.WriteByte('\n')
	t.facts(t.Facts, "")
	for _, s := range t.Sections {
		t.out.WriteByte('\n')
		t.put(s.Title, "", "")
		t.out.WriteString(strings.Repeat("-", min(columns(s.Title), textWidth)) + "\n")
		t.blocks(s.Blocks, "")
		for _, sub := range s.Subs {
			t.out.WriteByte('\n')
			t.put(sub.Title, "* ", "  ")
			t.blocks(sub.Blocks, "  ")
		}
	}
	t.out.WriteByte('\n')
	t.label()
}

func (t *text) label() { t.out.WriteString(t.Label.String() + "\n") }

// put writes a paragraph: first stands before its first line, rest before the
// others.
func (t *text) put(s, first, rest string) {
	for i, row := range wrap(s, textWidth-max(columns(first), columns(rest))) {
		lead := rest
		if i == 0 {
			lead = first
		}
		t.out.WriteString(strings.TrimRight(lead+row, " ") + "\n")
	}
}

func (t *text) blocks(blocks []block, in string) {
	for i, b := range blocks {
		if i > 0 {
			t.out.WriteString(strings.TrimRight(in, " ") + "\n")
		}
		switch {
		case b.Para != nil:
			t.put(b.Para.String(), in, in)
		case b.List != nil:
			for _, item := range b.List {
				t.put(item.String(), in+"- ", in+"  ")
			}
		case b.Facts != nil:
			t.facts(b.Facts, in)
		case b.Table != nil:
			t.table(b.Table, in)
		}
	}
}

func (t *text) facts(facts []fact, in string) {
	for _, f := range facts {
		t.put(f.Name+colon(t.Words)+f.Value.String(), in, in+"  ")
	}
}

// table writes each row as an item with its names: columns of words do not fit.
func (t *text) table(table *table, in string) {
	for _, row := range table.Rows {
		lead := in + "- "
		for i, c := range row {
			var lines []string
			for _, l := range c {
				if s := l.String(); s != "" {
					lines = append(lines, s)
				}
			}
			if len(lines) == 0 {
				continue
			}
			t.put(table.Head[i]+colon(t.Words)+strings.Join(lines, semicolon(t.Words)), lead, in+"    ")
			lead = in + "  "
		}
	}
}
