package advisories

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// lintDay is after the dates of the examples.
var lintDay = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// sound is an advisory without fault, to put faults into.
func sound(t *testing.T) Advisory {
	t.Helper()
	data, err := os.ReadFile("../docs/examples/high-threat.yaml")
	if err != nil {
		t.Fatal(err)
	}
	a, _, err := ReadYAML(data)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func all(text string) Texts {
	return Texts{"en": text, "zh-Hant": "中：" + text, "zh-Hans": "中：" + text}
}

func date(day string) time.Time {
	t, _ := time.Parse(time.DateOnly, day)
	return t
}

// slips has at least one fault for each rule: what is done to a sound advisory,
// where lint finds it, and a word of what it says.
func slips() []slip {
	const loop = "products[3].on"
	return []slip{
		{"acknowledgement.empty", func(a *Advisory) { a.Acknowledgements = []Acknowledgement{{}} }, "acknowledgements[0]", "nobody"},
		{"cpe.syntax", func(a *Advisory) { a.Products[0].CPE = "cpe:2.3:a:vendor:product" }, "products[0].cpe", "eleven parts"},
		{"cpe.syntax", func(a *Advisory) { a.Products[0].CPE = "cpe:2.3:a:ven dor:product:1.0:*:*:*:*:*:*:*" }, "products[0].cpe", "no CPE"},
		{"cve.format", func(a *Advisory) { a.Vulnerabilities[0].CVE = "cve-2026-1" }, "vulnerabilities[0].cve", "capitals"},
		{"cvss.csaf", func(a *Advisory) { a.Vulnerabilities[0].CVSS = a.Vulnerabilities[0].CVSS[1:] }, "vulnerabilities[0].cvss", "3.1"},
		{"cvss.duplicate", func(a *Advisory) { a.Vulnerabilities[0].CVSS[1] = a.Vulnerabilities[0].CVSS[0] }, "vulnerabilities[0].cvss[1]", "cvss[0]"},
		{"cvss.duplicate", func(a *Advisory) { // for all, and for one of them again
			a.Vulnerabilities[0].CVSS[1] = Score{Vector: a.Vulnerabilities[0].CVSS[0].Vector, Products: []string{"piercart-3"}}
		}, "vulnerabilities[0].cvss[1]", "6.1.7"},
		{"cvss.missing", func(a *Advisory) { a.Vulnerabilities[0].CVSS = nil }, "vulnerabilities[0].cvss", "no CVSS"},
		{"cvss.vector", func(a *Advisory) { a.Vulnerabilities[0].CVSS[0].Vector = "9.8" }, "vulnerabilities[0].cvss[0].vector", "calculator"},
		{"cwe.format", func(a *Advisory) { a.Vulnerabilities[0].CWE = []string{"79"} }, "vulnerabilities[0].cwe[0]", "CWE-79"},
		{"date.future", func(a *Advisory) { a.Vulnerabilities[0].Released = date("2026-12-24") }, "vulnerabilities[0].released", "embargo"},
		{"date.future", func(a *Advisory) { a.Vulnerabilities[0].Exploited.Since = date("2036-11-20") }, "vulnerabilities[0].exploited.since", "future"},
		{"date.released", func(a *Advisory) { a.Vulnerabilities[0].Discovered = date("2026-11-22") }, "vulnerabilities[0].released", "before it was discovered"},
		{"date.order", func(a *Advisory) { a.Vulnerabilities[0].Exploited.Due = date("2025-11-22") }, "vulnerabilities[0].exploited.due", "due"},
		{"date.order", func(a *Advisory) { a.Indicators[0].Until = date("2026-11-20") }, "indicators[0].until", "ends before"},
		{"epss.range", func(a *Advisory) { a.Vulnerabilities[0].EPSS = &EPSS{Score: 93} }, "vulnerabilities[0].epss.score", "between 0 and 1"},
		{"epss.range", func(a *Advisory) { a.Vulnerabilities[0].EPSS = &EPSS{Percentile: math.NaN()} }, "vulnerabilities[0].epss.percentile", "NaN"},
		{"exploited.contradiction", func(a *Advisory) { a.Vulnerabilities[0].Exploited.Known = false }, "vulnerabilities[0].exploited.known", "not exploited"},
		{"exploited.recommendation", func(a *Advisory) { a.Recommendation, a.Remedies = nil, nil }, "vulnerabilities[0].exploited", "what to do"},
		{"exploited.source", func(a *Advisory) { a.Vulnerabilities[0].Exploited.Source = "" }, "vulnerabilities[0].exploited.source", "CISA KEV"},
		{"flag.status", func(a *Advisory) { a.Vulnerabilities[0].Flags = []Flag{{Label: "component_not_present"}} }, "vulnerabilities[0].flags[0]", "known_not_affected"},
		{"flag.status", func(a *Advisory) {
			a.Vulnerabilities[0].Products[NotAffected] = []string{"piercart-3"}
			a.Vulnerabilities[0].Flags = []Flag{{Label: "component_not_present", Products: []string{"piercart-4"}}}
		}, "vulnerabilities[0].flags[0].products[0]", "not among"},
		{"indicator.expired", func(a *Advisory) { a.Indicators[0].Until = date("2026-11-22") }, "indicators[0].until", "2026-11-22"},
		{"indicator.pattern", func(a *Advisory) { a.Indicators[0].Pattern = "evil.example" }, "indicators[0].pattern", "line 1, column 1"},
		{"indicator.private", func(a *Advisory) { a.Indicators[1].Pattern = "[ipv4-addr:value = '10.0.0.0/8']" }, "indicators[1].pattern", "their own"},
		{"indicator.type", func(a *Advisory) { a.Indicators[0].Types = []string{"malicious"} }, "indicators[0].types[0]", "indicator-type-ov"},
		{"list.duplicate", func(a *Advisory) { a.Tags = []string{"web", "web"} }, "tags[1]", "twice"},
		{"list.duplicate", func(a *Advisory) { a.Indicators[1].Pattern = "[domain-name:value   =   'pay-stats.example']" }, "indicators[1].pattern", "indicators[0]"},
		{"list.length", func(a *Advisory) { // each is short, and all with all are 20 million
			*a = Advisory{Class: Alert, Risk: RiskHigh, TLP: a.TLP, Title: a.Title, Description: a.Description, Recommendation: a.Recommendation}
			for i := range 5000 {
				a.Products = append(a.Products, Product{ID: fmt.Sprint("p", i), Name: "Gate", Vendor: "Example", Versions: "1"})
			}
			for i := range 1000 {
				a.Vulnerabilities = append(a.Vulnerabilities, Vulnerability{CVE: fmt.Sprintf("CVE-2026-%d", 10000+i)})
			}
			a.Remedies = slices.Repeat([]Remedy{{Kind: "vendor_fix", Details: all("Install 2.")}}, 3)
		}, "vulnerabilities", "300000"},
		{"list.length", func(a *Advisory) { a.Tags = slices.Repeat([]string{"web"}, 31) }, "tags", "30"},
		{"product.duplicate", func(a *Advisory) { a.Products[2].ID = "piercart-4" }, "products[2].id", "products[0]"},
		{"product.id", func(a *Advisory) { a.Products[2].ID = "pier cart" }, "products[2].id", "spaces"},
		{"product.identifier", func(a *Advisory) { a.Products[2].CPE, a.Products[2].PURL = "", "" }, "products[2]", "inventory"},
		{"product.undefined", func(a *Advisory) { a.Remedies[0].Products = []string{"piercart_4"} }, "remedies[0].products[0]", `Did you mean "piercart-4"?`},
		{"product.undefined", func(a *Advisory) { a.Vulnerabilities[0].CVSS[0].Products = []string{"x"} }, "vulnerabilities[0].cvss[0].products[0]", "Add it"},
		{"product.unused", func(a *Advisory) {
			a.Products = append(a.Products, Product{ID: "other", Vendor: "V", Name: "N", PURL: "pkg:npm/n"})
		}, "products[3]", "other"},
		{"product.vendor", func(a *Advisory) { a.Products[0].Vendor = "" }, "products[0].vendor", "who makes it"},
		{"purl.syntax", func(a *Advisory) { a.Products[0].PURL = "npm/cart" }, "products[0].purl", "pkg:"},
		{"purl.syntax", func(a *Advisory) { a.Products[0].PURL = "pkg:swift/cart" }, "products[0].purl", "namespace"},
		{"purl.version", func(a *Advisory) { a.Products[0].PURL += "@4.0.0" }, "products[0].purl", "versions counts"},
		{"reference.summary", func(a *Advisory) { a.References[0].Summary = nil }, "references[0].summary", "vendor"},
		{"relation.extra", func(a *Advisory) { a.Products[2].On = &Relation{"installed_on", "piercart-4", "piercart-3"} }, "products[2].on", "two products"},
		{"relation.loop", func(a *Advisory) {
			a.Products = append(a.Products, Product{ID: "x", Name: "X", On: &Relation{"installed_on", "y", "piercart-4"}}, Product{ID: "y", Name: "Y", On: &Relation{"installed_on", "piercart-3", "x"}})
		}, loop, "made of itself"},
		{"relation.loop", func(a *Advisory) {
			a.Products = append(a.Products, Product{ID: "x", Name: "X", On: &Relation{"installed_on", "x", "piercart-4"}})
		}, loop, "made of itself"},
		{"remedy.contradiction", func(a *Advisory) { a.Remedies[2].Products = nil }, "vulnerabilities[0]", "piercart-4"},
		{"remedy.missing", func(a *Advisory) { a.Remedies = a.Remedies[:1] }, "vulnerabilities[0]", "piercart-3"},
		{"remedy.unconcerned", func(a *Advisory) {
			a.Products = append(a.Products, Product{ID: "other", Vendor: "V", Name: "N", PURL: "pkg:npm/n"})
			a.Remedies[0].Products = []string{"other"}
		}, "remedies[0]", "none of the vulnerabilities"},
		{"remedy.url", func(a *Advisory) { a.Remedies[0].URL = "" }, "remedies[0].url", "address"},
		{"remedy.vulnerability", func(a *Advisory) { a.Remedies[0].Vulnerabilities = []string{"CVE-2026-9991"} }, "remedies[0].vulnerabilities[0]", `Did you mean "CVE-2026-99901"?`},
		{"risk.class", func(a *Advisory) { a.Risk = RiskMedium }, "class", "medium"},
		{"risk.low", func(a *Advisory) { a.Risk = RiskMedium }, "risk", "CVE-2026-99901"},
		{"risk.low", func(a *Advisory) { a.Risk, a.Vulnerabilities[0].Exploited = RiskLow, nil }, "risk", "9."},
		{"status.contradiction", func(a *Advisory) { a.Vulnerabilities[0].Products[Fixed] = []string{"piercart-4"} }, "vulnerabilities[0].products.known_affected[0]", "fixed"},
		{"status.parts", func(a *Advisory) {
			a.Products = append(a.Products, Product{ID: "x", Name: "X", On: &Relation{"installed_on", "piercart-4", "piercart-3"}})
			a.Vulnerabilities[0].Products = nil
		}, "vulnerabilities[0].products", "parts"},
		{"status.reason", func(a *Advisory) {
			a.Vulnerabilities[0].Products = map[Status][]string{Affected: {"piercart-4", "piercart-4.2.7"}, NotAffected: {"piercart-3"}}
		}, "vulnerabilities[0].products.known_not_affected[0]", "why"},
		{"supersedes.format", func(a *Advisory) { a.Supersedes = []string{" A26-11-04"} }, "supersedes[0]", "A26-11-04"},
		{"tag.format", func(a *Advisory) { a.Tags[0] = "Remote Code" }, "tags[0]", "a-z"},
		{"technique.format", func(a *Advisory) { a.Techniques[0] = "T119" }, "techniques[0]", "T1190"},
		{"text.absent", func(a *Advisory) { a.Impact = nil }, "impact", "impact"},
		{"text.bidi", func(a *Advisory) { a.Title["en"] += "\u202e" }, "title.en", "U+202E"},
		{"text.bidi", func(a *Advisory) { a.Products[0].Name += "\u2066" }, "products[0].name", "direction"},
		{"text.control", func(a *Advisory) { a.Description["en"] += "\x1b[31m" }, "description.en", "U+001B"},
		{"text.control", func(a *Advisory) { a.Tags[0] = "a\xff" }, "tags[0]", "UTF-8"},
		{"text.english", func(a *Advisory) { delete(a.Title, "en") }, "title", "CSAF"},
		{"text.english", func(a *Advisory) { a.Remedies[0].Details = Texts{} }, "remedies[0].details", "CSAF"},
		{"text.english", func(a *Advisory) { delete(a.Impact, "en") }, "impact", "missing in en"},
		{"text.invisible", func(a *Advisory) { a.Impact["en"] += "\u200b" }, "impact.en", "U+200B"},
		{"text.language", func(a *Advisory) { a.Impact["en"] = a.Impact["zh-Hant"] }, "impact.en", "Chinese"},
		{"text.language", func(a *Advisory) { a.Impact["zh-Hans"] = a.Impact["en"] }, "impact.zh-Hans", "no Chinese"},
		{"text.length", func(a *Advisory) { a.Title = all(strings.Repeat("x", 301)) }, "title.en", "300"},
		{"text.line", func(a *Advisory) { a.Title = all("one\ntwo") }, "title.en", "one line"},
		{"text.markup", func(a *Advisory) { a.Impact = all("<b>bad</b>") }, "impact.zh-Hans", "<b>"},
		{"text.missing", func(a *Advisory) { delete(a.Impact, "zh-Hant") }, "impact", "zh-Hant"},
		{"text.placeholder", func(a *Advisory) { a.Impact = all("TODO") }, "impact.en", "TODO"},
		{"text.placeholder", func(a *Advisory) { a.Products[0].Vendor = "TBC" }, "products[0].vendor", "TBC"},
		{"text.script", func(a *Advisory) { a.Impact["zh-Hant"] = a.Impact["zh-Hans"] }, "impact.zh-Hant", "other script"},
		{"text.script", func(a *Advisory) { a.Impact["zh-Hans"] = a.Impact["zh-Hant"] }, "impact.zh-Hans", "other script"},
		{"text.space", func(a *Advisory) { a.Impact["en"] += " \nx" }, "impact.en", "Take them out"},
		{"text.term", func(a *Advisory) { a.Impact["zh-Hant"] = "網路中斷" }, "impact.zh-Hant", "網絡"},
		{"text.term", func(a *Advisory) { a.Impact["zh-Hans"] = "保安漏洞" }, "impact.zh-Hans", "安全漏洞"},
		{"tlp.handle", func(a *Advisory) { a.TLP, a.Organisations = tlp.Amber, []string{"Water Example"} }, "organisations[0]", "handle"},
		{"tlp.person", func(a *Advisory) { a.TLP, a.People = tlp.Red, []string{"Chan <chan@water.example>"} }, "people[0]", "mail address"},
		{"tlp.recipients", func(a *Advisory) { a.TLP = tlp.AmberStrict }, "organisations", "nobody"},
		{"tlp.recipients", func(a *Advisory) { a.TLP = tlp.Red }, "people", "nobody"},
		{"tlp.recipients", func(a *Advisory) { a.Organisations = []string{"water-example"} }, "organisations", "stricter"},
		{"tlp.recipients", func(a *Advisory) { a.TLP, a.People = tlp.Green, []string{"chan@water.example"} }, "people", "stricter"},
		{"url.http", func(a *Advisory) { a.References[0].URL = "http://vendor.example/" }, "references[0].url", "https"},
		{"url.private", func(a *Advisory) { a.References[0].URL = "https://192.168.0.1/" }, "references[0].url", "outside"},
		{"url.private", func(a *Advisory) { a.References[0].URL = "https://wiki/" }, "references[0].url", "outside"},
		{"url.syntax", func(a *Advisory) { a.References[0].URL = "javascript:alert(1)" }, "references[0].url", "https://"},
		{"url.syntax", func(a *Advisory) { a.Remedies[0].URL = "https://user:pass@vendor.example/" }, "remedies[0].url", "password"},
		{"url.syntax", func(a *Advisory) { a.Acknowledgements[0].URLs = []string{"https://"} }, "acknowledgements[0].urls[0]", "name"},
		{"value.missing", func(a *Advisory) { a.Class = "" }, "class", "alert, high-threat"},
		{"value.missing", func(a *Advisory) { a.TLP = "" }, "tlp", "amber"},
		{"value.missing", func(a *Advisory) { a.Products[0].Name = "" }, "products[0].name", "Fill it in"},
		{"value.unknown", func(a *Advisory) { a.Risk = "hihg" }, "risk", `Did you mean "high"?`},
		{"value.unknown", func(a *Advisory) { a.Sectors = []string{"bank"} }, "sectors[0]", "financial-services"},
		{"value.unknown", func(a *Advisory) { a.Title["zh-HK"] = "標題" }, "title", "zh-HK"},
		{"value.unknown", func(a *Advisory) { a.Vulnerabilities[0].Products["affected"] = nil }, "vulnerabilities[0].products", "known_affected"},
		{"versions.range", func(a *Advisory) { a.Products[0].Versions = "vers:composer/>=4.2.7|<4.0.0" }, "products[0].versions", "contradiction"},
		{"versions.range", func(a *Advisory) { a.Products[0].Versions = "vers:composer/<4.0.0|<4.2.7" }, "products[0].versions", "no effect"},
		{"versions.scheme", func(a *Advisory) { a.Products[0].Versions = "vers:deb/<4.2.7" }, "products[0].versions", "vers:composer/"},
		{"versions.words", func(a *Advisory) { a.Products[0].Versions = "before 4.2.7" }, "products[0].versions", "VERS"},
		{"versions.words", func(a *Advisory) { a.Products[0].Versions = "<4.2.7" }, "products[0].versions", "more than one"},
		{"vulnerability.duplicate", func(a *Advisory) { a.Vulnerabilities = append(a.Vulnerabilities, a.Vulnerabilities[0]) }, "vulnerabilities[1]", "vulnerabilities[0]"},
		{"vulnerability.unnamed", func(a *Advisory) { a.Vulnerabilities[0].CVE, a.Vulnerabilities[0].IDs = "", nil }, "vulnerabilities[0]", "another id"},
	}
}

type slip struct {
	rule string
	do   func(*Advisory)
	path string
	says string
}

func TestLintFindsEveryFault(t *testing.T) {
	rules := map[string]LintRule{}
	for _, rule := range LintRules() {
		rules[rule.ID] = rule
	}
	tested := map[string]bool{}
	for i, f := range slips() {
		a := sound(t)
		f.do(&a)
		tested[f.rule] = true
		found := false
		for _, p := range LintAt(a, lintDay) {
			rule, known := rules[p.Rule]
			if !known || p.Warning != rule.Warning || p.Message == "" || p.Remedy == "" || p.Path == "" {
				t.Errorf("fault %d: %+v", i, p)
			}
			found = found || p.Rule == f.rule && p.Path == f.path && strings.Contains(p.Message+" "+p.Remedy, f.says)
		}
		if !found {
			t.Errorf("fault %d, %s at %s, is not found: %+v", i, f.rule, f.path, LintAt(a, lintDay))
		}
	}
	for id := range rules {
		if !tested[id] {
			t.Errorf("no fault tests %s", id)
		}
	}
}

func TestLintOfNothingAndOfTheTemplate(t *testing.T) {
	var rules []string
	for _, p := range LintAt(Advisory{}, lintDay) {
		rules = append(rules, p.Rule+" "+p.Path)
	}
	want := []string{"text.absent affected", "value.missing class", "text.english description", "text.absent impact", "text.absent recommendation", "value.missing risk", "text.english title", "value.missing tlp"}
	if !slices.Equal(rules, want) {
		t.Errorf("lint of nothing: %q", rules)
	}
	a, problems := LintYAML(Template(lintDay))
	if a.Class != Alert || len(problems) == 0 {
		t.Fatalf("%+v", problems)
	}
	for _, p := range problems {
		if p.Rule != "text.placeholder" && p.Rule != "text.language" || p.Line < 10 {
			t.Errorf("the template has %+v", p)
		}
	}
}

// TestTheTemplatesCommentsAreGood takes the "#" from everything that can be used.
func TestTheTemplatesCommentsAreGood(t *testing.T) {
	lines := strings.Split(string(Template(lintDay)), "\n")
	for i, line := range lines[10:] {
		if rest, ok := strings.CutPrefix(line, "# "); ok && !strings.HasPrefix(rest, "people:") && !strings.HasPrefix(rest, "organisations:") {
			lines[10+i] = rest
		}
	}
	text := strings.NewReplacer("TODO", "Said", ": |\n    Said", ": |\n    Said", "zh-Hant: Said", "zh-Hant: 已寫", "zh-Hans: Said", "zh-Hans: 已写").Replace(strings.Join(lines, "\n"))
	a, problems := LintYAML([]byte(text))
	for _, p := range problems {
		if p.Rule != "text.language" {
			t.Errorf("%+v", p)
		}
	}
	if len(a.Products) != 1 || len(a.Remedies) != 1 || len(a.Indicators) != 1 || a.Embargo.IsZero() {
		t.Errorf("%+v", a)
	}
}

func TestLintIsBoundedAndSorted(t *testing.T) {
	a := sound(t)
	a.References = nil
	for range 150 {
		a.References = append(a.References, Reference{URL: "ftp://x", Summary: Texts{"zh-Hans": "<b>軟</b> "}})
	}
	a.Title = nil
	problems := LintAt(a, lintDay)
	if len(problems) != maxProblems {
		t.Errorf("%d problems", len(problems))
	}
	if !slices.IsSortedFunc(problems, func(x, y Problem) int { return byPath(x.Path, y.Path) }) {
		t.Error("not sorted")
	}
	if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Path == "title" }) {
		t.Error("an error was lost to warnings")
	}
	var last string
	for i := range 12 {
		path := fmt.Sprintf("references[%d].url", i)
		if byPath(last, path) >= 0 {
			t.Errorf("%s does not come before %s", last, path)
		}
		last = path
	}
}

func TestLintYAMLTellsLines(t *testing.T) {
	_, problems := LintYAML([]byte(head + "tags:\n  - web\n  - Web\n"))
	lines := map[string]int{}
	for _, p := range problems {
		lines[p.Path] = p.Line
	}
	if lines["tags[1]"] != 8 || lines["title"] != 4 || lines["impact"] != 1 {
		t.Errorf("%v", lines)
	}
	if _, problems := LintYAML([]byte("class: alert\n")); len(problems) == 0 || problems[0].Rule != "yaml.key.missing" {
		t.Errorf("%+v", problems)
	}
}

// FuzzLint lints, compares and writes what arrives as JSON, which is not read as
// strictly as a file.
func FuzzLint(f *testing.F) {
	for seed := range uint64(4) {
		data, err := json.Marshal(randomAdvisory(rand.New(rand.NewPCG(seed, 5))))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a Advisory
		if json.Unmarshal(data, &a) != nil {
			return
		}
		for _, p := range LintAt(a, lintDay) {
			if p.Rule == "" || p.Path == "" || p.Message == "" || p.Remedy == "" || !utf8.ValidString(p.Message+p.Remedy) {
				t.Errorf("%+v", p)
			}
		}
		if changes := Diff(a, a); len(changes) > 0 {
			t.Errorf("%+v", changes)
		}
		DiffText(Diff(Advisory{}, a))
		a.Severity()
		for i := range a.Vulnerabilities {
			a.RemediesOf(&a.Vulnerabilities[i])
		}
		if _, err := WriteYAML(a); err != nil && !strings.Contains(err.Error(), "year") {
			t.Error(err)
		}
	})
}
