package checks

import (
	"fmt"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// cookieChecks are the checks of the web.cookie.* rules. They look at every
// cookie that the site sets over https, on redirects too.
func cookieChecks() []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.cookie.insecure", Needs: web, Judge: onCookies(cookieInsecure)},
		{Rule: "web.cookie.httponly", Needs: web, Judge: onCookies(cookieHTTPOnly)},
		{Rule: "web.cookie.samesite", Needs: web, Judge: onCookies(cookieSameSite)},
		{Rule: "web.cookie.prefix", Needs: web, Judge: onCookies(cookiePrefix)},
	}
}

// onCookies judges each cookie, once; a site that sets none does not use the
// technique.
func onCookies(judge func(v *votes, p page, c scanner.Cookie)) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		var v votes
		seen := map[scanner.Cookie]bool{}
		for _, p := range answers(f, "https") {
			for _, c := range p.hop.Cookies {
				once := c
				once.Domain, once.MaxAge = p.host, 0
				if !seen[once] {
					seen[once] = true
					judge(&v, p, c)
				}
			}
		}
		if len(seen) == 0 && len(pagesOver(f, "https")) == 0 {
			return noPage(f, "https")
		}
		v.skip(scanner.NANotUsed)
		return v.finding()
	}
}

// describe writes a cookie as its Set-Cookie line, without the value.
func describe(c scanner.Cookie) string {
	parts := []string{"Set-Cookie: " + c.Name + "=…"}
	if c.Secure {
		parts = append(parts, "Secure")
	}
	if c.HTTPOnly {
		parts = append(parts, "HttpOnly")
	}
	if c.SameSite != "" {
		parts = append(parts, "SameSite="+c.SameSite)
	}
	if c.MaxAge > 0 {
		parts = append(parts, fmt.Sprint("Max-Age=", c.MaxAge))
	}
	return strings.Join(parts, "; ")
}

func cookieInsecure(v *votes, p page, c scanner.Cookie) {
	switch {
	case c.Secure:
		v.pass(p.url, describe(c))
	case c.Session:
		v.fail(p.host, p.url, describe(c))
	default:
		v.warn(p.host, p.url, describe(c))
	}
}

func cookieHTTPOnly(v *votes, p page, c scanner.Cookie) {
	switch {
	case !c.Session: // a script may be meant to read it
	case c.HTTPOnly:
		v.pass(p.url, describe(c))
	default:
		v.fail(p.host, p.url, describe(c))
	}
}

// cookieSameSite: SameSite=None without Secure is refused by browsers, so the
// cookie is lost, whatever it is for.
func cookieSameSite(v *votes, p page, c scanner.Cookie) {
	switch refused := strings.EqualFold(c.SameSite, "None") && !c.Secure; {
	case c.Session && (c.SameSite == "" || refused):
		v.fail(p.host, p.url, describe(c))
	case refused:
		v.warn(p.host, p.url, describe(c))
	case c.Session:
		v.pass(p.url, describe(c))
	}
}

// cookiePrefix: a name with a prefix promises what browsers then insist on; a
// cookie that does not keep it is dropped (RFC 6265bis section 4.1.3).
func cookiePrefix(v *votes, p page, c scanner.Cookie) {
	name := strings.ToLower(c.Name)
	host := strings.HasPrefix(name, "__host-")
	http := strings.HasPrefix(name, "__http-") || strings.HasPrefix(name, "__host-http-")
	if !host && !http && !strings.HasPrefix(name, "__secure-") {
		return
	}
	var lacks []string
	if !c.Secure {
		lacks = append(lacks, "no Secure")
	}
	if host && c.Domain != "" {
		lacks = append(lacks, "a Domain")
	}
	if host && c.Path != "/" {
		lacks = append(lacks, "no Path=/")
	}
	if http && !c.HTTPOnly {
		lacks = append(lacks, "no HttpOnly")
	}
	if len(lacks) > 0 {
		v.fail(p.host, p.url, describe(c)+" ("+strings.Join(lacks, ", ")+")")
	} else {
		v.pass(p.url, describe(c))
	}
}
