package stixout

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

func operator() Identity {
	return Identity{ID: "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", Name: "GovCERT example", Secret: "s"}
}

func said(s string) advisories.Texts {
	return advisories.Texts{"en": s, "zh-Hant": s + " 繁", "zh-Hans": s + " 简"}
}

func day(n int) time.Time { return time.Date(2026, 11, n, 8, 30, 0, 123456789, time.UTC) }

// publication is revision n of an advisory with all that STIX has a place for.
func publication(n int) *advisories.Publication {
	p := &advisories.Publication{
		Tracking:  advisories.Tracking{ID: "A26-11-04", Initial: day(1), Current: day(n), State: advisories.Published, URL: "https://govcert.example/advisories/A26-11-04"},
		Publisher: advisories.Publisher{Name: "GovCERT example", Namespace: "https://govcert.example", Category: "coordinator"},
		Advisory: advisories.Advisory{
			Class: advisories.HighThreat, Risk: advisories.RiskExtreme, TLP: tlp.Green,
			Title: said("title"), Description: said("description"), Affected: said("affected"), Impact: said("impact"), Recommendation: said("recommendation"),
			References: []advisories.Reference{{URL: "https://例.example/一"}, {URL: "https://vendor.example/1", Summary: said("more")}, {URL: "https://vendor.example/1", Summary: said("more")}},
			Tags:       []string{"ransomware"}, Techniques: []string{"T1059.001"},
			Products: []advisories.Product{{ID: "server", Vendor: "Example", Name: "Server"}},
			Vulnerabilities: []advisories.Vulnerability{
				{
					CVE: "CVE-2026-99901", IDs: []advisories.Ident{{System: "Bugs", ID: "EX-1"}}, Title: said("fault"), About: said("about"), CWE: []string{"CWE-79"},
					CVSS: []advisories.Score{{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}, Exploited: &advisories.Exploitation{Known: true, Ransomware: true},
				},
				{IDs: []advisories.Ident{{System: "Bugs", ID: "EX-2"}}},
				{Title: said("without a name")},
			},
			Remedies: []advisories.Remedy{
				{Kind: "vendor_fix", Details: said("fix"), URL: "https://vendor.example/fix"},
				{Kind: "workaround", Details: said("first"), Vulnerabilities: []string{"EX-2"}},
				{Kind: "workaround", Details: said("second")},
				{Kind: "none_available", Details: said("none")},
			},
			Indicators: []advisories.Indicator{
				{Pattern: "[domain-name:value = 'evil.example']", Name: said("name"), Types: []string{"malicious-activity", "of-our-own"}, From: day(1), Until: day(20)},
				{Pattern: "[ipv4-addr:value = '198.51.100.1']", From: day(2), Until: day(2)},
			},
		},
	}
	for i := range n {
		p.Tracking.Revisions = append(p.Tracking.Revisions, advisories.Revision{Number: i + 1, Date: day(i + 1), Summary: said("s")})
	}
	return p
}

// objects are those of a publication by id, valid without a warning.
func objects(t *testing.T, p *advisories.Publication, earlier ...*advisories.Publication) map[string]map[string]any {
	t.Helper()
	list, err := Objects(*p, operator(), earlier...)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]map[string]any{}
	var parser stix.Parser
	for _, data := range list {
		v, err := parser.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range stix.Validate(v) {
			t.Errorf("%s: %s", data, problem)
		}
		var o map[string]any
		if err := json.Unmarshal(data, &o); err != nil {
			t.Fatal(err)
		}
		if got := v.Get("object_marking_refs").Raw(); string(got) != `["`+p.Advisory.TLP.ID()+`"]` {
			t.Errorf("%s is marked %s", o["id"], got)
		}
		if o["created_by_ref"] != operator().ID {
			t.Errorf("%s is by %s", o["id"], o["created_by_ref"])
		}
		by[o["id"].(string)] = o
	}
	if len(by) != len(list) {
		t.Errorf("%d objects, %d ids", len(list), len(by))
	}
	return by
}

func ofType(by map[string]map[string]any, typ string) []map[string]any {
	var list []map[string]any
	for _, id := range slices.Sorted(maps.Keys(by)) {
		if by[id]["type"] == typ {
			list = append(list, by[id])
		}
	}
	return list
}

func TestObjects(t *testing.T) {
	for _, marking := range tlp.Labels() {
		p := publication(2)
		p.Advisory.TLP = marking
		by := objects(t, p)
		counts := map[string]int{}
		for _, o := range by {
			counts[o["type"].(string)]++
			if o["created"] != "2026-11-01T08:30:00.123Z" || o["modified"] != "2026-11-02T08:30:00.123Z" {
				t.Errorf("%s: %s, %s", o["id"], o["created"], o["modified"])
			}
		}
		for typ, want := range map[string]int{
			"report": 1, "vulnerability": 3, "course-of-action": 3, "indicator": 2, "attack-pattern": 1, "note": 1,
			"relationship": 3 + 1 + 3 + 2, "language-content": 1 + 2 + 3 + 2 + 1, "identity": 0,
		} {
			if counts[typ] != want {
				t.Errorf("%d of %s, want %d", counts[typ], typ, want)
			}
		}
		report := ofType(by, "report")[0]
		if report["name"] != "title" || report["lang"] != "en" || report["published"] != "2026-11-01T08:30:00.123Z" {
			t.Errorf("%v", report)
		}
		for _, ref := range report["object_refs"].([]any) {
			if by[ref.(string)] == nil {
				t.Errorf("the report is about %s, which is not there", ref)
			}
		}
		text, err := json.Marshal(report["external_references"])
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"external_id":"A26-11-04"`, `"external_id":"CVE-2026-99901"`, `"url":"https://vendor.example/1"`} {
			if strings.Count(string(text), want) != 1 {
				t.Errorf("%s: not once %s", text, want)
			}
		}
		for _, lc := range ofType(by, "language-content") {
			if by[lc["object_ref"].(string)] == nil || lc["contents"].(map[string]any)["zh-Hant"] == nil {
				t.Errorf("%v", lc)
			}
		}
	}
}

// TestLittle: an advisory with next to nothing in it, and one without English.
func TestLittle(t *testing.T) {
	p := publication(1)
	p.Advisory = advisories.Advisory{TLP: tlp.Clear, Title: advisories.Texts{"zh-Hant": "標題", "zh-Hans": "标题"}, Description: said("d")}
	by := objects(t, p)
	report := ofType(by, "report")[0]
	if len(by) != 2 || report["name"] != "標題" || report["lang"] != "zh-Hant" || report["description"] != "d 繁" {
		t.Errorf("%v", by)
	}
	contents := ofType(by, "language-content")[0]["contents"].(map[string]any)
	if _, named := contents["en"].(map[string]any)["name"]; named {
		t.Errorf("a title that is not there: %v", contents)
	}
	p.Advisory.TLP = tlp.Unknown
	if _, err := Objects(*p, operator()); err == nil {
		t.Error("without a label there are objects")
	}
}

func TestRevisions(t *testing.T) {
	first, second := publication(1), publication(2)
	if same := objects(t, second, first); len(same) != 0 {
		t.Errorf("nothing has changed, and there are %d objects", len(same))
	}
	all := objects(t, first)
	second.Advisory.Remedies[1].Details = said("better")
	second.Advisory.Indicators = second.Advisory.Indicators[1:]
	changed := objects(t, second, first)
	revoked := 0
	for id, o := range changed {
		if all[id] == nil || o["created"] != all[id]["created"] || o["modified"] == all[id]["modified"] {
			t.Errorf("%s is no new version: %v", id, o)
		}
		if o["revoked"] == true {
			revoked++
			if o["type"] == "indicator" && o["name"] != "name" {
				t.Errorf("%v", o)
			}
		}
	}
	// The remedy and its translations; the report; the indicator, its translations and relationship.
	if len(changed) != 6 || revoked != 3 || len(ofType(changed, "report")) != 1 {
		t.Errorf("%d have changed, %d are revoked: %v", len(changed), revoked, changed)
	}

	// What comes back is another object: nothing follows one that is revoked.
	third := publication(3)
	back := ofType(objects(t, third, first, second), "indicator")
	if len(back) != 1 || back[0]["name"] != "name" || all[back[0]["id"].(string)] != nil || back[0]["revoked"] == true {
		t.Errorf("%v", back)
	}
	fourth := publication(4)
	if again := objects(t, fourth, first, second, third); len(again) != 0 {
		t.Errorf("nothing has changed, and there are %v", again)
	}

	fourth.Tracking.State, fourth.Tracking.SupersededBy = advisories.Superseded, "A26-12-01"
	if next := objects(t, fourth, first, second, third); len(next) != 1 || !strings.Contains(fmt.Sprint(next), "superseded") || !strings.Contains(fmt.Sprint(next), "A26-12-01") {
		t.Errorf("of its successor they say %v", next)
	}

	fourth.Tracking.State, fourth.Tracking.SupersededBy = advisories.Withdrawn, ""
	gone := objects(t, fourth, first, second, third)
	if len(gone) != len(all) {
		t.Errorf("%d of %d", len(gone), len(all))
	}
	for id, o := range gone {
		if o["revoked"] != true {
			t.Errorf("%s is not revoked", id)
		}
	}
}

// TestReaders: whoever may read an advisory since its second revision gets all of it.
func TestReaders(t *testing.T) {
	first, second, third := publication(1), publication(2), publication(3)
	first.Audience.Organisations = []string{"identity--1"}
	second.Audience.Organisations = []string{"identity--1", "identity--2"}
	third.Audience.Organisations = []string{"identity--2", "identity--1"}
	all, again := objects(t, first), objects(t, second, first)
	if len(again) != len(all) {
		t.Errorf("%d objects of %d", len(again), len(all))
	}
	for id, o := range again {
		if all[id] == nil || o["modified"] != "2026-11-02T08:30:00.123Z" || o["revoked"] != nil {
			t.Errorf("%s: %v", id, o)
		}
	}
	if same := objects(t, third, first, second); len(same) != 0 {
		t.Errorf("the same readers, and there are %d objects", len(same))
	}
}

// TestCurrent: the objects of an advisory are those that a hub has that was given
// the objects of each revision.
func TestCurrent(t *testing.T) {
	var earlier []*advisories.Publication
	shared := map[string]map[string]any{} // by id, the last version
	for n := 1; n <= 8; n++ {
		p := publication(n)
		switch n {
		case 2, 4, 7: // something goes, and comes again
			p.Advisory.Indicators, p.Advisory.Remedies = p.Advisory.Indicators[1:], p.Advisory.Remedies[1:]
			p.Advisory.Vulnerabilities = p.Advisory.Vulnerabilities[1:]
		case 5: // what stays has the same names, whatever the publisher's is
			p.Publisher.Namespace = "https://moved.example"
		case 6:
			p.Publisher.Namespace, p.Advisory.Description = "https://moved.example", said("another")
		case 8:
			p.Tracking.State = advisories.Withdrawn
		}
		for id, o := range objects(t, p, earlier...) {
			if before := shared[id]; before != nil && before["revoked"] == true {
				t.Errorf("revision %d: %s follows what is revoked", n, id)
			}
			shared[id] = o
		}
		list, err := Current(*p, operator(), earlier...)
		if err != nil {
			t.Fatal(err)
		}
		current := map[string]bool{}
		for _, data := range list {
			var o map[string]any
			if err := json.Unmarshal(data, &o); err != nil {
				t.Fatal(err)
			}
			id := o["id"].(string)
			current[id] = true
			if !reflect.DeepEqual(o, shared[id]) {
				t.Errorf("revision %d: %v, and shared is %v", n, o, shared[id])
			}
		}
		for id, o := range shared {
			if o["revoked"] != true && !current[id] {
				t.Errorf("revision %d: %s %v is shared, and not of the advisory", n, id, o["name"])
			}
		}
		earlier = append(earlier, p)
	}
}

func TestIdentifiers(t *testing.T) {
	all := slices.Sorted(maps.Keys(objects(t, publication(1))))
	if again := slices.Sorted(maps.Keys(objects(t, publication(3)))); !slices.Equal(all, again) {
		t.Error("another revision has other ids")
	}
	for name, change := range map[string]func(p *advisories.Publication, identity *Identity){
		"tracking id": func(p *advisories.Publication, _ *Identity) { p.Tracking.ID = "A26-11-05" },
		"publisher":   func(p *advisories.Publication, _ *Identity) { p.Publisher.Namespace = "https://other.example" },
		"secret":      func(_ *advisories.Publication, identity *Identity) { identity.Secret = "t" },
	} {
		p, identity := publication(1), operator()
		change(p, &identity)
		list, err := Objects(*p, identity)
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range list {
			var o struct {
				ID string `json:"id"`
			}
			if err := json.Unmarshal(data, &o); err != nil {
				t.Fatal(err)
			}
			if slices.Contains(all, o.ID) {
				t.Errorf("with another %s there is %s too", name, o.ID)
			}
		}
	}
}

func TestInvalid(t *testing.T) {
	p := publication(1)
	p.Advisory.Indicators[0].Pattern = "[domain-name:value ="
	if _, err := Objects(*p, operator()); err == nil || !strings.Contains(err.Error(), "pattern") {
		t.Errorf("%v", err)
	}
}

func TestBundle(t *testing.T) {
	list, err := Objects(*publication(1), operator())
	if err != nil {
		t.Fatal(err)
	}
	data, err := Bundle("A26-11-04", list)
	if err != nil {
		t.Fatal(err)
	}
	var parser stix.Parser
	v, err := parser.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range stix.ValidateBundle(v) {
		t.Error(problem)
	}
	if v.Get("objects").Len() != len(list) {
		t.Errorf("%d of %d objects", v.Get("objects").Len(), len(list))
	}
	again, err := Bundle("A26-11-04", list)
	if err != nil || string(again) != string(data) {
		t.Errorf("the second time it is another: %v", err)
	}
}

func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../../docs/examples/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := publication(1)
		if p.Advisory, _, err = advisories.ReadYAML(text); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		by := objects(t, p)
		report := ofType(by, "report")
		if len(report) != 1 || report[0]["name"] != p.Advisory.Title["en"] || len(ofType(by, "vulnerability")) != len(p.Advisory.Vulnerabilities) ||
			len(ofType(by, "indicator")) != len(p.Advisory.Indicators) {
			t.Errorf("%s: %v", file, report)
		}
	}
}
