package checks

import (
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestMixedContent(t *testing.T) {
	img := scanner.Resource{URL: "http://example.hk/a.png", Tag: "img"}
	judgeCases(t, "web.mixed-content.active", []ruleCase{
		{"clean", secureBody(scanner.Page{Scripts: []scanner.Resource{{URL: "https://a.example/x.js", Tag: "script"}}}), passes("nothing")},
		{"script", secureBody(scanner.Page{Scripts: []scanner.Resource{{URL: "http://a.example/x.js", Tag: "script"}}}), fails("script http://a.example/x.js").on("example.hk")},
		{"style", secureBody(scanner.Page{Styles: []scanner.Resource{{URL: "HTTP://a.example/x.css", Tag: "link"}}}), fails("x.css")},
		{"frame", secureBody(scanner.Page{Media: []scanner.Resource{img, {URL: "http://a.example/f", Tag: "iframe"}}}), fails("iframe")},
		{"picture", secureBody(scanner.Page{Media: []scanner.Resource{img}}), warns("img http://example.hk/a.png")},
		{"broke off", brokenOff(secureBody(scanner.Page{})), isUnknown(scanner.FailReset)},
		{"broke off, but seen", brokenOff(secureBody(scanner.Page{Styles: []scanner.Resource{{URL: "http://a.example/x.css", Tag: "link"}}})), fails("x.css")},
		{"mended by the policy", secureBody(scanner.Page{Media: []scanner.Resource{img}}, "Content-Security-Policy: upgrade-insecure-requests"), passes("upgrade-insecure-requests")},
		{"no HTML", secured(), notFor(scanner.NANotUsed)},
	})
}

func TestSRI(t *testing.T) {
	script := func(url string, integrity bool) *scanner.Facts {
		return secureBody(scanner.Page{Scripts: []scanner.Resource{{URL: url, Tag: "script", Integrity: integrity}}})
	}
	judgeCases(t, "web.sri.missing", []ruleCase{
		{"own", script("https://static.example.hk/a.js", false), notFor(scanner.NANotUsed)},
		{"with integrity", script("https://cdn.example.com/a.js", true), passes("integrity")},
		{"without", script("https://cdn.example.com/a.js", false), fails("cdn.example.com").on("example.hk")},
		{"broke off", brokenOff(script("https://cdn.example.com/a.js", true)), isUnknown(scanner.FailReset)},
		{"inline data", script("data:text/javascript,1", false), notFor(scanner.NANotUsed)},
		{"no HTML", secured(), notFor(scanner.NANotUsed)},
	})
}

func TestForms(t *testing.T) {
	form := func(action, method string, password bool) scanner.Page {
		return scanner.Page{Forms: []scanner.Form{{Action: action, Method: method, Password: password}}}
	}
	judgeCases(t, "web.form.insecure", []ruleCase{
		{"good", secureBody(form("https://example.hk/login", "POST", true)), passes("POST https://example.hk/login")},
		{"to http", secureBody(form("http://example.hk/send", "POST", false)), fails("POST http://").on("example.hk")},
		{"a search to http", secureBody(form("http://example.hk/find", "GET", false)), warns("GET http://")},
		{"password on http", withBody(plainOnly(), form("https://example.hk/login", "POST", true)), fails("with a password").on("example.hk")},
		{"password on http beside https", withBody(site(ended(apexHTTP, answer(apexHTTP, 200)), ended(apexHTTPS, answer(apexHTTPS, 200))), form("/login", "POST", true)), fails(apexHTTP)},
		{"a search on http", withBody(plainOnly(), form("http://example.hk/find", "GET", false)), passes("GET")},
		{"no form", secured(), notFor(scanner.NANotUsed)},
		{"broke off", brokenOff(secured()), isUnknown(scanner.FailReset)},
	})
}

func TestExposurePages(t *testing.T) {
	clean := func() *scanner.Facts { return secureBody(scanner.Page{Title: "Shop"}) }
	// A trace is mostly shown with an error, a test page often with a 403.
	broken := withBody(site(ended(apexHTTPS, answer(apexHTTPS, 500))), scanner.Page{Trace: "python"})
	untouched := withBody(site(ended(apexHTTPS, answer(apexHTTPS, 403))), scanner.Page{Default: "apache"})
	judgeCases(t, "exposure.listing.home", []ruleCase{
		{"clean", clean(), passes(apexHTTPS)},
		{"listing", secureBody(scanner.Page{Listing: true, Title: "Index of /"}), fails("Index of /").on("example.hk")},
		{"no HTML", secured(), passes(apexHTTPS)},
		{"broke off", brokenOff(clean()), isUnknown(scanner.FailReset)},
	})
	judgeCases(t, "exposure.page.default", []ruleCase{
		{"clean", clean(), passes(apexHTTPS)},
		{"welcome", secureBody(scanner.Page{Default: "nginx"}), fails("nginx").on("example.hk")},
		{"with an error", untouched, fails("apache")},
		{"an error alone", broken, isUnknown(scanner.FailServer)},
	})
	judgeCases(t, "exposure.page.error-trace", []ruleCase{
		{"clean", clean(), passes(apexHTTPS)},
		{"trace", secureBody(scanner.Page{Trace: "php"}), fails("php").on("example.hk")},
		{"with an error", broken, fails("python")},
		{"turned away", untouched, isUnknown(scanner.FailBlocked)},
		{"on the error page", withErrorPage(clean(), scanner.ErrorPage{Status: 404, Page: &scanner.Page{Trace: "dotnet"}}), fails("no-such-page | program error: dotnet").on("example.hk")},
		{"a good error page", withErrorPage(clean(), scanner.ErrorPage{Status: 404, Page: &scanner.Page{}}), passes(apexHTTPS)},
		{"no error page in time", withErrorPage(clean(), scanner.ErrorPage{Failure: scanner.Failf(scanner.FailTimeout, "")}), isUnknown(scanner.FailTimeout)},
		{"a firewall's error page", withErrorPage(clean(), scanner.ErrorPage{Failure: scanner.Failf(scanner.FailBlocked, "")}), passes(apexHTTPS)},
	})
}
