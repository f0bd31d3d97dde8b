package stix

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// MaxKey is how many bytes an Observable's key has at most.
const MaxKey = 512

// normal is the kind and the key of the value of a property, whose path is as in
// pattern.Atom; the key is "" where there is nothing to find. What does not have
// the form that its property promises is Other.
func normal(typ, property, text string) (ObservableKind, string) {
	kind, key := Other, ""
	ok := false
	switch promised := promises(typ, property); promised {
	case IPv4, IPv6, CIDR4, CIDR6:
		kind, key, ok = address(text)
	case Domain:
		kind = Domain
		if key, ok = domainKey(text); !ok {
			kind, key, ok = address(text)
		}
	case URL:
		kind = URL
		key, _, ok = urlKey(text)
	case Email:
		kind = Email
		key, _, ok = emailKey(text)
	case MAC:
		kind = MAC
		key, ok = macKey(text)
	case ASN:
		kind = ASN
		key, ok = asnKey(text)
	case Hash:
		kind, key, ok = Hash, hashKey(text), true
	case Certificate:
		kind, key, ok = Certificate, serialKey(text), true
	case RegistryKey:
		kind, key, ok = RegistryKey, registryKey(text), true
	case CVE:
		kind = CVE
		if ids := cvesIn(text); len(ids) == 1 {
			key, ok = ids[0], true
		}
	case FileName, Mutex, UserAgent:
		kind, key, ok = promised, text, true
	case referred:
		kind, key, ok = guess(text)
	case Other:
	}
	key = printable(key)
	if ok {
		return kind, clip(key)
	}
	if text = printable(text); text == "" {
		return Other, ""
	}
	return Other, clip(printable(typ + ":" + property + "=" + text))
}

// referred is the value of an object that a pattern's path goes to by a reference,
// such as network-traffic:dst_ref.value: an address or a name.
const referred ObservableKind = "referred"

// promises is what a property holds, as its type and the last steps of its path
// tell.
func promises(typ, property string) ObservableKind {
	if property == "hashes" || strings.HasPrefix(property, "hashes.") || strings.Contains(property, ".hashes.") {
		return Hash
	}
	before, last := "", strings.Trim(property, "'")
	if at := strings.LastIndexByte(property, '.'); at >= 0 {
		before, last = property[:at], strings.Trim(property[at+1:], "'")
	}
	if strings.HasSuffix(before, "]") {
		before = before[:max(0, strings.LastIndexByte(before, '['))]
	}
	switch {
	case strings.EqualFold(last, "User-Agent") && strings.HasSuffix(before, "request_header"):
		return UserAgent
	case refers(before):
		return promisesByReference(before, last)
	case before == "external_references" && last == "external_id":
		return CVE
	case before != "":
		return Other
	}
	switch typ + ":" + last {
	case "ipv4-addr:value", "ipv6-addr:value":
		return IPv4
	case "domain-name:value":
		return Domain
	case "url:value", "artifact:url":
		return URL
	case "email-addr:value":
		return Email
	case "mac-addr:value":
		return MAC
	case "autonomous-system:number":
		return ASN
	case "file:name", "process:name": // the latter is of STIX 2.0 and still written
		return FileName
	case "mutex:name":
		return Mutex
	case "windows-registry-key:key":
		return RegistryKey
	case "x509-certificate:serial_number":
		return Certificate
	case "vulnerability:name":
		return CVE
	}
	return Other
}

func promisesByReference(before, last string) ObservableKind {
	switch last {
	case "value":
		return referred
	case "number":
		return ASN
	case "name":
		for _, of := range []string{"image_ref", "binary_ref", "content_ref", "contains_refs", "body_raw_ref", "raw_email_ref"} {
			if strings.HasSuffix(before, of) {
				return FileName
			}
		}
	}
	return Other
}

// guess tells values apart by their form.
func guess(text string) (kind ObservableKind, key string, ok bool) {
	if kind, key, ok = address(text); ok {
		return kind, key, true
	}
	if key, ok = macKey(text); ok {
		return MAC, key, true
	}
	if key, _, ok = emailKey(text); ok {
		return Email, key, true
	}
	if strings.Contains(text, "://") {
		key, _, ok = urlKey(text)
		return URL, key, ok
	}
	key, ok = domainKey(text)
	return Domain, key, ok
}

// hashKey folds the case of hex and of TLSH. That of other digests, such as
// ssdeep's, matters.
func hashKey(text string) string {
	text = strings.TrimSpace(text)
	if isHex(text) || isTLSH(text) {
		return strings.ToLower(text)
	}
	return text
}

// isTLSH reports whether a text is a TLSH digest: T1 and 70 digits of hex.
func isTLSH(text string) bool {
	return len(text) == 72 && strings.EqualFold(text[:2], "T1") && isHex(text[2:])
}

// registryKey writes out the hive, as STIX 2.1, 6.17 wants it.
func registryKey(text string) string {
	hive, rest, _ := strings.Cut(strings.ToLower(strings.TrimSpace(text)), `\`)
	switch hive {
	case "hklm":
		hive = "hkey_local_machine"
	case "hkcu":
		hive = "hkey_current_user"
	case "hkcr":
		hive = "hkey_classes_root"
	case "hku":
		hive = "hkey_users"
	case "hkcc":
		hive = "hkey_current_config"
	}
	if rest == "" {
		return hive
	}
	return hive + `\` + rest
}

func serialKey(text string) string {
	if bare := strings.NewReplacer(":", "", " ", "", "-", "").Replace(strings.TrimPrefix(strings.TrimSpace(text), "0x")); isHex(bare) {
		return strings.ToLower(bare)
	}
	return strings.ToLower(text)
}

func isHex(s string) bool {
	for _, c := range []byte(s) {
		if !isHexDigit(c) {
			return false
		}
	}
	return s != ""
}

// cvesIn are the CVE identifiers in a text, up to a thousand: CVE, a year and four
// to nineteen digits.
func cvesIn(text string) []string {
	var ids []string
	text = strings.ToUpper(text)
	for len(ids) < 1000 {
		at := strings.Index(text, "CVE-")
		if at < 0 {
			break
		}
		text = text[at+len("CVE-"):]
		year, rest, _ := strings.Cut(text, "-")
		if len(year) != 4 || strings.Trim(year, "0123456789") != "" {
			continue
		}
		if n := len(rest) - len(strings.TrimLeft(rest, "0123456789")); n >= 4 && n <= 19 {
			ids = append(ids, "CVE-"+year+"-"+rest[:n])
		}
	}
	return ids
}

// printable has no control characters, so that a key can stand in a line and
// between the separators of an index, and no space around it, as nobody types that.
func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return ' '
		}
		return r
	}, text))
}

// clip bounds a key and keeps keys that differ apart.
func clip(key string) string {
	if len(key) <= MaxKey {
		return key
	}
	digest := sha256.Sum256([]byte(key))
	end := "..." + hex.EncodeToString(digest[:])
	return strings.ToValidUTF8(key[:MaxKey-len(end)], "") + end
}
