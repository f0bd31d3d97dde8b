package checks

import (
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// headerChecks are the rules on headers of the pages that have no file of their
// own.
func headerChecks() []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.frame-options.missing", Needs: web, Judge: onPages(frameOptions)},
		{Rule: "web.frame-options.invalid", Needs: web, Judge: onPages(frameOptionsInvalid)},
		{Rule: "web.content-type-options.missing", Needs: web, Judge: onPages(contentTypeOptions)},
		{Rule: "web.referrer-policy.missing", Needs: web, Judge: onPages(referrerPolicy)},
		{Rule: "web.referrer-policy.unsafe", Needs: web, Judge: onPages(referrerUnsafe)},
	}
}

// frameOptions: a browser that finds frame-ancestors passes over
// X-Frame-Options, so the first decides where both stand.
func frameOptions(v *votes, p page) {
	set := policiesOf(p)
	lines := p.hop.Get("X-Frame-Options")
	seen := "X-Frame-Options: " + strings.Join(lines, ", ")
	switch state := parseFrameOptions(lines); {
	case set.has("frame-ancestors"):
		shown := "Content-Security-Policy: " + set.show("frame-ancestors")
		if set.allow("frame-ancestors", sourceList.allowsAnyHost) {
			v.fail(p.host, p.url, shown)
		} else {
			v.pass(p.url, shown)
		}
	case state == framingGuarded:
		v.pass(p.url, seen)
	case state == framingIgnored:
		v.fail(p.host, p.url, seen+" (browsers pass over it)")
	default:
		v.fail(p.host, p.url, "no X-Frame-Options, no frame-ancestors")
	}
}

// frameOptionsInvalid: browsers know DENY and SAMEORIGIN, refuse all framing
// where values differ, and pass over the rest (HTML section 7.4.7).
func frameOptionsInvalid(v *votes, p page) {
	lines := p.hop.Get("X-Frame-Options")
	seen := "X-Frame-Options: " + strings.Join(lines, ", ")
	values := map[string]bool{}
	for _, value := range headerList(lines) {
		values[strings.ToLower(value)] = true
	}
	switch {
	case len(lines) == 0:
		v.skip(scanner.NANoRecord)
	case policiesOf(p).has("frame-ancestors"):
		v.pass(p.url, "frame-ancestors decides, beside "+seen)
	case len(values) == 1 && (values["deny"] || values["sameorigin"]):
		v.pass(p.url, seen)
	default:
		v.fail(p.host, p.url, seen)
	}
}

// contentTypeOptions: only the first value counts (Fetch section 3.6).
func contentTypeOptions(v *votes, p page) {
	lines := p.hop.Get("X-Content-Type-Options")
	if len(lines) == 0 {
		v.fail(p.host, p.url, "no X-Content-Type-Options")
		return
	}
	seen := "X-Content-Type-Options: " + strings.Join(lines, ", ")
	first, _, _ := strings.Cut(lines[0], ",")
	if strings.EqualFold(strings.Trim(first, " \t"), "nosniff") {
		v.pass(p.url, seen)
	} else {
		v.fail(p.host, p.url, seen)
	}
}

// readReferrer returns the policy in force: the meta element is read after the
// headers and wins.
func readReferrer(p page) (policy, seen string) {
	lines := p.hop.Get("Referrer-Policy")
	if p.body != nil && p.body.MetaReferrer != "" {
		lines = append(slices.Clone(lines), p.body.MetaReferrer)
	}
	if len(lines) == 0 {
		return "", "no Referrer-Policy"
	}
	return parseReferrerPolicy(lines), "Referrer-Policy: " + strings.Join(lines, ", ")
}

func referrerPolicy(v *votes, p page) {
	if policy, seen := readReferrer(p); policy == "" {
		v.fail(p.host, p.url, seen)
	} else {
		v.pass(p.url, seen)
	}
}

// referrerUnsafe: these tell other sites, or whoever listens on the way to an
// unencrypted one, more than nothing at all would: browsers themselves begin at
// strict-origin-when-cross-origin.
func referrerUnsafe(v *votes, p page) {
	switch policy, seen := readReferrer(p); policy {
	case "":
		v.skip(scanner.NANoRecord)
	case "unsafe-url", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin":
		v.fail(p.host, p.url, seen)
	default:
		v.pass(p.url, seen)
	}
}
