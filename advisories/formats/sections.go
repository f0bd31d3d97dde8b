package formats

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/stix/pattern"
)

func (d *document) description()    { d.add("description", d.text(d.p.Advisory.Description)) }
func (d *document) impact()         { d.add("impact", d.text(d.p.Advisory.Impact)) }
func (d *document) recommendation() { d.add("recommendation", d.text(d.p.Advisory.Recommendation)) }

func (d *document) references() {
	list, rest := most(d, d.p.Advisory.References)
	d.add("references", d.referenceList(list, rest))
}

func (d *document) referenceList(refs []advisories.Reference, rest []block) []block {
	var items []line
	for i := range refs {
		r := &refs[i]
		var l line
		if r.Self {
			l = append(l, span{Text: d.T("advisory.self") + colon(d.Words)})
		}
		if about := d.inline(r.Summary); about != nil {
			l = append(append(l, about...), span{Text: colon(d.Words)})
		}
		if l = append(l, webLine(r.URL)...); l.String() != "" {
			items = append(items, l)
		}
	}
	if len(items) == 0 {
		return rest
	}
	return append([]block{{List: items}}, rest...)
}

// webLine is one address: a link where it may be one, else text.
func webLine(s string) line {
	if s = cleanTo(s, maxURL); s == "" {
		return nil
	}
	return line{{Text: s, URL: webURL(s)}}
}

func (d *document) indicators() {
	list, rest := most(d, d.p.Advisory.Indicators)
	if len(list) == 0 {
		return
	}
	var items []line
	for i := range list {
		ind := &list[i]
		l := d.observed(ind.Pattern)
		if name := d.inline(ind.Name); name != nil {
			l = append(append(l, span{Text: colon(d.Words)}), name...)
		}
		var about []string
		for _, t := range ind.Types {
			about = append(about, d.word("advisory.indicator.", t))
		}
		if !ind.From.IsZero() {
			about = append(about, d.T("advisory.indicator.from", "date", day(ind.From, d.Options)))
		}
		if !ind.Until.IsZero() {
			about = append(about, d.T("advisory.indicator.until", "date", day(ind.Until, d.Options)))
		}
		if len(about) > 0 {
			l = append(l, span{Text: bracketed(d.Words, d.list(about))})
		}
		items = append(items, l)
	}
	d.add("indicators", append([]block{{Para: plain(d.T("advisory.indicators.about"))}, {List: items}}, rest...))
}

// quoted is a string in a pattern (STIX 2.1, 9.2), or what is left of one.
var quoted = regexp.MustCompile(`'(?:[^'\\]|\\.)*'?`)

// observed says what a pattern looks for: the values, where each alone is the
// sign, or else the pattern. No address in it can be clicked.
func (d *document) observed(src string) line {
	whole := line{{Text: quoted.ReplaceAllStringFunc(cleanTo(src, 4*maxLine), defang), Code: true}}
	parsed, err := pattern.Parse(src)
	if err != nil {
		return whole
	}
	atoms := parsed.Atoms()
	if len(atoms) == 0 || len(atoms) > 50 {
		return whole
	}
	var l line
	for i, a := range atoms {
		if !a.Alone || a.Negated || a.Op != pattern.Equal && a.Op != pattern.In {
			return whole
		}
		if i > 0 {
			l = append(l, span{Text: d.T("report.words.separator")})
		}
		value := clean(a.Value.Text)
		switch a.Type {
		case "domain-name", "url", "ipv4-addr", "ipv6-addr", "email-addr", "email-message":
			value = defang(value)
		}
		name := d.word("advisory.observable.", a.Type)
		if property := clean(a.Property); property != "value" {
			name += bracketed(d.Words, strings.Trim(strings.TrimPrefix(property, "hashes."), "'"))
		}
		l = append(l, span{Text: name + colon(d.Words)}, span{Text: value, Code: true})
	}
	return l
}

func (d *document) techniques() {
	list, rest := most(d, d.p.Advisory.Techniques)
	var items []line
	for _, id := range list {
		if id = clean(id); id != "" {
			items = append(items, line{{Text: id, URL: webURL("https://attack.mitre.org/techniques/" + strings.ReplaceAll(id, ".", "/") + "/")}})
		}
	}
	if len(items) > 0 {
		d.add("techniques", append([]block{{List: items}}, rest...))
	}
}

func (d *document) acknowledgements() {
	d.add("acknowledgements", d.thanks(d.p.Advisory.Acknowledgements))
}

func (d *document) thanks(list []advisories.Acknowledgement) []block {
	list, rest := most(d, list)
	var items []line
	for i := range list {
		a := &list[i]
		l := plain(d.list(append(slices.Clone(a.Names), a.Organisation)))
		if about := d.inline(a.Summary); about != nil {
			if l.String() != "" {
				l = append(l, span{Text: colon(d.Words)})
			}
			l = append(l, about...)
		}
		for _, u := range a.URLs {
			l = append(append(l, span{Text: " "}), webLine(u)...)
		}
		if strings.TrimSpace(l.String()) != "" {
			items = append(items, l)
		}
	}
	if len(items) == 0 {
		return rest
	}
	return append([]block{{List: items}}, rest...)
}

func (d *document) tags() {
	a := &d.p.Advisory
	var sectors []string
	for _, s := range a.Sectors {
		sectors = append(sectors, d.word("advisory.sector.", s))
	}
	var facts []fact
	facts = d.addFact(facts, "advisory.tags", plain(d.list(a.Tags)))
	facts = d.addFact(facts, "advisory.sectors", plain(d.list(sectors)))
	if len(facts) > 0 {
		d.add("tags", []block{{Facts: facts}})
	}
}

// history is newest first, as readers want it.
func (d *document) history() {
	revisions, rest := most(d, d.p.Tracking.Revisions)
	if len(revisions) == 0 {
		return
	}
	t := &table{Head: []string{d.T("advisory.revision"), d.T("advisory.date"), d.T("advisory.change")}}
	for _, r := range slices.Backward(revisions) {
		number := fmt.Sprint(r.Number)
		if legacy := clean(r.Legacy); legacy != "" && legacy != number {
			number += bracketed(d.Words, legacy)
		}
		t.Rows = append(t.Rows, []cell{{plain(number)}, {plain(moment(r.Date, d.Options))}, {d.inline(r.Summary)}})
	}
	d.add("history", append([]block{{Table: t}}, rest...))
}

func (d *document) publisher() {
	p := &d.p.Publisher
	var facts []fact
	facts = d.addFact(facts, "advisory.publisher", plain(d.Issuer))
	facts = d.addFact(facts, "advisory.publisher.category", plain(d.word("advisory.publisher.", p.Category)))
	facts = d.addFact(facts, "advisory.publisher.site", webLine(p.Namespace))
	facts = d.addFact(facts, "advisory.publisher.contact", links(clean(p.Contact)))
	facts = d.addFact(facts, "advisory.publisher.authority", links(clean(p.Authority)))
	facts = d.addFact(facts, "advisory.page", webLine(d.p.Tracking.URL))
	if len(facts) > 0 {
		d.add("publisher", []block{{Facts: facts}})
	}
}
