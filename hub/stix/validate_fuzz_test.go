package stix

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzValidate holds that whatever parses is judged, with a bounded number of
// problems that can be read, and always in the same way.
func FuzzValidate(f *testing.F) {
	full, minimal := examples()
	for _, set := range []map[string]string{full, minimal} {
		for name, own := range set {
			f.Add(fmt.Appendf(nil, `{"type": %q, "spec_version": "2.1", "id": "%s--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "created": "2016-04-06T20:03:48.000Z", "modified": "2016-04-06T20:03:48.000Z", %s}`, name, name, own))
		}
	}
	for _, text := range []string{
		`{"type": "x", "": {"": [{"": null}]}, "granular_markings": [{"selectors": ["[0]", "", "a.[9999999999999999999]"]}]}`,
		`{"type": "file", "id": "file--", "hashes": {"": "", "MD5": "\ud83d\ude00"}, "extensions": {"": {}, "extension-definition--": {"extension_type": []}}}`,
		`{"type": "location", "latitude": 1e999, "longitude": -0.0e-9, "confidence": 1E+2, "lang": "x"}`,
		`{"type": "bundle", "id": 1, "objects": [{"type": "bundle"}, [], {"type": "\u0000"}]}`,
		`{"type": "url", "value": "http://[::1%25]:99999/\u202e"}`,
		`{"type": "software", "cpe": "cpe:2.3::::::::::::", "languages": ["` + strings.Repeat("a-", 60) + `"]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p Parser
		v, err := p.Parse(data)
		if err != nil {
			return
		}
		problems := Validate(v)
		if len(problems) > MaxProblems {
			t.Fatalf("%d problems", len(problems))
		}
		warned := false
		for _, p := range problems {
			if !strings.HasPrefix(p.Clause, "STIX 2.1, ") || p.Message == "" || !utf8.ValidString(p.String()) || len(p.Message) > 2000 {
				t.Fatalf("%#v", p)
			}
			if p.Severity == SeverityError && warned {
				t.Fatal("an error behind a warning")
			}
			warned = p.Severity == SeverityWarning
		}
		if again := Validate(v); fmt.Sprint(again) != fmt.Sprint(problems) {
			t.Fatalf("%v, then %v", problems, again)
		}
		ValidateBundle(v)
	})
}

// TestManySelectors holds that selectors of long lists are given up and do not take
// their product.
func TestManySelectors(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"type": "tool", "labels": ["l"`)
	b.WriteString(strings.Repeat(`,"l"`, 100_000))
	b.WriteString(`], "granular_markings": [{"lang": "en", "selectors": ["labels.[100000]"`)
	b.WriteString(strings.Repeat(`,"labels.[100000]"`, 100_000))
	b.WriteString(`]}]}`)
	v, err := new(Parser).Parse([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	problems := Validate(v)
	mustFail(t, problems, "granular_markings[0].selectors[20]", "STIX 2.1, 7.2.3.1")
}

func BenchmarkValidate(b *testing.B) {
	text := `{"type": "indicator", "spec_version": "2.1", "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
		"created_by_ref": "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff", "created": "2016-04-06T20:03:48.000Z", "modified": "2016-04-06T20:03:48.000Z",
		"object_marking_refs": ["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"], "labels": ["phishing"],
		"indicator_types": ["malicious-activity"], "name": "Poison Ivy Malware", "description": "This file is part of Poison Ivy",
		"pattern": "[ file:hashes.'SHA-256' = '4bac27393bdd9777ce02453256c5577cd02275510b2227f473d03f533924f877' ]", "pattern_type": "stix", "valid_from": "2016-01-01T00:00:00Z"}`
	for name, text := range map[string]string{
		"indicator": text,
		"snort":     strings.Replace(text, `"stix"`, `"snort"`, 1),
		"ipv4-addr": `{"type": "ipv4-addr", "spec_version": "2.1", "id": "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4", "value": "198.51.100.3"}`,
	} {
		b.Run(name, func(b *testing.B) {
			v, err := new(Parser).Parse([]byte(text))
			if err != nil {
				b.Fatal(err)
			}
			if problems := Validate(v); len(problems) > 0 {
				b.Fatal(problems)
			}
			b.ReportAllocs()
			for b.Loop() {
				Validate(v)
			}
		})
	}
}
