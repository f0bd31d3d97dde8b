package checks

import (
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestContentPolicy(t *testing.T) {
	const csp = "Content-Security-Policy: "
	meta := func(content string, headers ...string) *scanner.Facts {
		return secureBody(scanner.Page{MetaCSP: []string{content}}, headers...)
	}
	none := notFor(scanner.NANoRecord)
	tests := []struct {
		about                     string
		facts                     *scanner.Facts
		missing, inline, wildcard verdict
	}{
		{"none", secured(), fails("no Content-Security-Policy"), none, none},
		{"good", secured(csp + "default-src 'self'"), passes("default-src 'self'"), passes("'self'"), passes("'self'")},
		{"http site", plainOnly(csp + "default-src 'self'"), passes(apexHTTP), passes(""), passes("")},
		{"report-only", secured("Content-Security-Policy-Report-Only: default-src 'self'"), notFor(scanner.NACovered), none, none},
		{"report-only beside a broken one", secured(csp+";", "Content-Security-Policy-Report-Only: default-src 'self'"), fails("no Content-Security-Policy"), none, none},
		{"empty", secured(csp + " ; ,"), fails("no Content-Security-Policy"), none, none},
		{"nothing about scripts", secured(csp + "frame-ancestors 'none'; upgrade-insecure-requests"), fails("without default-src"), none, none},
		{"meta", meta("script-src 'self'"), passes("script-src 'self'"), passes(""), passes("")},
		{"inline", secured(csp + "script-src 'self' 'UNSAFE-INLINE'"), passes(""), fails("UNSAFE-INLINE").on("example.hk"), passes("")},
		{"inline by fallback", secured(csp + "default-src 'self' 'unsafe-inline'"), passes(""), fails("default-src"), passes("")},
		{"the fallback is overruled", secured(csp + "default-src 'unsafe-inline'; script-src 'self'"), passes(""), passes("script-src 'self'"), passes("")},
		{"inline elements only", secured(csp + "script-src 'self'; script-src-elem 'unsafe-inline'"), passes(""), fails("script-src-elem"), passes("")},
		{"inline attributes only", secured(csp + "script-src 'nonce-YWJj'; script-src-attr 'unsafe-inline'"), passes(""), fails("script-src-attr"), passes("")},
		{"a nonce switches it off", secured(csp + "script-src 'unsafe-inline' 'nonce-YWJj='"), passes(""), passes("nonce"), passes("")},
		{"a hash switches it off", secured(csp + "script-src 'unsafe-inline' 'SHA256-YWJj/+=='"), passes(""), passes("SHA256"), passes("")},
		{"an empty nonce does not", secured(csp + "script-src 'unsafe-inline' 'nonce-'"), passes(""), fails("'nonce-'"), passes("")},
		{"a broken hash does not", secured(csp + "script-src 'unsafe-inline' 'sha1-YWJj' nonce-YWJj"), passes(""), fails("sha1"), passes("")},
		{"strict-dynamic", secured(csp + "script-src 'strict-dynamic' 'nonce-YWJj' 'unsafe-inline' https: http:; object-src 'none'"), passes(""), passes(""), passes("strict-dynamic")},
		{"strict-dynamic leaves objects open", secured(csp + "default-src 'strict-dynamic' 'nonce-YWJj' https:"), passes(""), passes(""), fails("https:")},
		{"two headers, one strict", secured(csp+"script-src 'unsafe-inline' *", csp+"script-src 'self'; object-src 'none'"), passes(""), passes(""), passes("")},
		{"one line, two policies", secured(csp + "script-src 'unsafe-inline' *, default-src 'self'"), passes(""), passes(""), passes("")},
		{"two headers, both loose", secured(csp+"script-src 'unsafe-inline' *", csp+"default-src https: 'unsafe-inline'"), passes(""), fails(""), fails("")},
		{"the second says nothing of scripts", secured(csp+"script-src 'unsafe-inline'", csp+"img-src 'self'"), passes(""), fails(""), passes("")},
		{"header loose, meta strict", meta("default-src 'none'", csp+"default-src * 'unsafe-inline'"), passes(""), passes(""), passes("")},
		{"the first of a name counts", secured(csp + "script-src 'self'; SCRIPT-SRC * 'unsafe-inline'"), passes(""), passes(""), passes("")},
		{"beyond ASCII", secured(csp + "script-src ｓ 'unsafe-inline'; default-src 'self'"), passes(""), passes(""), passes("")},
		{"star", secured(csp + "script-src *"), passes(""), passes(""), fails("script-src *").on("example.hk")},
		{"star with port", secured(csp + "script-src https://*:443"), passes(""), passes(""), fails("*:443")},
		{"subdomains are no wildcard", secured(csp + "default-src https://*.example.hk"), passes(""), passes(""), passes("*.example.hk")},
		{"data", secured(csp + "script-src data:; object-src 'none'"), passes(""), passes(""), fails("data:")},
		{"data for pictures", secured(csp + "default-src 'self' data:; script-src 'self'; object-src 'none'"), passes(""), passes(""), passes("")},
		{"objects", secured(csp + "script-src 'self'; object-src HTTP:"), passes(""), passes(""), fails("HTTP:")},
		{"objects by fallback", secured(csp + "default-src https:; script-src 'self'"), passes(""), passes(""), fails("default-src https:")},
		{"the default alone", secured(csp + "default-src *; script-src 'self'; object-src 'none'"), passes(""), passes(""), fails("default-src *")},
		{"pictures from anywhere", secured(csp + "default-src 'self'; img-src *"), passes(""), passes(""), passes("")},
		{"www lacks it", twoPages(csp+"default-src 'self'", "X-A: b"), fails(wwwHTTPS).on("www.example.hk"), passes(""), passes("")},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			judgeCases(t, "web.csp.missing", []ruleCase{{"missing", tt.facts, tt.missing}})
			judgeCases(t, "web.csp.unsafe-inline", []ruleCase{{"inline", tt.facts, tt.inline}})
			judgeCases(t, "web.csp.wildcard", []ruleCase{{"wildcard", tt.facts, tt.wildcard}})
		})
	}
}

// FuzzContentPolicy: a policy more never makes a page looser, and what stands
// behind the first directive of a name changes nothing.
func FuzzContentPolicy(f *testing.F) {
	for _, seed := range []string{"default-src 'self'", "script-src 'unsafe-inline' *, script-src 'nonce-YQ=='", ";;,", "script-src-attr\t'unsafe-inline'", "default-src ｓ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		set := parsePolicies(value)
		more := append(parsePolicies("script-src 'self'; default-src 'none'"), set...)
		for _, directive := range []string{"script-src-elem", "script-src-attr", "object-src", "default-src"} {
			for _, loose := range []func(sourceList) bool{sourceList.allowsInline, sourceList.allowsAnything, sourceList.allowsAnyScript} {
				if more.allow(directive, loose) {
					t.Errorf("%q and a strict policy still allow something for %s", value, directive)
				}
			}
			if more.allow(directive, sourceList.allowsHTTP) || more.allow(directive, sourceList.allowsEval) {
				t.Errorf("%q and a strict policy still allow http or eval for %s", value, directive)
			}
			if set.allow(directive, sourceList.allowsInline) && !set.governs(directive) {
				t.Errorf("%q: allowed, though nothing governs %s", value, directive)
			}
		}
		for _, p := range set {
			for name := range p {
				if name == "" || name != string([]byte(name)) || !isASCII(name) {
					t.Errorf("%q: a directive named %q", value, name)
				}
			}
		}
	})
}
