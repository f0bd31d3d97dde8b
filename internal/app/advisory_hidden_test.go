package app_test

import (
	"net/http"
	"slices"
	"strings"
)

// neverThere is a name of the same form that nothing has.
func (n *notice) neverThere() string {
	name := n.name()
	if strings.Contains(name, "--") {
		kind, _, _ := strings.Cut(name, "--")
		return kind + "--00000000-0bad-4bad-8bad-000000000000"
	}
	return name[:len(name)-2] + "99"
}

// single are the routes to one notice: NAME, and FILE as CSAF names its file.
func (n *notice) single() (routes []string) {
	const api = "/api/v1/advisories/NAME"
	langs := []string{"en", "zh-Hant", "zh-Hans"}
	routes = append(routes, api, api+"?revision=1", api+"/diff", api+"/diff?to=0", "/api/v1/drafts/NAME", "/api/v1/drafts/NAME/preview?format=csaf")
	for _, f := range []string{"csaf", "signature", "stix", "osv", "yaml", "html", "text", "markdown", "mail"} {
		routes = append(routes, api+"/content?format="+f)
	}
	for _, lang := range langs[1:] {
		routes = append(routes, api+"/content?format=html&lang="+lang, "/api/v1/drafts/NAME/preview?format=text&lang="+lang)
	}
	if n.library { // it has no signature of ours and no revisions
		return slices.DeleteFunc(routes, func(r string) bool { return strings.Contains(r, "/diff") || strings.Contains(r, "signature") })
	}
	routes = append(routes, "/advisories/NAME", "/advisories/NAME.json", "/advisories/NAME.stix.json", "/advisories/NAME.osv.json")
	for _, lang := range langs {
		routes = append(routes, "/"+lang+"/advisories/NAME", "/"+lang+"/advisories/NAME.txt", "/"+lang+"/advisories/NAME.md")
	}
	if n.fileName != "" {
		file := "/csaf/" + n.folder() + "/" + n.year + "/FILE.json"
		routes = append(routes, file, file+".sha256", file+".sha512", file+".asc")
	}
	return routes
}

// silent are forms without a word of the notice's.
func silent(route string) bool {
	return strings.HasSuffix(route, "format=signature") || strings.HasSuffix(route, ".asc") || strings.Contains(route, "/diff") || strings.Contains(route, ".sha")
}

// fetchesNotice asks for one notice in every form. Whoever may not read it gets what
// they get for one that is not there, byte for byte.
func (w *notices) fetchesNotice(a *asker, n *notice) (answers int) {
	w.t.Helper()
	if n.name() == "" || n.work && n.id == "" && w.isNext(n) {
		return 0
	}
	name, never := n.name(), n.neverThere()
	for _, route := range n.single() {
		if a.local && !strings.HasPrefix(route, "/api/") {
			continue
		}
		put := func(name string) string {
			return strings.NewReplacer("NAME", name, "FILE", fileOf(name)).Replace(route)
		}
		answers++
		path := put(name)
		got := w.get(a, path)
		may := n.open(a, path)
		switch {
		case may && strings.HasPrefix(route, "/api/v1/drafts/NAME/preview") && !n.work:
			// nothing is in the making of most
		case may && got.status != http.StatusOK:
			w.errorf("%s may read %q, %s: %s: %.2000s", a.name, n.what, n.label, path, got)
		case may && !silent(route) && !strings.Contains(got.body, n.token()) && !w.hasNext(n):
			w.errorf("%s: %s has no word of %q", a.name, path, n.what)
		case !may:
			if got.status < http.StatusBadRequest {
				w.errorf("LEAK to %s: %s of %q, %s: %s", a.name, path, n.what, n.label, got)
			}
			if n.mayWork(a) {
				continue // they may be told that it is a draft
			}
			absent := w.get(a, put(never))
			w.alikeNamed(a, path, got, name, absent, never)
			for _, header := range w.conditions(route, n, path) {
				answers++
				w.alikeNamed(a, path+" "+header[0], w.get(a, path, header...), name, absent, never)
			}
		}
		if may && !n.library && n.id != "" {
			lower := w.get(a, put(strings.ToLower(name)))
			if lower.status != got.status {
				w.errorf("%s: %s in small letters: %s", a.name, path, lower)
			}
		}
	}
	for _, filter := range []string{"text=" + n.token(), "tag=" + n.token(), "product=" + n.token(), "cve=" + n.cve()} {
		list := "/api/v1/advisories"
		if n.library {
			list = "/api/v1/library"
		}
		answers++
		got := w.get(a, list+"?"+filter)
		if found := strings.Contains(got.body, `"`+name+`"`); found != n.open(a, list) {
			w.errorf("%s: %s?%s finds %q, %s: %v", a.name, list, filter, n.what, n.label, found)
		}
		if !n.open(a, list) && !strings.Contains(got.body, `"items":[]`) {
			w.errorf("%s: %s?%s finds %s", a.name, list, filter, got)
		}
	}
	return answers
}

// conditions are requests that name what only a reader of the notice can know of its
// page, and some that anybody can.
func (w *notices) conditions(route string, n *notice, path string) [][]string {
	if strings.HasPrefix(route, "/api/") || !strings.HasSuffix(route, "NAME") && !strings.HasSuffix(route, ".json") {
		return nil
	}
	all := [][]string{{"If-None-Match", "*"}, {"If-Match", "*"}, {"If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"}, {"Range", "bytes=0-9"}}
	for _, who := range []string{"rcpt-pat", "gamma-key"} {
		if n.open(w.asker(who), path) {
			h := w.get(w.asker(who), path).header
			return append(all, []string{"If-None-Match", h.Get("ETag")}, []string{"If-Match", `"no"`}, []string{"If-Unmodified-Since", h.Get("Last-Modified")})
		}
	}
	return all
}

// alikeNamed compares the answers for a name that is hidden and for one that is not there.
func (w *notices) alikeNamed(a *asker, path string, got answer, name string, absent answer, never string) {
	w.t.Helper()
	plain := func(a answer, name string) string {
		return strings.NewReplacer(name, "NAME", strings.ToLower(name), "NAME").Replace(a.String())
	}
	if one, other := plain(got, name), plain(absent, never); one != other {
		w.errorf("%s: %s: what is hidden is told from what is not there:\n%s\nand\n%s", a.name, path, one, other)
	}
}

// isNext says of a notice that it is the next revision of another.
func (w *notices) isNext(n *notice) bool { return strings.HasPrefix(n.what, "the next revision") }

// hasNext says of a notice that a next revision is in the making.
func (w *notices) hasNext(n *notice) bool {
	for _, o := range w.all {
		if w.isNext(o) && o.record == n.record {
			return true
		}
	}
	return false
}

// refusesNotices: a key that is not valid gets one answer on every route.
func (w *notices) refusesNotices(a *asker) {
	w.t.Helper()
	wrong := w.asker("wrong-key")
	paths := []string{"/api/v1/advisories", "/api/v1/library", "/api/v1/drafts", "/api/v1/advisories/export", "/en/advisories/feed.atom", "/advisories/catalogue.json", "/csaf/", "/csaf/index.txt", "/csaf/green/index.txt"}
	for _, n := range w.all {
		if n.id == "" {
			continue
		}
		for _, route := range n.single() {
			if !strings.HasPrefix(route, "/csaf/white/") { // the same for everybody
				paths = append(paths, strings.NewReplacer("NAME", n.id, "FILE", fileOf(n.id)).Replace(route))
			}
		}
	}
	for _, path := range paths {
		got := w.get(a, path)
		if got.status != http.StatusUnauthorized || got.String() != w.get(wrong, path).String() {
			w.errorf("%s: GET %s: %.2000s", a.name, path, got)
		}
	}
}
