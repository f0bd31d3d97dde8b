package sources

import (
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxHTML  = 1 << 20 // bytes of HTML that are read; the rest is left out
	maxPlain = 200_000 // bytes of text
)

// PlainText makes plain text of HTML that strangers wrote: paragraphs with an
// empty line between them, list items that begin with "- ", the address of a link
// after its words. Scripts, styles, frames, forms' controls, drawings and comments
// are left out with all that is in them. What comes out is text and not HTML: it
// is to be escaped where it is shown.
func PlainText(source string) string {
	if len(source) > maxHTML {
		source = source[:maxHTML]
	}
	w := plain{}
	// What is not for readers goes first, so that nothing becomes a tag for want of it.
	source = strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(source, "\uFFFD"))
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(maxHTML + 1)
	var skip atom.Atom // the element that is left out
	nested := 0        // how many of its name are open
	for w.b.Len() < maxPlain {
		kind := z.Next()
		if kind == html.ErrorToken {
			break // the end; a tokenizer fed from memory has no other
		}
		token := z.Token()
		switch kind {
		case html.TextToken:
			if nested == 0 {
				w.text(token.Data)
			}
		case html.SelfClosingTagToken, html.StartTagToken:
			// HTML knows no "/>": a script stays open. Drawings are not HTML.
			opens := kind == html.StartTagToken || token.DataAtom != atom.Svg && token.DataAtom != atom.Math
			switch {
			case nested > 0:
				if token.DataAtom == skip && opens {
					nested++
				}
			case leftOut(token.DataAtom):
				if opens {
					skip, nested = token.DataAtom, 1
				}
			default:
				w.start(token)
			}
		case html.EndTagToken:
			switch {
			case nested > 0:
				if token.DataAtom == skip {
					nested--
				}
			default:
				w.end(token)
			}
		}
	}
	return w.String()
}

// leftOut are elements whose content is not for readers.
func leftOut(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Iframe, atom.Svg, atom.Math, atom.Object, atom.Template, atom.Noscript, atom.Noembed, atom.Noframes,
		atom.Head, atom.Title, atom.Textarea, atom.Select, atom.Button, atom.Audio, atom.Video, atom.Canvas, atom.Frameset, atom.Applet:
		return true
	}
	return false
}

// plain writes text as its blocks come.
type plain struct {
	b     strings.Builder
	lines int  // line ends that are due before the next word
	space bool // a space is due
	pre   int  // open pre elements
	item  bool // "- " is due
	links []string
}

func (w *plain) start(token html.Token) {
	switch token.DataAtom {
	case atom.Br:
		w.lines = max(w.lines, 1)
	case atom.Li:
		w.lines, w.item = max(w.lines, 1), true
	case atom.Tr, atom.Dd:
		w.lines = max(w.lines, 1)
	case atom.Td, atom.Th:
		w.space = true
	case atom.Img:
		for _, a := range token.Attr {
			if a.Key == "alt" {
				w.text(a.Val)
			}
		}
	case atom.A:
		href := ""
		for _, a := range token.Attr {
			if a.Key == "href" {
				href = webAddress(a.Val)
			}
		}
		if len(w.links) < 16 {
			w.links = append(w.links, href)
		}
	case atom.Pre:
		w.lines = max(w.lines, 2)
		w.pre++
	default:
		if block(token.DataAtom) {
			w.lines = max(w.lines, 2)
		}
	}
}

func (w *plain) end(token html.Token) {
	switch token.DataAtom {
	case atom.Li, atom.Tr, atom.Dt:
		w.lines = max(w.lines, 1)
	case atom.A:
		if n := len(w.links); n > 0 {
			href := w.links[n-1]
			w.links = w.links[:n-1]
			if href != "" && !strings.HasSuffix(w.b.String()[max(0, w.b.Len()-len(href)):], href) {
				w.space = true
				w.text("(" + href + ")")
			}
		}
	case atom.Pre:
		w.lines = max(w.lines, 2)
		w.pre = max(w.pre-1, 0)
	default:
		if block(token.DataAtom) {
			w.lines = max(w.lines, 2)
		}
	}
}

func block(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Dl, atom.Table, atom.Blockquote,
		atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Aside, atom.Nav, atom.Figure, atom.Figcaption, atom.Hr, atom.Form, atom.Address:
		return true
	}
	return false
}

// text writes words with single spaces between them.
func (w *plain) text(s string) {
	for _, r := range s {
		switch {
		case r == '\n' && w.pre > 0:
			w.lines = min(w.lines+1, 2)
		case unicode.IsSpace(r):
			w.space = true
		case unseen(r): // written as a character reference
		case w.b.Len() >= maxPlain:
			return
		default:
			w.rune(r)
		}
	}
}

func (w *plain) rune(r rune) {
	switch {
	case w.b.Len() == 0:
	case w.lines > 0:
		w.b.WriteString("\n\n"[:w.lines])
	case w.space && !w.item:
		w.b.WriteByte(' ')
	}
	if w.item {
		w.b.WriteString("- ")
	}
	w.lines, w.space, w.item = 0, false, false
	w.b.WriteRune(r)
}

func (w *plain) String() string { return w.b.String() }

// unseen reports whether r has no place in plain text.
func unseen(r rune) bool {
	return unicode.Is(unicode.Cc, r) && !unicode.IsSpace(r) || bidi(r) || r == '\uFEFF' || r == '\u200B'
}

// bidi reports whether r turns the direction of text: it can make words read as
// what they are not.
func bidi(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c
}

// webAddress returns an http or https address as it may be shown, "" for others.
func webAddress(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 2000 {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}
