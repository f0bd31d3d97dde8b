package checks

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// hsts is the value of a Strict-Transport-Security header.
type hsts struct {
	maxAge     int64 // seconds
	subDomains bool
	preload    bool
}

// The ways in which a header breaks RFC 6797 section 6.1, so that browsers
// pass over it.
var (
	errHSTSGrammar  = errors.New("not written as RFC 6797 asks")
	errHSTSTwice    = errors.New("a directive stands twice")
	errHSTSNoMaxAge = errors.New("no max-age")
)

// parseHSTS reads one Strict-Transport-Security value. Names are
// case-insensitive, values may be quoted, unknown directives are passed over;
// a max-age beyond int64 is the largest there is.
func parseHSTS(value string) (hsts, error) {
	var h hsts
	seen := map[string]bool{}
	for rest := value; ; {
		var name, arg string
		var given, ok bool
		name, arg, given, rest, ok = nextDirective(rest)
		if !ok {
			return hsts{}, errHSTSGrammar
		}
		if name = strings.ToLower(name); name != "" {
			if seen[name] {
				return hsts{}, errHSTSTwice
			}
			seen[name] = true
		}
		switch name {
		case "max-age":
			if arg == "" || strings.Trim(arg, "0123456789") != "" {
				return hsts{}, errHSTSGrammar
			}
			n, err := strconv.ParseInt(arg, 10, 64)
			if err != nil {
				n = math.MaxInt64 // digits only: it can only be too large
			}
			h.maxAge = n
		case "includesubdomains":
			if given {
				return hsts{}, errHSTSGrammar
			}
			h.subDomains = true
		case "preload":
			h.preload = true
		}
		if rest == "" {
			break
		}
		rest = rest[1:] // the semicolon
	}
	if !seen["max-age"] {
		return hsts{}, errHSTSNoMaxAge
	}
	return h, nil
}

// unknownHSTS are the names in a well-formed value that no browser knows.
func unknownHSTS(value string) []string {
	var names []string
	for rest := value; ; {
		name, _, _, left, ok := nextDirective(rest)
		if !ok {
			return names
		}
		switch strings.ToLower(name) {
		case "", "max-age", "includesubdomains", "preload":
		default:
			names = append(names, name)
		}
		if left == "" {
			return names
		}
		rest = left[1:]
	}
}

// nextDirective reads [ name [ "=" ( token | quoted-string ) ] ] with spaces
// around each part. What is left begins with a semicolon or is empty; given
// tells whether there was a value.
func nextDirective(s string) (name, arg string, given bool, rest string, ok bool) {
	name, s = cutToken(strings.TrimLeft(s, " \t"))
	s = strings.TrimLeft(s, " \t")
	if name != "" && strings.HasPrefix(s, "=") {
		given = true
		s = strings.TrimLeft(s[1:], " \t")
		if strings.HasPrefix(s, `"`) {
			if arg, s, ok = cutQuoted(s); !ok {
				return "", "", false, "", false
			}
		} else if arg, s = cutToken(s); arg == "" {
			return "", "", false, "", false
		}
		s = strings.TrimLeft(s, " \t")
	}
	if s != "" && s[0] != ';' {
		return "", "", false, "", false
	}
	return name, arg, given, s, true
}

// cutToken splits s behind the token it begins with (RFC 9110 section 5.6.2).
func cutToken(s string) (token, rest string) {
	i := strings.IndexFunc(s, func(c rune) bool {
		return !isAlnum(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	})
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i:]
}

// cutQuoted splits s behind the quoted-string it begins with (RFC 9110 section
// 5.6.4) and takes the quoting away.
func cutQuoted(s string) (text, rest string, ok bool) {
	var out []byte
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return string(out), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		out = append(out, s[i])
	}
	return "", "", false
}

// framing is what X-Frame-Options does, as browsers read it (HTML section
// 7.4.7): all lines together, each value once.
type framing string

const (
	framingNone    framing = ""        // no such header
	framingIgnored framing = "ignored" // there, but with no value that browsers know
	framingGuarded framing = "guarded"
)

func parseFrameOptions(lines []string) framing {
	values := map[string]bool{}
	for _, value := range headerList(lines) {
		values[strings.ToLower(value)] = true
	}
	switch {
	case len(lines) == 0:
		return framingNone
	case values["deny"], values["sameorigin"], len(values) > 1 && values["allowall"]:
		return framingGuarded // several unlike values, one of them known: browsers refuse all framing
	}
	return framingIgnored
}

// parseReferrerPolicy returns the policy in force, the last one known
// (Referrer Policy section 8.1), or "" for none. Names that old pages use in
// meta elements count too.
func parseReferrerPolicy(lines []string) string {
	policy := ""
	for _, token := range headerList(lines) {
		switch token = strings.ToLower(token); token {
		case "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin",
			"origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url":
			policy = token
		case "never":
			policy = "no-referrer"
		case "always":
			policy = "unsafe-url"
		case "origin-when-crossorigin":
			policy = "origin-when-cross-origin"
		case "default":
			policy = "strict-origin-when-cross-origin"
		}
	}
	return policy
}

// headerList splits header lines at their commas, without empty items.
func headerList(lines []string) []string {
	var out []string
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			if item = strings.Trim(item, " \t"); item != "" {
				out = append(out, item)
			}
		}
	}
	return out
}

// version finds a version number: one with dots, or a short number that stands
// alone behind a slash or a space ("PHP/8", "Drupal 10", not "ECS (dcb/7F83)").
var version = regexp.MustCompile(`(?:^|[/ (])v?(?:\d{1,9}(?:\.\d{1,9})+|\d{1,3}(?:[^0-9A-Za-z]|$))`)

// namesVersion tells whether a header's value gives a product's version away.
func namesVersion(value string) bool { return version.MatchString(value) }
