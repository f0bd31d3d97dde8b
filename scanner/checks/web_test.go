package checks

import (
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestNoRedirect(t *testing.T) {
	https := ended(apexHTTPS, answer(apexHTTPS, 200))
	judgeCases(t, "web.https.no-redirect", []ruleCase{
		{"leads to https", secured(), passes("Location: https://example.hk/")},
		{"leads to another domain's https", site(ended(apexHTTP, answer(apexHTTP, 301, "Location: https://example.com/"), answer("https://example.com/", 200)), https), passes("https://example.com/")},
		{"the header alone tells where", site(scanner.WebRoot{Start: apexHTTP, Hops: []scanner.Hop{answer(apexHTTP, 302, "Location: //example.hk/x")}}, https), fails("Location: http://example.hk/x")},
		{"https timed out", site(ended(apexHTTP, answer(apexHTTP, 200)), failed(apexHTTPS, scanner.FailTimeout)), isUnknown(scanner.FailTimeout)},
		{"page", site(ended(apexHTTP, answer(apexHTTP, 200)), https), fails("status 200, no redirect").on("example.hk")},
		{"password prompt", site(ended(apexHTTP, answer(apexHTTP, 401)), https), fails("status 401")},
		{"only www", site(ended(apexHTTP, answer(apexHTTP, 301, "Location: https://example.hk/"), answer(apexHTTPS, 200)), https, ended(wwwHTTP, answer(wwwHTTP, 200))), fails(wwwHTTP).on("www.example.hk")},
		{"a detour", site(ended(apexHTTP, answer(apexHTTP, 301, "Location: "+wwwHTTP), answer(wwwHTTP, 301, "Location: "+wwwHTTPS), answer(wwwHTTPS, 200)), https), warns("and to https only after that")},
		{"to http and no further", site(ended(apexHTTP, answer(apexHTTP, 301, "Location: "+wwwHTTP), answer(wwwHTTP, 200)), https), fails("Location: " + wwwHTTP)},
		{"a redirect to nowhere", site(ended(apexHTTP, answer(apexHTTP, 302)), https), fails("no redirect")},
		{"nothing there over http", site(ended(apexHTTP, answer(apexHTTP, 404)), https), passes("no page without https")},
		{"turned away", site(ended(apexHTTP, answer(apexHTTP, 403)), https), isUnknown(scanner.FailBlocked)},
		{"a firewall's page", site(scanner.WebRoot{Start: apexHTTP, Hops: []scanner.Hop{answer(apexHTTP, 200)}, Failure: scanner.Failf(scanner.FailBlocked, "Imperva")}, https), isUnknown(scanner.FailBlocked)},
		{"http closed", site(failed(apexHTTP, scanner.FailRefused), https), notFor(scanner.NANotUsed)},
		{"http filtered", site(failed(apexHTTP, scanner.FailTimeout), https), isUnknown(scanner.FailTimeout)},
	})
	relative := site(ended(apexHTTP, answer(apexHTTP, 302, "Location: /en")), https)
	judgeCases(t, "web.https.no-redirect", []ruleCase{{"relative", relative, fails("Location: http://example.hk/en")}})
}

func TestRedirectLoop(t *testing.T) {
	loop := scanner.WebRoot{Start: apexHTTPS, Loop: true, Failure: scanner.Failf(scanner.FailProtocol, "loop"), Hops: []scanner.Hop{
		answer(apexHTTPS, 302), answer(wwwHTTPS, 302), answer(apexHTTPS, 302),
	}}
	judgeCases(t, "web.redirect.loop", []ruleCase{
		{"ends", secured(), passes("1 redirects, ends at https://example.hk/")},
		{"loop", site(ended(apexHTTP, answer(apexHTTP, 200)), loop), fails("2 redirects").on("example.hk")},
		{"loop without hops", site(scanner.WebRoot{Start: wwwHTTP, Loop: true}), fails("circle").on("www.example.hk")},
		{"broke in the middle", site(failed(apexHTTPS, scanner.FailTimeout, answer(apexHTTPS, 302))), isUnknown(scanner.FailTimeout)},
		{"a closed port has no loop", site(ended(apexHTTPS, answer(apexHTTPS, 200)), failed(apexHTTP, scanner.FailRefused)), passes(apexHTTPS)},
		{"a silent port shows no loop", site(ended(apexHTTPS, answer(apexHTTPS, 200)), failed(apexHTTP, scanner.FailTimeout)), passes(apexHTTPS)},
	})
}

func TestCORS(t *testing.T) {
	with := func(c scanner.CORSAnswer) *scanner.Facts {
		f := secured()
		c.URL, c.Origin = apexHTTPS, "https://evil.example"
		f.Web.CORS = &c
		return f
	}
	late := secured()
	late.Probes = []scanner.ProbeRun{{Name: "web", Failure: scanner.Failf(scanner.FailTimeout, "late")}}
	foreign := secured()
	foreign.Web.CORS = &scanner.CORSAnswer{URL: "https://shop.example.com/", Origin: "https://evil.example", AllowOrigin: "https://evil.example", Credentials: true}
	judgeCases(t, "web.cors.reflected-origin", []ruleCase{
		{"none", with(scanner.CORSAnswer{}), passes("no Access-Control-Allow-Origin")},
		{"public", with(scanner.CORSAnswer{AllowOrigin: "*", Credentials: true}), passes("Origin: *")},
		{"a friend's", with(scanner.CORSAnswer{AllowOrigin: "https://friend.example", Credentials: true}), passes("friend")},
		{"reflected", with(scanner.CORSAnswer{AllowOrigin: "https://evil.example", Credentials: true}), fails("Allow-Credentials: true").on("example.hk")},
		{"reflected without credentials", with(scanner.CORSAnswer{AllowOrigin: "https://evil.example"}), warns("https://evil.example")},
		{"null", with(scanner.CORSAnswer{AllowOrigin: "null"}), warns("null")},
		{"failed", with(scanner.CORSAnswer{Failure: scanner.Failf(scanner.FailReset, "cut")}), isUnknown(scanner.FailReset)},
		{"not asked in time", late, isUnknown(scanner.FailTimeout)},
		{"not asked", secured(), isUnknown(scanner.FailInternal)},
		{"somebody else's", foreign, notFor(scanner.NAElsewhere)},
	})
}

func TestSecurityTxt(t *testing.T) {
	with := func(s scanner.SecurityTxt) *scanner.Facts {
		f := secured()
		s.URL = "https://example.hk/.well-known/security.txt"
		f.Web.SecurityTxt = &s
		return f
	}
	closed := plainOnly()
	closed.Web.SecurityTxt = &scanner.SecurityTxt{URL: apexHTTPS, Failure: scanner.Failf(scanner.FailRefused, "")}
	good := scanner.SecurityTxt{Status: 200, Found: true, Contact: []string{"mailto:it@example.hk"}}
	expires := func(dates ...string) *scanner.Facts {
		s := good
		s.Expires = dates
		return with(s)
	}
	judgeCases(t, "web.security-txt.missing", []ruleCase{
		{"there", expires("2027-01-01T00:00:00Z"), passes("mailto:it@example.hk")},
		{"not found", with(scanner.SecurityTxt{Status: 404}), fails("status 404").on("example.hk")},
		{"the home page instead", with(scanner.SecurityTxt{Status: 200}), fails("no security.txt")},
		{"turned away", with(scanner.SecurityTxt{Status: 429}), isUnknown(scanner.FailBlocked)},
		{"server error", with(scanner.SecurityTxt{Status: 502}), isUnknown(scanner.FailServer)},
		{"timeout", with(scanner.SecurityTxt{Failure: scanner.Failf(scanner.FailTimeout, "")}), isUnknown(scanner.FailTimeout)},
		{"no https", closed, notFor(scanner.NANoHTTPS)},
	})
	judgeCases(t, "web.security-txt.expired", []ruleCase{
		{"good", expires("2027-01-01T00:00:00Z"), passes("2027")},
		{"lower case", expires("2027-01-01t00:00:00z"), passes("2027")},
		{"past", expires("2026-11-23T07:59:59Z"), fails("2026-11-23").on("example.hk")},
		{"now", expires("2026-11-23T16:00:00+08:00"), fails("16:00")},
		{"none", expires(), fails("0 Expires")},
		{"two", expires("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"), fails("2 Expires")},
		{"no date", expires("next year"), fails("not a date")},
		{"no file", with(scanner.SecurityTxt{Status: 404}), notFor(scanner.NANoRecord)},
		{"timeout", with(scanner.SecurityTxt{Failure: scanner.Failf(scanner.FailTimeout, "")}), isUnknown(scanner.FailTimeout)},
	})
}

// TestSecurityTxtRemedyHasADate: the file to paste must not be out of date.
func TestSecurityTxtRemedyHasADate(t *testing.T) {
	f := secured()
	f.Web.SecurityTxt = &scanner.SecurityTxt{URL: apexHTTPS, Status: 404}
	if got := checkOf(t, "web.security-txt.missing").Judge(f).Params["expires"]; got != "2027-11-18T00:00:00Z" {
		t.Errorf("expires %q", got)
	}
}

func TestLinkedHosts(t *testing.T) {
	with := func(hosts ...scanner.LinkedHost) *scanner.Facts {
		f := secured()
		f.Web.LinkedHosts = hosts
		return f
	}
	good := scanner.LinkedHost{Name: "cdn.example.com", Kinds: []string{"script"}, Exists: true}
	gone := scanner.LinkedHost{Name: "gone.example.com", Kinds: []string{"media", "script"}}
	late := scanner.LinkedHost{Name: "late.example.com", Failure: scanner.Failf(scanner.FailTimeout, "")}
	judgeCases(t, "web.linked-host.dangling", []ruleCase{
		{"good", with(good), passes("cdn.example.com")},
		{"gone", with(good, late, gone), fails("gone.example.com | does not exist; media, script").on("example.hk")},
		{"late", with(good, late), isUnknown(scanner.FailTimeout)},
		{"none", with(), notFor(scanner.NANotUsed)},
		{"broke off", brokenOff(with(good)), isUnknown(scanner.FailReset)},
		{"broke off, but seen", brokenOff(with(gone)), fails("gone.example.com")},
	})
}
