package advisories

import (
	"reflect"
	"testing"
)

func TestStatusesOf(t *testing.T) {
	a := Advisory{Products: []Product{{ID: "one"}, {ID: "two"}}}
	for _, c := range []struct {
		name string
		v    Vulnerability
		want map[Status][]string
	}{
		{"nothing said", Vulnerability{}, map[Status][]string{Affected: {"one", "two"}}},
		{"empty lists say nothing", Vulnerability{Products: map[Status][]string{Fixed: {}}}, map[Status][]string{Affected: {"one", "two"}}},
		{"as said", Vulnerability{Products: map[Status][]string{Fixed: {"two"}, Affected: nil}}, map[Status][]string{Fixed: {"two"}}},
	} {
		if got := a.StatusesOf(&c.v); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := (&Advisory{}).StatusesOf(&Vulnerability{}); len(got) != 0 {
		t.Errorf("without products: %v", got)
	}
}

func TestRemediesOf(t *testing.T) {
	a := Advisory{
		Products: []Product{{ID: "old"}, {ID: "new"}, {ID: "other"}},
		Vulnerabilities: []Vulnerability{
			{CVE: "CVE-2026-99901", Products: map[Status][]string{LastAffected: {"old"}, Fixed: {"new"}}},
			{IDs: []Ident{{ID: "EX-1"}}, Products: map[Status][]string{NotAffected: {"other"}}},
			{},
		},
		Remedies: []Remedy{
			{Kind: "all"},
			{Kind: "other", Products: []string{"other", "absent"}},
			{Kind: "one", Vulnerabilities: []string{"CVE-2026-99901"}, Products: []string{"new"}},
			{Kind: "two", Vulnerabilities: []string{"EX-1"}},
		},
	}
	type remedy struct {
		kind     string
		products []string
	}
	for i, want := range [][]remedy{
		{{"all", []string{"old"}}, {"one", []string{"new"}}},
		{{"all", []string{"other"}}, {"other", []string{"other"}}, {"two", []string{"other"}}},
		{{"all", []string{"old", "new", "other"}}, {"other", []string{"other"}}},
	} {
		var got []remedy
		for _, r := range a.RemediesOf(&a.Vulnerabilities[i]) {
			got = append(got, remedy{r.Kind, r.Products})
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("vulnerability %d: %v, want %v", i, got, want)
		}
	}
	if len(a.Remedies[0].Products) != 0 {
		t.Error("the record was changed")
	}
	b := Advisory{Vulnerabilities: []Vulnerability{{}}, Remedies: []Remedy{{Kind: "mitigation"}}}
	if got := b.RemediesOf(&b.Vulnerabilities[0]); len(got) != 1 || got[0].Products != nil {
		t.Errorf("without products: %+v", got)
	}
}

func TestKey(t *testing.T) {
	for _, c := range []struct {
		v    Vulnerability
		want string
	}{
		{Vulnerability{CVE: "CVE-2026-99901", IDs: []Ident{{ID: "x"}}}, "CVE-2026-99901"},
		{Vulnerability{IDs: []Ident{{ID: "x"}, {ID: "y"}}}, "x"},
		{Vulnerability{}, ""},
	} {
		if got := c.v.Key(); got != c.want {
			t.Errorf("key of %+v is %q", c.v, got)
		}
	}
}

// TestRemediesOfOtherVulnerabilities: that none concerns a vulnerability is seen
// without its products being counted. Exports ask it of every pair.
func TestRemediesOfOtherVulnerabilities(t *testing.T) {
	a := Advisory{
		Products: []Product{{ID: "a"}, {ID: "b"}, {ID: "c"}},
		Remedies: []Remedy{{Vulnerabilities: []string{"CVE-2026-10001"}}, {Products: []string{"c"}}},
	}
	v := Vulnerability{CVE: "CVE-2026-10002", Products: map[Status][]string{Affected: {"a"}, NotAffected: {"b"}}}
	if got := a.RemediesOf(&v); got != nil {
		t.Errorf("remedies %+v", got)
	}
	if n := testing.AllocsPerRun(10, func() { a.RemediesOf(&v) }); n > 0 {
		t.Errorf("it takes %v allocations", n)
	}
}
