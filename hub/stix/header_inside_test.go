package stix_test

import (
	"slices"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

func TestMarkingsInside(t *testing.T) {
	const id, other = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"
	for text, want := range map[string][]string{
		`{"object_marking_refs":["` + id + `"]}`:                                                                              nil,
		`{"granular_markings":[{"marking_ref":"` + id + `","selectors":["a"]}]}`:                                              nil,
		`{"object_refs":["` + id + `"]}`:                                                                                      nil,
		`{"marking_ref":"` + id + `"}`:                                                                                        nil,
		`{"objects":{"0":{"object_marking_refs":["` + id + `"]}}}`:                                                            {id},
		`{"objects":{"0":{"object_marking_refs":"` + id + `"}},"object_marking_refs":["` + other + `"]}`:                      {id},
		`{"objects":{"0":{"granular_markings":[{"marking_ref":"` + id + `"},{"marking_ref":"` + other + `"}]}}}`:              {id, other},
		`{"x_refs":[{"object_marking_refs":["` + id + `"]},{"object_refs":["` + other + `"]}]}`:                               {id},
		`{"extensions":{"a":{"b":[[{"object_\u006darking_refs":["` + id + `"]}]]}},"granular_markings":[{"lang":"de"}]}`:      {id},
		`{"granular_markings":[{"marking_ref":"` + id + `","x":{"object_marking_refs":["` + other + `"]}}],"object_refs":[]}`: {other},
	} {
		var p stix.Parser
		v, err := p.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := stix.ReadHeader(v).Inside; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
