package pattern

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// SyntaxError says where a pattern is wrong and what would be right there.
type SyntaxError struct {
	Offset   int      // in bytes, from 0
	Line     int      // from 1
	Column   int      // in characters, from 1
	Expected []string // what could stand there; empty where Detail says it all
	Found    string   // what stands there, shortened
	Detail   string   // the fault, or a hint; may be empty
}

// Error is one line, such as
//
//	line 1, column 14: expected a value, found "]"
func (e *SyntaxError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	if len(e.Expected) == 0 {
		b.WriteString(e.Detail)
		return b.String()
	}
	b.WriteString("expected ")
	b.WriteString(oneOf(e.Expected))
	b.WriteString(", found ")
	b.WriteString(e.Found)
	if e.Detail != "" {
		b.WriteString(" (")
		b.WriteString(e.Detail)
		b.WriteByte(')')
	}
	return b.String()
}

func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// errorAt fills in line and column of an offset into src.
func errorAt(src string, offset int, e SyntaxError) error {
	before := src[:offset]
	e.Offset = offset
	e.Line = 1 + strings.Count(before, "\n")
	e.Column = 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return &e
}

// maxFound is how many characters of the input an error repeats.
const maxFound = 40

func quote(s string) string {
	if r := []rune(s[:min(len(s), 4*maxFound+4)]); len(r) > maxFound {
		s = string(r[:maxFound]) + "..."
	}
	return fmt.Sprintf("%q", s)
}
