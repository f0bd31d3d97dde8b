package advisories

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestDiff(t *testing.T) {
	const cve = "vulnerabilities[CVE-2026-99901]"
	for _, c := range []struct {
		name string
		do   func(*Advisory)
		want []Change
	}{
		{"nothing", func(*Advisory) {}, nil},
		{"nothing that a file tells", func(a *Advisory) {
			a.Supersedes, a.Vulnerabilities[0].Released = []string{}, a.Vulnerabilities[0].Released.In(time.FixedZone("", 3600))
			a.Vulnerabilities[0].About = Texts{"en": ""}
		}, nil},
		{"a text", func(a *Advisory) { a.Title["en"] = "New" }, []Change{{"title.en", "Attackers use a remote code execution vulnerability in PierCart", "New"}}},
		{"a language gone", func(a *Advisory) { a.Title = Texts{"en": a.Title["en"], "zh-Hans": a.Title["zh-Hans"]} }, []Change{{"title.zh-Hant", "PierCart 網店軟件的遠端執行程式碼漏洞正遭利用", ""}}},
		{"a product's versions", func(a *Advisory) { a.Products[2].Versions = "4.2.8" }, []Change{{"products[piercart-4.2.7].versions", "4.2.7", "4.2.8"}}},
		{"products in another order", func(a *Advisory) { a.Products[0], a.Products[1] = a.Products[1], a.Products[0] }, []Change{{"products", "piercart-4, piercart-3, piercart-4.2.7", "piercart-3, piercart-4, piercart-4.2.7"}}},
		{"a tag more, at the beginning", func(a *Advisory) { a.Tags = append([]string{"new"}, a.Tags...) }, []Change{{"tags[new]", "", "new"}}},
		{"a status", func(a *Advisory) {
			a.Vulnerabilities[0].Products = map[Status][]string{FirstFixed: {"piercart-4.2.7"}, Affected: {"piercart-4"}, NotAffected: {"piercart-3"}}
		}, []Change{{cve + ".products.known_affected[piercart-3]", "piercart-3", ""}, {cve + ".products.known_not_affected[piercart-3]", "", "piercart-3"}}},
		{"a score", func(a *Advisory) {
			a.Vulnerabilities[0].CVSS[0].Vector = "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
		}, []Change{{cve + ".cvss[3.1].vector", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}},
		{"exploitation gone", func(a *Advisory) { a.Vulnerabilities[0].Exploited = nil }, []Change{
			{cve + ".exploited.known", "true", ""}, {cve + ".exploited.since", "2026-11-20", ""}, {cve + ".exploited.source", "https://harbourlight.example/security/2026-07", ""},
		}},
		{"said to be not exploited", func(a *Advisory) { a.Vulnerabilities[0].Exploited = &Exploitation{} }, []Change{
			{cve + ".exploited.known", "true", "false"}, {cve + ".exploited.since", "2026-11-20", ""}, {cve + ".exploited.source", "https://harbourlight.example/security/2026-07", ""},
		}},
		{"a reference twice", func(a *Advisory) { a.References = append(a.References, Reference{URL: a.References[0].URL}) }, []Change{
			{"references[https://harbourlight.example/security/2026-07 (2)].url", "", "https://harbourlight.example/security/2026-07"},
		}},
		{"an embargo", func(a *Advisory) { a.Embargo = lintDay }, []Change{{"embargo", "", "2026-11-23T12:00:00Z"}}},
	} {
		old, new := sound(t), sound(t)
		c.do(&new)
		if got := Diff(old, new); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// TestDiffIsEmptyExactlyForOneRecord compares records of any values by their files.
func TestDiffIsEmptyExactlyForOneRecord(t *testing.T) {
	for seed := range uint64(500) {
		a := randomAdvisory(rand.New(rand.NewPCG(seed, 3)))
		b := randomAdvisory(rand.New(rand.NewPCG(seed, 3)))
		r := rand.New(rand.NewPCG(seed, 4))
		field := reflect.ValueOf(&b).Elem().Field(r.IntN(reflect.TypeFor[Advisory]().NumField()))
		field.SetZero()
		randomValue(r, field, "", 1)
		one, err := WriteYAML(a)
		other, err2 := WriteYAML(b)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if there, back := Diff(a, b), Diff(b, a); (len(there) == 0) != (string(one) == string(other)) || len(there) != len(back) {
			t.Fatalf("seed %d: %d changes there, %d back\n%+v\n%s\n%s", seed, len(there), len(back), there, one, other)
		}
	}
}

func TestDiffText(t *testing.T) {
	old := "one\ntwo\nthree\nfour\nfive\nsix\nseven\n\nnine"
	got := DiffText([]Change{
		{"description.en", old, strings.Replace(strings.Replace(old, "four", "4\n4b", 1), "nine", "nine\x1b[2J\u202e", 1)},
		{"tags[new]", "", "new"},
		{"impact.zh-Hans", "影响", ""},
	})
	const want = `description.en
  …
  two
  three
- four
+ 4
+ 4b
  five
  six
  seven

- nine
+ nine\u{001B}[2J\u{202E}

tags[new]
+ new

impact.zh-Hans
- 影响
`
	if got != want {
		t.Errorf("%s", got)
	}
	if got := DiffText(nil); got != "" {
		t.Errorf("%q", got)
	}
	long := strings.Repeat("x\n", 30_000)
	if got := DiffText([]Change{{"description.en", long, long + "y"}}); strings.Count(got, "\n") < 60_000 {
		t.Error("a text that is too long to be compared is not shown whole")
	}
}
