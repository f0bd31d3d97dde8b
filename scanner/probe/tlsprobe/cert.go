package tlsprobe

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Bounds of what a server can make us store.
const (
	maxCerts = 12 // of a chain
	maxNames = 100
	maxText  = 300 // bytes
)

// certificates fills in the chain and what is judged of it.
func (x *exam) certificates(ctx context.Context, h *scanner.TLSHost, a *answers) {
	chain, staple, err := a.chain()
	if err != nil {
		h.Verify, h.VerifyDetail = scanner.ChainInvalid, scanner.Printable(err.Error(), maxText)
	}
	if len(chain) == 0 {
		return
	}
	for _, c := range chain {
		h.Chain = append(h.Chain, certFacts(c))
	}
	v := verify(chain, x.Roots, x.Now)
	h.Verify, h.VerifyDetail = v.verdict, scanner.Printable(v.detail, maxText)
	h.TLSA, h.TLSABy = matchTLSA(x.TLSA, chain, v.verdict == scanner.ChainTrusted)
	h.NameMatch = chain[0].VerifyHostname(x.Name) == nil
	h.PrivateRoots = x.Roots != nil
	var handshake [][]byte
	if a.state != nil {
		handshake = a.state.SignedCertificateTimestamps
	}
	// Without crypto/tls the handshake was not asked for them.
	if n := sctLogs(chain[0], handshake, staple); n > 1 || a.state != nil {
		h.SCTs = &n
	}
	// About one that is not trusted or out of date, authorities need not answer.
	inDate := !x.Now.Before(chain[0].NotBefore) && !x.Now.After(chain[0].NotAfter)
	if h.Revocation = ofStaple(staple, chain[0], v.issuer, x.Now); h.Revocation == nil && x.Revoked != nil && v.verdict == scanner.ChainTrusted && inDate {
		h.Revocation = x.Revoked.Of(ctx, chain[0], v.issuer)
	}
	h.Stapled = len(staple) > 0
	if h.Stapled {
		h.StapleError = scanner.Printable(stapleError(staple, chain[0], v.issuer, x.Now), maxText)
	}
}

// chain returns the certificates that were sent, leaf first, by way of the
// whole handshake or, up to TLS 1.2, of the best question. Those after the leaf
// that cannot be read are left out; the error is about the leaf.
func (a *answers) chain() (chain []*x509.Certificate, staple []byte, err error) {
	if a.state != nil {
		all := a.state.PeerCertificates
		return all[:min(len(all), maxCerts)], a.state.OCSPResponse, nil
	}
	for _, v := range allVersions() {
		f := a.versions[v].flight
		if len(f.certs) == 0 {
			continue
		}
		for i, der := range f.certs {
			c, err := x509.ParseCertificate(der)
			if err == nil {
				err = checkable(c)
			}
			if err != nil && i == 0 {
				return nil, nil, fmt.Errorf("the certificate cannot be read: %w", err)
			}
			if err == nil {
				chain = append(chain, c)
			}
		}
		return chain, f.staple, nil
	}
	return nil, nil, nil
}

// certCurves is the curve of the leaf's key as a group.
func (a *answers) certCurves() []uint16 {
	chain, _, _ := a.chain()
	if len(chain) == 0 {
		return nil
	}
	key, ok := chain[0].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil
	}
	switch key.Params().BitSize {
	case 256:
		return []uint16{23}
	case 384:
		return []uint16{24}
	case 521:
		return []uint16{25}
	}
	return nil
}

func certFacts(c *x509.Certificate) scanner.Cert {
	sum, key := sha256.Sum256(c.Raw), sha256.Sum256(c.RawSubjectPublicKeyInfo)
	f := scanner.Cert{
		Subject:    scanner.Printable(c.Subject.String(), maxText),
		Issuer:     scanner.Printable(c.Issuer.String(), maxText),
		NotBefore:  c.NotBefore.UTC(),
		NotAfter:   c.NotAfter.UTC(),
		KeyType:    c.PublicKeyAlgorithm.String(),
		Signature:  c.SignatureAlgorithm.String(),
		SHA256:     hex.EncodeToString(sum[:]),
		KeySHA256:  hex.EncodeToString(key[:]),
		OCSP:       len(c.OCSPServer) > 0,
		CRL:        len(c.CRLDistributionPoints) > 0,
		MustStaple: mustStaple(c),
		SelfSigned: selfSigned(c),
	}
	for _, n := range c.DNSNames[:min(len(c.DNSNames), maxNames)] {
		f.Names = append(f.Names, scanner.Printable(n, maxText))
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		f.KeyBits = key.N.BitLen()
	case *ecdsa.PublicKey:
		f.KeyBits = key.Params().BitSize
	case ed25519.PublicKey:
		f.KeyBits = 256
	}
	return f
}

// mustStaple: the TLS feature extension asks for status_request (RFC 7633).
func mustStaple(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}) {
			var features []int
			_, err := asn1.Unmarshal(e.Value, &features)
			return err == nil && slices.Contains(features, extStatusRequest)
		}
	}
	return false
}

// selfSigned: issued to itself and signed with its own key.
func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && checkSignature(c, c) == nil
}

// stapleError says why a stapled OCSP response (RFC 6960) is of no use, "" if
// it is good. Without the issuer's certificate its signature is not checked.
func stapleError(der []byte, leaf, issuer *x509.Certificate, now time.Time) string {
	if err := checkableOCSP(der); err != nil {
		return err.Error()
	}
	r, err := ocsp.ParseResponseForCert(der, leaf, issuer)
	switch {
	case err != nil:
		return err.Error()
	case r.Status == ocsp.Revoked:
		return "the certificate was revoked at " + r.RevokedAt.UTC().Format(time.RFC3339)
	case r.Status != ocsp.Good:
		return "the authority does not know the certificate"
	case !r.NextUpdate.IsZero() && now.After(r.NextUpdate):
		return "the response expired at " + r.NextUpdate.UTC().Format(time.RFC3339)
	case r.ThisUpdate.After(now.Add(clockSkew)):
		return "the response is from the future: " + r.ThisUpdate.UTC().Format(time.RFC3339)
	}
	return ""
}

// clockSkew is how far the clock of an authority may be ahead of ours.
const clockSkew = 10 * time.Minute
