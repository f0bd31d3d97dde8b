package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/scanner"
)

// asked is a hub that answers every question with one advisory, or with a status.
type asked struct {
	*httptest.Server
	status    map[string]int // by asset; 0: an answer
	questions []apiclient.MatchRequest
	keys      []string
}

func newAsked(t *testing.T) *asked {
	t.Helper()
	a := &asked{status: map[string]int{}}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in apiclient.MatchRequest
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		a.questions, a.keys = append(a.questions, in), append(a.keys, r.Header.Get("Authorization"))
		if status := a.status[in.Asset]; status != 0 {
			w.WriteHeader(status)
			return
		}
		_, _ = io.WriteString(w, `{"components":1,"matches":[{"id":"A26-11-01","title":{"en":"A hole"},"tlp":"TLP:AMBER+STRICT","state":"published",
			"component":{"name":"nginx","version":"1.18.0"},"match":"affected","reason":"version-in-range","vulnerabilities":["CVE-2026-99911"]}]}`)
	}))
	t.Cleanup(a.Close)
	return a
}

func madeWith(technologies ...scanner.Technology) *scanner.Report {
	return &scanner.Report{
		Target: scanner.Target{Domain: "tea.example"}, Status: scanner.Complete,
		Started: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), Technologies: technologies,
	}
}

func nginx(observed string) scanner.Technology {
	return scanner.Technology{
		ID: "nginx", Name: "nginx", Version: "1.18.0", CPE: "cpe:2.3:a:f5:nginx:1.18.0:*:*:*:*:*:*:*",
		Evidence: []scanner.Evidence{{Observed: observed}},
	}
}

// What a hub is asked: once for a report, and with the asset of the key's owner
// only where a scan was made now, to its end.
func TestRelatedAsks(t *testing.T) {
	stopped := madeWith(nginx("nginx/1.18.0"))
	stopped.Status = scanner.Incomplete
	for _, c := range []struct {
		name   string
		report *scanner.Report
		key    string
		record bool
		status map[string]int
		assets []string // of the questions
		found  int
	}{
		{name: "a stranger", report: madeWith(nginx("nginx/1.18.0")), record: true, assets: []string{""}, found: 1},
		{name: "a member", report: madeWith(nginx("nginx/1.18.0")), key: "k", record: true, assets: []string{"tea.example"}, found: 1},
		{name: "a stored report", report: madeWith(nginx("nginx/1.18.0")), key: "k", assets: []string{""}, found: 1},
		{name: "a scan that was stopped", report: stopped, key: "k", record: true, assets: []string{""}, found: 1},
		{name: "no asset of theirs", report: madeWith(nginx("nginx/1.18.0")), key: "k", record: true, status: map[string]int{"tea.example": 404}, assets: []string{"tea.example", ""}, found: 1},
		{name: "nothing was seen", report: madeWith(), key: "k", record: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			hub := newAsked(t)
			if c.status != nil {
				hub.status = c.status
			}
			r, err := app.NewRelated(t.Context(), app.RelatedConfig{
				Hub: app.HubAddress{URL: hub.URL, Key: c.key}, Record: c.record, Now: time.Now, Trouble: func(err error) { t.Error(err) },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			of := r.Of(t.Context())
			got := of(c.report)
			if again := of(c.report); again != got {
				t.Error("a report in another form is looked up again")
			}
			if len(got.Advisories) != c.found || got.Source != hub.URL || got.Trouble != "" {
				t.Errorf("%+v", got)
			}
			if c.found > 0 {
				if a := got.Advisories[0]; a.ID != "A26-11-01" || a.TLP != "amber+strict" || a.Component != "nginx" || a.Version != "1.18.0" || a.State != "affected" {
					t.Errorf("%+v", a)
				}
			}
			var assets []string
			for i, q := range hub.questions {
				assets = append(assets, q.Asset)
				if (q.Asset == "") != (q.Scan == "") || len(q.Components) != 1 || q.Document != "" {
					t.Errorf("question %+v", q)
				}
				if want := strings.TrimSuffix("Bearer "+c.key, "Bearer "); hub.keys[i] != want {
					t.Errorf("key %q", hub.keys[i])
				}
			}
			if strings.Join(assets, "|") != strings.Join(c.assets, "|") || len(assets) != len(c.assets) {
				t.Errorf("asked for the assets %q; want %q", assets, c.assets)
			}
		})
	}
}

// Who packaged a server is told, as a stored report tells it.
func TestRelatedDistribution(t *testing.T) {
	hub := newAsked(t)
	r, err := app.NewRelated(t.Context(), app.RelatedConfig{Hub: app.HubAddress{URL: hub.URL}, Now: time.Now, Trouble: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	r.Of(t.Context())(madeWith(nginx("nginx/1.18.0 (Ubuntu)")))
	if len(hub.questions) != 1 || !strings.EqualFold(hub.questions[0].Components[0].Distribution, "ubuntu") {
		t.Errorf("%+v", hub.questions)
	}
}

// A hub that does not answer is told of, and left alone for a while.
func TestRelatedTrouble(t *testing.T) {
	hub := newAsked(t)
	address := hub.URL
	hub.Close()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	var told []string
	r, err := app.NewRelated(t.Context(), app.RelatedConfig{
		Hub: app.HubAddress{URL: address}, Now: func() time.Time { return now }, Trouble: func(err error) { told = append(told, err.Error()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	of := r.Of(t.Context())
	for i, want := range []string{"cannot be reached", "not asked again", "cannot be reached"} {
		if i == 2 {
			now = now.Add(2 * time.Minute)
		}
		got := of(madeWith(nginx("nginx/1.18.0")))
		if !strings.Contains(got.Trouble, want) || len(got.Advisories) != 0 {
			t.Errorf("%d: %+v; want %q", i, got, want)
		}
	}
	if len(told) != 3 || !strings.Contains(told[0], "tea.example") {
		t.Errorf("told %q", told)
	}
	for _, c := range []app.RelatedConfig{
		{Hub: app.HubAddress{URL: "hub.example.hk"}},
		{Hub: app.HubAddress{URL: "http://hub.example.hk", Key: "k"}}, // it would be sent in the clear
		{Paths: []string{filepath.Join(t.TempDir(), "nowhere")}},
		{Paths: []string{t.TempDir()}},
	} {
		if _, err := app.NewRelated(t.Context(), c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}
