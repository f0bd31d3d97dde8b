package checks

import (
	"fmt"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// policyChecks are the checks of the web.csp.* rules.
func policyChecks() []scanner.Check {
	return []scanner.Check{
		{Rule: "web.csp.missing", Needs: []string{"web"}, Judge: onPages(cspMissing)},
		{Rule: "web.csp.unsafe-inline", Needs: []string{"web"}, Judge: onPages(cspInline)},
		{Rule: "web.csp.wildcard", Needs: []string{"web"}, Judge: onPages(cspWildcard)},
		{Rule: "web.csp.unsafe-eval", Needs: []string{"web"}, Judge: onPages(cspEval)},
		{Rule: "web.csp.invalid", Needs: []string{"web"}, Judge: onPages(cspInvalid)},
		{Rule: "web.csp.report-only", Needs: []string{"web"}, Judge: onPages(cspReportOnly)},
		{Rule: "web.csp.http-source", Needs: []string{"web"}, Judge: onPages(cspHTTP)},
		{Rule: "web.csp.no-fallback", Needs: []string{"web"}, Judge: onPages(cspNoFallback)},
		{Rule: "web.csp.meta-only", Needs: []string{"web"}, Judge: onPages(cspMetaOnly)},
	}
}

// cspMissing: a policy that says nothing about scripts is none for the purpose.
func cspMissing(v *votes, p page) {
	set := policiesOf(p)
	switch {
	case set.governs("script-src"), set.governs("script-src-elem") && set.governs("script-src-attr"):
		v.pass(p.url, "Content-Security-Policy: "+set.show("default-src", "script-src", "script-src-elem", "script-src-attr"))
	case len(set) > 0:
		v.fail(p.host, p.url, "Content-Security-Policy without default-src and script-src")
	case onlyReports(p):
		v.skip(scanner.NACovered) // web.csp.report-only says so
	default:
		v.fail(p.host, p.url, "no Content-Security-Policy")
	}
}

func cspInline(v *votes, p page) {
	set := policiesOf(p)
	if !set.governs("script-src-elem") && !set.governs("script-src-attr") {
		v.skip(scanner.NANoRecord)
		return
	}
	shown := set.show("default-src", "script-src", "script-src-elem", "script-src-attr")
	if set.allow("script-src-elem", sourceList.allowsInline) || set.allow("script-src-attr", sourceList.allowsInline) {
		v.fail(p.host, p.url, shown)
		return
	}
	v.pass(p.url, shown)
}

func cspWildcard(v *votes, p page) {
	set := policiesOf(p)
	if !set.governs("script-src-elem") && !set.governs("object-src") {
		v.skip(scanner.NANoRecord)
		return
	}
	shown := set.show("default-src", "script-src", "script-src-elem", "object-src")
	switch {
	case set.allow("script-src-elem", sourceList.allowsAnyScript),
		set.allow("object-src", sourceList.allowsAnything),
		set.allow("default-src", sourceList.allowsAnyHost):
		v.fail(p.host, p.url, shown)
	default:
		v.pass(p.url, shown)
	}
}

// onlyReports: the one policy is a header that blocks nothing. A broken header
// beside it would have been meant to block.
func onlyReports(p page) bool {
	return len(policiesOf(p)) == 0 && len(p.hop.Get("Content-Security-Policy")) == 0 &&
		len(p.hop.Get("Content-Security-Policy-Report-Only")) > 0
}

// cspReportOnly: a policy that is being tried out costs less than none.
func cspReportOnly(v *votes, p page) {
	switch {
	case onlyReports(p):
		v.fail(p.host, p.url, "only Content-Security-Policy-Report-Only, which blocks nothing")
	case len(policiesOf(p)) > 0:
		v.pass(p.url, "a Content-Security-Policy that is enforced")
	default:
		v.skip(scanner.NANoRecord)
	}
}

func cspEval(v *votes, p page) {
	set := policiesOf(p)
	if !set.governs("script-src") {
		v.skip(scanner.NANoRecord)
		return
	}
	shown := set.show("default-src", "script-src")
	if set.allow("script-src", sourceList.allowsEval) {
		v.fail(p.host, p.url, shown)
	} else {
		v.pass(p.url, shown)
	}
}

// cspInvalid looks at the text of the enforced policies. One in which nothing
// is understood is as good as none.
func cspInvalid(v *votes, p page) {
	var seen policyText
	texts := p.hop.Get("Content-Security-Policy")
	for _, line := range texts {
		for one := range strings.SplitSeq(line, ",") {
			seen.examine(one)
		}
	}
	if p.body != nil {
		for _, content := range p.body.MetaCSP {
			seen.examine(content)
			texts = append(texts, content)
		}
	}
	switch {
	case len(texts) == 0:
		v.skip(scanner.NANoRecord)
	case seen.known == 0:
		v.fail(p.host, p.url, "Content-Security-Policy: "+strings.Join(texts, ", ")+" (no directive that browsers know)")
	case len(seen.faults) == 0:
		v.pass(p.url, fmt.Sprintf("%d directives, all understood", seen.known))
	}
	if seen.known > 0 {
		for _, what := range seen.faults {
			v.warn(p.host, p.url, what)
		}
	}
}

// cspHTTP: what is allowed to come over http can be changed on the way. Browsers
// refuse nearly all of it on an https page, so that it is broken as well.
func cspHTTP(v *votes, p page) {
	set := policiesOf(p)
	switch {
	case len(set) == 0:
		v.skip(scanner.NANoRecord)
		return
	case !strings.HasPrefix(p.url, "https://"):
		v.skip(scanner.NANoHTTPS)
		return
	case set.has("upgrade-insecure-requests"):
		v.pass(p.url, "upgrade-insecure-requests")
		return
	}
	clean := true
	for _, directive := range []string{"script-src-elem", "style-src-elem", "object-src", "frame-src", "worker-src", "connect-src", "font-src", "manifest-src", "form-action"} {
		if set.allow(directive, sourceList.allowsHTTP) {
			v.fail(p.host, p.url, directive+" may be http: "+set.show(fallbacks(directive)...))
			clean = false
		}
	}
	for _, directive := range []string{"img-src", "media-src"} {
		if clean && set.allow(directive, sourceList.allowsHTTP) {
			v.warn(p.host, p.url, directive+" may be http: "+set.show(fallbacks(directive)...))
			clean = false
		}
	}
	if clean {
		v.pass(p.url, "no http source")
	}
}

// cspNoFallback: without default-src, each kind that is not named is free; and
// base-uri, which decides where relative addresses lead, has no fallback.
func cspNoFallback(v *votes, p page) {
	set := policiesOf(p)
	switch {
	case len(set) == 0:
		v.skip(scanner.NANoRecord)
	case !set.governs("script-src-elem"):
		v.skip(scanner.NACovered) // web.csp.missing says so
	case !set.governs("object-src"):
		v.fail(p.host, p.url, "no default-src, no object-src: "+set.show("script-src", "script-src-elem"))
	case !set.has("base-uri"):
		v.warn(p.host, p.url, "no base-uri, which default-src does not cover: "+set.show("default-src", "script-src"))
	default:
		v.pass(p.url, set.show("default-src", "script-src", "object-src", "base-uri"))
	}
}

// cspMetaOnly: three directives do nothing in a meta element (CSP3 section 3.3),
// and what stands in the page before it was not judged.
func cspMetaOnly(v *votes, p page) {
	if len(parsePolicies(strings.Join(p.hop.Get("Content-Security-Policy"), ","))) > 0 {
		v.pass(p.url, "Content-Security-Policy as a header")
		return
	}
	if len(policiesOf(p)) == 0 {
		v.skip(scanner.NANoRecord)
		return
	}
	var idle []string
	for _, content := range p.body.MetaCSP {
		one := parsePolicy(content)
		for _, name := range []string{"frame-ancestors", "report-uri", "sandbox"} {
			if _, ok := one[name]; ok {
				idle = append(idle, name)
			}
		}
	}
	if len(idle) > 0 {
		v.fail(p.host, p.url, "only in a meta element, where browsers pass over "+strings.Join(idle, ", "))
	} else {
		v.warn(p.host, p.url, "only in a meta element")
	}
}
