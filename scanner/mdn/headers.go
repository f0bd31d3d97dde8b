package mdn

import (
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/cybersec-infohub/infohub/scanner"
)

// sixMonths is what the Observatory takes for six months, in seconds: 180 days.
const sixMonths = 15552000

func (s *session) hsts() string {
	if s.https == nil {
		return "hsts-not-implemented-no-https"
	}
	if !verified(s.https) {
		return "hsts-invalid-cert"
	}
	value, there := s.header("Strict-Transport-Security")
	if !there {
		return "hsts-not-implemented"
	}
	value = cut(value, 1024)
	if strings.Contains(value, ",") {
		return "hsts-header-invalid"
	}
	result := "hsts-header-invalid" // without max-age
	for part := range strings.SplitSeq(value, ";") {
		age, ok := strings.CutPrefix(strings.ToLower(trim(part)), "max-age=")
		if !ok {
			continue
		}
		result = "hsts-implemented-max-age-at-least-six-months"
		// What is no number is not less than anything.
		if n, number := parseInt(cut(age, 120)); number && n < sixMonths {
			result = "hsts-implemented-max-age-less-than-six-months"
		}
	}
	return result
}

// parseInt reads the number that a text begins with, as JavaScript does, up to
// a bound that is beyond every max-age that matters.
func parseInt(s string) (n int64, ok bool) {
	s = trim(s)
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			break
		}
		n, ok = min(n*10+int64(c-'0'), 1<<40), true
	}
	if negative {
		n = -n
	}
	return n, ok
}

func (s *session) redirection() string {
	if s.http == nil {
		return "redirection-not-needed-no-http"
	}
	if !verified(s.http) {
		return "redirection-invalid-cert"
	}
	var route []*url.URL
	for _, hop := range s.http.Hops {
		if u, err := url.Parse(hop.URL); err == nil && hop.Status != 0 {
			route = append(route, u)
		}
	}
	switch {
	case len(route) < 2:
		return "redirection-missing"
	case route[len(route)-1].Scheme != "https":
		return "redirection-not-to-https"
	case route[1].Scheme == "http":
		return "redirection-not-to-https-on-initial-redirection"
	case route[0].Hostname() != route[1].Hostname():
		return "redirection-off-host-from-http"
	}
	return "redirection-to-https"
}

// sharing is judged by the answer to a GET with a foreign Origin.
func (s *session) sharing() string {
	switch {
	case s.cors.AllowOrigin == "":
		return "cross-origin-resource-sharing-not-implemented"
	case trim(s.cors.AllowOrigin) == "*":
		return "cross-origin-resource-sharing-implemented-with-public-access"
	case s.cors.AllowOrigin == s.cors.Origin && s.cors.Credentials:
		return "cross-origin-resource-sharing-implemented-with-universal-access"
	}
	return "cross-origin-resource-sharing-implemented-with-restricted-access"
}

func (s *session) referrer() string {
	lines := s.last.Get("Referrer-Policy")
	if s.page.MetaReferrer != "" && s.isHTML() {
		lines = append(lines[:len(lines):len(lines)], s.page.MetaReferrer)
	}
	if len(lines) == 0 {
		return "referrer-policy-not-implemented"
	}
	result := "referrer-policy-header-invalid"
	for part := range strings.SplitSeq(strings.Join(lines, ", "), ",") {
		switch strings.ToLower(trim(part)) {
		case "no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin":
			result = "referrer-policy-private"
		case "origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade":
			result = "referrer-policy-unsafe"
		}
	}
	return result
}

func (s *session) contentType() string {
	value, _ := s.header("X-Content-Type-Options")
	switch {
	case value == "":
		return "x-content-type-options-not-implemented"
	case strings.EqualFold(trim(cut(value, 256)), "nosniff"):
		return "x-content-type-options-nosniff"
	}
	return "x-content-type-options-header-invalid"
}

func (s *session) framing(policy cspVerdict) string {
	if policy.frameAncestors {
		return "x-frame-options-implemented-via-csp"
	}
	value, _ := s.header("X-Frame-Options")
	value = strings.ToLower(trim(cut(value, 1024)))
	switch {
	case value == "":
		return "x-frame-options-not-implemented"
	case value == "deny", value == "sameorigin":
		return "x-frame-options-sameorigin-or-deny"
	case strings.HasPrefix(value, "allow-from"):
		return "x-frame-options-allow-from-origin"
	}
	return "x-frame-options-header-invalid"
}

func (s *session) resourcePolicy() string {
	value, _ := s.header("Cross-Origin-Resource-Policy")
	switch strings.ToLower(trim(cut(value, 256))) {
	case "":
		return "corp-not-implemented"
	case "same-site":
		return "corp-implemented-with-same-site"
	case "same-origin":
		return "corp-implemented-with-same-origin"
	case "cross-origin":
		return "corp-implemented-with-cross-origin"
	}
	return "corp-header-invalid"
}

// isHTML goes by the header alone, to the letter.
func (s *session) isHTML() bool {
	lines := s.last.Get("Content-Type")
	if len(lines) == 0 {
		return false
	}
	kind, _, _ := strings.Cut(lines[0], ";")
	return kind == "text/html" || kind == "application/xhtml+xml"
}

// integrity: scripts of other owners must come over https and be pinned.
func (s *session) integrity() string {
	const (
		allBonus    = "sri-implemented-and-all-scripts-loaded-securely"
		bonus       = "sri-implemented-and-external-scripts-loaded-securely"
		plainPinned = "sri-implemented-but-external-scripts-not-loaded-securely"
		unpinned    = "sri-not-implemented-but-external-scripts-loaded-securely"
		plain       = "sri-not-implemented-and-external-scripts-not-loaded-securely"
	)
	if !s.isHTML() {
		return "sri-not-implemented-response-not-html"
	}
	if s.page.ScriptTags == 0 {
		return "sri-not-implemented-but-no-scripts-loaded"
	}
	own := registered(s.host)
	order := []string{allBonus, bonus, plainPinned, unpinned, plain}
	result, foreign := "", false
	for _, script := range s.page.Scripts {
		u, err := url.Parse(script.URL)
		if err != nil {
			continue
		}
		secure := u.Scheme == "https"
		switch script.Ref {
		case scanner.RefRelative:
			secure = s.auto == s.https
		case scanner.RefSchemeRelative:
			secure = false
		}
		if script.Ref == scanner.RefRelative || (script.Ref == scanner.RefAbsolute && registered(u.Hostname()) == own) {
			if script.Integrity && secure && result == "" {
				result = allBonus
			}
			continue
		}
		foreign = true
		switch {
		case script.Integrity && !secure:
			result = worse(order, result, plainPinned)
		case !script.Integrity && secure:
			result = worse(order, result, unpinned)
		case !script.Integrity:
			result = worse(order, result, plain)
		}
	}
	switch {
	case result != "":
		return result
	case foreign:
		return bonus
	}
	return "sri-not-implemented-but-all-scripts-loaded-from-secure-origin"
}

// registered is the registered domain by the suffixes of ICANN alone, as the
// Observatory reads the list; "" for an address.
func registered(host string) string {
	suffix, icann := publicsuffix.PublicSuffix(host)
	for !icann && strings.Contains(suffix, ".") { // a private suffix: what is above it?
		_, above, _ := strings.Cut(suffix, ".")
		suffix, icann = publicsuffix.PublicSuffix(above)
	}
	if host == suffix || !strings.HasSuffix(host, "."+suffix) || strings.Contains(host, ":") {
		return ""
	}
	rest := strings.TrimSuffix(host, "."+suffix)
	return rest[strings.LastIndex(rest, ".")+1:] + "." + suffix
}

// worse returns the one that stands later in the order; "" is better than all.
func worse(order []string, a, b string) string {
	for _, x := range order {
		switch x {
		case a:
			return b
		case b:
			if a == "" {
				return b
			}
			return a
		}
	}
	return b
}

// trim takes off white space as JavaScript does.
func trim(s string) string { return strings.Trim(strings.TrimSpace(s), "\ufeff") }

// cut keeps the first n bytes.
func cut(s string, n int) string { return s[:min(len(s), n)] }
