package stix

import (
	"strings"
	"testing"
)

// fault is one thing wrong with the full example of a type. The edit is a merge
// patch (RFC 7396): null takes a property out. The severity is an error's unless the
// clause begins with "should ". A path of "-" is an edit that is no fault.
type fault struct{ typ, edit, path, clause string }

func TestFaultsOfDomainObjects(t *testing.T) {
	checkFaults(t, []fault{
		// Data types (2), on the common properties (3.2).
		{"tool", `{"type": "Tool"}`, "type", "11.2.1"},
		{"tool", `{"id": "tool--8e2e2d2b"}`, "id", "2.9"},
		{"tool", `{"id": "tool-8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}`, "id", "2.9"},
		{"tool", `{"id": "tool--00000000-0000-0000-0000-000000000000"}`, "id", "2.9"},
		{"tool", `{"id": "malware4"}`, "id", "2.9"},
		{"tool", `{"id": 5}`, "id", "2.9"},
		{"tool", `{"id": "tool5"}`, "id", "should 2.9"},
		{"tool", `{"id": "tool--8E2E2D2B-17D4-4CBF-938F-98EE46B3CD3F"}`, "-", ""},
		{"tool", `{"spec_version": null}`, "spec_version", "3.2"},
		{"tool", `{"spec_version": "2.0"}`, "spec_version", "3.2"},
		{"tool", `{"spec_version": 2.1}`, "spec_version", "3.2"},
		{"tool", `{"created": "2016-04-06T20:03:48Z"}`, "created", "3.2"},
		{"tool", `{"modified": "2016-04-06T20:03:48.00Z", "created": "2016-04-06T20:03:48.000Z"}`, "modified", "3.2"},
		{"tool", `{"modified": "2016-04-06T20:03:47.999999Z"}`, "modified", "3.2"},
		{"tool", `{"modified": "2016-04-06T20:03:48.000Z"}`, "-", ""},
		{"tool", `{"modified": "2016-04-06T20:03:48.000000000Z"}`, "-", ""},
		{"tool", `{"created": "2016-04-06T20:03:48.000+00:00"}`, "created", "2.16"},
		{"tool", `{"created": "2016-04-06 20:03:48.000Z"}`, "created", "2.16"},
		{"tool", `{"created": "2016-02-30T20:03:48.000Z"}`, "created", "2.16"},
		{"tool", `{"created": 1459973028}`, "created", "2.16"},
		{"tool", `{"created_by_ref": "tool4"}`, "created_by_ref", "3.2"},
		{"tool", `{"created_by_ref": "ACME"}`, "created_by_ref", "2.9"},
		{"tool", `{"created_by_ref": "x-example-identity4"}`, "created_by_ref", "3.2"},
		{"tool", `{"revoked": "true"}`, "revoked", "2.2"},
		{"tool", `{"revoked": 1}`, "revoked", "2.2"},
		{"tool", `{"labels": "l"}`, "labels", "2.12"},
		{"tool", `{"labels": ["a", 1]}`, "labels[1]", "2.15"},
		{"tool", `{"confidence": 101}`, "confidence", "3.2"},
		{"tool", `{"confidence": -1}`, "confidence", "3.2"},
		{"tool", `{"confidence": 0.5}`, "confidence", "2.10"},
		{"tool", `{"confidence": "50"}`, "confidence", "2.10"},
		{"tool", `{"confidence": 5e1}`, "-", ""},
		{"tool", `{"lang": "english_us"}`, "lang", "3.2"},
		{"tool", `{"lang": ""}`, "lang", "3.2"},
		{"tool", `{"lang": "sr-Latn-RS"}`, "-", ""},
		{"tool", `{"defanged": false}`, "defanged", "3.2"},
		{"tool", `{"external_references": [{"source_name": "s"}]}`, "external_references[0]", "2.5.2"},
		{"tool", `{"external_references": [{"url": "https://example.com/"}]}`, "external_references[0].source_name", "2.5.1"},
		{"tool", `{"external_references": [{"source_name": "s", "url": "example.com"}]}`, "external_references[0].url", "should 2.5.1"},
		{"tool", `{"external_references": [{"source_name": "s", "description": "d", "more": 1}]}`, "external_references[0].more", "should 2.5.1"},
		{"tool", `{"external_references": ["s"]}`, "external_references[0]", "2.5.1"},
		{"tool", `{"kill_chain_phases": [{"kill_chain_name": "k"}]}`, "kill_chain_phases[0].phase_name", "2.11"},
		{"tool", `{"kill_chain_phases": [{"phase_name": "p", "kill_chain_name": 1}]}`, "kill_chain_phases[0].kill_chain_name", "2.15"},
		{"tool", `{"name": ["VNC"]}`, "name", "2.15"},
		{"tool", `{"tool_types": ["remote-access", "Remote Access"]}`, "tool_types[1]", "should 10.26"},
		{"tool", `{"tool_types": [5]}`, "tool_types[0]", "2.14"},
		{"tool", `{"object_marking_refs": ["tool4", "marking-definition4"]}`, "object_marking_refs[0]", "3.2"},

		// Names of one's own (3.8, 11.1).
		{"tool", `{"x_example_score": 1}`, "", "should 11.1"},
		{"tool", `{"score": 1, "rank": 2}`, "", "should 11.1"},
		{"tool", `{"severity": 1}`, "severity", "3.8"},
		{"tool", `{"x_Score": 1, "extensions": {"extension-definition4": {"extension_type": "toplevel-property-extension"}}}`, "x_Score", "11.1.1"},
		{"tool", `{"ab": 1, "extensions": {"extension-definition4": {"extension_type": "toplevel-property-extension"}}}`, "ab", "11.1.1"},
		{"tool", `{"_score": 1, "extensions": {"extension-definition4": {"extension_type": "toplevel-property-extension"}}}`, "_score", "11.1.1"},
		{"tool", `{"toxicity": 1, "extensions": {"extension-definition4": {"extension_type": "toplevel-property-extension"}}}`, "-", ""},
		{"course-of-action", `{"action": "block"}`, "action", "3.8"},

		// Extensions (3.2, 7.3).
		{"tool", `{"extensions": {"extension-definition4": {"rank": 5}}}`, "extensions.extension-definition--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f.extension_type", "3.2"},
		{"tool", `{"extensions": {"extension-definition4": {"extension_type": "new"}}}`, "extensions.extension-definition--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f.extension_type", "10.5"},
		{"tool", `{"extensions": {"extension-definition4": 5}}`, "extensions.extension-definition--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "3.2"},
		{"tool", `{"extensions": {"extension-definition--x": {"extension_type": "new-sdo"}}}`, "extensions.extension-definition--x", "2.9"},
		{"tool", `{"extensions": {"x-example-ext": {"a_b": 1}}}`, "extensions.x-example-ext", "should 3.2"},

		// Granular markings (7.2.3).
		{"tool", `{"granular_markings": [{"selectors": ["name"]}]}`, "granular_markings[0]", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"selectors": ["name"], "lang": "de", "marking_ref": "marking-definition4"}]}`, "granular_markings[0].marking_ref", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"selectors": ["name"], "marking_ref": "tool4"}]}`, "granular_markings[0].marking_ref", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"lang": "de"}]}`, "granular_markings[0].selectors", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"lang": "de", "selectors": []}]}`, "granular_markings[0].selectors", "2.12"},
		{"tool", `{"granular_markings": [{"lang": "d", "selectors": ["name"]}]}`, "granular_markings[0].lang", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"lang": "de", "selectors": ["name", "pattern"]}]}`, "granular_markings[0].selectors[1]", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"lang": "de", "selectors": ["aliases.[1]"]}]}`, "granular_markings[0].selectors[0]", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"lang": "de", "selectors": ["aliases.[00]"]}]}`, "granular_markings[0].selectors[0]", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"lang": "de", "selectors": ["aliases[0]"]}]}`, "granular_markings[0].selectors[0]", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"lang": "de", "selectors": ["name.[0]"]}]}`, "granular_markings[0].selectors[0]", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"lang": "de", "selectors": ["aliases.name"]}]}`, "granular_markings[0].selectors[0]", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"lang": "de", "selectors": [""]}]}`, "granular_markings[0].selectors[0]", "7.2.3.1"},
		{"tool", `{"granular_markings": [{"lang": "de", "selectors": [5]}]}`, "granular_markings[0].selectors[0]", "2.15"},
		{"tool", `{"granular_markings": [{"lang": "de", "selectors": ["aliases", "aliases.[0]", "external_references.[0].source_name", "kill_chain_phases.[0].phase_name"]}]}`, "-", ""},

		// Section 4, in its order.
		{"attack-pattern", `{"external_references": [{"source_name": "capec", "external_id": "163"}]}`, "external_references[0].external_id", "4.1.1"},
		{"campaign", `{"last_seen": "2015-12-31T23:59:59Z"}`, "last_seen", "4.2.1"},
		{"campaign", `{"first_seen": "2016-01-01T00:00:00.6Z"}`, "last_seen", "4.2.1"},
		{"campaign", `{"first_seen": "2016-01-01T00:00:00.500Z"}`, "-", ""},
		{"grouping", `{"context": null}`, "context", "4.4.1"},
		{"grouping", `{"context": "x"}`, "context", "should 10.6"},
		{"grouping", `{"object_refs": ["bundle4"]}`, "object_refs[0]", "4.4.1"},
		{"identity", `{"identity_class": "org"}`, "identity_class", "should 10.8"},
		{"identity", `{"sectors": ["it"]}`, "sectors[0]", "should 10.11"},
		{"indicator", `{"pattern": "[ipv4-addr:value = '198.51.100.1/32'"}`, "pattern", "9"},
		{"indicator", `{"pattern": ""}`, "pattern", "9"},
		{"indicator", `{"pattern": "alert tcp", "pattern_type": "snort"}`, "-", ""},
		{"indicator", `{"pattern_type": null}`, "pattern_type", "4.7.1"},
		{"indicator", `{"pattern_type": "kql"}`, "pattern_type", "should 10.19"},
		{"indicator", `{"valid_until": "2016-01-01T00:00:00.000Z"}`, "valid_until", "4.7.1"},
		{"indicator", `{"valid_from": "2016-01-01"}`, "valid_from", "2.16"},
		{"indicator", `{"indicator_types": ["bad"]}`, "indicator_types[0]", "should 10.10"},
		{"indicator", `{"name": null, "description": null}`, "name", "should 4.7.1"},
		{"infrastructure", `{"last_seen": "2015-01-01T00:00:00Z"}`, "last_seen", "4.8.1"},
		{"infrastructure", `{"infrastructure_types": ["x"]}`, "infrastructure_types[0]", "should 10.12"},
		{"intrusion-set", `{"last_seen": "2015-01-01T00:00:00Z"}`, "last_seen", "4.9.1"},
		{"intrusion-set", `{"resource_level": "x"}`, "resource_level", "should 10.3"},
		{"intrusion-set", `{"primary_motivation": "x"}`, "primary_motivation", "should 10.2"},
		{"location", `{"latitude": 90.01}`, "latitude", "4.10.1"},
		{"location", `{"longitude": -180.5}`, "longitude", "4.10.1"},
		{"location", `{"latitude": "48.8566"}`, "latitude", "2.6"},
		{"location", `{"longitude": null}`, "latitude", "4.10.1"},
		{"location", `{"latitude": null, "precision": null}`, "longitude", "4.10.1"},
		{"location", `{"latitude": null, "longitude": null}`, "precision", "4.10.1"},
		{"location", `{"latitude": null, "longitude": null, "precision": null, "region": null, "country": null}`, "", "4.10"},
		{"location", `{"country": "USA"}`, "country", "should 4.10.1"},
		{"location", `{"region": "x"}`, "region", "should 10.21"},
		{"malware", `{"is_family": null}`, "is_family", "4.11.1"},
		{"malware", `{"name": null}`, "name", "4.11.1"},
		{"malware", `{"name": null, "is_family": false}`, "-", ""},
		{"malware", `{"last_seen": "2015-01-01T00:00:00Z"}`, "last_seen", "4.11.1"},
		{"malware", `{"operating_system_refs": ["file5"]}`, "operating_system_refs[0]", "4.11.1"},
		{"malware", `{"sample_refs": ["url5"]}`, "sample_refs[0]", "4.11.1"},
		{"malware", `{"malware_types": ["x"]}`, "malware_types[0]", "should 10.15"},
		{"malware", `{"capabilities": ["x"]}`, "capabilities[0]", "should 10.13"},
		{"malware", `{"implementation_languages": ["cobol"]}`, "implementation_languages[0]", "should 10.9"},
		{"malware", `{"architecture_execution_envs": ["z80"]}`, "architecture_execution_envs[0]", "should 10.20"},
		{"malware-analysis", `{"result": null, "analysis_sco_refs": null}`, "", "4.12"},
		{"malware-analysis", `{"result": "bad"}`, "result", "should 10.14"},
		{"malware-analysis", `{"host_vm_ref": "file5"}`, "host_vm_ref", "4.12.1"},
		{"malware-analysis", `{"sample_ref": "url5"}`, "sample_ref", "4.12.1"},
		{"malware-analysis", `{"analysis_ended": "2015-01-01T00:00:00Z"}`, "analysis_ended", "should 4.12.1"},
		{"note", `{"object_refs": ["bundle4"]}`, "object_refs[0]", "4.13.1"},
		{"observed-data", `{"number_observed": 0}`, "number_observed", "4.14.1"},
		{"observed-data", `{"number_observed": 1000000000}`, "number_observed", "4.14.1"},
		{"observed-data", `{"last_observed": "2015-01-01T00:00:00Z"}`, "last_observed", "4.14.1"},
		{"observed-data", `{"object_refs": null}`, "", "4.14"},
		{"observed-data", `{"object_refs": ["relationship4"]}`, "object_refs", "4.14.1"},
		{"observed-data", `{"object_refs": ["file5", "tool4"]}`, "object_refs[1]", "4.14.1"},
		{"observed-data", `{"object_refs": null, "objects": {"0": {"type": "ipv4-addr", "value": "198.51.100.2"}}}`, "objects", "should 2.13"},
		{"opinion", `{"opinion": "agree-ish"}`, "opinion", "10.18"},
		{"report", `{"published": null}`, "published", "4.16.1"},
		{"report", `{"report_types": ["x"]}`, "report_types[0]", "should 10.22"},
		{"threat-actor", `{"last_seen": "2015-01-01T00:00:00Z"}`, "last_seen", "4.17.1"},
		{"threat-actor", `{"threat_actor_types": ["x"]}`, "threat_actor_types[0]", "should 10.23"},
		{"threat-actor", `{"roles": ["x"]}`, "roles[0]", "should 10.24"},
		{"threat-actor", `{"sophistication": "x"}`, "sophistication", "should 10.25"},
		{"threat-actor", `{"personal_motivations": ["x"]}`, "personal_motivations[0]", "should 10.2"},
		{"vulnerability", `{"external_references": [{"source_name": "other", "description": "d"}, {"source_name": "cve", "external_id": "2016-1234"}]}`, "external_references[1].external_id", "4.19.1"},

		// Section 5.
		{"relationship", `{"relationship_type": "related_to"}`, "relationship_type", "5.1.2"},
		{"relationship", `{"relationship_type": "uses"}`, "relationship_type", "should 5.1.2"},
		{"relationship", `{"relationship_type": "derived-from"}`, "relationship_type", "should 3.7"},
		{"relationship", `{"relationship_type": "derived-from", "target_ref": "indicator4"}`, "-", ""},
		{"relationship", `{"relationship_type": "consists-of", "source_ref": "infrastructure4", "target_ref": "url5"}`, "-", ""},
		{"relationship", `{"relationship_type": "consists-of", "source_ref": "infrastructure4"}`, "relationship_type", "should 5.1.2"},
		{"relationship", `{"relationship_type": "anything", "source_ref": "x-example-thing4"}`, "-", ""},
		{"relationship", `{"source_ref": "relationship4"}`, "source_ref", "5.1.2"},
		{"relationship", `{"target_ref": "sighting4", "relationship_type": "related-to"}`, "target_ref", "5.1.2"},
		{"relationship", `{"target_ref": "bundle4", "relationship_type": "related-to"}`, "target_ref", "5.1.2"},
		{"relationship", `{"target_ref": "language-content4", "relationship_type": "related-to"}`, "target_ref", "5.1.2"},
		{"relationship", `{"target_ref": "marking-definition4", "relationship_type": "related-to"}`, "target_ref", "5.1.2"},
		{"relationship", `{"stop_time": "2016-01-01T00:00:00Z"}`, "stop_time", "5.1.2"},
		{"sighting", `{"sighting_of_ref": "ipv4-addr5"}`, "sighting_of_ref", "5.2.1"},
		{"sighting", `{"sighting_of_ref": "sighting4"}`, "sighting_of_ref", "5.2.1"},
		{"sighting", `{"observed_data_refs": ["file5"]}`, "observed_data_refs[0]", "5.2.1"},
		{"sighting", `{"where_sighted_refs": ["threat-actor4"]}`, "where_sighted_refs[0]", "5.2.1"},
		{"sighting", `{"count": -1}`, "count", "5.2.1"},
		{"sighting", `{"count": 1000000000}`, "count", "5.2.1"},
		{"sighting", `{"summary": "false"}`, "summary", "2.2"},
		{"sighting", `{"last_seen": "2015-01-01T00:00:00Z"}`, "last_seen", "5.2.1"},
	})
}

func TestFaultsOfMetaObjects(t *testing.T) {
	const tlp = `"definition_type": "tlp", "id": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"`
	checkFaults(t, []fault{
		{"language-content", `{"object_ref": "bundle4"}`, "object_ref", "7.1.1"},
		{"language-content", `{"contents": {"german language": {"name": "n"}}}`, "contents.german language", "2.3 7.1.1"},
		{"language-content", `{"contents": {"de_DE": {"name": "n"}}}`, "contents.de_DE", "7.1.1"},
		{"language-content", `{"contents": {"de": "n"}}`, "contents.de", "7.1.1"},
		{"language-content", `{"contents": 5}`, "contents", "2.3"},
		{"language-content", `{"lang": "en"}`, "lang", "should 3.2"},
		{"marking-definition", `{"definition": {"statement": 5}}`, "definition", "7.2.1.3"},
		{"marking-definition", `{"definition": "c"}`, "definition", "7.2.1.1"},
		{"marking-definition", `{"definition": null, "extensions": null}`, "definition", "7.2.1.1"},
		{"marking-definition", `{"definition_type": null, "extensions": null}`, "definition_type", "7.2.1.1"},
		{"marking-definition", `{"definition_type": null, "definition": null}`, "-", ""},
		{"marking-definition", `{"definition": {"tlp": "amber"}, ` + tlp + `}`, "-", ""},
		{"marking-definition", `{"definition": {"tlp": "red"}, ` + tlp + `}`, "id", "7.2.1.4"},
		{"marking-definition", `{"definition": {"tlp": "clear"}, ` + tlp + `}`, "definition", "7.2.1.4"},
		{"marking-definition", `{"definition": {"tlp": "green"}, "definition_type": "tlp"}`, "id", "7.2.1.4"},
		{"marking-definition", `{"id": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"}`, "", "7.2.1.4"},
		{"marking-definition", `{"extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {"extension_type": "property-extension", "tlp_2_0": "clear"}}}`, "", "should 7.3"},
		{"marking-definition", `{"object_marking_refs": ["marking-definition4"]}`, "object_marking_refs[0]", "3.2"},
		{"marking-definition", `{"granular_markings": [{"marking_ref": "marking-definition4", "selectors": ["name"]}]}`, "granular_markings[0].marking_ref", "3.2"},
		{"marking-definition", `{"modified": "2016-04-06T20:03:48.000Z"}`, "modified", "should 3.2"},
		{"marking-definition", `{"modified": "2016"}`, "modified", "2.16"},
		{"marking-definition", `{"confidence": 5}`, "confidence", "should 3.2"},
		{"extension-definition", `{"created_by_ref": null}`, "created_by_ref", "3.2"},
		{"extension-definition", `{"extension_types": ["toplevel-property-extension", "top"]}`, "extension_types[1]", "10.5"},
		{"extension-definition", `{"extension_types": ["new-sdo"]}`, "extension_properties", "7.3.1"},
		{"extension-definition", `{"extension_properties": null}`, "extension_properties", "should 7.3.1"},
		{"extension-definition", `{"extension_properties": ["Rank"]}`, "extension_properties[0]", "7.3.2.1"},
		{"extension-definition", `{"extensions": {"extension-definition5": {"extension_type": "new-sdo"}}}`, "extensions", "should 3.2"},
	})
}

// checkFaults makes each fault and holds that it is told of, and nothing else is.
func checkFaults(t *testing.T, faults []fault) {
	t.Helper()
	full, _ := examples()
	for _, f := range faults {
		t.Run(f.typ+" "+f.edit, func(t *testing.T) {
			doc := object(t, f.typ, full[f.typ], true)
			edit := decode(t, identifiers(f.edit))
			merge(doc, edit)
			_, keepID := edit["id"]
			problems := validate(t, doc, keepID)
			severity := SeverityError
			clause, warning := strings.CutPrefix(f.clause, "should ")
			if warning {
				severity = SeverityWarning
			}
			found := false
			for _, p := range problems {
				switch {
				case p.Path == f.path && p.Severity == severity && strings.Contains(" "+clause+" ", " "+strings.TrimPrefix(p.Clause, "STIX 2.1, ")+" "):
					found = true
				case f.typ == "tool" && strings.HasPrefix(f.edit, `{"type"`):
					// Another type has no properties of a tool.
				default:
					t.Errorf("unexpected %s: %s", p.Severity, p)
				}
			}
			if !found && f.path != "-" {
				t.Errorf("no %s at %q by %s", severity, f.path, clause)
			}
		})
	}
}

func merge(doc, edit map[string]any) {
	for name, value := range edit {
		inner, isObject := value.(map[string]any)
		old, wasObject := doc[name].(map[string]any)
		switch {
		case value == nil:
			delete(doc, name)
		case isObject && wasObject:
			merge(old, inner)
		default:
			doc[name] = value
		}
	}
}
