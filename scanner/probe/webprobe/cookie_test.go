package webprobe

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestParseCookie(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	type cookie = scanner.Cookie
	tests := []struct {
		line string
		want cookie
		ok   bool
	}{
		{"a=b", cookie{Name: "a"}, true},
		{" a = b ; Secure;HTTPONLY ; path=/x; Domain=.Example.HK", cookie{Name: "a", Secure: true, HTTPOnly: true, Path: "/x", Domain: "example.hk"}, true},
		{"a=b; secure=false", cookie{Name: "a", Secure: true}, true}, // the value does not matter
		{"a=", cookie{Name: "a"}, true},
		{"a=b=c; samesite = STRICT", cookie{Name: "a", SameSite: "Strict"}, true},
		{"a=b; SameSite=None; SameSite=Lax", cookie{Name: "a", SameSite: "Lax"}, true},
		{"a=b; SameSite=whatever", cookie{Name: "a", BadSameSite: true}, true},
		{"a=b; SameSite", cookie{Name: "a", BadSameSite: true}, true},
		{"a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", cookie{Name: "a", MaxAge: 60}, true},
		{"a=b; Expires=Mon, 23 Nov 2026 01:00:00 GMT", cookie{Name: "a", MaxAge: 3600}, true},
		{"a=b; expires=Mon, 23-Nov-2026 01:00:00 GMT", cookie{Name: "a", MaxAge: 3600}, true},
		{"a=b; Expires=tomorrow", cookie{Name: "a"}, true},
		{"a=b; Max-Age=soon", cookie{Name: "a"}, true},
		{"a=b; Max-Age=99999999999999999999999", cookie{Name: "a", MaxAge: math.MaxInt64}, true},
		{"a=b; Max-Age=0", cookie{}, false},
		{"a=b; Max-Age=-1", cookie{}, false},
		{"a=b; Max-Age=-99999999999999999999999", cookie{}, false},
		{"a=deleted; Expires=Thu, 01-Jan-1970 00:00:01 GMT", cookie{}, false},
		{"PHPSESSID=secret; path=/", cookie{Name: "PHPSESSID", Path: "/", Session: true}, true},
		{"a\x1b[2J=b", cookie{Name: "a?[2J"}, true},
		{"", cookie{}, false},
		{"=b", cookie{}, false},
		{"b", cookie{}, false},
		{";;;Secure", cookie{}, false},
		{"a=b" + strings.Repeat(";", 100) + "Secure", cookie{Name: "a"}, true},
	}
	for _, tt := range tests {
		if got, ok := parseCookie(tt.line, now); got != tt.want || ok != tt.ok {
			t.Errorf("%.80q: got %+v %v, want %+v %v", tt.line, got, ok, tt.want, tt.ok)
		}
	}
}

func TestIsSession(t *testing.T) {
	for _, name := range []string{
		"PHPSESSID", "JSESSIONID", "ASP.NET_SessionId", "ASPSESSIONIDABCDEFGH", ".ASPXAUTH", ".AspNetCore.Session", ".AspNetCore.Cookies", ".AspNet.ApplicationCookie",
		"connect.sid", "laravel_session", "myshop_session", "sessionid", "sid", "SID", "session", "session_id", "_shop_session", "ci_session", "PLAY_SESSION", "MoodleSessionabc",
		"wordpress_logged_in_0123456789abcdef", "wp_woocommerce_session_0123", "SESS0123456789abcdef", "SSESS0123", "OCSESSID", "PrestaShop-0123", "remember_web_59ba36",
		"remember_token", "auth", "auth_token", "authToken", "my-auth", "access_token", "refreshToken", "id_token", "token", "jwt", "__Host-session", "__Http-sid", "__Host-Http-sid", "__Secure-next-auth.session-token",
		"next-auth.session-token", "sb-abc-auth-token", "koa.sess", "express:sess", "CFID", "CFTOKEN", "osCsid", "zenid", "fe_typo_user",
	} {
		if !isSession(name) {
			t.Errorf("%s is no session", name)
		}
	}
	for _, name := range []string{
		"_ga", "_ga_ABC123", "_gid", "_gat", "_gcl_au", "_fbp", "_hjSessionUser_1", "_hjSession_1", "_uetsid", "_uetvid", "__utma", "_pk_ses.1", "_clsk", "Hm_lvt_0123", "ai_session",
		"cookieconsent_status", "CookieConsent", "OptanonConsent", "AWSALB", "AWSALBCORS", "__cf_bm", "__cflb", "cf_clearance", "BIGipServerpool_web", "TS01abcdef", "NSC_abc",
		"ARRAffinity", "ARRAffinitySameSite", "SERVERID", "ROUTEID", "incap_ses_123", "visid_incap_1", "HWWAFSESID", "acw_tc", "datadome", "ak_bmsc", "bm_sv",
		"XSRF-TOKEN", "csrftoken", "_csrf", "__RequestVerificationToken", ".AspNetCore.Antiforgery.abc", "ab.storage.sessionId.x", "intercom-session-x", "aws-waf-token",
		"lang", "locale", "theme", "currency", "cart", "country", "author", "authors_seen", "inside", "resident", "visitor_token", "pll_language", "woocommerce_items_in_cart", "a",
	} {
		if isSession(name) {
			t.Errorf("%s is a session", name)
		}
	}
}

func FuzzParseCookie(f *testing.F) {
	for _, seed := range []string{"a=b; Secure", "PHPSESSID=x; Max-Age=1; path=/; SameSite=None", "a=b; expires=Thu, 01-Jan-1970 00:00:01 GMT", ";=;=;"} {
		f.Add(seed)
	}
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, line string) {
		c, ok := parseCookie(line, now)
		if !ok {
			if c != (scanner.Cookie{}) {
				t.Fatalf("%+v of no cookie", c)
			}
			return
		}
		if c.Name == "" || c.MaxAge < 0 || len(c.Name) > 131 || len(c.Path) > 303 || len(c.Domain) > 256 {
			t.Fatalf("%+v", c)
		}
		switch c.SameSite {
		case "", "Lax", "Strict", "None":
		default:
			t.Fatalf("%+v", c)
		}
	})
}

func TestInsideOf(t *testing.T) {
	for line, want := range map[string]string{
		"BIGipServerpool_web=1677787402.36895.0000; path=/":                     "10.1.1.100",
		"BIGipServer~site~pool=rd5o00000000000000000000ffff0a010164o80; path=/": "10.1.1.100",
		"BIGipServerpool=16843009.20480.0000":                                   "invalid IP", // 1.1.1.1 is nobody's secret
		"BIGipServerpool=!Xy0aZ/encrypted==":                                    "invalid IP",
		"BIGipServerpool=99999999999.1.0000":                                    "invalid IP",
		"BIGipServerpool=rd5o00000000000000000000ffffzzzzzzzzo80":               "invalid IP",
		"BIGipServerpool=rd5o00000000000000000000ffff0a":                        "invalid IP",
		"lang=1677787402.36895.0000":                                            "invalid IP",
	} {
		c, ok := parseCookie(line, time.Now())
		if !ok || c.Inside.String() != want {
			t.Errorf("%s: %s, want %s", line, c.Inside, want)
		}
	}
}
