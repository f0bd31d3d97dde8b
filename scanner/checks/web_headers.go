package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// headerChecks are the rules on headers of the pages, but for the content
// policy's and the cookies'.
func headerChecks() []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.hsts.missing", Needs: web, Judge: onSecureAnswers(hstsMissing)},
		{Rule: "web.hsts.short", Needs: web, Judge: onSecureAnswers(hstsShort)},
		{Rule: "web.frame-options.missing", Needs: web, Judge: onPages(frameOptions)},
		{Rule: "web.content-type-options.missing", Needs: web, Judge: onPages(contentTypeOptions)},
		{Rule: "web.referrer-policy.missing", Needs: web, Judge: onPages(referrerPolicy)},
		{Rule: "web.server.version-disclosed", Needs: web, Judge: versionDisclosed},
	}
}

// minHSTS is the shortest max-age that protects somebody who comes by twice a
// year, in seconds: 180 days.
const minHSTS = 180 * 24 * 60 * 60

// onSecureAnswers judges the last https answer of the site's own in every https
// start: browsers take the header from redirects too, so a site that only
// leads elsewhere, or back to http, is judged as well.
func onSecureAnswers(judge func(v *votes, p page)) func(*scanner.Facts) scanner.Finding {
	return judgePages(func(f *scanner.Facts) []page {
		var found []page
		seen := map[string]bool{}
		for i := range f.Web.Roots {
			root := &f.Web.Roots[i]
			if last := root.Last(); root.Failure != nil || last == nil || last.Status >= 400 || !strings.HasPrefix(root.Start, "https://") {
				continue
			}
			for j := len(root.Hops) - 1; j >= 0; j-- {
				hop := &root.Hops[j]
				host := hostOf(hop.URL)
				if hop.Status == 0 || !strings.HasPrefix(hop.URL, "https://") || !sameSite(host, f.Target.Domain) {
					continue
				}
				if !seen[hop.URL] {
					seen[hop.URL] = true
					found = append(found, page{url: hop.URL, host: host, hop: hop})
				}
				break
			}
		}
		return found
	}, "https", judge)
}

// readHSTS returns what a browser takes from the answer: the first line only
// (RFC 6797 section 8.1). A max-age of 0 makes it forget the site, so that is
// none.
func readHSTS(p page) (h hsts, seen string, ok bool) {
	lines := p.hop.Get("Strict-Transport-Security")
	if len(lines) == 0 {
		return hsts{}, "no Strict-Transport-Security", false
	}
	seen = "Strict-Transport-Security: " + lines[0]
	h, err := parseHSTS(lines[0])
	if err != nil {
		return hsts{}, fmt.Sprintf("%s (%v)", seen, err), false
	}
	return h, seen, h.maxAge > 0
}

func hstsMissing(v *votes, p page) {
	if _, seen, ok := readHSTS(p); ok {
		v.pass(p.url, seen)
	} else {
		v.fail(p.host, p.url, seen)
	}
}

func hstsShort(v *votes, p page) {
	h, seen, ok := readHSTS(p)
	switch {
	case !ok:
		v.skip(scanner.NANoRecord)
	case h.maxAge < minHSTS:
		v.fail(p.host, p.url, seen)
	default:
		v.pass(p.url, seen)
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

// referrerPolicy: the meta element is read after the headers and wins.
func referrerPolicy(v *votes, p page) {
	lines := p.hop.Get("Referrer-Policy")
	if p.body != nil && p.body.MetaReferrer != "" {
		lines = append(slices.Clone(lines), p.body.MetaReferrer)
	}
	seen := "Referrer-Policy: " + strings.Join(lines, ", ")
	switch parseReferrerPolicy(lines) {
	case "":
		if len(lines) == 0 {
			seen = "no Referrer-Policy"
		}
		v.fail(p.host, p.url, seen)
	case "unsafe-url", "no-referrer-when-downgrade":
		v.warn(p.host, p.url, seen)
	default:
		v.pass(p.url, seen)
	}
}

// versionHeaders are where servers and frameworks name themselves.
func versionHeaders() []string {
	return []string{"Server", "X-Powered-By", "X-Aspnet-Version", "X-Aspnetmvc-Version", "X-Generator"}
}

// versionDisclosed looks at every answer: a redirect tells as much as a page.
func versionDisclosed(f *scanner.Facts) scanner.Finding {
	var v votes
	told := map[string]bool{} // each line once
	say := func(p page, line string, named bool) {
		if told[line] {
			return
		}
		told[line] = true
		if named {
			v.fail(p.host, p.url, line)
		} else {
			v.pass(p.url, line)
		}
	}
	all := answers(f, "")
	for _, p := range all {
		for _, name := range versionHeaders() {
			for _, value := range p.hop.Get(name) {
				say(p, name+": "+value, namesVersion(value))
			}
		}
	}
	for _, p := range pages(f) {
		if p.body != nil && p.body.Generator != "" {
			say(p, "generator: "+p.body.Generator, namesVersion(p.body.Generator))
		}
	}
	switch {
	case len(v.fails) == 0 && len(pages(f)) == 0:
		return noPage(f, "") // an error answer without a version clears nobody
	case len(told) == 0:
		v.pass(all[0].url, "no "+strings.Join(versionHeaders(), ", "))
	}
	return v.finding()
}
