package tlsprobe

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// now is the time of every test.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// entity is a certificate with its key.
type entity struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func ecKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t testing.TB, bits int) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate that parent signs; a nil parent: itself.
func issue(t testing.TB, parent *entity, key crypto.Signer, name string, change ...func(*x509.Certificate)) *entity {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: []string{"Test"}},
		NotBefore: now.Add(-30 * day), NotAfter: now.Add(60 * day),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, BasicConstraintsValid: true,
	}
	for _, f := range change {
		f(c)
	}
	e := &entity{key: key}
	signer, signerKey := c, key
	if parent != nil {
		signer, signerKey = parent.cert, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, signer, key.Public(), signerKey)
	if err != nil {
		t.Fatal(err)
	}
	if e.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return e
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign|x509.KeyUsageDigitalSignature
	c.NotBefore, c.NotAfter = now.Add(-400*day), now.Add(4000*day)
}

func forNames(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = names }
}

// pki is a small authority: a trusted root and an intermediate.
type pki struct {
	root, middle *entity
	roots        *x509.CertPool
}

func newPKI(t testing.TB) *pki {
	t.Helper()
	p := &pki{root: issue(t, nil, ecKey(t), "Test Root", asCA), roots: x509.NewCertPool()}
	p.middle = issue(t, p.root, ecKey(t), "Test Intermediate", asCA)
	p.roots.AddCert(p.root.cert)
	return p
}

// leaf issues a certificate for example.hk from the intermediate.
func (p *pki) leaf(t testing.TB, key crypto.Signer, change ...func(*x509.Certificate)) *entity {
	t.Helper()
	return issue(t, p.middle, key, "example.hk", append([]func(*x509.Certificate){forNames("example.hk", "www.example.hk")}, change...)...)
}

// chain is what a server sends: e, then others.
func (e *entity) chain(others ...*entity) tls.Certificate {
	c := tls.Certificate{Certificate: [][]byte{e.cert.Raw}, PrivateKey: e.key}
	for _, o := range others {
		c.Certificate = append(c.Certificate, o.cert.Raw)
	}
	return c
}

// staple has issuer sign an OCSP response about e.
func (e *entity) staple(t testing.TB, issuer *entity, change ...func(*ocsp.Response)) []byte {
	t.Helper()
	r := ocsp.Response{Status: ocsp.Good, SerialNumber: e.cert.SerialNumber, ThisUpdate: now.Add(-day), NextUpdate: now.Add(day)}
	for _, f := range change {
		f(&r)
	}
	der, err := ocsp.CreateResponse(issuer.cert, issuer.cert, r, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// files writes e with its chain and its key as PEM, for openssl.
func (e *entity) files(t testing.TB, others ...*entity) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	var text []byte
	for _, x := range append([]*entity{e}, others...) {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.cert.Raw})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(e.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, data := range map[string][]byte{cert: text, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
