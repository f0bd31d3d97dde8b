package provider

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// places are all addresses of a document's files.
func places(p *Provider, id string) []string {
	e := p.byID[id]
	var list []string
	for _, f := range e.files() {
		list = append(list, rootPath+e.folder+"/"+e.path+f.suffix)
	}
	return list
}

// answer is what can be told from a response.
func answer(t *testing.T, p *Provider, method, path, who string) string {
	t.Helper()
	res := ask(p, method, path, who)
	return fmt.Sprint(res.StatusCode, res.Header, res.Body)
}

// TestWhoReads asks for every list and every document as every reader. Each
// finds, everywhere, what tlp.May gives them; of the rest nothing is told.
func TestWhoReads(t *testing.T) {
	p, s := fixture(t, true)
	everybody := readers()
	everybody[""] = tlp.Reader{}
	id := regexp.MustCompile(`(?i)a2[56]-1[12]-[gasr]?0[12]`)
	for who, reader := range everybody {
		want := map[string][]string{"": nil} // by folder
		for _, folder := range folders() {
			want[folder] = nil
		}
		for _, it := range s.items {
			if tlp.May(reader, it.Audience) {
				folder := folderOf(it.Marking)
				want[folder] = append(want[folder], it.TrackingID)
				want[""] = append(want[""], it.TrackingID)
			}
		}
		for folder, ids := range want {
			slices.Sort(ids)
			for _, name := range listNames(folder) {
				path := rootPath + slashed(folder) + name
				res := ask(p, http.MethodGet, path, who)
				if who == "" && folder != "" && folder != white {
					if res.StatusCode != http.StatusUnauthorized || len(res.Header.Values("WWW-Authenticate")) != 2 {
						t.Errorf("%s for a stranger: %d", path, res.StatusCode)
					}
					continue
				}
				if res.StatusCode != http.StatusOK {
					t.Fatalf("%s as %q: %d", path, who, res.StatusCode)
				}
				if name == "" || name == categoryName(folder) {
					continue // folders and terms; below
				}
				got := id.FindAllString(strings.ToUpper(res.Body), -1)
				slices.Sort(got)
				if got = slices.Compact(got); !slices.Equal(got, ids) {
					t.Errorf("%s as %q names %q, not %q", path, who, got, ids)
				}
			}
		}

		for _, it := range s.items {
			for _, path := range places(p, it.TrackingID) {
				got := answer(t, p, http.MethodGet, path, who)
				if tlp.May(reader, it.Audience) {
					if !strings.HasPrefix(got, "200") {
						t.Errorf("%s as %q: %s", path, who, got)
					}
					continue
				}
				absent := strings.Replace(path, "01.json", "77.json", 1)
				if want := answer(t, p, http.MethodGet, absent, who); got != want {
					t.Errorf("as %q %s is told from what is absent: %s, %s", who, path, got, want)
				}
				if want := map[bool]string{true: "401", false: "404"}[who == ""]; !strings.HasPrefix(got, want) {
					t.Errorf("%s as %q: %s, not %s", path, who, got, want)
				}
				if !strings.Contains(got, "Cache-Control:[no-store]") {
					t.Errorf("%s as %q may be kept: %s", path, who, got)
				}
			}
		}
		// A year that has nothing for the reader is as one that has nothing.
		for _, folder := range folders()[1:] {
			for _, year := range []string{"2025", "2026"} {
				got := answer(t, p, http.MethodGet, rootPath+folder+"/"+year+"/", who)
				some := slices.ContainsFunc(want[folder], func(id string) bool { return strings.HasPrefix(id, "A"+year[2:]) })
				if !some && got != answer(t, p, http.MethodGet, rootPath+folder+"/1999/", who) || some && !strings.HasPrefix(got, "200") {
					t.Errorf("%s of %s as %q: %s", year, folder, who, got)
				}
			}
		}
	}

	for _, path := range []string{rootPath, rootPath + "green/", places(p, "A26-11-G01")[0]} {
		if res := ask(p, http.MethodGet, path, "nobody's key"); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s with a wrong key: %d", path, res.StatusCode)
		}
	}
	for _, path := range []string{metadataPath, rootPath + "white/", places(p, "A26-11-01")[0]} {
		if res := ask(p, http.MethodGet, path, "nobody's key"); res.StatusCode != http.StatusOK {
			t.Errorf("%s, free to read, with a wrong key: %d", path, res.StatusCode)
		}
	}
}

// TestHeaders holds each kind of answer to its headers and its conditions.
func TestHeaders(t *testing.T) {
	p, s := fixture(t, true)
	g := s.items["A26-11-G01"]
	for _, c := range []struct {
		path, who, mediaType string
		modified             time.Time
	}{
		{metadataPath, "", "application/json", today.AddDate(0, 0, -3)},
		{servicePath, "", "application/json", today.AddDate(0, 0, -3)},
		{rootPath, "", htmlType, today.AddDate(0, 0, -3)},
		{rootPath + "white/", "", htmlType, today.AddDate(0, 0, -3)},
		{rootPath + "white/2026/", "", htmlType, today.AddDate(0, 0, -3)},
		{rootPath + "index.txt", "", textType, today.AddDate(0, 0, -3)},
		{rootPath + "white/index.txt", "bank", textType, today.AddDate(0, 0, -3)},
		{rootPath + "white/changes.csv", "", "text/csv; charset=utf-8", today.AddDate(0, 0, -3)},
		{rootPath + "white/csaf-feed-tlp-white.json", "", "application/json", today.AddDate(0, 0, -3)},
		{places(p, "A26-11-01")[0], "", "application/json", today.AddDate(0, 0, -3)},
		{places(p, "A26-11-01")[1], "", textType, today.AddDate(0, 0, -3)},
		{places(p, "A26-11-01")[3], "", "application/pgp-signature", today.AddDate(0, 0, -3)},
		{rootPath, "bank", htmlType, today.AddDate(0, 0, -1)},
		{rootPath + "changes.csv", "bank", "text/csv; charset=utf-8", today.AddDate(0, 0, -1)},
		{rootPath + "index.txt", "ann", textType, today.Add(-time.Hour)},
		{rootPath + "green/csaf-feed-tlp-green.json", "port", "application/json", g.Current},
		{rootPath + "red/csaf-feed-tlp-red.json", "port", "application/json", today.AddDate(-2, 0, 0)},
		{rootPath + "green/2026/", "port", htmlType, g.Current},
		{places(p, "A26-11-G01")[0], "port", "application/json", g.Current},
	} {
		res := ask(p, http.MethodGet, c.path, c.who)
		h := res.Header
		about := fmt.Sprintf("%s as %q", c.path, c.who)
		if res.StatusCode != http.StatusOK || h.Get("Content-Type") != c.mediaType || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d, %v", about, res.StatusCode, h)
		}
		if got := h.Get("Last-Modified"); got != c.modified.Format(http.TimeFormat) {
			t.Errorf("%s: Last-Modified %s, not %s", about, got, c.modified)
		}
		open := h.Get("Access-Control-Allow-Origin") == "*" && strings.HasPrefix(h.Get("Cache-Control"), "public, max-age=")
		shut := h.Get("Access-Control-Allow-Origin") == "" && h.Get("Cache-Control") == "private, no-store" && h.Get("Vary") == "Authorization, Cookie"
		if free := c.who == "" || strings.Contains(c.path, "white"); free != open || free == shut {
			t.Errorf("%s: %v", about, h)
		}

		head := ask(p, http.MethodHead, c.path, c.who)
		if head.StatusCode != http.StatusOK || head.Header.Get("ETag") != h.Get("ETag") || head.Body != "" {
			t.Errorf("HEAD of %s: %d, %v", about, head.StatusCode, head.Header)
		}
		for tag, want := range map[string]int{
			h.Get("ETag"): 304, "W/" + h.Get("ETag"): 304, `"other", ` + h.Get("ETag"): 304, "*": 304, `"other"`: 200,
		} {
			same := ask(p, http.MethodGet, c.path, c.who, "If-None-Match", tag)
			if same.StatusCode != want || want == 200 && same.Body != res.Body || want == 304 && same.Body != "" {
				t.Errorf("%s unless %s: %d", about, tag, same.StatusCode)
			}
		}
		if open {
			for since, want := range map[time.Time]int{c.modified: 304, c.modified.Add(-time.Second): 200} {
				if res := ask(p, http.MethodGet, c.path, c.who, "If-Modified-Since", since.Format(http.TimeFormat)); res.StatusCode != want {
					t.Errorf("%s since %s: %d", about, since, res.StatusCode)
				}
			}
		}
	}

	doc := places(p, "A26-11-G01")[0]
	res := ask(p, http.MethodGet, doc, "port", "Range", "bytes=2-5")
	if res.StatusCode != http.StatusPartialContent || res.Body != string(s.bytes["A26-11-G01/1"][2:6]) {
		t.Errorf("a part: %d, %q", res.StatusCode, res.Body)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		if res := ask(p, method, doc, "port"); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d", method, res.StatusCode)
		}
	}
	for _, path := range []string{"/csaf", "/csaf/white", "/csaf/white/2026", "/csaf/white/2026/", "/csaf/../csaf/white/", "//csaf/", "/csaf/blue/", "/csaf/white/2026/a26-11-01.json.md5", "/csaf/white/2026/a26-11-01", "/"} {
		if res := ask(p, http.MethodGet, path, ""); res.StatusCode != http.StatusNotFound && path != "/csaf/white/2026/" {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// TestDataHost: the name csaf.data.security gives the metadata at its root.
func TestDataHost(t *testing.T) {
	p, _ := fixture(t, true)
	mux := http.NewServeMux()
	for _, pattern := range p.Patterns() {
		mux.Handle(pattern, p)
	}
	want := answer(t, p, http.MethodGet, metadataPath, "")
	if got := answer(t, p, http.MethodGet, "/", ""); got == want {
		t.Error("the root of the hub gives the metadata")
	}
	r := ask(hosted{mux, "csaf.data.security.hub.example"}, http.MethodGet, "/", "")
	if got := fmt.Sprint(r.StatusCode, r.Header, r.Body); got != want {
		t.Errorf("%s, not %s", got, want)
	}
	for _, path := range []string{"/csaf", "/csaf/white", "/.well-known/csaf"} {
		if res := ask(mux, http.MethodGet, path, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// hosted asks h under another name.
type hosted struct {
	h    http.Handler
	name string
}

func (h hosted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Host = h.name
	h.h.ServeHTTP(w, r)
}

// TestFollow changes what is provided, and looks at what readers find.
func TestFollow(t *testing.T) {
	p, s := fixture(t, true)
	changes := func(who string) string { return string(get(t, p, rootPath+"changes.csv", who)) }
	since := func(path string) (etag, modified string) {
		res := ask(p, http.MethodHead, path, "")
		return res.Header.Get("ETag"), res.Header.Get("Last-Modified")
	}
	feed := rootPath + "white/" + feedName(white)
	before, date := since(feed)

	// A revision stays in its year, and comes first.
	if err := p.Put(s.publish(t, "A25-12-01", s.items["A25-12-01"].Audience, today)); err != nil {
		t.Fatal(err)
	}
	if got, want := changes(""), "\"white/2025/a25-12-01.json\",\"2026-11-23T09:00:00Z\"\n\"white/2026/a26-11-01.json\",\"2026-11-20T09:00:00Z\"\n"; got != want {
		t.Errorf("changes after a revision: %s", got)
	}
	if got := get(t, p, rootPath+"white/2025/a25-12-01.json", ""); string(got) != string(s.bytes["A25-12-01/2"]) {
		t.Errorf("the document is not the revision: %s", got)
	}
	after, later := since(feed)
	if after == before || later == date {
		t.Error("the feed does not tell of the revision")
	}

	// An earlier revision that comes late changes nothing.
	late := s.items["A25-12-01"]
	late.Revision, late.Title = 1, "Late"
	if err := p.Put(late); err != nil {
		t.Fatal(err)
	}
	if etag, _ := since(feed); etag != after {
		t.Error("an earlier revision took the place of a later one")
	}

	// What the store has and the lists have not yet is not handed out.
	s.mu.Lock()
	s.bytes["A25-12-01/2"] = []byte("{}")
	s.mu.Unlock()
	if res := ask(p, http.MethodGet, rootPath+"white/2025/a25-12-01.json", ""); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("bytes that are not those of the hash: %d", res.StatusCode)
	}

	// What is gone is gone from everywhere; and who asks by date learns of it.
	p.Remove("A26-11-01")
	p.Remove("A26-11-01")
	if got := changes(""); strings.Contains(got, "a26-11-01") {
		t.Errorf("changes after a removal: %s", got)
	}
	if res := ask(p, http.MethodGet, feed, "", "If-Modified-Since", later); res.StatusCode != http.StatusOK {
		t.Errorf("the feed after a removal, by date: %d", res.StatusCode)
	}
	if res := ask(p, http.MethodGet, rootPath+"white/2026/a26-11-01.json", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("a removed document: %d", res.StatusCode)
	}

	// An AMBER one changes nothing that a stranger sees.
	paths := []string{metadataPath, servicePath, rootPath, rootPath + "index.txt", rootPath + "changes.csv", feed}
	seen := map[string]string{}
	for _, path := range paths {
		seen[path] = answer(t, p, http.MethodGet, path, "")
	}
	if err := p.Put(s.publish(t, "A26-11-A02", audience(tlp.Amber, "bank"), today.Add(time.Minute))); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if answer(t, p, http.MethodGet, path, "") != seen[path] {
			t.Errorf("%s tells a stranger of what is AMBER", path)
		}
	}
	if got := changes("bank"); !strings.HasPrefix(got, "\"amber/2026/a26-11-a02.json\"") {
		t.Errorf("changes for the bank: %s", got)
	}

	// A second reading of the source gives the same as following it.
	following := map[string]string{}
	for who := range maps.Keys(readers()) {
		following[who] = changes(who)
	}
	s.mu.Lock()
	delete(s.items, "A26-11-01")
	s.mu.Unlock()
	if err := p.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for who, want := range following {
		if got := changes(who); got != want {
			t.Errorf("read anew, %s finds %s, not %s", who, got, want)
		}
	}
}

// TestAtOnce reads, revises and writes at the same time; the race detector looks
// on. A document and its hash are of one revision, or the document is withheld for
// a moment.
func TestAtOnce(t *testing.T) {
	p, s := fixture(t, false)
	dir := t.TempDir()
	var work sync.WaitGroup
	work.Go(func() {
		for n := range 50 {
			if err := p.Put(s.publish(t, "A26-11-01", audience(tlp.Clear), today.Add(time.Duration(n)*time.Second))); err != nil {
				t.Error(err)
			}
		}
	})
	work.Go(func() {
		for range 5 {
			if _, err := p.Write(t.Context(), dir, everything()); err != nil {
				t.Error(err)
			}
		}
	})
	for _, who := range []string{"", "bank", "ann"} {
		work.Go(func() {
			for range 50 {
				for _, path := range []string{rootPath + "changes.csv", rootPath + "white/" + feedName(white), rootPath + "white/2026/a26-11-01.json", metadataPath} {
					if res := ask(p, http.MethodGet, path, who); res.StatusCode != http.StatusOK {
						t.Errorf("%s as %q: %d", path, who, res.StatusCode)
					}
				}
			}
		})
	}
	work.Wait()
}

// FuzzStranger asks for any path without a key: the bytes of nothing but CLEAR
// come back, and no redirection.
func FuzzStranger(f *testing.F) {
	p, s := fixture(f, true)
	for id := range s.items {
		for _, path := range places(p, id) {
			f.Add(path)
		}
	}
	for _, path := range []string{metadataPath, rootPath + "index.txt", "/csaf/white/../amber/", "/csaf//green/index.txt", "/csaf/white/2026/../../green/2026/a26-11-g01.json"} {
		f.Add(path)
	}
	hidden := regexp.MustCompile(`(?i)a26-11-[gar]0|a25-11-s0`)
	f.Fuzz(func(t *testing.T, path string) {
		r, err := http.NewRequest(http.MethodGet, "https://hub.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path = path
		w := &recorder{header: http.Header{}}
		p.ServeHTTP(w, r)
		if w.status/100 == 3 || hidden.MatchString(w.body.String()) {
			t.Errorf("%q: %d, %s", path, w.status, w.body.String())
		}
	})
}

type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(s int)   { r.status = s }
func (r *recorder) Write(b []byte) (int, error) {
	return r.body.Write(b)
}
