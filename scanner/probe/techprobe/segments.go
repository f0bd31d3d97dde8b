package techprobe

import (
	"bytes"
	"strings"

	"github.com/cybersec-infohub/infohub/rules/technologies"
)

// segments gives each the tags, the comments and the inline scripts of a page,
// in order, each cut to maxSegment but for scripts. Text is left out, and so is
// what only looks like a tag: titles, text areas, style sheets. It passes over
// the body once.
func segments(body []byte, each func(technologies.Place, string)) {
	for {
		i := bytes.IndexByte(body, '<')
		if i < 0 || i+1 >= len(body) {
			return
		}
		body = body[i:]
		switch {
		case bytes.HasPrefix(body, []byte("<!--")):
			n := len(body)
			if end := bytes.Index(body[4:], []byte("-->")); end >= 0 {
				n = 4 + end + 3
			}
			each(technologies.InComment, string(body[:min(n, maxSegment)]))
			body = body[n:]
		case isLetter(body[1]):
			n := tagEnd(body)
			tag := string(body[:min(n, maxSegment)])
			body = body[n:]
			each(technologies.InTag, tag)
			name := tagName(tag)
			switch name {
			case "script", "style", "textarea", "title", "xmp", "plaintext":
				end := closing(body, name)
				if name == "script" && end > 0 {
					each(technologies.InInline, string(body[:end]))
				}
				body = body[end:]
			}
		default:
			body = body[1:]
		}
	}
}

// tagEnd is where a tag ends, with its ">"; one in quotes ends nothing. What
// never ends within 64 KiB is cut there.
func tagEnd(tag []byte) int {
	const longest = 64 << 10
	quote := byte(0)
	for i := 1; i < len(tag) && i < longest; i++ {
		switch c := tag[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && tag[i-1] == '=', (c == '"' || c == '\'') && isSpace(tag[i-1]):
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return min(len(tag), longest)
}

func tagName(tag string) string {
	i := 1
	for i < len(tag) && i < 20 && !isSpace(tag[i]) && tag[i] != '>' && tag[i] != '/' {
		i++
	}
	return strings.ToLower(tag[1:i])
}

// closing is where the element's text ends: at its end tag, or at the end.
func closing(body []byte, name string) int {
	at := 0
	for {
		i := bytes.Index(body[at:], []byte("</"))
		if i < 0 {
			return len(body)
		}
		at += i
		if rest := body[at+2:]; len(rest) >= len(name) && strings.EqualFold(string(rest[:len(name)]), name) {
			return at
		}
		at += 2
	}
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }
