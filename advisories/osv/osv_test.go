package osv

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

func en(s string) advisories.Texts { return advisories.Texts{"en": s, "zh-Hant": s + " 繁"} }

// publication is one with a vulnerability of these products.
func publication(products ...advisories.Product) advisories.Publication {
	day := time.Date(2026, 11, 4, 8, 30, 0, 0, time.UTC)
	for i := range products {
		products[i].ID, products[i].Name = "p"+strconv.Itoa(i+1), "P"
	}
	return advisories.Publication{
		Tracking: advisories.Tracking{
			ID: "A26-11-04", Initial: day, Current: day.Add(time.Hour), State: advisories.Published, URL: "https://govcert.example/a",
			Revisions: []advisories.Revision{{Number: 1, Date: day}},
		},
		Publisher: advisories.Publisher{Name: "GovCERT example", Namespace: "https://govcert.example", Category: "coordinator"},
		Advisory: advisories.Advisory{
			TLP: tlp.Clear, Title: en("title"), Description: en("description"), Products: products,
			References:       []advisories.Reference{{URL: "https://vendor.example/一"}},
			Acknowledgements: []advisories.Acknowledgement{{Names: []string{"Chan"}, Organisation: "Laboratory", URLs: []string{"https://lab.example/"}}},
			Vulnerabilities: []advisories.Vulnerability{{
				CVE: "CVE-2026-99901", IDs: []advisories.Ident{{System: "Bugs", ID: "EX-1"}}, CWE: []string{"CWE-79"},
				CVSS: []advisories.Score{{Vector: "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, {Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, {Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}},
			}},
			Remedies: []advisories.Remedy{{Kind: "vendor_fix", Details: en("fix"), URL: "https://vendor.example/fix"}},
		},
	}
}

// exported are the records of a publication, which are right by the schema.
func exported(t *testing.T, p advisories.Publication) []Record {
	t.Helper()
	records, err := Export(p)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("osv.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("osv.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", data, err)
		}
	}
	return records
}

func TestExportPackages(t *testing.T) {
	for _, c := range []struct{ purl, versions, want string }{
		{"pkg:npm/%40example/cart", "vers:npm/>=1.0.0|<2.3.1", `{"package":{"ecosystem":"npm","name":"@example/cart","purl":"pkg:npm/%40example/cart"},"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"2.3.1"}]}],"database_specific":{"vers":"vers:npm/>=1.0.0|<2.3.1"}}`},
		{"pkg:npm/cart", "vers:npm/<1.0|>=2.0.0|<=2.3.1|>3.0.0", `{"package":{"ecosystem":"npm","name":"cart","purl":"pkg:npm/cart"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.0"}]},{"type":"SEMVER","events":[{"introduced":"2.0.0"},{"last_affected":"2.3.1"}]},{"type":"SEMVER","events":[{"introduced":"3.0.0"}]}],"database_specific":{"vers":"vers:npm/<1.0|>=2.0.0|<=2.3.1|>3.0.0"}}`},
		{"pkg:deb/debian/openssl?distro=debian-12", "vers:deb/<3.0.11-1~deb12u2", `{"package":{"ecosystem":"Debian:12","name":"openssl","purl":"pkg:deb/debian/openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"3.0.11-1~deb12u2"}]}],"database_specific":{"vers":"vers:deb/<3.0.11-1~deb12u2"}}`},
		{"pkg:apk/alpine/curl?distro=alpine-3.20", "", `{"package":{"ecosystem":"Alpine:v3.20","name":"curl","purl":"pkg:apk/alpine/curl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}`},
		{"pkg:maven/org.example/core@1.2", "", `{"package":{"ecosystem":"Maven","name":"org.example:core","purl":"pkg:maven/org.example/core"},"versions":["1.2"]}`},
		{"pkg:pypi/cart", "1.2", `{"package":{"ecosystem":"PyPI","name":"cart","purl":"pkg:pypi/cart"},"versions":["1.2"]}`},
		{"pkg:pypi/cart", "vers:pypi/1.2|1.3", `{"package":{"ecosystem":"PyPI","name":"cart","purl":"pkg:pypi/cart"},"versions":["1.2","1.3"],"database_specific":{"vers":"vers:pypi/1.2|1.3"}}`},
		{"pkg:golang/example.com/a/b", "vers:golang/*", `{"package":{"ecosystem":"Go","name":"example.com/a/b","purl":"pkg:golang/example.com/a/b"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],"database_specific":{"vers":"vers:golang/*"}}`},
		{"pkg:golang/example.com/a", "vers:golang/!=1.0.0", `{"package":{"ecosystem":"Go","name":"example.com/a","purl":"pkg:golang/example.com/a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],"database_specific":{"vers":"vers:golang/!=1.0.0"}}`},
		{"pkg:docker/example/image", "1", ""},
		{"pkg:deb/raspbian/openssl", "1", ""},
		{"", "1", ""},
	} {
		records := exported(t, publication(advisories.Product{PURL: c.purl, Versions: c.versions}))
		got := ""
		if len(records) > 0 {
			data, err := json.Marshal(records[0].Affected[0])
			if err != nil {
				t.Fatal(err)
			}
			got = strings.NewReplacer(`\u003e`, ">", `\u003c`, "<").Replace(string(data))
		}
		if got != c.want {
			t.Errorf("%s %s:\n%s, want\n%s", c.purl, c.versions, got, c.want)
		}
	}
}

func TestExport(t *testing.T) {
	p := publication(advisories.Product{PURL: "pkg:npm/a"}, advisories.Product{PURL: "pkg:npm/b"}, advisories.Product{PURL: "pkg:npm/c"})
	v := &p.Advisory.Vulnerabilities[0]
	v.Products = map[advisories.Status][]string{advisories.Affected: {"p1"}, advisories.LastAffected: {"p2"}, advisories.Fixed: {"p3"}}
	r := exported(t, p)[0]
	if r.ID != "CVE-2026-99901" || !slices.Equal(r.Aliases, []string{"EX-1"}) || r.Summary != "title" || r.Details != "description" || len(r.Affected) != 2 ||
		r.Modified != "2026-11-04T09:30:00Z" || r.Published != "2026-11-04T08:30:00Z" || r.Withdrawn != "" {
		t.Errorf("%+v", r)
	}
	if len(r.Severity) != 2 || !strings.HasPrefix(r.Severity[0].Score, "CVSS:3.1/") || r.Severity[1].Type != "CVSS_V4" {
		t.Errorf("%+v", r.Severity)
	}
	if want := []Reference{{"ADVISORY", "https://govcert.example/a"}, {"FIX", "https://vendor.example/fix"}, {"WEB", "https://vendor.example/%E4%B8%80"}}; !slices.Equal(r.References, want) {
		t.Errorf("%+v", r.References)
	}
	if len(r.Credits) != 2 || r.Credits[1].Name != "Laboratory" {
		t.Errorf("%+v", r.Credits)
	}
	if want := `{"advisory":"A26-11-04","revision":1,"publisher":"GovCERT example","tlp":"TLP:CLEAR","cwe_ids":["CWE-79"]}`; string(r.Database) != want {
		t.Errorf("%s", r.Database)
	}

	v.CVSS[1].Products = []string{"p2"}
	p.Tracking.State = advisories.Withdrawn
	r = exported(t, p)[0]
	if r.Severity != nil || !strings.HasPrefix(r.Affected[0].Severity[0].Score, "CVSS:3.0/") || !strings.HasPrefix(r.Affected[1].Severity[0].Score, "CVSS:3.1/") || r.Withdrawn == "" {
		t.Errorf("%+v", r)
	}

	v.CVE = ""
	if records := exported(t, p); len(records) != 0 {
		t.Errorf("a vulnerability without a name that OSV takes: %+v", records)
	}
	v.IDs = append(v.IDs, advisories.Ident{System: "GitHub", ID: "GHSA-aaaa-bbbb-cccc"})
	if r := exported(t, p)[0]; r.ID != "GHSA-aaaa-bbbb-cccc" || !slices.Equal(r.Aliases, []string{"EX-1"}) {
		t.Errorf("%+v", r)
	}
}

// TestThereAndBack: what is exported says the same when it is imported.
func TestThereAndBack(t *testing.T) {
	p := publication(
		advisories.Product{PURL: "pkg:npm/%40example/cart", Versions: "vers:npm/>=1.0.0|<2.3.1"}, advisories.Product{PURL: "pkg:pypi/cart", Versions: "vers:pypi/1.2|1.3"},
		advisories.Product{PURL: "pkg:golang/example.com/a/b"}, advisories.Product{PURL: "pkg:maven/org.example/core", Versions: "7"},
	)
	data, err := json.Marshal(exported(t, p)[0])
	if err != nil {
		t.Fatal(err)
	}
	back, err := Import(data)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range back.Advisory.Products {
		if want := p.Advisory.Products[i]; got.PURL != want.PURL || got.Versions != want.Versions {
			t.Errorf("%+v became %+v", want, got)
		}
	}
	v := back.Advisory.Vulnerabilities[0]
	if v.CVE != "CVE-2026-99901" || v.Products != nil || !slices.Equal(v.CWE, []string{"CWE-79"}) || len(v.CVSS) != 2 || v.IDs[0].ID != "EX-1" {
		t.Errorf("%+v", v)
	}
}

func TestImport(t *testing.T) {
	const record = `{"id": "GHSA-aaaa-bbbb-cccc", "modified": "2026-11-05T00:00:00.5Z", "published": "2026-11-04T00:00:00Z", "withdrawn": "2026-11-06T00:00:00Z", "aliases": ["CVE-2026-99901", "PYSEC-2026-1"],
		"summary": "A <b>fault</b>\n", "details": "# Text\u0000", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, {"type": "Ubuntu", "score": "high"}],
		"references": [{"type": "WEB", "url": "javascript:alert(1)"}, {"type": "WEB", "url": "https://v.example/"}], "credits": [{"name": "Chan"}], "database_specific": {"cwe_ids": ["CWE-79", "x"]},
		"affected": [
			{"package": {"ecosystem": "PyPI", "name": "cart"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "2.3"}, {"introduced": "2.0"}, {"introduced": "0"}, {"fixed": "1.5"}]}, {"type": "GIT", "repo": "https://v.example/r", "events": [{"introduced": "0"}]}], "versions": ["1.0", "2.1", "3.0"]},
			{"package": {"ecosystem": "Debian:12", "name": "cart"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]},
			{"package": {"ecosystem": "Made Up", "name": "cart"}, "versions": ["1"]},
			{"ranges": [{"type": "GIT", "repo": "https://v.example/r", "events": [{"introduced": "0"}, {"fixed": "abcdef"}]}]}]}`
	p, err := Import([]byte(record))
	if err != nil {
		t.Fatal(err)
	}
	a := p.Advisory
	if p.Tracking.ID != "GHSA-aaaa-bbbb-cccc" || p.Tracking.State != advisories.Withdrawn || !p.Tracking.Initial.Before(p.Tracking.Current) || p.Publisher.Namespace != "https://osv.dev" || a.TLP != "" {
		t.Errorf("%+v", p.Tracking)
	}
	if a.Title["en"] != "A <b>fault</b>" || a.Description["en"] != "# Text" || len(a.References) != 1 || a.Acknowledgements[0].Names[0] != "Chan" {
		t.Errorf("%+v", a)
	}
	want := []advisories.Product{
		{ID: "p1", Name: "cart", PURL: "pkg:pypi/cart", Versions: "vers:pypi/<1.5|>=2.0|<2.3"},
		{ID: "p2", Name: "cart", PURL: "pkg:pypi/cart", Versions: "3.0"},
		{ID: "p3", Name: "cart", Vendor: "Debian", PURL: "pkg:deb/debian/cart?distro=debian-12"},
		{ID: "p4", Name: "cart", Versions: "1"},
		{ID: "p5", Name: "https://v.example/r"},
	}
	if !reflect.DeepEqual(a.Products, want) {
		t.Errorf("%+v", a.Products)
	}
	v := a.Vulnerabilities[0]
	if v.CVE != "CVE-2026-99901" || len(v.IDs) != 2 || v.IDs[1] != (advisories.Ident{System: "PYSEC", ID: "PYSEC-2026-1"}) || len(v.CVSS) != 1 || !slices.Equal(v.CWE, []string{"CWE-79"}) {
		t.Errorf("%+v", v)
	}
	if statuses := a.StatusesOf(&v); !slices.Equal(statuses[advisories.UnderInvestigation], []string{"p5"}) || len(statuses[advisories.Affected]) != 4 {
		t.Errorf("%v", statuses)
	}
}

func TestImportRefused(t *testing.T) {
	many := func(s string, n int) string { return "[" + strings.TrimSuffix(strings.Repeat(s+",", n), ",") + "]" }
	cves := make([]string, 900)
	for i := range cves {
		cves[i] = `"CVE-2026-` + strconv.Itoa(10000+i) + `"`
	}
	for name, c := range map[string]struct {
		text string
		code advisories.Code
	}{
		"no JSON":       {`{`, advisories.Invalid},
		"another":       {`{"document": {}}`, advisories.Invalid},
		"a list":        {`[]`, advisories.Invalid},
		"no time":       {`{"id": "GHSA-1", "modified": "yesterday"}`, advisories.Invalid},
		"a wrong type":  {`{"id": "GHSA-1", "modified": "2026-11-05T00:00:00Z", "affected": {}}`, advisories.Invalid},
		"too long":      {strings.Repeat(" ", MaxSize+1), advisories.TooLarge},
		"many aliases":  {`{"id": "GHSA-1", "modified": "2026-11-05T00:00:00Z", "aliases": ` + many(`"x"`, maxNames+1) + `}`, advisories.TooLarge},
		"many packages": {`{"id": "GHSA-1", "modified": "2026-11-05T00:00:00Z", "affected": ` + many(`{}`, maxAffected+1) + `}`, advisories.TooLarge},
		"many versions": {`{"id": "GHSA-1", "modified": "2026-11-05T00:00:00Z", "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": ` + many(`"1"`, maxVersions+1) + `}]}`, advisories.TooLarge},
		"many of both":  {`{"id": "GHSA-1", "modified": "2026-11-05T00:00:00Z", "aliases": [` + strings.Join(cves, ",") + `], "affected": ` + many(`{"package": {"ecosystem": "npm", "name": "a"}}`, 1000) + `}`, advisories.TooLarge},
	} {
		if _, err := Import([]byte(c.text)); advisories.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// harmful is the first text in a publication with a character that does harm where
// it is shown, "" for none.
func harmful(t *testing.T, p advisories.Publication) string {
	t.Helper()
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	var find func(v any) string
	find = func(v any) string {
		switch v := v.(type) {
		case string:
			if advisories.PlainText(v) != v {
				return v
			}
		case []any:
			for _, element := range v {
				if found := find(element); found != "" {
					return found
				}
			}
		case map[string]any:
			for name, member := range v {
				if found := find(name); found != "" {
					return found
				}
				if found := find(member); found != "" {
					return found
				}
			}
		}
		return ""
	}
	return find(tree)
}

func FuzzImport(f *testing.F) {
	records, err := Export(publication(advisories.Product{PURL: "pkg:npm/a", Versions: "vers:npm/<2"}))
	if err != nil {
		f.Fatal(err)
	}
	data, err := json.Marshal(records[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"id": "GHSA-1", "modified": "2026-11-05T00:00:00Z", "affected": [{"package": {"ecosystem": "Maven", "name": "a:b"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"last_affected": "1"}]}], "versions": ["1", "2"]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Import(data)
		if err != nil {
			if advisories.CodeOf(err) == "" {
				t.Errorf("not for whoever asked: %v", err)
			}
			return
		}
		if text := harmful(t, p); text != "" {
			t.Errorf("%q", text)
		}
		if _, err := Export(p); err != nil {
			t.Error(err)
		}
	})
}
