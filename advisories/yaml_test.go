package advisories

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

const head = "class: alert\nrisk: low\ntlp: clear\ntitle: {}\ndescription: {}\n" // 5 lines

func TestReadYAMLSaysWhatIsWrongAndWhere(t *testing.T) {
	for _, c := range []struct {
		name, file, rule, path string
		line                   int
		says                   string // in message or remedy
	}{
		{"no YAML", "title: a: b\n", "yaml.syntax", "", 1, "quotes"},
		{"tab", "title:\n\ten: x\n", "yaml.syntax", "", 2, "spaces"},
		{"not UTF-8", head + "tags: [\xff]", "yaml.encoding", "", 0, "UTF-8"},
		{"too large", head + "# " + strings.Repeat("x", MaxFile), "yaml.size", "", 0, "1048576"},
		{"nothing", "", "yaml.empty", "", 0, "advisory new"},
		{"comments alone", "# nothing\n", "yaml.empty", "", 0, "advisory new"},
		{"two documents", head + "---\n" + head, "yaml.documents", "", 6, "file of its own"},
		{"a list", "- 1\n", "yaml.type", "", 1, "a list, and should be a group of keys"},
		{"alias", "class: &a alert\nrisk: low\ntlp: clear\ntitle: {}\ndescription: {}\n", "yaml.alias", "class", 1, "Write the value out"},
		{"tag", head + "tags: [!!binary YQ==]\n", "yaml.tag", "tags[0]", 6, "!!binary"},
		{"typo", head + "recomendation: {en: x}\n", "yaml.key.unknown", "recomendation", 6, `Did you mean "recommendation"?`},
		{"exchanged", head + "tgas: []\n", "yaml.key.unknown", "tgas", 6, `Did you mean "tags"?`},
		{"language", head + "impact:\n  zh_TW: x\n", "yaml.key.unknown", "impact.zh_TW", 7, `Did you mean "zh-Hant"?`},
		{"far off", head + "severity: high\n", "yaml.key.unknown", "severity", 6, "It may have class, risk"},
		{"merge", head + "<<: {tags: [a]}\n", "yaml.key.unknown", "<<", 6, "no \"<<\""},
		{"twice", head + "tags: []\nrisk: high\n", "yaml.key.duplicate", "risk", 7, "on line 2"},
		{"missing", "class: alert\nrisk: low\ntlp: clear\ntitle: {}\n", "yaml.key.missing", "description", 1, `lacks "description"`},
		{"missing inside", head + "products:\n  - id: a\n", "yaml.key.missing", "products[0].name", 7, "Add it"},
		{"number for text", head + "products:\n  - id: a\n    name: b\n    versions: 6.40\n", "yaml.type", "products[0].versions", 9, `"6.40"`},
		{"truth for text", head + "tags: [true]\n", "yaml.type", "tags[0]", 6, `"true"`},
		{"text for list", head + "tags: x\n", "yaml.type", "tags", 6, "- "},
		{"list for text", head + "tags: [[a]]\n", "yaml.type", "tags[0]", 6, "should be a text"},
		{"text for truth", head + "references: [{url: x, self: yes}]\n", "yaml.type", "references[0].self", 6, "true or false"},
		{"text for number", head + "vulnerabilities: [{epss: {score: a, percentile: 1}}]\n", "yaml.type", "vulnerabilities[0].epss.score", 6, "decimal"},
		{"infinite", head + "vulnerabilities: [{epss: {score: .inf, percentile: 1}}]\n", "yaml.type", "vulnerabilities[0].epss.score", 6, "decimal"},
		{"empty", head + "impact:\n", "yaml.type", "impact", 6, "take the key out"},
		{"word", head + "remedies: [{kind: vendorfix, details: {}}]\n", "yaml.value", "remedies[0].kind", 6, `Did you mean "vendor_fix"?`},
		{"capitals", strings.Replace(head, "low", "LOW", 1), "yaml.value", "risk", 2, `Did you mean "low"?`},
		{"status", head + "vulnerabilities: [{products: {affected: [a]}}]\n", "yaml.key.unknown", "vulnerabilities[0].products.affected", 6, "known_affected"},
		{"no date", head + "embargo: tomorrow\n", "yaml.date", "embargo", 6, "2026-11-23"},
		{"no such day", head + "embargo: 2026-02-30\n", "yaml.date", "embargo", 6, "2026-11-23"},
		{"no offset", head + "embargo: 2026-02-03T10:00:00\n", "yaml.date", "embargo", 6, "offset"},
		{"number for date", head + "embargo: 2026\n", "yaml.type", "embargo", 6, "a date"},
		{"key that is a list", head + "? [a]\n: b\n", "yaml.type", "", 6, "no plain word"},
	} {
		_, problems, err := ReadYAML([]byte(c.file))
		var e *Error
		if !errors.As(err, &e) || len(problems) == 0 || len(e.Problems) != len(problems) || (e.Code == TooLarge) != (c.rule == "yaml.size") {
			t.Errorf("%s: %v, %v", c.name, problems, err)
			continue
		}
		p := problems[0]
		if p.Rule != c.rule || p.Path != c.path || p.Line != c.line || !strings.Contains(p.Message+p.Remedy, c.says) || p.Message == "" || p.Remedy == "" || p.Warning {
			t.Errorf("%s: %+v", c.name, p)
		}
		if len(problems) > 1 && c.name != "alias" {
			t.Errorf("%s: further problems %+v", c.name, problems[1:])
		}
	}
}

// TestReadYAMLIsBounded has files that would keep a careless reader busy, or its
// lint.
func TestReadYAMLIsBounded(t *testing.T) {
	var keys strings.Builder
	for i := 0; keys.Len() < MaxFile-20; i++ {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
	}
	for name, file := range map[string]string{
		"deep":      strings.Repeat("[", MaxFile/2),
		"deep maps": strings.Repeat("{a: ", 9000),
		"indented":  strings.Repeat("- ", MaxFile/2),
		"questions": strings.Repeat("? ", MaxFile/2),
		"repeated":  strings.Repeat("x: 1\n", MaxFile/5),
		"unknown":   keys.String(),
		"laughs":    "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\ntags: *c\n",
		"anchors":   head + "tags: [" + strings.Repeat("&a a,", MaxFile/6) + "]",
		"lacking":   head + "products: [" + strings.Repeat("{},", MaxFile/4) + "]",
	} {
		_, problems, err := ReadYAML([]byte(file))
		if err == nil || len(problems) > maxFileProblems {
			t.Errorf("%s: %v, %d problems", name, err, len(problems))
		}
	}
	for name, file := range map[string]string{
		"wide":     head + "tags: [" + strings.Repeat("a,", MaxFile/4) + "a]\n",
		"long":     head + "tags: [\"" + strings.Repeat("\\n", MaxFile/4) + "\"]\n",
		"comments": head + "tags:\n" + strings.Repeat(" - a\n #\n", MaxFile/16),
		"crossed": head + "products: [" + strings.Repeat("{id: a, name: a},", 5000) + "]\nvulnerabilities: [" + strings.Repeat("{},", 1000) +
			"]\nremedies: [" + strings.Repeat("{kind: mitigation, details: {}, products: [b]},", 1000) + "]\n",
	} {
		a, problems, err := ReadYAML([]byte(file))
		if err != nil {
			t.Errorf("%s: %v, %v", name, err, problems)
		}
		if problems := Lint(a); len(problems) == 0 || len(problems) > maxProblems {
			t.Errorf("%s: lint finds %d problems", name, len(problems))
		}
	}
}

func TestTextsAsPeopleWriteThem(t *testing.T) {
	a, _, err := ReadYAML([]byte("class: alert\r\nrisk: low\r\ntlp: clear\r\ntitle:\r\n  en: |\r\n    One\r\n\r\n    - two\r\n\r\n  zh-Hans: 一\r\ndescription:\r\n  en: >\r\n    folded\r\n    text\r\n\"embargo\": 2026-11-23T09:00:00+08:00\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Advisory{
		Class: "alert", Risk: "low", TLP: "clear", Title: Texts{"en": "One\n\n- two", "zh-Hans": "一"}, Description: Texts{"en": "folded text"},
		Embargo: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC),
	}
	if !reflect.DeepEqual(a, want) {
		t.Errorf("%+v", a)
	}
}

func TestWriteYAMLIsReadable(t *testing.T) {
	a := Advisory{
		Class: HighThreat, Risk: RiskHigh, TLP: "clear",
		Title:       Texts{"zh-Hans": "标题", "en": "Title: with a colon", "zh-Hant": "標題"},
		Description: Texts{"en": "First.\n\n- item", "zh-Hant": strings.Repeat("保安漏洞，", 20)},
		Impact:      Texts{"en": ""},
		References:  []Reference{},
		Tags:        []string{"web", "remote-code-execution"},
		Products:    []Product{{ID: "no", Name: "Shop", Versions: "1.0", On: &Relation{Kind: "installed_on", Product: "a", To: "b"}}},
		Vulnerabilities: []Vulnerability{{
			CVE: "CVE-2026-99901", Products: map[Status][]string{Fixed: {"b"}, Affected: {"no"}, NotAffected: {}},
			EPSS: &EPSS{Score: 0.5, Percentile: 1, Date: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}, Exploited: &Exploitation{},
		}},
		Embargo: time.Date(2026, 11, 23, 9, 0, 0, 0, time.FixedZone("", 8*3600)),
	}
	const want = `class: high-threat
risk: high
tlp: clear
title:
  en: 'Title: with a colon'
  zh-Hant: 標題
  zh-Hans: 标题
description:
  en: |-
    First.

    - item
  zh-Hant: |-
    保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，保安漏洞，
tags: [web, remote-code-execution]
products:
  - id: "no"
    name: Shop
    versions: "1.0"
    "on":
      kind: installed_on
      product: a
      to: b
vulnerabilities:
  - cve: CVE-2026-99901
    products:
      fixed: [b]
      known_affected: ["no"]
    exploited:
      known: false
    epss:
      score: 0.5
      percentile: 1
      date: 2026-11-23
embargo: 2026-11-23T01:00:00Z
`
	got, err := WriteYAML(a)
	if err != nil || string(got) != want {
		t.Errorf("%v:\n%s", err, got)
	}
}

func TestWriteYAMLRefusesWhatNoFileCanHold(t *testing.T) {
	for name, a := range map[string]Advisory{
		"bytes": {Title: Texts{"en": "\xff"}}, "key": {Title: Texts{"\xff": "x"}},
		"year": {Embargo: time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"nan":  {Vulnerabilities: []Vulnerability{{EPSS: &EPSS{Score: math.NaN()}}}},
	} {
		if data, err := WriteYAML(a); err == nil {
			t.Errorf("%s: %s", name, data)
		}
	}
}

// TestWhatIsWrittenIsRead holds for records of any values.
func TestWhatIsWrittenIsRead(t *testing.T) {
	for seed := range uint64(500) {
		a := randomAdvisory(rand.New(rand.NewPCG(seed, 1)))
		data := roundTrip(t, a)
		if t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, data)
		}
	}
}

func roundTrip(t *testing.T, a Advisory) []byte {
	t.Helper()
	data, err := WriteYAML(a)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > MaxFile {
		return nil
	}
	b, problems, err := ReadYAML(data)
	if err != nil {
		t.Errorf("%v\n%+v", err, problems)
		return data
	}
	if want := tidy(reflect.ValueOf(a)).Interface(); !reflect.DeepEqual(b, want) {
		t.Errorf("read %+v\nwant %+v", b, want)
	}
	if changes := Diff(a, b); len(changes) > 0 {
		t.Errorf("the diff of one record is %+v", changes)
	}
	again, err := WriteYAML(b)
	if err != nil || string(again) != string(data) {
		t.Errorf("written again it is %s, %v", again, err)
	}
	return data
}

// tidy is a record as a file gives it back: nothing for what is empty, UTC.
func tidy(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	if when, ok := v.Interface().(time.Time); ok {
		if !when.IsZero() {
			out.Set(reflect.ValueOf(when.UTC()))
		}
		return out
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(tidy(v.Elem()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(tidy(v.Field(i)))
		}
	case reflect.Slice:
		for i := range v.Len() {
			out.Set(reflect.Append(out, tidy(v.Index(i))))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if item := tidy(v.MapIndex(key)); !isEmpty(item) {
				if out.IsNil() {
					out.Set(reflect.MakeMap(v.Type()))
				}
				out.SetMapIndex(key, item)
			}
		}
	default:
		out.Set(v)
	}
	return out
}

// awkward are texts that YAML could take for something else, or lose.
var awkward = []string{
	"", " ", "\n", "\n\n", "a\n", "\na", " a", "a ", "a\nb", "a\n\nb", " a\nb", "a\n b", "a \nb", "a\n\n", "\ta", "a\tb\nc", "true", "null", "~", "no", "on", "1", "1.0", "0x1f", "1e3", ".inf",
	"2026-11-23", "a: b", "a #b", "# a", "- a", "? a", "! a", "&a", "*a", "%a", "@a", "`a", "'", "\"", "''", "\\", "\\n", "|", ">", "{}", "[]", "{", "a,b", "---", "...", "<<", "a\r\nb", "\r", "\x00", "\x07", "\x7f", "\u0085", "\u00a0", "\u2028",
	"\u202e", "\ufeff", "\ufffd", "中文：保安漏洞", "中文\n\n- 保安漏洞", "😀", "👩‍💻\nx", "vers:generic/>=1|<2", strings.Repeat("long text ", 20) + "end", strings.Repeat("長", 200), "- a\n- b", "a:\nb", "# a\n# b", "---\na", "...\na", "a\n---\nb",
}

func randomAdvisory(r *rand.Rand) Advisory {
	var a Advisory
	randomValue(r, reflect.ValueOf(&a).Elem(), "", 0)
	return a
}

func randomValue(r *rand.Rand, v reflect.Value, field string, required int) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		if r.IntN(2) == 0 {
			when := time.Unix(r.Int64N(4e9), []int64{0, 0, 1, 5e8}[r.IntN(4)])
			if r.IntN(3) == 0 {
				when = when.UTC().Truncate(24 * time.Hour)
			}
			v.Set(reflect.ValueOf(when.In(time.FixedZone("", r.IntN(20)*3600))))
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if r.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			randomValue(r, v.Elem(), field, 0)
		}
	case reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			must := 0
			if f.required {
				must = 1
			}
			randomValue(r, v.Field(f.index), f.full, must)
		}
	case reflect.Slice:
		if n := r.IntN(4); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n-1, n-1))
			for i := range v.Len() {
				randomValue(r, v.Index(i), field, 1)
			}
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, word := range vocabulary("", v.Type().Key()) {
			if r.IntN(3) == 0 {
				item := reflect.New(v.Type().Elem()).Elem()
				randomValue(r, item, "", 0)
				v.SetMapIndex(reflect.ValueOf(word).Convert(v.Type().Key()), item)
			}
		}
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Float64:
		v.SetFloat([]float64{0, 1, 0.5, 1e-9, -3.25, 1e21, 1e22, 123456789, r.Float64(), math.SmallestNonzeroFloat64, math.MaxFloat64}[r.IntN(11)])
	case reflect.String:
		if words := vocabulary(field, v.Type()); words != nil {
			if required > 0 && !mayWait(field) || r.IntN(2) == 0 {
				v.SetString(words[r.IntN(len(words))])
			}
			return
		}
		for range r.IntN(3) {
			v.SetString(v.String() + awkward[r.IntN(len(awkward))])
		}
	}
}

func FuzzReadYAML(f *testing.F) {
	f.Add([]byte(head))
	f.Add(Template(time.Now()))
	for seed := range uint64(5) {
		data, err := WriteYAML(randomAdvisory(rand.New(rand.NewPCG(seed, 2))))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"class": "alert", "risk": "low", "tlp": "red", "title": {"en": "\ud83d\ude00\\\ud83d"}, "description": {}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, problems, err := ReadYAML(data)
		if (err == nil) != (len(problems) == 0) {
			t.Fatal(err, problems)
		}
		if err == nil {
			roundTrip(t, a)
			Lint(a)
		}
	})
}
