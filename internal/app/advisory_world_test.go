package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// notice is an advisory of the tests: with a word in each of its texts that no other
// has, and what the policy knows of it.
type notice struct {
	n              int
	what, label    string
	orgs, people   []string // handles and mail addresses
	authors        []string // mail addresses
	id, record     string   // tracking id; of the library, the name there
	work           bool     // nothing of it is published
	library        bool
	year, fileName string
}

// token is in every text of a notice. A revision or a draft of the next one is a
// notice of its own with the id of the first.
func (n *notice) token() string { return fmt.Sprintf("nx%04dx", n.n) }
func (n *notice) cve() string   { return fmt.Sprintf("CVE-2026-7%04d", n.n) }

// recipient is in the handle and the addresses of somebody whom every label that
// names readers names: a trace of the list of recipients.
const recipient = "rcpt7x9"

// yaml is a notice as a file: every field that has a text, in three languages.
func (n *notice) yaml(more string) string {
	t := n.token()
	texts := func(name string) string {
		return fmt.Sprintf("{en: %s %s, zh-Hant: %s 繁 %s, zh-Hans: %s 简 %s}", t, name, t, name, t, name)
	}
	var who string
	if len(n.orgs) > 0 {
		who = "organisations: [" + strings.Join(n.orgs, ", ") + "]\n"
	}
	if len(n.people) > 0 {
		who = "people: [" + strings.Join(n.people, ", ") + "]\n"
	}
	return strings.NewReplacer("TOKEN", t, "CVE", n.cve()).Replace(fmt.Sprintf(`class: alert
risk: high
tlp: %q
%stitle: %s
description: %s
affected: %s
impact: %s
recommendation: %s
references: [{url: "https://TOKEN.example/more", summary: %s}]
tags: [TOKEN, mail]
sectors: [energy]
products:
  - {id: old, vendor: TOKEN vendor, name: TOKEN gate, versions: "vers:pypi/>=1.0.0|<2.0.0", purl: "pkg:pypi/TOKEN-gate"}
vulnerabilities:
  - cve: CVE
    title: %s
    about: %s
    cwe: [CWE-79]
    products: {known_affected: [old]}
    cvss: [{vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"}]
    threats: [{kind: impact, details: %s}]
remedies: [{kind: mitigation, details: %s, products: [old]}]
indicators: [{pattern: "[domain-name:value = 'TOKEN.example']", name: %s, types: [malicious-activity], from: 2026-11-01}]
acknowledgements: [{names: [TOKEN Finder], organisation: TOKEN Lab, summary: %s}]
%s`, n.label, who, texts("title"), texts("description"), texts("affected"), texts("impact"), texts("recommendation"), texts("reference"), texts("fault"), texts("about"),
		texts("threat"), texts("remedy"), texts("sign"), texts("thanks"), more))
}

// notices are a world's advisories.
type notices struct {
	*world
	all     []*notice
	byTrace map[string][]*notice // by their words, and by tracking id, and UUIDs of record, entry and STIX objects
	rcpt    apiclient.Organisation
	named   apiclient.Person
}

func newNotices(t *testing.T) *notices { return newNoticesOf(t, newWorld(t)) }

func newNoticesOf(t *testing.T, world *world) *notices {
	t.Helper()
	w := &notices{world: world, byTrace: map[string][]*notice{}}
	w.must(http.MethodPost, "/organisations", apiclient.OrganisationEdit{Handle: ptr(recipient), Name: ptr("Org " + recipient), Status: ptr("active"), Contact: ptr("soc@x.example")}, &w.rcpt)
	w.must(http.MethodPost, "/people", apiclient.PersonEdit{Name: ptr("Pat " + recipient), Email: ptr("pat@" + recipient + ".example"), Organisation: ptr(recipient), Role: ptr("member")}, &w.named)
	w.must(http.MethodPost, "/people", apiclient.PersonEdit{Name: ptr("Second"), Email: ptr("second@gov.example"), Organisation: ptr("gov"), Role: ptr("analyst")}, nil)
	for _, a := range []*asker{
		{name: "rcpt-key", org: recipient, role: "member"},
		{name: "rcpt-pat", org: recipient, person: "pat@" + recipient + ".example", role: "member"},
		{name: "second", org: "gov", person: "second@gov.example", role: "analyst"},
	} {
		k := apiclient.NewKey{Name: a.name, Person: a.person}
		if a.person == "" {
			k.Organisation = a.org
		}
		var made apiclient.MadeKey
		w.must(http.MethodPost, "/keys", k, &made)
		a.key, a.keyID = made.Secret, made.ID
		w.askers = append(w.askers, a)
	}
	w.must(http.MethodPatch, "/advisories/settings", apiclient.AdvisorySettingsEdit{
		URL: ptr("https://hub.example"), Publisher: ptr("Gov CERT"), Namespace: ptr("https://gov.example"), Category: ptr("coordinator"), Contact: ptr("cert@hub.example"),
	}, nil)
	w.secrets = nil // the members' list is not what this is about
	return w
}

// bound says that somebody has a key for some collections only: they read no
// advisory but what everybody may.
func (a *asker) bound() bool {
	return len(a.scopes) > 0 && (a.scopes[0].Collection != "*" || !slices.Contains(a.scopes[0].Verbs, "read"))
}

// mayRead is the policy of what is published, in the words of the Traffic Light
// Protocol: whom the label lets read.
func (n *notice) mayRead(a *asker) bool {
	member := a.member() && !a.bound()
	switch {
	case a.shut || n.work:
		return false
	case n.label == "clear":
		return true
	case n.label == "green":
		return member
	case n.label == "amber":
		return member && (slices.Contains(n.orgs, a.org) || slices.ContainsFunc(a.clientOf, func(o string) bool { return slices.Contains(n.orgs, o) }))
	case n.label == "amber+strict":
		return member && slices.Contains(n.orgs, a.org)
	}
	return member && a.person != "" && slices.Contains(n.people, a.person)
}

// analyses says that somebody is one of the operator's analysts.
func (a *asker) analyses() bool {
	return !a.shut && len(a.scopes) == 0 && (a.role == "analyst" || a.role == "hub-admin")
}

// mayWork: the operator's analysts work on all but what is for named people.
func (n *notice) mayWork(a *asker) bool {
	own := a.person != "" && (slices.Contains(n.people, a.person) || slices.Contains(n.authors, a.person))
	return a.analyses() && !n.library && (n.label != "red" || own)
}

// mayShow is mayRead, and for the hub's own pages also the analysts, who are the
// source.
func (n *notice) mayShow(a *asker) bool {
	return n.mayRead(a) || !n.work && (n.mayWork(a) || n.library && a.analyses() && n.label != "red")
}

func (w *notices) add(n *notice) *notice {
	w.all = append(w.all, n)
	n.n = len(w.all)
	w.know(n, n.token(), n.cve())
	return n
}

// know notes by what names a notice is known, as they are and in small letters.
func (w *notices) know(n *notice, names ...string) {
	for _, name := range names {
		if _, id, ok := strings.Cut(name, "--"); ok {
			name = id
		}
		for _, name := range []string{name, strings.ToLower(name)} {
			if !slices.Contains(w.byTrace[name], n) {
				w.byTrace[name] = append(w.byTrace[name], n)
			}
		}
	}
}

// step does one step of the workflow as somebody.
func (w *notices) step(who, record, step string, in map[string]any) apiclient.Draft {
	w.t.Helper()
	d := decode[apiclient.Draft](w.world, w.ask(w.asker(who), http.MethodGet, "/api/v1/drafts/"+record, ""))
	if in == nil {
		in = map[string]any{}
	}
	in["version"] = d.Version
	body, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	method, path := http.MethodPost, "/api/v1/drafts/"+record+"/"+step
	if step == "" {
		method, path = http.MethodPatch, "/api/v1/drafts/"+record
	}
	got := w.ask(w.asker(who), method, path, string(body))
	if got.status != http.StatusOK {
		w.t.Fatalf("%s: %s %s: %s", who, step, record, got)
	}
	return decode[apiclient.Draft](w.world, got)
}

// draft writes a notice as somebody.
func (w *notices) draft(n *notice, who, more string) *notice {
	w.t.Helper()
	w.add(n)
	n.work = true
	n.authors = []string{w.asker(who).person}
	body, err := json.Marshal(apiclient.DraftEdit{YAML: n.yaml(more)})
	if err != nil {
		w.t.Fatal(err)
	}
	got := w.ask(w.asker(who), http.MethodPost, "/api/v1/drafts", string(body))
	if got.status != http.StatusCreated {
		w.t.Fatalf("%s drafts %s: %s", who, n.what, got)
	}
	n.record = decode[apiclient.Draft](w.world, got).Record
	w.know(n, n.record)
	return n
}

// review takes what is in the making of a notice through its review, to the end.
func (w *notices) review(n *notice, author, reviewer string, submit map[string]any) {
	w.t.Helper()
	w.step(author, n.record, "submit", submit)
	w.finish(n, author, reviewer)
}

func (w *notices) finish(n *notice, author, reviewer string) {
	w.t.Helper()
	w.step(reviewer, n.record, "approve", nil)
	d := w.step(author, n.record, "publish", nil)
	n.work, n.id = false, d.ID
	n.year, n.fileName = fmt.Sprint(d.Initial.Year()), fileOf(d.ID)
	w.know(n, n.id)
}

// fileOf is a name by CSAF 2.0, 5.1.
func fileOf(id string) string {
	return regexp.MustCompile(`[^+\-a-z0-9]+`).ReplaceAllString(strings.ToLower(id), "_")
}

// publish writes a notice and publishes it.
func (w *notices) publish(n *notice) *notice {
	w.t.Helper()
	w.draft(n, "gov-analyst", "")
	w.review(n, "gov-analyst", "ada", nil)
	return n
}

// take brings a notice into the library, made of the document of one of ours.
func (w *notices) take(of *notice, what, label string) {
	w.t.Helper()
	file := w.ask(w.asker("rcpt-pat"), http.MethodGet, "/api/v1/advisories/"+of.id+"/content?format=csaf", "")
	n := w.add(&notice{what: what, label: label, orgs: []string{"gov"}, library: true})
	id := fmt.Sprintf("EX-2026-%04d", n.n)
	text := strings.NewReplacer(of.token(), n.token(), of.cve(), n.cve(), of.id, id, fileOf(of.id), fileOf(id), "https://gov.example", "https://vendor.example").Replace(file.body)
	body, err := json.Marshal(map[string]string{"document": text})
	if err != nil {
		w.t.Fatal(err)
	}
	got := w.ask(w.asker("gov-analyst"), http.MethodPost, "/api/v1/library?from=https://vendor.example/x.json", string(body))
	in := decode[apiclient.Imported](w.world, got)
	if in.Outcome != "added" {
		w.t.Fatalf("import of %s: %s", what, got)
	}
	n.id = in.Ref
	w.know(n, in.Ref, id)
}

// publishAll makes the stock: published ones of each label, in each state, drafts,
// and what others published.
func (w *notices) publishAll() {
	w.t.Helper()
	one := []string{"alpha", recipient}
	clear := w.publish(&notice{what: "published", label: "clear"})
	green := w.publish(&notice{what: "published", label: "green"})
	amber := w.publish(&notice{what: "published", label: "amber", orgs: one})
	w.publish(&notice{what: "for another", label: "amber", orgs: []string{"gamma"}})
	strict := w.publish(&notice{what: "published", label: "amber+strict", orgs: one})
	w.publish(&notice{what: "published", label: "red", people: []string{"alpha-member@alpha.example", "pat@" + recipient + ".example", "ada@gov.example"}})

	for _, label := range []string{"clear", "green", "amber+strict"} {
		n := &notice{what: "withdrawn", label: label}
		if label == "amber+strict" {
			n.orgs = []string{"gamma", recipient}
		}
		w.publish(n)
		w.step("gov-analyst", n.id, "withdraw", map[string]any{"summary": map[string]string{"en": n.token() + " was wrong"}})
		w.finish(n, "gov-analyst", "ada")
		r := w.publish(&notice{what: "revised", label: label, orgs: n.orgs})
		w.step("gov-analyst", r.id, "", map[string]any{"yaml": r.yaml("techniques: [T1190]\n")})
		w.review(r, "gov-analyst", "ada", map[string]any{"summary": map[string]string{"en": r.token() + " is clearer"}})
	}
	// One takes the place of another that has another label, both ways, by its own
	// publication and by a step.
	old := w.publish(&notice{what: "superseded by GREEN", label: "clear"})
	next := w.draft(&notice{what: "supersedes CLEAR", label: "green"}, "gov-analyst", "supersedes: ["+old.id+"]\n")
	w.review(next, "gov-analyst", "ada", nil)
	hidden := w.publish(&notice{what: "superseded by CLEAR", label: "amber", orgs: one})
	w.step("gov-analyst", hidden.id, "supersede", map[string]any{"by": clear.id, "summary": map[string]string{"en": hidden.token() + " is over"}})
	w.finish(hidden, "gov-analyst", "ada")
	shown := w.publish(&notice{what: "superseded by AMBER+STRICT", label: "clear"})
	w.step("gov-analyst", shown.id, "supersede", map[string]any{"by": strict.id, "summary": map[string]string{"en": shown.token() + " is over"}})
	w.finish(shown, "gov-analyst", "ada")

	w.draft(&notice{what: "draft", label: "clear"}, "gov-analyst", "")
	w.draft(&notice{what: "draft", label: "amber", orgs: one}, "gov-analyst", "")
	w.draft(&notice{what: "draft", label: "red", people: []string{"second@gov.example", "alpha-member@alpha.example"}}, "gov-analyst", "")
	later := w.draft(&notice{what: "scheduled", label: "clear"}, "gov-analyst", "")
	w.step("gov-analyst", later.record, "submit", nil)
	w.step("ada", later.record, "approve", nil)
	w.step("gov-analyst", later.record, "publish", map[string]any{"at": time.Now().Add(24 * time.Hour)})
	// What comes next of what everybody may read is for nobody yet.
	for _, of := range []*notice{clear, green} {
		n := w.add(&notice{what: "the next revision of", label: of.label, work: true, record: of.record, authors: of.authors})
		w.step("gov-analyst", of.id, "", map[string]any{"yaml": n.yaml("")})
	}
	w.take(clear, "library", "clear")
	w.take(green, "library", "green")
	w.take(amber, "library", "amber")
	w.take(strict, "library", "amber+strict")
}
