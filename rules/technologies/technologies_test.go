package technologies

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestTheTable(t *testing.T) {
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 200 {
		t.Errorf("%d technologies", len(all))
	}
	byID := map[string]*Technology{}
	for i := range all {
		byID[all[i].ID] = &all[i]
	}
	for _, tech := range all {
		implied := len(tech.Seen) > 0
		for _, other := range all {
			for _, id := range other.Implies {
				implied = implied || id == tech.ID
			}
		}
		if !implied {
			t.Errorf("%s: nothing shows it", tech.ID)
		}
		if tech.CPEName != "" && strings.Count(strings.ReplaceAll(tech.CPEName, `\:`, ""), ":") != 1 {
			t.Errorf("%s: cpe %q is not vendor:product", tech.ID, tech.CPEName)
		}
		if tech.PURLName != "" && !strings.Contains(tech.PURLName, "/") {
			t.Errorf("%s: purl %q is not type/name", tech.ID, tech.PURLName)
		}
	}
	for _, tt := range []struct{ id, version, cpe, purl string }{
		{"nginx", "1.18.0", "cpe:2.3:a:f5:nginx:1.18.0:*:*:*:*:*:*:*", "pkg:generic/nginx@1.18.0"},
		{"jquery", "", "cpe:2.3:a:jquery:jquery:*:*:*:*:*:*:*:*", "pkg:npm/jquery"},
		{"joomla", "4.2.7+x", `cpe:2.3:a:joomla:joomla\!:4.2.7\+x:*:*:*:*:*:*:*`, "pkg:github/joomla/joomla-cms@4.2.7%2Bx"},
		{"wix", "", "", ""},
	} {
		tech := byID[tt.id]
		if got := tech.CPE(tt.version); got != tt.cpe {
			t.Errorf("%s %s: cpe %s", tt.id, tt.version, got)
		}
		if got := tech.PURL(tt.version); got != tt.purl {
			t.Errorf("%s %s: purl %s", tt.id, tt.version, got)
		}
	}
}

func TestATableThatIsWrongIsRefused(t *testing.T) {
	for body, want := range map[string]string{
		"- {id: A, name: A, category: cms}":                                                            "letters",
		"- {id: a, name: A, category: toy}":                                                            "category",
		"- {id: a, name: A, category: cms}\n- {id: a, name: A, category: cms}":                         "twice",
		"- {id: a, name: A, category: cms, implies: [b]}":                                              "not in the table",
		"- {id: a, name: A, category: cms, colour: red}":                                               "colour",
		"- {id: a, name: A, category: cms, seen: [{in: body, has: 'abcd'}]}":                           "no place",
		"- {id: a, name: A, category: cms, seen: [{in: url, has: ab}]}":                                "three characters",
		"- {id: a, name: A, category: cms, seen: [{in: url, has: ABCD}]}":                              "lower case",
		"- {id: a, name: A, category: cms, seen: [{in: header}]}":                                      "name",
		"- {id: a, name: A, category: cms, seen: [{in: generator, match: '('}]}":                       "missing closing",
		"- {id: a, name: A, category: cms, seen: [{in: generator, match: '(a)(b)'}]}":                  "groups",
		"- {id: a, name: A, category: cms, seen: [{in: cookie, name: x, has: 'must be absent here'}]}": "no has",
	} {
		_, err := Parse(fstest.MapFS{"t.yaml": {Data: []byte("technologies:\n" + body)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", body, err, want)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, tt := range []string{
		"1.0 < 1.1", "1.9 < 1.10", "1.2 = 1.2.0", "1.0.2 < 1.0.2a", "1.0.2a < 1.0.2k", "1.0.2zz < 1.0.3", "2.0-rc1 < 2.0", "2.0-rc1 < 2.0-rc2",
		"2.4.7 < 2.4.7-p1", "2.4.7-p9 < 2.4.7-p10", "2.4.7-p1 < 2.4.8", "7.58 < 7.103", "01.2 = 1.2", "99999999999999999999 < 100000000000000000000", " = ",
	} {
		f := strings.Split(tt, " ")
		want := map[string]int{"<": -1, "=": 0}[f[1]]
		if got := Compare(f[0], f[2]); got != want {
			t.Errorf("%s: %d", tt, got)
		}
		if got := Compare(f[2], f[0]); got != -want {
			t.Errorf("%s, the other way: %d", tt, got)
		}
	}
}

func day(s string) time.Time { d, _ := time.Parse(time.DateOnly, s); return d }

func TestTheShippedCatalogue(t *testing.T) {
	c, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, tech := range all {
		known[tech.ID] = true
	}
	for id, l := range c.lives {
		if !known[id] {
			t.Errorf("the catalogue has %s, the table has not", id)
		}
		for _, x := range l.exploited {
			for _, with := range x.With {
				if !known[with] {
					t.Errorf("%s: with %s, which the table has not", x.CVE, with)
				}
			}
		}
	}
	for _, tt := range []struct{ id, version, cycle, ends string }{
		{"php", "7.4.33", "7.4", "2022-11-28"},
		{"php", "7", "7.4", "2022-11-28"}, // the last of the sevens
		{"php", "8", "8.5", "2029-12-31"},
		{"php", "9.0.1", "", ""},
		{"nginx", "1.18.0", "1.18", "2021-04-20"},
		{"nginx", "1.180.0", "", ""},
		{"drupal", "7", "7", "2025-01-05"},
		{"drupal", "7.98", "7", "2025-01-05"},
		{"joomla", "3.10.12", "3", "2023-08-17"},
		{"openssl", "1.0.2k", "1.0.2", "2019-12-31"},
		{"wordpress", "4.6.1", "4.6", "2025-07-31"},
		{"wordpress", "6.4.2", "", ""},
		{"jquery", "1.12.4", "1", "2016-06-09"},
		{"jquery", "3.7.1", "", ""},
		{"drupal", "10", "10", "2026-12-09"}, // what a site shows of it
		{"drupal", "10.4.9", "10.4", "2025-12-16"},
		{"drupal", "10.6.9", "10", "2026-12-09"},
		{"drupal", "11", "", ""}, // some of it is mended, no end is known
		{"drupal", "11.1.9", "11.1", "2025-12-16"},
		{"drupal", "11.4.0", "", ""},
		{"apache", "2", "", ""}, // 2.4 is mended
		{"apache", "2.4.62", "", ""},
		{"tomcat", "10", "", ""},
		{"nginx", "1.28.3", "1.28", "2026-04-14"},
		{"nothing", "1.0", "", ""},
	} {
		cycle, ok := c.Lifetime(tt.id, tt.version)
		if cycle.Cycle != tt.cycle || ok != (tt.cycle != "") || !cycle.Ends.Equal(day(tt.ends)) {
			t.Errorf("%s %s: %+v", tt.id, tt.version, cycle)
		}
	}
	for _, tt := range []struct{ id, version, cves string }{
		{"apache", "2.4.49", "CVE-2021-41773 fixed 2.4.50, CVE-2021-42013 fixed 2.4.51, CVE-2024-38475 fixed 2.4.60"},
		{"apache", "2.4.50", "CVE-2021-42013 fixed 2.4.51, CVE-2024-38475 fixed 2.4.60"},
		{"apache", "2.4.62", ""},
		{"apache", "2.4", ""}, // too short to tell
		{"apache", "2", ""},
		{"drupal", "7", ""},
		{"drupal", "7.57", "CVE-2018-7600 fixed 7.58, CVE-2018-7602 fixed 7.59, CVE-2020-13671 fixed 7.74"},
		{"drupal", "10", ""},
		{"drupal", "10.6.8", "CVE-2026-9082 fixed 10.6.9"},
		{"drupal", "11.4.0", ""},
		{"tomcat", "8.5.100", "CVE-2025-24813 fixed 9.0.99"},
		{"tomcat", "9.0.99", ""},
		{"thinkphp", "5.0.22", "CVE-2019-9082 fixed 5.0.23"},
		{"thinkphp", "5.1.31", ""},
		{"vbulletin", "5.5.1", "CVE-2019-16759 fixed 5.5.2"},
		{"vbulletin", "5.5.3", "CVE-2019-16759 fixed 5.5.5"},
		{"joomla", "4.2.7", "CVE-2023-23752 fixed 4.2.8"},
		{"joomla", "4.2", ""},
		{"joomla", "3.10.12", ""},
		{"openssl", "1.0.1f", "CVE-2014-0160 fixed 1.0.1g"},
		{"openssl", "1.0.1g", ""},
		{"magento", "2.4.6-p5", "CVE-2024-34102 fixed 2.4.6-p6"},
		{"magento", "2.4.6-p6", ""},
		{"duplicator", "1.3.26", "CVE-2020-11738 fixed 1.3.28"},
		{"wp-file-manager", "6.9", ""},
		{"wp-file-manager", "5.9", ""},
	} {
		var got []string
		for _, x := range c.Exploited(tt.id, tt.version) {
			got = append(got, fmt.Sprintf("%s fixed %s", x.CVE, x.FixedIn(tt.version)))
		}
		if strings.Join(got, ", ") != tt.cves {
			t.Errorf("%s %s: %s", tt.id, tt.version, strings.Join(got, ", "))
		}
	}
}

func TestACatalogueThatIsWrongIsRefused(t *testing.T) {
	const head = "date: \"2026-11-23\"\ntechnologies:\n"
	for _, tt := range []struct{ body, want string }{
		{"", "empty"},
		{"date: yesterday\ntechnologies: [{id: a}]", `line 1: date: "yesterday" is no day`},
		{"date: \"2026-11-23\"", "no technologies"},
		{"technologies: [{id: a}]", "line 1: date"},
		{head + "  - id: a\n  - id: a\n", "line 4: a: it stands twice"},
		{head + "  - source: https://example.com/\n", "line 3: : id is missing"},
		{head + "  - id: a\n    color: red\n", "line 4: field color not found"},
		{head + "  - id: a\n    source: https://example.com/\n    cycles:\n      - {cycle: \"1\", ends: soon}\n", `line 6: a: ends: "soon" is no day`},
		{head + "  - id: a\n    source: https://example.com/\n    cycles:\n      - {cycle: \"1\", ends: \"2020-01-01\"}\n      - {cycle: one, ends: \"2020-01-01\"}\n", `line 7: a: cycle: "one"`},
		{head + "  - id: a\n    source: https://example.com/\n    cycles:\n      - {cycle: \"1\", ends: \"2020-01-01\", elsewhere: \"2019-01-01\"}\n", "line 6: a: elsewhere is before ends"},
		{head + "  - id: a\n    source: https://example.com/\n    cycles:\n      - {cycle: \"1\", elsewhere: \"2019-01-01\"}\n", `line 6: a: ends: "" is no day`},
		{head + "  - id: a\n    cycles:\n      - {cycle: \"1\", ends: \"2020-01-01\"}\n", "line 3: a: source"},
		{head + "  - id: a\n    exploited:\n      - cve: CVE-1\n", `line 5: a: cve: "CVE-1"`},
		{head + "  - id: a\n    exploited:\n      - cve: CVE-2020-1234\n        source: https://example.com/\n", "line 5: a: CVE-2020-1234: affected is missing"},
		{head + "  - id: a\n    exploited:\n      - cve: CVE-2020-1234\n        source: javascript:alert(1)\n", "line 5: a: CVE-2020-1234: source"},
		{head + "  - id: a\n    exploited:\n      - cve: CVE-2020-1234\n        source: https://example.com/\n        affected: [{from: \"2\", below: \"1\"}]\n", `from "2" below "1" is no range`},
		{"{", "line 1"},
		{strings.Repeat(" ", maxCatalogue+1), "over 8 MiB"},
	} {
		_, err := ReadCatalogue(strings.NewReader(tt.body))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.80q: %v, want %q in it", tt.body, err, tt.want)
		}
	}
	if _, err := ReadCatalogue(strings.NewReader(head + "  - id: not-in-the-table\n")); err != nil {
		t.Errorf("a technology that the table does not have: %v", err)
	}
}

// FuzzReadCatalogue: a file is refused or can be asked; nothing panics.
func FuzzReadCatalogue(f *testing.F) {
	f.Add(string(shipped)[:600])
	f.Add("date: \"2026-11-23\"\ntechnologies: [{id: a, source: 'https://x.y/', cycles: [{cycle: '1', ends: '2020-01-01'}], exploited: [{cve: CVE-2020-1234, source: 'https://x.y/', affected: [{below: '2'}]}]}]")
	f.Fuzz(func(t *testing.T, body string) {
		c, err := ReadCatalogue(strings.NewReader(body))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "technology catalogue: ") {
				t.Fatalf("%v does not say what it is about", err)
			}
			return
		}
		for id := range c.lives {
			for _, version := range []string{"", "1", "1.0.2k", body} {
				c.Lifetime(id, version)
				for _, x := range c.Exploited(id, version) {
					if x.FixedIn(version) == "" {
						t.Fatalf("%s %s: %+v", id, version, x)
					}
				}
			}
		}
	})
}

// FuzzCompare: an order of any strings, the same from both sides.
func FuzzCompare(f *testing.F) {
	f.Add("1.0.2k", "1.0.2-p1")
	f.Add("..", "-p")
	f.Fuzz(func(t *testing.T, a, b string) {
		if Compare(a, b) != -Compare(b, a) || Compare(a, a) != 0 {
			t.Fatalf("%q and %q: %d, %d", a, b, Compare(a, b), Compare(b, a))
		}
	})
}
