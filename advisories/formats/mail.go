package formats

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// Mail is a publication as a mail: one line of subject and a plain body of 78
// columns. The TLP label stands first in the subject, and first and last in the
// body (FIRST, TLP 2.0, "usage": e-mail). link is the publication's page; "":
// Tracking.URL. Whoever sends it answers for it that the way is fit for the
// label: TLP does not ask for encryption, and a mail server reads along.
func Mail(p *advisories.Publication, o Options, link string) (subject, body string) {
	t := &text{document: newDocument(p, o)}
	t.put(t.T("advisory.tlp."+string(t.Label)), "", "")
	t.out.WriteByte('\n')
	if link = webURL(cmp.Or(link, p.Tracking.URL)); link != "" {
		t.put(t.T("advisory.mail.link"), "", "")
		t.out.WriteString(link + "\n\n")
	}
	t.put(t.T("advisory.mail.next")+colon(t.Words)+t.next(), "", "")
	t.out.WriteByte('\n')
	start := t.out.String()
	t.out.Reset()
	t.whole()
	body = t.Label.String() + "\n" + start + strings.TrimPrefix(t.out.String(), t.Label.String()+"\n\n")
	return t.subject(), body
}

// maxSubject bounds a subject in bytes; the mail room cuts longer ones.
const maxSubject = 250

// subject is "[TLP:GREEN] UPDATED High Threat Security Alert (A26-11-04): title".
func (d *document) subject() string {
	s := "[" + d.Label.String() + "] "
	if d.p.Tracking.Number() > 1 || d.State == advisories.Withdrawn || d.State == advisories.Superseded {
		s += d.News + colon(d.Words)
	}
	return cleanTo(s+d.name()+colon(d.Words)+d.Title, maxSubject)
}

// next is what its reader is to do.
func (d *document) next() string {
	switch d.State {
	case advisories.Withdrawn:
		return d.T("advisory.next.withdrawn")
	case advisories.Superseded:
		return d.T("advisory.next.superseded")
	}
	return d.T("advisory.next")
}

// DigestInfo is what a digest says beside its advisories.
type DigestInfo struct {
	// Link is the page of an advisory; nil: Tracking.URL.
	Link func(p *advisories.Publication) string
	// Home and Manage are the URLs of all advisories, and of where to change or stop
	// the subscription; "": none.
	Home, Manage string
	// Product and Sector are what the reader subscribed to; "": everything.
	Product, Sector string
}

// Digest is one mail about several publications, the most urgent first: what they
// are, for which products, and where to read on. Its label is the strictest of
// theirs. All of list must be for its reader: it is not filtered here.
func Digest(list []advisories.Publication, o Options, info DigestInfo) (subject, body string) {
	t := &text{document: &document{Words: o.words(), Options: o, Label: tlp.Clear}}
	var docs []*document
	for i := range list {
		d := newDocument(&list[i], o)
		docs = append(docs, d)
		if slices.Index(tlp.Labels(), d.Label) > slices.Index(tlp.Labels(), t.Label) {
			t.Label = d.Label
		}
	}
	slices.SortStableFunc(docs, compareUrgency)
	t.label()
	t.put(t.T("advisory.tlp."+string(t.Label)), "", "")
	t.out.WriteByte('\n')
	t.put(t.T("advisory.digest.about", "n", len(docs)), "", "")
	t.scope(info)
	shown, rest := most(t.document, docs)
	for i, d := range shown {
		t.out.WriteByte('\n')
		t.digestItem(i, d, info)
	}
	if len(rest) > 0 {
		t.out.WriteByte('\n')
		t.blocks(rest, "")
	}
	t.out.WriteByte('\n')
	t.put(t.T("advisory.mail.next")+colon(t.Words)+t.T("advisory.next"), "", "")
	for _, place := range [][2]string{{"advisory.home", info.Home}, {"advisory.digest.manage", info.Manage}} {
		if u := webURL(place[1]); u != "" {
			t.put(t.T(place[0])+colon(t.Words)+u, "", "")
		}
	}
	t.out.WriteByte('\n')
	t.label()
	subject = "[" + t.Label.String() + "] " + t.T("advisory.digest.subject", "n", len(docs))
	if len(docs) > 0 {
		subject += colon(t.Words) + docs[0].Title
	}
	return cleanTo(subject, maxSubject), t.out.String()
}

// scope says what the subscription is for.
func (t *text) scope(info DigestInfo) {
	if s := clean(info.Product); s != "" {
		t.put(t.T("advisory.product")+colon(t.Words)+s, "", "")
	}
	if s := clean(info.Sector); s != "" {
		t.put(t.T("advisory.sectors")+colon(t.Words)+t.word("advisory.sector.", s), "", "")
	}
}

// maxNamed is how many products and vulnerabilities an item of a digest names.
const maxNamed = 5

func (t *text) digestItem(i int, d *document, info DigestInfo) {
	const in = "   "
	a := &d.p.Advisory
	t.put("["+d.Label.String()+"] "+d.News+colon(t.Words)+d.name(), fmt.Sprintf("%-3s", fmt.Sprint(i+1, ".")), in)
	t.put(d.Title, in, in)
	if d.RiskWord != "" {
		t.put(t.T("advisory.risk")+colon(t.Words)+d.RiskWord, in, in+"  ")
	}
	if r := a.Severity(); r.Version != "" {
		t.put(t.T("advisory.severity")+colon(t.Words)+d.rating(r), in, in+"  ")
	}
	over := d.State == advisories.Withdrawn || d.State == advisories.Superseded
	if attacked(a) && !over {
		t.put(t.T("advisory.digest.exploited"), in, in)
	}
	var names, vulns []string
	for i := range a.Products {
		if name := productName(&a.Products[i]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for i := range a.Vulnerabilities {
		vulns = append(vulns, d.vulnName(i))
	}
	t.named("advisory.product", names)
	t.named("advisory.section.vulnerabilities", vulns)
	if when := moment(d.p.Tracking.Current, d.Options); when != "" {
		t.put(t.T("advisory.updated")+colon(t.Words)+when, in, in+"  ")
	}
	if over {
		t.put(d.next(), in, in)
	}
	link := d.p.Tracking.URL
	if info.Link != nil {
		link = info.Link(d.p)
	}
	if u := webURL(link); u != "" {
		t.out.WriteString(in + u + "\n")
	}
}

func (t *text) named(key string, all []string) {
	if len(all) == 0 {
		return
	}
	if more := len(all) - maxNamed; more > 0 {
		all = append(all[:maxNamed:maxNamed], t.T("advisory.more", "n", more))
	}
	t.put(t.T(key)+colon(t.Words)+t.list(all), "   ", "     ")
}

// attacked tells whether any of its vulnerabilities is known to be exploited.
func attacked(a *advisories.Advisory) bool {
	return slices.ContainsFunc(a.Vulnerabilities, func(v advisories.Vulnerability) bool { return v.Exploited != nil && v.Exploited.Known })
}

// compareUrgency puts first what cannot wait.
func compareUrgency(a, b *document) int {
	return cmp.Or(
		-cmp.Compare(urgency(a), urgency(b)),
		-a.p.Tracking.Current.Compare(b.p.Tracking.Current),
		strings.Compare(a.p.Tracking.ID, b.p.Tracking.ID),
	)
}

func urgency(d *document) int {
	if d.State == advisories.Withdrawn || d.State == advisories.Superseded {
		return -1
	}
	n := slices.Index([]advisories.Risk{advisories.RiskLow, advisories.RiskMedium, advisories.RiskHigh, advisories.RiskExtreme}, d.Risk) + 1
	if d.Class == advisories.HighThreat {
		n += 10
	}
	return n
}
