package stix

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// address is the key of an address or a block of addresses.
func address(text string) (ObservableKind, string, bool) {
	text = strings.TrimSpace(text)
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		kind, key := addressKey(a)
		return kind, key, true
	}
	if p, err := netip.ParsePrefix(text); err == nil {
		kind, key := prefixKey(p)
		return kind, key, true
	}
	return "", "", false
}

func addressKey(a netip.Addr) (ObservableKind, string) {
	if a = a.Unmap(); a.Is4() {
		return IPv4, a.String()
	}
	return IPv6, a.String()
}

func prefixKey(p netip.Prefix) (ObservableKind, string) {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	p = p.Masked()
	switch {
	case p.IsSingleIP():
		return addressKey(p.Addr())
	case p.Addr().Is4():
		return CIDR4, p.String()
	}
	return CIDR6, p.String()
}

// domainKey is false for what is no name of a host: labels of letters, digits,
// hyphens and underscores, and not four numbers.
func domainKey(text string) (string, bool) {
	name := strings.TrimSuffix(strings.TrimSpace(text), ".")
	if len(name) > 1024 {
		return "", false
	}
	for _, c := range []byte(name) {
		if c >= utf8.RuneSelf {
			profile := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.CheckHyphens(false), idna.StrictDomainName(false))
			ascii, err := profile.ToASCII(name)
			if err != nil {
				return "", false
			}
			name = strings.TrimSuffix(ascii, ".")
			break
		}
	}
	name = strings.ToLower(name)
	if name == "" || len(name) > 253 {
		return "", false
	}
	label, digits := 0, true // of the label so far
	for _, c := range []byte(name) {
		switch {
		case c == '.':
			if label == 0 {
				return "", false
			}
			label, digits = 0, true
			continue
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'z' || c == '-' || c == '_':
			digits = false
		default:
			return "", false
		}
		if label++; label > 63 {
			return "", false
		}
	}
	return name, !digits // no top-level domain is a number
}

// urlKey is a URL's key and its host as a key. One without a scheme counts as
// http, if it begins with a name that has a dot, or an address.
func urlKey(text string) (key, host string, ok bool) {
	text = strings.TrimSpace(text)
	scheme, rest, found := strings.Cut(text, "://")
	if !found || !isScheme(scheme) {
		scheme, rest, found = "http", text, false
	}
	scheme = strings.ToLower(scheme)
	authority := rest
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		authority, rest = rest[:at], rest[at:]
	} else {
		rest = ""
	}
	user := ""
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, authority = authority[:at+1], authority[at+1:]
	}
	name, port := authority, ""
	if at := strings.LastIndexByte(authority, ':'); at >= 0 && !strings.Contains(authority[at:], "]") {
		name, port = authority[:at], authority[at+1:]
	}
	host, known := hostKey(name)
	known = known && strings.Trim(port, "0123456789") == ""
	if host == "" || !found && (!known || user != "" || !strings.ContainsAny(host, ".:")) {
		return "", "", false
	}
	written := host
	if known && strings.Contains(host, ":") {
		written = "[" + host + "]"
	}
	if port != "" && port != defaultPort(scheme) {
		written += ":" + port
	}
	rest, _, _ = strings.Cut(rest, "#")
	if rest == "" || rest[0] == '?' {
		rest = "/" + rest
	}
	if !known {
		host = ""
	}
	return scheme + "://" + user + written + rest, host, true
}

// hostKey is the host of a URL; known if it is an address or a domain's name.
func hostKey(name string) (host string, known bool) {
	if inner, ok := strings.CutPrefix(name, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		if a, err := netip.ParseAddr(inner); ok && err == nil && a.Zone() == "" {
			return a.Unmap().String(), true
		}
		return strings.ToLower(name), false
	}
	if a, err := netip.ParseAddr(name); err == nil && a.Is4() {
		return a.String(), true
	}
	if domain, ok := domainKey(name); ok {
		return domain, true
	}
	return strings.ToLower(name), false
}

func isScheme(s string) bool {
	for i, c := range []byte(strings.ToLower(s)) {
		if (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

func defaultPort(scheme string) string {
	switch scheme {
	case "http", "ws":
		return "80"
	case "https", "wss":
		return "443"
	case "ftp":
		return "21"
	}
	return ""
}

// emailKey is a mail address's key and its domain.
func emailKey(text string) (key, domain string, ok bool) {
	text = strings.TrimSpace(text)
	at := strings.LastIndexByte(text, '@')
	if at < 1 || len(text) > 1024 || strings.ContainsAny(text[:at], " \t\r\n<>/") {
		return "", "", false
	}
	domain, ok = domainKey(text[at+1:])
	return strings.ToLower(text[:at]) + "@" + domain, domain, ok
}

// macKey reads the 48 bits of a MAC address (STIX 2.1, 6.10).
func macKey(text string) (string, bool) {
	a, err := net.ParseMAC(strings.TrimSpace(text))
	if err != nil || len(a) != 6 {
		return "", false
	}
	return a.String(), true
}

func asnKey(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if len(text) > 2 && strings.EqualFold(text[:2], "AS") {
		text = strings.TrimSpace(text[2:])
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return "", false
	}
	return strconv.FormatUint(n, 10), true
}
