package csaf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
)

func TestParseRefuses(t *testing.T) {
	deep := func(n int) string { return `{"document":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	tests := []struct {
		name, data string
		code       advisories.Code
	}{
		{"nothing", "", advisories.Invalid},
		{"half", `{"document": {`, advisories.Invalid},
		{"half a list", `{"document": [1`, advisories.Invalid},
		{"no comma", `{"a": [1 2]}`, advisories.Invalid},
		{"two documents", `{} {}`, advisories.Invalid},
		{"a list", `[]`, advisories.Invalid},
		{"a text", `"csaf"`, advisories.Invalid},
		{"HTML", `<html></html>`, advisories.Invalid},
		{"not UTF-8", "{\"document\": \"\xff\"}", advisories.Invalid},
		{"a byte order mark", "\ufeff{}", advisories.Invalid},
		{"a member twice", `{"document": {"title": "a", "title": "b"}}`, advisories.Invalid},
		{"a member twice, escaped", `{"document": {"title": "a", "t\u0069tle": "b"}}`, advisories.Invalid},
		{"a number out of range", `{"document": 1e999999999}`, advisories.Invalid},
		{"deep", deep(64), advisories.TooLarge},
		{"very deep", deep(1_000_000), advisories.TooLarge},
		{"long", `{"document": "` + strings.Repeat("a", maxBytes) + `"}`, advisories.TooLarge},
		{"many values", `[` + strings.Repeat("0,", maxValues) + `0]`, advisories.TooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := Parse([]byte(test.data))
			if e, ok := errors.AsType[*advisories.Error](err); !ok || e.Code != test.code || len(e.Message) > 300 {
				t.Errorf("error %.300v, want the code %s", err, test.code)
			}
		})
	}
}

// TestParseSchema looks at what people are told of the schema.
func TestParseSchema(t *testing.T) {
	tests := []struct {
		set          map[string]any
		path, remedy string // of the one problem; the remedy has these words
	}{
		{map[string]any{"document.title": nil}, "document", "add what is missing"},
		{map[string]any{"document.title": ""}, "document.title", "write a text"},
		{map[string]any{"document.title": 7}, "document.title", "of the type"},
		{map[string]any{"document.tracking.status": "done"}, "document.tracking.status", "one of these"},
		{map[string]any{"document.tracking.version": "v2"}, "document.tracking.version", "semantic version"},
		{map[string]any{"document.tracking.current_release_date": "2026-11-23"}, "document.tracking.current_release_date", "RFC 3339"},
		{map[string]any{"document.lang": "en_GB"}, "document.lang", "BCP 47"},
		{map[string]any{"document.references[0].url": "example"}, "document.references[0].url", "complete address"},
		{map[string]any{"document.notes": []any{}}, "document.notes", "not empty"},
		{map[string]any{"vulnerabilities[0].cve": "CVE-1"}, "vulnerabilities[0].cve", "form"},
		{map[string]any{"vulnerabilities[0].scores[0].cvss_v3.baseScore": "6.1"}, "vulnerabilities[0].scores[0].cvss_v3", "6.1.8"},
		{map[string]any{"vulnerabilities[0].product_status.fixed[1]": "GATE-4.2"}, "vulnerabilities[0].product_status.fixed", ""},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.set), func(t *testing.T) {
			_, problems, err := Parse(testCase{Set: test.set}.document(t))
			if err != nil || len(problems) != 1 {
				t.Fatalf("%+v %v, want one problem", problems, err)
			}
			if p := problems[0]; p.Rule != SchemaRule || p.Path != test.path || !strings.Contains(p.Remedy, test.remedy) || p.Message == "" {
				t.Errorf("%+v, want %q at %q", p, test.remedy, test.path)
			}
		})
	}
}

// TestParseExactNames: a member in another spelling does not stand for one of the
// document's, as the schema sees it.
func TestParseExactNames(t *testing.T) {
	d, problems, err := Parse(testCase{Set: map[string]any{"document.Title": "another", "Vulnerabilities": []any{7}}}.document(t))
	if err != nil || len(problems) != 2 || !strings.Contains(problems[0].Remedy, "take it out") {
		t.Fatal(problems, err)
	}
	if d.Document.Title != "Gate takes scripts from strangers" || len(d.Vulnerabilities) != 1 {
		t.Errorf("title %q and %d vulnerabilities: those of the other members", d.Document.Title, len(d.Vulnerabilities))
	}
}

// TestParseKeeps: what is read is what was written.
func TestParseKeeps(t *testing.T) {
	documents := realDocuments(t)
	documents["base"] = testCase{}.document(t)
	for name, data := range documents {
		d, _, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if want := canonical(t, data); !bytes.Equal(canonical(t, again), want) {
			t.Errorf("%s: reads as %s, want %s", name, again, want)
		}
	}
}

func canonical(t *testing.T, data []byte) []byte {
	var root any
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestManyProblems(t *testing.T) {
	var vulnerabilities []any
	for range 5000 {
		vulnerabilities = append(vulnerabilities, map[string]any{"cve": "CVE", "title": "", "flags": []any{map[string]any{"label": "why"}}})
	}
	_, problems, err := Check(testCase{Set: map[string]any{"vulnerabilities": vulnerabilities}}.document(t))
	count := map[string]int{}
	for _, p := range problems {
		count[p.Rule]++
	}
	for rule, n := range count {
		if n > maxProblems+1 {
			t.Errorf("%d problems of %s, want %d and a word that there are more", n, rule, maxProblems)
		}
	}
	if err != nil || count[SchemaRule] != maxProblems+1 || count["csaf.6.1.32"] != maxProblems+1 {
		t.Errorf("%v %v", count, err)
	}
}

func TestFileName(t *testing.T) {
	for id, want := range map[string]string{
		"A26-11-01":                  "a26-11-01.json",
		"Example Company - 2019-YH3": "example_company_-_2019-yh3.json",
		"RHBA-2019:0024":             "rhba-2019_0024.json",
		"2022 #01-A":                 "2022_01-a.json",
		"../../etc/passwd":           "_etc_passwd.json",
		"香港":                         "_.json",
	} {
		if got := FileName(id); got != want {
			t.Errorf("FileName(%q) = %q, want %q", id, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	for s, want := range map[string]string{
		"2026-11-23T10:00:00Z":          "2026-11-23T10:00:00Z",
		"2026-11-23t18:00:00.500+08:00": "2026-11-23T10:00:00.5Z",
		"2016-12-31T23:59:60Z":          "2016-12-31T23:59:59Z",
	} {
		got, err := ReadDate(s)
		if err != nil || WriteDate(got) != want {
			t.Errorf("%s reads as %v %v, want %s", s, got, err, want)
		}
	}
	for _, s := range []string{"", "2026-11-23", "2026-11-23T10:00:00", "2026-02-30T10:00:00Z", "2026-11-23T10:00:60"} {
		if got, err := ReadDate(s); err == nil {
			t.Errorf("%q reads as %v, want an error", s, got)
		}
	}
}
