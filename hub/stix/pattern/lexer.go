package pattern

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

type tokenKind int

const (
	tokEnd     tokenKind = iota
	tokName              // letters, digits and underscores
	tokHyphen            // a name with a hyphen in it
	tokKeyword           // a name that the language reserves
	tokLiteral           // a constant, but for true and false
	tokSign              // an operator or a bracket
)

// token is a word of the language. Its text is canonical: "==" is read as "=".
type token struct {
	kind       tokenKind
	text       string
	lit        Literal
	start, end int // where it is in the source
}

func (t token) is(kind tokenKind, text string) bool { return t.kind == kind && t.text == text }

// keyword is whether s is a reserved word of the grammar, case-sensitive. LAST is reserved and unused.
func keyword(s string) bool {
	switch s {
	case "AND", "OR", "NOT", "FOLLOWEDBY", "LIKE", "MATCHES", "ISSUPERSET", "ISSUBSET", "EXISTS", "LAST", "IN",
		"START", "STOP", "SECONDS", "true", "false", "WITHIN", "REPEATS", "TIMES":
		return true
	}
	return false
}

// signs are matched in this order: the longer ones first.
func signs() []string {
	return []string{"==", "!=", "<>", "<=", ">=", "=", "<", ">", "[", "]", "(", ")", ":", ".", ",", "*"}
}

// lexer cuts a source of valid UTF-8 into tokens, one at a time.
type lexer struct {
	src   string
	pos   int
	signs []string
}

func (l *lexer) fail(offset int, detail string) error {
	return errorAt(l.src, offset, SyntaxError{Detail: detail})
}

func (l *lexer) next() (token, error) {
	if err := l.skip(); err != nil {
		return token{}, err
	}
	t := token{start: l.pos, end: l.pos}
	rest := l.src[l.pos:]
	if rest == "" {
		return t, nil
	}
	if len(rest) > 1 && rest[1] == '\'' && strings.IndexByte("bht", rest[0]) >= 0 {
		return l.typed(rest[0])
	}
	if rest[0] == '\'' {
		return l.str()
	}
	if isLetter(rest[0]) {
		return l.name(), nil
	}
	if n := numberLength(rest); n > 0 {
		return l.number(n)
	}
	for _, s := range l.signs {
		if strings.HasPrefix(rest, s) {
			l.pos += len(s)
			t.kind, t.text, t.end = tokSign, s, l.pos
			switch s {
			case "==":
				t.text = "="
			case "<>":
				t.text = "!="
			}
			return t, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	detail := quote(string(r)) + " does not belong here"
	if r == '"' {
		detail = `strings and names stand in single quotes, not in double quotes`
	}
	return token{}, l.fail(l.pos, detail)
}

// skip passes over white space and comments.
func (l *lexer) skip() error {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		switch {
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return l.fail(l.pos, "the comment that begins here has no end (*/)")
			}
			l.pos += n + 4
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexAny(rest, "\r\n")
			if n < 0 {
				n = len(rest)
			}
			l.pos += n
		default:
			r, n := utf8.DecodeRuneInString(rest)
			if !isSpace(r) {
				return nil
			}
			l.pos += n
		}
	}
	return nil
}

func (l *lexer) name() token {
	t := token{kind: tokName, start: l.pos}
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		if c == '-' {
			t.kind = tokHyphen
		} else if !isLetter(c) && !isDigit(c) {
			break
		}
		l.pos++
	}
	t.end = l.pos
	t.text = l.src[t.start:t.end]
	if keyword(t.text) {
		t.kind = tokKeyword
	}
	return t
}

// str reads a string: any characters between single quotes, of which a quote and
// a backslash have a backslash before them, and nothing else does.
func (l *lexer) str() (token, error) {
	start := l.pos
	var b strings.Builder
	for i := start + 1; i < len(l.src); i++ {
		switch c := l.src[i]; c {
		case '\'':
			l.pos = i + 1
			return token{kind: tokLiteral, lit: Literal{String, b.String()}, start: start, end: l.pos}, nil
		case '\\':
			i++
			if i == len(l.src) || l.src[i] != '\'' && l.src[i] != '\\' {
				return token{}, l.fail(i-1, `a backslash in a string is written \\, and a quote \'`)
			}
			b.WriteByte(l.src[i])
		default:
			b.WriteByte(c)
		}
	}
	return token{}, l.fail(start, "the string that begins here has no end (')")
}

// typed reads a constant with a letter before its quotes.
func (l *lexer) typed(letter byte) (token, error) {
	start := l.pos
	n := strings.IndexByte(l.src[start+2:], '\'')
	if n < 0 {
		return token{}, l.fail(start, "the constant that begins here has no end (')")
	}
	text := l.src[start+2 : start+2+n]
	l.pos = start + n + 3
	t := token{kind: tokLiteral, start: start, end: l.pos}
	switch letter {
	case 'b':
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil || strings.ContainsAny(text, "\r\n") {
			return token{}, l.fail(start, "what stands between the quotes of b'' is not base64 (RFC 4648, section 4)")
		}
		t.lit = Literal{Binary, base64.StdEncoding.EncodeToString(data)}
	case 'h':
		if len(text)%2 != 0 || strings.Trim(text, "0123456789abcdefABCDEF") != "" {
			return token{}, l.fail(start, "h'' takes pairs of hexadecimal digits")
		}
		t.lit = Literal{Hex, strings.ToLower(text)}
	default:
		if !validTime(text) {
			return token{}, l.fail(start, "t'' takes a time of the form 2016-06-01T01:30:00.123Z")
		}
		t.lit = Literal{Timestamp, text}
	}
	return t, nil
}

// validTime is whether text is a STIX timestamp (section 2.16): RFC 3339 in UTC,
// with capitals, and with any number of digits of a second.
func validTime(text string) bool {
	const layout = "2006-01-02T15:04:05Z"
	if len(text) < len(layout) || text[len(text)-1] != 'Z' {
		return false
	}
	whole, fraction := text[:len(layout)-1], text[len(layout)-1:len(text)-1]
	if fraction != "" && (fraction[0] != '.' || len(fraction) == 1 || strings.Trim(fraction[1:], "0123456789") != "") {
		return false
	}
	if minute, leap := strings.CutSuffix(whole, ":60"); leap {
		whole = minute + ":59" // package time knows no leap second
	}
	_, err := time.Parse(layout, whole+"Z")
	return err == nil
}

// numberLength is how many bytes a number at the start of s has; 0 if there is none.
func numberLength(s string) int {
	n := 0
	if s[0] == '+' || s[0] == '-' {
		n = 1
	}
	whole := digits(s[n:])
	n += whole
	if n < len(s) && s[n] == '.' {
		if part := digits(s[n+1:]); part > 0 {
			return n + 1 + part
		}
	}
	if whole == 0 {
		return 0
	}
	return n
}

func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func (l *lexer) number(n int) (token, error) {
	t := token{kind: tokLiteral, start: l.pos, end: l.pos + n}
	text := l.src[t.start:t.end]
	l.pos = t.end
	if strings.Contains(text, ".") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(f, 0) {
			return token{}, l.fail(t.start, "the number does not fit 64 bits")
		}
		t.lit = Literal{Float, floatText(f)}
		return t, nil
	}
	if bare := strings.TrimLeft(text, "+-"); len(bare) > 1 && bare[0] == '0' {
		return token{}, l.fail(t.start, "an integer has no zero before it")
	}
	i, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return token{}, l.fail(t.start, "the integer does not fit 64 bits")
	}
	t.lit = Literal{Integer, strconv.FormatInt(i, 10)}
	return t, nil
}

func floatText(f float64) string {
	if f == 0 {
		f = 0 // -0 is 0
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// isSpace is the white space of the grammar, which is not quite Unicode's.
func isSpace(r rune) bool {
	switch r {
	case ' ', '\t', '\r', '\n', '\v', '\f', 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000:
		return true
	}
	return r >= 0x2000 && r <= 0x200a
}
