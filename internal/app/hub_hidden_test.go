package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// differs are the parts of a status that differ each time.
var differs = regexp.MustCompile(`"id":"[0-9a-f]{8}-[0-9a-f-]{27}"|"request_timestamp":"[^"]*"|(version":")?2026-1[12]-\d\dT[0-9:.]+Z`)

// alike compares two answers but for the ids that were asked for.
func (w *world) alike(what string, got answer, id string, other answer, otherID string) {
	w.t.Helper()
	plain := func(a answer, id string) string {
		a.header = a.header.Clone()
		a.header.Del("Content-Length") // of a timestamp, whose zeros are cut
		return differs.ReplaceAllString(strings.NewReplacer(id, "ID", twin(id), "TWIN").Replace(a.String()), "_")
	}
	if a, b := plain(got, id), plain(other, otherID); a != b {
		w.errorf("%s: what is hidden is told from what is not there:\n%s\nand\n%s", what, a, b)
	}
}

// twin is another id, of what refers to an object.
func twin(uuid string) string { return strings.Replace(uuid, "-8bad-", "-9bad-", 1) }

// hiddenCases are objects of each kind that some writers to the open collection
// may not know of.
func (w *world) hiddenCases() (cases []*draft) {
	w.t.Helper()
	open, desk := w.shelves["open7x9"], w.shelves["desk7x9"]
	to := func(s *shelf, kind string, m marks) {
		d := w.sighted(s, m)
		switch kind {
		case "identity":
			d.kind, d.id, d.more = kind, newID(kind, d.n), fmt.Sprintf(`"name":"somebody %s"`, d.token())
		case "marking-definition":
			d.kind, d.id = kind, newID(kind, d.n)
			d.more = fmt.Sprintf(`"definition_type":"statement","definition":{"statement":"%s"}`, d.token())
		case "ipv4-addr":
			d.kind, d.id = kind, newID(kind, d.n)
		}
		w.share("alpha-key", []string{"alpha"}, []string{"alpha-member@alpha.example"}, d)
		cases = append(cases, d)
	}
	for _, name := range []string{"AMBER+STRICT", "RED", "GREEN, a part AMBER", "unknown"} {
		to(open, "indicator", marked(name))
	}
	to(open, "identity", marked("RED"))
	to(open, "marking-definition", marked("AMBER+STRICT"))
	to(desk, "indicator", marked("CLEAR")) // in a collection that others cannot reach
	return cases
}

// TestHiddenWrites: whoever sends, deletes, refers to, or marks with something that
// is hidden from them gets the answer that they would get were it not there; and
// those who may read the first object of an id keep getting that one.
func TestHiddenWrites(t *testing.T) {
	w := newWorld(t)
	open := w.shelves["open7x9"]
	n := 0
	var cases []*draft
	for _, name := range []string{"gamma-key", "delta-member", "beta-key", "gov-key"} {
		a := w.asker(name)
		w.seen = nil
		some := w.hiddenCases() // each for one writer, since the next would see what that one sent
		cases = append(cases, some...)
		w.judge()
		for _, d := range some {
			_, hidden, _ := strings.Cut(d.id, "--")
			if w.seen[name][&d.entry] {
				continue
			}
			n++
			never := fmt.Sprintf("%08x-0bad-4bad-8bad-%012x", n, n)
			both := func(what, method, path, body string) {
				t.Helper()
				put := func(uuid string) answer {
					named := strings.NewReplacer("UUID", uuid, "TWIN", twin(uuid))
					return w.ask(a, method, named.Replace(path), named.Replace(body))
				}
				w.alike(name+" "+what+" "+d.kind+" "+d.m.name, put(hidden), hidden, put(never), never)
			}
			id := d.kind + "--UUID"
			both("deletes", http.MethodDelete, open.path()+"objects/"+id+"/", "")
			both("deletes a version of", http.MethodDelete, open.path()+"objects/"+id+"/?match[version]=first", "")
			both("deletes by the API", http.MethodDelete, "/api/v1/collections/"+open.id+"/objects/"+id, "")
			both("refers to", http.MethodPost, open.path()+"objects/", `{"objects":[{"type":"note","spec_version":"2.1","id":"note--TWIN","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","content":"x","object_refs":["`+id+`"]}]}`)
			// They and others get it, and nobody learns from it that there is more.
			seen := w.seen
			w.seen = nil // the note's own words name the id
			for _, reader := range []*asker{a, w.asker("stranger"), w.asker("beta-member")} {
				note := open.path() + "objects/note--"
				w.alike(reader.name+" reads what refers to "+d.kind+" "+d.m.name, w.ask(reader, http.MethodGet, note+twin(hidden)+"/", ""), hidden, w.ask(reader, http.MethodGet, note+twin(never)+"/", ""), never)
			}
			w.seen = seen
			if d.kind == "marking-definition" {
				mark := strings.Replace(indicatorText("TWIN"), `"name"`, `"object_marking_refs":["`+id+`"],"name"`, 1)
				both("marks with", http.MethodPost, open.path()+"objects/", `{"objects":[`+mark+`]}`)
			}
			if d.kind == "identity" {
				of := strings.Replace(indicatorText("TWIN"), `"name"`, `"created_by_ref":"`+id+`","name"`, 1)
				both("publishes as", http.MethodPost, open.path()+"objects/", `{"objects":[`+of+`]}`)
			}
			// The same id with content of their own, twice, then another version, and one
			// that revokes it.
			own := strings.Replace(d.text(), d.token(), "other words", 1)
			own = strings.ReplaceAll(own, d.ip(), "203.0.113.7")
			own = cutMarkings(own)
			later := strings.Replace(own, `"modified":"2026-01`, `"modified":"2026-03`, 1)
			revoked := strings.Replace(strings.Replace(own, `"modified":"2026-01`, `"revoked":true,"modified":"2026-04`, 1), `"other words`, `"other words, revoked`, 1)
			for _, text := range []string{own, own, later, revoked} {
				both("sends", http.MethodPost, open.path()+"objects/", `{"objects":[`+strings.ReplaceAll(text, hidden, "UUID")+`]}`)
			}
			got := w.ask(a, http.MethodGet, open.path()+"objects/"+d.id+"/", "")
			if !strings.Contains(got.body, "other words") {
				t.Errorf("%s does not get what they sent as %s: %s", name, d.id, got)
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d cases", n)
	}
	for _, d := range cases {
		for _, a := range w.askers {
			if a.shut || a.local {
				continue
			}
			// Whoever may read the first one gets that and no other.
			got := w.ask(a, http.MethodGet, "/api/v1/objects/"+d.id+"?versions=all", "")
			if w.seen[a.name][&d.entry] && (!strings.Contains(got.body, d.token()) || strings.Contains(got.body, "other words")) {
				t.Errorf("%s gets another object as %s (%s): %s", a.name, d.id, d.m.name, got)
			}
		}
	}
}

func indicatorText(uuid string) string {
	return `{"type":"indicator","spec_version":"2.1","id":"indicator--` + uuid + `","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","name":"marked","pattern":"[ipv4-addr:value = '203.0.113.9']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"}`
}

// cutMarkings takes the markings off a text.
func cutMarkings(text string) string {
	for name, end := range map[string]string{`,"object_marking_refs":`: `"]`, `,"granular_markings":`: `}]`} {
		if before, rest, ok := strings.Cut(text, name); ok {
			_, after, _ := strings.Cut(rest, end)
			text = before + after
		}
	}
	return text
}

// TestModeration: what waits is seen by those who decide and may read it, and by
// nobody else on any route; their decisions and their sender's status say no more.
func TestModeration(t *testing.T) {
	w := newWorld(t)
	s := w.shelves["indicators"]
	sender := w.asker("delta-member")
	var drafts []*draft
	send := func(orgs, people []string, names ...string) {
		for _, name := range names {
			d := w.sighted(s, marked(name))
			w.share("delta-member", orgs, people, d)
			drafts = append(drafts, d)
		}
	}
	send([]string{"gov"}, []string{"gov-analyst@gov.example"}, "CLEAR", "AMBER", "AMBER+STRICT", "RED", "CLEAR, a part RED", "GREEN")
	send([]string{"alpha"}, []string{"alpha-member@alpha.example"}, "GREEN", "AMBER", "AMBER+STRICT", "RED", "unknown")
	w.judge()
	waiting := w.seen
	// Until somebody decides, nobody can read them: what inspect lets pass is nothing.
	w.seen = map[string]map[*entry]bool{}
	for _, a := range w.askers {
		w.seen[a.name] = map[*entry]bool{}
	}
	const queue = "/api/v1/moderation?limit=1000"
	ids := map[*entry]string{}
	for _, a := range w.askers {
		if a.shut {
			continue
		}
		w.ask(a, http.MethodGet, "/api/v1/search?text=seen", "")
		w.ask(a, http.MethodGet, "/api/v1/changes", "")
		if !a.local {
			w.ask(a, http.MethodGet, s.path()+"objects/?match[version]=all", "")
		}
		decides := a.person != "" && len(a.scopes) == 0 && (a.role == "analyst" || a.role == "hub-admin")
		if !decides {
			if got := w.ask(a, http.MethodGet, queue, ""); got.status != http.StatusForbidden && got.status != http.StatusUnauthorized {
				t.Errorf("%s asks for the queue: %s", a.name, got)
			}
			continue
		}
		w.seen[a.name] = waiting[a.name]
		got := w.ask(a, http.MethodGet, queue, "")
		w.same(a, "queue", got.body, w.visible(a, nil))
		for _, p := range decode[apiclient.List[apiclient.Pending]](w, got).Items {
			for _, e := range w.entries {
				if e.id == p.ObjectID {
					ids[e] = p.ID
				}
			}
		}
	}
	if ids[&drafts[3].entry] == "" || ids[&drafts[7].entry] != "" {
		t.Fatalf("the queue: %v", ids)
	}
	// The hub's administrator decides on nothing that only the analyst sees.
	ada, analyst := w.asker("ada"), w.asker("gov-analyst")
	red := ids[&drafts[3].entry]
	never := "0" + red[1:len(red)-1] + "1"
	decide := func(a *asker, id string, approve bool) answer {
		return w.ask(a, http.MethodPost, "/api/v1/moderation/"+id+"/decision", fmt.Sprintf(`{"approve":%v,"reason":"because"}`, approve))
	}
	w.alike("deciding", decide(ada, red, true), red, decide(ada, never, true), never)
	for _, d := range []*draft{drafts[0], drafts[3]} {
		if got := decide(analyst, ids[&d.entry], true); got.status != http.StatusNoContent {
			t.Errorf("approving: %s", got)
		}
		w.seen = waiting
		var seen []string
		for _, a := range w.askers {
			if read, _ := a.reaches(s); read && !a.local {
				if got := w.ask(a, http.MethodGet, s.path()+"objects/"+d.id+"/", ""); got.status == http.StatusOK {
					seen = append(seen, a.name)
				}
				if may := waiting[a.name][&d.entry]; may != slices.Contains(seen, a.name) {
					t.Errorf("%s reads what was approved (%s): %v", a.name, d.m.name, !may)
				}
			}
		}
	}
	if got := decide(analyst, ids[&drafts[1].entry], false); got.status != http.StatusNoContent {
		t.Errorf("rejecting: %s", got)
	}
	if got := w.ask(sender, http.MethodGet, "/api/v1/search?text="+drafts[1].token(), ""); strings.Contains(got.body, drafts[1].id) {
		t.Errorf("what was rejected is found: %s", got)
	}
	w.statusesOfOthers(s)
}

// statusesOfOthers: a status is for whoever sent it.
func (w *world) statusesOfOthers(s *shelf) {
	w.t.Helper()
	const never = "11111111-0bad-4bad-abad-000000000000"
	w.seen = nil // whoever sent an object may read its id, whatever its marking
	for _, name := range []string{"delta-member", "alpha-key", "alpha-member"} {
		by := w.asker(name)
		st := w.apiPost(by, s, url.Values{}, w.sighted(s, marked("GREEN")).text())
		for _, a := range w.askers {
			if a.shut {
				continue
			}
			mine := a.person == by.person && a.org == by.org && !a.local
			for _, path := range []string{"/api/v1/statuses/", "/taxii2/community/status/"} {
				if a.local && strings.HasPrefix(path, "/taxii2") {
					continue
				}
				got := w.ask(a, http.MethodGet, path+st.ID, "")
				if mine != (got.status == http.StatusOK) {
					w.errorf("%s asks for the status of %s: %s", a.name, name, got)
				}
				if !mine {
					w.alike(a.name+" status", got, st.ID, w.ask(a, http.MethodGet, path+never, ""), never)
				}
			}
		}
	}
}
