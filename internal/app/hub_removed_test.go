package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// TestRemoved: that an object was deleted is told to those who might have read it,
// from the feed's cursor on, by a subscription, and to nobody else; afterwards it is
// on no route.
func TestRemoved(t *testing.T) {
	w := newWorld(t)
	w.stock()
	w.judge()
	w.learn()
	cursors := map[string]string{}
	for _, a := range w.askers {
		if !a.shut {
			cursors[a.name] = decode[apiclient.Changes](w, w.ask(a, http.MethodGet, "/api/v1/changes?cursor=now", "")).Next
			if a.member() && !a.local {
				w.ask(a, http.MethodPost, "/api/v1/subscriptions", `{"name":"removed-`+a.name+`"}`)
			}
		}
	}
	// Who contributed them deletes all that came with a name to the open collection,
	// by TAXII or by the API; people delete what is for them alone.
	for i, e := range w.entries {
		if e.shelf.alias != "open7x9" || e.gone {
			continue
		}
		all := filter(w.entries, func(o *entry) bool { return o.id == e.id })
		path := e.shelf.path() + "objects/" + e.id + "/"
		if i%2 == 0 {
			path = "/api/v1/collections/" + e.shelf.id + "/objects/" + e.id
		}
		got := w.ask(w.asker(e.by+"-key"), http.MethodDelete, path, "")
		if got.status != http.StatusOK && got.status != http.StatusNoContent {
			t.Fatalf("deleting %d (%v): %s", e.n, e.labels, got)
		}
		for _, o := range all {
			o.gone = true
		}
	}
	w.judge()
	gone := filter(w.entries, func(e *entry) bool { return e.gone })
	if len(gone) < 80 {
		t.Fatalf("%d are deleted", len(gone))
	}
	for _, a := range w.askers {
		if a.shut {
			continue
		}
		var want []string
		for _, e := range gone {
			if w.seen[a.name][e] {
				want = append(want, e.id+" "+e.modified)
			}
		}
		slices.Sort(want)
		check := func(what string, changes []apiclient.Change) {
			t.Helper()
			var got []string
			for _, c := range changes {
				if c.Kind != "deleted" || c.Object != nil {
					t.Errorf("%s, %s: %+v", a.name, what, c)
				}
				got = append(got, c.ID+" "+c.Version)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s: %d deletions, want %d:\n%v\n%v", a.name, what, len(got), len(want), got, want)
			}
		}
		check("changes", decode[apiclient.Changes](w, w.ask(a, http.MethodGet, "/api/v1/changes?limit=1000&cursor="+cursors[a.name], "")).Items)
		if a.member() && !a.local {
			check("subscription", decode[apiclient.Changes](w, w.ask(a, http.MethodGet, fmt.Sprintf("/api/v1/subscriptions/removed-%s/changes?limit=1000", a.name), "")).Items)
		}
		one := 0
		for next := cursors[a.name]; one < 500; one++ {
			page := decode[apiclient.Changes](w, w.ask(a, http.MethodGet, "/api/v1/changes?limit=1&cursor="+next, ""))
			if next = page.Next; !page.More {
				break
			}
		}
		if one != max(0, len(want)-1) {
			t.Errorf("%s: one by one there are %d more pages for %d deletions", a.name, one, len(want))
		}
		w.stays(a, gone)
	}
}

// stays: nothing of what is deleted is left on any route.
func (w *world) stays(a *asker, gone []*entry) {
	w.t.Helper()
	texts := []string{w.ask(a, http.MethodGet, "/api/v1/search?text=qx&limit=1000&counts=true", "").body}
	if read, _ := a.reaches(w.shelves["open7x9"]); read && !a.local {
		for _, path := range []string{"objects/", "objects/?match[version]=all", "manifest/"} {
			got := w.ask(a, http.MethodGet, w.shelves["open7x9"].path()+path, "")
			if got.body != "{}" {
				w.errorf("%s: %s has %.300s", a.name, path, got.body)
			}
		}
	}
	for _, e := range gone {
		if strings.Contains(texts[0], e.id) {
			w.errorf("%s finds %s, which is deleted", a.name, e.id)
		}
	}
	for _, e := range gone[:5] {
		if got := w.ask(a, http.MethodGet, "/api/v1/objects/"+e.id, ""); got.status != http.StatusNotFound {
			w.errorf("%s gets %s, which is deleted: %s", a.name, e.id, got)
		}
	}
}

// TestWhoDeletes: the organisation that contributed an object, and the operator's
// administrators and analysts where they may read it; a revision by somebody else
// is refused, too.
func TestWhoDeletes(t *testing.T) {
	w := newWorld(t)
	s := w.shelves["open7x9"]
	for _, name := range []string{"GREEN", "AMBER+STRICT"} {
		for _, a := range w.askers {
			if a.shut {
				continue
			}
			w.seen = nil
			d := w.sighted(s, marked(name))
			w.share("gamma-key", []string{"gamma"}, nil, d)
			w.judge()
			read, write := a.reaches(s)
			sees, own := w.seen[a.name][&d.entry], a.org == "gamma"
			moderator := a.role == "hub-admin" || a.role == "analyst"
			want := http.StatusNotFound
			switch {
			case !a.member():
				want = http.StatusUnauthorized
			case !read && !write && !a.administers():
				want = http.StatusNotFound
			case !read || !write:
				want = http.StatusForbidden
			case own, sees && moderator:
				want = http.StatusNoContent
			case sees:
				want = http.StatusForbidden
			}
			// Nobody else sends a later version, or one that revokes it.
			if write && sees && !own && !a.local && a.org != "gov" {
				later := strings.Replace(d.text(), `"modified":"2026-01`, `"modified":"2026-05`, 1)
				for _, text := range []string{later, strings.Replace(later, `"name"`, `"revoked":true,"name"`, 1)} {
					if st := w.taxiiPost(a, s, text); st.FailureCount != 1 || !strings.Contains(st.Failures[0].Message, "another organisation contributed this object") {
						t.Errorf("%s sends a version of what gamma contributed: %+v", a.name, st)
					}
				}
			}
			if got := w.ask(a, http.MethodDelete, "/api/v1/collections/"+s.id+"/objects/"+d.id, ""); got.status != want {
				t.Errorf("%s deletes what gamma contributed (%s): want %d: %s", a.name, name, want, got)
			}
			left := w.ask(w.asker("gamma-key"), http.MethodGet, s.path()+"objects/"+d.id+"/", "").status == http.StatusOK
			if left == (want == http.StatusNoContent) {
				t.Errorf("%s deleted it: %v", a.name, !left)
			}
		}
	}
}
