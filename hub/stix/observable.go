package stix

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix/pattern"
)

// MaxObservables is how many observables one object gives: those behind them, in
// their order, are not found by value.
const MaxObservables = 20_000

// Observable is one value under which an object is found.
type Observable struct {
	Kind ObservableKind
	// Key is the value's normal form: valid UTF-8 without control characters, of
	// at most MaxKey bytes. Of a longer one the end is replaced by its digest.
	Key string
	// Negated and Alone are those of an indicator's atom (see pattern.Atom).
	// Neither is set for what an SCO or a vulnerability holds: that is no claim.
	Negated, Alone bool
}

// ObservableKind is what a value is, in the words of those who look it up.
type ObservableKind string

// The kinds, and the normal forms of their keys.
const (
	IPv4        ObservableKind = "ipv4"         // 198.51.100.1; IPv6 addresses that stand for one, too
	IPv6        ObservableKind = "ipv6"         // 2001:db8::1
	CIDR4       ObservableKind = "cidr4"        // 198.51.100.0/24, host bits cleared; a /32 is an address
	CIDR6       ObservableKind = "cidr6"        // 2001:db8::/32, host bits cleared; a /128 is an address
	Domain      ObservableKind = "domain"       // lower case, A-labels (RFC 5890), no dot at the end
	URL         ObservableKind = "url"          // scheme and host in lower case, no default port, no fragment
	Email       ObservableKind = "email"        // lower case, the local part too; the domain as in Domain
	Hash        ObservableKind = "hash"         // lower case hex, of any algorithm; others than hex as they are
	MAC         ObservableKind = "mac"          // lower case, with colons
	ASN         ObservableKind = "asn"          // decimal digits
	FileName    ObservableKind = "file"         // as it is
	Mutex       ObservableKind = "mutex"        // as it is
	RegistryKey ObservableKind = "registry-key" // lower case
	UserAgent   ObservableKind = "user-agent"   // as it is
	Certificate ObservableKind = "certificate"  // a serial number: lower case hex without colons
	CVE         ObservableKind = "cve"          // CVE-2021-44228
	Other       ObservableKind = "other"        // type:property=value
)

// Observables are the values under which an object is found, by kind and key, each
// once for what is negated and once for what is not: those that an indicator's
// STIX pattern names, those that an SCO holds, and the CVE identifiers in a
// vulnerability's name and in any object's external references. h is the object's
// header. A URL or a mail address gives itself and not its domain: Lookup asks for
// both.
func Observables(v Value, h Header) []Observable {
	var found []Observable
	switch h.Type {
	case "indicator":
		found = patternObservables(h)
	case "vulnerability":
		for _, id := range cvesIn(v.Get("name").Text()) {
			found = append(found, Observable{Kind: CVE, Key: id})
		}
	default:
		found = heldObservables(v, h.Type)
	}
	for reference := range v.Get("external_references").Elements() {
		if strings.EqualFold(reference.Get("source_name").Text(), "cve") {
			for _, id := range cvesIn(reference.Get("external_id").Text()) {
				found = append(found, Observable{Kind: CVE, Key: id})
			}
		}
	}
	return sortObservables(found)
}

// sortObservables keeps one of each, with Alone if one of them has it.
func sortObservables(found []Observable) []Observable {
	slices.SortFunc(found, func(a, b Observable) int {
		return cmp.Or(compareObservables(a, b), before(a.Alone, b.Alone))
	})
	found = slices.CompactFunc(found, func(a, b Observable) bool { return compareObservables(a, b) == 0 })
	return found[:min(len(found), MaxObservables)]
}

// compareObservables orders by all but Alone.
func compareObservables(a, b Observable) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key), before(b.Negated, a.Negated))
}

// before is negative if only a is set.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func patternObservables(h Header) []Observable {
	if h.PatternType != "stix" {
		return nil
	}
	p, err := pattern.Parse(h.Pattern)
	if err != nil {
		return nil
	}
	atoms := p.Atoms()
	found := make([]Observable, 0, len(atoms))
	for _, atom := range atoms {
		kind, key := normal(atom.Type, atom.Property, atom.Value.Text)
		if key == "" {
			continue
		}
		alone := atom.Alone
		if atom.Op == pattern.IsSuperset && (kind == CIDR4 || kind == CIDR6) {
			alone = false // an address within the block is not what the pattern is about
		}
		found = append(found, Observable{Kind: kind, Key: key, Negated: atom.Negated, Alone: alone})
	}
	return found
}

// heldObservables are what an SCO holds itself (STIX 2.1, 6).
func heldObservables(v Value, typ string) []Observable {
	var found []Observable
	add := func(property, text string) {
		if kind, key := normal(typ, property, text); key != "" {
			found = append(found, Observable{Kind: kind, Key: key})
		}
	}
	for _, property := range held(typ) {
		switch member := v.Get(property); member.Kind() {
		case String:
			add(property, member.Text())
		case Number:
			add(property, string(member.Raw()))
		case Object: // hashes
			for algorithm, hash := range member.Members() {
				add(property+"."+algorithm, hash.Text())
			}
		case Missing, Null, Boolean, List:
		}
	}
	if typ == "network-traffic" {
		for name, field := range v.Get("extensions").Get("http-request-ext").Get("request_header").Members() {
			if strings.EqualFold(name, "User-Agent") {
				add("request_header."+name, field.Text())
			}
		}
	}
	return found
}

// held are the properties of each SCO by which somebody would look for it.
func held(typ string) []string {
	switch typ {
	case "domain-name", "email-addr", "ipv4-addr", "ipv6-addr", "mac-addr", "url":
		return []string{"value"}
	case "artifact":
		return []string{"hashes", "url"}
	case "autonomous-system":
		return []string{"number"}
	case "directory":
		return []string{"path"}
	case "email-message":
		return []string{"message_id", "subject"}
	case "file":
		return []string{"hashes", "name"}
	case "mutex":
		return []string{"name"}
	case "process":
		return []string{"command_line"}
	case "software":
		return []string{"cpe", "name"}
	case "user-account":
		return []string{"account_login", "user_id"}
	case "windows-registry-key":
		return []string{"key"}
	case "x509-certificate":
		return []string{"hashes", "serial_number"}
	}
	return nil
}
