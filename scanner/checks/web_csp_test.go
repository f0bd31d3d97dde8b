package checks

import (
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

const cspHeader = "Content-Security-Policy: "

func metaPolicy(content string, headers ...string) *scanner.Facts {
	return secureBody(scanner.Page{MetaCSP: []string{content}}, headers...)
}

func TestPolicyIsEnforced(t *testing.T) {
	const only = "Content-Security-Policy-Report-Only: default-src 'self'"
	judgeCases(t, "web.csp.report-only", []ruleCase{
		{"enforced", secured(cspHeader + "default-src 'self'"), passes("enforced")},
		{"both", secured(cspHeader+"default-src 'self'", only), passes("enforced")},
		{"none", secured(), notFor(scanner.NANoRecord)},
		{"report-only", secured(only), fails("blocks nothing").on("example.hk")},
		{"the page has one", metaPolicy("script-src 'self'", only), passes("enforced")},
		{"a broken one beside it", secured(cspHeader+";", only), notFor(scanner.NANoRecord)},
	})
	judgeCases(t, "web.csp.meta-only", []ruleCase{
		{"header", secured(cspHeader + "default-src 'self'"), passes("as a header")},
		{"both", metaPolicy("frame-ancestors 'none'", cspHeader+"default-src 'self'"), passes("as a header")},
		{"none", secured(), notFor(scanner.NANoRecord)},
		{"meta", metaPolicy("script-src 'self'"), warns("only in a meta element").on("example.hk")},
		{"meta with what does nothing there", metaPolicy("script-src 'self'; Frame-Ancestors 'none'; report-uri /r"), fails("frame-ancestors, report-uri")},
		{"meta beside an empty header", metaPolicy("sandbox", cspHeader+" ; "), fails("sandbox")},
		{"report-only is no header", metaPolicy("script-src 'self'", only), warns("meta")},
	})
}

func TestPolicyGaps(t *testing.T) {
	judgeCases(t, "web.csp.unsafe-eval", []ruleCase{
		{"good", secured(cspHeader + "default-src 'self'"), passes("'self'")},
		{"none", secured(), notFor(scanner.NANoRecord)},
		{"nothing about scripts", secured(cspHeader + "img-src 'self'"), notFor(scanner.NANoRecord)},
		{"eval", secured(cspHeader + "script-src 'self' 'Unsafe-Eval'"), fails("Unsafe-Eval").on("example.hk")},
		{"by fallback", secured(cspHeader + "default-src 'unsafe-eval'"), fails("default-src")},
		{"overruled", secured(cspHeader + "default-src 'unsafe-eval'; script-src 'self'"), passes("script-src 'self'")},
		{"compiled programs alone", secured(cspHeader + "script-src 'self' 'wasm-unsafe-eval'"), passes("wasm")},
		{"a second policy forbids it", secured(cspHeader+"script-src 'unsafe-eval'", cspHeader+"default-src 'self'"), passes("")},
	})
	const base = "; object-src 'none'; base-uri 'none'"
	judgeCases(t, "web.csp.http-source", []ruleCase{
		{"good", secured(cspHeader + "script-src 'self' https://a.example"), passes("no http")},
		{"none", secured(), notFor(scanner.NANoRecord)},
		{"a host", secured(cspHeader + "script-src HTTP://a.example"), fails("script-src-elem may be http").on("example.hk")},
		{"the scheme", secured(cspHeader + "default-src http:"), fails("default-src http:")},
		{"styles", secured(cspHeader + "default-src 'self'; style-src http://a.example"), fails("style-src")},
		{"frames by way of child-src", secured(cspHeader + "default-src 'self'; child-src http://a.example"), fails("frame-src")},
		{"pictures", secured(cspHeader + "default-src 'self'; img-src http:"), warns("img-src")},
		{"a form", secured(cspHeader + "default-src 'self'; form-action http://a.example"), fails("form-action")},
		{"mended", secured(cspHeader + "default-src http:; upgrade-insecure-requests"), passes("upgrade")},
		{"strict-dynamic", secured(cspHeader + "script-src 'strict-dynamic' 'nonce-YQ==' http: https:"), passes("no http")},
		{"a second policy forbids it", secured(cspHeader+"default-src http:", cspHeader+"default-src 'self'; form-action 'self'"), passes("no http")},
		{"a site without https", plainOnly(cspHeader + "default-src http:"), notFor(scanner.NANoHTTPS)},
	})
	judgeCases(t, "web.csp.no-fallback", []ruleCase{
		{"good", secured(cspHeader + "default-src 'self'; base-uri 'self'"), passes("base-uri")},
		{"without default-src, all named", secured(cspHeader + "script-src 'self'" + base), passes("object-src 'none'")},
		{"none", secured(), notFor(scanner.NANoRecord)},
		{"nothing about scripts", secured(cspHeader + "frame-ancestors 'none'"), notFor(scanner.NACovered)},
		{"objects are free", secured(cspHeader + "script-src 'self'; base-uri 'self'"), fails("no object-src").on("example.hk")},
		{"the base is free", secured(cspHeader + "default-src 'self'"), warns("no base-uri")},
		{"a second policy has it", secured(cspHeader+"script-src 'self'", cspHeader+"object-src 'none'; base-uri 'none'"), passes("")},
	})
}

func TestPolicyText(t *testing.T) {
	good := []string{
		"default-src 'none'", "script-src 'self' 'unsafe-inline' 'strict-dynamic' 'nonce-YWJj' 'sha256-YWJj=' https: *.a.example https://a.example:8443/x/ a_b.example:*",
		"DEFAULT-SRC 'SELF'; Script-Src-Elem", "frame-ancestors 'self' https://a.example", "sandbox allow-scripts allow-forms", "sandbox",
		"report-uri /r https://r.example/", "report-to main", "upgrade-insecure-requests", "require-trusted-types-for 'script'; trusted-types a b 'allow-duplicates'",
		"img-src * data: blob: wss://a.example ws:", "base-uri 'self';;", "plugin-types application/pdf; referrer no-referrer", "script-src 'report-sample' 'unsafe-hashes' 'wasm-unsafe-eval'",
	}
	for _, text := range good {
		judgeCases(t, "web.csp.invalid", []ruleCase{{text, secured(cspHeader + text), passes("all understood")}})
	}
	for text, want := range map[string]string{
		"default-src self":                             "self needs single quotes",
		"default-src 'self":                            "needs single quotes",
		"script-src unsafe-inline; default-src 'self'": "unsafe-inline needs single quotes",
		"script-src nonce-YWJj":                        "nonce-YWJj needs single quotes",
		"script-src 'sha1-YWJj'":                       "'sha1-YWJj' is no source",
		"script-src 'self' https://a.example?x":        "is no source",
		"script-src https://*.*.example":               "is no source",
		"script-src 'self' //a.example":                "//a.example is no source",
		"default-src 'none' 'self'":                    "'none' beside",
		"default-src 'self'; default-src *":            "stands twice",
		"default-src 'self'; scripts-src 'self'":       "scripts-src: no such directive",
		"default-src 'self'; script-src: 'self'":       "script-src:: no such directive",
		"default-src 'self', https://a.example":        "https://a.example: no such directive",
		"default-src ｓ; script-src 'self'":             "beyond ASCII",
		"frame-ancestors 'unsafe-inline'":              "has no meaning here",
		"sandbox scripts":                              "scripts is no flag",
		"report-uri":                                   "has no value",
		"report-to a b":                                "takes one word",
		"upgrade-insecure-requests 1":                  "takes no value",
		"require-trusted-types-for script":             "takes 'script'",
	} {
		judgeCases(t, "web.csp.invalid", []ruleCase{{text, secured(cspHeader + text), warns(want).on("example.hk")}})
	}
	judgeCases(t, "web.csp.invalid", []ruleCase{
		{"none", secured(), notFor(scanner.NANoRecord)},
		{"report-only", secured("Content-Security-Policy-Report-Only: nonsense"), notFor(scanner.NANoRecord)},
		{"nothing understood", secured(cspHeader + "allow 'self'; options x"), fails("no directive that browsers know").on("example.hk")},
		{"empty", secured(cspHeader + " ; ,"), fails("no directive")},
		{"in the page", metaPolicy("script-src self"), warns("self needs")},
		{"one of two is good", secured(cspHeader+"nonsense", cspHeader+"default-src 'self'"), warns("nonsense: no such")},
	})
	var many policyText
	many.examine(strings.Repeat("x;", 100))
	if len(many.faults) != maxFaults {
		t.Errorf("%d faults kept", len(many.faults))
	}
}

// FuzzPolicyText: each directive is either understood or complained of, and one
// that stands again, whatever it says, is a fault.
func FuzzPolicyText(f *testing.F) {
	for _, seed := range []string{"default-src 'self'", "script-src self; img-src https://*:*/x", "sandbox a; ;;", "x ｓ", "report-to"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var once, twice policyText
		once.examine(text)
		if parsed := parsePolicy(text); len(parsed) > 0 && once.known == 0 && len(once.faults) == 0 {
			t.Errorf("%q has directives, and nothing is said of them", text)
		}
		twice.examine(text + ";" + text)
		if once.known > 0 && len(twice.faults) <= len(once.faults) && len(once.faults) < maxFaults {
			t.Errorf("%q twice: %q, once %q", text, twice.faults, once.faults)
		}
		if once.known != twice.known {
			t.Errorf("%q: %d understood, twice %d", text, once.known, twice.known)
		}
	})
}
