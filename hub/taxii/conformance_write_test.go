package taxii_test

import (
	"crypto/tls"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub"
)

func post(t *testing.T, w *world) {
	sent := []string{
		indicator(1, "2026-01-01T00:00:00.000Z", `"x_custom" : {"n": 1.50, "big":123456789012345678901234567890, "s":"\u00e9\/ "}`),
		indicator(2, "2026-01-01T00:00:00.123456Z", ` "revoked" : false`),
	}
	before := w.clock.now()
	s := w.add(w.alpha, "closed", sent...)
	u, err := uuid.Parse(s.ID)
	if err != nil || u.Version() != 4 {
		t.Errorf("id %s", s.ID)
	}
	if s.Status != "complete" || s.TotalCount != 2 || s.SuccessCount != 2 || s.FailureCount != 0 || s.PendingCount != 0 || len(s.Successes) != 2 {
		t.Errorf("%+v", s)
	}
	if at, err := time.Parse(time.RFC3339Nano, s.RequestTimestamp); err != nil || !stamp.MatchString(s.RequestTimestamp) || at.Before(before) {
		t.Errorf("request_timestamp %s", s.RequestTimestamp)
	}
	for i, d := range s.Successes {
		if d.ID != id(i+1) || d.Version != []string{"2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.123456Z"}[i] {
			t.Errorf("success %+v", d)
		}
	}
	same(t, "objects, byte for byte", w.texts(w.alpha, in("closed", "objects/")), sent)
	a := w.get(w.alpha, "/taxii2/community/status/"+s.ID+"/")
	if again := decode[status](t, a); again.ID != s.ID || again.SuccessCount != 2 || again.Successes[1] != s.Successes[1] {
		t.Errorf("the status is %s", a.body)
	}
	if again := w.add(w.alpha, "closed", sent...); again.SuccessCount != 2 || again.FailureCount != 0 || again.ID == s.ID {
		t.Errorf("the same again: %+v", again)
	}
	same(t, "after the same again", w.texts(w.alpha, in("closed", "objects/")), sent)

	// What waits for an analyst is pending.
	held := w.add(w.fresh, "indicators", indicators(2)...)
	if held.Status != "pending" || held.PendingCount != 2 || held.TotalCount != 2 || len(held.Pendings) != 2 || held.Pendings[0].ID != id(1) || held.Pendings[0].Version == "" {
		t.Errorf("of a new organisation: %+v", held)
	}
	w.want(http.StatusNotFound, request{path: "/taxii2/community/status/" + s.ID + "/", key: w.beta})
}

func failures(t *testing.T, w *world) {
	noTime := strings.Replace(indicator(2, "2026-01-01T00:00:00.000Z"), `"valid_from":"2026-01-01T00:00:00Z"`, `"x_a":1`, 1)
	conflict := indicator(1, "2026-01-01T00:00:00.000Z", `"name":"another"`)
	noVersion := `{"type":"indicator","spec_version":"2.1","id":"` + id(5) + `"}`
	a := w.want(http.StatusAccepted, request{method: http.MethodPost, path: in("closed", "objects/"), key: w.alpha,
		body: envelope(indicator(1, "2026-01-01T00:00:00.000Z"), noTime, `{"type":"indicator"}`, `7`, noVersion, indicator(3, "2026-01-01T00:00:00.000Z"))})
	s := decode[status](t, a)
	if s.TotalCount != 6 || s.SuccessCount != 2 || s.FailureCount != 4 || s.Status != "complete" {
		t.Errorf("%s", a.body)
	}
	same(t, "the good ones", ids(t, w.texts(w.alpha, in("closed", "objects/"))), []string{id(1), id(3)})
	if strings.Count(a.body, `"version":`) != 6 || strings.Count(a.body, `{"id":`) != 7 {
		t.Errorf("a detail without id or version: %s", a.body)
	}
	named := map[string]bool{}
	for _, d := range s.Failures {
		named[d.ID+" "+d.Version] = true
		if d.Message == "" {
			t.Errorf("a failure without a message: %+v", d)
		}
	}
	if !named[id(2)+" 2026-01-01T00:00:00.000Z"] || !named[" "] || !named[id(5)+" "] {
		t.Errorf("failures of %v", named)
	}
	if d := s.Failures[0]; !strings.Contains(d.Message, "valid_from") {
		t.Errorf("message %q", d.Message)
	}
	if s := w.add(w.alpha, "closed", conflict); s.FailureCount != 1 || s.Failures[0].ID != id(1) {
		t.Errorf("other content of a version: %+v", s)
	}

	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for body, want := range map[string]int{
		``:                            400,
		`{`:                           400,
		`not json`:                    400,
		`{"objects":[]`:               400,
		`{"objects":[]}{}`:            400,
		"{\"objects\":[\"\xff\"]}":    400,
		`{"objects":[],"objects":[]}`: 400,
		`{"objects":` + deep + `}`:    400,
		`[]`:                          422,
		`"objects"`:                   422,
		`null`:                        422,
		`{"objects":{}}`:              422,
		`{"objects":"x"}`:             422,
		`{"type":"bundle","id":"bundle--00000001-0000-4000-8000-000000000000","spec_version":"2.0","objects":[` + indicator(9, "2026-01-01T00:00:00.000Z") + `]}`: 422,
	} {
		a := w.send(request{method: http.MethodPost, path: in("closed", "objects/"), key: w.alpha, body: body})
		if a.status != want {
			t.Errorf("%.60q: %d, want %d: %s", body, a.status, want, a.body)
		}
		if strings.Contains(body, `"2.0"`) && !strings.Contains(a.body, "2.1") {
			t.Errorf("of STIX 2.0: %s", a.body)
		}
	}
	old := `{"type":"indicator","id":"indicator--00000009-0000-4000-8000-000000000000","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","labels":["malicious-activity"],"pattern":"[a:b = 1]","valid_from":"2026-01-01T00:00:00Z"}`
	if s := w.add(w.alpha, "closed", old); s.FailureCount != 1 || !strings.Contains(s.Failures[0].Message, "2.1") && !strings.Contains(s.Failures[0].Message, "spec_version") {
		t.Errorf("an object of STIX 2.0: %+v", s)
	}
	same(t, "nothing else came in", ids(t, w.texts(w.alpha, in("closed", "objects/"))), []string{id(1), id(3)})
}

func statusLifetime(t *testing.T, w *world) {
	s := w.add(w.alpha, "closed", indicators(1)...)
	path := "/taxii2/community/status/" + s.ID + "/"
	w.clock.advance(24 * time.Hour)
	if err := w.hub.Housekeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.want(http.StatusOK, request{path: path, key: w.alpha})
	w.want(http.StatusNotFound, request{path: path, key: w.beta})
	w.want(http.StatusUnauthorized, request{path: path})
	w.clock.advance(48 * time.Hour)
	w.want(http.StatusNotFound, request{path: path, key: w.alpha})

	for _, tt := range []struct {
		key, collection string
		status          int
	}{{w.beta, "library", 403}, {w.reader, "closed", 403}, {w.beta, "closed", 404}, {w.beta, "inbox", 202}, {w.alpha, "nothing", 404}} {
		if a := w.send(request{method: http.MethodPost, path: in(tt.collection, "objects/"), key: tt.key, body: envelope(indicators(2)[1])}); a.status != tt.status {
			t.Errorf("POST to %s: %d, want %d: %s", tt.collection, a.status, tt.status, a.body)
		}
	}
	// beta may write to the inbox and not read it.
	for _, rest := range []string{"objects/", "manifest/", "objects/" + id(2) + "/", "objects/" + id(2) + "/versions/"} {
		if a := w.send(request{path: in("inbox", rest), key: w.beta}); a.status != 403 && a.status != 404 {
			t.Errorf("GET %s: %d %s", rest, a.status, a.body)
		}
	}
	// A key's scope bounds its organisation's right.
	readOnly := w.key(hub.Key{Name: "reads", Organisation: w.organisations["alpha"].ID, Scopes: []hub.Scope{{Collection: "*", Verbs: []hub.Verb{hub.VerbRead}}}})
	w.want(http.StatusForbidden, request{method: http.MethodPost, path: in("closed", "objects/"), key: readOnly, body: envelope(indicators(1)...)})
}

func deletion(t *testing.T, w *world) {
	times := []string{"2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"}
	for _, v := range times {
		w.stored(w.alpha, "closed", indicator(1, v))
	}
	w.stored(w.alpha, "closed", indicator(2, times[0]))
	w.stored(w.alpha, "inbox", indicator(3, times[0]))
	path := in("closed", "objects/"+id(1)+"/")
	del := func(status int, key, path string) {
		t.Helper()
		a := w.send(request{method: http.MethodDelete, path: path, key: key})
		if a.status != status {
			t.Errorf("DELETE %s: %d, want %d: %s", path, a.status, status, a.body)
		}
	}
	// Neither right 404, one 403; a stranger has to sign in.
	del(404, w.beta, path)
	del(403, w.reader, path)
	del(403, w.beta, in("inbox", "objects/"+id(3)+"/"))
	del(401, "", path)
	del(404, w.alpha, in("closed", "objects/"+id(7)+"/"))
	del(400, w.alpha, path+"?match[version]=newest")
	del(400, w.alpha, path+"?match[versions]=last")
	del(400, w.alpha, path+"?match[type]=indicator")
	del(400, w.alpha, path+"?added_after=2026-01-01T00:00:00Z")
	del(404, w.alpha, path+"?match[spec_version]=2.0")
	list := func() []string {
		return decode[versions](t, w.get(w.alpha, path+"versions/")).Versions
	}
	same(t, "nothing is gone", list(), times)

	del(200, w.alpha, path+"?match[version]="+times[1])
	same(t, "one version is gone", list(), []string{times[0], times[2]})
	del(200, w.alpha, path+"?match[version]=last&match[spec_version]=2.1")
	same(t, "the last is gone", list(), times[:1])
	same(t, "the one before is the last now", ids(t, w.texts(w.alpha, in("closed", "objects/"))), []string{id(1), id(2)})
	w.stored(w.alpha, "closed", indicator(1, times[1]))
	del(200, w.alpha, path)
	w.want(http.StatusNotFound, request{path: path, key: w.alpha})
	w.want(http.StatusNotFound, request{path: path + "versions/", key: w.alpha})
	same(t, "objects", ids(t, w.texts(w.alpha, in("closed", "objects/?match[version]=all"))), []string{id(2)})
	if m := decode[manifest](t, w.get(w.alpha, in("closed", "manifest/?match[version]=all"))).Objects; len(m) != 1 || m[0].ID != id(2) {
		t.Errorf("manifest %+v", m)
	}
	del(404, w.alpha, path)
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// tlsTransport reaches the handler by TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2.
func tlsTransport(t *testing.T, handler http.Handler) {
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, protocol := range []string{"http/1.1", "h2"} {
			base := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			base.MaxVersion, base.NextProtos = version, []string{protocol}
			tr := &http.Transport{TLSClientConfig: base, ForceAttemptHTTP2: protocol == "h2"}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/taxii2/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := tr.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != http.StatusOK || resp.TLS.Version != version || resp.TLS.NegotiatedProtocol != protocol && protocol == "h2" {
				t.Errorf("%d by TLS %x and %s", resp.StatusCode, resp.TLS.Version, resp.TLS.NegotiatedProtocol)
			}
			_ = resp.Body.Close()
			tr.CloseIdleConnections()
		}
	}
}
