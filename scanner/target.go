package scanner

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Target is a domain to scan. Its web names are Domain and "www." + Domain.
type Target struct {
	Domain  string `json:"domain"`  // lower case, A-labels ("xn--..."), no trailing dot
	Unicode string `json:"unicode"` // the same for people ("公司.香港")
	Input   string `json:"input"`   // as it was written
}

// Hosts are the web names of the target, the bare domain first.
func (t Target) Hosts() []string { return []string{t.Domain, "www." + t.Domain} }

// TargetError is a target that cannot be scanned. Its text says what to do.
type TargetError struct {
	Input string
	Kind  TargetFault
}

// TargetFault is what is wrong with a target; reports have words for each in
// three languages.
type TargetFault string

// The faults.
const (
	TargetEmpty    TargetFault = "empty"
	TargetAddress  TargetFault = "address"  // an IP address
	TargetWildcard TargetFault = "wildcard" // *.example.hk
	TargetLong     TargetFault = "long"     // over 253 characters, or a label over 63
	TargetSingle   TargetFault = "single"   // "localhost", "com"
	TargetScheme   TargetFault = "scheme"   // ftp://...
	TargetPort     TargetFault = "port"     // example.hk:8443
	TargetName     TargetFault = "name"     // anything else that is no domain name
)

func (e *TargetError) Error() string {
	in := Printable(e.Input, 60)
	switch e.Kind {
	case TargetEmpty:
		return "the name is empty: give a domain, for example example.hk"
	case TargetAddress:
		return fmt.Sprintf("%q is an IP address: give the site's domain name, because certificates, mail and DNS belong to names", in)
	case TargetWildcard:
		return fmt.Sprintf("%q is a wildcard: name each site, for example example.hk", in)
	case TargetLong:
		return fmt.Sprintf("%q is too long for a domain name: at most 253 characters, 63 between two dots", in)
	case TargetSingle:
		return fmt.Sprintf("%q has no dot: give the whole domain, for example example.hk", in)
	case TargetScheme:
		return fmt.Sprintf("%q is not a web address: give the domain alone, for example example.hk", in)
	case TargetPort:
		return fmt.Sprintf("%q names a port: sites are scanned on the usual ports; leave it out (--connect-to leads a name to another port)", in)
	}
	return fmt.Sprintf("%q is not a domain name: use letters, digits, hyphens and dots, for example example.hk", in)
}

// ErrPath is joined to a target that was a page's address; the target is good
// and stands for the whole site.
var ErrPath = errors.New("the path is left out: the whole site is scanned")

// ParseTarget reads what a person types: a domain in either form of IDN, with
// or without a trailing dot, "www." or a web address around it. A page's
// address gives its site and ErrPath, so that the caller can say what was left
// out; every other error is a *TargetError. "www." is dropped, because both
// names are scanned.
func ParseTarget(input string) (Target, error) {
	s := strings.TrimSpace(input)
	fail := func(k TargetFault) (Target, error) {
		return Target{}, &TargetError{Input: strings.TrimSpace(input), Kind: k}
	}
	if s == "" {
		return fail(TargetEmpty)
	}
	var path error
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		if sl := strings.ToLower(scheme); sl != "http" && sl != "https" {
			return fail(TargetScheme)
		}
		s = rest
	}
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		if s[i:] != "/" {
			path = ErrPath
		}
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		input = "…" + s[i:] // what stands before it may be a password
		return fail(TargetName)
	}
	if isAddress(s) {
		return fail(TargetAddress)
	}
	if host, port, ok := strings.Cut(s, ":"); ok {
		if port == "" || strings.Trim(port, "0123456789") != "" || host == "" {
			return fail(TargetName)
		}
		return fail(TargetPort)
	}
	if strings.Contains(s, "*") {
		return fail(TargetWildcard)
	}
	if u, err := url.PathUnescape(s); err != nil || u != s {
		return fail(TargetName)
	}
	t, err := parseDomain(s, path, fail)
	t.Input = Printable(strings.TrimSpace(input), 300)
	return t, err
}

func parseDomain(s string, path error, fail func(TargetFault) (Target, error)) (Target, error) {
	if !utf8.ValidString(s) { // it would be mapped to another name
		return fail(TargetName)
	}
	// Full-width dots are what a Chinese keyboard types.
	s = strings.NewReplacer("。", ".", "．", ".", "｡", ".").Replace(s)
	s = strings.TrimSuffix(s, ".")
	if len(s) > 1000 {
		return fail(TargetLong)
	}
	// As idna.Lookup, but for names like "a1--b.hk", which are registered.
	profile := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.CheckHyphens(false), idna.StrictDomainName(true))
	ascii, err := profile.ToASCII(s)
	if tooLong(ascii) || (err != nil && tooLong(s)) {
		return fail(TargetLong)
	}
	if err != nil || ascii == "" {
		return fail(TargetName)
	}
	ascii = strings.ToLower(ascii)
	if rest := strings.TrimPrefix(ascii, "www."); strings.Contains(rest, ".") {
		ascii = rest
	}
	labels := strings.Split(ascii, ".")
	for _, l := range labels {
		if !isLabel(l) {
			return fail(TargetName)
		}
	}
	if len(labels) < 2 {
		return fail(TargetSingle)
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return fail(TargetName) // an address with a missing or extra part
	}
	unicode, err := idna.Display.ToUnicode(ascii)
	if err != nil {
		unicode = ascii
	}
	return Target{Domain: ascii, Unicode: unicode}, path
}

func isAddress(s string) bool {
	bare := strings.Trim(s, "[]")
	if _, err := netip.ParseAddr(bare); err == nil {
		return true
	}
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(s)
	return err == nil
}

func tooLong(s string) bool {
	if len(s) > 253 {
		return true
	}
	for l := range strings.SplitSeq(s, ".") {
		if len(l) > 63 {
			return true
		}
	}
	return false
}

// isLabel: letters, digits and hyphens, no hyphen at either end (RFC 1123
// section 2.1).
func isLabel(l string) bool {
	if l == "" || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	for _, c := range l {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
