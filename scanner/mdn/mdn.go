// Package mdn scores a site as MDN's HTTP Observatory would, by its published
// rules (algorithm version 4, program 1.4.8): a pure function of the facts.
//
// The score differs from the Observatory's own where infohub does not ask, or
// where a standard says otherwise (docs/mdn-score.md):
//
//   - nobody looks at the browsers' list of names that are preloaded as https
//     only, for which it gives points, so a preloaded site may have fewer here;
//   - cross-origin sharing is judged by the answer to GET, not to OPTIONS;
//   - a page that turns strangers away (401, 403) has no score, for nobody has
//     seen it;
//   - a policy in a <meta> outside the head is none (CSP3 section 3.3);
//   - a cookie that has expired when it is set is none (RFC 6265 section 5.3).
//
// Imported by internal/app and tests.
package mdn

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// creditFrom is the score that a site must have without its bonuses before
// they count.
const creditFrom = 90

// Score returns the score of the target's apex, or of www where the apex has no
// web server; nil where neither has one. A fact that is missing gives a score
// with a Failure and nothing else.
func Score(f *scanner.Facts) *scanner.MDNScore {
	if f.Web == nil {
		return nil
	}
	for _, host := range f.Target.Hosts() {
		s, there, why := readSession(f, host)
		switch {
		case why != nil:
			return &scanner.MDNScore{Host: host, Failure: why}
		case there:
			return s.score()
		}
	}
	return nil
}

// session is what the Observatory would have of one host.
type session struct {
	host        string
	http, https *scanner.WebRoot // nil: nobody answers there
	auto        *scanner.WebRoot // https, or else http
	last        *scanner.Hop     // of auto
	page        *scanner.Page    // of auto, never nil
	cors        *scanner.CORSAnswer
}

// readSession gathers the facts of one host. It is not there where no server
// answers; why is set where that cannot be told, or a fact is missing.
func readSession(f *scanner.Facts, host string) (s *session, there bool, why *scanner.Failure) {
	s = &session{host: host, page: &scanner.Page{}, cors: f.Web.CORS}
	for i := range f.Web.Roots {
		root := &f.Web.Roots[i]
		u, err := url.Parse(root.Start)
		if err != nil || u.Hostname() != host {
			continue
		}
		if root.Failure != nil {
			if !closed(root, u.Scheme) {
				return nil, false, root.Failure
			}
			continue
		}
		if u.Scheme == "https" {
			s.https = root
		} else {
			s.http = root
		}
	}
	if s.auto = s.https; s.auto == nil {
		s.auto = s.http
	}
	if s.auto == nil || s.auto.Last() == nil {
		return nil, false, nil
	}
	s.last = s.auto.Last()
	if s.auto.Page != nil {
		s.page = s.auto.Page
	}
	return s, true, s.missing()
}

// closed: there is no server, and we know it. A server that speaks no TLS is no
// https server.
func closed(root *scanner.WebRoot, scheme string) bool {
	switch root.Failure.Kind {
	case scanner.FailRefused, scanner.FailUnresolved:
		return true
	case scanner.FailTLS:
		return scheme == "https"
	}
	return false
}

// missing says which fact is, nil if none.
func (s *session) missing() *scanner.Failure {
	switch status := s.last.Status; {
	case status == 401, status == 403:
		return scanner.Failf(scanner.FailBlocked, fmt.Sprintf("%s answered with status %d", s.last.URL, status))
	case status < 200, status >= 400:
		return scanner.Failf(scanner.FailServer, fmt.Sprintf("%s answered with status %d", s.last.URL, status))
	case s.last.BodyFailure != nil:
		return s.last.BodyFailure
	case len(s.page.Scripts) > 0 && s.page.ScriptTags == 0:
		return scanner.Failf(scanner.FailMissing, "the facts are from before this score")
	case s.cors == nil || s.cors.URL != s.last.URL:
		return scanner.Failf(scanner.FailMissing, "cross-origin sharing was not asked about at "+s.last.URL)
	}
	return s.cors.Failure
}

// score runs the tests in the Observatory's order and adds up.
func (s *session) score() *scanner.MDNScore {
	policy := s.csp()
	hsts := s.hsts()
	out := &scanner.MDNScore{Host: s.host}
	for _, t := range []struct{ name, result string }{
		{"content-security-policy", policy.result},
		{"cookies", s.cookies(hsts == "hsts-implemented-max-age-at-least-six-months")},
		{"cross-origin-resource-sharing", s.sharing()},
		{"redirection", s.redirection()},
		{"referrer-policy", s.referrer()},
		{"strict-transport-security", hsts},
		{"subresource-integrity", s.integrity()},
		{"x-content-type-options", s.contentType()},
		{"x-frame-options", s.framing(policy)},
		{"cross-origin-resource-policy", s.resourcePolicy()},
	} {
		out.Tests = append(out.Tests, scanner.MDNTest{Name: t.name, Result: t.result, Modifier: modifier(t.result)})
	}
	plain, withCredit := 100, 100
	for _, t := range out.Tests {
		withCredit += t.Modifier
		plain += min(t.Modifier, 0)
	}
	out.Score = plain
	if plain >= creditFrom {
		out.Score = withCredit
	}
	out.Score = max(out.Score, 0)
	out.Grade = grade(out.Score)
	return out
}

// grade is the letter of a score.
func grade(score int) string {
	for _, g := range []struct {
		from   int
		letter string
	}{
		{100, "A+"}, {90, "A"}, {85, "A-"}, {80, "B+"}, {70, "B"}, {65, "B-"}, {60, "C+"}, {50, "C"}, {45, "C-"}, {40, "D+"}, {30, "D"}, {25, "D-"},
	} {
		if score >= g.from {
			return g.letter
		}
	}
	return "F"
}

// modifier is the points of a result. Those that are not named cost nothing.
func modifier(result string) int {
	switch result {
	case "csp-implemented-with-no-unsafe-default-src-none", "corp-implemented-with-same-origin", "corp-implemented-with-same-site":
		return 10
	case "csp-implemented-with-no-unsafe", "cookies-secure-with-httponly-sessions-and-samesite", "referrer-policy-private",
		"sri-implemented-and-all-scripts-loaded-securely", "sri-implemented-and-external-scripts-loaded-securely", "x-frame-options-implemented-via-csp":
		return 5
	case "cookies-without-secure-flag-but-protected-by-hsts", "redirection-off-host-from-http", "referrer-policy-unsafe", "referrer-policy-header-invalid",
		"sri-not-implemented-but-external-scripts-loaded-securely", "x-content-type-options-not-implemented", "x-content-type-options-header-invalid",
		"corp-header-invalid":
		return -5
	case "csp-implemented-with-insecure-scheme-in-passive-content-only", "csp-implemented-with-unsafe-eval",
		"cookies-session-without-secure-flag-but-protected-by-hsts", "redirection-not-to-https-on-initial-redirection",
		"hsts-implemented-max-age-less-than-six-months":
		return -10
	case "csp-implemented-with-unsafe-inline", "csp-implemented-with-insecure-scheme", "cookies-without-secure-flag", "cookies-samesite-flag-invalid",
		"cookies-anticsrf-without-samesite-flag", "redirection-not-to-https", "redirection-missing", "redirection-invalid-cert", "hsts-not-implemented",
		"hsts-header-invalid", "hsts-not-implemented-no-https", "hsts-invalid-cert", "sri-implemented-but-external-scripts-not-loaded-securely",
		"x-frame-options-not-implemented", "x-frame-options-header-invalid":
		return -20
	case "csp-header-invalid", "csp-not-implemented", "csp-not-implemented-but-reporting-enabled":
		return -25
	case "cookies-session-without-httponly-flag":
		return -30
	case "cookies-session-without-secure-flag":
		return -40
	case "cross-origin-resource-sharing-implemented-with-universal-access", "sri-not-implemented-and-external-scripts-not-loaded-securely":
		return -50
	}
	return 0
}

// header is a header of the last answer as the Observatory's HTTP client gives
// it: several lines joined by commas.
func (s *session) header(name string) (value string, there bool) {
	lines := s.last.Get(name)
	return strings.Join(lines, ", "), len(lines) > 0
}

// verified: every certificate on the way was good.
func verified(root *scanner.WebRoot) bool {
	for _, hop := range root.Hops {
		if hop.TLSName != "" {
			return false
		}
	}
	return true
}
