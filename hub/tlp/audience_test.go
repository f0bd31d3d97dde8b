package tlp

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestFor(t *testing.T) {
	messy := Terms{Unmarked: Green, Organisations: []string{"b", "", "a", "b"}, People: []string{"q", "p", "q"}}
	tests := []struct {
		name             string
		object, granular []Marking
		want             string
	}{
		{"unmarked", nil, nil, `{"markings":["green"]}`},
		{"own label instead of the default", []Marking{Clear}, nil, `{"markings":["clear"]}`},
		{"statement alone", []Marking{Statement}, nil, `{"markings":["green"]}`},
		{"statement beside a label", []Marking{Statement, Clear}, nil, `{"markings":["clear"]}`},
		{"label on a part only", nil, []Marking{Clear}, `{"markings":["green"]}`},
		{"part wider than the object", []Marking{AmberStrict}, []Marking{Clear}, `{"markings":["amber+strict"],"organisations":["a","b"]}`},
		{"part stricter than the object", []Marking{Clear}, []Marking{Red}, `{"markings":["red"],"people":["p","q"]}`},
		{"statement on a part", []Marking{Clear}, []Marking{Statement}, `{"markings":["clear"]}`},
		{"several", []Marking{Amber, Clear, AmberStrict, Green}, nil, `{"markings":["amber+strict"],"organisations":["a","b"]}`},
		{"by organisation and by person", []Marking{Red, Amber}, nil, `{"markings":["amber","red"],"organisations":["a","b"],"people":["p","q"]}`},
		{"unknown beside red", []Marking{Unknown, Red, Green}, nil, `{"markings":["unknown"],"people":["p","q"]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := mustFor(t, tt.object, tt.granular, messy)
			got, err := json.Marshal(a)
			if err != nil || string(got) != tt.want {
				t.Fatalf("got %s, %v; want %s", got, err, tt.want)
			}
			var back Audience
			if err := json.Unmarshal(got, &back); err != nil || !back.Equal(a) {
				t.Errorf("stored %s, read %v, %v", got, back, err)
			}
		})
	}
	if !slices.Equal(messy.Organisations, []string{"b", "", "a", "b"}) {
		t.Errorf("For changed its caller's list: %v", messy.Organisations)
	}
}

func TestEqual(t *testing.T) {
	all := []Audience{
		{},
		{Markings: []Marking{Clear}},
		{Markings: []Marking{Green}},
		{Markings: []Marking{Amber}, Organisations: []string{"a"}},
		{Markings: []Marking{Amber}, Organisations: []string{"a", "b"}},
		{Markings: []Marking{AmberStrict}, Organisations: []string{"a"}},
		{Markings: []Marking{Red}, People: []string{"a"}},
		{Markings: []Marking{Red}, People: []string{"b"}},
		{Markings: []Marking{Amber, Red}, Organisations: []string{"a"}, People: []string{"a"}},
	}
	for i, a := range all {
		for j, b := range all {
			if a.Equal(b) != (i == j) {
				t.Errorf("%v and %v: %v", a, b, i != j)
			}
		}
	}
}

// A record that is damaged or not understood is read by nobody.
func TestDamagedRecordIsShut(t *testing.T) {
	for _, stored := range []string{`{}`, `{"markings":null}`, `{"markings":[]}`, `{"markings":[""]}`, `{"markings":["none"]}`,
		`{"organisations":["org-bank"],"people":["person-ann"]}`, `{"markings":["amber","amber+strict","red"]}`, `{"markings":["statement"]}`,
		`{"markings":["red"],"people":[""]}`, `{"markings":["amber"],"organisations":[""]}`} {
		var a Audience
		if err := json.Unmarshal([]byte(stored), &a); err != nil {
			t.Fatal(err)
		}
		for _, k := range askers() {
			if May(k.reader, a) {
				t.Errorf("%s: the %s reads", stored, k.name)
			}
		}
	}
}

// Whatever is stored: a stranger reads what is clear and nothing besides, a key of
// an organisation nothing that goes by person.
func FuzzAudience(f *testing.F) {
	f.Add([]byte(`{"markings":["amber","red"],"organisations":["org-bank"],"people":["person-ann",""]}`))
	f.Add([]byte(`{"markings":["clear"]}`))
	f.Add([]byte(`{"markings":["clear"],"Markings":["green"]}`))
	f.Fuzz(func(t *testing.T, stored []byte) {
		var a Audience
		if json.Unmarshal(stored, &a) != nil {
			return
		}
		clear := len(a.Markings) > 0 && !slices.ContainsFunc(a.Markings, func(m Marking) bool { return m != Clear })
		if May(Reader{}, a) != clear {
			t.Fatalf("%s: a stranger reads: %v", stored, !clear)
		}
		key := Reader{Member: true, Organisation: "org-bank", ClientOf: a.Organisations}
		byPerson := slices.ContainsFunc(a.Markings, func(m Marking) bool { return !slices.Contains(Labels()[:4], m) })
		if byPerson && May(key, a) {
			t.Fatalf("%s: an organisation's key reads", stored)
		}
	})
}
