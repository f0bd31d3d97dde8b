package app_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
)

const exploited = `{"catalogVersion":"2026.11.20","dateReleased":"2026-11-20T12:00:00Z","count":1,"vulnerabilities":[{"cveID":"CVE-2026-99901",
"vendorProject":"Harbourlight","product":"PierCart","vulnerabilityName":"PierCart Remote Code Execution","dateAdded":"2026-11-20",
"shortDescription":"A fault.","requiredAction":"Update.","dueDate":"2026-12-11","knownRansomwareCampaignUse":"Known","notes":"","cwes":["CWE-94"]}]}`

const bulletins = `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>https://vendor.example/</link><language>en</language>
<item><title>Update %d of PierCart</title><link>https://vendor.example/1</link><guid>https://vendor.example/1</guid><pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate>
<description>&lt;p&gt;Mend CVE-2026-99901.&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;</description></item></channel></rss>`

// publisher is a server of others' advisories on loopback. It counts what it is
// asked and may ask for a secret.
func publisher(t *testing.T) (server *httptest.Server, version *atomic.Int32) {
	version = new(atomic.Int32)
	mux := http.NewServeMux()
	mux.HandleFunc("/kev.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		if r.Header.Get("If-None-Match") == `"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, exploited)
	})
	mux.HandleFunc("/news.xml", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret-of-the-source" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/rss+xml")
		fmt.Fprintf(w, bulletins, version.Load())
	})
	server = httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	return server, version
}

// sourceHub is a hub that may fetch from loopback, as far as networks say.
func sourceHub(t *testing.T, server *httptest.Server, networks ...netip.Prefix) func(method, path, body string, out any) int {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	h, err := app.OpenHub(t.TempDir(), true, app.HubOptions{Fetch: networks, Roots: roots})
	fine(t, err)
	t.Cleanup(func() { fine(t, h.Close(context.Background())) })
	_, err = h.Service.Setup(t.Context(), hub.SetupRequest{Title: "Test", Operator: hub.Organisation{Handle: "gov", Name: "Government CERT"}, Name: "Ada", Email: "ada@gov.example"})
	fine(t, err)
	api := h.API(func(r *http.Request) (hub.Caller, error) { return h.Service.Local(r.Context(), "test", "request") })
	return func(method, path, body string, out any) int {
		t.Helper()
		r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if out != nil && w.Code < 300 {
			fine(t, json.Unmarshal(w.Body.Bytes(), out))
		} else if out != nil {
			t.Logf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		return w.Code
	}
}

func TestSources(t *testing.T) {
	server, version := publisher(t)
	ask := sourceHub(t, server, netip.MustParsePrefix("127.0.0.0/8"))
	add := func(body string) {
		t.Helper()
		var made apiclient.AdvisorySource
		if got := ask("POST", "/advisory-sources", strings.ReplaceAll(body, "SERVER", server.URL), &made); got != http.StatusCreated {
			t.Fatalf("%s: %d", body, got)
		}
		if text, err := json.Marshal(made); err != nil || strings.Contains(string(text), "secret-of") {
			t.Errorf("the answer shows the secret: %s %v", text, err)
		}
	}
	add(`{"id":"kev","kind":"kev","url":"SERVER/kev.json"}`)
	add(`{"id":"news","kind":"bulletin","url":"SERVER/news.xml","authorization":"Bearer secret-of-the-source"}`)
	add(`{"id":"drafts","kind":"bulletin","mode":"draft","url":"SERVER/news.xml","authorization":"Bearer secret-of-the-source","tlp":"CLEAR"}`)

	run := func(id string) apiclient.AdvisorySource {
		t.Helper()
		var s apiclient.AdvisorySource
		if got := ask("POST", "/advisory-sources/"+id+"/run", "", &s); got != http.StatusOK {
			t.Fatalf("run %s: %d", id, got)
		}
		return s
	}
	if s := run("kev"); s.Error != "" || s.Succeeded.IsZero() {
		t.Errorf("kev: %+v", s)
	}
	if s := run("kev"); s.Error != "" {
		t.Errorf("kev, unchanged: %+v", s)
	}
	if s := run("news"); s.New != 1 || len(s.Refused) > 0 {
		t.Errorf("news: %+v", s)
	}
	version.Store(1)
	if s := run("news"); s.Changed != 1 {
		t.Errorf("news, changed: %+v", s)
	}
	var library apiclient.List[apiclient.AdvisorySummary]
	if got := ask("GET", "/library", "", &library); got != 200 || len(library.Items) != 1 || library.Items[0].Title["en"] != "Update 1 of PierCart" || library.Items[0].Library.Source != "news" {
		t.Fatalf("library: %d %+v", got, library)
	}
	// What needs a secret to be read is not for everybody (the label is AMBER+STRICT).
	if library.Items[0].TLP != "TLP:AMBER+STRICT" {
		t.Errorf("what came with a secret is %s", library.Items[0].TLP)
	}
	var one apiclient.Advisory
	if got := ask("GET", "/advisories/"+library.Items[0].Library.Ref, "", &one); got != 200 || strings.Contains(string(one.Advisory), "alert(1)") {
		t.Errorf("entry: %d %s", got, one.Advisory)
	}

	if s := run("drafts"); s.New != 1 {
		t.Errorf("drafts: %+v", s)
	}
	run("drafts") // makes no second draft
	var drafts apiclient.List[apiclient.Draft]
	if got := ask("GET", "/drafts", "", &drafts); got != 200 || len(drafts.Items) != 1 || drafts.Items[0].Working != "draft" {
		t.Fatalf("drafts: %d %+v", got, drafts)
	}

	var sources apiclient.List[apiclient.AdvisorySource]
	if got := ask("PATCH", "/advisory-sources/news", `{"paused":true}`, nil); got != 200 {
		t.Errorf("pause: %d", got)
	}
	if got := ask("DELETE", "/advisory-sources/kev", "", nil); got >= 300 {
		t.Errorf("remove: %d", got)
	}
	ask("GET", "/advisory-sources", "", &sources)
	if len(sources.Items) != 2 || sources.Items[0].ID != "drafts" || !sources.Items[1].Paused || !sources.Items[1].Secret {
		t.Errorf("sources: %+v", sources.Items)
	}
	if got := ask("GET", "/library", "", &library); got != 200 || len(library.Items) != 1 {
		t.Errorf("what came from a source went with it")
	}
}

// Without a word of the operator, a hub fetches from public addresses alone, and
// from no file.
func TestSourcesAreOutside(t *testing.T) {
	server, _ := publisher(t)
	ask := sourceHub(t, server)
	if got := ask("POST", "/advisory-sources", `{"id":"kev","kind":"kev","url":"`+server.URL+`/kev.json"}`, nil); got != http.StatusCreated {
		t.Fatalf("add: %d", got)
	}
	if got := ask("POST", "/advisory-sources/kev/run", "", nil); got != http.StatusServiceUnavailable {
		t.Errorf("a private address was asked: %d", got)
	}
	for _, bad := range []string{
		`{"id":"file","kind":"kev","url":"/etc/passwd"}`, `{"id":"file","kind":"kev","url":"file:///etc/passwd"}`, `{"id":"user","kind":"kev","url":"https://a:b@vendor.example/"}`,
		`{"id":"kev","kind":"osv","url":"https://vendor.example/"}`, `{"id":"often","kind":"kev","url":"https://vendor.example/","every":"1s"}`,
		`{"id":"words","kind":"kev","url":"https://vendor.example/","every":"soon"}`, `{"id":"line","kind":"kev","url":"https://vendor.example/","authorization":"a\nb"}`,
	} {
		if got := ask("POST", "/advisory-sources", bad, nil); got != http.StatusUnprocessableEntity && got != http.StatusConflict {
			t.Errorf("%s: %d", bad, got)
		}
	}
}

func fine(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
