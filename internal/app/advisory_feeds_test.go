package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// TestAdvisoryCaches: each page, feed and list has an ETag, and says so when nothing
// changed; after a revision, and after another publication within the same second,
// it gives the new one to whoever has the old, by the tag and by the date.
func TestAdvisoryCaches(t *testing.T) {
	w := newNotices(t)
	first := w.publish(&notice{what: "published", label: "clear"})
	green := w.publish(&notice{what: "published", label: "green"})
	type kept struct{ tag, modified, body string }
	one := func(path string) bool {
		return strings.Contains(path, first.id) || strings.Contains(path, first.fileName)
	}
	var paths []string
	for _, route := range first.single() {
		if !strings.HasPrefix(route, "/api/") {
			paths = append(paths, strings.NewReplacer("NAME", first.id, "FILE", first.fileName).Replace(route))
		}
	}
	paths = append(paths, "/en/advisories/feed.atom", "/zh-Hant/advisories/feed.rss", "/zh-Hans/advisories/feed.json?sector=energy", "/advisories/catalogue.csv", "/advisories/catalogue.json",
		"/csaf/index.txt", "/csaf/changes.csv", "/csaf/white/index.txt", "/csaf/white/changes.csv", "/csaf/white/csaf-feed-tlp-white.json", "/csaf/white/"+first.year+"/")
	stranger := w.asker("stranger")
	read := func(path string, header ...string) answer { return w.get(stranger, path, header...) }
	had := map[string]kept{}
	remember := func() {
		t.Helper()
		for _, path := range paths {
			got := read(path)
			k := kept{got.header.Get("ETag"), got.header.Get("Last-Modified"), got.body}
			if got.status != http.StatusOK || k.tag == "" || got.header.Get("Content-Type") == "" {
				t.Fatalf("%s: %s", path, got)
			}
			if k.modified != "" {
				if at, err := http.ParseTime(k.modified); err != nil || at.After(time.Now().Add(5*time.Second)) {
					t.Errorf("%s was modified %q", path, k.modified)
				}
			} else if one(path) {
				t.Errorf("%s does not say when it was modified", path)
			}
			had[path] = k
		}
	}
	same := func() {
		t.Helper()
		for path, k := range had {
			conditions := [][]string{{"If-None-Match", k.tag}, {"If-None-Match", `"other", W/` + k.tag}}
			if one(path) { // a list is not to be asked for by date: what left it leaves none
				conditions = append(conditions, []string{"If-Modified-Since", k.modified})
			}
			for _, header := range conditions {
				got := read(path, header...)
				if got.status != http.StatusNotModified || got.body != "" || got.header.Get("ETag") != k.tag {
					t.Errorf("%s with %v did not change: %.500s", path, header, got)
				}
			}
		}
	}
	changed := func(what string, of func(path string) bool) {
		t.Helper()
		for path, k := range had {
			if !of(path) {
				continue
			}
			for _, header := range [][]string{{"If-None-Match", k.tag}, {"If-Modified-Since", k.modified}} {
				got := read(path, header...)
				if header[1] != "" && (got.status != http.StatusOK || got.body == k.body || got.header.Get("ETag") == k.tag) {
					t.Errorf("%s with %v, after %s: %.500s", path, header, what, got)
				}
			}
		}
	}
	remember()
	same()
	w.publish(&notice{what: "another", label: "clear"})
	changed("another publication", func(path string) bool { return !one(path) && !strings.HasPrefix(path, "/csaf/white/2") })
	remember()
	same()
	w.step("gov-analyst", first.id, "", map[string]any{"yaml": first.yaml("techniques: [T1190]\n")})
	same() // what is in the making is nobody's
	w.review(first, "gov-analyst", "ada", map[string]any{"summary": map[string]string{"en": "clearer"}})
	changed("a revision", func(path string) bool {
		return !strings.Contains(path, "index.txt") && !strings.HasSuffix(path, first.year+"/") // they name files
	})
	remember()
	w.step("gov-analyst", green.id, "withdraw", map[string]any{"summary": map[string]string{"en": "wrong"}})
	w.finish(green, "gov-analyst", "ada")
	same() // strangers do not notice
}

// TestAdvisoryFeeds reads what is served with gofeed, as a reader of feeds would.
func TestAdvisoryFeeds(t *testing.T) {
	w := newNotices(t)
	clear := w.publish(&notice{what: "published", label: "clear"})
	gone := w.publish(&notice{what: "withdrawn", label: "clear"})
	w.publish(&notice{what: "published", label: "green"})
	w.step("gov-analyst", gone.id, "withdraw", map[string]any{"summary": map[string]string{"en": "wrong"}})
	w.finish(gone, "gov-analyst", "ada")
	words := map[string]string{"en": clear.token() + " title", "zh-Hant": clear.token() + " 繁 title", "zh-Hans": clear.token() + " 简 title"}
	ids := map[string]string{}
	check := func(revisions int) {
		t.Helper()
		for lang, title := range words {
			for _, kind := range []string{"atom", "rss", "json"} {
				feed, err := gofeed.NewParser().ParseURLWithContext(w.url+"/"+lang+"/advisories/feed."+kind+"?product=gate", t.Context())
				if err != nil {
					t.Fatalf("%s %s: %v", lang, kind, err)
				}
				if len(feed.Items) != 2 || feed.Title == "" {
					t.Fatalf("%s %s: %d items in %q", lang, kind, len(feed.Items), feed.Title)
				}
				found := false
				for i, item := range feed.Items {
					found = found || strings.Contains(item.Title, title)
					if item.GUID == "" || item.Link == "" || item.PublishedParsed == nil && item.UpdatedParsed == nil || len(item.Categories) == 0 {
						t.Errorf("%s %s: item %+v", lang, kind, item)
					}
					if !strings.HasPrefix(item.Link, "https://hub.example/"+lang+"/advisories/A") {
						t.Errorf("%s %s: a link to %s", lang, kind, item.Link)
					}
					if i == 0 && (revisions == 2) != strings.Contains(item.Title, title) {
						t.Errorf("%s %s: the newest is %q", lang, kind, item.Title)
					}
					key := lang + kind + item.Link
					if was := ids[key]; was != "" && was != item.GUID {
						t.Errorf("%s %s: %s was %s", lang, kind, item.GUID, was)
					}
					ids[key] = item.GUID
				}
				if !found {
					t.Errorf("%s %s: no %q", lang, kind, title)
				}
			}
		}
	}
	check(1)
	w.step("gov-analyst", clear.id, "", map[string]any{"yaml": clear.yaml("techniques: [T1190]\n")})
	w.review(clear, "gov-analyst", "ada", map[string]any{"summary": map[string]string{"en": "clearer"}})
	check(2)
	w.must(http.MethodPatch, "/advisories/settings", apiclient.AdvisorySettingsEdit{Publisher: ptr("Gov CERT, renamed")}, nil)
	if got := w.get(w.asker("stranger"), "/en/advisories/feed.atom"); !strings.Contains(got.body, "renamed") {
		t.Errorf("the feed has the settings of before: %.500s", got)
	}
}
