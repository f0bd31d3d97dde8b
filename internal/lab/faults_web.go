//go:build unix

package lab

import (
	"slices"
	"time"
)

// webFaults are the sites with a fault of the web family, and those of
// exposure that need no permission.
func webFaults() []Site {
	const (
		csp = `add_header Content-Security-Policy "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'`
	)
	return slices.Concat(policyFaults(), headerFaults(), technologyFaults(), []Site{
		{Domain: "no-redirect.test", Fails: []string{"web.https.no-redirect"}, HTTP: "-return\nroot {dir};"},
		{Domain: "redirect-loop.test", Fails: []string{"web.redirect.loop", "web.https.no-redirect"}, HTTP: "return 301 http://$host/;"},
		{Domain: "no-hsts.test", Fails: []string{"web.hsts.missing"}, Web: "-add_header Strict-Transport-Security"},
		{Domain: "apache-no-hsts.test", Apache: true, Fails: []string{"web.hsts.missing"}, Web: "-Header always set Strict-Transport-Security"},
		{Domain: "hsts-short.test", Fails: []string{"web.hsts.short"}, Web: `add_header Strict-Transport-Security "max-age=3600; includeSubDomains" always;`},
		{Domain: "no-csp.test", Fails: []string{"web.csp.missing"}, Web: "-add_header Content-Security-Policy\nadd_header X-Frame-Options DENY always;"},
		{Domain: "csp-unsafe-inline.test", Fails: []string{"web.csp.unsafe-inline"}, Web: csp + `; frame-ancestors 'none'; script-src-elem 'self' 'unsafe-inline'" always;`},
		{Domain: "csp-wildcard.test", Fails: []string{"web.csp.wildcard"}, Web: csp + `; frame-ancestors 'none'; script-src-elem *" always;`},
		{Domain: "cookie-insecure.test", Fails: []string{"web.cookie.insecure"}, Web: `add_header Set-Cookie "PHPSESSID=abc; Path=/; HttpOnly; SameSite=Lax";`},
		{Domain: "cookie-script.test", Fails: []string{"web.cookie.httponly"}, Web: `add_header Set-Cookie "PHPSESSID=abc; Path=/; Secure; SameSite=Lax";`},
		{Domain: "cookie-samesite.test", Fails: []string{"web.cookie.samesite"}, Web: `add_header Set-Cookie "PHPSESSID=abc; Path=/; Secure; HttpOnly";`},
		{Domain: "framed.test", Fails: []string{"web.frame-options.missing"}, Web: csp + `" always;`},
		{Domain: "no-nosniff.test", Fails: []string{"web.content-type-options.missing"}, Web: "-add_header X-Content-Type-Options"},
		{Domain: "no-referrer.test", Fails: []string{"web.referrer-policy.missing"}, Web: "-add_header Referrer-Policy"},
		// Debian's nginx is older than what its makers still mend.
		{Domain: "server-version.test", Fails: []string{"web.server.version-disclosed"}, Warns: []string{"web.technology.end-of-life"}, Web: "server_tokens on;"},
		{Domain: "mixed.test", Fails: []string{"web.mixed-content.active"}, Files: page(`<script src="http://{domain}/shop.js"></script>`)},
		{Domain: "no-sri.test", Fails: []string{"web.sri.missing"}, Files: page(`<script src="https://www.good.test/shop.js"></script>`)},
		{Domain: "form-http.test", Fails: []string{"web.form.insecure"}, Files: page(`<form action="http://{domain}/login" method="post"><input type="password" name="p"></form>`)},
		{Domain: "cors.test", Fails: []string{"web.cors.reflected-origin"}, Web: "if ($request_method = OPTIONS) { return 204; }\nadd_header Access-Control-Allow-Origin $http_origin always;\nadd_header Access-Control-Allow-Credentials true always;"},
		{Domain: "no-security-txt.test", Fails: []string{"web.security-txt.missing"}, Files: map[string]string{".well-known/security.txt": "-"}},
		{
			Domain: "old-security-txt.test", Fails: []string{"web.security-txt.expired"},
			Files: map[string]string{".well-known/security.txt": "Contact: mailto:security@{domain}\nExpires: 2020-01-01T00:00:00Z\n"},
		},
		{
			Domain: "linked-gone.test", Fails: []string{"web.linked-host.dangling"},
			Files: page(`<script src="https://cdn.nobody-has-this.test/lib.js" integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC" crossorigin="anonymous"></script>`),
		},
		{Domain: "listing.test", Fails: []string{"exposure.listing.home"}, Web: "autoindex on;", Files: map[string]string{"index.html": "-", "notes.txt": "x"}},
		{Domain: "default-page.test", Fails: []string{"exposure.page.default"}, Files: map[string]string{"index.html": nginxWelcome}},
		{
			Domain: "error-trace.test", Fails: []string{"exposure.page.error-trace"},
			Files: page("<b>Fatal error</b>:  Uncaught Error: Call to undefined function shop() in /var/www/shop/index.php:3\nStack trace:\n#0 {main}\n  thrown in <b>/var/www/shop/index.php</b> on line <b>3</b><br />"),
		},
		{
			Domain: "error-page.test", Fails: []string{"exposure.page.error-trace"}, Web: "error_page 404 /oops.html;",
			Files: map[string]string{"oops.html": "<h1>Server Error in '/' Application.</h1>\n<b>Stack Trace:</b> at Shop.Page_Load() in C:\\shop\\default.aspx.cs:3"},
		},
		{Domain: "redirect-www.test", Fails: []string{"web.redirect.other-host"}, HTTP: "return 301 https://www.{domain}$request_uri;"},
		{Domain: "redirect-302.test", Fails: []string{"web.redirect.temporary"}, HTTP: "return 302 https://$host$request_uri;"},
		{Domain: "cookie-prefix.test", Fails: []string{"web.cookie.prefix"}, Web: `add_header Set-Cookie "__Host-PHPSESSID=abc; Secure; HttpOnly; SameSite=Lax";`},
		{Domain: "txt-no-contact.test", Fails: []string{"web.security-txt.no-contact"}, Files: securityText("Policy: https://{domain}/policy\n")},
		{
			Domain: "txt-elsewhere.test", Fails: []string{"web.security-txt.canonical"},
			Files: securityText("Contact: mailto:security@{domain}\nCanonical: https://example.test/.well-known/security.txt\n"),
		},
		{
			Domain: "txt-signature.test", Fails: []string{"web.security-txt.signature"},
			Files: securityText("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nContact: mailto:security@{domain}\n"),
		},
		{
			Domain: "linked-tls.test", Fails: []string{"web.linked-host.tls"}, Zone: "cdn A {web}\ncdn AAAA {web6}",
			Files: page(`<script src="https://cdn.{domain}/shop.js"></script>`),
		},
		{
			Domain: "breach.test", Warns: []string{"web.compression.secrets"}, Web: "-add_header Set-Cookie\ngzip on;\ngzip_min_length 1;",
			Files: page(`<form action="/order" method="post"><input type="hidden" name="csrf_token" value="d41d8cd98f00b204"></form>`),
		},
		{Domain: "no-ipv6.test", Fails: []string{"web.ipv6.missing"}, Zone: "-@ AAAA\n-www AAAA"},
		{Domain: "dead-ipv6.test", Fails: []string{"web.ipv6.unreachable"}, Zone: "@ AAAA {ns1v6}\nwww AAAA {ns1v6}"},
		{Domain: "other-ipv6.test", Fails: []string{"web.ipv6.different"}, Web: `if ($server_addr ~ ":") { return 404; }`},
	})
}

// policyFaults are the sites with a fault of the content policy.
func policyFaults() []Site {
	policy := func(text string) string { return `add_header Content-Security-Policy "` + text + `" always;` }
	const (
		rest  = "; style-src 'self'; form-action 'self'; frame-ancestors 'none'"
		inAny = "-add_header Content-Security-Policy\nadd_header X-Frame-Options DENY always;\n"
	)
	return []Site{
		{Domain: "csp-eval.test", Fails: []string{"web.csp.unsafe-eval"}, Web: policy("default-src 'none'; script-src 'self' 'unsafe-eval'; base-uri 'none'" + rest)},
		{Domain: "csp-quotes.test", Warns: []string{"web.csp.invalid"}, Web: policy("default-src 'none'; script-src 'self'; img-src self; base-uri 'none'" + rest)},
		{Domain: "csp-nonsense.test", Fails: []string{"web.csp.invalid", "web.csp.missing"}, Web: inAny + policy("allow 'self'")},
		{Domain: "csp-report-only.test", Fails: []string{"web.csp.report-only"}, Web: inAny + `add_header Content-Security-Policy-Report-Only "default-src 'self'" always;`},
		{Domain: "csp-http.test", Fails: []string{"web.csp.http-source"}, Web: policy("default-src 'none'; script-src 'self' http://www.good.test; base-uri 'none'" + rest)},
		{Domain: "csp-objects.test", Fails: []string{"web.csp.no-fallback"}, Web: policy("script-src 'self'; base-uri 'none'" + rest)},
		{Domain: "csp-base.test", Warns: []string{"web.csp.no-fallback"}, Web: policy("default-src 'none'; script-src 'self'" + rest)},
		{
			Domain: "csp-meta.test", Fails: []string{"web.csp.meta-only"}, Web: inAny,
			Files: map[string]string{"index.html": `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; base-uri 'none'` + rest + `"><title>Good shop</title></head><body></body></html>`},
		},
	}
}

// headerFaults are the sites with a fault of a single header.
func headerFaults() []Site {
	set := func(name, value string) string { return "add_header " + name + ` "` + value + `" always;` }
	const (
		hsts   = "Strict-Transport-Security"
		framed = `add_header Content-Security-Policy "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'" always;` + "\n"
	)
	return []Site{
		{Domain: "hsts-apex.test", Fails: []string{"web.hsts.no-subdomains"}, Web: set(hsts, "max-age=63072000")},
		{Domain: "hsts-broken.test", Fails: []string{"web.hsts.invalid", "web.hsts.missing"}, Web: set(hsts, "max-age=63072000 includeSubDomains")},
		{Domain: "hsts-twice.test", Fails: []string{"web.hsts.invalid"}, Web: "+" + set(hsts, "max-age=63072000; includeSubDomains")},
		{Domain: "hsts-typo.test", Warns: []string{"web.hsts.invalid"}, Web: set(hsts, "max-age=63072000; includeSubDomains; preloaded")},
		{Domain: "hsts-preload.test", Warns: []string{"web.hsts.not-preloadable"}, Web: set(hsts, "max-age=16000000; includeSubDomains; preload")},
		{Domain: "no-permissions.test", Fails: []string{"web.permissions-policy.missing"}, Web: "-add_header Permissions-Policy"},
		{Domain: "permissions-broken.test", Fails: []string{"web.permissions-policy.invalid"}, Web: set("Permissions-Policy", "camera 'none'; geolocation 'self'")},
		{Domain: "no-corp.test", Fails: []string{"web.corp.missing"}, Web: "-add_header Cross-Origin-Resource-Policy"},
		{Domain: "no-coop.test", Fails: []string{"web.coop.missing"}, Web: "-add_header Cross-Origin-Opener-Policy"},
		{Domain: "coep-broken.test", Fails: []string{"web.coep.invalid"}, Web: set("Cross-Origin-Embedder-Policy", "same-origin")},
		{Domain: "frame-allow-from.test", Fails: []string{"web.frame-options.invalid", "web.frame-options.missing"}, Web: framed + set("X-Frame-Options", "ALLOW-FROM https://good.test")},
		{Domain: "frame-twice.test", Fails: []string{"web.frame-options.invalid"}, Web: framed + set("X-Frame-Options", "DENY") + "\n" + set("X-Frame-Options", "SAMEORIGIN")},
		{Domain: "referrer-unsafe.test", Fails: []string{"web.referrer-policy.unsafe"}, Web: set("Referrer-Policy", "unsafe-url")},
		{Domain: "backend-address.test", Fails: []string{"web.header.private-address"}, Web: set("X-Backend-Server", "10.0.0.5:8080")},
		{Domain: "proxy-version.test", Warns: []string{"web.header.proxy-disclosed"}, Web: set("Via", "1.1 cache (squid/5.7)")},
	}
}

// securityText is a security.txt with these lines and a date.
func securityText(lines string) map[string]string {
	return map[string]string{".well-known/security.txt": lines + "Expires: " + time.Now().AddDate(0, 6, 0).UTC().Format(time.RFC3339) + "\n"}
}

// page is a document root whose home page has something more in its body.
func page(more string) map[string]string {
	return map[string]string{"index.html": `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Good shop</title></head>
<body><h1>Good shop</h1>` + more + `</body></html>`}
}

// nginxWelcome is the page that Debian's nginx comes with.
const nginxWelcome = `<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>
<p><em>Thank you for using nginx.</em></p>
</body>
</html>
`
