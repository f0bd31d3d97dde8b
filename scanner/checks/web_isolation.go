package checks

import (
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// isolationChecks are the rules on headers that keep a page apart from others
// and from what a browser can do.
func isolationChecks() []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.permissions-policy.missing", Needs: web, Judge: onPages(permissionsMissing)},
		{Rule: "web.permissions-policy.invalid", Needs: web, Judge: onPages(permissionsInvalid)},
		{Rule: "web.corp.missing", Needs: web, Judge: onPages(corpMissing)},
		{Rule: "web.coop.missing", Needs: web, Judge: onSecurePages(coopMissing)},
		{Rule: "web.coep.invalid", Needs: web, Judge: onSecurePages(coepInvalid)},
	}
}

func permissionsMissing(v *votes, p page) {
	lines := p.hop.Get("Permissions-Policy")
	switch _, err := parseDictionary(lines); {
	case len(lines) == 0:
		v.fail(p.host, p.url, "no Permissions-Policy")
	case err != nil:
		v.skip(scanner.NACovered) // web.permissions-policy.invalid says so
	default:
		v.pass(p.url, "Permissions-Policy: "+strings.Join(lines, ", "))
	}
}

// permissionsInvalid: a header that is no dictionary is passed over as a whole,
// a member whose value is no allow list alone (Permissions Policy section 5.2).
func permissionsInvalid(v *votes, p page) {
	lines := p.hop.Get("Permissions-Policy")
	seen := "Permissions-Policy: " + strings.Join(lines, ", ")
	members, err := parseDictionary(lines)
	switch {
	case len(lines) == 0:
		v.skip(scanner.NANoRecord)
		return
	case err != nil:
		v.fail(p.host, p.url, seen+" ("+err.Error()+")")
		return
	}
	var wrong []string
	for _, m := range members {
		items := m.value.items
		if m.value.kind != fieldList {
			items = []fieldValue{m.value}
		}
		if slices.ContainsFunc(items, func(i fieldValue) bool {
			return i.kind != fieldString && !(i.kind == fieldToken && (i.text == "*" || i.text == "self" || i.text == "src"))
		}) {
			wrong = append(wrong, m.key)
		}
	}
	if len(wrong) > 0 {
		v.warn(p.host, p.url, seen+" (no list of origins: "+strings.Join(wrong, ", ")+")")
	} else {
		v.pass(p.url, seen)
	}
}

// corpMissing: the value is compared as it stands (Fetch section 3.8); browsers
// take another one for none.
func corpMissing(v *votes, p page) {
	lines := p.hop.Get("Cross-Origin-Resource-Policy")
	seen := "Cross-Origin-Resource-Policy: " + strings.Join(lines, ", ")
	switch strings.Join(lines, ", ") {
	case "same-origin", "same-site", "cross-origin":
		v.pass(p.url, seen)
	case "":
		v.fail(p.host, p.url, "no Cross-Origin-Resource-Policy")
	default:
		v.fail(p.host, p.url, seen+" (not known)")
	}
}

// coopMissing: unsafe-none is what browsers do without the header (HTML section
// 7.1.3).
func coopMissing(v *votes, p page) {
	lines := p.hop.Get("Cross-Origin-Opener-Policy")
	seen := "Cross-Origin-Opener-Policy: " + strings.Join(lines, ", ")
	switch value := tokenOf(lines); {
	case len(lines) == 0:
		v.fail(p.host, p.url, "no Cross-Origin-Opener-Policy")
	case value == "same-origin", value == "same-origin-allow-popups", value == "noopener-allow-popups", value == "same-origin-plus-coep":
		v.pass(p.url, seen)
	case value == "unsafe-none":
		v.warn(p.host, p.url, seen+" (as without the header)")
	default:
		v.fail(p.host, p.url, seen+" (not known)")
	}
}

// coepInvalid: HTML section 7.1.4.
func coepInvalid(v *votes, p page) {
	lines := p.hop.Get("Cross-Origin-Embedder-Policy")
	seen := "Cross-Origin-Embedder-Policy: " + strings.Join(lines, ", ")
	switch value := tokenOf(lines); {
	case len(lines) == 0:
		v.skip(scanner.NANotUsed)
	case value == "require-corp", value == "credentialless", value == "unsafe-none":
		v.pass(p.url, seen)
	default:
		v.fail(p.host, p.url, seen+" (not known)")
	}
}

// tokenOf is the token that the lines hold as one structured item, or "".
func tokenOf(lines []string) string {
	item, err := parseItem(lines)
	if err != nil || item.kind != fieldToken {
		return ""
	}
	return item.text
}
