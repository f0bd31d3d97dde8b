package checks

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestFirstRedirect(t *testing.T) {
	to := func(status int, where string) *scanner.Facts {
		return site(ended(apexHTTP, answer(apexHTTP, status, "Location: "+where), answer(where, 200)), ended(apexHTTPS, answer(apexHTTPS, 200)))
	}
	blocked := site(scanner.WebRoot{Start: apexHTTP, Hops: []scanner.Hop{answer(apexHTTP, 200)}, Failure: scanner.Failf(scanner.FailBlocked, "Imperva")}, ended(apexHTTPS, answer(apexHTTPS, 200)))
	common := []ruleCase{
		{"http is closed", site(failed(apexHTTP, scanner.FailRefused), ended(apexHTTPS, answer(apexHTTPS, 200))), notFor(scanner.NANotUsed)},
		{"http times out", site(failed(apexHTTP, scanner.FailTimeout), ended(apexHTTPS, answer(apexHTTPS, 200))), isUnknown(scanner.FailTimeout)},
		{"no start over http", site(ended(apexHTTPS, answer(apexHTTPS, 200))), notFor(scanner.NANotUsed)},
		{"a page over http", site(ended(apexHTTP, answer(apexHTTP, 200)), ended(apexHTTPS, answer(apexHTTPS, 200))), notFor(scanner.NACovered)},
		{"to http first", to(301, wwwHTTP), notFor(scanner.NACovered)},
		{"nothing over http", site(ended(apexHTTP, answer(apexHTTP, 404)), ended(apexHTTPS, answer(apexHTTPS, 200))), notFor(scanner.NANotUsed)},
		{"turned away", site(ended(apexHTTP, answer(apexHTTP, 403)), ended(apexHTTPS, answer(apexHTTPS, 200))), isUnknown(scanner.FailBlocked)},
		{"a firewall's page", blocked, isUnknown(scanner.FailBlocked)},
	}
	judgeCases(t, "web.redirect.other-host", append(common,
		ruleCase{"to itself", to(301, apexHTTPS), passes("Location: https://example.hk/")},
		ruleCase{"to itself, another port", to(301, "https://EXAMPLE.hk:443/x"), passes("301")},
		ruleCase{"to www", to(301, wwwHTTPS), fails("Location: https://www.example.hk/").on("example.hk")},
		ruleCase{"to another domain", to(302, "https://example.com/"), fails("https://example.com/")},
	))
	judgeCases(t, "web.redirect.temporary", append(common,
		ruleCase{"301", to(301, apexHTTPS), passes("status 301")},
		ruleCase{"308", to(308, wwwHTTPS), passes("status 308")},
		ruleCase{"302", to(302, apexHTTPS), fails("status 302").on("example.hk")},
		ruleCase{"303", to(303, apexHTTPS), fails("status 303")},
		ruleCase{"307", to(307, wwwHTTPS), fails("status 307")},
	))
}

func TestIsolation(t *testing.T) {
	judgeCases(t, "web.permissions-policy.missing", []ruleCase{
		{"there", secured("Permissions-Policy: camera=()"), passes("camera=()")},
		{"missing", secured(), fails("no Permissions-Policy").on("example.hk")},
		{"its forerunner is no more", secured("Feature-Policy: camera 'none'"), fails("no Permissions-Policy")},
		{"broken", secured("Permissions-Policy: camera 'none'"), notFor(scanner.NACovered)},
	})
	judgeCases(t, "web.permissions-policy.invalid", []ruleCase{
		{"good", secured(`Permissions-Policy: camera=(), geolocation=(self "https://maps.example"), usb=*, hid=self, midi=("https://a.example");report-to=x`), passes("camera=()")},
		{"missing", secured(), notFor(scanner.NANoRecord)},
		{"written like its forerunner", secured("Permissions-Policy: camera 'none'; usb 'self'"), fails("RFC 9651").on("example.hk")},
		{"a comma at the end", secured("Permissions-Policy: camera=(),"), fails("camera=(),")},
		{"two lines that are one", secured("Permissions-Policy: camera=()", "Permissions-Policy: usb=()"), passes("camera=(), usb=()")},
		{"no list of origins", secured("Permissions-Policy: camera=none, usb=(), geolocation=?0, midi"), warns("no list of origins: camera, geolocation, midi")},
	})
	judgeCases(t, "web.corp.missing", []ruleCase{
		{"there", secured("Cross-Origin-Resource-Policy: same-site"), passes("same-site")},
		{"missing", secured(), fails("no Cross-Origin-Resource-Policy").on("example.hk")},
		{"misspelt", secured("Cross-Origin-Resource-Policy: Same-Origin"), fails("not known")},
		{"twice", secured("Cross-Origin-Resource-Policy: same-site", "Cross-Origin-Resource-Policy: same-site"), fails("not known")},
	})
	judgeCases(t, "web.coop.missing", []ruleCase{
		{"there", secured(`Cross-Origin-Opener-Policy: same-origin; report-to="x"`), passes("same-origin")},
		{"popups", secured("Cross-Origin-Opener-Policy: same-origin-allow-popups"), passes("popups")},
		{"missing", secured(), fails("no Cross-Origin-Opener-Policy").on("example.hk")},
		{"as without", secured("Cross-Origin-Opener-Policy: unsafe-none"), warns("unsafe-none")},
		{"misspelt", secured("Cross-Origin-Opener-Policy: same origin"), fails("not known")},
		{"a string", secured(`Cross-Origin-Opener-Policy: "same-origin"`), fails("not known")},
	})
	judgeCases(t, "web.coep.invalid", []ruleCase{
		{"there", secured("Cross-Origin-Embedder-Policy: require-corp"), passes("require-corp")},
		{"missing", secured(), notFor(scanner.NANotUsed)},
		{"not known", secured("Cross-Origin-Embedder-Policy: same-origin"), fails("not known").on("example.hk")},
	})
}

func TestCookiePrefix(t *testing.T) {
	with := func(c scanner.Cookie) *scanner.Facts {
		f := secured()
		f.Web.Roots[1].Hops[0].Cookies = []scanner.Cookie{c}
		return f
	}
	judgeCases(t, "web.cookie.prefix", []ruleCase{
		{"none", secured(), notFor(scanner.NANotUsed)},
		{"no prefix", with(scanner.Cookie{Name: "sid"}), notFor(scanner.NANotUsed)},
		{"host", with(scanner.Cookie{Name: "__Host-sid", Secure: true, Path: "/"}), passes("__Host-sid")},
		{"host without Secure", with(scanner.Cookie{Name: "__Host-sid", Path: "/"}), fails("(no Secure)").on("example.hk")},
		{"host with a domain", with(scanner.Cookie{Name: "__host-sid", Secure: true, Path: "/", Domain: "example.hk"}), fails("(a Domain)")},
		{"host without a path", with(scanner.Cookie{Name: "__Host-sid", Secure: true}), fails("(no Path=/)")},
		{"host with another path", with(scanner.Cookie{Name: "__Host-sid", Secure: true, Path: "/shop"}), fails("(no Path=/)")},
		{"secure", with(scanner.Cookie{Name: "__Secure-sid", Secure: true, Domain: "example.hk"}), passes("__Secure-sid")},
		{"secure without Secure", with(scanner.Cookie{Name: "__Secure-sid"}), fails("(no Secure)")},
		{"http", with(scanner.Cookie{Name: "__Http-sid", Secure: true, HTTPOnly: true}), passes("__Http-sid")},
		{"http without HttpOnly", with(scanner.Cookie{Name: "__Http-sid", Secure: true}), fails("(no HttpOnly)")},
		{"host and http", with(scanner.Cookie{Name: "__Host-Http-sid", Secure: true, Path: "/"}), fails("(no HttpOnly)")},
	})
}

func TestSecurityTxtFields(t *testing.T) {
	const at = "https://example.hk/.well-known/security.txt"
	with := func(edit func(*scanner.SecurityTxt)) *scanner.Facts {
		f := secured()
		f.Web.SecurityTxt = &scanner.SecurityTxt{URL: at, Status: 200, Found: true, Contact: []string{"mailto:it@example.hk"}}
		edit(f.Web.SecurityTxt)
		return f
	}
	absent := with(func(s *scanner.SecurityTxt) { s.Found, s.Status = false, 404 })
	late := with(func(s *scanner.SecurityTxt) { s.Failure = scanner.Failf(scanner.FailTimeout, "") })
	common := []ruleCase{{"no file", absent, notFor(scanner.NANoRecord)}, {"timeout", late, isUnknown(scanner.FailTimeout)}}
	contact := func(lines ...string) *scanner.Facts {
		return with(func(s *scanner.SecurityTxt) { s.Contact = lines })
	}
	judgeCases(t, "web.security-txt.no-contact", append(common,
		ruleCase{"there", contact("mailto:it@example.hk", "tel:+852-1234-5678"), passes("mailto:it@example.hk")},
		ruleCase{"none", contact(), fails("no Contact").on("example.hk")},
		ruleCase{"an address without a scheme", contact("it@example.hk"), warns("no URI")},
		ruleCase{"a page over http", contact("https://example.hk/x", "http://example.hk/x"), warns("not https")},
	))
	canonical := func(lines ...string) *scanner.Facts {
		return with(func(s *scanner.SecurityTxt) { s.Canonical = lines })
	}
	judgeCases(t, "web.security-txt.canonical", append(common,
		ruleCase{"not said", canonical(), notFor(scanner.NANotUsed)},
		ruleCase{"here", canonical("https://www.example.hk/.well-known/security.txt", "HTTPS://Example.hk:443/.well-known/security.txt"), passes("Canonical")},
		ruleCase{"elsewhere", canonical("https://www.example.hk/.well-known/security.txt"), fails("Canonical: https://www").on("example.hk")},
		ruleCase{"where the redirect ended", with(func(s *scanner.SecurityTxt) {
			s.From, s.Canonical = "https://example.com/.well-known/security.txt", []string{"https://example.com/.well-known/security.txt"}
		}), passes("example.com")},
	))
	judgeCases(t, "web.security-txt.signature", append(common,
		ruleCase{"not signed", canonical(), notFor(scanner.NANotUsed)},
		ruleCase{"whole", with(func(s *scanner.SecurityTxt) { s.Signature = &scanner.Signature{} }), passes("not verified")},
		ruleCase{"broken", with(func(s *scanner.SecurityTxt) { s.Signature = &scanner.Signature{Fault: "no END PGP SIGNATURE line"} }), fails("no END").on("example.hk")},
		ruleCase{"facts of a program that did not look", with(func(s *scanner.SecurityTxt) { s.Signed = true }), notFor(scanner.NANotUsed)},
	))
}

func TestLinkedTLS(t *testing.T) {
	host := func(name string, tls *scanner.LinkedTLS, kinds ...string) scanner.LinkedHost {
		return scanner.LinkedHost{Name: name, Kinds: kinds, Exists: true, TLS: tls}
	}
	with := func(hosts ...scanner.LinkedHost) *scanner.Facts {
		f := secured()
		f.Web.LinkedHosts = hosts
		return f
	}
	good := host("cdn.example.com", &scanner.LinkedTLS{Port: 443}, "script")
	bad := func(kind scanner.FailureKind) *scanner.Facts {
		return with(good, host("bad.example.com", &scanner.LinkedTLS{Port: 443, Failure: scanner.Failf(kind, "test")}, "media", "style"))
	}
	judgeCases(t, "web.linked-host.tls", []ruleCase{
		{"good", with(good), passes("cdn.example.com | port 443: a valid certificate")},
		{"wrong name", with(good, host("bad.example.com", &scanner.LinkedTLS{Port: 8443, Error: "valid for other.example"}, "style")), fails("bad.example.com | port 8443: valid for other").on("example.hk")},
		{"no handshake", bad(scanner.FailTLS), fails("bad.example.com")},
		{"closed", bad(scanner.FailRefused), fails("bad.example.com")},
		{"timeout", bad(scanner.FailTimeout), isUnknown(scanner.FailTimeout)},
		{"guarded", bad(scanner.FailForbidden), isUnknown(scanner.FailForbidden)},
		{"pictures alone", with(host("a.example.com", nil, "media")), notFor(scanner.NANotUsed)},
		{"does not exist", with(scanner.LinkedHost{Name: "gone.example.com", Kinds: []string{"script"}}), notFor(scanner.NACovered)},
		{"not looked up", with(scanner.LinkedHost{Name: "a.example.com", Kinds: []string{"script"}, Exists: true, Failure: scanner.Failf(scanner.FailTimeout, "")}), isUnknown(scanner.FailTimeout)},
		{"not tried", with(good, host("a.example.com", nil, "script")), isUnknown(scanner.FailLimit)},
		{"none", with(), notFor(scanner.NANotUsed)},
		{"broke off", brokenOff(with(good)), isUnknown(scanner.FailReset)},
	})
}

func TestPrivateAddresses(t *testing.T) {
	for value, want := range map[string]string{
		"10.0.0.5": "[10.0.0.5]", "http://192.168.1.20:8080/x": "[192.168.1.20]", "1.1 172.16.0.1 (squid)": "[172.16.0.1]", "for=10.1.1.1,10.1.1.2": "[10.1.1.1 10.1.1.2]",
		"172.32.0.1": "[]", "203.0.113.9": "[]", "Apache/10.0.0.5": "[]", "v10.0.0.5": "[]", "10.0.0.5.6": "[]", "1.10.0.0.5": "[]", "10.0.0.256": "[]", "10.0.0": "[]",
		"fd00::5": "[fd00::5]", "[fe80::1]:80": "[fe80::1]", "2001:db8::1": "[]", "12:34:56": "[]", "max-age=10": "[]", "10.0.0.5-x": "[]",
		"ip-10-2-3-4.ec2.internal": "[10.2.3.4]", "169.254.1.1": "[169.254.1.1]", "127.0.0.1": "[]", "a=10.0.0.5; b": "[10.0.0.5]", "": "[]",
	} {
		if got := fmt.Sprint(privateAddresses(value)); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

// FuzzPrivateAddresses: what is found is private, and stands in the value.
func FuzzPrivateAddresses(f *testing.F) {
	f.Add("for=10.1.1.1,10.1.1.2; fd00::1")
	f.Add("ip-10-0-0-1 //192.168.0.1:80")
	f.Fuzz(func(t *testing.T, value string) {
		for _, a := range privateAddresses(value) {
			if !a.IsPrivate() && !a.IsLinkLocalUnicast() {
				t.Errorf("%q: %s", value, a)
			}
		}
	})
}

func TestLeaks(t *testing.T) {
	inside := secured()
	inside.Web.Roots[1].Hops[0].Cookies = []scanner.Cookie{{Name: "BIGipServerpool", Inside: netip.MustParseAddr("10.1.1.100")}}
	own := secured("X-Server: 10.0.0.5")
	for i := range own.Web.Roots {
		for j := range own.Web.Roots[i].Hops {
			own.Web.Roots[i].Hops[j].Addr = netip.MustParseAddr("10.0.0.5")
		}
	}
	onError := withErrorPage(secured(), scanner.ErrorPage{Status: 404, Headers: []scanner.Header{{Name: "Via", Value: "1.1 10.0.0.7"}}})
	judgeCases(t, "web.header.private-address", []ruleCase{
		{"none", secured("X-Server: web1"), passes("no private address")},
		{"a header", secured("X-Backend: 10.0.0.5:8080"), fails("X-Backend: 10.0.0.5:8080").on("example.hk")},
		{"a redirect", site(ended(apexHTTPS, answer(apexHTTPS, 302, "Location: http://192.168.1.2/"))), fails("Location: http://192.168.1.2/")},
		{"a load balancer's cookie", inside, fails("BIGipServerpool=… (10.1.1.100)")},
		{"on the error page", onError, fails("no-such-page | Via: 1.1 10.0.0.7")},
		{"the site's own", own, passes("no private address")},
		{"a version", secured("Server: x/10.0.0.5", "X-Powered-By: 10.0.0.5"), passes("no private address")},
	})
	judgeCases(t, "web.header.proxy-disclosed", []ruleCase{
		{"none", secured(), notFor(scanner.NANotUsed)},
		{"without a version", secured("Via: 1.1 google", "X-Varnish: 32770 3"), passes("Via: 1.1 google")},
		{"protocol only", secured("Via: HTTP/1.1 cache1, http/1.1 cache2"), passes("Via")},
		{"squid", secured("Via: 1.1 proxy (squid/5.7)"), warns("squid/5.7").on("example.hk")},
		{"varnish", secured("Via: 1.1 varnish (Varnish/6.0)"), warns("Varnish/6.0")},
		{"the second line", secured("Via: 1.1 google", "Via: http/1.1 c (ApacheTrafficServer/9.1.4 [cMsSf ])"), warns("TrafficServer/9.1.4")},
	})
}

func TestCompression(t *testing.T) {
	const gzip = "Content-Encoding: gzip"
	with := func(p scanner.Page, cookies []scanner.Cookie, headers ...string) *scanner.Facts {
		f := secureBody(p, headers...)
		for i := range f.Web.Roots {
			hops := f.Web.Roots[i].Hops
			hops[len(hops)-1].Cookies = cookies
		}
		return f
	}
	plain := scanner.Page{Token: scanner.No}
	unread := scanner.Page{Title: "Shop"}
	token := scanner.Page{Token: scanner.Yes}
	loose := []scanner.Cookie{{Name: "sid", Session: true}}
	strict := []scanner.Cookie{{Name: "sid", Session: true, SameSite: "Lax"}}
	judgeCases(t, "web.compression.secrets", []ruleCase{
		{"not compressed", with(token, loose), passes("not compressed")},
		{"identity", with(token, loose, "Content-Encoding: identity"), passes("not compressed")},
		{"nothing secret", with(plain, nil, gzip), passes("no session, no token")},
		{"a session", with(plain, loose, gzip), warns("sid=…").on("example.hk")},
		{"a session that other sites cannot use", with(token, strict, gzip), passes("SameSite")},
		{"a token", with(token, nil, gzip), warns("the page holds a token")},
		{"a cookie of another kind", with(plain, []scanner.Cookie{{Name: "lang"}}, gzip), passes("no session")},
		{"no HTML", secured(gzip), notFor(scanner.NANotUsed)},
		{"facts of a program that did not look", with(unread, nil, gzip), isUnknown(scanner.FailInternal)},
		{"the same, with a session", with(unread, loose, gzip), warns("sid=…")},
		{"broke off", brokenOff(with(plain, nil, gzip)), isUnknown(scanner.FailReset)},
	})
}
