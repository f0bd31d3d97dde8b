package sources

import (
	"net/netip"
	"net/url"
	"strings"
)

const (
	maxSecurityTxt = 64 << 10 // bytes
	maxFields      = 10       // CSAF fields of one file that are tried
)

// metadataOf returns the addresses of the CSAF fields of a security.txt (RFC 9116;
// CSAF 7.1.8) in the order that they stand in: only https, or http too where plain
// says so. Signed files and those that are not are read alike: what the addresses
// lead to is checked by itself.
func metadataOf(data []byte, plain bool) []string {
	var all []string
	for line := range strings.Lines(string(data[:min(len(data), maxSecurityTxt)])) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "- ") // RFC 9580, 7.2: dashes are escaped in a signed text
		name, value, ok := strings.Cut(line, ":")
		if !ok || !strings.EqualFold(strings.TrimSpace(name), "CSAF") {
			continue
		}
		value = strings.TrimSpace(value)
		if value != "" && secure(value, plain) && len(all) < maxFields {
			all = append(all, value)
		}
	}
	return all
}

// secure reports whether an address of others may be followed: https to a host,
// or http where plain says so.
func secure(address string, plain bool) bool {
	if len(address) > 2000 || strings.ContainsFunc(address, func(r rune) bool { return r <= 0x20 || r == 0x7f }) {
		return false
	}
	u, err := url.Parse(address)
	return err == nil && u.Hostname() != "" && u.User == nil && (u.Scheme == "https" || plain && u.Scheme == "http")
}

// domain reports whether s is the name of a domain, with a port or without, rather
// than an address or a path.
func domain(s string) bool {
	u, err := url.Parse("https://" + s)
	if err != nil || u.Host != s || len(s) > 253+6 {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Zone() == ""
	}
	return strings.Contains(host, ".") && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") == "" && !strings.Contains(host, "..") && !strings.HasPrefix(host, ".")
}
