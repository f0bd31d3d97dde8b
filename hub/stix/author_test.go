package stix_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

func TestAuthor(t *testing.T) {
	const (
		amber     = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421" // of TLP 2.0
		identity  = "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff"
		indicates = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
		malware   = "malware--31b940d4-6f7f-459a-80ea-9c1f17b5891b"
		seen      = "observed-data--b67d30ff-02ac-498a-92f9-32f845f448cf"
	)
	at := time.Date(2026, 11, 23, 10, 0, 0, 123_456_789, time.FixedZone("", 3600))
	const (
		now   = `"2026-11-23T09:00:00.123Z"`
		exact = `"2026-11-23T09:00:00.123456Z"`
	)
	author := stix.Author{CreatedBy: identity, Markings: []string{amber}, Now: func() time.Time { return at }}
	zero, fifty := 0, 50
	tests := []struct {
		name   string
		object stix.Authored
		want   map[string]string // members and their JSON texts; "" is absent
	}{
		{"identity", stix.Identity{Name: "Ministry <A&B>", Class: "organization", Sectors: []string{"government"}, Contact: "soc@example.com", Description: "\"quoted\"\n"},
			map[string]string{"type": `"identity"`, "identity_class": `"organization"`, "sectors": `["government"]`, "revoked": "", "confidence": "", "labels": ""}},
		{"next version", stix.Identity{Common: stix.Common{ID: identity, Created: at.Add(-time.Hour), Revoked: true}, Name: "A", Class: "group"},
			map[string]string{"id": `"` + identity + `"`, "created": `"2026-11-23T08:00:00.123Z"`, "modified": now, "revoked": "true"}},
		{"indicator", stix.Indicator{Name: "C2", Pattern: "[ipv4-addr:value = '198.51.100.1']", Types: []string{"malicious-activity"},
			Common: stix.Common{Confidence: &zero, Labels: []string{"c2"}, Lang: "en", References: []stix.ExternalReference{{SourceName: "cve", ExternalID: "CVE-2021-44228"}}}},
			map[string]string{"pattern": `"[ipv4-addr:value = '198.51.100.1']"`, "pattern_type": `"stix"`, "valid_from": now, "valid_until": "", "confidence": "0",
				"labels": `["c2"]`, "lang": `"en"`, "external_references": `[{"source_name":"cve","external_id":"CVE-2021-44228"}]`}},
		{"indicator for a time", stix.Indicator{Name: "C2", Pattern: "[mutex:name = 'x']", ValidFrom: at.Add(time.Microsecond), ValidUntil: at.Add(time.Hour), Types: []string{"benign"}},
			map[string]string{"valid_from": `"2026-11-23T09:00:00.123457Z"`, "valid_until": `"2026-11-23T10:00:00.123456Z"`}},
		{"note", stix.Note{Abstract: "a", Content: "false positive", Authors: []string{"J. Doe"}, Objects: []string{indicates}},
			map[string]string{"content": `"false positive"`, "object_refs": `["` + indicates + `"]`}},
		{"opinion", stix.Opinion{Opinion: "strongly-agree", Objects: []string{indicates}, Explanation: "seen"},
			map[string]string{"opinion": `"strongly-agree"`, "explanation": `"seen"`}},
		{"relationship", stix.Relationship{Type: "indicates", Source: indicates, Target: malware, Start: at, Stop: at.Add(time.Hour)},
			map[string]string{"relationship_type": `"indicates"`, "source_ref": `"` + indicates + `"`, "start_time": exact, "stop_time": `"2026-11-23T10:00:00.123456Z"`}},
		{"sighting of nothing", stix.Sighting{Of: indicates, Count: &zero, FirstSeen: at, LastSeen: at.Add(time.Hour), Where: []string{identity}, ObservedData: []string{seen}},
			map[string]string{"count": "0", "first_seen": exact, "where_sighted_refs": `["` + identity + `"]`, "observed_data_refs": `["` + seen + `"]`, "summary": ""}},
		{"sightings", stix.Sighting{Of: indicates, Count: &fifty, Summary: true, Common: stix.Common{Confidence: &fifty}},
			map[string]string{"count": "50", "summary": "true", "confidence": "50", "first_seen": ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, err := author.Write(tt.object)
			if err != nil {
				t.Fatal(err)
			}
			v := parse(t, string(data))
			for _, problem := range stix.Validate(v) {
				t.Errorf("%+v in %s", problem, data)
			}
			for name, want := range map[string]string{"spec_version": `"2.1"`, "modified": now, "created_by_ref": `"` + identity + `"`, "object_marking_refs": `["` + amber + `"]`} {
				if got := string(v.Get(name).Raw()); got != want {
					t.Errorf("%s is %s, want %s", name, got, want)
				}
			}
			for name, want := range tt.want {
				if got := string(v.Get(name).Raw()); got != want {
					t.Errorf("%s is %s, want %s", name, got, want)
				}
			}
		})
	}
	nobody := stix.Author{}
	data, err := nobody.Write(stix.Identity{Name: "A", Class: "group"})
	if err != nil || strings.Contains(string(data), "_ref") {
		t.Errorf("without author and marking: %s, %v", data, err)
	}
	other, err := nobody.Write(stix.Identity{Name: "A", Class: "group"})
	if err != nil || string(other) == string(data) {
		t.Errorf("two objects have one identifier: %s", data)
	}
}

func TestAuthorRefuses(t *testing.T) {
	author := stix.Author{Now: func() time.Time { return time.Unix(0, 0) }}
	count := -1
	for says, object := range map[string]stix.Authored{
		"missing":     stix.Identity{},
		"pattern":     stix.Indicator{Pattern: "[ipv4-addr"},
		"object_refs": stix.Note{Content: "x", Objects: []string{"no identifier"}},
		"opinion":     stix.Opinion{Opinion: "perhaps", Objects: []string{"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}},
		"target_ref":  stix.Relationship{Type: "indicates", Source: "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", Target: "x"},
		"count":       stix.Sighting{Of: "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", Count: &count},
	} {
		if data, err := author.Write(object); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %s, %v", says, data, err)
		}
	}
}
