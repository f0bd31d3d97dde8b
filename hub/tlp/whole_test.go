package tlp

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestMayWhole(t *testing.T) {
	open := Audience{Markings: []Marking{Clear}}
	shut := Audience{Markings: []Marking{Red}, People: []string{"person-ann"}}
	ann := Reader{Member: true, Person: "person-ann"}
	key := Reader{Member: true, Organisation: "org-bank"}
	v := func(a Audience, refs ...string) Version { return Version{Audience: a, References: refs} }
	tests := []struct {
		name   string
		object Version
		held   map[string][]Version
		want   bool // for the key; Ann reads them all
	}{
		{"no references", v(open), nil, true},
		{"the object itself", v(shut), nil, false},
		{"a reference to what is not held", v(open, "a"), nil, true},
		{"to what the reader sees", v(open, "a"), map[string][]Version{"a": {v(open)}}, true},
		{"to what is hidden", v(open, "a", "b"), map[string][]Version{"a": {v(open)}, "b": {v(shut)}}, false},
		{"to what has one version that the reader sees", v(open, "a"), map[string][]Version{"a": {v(shut), v(open), v(shut)}}, true},
		{"to what is hidden in all its versions", v(open, "a"), map[string][]Version{"a": {v(shut), v(shut)}}, false},
		{"to what refers to what is hidden", v(open, "a"), map[string][]Version{"a": {v(open, "b")}, "b": {v(shut)}}, false},
		{"to what does so in one version of two", v(open, "a"), map[string][]Version{"a": {v(open, "b"), v(open)}, "b": {v(shut)}}, true},
		{"what only a hidden version refers to", v(open, "a"), map[string][]Version{"a": {v(open), v(shut, "b")}, "b": {v(shut)}}, true},
		{"to itself", v(open, "a"), map[string][]Version{"a": {v(open, "a")}}, true},
		{"in a circle", v(open, "a"), map[string][]Version{"a": {v(open, "b")}, "b": {v(open, "a")}}, true},
		{"in a circle that one hides", v(open, "a"), map[string][]Version{"a": {v(open, "b")}, "b": {v(open, "a", "c")}, "c": {v(shut)}}, false},
		{"by two ways", v(open, "a", "b"), map[string][]Version{"a": {v(open, "c")}, "b": {v(open, "c")}, "c": {v(open, "d")}, "d": {v(shut)}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			held := func(id string) []Version { return tt.held[id] }
			if got := MayWhole(key, tt.object, held); got != tt.want {
				t.Errorf("an organisation's key: %v", got)
			}
			if !MayWhole(ann, tt.object, held) {
				t.Error("the named person does not read it")
			}
			if tt.object.Audience.Equal(open) && MayWhole(Reader{}, tt.object, held) != tt.want {
				t.Errorf("a stranger: %v", !tt.want)
			}
		})
	}
}

// Against the sentence itself, applied until nothing changes, on random graphs.
func TestMayWholeAgainstTheSentence(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	reader := Reader{Member: true, Organisation: "org-bank"}
	hidden := 0
	for round := range 3000 {
		held := map[string][]Version{}
		const n = 8
		for i := range n - 1 { // "7" is not held
			for range 1 + rng.IntN(3) {
				a := Audience{Markings: []Marking{Green}}
				if rng.IntN(5) == 0 {
					a = Audience{Markings: []Marking{AmberStrict}, Organisations: []string{"org-other"}}
				}
				var refs []string
				for range rng.IntN(3) {
					refs = append(refs, fmt.Sprint(rng.IntN(n)))
				}
				held[fmt.Sprint(i)] = append(held[fmt.Sprint(i)], Version{a, refs})
			}
		}
		shut := map[string]bool{}
		sees := func(v Version) bool {
			for _, ref := range v.References {
				if shut[ref] {
					return false
				}
			}
			return May(reader, v.Audience)
		}
		for changed := true; changed; {
			changed = false
			for id, versions := range held {
				any := false
				for _, v := range versions {
					any = any || sees(v)
				}
				if !any && !shut[id] {
					shut[id], changed = true, true
				}
			}
		}
		for id, versions := range held {
			for _, v := range versions {
				want := sees(v)
				if got := MayWhole(reader, v, func(id string) []Version { return held[id] }); got != want {
					t.Fatalf("round %d: %s %v: %v; held %v", round, id, v, got, held)
				}
				if !want {
					hidden++
				}
			}
		}
	}
	if hidden == 0 {
		t.Error("nothing was ever hidden")
	}
}

// A chain that does not end is withheld and not followed for ever.
func TestMayWholeIsBounded(t *testing.T) {
	open := Audience{Markings: []Marking{Clear}}
	calls := 0
	endless := func(string) []Version {
		calls++
		return []Version{{open, []string{fmt.Sprint(calls)}}}
	}
	if MayWhole(Reader{}, Version{open, []string{"a"}}, endless) {
		t.Error("an endless chain is readable")
	}
	if calls > maxReferences {
		t.Errorf("%d look-ups", calls)
	}
}
