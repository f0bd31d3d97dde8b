package warninglist

import (
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// kinds is a set of kinds of observables.
type kinds uint32

const (
	ipv4 kinds = 1 << iota
	ipv6
	cidr4
	cidr6
	domain
	url
	email
	hash
	mac
	asn
	file
	mutex
	registryKey
	userAgent
	certificate
	cve
	other

	every     = other<<1 - 1
	addresses = ipv4 | ipv6 | cidr4 | cidr6

	// folded are the kinds whose normal form does not depend on case, if only in
	// parts; written those that are compared as they are, if only in parts.
	folded  = addresses | domain | url | email | hash | mac | asn | registryKey | certificate
	written = url | hash | file | mutex | userAgent | cve | other
)

func kindOf(kind stix.ObservableKind) kinds {
	switch kind {
	case stix.IPv4:
		return ipv4
	case stix.IPv6:
		return ipv6
	case stix.CIDR4:
		return cidr4
	case stix.CIDR6:
		return cidr6
	case stix.Domain:
		return domain
	case stix.URL:
		return url
	case stix.Email:
		return email
	case stix.Hash:
		return hash
	case stix.MAC:
		return mac
	case stix.ASN:
		return asn
	case stix.FileName:
		return file
	case stix.Mutex:
		return mutex
	case stix.RegistryKey:
		return registryKey
	case stix.UserAgent:
		return userAgent
	case stix.Certificate:
		return certificate
	case stix.CVE:
		return cve
	case stix.Other:
		return other
	}
	return 0
}

// kindsOf maps MISP's types of attributes. One such as filename|md5 has two values,
// and MISP compares both.
func kindsOf(attributes []string) (found kinds, unmapped []string) {
	if len(attributes) == 0 {
		return every, nil
	}
	for _, attribute := range attributes {
		var of kinds
		for part := range strings.SplitSeq(attribute, "|") {
			of |= kindsOfPart(part)
		}
		if of == 0 {
			unmapped = append(unmapped, attribute)
		}
		found |= of
	}
	return found, unmapped
}

func kindsOfPart(attribute string) kinds {
	switch attribute {
	case "ALL":
		return every
	case "ip-src", "ip-dst", "ip":
		return addresses
	case "domain", "hostname":
		return domain
	case "url", "uri", "link":
		return url
	case "email", "email-src", "email-dst", "email-reply-to", "target-email", "whois-registrant-email", "dns-soa-email", "eppn", "jabber-id":
		return email
	case "md5", "ssdeep", "imphash", "impfuzzy", "pehash", "authentihash", "tlsh", "telfhash", "vhash", "cdhash", "ja3-fingerprint-md5",
		"jarm-fingerprint", "hassh-md5", "hasshserver-md5", "favicon-mmh3", "git-commit-id", "dom-hash", "onion-hash":
		return hash
	case "filename", "attachment":
		return file
	case "malware-sample":
		return file | hash
	case "mac-address", "mac-eui-64":
		return mac
	case "AS":
		return asn
	case "mutex":
		return mutex
	case "regkey":
		return registryKey
	case "user-agent", "http-user-agent":
		return userAgent
	case "vulnerability":
		return cve
	}
	for _, prefix := range []string{"sha1", "sha2", "sha3", "sha5", "x509-fingerprint-"} {
		if strings.HasPrefix(attribute, prefix) {
			return hash
		}
	}
	return 0
}
