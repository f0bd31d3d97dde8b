package mdn

import (
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/cybersec-infohub/infohub/scanner"
)

// cookies judges the worst cookie of those that a browser would keep from the
// way to the page.
func (s *session) cookies(hsts bool) string {
	const (
		insecure        = "cookies-without-secure-flag"
		sessionInsecure = "cookies-session-without-secure-flag"
		protected       = "-but-protected-by-hsts"
		badSameSite     = "cookies-samesite-flag-invalid"
		openToken       = "cookies-anticsrf-without-samesite-flag"
		readable        = "cookies-session-without-httponly-flag"
	)
	order := []string{insecure + protected, insecure, sessionInsecure + protected, badSameSite, openToken, readable, sessionInsecure}
	jar := s.jar()
	if len(jar) == 0 {
		return "cookies-not-found"
	}
	result, unmarked := "", false
	found := func(what string, protectedByHSTS bool) {
		if protectedByHSTS {
			what += protected
		}
		result = worse(order, result, what)
	}
	for _, c := range s.last.Cookies {
		if c.BadSameSite {
			found(badSameSite, false)
		}
	}
	for _, c := range jar {
		name := strings.ToLower(c.Name)
		session := strings.Contains(name, "login") || strings.Contains(name, "sess")
		if !c.Secure {
			if c.SameSite == "None" {
				found(badSameSite, false)
			}
			found(insecure, hsts)
			if session {
				found(sessionInsecure, hsts)
			}
		}
		if strings.Contains(name, "csrf") && c.SameSite == "" {
			found(openToken, false)
		}
		if session && !c.HTTPOnly {
			found(readable, false)
		}
		unmarked = unmarked || c.SameSite == ""
	}
	switch {
	case result != "":
		return result
	case unmarked:
		return "cookies-secure-with-httponly-sessions"
	}
	return "cookies-secure-with-httponly-sessions-and-samesite"
}

// jar is what a browser keeps: the last of each name, domain and path, without
// those that are set for a foreign domain or break the promise of their prefix.
func (s *session) jar() map[string]scanner.Cookie {
	jar := map[string]scanner.Cookie{}
	for _, hop := range s.auto.Hops {
		u, err := url.Parse(hop.URL)
		if err != nil {
			continue
		}
		for _, c := range hop.Cookies {
			at := c.Path
			if !strings.HasPrefix(at, "/") { // RFC 6265 section 5.1.4
				at = path.Dir(u.Path)
			}
			if c.Name == "heroku-session-affinity" || !maySet(u.Hostname(), c.Domain) || !keepsPrefix(c, at) {
				continue
			}
			domain := c.Domain
			if domain == "" {
				domain = u.Hostname()
			}
			jar[c.Name+"\n"+domain+"\n"+at] = c
		}
	}
	return jar
}

// maySet tells whether host may set a cookie for a domain (RFC 6265 section 5.3,
// steps 5 and 6).
func maySet(host, domain string) bool {
	if domain == "" {
		return true
	}
	if suffix, _ := publicsuffix.PublicSuffix(domain); suffix == domain {
		return false
	}
	return host == domain || strings.HasSuffix(host, "."+domain)
}

func keepsPrefix(c scanner.Cookie, at string) bool {
	switch {
	case strings.HasPrefix(c.Name, "__Secure-"):
		return c.Secure
	case strings.HasPrefix(c.Name, "__Host-"):
		return c.Secure && c.Domain == "" && at == "/"
	}
	return true
}
