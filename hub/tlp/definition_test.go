package tlp

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const someID = "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168"

// The published ids, as literals: a slip in a constant would agree with itself.
func TestFixedIDs(t *testing.T) {
	tests := map[string]Marking{
		"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Clear,
		"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Green,
		"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Amber,
		"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Red,
		"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": Clear,
		"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": Green,
		"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": Amber,
		"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": AmberStrict,
		"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": Red,
	}
	for id, want := range tests {
		if got := Of(id, nil); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
		lie := `{"type":"marking-definition","id":"` + id + `","definition_type":"statement","definition":{"statement":"free for all"}}`
		if got := Of(id, []byte(lie)); got != want {
			t.Errorf("%s: a definition sent under it made it %s", id, got)
		}
		if upper := strings.ToUpper(id); Of(upper, nil) != Unknown {
			t.Errorf("%s is another id", upper)
		}
	}
	for _, m := range Labels() {
		if Of(m.ID(), nil) != m {
			t.Errorf("%s: its id is %s", m, m.ID())
		}
	}
	for _, m := range []Marking{Unknown, Statement, "", "CLEAR"} {
		if m.ID() != "" {
			t.Errorf("%q is no label and has the id %s", m, m.ID())
		}
	}
}

func TestOf(t *testing.T) {
	const head = `"type":"marking-definition","spec_version":"2.1","id":"` + someID + `","created":"2017-06-01T00:00:00.000Z"`
	const statement = `"definition_type":"statement","definition":{"statement":"Copyright 2026, Example"}`
	tests := []struct {
		name, definition string
		want             Marking
	}{
		{"statement", `{` + head + `,` + statement + `}`, Statement},
		{"statement with custom properties", ` {` + head + `,"x_mitre_domains":["ics"],` + statement + "}\n", Statement},
		{"not held", ``, Unknown},
		{"another id", strings.Replace(`{`+head+`,`+statement+`}`, "fa42a846", "fa42a847", 1), Unknown},
		{"another type", `{` + strings.Replace(head, "marking-definition", "identity", 1) + `,` + statement + `}`, Unknown},
		{"TLP 1 under another id", `{` + head + `,"definition_type":"tlp","definition":{"tlp":"white"}}`, Unknown},
		{"TLP 2.0 under another id", `{` + head + `,"extensions":{"` + Extension + `":{"extension_type":"property-extension","tlp_2_0":"clear"}}}`, Unknown},
		{"statement with an extension", `{` + head + `,` + statement + `,"extensions":{"` + Extension + `":{"extension_type":"property-extension","tlp_2_0":"red"}}}`, Unknown},
		{"statement with more in it", `{` + head + `,"definition_type":"statement","definition":{"statement":"x","only_for":"y"}}`, Unknown},
		{"statement without text", `{` + head + `,"definition_type":"statement","definition":{"statement":null}}`, Unknown},
		{"type of marking given twice", `{` + head + `,"definition_type":"tlp",` + statement + `}`, Unknown},
		{"twice, by an escape", `{` + head + `,"definition\u005ftype":"tlp",` + statement + `}`, Unknown},
		{"in another case", `{` + head + `,` + strings.Replace(statement, "definition_type", "Definition_Type", 1) + `}`, Unknown},
		{"own type of marking", `{` + head + `,"definition_type":"iep","definition":{"statement":"x"}}`, Unknown},
		{"no definition", `{` + head + `,"definition_type":"statement"}`, Unknown},
		{"something after it", `{` + head + `,` + statement + `}{}`, Unknown},
		{"cut off", `{` + head + `,` + statement, Unknown},
		{"no object", `["` + someID + `"]`, Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Of(someID, []byte(tt.definition)); got != tt.want {
				t.Errorf("got %s, want %s: %s", got, tt.want, tt.definition)
			}
		})
	}
	if got := Of("", []byte(`{"type":"marking-definition","id":"",`+statement+`}`)); got != Unknown {
		t.Errorf("no id: %s", got)
	}
}

// MITRE ATT&CK carries its copyright as a statement: its objects count as unmarked.
func TestOfRealData(t *testing.T) {
	dir := os.Getenv("INFOHUB_TESTDATA")
	if dir == "" {
		t.Skip("not run: set INFOHUB_TESTDATA to the folder with the real STIX data")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "stix", "attack-mobile-17.1.json"))
	if err != nil {
		t.Fatal(err)
	}
	var bundle struct{ Objects []json.RawMessage }
	if err := json.Unmarshal(raw, &bundle); err != nil {
		t.Fatal(err)
	}
	definitions, refs := map[string][]byte{}, map[string]int{}
	for _, o := range bundle.Objects {
		var head struct {
			Type, ID string
			Marks    []string `json:"object_marking_refs"`
		}
		if err := json.Unmarshal(o, &head); err != nil {
			t.Fatal(err)
		}
		if head.Type == "marking-definition" {
			definitions[head.ID] = o
		}
		for _, id := range head.Marks {
			refs[id]++
		}
	}
	if len(refs) == 0 {
		t.Fatal("no marked object in the bundle")
	}
	for id, n := range refs {
		if got := Of(id, definitions[id]); got != Statement {
			t.Errorf("%s, on %d objects: %s", id, n, got)
		}
	}
}

func TestParse(t *testing.T) {
	tests := map[string]Marking{
		"TLP:CLEAR": Clear, "tlp:white": Clear, "WHITE": Clear, "Green": Green, " TLP:AMBER\n": Amber,
		"TLP:AMBER+STRICT": AmberStrict, "amber+strict": AmberStrict, "TLP:RED": Red,
	}
	for text, want := range tests {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "TLP:", "TLP: RED", "TLP:AMBER STRICT", "TLP:AMBER+", "tlp:tlp:red", "unknown", "statement", "TLP:BLACK"} {
		m, err := Parse(text)
		if err == nil || m != Unknown {
			t.Errorf("%q: %s, %v", text, m, err)
		} else if !strings.Contains(err.Error(), "TLP:AMBER+STRICT") {
			t.Errorf("%q: the error does not name the labels: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"TLP:AMBER+STRICT", "white", "TLP: RED", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(text)
		if (err == nil) != (m.ID() != "") {
			t.Fatalf("%q: %s, %v", text, m, err)
		}
		if again, err2 := Parse(m.String()); err == nil && (err2 != nil || again != m) {
			t.Fatalf("%q: %s is printed as %s", text, m, m)
		}
	})
}

func FuzzOf(f *testing.F) {
	f.Add(someID, []byte(`{"type":"marking-definition","id":"`+someID+`","definition_type":"statement","definition":{"statement":"x"}}`))
	f.Add(RedTLP1ID, []byte(`{"definition_type":"tlp","definition":{"tlp":"red"}}`))
	f.Add("", []byte(`{"a":{"a":[1]}} x`))
	f.Add("x", []byte(`{"a":1,"\u0061":2}`))
	f.Fuzz(func(t *testing.T, id string, raw []byte) {
		switch got := Of(id, raw); got {
		case Unknown:
		case Statement:
			var d struct {
				Type, ID   string
				Kind       string `json:"definition_type"`
				Definition struct{ Statement *string }
			}
			if err := json.Unmarshal(raw, &d); err != nil || d.Definition.Statement == nil {
				t.Fatalf("a statement that is none: %s: %v", raw, err)
			}
		default:
			if alone := Of(id, nil); alone != got {
				t.Fatalf("%s: %s alone, %s with %s", id, alone, got, raw)
			}
		}
	})
}
