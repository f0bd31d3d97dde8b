package formats

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// document is what a publication says in one language, in the order of the Hong
// Kong form. Every string in it is clean. Page, text and Markdown write it down.
type document struct {
	*i18n.Words
	Options  Options
	Label    tlp.Marking
	ID       string
	Title    string // says that it is missing where it is
	Kind     string // "High Threat Security Alert"
	News     string // "NEW", "UPDATED", "WITHDRAWN", "SUPERSEDED"
	Class    advisories.Class
	Risk     advisories.Risk
	RiskWord string
	State    advisories.State
	Facts    []fact
	Notices  []notice
	Sections []section
	Issuer   string // who publishes

	p        *advisories.Publication
	missing  bool           // some text is not there in this language
	products map[string]int // where each id is in Advisory.Products
	listed   int            // by those
}

// notice is what to know before one reads on.
type notice struct {
	Kind   string // "withdrawn", "superseded", "interim", "missing"
	Blocks []block
}

// section is a part with a heading, and perhaps parts of its own.
type section struct {
	ID     string
	Title  string
	Blocks []block
	Subs   []section
}

func newDocument(p *advisories.Publication, o Options) *document {
	a, t := &p.Advisory, &p.Tracking
	d := &document{
		Words: o.words(), Options: o, Label: label(a.TLP), ID: clean(t.ID), Class: a.Class, Risk: a.Risk, State: t.State,
		Issuer: clean(p.Publisher.Name), p: p,
	}
	d.Title = d.oneLine(a.Title)
	if d.Title == "" {
		d.Title = d.T("advisory.untitled")
	}
	if d.Kind = d.word("advisory.class.", string(a.Class)); d.Kind == "" {
		d.Kind = d.T("advisory.kind") // what was imported has no class
	}
	d.RiskWord = d.word("advisory.risk.", string(a.Risk))
	d.News = d.news()
	d.products = map[string]int{}
	for i := range a.Products {
		d.products[a.Products[i].ID] = i
	}
	d.head()
	for _, add := range []func(){
		d.description, d.exploitation, d.affected, d.impact, d.recommendation, d.remedies, d.vulnerabilities, d.indicators,
		d.techniques, d.references, d.acknowledgements, d.tags, d.history, d.publisher,
	} {
		add()
	}
	d.notices() // last: by now it is known whether a text is missing
	return d
}

// name is "High Threat Security Alert (A26-11-04)".
func (d *document) name() string {
	if d.ID == "" {
		return d.Kind
	}
	return d.Kind + bracketed(d.Words, d.ID)
}

// word is the text of a key that ends in a machine's word; a word that has no
// text, of what was imported, is shown as it is.
func (d *document) word(prefix, word string) string { return wordOf(d.Words, prefix, word) }

func wordOf(w *i18n.Words, prefix, word string) string {
	word = clean(word)
	if key := prefix + keyed(word); w.Has(key) {
		return w.T(key)
	}
	return word
}

func (d *document) news() string {
	switch t := &d.p.Tracking; {
	case t.State == advisories.Withdrawn || t.State == advisories.Superseded:
		return d.T("advisory.state." + string(t.State))
	case t.Number() > 1 || t.State == advisories.Revised:
		return d.T("advisory.state.revised")
	}
	return d.T("advisory.state.published")
}

// head is what the form begins with.
func (d *document) head() {
	a, t := &d.p.Advisory, &d.p.Tracking
	d.fact("advisory.id", plain(d.ID))
	d.fact("advisory.aliases", plain(d.list(t.Aliases)))
	d.fact("advisory.class", plain(d.word("advisory.class.", string(a.Class))))
	d.fact("advisory.risk", plain(d.RiskWord))
	if r := a.Severity(); r.Version != "" {
		d.fact("advisory.severity", plain(d.rating(r)))
	}
	d.fact("advisory.tlp", plain(d.Label.String()+dash(d.Words)+d.T("advisory.tlp."+string(d.Label))))
	d.fact("advisory.published", plain(moment(t.Initial, d.Options)))
	d.fact("advisory.updated", plain(moment(t.Current, d.Options)))
	if n := t.Number(); n > 0 {
		d.fact("advisory.revision", plain(fmt.Sprint(n)+bracketed(d.Words, d.News)))
	}
	d.fact("advisory.supersedes", plain(d.list(a.Supersedes)))
}

func (d *document) fact(key string, value line) { d.Facts = d.addFact(d.Facts, key, value) }

// addFact leaves out what has no value.
func (d *document) addFact(facts []fact, key string, value line) []fact {
	if value.String() == "" {
		return facts
	}
	return append(facts, fact{Name: d.T(key), Value: value})
}

func (d *document) rating(r advisories.Rating) string {
	return d.T("advisory.rating", "score", fmt.Sprintf("%.1f", r.Score), "severity", d.word("advisory.severity.", strings.ToLower(r.Severity)), "version", r.Version)
}

// list joins clean values as the language does; empty ones are left out.
func (d *document) list(values []string) string {
	var all []string
	for _, s := range values {
		if s = clean(s); s != "" {
			all = append(all, s)
		}
	}
	if more := len(all) - maxList; more > 0 {
		all = append(all[:maxList], d.T("advisory.more", "n", more))
	}
	return strings.Join(all, d.T("report.words.separator"))
}

func (d *document) notices() {
	add := func(kind string, blocks ...block) { d.Notices = append(d.Notices, notice{Kind: kind, Blocks: blocks}) }
	t := &d.p.Tracking
	switch t.State {
	case advisories.Withdrawn:
		add("withdrawn", append([]block{{Para: plain(d.T("advisory.notice.withdrawn"))}}, d.reason()...)...)
	case advisories.Superseded:
		l := plain(d.T("advisory.notice.superseded"))
		if id := clean(t.SupersededBy); id != "" {
			l = line{{Text: d.T("advisory.notice.superseded-by") + colon(d.Words)}, {Text: id, URL: linkURL(d.Options.Successor)}}
		}
		add("superseded", append([]block{{Para: l}}, d.reason()...)...)
	}
	if t.Interim {
		add("interim", block{Para: plain(d.T("advisory.notice.interim"))})
	}
	if d.missing {
		add("missing", block{Para: plain(d.T("advisory.notice.missing"))})
	}
}

// reason is what the last revision says of itself.
func (d *document) reason() []block {
	if r := d.p.Tracking.Revisions; len(r) > 0 {
		return d.text(r[len(r)-1].Summary)
	}
	return nil
}

// available are the languages that a text can be had in.
func available(t advisories.Texts) []i18n.Lang {
	return slices.DeleteFunc(i18n.Langs(), func(l i18n.Lang) bool { return strings.TrimSpace(t[l]) == "" })
}

// text is a text of several paragraphs, or says that there is none in this
// language, or nothing where there is none at all.
func (d *document) text(t advisories.Texts) []block {
	s, cut := cleanText(t[d.Lang])
	if strings.TrimSpace(s) == "" {
		if l := d.absent(t); l != nil {
			return []block{{Para: l, Missing: true}}
		}
		return nil
	}
	blocks := prose(s)
	if cut {
		blocks = append(blocks, block{Para: plain(d.T("advisory.cut"))})
	}
	return blocks
}

// absent says that a text is missing in this language and which others it is in,
// each with its page; nil where there is no such text in any.
func (d *document) absent(t advisories.Texts) line {
	langs := available(t)
	if len(langs) == 0 {
		return nil
	}
	d.missing = true
	l := line{{Text: d.T("advisory.missing") + colon(d.Words)}}
	for i, lang := range langs {
		if i > 0 {
			l = append(l, span{Text: d.T("report.words.separator")})
		}
		l = append(l, span{Text: endonym(lang), URL: d.pageIn(lang)})
	}
	return l
}

// pageIn is the page in another language, "" where none is known.
func (d *document) pageIn(lang i18n.Lang) string {
	for _, l := range d.Options.Links {
		if l.Lang == lang && l.Format == FormatHTML {
			return linkURL(l.URL)
		}
	}
	return ""
}

// inline is a text in one line, with its links.
func (d *document) inline(t advisories.Texts) line {
	if s := clean(t[d.Lang]); s != "" {
		return links(s)
	}
	return d.absent(t)
}

// oneLine is a text in one line and without links.
func (d *document) oneLine(t advisories.Texts) string {
	if s := clean(t[d.Lang]); s != "" {
		return s
	}
	if len(available(t)) > 0 {
		d.missing = true
	}
	return missing(t, d.Words)
}

// missing says in one line that a text is not there; "" where it is in no
// language.
func missing(t advisories.Texts, w *i18n.Words) string {
	var names []string
	for _, lang := range available(t) {
		names = append(names, endonym(lang))
	}
	if len(names) == 0 {
		return ""
	}
	return w.T("advisory.missing.short", "langs", strings.Join(names, w.T("report.words.separator")))
}

// Title is the title in a language, in one line. Where it is missing there, it
// says so and in which languages it is.
func Title(p *advisories.Publication, lang i18n.Lang) string {
	w := i18n.For(lang)
	if s := clean(p.Advisory.Title[w.Lang]); s != "" {
		return s
	}
	if s := missing(p.Advisory.Title, w); s != "" {
		return s
	}
	return w.T("advisory.untitled")
}

// add appends a section that has something to say.
func (d *document) add(id string, blocks []block, subs ...section) {
	if len(blocks) > 0 || len(subs) > 0 {
		d.Sections = append(d.Sections, section{ID: id, Title: d.T("advisory.section." + id), Blocks: blocks, Subs: subs})
	}
}

// most cuts a list at maxList and says how many more there are.
func most[T any](d *document, list []T) ([]T, []block) {
	if more := len(list) - maxList; more > 0 {
		return list[:maxList], []block{{Para: plain(d.T("advisory.more", "n", more))}}
	}
	return list, nil
}
