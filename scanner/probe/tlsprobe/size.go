package tlsprobe

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
)

// maxRSA is the largest RSA key that signatures are checked with, in bits; the
// largest in use have 4096, rarely 8192. A certificate has room for a million,
// and one check with that takes most of a minute that nothing can cut short.
const maxRSA = 16384

// checkable is an error about a certificate whose key is too large to be used.
func checkable(c *x509.Certificate) error {
	if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSA {
		return fmt.Errorf("an RSA key of %d bits, which is more than %d", key.N.BitLen(), maxRSA)
	}
	return nil
}

// checkableOCSP looks for such keys in a response: the certificate inside is
// what its signature is checked with. Whatever else is wrong, others say.
func checkableOCSP(der []byte) error {
	var response struct {
		Status asn1.Enumerated
		Body   struct {
			Type  asn1.ObjectIdentifier
			Basic []byte
		} `asn1:"explicit,tag:0,optional"`
	}
	if _, err := asn1.Unmarshal(der, &response); err != nil {
		return nil
	}
	var basic struct {
		Data, Algorithm asn1.RawValue
		Signature       asn1.BitString
		Certificates    []asn1.RawValue `asn1:"explicit,tag:0,optional"`
	}
	if _, err := asn1.Unmarshal(response.Body.Basic, &basic); err != nil {
		return nil
	}
	for _, raw := range basic.Certificates[:min(len(basic.Certificates), maxCerts)] {
		if c, err := x509.ParseCertificate(raw.FullBytes); err == nil {
			if err := checkable(c); err != nil {
				return fmt.Errorf("the certificate in the response has %w", err)
			}
		}
	}
	return nil
}
