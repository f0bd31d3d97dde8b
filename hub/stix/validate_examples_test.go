package stix

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// examples are an object of every type, without the common properties: all of its
// own, and in minimal those that it must have.
func examples() (full, minimal map[string]string) {
	const (
		phases = `[{"kill_chain_name": "lockheed-martin-cyber-kill-chain", "phase_name": "reconnaissance"}]`
		md5    = `{"MD5": "3773a88f65a5e780c8dff9cdc3a056f3"}`
	)
	full = map[string]string{
		"attack-pattern":   `"name": "Spear Phishing", "description": "d", "aliases": ["a"], "kill_chain_phases": PHASES, "external_references": [{"source_name": "capec", "external_id": "CAPEC-163"}]`,
		"campaign":         `"name": "c", "description": "d", "aliases": ["a"], "first_seen": "2016-01-01T00:00:00Z", "last_seen": "2016-01-01T00:00:00.5Z", "objective": "o"`,
		"course-of-action": `"name": "c", "description": "d"`,
		"grouping":         `"name": "g", "description": "d", "context": "suspicious-activity", "object_refs": ["indicator4", "relationship4", "file5", "marking-definition4", "x-example-thing4"]`,
		"identity":         `"name": "ACME", "description": "d", "roles": ["CEO"], "identity_class": "organization", "sectors": ["energy", "legal"], "contact_information": "c"`,
		"incident":         `"name": "i", "description": "d"`,
		"indicator":        `"name": "i", "description": "d", "indicator_types": ["malicious-activity"], "pattern": "[ipv4-addr:value = '198.51.100.1/32']", "pattern_type": "stix", "pattern_version": "2.1", "valid_from": "2016-01-01T00:00:00Z", "valid_until": "2016-01-01T00:00:00.000001Z", "kill_chain_phases": PHASES`,
		"infrastructure":   `"name": "i", "description": "d", "infrastructure_types": ["botnet"], "aliases": ["a"], "kill_chain_phases": PHASES, "first_seen": "2016-01-01T00:00:00Z", "last_seen": "2016-01-01T00:00:00Z"`,
		"intrusion-set":    `"name": "i", "description": "d", "aliases": ["a"], "first_seen": "2016-01-01T00:00:00Z", "last_seen": "2016-01-01T00:00:00Z", "goals": ["g"], "resource_level": "club", "primary_motivation": "revenge", "secondary_motivations": ["ideology"]`,
		"location":         `"name": "l", "description": "d", "latitude": 48.8566, "longitude": -180, "precision": 10.5, "region": "northern-america", "country": "us", "administrative_area": "US-NY", "city": "New York", "street_address": "s", "postal_code": "1"`,
		"malware":          `"name": "m", "description": "d", "malware_types": ["ransomware"], "is_family": true, "aliases": ["a"], "kill_chain_phases": PHASES, "first_seen": "2016-01-01T00:00:00Z", "last_seen": "2016-01-01T00:00:00Z", "operating_system_refs": ["software5"], "architecture_execution_envs": ["x86"], "implementation_languages": ["c++"], "capabilities": ["anti-vm"], "sample_refs": ["file5", "artifact5"]`,
		"malware-analysis": `"product": "p", "version": "1", "host_vm_ref": "software5", "operating_system_ref": "software5", "installed_software_refs": ["software5"], "configuration_version": "1", "modules": ["m"], "analysis_engine_version": "1", "analysis_definition_version": "1", "submitted": "2016-01-01T00:00:00Z", "analysis_started": "2016-01-01T00:00:00Z", "analysis_ended": "2016-01-01T00:00:00Z", "result_name": "r", "result": "malicious", "analysis_sco_refs": ["file5"], "sample_ref": "file5"`,
		"note":             `"abstract": "a", "content": "c", "authors": ["J"], "object_refs": ["campaign4"]`,
		"observed-data":    `"first_observed": "2016-01-01T00:00:00Z", "last_observed": "2016-01-01T00:00:00Z", "number_observed": 50, "object_refs": ["ipv4-addr5", "relationship4"]`,
		"opinion":          `"explanation": "e", "authors": ["J"], "opinion": "strongly-disagree", "object_refs": ["relationship4"]`,
		"report":           `"name": "r", "description": "d", "report_types": ["campaign"], "published": "2016-01-20T17:00:00Z", "object_refs": ["indicator4"]`,
		"threat-actor":     `"name": "t", "description": "d", "threat_actor_types": ["spy"], "aliases": ["a"], "first_seen": "2016-01-01T00:00:00Z", "last_seen": "2016-01-01T00:00:00Z", "roles": ["agent"], "goals": ["g"], "sophistication": "expert", "resource_level": "team", "primary_motivation": "dominance", "secondary_motivations": ["ideology"], "personal_motivations": ["revenge"]`,
		"tool":             `"name": "t", "description": "d", "tool_types": ["remote-access"], "aliases": ["a"], "kill_chain_phases": PHASES, "tool_version": "1"`,
		"vulnerability":    `"name": "CVE-2016-1234", "description": "d", "external_references": [{"source_name": "cve", "external_id": "CVE-2016-1234"}]`,

		"relationship": `"relationship_type": "indicates", "description": "d", "source_ref": "indicator4", "target_ref": "malware4", "start_time": "2016-01-01T00:00:00Z", "stop_time": "2016-01-01T00:00:01Z"`,
		"sighting":     `"description": "d", "first_seen": "2016-01-01T00:00:00Z", "last_seen": "2016-01-01T00:00:00Z", "count": 0, "sighting_of_ref": "indicator4", "observed_data_refs": ["observed-data4"], "where_sighted_refs": ["identity4", "location4"], "summary": false`,

		"artifact":             `"mime_type": "application/zip", "payload_bin": "ZX7HIBWPQA99NSUhEUgAAADI", "hashes": HASHES, "encryption_algorithm": "mime-type-indicated", "decryption_key": "k"`,
		"autonomous-system":    `"number": 15139, "name": "n", "rir": "ARIN"`,
		"directory":            `"path": "C:\\Windows", "path_enc": "windows-1252", "ctime": "2016-01-01T00:00:00Z", "mtime": "2016-01-01T00:00:00Z", "atime": "2016-01-01T00:00:00Z", "contains_refs": ["file5", "directory5"]`,
		"domain-name":          `"value": "_dmarc.例え.example.com.", "resolves_to_refs": ["ipv4-addr5", "ipv6-addr5", "domain-name5"]`,
		"email-addr":           `"value": "john@example.com", "display_name": "John", "belongs_to_ref": "user-account5"`,
		"email-message":        `"is_multipart": true, "date": "2016-06-19T14:20:40Z", "content_type": "multipart/mixed", "from_ref": "email-addr5", "sender_ref": "email-addr5", "to_refs": ["email-addr5"], "cc_refs": ["email-addr5"], "bcc_refs": ["email-addr5"], "message_id": "m", "subject": "s", "received_lines": ["r"], "additional_header_fields": {"Reply-To": ["a", "b"]}, "body_multipart": [{"body": "b", "content_type": "text/plain", "content_disposition": "inline"}, {"body_raw_ref": "artifact5"}], "raw_email_ref": "artifact5"`,
		"file":                 `"hashes": HASHES, "size": 25537, "name": "quêry.dll", "name_enc": "windows-1252", "magic_number_hex": "504b0304", "mime_type": "a/b", "ctime": "2016-01-01T00:00:00Z", "mtime": "2016-01-01T00:00:00Z", "atime": "2016-01-01T00:00:00Z", "parent_directory_ref": "directory5", "contains_refs": ["url5"], "content_ref": "artifact5"`,
		"ipv4-addr":            `"value": "198.51.100.0/24", "resolves_to_refs": ["mac-addr5"], "belongs_to_refs": ["autonomous-system5"]`,
		"ipv6-addr":            `"value": "2001:0db8::/96", "resolves_to_refs": ["mac-addr5"], "belongs_to_refs": ["autonomous-system5"]`,
		"mac-addr":             `"value": "d2:fb:49:24:37:18"`,
		"mutex":                `"name": "__CLEANSWEEP__"`,
		"network-traffic":      `"start": "2016-01-01T00:00:00Z", "end": "2016-01-01T00:00:00Z", "is_active": false, "src_ref": "ipv4-addr5", "dst_ref": "domain-name5", "src_port": 0, "dst_port": 65535, "protocols": ["ipv4", "tcp"], "src_byte_count": 1, "dst_byte_count": 0, "src_packets": 1, "dst_packets": 1, "ipfix": {"minimumIpTotalLength": 32, "a": "b"}, "src_payload_ref": "artifact5", "dst_payload_ref": "artifact5", "encapsulates_refs": ["network-traffic5"], "encapsulated_by_ref": "network-traffic5"`,
		"process":              `"is_hidden": false, "pid": 314, "created_time": "2016-01-20T14:11:25.55Z", "cwd": "/", "command_line": "c", "environment_variables": {"PATH": "/bin"}, "opened_connection_refs": ["network-traffic5"], "creator_user_ref": "user-account5", "image_ref": "file5", "parent_ref": "process4", "child_refs": ["process4"]`,
		"software":             `"name": "Word", "cpe": "cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*", "swid": "s", "languages": ["en", "zh-Hant-TW"], "vendor": "v", "version": "2002"`,
		"url":                  `"value": "https://example.com:8443/a%20b?c=d#e"`,
		"user-account":         `"user_id": "1001", "credential": "c", "account_login": "jdoe", "account_type": "unix", "display_name": "J", "is_service_account": false, "is_privileged": false, "can_escalate_privs": true, "is_disabled": false, "account_created": "2016-01-20T12:31:12Z", "account_expires": "2016-01-20T12:31:12Z", "credential_last_changed": "2016-01-20T12:31:12Z", "account_first_login": "2016-01-20T12:31:12Z", "account_last_login": "2016-01-20T12:31:12Z"`,
		"windows-registry-key": `"key": "hkey_local_machine\\system\\bar", "values": [{"name": "", "data": "42", "data_type": "REG_DWORD"}], "modified_time": "2016-01-01T00:00:00Z", "creator_user_ref": "user-account5", "number_of_subkeys": 2`,
		"x509-certificate":     `"is_self_signed": false, "hashes": HASHES, "version": "3", "serial_number": "36:f7", "signature_algorithm": "a", "issuer": "i", "validity_not_before": "2016-03-12T12:00:00Z", "validity_not_after": "2016-08-21T12:00:00Z", "subject": "s", "subject_public_key_algorithm": "a", "subject_public_key_modulus": "m", "subject_public_key_exponent": 65537, "x509_v3_extensions": {"basic_constraints": "critical,CA:TRUE, pathlen:0", "private_key_usage_period_not_before": "2016-03-12T12:00:00Z"}`,

		"language-content":     `"object_ref": "campaign4", "object_modified": "2017-02-08T21:31:22.007Z", "contents": {"de": {"name": "Bank Angriff"}, "zh-TW": {"goals": ["x", ""]}}`,
		"marking-definition":   `"name": "n", "definition_type": "statement", "definition": {"statement": "Copyright"}`,
		"extension-definition": `"name": "n", "description": "d", "schema": "https://example.com/s", "version": "1.2.1", "extension_types": ["toplevel-property-extension", "new-sdo"], "extension_properties": ["toxicity", "rank_2"]`,
	}
	minimal = map[string]string{
		"grouping":             `"context": "unspecified", "object_refs": ["indicator4"]`,
		"indicator":            `"description": "d", "pattern": "alert tcp any any", "pattern_type": "snort", "valid_from": "2016-01-01T00:00:00Z"`,
		"location":             `"latitude": -90.0, "longitude": 1.8e2`,
		"malware":              `"is_family": false`,
		"malware-analysis":     `"product": "p", "result": "unknown"`,
		"note":                 `"content": "c", "object_refs": ["campaign4"]`,
		"opinion":              `"opinion": "neutral", "object_refs": ["campaign4"]`,
		"report":               `"name": "r", "published": "2016-01-20T17:00:00Z", "object_refs": ["indicator4"]`,
		"relationship":         `"relationship_type": "related-to", "source_ref": "file5", "target_ref": "x-example-thing4"`,
		"sighting":             `"sighting_of_ref": "x-example-thing4"`,
		"observed-data":        `"first_observed": "2016-01-01T00:00:00Z", "last_observed": "2016-01-01T00:00:00Z", "number_observed": 1, "object_refs": ["file5"]`,
		"artifact":             `"url": "https://example.com/a.zip", "hashes": HASHES`,
		"autonomous-system":    `"number": 1`,
		"directory":            `"path": "/"`,
		"domain-name":          `"value": "example.com"`,
		"email-addr":           `"value": "john@example.com"`,
		"email-message":        `"is_multipart": false, "body": "b"`,
		"file":                 `"name": "n"`,
		"ipv4-addr":            `"value": "198.51.100.3"`,
		"ipv6-addr":            `"value": "::ffff:198.51.100.3"`,
		"mac-addr":             `"value": "00:00:ab:cd:ef:01"`,
		"network-traffic":      `"src_ref": "mac-addr5", "protocols": ["tcp"], "is_active": true`,
		"process":              `"pid": 1`,
		"url":                  `"value": "urn:example:a"`,
		"user-account":         `"display_name": "J"`,
		"windows-registry-key": `"number_of_subkeys": 0`,
		"x509-certificate":     `"subject": "s"`,
		"language-content":     `"object_ref": "marking-definition4", "contents": {"x-klingon": {"name": "n"}}`,
		"marking-definition":   `"extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {"extension_type": "property-extension", "tlp_2_0": "amber+strict"}}, "id": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"`,
		"extension-definition": `"name": "n", "schema": "s", "version": "1", "extension_types": ["property-extension"], "created_by_ref": "identity4"`,
	}
	for _, name := range []string{"attack-pattern", "campaign", "course-of-action", "identity", "incident", "infrastructure", "intrusion-set", "threat-actor", "tool", "vulnerability", "mutex", "software"} {
		minimal[name] = `"name": "n"`
	}
	for _, set := range []map[string]string{full, minimal} {
		for name, text := range set {
			text = strings.ReplaceAll(strings.ReplaceAll(text, "PHASES", phases), "HASHES", md5)
			set[name] = identifiers(text)
		}
	}
	return full, minimal
}

// identifiers writes out what the examples shorten: "file5" is an identifier of a
// file with a UUID of version 5.
func identifiers(text string) string {
	return regexp.MustCompile(`"([a-z][a-z0-9-]*[a-z])([45])"`).ReplaceAllStringFunc(text, func(short string) string {
		if strings.HasSuffix(short, `4"`) {
			return short[:len(short)-2] + `--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"`
		}
		return short[:len(short)-2] + `--ff26c055-6336-5bc5-b98d-13d6226742dd"`
	})
}

// object is an example with its common properties: all of them, or those that it
// must have.
func object(t *testing.T, typ, own string, all bool) map[string]any {
	t.Helper()
	common := `"id": "` + typ + `--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "spec_version": "2.1"`
	if of := classOf(typ); of != observable {
		common += `, "created": "2016-04-06T20:03:48.000Z"`
		if typ != "marking-definition" {
			common += `, "modified": "2016-04-06T20:03:48.123456Z"`
		}
	}
	if all {
		common += `, "object_marking_refs": ["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"],
			"granular_markings": [{"marking_ref": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "selectors": ["id", "object_marking_refs.[0]"]}]`
		switch {
		case classOf(typ) == observable:
			common += `, "defanged": false`
		default:
			common += `, "created_by_ref": "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"`
			if !strings.Contains(own, `"external_references"`) {
				common += `, "external_references": [{"source_name": "s", "description": "d", "url": "https://example.com/", "hashes": {"SHA-256": "6db12788c37247f2316052e142f42f4b259d6561751e5f401a1ae2a6df9c674b"}, "external_id": "i"}]`
			}
		}
		if classOf(typ) == domain || classOf(typ) == relationship {
			common += `, "lang": "en"`
		}
		if typ != "marking-definition" && classOf(typ) != observable {
			common += `, "revoked": true, "labels": ["l"]`
			if typ != "extension-definition" {
				common += `, "confidence": 100`
			}
		}
		if typ != "extension-definition" {
			common += `, "extensions": {"extension-definition--d83fce45-ef58-4c6c-a3f4-1fbc32e98c6e": {"extension_type": "property-extension", "rank": 5}}`
		}
	}
	doc := decode(t, `{"type": "`+typ+`", `+common+`}`)
	for name, value := range decode(t, "{"+own+"}") {
		doc[name] = value
	}
	return doc
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return doc
}

// validate checks a document. The identifier of a cyber-observable object is first
// made to follow from its content, unless it is to stay.
func validate(t *testing.T, doc map[string]any, keepID bool) []Problem {
	t.Helper()
	if id, ok := DeterministicID(parsed(t, doc)); ok && !keepID {
		doc["id"] = id
	}
	return Validate(parsed(t, doc))
}

func parsed(t *testing.T, doc any) Value {
	t.Helper()
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	v, err := new(Parser).Parse(data)
	if err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return v
}
