package csaf

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// generator makes publications that lint finds no fault with. At a half chance,
// each part of one is there.
type generator struct {
	*rand.Rand
	n int // counts, so that names are unique
}

func generate(seed uint64) advisories.Publication {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 5))}
	return g.publication()
}

func (g *generator) maybe() bool { return g.IntN(2) == 0 }

func (g *generator) next(prefix string) string {
	g.n++
	return fmt.Sprintf("%s%d", prefix, g.n)
}

func (g *generator) date() time.Time {
	return time.Date(2026, time.Month(1+g.IntN(10)), 1+g.IntN(28), g.IntN(24), g.IntN(60), g.IntN(60), 0, time.UTC)
}

func (g *generator) maybeDate() time.Time {
	if g.maybe() {
		return time.Time{}
	}
	return g.date()
}

// oneOf is one of the words, or none.
func (g *generator) some(words ...string) []string {
	var list []string
	for _, w := range words {
		if g.maybe() {
			list = append(list, w)
		}
	}
	return list
}

func (g *generator) one(words ...string) string { return words[g.IntN(len(words))] }

// texts are in some of the languages, in English mostly.
func (g *generator) texts(what string) advisories.Texts {
	t := advisories.Texts{}
	if g.IntN(5) > 0 {
		t[i18n.English] = g.next(what+" ") + g.one("", "\n\nA second paragraph: with a colon.", " <b>&\"'", "\n- one\n- two")
	}
	if g.maybe() || len(t) == 0 {
		t[i18n.Traditional] = g.next("公告 ")
	}
	if g.maybe() {
		t[i18n.Simplified] = g.next("公告 ")
	}
	return t
}

// line is texts of one line each.
func (g *generator) line(what string) advisories.Texts {
	t := g.texts(what)
	for lang, text := range t {
		t[lang] = strings.ReplaceAll(text, "\n", " ")
	}
	return t
}

func (g *generator) maybeTexts(what string) advisories.Texts {
	if g.maybe() {
		return nil
	}
	return g.texts(what)
}

func (g *generator) publication() advisories.Publication {
	p := advisories.Publication{
		Tracking:  advisories.Tracking{ID: g.one("A26-11-04", "A26-11-S04", "GOV 26/é 1"), State: advisories.Published, Interim: g.maybe(), Aliases: g.some("X-1", "CVE-2026-1")},
		Publisher: advisories.Publisher{Name: "GovCERT example", Namespace: "https://govcert.example", Category: "coordinator"},
		Advisory: advisories.Advisory{
			Class: advisories.Class(g.one("alert", "high-threat")), Risk: advisories.Risk(g.one("low", "medium", "high", "extreme")), TLP: tlp.Labels()[g.IntN(5)],
			Organisations: []string{"bank"}, People: []string{"chan@bank.example"},
			Title: g.line("Title"), Description: g.texts("Description"), Affected: g.maybeTexts("Affected"), Impact: g.maybeTexts("Impact"),
			Recommendation: g.maybeTexts("Recommendation"),
			Tags:           g.some("ransomware", "web"), Sectors: g.some("energy", "water"), Techniques: g.some("T1190", "T1059.001"),
			Supersedes: g.some("A26-01-01", "A26-01-02"), Embargo: g.maybeDate(),
		},
	}
	for i := range 1 + g.IntN(3) {
		p.Tracking.Revisions = append(p.Tracking.Revisions, advisories.Revision{
			Number: i + 1, Date: time.Date(2026, 11, 4+i, 1, 2, 3, 0, time.UTC), Summary: g.line("Revision"), Legacy: g.one("", "1.0-x"),
		})
		p.Tracking.Current = p.Tracking.Revisions[i].Date
		if i > 0 {
			p.Tracking.State = advisories.State(g.one("revised", "withdrawn", "superseded"))
		}
	}
	p.Tracking.Initial = p.Tracking.Revisions[0].Date
	if p.Tracking.State == advisories.Superseded && g.maybe() {
		p.Tracking.SupersededBy = "A26-12-01"
	}
	if g.maybe() {
		p.Publisher.Contact, p.Publisher.Authority, p.Tracking.URL = "cert@govcert.example", "By law.\nOf 2026.", "https://govcert.example/a"
	}
	a := &p.Advisory
	a.References, a.Acknowledgements = g.references(), g.acknowledgements()
	a.Products = g.products()
	for range g.IntN(4) {
		a.Vulnerabilities = append(a.Vulnerabilities, g.vulnerability(a))
	}
	for range g.IntN(4) {
		a.Remedies = append(a.Remedies, g.remedy(a))
	}
	for range g.IntN(3) {
		a.Indicators = append(a.Indicators, advisories.Indicator{
			Pattern: "[domain-name:value = '" + g.next("evil") + ".example']", Name: g.line("Name"), Types: g.some("malicious-activity", "benign"),
			From: g.maybeDate(), Until: g.maybeDate(),
		})
	}
	return p
}

func (g *generator) references() []advisories.Reference {
	var list []advisories.Reference
	for range g.IntN(3) {
		list = append(list, advisories.Reference{URL: g.next("https://vendor.example/?a=1&b="), Summary: g.maybeTexts("Reference"), Self: g.maybe()})
	}
	return list
}

func (g *generator) acknowledgements() []advisories.Acknowledgement {
	var list []advisories.Acknowledgement
	for range g.IntN(3) {
		list = append(list, advisories.Acknowledgement{Organisation: g.next("Laboratory "), Names: g.some("Chan Tai Man", "陳大文"), Summary: g.maybeTexts("Thanks"), URLs: g.some("https://lab.example/")})
	}
	return list
}

func (g *generator) products() []advisories.Product {
	var list []advisories.Product
	for range g.IntN(5) {
		p := advisories.Product{ID: g.next("product-"), Name: g.next("Server "), Versions: g.one("", "6.4.2", "all of 2.x", "vers:npm/>=1.0.0|<2.3.1", "vers:generic/*")}
		p.Vendor = g.one("", "Example", "Example & Sons")
		if g.maybe() {
			p.CPE = "cpe:2.3:a:example:server:*:*:*:*:*:*:*:*"
		}
		if g.maybe() {
			p.PURL = g.one("pkg:npm/%40example/server", "pkg:deb/debian/openssl?arch=source&distro=bookworm")
		}
		list = append(list, p)
	}
	if len(list) > 1 && g.maybe() {
		list = append(list, advisories.Product{
			ID: g.next("both-"), Name: "one on the other",
			On: &advisories.Relation{Kind: g.one("installed_on", "default_component_of"), Product: list[0].ID, To: list[1].ID},
		})
	}
	return list
}

// pick are the ids of some products, in their order; none where all is true and
// chance says so.
func (g *generator) pick(products []string, none bool) []string {
	if none && g.maybe() {
		return nil
	}
	return g.some(products...)
}

func (g *generator) vulnerability(a *advisories.Advisory) advisories.Vulnerability {
	v := advisories.Vulnerability{
		CVE: g.next("CVE-2026-100"), Title: g.maybeTexts("Title"), About: g.maybeTexts("About"), CWE: g.some("CWE-79", "CWE-999999", "CWE-20"),
		Discovered: g.maybeDate(), Released: g.maybeDate(), References: g.references(), Acknowledgements: g.acknowledgements(),
	}
	for range g.IntN(3) {
		v.IDs = append(v.IDs, advisories.Ident{System: "Example Bugs", ID: g.next("EX-")})
	}
	if len(v.IDs) > 0 && g.maybe() {
		v.CVE = ""
	}
	known := g.statuses(a, &v)
	for _, vector := range g.some(
		"AV:N/AC:L/Au:N/C:P/I:P/A:C", "AV:L/AC:H/Au:M/C:N/I:N/A:P/E:POC/RL:OF/RC:UR/CDP:LM/TD:H/CR:M/IR:ND/AR:L", "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:C/C:L/I:N/A:L/E:P/RL:T/RC:R", "CVSS:3.1/AV:A/AC:L/PR:L/UI:N/S:U/C:H/I:L/A:N/E:F/CR:H/MAV:N/MPR:N/MC:L",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
	) {
		v.CVSS = append(v.CVSS, advisories.Score{Vector: vector, Products: g.pick(known, true)})
	}
	if g.maybe() {
		v.Exploited = &advisories.Exploitation{Known: g.maybe(), Since: g.maybeDate(), Due: g.maybeDate(), Ransomware: g.maybe(), Source: g.one("", "CISA KEV")}
	}
	if g.maybe() {
		v.EPSS = &advisories.EPSS{Score: 0.9433, Percentile: 0.99901, Date: g.maybeDate()}
	}
	for range g.IntN(3) {
		v.Threats = append(v.Threats, advisories.Threat{Kind: g.one("impact", "exploit_status", "target_set"), Details: g.texts("Threat"), Date: g.maybeDate(), Products: g.pick(known, true)})
	}
	if not := v.Products[advisories.NotAffected]; len(not) > 0 && g.maybe() {
		v.Flags = []advisories.Flag{{Label: "component_not_present", Date: g.maybeDate(), Products: g.pick(not, true)}}
	}
	return v
}

// statuses gives every product a status at most, and returns those that have one.
func (g *generator) statuses(a *advisories.Advisory, v *advisories.Vulnerability) []string {
	var all, known []string
	for _, p := range a.Products {
		all = append(all, p.ID)
	}
	if g.maybe() {
		return all
	}
	v.Products = map[advisories.Status][]string{}
	for _, id := range all {
		if g.IntN(4) > 0 {
			s := advisories.Statuses()[g.IntN(len(advisories.Statuses()))]
			v.Products[s] = append(v.Products[s], id)
			known = append(known, id)
		}
	}
	if len(known) == 0 {
		return all
	}
	return known
}

func (g *generator) remedy(a *advisories.Advisory) advisories.Remedy {
	r := advisories.Remedy{
		Kind: g.one("vendor_fix", "mitigation", "workaround", "no_fix_planned", "none_available"), Details: g.texts("Remedy"), Date: g.maybeDate(),
		URL: g.one("", "https://vendor.example/fix"), Restart: g.one("", "machine", "none"),
	}
	var ids, keys []string
	for _, p := range a.Products {
		ids = append(ids, p.ID)
	}
	for i := range a.Vulnerabilities {
		keys = append(keys, a.Vulnerabilities[i].Key())
	}
	r.Products, r.Vulnerabilities = g.pick(ids, true), g.pick(keys, true)
	slices.Reverse(r.Products)
	return r
}
