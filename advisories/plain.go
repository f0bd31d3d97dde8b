package advisories

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// PlainText is a text from elsewhere that does no harm where it is shown: valid
// UTF-8 without control characters other than line feeds and tabs, and without
// what turns the direction of writing, by which a text can be made to look like
// another. Markup is text like any other; whoever shows it escapes it.
func PlainText(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return '\n'
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF':
			return -1
		}
		return r
	}, text)
}

// PlainLine is PlainText on one line, without spaces at its ends.
func PlainLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, PlainText(text)))
}

// WebAddress is an address from elsewhere that may become a link: of http or
// https, with a host. Any other is "".
func WebAddress(text string) string {
	text = PlainLine(text)
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return text
}

// URI is an address as RFC 3986 has it, for formats that allow no other: what is
// not ASCII is written with "%".
func URI(address string) string {
	var b strings.Builder
	for i := range len(address) {
		if c := address[i]; c >= 0x80 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
