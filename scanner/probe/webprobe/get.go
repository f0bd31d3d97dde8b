package webprobe

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Response is the answer to Get.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // decoded
}

// Get fetches one https URL for another probe (the policy of MTA-STS, RFC 8461
// section 3.3). The certificate must verify against n.Roots, redirects are not
// followed, and a body longer than limit bytes is an error, as is one that does
// not come to its end. It takes 10 s at most after connecting. Every error is a
// *scanner.Failure.
func Get(ctx context.Context, n *scanner.Network, rawURL string, limit int64) (*Response, error) {
	u, err := resolveURL(nil, rawURL)
	if err != nil || u.Scheme != "https" {
		return nil, scanner.Failf(scanner.FailProtocol, fmt.Sprintf("%q is no https address", rawURL))
	}
	return get(ctx, n, u, limit)
}

// GetSigned is Get for what carries a signature of its own, an OCSP response or
// a revocation list: it lies behind http (RFC 5280 section 4.2.1.13).
func GetSigned(ctx context.Context, n *scanner.Network, rawURL string, limit int64) (*Response, error) {
	u, err := resolveURL(nil, rawURL)
	if err != nil {
		return nil, scanner.Failf(scanner.FailProtocol, err.Error())
	}
	return get(ctx, n, u, limit)
}

func get(ctx context.Context, n *scanner.Network, u *url.URL, limit int64) (*Response, error) {
	c := newClient(n, nil, time.Time{})
	c.strict = true
	defer c.close()
	res := c.get(ctx, request{url: u, limit: limit})
	switch {
	case res.failure != nil:
		return nil, res.failure
	case res.bodyFailure != nil:
		return nil, res.bodyFailure
	case res.capped:
		return nil, scanner.Failf(scanner.FailProtocol, fmt.Sprintf("%s is longer than %d bytes", u, limit))
	}
	return &Response{Status: res.status, Header: res.header, Body: res.body}, nil
}
