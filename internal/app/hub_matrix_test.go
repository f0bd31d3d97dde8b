package app_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

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
		w.errorf("%s, %s: %d objects, want %d: got %v, want %v", a.name, what, len(got), len(want), got, want)
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
			w.errorf("%s: GET %s: %s", a.name, path, got)
		}
	}
	post := w.shelves["indicators"].path() + "objects/"
	if got := w.ask(a, http.MethodPost, post, `{}`); got.status != http.StatusUnauthorized || got.String() != w.ask(wrong, http.MethodPost, post, `{}`).String() {
		w.errorf("%s: POST: %s", a.name, got)
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
			w.errorf("%s, %s: status %d, want %d", a.name, s.alias, got.status, want)
		}
		return
	}
	all := w.visible(a, s)
	for match, want := range map[string][]*entry{"": last(all), "match[version]=all": all} {
		var text, manifest strings.Builder
		got := w.ask(a, http.MethodGet, s.path()+"objects/?"+match, "")
		w.same(a, s.alias+" "+match, got.body, want)
		if len(want) > 0 && (got.header.Get("X-TAXII-Date-Added-First") != stamp(want[0].added) || got.header.Get("X-TAXII-Date-Added-Last") != stamp(want[len(want)-1].added)) {
			w.errorf("%s, %s %s: dates %v", a.name, s.alias, match, got.header)
		}
		pages := w.walk(a, s.path()+"objects/?limit=1&"+match, func(body string) { text.WriteString(body) })
		w.same(a, s.alias+" one by one "+match, text.String(), want)
		if pages != max(1, len(want)) {
			w.errorf("%s, %s %s: %d pages for %d objects: more was said that this reader does not get", a.name, s.alias, match, pages, len(want))
		}
		w.walk(a, s.path()+"manifest/?limit=7&"+match, func(body string) { manifest.WriteString(body) })
		if n := strings.Count(manifest.String(), `"date_added"`); n != len(want) {
			w.errorf("%s, %s %s: the manifest has %d, want %d", a.name, s.alias, match, n, len(want))
		}
	}
	w.same(a, s.alias+" notes", w.ask(a, http.MethodGet, s.path()+"objects/?match[type]=note", "").body, filter(last(all), func(e *entry) bool { return e.kind == "note" }))
	// Nothing is told of what lies behind the last that this reader sees.
	if len(all) > 0 {
		got := w.ask(a, http.MethodGet, s.path()+"objects/?match[version]=all&added_after="+stamp(all[len(all)-1].added), "")
		if got.body != "{}" {
			w.errorf("%s, %s: behind the last there is %s", a.name, s.alias, got)
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
				w.errorf("%s: the group tells of itself: %s", a.name, got)
			}
			continue
		}
		for _, s := range w.shelves {
			read, write := a.reaches(s)
			if shown := strings.Contains(got.body, s.id); s.root == root && shown != (read || write || a.administers()) {
				w.errorf("%s: collection %s shown: %v", a.name, s.alias, shown)
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
	w.walkChanges(a, "/api/v1/changes?limit=1000", &text)
	w.same(a, "changes", text.String(), all)
	text.Reset()
	if n := w.walkChanges(a, "/api/v1/changes?limit=1", &text); n != max(1, len(all)) {
		w.errorf("%s: %d pages of changes for %d objects", a.name, n, len(all))
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
			w.errorf("%s subscribes: %s", a.name, got)
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
