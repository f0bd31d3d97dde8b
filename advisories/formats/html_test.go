package formats_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// find returns the elements of a name, "" being all.
func find(n *html.Node, name string) []*html.Node {
	var found []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (name == "" || d.Data == name) {
			found = append(found, d)
		}
	}
	return found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "style" {
			b.WriteString(d.Data + " ")
		}
	}
	return b.String()
}

// checkInert holds that a page runs nothing, loads nothing and sends nothing, and
// that its links lead to the web only.
func checkInert(t *testing.T, doc *html.Node) {
	t.Helper()
	allowed := strings.Fields(`html head meta title style link body a article div main section ul li p h1 h2 h3 dl dt dd span strong code
		table thead tbody tr th td header footer`)
	attributes := strings.Fields("lang charset http-equiv content name href hreflang rel class id tabindex role scope translate data-name aria-current")
	for _, n := range find(doc, "") {
		if !slices.Contains(allowed, n.Data) {
			t.Errorf("the page has <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if !slices.Contains(attributes, a.Key) {
				t.Errorf("<%s> has %s=%.60q", n.Data, a.Key, a.Val)
			}
		}
		href := attr(n, "href")
		switch {
		case n.Data == "a" && strings.HasPrefix(href, "http"):
			if attr(n, "rel") != "noopener noreferrer" {
				t.Errorf("the link to %q tells where it comes from", href)
			}
		case href != "" && !strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "#"), strings.HasPrefix(href, "//"):
			t.Errorf("a link leads to %q", href)
		}
	}
}

func TestPagesAreInertAndInOrder(t *testing.T) {
	for _, lang := range i18n.Langs() {
		for name, p := range map[string]*advisories.Publication{"rich": rich(), "withdrawn": withdrawn(), "superseded": superseded()} {
			o := options(lang)
			o.Successor = "/advisories/A26-12-01"
			out := page(t, p, o)
			doc := parse(t, out)
			checkInert(t, doc)
			want := map[i18n.Lang]string{i18n.English: "en", i18n.Traditional: "zh-Hant-HK", i18n.Simplified: "zh-Hans-CN"}[lang]
			if got := attr(find(doc, "html")[0], "lang"); got != want {
				t.Errorf("%s %s: the page is in %q", name, lang, got)
			}
			checkHeadings(t, doc)
			for _, s := range []string{"advisory." + string(lang), "{", "<no value>"} {
				if strings.Contains(textOf(find(doc, "body")[0]), s) {
					t.Errorf("%s %s: the page shows %q", name, lang, s)
				}
			}
			if name == "superseded" && !strings.Contains(out, `<a href="/advisories/A26-12-01"`) {
				t.Errorf("%s: no link to the successor", lang)
			}
			// The label is at the top and at the end.
			text := textOf(find(doc, "article")[0])
			if label := p.Advisory.TLP.String(); !strings.HasPrefix(strings.TrimSpace(text), label) || !strings.HasSuffix(strings.TrimSpace(text), label) {
				t.Errorf("%s %s: the label is not at the top and the end", name, lang)
			}
		}
	}
}

// checkHeadings holds that there is one h1, first, and that no level is left out.
func checkHeadings(t *testing.T, doc *html.Node) {
	t.Helper()
	last := 0
	for _, n := range find(doc, "") {
		if len(n.Data) != 2 || n.Data[0] != 'h' || n.Data[1] < '1' || n.Data[1] > '6' {
			continue
		}
		level := int(n.Data[1] - '0')
		if level > last+1 || level == 1 && last != 0 {
			t.Errorf("h%d (%s) comes after h%d", level, textOf(n), last)
		}
		last = level
	}
	if n := len(find(doc, "h1")); n != 1 {
		t.Errorf("%d h1", n)
	}
}

func TestStyleIsAllowedByItsHash(t *testing.T) {
	for lang, o := range map[string]formats.Options{"inside": {}, "beside": {Stylesheet: "/advisory.css"}} {
		doc := parse(t, page(t, rich(), o))
		var csp string
		for _, m := range find(doc, "meta") {
			if attr(m, "http-equiv") == "Content-Security-Policy" {
				csp = attr(m, "content")
			}
		}
		styles := find(doc, "style")
		if o.Stylesheet != "" {
			if len(styles) != 0 || !strings.Contains(csp, "style-src 'self'") {
				t.Errorf("%s: %d styles, %s", lang, len(styles), csp)
			}
			continue
		}
		sum := sha256.Sum256([]byte(styles[0].FirstChild.Data))
		want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		if len(styles) != 1 || !strings.Contains(csp, want) || !strings.Contains(formats.Policy(), want) || styles[0].FirstChild.Data != formats.Style() {
			t.Errorf("%s: the style is not allowed by %s", lang, csp)
		}
	}
}

// TestBodyIsPartOfThePage: what a portal embeds is what the page has.
func TestBodyIsPartOfThePage(t *testing.T) {
	var b bytes.Buffer
	if err := formats.HTMLBody(&b, rich(), options(i18n.English)); err != nil {
		t.Fatal(err)
	}
	body := strings.TrimSpace(b.String())
	if !strings.HasPrefix(body, "<article") || !strings.HasSuffix(body, "</article>") || !strings.Contains(page(t, rich(), options(i18n.English)), body) {
		t.Errorf("the body is not in the page: %.200s", body)
	}
}

// TestOnlyClearPagesAreIndexed: a search engine that gets hold of another page
// does not keep it.
func TestOnlyClearPagesAreIndexed(t *testing.T) {
	for _, m := range append(tlp.Labels(), tlp.Unknown, "") {
		p := rich()
		p.Advisory.TLP = m
		out := page(t, p, formats.Options{})
		if got, want := strings.Contains(out, "noindex, noarchive"), m != tlp.Clear; got != want {
			t.Errorf("%q: noindex is %v", m, got)
		}
		want := m.String()
		if !slices.Contains(tlp.Labels(), m) {
			want = "TLP:RED"
		}
		if !strings.Contains(out, ">"+strings.ReplaceAll(want, "+", "&#43;")+"</strong>") {
			t.Errorf("%q: the page is not labelled %s", m, want)
		}
		data, err := os.ReadFile("page.css")
		if err != nil {
			t.Fatal(err)
		}
		if css := string(data); !strings.Contains(css, `@bottom-right { content: "`+want+`"`) || !strings.Contains(css, `@top-right { content: "`+want+`"`) {
			t.Errorf("paper has no label %s", want)
		}
	}
}
