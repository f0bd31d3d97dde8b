package tlp

import "testing"

func TestFits(t *testing.T) {
	one := func(id, rest string) string { return `{"type":"marking-definition","id":"` + id + `"` + rest + `}` }
	two := func(label string) string {
		return `,"extensions":{"` + Extension + `":{"extension_type":"property-extension","tlp_2_0":"` + label + `"}}`
	}
	for _, tt := range []struct {
		name, id, definition string
		want                 bool
	}{
		{"TLP 1", RedTLP1ID, one(RedTLP1ID, `,"name":"TLP:RED","definition_type":"tlp","definition":{"tlp":"red"}`), true},
		{"white is clear", WhiteTLP1ID, one(WhiteTLP1ID, `,"name":"TLP:CLEAR","definition_type":"tlp","definition":{"tlp":"white"}`), true},
		{"TLP 2.0", AmberStrictID, one(AmberStrictID, `,"name":"TLP:AMBER+STRICT","x_order":4`+two("amber+strict")), true},
		{"both ways", GreenID, one(GreenID, `,"definition_type":"tlp","definition":{"tlp":"green"}`+two("green")), true},
		{"another label", RedID, one(RedID, two("clear")), false},
		{"another label of TLP 1", RedTLP1ID, one(RedTLP1ID, `,"definition_type":"tlp","definition":{"tlp":"white"}`), false},
		{"two ways that differ", GreenID, one(GreenID, `,"definition_type":"tlp","definition":{"tlp":"white"}`+two("green")), false},
		{"another name", RedID, one(RedID, `,"name":"TLP:CLEAR"`+two("red")), false},
		{"a statement", RedID, one(RedID, `,"definition_type":"statement","definition":{"statement":"for all"}`), false},
		{"more than a label", RedTLP1ID, one(RedTLP1ID, `,"definition_type":"tlp","definition":{"tlp":"red","also":"x"}`), false},
		{"nothing", RedID, one(RedID, ``), false},
		{"twice", RedID, one(RedID, two("red")+two("clear")), false},
		{"no JSON", RedID, `{`, false},
		{"another object", RedID, one(GreenID, two("red")), false},
		{"no label's id", "marking-definition--11111111-1111-4111-8111-111111111111", `{}`, true},
	} {
		if got := Fits(tt.id, []byte(tt.definition)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
