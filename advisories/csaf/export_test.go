package csaf

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
)

func exporter() Exporter {
	return Exporter{Version: "0.1", Canonical: func(p advisories.Publication) string {
		return "https://govcert.example/.well-known/csaf/white/2026/" + FileName(p.Tracking.ID)
	}}
}

// exported is a publication as a document that was read again.
func exported(t *testing.T, p advisories.Publication) *Document {
	t.Helper()
	d, err := exporter().Export(p)
	if err != nil {
		t.Fatal(err)
	}
	data, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, problems, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range append(problems, Test(read)...) {
		t.Errorf("%s %s: %s", problem.Rule, problem.Path, problem.Message)
	}
	if again, err := read.Encode(); err != nil || !bytes.Equal(again, data) {
		t.Errorf("what is read is not what was written: %v", err)
	}
	return read
}

func TestExportsPassAndComeBack(t *testing.T) {
	categories := map[string]int{}
	for seed := range uint64(400) {
		p := generate(seed)
		d := exported(t, p)
		categories[d.Document.Category]++
		back, err := Import(d)
		if err != nil {
			t.Fatal(err)
		}
		want, got := normal(t, p), normal(t, back)
		if want != got {
			t.Errorf("seed %d: %s", seed, firstDifference(want, got))
		}
		if t.Failed() {
			data, _ := d.Encode()
			t.Fatalf("seed %d: %s", seed, data)
		}
	}
	if len(categories) != 4 {
		t.Errorf("the profiles of the documents were %v", categories)
	}
}

// normal is what a publication means, as text: what may be left unsaid is said,
// what has no order is sorted, what CSAF does not carry is left out.
func normal(t *testing.T, p advisories.Publication) string {
	t.Helper()
	a := &p.Advisory
	type meaning struct {
		Publication advisories.Publication
		Statuses    []map[advisories.Status][]string
		Remedies    [][]advisories.Remedy
		Elsewhere   []advisories.Remedy
	}
	m := meaning{}
	for i := range a.Remedies {
		if !placed(a, i) {
			m.Elsewhere = append(m.Elsewhere, a.Remedies[i])
		}
	}
	for i := range a.Vulnerabilities {
		v := &a.Vulnerabilities[i]
		statuses := a.StatusesOf(v)
		for s := range statuses {
			slices.Sort(statuses[s])
		}
		m.Statuses = append(m.Statuses, statuses)
		remedies := a.RemediesOf(v)
		remedies = slices.DeleteFunc(remedies, func(r advisories.Remedy) bool { return len(r.Products) == 0 })
		for j := range remedies {
			slices.Sort(remedies[j].Products)
			remedies[j].Vulnerabilities = nil
		}
		m.Remedies = append(m.Remedies, sorted(t, remedies))
		for j, f := range v.Flags {
			if len(f.Products) == 0 {
				f.Products = unaffected(a, v)
			}
			v.Flags[j].Products = slices.Sorted(slices.Values(f.Products))
		}
		for j, s := range v.CVSS {
			if len(s.Products) == 0 {
				s.Products = concerned(a, v)
			}
			v.CVSS[j].Products = slices.Sorted(slices.Values(s.Products))
		}
		v.CVSS = sorted(t, v.CVSS)
	}
	for i := range a.Vulnerabilities {
		a.Vulnerabilities[i].Products = nil
	}
	a.Remedies = nil
	a.Organisations, a.People = nil, nil
	a.Embargo = p.Tracking.Initial
	a.Products = sorted(t, a.Products)
	p.Audience.Markings, p.Audience.Organisations, p.Audience.People = nil, nil, nil
	m.Publication = p
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func sorted[T any](t *testing.T, list []T) []T {
	t.Helper()
	by := map[string]T{}
	for _, item := range list {
		data, err := json.Marshal(item)
		if err != nil {
			t.Fatal(err)
		}
		by[string(data)] = item
	}
	var result []T
	for _, key := range slices.Sorted(maps.Keys(by)) {
		result = append(result, by[key])
	}
	return result
}

// firstDifference is the first line of two texts that differs, with some of those
// around it.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			from, to := max(0, i-8), i+4
			return "want\n" + strings.Join(w[from:min(to, len(w))], "\n") + "\ngot\n" + strings.Join(g[min(from, len(g)):min(to, len(g))], "\n")
		}
	}
	return "there is more than wanted"
}

// TestValidatorAcceptsExports asks the reference implementation.
func TestValidatorAcceptsExports(t *testing.T) {
	publications := examples(t)
	publications["everything"], publications["odd"] = everything(t), odd(t)
	for seed := range uint64(200) {
		publications[strconv.FormatUint(seed, 10)] = generate(seed)
	}
	documents := map[string][]byte{}
	for name, p := range publications {
		data, err := exported(t, p).Encode()
		if err != nil {
			t.Fatal(err)
		}
		documents[name] = data
	}
	for name, rules := range askValidator(t, documents) {
		if len(rules) > 0 {
			t.Errorf("%s breaks %v: %s", name, rules, documents[name])
		}
	}
}

// examples are those of the documentation, by file.
func examples(t *testing.T) map[string]advisories.Publication {
	t.Helper()
	files, err := filepath.Glob("../../docs/examples/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	all := map[string]advisories.Publication{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := everything(t)
		if p.Advisory, _, err = advisories.ReadYAML(text); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[filepath.Base(file)] = p
	}
	return all
}

// odd is a publication of which lint allows all and the schema little.
func odd(t *testing.T) advisories.Publication {
	t.Helper()
	p := everything(t)
	a := &p.Advisory
	const address = "https://例子.example/路?甲=乙#丙"
	a.References = []advisories.Reference{{URL: address}}
	a.Remedies[0].URL, p.Tracking.URL = address, address
	a.Acknowledgements = []advisories.Acknowledgement{{Summary: advisories.Texts{"zh-Hant": "多謝"}}, {URLs: []string{address}}}
	a.Vulnerabilities[0].IDs = append(a.Vulnerabilities[0].IDs, a.Vulnerabilities[0].IDs...)
	a.Vulnerabilities[0].CVSS = append(a.Vulnerabilities[0].CVSS, a.Vulnerabilities[0].CVSS...)
	return p
}

func TestOdd(t *testing.T) {
	back, err := Import(exported(t, odd(t)))
	if err != nil {
		t.Fatal(err)
	}
	const address = "https://%E4%BE%8B%E5%AD%90.example/%E8%B7%AF?%E7%94%B2=%E4%B9%99#%E4%B8%99"
	a := &back.Advisory
	if len(a.References) != 1 || a.References[0].URL != address || a.References[0].Summary != nil || a.Remedies[0].URL != address || back.Tracking.URL != address {
		t.Errorf("%+v %+v", a.References, a.Remedies)
	}
	if thanks := a.Acknowledgements; len(thanks) != 2 || len(thanks[0].Summary) != 1 || thanks[0].Summary["zh-Hant"] != "多謝" || thanks[1].URLs[0] != address {
		t.Errorf("%+v", thanks)
	}
	if v := a.Vulnerabilities[0]; len(v.IDs) != 1 || len(v.CVSS) != 2 {
		t.Errorf("%+v", v)
	}
}

func TestExamples(t *testing.T) {
	for file, p := range examples(t) {
		back, err := Import(exported(t, p))
		if err != nil {
			t.Fatal(err)
		}
		if want, got := normal(t, p), normal(t, back); want != got {
			t.Errorf("%s: %s", file, firstDifference(want, got))
		}
	}
}
