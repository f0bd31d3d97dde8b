package stix

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/uuid"
)

// contributing are the ID Contributing Properties of each SCO (STIX 2.1, 6.1 to
// 6.18). A process has none.
func contributing(typ string) []string {
	switch typ {
	case "artifact":
		return []string{"hashes", "payload_bin"}
	case "autonomous-system":
		return []string{"number"}
	case "directory":
		return []string{"path"}
	case "domain-name", "email-addr", "ipv4-addr", "ipv6-addr", "mac-addr", "url":
		return []string{"value"}
	case "email-message":
		return []string{"from_ref", "subject", "body"}
	case "file":
		return []string{"hashes", "name", "extensions", "parent_directory_ref"}
	case "mutex":
		return []string{"name"}
	case "network-traffic":
		return []string{"start", "end", "src_ref", "dst_ref", "src_port", "dst_port", "protocols", "extensions"}
	case "software":
		return []string{"name", "cpe", "swid", "vendor", "version"}
	case "user-account":
		return []string{"account_type", "user_id", "account_login"}
	case "windows-registry-key":
		return []string{"key", "values"}
	case "x509-certificate":
		return []string{"hashes", "serial_number"}
	}
	return nil
}

// DeterministicID is the identifier that an SCO should have (STIX 2.1, 3.4): a
// UUIDv5 of the canonical JSON (RFC 8785) of its ID Contributing Properties. It is
// false for what is no SCO of the standard, where none of these properties is
// there, where a number is beyond what canonical JSON can say, and where hashes
// hold several and none of the algorithms that the standard chooses from.
func DeterministicID(v Value) (string, bool) {
	typ := v.Get("type").Text()
	canonical := []byte{'{'}
	for _, name := range slices.Sorted(slices.Values(contributing(typ))) {
		property := v.Get(name)
		if property.Kind() == Missing {
			continue
		}
		if len(canonical) > 1 {
			canonical = append(canonical, ',')
		}
		canonical = append(appendString(canonical, name), ':')
		var ok bool
		if name == "hashes" {
			canonical, ok = appendOneHash(canonical, property)
		} else {
			canonical, ok = appendCanonical(canonical, property)
		}
		if !ok {
			return "", false
		}
	}
	if len(canonical) == 1 {
		return "", false
	}
	// The namespace of STIX 2.1, 2.9.
	namespace := uuid.UUID{0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7}
	return typ + "--" + uuid.NewSHA1(namespace, append(canonical, '}')).String(), true
}

// appendOneHash appends the one hash that contributes: the first of four
// algorithms that is there.
func appendOneHash(dst []byte, hashes Value) ([]byte, bool) {
	for _, algorithm := range []string{"MD5", "SHA-1", "SHA-256", "SHA-512"} {
		if hash := hashes.Get(algorithm); hash.Kind() != Missing {
			dst = appendString(append(dst, '{'), algorithm)
			dst, ok := appendCanonical(append(dst, ':'), hash)
			return append(dst, '}'), ok
		}
	}
	if hashes.Kind() != Object || hashes.Len() != 1 {
		return dst, false
	}
	return appendCanonical(dst, hashes)
}

// appendCanonical appends the canonical form of RFC 8785. It is false for a number
// that is no double.
func appendCanonical(dst []byte, v Value) ([]byte, bool) {
	var ok bool
	switch v.Kind() {
	case Missing, Null, Boolean:
		return append(dst, v.Raw()...), true
	case Number:
		return appendNumber(dst, v)
	case String:
		return appendString(dst, v.Text()), true
	case List:
		dst = append(dst, '[')
		for e := range v.Elements() {
			if dst[len(dst)-1] != '[' {
				dst = append(dst, ',')
			}
			if dst, ok = appendCanonical(dst, e); !ok {
				return dst, false
			}
		}
		return append(dst, ']'), true
	case Object:
		members := v.sorted()
		slices.SortFunc(members, func(a, b member) int { return compareUTF16(a.name, b.name) })
		dst = append(dst, '{')
		for i, m := range members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, m.name), ':')
			if dst, ok = appendCanonical(dst, m.value); !ok {
				return dst, false
			}
		}
		return append(dst, '}'), true
	}
	return dst, false
}

// compareUTF16 orders names by their UTF-16 code units (RFC 8785, 3.2.3): unlike in
// UTF-8, what is beyond U+FFFF comes before U+E000.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y {
			return slices.Compare(utf16.Encode([]rune{x}), utf16.Encode([]rune{y}))
		}
		a, b = a[n:], b[m:]
	}
	return len(a) - len(b)
}

// appendNumber writes a number as ECMAScript does (RFC 8785, 3.2.2.3).
func appendNumber(dst []byte, v Value) ([]byte, bool) {
	f, err := strconv.ParseFloat(string(v.Raw()), 64)
	if err != nil {
		return dst, false
	}
	if f == 0 {
		return append(dst, '0'), true
	}
	if size := math.Abs(f); size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64), true
	}
	text := strconv.AppendFloat(nil, f, 'e', -1, 64)
	// Go writes two digits of an exponent at least, ECMAScript as few as will do.
	text = bytes.Replace(text, []byte("e-0"), []byte("e-"), 1)
	return append(dst, text...), true
}
