package checks

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// leakChecks are the rules on what headers and the way a page is sent give
// away.
func leakChecks() []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.server.version-disclosed", Needs: web, Judge: versionDisclosed},
		{Rule: "web.header.private-address", Needs: web, Judge: headerPrivateAddress},
		{Rule: "web.header.proxy-disclosed", Needs: web, Judge: headerProxyDisclosed},
		{Rule: "web.compression.secrets", Needs: web, Judge: onSecurePages(compressionSecrets)},
	}
}

// everyAnswer is answers over either scheme, and the error page.
func everyAnswer(f *scanner.Facts) []page {
	all := answers(f, "")
	if e := f.Web.ErrorPage; e != nil && e.Status != 0 && sameSite(hostOf(e.URL), f.Target.Domain) {
		all = append(all, page{url: e.URL, host: hostOf(e.URL), hop: &scanner.Hop{URL: e.URL, Status: e.Status, Headers: e.Headers}, body: e.Page})
	}
	return all
}

// versionHeaders are where servers and frameworks name themselves.
func versionHeaders() []string {
	return []string{"Server", "X-Powered-By", "X-Aspnet-Version", "X-Aspnetmvc-Version", "X-Generator"}
}

// versionDisclosed looks at every answer: a redirect and an error tell as much
// as a page.
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
	all := everyAnswer(f)
	for _, p := range all {
		for _, name := range versionHeaders() {
			for _, value := range p.hop.Get(name) {
				say(p, name+": "+value, namesVersion(value))
			}
		}
		if p.body != nil && p.body.Generator != "" { // of the error page
			say(p, "generator: "+p.body.Generator, namesVersion(p.body.Generator))
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

// headerPrivateAddress: an address of the network behind the site helps whoever
// is in it, or is led to ask in it. The site's own is no secret, and a version
// number is no address.
func headerPrivateAddress(f *scanner.Facts) scanner.Finding {
	all := everyAnswer(f)
	own := map[netip.Addr]bool{}
	for _, p := range all {
		own[p.hop.Addr.Unmap()] = true
	}
	var v votes
	told := map[string]bool{}
	tell := func(p page, line string) {
		if !told[line] {
			told[line] = true
			v.fail(p.host, p.url, line)
		}
	}
	for _, p := range all {
		for _, h := range p.hop.Headers {
			if slices.Contains(versionHeaders(), h.Name) {
				continue
			}
			for _, a := range privateAddresses(h.Value) {
				if !own[a] {
					tell(p, fmt.Sprintf("%s: %s", h.Name, h.Value))
				}
			}
		}
		for _, c := range p.hop.Cookies {
			if c.Inside.IsValid() && !own[c.Inside] {
				tell(p, fmt.Sprintf("Set-Cookie: %s=… (%s)", c.Name, c.Inside))
			}
		}
	}
	found := pages(f)
	if len(v.fails) == 0 && len(found) == 0 {
		return noPage(f, "")
	}
	for _, p := range found {
		v.pass(p.url, "no private address in the headers")
	}
	return v.finding()
}

var (
	// dotted finds IPv4 addresses that stand alone, behind "//" or "ip-", not
	// the numbers of "Product/10.1.2.3".
	dotted = regexp.MustCompile(`(?:^|[^0-9A-Za-z./_-]|//|\bip-)(\d{1,3}(?:[.-]\d{1,3}){3})(?:[^0-9A-Za-z_-]|$)`)
	colons = regexp.MustCompile(`[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]*:[0-9A-Fa-f:]*`)
)

// privateAddresses are those of RFC 1918, RFC 4193 and the link-local ones that
// a header's value holds, and those in names like ip-10-0-0-5.
func privateAddresses(value string) []netip.Addr {
	var words, found = []string{}, []netip.Addr{}
	for rest := value; ; {
		m := dotted.FindStringSubmatchIndex(rest)
		if m == nil {
			break
		}
		word := strings.ReplaceAll(rest[m[2]:m[3]], "-", ".")
		rest = rest[m[3]:]                                        // what ends one may begin the next
		if len(rest) < 2 || rest[0] != '.' || !isDigit(rest[1]) { // "10.0.0.5.6" is a version
			words = append(words, word)
		}
	}
	for _, w := range append(words, colons.FindAllString(value, -1)...) {
		if a, err := netip.ParseAddr(w); err == nil && (a.IsPrivate() || a.IsLinkLocalUnicast()) {
			found = append(found, a)
		}
	}
	return found
}

// proxyHeaders are where proxies and caches name themselves.
func proxyHeaders() []string {
	return []string{"Via", "X-Cache", "X-Cache-Lookup", "X-Proxy", "X-Proxy-Cache", "X-Varnish", "X-Squid-Error", "Proxy-Agent"}
}

// productVersion finds "squid/3.5.20". Via begins with the version of HTTP,
// which is none of a product.
var productVersion = regexp.MustCompile(`(?i)\b([a-z][a-z0-9_.-]*)/\d+(?:\.\d+)+`)

func headerProxyDisclosed(f *scanner.Facts) scanner.Finding {
	if len(pages(f)) == 0 {
		return noPage(f, "")
	}
	var v votes
	told := map[string]bool{}
	for _, p := range everyAnswer(f) {
		for _, name := range proxyHeaders() {
			for _, value := range p.hop.Get(name) {
				line := name + ": " + value
				if told[name] && !namesProduct(value) || told[line] {
					continue // X-Varnish is another number each time
				}
				told[name], told[line] = true, true
				if namesProduct(value) {
					v.warn(p.host, p.url, line)
				} else {
					v.pass(p.url, line)
				}
			}
		}
	}
	v.skip(scanner.NANotUsed)
	return v.finding()
}

func namesProduct(value string) bool {
	for _, m := range productVersion.FindAllStringSubmatch(value, -1) {
		if !strings.EqualFold(m[1], "http") && !strings.EqualFold(m[1], "https") {
			return true
		}
	}
	return false
}

// compressionSecrets looks for what BREACH needs (breachattack.com): a page that
// is compressed, and in it a secret that belongs to a visitor in whose name
// other sites can ask for it. Whether it repeats what was asked for cannot be
// seen from one visit, so it is never more than a warning. Cookies with SameSite
// are not sent along when another site asks.
func compressionSecrets(v *votes, p page) {
	encoding := strings.Join(p.hop.Get("Content-Encoding"), ", ")
	if encoding == "" || strings.EqualFold(encoding, "identity") {
		v.pass(p.url, "not compressed")
		return
	}
	if p.body == nil {
		v.skip(scanner.NANotUsed)
		return
	}
	seen := "Content-Encoding: " + encoding
	session, open := false, ""
	for _, c := range p.hop.Cookies {
		if c.Session {
			session = true
			if c.SameSite != "Lax" && c.SameSite != "Strict" {
				open = describe(c)
			}
		}
	}
	switch {
	case open != "":
		v.warn(p.host, p.url, seen+"; "+open)
	case session:
		v.pass(p.url, seen+"; other sites cannot use the session (SameSite)")
	case p.body.Token == scanner.Yes:
		v.warn(p.host, p.url, seen+"; the page holds a token")
	case p.body.Token == scanner.Unknown:
		v.unknown(scanner.Failf(scanner.FailInternal, "these facts do not say whether the page holds a token"), p.url, seen)
	default:
		v.pass(p.url, seen+"; no session, no token")
	}
	p.brokeOff(v)
}
