package tlp

import (
	"errors"
	"slices"
	"testing"
)

// every marking that For can be given, one that nobody has heard of included.
func markings() []Marking {
	return append(Labels(), Unknown, Statement, "tlp:ex:chr", "")
}

// named are the terms of a collection that Bank and Clinic read, with Ann listed.
func named() Terms {
	return Terms{Unmarked: Green, Organisations: []string{"org-clinic", "org-bank"}, People: []string{"person-ann"}}
}

type asker struct {
	name   string
	reader Reader
}

func askers() []asker {
	return []asker{
		{"stranger", Reader{}},
		{"named organisation's key", Reader{Member: true, Organisation: "org-bank"}},
		{"other organisation's key", Reader{Member: true, Organisation: "org-other"}},
		{"client's key", Reader{Member: true, Organisation: "org-shop", ClientOf: []string{"org-x", "org-clinic"}}},
		{"other's client's key", Reader{Member: true, Organisation: "org-shop", ClientOf: []string{"org-other"}}},
		{"member of no organisation", Reader{Member: true, Person: "person-zoe"}},
		{"person of a named organisation", Reader{Member: true, Organisation: "org-bank", Person: "person-bob"}},
		{"named person of it", Reader{Member: true, Organisation: "org-bank", Person: "person-ann"}},
		{"named person of a client", Reader{Member: true, Organisation: "org-shop", ClientOf: []string{"org-bank"}, Person: "person-ann"}},
		{"named person of another", Reader{Member: true, Organisation: "org-other", Person: "person-ann"}},
		{"named person of none", Reader{Member: true, Person: "person-ann"}},
		{"suspended organisation", Reader{Organisation: "org-bank", ClientOf: []string{"org-bank"}}},
		{"suspended named person", Reader{Organisation: "org-bank", Person: "person-ann"}},
		{"organisation with a named person's id", Reader{Member: true, Organisation: "person-ann"}},
		{"person with a named organisation's id", Reader{Member: true, Person: "org-bank"}},
		{"member without a name", Reader{Member: true, ClientOf: []string{""}}},
	}
}

// The whole policy, written out: one row for each kind of reader, one column for
// each marking; r reads.
func TestMay(t *testing.T) {
	columns := []Marking{Clear, Green, Amber, AmberStrict, Red, Unknown, "tlp:ex:chr", Statement}
	want := map[string]string{
		"stranger":                              "r.......",
		"named organisation's key":              "rrrr...r",
		"other organisation's key":              "rr.....r",
		"client's key":                          "rrr....r",
		"other's client's key":                  "rr.....r",
		"member of no organisation":             "rr.....r",
		"person of a named organisation":        "rrrr...r",
		"named person of it":                    "rrrrrrrr",
		"named person of a client":              "rrr.rrrr",
		"named person of another":               "rr..rrrr",
		"named person of none":                  "rr..rrrr",
		"suspended organisation":                "r.......",
		"suspended named person":                "r.......",
		"organisation with a named person's id": "rr.....r",
		"person with a named organisation's id": "rr.....r",
		"member without a name":                 "rr.....r",
	}
	if len(want) != len(askers()) {
		t.Fatalf("%d kinds of reader, %d rows", len(askers()), len(want))
	}
	for _, k := range askers() {
		row := want[k.name]
		if len(row) != len(columns) {
			t.Fatalf("%s: no whole row", k.name)
		}
		for i, m := range columns {
			a, err := For([]Marking{m}, nil, named()) // unmarked is green: so is a statement alone
			if err != nil {
				t.Fatalf("%s: %v", m, err)
			}
			if got := May(k.reader, a); got != (row[i] == 'r') {
				t.Errorf("%s reads %s: %v", k.name, m, got)
			}
		}
	}
}

// sets calls f with every set of up to three markings, empty ones and repeats included.
func sets(f func([]Marking)) {
	f(nil)
	for _, a := range markings() {
		f([]Marking{a})
		for _, b := range markings() {
			f([]Marking{a, b})
			for _, c := range markings() {
				f([]Marking{a, b, c})
			}
		}
	}
}

// Over all sets of markings, on the object and on its parts, and all readers.
func TestAddingAMarkingNeverWidens(t *testing.T) {
	for _, unmarked := range markings() {
		terms := named()
		terms.Unmarked = unmarked
		sets(func(set []Marking) {
			before := mustFor(t, set, nil, terms)
			marked := slices.ContainsFunc(set, restricts)
			for _, m := range markings() {
				part := mustFor(t, set, []Marking{m}, terms)
				whole := mustFor(t, append(slices.Clone(set), m), nil, terms)
				for _, k := range askers() {
					if May(k.reader, part) && !May(k.reader, before) {
						t.Fatalf("%v for the unmarked %s: %s on a part lets the %s in", set, unmarked, m, k.name)
					}
					if marked && May(k.reader, whole) && !May(k.reader, before) {
						t.Fatalf("%v: adding %s lets the %s in", set, m, k.name)
					}
				}
			}
		})
	}
}

// A reader is in the audience of several markings only if in that of each.
func TestSeveralMarkingsBindTogether(t *testing.T) {
	sets(func(set []Marking) {
		if !slices.ContainsFunc(set, restricts) {
			return
		}
		a := mustFor(t, set, nil, named())
		reversed := slices.Clone(set)
		slices.Reverse(reversed)
		if b := mustFor(t, reversed, set, named()); !a.Equal(b) {
			t.Fatalf("%v: order or repeats change %v to %v", set, a, b)
		}
		for _, k := range askers() {
			each := true
			for _, m := range set {
				if m != Statement {
					each = each && May(k.reader, mustFor(t, []Marking{m}, nil, named()))
				}
			}
			if May(k.reader, a) != each {
				t.Fatalf("%v: the %s: %v, by each marking alone %v", set, k.name, !each, each)
			}
		}
	})
}

func TestUnknownMarkingIsOnlyForNamedPeople(t *testing.T) {
	for _, strange := range []Marking{Unknown, "tlp:ex:chr", "", "CLEAR", "clear ", "none"} {
		sets(func(set []Marking) {
			for _, a := range []Audience{
				mustFor(t, append(slices.Clone(set), strange), nil, named()),
				mustFor(t, set, []Marking{strange}, named()),
			} {
				for _, k := range askers() {
					if May(k.reader, a) && k.reader.Person != "person-ann" {
						t.Fatalf("%v and %q: the %s reads", set, strange, k.name)
					}
				}
			}
		})
		// Stored so by a newer version, with nobody named.
		for _, k := range askers() {
			if May(k.reader, Audience{Markings: []Marking{Clear, strange}, Organisations: []string{"org-bank"}}) {
				t.Errorf("stored %q: the %s reads", strange, k.name)
			}
		}
	}
}

func TestNobodyNamedIsRefused(t *testing.T) {
	people, organisations := Terms{People: []string{"person-ann"}}, Terms{Organisations: []string{"org-bank"}}
	tests := []struct {
		name             string
		object, granular []Marking
		terms            Terms
		want             error
	}{
		{"amber", []Marking{Amber}, nil, people, ErrNoOrganisations},
		{"amber+strict", []Marking{AmberStrict}, nil, people, ErrNoOrganisations},
		{"red", []Marking{Red}, nil, organisations, ErrNoPeople},
		{"unknown", []Marking{Unknown}, nil, organisations, ErrNoPeople},
		{"no marking and no default", nil, nil, organisations, ErrNoPeople},
		{"a default that is no label", nil, nil, Terms{Unmarked: Statement}, ErrNoPeople},
		{"amber default", nil, nil, Terms{Unmarked: Amber}, ErrNoOrganisations},
		{"red part", []Marking{Clear}, []Marking{Red}, organisations, ErrNoPeople},
		{"red and amber", []Marking{Red, Amber}, nil, people, ErrNoOrganisations},
		{"empty names", []Marking{Amber}, nil, Terms{Organisations: []string{"", ""}}, ErrNoOrganisations},
		{"empty people", []Marking{Red}, nil, Terms{People: []string{""}}, ErrNoPeople},
		{"green needs no names", []Marking{Green}, nil, Terms{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := For(tt.object, tt.granular, tt.terms)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err != nil && len(a.Markings) != 0 {
				t.Errorf("refused, and yet an audience: %v", a)
			}
		})
	}
}

func mustFor(t *testing.T, object, granular []Marking, terms Terms) Audience {
	t.Helper()
	a, err := For(object, granular, terms)
	if err != nil {
		t.Fatalf("%v %v: %v", object, granular, err)
	}
	return a
}
