package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

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
				w.errorf("%s searches %s: %s", a.name, what, got)
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

// fetchesEach asks for every other single entry on every route that takes an id or
// finds one, and holds what is hidden against what never was. Who asks next takes
// the others; there is an odd number of markings, so that each meets all of them.
func (w *world) fetchesEach(a *asker) {
	w.t.Helper()
	all := w.visible(a, nil)
	never := map[string]string{} // by route: the answer for an id that nobody ever had
	const nobody = "00000000-0bad-4bad-abad-000000000000"
	turn := slices.Index(w.askers, a)
	for _, e := range w.entries {
		if (e.n+turn)%2 > 0 {
			continue
		}
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
					w.errorf("%s: %s finds %d, want %d: %s", a.name, route, n, len(want), got.body)
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
				w.errorf("%s: %s tells a hidden object from none: %s\nand\n%s", a.name, route, text, never[key])
			}
		}
		w.counts(a, e, len(versions) > 0)
		w.hiddenVersion(a, e, versions)
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
		w.errorf("%s: counts of %d: %+v, want %+v", a.name, e.n, got, want)
	}
}

// hiddenVersion: of an object that somebody may read, the versions that they may not
// are told from none that ever was by no filter.
func (w *world) hiddenVersion(a *asker, e *entry, versions []*entry) {
	w.t.Helper()
	if read, _ := a.reaches(e.shelf); !read || a.local || len(versions) == 0 || slices.Contains(versions, e) {
		return
	}
	const never = "2026-01-27T00:00:00.000Z"
	for _, route := range []string{"objects/ID/?match[version]=AT", "objects/ID/?match[version]=first,AT", "objects/?match[id]=ID&match[version]=AT", "manifest/?match[id]=ID&match[version]=AT,last"} {
		path := e.shelf.path() + strings.ReplaceAll(route, "ID", e.id)
		got, other := w.ask(a, http.MethodGet, strings.Replace(path, "AT", e.modified, 1), ""), w.ask(a, http.MethodGet, strings.Replace(path, "AT", never, 1), "")
		if got.String() != other.String() {
			w.errorf("%s: %s tells a hidden version from none: %s\nand\n%s", a.name, path, got, other)
		}
	}
}
