package report_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

const schemaFile = "../../docs/schema/report-1.json"

// schema compiles the document's schema, or with a fragment a part of it.
func schema(t *testing.T, fragment string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(schemaFile + fragment)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, data []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// all is every report of the fixtures.
func all(t *testing.T) []*scanner.Report {
	t.Helper()
	return append([]*scanner.Report{shop(t), hostile(t), strange(t)}, states(t)...)
}

// strange is a stored report of a newer program: a rule that the catalogue does
// not know, and lists that are null.
func strange(t *testing.T) *scanner.Report {
	t.Helper()
	r := newReport(t, "newer.example.hk", of("web.future.rule", scanner.Failed(seen("https://newer.example.hk/", "something new"))))
	r.Families, r.First, r.Probes = nil, nil, nil
	return r
}

func TestJSONFitsItsSchema(t *testing.T) {
	whole, one := schema(t, ""), schema(t, "#/$defs/report")
	for _, lang := range append(rules.Langs(), "", "fr") {
		opts := options(t, lang)
		var b bytes.Buffer
		if err := report.JSON(&b, all(t), opts); err != nil {
			t.Fatal(err)
		}
		if err := validate(t, whole, b.Bytes()); err != nil {
			t.Errorf("lang %q: %v", lang, err)
		}
		for _, r := range all(t) {
			b.Reset()
			if err := report.JSONLine(&b, r, opts); err != nil {
				t.Fatal(err)
			}
			if strings.Count(b.String(), "\n") != 1 || !strings.HasSuffix(b.String(), "\n") {
				t.Errorf("%s is not one line", r.Target.Domain)
			}
			if err := validate(t, one, b.Bytes()); err != nil {
				t.Errorf("%s: %v", r.Target.Domain, err)
			}
		}
	}
	var b bytes.Buffer
	if err := report.JSON(&b, nil, options(t, rules.English)); err != nil {
		t.Fatal(err)
	}
	if err := validate(t, whole, b.Bytes()); err != nil {
		t.Errorf("no reports: %v\n%s", err, b.String())
	}
}

// TestSchemaRefuses shows that the schema says something.
func TestSchemaRefuses(t *testing.T) {
	var b bytes.Buffer
	if err := report.JSONLine(&b, shop(t), options(t, rules.English)); err != nil {
		t.Fatal(err)
	}
	good := b.String()
	one := schema(t, "#/$defs/report")
	for name, change := range map[string][2]string{
		"another version":         {`"version":1`, `"version":2`},
		"an unknown property":     {`"millis":3240`, `"millis":3240,"secret":1`},
		"no grade":                {`"grade":{"letter":"C"`, `"note":{"letter":"C"`},
		"a letter of its own":     {`"letter":"C"`, `"letter":"G"`},
		"a time of no standard":   {`2026-11-23T06:05:00Z`, `23 November 2026`},
		"a complete with reason":  {`"status":"complete"`, `"status":"complete","reason":{"kind":"timeout"}`},
		"an incomplete without":   {`"status":"complete"`, `"status":"incomplete"`},
		"an unknown without":      {`"outcome":"unknown"`, `"outcome":"pass"`},
		"unreachable but graded":  {`"status":"complete"`, `"status":"unreachable","reason":{"kind":"timeout"}`},
		"a failure of no kind":    {`"kind":"timeout"`, `"kind":"tired"`},
		"a severity out of order": {`"severity":"high"`, `"severity":"severe"`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Errorf("%s: nothing was changed", name)
		} else if validate(t, one, []byte(bad)) == nil {
			t.Errorf("%s is valid", name)
		}
	}
}

// TestJSONIsStillAReport: a program that stores reports reads our output back.
func TestJSONIsStillAReport(t *testing.T) {
	for _, r := range append(states(t), shop(t)) {
		var b bytes.Buffer
		if err := report.JSON(&b, []*scanner.Report{r}, options(t, rules.Traditional)); err != nil {
			t.Fatal(err)
		}
		var doc struct{ Reports []*scanner.Report }
		if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if r.Findings == nil {
			r.Findings = []scanner.Finding{}
		}
		if !reflect.DeepEqual(doc.Reports[0], r) {
			t.Errorf("%s came back as\n%+v, was\n%+v", r.Target.Domain, doc.Reports[0], r)
		}
	}
}

func TestJSONHasTheWordsOfItsLanguage(t *testing.T) {
	titles := map[string]bool{}
	for _, lang := range rules.Langs() {
		var b bytes.Buffer
		if err := report.JSONLine(&b, shop(t), options(t, lang)); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Lang     string
			Findings []struct {
				Rule, Outcome, Family, Severity, Title, Fix, Owner string
				Effort                                             int `json:"effort_minutes"`
				Remedies                                           []rules.Remedy
			}
		}
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got.Lang != string(lang) {
			t.Errorf("lang %s says it is %s", lang, got.Lang)
		}
		for _, f := range got.Findings {
			if f.Family == "" || f.Severity == "" || f.Title == "" {
				t.Errorf("%s: %+v", lang, f)
			}
			needsWork := f.Outcome == "fail" || f.Outcome == "warn"
			if needsWork != (f.Fix != "" && f.Owner != "" && f.Effort > 0) {
				t.Errorf("%s %s %s: fix %q, owner %q, effort %d", lang, f.Rule, f.Outcome, f.Fix, f.Owner, f.Effort)
			}
			if !needsWork && len(f.Remedies) > 0 {
				t.Errorf("%s %s passed and has remedies", lang, f.Rule)
			}
			if f.Rule == "mail.spf.missing" {
				titles[f.Title] = true
				if len(f.Remedies) != 1 || f.Remedies[0].For != rules.Record || f.Remedies[0].Snippet != `xn--fiqs8s.example.hk. 3600 IN TXT "v=spf1 mx -all"` {
					t.Errorf("%s: remedies %+v", lang, f.Remedies)
				}
			}
		}
	}
	if len(titles) != 3 {
		t.Errorf("titles %v", titles)
	}
}

func decode[T any](t *testing.T, s string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
