package formats

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// productName is maker and product, without saying the maker twice.
func productName(p *advisories.Product) string {
	vendor, name := cleanTo(p.Vendor, maxName), cleanTo(p.Name, maxName)
	if name == "" {
		name = cleanTo(p.ID, maxName)
	}
	if vendor == "" || strings.HasPrefix(strings.ToLower(name), strings.ToLower(vendor)) {
		return name
	}
	return vendor + " " + name
}

// affected is the text for people and the table of products.
func (d *document) affected() {
	blocks := d.text(d.p.Advisory.Affected)
	products, rest := most(d, d.p.Advisory.Products)
	if len(products) > 0 {
		statuses := d.statuses()
		t := &table{Head: []string{d.T("advisory.product"), d.T("advisory.versions"), d.T("advisory.status"), d.T("advisory.identifiers")}}
		for i := range products {
			p := &products[i]
			name := cell{plain(productName(p))}
			if on := p.On; on != nil {
				name = append(name, plain(d.T("advisory.on", "kind", d.word("advisory.on.", on.Kind), "product", d.product(on.Product), "to", d.product(on.To))))
			}
			var ids cell
			for _, id := range []string{p.CPE, p.PURL} {
				if id = clean(id); id != "" {
					ids = append(ids, line{{Text: id, Code: true}})
				}
			}
			t.Rows = append(t.Rows, []cell{name, {plain(d.versionsOf(p))}, {plain(statuses[p.ID])}, ids})
		}
		blocks = append(append(blocks, block{Table: t.withoutEmpty()}), rest...)
	}
	d.add("affected", blocks)
}

// versionsOf says which versions are meant. A product with a CPE or a purl and
// no range leaves that to them.
func (d *document) versionsOf(p *advisories.Product) string {
	if p.Versions == "" && (p.CPE != "" || p.PURL != "") {
		return d.T("advisory.versions.identifier")
	}
	return versions(p.Versions, d.Words)
}

func (d *document) product(id string) string {
	if i, ok := d.products[id]; ok {
		return productName(&d.p.Advisory.Products[i])
	}
	return cleanTo(id, maxName)
}

// statuses says in a word how each product stands to the vulnerabilities, where
// all agree; else that it depends on them.
func (d *document) statuses() map[string]string {
	a := &d.p.Advisory
	found := map[string][]advisories.Status{}
	add := func(statuses map[advisories.Status][]string) {
		for _, s := range statusOrder() {
			for _, id := range statuses[s] {
				if !slices.Contains(found[id], s) {
					found[id] = append(found[id], s)
				}
			}
		}
	}
	silent := len(a.Vulnerabilities) == 0 // some vulnerability, or none, leaves it at "all are affected"
	for i := range a.Vulnerabilities {
		if v := &a.Vulnerabilities[i]; len(v.Products) > 0 {
			add(a.StatusesOf(v))
		} else {
			silent = true
		}
	}
	if silent {
		add(a.StatusesOf(&advisories.Vulnerability{}))
	}
	said := map[string]string{}
	for id, s := range found {
		said[id] = d.T("advisory.status.mixed")
		if len(s) == 1 {
			said[id] = d.word("advisory.status.", string(s[0]))
		}
	}
	return said
}

// statusOrder is that in which readers want to know: what is affected, then what
// helps.
func statusOrder() []advisories.Status {
	return []advisories.Status{
		advisories.Affected, advisories.FirstAffected, advisories.LastAffected, advisories.UnderInvestigation,
		advisories.FirstFixed, advisories.Fixed, advisories.Recommended, advisories.NotAffected,
	}
}

// those are products by their ids with the versions that are meant, so that two
// ranges of one product can be told apart.
func (d *document) those(ids []string) string {
	var all []string
	for _, id := range ids {
		if len(all) == maxThose || d.listed == maxAllThose {
			all = append(all, d.T("advisory.more", "n", len(ids)-len(all)))
			break
		}
		d.listed++
		name := d.product(id)
		if i, ok := d.products[id]; ok {
			if p := &d.p.Advisory.Products[i]; p.Versions != "" {
				name += bracketed(d.Words, cleanTo(versions(p.Versions, d.Words), maxName))
			}
		}
		all = append(all, name)
	}
	return d.list(all)
}

// vulnName is how a vulnerability is spoken of.
func (d *document) vulnName(i int) string {
	v := &d.p.Advisory.Vulnerabilities[i]
	if key := clean(v.Key()); key != "" {
		return key
	}
	return d.T("advisory.vulnerability.unnamed", "n", i+1)
}

// exploitation says what attackers do with it, and what they may do soon.
func (d *document) exploitation() {
	vulns, rest := most(d, d.p.Advisory.Vulnerabilities)
	var items []line
	for i := range vulns {
		var l line
		say := func(key string, args ...any) {
			if len(l) > 0 {
				l = append(l, span{Text: gap(d.Words)})
			}
			l = append(l, span{Text: d.T(key, args...)})
		}
		name := d.vulnName(i)
		if x := vulns[i].Exploited; x != nil {
			switch {
			case !x.Known:
				say("advisory.exploited.not", "id", name)
			case x.Since.IsZero():
				say("advisory.exploited", "id", name)
			default:
				say("advisory.exploited.since", "id", name, "date", day(x.Since, d.Options))
			}
			if x.Ransomware {
				say("advisory.exploited.ransomware")
			}
			if !x.Due.IsZero() {
				say("advisory.exploited.due", "date", day(x.Due, d.Options))
			}
			if source := clean(x.Source); source != "" {
				l = append(l, span{Text: gap(d.Words) + d.T("advisory.source") + colon(d.Words)}, span{Text: source, URL: webURL(source)}, span{Text: stop(d.Words)})
			}
		}
		if e := vulns[i].EPSS; e != nil {
			key := "advisory.epss"
			if e.Date.IsZero() {
				key = "advisory.epss.undated"
			}
			say(key, "id", name, "score", d.percent(e.Score), "rank", d.percent(e.Percentile), "date", day(e.Date, d.Options))
		}
		if len(l) > 0 {
			items = append(items, l)
		}
	}
	if len(items) > 0 {
		d.add("exploitation", append([]block{{List: items}}, rest...))
	}
}

// percent writes a probability. It is rounded down, so that nothing likely is
// called certain.
func (d *document) percent(p float64) string {
	switch {
	case !(p >= 0 && p <= 1): // NaN included
		return "?"
	case p > 0 && p < 0.001:
		return d.T("advisory.percent.under")
	}
	return strconv.FormatFloat(math.Floor(p*1000+1e-9)/10, 'f', -1, 64) + "%"
}
