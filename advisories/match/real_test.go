package match

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/csaf"
)

// What real advisories call affected is found by its own names, and nothing that
// they name is found to be some other product.
func TestRealAdvisories(t *testing.T) {
	data := os.Getenv("INFOHUB_TESTDATA")
	if data == "" {
		t.Skip("not run: no folder with real documents in INFOHUB_TESTDATA")
	}
	files, err := filepath.Glob(filepath.Join(data, "csaf", "*.json"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	x := New()
	all := map[string]advisories.Publication{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d, _, err := csaf.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		p, err := csaf.Import(d)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = p
		x.Put(file, p)
	}
	found := map[string]int{}
	for file, p := range all {
		a := &p.Advisory
		for i := range a.Products {
			made := &a.Products[i]
			if made.On != nil || made.Vendor == "" || !slices.ContainsFunc(a.Vulnerabilities, func(v advisories.Vulnerability) bool {
				return slices.Contains(a.StatusesOf(&v)[advisories.Affected], made.ID)
			}) {
				continue
			}
			id := identify(made.Vendor, made.Name, "", made.CPE, made.PURL)
			known := readVersions(made, &id)
			c := comp{Vendor: made.Vendor, Name: made.Name, CPE: made.CPE, PURL: made.PURL}
			if known.kind == single {
				c.Version = known.one
			}
			matches := x.Match([]comp{c}, nil)
			own := slices.IndexFunc(matches, func(m advisories.Match) bool { return m.Ref == file })
			switch {
			case own < 0 || matches[own].State == advisories.MatchNotAffected:
				t.Errorf("%s: %s %s %s is not found: %+v", filepath.Base(file), made.Vendor, made.Name, made.Versions, matches)
			default:
				found[string(matches[own].State)+" "+matches[own].Reason]++
			}
			for _, m := range matches {
				if m.Reason == reasonName {
					t.Errorf("%s: %s %s is taken for %s", filepath.Base(file), made.Vendor, made.Name, m.Params["product"])
				}
			}
		}
	}
	t.Logf("%d documents: %v", len(files), found)
}
