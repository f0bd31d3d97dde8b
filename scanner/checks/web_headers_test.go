package checks

import (
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

// twoPages: the apex and www each have a page of their own.
func twoPages(apex, www string) *scanner.Facts {
	return site(ended(apexHTTPS, answer(apexHTTPS, 200, apex)), ended(wwwHTTPS, answer(wwwHTTPS, 200, www)))
}

func TestHSTS(t *testing.T) {
	const good = "Strict-Transport-Security: max-age=31536000"
	elsewhere := site(ended(apexHTTPS, answer(apexHTTPS, 301, good), answer("https://shop.example.com/", 200)))
	judgeCases(t, "web.hsts.missing", []ruleCase{
		{"there", secured(good), passes("max-age=31536000")},
		{"missing", secured(), fails("no Strict-Transport-Security").on("example.hk")},
		{"missing on www", twoPages(good, "X-A: b"), fails(wwwHTTPS).on("www.example.hk")},
		{"broken", secured("Strict-Transport-Security: max-age=one year"), fails("not written as RFC 6797")},
		{"switched off", secured("Strict-Transport-Security: max-age=0"), fails("max-age=0")},
		{"over http", site(ended(apexHTTP, answer(apexHTTP, 200, good)), ended(apexHTTPS, answer(apexHTTPS, 200))), fails("no Strict")},
		{"only the first line counts", secured("Strict-Transport-Security: includeSubDomains", good), fails("no max-age")},
		{"the redirect away has it", elsewhere, passes("max-age=31536000")},
		{"the redirect back to http has it", site(ended(apexHTTPS, answer(apexHTTPS, 301, good), answer(apexHTTP, 200))), passes("max-age")},
	})
	judgeCases(t, "web.hsts.short", []ruleCase{
		{"a year", secured(good), passes("31536000")},
		{"six months", secured("Strict-Transport-Security: max-age=15552000"), passes("15552000")},
		{"a second less", secured("Strict-Transport-Security: max-age=15551999; preload"), fails("15551999").on("example.hk")},
		{"one page has none", twoPages(good, "X-A: b"), passes("31536000")},
		{"missing", secured(), notFor(scanner.NANoRecord)},
		{"switched off", secured("Strict-Transport-Security: max-age=0"), notFor(scanner.NANoRecord)},
	})
	const whole = good + "; includeSubDomains; preload"
	judgeCases(t, "web.hsts.no-subdomains", []ruleCase{
		{"with", secured(whole), passes("includeSubDomains")},
		{"without", secured(good), fails("max-age=31536000").on("example.hk")},
		{"missing", secured(), notFor(scanner.NANoRecord)},
		{"the bare domain speaks for www", twoPages(whole, good), passes(apexHTTPS)},
		{"www cannot speak for the bare domain", twoPages(good, whole), fails(apexHTTPS)},
		{"on the redirect to www", site(ended(apexHTTPS, answer(apexHTTPS, 301, whole), answer(wwwHTTPS, 200, good))), passes(apexHTTPS)},
		{"www alone", site(ended(wwwHTTPS, answer(wwwHTTPS, 200, good))), fails(wwwHTTPS).on("www.example.hk")},
	})
	judgeCases(t, "web.hsts.invalid", []ruleCase{
		{"good", secured(whole), passes("preload")},
		{"missing", secured(), notFor(scanner.NANoRecord)},
		{"switched off is no mistake", secured("Strict-Transport-Security: max-age=0"), passes("max-age=0")},
		{"no number", secured("Strict-Transport-Security: max-age=one year"), fails("not written as RFC 6797").on("example.hk")},
		{"a comma", secured(good + ", includeSubDomains"), fails("not written")},
		{"no max-age", secured("Strict-Transport-Security: includeSubDomains"), fails("no max-age")},
		{"two headers", secured(good, good), fails("2 Strict-Transport-Security headers")},
		{"a misspelt word", secured(good + "; includeSubDomain"), warns("not known: includeSubDomain")},
	})
	wrongWay := site(ended(apexHTTP, answer(apexHTTP, 301, "Location: "+wwwHTTPS), answer(wwwHTTPS, 200, whole)), ended(apexHTTPS, answer(apexHTTPS, 200, whole)))
	judgeCases(t, "web.hsts.not-preloadable", []ruleCase{
		{"ready", secured(whole), passes("preload")},
		{"not wanted", secured(good), notFor(scanner.NANotUsed)},
		{"missing", secured(), notFor(scanner.NANotUsed)},
		{"too short", secured("Strict-Transport-Security: max-age=31535999; includeSubDomains; preload"), warns("max-age under 31536000").on("example.hk")},
		{"no subdomains", secured(good + "; preload"), warns("no includeSubDomains")},
		{"the wrong redirect", wrongWay, warns("http leads to https://www.example.hk/ first")},
		{"no redirect", site(ended(apexHTTP, answer(apexHTTP, 200)), ended(apexHTTPS, answer(apexHTTPS, 200, whole))), warns("http leads nowhere")},
		{"http is closed", site(failed(apexHTTP, scanner.FailRefused), ended(apexHTTPS, answer(apexHTTPS, 200, whole))), passes("preload")},
		{"www alone", site(ended(wwwHTTPS, answer(wwwHTTPS, 200, whole))), warns("not on the bare domain")},
	})
}

func TestFrameOptions(t *testing.T) {
	meta := secureBody(scanner.Page{MetaCSP: []string{"frame-ancestors 'none'"}})
	judgeCases(t, "web.frame-options.missing", []ruleCase{
		{"header", secured("X-Frame-Options: SAMEORIGIN"), passes("SAMEORIGIN")},
		{"twice the same", secured("X-Frame-Options: deny", "X-Frame-Options: DENY"), passes("deny")},
		{"policy", secured("Content-Security-Policy: frame-ancestors 'self'"), passes("frame-ancestors 'self'")},
		{"over http too", plainOnly("X-Frame-Options: DENY"), passes(apexHTTP)},
		{"missing", secured(), fails("no X-Frame-Options").on("example.hk")},
		{"missing over http", plainOnly(), fails(apexHTTP)},
		{"obsolete", secured("X-Frame-Options: ALLOW-FROM https://example.com"), fails("pass over it")},
		{"the policy wins", secured("X-Frame-Options: DENY", "Content-Security-Policy: frame-ancestors *"), fails("frame-ancestors *")},
		{"meta does not count", meta, fails("no X-Frame-Options")},
		{"report-only does not count", secured("Content-Security-Policy-Report-Only: frame-ancestors 'none'"), fails("no X-Frame-Options")},
		{"www lacks it", twoPages("X-Frame-Options: DENY", "X-A: b"), fails(wwwHTTPS).on("www.example.hk")},
	})
	judgeCases(t, "web.frame-options.invalid", []ruleCase{
		{"good", secured("X-Frame-Options: SameOrigin"), passes("SameOrigin")},
		{"twice the same", secured("X-Frame-Options: deny", "X-Frame-Options: DENY"), passes("deny, DENY")},
		{"missing", secured(), notFor(scanner.NANoRecord)},
		{"obsolete", secured("X-Frame-Options: ALLOW-FROM https://example.com"), fails("ALLOW-FROM").on("example.hk")},
		{"obsolete, but the policy decides", secured("X-Frame-Options: ALLOW-FROM https://example.com", "Content-Security-Policy: frame-ancestors https://example.com"), passes("frame-ancestors decides")},
		{"nonsense", secured("X-Frame-Options: yes"), fails("yes")},
		{"empty", secured("X-Frame-Options: "), fails("X-Frame-Options")},
		{"two that differ", secured("X-Frame-Options: SAMEORIGIN", "X-Frame-Options: DENY"), fails("SAMEORIGIN, DENY")},
	})
}

func TestContentTypeOptions(t *testing.T) {
	judgeCases(t, "web.content-type-options.missing", []ruleCase{
		{"there", secured("X-Content-Type-Options: NoSniff"), passes("NoSniff")},
		{"missing", secured(), fails("no X-Content-Type-Options").on("example.hk")},
		{"misspelt", secured("X-Content-Type-Options: no-sniff"), fails("no-sniff")},
		{"the first counts", secured("X-Content-Type-Options: x, nosniff"), fails("x, nosniff")},
	})
}

func TestReferrerPolicy(t *testing.T) {
	judgeCases(t, "web.referrer-policy.missing", []ruleCase{
		{"there", secured("Referrer-Policy: same-origin"), passes("same-origin")},
		{"the last known", secured("Referrer-Policy: unsafe-url, strict-origin, later-invention"), passes("strict-origin")},
		{"in the page", secureBody(scanner.Page{MetaReferrer: "no-referrer"}), passes("no-referrer")},
		{"missing", secured(), fails("no Referrer-Policy").on("example.hk")},
		{"unknown only", secured("Referrer-Policy: none"), fails("none")},
		{"weak", secured("Referrer-Policy: no-referrer-when-downgrade"), passes("downgrade")},
	})
	judgeCases(t, "web.referrer-policy.unsafe", []ruleCase{
		{"good", secured("Referrer-Policy: strict-origin"), passes("strict-origin")},
		{"missing", secured(), notFor(scanner.NANoRecord)},
		{"not known", secured("Referrer-Policy: none"), notFor(scanner.NANoRecord)},
		{"the whole address", secured("Referrer-Policy: unsafe-url"), fails("unsafe-url").on("example.hk")},
		{"what browsers did once", secured("Referrer-Policy: no-referrer-when-downgrade"), fails("downgrade")},
		{"the origin, over http too", secured("Referrer-Policy: origin"), fails("origin")},
		{"the whole address at home", secured("Referrer-Policy: origin-when-cross-origin"), fails("cross-origin")},
		{"the page wins", secureBody(scanner.Page{MetaReferrer: "always"}, "Referrer-Policy: no-referrer"), fails("always")},
		{"the page mends it", secureBody(scanner.Page{MetaReferrer: "same-origin"}, "Referrer-Policy: unsafe-url"), passes("same-origin")},
	})
}

func TestVersionDisclosed(t *testing.T) {
	onRedirect := site(ended(apexHTTP, answer(apexHTTP, 301, "Server: Apache/2.4.57 (Debian)"), answer(apexHTTPS, 200, "Server: Apache")))
	refused := site(ended(apexHTTPS, answer(apexHTTPS, 403, "Server: nginx/1.18.0")))
	foreign := site(ended(apexHTTPS, answer(apexHTTPS, 301, "Server: nginx"), answer("https://a.example.com/", 200, "Server: nginx/1.18.0")))
	judgeCases(t, "web.server.version-disclosed", []ruleCase{
		{"quiet", secured(), passes("no Server")},
		{"name only", secured("Server: nginx", "X-Powered-By: PHP"), passes("Server: nginx")},
		{"server", secured("Server: nginx/1.18.0"), fails("nginx/1.18.0").on("example.hk")},
		{"powered by", secured("X-Powered-By: PHP/8.2.1"), fails("PHP/8.2.1")},
		{"asp.net", secured("X-Aspnet-Version: 4.0.30319"), fails("4.0.30319")},
		{"generator", secureBody(scanner.Page{Generator: "WordPress 6.5.2"}), fails("WordPress 6.5.2")},
		{"on a redirect", onRedirect, fails("Apache/2.4.57")},
		{"on an error", refused, fails("nginx/1.18.0")},
		{"somebody else's", foreign, notFor(scanner.NAElsewhere)},
		{"on the error page", withErrorPage(secured("Server: nginx"), scanner.ErrorPage{Status: 404, Headers: []scanner.Header{{Name: "Server", Value: "nginx/1.22.1"}}}), fails("no-such-page | Server: nginx/1.22.1").on("example.hk")},
		{"on the error page's program", withErrorPage(secured(), scanner.ErrorPage{Status: 404, Page: &scanner.Page{Generator: "Joomla! 3.9"}}), fails("Joomla! 3.9")},
	})
}

// withErrorPage gives the facts an answer to an address that does not exist.
func withErrorPage(f *scanner.Facts, e scanner.ErrorPage) *scanner.Facts {
	e.URL = apexHTTPS + ".well-known/infohub-no-such-page"
	f.Web.ErrorPage = &e
	return f
}

func TestNamesVersion(t *testing.T) {
	for value, want := range map[string]bool{
		"nginx": false, "nginx/1.18.0": true, "PHP/8": true, "Drupal 10 (https://www.drupal.org)": true, "OpenSSL/1.1.1k": true,
		"Apache/2.4 (Unix)": true, "cloudflare": false, "ECS (dcb/7F83)": false, "ECS (lga/1391)": false, "AmazonS3": false,
		"4.0.30319": true, "Microsoft-IIS/10.0": true, "ASP.NET": false, "Express": false, "Phusion Passenger(R) 6.0.4": true, "WordPress v6.5": true, "": false,
	} {
		if got := namesVersion(value); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestCookies(t *testing.T) {
	with := func(cookies ...scanner.Cookie) *scanner.Facts {
		f := secured()
		f.Web.Roots[1].Hops[0].Cookies = cookies
		return f
	}
	good := scanner.Cookie{Name: "sid", Secure: true, HTTPOnly: true, SameSite: "Lax", Session: true}
	change := func(edit func(*scanner.Cookie)) *scanner.Facts {
		c := good
		edit(&c)
		return with(good, c)
	}
	other := scanner.Cookie{Name: "lang", MaxAge: 3600}
	redirect := site(ended(apexHTTPS, answer(apexHTTPS, 302), answer(wwwHTTPS, 200)))
	redirect.Web.Roots[0].Hops[0].Cookies = []scanner.Cookie{{Name: "sid", Session: true}}
	plain := secured()
	plain.Web.Roots[0].Hops[0].Cookies = []scanner.Cookie{{Name: "sid", Session: true}}
	judgeCases(t, "web.cookie.insecure", []ruleCase{
		{"good", with(good), passes("Secure; HttpOnly; SameSite=Lax")},
		{"session", change(func(c *scanner.Cookie) { c.Secure = false }), fails("sid=…; HttpOnly").on("example.hk")},
		{"other", with(good, other), warns("lang=…; Max-Age=3600").on("example.hk")},
		{"on a redirect", redirect, fails(apexHTTPS)},
		{"set over http", plain, notFor(scanner.NANotUsed)},
		{"none", secured(), notFor(scanner.NANotUsed)},
	})
	judgeCases(t, "web.cookie.httponly", []ruleCase{
		{"good", with(good, other), passes("HttpOnly")},
		{"session", change(func(c *scanner.Cookie) { c.HTTPOnly = false }), fails("sid=…; Secure").on("example.hk")},
		{"no session", with(other), notFor(scanner.NANotUsed)},
	})
	judgeCases(t, "web.cookie.samesite", []ruleCase{
		{"good", with(good, other), passes("SameSite=Lax")},
		{"none of it", change(func(c *scanner.Cookie) { c.SameSite = "" }), fails("sid=…; Secure; HttpOnly").on("example.hk")},
		{"None with Secure", change(func(c *scanner.Cookie) { c.SameSite = "None" }), passes("SameSite=None")},
		{"None without Secure", change(func(c *scanner.Cookie) { c.SameSite, c.Secure = "None", false }), fails("SameSite=None")},
		{"no session, None without Secure", with(scanner.Cookie{Name: "ad", SameSite: "None"}), warns("ad=…")},
		{"no session", with(other), notFor(scanner.NANotUsed)},
	})
}
