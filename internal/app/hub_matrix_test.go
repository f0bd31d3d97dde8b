package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// stock shares objects of every marking in every collection, by TAXII and with
// readers named by the API, and objects that refer to others.
func (w *world) stock() {
	w.t.Helper()
	shelves := w.shelves
	for by, alias := range map[string]string{"alpha-key": "desk7x9", "alpha-admin": "open7x9", "gamma-key": "indicators", "gov-key": "public", "gamma-member": "cases7x9"} {
		for _, m := range allMarks() {
			w.share(by, nil, nil, w.sighted(shelves[alias], m))
		}
	}
	// Whom a form or an API call names.
	for _, m := range allMarks() {
		w.share("alpha-key", []string{"alpha"}, []string{"gamma-member@gamma.example"}, w.sighted(shelves["open7x9"], m))
		w.share("alpha-member", []string{"beta"}, []string{"beta-member@beta.example", "gov-analyst@gov.example"}, w.sighted(shelves["indicators"], m))
		w.share("gamma-member", []string{"gamma"}, []string{"alpha-reader@alpha.example", "ada@gov.example"}, w.sighted(shelves["indicators"], m))
	}
	// Versions for different readers.
	open := shelves["open7x9"]
	var versioned []*draft
	for _, names := range [][]string{{"CLEAR", "AMBER", "RED"}, {"RED", "AMBER", "GREEN"}, {"GREEN", "AMBER+STRICT", "CLEAR"}, {"CLEAR", "GREEN"}} {
		d := w.sighted(open, marked(names[0]))
		w.share("alpha-key", []string{"alpha"}, []string{"beta-member@beta.example"}, d)
		for _, name := range names[1:] {
			d = w.again(d, marked(name))
			w.share("alpha-key", []string{"alpha"}, []string{"beta-member@beta.example"}, d)
		}
		versioned = append(versioned, d)
	}
	w.refer(versioned)
}

// refer shares objects in the open collection whose ends some may not see.
func (w *world) refer(versioned []*draft) {
	w.t.Helper()
	open := w.shelves["open7x9"]
	clear := marked("CLEAR")
	share := func(d ...*draft) {
		w.share("alpha-key", []string{"alpha"}, []string{"alpha-member@alpha.example"}, d...)
	}
	ends := map[string]string{"nobody": newID("malware", 0xffff)} // which the hub does not hold
	for _, name := range []string{"CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED", "CLEAR, a part RED"} {
		d := w.sighted(open, marked(name))
		share(d)
		ends[name] = d.id
	}
	ends["versions"], ends["late"] = versioned[0].id, versioned[1].id
	desk := w.sighted(w.shelves["desk7x9"], clear)
	w.share("alpha-key", nil, nil, desk)
	ends["elsewhere"] = desk.id
	for _, end := range ends {
		share(w.about("sighting", open, clear, end))
		share(w.about("note", open, marked("GREEN"), end))
		share(w.about("opinion", open, clear, end))
		share(w.about("report", open, clear, ends["CLEAR"], end))
		share(w.about("relationship", open, clear, ends["CLEAR"], end))
		share(w.about("relationship", open, clear, end, ends["GREEN"]))
		link := w.about("relationship", open, clear, ends["CLEAR"], end)
		share(link, w.about("note", open, clear, link.id)) // a note on a link
	}
	// One that the hub gets to know of later, and two that refer to each other.
	late := newID("malware", 0xfffe)
	share(w.about("note", open, clear, late))
	early := w.sighted(open, marked("AMBER+STRICT"))
	early.kind, early.id, early.more = "malware", late, fmt.Sprintf(`"name":"mal %s","is_family":false`, early.token())
	share(early)
	for _, end := range []string{"CLEAR", "GREEN", "RED"} {
		a, b := w.about("note", open, clear, ends[end]), w.about("note", open, clear, ends[end])
		a.refs, b.refs = append(a.refs, b.id), append(b.refs, a.id)
		a.more = fmt.Sprintf(`"content":"one %s","object_refs":["%s"]`, a.token(), strings.Join(a.refs, `","`))
		b.more = fmt.Sprintf(`"content":"two %s","object_refs":["%s"]`, b.token(), strings.Join(b.refs, `","`))
		share(a, b)
	}
	// The author of an object is a reference, too.
	author := w.about("identity", open, marked("GREEN"))
	share(author)
	work := w.sighted(open, clear)
	work.refs = []string{author.id}
	work.more += fmt.Sprintf(`,"created_by_ref":%q`, author.id)
	share(work)
}

// TestMatrix asks every route that gives or counts objects, as everybody, and
// holds each answer against the policy: all that this reader may see is there, and
// no trace of anything else (see inspect).
func TestMatrix(t *testing.T) {
	w := newWorld(t)
	w.stock()
	w.judge()
	w.learn()
	t.Logf("%d entries, %d callers", len(w.entries), len(w.askers))
	for _, a := range w.askers {
		if a.shut {
			w.refusesAll(a)
			continue
		}
		if !a.local { // TAXII is not on the socket
			for _, s := range w.shelves {
				w.listsByTAXII(a, s)
			}
			w.listsRoots(a)
		}
		w.listsChanges(a)
		w.searches(a)
		w.fetchesEach(a)
	}
}

// same compares the tokens in an answer with those that the policy gives.
func (w *world) same(a *asker, what, text string, want []*entry) {
	w.t.Helper()
	if got, want := tokensIn(text), slices.Compact(tokens(want)); !slices.Equal(got, want) {
		w.t.Errorf("%s, %s: %d objects, want %d: got %v, want %v", a.name, what, len(got), len(want), got, want)
	}
}

// refusesAll: a key that is not valid gets one answer, whatever is wrong with it.
func (w *world) refusesAll(a *asker) {
	w.t.Helper()
	wrong := w.asker("wrong-key")
	for _, path := range []string{"/taxii2/", "/taxii2/community/", "/taxii2/community/collections/", w.shelves["public"].path() + "objects/",
		"/api/v1/me", "/api/v1/search?text=qx", "/api/v1/changes", "/api/v1/organisations", "/api/v1/settings"} {
		got := w.ask(a, http.MethodGet, path, "")
		if got.status != http.StatusUnauthorized || got.String() != w.ask(wrong, http.MethodGet, path, "").String() {
			w.t.Errorf("%s: GET %s: %s", a.name, path, got)
		}
	}
	post := w.shelves["indicators"].path() + "objects/"
	if got := w.ask(a, http.MethodPost, post, `{}`); got.status != http.StatusUnauthorized || got.String() != w.ask(wrong, http.MethodPost, post, `{}`).String() {
		w.t.Errorf("%s: POST: %s", a.name, got)
	}
}

// listsByTAXII: the whole collection, as objects and as a manifest, at once and
// one by one, last versions and all.
func (w *world) listsByTAXII(a *asker, s *shelf) {
	w.t.Helper()
	read, write := a.reaches(s)
	if !read {
		got := w.ask(a, http.MethodGet, s.path()+"objects/", "")
		want := http.StatusForbidden
		switch {
		case a.org == "":
			want = http.StatusUnauthorized
		case !write && !a.administers():
			want = http.StatusNotFound
		}
		if got.status != want {
			w.t.Errorf("%s, %s: status %d, want %d", a.name, s.alias, got.status, want)
		}
		return
	}
	all := w.visible(a, s)
	for match, want := range map[string][]*entry{"": last(all), "match[version]=all": all} {
		var text, manifest strings.Builder
		got := w.ask(a, http.MethodGet, s.path()+"objects/?"+match, "")
		w.same(a, s.alias+" "+match, got.body, want)
		if len(want) > 0 && (got.header.Get("X-TAXII-Date-Added-First") != stamp(want[0].added) || got.header.Get("X-TAXII-Date-Added-Last") != stamp(want[len(want)-1].added)) {
			w.t.Errorf("%s, %s %s: dates %v", a.name, s.alias, match, got.header)
		}
		pages := w.walk(a, s.path()+"objects/?limit=1&"+match, func(body string) { text.WriteString(body) })
		w.same(a, s.alias+" one by one "+match, text.String(), want)
		if pages != max(1, len(want)) {
			w.t.Errorf("%s, %s %s: %d pages for %d objects: more was said that this reader does not get", a.name, s.alias, match, pages, len(want))
		}
		w.walk(a, s.path()+"manifest/?limit=7&"+match, func(body string) { manifest.WriteString(body) })
		if n := strings.Count(manifest.String(), `"date_added"`); n != len(want) {
			w.t.Errorf("%s, %s %s: the manifest has %d, want %d", a.name, s.alias, match, n, len(want))
		}
	}
	w.same(a, s.alias+" notes", w.ask(a, http.MethodGet, s.path()+"objects/?match[type]=note", "").body, filter(last(all), func(e *entry) bool { return e.kind == "note" }))
	// Nothing is told of what lies behind the last that this reader sees.
	if len(all) > 0 {
		got := w.ask(a, http.MethodGet, s.path()+"objects/?match[version]=all&added_after="+stamp(all[len(all)-1].added), "")
		if got.body != "{}" {
			w.t.Errorf("%s, %s: behind the last there is %s", a.name, s.alias, got)
		}
	}
}

// walk follows next to the end and returns how many pages there were. Others use
// each cursor as well: it gives them what they may read, and nothing of the rest.
func (w *world) walk(a *asker, path string, page func(string)) (pages int) {
	w.t.Helper()
	next := ""
	for pages = 1; pages < 2000; pages++ {
		at := path
		if next != "" {
			at += "&next=" + next
			if pages%8 == 2 {
				for _, other := range []string{"stranger", "gamma-key", "beta-member"} {
					w.ask(w.asker(other), http.MethodGet, at, "")
				}
			}
		}
		got := w.ask(a, http.MethodGet, at, "")
		var envelope struct {
			More bool
			Next string
		}
		if err := json.Unmarshal([]byte(got.body), &envelope); err != nil || got.status != http.StatusOK {
			w.t.Fatalf("%s: GET %s: %v %s", a.name, at, err, got)
		}
		page(got.body)
		if !envelope.More {
			return pages
		}
		next = envelope.Next
	}
	w.t.Fatalf("%s: GET %s does not end", a.name, path)
	return 0
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func filter(all []*entry, keep func(*entry) bool) (kept []*entry) {
	for _, e := range all {
		if keep(e) {
			kept = append(kept, e)
		}
	}
	return kept
}

// listsRoots: discovery, roots and collections, as far as they are to be known.
func (w *world) listsRoots(a *asker) {
	w.t.Helper()
	w.ask(a, http.MethodGet, "/taxii2/", "")
	for _, root := range []string{"community", trustGroup} {
		got := w.ask(a, http.MethodGet, "/taxii2/"+root+"/collections/", "")
		unknown := w.ask(a, http.MethodGet, "/taxii2/nosuch/collections/", "")
		if root != "community" && !slices.Contains(a.groups, root) && !a.administers() {
			if strings.ReplaceAll(got.String(), root, "X") != strings.ReplaceAll(unknown.String(), "nosuch", "X") {
				w.t.Errorf("%s: the group tells of itself: %s", a.name, got)
			}
			continue
		}
		for _, s := range w.shelves {
			read, write := a.reaches(s)
			if shown := strings.Contains(got.body, s.id); s.root == root && shown != (read || write || a.administers()) {
				w.t.Errorf("%s: collection %s shown: %v", a.name, s.alias, shown)
			}
		}
	}
}

// listsChanges: the feed from its beginning, at once, one by one, per collection
// and as a subscription.
func (w *world) listsChanges(a *asker) {
	w.t.Helper()
	all := w.visible(a, nil)
	var text strings.Builder
	n := w.walkChanges(a, "/api/v1/changes?limit=1000", &text)
	w.same(a, "changes", text.String(), all)
	text.Reset()
	if n = w.walkChanges(a, "/api/v1/changes?limit=1", &text); n != max(1, len(all)) {
		w.t.Errorf("%s: %d pages of changes for %d objects", a.name, n, len(all))
	}
	w.same(a, "changes one by one", text.String(), all)
	for _, s := range w.shelves {
		if read, _ := a.reaches(s); read {
			text.Reset()
			w.walkChanges(a, "/api/v1/changes?limit=1000&collection="+s.id, &text)
			w.same(a, "changes of "+s.alias, text.String(), w.visible(a, s))
		}
	}
	name := "from-" + a.name
	got := w.ask(a, http.MethodPost, "/api/v1/subscriptions", `{"name":"`+name+`","from":"start"}`)
	if got.status != http.StatusCreated {
		if a.member() && !a.local {
			w.t.Errorf("%s subscribes: %s", a.name, got)
		}
		return
	}
	got = w.ask(a, http.MethodGet, "/api/v1/subscriptions/"+name+"/changes?limit=1000", "")
	w.same(a, "subscription", got.body, all)
}

func (w *world) walkChanges(a *asker, path string, text *strings.Builder) (pages int) {
	w.t.Helper()
	cursor := ""
	for pages = 1; pages < 2000; pages++ {
		got := w.ask(a, http.MethodGet, path+cursor, "")
		page := decode[apiclient.Changes](w, got)
		text.WriteString(got.body)
		if cursor = "&cursor=" + page.Next; !page.More {
			return pages
		}
		if pages%20 == 1 {
			w.ask(w.asker("stranger"), http.MethodGet, path+cursor, "")
			w.ask(w.asker("gamma-key"), http.MethodGet, path+cursor, "")
		}
	}
	w.t.Fatalf("%s: the changes do not end", a.name)
	return 0
}

// searches: by text, type, marking, organisation, collection and time.
func (w *world) searches(a *asker) {
	w.t.Helper()
	all := last(w.visible(a, nil))
	search := func(what string, q url.Values, want []*entry) {
		w.t.Helper()
		var text strings.Builder
		for range 2000 {
			got := w.ask(a, http.MethodGet, "/api/v1/search?"+q.Encode(), "")
			if got.status != http.StatusOK {
				w.t.Errorf("%s searches %s: %s", a.name, what, got)
				return
			}
			text.WriteString(got.body)
			page := decode[apiclient.List[apiclient.Found]](w, got)
			if page.Next == "" {
				break
			}
			q.Set("cursor", page.Next)
			w.ask(w.asker("stranger"), http.MethodGet, "/api/v1/search?"+q.Encode(), "")
		}
		w.same(a, "search "+what, text.String(), want)
	}
	search("text", url.Values{"text": {"QX"}, "limit": {"1000"}}, all)
	search("text, page by page", url.Values{"text": {"qx"}, "limit": {"9"}, "counts": {"true"}}, all)
	for _, kind := range []string{"indicator", "note", "relationship"} {
		search(kind, url.Values{"type": {kind}, "limit": {"1000"}}, filter(all, func(e *entry) bool { return e.kind == kind }))
	}
	order := []string{"clear", "green", "amber", "amber+strict", "red"}
	for i, label := range order {
		search(label, url.Values{"marking": {label}, "limit": {"1000"}}, filter(all, func(e *entry) bool {
			strictest := slices.MaxFunc(e.labels, func(x, y string) int { return rank(order, x) - rank(order, y) })
			return rank(order, strictest) == i
		}))
	}
	for handle := range w.orgs {
		if a.member() {
			search("of "+handle, url.Values{"organisation": {handle}, "limit": {"1000"}}, filter(all, func(e *entry) bool { return e.by == handle }))
		}
	}
	for _, s := range w.shelves {
		if read, _ := a.reaches(s); read {
			search("in "+s.alias, url.Values{"collection": {s.id}, "limit": {"1000"}}, filter(all, func(e *entry) bool { return e.shelf == s }))
		}
	}
	if len(all) > 4 {
		from, until := all[1].added, all[len(all)-2].added
		search("by time", url.Values{"since": {from.Format(time.RFC3339Nano)}, "until": {until.Format(time.RFC3339Nano)}, "limit": {"1000"}},
			filter(all, func(e *entry) bool { return !e.added.Before(from) && e.added.Before(until) }))
	}
}

func rank(order []string, label string) int {
	if i := slices.Index(order, label); i >= 0 {
		return i
	}
	return len(order) // an unknown marking is stricter than all
}

// fetchesEach asks for every single entry on every route that takes an id or finds
// one, and holds what is hidden against what never was.
func (w *world) fetchesEach(a *asker) {
	w.t.Helper()
	all := w.visible(a, nil)
	never := map[string]string{} // by route: the answer for an id that nobody ever had
	const nobody = "00000000-0bad-4bad-abad-000000000000"
	for _, e := range w.entries {
		_, uuid, _ := strings.Cut(e.id, "--")
		versions := filter(all, func(o *entry) bool { return o.id == e.id })
		newest := last(versions)
		routes := map[string][]*entry{
			"/api/v1/objects/ID":               newest,
			"/api/v1/objects/ID?versions=all":  versions,
			"/api/v1/objects/ID/content":       newest,
			"/api/v1/objects/ID/counts":        nil,
			"/api/v1/search?text=" + e.token(): filter(newest, func(o *entry) bool { return o == e }),
			"/api/v1/search?value=" + e.ip():   filter(newest, func(o *entry) bool { return o == e && e.kind == "indicator" }),
		}
		if read, _ := a.reaches(e.shelf); read && !a.local {
			routes[e.shelf.path()+"objects/ID/"] = newest
			routes[e.shelf.path()+"objects/ID/?match[version]=all"] = versions
			routes[e.shelf.path()+"objects/ID/versions/"] = nil
			routes[e.shelf.path()+"objects/?match[id]=ID"] = newest
			routes[e.shelf.path()+"manifest/?match[id]=ID&match[version]=first"] = nil
		}
		for route, want := range routes {
			got := w.ask(a, http.MethodGet, strings.ReplaceAll(route, "ID", e.id), "")
			if strings.Contains(route, "text=") || strings.Contains(route, "value=") {
				// The token of a search is in the request, so inspect looks away from it.
				if n := strings.Count(got.body, e.id); (n > 0) != (len(want) > 0) {
					w.t.Errorf("%s: %s finds %d, want %d: %s", a.name, route, n, len(want), got.body)
				}
				continue
			}
			if want != nil {
				w.same(a, route+" of "+strconv.Itoa(e.n), got.body, want)
			}
			if len(versions) > 0 {
				continue
			}
			key := e.kind + " " + route
			if _, known := never[key]; !known {
				never[key] = strings.ReplaceAll(w.ask(a, http.MethodGet, strings.ReplaceAll(route, "ID", e.kind+"--"+nobody), "").String(), nobody, "ID")
			}
			if text := strings.ReplaceAll(got.String(), uuid, "ID"); text != never[key] {
				w.t.Errorf("%s: %s tells a hidden object from none: %s\nand\n%s", a.name, route, text, never[key])
			}
		}
		w.counts(a, e, len(versions) > 0)
	}
}

// counts: what others said of an object, as far as this reader may read it.
func (w *world) counts(a *asker, e *entry, seen bool) {
	w.t.Helper()
	if !seen {
		return
	}
	var want apiclient.Counts
	for _, o := range last(w.visible(a, nil)) {
		if !slices.Contains(o.refs, e.id) {
			continue
		}
		switch o.kind {
		case "sighting":
			want.Sightings += 3
		case "note":
			want.Notes++
		case "opinion":
			want.Opinions = map[string]int{"agree": want.Opinions["agree"] + 1}
		}
	}
	got := decode[apiclient.Counts](w, w.ask(a, http.MethodGet, "/api/v1/objects/"+e.id+"/counts", ""))
	if got.Sightings != want.Sightings || got.Notes != want.Notes || got.Opinions["agree"] != want.Opinions["agree"] {
		w.t.Errorf("%s: counts of %d: %+v, want %+v", a.name, e.n, got, want)
	}
}
