package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// TestAdvisoryMatrix asks for every advisory in every form, by every route, as
// everybody, and holds each answer against the policy: all that this reader may see
// is there, and no trace of anything else (see told).
func TestAdvisoryMatrix(t *testing.T) {
	w := newNotices(t)
	w.publishAll()
	w.learnObjects()
	t.Logf("%d advisories, %d callers", len(w.all), len(w.askers))
	answers := 0
	for turn, a := range w.askers {
		if a.shut {
			w.refusesNotices(a)
			continue
		}
		w.listsNotices(a)
		w.readsFeeds(a, []string{"en", "zh-Hant", "zh-Hans"}[turn%3])
		w.matchesNotices(a)
		for i, n := range w.all {
			if (i+turn)%4 == 0 || // who asks next takes the others; some ask for all
				slices.Contains([]string{"stranger", "gamma-member", "beta-key", "rcpt-pat", "second", "alpha-reads-desk"}, a.name) {
				answers += w.fetchesNotice(a, n)
			}
		}
	}
	t.Logf("%d answers about one advisory", answers)
	if answers < 4000 {
		t.Error("they are too few")
	}
	// The audit log is for administrators, and yet has no word of what is not for all
	// members.
	log := w.world.ask(w.asker("local"), http.MethodGet, "/api/v1/audit?limit=1000&action=advisory.", "")
	for _, n := range w.all {
		if strings.Contains(log.body, n.token()) && n.label != "clear" && n.label != "green" {
			t.Errorf("the audit log quotes %s, %s", n.what, n.label)
		}
	}
}

var trackingID = regexp.MustCompile(`\bA\d\d-\d\d-[GASR]?\d\d\b`)

// mentions are the notices of which a text has a trace.
func (w *notices) mentions(text string) map[*notice]string {
	found := map[*notice]string{}
	for _, trace := range tracesIn(text) {
		for _, n := range w.byTrace[trace] {
			found[n] = trace
		}
	}
	return found
}

// tracesIn are the words, vulnerabilities and tracking ids in a text that are like
// those of notices, and all UUIDs. Megabytes are looked through, so that this is no
// regular expression: each but the words is found by its first dash.
func tracesIn(text string) (list []string) {
	cut := func(from, to int) string {
		return text[max(0, from):min(to, len(text))]
	}
	for at := 0; ; at++ {
		i := strings.Index(text[at:], "nx0")
		if i < 0 {
			break
		}
		at += i
		list = append(list, cut(at, at+len("nx0000x")))
	}
	for at := 0; ; at++ {
		i := strings.IndexByte(text[at:], '-')
		if i < 0 {
			return list
		}
		at += i
		switch rest := cut(at, at+16); {
		case len(rest) == 16 && rest[5] == '-' && rest[10] == '-' && rest[15] == '-':
			list = append(list, cut(at-8, at+28))
		case strings.HasPrefix(rest, "-2026-7"):
			list = append(list, cut(at-3, at+11))
		case strings.HasPrefix(rest, "-2026-0"):
			list = append(list, cut(at-2, at+10))
		case len(rest) > 3 && rest[3] == '-':
			list = append(list, cut(at-3, at+6), cut(at-3, at+7))
		}
	}
}

// strictly reports whether a route goes by the label alone; on the others the
// operator's analysts read what they wrote, too.
func strictly(path string) bool {
	for _, p := range []string{"/csaf", "/.well-known/", "/taxii2/", "/api/v1/search", "/api/v1/changes", "/api/v1/objects", "/api/v1/advisories/match", "/advisories/catalogue"} {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

func (n *notice) open(a *asker, path string) bool {
	switch {
	case strings.HasPrefix(path, "/api/v1/drafts"), strings.HasSuffix(path, "/diff?to=0"):
		return n.mayWork(a)
	case strictly(path):
		return n.mayRead(a)
	case strings.HasPrefix(path, "/api/v1/advisories/export"): // the operator writes files for others
		return n.mayRead(a) || !n.work && a.analyses() && n.label != "red"
	}
	return n.mayShow(a)
}

// get asks, and fails the test if the answer tells what its reader may not know and
// has not named.
func (w *notices) get(a *asker, path string, header ...string) answer {
	w.t.Helper()
	return w.told(a, path, "", w.world.ask(a, http.MethodGet, path, "", header...))
}

func (w *notices) told(a *asker, path, body string, got answer) answer {
	w.t.Helper()
	text := got.String()
	asked := w.mentions(path + body)
	public := strings.HasPrefix(got.header.Get("Cache-Control"), "public")
	for n, trace := range w.mentions(text) {
		if _, named := asked[n]; !named && !n.open(a, path) {
			w.errorf("LEAK to %s: %s tells %s of %q, %s: %.600s", a.name, path, trace, n.what, n.label, text)
		}
		if public && (n.label != "clear" || n.work) && got.status < 300 {
			w.errorf("%s: %s: %q, %s, may be kept for others", a.name, path, n.what, n.label)
		}
	}
	if public && a.member() && !a.bound() && got.header.Get("Vary") != "" {
		w.errorf("%s: %s differs by reader and may be kept for others", a.name, path)
	}
	if !a.analyses() {
		for _, trace := range []string{recipient, w.rcpt.ID, w.named.ID} {
			if strings.Contains(text, trace) && !strings.Contains(path+body, trace) {
				w.errorf("LEAK to %s: %s tells who else may read it: %s in %.600s", a.name, path, trace, text)
			}
		}
	}
	return got
}

// learnObjects notes the ids of the STIX objects that are one notice's alone.
func (w *notices) learnObjects() {
	w.t.Helper()
	ids := map[string][]*notice{}
	for _, n := range w.all {
		for _, who := range []string{"rcpt-pat", "gamma-key", "ada"} {
			if n.work || !n.mayShow(w.asker(who)) {
				continue
			}
			got := w.get(w.asker(who), "/api/v1/advisories/"+n.name()+"/content?format=stix")
			if got.status != http.StatusOK {
				w.t.Fatalf("STIX of %s: %s", n.what, got)
			}
			for _, id := range tracesIn(got.body) {
				if strings.Count(id, "-") == 4 && !slices.Contains(ids[id], n) {
					ids[id] = append(ids[id], n)
				}
			}
			break
		}
	}
	maps.DeleteFunc(ids, func(_ string, of []*notice) bool { return len(of) > 1 }) // the operator, markings, techniques
	if len(ids) < 4*len(w.all)/2 {
		w.t.Fatalf("%d STIX objects", len(ids))
	}
	maps.Copy(w.byTrace, ids)
}

// name is the one by which a notice is asked for.
func (n *notice) name() string {
	if n.id != "" {
		return n.id
	}
	return n.record
}

// listed compares the notices of which an answer has a trace with those that it
// should.
func (w *notices) listed(a *asker, path string, text string, want func(*notice) bool) {
	w.t.Helper()
	found := w.mentions(text)
	for _, n := range w.all {
		if _, ok := found[n]; ok != (want(n) && n.open(a, path)) {
			w.errorf("%s: %s has %q, %s %s: %v", a.name, path, n.what, n.label, n.id, ok)
		}
	}
}

// paged are all pages of a list of the API.
func (w *notices) paged(a *asker, path string) string {
	w.t.Helper()
	var text strings.Builder
	cursor := ""
	for range 200 {
		got := w.get(a, path+cursor)
		if got.status != http.StatusOK {
			w.errorf("%s: %s: %s", a.name, path, got)
			return ""
		}
		text.WriteString(got.body)
		var page struct{ Next string }
		if err := json.Unmarshal([]byte(got.body), &page); err != nil || page.Next == "" {
			break
		}
		cursor = "&cursor=" + page.Next
		for _, other := range []string{"stranger", "gamma-key"} { // a cursor tells nobody more
			w.get(w.asker(other), path+cursor)
		}
	}
	return text.String()
}

func (w *notices) listsNotices(a *asker) {
	w.t.Helper()
	own := func(n *notice) bool { return !n.library && !n.work }
	api := "/api/v1/advisories?limit=500"
	for _, more := range []string{"", "&text=NX0", "&tag=mail", "&sector=energy", "&product=gate", "&risk=high", "&class=alert"} {
		w.listed(a, api+more, w.paged(a, api+more), own)
	}
	w.listed(a, "/api/v1/advisories?limit=2", w.paged(a, "/api/v1/advisories?limit=2"), own)
	for _, label := range []string{"clear", "green", "amber", "amber+strict", "red"} {
		path := api + "&tlp=" + strings.ReplaceAll(label, "+", "%2B")
		w.listed(a, path, w.paged(a, path), func(n *notice) bool { return own(n) && n.label == label })
	}
	for _, state := range []string{"withdrawn", "superseded", "revised"} {
		w.listed(a, api+"&state="+state, w.paged(a, api+"&state="+state), func(n *notice) bool { return own(n) && strings.HasPrefix(n.what, state) })
	}
	w.listed(a, "/api/v1/library?limit=500", w.paged(a, "/api/v1/library?limit=500"), func(n *notice) bool { return n.library })
	if a.analyses() {
		text := w.paged(a, "/api/v1/drafts?limit=500")
		for _, n := range w.all {
			if n.record != "" && strings.Contains(text, n.record) != n.mayWork(a) {
				w.errorf("%s: /drafts has %q, %s: %v", a.name, n.what, n.label, !n.mayWork(a))
			}
		}
	}
	w.listed(a, "/api/v1/advisories/export", w.get(a, "/api/v1/advisories/export").body, own)
	if !a.bound() { // its policy is that of the collections
		w.listed(a, "/api/v1/search?text=nx&limit=500", w.paged(a, "/api/v1/search?text=nx&limit=500"), own)
		w.listed(a, "/api/v1/changes?limit=1000", w.get(a, "/api/v1/changes?limit=1000").body, own)
	}
	if a.local { // the rest is not on the socket
		return
	}
	open := func(n *notice) bool { return own(n) && n.label == "clear" }
	for _, name := range []string{"catalogue.csv", "catalogue.json"} {
		w.listed(a, "/advisories/"+name, w.get(a, "/advisories/"+name).body, open)
	}
	for _, path := range []string{ // the dictionary has an example that looks like one of ours
		"/.well-known/csaf/provider-metadata.json", "/.well-known/csaf/service.json",
		"/.well-known/security.txt", "/security.txt",
	} {
		if got := w.get(a, path); got.status != http.StatusOK || len(w.mentions(got.body)) > 0 {
			w.errorf("%s: %s: %.2000s", a.name, path, got)
		}
	}
	for _, name := range []string{"", "index.txt", "changes.csv"} {
		got := w.get(a, "/csaf/"+name)
		if name != "" {
			w.listed(a, "/csaf/"+name, got.body, own)
		}
	}
	year := w.all[0].year
	for _, folder := range []string{"white", "green", "amber", "red"} {
		for _, name := range []string{"index.txt", "changes.csv", "csaf-feed-tlp-" + folder + ".json", year + "/"} {
			path := "/csaf/" + folder + "/" + name
			w.listed(a, path, w.get(a, path).body, func(n *notice) bool { return own(n) && n.folder() == folder })
		}
		w.get(a, "/csaf/"+folder+"/category-"+folder+".json")
	}
	for _, alias := range []string{"public", "advisories"} {
		for _, kind := range []string{"objects", "manifest"} {
			path := "/taxii2/community/collections/" + alias + "/" + kind + "/?limit=1000"
			got := w.get(a, path)
			if a.bound() {
				continue
			}
			objects := trackingID.ReplaceAllString(got.body, "") // what one takes the place of may be in the other collection
			w.listed(a, path, objects, func(n *notice) bool { return own(n) && (n.label == "clear") == (alias == "public") })
		}
	}
}

// readsFeeds: in one language, with all filters.
func (w *notices) readsFeeds(a *asker, lang string) {
	w.t.Helper()
	if a.local {
		return
	}
	for _, kind := range []string{"atom", "rss", "json"} {
		feed := "/" + lang + "/advisories/feed." + kind
		for _, more := range []string{"", "?sector=energy", "?product=gate", "?sector=energy&product=GATE"} {
			w.listed(a, feed+more, w.get(a, feed+more).body, func(n *notice) bool { return !n.library && !n.work })
		}
		w.listed(a, feed+"?sector=water", w.get(a, feed+"?sector=water").body, func(*notice) bool { return false })
	}
}

// folder is that of a label in a CSAF provider.
func (n *notice) folder() string {
	switch n.label {
	case "clear":
		return "white"
	case "amber+strict":
		return "amber"
	}
	return n.label
}

// matchesNotices brings an inventory that everything concerns.
func (w *notices) matchesNotices(a *asker) {
	w.t.Helper()
	q := apiclient.MatchRequest{All: true}
	for _, n := range w.all {
		q.Components = append(q.Components, apiclient.Component{Vendor: n.token() + " vendor", Name: n.token() + " gate", Version: "1.5.0", PURL: fmt.Sprintf("pkg:pypi/%s-gate@1.5.0", n.token())})
	}
	body, err := json.Marshal(q)
	if err != nil {
		w.t.Fatal(err)
	}
	const path = "/api/v1/advisories/match"
	got := w.world.ask(a, http.MethodPost, path, string(body))
	w.told(a, path, string(body), got) // the components are the caller's own words
	found := decode[apiclient.MatchResult](w.world, got)
	for _, n := range w.all {
		there := slices.ContainsFunc(found.Matches, func(m apiclient.Match) bool {
			return strings.Contains(m.Component.Name, n.token()) && m.State == "affected"
		})
		holds := !strings.HasPrefix(n.what, "withdrawn") && !strings.HasPrefix(n.what, "superseded")
		if there != (n.mayRead(a) && holds) {
			w.errorf("%s: an inventory matches %q, %s: %v", a.name, n.what, n.label, there)
		}
	}
}
