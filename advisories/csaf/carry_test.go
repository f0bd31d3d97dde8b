package csaf

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// notCarried are the fields of a publication that its CSAF document does not have.
func notCarried() []string {
	return []string{
		"advisory.organisations", "advisory.people", "advisory.embargo",
		"audience.markings", "audience.organisations", "audience.people",
	}
}

// fields are the paths of what a type holds, as in JSON; lists end in "[]".
func fields(t reflect.Type, path string) []string {
	switch t.Kind() {
	case reflect.Pointer:
		return fields(t.Elem(), path)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct {
			return fields(t.Elem(), path+"[]")
		}
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			break
		}
		var all []string
		for i := range t.NumField() {
			name := strings.Split(t.Field(i).Tag.Get("json"), ",")[0]
			all = append(all, fields(t.Field(i).Type, strings.TrimPrefix(path+"."+name, "."))...)
		}
		return all
	}
	return []string{path}
}

// TestFieldsAreDocumented: docs/advisory-csaf.md lists every field, and says of the
// right ones that they are carried.
func TestFieldsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/advisory-csaf.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed, not []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.\\[\\]]+)` \\| (.+) \\| (yes|no) \\|$").FindAllStringSubmatch(string(text), -1) {
		listed = append(listed, m[1])
		if m[3] == "no" {
			not = append(not, m[1])
		}
	}
	if want := fields(reflect.TypeFor[advisories.Publication](), ""); !slices.Equal(listed, want) {
		t.Errorf("the table lists\n%s\nthe fields are\n%s", strings.Join(listed, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(not, notCarried()) {
		t.Errorf("not carried by the table: %v, by the test: %v", not, notCarried())
	}
}

// TestFieldsAreCarried sends a publication with every field through a document.
func TestFieldsAreCarried(t *testing.T) {
	p := everything(t)
	back, err := Import(exported(t, p))
	if err != nil {
		t.Fatal(err)
	}
	before, after := values(t, p), values(t, back)
	for _, path := range fields(reflect.TypeFor[advisories.Publication](), "") {
		switch {
		case len(before[path]) == 0:
			t.Errorf("%s: the publication of this test does not have it", path)
		case slices.Contains(notCarried(), path):
			if len(after[path]) > 0 {
				t.Errorf("%s is carried: %v", path, after[path])
			}
		case !slices.Equal(before[path], after[path]):
			t.Errorf("%s: %v became %v", path, before[path], after[path])
		}
	}
}

// values are all values of a publication by path, as JSON, sorted.
func values(t *testing.T, p advisories.Publication) map[string][]string {
	t.Helper()
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	paths := fields(reflect.TypeFor[advisories.Publication](), "")
	by := map[string][]string{}
	var walk func(v any, path string)
	walk = func(v any, path string) {
		if v == nil {
			return
		}
		if slices.Contains(paths, path) {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			by[path] = append(by[path], string(text))
			slices.Sort(by[path])
			return
		}
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				walk(member, strings.TrimPrefix(path+"."+name, "."))
			}
		case []any:
			for _, element := range v {
				walk(element, path+"[]")
			}
		}
	}
	walk(tree, "")
	return by
}

// everything is a publication that has every field.
func everything(t *testing.T) advisories.Publication {
	t.Helper()
	day := func(n int) time.Time { return time.Date(2026, 11, n, 8, 30, 0, 0, time.UTC) }
	said := func(s string) advisories.Texts {
		return advisories.Texts{"en": s, "zh-Hant": s + " 繁", "zh-Hans": s + " 简"}
	}
	refs := func(s string) []advisories.Reference {
		return []advisories.Reference{{URL: "https://vendor.example/" + s, Summary: said("reference " + s), Self: true}}
	}
	acks := func(s string) []advisories.Acknowledgement {
		return []advisories.Acknowledgement{{Names: []string{"Chan " + s}, Organisation: "Laboratory", Summary: said("thanks " + s), URLs: []string{"https://lab.example/" + s}}}
	}
	return advisories.Publication{
		Tracking: advisories.Tracking{
			ID: "A26-11-S04", Initial: day(1), Current: day(2), State: advisories.Superseded, Interim: true, SupersededBy: "A26-11-S09",
			Aliases: []string{"X-1"}, URL: "https://govcert.example/advisories/A26-11-S04",
			Revisions: []advisories.Revision{{Number: 1, Date: day(1), Summary: said("first"), Legacy: "1.0"}, {Number: 2, Date: day(2), Summary: said("second")}},
		},
		Publisher: advisories.Publisher{Name: "GovCERT example", Namespace: "https://govcert.example", Category: "coordinator", Contact: "cert@govcert.example", Authority: "By law."},
		Audience:  tlp.Audience{Markings: []tlp.Marking{tlp.AmberStrict}, Organisations: []string{"organization--1"}, People: []string{"person--1"}},
		Advisory: advisories.Advisory{
			Class: advisories.HighThreat, Risk: advisories.RiskExtreme, TLP: tlp.AmberStrict, Organisations: []string{"bank"}, People: []string{"chan@bank.example"},
			Title: said("title"), Description: said("description"), Affected: said("affected"), Impact: said("impact"), Recommendation: said("recommendation"),
			References: refs("1"), Tags: []string{"ransomware", "web"}, Sectors: []string{"energy"}, Acknowledgements: acks("1"),
			Techniques: []string{"T1190"}, Embargo: day(1), Supersedes: []string{"A26-11-S01"},
			Products: []advisories.Product{
				{ID: "server", Vendor: "Example", Name: "Server", Versions: "vers:npm/<2.0.0", CPE: "cpe:2.3:a:example:server:*:*:*:*:*:*:*:*", PURL: "pkg:npm/server"},
				{ID: "system", Vendor: "Example", Name: "System", Versions: "12"},
				{ID: "other", Vendor: "Other", Name: "Other"},
				{ID: "both", Name: "Server on System", On: &advisories.Relation{Kind: "installed_on", Product: "server", To: "system"}},
			},
			Vulnerabilities: []advisories.Vulnerability{{
				CVE: "CVE-2026-99901", IDs: []advisories.Ident{{System: "Bugs", ID: "EX-1"}}, Title: said("fault"), About: said("about"), CWE: []string{"CWE-79", "CWE-20"},
				Products:   map[advisories.Status][]string{advisories.Affected: {"server", "system"}, advisories.NotAffected: {"both", "other"}},
				CVSS:       []advisories.Score{{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Products: []string{"server"}}},
				Exploited:  &advisories.Exploitation{Known: true, Since: day(1), Due: day(9), Ransomware: true, Source: "CISA KEV"},
				EPSS:       &advisories.EPSS{Score: 0.9, Percentile: 0.99, Date: day(2)},
				Flags:      []advisories.Flag{{Label: "component_not_present", Date: day(1), Products: []string{"both"}}},
				Threats:    []advisories.Threat{{Kind: "impact", Details: said("threat"), Date: day(1), Products: []string{"server"}}},
				Discovered: day(1), Released: day(2), References: refs("2"), Acknowledgements: acks("2"),
			}, {CVE: "CVE-2026-99902", CVSS: []advisories.Score{{Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}}}},
			Remedies:   []advisories.Remedy{{Kind: "vendor_fix", Details: said("fix"), Date: day(2), URL: "https://vendor.example/fix", Products: []string{"server"}, Vulnerabilities: []string{"CVE-2026-99901"}, Restart: "machine"}},
			Indicators: []advisories.Indicator{{Pattern: "[domain-name:value = 'evil.example']", Name: said("name"), Types: []string{"malicious-activity"}, From: day(1), Until: day(20)}},
		},
	}
}

// TestRecipientsStayHere: no document tells whom an advisory is for.
func TestRecipientsStayHere(t *testing.T) {
	p := everything(t)
	data, err := exported(t, p).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"bank", "organization--1", "person--1"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("%s is in the document", secret)
		}
	}
}
