package taxii_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/taxii"
)

// TestConformance has a test for each thing that TAXII 2.1 asks for and that
// servers are known to get wrong. Each begins with a new hub.
func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name string
		test func(*testing.T, *world)
	}{
		{"01_accept_without_version", acceptWithoutVersion},
		{"02_accept_lists_and_q", acceptLists},
		{"03_accept_quoted_and_in_any_case", acceptQuoted},
		{"04_accept_anything_and_json", acceptAnything},
		{"05_every_answer_has_the_type", everyAnswer},
		{"06_content_type_of_post", contentType},
		{"07_trailing_slash", trailingSlash},
		{"08_discovery", discovery},
		{"09_api_root", apiRoot},
		{"10_max_content_length", maxContentLength},
		{"11_failed_authentication", failedAuthentication},
		{"12_no_empty_lists", noEmptyLists},
		{"13_collections", collectionShapes},
		{"14_media_types", mediaTypes},
		{"15_http_status_of_errors", httpStatus},
		{"16_date_added_headers", dateAddedHeaders},
		{"17_ascending_by_date_added", ascending},
		{"18_limit", limits},
		{"19_next", nextPages},
		{"20_added_after", addedAfter},
		{"21_match_version", matchVersion},
		{"22_version_without_modified", versionWithoutModified},
		{"23_version_text", versionText},
		{"24_spec_version", specVersion},
		{"25_match_type", matchType},
		{"26_post", post},
		{"27_failures", failures},
		{"28_status_lifetime_and_can_write", statusLifetime},
		{"29_delete", deletion},
		{"30_transport", transport},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, newWorld(t)) })
	}
}

func accepting(accept ...string) http.Header { return http.Header{"Accept": accept} }

func acceptWithoutVersion(_ *testing.T, w *world) {
	for _, path := range []string{"/taxii2/", "/taxii2/community/", in("indicators", ""), in("indicators", "objects/")} {
		w.want(http.StatusOK, request{path: path, key: w.alpha, header: accepting("application/taxii+json")})
	}
	w.want(http.StatusAccepted, request{method: http.MethodPost, path: in("indicators", "objects/"), key: w.alpha, header: accepting("application/taxii+json"), body: envelope(indicators(1)...)})
}

func acceptLists(_ *testing.T, w *world) {
	for accept, status := range map[string]int{
		"application/taxii+json;version=2.0, application/taxii+json;version=2.1":             200,
		"application/taxii+json;version=2.1;q=0.2, application/taxii+json;version=2.0;q=0.9": 200,
		"text/html, application/taxii+json;version=2.1;q=0.001":                              200,
		"application/taxii+json;version=2.0":                                                 406,
		"application/taxii+json;version=2.1;q=0":                                             406,
		"application/vnd.oasis.taxii+json; version=2.0":                                      406,
		"application/vnd.oasis.stix+json; version=2.0":                                       406,
		"application/vnd.oasis.taxii+json; version=2.0, application/taxii+json;version=2.1":  200,
		"text/html": 406,
		"text/html;level=\"1,application/taxii+json\"":                                                       406,
		"application/taxii+json;version=2.0, application/vnd.oasis.taxii+json;version=2.0, text/html;q=0.01": 406,
	} {
		w.want(status, request{path: "/taxii2/", header: accepting(accept)})
	}
	w.want(http.StatusOK, request{path: "/taxii2/", header: accepting("application/taxii+json;version=2.0", "application/taxii+json;version=2.1")})
}

func acceptQuoted(_ *testing.T, w *world) {
	for _, accept := range []string{`application/taxii+json;version="2.1"`, `application/taxii+json; version="2.1"; q="0.5"`, "Application/TAXII+JSON;Version=2.1", `APPLICATION/TAXII+JSON; VERSION="2.1"`} {
		w.want(http.StatusOK, request{path: "/taxii2/", header: accepting(accept)})
	}
}

func acceptAnything(_ *testing.T, w *world) {
	for _, accept := range []string{"*/*", "application/*", "application/json", "text/html, */*;q=0.1"} {
		w.want(http.StatusOK, request{path: "/taxii2/", header: accepting(accept)})
	}
	w.want(http.StatusOK, request{path: "/taxii2/", header: http.Header{"Accept": nil}})
}

// everyAnswer asks for every status; send looks at the type of each answer.
func everyAnswer(t *testing.T, w *world) {
	w.stored(w.alpha, "indicators", indicators(2)...)
	object := in("indicators", "objects/"+id(1)+"/")
	for _, tt := range []struct {
		status int
		request
	}{
		{200, request{path: "/taxii2/"}},
		{200, request{path: "/taxii2/community/"}},
		{200, request{path: "/taxii2/community/collections/"}},
		{200, request{path: in("indicators", ""), key: w.alpha}},
		{200, request{path: in("indicators", "manifest/"), key: w.alpha}},
		{200, request{path: in("indicators", "objects/"), key: w.alpha}},
		{200, request{path: object, key: w.alpha}},
		{200, request{path: object + "versions/", key: w.alpha}},
		{200, request{method: http.MethodHead, path: in("indicators", "objects/"), key: w.alpha}},
		{200, request{method: http.MethodHead, path: in("indicators", "manifest/"), key: w.alpha}},
		{204, request{method: http.MethodOptions, path: in("indicators", "objects/")}},
		{202, request{method: http.MethodPost, path: in("indicators", "objects/"), key: w.alpha, body: envelope(indicators(1)...)}},
		{200, request{method: http.MethodDelete, path: object, key: w.alpha}},
		{400, request{path: in("indicators", "objects/?limit=0"), key: w.alpha}},
		{400, request{method: http.MethodPost, path: in("indicators", "objects/"), key: w.alpha, body: "{"}},
		{401, request{path: in("indicators", ""), key: "wrong"}},
		{401, request{path: "/taxii2/", header: http.Header{"Authorization": {"Digest x"}}}},
		{403, request{method: http.MethodPost, path: in("library", "objects/"), key: w.alpha, body: envelope(indicators(1)...)}},
		{404, request{path: "/taxii2/nowhere/", key: w.alpha}},
		{404, request{path: "/taxii2/community/status/" + uuid.NewString() + "/", key: w.alpha}},
		{404, request{path: "/taxii2/community/nothing/"}},
		{404, request{path: "/taxii2//community/"}},
		{404, request{path: "/taxii2/community/../community/"}},
		{404, request{path: "/taxii2/community/collections/%2e%2e/", key: w.alpha}},
		{404, request{path: "/elsewhere"}},
		{404, request{path: in("indicators", "objects/"+strings.Repeat("a", 400)+"/"), key: w.alpha}},
		{405, request{method: http.MethodPut, path: in("indicators", "objects/"), key: w.alpha}},
		{405, request{method: http.MethodPost, path: "/taxii2/", key: w.alpha}},
		{405, request{method: "BREW", path: "/taxii2/"}},
		{406, request{path: "/taxii2/", header: accepting("text/html")}},
		{413, request{method: http.MethodPost, path: in("indicators", "objects/"), key: w.alpha, body: strings.Repeat(" ", maxContent+1)}},
		{415, request{method: http.MethodPost, path: in("indicators", "objects/"), key: w.alpha, body: "{}", header: http.Header{"Content-Type": {"text/plain"}}}},
		{422, request{method: http.MethodPost, path: in("indicators", "objects/"), key: w.alpha, body: "[]"}},
	} {
		w.want(tt.status, tt.request)
	}
	a := w.want(405, request{method: http.MethodPut, path: in("indicators", "objects/"), key: w.alpha})
	if got := a.header.Get("Allow"); got != "GET, HEAD, OPTIONS, POST" {
		t.Errorf("Allow: %q", got)
	}
	w.shut()
	a = w.send(request{path: in("indicators", "objects/"), key: w.alpha})
	if a.status < 500 || strings.Contains(a.body, "store") || strings.Contains(a.body, "closed") {
		t.Errorf("without a store: %d %s", a.status, a.body)
	}
}

func contentType(_ *testing.T, w *world) {
	for kind, status := range map[string]int{
		mediaType:                              202,
		"application/taxii+json":               202,
		"application/taxii+json;charset=utf-8": 202,
		"application/taxii+json; charset=UTF-8; version=2.1": 202,
		`Application/Taxii+Json;version="2.1"`:               202,
		"application/stix+json; version=2.1":                 202, // of OpenCTI's connector
		"application/stix+json;version=2.0":                  415,
		"application/json":                                   415,
		"application/taxii+json;version=2.0":                 415,
		"application/vnd.oasis.stix+json; version=2.0":       415,
		"text/html": 415,
		"":          415,
	} {
		w.want(status, request{method: http.MethodPost, path: in("indicators", "objects/"), key: w.alpha, body: envelope(indicators(1)...), header: http.Header{"Content-Type": {kind}}})
	}
}

func trailingSlash(t *testing.T, w *world) {
	w.stored(w.alpha, "indicators", indicators(1)...)
	for _, path := range []string{"/taxii2/", "/taxii2/community/", "/taxii2/community/collections/", in("indicators", ""), in("indicators", "manifest/"),
		in("indicators", "objects/"), in("indicators", "objects/"+id(1)+"/"), in("indicators", "objects/"+id(1)+"/versions/")} {
		with, without := w.get(w.alpha, path), w.get(w.alpha, strings.TrimSuffix(path, "/"))
		if with.body != without.body {
			t.Errorf("%s: without the slash it is %s", path, without.body)
		}
	}
	w.want(http.StatusAccepted, request{method: http.MethodPost, path: in("indicators", "objects"), key: w.alpha, body: envelope(indicators(2)...)})
	w.want(http.StatusNotFound, request{path: "/taxii2/nowhere", key: w.alpha})
}

func discovery(t *testing.T, w *world) {
	type resource struct {
		Title, Description, Contact, Default string
		APIRoots                             []string `json:"api_roots"`
	}
	for who, want := range map[string][]string{"": {"/taxii2/community/"}, w.beta: {"/taxii2/community/"}, w.alpha: {"/taxii2/community/", "/taxii2/energy/"}} {
		d := decode[resource](t, w.get(who, "/taxii2/"))
		slices.Sort(d.APIRoots)
		same(t, "api_roots", d.APIRoots, want)
		if !slices.Contains(d.APIRoots, d.Default) || d.Default != "/taxii2/community/" {
			t.Errorf("default %q of %q", d.Default, d.APIRoots)
		}
		if d.Title != "Test hub" || d.Description != "For tests" || d.Contact != "cert@gov.example" {
			t.Errorf("%+v", d)
		}
		for _, root := range d.APIRoots {
			if !regexp.MustCompile(`^/[^/?][^?]*/$`).MatchString(root) {
				t.Errorf("api root %q", root)
			}
			w.get(who, root)
		}
	}
}

func apiRoot(t *testing.T, w *world) {
	type resource struct {
		Title, Description string
		Versions           []string
		MaxContentLength   int64 `json:"max_content_length"`
	}
	for key, root := range map[string]string{"": "community", w.alpha: "energy"} {
		r := decode[resource](t, w.get(key, "/taxii2/"+root+"/"))
		if r.Title == "" || r.MaxContentLength != maxContent || !slices.Equal(r.Versions, []string{mediaType}) {
			t.Errorf("%+v", r)
		}
	}
	w.want(http.StatusNotFound, request{path: "/taxii2/energy/", key: w.beta})
	w.want(http.StatusUnauthorized, request{path: "/taxii2/energy/"})
}

func maxContentLength(t *testing.T, w *world) {
	body := envelope(indicators(1)...)
	exact := body + strings.Repeat(" ", maxContent-len(body))
	for _, chunked := range []bool{false, true} {
		for _, tt := range []struct {
			about, body string
			status      int
		}{{"below", body, 202}, {"one below", exact[:maxContent-1], 202}, {"exactly", exact, 202}, {"one above", exact + " ", 413}, {"far above", strings.Repeat(exact, 20), 413}} {
			a := w.send(request{method: http.MethodPost, path: in("indicators", "objects/"), key: w.alpha, body: tt.body, chunked: chunked})
			if a.status != tt.status {
				t.Errorf("%s, chunked %v: %d, want %d: %s", tt.about, chunked, a.status, tt.status, a.body)
			}
		}
	}
	w.want(http.StatusUnprocessableEntity, request{method: http.MethodPost, path: in("indicators", "objects/"), key: w.alpha, body: `{"objects":[0` + strings.Repeat(",0", 50_000) + `]}`})
}

func failedAuthentication(t *testing.T, w *world) {
	ctx := t.Context()
	admin, err := w.hub.Local(ctx, "process", "")
	if err != nil {
		t.Fatal(err)
	}
	alpha := w.organisations["alpha"].ID
	old := w.key(hub.Key{Name: "old", Organisation: alpha, Expires: w.clock.now().Add(time.Minute)})
	revoked, secret, err := w.hub.CreateKey(ctx, &admin, hub.Key{Name: "revoked", Organisation: alpha})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.hub.RevokeKey(ctx, &admin, revoked.ID); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Hour)
	for about, key := range map[string]string{"wrong": "wrong", "another secret": w.alpha[:len(w.alpha)-4] + "AAAA", "expired": old, "revoked": secret} {
		for _, path := range []string{"/taxii2/", "/taxii2/community/", in("public", "objects/"), in("closed", "objects/")} {
			a := w.want(http.StatusUnauthorized, request{path: path, key: key})
			if strings.Contains(a.body, "secret") || strings.Contains(a.body, key) {
				t.Errorf("%s: %s", about, a.body)
			}
			challenge := strings.Join(a.header.Values("WWW-Authenticate"), "\n")
			if !strings.Contains(challenge, "Bearer realm=") || !strings.Contains(challenge, "Basic realm=") {
				t.Errorf("%s: WWW-Authenticate %q", about, challenge)
			}
		}
	}
	// What is there and what is not look the same to a stranger, and to a member
	// who may not know of it.
	about := regexp.MustCompile(`"error_id":"[^"]*"|closed|nothing`)
	for _, rest := range []string{"", "objects/", "manifest/", "objects/" + id(1) + "/", "objects/" + id(1) + "/versions/"} {
		for key, status := range map[string]int{"": http.StatusUnauthorized, w.gamma: http.StatusNotFound} {
			is := w.want(status, request{path: in("closed", rest), key: key})
			isNot := w.want(status, request{path: in("nothing", rest), key: key})
			if a, b := about.ReplaceAllString(is.body, ""), about.ReplaceAllString(isNot.body, ""); a != b {
				t.Errorf("%s: %s and %s", rest, a, b)
			}
		}
	}
	w.want(http.StatusUnauthorized, request{method: http.MethodPost, path: in("public", "objects/"), body: envelope(indicators(1)...)})
	w.want(http.StatusUnauthorized, request{method: http.MethodDelete, path: in("public", "objects/"+id(1)+"/")})
	w.want(http.StatusUnauthorized, request{path: "/taxii2/community/status/" + uuid.NewString() + "/"})
	w.want(http.StatusUnauthorized, request{path: "/taxii2/nowhere/"})
	w.want(http.StatusOK, request{path: in("public", "objects/")})
}

func noEmptyLists(t *testing.T, w *world) {
	admin, err := w.hub.Local(t.Context(), "process", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.hub.CreateGroup(t.Context(), &admin, hub.Group{Handle: "water", Title: "Water", Members: []string{w.organisations["alpha"].ID}}); err != nil {
		t.Fatal(err)
	}
	w.stored(w.alpha, "closed", indicators(1)...)
	for _, path := range []string{"/taxii2/water/collections/", in("indicators", "objects/"), in("indicators", "manifest/"), in("closed", "objects/?match[type]=malware"),
		in("closed", "manifest/?match[type]=malware"), in("closed", "objects/"+id(1)+"/?match[version]=2020-01-01T00:00:00Z"), in("closed", "objects/"+id(1)+"/versions/?added_after=2030-01-01T00:00:00Z")} {
		if got := w.get(w.alpha, path).body; got != "{}" {
			t.Errorf("%s: %s", path, got)
		}
	}
	if a := w.add(w.alpha, "closed"); a.TotalCount != 0 {
		t.Errorf("of nothing: %+v", a)
	}
	a := w.want(http.StatusAccepted, request{method: http.MethodPost, path: in("closed", "objects/"), key: w.alpha, body: "{}"})
	if strings.Contains(a.body, "[]") {
		t.Errorf("a status with an empty list: %s", a.body)
	}
}

func collectionShapes(t *testing.T, w *world) {
	type resource struct {
		ID, Title, Description, Alias string
		CanRead                       any      `json:"can_read"`
		CanWrite                      any      `json:"can_write"`
		MediaTypes                    []string `json:"media_types"`
	}
	type list struct{ Collections []resource }
	path := "/taxii2/community/collections/"
	first := w.get(w.alpha, path)
	var aliases []string
	for _, c := range decode[list](t, first).Collections {
		u, err := uuid.Parse(c.ID)
		if err != nil || u.Version() != 4 {
			t.Errorf("id %s", c.ID)
		}
		_, read := c.CanRead.(bool)
		_, write := c.CanWrite.(bool)
		if !read || !write || c.Title == "" {
			t.Errorf("%+v", c)
		}
		one := decode[resource](t, w.get(w.alpha, path+c.ID+"/"))
		if fmt.Sprint(one) != fmt.Sprint(c) {
			t.Errorf("alone it is %+v, in the list %+v", one, c)
		}
		aliases = append(aliases, c.Alias)
	}
	same(t, "the order of creation", aliases, []string{"public", "indicators", "closed", "inbox", "library"})
	for range 3 {
		if again := w.get(w.alpha, path); again.body != first.body {
			t.Errorf("the order changed: %s", again.body)
		}
	}
	rights := func(key, alias string) string {
		c := decode[resource](t, w.get(key, in(alias, "")))
		return fmt.Sprint(c.CanRead, c.CanWrite)
	}
	for _, tt := range []struct{ key, alias, want string }{{w.alpha, "closed", "true true"}, {w.beta, "inbox", "false true"}, {w.alpha, "library", "true false"},
		{w.reader, "closed", "true false"}, {"", "public", "true false"}} {
		if got := rights(tt.key, tt.alias); got != tt.want {
			t.Errorf("%s: can_read, can_write are %s, want %s", tt.alias, got, tt.want)
		}
	}
	admin, err := w.hub.Local(t.Context(), "process", "")
	if err != nil {
		t.Fatal(err)
	}
	again := w.collections["closed"].Collection
	again.ID = ""
	if _, err := w.hub.CreateCollection(t.Context(), &admin, again); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("a second collection of that alias: %v", err)
	}
	w.stored(w.alpha, "closed", indicators(1)...)
	for _, rest := range []string{"", "manifest/", "objects/", "objects/" + id(1) + "/", "objects/" + id(1) + "/versions/"} {
		if a, b := w.get(w.alpha, in("closed", rest)), w.get(w.alpha, in(w.collections["closed"].ID, rest)); a.body != b.body {
			t.Errorf("%s by alias is %s, by id %s", rest, a.body, b.body)
		}
	}
	w.want(http.StatusOK, request{method: http.MethodDelete, path: in("closed", "objects/"+id(1)+"/"), key: w.alpha})
	w.get(w.alpha, "/taxii2/energy/collections/feed/")
	w.want(http.StatusNotFound, request{path: "/taxii2/energy/collections/closed/", key: w.alpha})
}

func mediaTypes(t *testing.T, w *world) {
	w.stored(w.alpha, "closed", indicators(2)...)
	var c struct {
		MediaTypes []string `json:"media_types"`
	}
	if err := json.Unmarshal([]byte(w.get(w.alpha, in("closed", "")).body), &c); err != nil {
		t.Fatal(err)
	}
	same(t, "media_types", c.MediaTypes, []string{"application/stix+json;version=2.1"})
	for _, o := range decode[manifest](t, w.get(w.alpha, in("closed", "manifest/"))).Objects {
		if !slices.Contains(c.MediaTypes, o.MediaType) {
			t.Errorf("manifest has %s", o.MediaType)
		}
	}
}

// httpStatus asks for errors; send compares http_status with the status.
func httpStatus(t *testing.T, w *world) {
	for _, path := range []string{"/taxii2/x/", in("x", ""), in("indicators", "objects/?limit=x"), in("indicators", "objects/x/")} {
		a := w.send(request{path: path, key: w.alpha})
		if !regexp.MustCompile(`"http_status":"4\d\d"`).MatchString(a.body) {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}

func transport(t *testing.T, w *world) {
	tlsTransport(t, taxii.New(taxii.Config{Hub: w.hub}))
	w.stored(w.alpha, "closed", indicators(1)...)
	for _, authorization := range []string{"Bearer " + w.alpha, "bearer " + w.alpha, basic("anybody", w.alpha), basic("", w.alpha), "Token " + w.alpha} {
		w.want(http.StatusOK, request{path: in("closed", "objects/"), header: http.Header{"Authorization": {authorization}}})
	}
	w.want(http.StatusUnauthorized, request{path: in("closed", "objects/"), header: http.Header{"Authorization": {basic(w.alpha, "x")}}})
}
