//go:build unix

package lab

// webFaults are the sites with a fault of the web family, and those of
// exposure that need no permission.
func webFaults() []Site {
	const (
		csp = `add_header Content-Security-Policy "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'`
	)
	return []Site{
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
		{Domain: "cors.test", Fails: []string{"web.cors.reflected-origin"}, Web: "add_header Access-Control-Allow-Origin $http_origin always;\nadd_header Access-Control-Allow-Credentials true always;"},
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
	}
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
