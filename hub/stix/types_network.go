package stix

import "net/netip"

// observableShape is the table of an SCO (STIX 2.1, 6).
func observableShape(name, clause string, own []property, rules ...rule) *shape {
	return newShape(name, clause, observableCommon(), own, append(rules, versionOrder)...)
}

// networkShapes are the tables of the SCOs of networks.
func networkShapes() []*shape {
	end := refTo("ipv4-addr", "ipv6-addr", "mac-addr", "domain-name")
	return []*shape{
		observableShape("autonomous-system", "6.2.1", []property{
			must("number", anyInteger()),
			may("name", isString),
			may("rir", isString),
		}),
		observableShape("domain-name", "6.4.1", []property{
			must("value", isDomain),
			may("resolves_to_refs", listOf(refTo("ipv4-addr", "ipv6-addr", "domain-name"))),
		}),
		observableShape("ipv4-addr", "6.8.1", []property{
			must("value", isAddress("IPv4", netip.Addr.Is4)),
			may("resolves_to_refs", listOf(refTo("mac-addr"))),
			may("belongs_to_refs", listOf(refTo("autonomous-system"))),
		}),
		observableShape("ipv6-addr", "6.9.1", []property{
			must("value", isAddress("IPv6", netip.Addr.Is6)),
			may("resolves_to_refs", listOf(refTo("mac-addr"))),
			may("belongs_to_refs", listOf(refTo("autonomous-system"))),
		}),
		observableShape("mac-addr", "6.10.1", []property{
			must("value", isMAC),
		}),
		observableShape("network-traffic", "6.12.1", []property{
			may("start", isTimestamp),
			may("end", isTimestamp),
			may("is_active", isBoolean),
			may("src_ref", end),
			may("dst_ref", end),
			may("src_port", isInteger(0, 65535)),
			may("dst_port", isInteger(0, 65535)),
			must("protocols", listOf(isString)),
			may("src_byte_count", count()),
			may("dst_byte_count", count()),
			may("src_packets", count()),
			may("dst_packets", count()),
			may("ipfix", dictionaryOf(isIntegerOrString)),
			may("src_payload_ref", refTo("artifact")),
			may("dst_payload_ref", refTo("artifact")),
			may("encapsulates_refs", listOf(refTo("network-traffic"))),
			may("encapsulated_by_ref", refTo("network-traffic")),
		}, anyOf("src_ref", "dst_ref"), notBefore("end", "start"), func(c *checker, m members) {
			if m.has("end") && m.Get("is_active").IsTrue() {
				c.failAt("end", "6.12.1", "must not be there while is_active is true")
			}
		}),
		observableShape("url", "6.15.1", []property{
			must("value", isURL),
		}),
		observableShape("x509-certificate", "6.18.1", []property{
			may("is_self_signed", isBoolean),
			may("hashes", isHashes),
			may("version", isString),
			may("serial_number", isString),
			may("signature_algorithm", isString),
			may("issuer", isString),
			may("validity_not_before", isTimestamp),
			may("validity_not_after", isTimestamp),
			may("subject", isString),
			may("subject_public_key_algorithm", isString),
			may("subject_public_key_modulus", isString),
			may("subject_public_key_exponent", anyInteger()),
			may("x509_v3_extensions", isA(x509Extensions())),
		}, atLeastOne),
	}
}

func x509Extensions() *shape {
	return newShape("x509-v3-extensions-type", "6.18.2", nil, []property{
		may("basic_constraints", isString),
		may("name_constraints", isString),
		may("policy_constraints", isString),
		may("key_usage", isString),
		may("extended_key_usage", isString),
		may("subject_key_identifier", isString),
		may("authority_key_identifier", isString),
		may("subject_alternative_name", isString),
		may("issuer_alternative_name", isString),
		may("subject_directory_attributes", isString),
		may("crl_distribution_points", isString),
		may("inhibit_any_policy", isString),
		may("private_key_usage_period_not_before", isTimestamp),
		may("private_key_usage_period_not_after", isTimestamp),
		may("certificate_policies", isString),
		may("policy_mappings", isString),
	}, atLeastOne)
}

// mailShapes are the tables of the SCOs of electronic mail.
func mailShapes() []*shape {
	part := newShape("email-mime-part-type", "6.6.2", nil, []property{
		may("body", isString),
		may("body_raw_ref", refTo("artifact", "file")),
		may("content_type", isString),
		may("content_disposition", isString),
	}, anyOf("body", "body_raw_ref"))
	return []*shape{
		observableShape("email-addr", "6.5.1", []property{
			must("value", isMailAddress),
			may("display_name", isString),
			may("belongs_to_ref", refTo("user-account")),
		}),
		observableShape("email-message", "6.6.1", []property{
			must("is_multipart", isBoolean),
			may("date", isTimestamp),
			may("content_type", isString),
			may("from_ref", refTo("email-addr")),
			may("sender_ref", refTo("email-addr")),
			may("to_refs", listOf(refTo("email-addr"))),
			may("cc_refs", listOf(refTo("email-addr"))),
			may("bcc_refs", listOf(refTo("email-addr"))),
			may("message_id", isString),
			may("subject", isString),
			may("received_lines", listOf(isString)),
			may("additional_header_fields", dictionaryOf(listOf(isString))),
			may("body", isString),
			may("body_multipart", listOf(isA(part))),
			may("raw_email_ref", refTo("artifact")),
		}, func(c *checker, m members) {
			multipart := m.Get("is_multipart")
			if m.has("body") && multipart.IsTrue() {
				c.failAt("body", "6.6.1", "must not be there where is_multipart is true: body_multipart has the parts")
			}
			if m.has("body_multipart") && multipart.Kind() == Boolean && !multipart.IsTrue() {
				c.failAt("body_multipart", "6.6.1", "must not be there where is_multipart is false: body has the text")
			}
		}),
	}
}
