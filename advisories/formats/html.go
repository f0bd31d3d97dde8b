package formats

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

//go:embed page.tmpl
var pageSource string

//go:embed page.css
var pageStyle string

// parsePage reads the template on first use.
var parsePage = sync.OnceValues(func() (*template.Template, error) {
	return template.New("").Parse(pageSource)
})

// HTML writes a publication as one page in one language. It runs no script and
// loads nothing: its style stands in it, allowed by its hash in a
// Content-Security-Policy that allows nothing else, or, with
// Options.Stylesheet, comes from the page's own host. The TLP label stands at its
// top and end and, printed, at the top and foot of every sheet (FIRST, TLP 2.0).
func HTML(w io.Writer, p *advisories.Publication, o Options) error {
	return render(w, "page", newPage(p, o))
}

// HTMLBody writes the <article> of HTML, whose first heading is an h1, for a page
// that has Style already.
func HTMLBody(w io.Writer, p *advisories.Publication, o Options) error {
	return render(w, "article", newPage(p, o))
}

func render(w io.Writer, name string, data any) error {
	tmpl, err := parsePage()
	if err != nil {
		return fmt.Errorf("formats: %w", err)
	}
	if err := tmpl.ExecuteTemplate(w, name, data); err != nil {
		return fmt.Errorf("formats: %w", err)
	}
	return nil
}

// Style is the style of pages, for a host that serves it as a file.
func Style() string { return pageStyle }

// Policy is the Content-Security-Policy of a page with its style in it, for the
// header of the answer: what a <meta> cannot say (frame-ancestors) included.
func Policy() string { return policy("") + "; frame-ancestors 'none'" }

func policy(stylesheet string) string {
	style := "'self'"
	if stylesheet == "" {
		sum := sha256.Sum256([]byte(pageStyle))
		style = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + style + "; base-uri 'none'; form-action 'none'"
}

// page is what the template sees.
type page struct {
	*document
	sheet
	LabelClass, ClassClass string
	Public                 bool
	Head                   string
	Languages, Formats     []place
	Colon, Comma           string
}

// sheet is what every page has, that of the dictionary too.
type sheet struct {
	HTMLLang, CSP string
	Style         template.CSS
	Home          string
}

// place is where the same advisory is; without a URL, here.
type place struct{ Name, Tag, URL string }

func newSheet(o Options) sheet {
	return sheet{
		HTMLLang: tagOf(o.Lang), CSP: policy(o.Stylesheet), Home: linkURL(o.Home),
		Style: template.CSS(pageStyle), //nolint:gosec // G203: the text is a file of this package
	}
}

func newPage(p *advisories.Publication, o Options) *page {
	d := newDocument(p, o)
	v := &page{
		document: d, sheet: newSheet(o), LabelClass: labelClass(d.Label), ClassClass: "class-alert", Public: d.Label == tlp.Clear,
		Head: d.Title, Colon: colon(d.Words), Comma: d.T("report.words.separator"),
	}
	if d.Class == advisories.HighThreat {
		v.ClassClass = "class-high-threat"
	}
	if d.ID != "" {
		v.Head = d.ID + colon(d.Words) + d.Title
	}
	if d.Label != tlp.Clear {
		v.Head = "[" + d.Label.String() + "] " + v.Head
	}
	for _, l := range o.Links {
		u := linkURL(l.URL)
		switch {
		case u == "":
		case l.Format != FormatHTML:
			name := d.word("advisory.format.", string(l.Format))
			if l.Lang != "" && l.Lang != d.Lang {
				name += bracketed(d.Words, endonym(l.Lang))
			}
			v.Formats = append(v.Formats, place{Name: name, URL: u})
		case l.Lang == d.Lang:
			v.Languages = append(v.Languages, place{Name: endonym(l.Lang), Tag: tagOf(l.Lang)})
		case l.Lang != "":
			v.Languages = append(v.Languages, place{Name: endonym(l.Lang), Tag: tagOf(l.Lang), URL: u})
		}
	}
	return v
}

// labelClass is the style of a label: "amber-strict".
func labelClass(m tlp.Marking) string { return strings.ReplaceAll(string(m), "+", "-") }

// article is the page's article as text, for feeds: without links to other forms,
// which change when the host does.
func article(p *advisories.Publication, lang i18n.Lang, o Options) (string, error) {
	var b strings.Builder
	o.Lang, o.Links = lang, nil
	err := HTMLBody(&b, p, o)
	return b.String(), err
}
