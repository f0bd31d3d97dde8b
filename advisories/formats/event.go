package formats

import (
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
)

// Event is the payload of a webhook: that a publication is out, and enough of it
// to decide whether to fetch the rest. Fields are only ever added. Lists are
// never null, and a title that is missing in a language has no entry.
type Event struct {
	Type      string            `json:"type"`     // advisory.published, advisory.revised, advisory.withdrawn or advisory.superseded
	ID        string            `json:"id"`       // the tracking id
	Revision  int               `json:"revision"` // from 1
	TLP       string            `json:"tlp"`      // "TLP:AMBER+STRICT"
	Publisher string            `json:"publisher"`
	Class     string            `json:"class"`    // alert, high-threat
	Risk      string            `json:"risk"`     // low, medium, high, extreme
	Score     float64           `json:"score"`    // the worst CVSS score; 0 where none is given
	Severity  string            `json:"severity"` // of that score: NONE, LOW, MEDIUM, HIGH, CRITICAL; ""
	Title     map[string]string `json:"title"`    // by language: en, zh-Hant, zh-Hans
	CVEs      []string          `json:"cves"`
	Exploited bool              `json:"exploited"` // attackers are known to use one of them
	Products  []string          `json:"products"`  // maker and name, each once
	Sectors   []string          `json:"sectors"`   // STIX 2.1's industry-sector-ov; none: everybody
	Tags      []string          `json:"tags"`
	Published time.Time         `json:"published"`               // the first time
	Updated   time.Time         `json:"updated"`                 // this revision
	Successor string            `json:"superseded_by,omitempty"` // the tracking id
	URL       string            `json:"url,omitempty"`           // its page
}

// NewEvent is what a webhook is told of a publication.
func NewEvent(p *advisories.Publication) Event {
	a, t := &p.Advisory, &p.Tracking
	worst := a.Severity()
	e := Event{
		Type: "advisory." + string(stateOf(t)), ID: clean(t.ID), Revision: t.Number(), TLP: label(a.TLP).String(), Publisher: clean(p.Publisher.Name),
		Class: clean(string(a.Class)), Risk: clean(string(a.Risk)), Score: worst.Score, Severity: worst.Severity, Title: map[string]string{},
		CVEs: cves(a), Exploited: attacked(a), Products: products(a), Sectors: cleanList(a.Sectors), Tags: cleanList(a.Tags),
		Published: t.Initial.UTC(), Updated: t.Current.UTC(), Successor: clean(t.SupersededBy), URL: webURL(t.URL),
	}
	for _, lang := range available(a.Title) {
		e.Title[string(lang)] = clean(a.Title[lang])
	}
	return e
}

// stateOf is published or revised where nothing else is said.
func stateOf(t *advisories.Tracking) advisories.State {
	switch {
	case t.State == advisories.Withdrawn, t.State == advisories.Superseded:
		return t.State
	case t.Number() > 1 || t.State == advisories.Revised:
		return advisories.Revised
	}
	return advisories.Published
}

// cves are the CVE ids, each once.
func cves(a *advisories.Advisory) []string {
	var all []string
	for i := range a.Vulnerabilities {
		all = append(all, a.Vulnerabilities[i].CVE)
	}
	return cleanList(all)
}

// products are maker and name, each once.
func products(a *advisories.Advisory) []string {
	var all []string
	for i := range a.Products {
		all = append(all, productName(&a.Products[i]))
	}
	return cleanList(all)
}

// cleanList are the values that are not empty, each once, in their order, and at
// most maxList of them. It is never nil.
func cleanList(values []string) []string {
	list, seen := []string{}, map[string]bool{}
	for _, s := range values {
		if s = clean(s); s != "" && !seen[s] && len(list) < maxList {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}
