package stix

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// quoted goes past the string at the position and reports whether it has escapes.
func (p *Parser) quoted() (escaped bool, err *SyntaxError) {
	text, from := p.text, p.pos+1
	i := from
	for {
		for i < len(text) && text[i] != '"' && text[i] != '\\' && text[i] >= ' ' {
			i++
		}
		switch {
		case i == len(text):
			p.pos = i
			return false, p.fail("the text ends in a string")
		case text[i] == '"':
			if !p.valid && !utf8.ValidString(text[from:i]) {
				return false, p.fail("the string is not valid UTF-8")
			}
			p.pos = i + 1
			return escaped, nil
		case text[i] == '\\':
			_, n := unescape(text[i:])
			if n == 0 {
				p.pos = i
				return false, p.fail("no valid escape (a \\u of a surrogate needs its other half)")
			}
			escaped = true
			i += n
		default:
			p.pos = i
			return false, p.fail("the control character 0x%02X in a string has to be escaped", text[i])
		}
	}
}

// unescape is the character of the escape that s begins with, and its length; 0
// where it is none (RFC 8259, 7).
func unescape(s string) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	r, ok := hex4(s)
	switch {
	case !ok:
		return 0, 0
	case !utf16.IsSurrogate(r):
		return r, 6
	}
	low, ok := hex4(s[6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

// hex4 is the code unit of a \u escape.
func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unquoted is a part of the text with its escapes replaced.
func (p *Parser) unquoted(start, end uint32, escaped bool) string {
	s := p.text[start:end]
	if !escaped {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		r, n := unescape(s[i:])
		b.WriteRune(r)
		s = s[i+n:]
	}
}

func (p *Parser) nameOf(n *node) string {
	return p.unquoted(n.name, n.nameEnd, n.nameEscaped)
}

// isNamed reports whether a member has this name. It takes no longer than the name
// is long: many look-ups past one long name, full of escapes, would otherwise take
// time without end.
func (p *Parser) isNamed(n *node, name string) bool {
	s := p.text[n.name:n.nameEnd]
	if !n.nameEscaped {
		return s == name
	}
	for s != "" {
		if name == "" {
			return false
		}
		if s[0] != '\\' {
			if s[0] != name[0] {
				return false
			}
			s, name = s[1:], name[1:]
			continue
		}
		r, escape := unescape(s)
		found, size := utf8.DecodeRuneInString(name)
		if r != found || r == utf8.RuneError && size == 1 {
			return false
		}
		s, name = s[escape:], name[size:]
	}
	return name == ""
}
