package formats

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// columns is how many columns of a terminal s takes: two for a wide character,
// none for a mark that stands on the one before it.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	if r < 0x7f {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// notFirst are marks that must not begin a line, notLast those that must not
// end one.
const (
	notFirst = "，。、；：？！）」』》】〉”’…—～·,.;:?!)]}%"
	notLast  = "（「『《【〈“‘([{"
)

// wrap breaks s into lines of at most limit columns (wrap.go of scanner/report does the same). It breaks at spaces and
// beside wide characters, keeping punctuation where Chinese wants it, and cuts
// a word only if it is longer than a line; a web address never, since half of one
// leads nowhere.
func wrap(s string, limit int) []string {
	var (
		lines []string
		line  strings.Builder
		used  int
	)
	flush := func() {
		lines = append(lines, line.String())
		line.Reset()
		used = 0
	}
	for _, p := range pieces(s) {
		gap := 0
		if p.space && used > 0 {
			gap = 1
		}
		size := columns(p.text)
		if used > 0 && used+gap+size > limit {
			flush()
			gap = 0
		}
		line.WriteString(strings.Repeat(" ", gap))
		used += gap
		for _, r := range p.text {
			if c := columnsOf(r); used+c > limit && used > 0 && !isAddress(p.text) {
				flush()
			}
			line.WriteRune(r)
			used += columnsOf(r)
		}
	}
	if line.Len() > 0 || len(lines) == 0 {
		flush()
	}
	return lines
}

// piece is a run of text without a break in it; space says that a space stands
// before it.
type piece struct {
	text  string
	space bool
}

// maxGlued bounds how many marks stick to one piece, so that a row of them is
// still cut.
const maxGlued = 8

func pieces(s string) []piece {
	var (
		all   []piece
		start int // of the last piece
		space bool
		glued int
		prev  rune // the last character of the last piece; 0 after a space
	)
	for i, size := 0, 0; i < len(s); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(s[i:])
		if unicode.IsSpace(r) {
			space, prev = true, 0
			continue
		}
		wide := columnsOf(r) == 2
		join := prev != 0 && (!wide && columnsOf(prev) != 2 || strings.ContainsRune(notLast, prev))
		if prev != 0 && !join && strings.ContainsRune(notFirst, r) && glued < maxGlued {
			join = true
			glued++
		} else if !join {
			glued = 0
		}
		if !join {
			all, start = append(all, piece{space: space}), i
		}
		all[len(all)-1].text = s[start : i+size]
		space, prev = false, r
	}
	return all
}

func isAddress(s string) bool {
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
}
