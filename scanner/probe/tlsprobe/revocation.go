package tlsprobe

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/webprobe"
)

// Bounds of what an authority can make us fetch.
const (
	maxOCSP = 64 << 10
	maxCRL  = 4 << 20
	// revocationTime bounds asking about one certificate.
	revocationTime = 10 * time.Second
)

// Revocations asks authorities about certificates, about each once. Its zero
// value but for Net and Now is ready; it is safe for concurrent use.
type Revocations struct {
	Net *scanner.Network
	Now time.Time

	mu    sync.Mutex
	known map[[32]byte]func() *scanner.Revocation
}

// Of returns whether the issuer has revoked the leaf: by OCSP (RFC 6960) where
// the certificate names a responder, else or if that fails by its revocation
// list (RFC 5280 section 5). nil: the certificate names neither, or the issuer
// is not known, without whose key no answer can be believed.
func (r *Revocations) Of(ctx context.Context, leaf, issuer *x509.Certificate) *scanner.Revocation {
	if issuer == nil || len(plainHTTP(leaf.OCSPServer))+len(plainHTTP(leaf.CRLDistributionPoints)) == 0 {
		return nil
	}
	r.mu.Lock()
	if r.known == nil {
		r.known = map[[32]byte]func() *scanner.Revocation{}
	}
	sum := sha256.Sum256(leaf.Raw)
	once := r.known[sum]
	if once == nil {
		once = sync.OnceValue(func() *scanner.Revocation { return r.ask(ctx, leaf, issuer) })
		r.known[sum] = once
	}
	r.mu.Unlock()
	return once()
}

func (r *Revocations) ask(ctx context.Context, leaf, issuer *x509.Certificate) *scanner.Revocation {
	ctx, cancel := context.WithTimeoutCause(ctx, revocationTime, scanner.Failf(scanner.FailTimeout, "the certificate authority did not answer in time"))
	defer cancel()
	out := &scanner.Revocation{}
	for _, url := range plainHTTP(leaf.OCSPServer) {
		out = r.byOCSP(ctx, url, leaf, issuer)
		if out.Status != scanner.RevocationUnknown {
			return out
		}
	}
	for _, url := range plainHTTP(leaf.CRLDistributionPoints) {
		list := r.byList(ctx, url, leaf, issuer)
		if list.Status != scanner.RevocationUnknown || out.Failure == nil {
			return list
		}
	}
	return out
}

// plainHTTP returns the first http address of a list, as a list.
func plainHTTP(urls []string) []string {
	for _, u := range urls[:min(len(urls), maxNames)] {
		if strings.HasPrefix(strings.ToLower(u), "http://") {
			return []string{u}
		}
	}
	return nil
}

func (r *Revocations) fetch(ctx context.Context, url string, limit int64) ([]byte, *scanner.Failure) {
	res, err := webprobe.GetSigned(ctx, r.Net, url, limit)
	if err != nil {
		return nil, scanner.FailureOf(err)
	}
	if res.Status != http.StatusOK {
		return nil, scanner.Failf(scanner.FailServer, fmt.Sprintf("%s: HTTP status %d", url, res.Status))
	}
	return res.Body, nil
}

// byOCSP asks a responder by GET (RFC 6960 appendix A.1).
func (r *Revocations) byOCSP(ctx context.Context, url string, leaf, issuer *x509.Certificate) *scanner.Revocation {
	out := &scanner.Revocation{By: "ocsp", Source: scanner.Printable(url, maxText)}
	ask, err := ocsp.CreateRequest(leaf, issuer, &ocsp.RequestOptions{Hash: crypto.SHA1}) // what every responder knows
	if err != nil {
		out.Failure = scanner.Failf(scanner.FailProtocol, err.Error())
		return out
	}
	escaped := strings.NewReplacer("/", "%2F", "+", "%2B", "=", "%3D").Replace(base64.StdEncoding.EncodeToString(ask))
	der, why := r.fetch(ctx, strings.TrimSuffix(url, "/")+"/"+escaped, maxOCSP)
	if out.Failure = why; why != nil {
		return out
	}
	status, at, text := readOCSP(der, leaf, issuer, r.Now)
	if out.Status, out.At = status, at; status == scanner.RevocationUnknown {
		out.Failure = scanner.Failf(scanner.FailProtocol, "OCSP: "+text)
	}
	return out
}

// readOCSP judges a response. text says why it tells nothing.
func readOCSP(der []byte, leaf, issuer *x509.Certificate, now time.Time) (status scanner.RevocationStatus, at *time.Time, text string) {
	if err := checkableOCSP(der); err != nil {
		return scanner.RevocationUnknown, nil, err.Error()
	}
	res, err := ocsp.ParseResponseForCert(der, leaf, issuer)
	switch {
	case err != nil:
		return scanner.RevocationUnknown, nil, err.Error()
	case res.Status == ocsp.Revoked:
		// It stays revoked, however old the response is.
		since := res.RevokedAt.UTC()
		return scanner.RevocationRevoked, &since, ""
	}
	if text := stapleError(der, leaf, issuer, now); text != "" {
		return scanner.RevocationUnknown, nil, text
	}
	return scanner.RevocationGood, nil, ""
}

// byList reads a revocation list that the issuer signed.
func (r *Revocations) byList(ctx context.Context, url string, leaf, issuer *x509.Certificate) *scanner.Revocation {
	out := &scanner.Revocation{By: "crl", Source: scanner.Printable(url, maxText)}
	der, why := r.fetch(ctx, url, maxCRL)
	if why == nil {
		out.Status, out.At, why = readList(der, leaf, issuer, r.Now)
	}
	out.Failure = why
	return out
}

// ofStaple is what a stapled response says: nil unless it is of use. Without
// the issuer's key nothing in it is proven.
func ofStaple(der []byte, leaf, issuer *x509.Certificate, now time.Time) *scanner.Revocation {
	if len(der) == 0 || issuer == nil {
		return nil
	}
	status, at, _ := readOCSP(der, leaf, issuer, now)
	if status == scanner.RevocationUnknown {
		return nil
	}
	return &scanner.Revocation{Status: status, By: "stapled", At: at}
}
