package csaf

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// TestImportReal imports documents that others published: what people read of one
// is there, and comes through a document of ours.
func TestImportReal(t *testing.T) {
	data := os.Getenv("INFOHUB_TESTDATA")
	if data == "" {
		t.Skip("not run: no folder with real documents in INFOHUB_TESTDATA")
	}
	files, err := filepath.Glob(filepath.Join(data, "csaf", "*.json"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d, problems, err := Parse(text)
		if err != nil || len(problems) > 0 {
			t.Errorf("%s: %v %v", filepath.Base(file), problems, err)
			continue
		}
		p, err := Import(d)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		a := &p.Advisory
		if a.Title[i18n.English] == "" || len(a.Products) == 0 || len(a.Vulnerabilities) != len(d.Vulnerabilities) || p.Tracking.Number() == 0 || p.Publisher.Name == "" {
			t.Errorf("%s: %+v %+v, %d products, %d vulnerabilities", filepath.Base(file), p.Tracking, p.Publisher, len(a.Products), len(a.Vulnerabilities))
		}
		for i := range a.Vulnerabilities {
			v := &a.Vulnerabilities[i]
			distinct := map[string]bool{} // one text for two groups of products is one remedy for both
			for _, r := range d.Vulnerabilities[i].Remediations {
				distinct[r.Category+r.Date+r.Details+r.URL] = true
			}
			if len(a.RemediesOf(v)) != len(distinct) {
				t.Errorf("%s: %s has %d remedies of %d", filepath.Base(file), v.Key(), len(a.RemediesOf(v)), len(distinct))
			}
		}
		kept := a.Description[i18n.English] + a.Affected[i18n.English] + a.Impact[i18n.English] + a.Recommendation[i18n.English]
		notesKept(t, filepath.Base(file), d.Document.Notes, kept)
		for i := range a.Vulnerabilities {
			notesKept(t, filepath.Base(file), d.Vulnerabilities[i].Notes, a.Vulnerabilities[i].About[i18n.English])
		}
		if a.TLP == "" {
			a.TLP = tlp.Clear
		}
		back, err := Import(exported(t, p))
		if err != nil {
			t.Fatal(err)
		}
		if want, got := normal(t, p), normal(t, back); want != got {
			t.Errorf("%s: %s", filepath.Base(file), firstDifference(want, got))
		}
	}
}

// notesKept: what a note says is said, unless it is a legal notice.
func notesKept(t *testing.T, file string, notes []Note, kept string) {
	t.Helper()
	for _, n := range notes {
		if n.Category == "legal_disclaimer" || strings.Contains(strings.ToLower(n.Title), "disclaimer") {
			continue
		}
		if text := strings.TrimSpace(advisories.PlainText(n.Text)); !strings.Contains(kept, text) {
			t.Errorf("%s: the note %q (%s) is lost: %.60q", file, n.Title, n.Category, text)
		}
	}
}

func TestVersionsOf(t *testing.T) {
	for _, c := range []struct {
		name    string
		isRange bool
		want    string
	}{
		{"6.4.2", false, "6.4.2"},
		{"vers:all/*", true, ""},
		{"vers:npm/*", true, ""},
		{"*", true, ""},
		{"All versions", true, ""},
		{"all", false, ""},
		{"<= 1.280", true, "vers:generic/<=1.280"},
		{"< 14.2.3", false, "vers:generic/<14.2.3"},
		{"vers:all/>=7.80<9.40", true, "vers:generic/>=7.80|<9.40"},
		{"vers:generic/>=2.9|<=4.1", true, "vers:generic/>=2.9|<=4.1"},
		{"<2.0|>=1.0", true, "vers:generic/>=1.0|<2.0"},
		{">= 1.0, < 2.0", true, "vers:generic/>=1.0|<2.0"},
		{"12.0|13.0|14.0", true, "vers:generic/12.0|13.0|14.0"},
		{"12.0|13.0", false, "12.0|13.0"},
		{"<V17 Update 7", true, "vers:generic/<V17%20Update%207"},
		{"vers:deb/<1%3A2.0", true, "vers:deb/<1:2.0"},
		{"1.0 to 2.0", true, "1.0 to 2.0"},
		{"<", true, "<"},
		{"vers:generic/", true, "vers:generic/"},
		{"==1", true, "==1"},
		{"1|1", true, "1|1"},
		{"", true, ""},
	} {
		in := &importer{constraints: maxConstraints}
		if got := in.versionsOf(c.name, c.isRange); got != c.want {
			t.Errorf("%q means %q, want %q", c.name, got, c.want)
		}
	}
	if got := (&importer{}).versionsOf("<2", true); got != "<2" {
		t.Errorf("beyond the bound: %q", got)
	}
}

// document is a document of somebody else's with parts replaced.
func document(t *testing.T, parts string) *Document {
	t.Helper()
	var d Document
	for _, text := range []string{`{"document": {"category": "csaf_base", "csaf_version": "2.0", "title": "T", "publisher": {"category": "vendor", "name": "V", "namespace": "https://v.example"},
		"tracking": {"id": "X-1", "initial_release_date": "2026-01-01T00:00:00Z", "current_release_date": "2026-01-02T00:00:00+08:00", "status": "final", "version": "1",
		"revision_history": [{"number": "1", "date": "2026-01-01T00:00:00Z", "summary": "S"}]}}}`, parts} {
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
	}
	return &d
}

func imported(t *testing.T, parts string) advisories.Publication {
	t.Helper()
	p, err := Import(document(t, parts))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestImportMarking(t *testing.T) {
	for _, c := range []struct {
		distribution string
		want         tlp.Marking
		everybody    bool
	}{
		{`{"tlp": {"label": "WHITE"}}`, tlp.Clear, true},
		{`{"tlp": {"label": "WHITE"}, "text": "Questions of TLP:RED are answered by mail."}`, tlp.Clear, true},
		{`{"tlp": {"label": "GREEN"}}`, tlp.Green, false},
		{`{"tlp": {"label": "AMBER"}}`, tlp.Amber, false},
		{`{"tlp": {"label": "AMBER"}, "text": "This is tlp:amber+strict."}`, tlp.AmberStrict, false},
		{`{"tlp": {"label": "RED"}}`, tlp.Red, false},
		{`{"text": "TLP:GREEN, and its annex TLP:AMBER"}`, tlp.Amber, false},
		{`{"text": "TLP:WHITE"}`, tlp.Clear, true},
		{`{"text": "Copyright 2026"}`, "", false},
	} {
		p := imported(t, `{"document": {"distribution": `+c.distribution+`}}`)
		if p.Advisory.TLP != c.want || tlp.May(tlp.Reader{}, p.Audience) != c.everybody {
			t.Errorf("%s is %q, everybody reads it: %v", c.distribution, p.Advisory.TLP, tlp.May(tlp.Reader{}, p.Audience))
		}
		if member := tlp.May(tlp.Reader{Member: true, Organisation: "o", Person: "p"}, p.Audience); member != (c.want == tlp.Clear || c.want == tlp.Green) {
			t.Errorf("%s: a member reads it: %v", c.distribution, member)
		}
	}
}

func TestImportLanguages(t *testing.T) {
	for tag, want := range map[string]i18n.Lang{
		"": "en", "en-US": "en", "EN": "en", "zh-TW": "zh-Hant", "zh-HK": "zh-Hant", "zh-Hant-HK": "zh-Hant", "zh": "zh-Hans", "zh-CN": "zh-Hans", "zh-Hans-HK": "zh-Hans", "de": "de",
	} {
		p := imported(t, `{"document": {"lang": "`+tag+`"}}`)
		if p.Advisory.Title[want] != "T" || len(p.Advisory.Title) != 1 {
			t.Errorf("%q: %v", tag, p.Advisory.Title)
		}
	}
}

func TestImportHistory(t *testing.T) {
	p := imported(t, `{"document": {"tracking": {"version": "1.1.0", "status": "interim", "revision_history": [
		{"number": "1.1.0", "date": "2026-01-03T00:00:00Z", "summary": "second"}, {"number": "1.0.0", "date": "2026-01-01T00:00:00Z", "summary": "first"}]}}}`)
	r := p.Tracking.Revisions
	if len(r) != 2 || r[0].Number != 1 || r[0].Legacy != "1.0.0" || r[1].Number != 2 || r[1].Legacy != "1.1.0" || r[1].Summary["en"] != "second" {
		t.Errorf("%+v", r)
	}
	if p.Tracking.State != advisories.Revised || !p.Tracking.Interim || p.Tracking.Number() != 2 {
		t.Errorf("%+v", p.Tracking)
	}
	if got := WriteDate(p.Tracking.Current); got != "2026-01-01T16:00:00Z" {
		t.Errorf("current is %s", got)
	}
}

func TestImportState(t *testing.T) {
	for category, want := range map[string]advisories.State{"csaf_vex": advisories.Published, "csaf_withdrawn": advisories.Withdrawn, "CSAF_Superseded": advisories.Superseded} {
		if p := imported(t, `{"document": {"category": "`+category+`"}}`); p.Tracking.State != want {
			t.Errorf("%s is %s", category, p.Tracking.State)
		}
	}
}

// TestImportStatus: what a document does not say of products is not made up.
func TestImportStatus(t *testing.T) {
	const tree = `"product_tree": {"full_product_names": [{"product_id": "a", "name": "A"}, {"product_id": "b", "name": "B"}], "product_groups": [{"group_id": "g", "product_ids": ["a", "b"]}]}`
	p := imported(t, `{`+tree+`, "vulnerabilities": [{"cve": "CVE-2026-0001"}]}`)
	a := &p.Advisory
	if got := a.StatusesOf(&a.Vulnerabilities[0]); len(got) != 1 || len(got[advisories.UnderInvestigation]) != 2 {
		t.Errorf("without product_status: %v", got)
	}
	p = imported(t, `{`+tree+`, "vulnerabilities": [
		{"cve": "CVE-2026-0001", "product_status": {"known_affected": ["b", "a"]}, "remediations": [{"category": "vendor_fix", "details": "D", "group_ids": ["g"]}, {"category": "workaround", "details": "W", "product_ids": ["a"]}]},
		{"cve": "CVE-2026-0002", "product_status": {"known_affected": ["b"], "fixed": ["a"]}, "remediations": [{"category": "vendor_fix", "details": "D", "product_ids": ["b"]}, {"category": "workaround", "details": "W", "product_ids": ["b"]}],
			"threats": [{"category": "impact", "details": "I", "group_ids": ["g"]}]}]}`)
	a = &p.Advisory
	if a.Vulnerabilities[0].Products != nil {
		t.Errorf("every product is affected: %v", a.Vulnerabilities[0].Products)
	}
	en := func(s string) advisories.Texts { return advisories.Texts{"en": s} }
	want := []advisories.Remedy{
		{Kind: "vendor_fix", Details: en("D")},
		{Kind: "workaround", Details: en("W"), Products: []string{"a"}, Vulnerabilities: []string{"CVE-2026-0001"}},
		{Kind: "workaround", Details: en("W"), Products: []string{"b"}, Vulnerabilities: []string{"CVE-2026-0002"}},
	}
	if !reflect.DeepEqual(a.Remedies, want) {
		t.Errorf("%+v", a.Remedies)
	}
	if got := a.Vulnerabilities[1].Threats[0].Products; len(got) != 2 {
		t.Errorf("a group is %v", got)
	}
}

// TestImportIsPlain: nothing of a document does harm where it is shown.
func TestImportIsPlain(t *testing.T) {
	p := imported(t, `{"document": {"title": "a\u0000b\u001b[31m\u202Ec\r\nd", "notes": [{"category": "description", "text": "<script>alert(1)</script>\u2066x\u0007"}],
		"references": [{"summary": "s", "url": "javascript:alert(1)"}, {"summary": "f", "url": "file:///etc/passwd"}, {"summary": "w", "url": "https://v.example/"}],
		"acknowledgments": [{"names": ["n\u0000"], "urls": ["data:text/html,x", "http://v.example"]}]},
		"vulnerabilities": [{"cve": "CVE-2026-0001", "remediations": [{"category": "vendor_fix", "details": "d", "url": "javascript:x", "product_ids": ["a"]}]}],
		"product_tree": {"branches": [{"category": "vendor", "name": "v\u0000\n", "branches": [{"category": "product_name", "name": "n", "product": {"product_id": "a\u0007", "name": "x"}}]}]}}`)
	if text := harmful(t, p); text != "" {
		t.Errorf("%q", text)
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"javascript:", "file:", "data:"} {
		if strings.Contains(string(data), bad) {
			t.Errorf("%s is in %s", bad, data)
		}
	}
	title := p.Advisory.Title["en"]
	if title != "ab[31mc d" || p.Advisory.Description["en"] != "<script>alert(1)</script>x" || p.Advisory.Products[0].Vendor != "v" {
		t.Errorf("%q %q %q", title, p.Advisory.Description, p.Advisory.Products[0].Vendor)
	}
}

// TestImportIsBounded: a short document does not become a long record.
func TestImportIsBounded(t *testing.T) {
	ids := make([]string, 2000)
	names := make([]string, len(ids))
	for i := range ids {
		ids[i] = strconv.Quote(strconv.Itoa(i))
		names[i] = `{"name": "n", "product_id": ` + ids[i] + `}`
	}
	tree := `"product_tree": {"full_product_names": [` + strings.Join(names, ",") + `], "product_groups": [{"group_id": "g", "product_ids": [` + strings.Join(ids, ",") + `]}]}`
	for name, vulnerability := range map[string]string{
		"groups":     `{"product_status": {"fixed": ["1"]}, "threats": [{"category": "impact", "details": "x", "group_ids": ["g"]}]}`,
		"not stated": `{"cve": "CVE-2026-0001"}`,
	} {
		many := strings.TrimSuffix(strings.Repeat(vulnerability+",", 501), ",")
		_, err := Import(document(t, `{`+tree+`, "vulnerabilities": [`+many+`]}`))
		if advisories.CodeOf(err) != advisories.TooLarge {
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
	for seed := range uint64(20) {
		d, err := exporter().Export(generate(seed))
		if err != nil {
			f.Fatal(err)
		}
		data, err := d.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, problems, err := Parse(data)
		if err != nil || len(problems) > 0 {
			return
		}
		p, err := Import(d)
		if err != nil {
			return
		}
		if text := harmful(t, p); text != "" {
			t.Errorf("%q", text)
		}
		if p.Advisory.TLP == "" {
			return
		}
		if _, err := Export(p); err != nil && len(p.Tracking.Revisions) > 0 && p.Advisory.TLP.ID() != "" {
			t.Errorf("what was imported is not exported: %v", err)
		}
	})
}
