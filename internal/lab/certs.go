//go:build unix

package lab

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"sync"
	"time"
)

// Authority is a certificate authority with a root and one intermediate. It
// says which certificates it has revoked (see revocation.go).
type Authority struct {
	Root         *x509.Certificate
	Intermediate *x509.Certificate
	rootKey      crypto.Signer
	key          crypto.Signer // the intermediate's

	mu      sync.Mutex
	revoked []*big.Int
}

// NewAuthority makes one, valid for ten years from yesterday.
func NewAuthority() (*Authority, error) {
	a := &Authority{}
	var err error
	if a.rootKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	root := template("Infohub lab root", time.Now().AddDate(0, 0, -1), time.Now().AddDate(10, 0, 0))
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	if a.Root, err = sign(root, root, a.rootKey.Public(), a.rootKey); err != nil {
		return nil, err
	}
	inter := template("Infohub lab intermediate", root.NotBefore, root.NotAfter)
	inter.IsCA, inter.BasicConstraintsValid, inter.KeyUsage = true, true, root.KeyUsage
	a.Intermediate, err = sign(inter, a.Root, a.key.Public(), a.rootKey)
	return a, err
}

// Pool trusts this authority alone.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.Root)
	return p
}

// PEM is the root's certificate.
func (a *Authority) PEM() string { return pemCert(a.Root) }

// Issue makes a chain (leaf, intermediate) and key in PEM for names, valid for
// 90 days. The certificate names the authority's list of revoked ones.
func (a *Authority) Issue(names ...string) (chain, key string, err error) {
	return a.issue(Order{}, names...)
}

// Order is a certificate unlike those of Issue.
type Order struct {
	Key  func() (crypto.Signer, error) // nil: ECDSA P-256
	Edit func(*x509.Certificate)       // changes the template
	// Chain are the certificates to send, nil: leaf, intermediate.
	Chain func(a *Authority, leaf *x509.Certificate) []*x509.Certificate
	// Revoked: the authority takes it back.
	Revoked bool
}

// Cert is the order as a site wants it.
func (o Order) Cert() CertFunc {
	return func(a *Authority, names ...string) (chain, key string, err error) { return a.issue(o, names...) }
}

func (a *Authority) issue(o Order, names ...string) (chain, keyPEM string, err error) {
	if o.Key == nil {
		o.Key = func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
	}
	k, err := o.Key()
	if err != nil {
		return "", "", err
	}
	t := template(names[0], time.Now().Add(-time.Hour), time.Now().AddDate(0, 0, 90).Add(-time.Hour))
	t.DNSNames = names
	t.CRLDistributionPoints = []string{crlURL}
	if _, rsaKey := k.(*rsa.PrivateKey); rsaKey {
		t.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	if o.Edit != nil {
		o.Edit(t)
	}
	leaf, err := sign(t, a.Intermediate, k.Public(), a.key)
	if err != nil {
		return "", "", err
	}
	if o.Revoked {
		a.mu.Lock()
		a.revoked = append(a.revoked, leaf.SerialNumber)
		a.mu.Unlock()
	}
	certs := []*x509.Certificate{leaf, a.Intermediate}
	if o.Chain != nil {
		certs = o.Chain(a, leaf)
	}
	for _, c := range certs {
		chain += pemCert(c)
	}
	keyPEM, err = pemKey(k)
	return chain, keyPEM, err
}

// SelfSigned makes a certificate that signed itself, in PEM.
func SelfSigned(key crypto.Signer, notAfter time.Time, names ...string) (chain, keyPEM string, err error) {
	t := template(names[0], notAfter.AddDate(0, 0, -90), notAfter)
	t.DNSNames = names
	leaf, err := sign(t, t, key.Public(), key)
	if err != nil {
		return "", "", err
	}
	keyPEM, err = pemKey(key)
	return pemCert(leaf), keyPEM, err
}

func template(name string, from, to time.Time) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // crypto/rand does not fail
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func sign(t, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func pemCert(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func pemKey(k crypto.Signer) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
}
