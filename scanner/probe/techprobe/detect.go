// Package techprobe tells from one page what a site is made with, by the table
// in rules/technologies. It asks nobody: scanner/probe/webprobe hands it the
// page that it has, and nothing else imports it.
//
// It looks where programs show themselves (headers, cookies, addresses, tags,
// comments, scripts), never in the text that a visitor reads. One page of 200
// KB takes some two milliseconds.
package techprobe

import (
	"html"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/publicsuffix"

	"github.com/cybersec-infohub/infohub/rules/technologies"
	"github.com/cybersec-infohub/infohub/scanner"
)

// Seen is what a site's main page showed.
type Seen struct {
	Hop  *scanner.Hop
	Page *scanner.Page // nil: no HTML
	Body []byte        // as received; what was read of it is not kept
}

// What is looked at of a page, beyond webprobe's own limits.
const (
	// budget bounds the bytes that expressions are run on. A page of a real site
	// takes some 50 KiB.
	budget        = 4 << 20
	maxSegment    = 4 << 10 // bytes of one tag or comment
	maxGenerators = 20
	around        = 200 // bytes of a script on either side of what was found
)

// Detector finds technologies. It is safe for concurrent use.
type Detector struct {
	table  []technologies.Technology
	byID   map[string]int
	header map[string][]ref // by canonical name
	cookie []ref
	gen    []ref
	text   *matcher // of url, tag, comment and inline
	refs   []ref    // those that text finds, by its numbers
}

// ref is one pattern of one technology.
type ref struct {
	tech    int
	pattern *technologies.Pattern
}

// Load returns the detector of the embedded table, made once.
var Load = sync.OnceValues(func() (*Detector, error) {
	table, err := technologies.Load()
	if err != nil {
		return nil, err
	}
	return New(table), nil
})

// New makes a detector of a table from technologies.Parse.
func New(table []technologies.Technology) *Detector {
	d := &Detector{table: table, byID: map[string]int{}, header: map[string][]ref{}}
	var literals []string
	for i := range table {
		d.byID[table[i].ID] = i
		for j := range table[i].Seen {
			r := ref{i, &table[i].Seen[j]}
			switch r.pattern.In {
			case technologies.InHeader:
				d.header[r.pattern.Name] = append(d.header[r.pattern.Name], r)
			case technologies.InCookie:
				d.cookie = append(d.cookie, r)
			case technologies.InGenerator:
				d.gen = append(d.gen, r)
			default:
				d.refs = append(d.refs, r)
				literals = append(literals, r.pattern.Has)
			}
		}
	}
	d.text = newMatcher(literals)
	return d
}

// Detect returns the technologies of a page, sorted by id, at most
// scanner.MaxTechnologies.
func (d *Detector) Detect(s Seen) []scanner.Technology {
	l := &look{d: d, found: map[int]*found{}, budget: budget, last: make([]int, len(d.refs)), where: s.Hop.URL, site: siteOf(hostOf(s.Hop.URL))}
	for _, h := range s.Hop.Headers {
		for _, r := range d.header[h.Name] {
			l.try(r, h.Value, h.Name+": "+h.Value)
		}
	}
	for _, c := range s.Hop.Cookies {
		for _, r := range d.cookie {
			if matchName(r.pattern.Name, c.Name) {
				l.add(r, "", "Set-Cookie: "+c.Name+"=…")
			}
		}
	}
	if s.Page != nil {
		for _, list := range [][]scanner.Resource{s.Page.Scripts, s.Page.Styles, s.Page.Media} {
			for i := range list {
				l.address(list[i].URL)
			}
		}
		segments(s.Body, l.segment)
	}
	return l.inventory()
}

// look is one use of a Detector.
type look struct {
	d          *Detector
	found      map[int]*found
	budget     int
	text       int   // counts the addresses and segments
	last       []int // the text in which a pattern of d.refs was last found
	generators int
	where      string
	site       string // the page's registered domain
}

type found struct {
	version  string
	evidence []scanner.Evidence
}

// try runs a pattern on a whole text and keeps what it shows.
func (l *look) try(r ref, text, observed string) {
	if r.pattern.Regexp == nil {
		l.add(r, "", observed)
		return
	}
	m := r.pattern.Regexp.FindStringSubmatch(text)
	if m == nil {
		return
	}
	version := ""
	if len(m) > 1 {
		version = m[1]
	}
	l.add(r, version, observed)
}

// add keeps a sighting. Of several versions the lowest counts, because that is
// the one to worry about; but "7" only says less than "7.4.33".
func (l *look) add(r ref, version, observed string) {
	tech := &l.d.table[r.tech]
	if version = strings.Trim(version, "."); version == "" {
		version = tech.Version
	}
	if len(version) > 40 {
		version = ""
	}
	f := l.found[r.tech]
	if f == nil {
		f = &found{version: version}
		l.found[r.tech] = f
	}
	e := scanner.Evidence{Subject: scanner.Printable(l.where, 300), Observed: scanner.Printable(observed, 200)}
	switch {
	case version == "" || version == f.version:
	case f.version == "", technologies.Within(version, f.version),
		!technologies.Within(f.version, version) && technologies.Compare(version, f.version) < 0:
		f.version = version
		f.evidence = slices.Insert(f.evidence, 0, e) // what shows the version comes first
		f.evidence = f.evidence[:min(len(f.evidence), scanner.MaxTechnologyEvidence)]
		return
	}
	if len(f.evidence) < scanner.MaxTechnologyEvidence && !slices.Contains(f.evidence, e) {
		f.evidence = append(f.evidence, e)
	}
}

// address looks at something that the page loads.
func (l *look) address(address string) {
	l.text++
	l.d.text.find(address, func(n, _ int) {
		r := l.d.refs[n]
		if r.pattern.In != technologies.InURL || !l.may(n, len(address)) {
			return
		}
		if r.pattern.Own && siteOf(hostOf(address)) != l.site {
			return
		}
		l.try(r, address, address)
	})
}

// segment looks at a part of the page's source.
func (l *look) segment(in technologies.Place, text string) {
	if in == technologies.InTag && len(text) > 5 && strings.EqualFold(text[:5], "<meta") {
		l.generator(text)
	}
	l.text++
	l.d.text.find(text, func(n, end int) {
		r := l.d.refs[n]
		if r.pattern.In != in {
			return
		}
		part := text
		if in == technologies.InInline {
			part = text[max(0, end-len(r.pattern.Has)-around):min(len(text), end+around)]
			l.text++ // each place of a script is a text of its own
		}
		if l.may(n, len(part)) {
			l.try(r, part, excerpt(text, end, len(r.pattern.Has)))
		}
	})
}

// may tells whether a pattern is to be tried on a text of this size: once, and
// within the budget.
func (l *look) may(n, size int) bool {
	if l.last[n] == l.text || l.budget < size {
		return false
	}
	l.last[n] = l.text
	l.budget -= size
	return true
}

// excerpt is what stands around a find, for evidence.
func excerpt(text string, end, length int) string {
	from, to := max(0, end-length-30), min(len(text), end+60)
	return strings.Join(strings.Fields(strings.ToValidUTF8(text[from:to], "")), " ")
}

var (
	isGenerator = regexp.MustCompile(`(?i)\bname\s*=\s*["']?generator\b`)
	contentOf   = regexp.MustCompile(`(?i)\bcontent\s*=\s*(?:"([^"]{0,300})|'([^']{0,300}))`)
)

func (l *look) generator(tag string) {
	if l.generators >= maxGenerators || !isGenerator.MatchString(tag) {
		return
	}
	l.generators++
	m := contentOf.FindStringSubmatch(tag)
	if m == nil {
		return
	}
	content := strings.TrimSpace(html.UnescapeString(m[1] + m[2]))
	for _, r := range l.d.gen {
		l.try(r, content, "generator: "+content)
	}
}

// inventory adds what is implied, and sorts.
func (l *look) inventory() []scanner.Technology {
	queue := make([]int, 0, len(l.found))
	for i := range l.found {
		queue = append(queue, i)
	}
	slices.Sort(queue) // so that the evidence of what is implied is the same each time
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, id := range l.d.table[i].Implies {
			j := l.d.byID[id]
			if l.found[j] == nil {
				l.found[j] = &found{evidence: []scanner.Evidence{{Subject: scanner.Printable(l.where, 300), Observed: "part of " + l.d.table[i].Name}}}
				queue = append(queue, j)
			}
		}
	}
	var list []scanner.Technology
	for i := range l.d.table { // the table is sorted by id
		f := l.found[i]
		if f == nil || len(list) == scanner.MaxTechnologies {
			continue
		}
		t := &l.d.table[i]
		list = append(list, scanner.Technology{
			ID: t.ID, Name: t.Name, Category: t.Category, Version: f.version,
			CPE: t.CPE(f.version), PURL: t.PURL(f.version), Evidence: f.evidence,
		})
	}
	return list
}

// matchName compares a cookie's name; a * stands for anything.
func matchName(pattern, name string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == name
	}
	// A bracket is no wildcard here, though it is one to path.Match.
	ok, err := path.Match(strings.ReplaceAll(pattern, "[", `\[`), name)
	return err == nil && ok
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func siteOf(host string) string {
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return host
}
