package checks

import (
	"fmt"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// hstsChecks are the rules on Strict-Transport-Security.
func hstsChecks() []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.hsts.missing", Needs: web, Judge: onSecureAnswers(hstsMissing)},
		{Rule: "web.hsts.short", Needs: web, Judge: onSecureAnswers(hstsShort)},
		{Rule: "web.hsts.no-subdomains", Needs: web, Judge: hstsNoSubdomains},
		{Rule: "web.hsts.invalid", Needs: web, Judge: onSecureAnswers(hstsInvalid)},
		{Rule: "web.hsts.not-preloadable", Needs: web, Judge: hstsNotPreloadable},
	}
}

// minHSTS is the shortest max-age that protects somebody who comes by twice a
// year, in seconds: 180 days. Browsers' lists ask for preloadHSTS, a year
// (hstspreload.org).
const (
	minHSTS     = 180 * 24 * 60 * 60
	preloadHSTS = 365 * 24 * 60 * 60
)

// onSecureAnswers judges each of secureAnswers.
func onSecureAnswers(judge func(v *votes, p page)) func(*scanner.Facts) scanner.Finding {
	return judgePages(secureAnswers, "https", judge)
}

// secureAnswers are the last https answers of the site's own in every https
// start: browsers take the header from redirects too, so a site that only
// leads elsewhere, or back to http, is judged as well.
func secureAnswers(f *scanner.Facts) []page {
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
}

// apexAnswers are the https answers of the bare domain, redirects included:
// what it says of subdomains holds for www too, and the reverse does not. A
// site without an answer there has those of secureAnswers.
func apexAnswers(f *scanner.Facts) []page {
	found := secureAnswers(f)
	if len(found) == 0 {
		return nil
	}
	var apex []page
	for _, p := range answers(f, "https") {
		if p.host == f.Target.Domain && p.hop.Status < 400 {
			apex = append(apex, p)
		}
	}
	if len(apex) > 0 {
		return apex
	}
	return found
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

// hstsInvalid: a host must not send more than one header (RFC 6797 section
// 7.1), and browsers pass over one that is written wrongly, or over a part of
// it that they do not know. The header is then missing as well, for them.
func hstsInvalid(v *votes, p page) {
	lines := p.hop.Get("Strict-Transport-Security")
	if len(lines) == 0 {
		v.skip(scanner.NANoRecord)
		return
	}
	_, seen, _ := readHSTS(p)
	_, err := parseHSTS(lines[0])
	unknown := unknownHSTS(lines[0])
	switch {
	case err != nil:
		v.fail(p.host, p.url, seen)
	case len(lines) > 1:
		v.fail(p.host, p.url, fmt.Sprintf("%d Strict-Transport-Security headers: %s", len(lines), strings.Join(lines, " | ")))
	case len(unknown) > 0:
		v.warn(p.host, p.url, seen+" (not known: "+strings.Join(unknown, ", ")+")")
	default:
		v.pass(p.url, seen)
	}
}

func hstsNoSubdomains(f *scanner.Facts) scanner.Finding {
	found := apexAnswers(f)
	if len(found) == 0 {
		return noPage(f, "https")
	}
	var v votes
	for _, p := range found {
		h, seen, ok := readHSTS(p)
		switch {
		case !ok:
			v.skip(scanner.NANoRecord)
		case h.subDomains:
			v.pass(p.url, seen)
		default:
			v.fail(p.host, p.url, seen)
		}
	}
	return v.finding()
}

// hstsNotPreloadable: "preload" asks browsers to have the name on their own
// lists, which take it under conditions only (hstspreload.org).
func hstsNotPreloadable(f *scanner.Facts) scanner.Finding {
	found := apexAnswers(f)
	if len(found) == 0 {
		return noPage(f, "https")
	}
	var v votes
	for _, p := range found {
		h, seen, ok := readHSTS(p)
		if !ok || !h.preload {
			continue
		}
		var lacks []string
		if p.host != f.Target.Domain {
			lacks = append(lacks, "not on the bare domain")
		}
		if h.maxAge < preloadHSTS {
			lacks = append(lacks, "max-age under 31536000")
		}
		if !h.subDomains {
			lacks = append(lacks, "no includeSubDomains")
		}
		if what := wrongWay(f); what != "" {
			lacks = append(lacks, what)
		}
		if len(lacks) > 0 {
			v.warn(p.host, p.url, seen+" ("+strings.Join(lacks, "; ")+")")
		} else {
			v.pass(p.url, seen)
		}
	}
	v.skip(scanner.NANotUsed)
	return v.finding()
}

// wrongWay says where http of the bare domain leads, when that is not to its
// own https at once; "" too where http gives no page.
func wrongWay(f *scanner.Facts) string {
	root := rootAt(f, "http://"+f.Target.Domain+"/")
	if root == nil || root.Hops[0].Status == 0 || root.Hops[0].Status >= 400 || isBlockPage(root) {
		return ""
	}
	switch to := redirectOf(root); {
	case to == "":
		return "http leads nowhere"
	case !strings.HasPrefix(to, "https://"), hostOf(to) != f.Target.Domain:
		return "http leads to " + to + " first"
	}
	return ""
}
