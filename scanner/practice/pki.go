package practice

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"

	"github.com/miekg/dns"
)

// pki is the shop's own certificate authority; it exists in memory only.
type pki struct {
	root    *x509.Certificate
	rootKey *ecdsa.PrivateKey
	web     tls.Certificate
	expired tls.Certificate
	sts     tls.Certificate // of mta-sts, which stays good: its fault would be another rule's
	mail    tls.Certificate
	mailKey string // SHA-256 of the mail server's public key, for DANE, in hex
	dkim    string // the public key of DKIM, base64
}

func newPKI() (*pki, error) {
	p := &pki{}
	var err error
	if p.rootKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Infohub practice site"},
		NotBefore: now.Add(-48 * time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, p.rootKey.Public(), p.rootKey)
	if err != nil {
		return nil, err
	}
	if p.root, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	web := []string{Domain, "www." + Domain}
	if p.web, err = p.issue(2, now.AddDate(0, 0, 80), web...); err != nil {
		return nil, err
	}
	if p.expired, err = p.issue(3, now.Add(-3*time.Hour), web...); err != nil {
		return nil, err
	}
	if p.sts, err = p.issue(5, now.AddDate(0, 0, 80), "mta-sts."+Domain); err != nil {
		return nil, err
	}
	if p.mail, err = p.issue(4, now.AddDate(0, 0, 80), "mail."+Domain); err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(p.mail.Certificate[0])
	if err != nil {
		return nil, err
	}
	p.mailKey, err = dns.CertificateToDANE(1, 1, leaf)
	return p, err
}

func (p *pki) issue(serial int64, until time.Time, names ...string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: p.root.NotBefore.Add(time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, p.root, key.Public(), p.rootKey)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
