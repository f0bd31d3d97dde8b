package stix

import "testing"

func TestFaultsOfObservables(t *testing.T) {
	const (
		sha256 = "6db12788c37247f2316052e142f42f4b259d6561751e5f401a1ae2a6df9c674b"
		tlsh   = "02345678901234567890123456789012345678901234567890123456789012345678ab"
	)
	checkFaults(t, []fault{
		// Common rules (2.9, 3.2, 3.6).
		{"mutex", `{"spec_version": null}`, "-", ""},
		{"mutex", `{"spec_version": "2.0"}`, "spec_version", "3.2"},
		{"mutex", `{"id": "mutex5"}`, "id", "should 2.9"},
		{"mutex", `{"id": "mutex4"}`, "id", "should 2.9"},
		{"mutex", `{"id": "file5"}`, "id", "2.9"},
		{"process", `{"id": "process5"}`, "id", "should 2.9"},
		{"process", `{"id": "process4"}`, "-", ""},
		{"mutex", `{"created_by_ref": "identity4"}`, "created_by_ref", "should 3.2"},
		{"mutex", `{"labels": ["l"]}`, "labels", "should 3.2"},
		{"mutex", `{"created": "2016-01-01T00:00:00Z"}`, "created", "should 3.2"},
		{"mutex", `{"created": "yesterday"}`, "created", "2.16"},
		{"mutex", `{"defanged": "no"}`, "defanged", "2.2"},
		{"mutex", `{"x_example": 1}`, "", "should 11.1"},
		{"mutex", `{"username": "u"}`, "username", "3.8"},

		// Extensions (3.10, 11.3).
		{"mutex", `{"extensions": {"x-example-ext": {"foo_val": 1}}}`, "extensions.x-example-ext", "should 11.3"},
		{"mutex", `{"extensions": {"x-example": {"foo_val": 1}}}`, "extensions.x-example", "11.3.1"},
		{"mutex", `{"extensions": {"X-example-ext": {"foo_val": 1}}}`, "extensions.X-example-ext", "11.3.1"},
		{"mutex", `{"extensions": {"x-example-ext": {}}}`, "extensions.x-example-ext", "11.3.1"},
		{"mutex", `{"extensions": {"pdf-ext": {"version": "1.7"}}}`, "extensions.pdf-ext", "should 6.7.4"},

		{"artifact", `{"payload_bin": null}`, "", "6.1.1"},
		{"artifact", `{"url": "https://example.com/"}`, "url", "6.1.1"},
		{"artifact", `{"payload_bin": null, "url": "https://example.com/", "hashes": null}`, "url", "6.1.1"},
		{"artifact", `{"payload_bin": "ZX7HIBWP QA99"}`, "payload_bin", "2.1"},
		{"artifact", `{"payload_bin": "ZX7"}`, "payload_bin", "2.1"},
		{"artifact", `{"payload_bin": "Z==="}`, "payload_bin", "2.1"},
		{"artifact", `{"payload_bin": "ZX-_"}`, "payload_bin", "2.1"},
		{"artifact", `{"payload_bin": "ZX4="}`, "-", ""},
		{"artifact", `{"encryption_algorithm": null}`, "decryption_key", "6.1.1"},
		{"artifact", `{"encryption_algorithm": "rot13"}`, "encryption_algorithm", "10.4"},
		{"autonomous-system", `{"number": "15139"}`, "number", "2.10"},
		{"autonomous-system", `{"number": 9007199254740992}`, "number", "2.10"},
		{"autonomous-system", `{"number": 9007199254740991}`, "-", ""},
		{"directory", `{"contains_refs": ["url5"]}`, "contains_refs[0]", "6.3.1"},
		{"domain-name", `{"value": "example..com"}`, "value", "6.4.1"},
		{"domain-name", `{"value": "https://example.com/"}`, "value", "6.4.1"},
		{"domain-name", `{"value": "exa mple.com"}`, "value", "6.4.1"},
		{"domain-name", `{"value": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com"}`, "value", "6.4.1"},
		{"domain-name", `{"value": "example[.]com"}`, "value", "6.4.1"},
		{"domain-name", `{"value": "example[.]com", "defanged": true}`, "-", ""},
		{"domain-name", `{"resolves_to_refs": ["mac-addr5"]}`, "resolves_to_refs[0]", "6.4.1"},
		{"email-addr", `{"value": "John <john@example.com>"}`, "value", "6.5.1"},
		{"email-addr", `{"value": "john"}`, "value", "should 6.5.1"},
		{"email-addr", `{"belongs_to_ref": "identity4"}`, "belongs_to_ref", "6.5.1"},
		{"email-message", `{"is_multipart": false}`, "body_multipart", "6.6.1"},
		{"email-message", `{"body": "b"}`, "body", "6.6.1"},
		{"email-message", `{"from_ref": "user-account5"}`, "from_ref", "6.6.1"},
		{"email-message", `{"to_refs": ["user-account5"]}`, "to_refs[0]", "6.6.1"},
		{"email-message", `{"raw_email_ref": "file5"}`, "raw_email_ref", "6.6.1"},
		{"email-message", `{"additional_header_fields": {"X-Mailer": "Mutt"}}`, "additional_header_fields.X-Mailer", "2.12"},
		{"email-message", `{"body_multipart": [{"content_type": "a/b"}]}`, "body_multipart[0]", "6.6.2"},
		{"email-message", `{"body_multipart": [{"body_raw_ref": "url5"}]}`, "body_multipart[0].body_raw_ref", "6.6.2"},

		{"file", `{"hashes": null, "name": null, "name_enc": null}`, "", "6.7.1"},
		{"file", `{"name": null}`, "name_enc", "6.7.1"},
		{"file", `{"size": -1}`, "size", "6.7.1"},
		{"file", `{"magic_number_hex": "504B0304"}`, "magic_number_hex", "2.8"},
		{"file", `{"magic_number_hex": "504"}`, "magic_number_hex", "2.8"},
		{"file", `{"parent_directory_ref": "file5"}`, "parent_directory_ref", "6.7.1"},
		{"file", `{"content_ref": "file5"}`, "content_ref", "6.7.1"},
		{"file", `{"contains_refs": ["malware4"]}`, "contains_refs[0]", "6.7.1"},
		{"file", `{"hashes": {"SHA-256": "` + sha256 + `", "MD5": null}}`, "-", ""},
		{"file", `{"hashes": {"SHA-256": "` + sha256 + `0"}}`, "hashes.SHA-256", "10.7"},
		{"file", `{"hashes": {"SHA-1": "x"}}`, "hashes.SHA-1", "10.7"},
		{"file", `{"hashes": {"SHA-512": "` + sha256 + `"}}`, "hashes.SHA-512", "10.7"},
		{"file", `{"hashes": {"MD5": "3773A88F65A5E780C8DFF9CDC3A056F3"}}`, "-", ""},
		{"file", `{"hashes": {"MD5": 5}}`, "hashes.MD5", "2.7"},
		{"file", `{"hashes": {"x_foo_hash": "aaaa"}}`, "hashes.x_foo_hash", "should 10.7"},
		{"file", `{"hashes": {"SHA256": "aaaa"}}`, "hashes.SHA256", "should 10.7"},
		{"file", `{"hashes": {"TLSH": "T1` + tlsh + `"}}`, "-", ""},
		{"file", `{"hashes": {"TLSH": "` + tlsh + `"}}`, "-", ""},
		{"file", `{"hashes": {"TLSH": "T1"}}`, "hashes.TLSH", "10.7"},
		{"file", `{"hashes": {"SSDEEP": "96:s4Ud1Lj96tHHlZDrwciQmA+4uy1I0G4HYuL8N3TzS8QsO/wqWXLcMSx:sF1LjEtHHlZDrJzrhuyZvHYm8tKp/RWO"}}`, "-", ""},
		{"file", `{"hashes": {"SSDEEP": "abc"}}`, "hashes.SSDEEP", "10.7"},

		{"file", `{"extensions": {"archive-ext": {"comment": "c"}}}`, "extensions.archive-ext.contains_refs", "6.7.2"},
		{"file", `{"extensions": {"archive-ext": {"contains_refs": ["url5"]}}}`, "extensions.archive-ext.contains_refs[0]", "6.7.2"},
		{"file", `{"extensions": {"archive-ext": {"contains_refs": ["file5"]}}}`, "-", ""},
		{"file", `{"extensions": {"ntfs-ext": {}}}`, "extensions.ntfs-ext", "6.7.3"},
		{"file", `{"extensions": {"ntfs-ext": {"alternate_data_streams": [{"size": 1}]}}}`, "extensions.ntfs-ext.alternate_data_streams[0].name", "6.7.3.2"},
		{"file", `{"extensions": {"ntfs-ext": {"sid": "1234567", "rank": 1}}}`, "extensions.ntfs-ext.rank", "should 6.7.3"},
		{"file", `{"extensions": {"pdf-ext": {"document_info_dict": {"Title": 5}}}}`, "extensions.pdf-ext.document_info_dict.Title", "2.15"},
		{"file", `{"extensions": {"pdf-ext": {"document_info_dict": {"A title": "t"}}}}`, "extensions.pdf-ext.document_info_dict.A title", "2.3"},
		{"file", `{"extensions": {"pdf-ext": 1.7}}`, "extensions.pdf-ext", "3.2"},
		{"file", `{"extensions": {"raster-image-ext": {"exif_tags": {"XResolution": 4928, "Make": "Nikon"}}}}`, "-", ""},
		{"file", `{"extensions": {"raster-image-ext": {"exif_tags": {"XResolution": 1.5}}}}`, "extensions.raster-image-ext.exif_tags.XResolution", "6.7.5"},
		{"file", `{"extensions": {"windows-pebinary-ext": {"pe_type": "exe"}}}`, "extensions.windows-pebinary-ext", "6.7.6"},
		{"file", `{"extensions": {"windows-pebinary-ext": {"imphash": "i"}}}`, "extensions.windows-pebinary-ext.pe_type", "6.7.6"},
		{"file", `{"extensions": {"windows-pebinary-ext": {"pe_type": "com", "imphash": "i"}}}`, "extensions.windows-pebinary-ext.pe_type", "should 10.28"},
		{"file", `{"extensions": {"windows-pebinary-ext": {"pe_type": "exe", "optional_header": {}}}}`, "extensions.windows-pebinary-ext.optional_header", "6.7.6.2"},
		{"file", `{"extensions": {"windows-pebinary-ext": {"pe_type": "exe", "optional_header": {"size_of_code": -1}}}}`, "extensions.windows-pebinary-ext.optional_header.size_of_code", "6.7.6.2"},
		{"file", `{"extensions": {"windows-pebinary-ext": {"pe_type": "exe", "sections": [{"name": "CODE", "entropy": "1"}]}}}`, "extensions.windows-pebinary-ext.sections[0].entropy", "2.6"},
		{"file", `{"extensions": {"windows-pebinary-ext": {"pe_type": "exe", "sections": [{"name": "CODE", "entropy": 0.061089}], "optional_header": {"magic_hex": "010b"}, "time_date_stamp": "2016-01-22T12:31:12Z"}}}`, "-", ""},

		{"ipv4-addr", `{"value": "198.51.100.256"}`, "value", "6.8.1"},
		{"ipv4-addr", `{"value": "198.51.100.0/33"}`, "value", "6.8.1"},
		{"ipv4-addr", `{"value": "2001:db8::1"}`, "value", "6.8.1"},
		{"ipv4-addr", `{"value": "198.51.100[.]1"}`, "value", "6.8.1"},
		{"ipv4-addr", `{"value": "198.51.100[.]1", "defanged": true}`, "-", ""},
		{"ipv4-addr", `{"belongs_to_refs": ["mac-addr5"]}`, "belongs_to_refs[0]", "6.8.1"},
		{"ipv6-addr", `{"value": "198.51.100.1"}`, "value", "6.9.1"},
		{"ipv6-addr", `{"value": "2001:db8::/129"}`, "value", "6.9.1"},
		{"ipv6-addr", `{"resolves_to_refs": ["ipv4-addr5"]}`, "resolves_to_refs[0]", "6.9.1"},
		{"mac-addr", `{"value": "D2:FB:49:24:37:18"}`, "value", "6.10.1"},
		{"mac-addr", `{"value": "d2-fb-49-24-37-18"}`, "value", "6.10.1"},
		{"mac-addr", `{"value": "d2:fb:49:24:37"}`, "value", "6.10.1"},
		{"network-traffic", `{"src_ref": null, "dst_ref": null}`, "", "6.12.1"},
		{"network-traffic", `{"protocols": null}`, "protocols", "6.12.1"},
		{"network-traffic", `{"is_active": true}`, "end", "6.12.1"},
		{"network-traffic", `{"end": "2015-01-01T00:00:00Z"}`, "end", "6.12.1"},
		{"network-traffic", `{"src_port": 65536}`, "src_port", "6.12.1"},
		{"network-traffic", `{"dst_byte_count": -1}`, "dst_byte_count", "6.12.1"},
		{"network-traffic", `{"src_ref": "url5"}`, "src_ref", "6.12.1"},
		{"network-traffic", `{"encapsulates_refs": ["file5"]}`, "encapsulates_refs[0]", "6.12.1"},
		{"network-traffic", `{"ipfix": {"a": [1]}}`, "ipfix.a", "6.12.1"},
		{"network-traffic", `{"extensions": {"http-request-ext": {"request_method": "get"}}}`, "extensions.http-request-ext.request_value", "6.12.2"},
		{"network-traffic", `{"extensions": {"http-request-ext": {"request_method": "get", "request_value": "/", "request_header": {"Host": "h"}}}}`, "extensions.http-request-ext.request_header.Host", "2.12"},
		{"network-traffic", `{"extensions": {"icmp-ext": {"icmp_type_hex": "08"}}}`, "extensions.icmp-ext.icmp_code_hex", "6.12.3"},
		{"network-traffic", `{"extensions": {"socket-ext": {"address_family": "AF_UNIX"}}}`, "extensions.socket-ext.address_family", "10.16"},
		{"network-traffic", `{"extensions": {"socket-ext": {"address_family": "AF_INET", "socket_type": "SOCK_DGRAM"}}}`, "-", ""},
		{"network-traffic", `{"extensions": {"socket-ext": {"address_family": "AF_INET", "socket_type": "STREAM"}}}`, "extensions.socket-ext.socket_type", "10.17"},
		{"network-traffic", `{"extensions": {"socket-ext": {"address_family": "AF_INET", "options": {"SO_LINGER": "1"}}}}`, "extensions.socket-ext.options.SO_LINGER", "2.10"},
		{"network-traffic", `{"extensions": {"tcp-ext": {}}}`, "extensions.tcp-ext", "6.12.5"},
		{"network-traffic", `{"extensions": {"tcp-ext": {"src_flags_hex": "2"}}}`, "extensions.tcp-ext.src_flags_hex", "2.8"},
		{"process", `{"pid": "1"}`, "pid", "2.10"},
		{"process", `{"environment_variables": {"PATH": 5}}`, "environment_variables.PATH", "2.15"},
		{"process", `{"child_refs": ["file5"]}`, "child_refs[0]", "6.13.1"},
		{"process", `{"image_ref": "artifact5"}`, "image_ref", "6.13.1"},
		{"process", `{"extensions": {"windows-process-ext": {}}}`, "extensions.windows-process-ext", "6.13.2"},
		{"process", `{"extensions": {"windows-process-ext": {"integrity_level": "root", "window_title": "w"}}}`, "extensions.windows-process-ext.integrity_level", "10.27"},
		{"process", `{"extensions": {"windows-process-ext": {"startup_info": {"lpDesktop": [null]}, "priority": "HIGH_PRIORITY_CLASS"}}}`, "-", ""},
		{"process", `{"extensions": {"windows-service-ext": {"start_type": "x"}}}`, "extensions.windows-service-ext.start_type", "10.30"},
		{"process", `{"extensions": {"windows-service-ext": {"service_type": "x"}}}`, "extensions.windows-service-ext.service_type", "10.31"},
		{"process", `{"extensions": {"windows-service-ext": {"service_status": "x"}}}`, "extensions.windows-service-ext.service_status", "10.32"},
		{"process", `{"extensions": {"windows-service-ext": {"service_dll_refs": ["url5"]}}}`, "extensions.windows-service-ext.service_dll_refs[0]", "6.13.3"},
		{"software", `{"cpe": "cpe:/a:microsoft:word:2000"}`, "cpe", "6.14.1"},
		{"software", `{"languages": ["english-language"]}`, "-", ""}, // two subtags of eight, as far as the form goes
		{"software", `{"languages": ["en", "e"]}`, "languages[1]", "6.14.1"},
		{"url", `{"value": "example.com/a"}`, "value", "6.15.1"},
		{"url", `{"value": "https://exa mple.com/"}`, "value", "6.15.1"},
		{"url", `{"value": "https://example.com/%zz"}`, "value", "6.15.1"},
		{"url", `{"value": "https://example.com/{id}"}`, "value", "should 6.15.1"},
		{"url", `{"value": "hxxps://example[.]com/", "defanged": true}`, "-", ""},
		{"user-account", `{"account_type": "github"}`, "account_type", "should 10.1"},
		{"user-account", `{"extensions": {"unix-account-ext": {"gid": "0"}}}`, "extensions.unix-account-ext.gid", "2.10"},
		{"user-account", `{"extensions": {"unix-account-ext": {}}}`, "extensions.unix-account-ext", "6.16.2"},
		{"windows-registry-key", `{"key": "HKLM\\System"}`, "key", "6.17.1"},
		{"windows-registry-key", `{"values": [{}]}`, "values[0]", "6.17.2"},
		{"windows-registry-key", `{"values": [{"data_type": "REG_STRING"}]}`, "values[0].data_type", "10.29"},
		{"windows-registry-key", `{"creator_user_ref": "identity4"}`, "creator_user_ref", "6.17.1"},
		{"x509-certificate", `{"x509_v3_extensions": {"basic_constraints": null, "private_key_usage_period_not_before": null}}`, "x509_v3_extensions", "6.18.2"},
		{"x509-certificate", `{"version": 3}`, "version", "2.15"},
	})
}

// TestObservablesNeedSomething holds the rules of types whose properties are all
// optional.
func TestObservablesNeedSomething(t *testing.T) {
	for typ, clause := range map[string]string{
		"artifact": "6.1.1", "file": "6.7.1", "process": "6.13.1", "user-account": "6.16.1", "windows-registry-key": "6.17.1", "x509-certificate": "6.18.1",
	} {
		mustFail(t, validate(t, object(t, typ, "", false), false), "", "STIX 2.1, "+clause)
	}
	doc := object(t, "process", `"extensions": {"windows-process-ext": {"priority": "p"}}`, false)
	for _, p := range validate(t, doc, true) {
		t.Errorf("a process may have an extension only: %s", p)
	}
}

// TestVersionedObservable holds that an object whose identifier follows from its
// content is nobody's to version (3.6).
func TestVersionedObservable(t *testing.T) {
	const versions = `"name": "n", "created": "2016-01-01T00:00:00.000Z", "modified": "2016-01-01T00:00:00.000Z"`
	mustFail(t, validate(t, object(t, "mutex", versions, false), false), "id", "STIX 2.1, 3.6")
	if own := validate(t, object(t, "mutex", versions, false), true); HasErrors(own) {
		t.Errorf("with an identifier of its own: %v", own)
	}
}
