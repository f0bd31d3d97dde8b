package formats

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// span is a run of text of one kind.
type span struct {
	Text string
	URL  string // where it leads; already one of webURL
	Code bool   // machine words: they are not translated
}

// line is what stands in one line or paragraph.
type line []span

// plain is a line of text that needs no links.
func plain(s string) line { return line{{Text: s}} }

// String is the text alone.
func (l line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return b.String()
}

// block is a piece of a section: exactly one of its fields but Missing is set.
type block struct {
	Para    line
	Missing bool // Para says that a text is not there
	List    []line
	Facts   []fact
	Table   *table
}

// fact is a value with its name.
type fact struct {
	Name  string
	Value line
}

// table has a name over each column.
type table struct {
	Head []string
	Rows [][]cell
}

// cell is one of a table; each line stands by itself.
type cell []line

// withoutEmpty leaves out the columns in which no row has anything.
func (t *table) withoutEmpty() *table {
	kept := &table{Rows: make([][]cell, len(t.Rows))}
	for i, name := range t.Head {
		if !slices.ContainsFunc(t.Rows, func(row []cell) bool {
			return slices.ContainsFunc(row[i], func(l line) bool { return l.String() != "" })
		}) {
			continue
		}
		kept.Head = append(kept.Head, name)
		for j, row := range t.Rows {
			kept.Rows[j] = append(kept.Rows[j], row[i])
		}
	}
	return kept
}

// prose reads a text of an advisory: paragraphs with an empty line between them,
// items that begin with "- " (a further line of an item is indented), web
// addresses. s is already clean.
func prose(s string) []block {
	var blocks []block
	var para []string
	items := false // the last block is an open list
	flush := func() {
		if len(para) > 0 {
			blocks = append(blocks, block{Para: links(joinLines(para))})
		}
		para = nil
	}
	for raw := range strings.Lines(s) {
		text := strings.TrimSpace(raw)
		item, isItem := strings.CutPrefix(text, "- ")
		switch {
		case text == "":
			flush()
			items = false
		case isItem:
			flush()
			if !items {
				blocks = append(blocks, block{})
				items = true
			}
			last := &blocks[len(blocks)-1]
			last.List = append(last.List, line{{Text: strings.TrimSpace(item)}})
		case items && strings.HasPrefix(raw, " "):
			last := blocks[len(blocks)-1].List
			last[len(last)-1][0].Text = joinLines([]string{last[len(last)-1][0].Text, text})
		default:
			items = false
			para = append(para, text)
		}
	}
	flush()
	for _, b := range blocks {
		for i, item := range b.List {
			b.List[i] = links(item[0].Text)
		}
	}
	return blocks
}

// joinLines puts the lines of a paragraph together: with a space, which Chinese
// does not have between its characters.
func joinLines(lines []string) string {
	var b strings.Builder
	var last rune
	for _, s := range lines {
		first, _ := utf8.DecodeRuneInString(s)
		if b.Len() > 0 && (columnsOf(first) != 2 || columnsOf(last) != 2) {
			b.WriteByte(' ')
		}
		b.WriteString(s)
		last, _ = utf8.DecodeLastRuneInString(s)
	}
	return b.String()
}

// address finds web addresses in a text: ASCII only, so that one ends where
// Chinese goes on.
var address = regexp.MustCompile(`https?://[!#-;=?-\[\]_a-z~]+`)

// links cuts a text at its web addresses.
func links(s string) line {
	var l line
	rest := s
	for _, at := range address.FindAllStringIndex(s, -1) {
		found := trimAddress(s[at[0]:at[1]])
		start := at[0] - (len(s) - len(rest))
		if webURL(found) == "" {
			continue
		}
		if start > 0 {
			l = append(l, span{Text: rest[:start]})
		}
		l = append(l, span{Text: found, URL: found})
		rest = rest[start+len(found):]
	}
	if rest != "" || len(l) == 0 {
		l = append(l, span{Text: rest})
	}
	return l
}

// trimAddress takes off the marks at the end that belong to the sentence; a
// closing bracket belongs to the address that opened it.
func trimAddress(s string) string {
	for s != "" {
		switch last := s[len(s)-1]; last {
		case '.', ',', ';', ':', '!', '?', '\'', '*', '_':
		case ')':
			if strings.Count(s, "(") >= strings.Count(s, ")") {
				return s
			}
		case ']':
			if strings.Count(s, "[") >= strings.Count(s, "]") {
				return s
			}
		default:
			return s
		}
		s = s[:len(s)-1]
	}
	return s
}
