package ownership

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// errElsewhere ends a chain of redirects that leaves the site.
var errElsewhere = errors.New("it leads to another site")

// file fetches the token over HTTP, on the usual ports alone. Redirects are
// followed to the same domain with and without "www.", no further: what another
// site serves says nothing of this one.
func (c *Checker) file(ctx context.Context, domain, address, token string) Try {
	try := Try{How: File, Where: address}
	client := http.Client{
		Transport: c.transport(),
		Timeout:   8 * time.Second,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if !sameSite(req.URL, domain) {
				return fmt.Errorf("%w: %s", errElsewhere, req.URL.Redacted())
			}
			if len(via) >= redirects {
				return fmt.Errorf("more than %d redirects in a row", redirects)
			}
			return nil
		},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		try.Problem, try.Err, try.Detail = NoAnswer, err, err.Error()
		return try
	}
	req.Header.Set("User-Agent", c.UserAgent)
	resp, err := client.Do(req)
	if err != nil {
		try.Problem, try.Err, try.Detail = NoAnswer, err, err.Error()
		if errors.Is(err, errElsewhere) {
			try.Problem, try.Err = Redirect, nil
		}
		return try
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	try.Where = resp.Request.URL.Redacted()
	switch {
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		try.Problem, try.Detail = Missing, resp.Status
		return try
	case resp.StatusCode != http.StatusOK:
		try.Problem, try.Detail = Status, resp.Status
		return try
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		try.Problem, try.Err, try.Detail = NoAnswer, err, err.Error()
		return try
	}
	return try.judge(strings.Split(string(body), "\n"), token)
}

// sameSite: the domain with or without "www.", on the usual port of its scheme.
func sameSite(u *url.URL, domain string) bool {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	return port != "" && u.User == nil && (u.Port() == "" || u.Port() == port) && (host == domain || host == "www."+domain)
}

// transport connects through the address guard, keeps nothing open and unpacks
// nothing.
func (c *Checker) transport() *http.Transport {
	return &http.Transport{
		DialContext:            c.dial,
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}, //nolint:gosec // G402: http would do as well, see Check
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  6 * time.Second,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// dial connects to the first address of a host that answers, IPv6 before IPv4.
func (c *Checker) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %q: %w", portText, err)
	}
	addrs, err := c.Resolver.Addrs(ctx, host)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	var failed error
	for i, a := range addrs {
		if i == maxAddrs {
			break
		}
		conn, err := c.Dialer.Dial(ctx, network, host, netip.AddrPortFrom(a, uint16(port)))
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}
