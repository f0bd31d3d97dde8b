package webprobe

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// readCookies reads Set-Cookie lines, maxCookies at most. Values are not kept.
// A line that takes a cookie away again is no cookie.
func readCookies(lines []string, now time.Time) []scanner.Cookie {
	var cookies []scanner.Cookie
	for _, line := range lines[:min(len(lines), maxCookies)] {
		if c, ok := parseCookie(line, now); ok {
			cookies = append(cookies, c)
		}
	}
	return cookies
}

// parseCookie follows RFC 6265 section 5.2. It is false for a line without a
// name, which that section ignores, and for a cookie that has already expired
// at now.
func parseCookie(line string, now time.Time) (scanner.Cookie, bool) {
	pair, rest, _ := strings.Cut(line, ";")
	name, secret, ok := strings.Cut(pair, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		return scanner.Cookie{}, false
	}
	c := scanner.Cookie{Name: scanner.Printable(name, 128)}
	var maxAge, expires *int64
	for range 40 { // a real line has at most eight
		if rest == "" {
			break
		}
		var attr string
		attr, rest, _ = strings.Cut(rest, ";")
		key, value, _ := strings.Cut(attr, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "domain":
			c.Domain = scanner.Printable(strings.ToLower(strings.TrimPrefix(value, ".")), 253)
		case "path":
			c.Path = scanner.Printable(value, 300)
		case "secure":
			c.Secure = true
		case "httponly":
			c.HTTPOnly = true
		case "samesite":
			c.SameSite = sameSite(value)
			c.BadSameSite = c.SameSite == ""
		case "max-age":
			if n, ok := deltaSeconds(value); ok {
				maxAge = &n
			}
		case "expires":
			// Rounded up: a cookie that lives for less than a second lives.
			if t, ok := cookieDate(value); ok {
				n := int64(math.Ceil(t.Sub(now).Seconds()))
				expires = &n
			}
		}
	}
	if maxAge == nil { // Max-Age has precedence (section 4.1.2.2)
		maxAge = expires
	}
	if maxAge != nil {
		if *maxAge <= 0 {
			return scanner.Cookie{}, false
		}
		c.MaxAge = *maxAge
	}
	c.Session = isSession(name)
	c.Inside = insideOf(name, strings.TrimSpace(secret))
	return c, true
}

// insideOf reads the private address that a cookie of F5's load balancers
// holds: "BIGipServerpool=1677787402.36895.0000", the address as a number,
// least significant byte first, or "rd5o...ffff0a010064o80" in hexadecimal.
func insideOf(name, value string) (none netip.Addr) {
	if !strings.HasPrefix(strings.ToLower(name), "bigipserver") {
		return none
	}
	var ip [4]byte
	if _, rest, ok := strings.Cut(value, "o00000000000000000000ffff"); ok && len(rest) >= 8 {
		if _, err := hex.Decode(ip[:], []byte(rest[:8])); err != nil {
			return none
		}
	} else {
		number, _, ok := strings.Cut(value, ".")
		n, err := strconv.ParseUint(number, 10, 32)
		if !ok || err != nil {
			return none
		}
		binary.LittleEndian.PutUint32(ip[:], uint32(n))
	}
	if a := netip.AddrFrom4(ip); a.IsPrivate() {
		return a
	}
	return none
}

func sameSite(value string) string {
	for _, known := range []string{"Lax", "Strict", "None"} {
		if strings.EqualFold(value, known) {
			return known
		}
	}
	return ""
}

// deltaSeconds reads Max-Age: digits, perhaps after a minus; any number of them.
func deltaSeconds(s string) (int64, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && s == digits {
		return math.MaxInt64, true
	}
	return n, true // a number too small for int64 is the smallest one
}

// cookieDate reads the forms of a date that servers send; any other counts as
// none, so that the cookie lasts until the browser closes.
func cookieDate(s string) (time.Time, bool) {
	if t, err := http.ParseTime(s); err == nil {
		return t, true
	}
	for _, layout := range []string{"Mon, 02-Jan-2006 15:04:05 MST", "Monday, 02-Jan-2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05 MST"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// isSession tells from its name whether a cookie keeps somebody signed in, or
// is meant to: one that a thief would want.
func isSession(name string) bool {
	n := strings.ToLower(name)
	for _, prefix := range []string{"__host-http-", "__host-", "__secure-", "__http-"} {
		if rest, ok := strings.CutPrefix(n, prefix); ok {
			n = rest
			break
		}
	}
	if otherPurpose(n) {
		return false
	}
	switch n {
	case "cfid", "cftoken", "oscsid", "zenid", "sessid", "ssid", "sid", "jwt", "fe_typo_user", "be_typo_user", "rememberme":
		return true
	}
	for _, prefix := range []string{".aspxauth", ".aspnet", ".aspnetcore.", "wordpress_logged_in", "wordpress_sec_", "prestashop-", "sess", "ssess", "remember_"} {
		if strings.HasPrefix(n, prefix) {
			return true
		}
	}
	if strings.Contains(n, "session") || strings.Contains(n, "sessid") {
		return true
	}
	if of, ok := strings.CutSuffix(n, "token"); ok { // not any token: "visitor_token" is none
		switch strings.Trim(of, "-_.:") {
		case "", "access", "refresh", "id", "login", "user", "api", "bearer", "sso":
			return true
		}
	}
	for word := range strings.FieldsFuncSeq(n, func(r rune) bool { return strings.ContainsRune("-_.:", r) }) {
		if word == "sid" || word == "sess" || word == "jwt" || (strings.HasPrefix(word, "auth") && !strings.HasPrefix(word, "author")) {
			return true
		}
	}
	return false
}

// otherPurpose: cookies of load balancers, firewalls, statistics, consent and
// protection against forged requests, some of which have a name like that of a
// session. n is in lower case.
func otherPurpose(n string) bool {
	for _, part := range []string{"csrf", "xsrf", "requestverification", "antiforgery", "consent", "optanon", "analytics"} {
		if strings.Contains(n, part) {
			return true
		}
	}
	for _, prefix := range []string{
		// load balancers and firewalls
		"awsalb", "awselb", "__cf", "cf_", "bigipserver", "ts01", "nsc_", "citrix_ns_id", "arraffinity", "applicationgatewayaffinity",
		"serverid", "incap_ses_", "visid_incap_", "nlbi_", "ak_bmsc", "bm_", "_abck", "datadome", "hwwaf", "acw_", "aws-waf-token",
		"route", "sticky", "lb_", "lb-", "__ddg",
		// statistics and advertising
		"_ga", "_gid", "_gat", "_gcl", "_fbp", "_fbc", "_hj", "hjsession", "_uet", "_clck", "_clsk", "__utm", "_pk_", "mtm_", "ajs_", "amp_", "mp_", "optimizely",
		"_dd_s", "ab.storage.", "intercom-", "hubspotutk", "__hs", "hm_", "hmaccount", "_shopify_", "svsession", "ai_session", "ai_user",
	} {
		if strings.HasPrefix(n, prefix) {
			return true
		}
	}
	return false
}
