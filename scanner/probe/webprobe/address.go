package webprobe

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"

	"github.com/cybersec-infohub/infohub/scanner"
)

// resolveURL makes an absolute, comparable URL of a reference: http or https,
// host in A-labels, no default port, no user, no fragment, nothing in it that
// would break a request line. A nil base takes absolute references only.
func resolveURL(base *url.URL, ref string) (*url.URL, error) {
	// Browsers drop these before they parse (WHATWG URL, "basic URL parser").
	ref = strings.Trim(strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(ref), " \x00\x0c")
	if len(ref) > maxURL {
		return nil, fmt.Errorf("an address of %d bytes is too long", len(ref))
	}
	u, err := url.Parse(ref)
	if err != nil { // a lone percent sign: browsers take it as it is
		u, err = url.Parse(escapePercent(ref))
	}
	if err != nil {
		return nil, fmt.Errorf("%q is no address", ref)
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not http or https", ref)
	}
	host, err := asciiHost(u.Hostname())
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) {
		return nil, fmt.Errorf("%q has no valid port", ref)
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && port != defaultPort(u.Scheme) {
		host += ":" + port
	}
	u.Host, u.User, u.Fragment, u.RawFragment, u.ForceQuery = host, nil, "", "", false
	if u.Path == "" {
		u.Path = "/"
	}
	u.RawQuery = escapeQuery(u.RawQuery)
	return u, nil
}

func asciiHost(host string) (string, error) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.WithZone("").String(), nil
	}
	ascii := host
	if strings.ContainsFunc(host, func(r rune) bool { return r >= 0x80 }) {
		var err error
		if ascii, err = idna.Lookup.ToASCII(host); err != nil {
			return "", fmt.Errorf("%q is no host name", host)
		}
	}
	if ascii == "" || len(ascii) > 253 || strings.Trim(ascii, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return "", fmt.Errorf("%q is no host name", host)
	}
	return ascii, nil
}

func escapePercent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			b.WriteString("25")
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func escapeQuery(q string) string {
	var b strings.Builder
	for i := range len(q) {
		if c := q[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(q[i])
	}
	return b.String()
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// portOf returns the port of a URL from resolveURL. Ports of other services
// are refused, as browsers do: a redirect must not make us talk to them.
func portOf(u *url.URL) (uint16, error) {
	s := u.Port()
	if s == "" {
		s = defaultPort(u.Scheme)
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("port of %s: %w", u, err)
	}
	if n < 1024 && n != 80 && n != 443 {
		return 0, scanner.Failf(scanner.FailForbidden, fmt.Sprintf("%s leads to port %d, which is not the web's", u, n))
	}
	return uint16(n), nil
}

// mapper is a dialer that leads some names to fixed addresses (--connect-to).
type mapper interface {
	Maps(host string, port uint16) (netip.Addr, bool)
}

// addresses returns where host may be reached, IPv4 first, at most maxAttempts
// of each family. The error is a *scanner.Failure.
func (c *client) addresses(ctx context.Context, host string, port uint16) ([]netip.Addr, error) {
	if m, ok := c.net.Dialer.(mapper); ok {
		if a, ok := m.Maps(host, port); ok {
			return []netip.Addr{a}, nil
		}
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if known, ok := c.known[host]; ok {
		if len(known.Addrs) == 0 {
			return nil, noAddress(host, known.Failure)
		}
		return pick(known.Addrs), nil
	}
	addrs, err := lookup(ctx, c.net.Resolver, host)
	if err != nil || len(addrs) == 0 {
		return nil, noAddress(host, err)
	}
	return pick(addrs), nil
}

func noAddress(host string, why *scanner.Failure) error {
	if why == nil {
		why = scanner.Failf(scanner.FailUnresolved, host+" has no address")
	}
	return why
}

// lookup asks for both families. A failure of one is forgiven when the other
// has addresses.
func lookup(ctx context.Context, r scanner.Resolver, host string) ([]netip.Addr, *scanner.Failure) {
	var (
		addrs []netip.Addr
		why   *scanner.Failure
	)
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		answer, err := r.Lookup(ctx, host, qtype)
		if err != nil {
			why = scanner.FailureOf(err)
			continue
		}
		for _, rr := range answer.Records {
			switch rr := rr.(type) {
			case *dns.A:
				if a, ok := netip.AddrFromSlice(rr.A.To4()); ok {
					addrs = append(addrs, a)
				}
			case *dns.AAAA:
				if a, ok := netip.AddrFromSlice(rr.AAAA.To16()); ok {
					addrs = append(addrs, a)
				}
			}
		}
	}
	if len(addrs) > 0 {
		return addrs, nil
	}
	return nil, why
}

func pick(addrs []netip.Addr) []netip.Addr {
	var v4, v6 []netip.Addr
	for _, a := range addrs {
		switch {
		case a.Unmap().Is4() && len(v4) < maxAttempts:
			v4 = append(v4, a)
		case !a.Unmap().Is4() && len(v6) < maxAttempts:
			v6 = append(v6, a)
		}
	}
	return append(v4, v6...)
}
