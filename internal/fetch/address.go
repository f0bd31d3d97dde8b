package fetch

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// maxURL bounds an address, in bytes.
const maxURL = 4096

// CheckURL says what is wrong with an address before anything is fetched;
// files tells whether paths and file URLs are allowed. It wraps ErrRequest.
func CheckURL(s string, files bool) error {
	u, err := parse(s)
	if err == nil && u.Scheme == "file" && !files {
		return noFiles()
	}
	return err
}

func noFiles() error {
	return fmt.Errorf("%w: an address begins with https:// or http://; files are not allowed here", ErrRequest)
}

// parse reads an address: http or https with a host in ASCII and lower case, or
// file with a path. What it refuses is not quoted, because it may be secret.
func parse(s string) (*url.URL, error) {
	bad := func(what string) (*url.URL, error) { return nil, fmt.Errorf("%w: %s", ErrRequest, what) }
	if s == "" || len(s) > maxURL {
		return bad(fmt.Sprintf("an address has from 1 to %d bytes", maxURL))
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return bad("there is a control character in the address")
	}
	if strings.TrimSpace(s) != s {
		return bad("there is a space before or after the address")
	}
	if !hasScheme(s) {
		return &url.URL{Scheme: "file", Path: s}, nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return bad("the address cannot be read")
	}
	if u.Scheme == "file" {
		if u.Opaque != "" || u.Host != "" && u.Host != "localhost" || !strings.HasPrefix(u.Path, "/") || strings.ContainsRune(u.Path, 0) || u.RawQuery != "" {
			return bad("write file:///path, with a path from the root")
		}
		return &url.URL{Scheme: "file", Path: u.Path}, nil
	}
	return web(u)
}

// web checks an http or https address, one that a redirect leads to among them,
// and writes its host as connections name it.
func web(u *url.URL) (*url.URL, error) {
	bad := func(what string) (*url.URL, error) { return nil, fmt.Errorf("%w: %s", ErrRequest, what) }
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("an address begins with https:// or http://")
	case u.Opaque != "" || u.Hostname() == "":
		return bad("there is no host in the address")
	case u.User != nil:
		return bad("leave user name and password out of the address: give them as a header")
	}
	host, err := hostname(u.Hostname())
	if err != nil {
		return bad("the host is neither a name nor an address")
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return bad("the port is not a number from 1 to 65535")
		}
		host += ":" + strconv.FormatUint(n, 10)
	} else if strings.HasSuffix(u.Host, ":") {
		return bad("there is a colon and no port")
	}
	v := *u
	v.Host, v.Fragment, v.RawFragment = host, "", ""
	return &v, nil
}

// hostname writes a name in ASCII and lower case, an IPv6 address in brackets. A
// zone is refused: it names an interface of this machine.
func hostname(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		switch {
		case a.Zone() != "":
			return "", fmt.Errorf("zone %q", a.Zone())
		case a.Is6():
			return "[" + a.String() + "]", nil
		}
		return a.String(), nil
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) {
		var err error
		if s, err = idna.Lookup.ToASCII(s); err != nil {
			return "", err
		}
	}
	s = strings.ToLower(s)
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" || strings.Trim(s, ".") == "" || len(s) > 254 {
		return "", fmt.Errorf("host %q", s)
	}
	return s, nil
}

// hasScheme tells an address from a path: RFC 3986 section 3.1.
func hasScheme(s string) bool {
	scheme, _, ok := strings.Cut(s, ":")
	if !ok || scheme == "" {
		return false
	}
	for i, c := range scheme {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", c)) {
			return false
		}
	}
	return true
}

// origin is scheme, host and port: what a secret belongs to (RFC 6454).
func origin(u *url.URL) string {
	port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(u.Host, port)
}

// redirect is where Location leads from u: the same scheme or from http to
// https. The error wraps ErrRedirect.
func redirect(u *url.URL, location string) (*url.URL, error) {
	if location == "" || len(location) > maxURL {
		return nil, fmt.Errorf("%w: it does not say where to, or at too great length", ErrRedirect)
	}
	to, err := u.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("%w: its address cannot be read", ErrRedirect)
	}
	if to, err = web(to); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRedirect, err)
	}
	if u.Scheme == "https" && to.Scheme != "https" {
		return nil, fmt.Errorf("%w: it leads from https to http", ErrRedirect)
	}
	return to, nil
}
