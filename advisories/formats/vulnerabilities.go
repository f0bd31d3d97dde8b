package formats

import (
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
)

// vulnerabilities has each with its score, what it means for the products, and
// what else is known.
func (d *document) vulnerabilities() {
	vulns, rest := most(d, d.p.Advisory.Vulnerabilities)
	var subs []section
	for i := range vulns {
		v := &vulns[i]
		s := section{Title: d.vulnName(i)}
		if title := d.oneLine(v.Title); title != "" {
			s.Title += colon(d.Words) + title
		}
		s.Blocks = append(d.text(v.About), d.threats(v)...)
		if facts := d.vulnFacts(v); len(facts) > 0 {
			s.Blocks = append(s.Blocks, block{Facts: facts})
		}
		s.Blocks = append(s.Blocks, d.referenceList(v.References, nil)...)
		if thanks := d.thanks(v.Acknowledgements); len(thanks) > 0 {
			s.Blocks = append(append(s.Blocks, block{Para: plain(d.T("advisory.thanks") + strings.TrimSpace(colon(d.Words)))}), thanks...)
		}
		subs = append(subs, s)
	}
	d.add("vulnerabilities", rest, subs...)
}

func (d *document) vulnFacts(v *advisories.Vulnerability) []fact {
	var facts []fact
	for _, score := range v.CVSS {
		var l line
		if r, err := advisories.ParseScore(score.Vector); err == nil {
			l = plain(d.rating(r) + " ")
		}
		l = append(l, span{Text: clean(score.Vector), Code: true})
		if len(score.Products) > 0 {
			l = append(l, span{Text: d.concerning(score.Products)})
		}
		facts = d.addFact(facts, "advisory.score", l)
	}
	facts = d.addFact(facts, "advisory.cwe", plain(d.list(v.CWE)))
	var names []string
	for _, id := range v.IDs {
		name := id.ID
		if id.System != "" {
			name += bracketed(d.Words, clean(id.System))
		}
		names = append(names, name)
	}
	facts = d.addFact(facts, "advisory.other-ids", plain(d.list(names)))
	if len(v.Products) > 0 { // else every product is affected, as the table says
		statuses := d.p.Advisory.StatusesOf(v)
		for _, s := range statusOrder() {
			facts = d.addFact(facts, "advisory.status."+keyed(string(s)), plain(d.those(statuses[s])))
		}
	}
	for _, f := range v.Flags {
		facts = d.addFact(facts, "advisory.flag", plain(d.word("advisory.flag.", f.Label)+d.concerning(f.Products)+d.dated(f.Date)))
	}
	facts = d.addFact(facts, "advisory.discovered", plain(day(v.Discovered, d.Options)))
	return d.addFact(facts, "advisory.released", plain(day(v.Released, d.Options)))
}

// concerning adds for which products something holds; nothing where none is
// named.
func (d *document) concerning(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return d.T("report.counts.separator") + d.T("advisory.concerning", "products", d.those(ids))
}

// dated is a date in brackets, "" for none.
func (d *document) dated(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return bracketed(d.Words, day(t, d.Options))
}

func (d *document) threats(v *advisories.Vulnerability) []block {
	var blocks []block
	for i := range v.Threats {
		t := &v.Threats[i]
		details := d.text(t.Details)
		if len(details) == 0 {
			continue
		}
		blocks = append(blocks, headed(d.word("advisory.threat.", t.Kind)+d.dated(t.Date)+colon(d.Words), details)...)
		if facts := d.addFact(nil, "advisory.remedy.products", plain(d.those(t.Products))); len(facts) > 0 {
			blocks = append(blocks, block{Facts: facts})
		}
	}
	return blocks
}

// headed puts words before the first paragraph, or in a paragraph of their own
// before a list.
func headed(head string, blocks []block) []block {
	if len(blocks) > 0 && len(blocks[0].Para) > 0 {
		first := blocks[0]
		first.Para = append(line{{Text: head}}, first.Para...)
		return append([]block{first}, blocks[1:]...)
	}
	return append([]block{{Para: plain(head)}}, blocks...)
}

// remedies has each with what it is for.
func (d *document) remedies() {
	list, rest := most(d, d.p.Advisory.Remedies)
	var subs []section
	for i := range list {
		r := &list[i]
		s := section{Title: d.word("advisory.remedy.", r.Kind), Blocks: d.text(r.Details)}
		var facts []fact
		facts = d.addFact(facts, "advisory.remedy.products", plain(d.those(r.Products)))
		facts = d.addFact(facts, "advisory.remedy.vulnerabilities", plain(d.list(r.Vulnerabilities)))
		facts = d.addFact(facts, "advisory.date", plain(day(r.Date, d.Options)))
		facts = d.addFact(facts, "advisory.remedy.url", webLine(r.URL))
		if r.Restart != "" {
			facts = d.addFact(facts, "advisory.restart", plain(d.word("advisory.restart.", r.Restart)))
		}
		if len(facts) > 0 {
			s.Blocks = append(s.Blocks, block{Facts: facts})
		}
		subs = append(subs, s)
	}
	d.add("remedies", rest, subs...)
}
