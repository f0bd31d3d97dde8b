package tlsprobe

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/md5" // #nosec G501 -- to recognise old signatures
	"crypto/rsa"
	"crypto/sha1" // #nosec G505 -- to recognise old signatures
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// verification is the verdict on a chain.
type verification struct {
	verdict scanner.ChainVerdict
	detail  string
	issuer  *x509.Certificate // of the leaf, where it is known
}

// verify judges whether chain, as it was sent, leads to a root of roots (nil:
// the system's). Name, dates and the age of the signatures' hash are facts of
// their own and have no part in the verdict: an expired leaf is judged as if it
// had been renewed, or failing that, at the end of its life.
//
// Nothing is fetched. That an intermediate is missing is told from what was
// sent: the leaf did not sign itself, and nothing that was sent has its
// issuer's name. A private authority that signs leaves with its root, and
// servers that do not send it, look the same and are called incomplete too;
// where the issuer was sent but leads nowhere, the authority is unknown.
func verify(chain []*x509.Certificate, roots *x509.CertPool, now time.Time) verification {
	leaf := chain[0]
	v := verification{issuer: issuerOf(leaf, chain)}
	if roots == nil {
		system, err := x509.SystemCertPool()
		if err != nil || system.Equal(x509.NewCertPool()) {
			v.verdict, v.detail = scanner.ChainUnverified, "this machine has no trust store"
			return v
		}
	}
	opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), CurrentTime: now}
	for _, c := range chain[1:] {
		opts.Intermediates.AddCert(c)
	}
	first := strong(chain)
	paths, err := verifyDated(first, opts)
	switch {
	case err == nil:
		if first == leaf && len(paths[0]) > 1 {
			v.issuer = paths[0][1]
		}
		return v
	case selfSigned(leaf):
		v.verdict = scanner.ChainSelfSigned
	case !errors.As(err, new(x509.UnknownAuthorityError)):
		v.verdict = scanner.ChainInvalid
	case v.issuer == nil:
		v.verdict = scanner.ChainIncomplete
	default:
		v.verdict = scanner.ChainUnknownCA
	}
	v.detail = err.Error()
	return v
}

// verifyDated verifies c at the time of opts; if c itself is out of date, as if
// it were not, or else at the end of its life that is nearest.
func verifyDated(c *x509.Certificate, opts x509.VerifyOptions) ([][]*x509.Certificate, error) {
	now := opts.CurrentTime
	if !now.Before(c.NotBefore) && !now.After(c.NotAfter) {
		return c.Verify(opts)
	}
	renewed := *c
	renewed.NotBefore, renewed.NotAfter = now, now
	if paths, err := renewed.Verify(opts); err == nil {
		return paths, nil
	}
	opts.CurrentTime = c.NotAfter
	if now.Before(c.NotBefore) {
		opts.CurrentTime = c.NotBefore
	}
	return c.Verify(opts)
}

// strong returns the first certificate from the leaf up that is not signed with
// MD5 or SHA-1, or whose issuer was not sent: crypto/x509 refuses such
// signatures, and that they are old is a fact of its own, so they are checked
// here.
func strong(chain []*x509.Certificate) *x509.Certificate {
	c := chain[0]
	for range chain {
		if _, old := oldHash(c); !old {
			break
		}
		issuer := issuerOf(c, chain)
		if issuer == nil || !issuer.IsCA || checkSignature(c, issuer) != nil {
			break
		}
		c = issuer
	}
	return c
}

// issuerOf finds by name who issued c among the certificates that were sent.
func issuerOf(c *x509.Certificate, chain []*x509.Certificate) *x509.Certificate {
	i := slices.IndexFunc(chain, func(p *x509.Certificate) bool { return p != c && bytes.Equal(p.RawSubject, c.RawIssuer) })
	if i < 0 {
		return nil
	}
	return chain[i]
}

func oldHash(c *x509.Certificate) (crypto.Hash, bool) {
	switch c.SignatureAlgorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1:
		return crypto.SHA1, true
	case x509.MD5WithRSA:
		return crypto.MD5, true
	}
	return 0, false
}

// checkSignature is Certificate.CheckSignature with old hashes allowed.
func checkSignature(c, issuer *x509.Certificate) error {
	hash, old := oldHash(c)
	if !old {
		return issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	}
	var digest []byte
	if hash == crypto.MD5 {
		sum := md5.Sum(c.RawTBSCertificate) // #nosec G401 -- to recognise old signatures
		digest = sum[:]
	} else {
		sum := sha1.Sum(c.RawTBSCertificate) // #nosec G401 -- to recognise old signatures
		digest = sum[:]
	}
	switch key := issuer.PublicKey.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, hash, digest, c.Signature)
	case *ecdsa.PublicKey:
		if ecdsa.VerifyASN1(key, digest, c.Signature) {
			return nil
		}
		return errors.New("the signature does not fit")
	}
	return fmt.Errorf("a key of type %T", issuer.PublicKey)
}
