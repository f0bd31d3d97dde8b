package stix_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

func TestObjects(t *testing.T) {
	tests := []struct {
		text string
		want []string
		says string // of the error
	}{
		{`{}`, []string{}, ""},
		{`{"objects":[]}`, []string{}, ""},
		{`{"more":true,"next":"x","objects":[{"a": 1}, 2 , {}]}`, []string{`{"a": 1}`, "2", "{}"}, ""},
		{`{"type":"bundle","id":"bundle--1","spec_version":"2.0","objects":[{}]}`, []string{"{}"}, ""},
		{`{"x_custom":1}`, []string{}, ""},
		{`[{}]`, nil, "found: list"},
		{`"x"`, nil, "found: string"},
		{`{"objects":{}}`, nil, "found: object"},
		{`{"objects":null}`, nil, "found: null"},
		{`{"type":"indicator","id":"indicator--1"}`, nil, "put that into the list"},
		{`{"type":1,"objects":[]}`, nil, "put that into the list"},
	}
	for _, tt := range tests {
		objects, err := stix.Objects(parse(t, tt.text))
		if tt.says != "" {
			if !errors.Is(err, stix.ErrNoEnvelope) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s: error %v, want %q", tt.text, err, tt.says)
			}
			continue
		}
		got := []string{}
		for _, v := range objects {
			got = append(got, string(v.Raw()))
		}
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %q, %v", tt.text, got, err)
		}
	}
	if _, err := stix.Objects(stix.Value{}); !errors.Is(err, stix.ErrNoEnvelope) {
		t.Errorf("nothing: %v", err)
	}
}

func TestReadHeader(t *testing.T) {
	const u = "--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
	got := stix.ReadHeader(parse(t, `{"type":"indicator","id":"indicator`+u+`","spec_version":"2.1","created":"2016-04-06T20:03:48.000Z",
		"modified":"2016-04-06T20:03:48.123456Z","created_by_ref":"identity`+u+`","revoked":true,
		"object_marking_refs":["marking-definition`+u+`"],
		"granular_markings":[{"marking_ref":"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487","selectors":["name","labels.[0]"]},{"lang":"fr","selectors":["description"]},7],
		"pattern":"[a:b = '\u0041']","pattern_type":"stix","valid_from":"2016-01-01T00:00:00Z","valid_until":"2017-01-01T00:00:00Z",
		"x_self_ref":"indicator`+u+`","name":"tool`+u+`",
		"x_deep":{"list":[{"seen_refs":["url`+u+`",["file`+u+`"],{"k":"mutex`+u+`"},1,"0","no--uuid"]}],"other_\u0072ef":"tool`+u+`"},
		"extensions":{"extension-definition`+u+`":{"by_ref":"campaign`+u+`","by_ref_not":"report`+u+`"}},"x_ref":"url`+u+`"}`))
	want := stix.Header{
		Type: "indicator", ID: "indicator" + u, SpecVersion: "2.1",
		Created: "2016-04-06T20:03:48.000Z", Modified: "2016-04-06T20:03:48.123456Z",
		CreatedByRef: "identity" + u, Revoked: true,
		MarkingRefs: []string{"marking-definition" + u},
		Granular: []stix.GranularMarking{
			{MarkingRef: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", Selectors: []string{"name", "labels.[0]"}},
			{Lang: "fr", Selectors: []string{"description"}},
		},
		Pattern: "[a:b = 'A']", PatternType: "stix", ValidFrom: "2016-01-01T00:00:00Z", ValidUntil: "2017-01-01T00:00:00Z",
		References: []string{"campaign" + u, "file" + u, "identity" + u, "marking-definition" + u,
			"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "mutex" + u, "tool" + u, "url" + u},
	}
	slices.Sort(want.References)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if v := got.Version(); v != "2016-04-06T20:03:48.123456Z" {
		t.Errorf("version %q", v)
	}
}

func TestReadHeaderOfWrongTypes(t *testing.T) {
	for _, text := range []string{
		`{"type":1,"id":[],"spec_version":2.1,"created":null,"modified":{},"created_by_ref":false,"revoked":"true","object_marking_refs":"x","granular_markings":{"a":1},"pattern":7,"x_ref":4}`,
		`[]`, `"text"`, `null`, `{}`,
	} {
		if got := stix.ReadHeader(parse(t, text)); !reflect.DeepEqual(got, stix.Header{}) {
			t.Errorf("%s: %+v", text, got)
		}
	}
	if got := stix.ReadHeader(stix.Value{}); !reflect.DeepEqual(got, stix.Header{}) {
		t.Errorf("of nothing: %+v", got)
	}
	if v := (stix.Header{Created: "c"}).Version(); v != "c" {
		t.Errorf("without modified the version is %q", v)
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add([]byte(indicator))
	f.Add([]byte(`{"x_refs":[["identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"]],"granular_markings":[{"selectors":[""]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := new(stix.Parser).Parse(data)
		if err != nil {
			return
		}
		h := stix.ReadHeader(v)
		if h.ID != v.Get("id").Text() || h.Pattern != v.Get("pattern").Text() || h.Revoked != v.Get("revoked").IsTrue() {
			t.Errorf("%+v is not what %s says", h, data)
		}
		if id, ok := stix.DeterministicID(v); ok && !stix.IsID(id) {
			t.Errorf("deterministic identifier %q", id)
		}
		if !stix.Equal(v, v) {
			t.Errorf("%s is not itself", data)
		}
		for i, id := range h.References {
			if _, _, err := stix.ParseID(id); err != nil || id == h.ID || i > 0 && id <= h.References[i-1] {
				t.Errorf("reference %d of %q: %v", i, h.References, err)
			}
		}
	})
}

func BenchmarkParseAndReadHeader(b *testing.B) {
	data := []byte(indicator)
	var p stix.Parser
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		v, err := p.Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		if h := stix.ReadHeader(v); len(h.References) != 2 {
			b.Fatal(h.References)
		}
	}
}
