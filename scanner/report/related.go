package report

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/scanner"
)

// Related are the advisories that concern a site, for one reader: looked up when a
// report is rendered, shown beside it, no part of its grade, and never stored with
// it. Their texts are as untrusted as a site's.
type Related struct {
	Advisories []RelatedAdvisory
	// Source is who was asked: a hub's address, a file's name.
	Source string
	// Trouble says why the look-up failed, in whatever language the failure has; "":
	// it did not. With Trouble, no advisory does not mean that none concerns the site.
	Trouble string
}

// RelatedAdvisory is an advisory and the software of the site that it concerns.
type RelatedAdvisory struct {
	ID    string            // tracking id: "A26-11-04"
	Title map[string]string // by language: "en", "zh-Hant", "zh-Hans"
	Risk  string            // "low", "medium", "high", "extreme"
	TLP   string            // "clear", "green", "amber", "amber+strict", "red"
	URL   string            // its page: http or https
	Date  time.Time         // of this revision
	// Component and Version are the software, State "affected" or "possible", Reason
	// a word of match.reason.* in internal/i18n, which Params fill in.
	Component, Version string
	State, Reason      string
	Params             map[string]string
	CVEs               []string
	Exploited          bool              // attackers use it
	Remedies           map[string]string // by language; several paragraphs
}

// The bounds of what is shown of others' texts.
const (
	maxRelated     = 100
	maxRemedyLines = 40
	maxCVEs        = 20
)

// related is Related with its words.
type related struct {
	*i18n.Words
	Source, Trouble string
	Items           []*relatedItem
	More            int
}

type relatedItem struct {
	*i18n.Words
	ID, Title, URL string
	State          string // "affected" or "possible"
	Risk, Updated  string // in words; "" where it is not known
	Component, Why string
	CVEs           string
	Exploited      bool
	Remedy         []string // lines
	TLP            string   // a sentence, "" for what everybody may read
	public         bool
	given          RelatedAdvisory
}

// withRelated joins what concerns the reader to a view.
func withRelated(v *view, opts Options) *view {
	v.Related = relatedOf(v.Report, opts, v.Words)
	return v
}

// relatedOf asks for the advisories; nil: nobody asked for them, or there is nothing
// to ask for.
func relatedOf(r *scanner.Report, opts Options, w *i18n.Words) *related {
	if opts.Related == nil || r.Status == scanner.Unreachable {
		return nil
	}
	given := opts.Related(r)
	if given == nil {
		return nil
	}
	out := &related{Words: w, Source: clean(given.Source), Trouble: clean(given.Trouble)}
	for _, a := range sortedRelated(given.Advisories) {
		if len(out.Items) == maxRelated {
			out.More++
			continue
		}
		out.Items = append(out.Items, newRelatedItem(a, opts, w))
	}
	return out
}

// sortedRelated puts first what is attacked, then what is certain, then the higher
// risks, then the newer ones.
func sortedRelated(all []RelatedAdvisory) []RelatedAdvisory {
	all = slices.Clone(all)
	order := func(less ...bool) int { // of two that exclude each other
		switch {
		case less[0] && !less[1]:
			return -1
		case less[1] && !less[0]:
			return 1
		}
		return 0
	}
	risks := []string{"low", "medium", "high", "extreme"}
	slices.SortStableFunc(all, func(a, b RelatedAdvisory) int {
		return cmp.Or(
			order(a.Exploited, b.Exploited), order(a.State == "affected", b.State == "affected"),
			cmp.Compare(slices.Index(risks, b.Risk), slices.Index(risks, a.Risk)), b.Date.Compare(a.Date),
			cmp.Compare(a.ID, b.ID), cmp.Compare(a.Component, b.Component), cmp.Compare(a.Version, b.Version),
		)
	})
	return all
}

func newRelatedItem(a RelatedAdvisory, opts Options, w *i18n.Words) *relatedItem {
	lang := string(w.Lang)
	it := &relatedItem{
		Words: w, ID: clean(a.ID), URL: webAddress(a.URL), State: "possible", CVEs: cveList(w, a.CVEs),
		Exploited: a.Exploited, public: isPublic(a.TLP), given: a,
	}
	if a.State == "affected" {
		it.State = a.State
	}
	if it.Title = oneLine(clean(a.Title[lang])); it.Title == "" {
		it.Title = missing(w, a.Title, "advisory.untitled")
	}
	if key := "advisory.risk." + a.Risk; w.Has(key) {
		it.Risk = w.T(key)
	}
	if !a.Date.IsZero() {
		it.Updated = w.T("related.updated", "date", day(a.Date, opts.Zone, w.Lang))
	}
	it.Component = strings.TrimSpace(clean(a.Component) + " " + clean(a.Version))
	if a.Version == "" {
		it.Component = w.T("related.version.unknown", "name", clean(a.Component))
	}
	it.Why = reasonOf(a, w)
	if !it.public {
		it.TLP = w.T("related.tlp", "label", strings.ToUpper(clean(strings.TrimPrefix(strings.ToLower(a.TLP), "tlp:"))))
	}
	it.Remedy = remedyLines(a.Remedies[lang])
	if len(it.Remedy) == 0 {
		it.Remedy = []string{missing(w, a.Remedies, "related.remedy.none")}
	}
	return it
}

// missing says that a text is not there in this language, and in which it is; none
// is the key of what is said where it is in no language.
func missing(w *i18n.Words, texts map[string]string, none string) string {
	var langs []string
	for _, lang := range i18n.Langs() {
		if strings.TrimSpace(texts[string(lang)]) != "" {
			langs = append(langs, map[i18n.Lang]string{i18n.English: "English", i18n.Traditional: "繁體中文", i18n.Simplified: "简体中文"}[lang])
		}
	}
	if len(langs) == 0 {
		return w.T(none)
	}
	return w.T("advisory.missing.short", "langs", list(w, langs...))
}

// reasonOf are the words of a reason; of one that is not known, the word itself.
func reasonOf(a RelatedAdvisory, w *i18n.Words) string {
	key := "match.reason." + a.Reason
	if !code.MatchString(a.Reason) || !w.Has(key) {
		return oneLine(clean(a.Reason))
	}
	args := make([]any, 0, 2*len(a.Params))
	for name, value := range a.Params {
		args = append(args, name, oneLine(clean(value)))
	}
	return w.T(key, args...)
}

func cveList(w *i18n.Words, cves []string) string {
	var shown []string
	for _, id := range cves[:min(len(cves), maxCVEs)] {
		shown = append(shown, oneLine(clean(id)))
	}
	if len(shown) == 0 {
		return ""
	}
	if more := len(cves) - len(shown); more > 0 {
		shown = append(shown, w.T("report.seen.more", "n", more))
	}
	return w.T("related.cves", "cves", list(w, shown...))
}

func remedyLines(text string) []string {
	var lines []string
	for line := range strings.Lines(strings.ToValidUTF8(text, "?")) {
		if line = oneLine(clean(strings.TrimRight(line, "\r\n"))); line != "" && len(lines) < maxRemedyLines {
			lines = append(lines, line)
		}
	}
	return lines
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// isPublic reports whether everybody may read what has this label. What is not
// known is not public.
func isPublic(label string) bool {
	label = strings.TrimPrefix(strings.ToLower(label), "tlp:")
	return label == "clear" || label == "white"
}

// webAddress is the address of a web page that can be followed, "" for any other.
func webAddress(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || clean(s) != s || strings.ContainsAny(s, " <>\"'`\\") {
		return ""
	}
	return s
}

func day(t time.Time, zone *time.Location, lang i18n.Lang) string {
	if zone == nil {
		zone = time.UTC
	}
	if lang == i18n.English {
		return t.In(zone).Format("2 January 2006")
	}
	return t.In(zone).Format("2006年1月2日")
}

// StateClass is the style of the state's tag.
func (it *relatedItem) StateClass() string {
	if it.State == "affected" {
		return "fail"
	}
	return "warn"
}

// Label is the state in words.
func (it *relatedItem) Label() string { return it.T("related.state." + it.State) }

// About is risk and date in a line.
func (it *relatedItem) About() string { return joined(it.Words, it.Risk, it.Updated) }

// Head is id and title.
func (it *relatedItem) Head() string { return strings.TrimSpace(it.ID + " " + it.Title) }

// Concerns says which software it is about.
func (it *relatedItem) Concerns() string { return it.T("related.component", "component", it.Component) }

// None reports whether it is known that nothing concerns the site.
func (x *related) None() bool { return x.Trouble == "" && len(x.Items) == 0 }

// TroubleText says that the look-up failed.
func (x *related) TroubleText() string { return x.T("related.trouble", "reason", x.Trouble) }

// MoreText says how many are not shown, "" for none.
func (x *related) MoreText() string {
	if x.More == 0 {
		return ""
	}
	return x.T("report.seen.more", "n", x.More)
}
