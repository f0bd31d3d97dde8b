package hub_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// Bundles that others published come out byte for byte, each object that STIX
// allows.
func TestPublishedBundlesComeOutTheSame(t *testing.T) {
	dir := os.Getenv("INFOHUB_TESTDATA")
	if dir == "" {
		t.Skip("not run: INFOHUB_TESTDATA is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "stix", "*.json"))
	must(t, err)
	if len(files) == 0 {
		t.Fatal("no bundles")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			must(t, err)
			if !bytes.Contains(body, []byte(`"objects"`)) { // an object alone
				body = envelope(string(bytes.TrimSpace(body)))
			}
			f := newFixture(t, nil)
			// Some markings are none that a hub can read: their readers are named.
			readers := []string{f.person["gov-admin"].ID}
			s, err := f.hub.Submit(t.Context(), f.as(t, "gov-admin"), hub.Submission{Root: hub.Community, Collection: "public", Body: body, People: readers})
			must(t, err)
			var p stix.Parser
			v, err := p.Parse(body)
			must(t, err)
			objects, err := stix.Objects(v)
			must(t, err)
			failed := map[string]bool{}
			for _, failure := range s.Failures {
				failed[failure.ID] = true
				t.Log(failure)
			}
			want := map[string]bool{}
			for _, o := range objects {
				if !failed[o.Get("id").Text()] {
					want[string(o.Raw())] = true
				}
			}
			got := 0
			q := all
			for more := true; more; {
				q.Root, q.Collection = hub.Community, "public"
				page, err := f.hub.Page(t.Context(), f.as(t, "gov-admin"), q)
				must(t, err)
				var b bytes.Buffer
				must(t, page.WriteObjects(t.Context(), &b))
				for _, text := range split(t, b.String()) {
					if got++; !want[text] {
						t.Errorf("not as it was sent: %.200s", text)
					}
				}
				q.AddedAfter, more = page.Last, page.More
			}
			if got != len(want) || got == 0 || len(s.Failures)*10 > len(objects) {
				t.Errorf("%d of %d objects came out, %d failed", got, len(objects), len(s.Failures))
			}
		})
	}
}

// A new version of what was sent anonymously is anonymous, too, and the audit log
// does not tell who sent it.
func TestAuditOfAnonymousVersions(t *testing.T) {
	f := newFixture(t, nil)
	_, err := f.hub.Submit(t.Context(), f.as(t, "alpha"), hub.Submission{Root: hub.Community, Collection: "indicators", Anonymous: true, Body: envelope(stixText("indicator", 1, 0))})
	must(t, err)
	f.submit(t, "alpha", "indicators", stixText("indicator", 1, 1))
	_, err = f.trySubmit(t, "alpha", "indicators", stixText("indicator", 1, 2), `{"type":"indicator"}`)
	must(t, err)
	f.submit(t, "alpha", "indicators", stixText("indicator", 2, 0))
	told := f.audited(t, "object.submit")
	want := []string{"anonymous", "anonymous", "anonymous", "organisation"}
	if len(told) != len(want) {
		t.Fatalf("%d entries", len(told))
	}
	for i, e := range told {
		text, err := json.Marshal(e)
		must(t, err)
		if string(e.Actor.Kind) != want[i] || e.Detail["added"] != "1" {
			t.Errorf("entry %d: %s", i, text)
		}
		if want[i] == "anonymous" && (e.Key != "" || e.From != "" || e.Request != "" || strings.Contains(string(text), f.org["alpha"].ID)) {
			t.Errorf("entry %d tells who it was: %s", i, text)
		}
	}
}

// The sender of an anonymous observable does not find out what the operator alone
// knows.
func TestAnonymousObservablesTellNothing(t *testing.T) {
	f := newFixture(t, nil)
	secret := strings.Replace(observable(`"defanged":true`, marked(tlp.RedID)), observableID, "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7", 1)
	_, err := f.hub.Submit(t.Context(), f.as(t, "gov-admin"), hub.Submission{Root: hub.Community, Collection: "indicators", Body: envelope(secret), People: []string{f.person["gov-admin"].ID}})
	must(t, err)
	s, err := f.hub.Submit(t.Context(), f.as(t, "alpha"), hub.Submission{Root: hub.Community, Collection: "indicators", Anonymous: true, Body: envelope(observable())})
	must(t, err)
	if len(s.Successes) != 1 {
		t.Errorf("%+v", s)
	}
	f.wantTexts(t, "gov-admin", "indicators", all, secret)
	if got := f.texts(t, "beta", "indicators", all); len(got) != 1 || strings.Contains(got[0], "defanged") {
		t.Errorf("%q", got)
	}
}

// FuzzSubmit: whatever an envelope holds, what is taken comes out as it was, once,
// and the hub goes on.
func FuzzSubmit(f *testing.F) {
	f.Add(string(envelope(stixText("indicator", 1, 1), stixText("malware", 2, 0, marked(tlp.AmberID)))))
	f.Add(string(envelope(observable(), observable(`"defanged":true`), relationship(3, testID("indicator", 1), testID("malware", 2)))))
	f.Add(`{"type":"bundle","id":"bundle--11111111-1111-4111-8111-000000000001","objects":[` + stixText("identity", 1, 0, `"granular_markings":[{"lang":"de","selectors":["name"]}]`) + `]}`)
	f.Add(`{"objects":[{},null,[],{"id":"x--"}]}`)
	x := newFixture(f, nil)
	alpha, admin := x.as(f, "alpha"), x.as(f, "gov-admin")
	f.Fuzz(func(t *testing.T, body string) {
		s, err := x.hub.Submit(t.Context(), alpha, hub.Submission{Root: hub.Community, Collection: "indicators", Body: []byte(body)})
		if err != nil {
			if code := hub.CodeOf(err); code != hub.Invalid && code != hub.TooLarge {
				t.Fatal(err)
			}
			return
		}
		page, err := x.hub.Page(t.Context(), alpha, hub.Query{Root: hub.Community, Collection: "indicators", Versions: hub.VersionMatch{All: true}, Manifest: true})
		must(t, err)
		var b bytes.Buffer
		must(t, page.WriteObjects(t.Context(), &b))
		if page.Len() > len(s.Successes) {
			t.Errorf("%d objects of %d that were taken", page.Len(), len(s.Successes))
		}
		for _, text := range split(t, b.String()) {
			if !strings.Contains(body, text) {
				t.Errorf("not as it was sent: %q", text)
			}
		}
		for _, e := range page.Entries {
			err := x.hub.Delete(t.Context(), admin, hub.Community, "indicators", e.ID, hub.VersionMatch{All: true})
			if hub.CodeOf(err) != hub.NotFound { // another of its versions came before
				must(t, err)
			}
		}
		if page, err = x.hub.Page(t.Context(), alpha, hub.Query{Root: hub.Community, Collection: "indicators"}); err != nil || page.Len() > 0 {
			t.Fatalf("%d objects left, %v", page.Len(), err)
		}
	})
}
