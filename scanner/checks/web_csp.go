package checks

import "github.com/cybersec-infohub/infohub/scanner"

// policyChecks are the checks of the web.csp.* rules.
func policyChecks() []scanner.Check {
	return []scanner.Check{
		{Rule: "web.csp.missing", Needs: []string{"web"}, Judge: onPages(cspMissing)},
		{Rule: "web.csp.unsafe-inline", Needs: []string{"web"}, Judge: onPages(cspInline)},
		{Rule: "web.csp.wildcard", Needs: []string{"web"}, Judge: onPages(cspWildcard)},
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
	case len(p.hop.Get("Content-Security-Policy-Report-Only")) > 0:
		v.fail(p.host, p.url, "only Content-Security-Policy-Report-Only, which blocks nothing")
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
