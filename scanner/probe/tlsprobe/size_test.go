package tlsprobe

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/crypto/ocsp"

	"github.com/cybersec-infohub/infohub/scanner"
)

// huge returns a certificate that is signed, it says, by its own RSA key of
// that many bits.
func huge(t *testing.T, bits int) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "huge"}, DNSNames: []string{"www.example.hk"},
		NotBefore: now.Add(-day), NotAfter: now.Add(day), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	var outer struct {
		Data, Algorithm asn1.RawValue
		Signature       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		t.Fatal(err)
	}
	n := make([]byte, bits/8)
	_, _ = rand.Read(n)
	n[0], n[len(n)-1] = 0xff, 0xff
	public, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 1<<31 - 1})
	if err != nil {
		t.Fatal(err)
	}
	small, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	data, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: bytes.Replace(outer.Data.Bytes, small, public, 1)})
	if err != nil {
		t.Fatal(err)
	}
	outer.Data = asn1.RawValue{FullBytes: data}
	n[0] = 1 // less than the modulus, or it is not even tried
	outer.Signature = asn1.BitString{Bytes: n, BitLength: len(n) * 8}
	if der, err = asn1.Marshal(outer); err != nil {
		t.Fatal(err)
	}
	return der
}

// TestHugeKeys: no signature is checked with a key that would keep a processor
// for minutes. Without the bound this test takes longer than tests may.
func TestHugeKeys(t *testing.T) {
	p := newPKI(t)
	big := huge(t, 800000)
	asked := func(ders ...[]byte) scanner.TLSHost {
		x := &exam{Server: Server{Name: "www.example.hk", Addr: netip.MustParseAddr("192.0.2.1"), Now: now, Roots: p.roots}}
		a := &answers{versions: map[uint16]reply{vTLS12: {accepted, flight{version: vTLS12, certs: ders}}}}
		var h scanner.TLSHost
		x.certificates(context.Background(), &h, a)
		return h
	}
	if h := asked(bytes.Clone(big)); len(h.Chain) > 0 || h.Verify != scanner.ChainInvalid || !strings.Contains(h.VerifyDetail, "bits") {
		t.Errorf("the leaf: %d certificates, %s %q", len(h.Chain), h.Verify, h.VerifyDetail)
	}
	leaf := p.leaf(t, ecKey(t))
	if h := asked(leaf.cert.Raw, big, p.middle.cert.Raw); len(h.Chain) != 2 || h.Verify != scanner.ChainTrusted {
		t.Errorf("among the others: %d certificates, %s %q", len(h.Chain), h.Verify, h.VerifyDetail)
	}
	// The library refuses to make such a response: put the certificate in.
	good, err := ocsp.CreateResponse(p.middle.cert, p.middle.cert, ocsp.Response{
		Status: ocsp.Good, SerialNumber: leaf.cert.SerialNumber, ThisUpdate: now, NextUpdate: now.Add(day), Certificate: p.middle.cert,
	}, p.middle.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkableOCSP(good); err != nil {
		t.Errorf("a good response: %v", err)
	}
	bad := withCertificate(t, good, big)
	if n := sctLogs(leaf.cert, nil, bad); n != 0 {
		t.Errorf("%d logs", n)
	}
	if text := stapleError(bad, leaf.cert, nil, now); !strings.Contains(text, "bits") {
		t.Errorf("stapled: %q", text)
	}
	if r := ofStaple(bad, leaf.cert, p.middle.cert, now); r != nil {
		t.Errorf("believed: %+v", r)
	}
}

// withCertificate puts another certificate into an OCSP response.
func withCertificate(t *testing.T, response, der []byte) []byte {
	t.Helper()
	type body struct {
		Type  asn1.ObjectIdentifier
		Basic []byte
	}
	var outer struct {
		Status asn1.Enumerated
		Body   body `asn1:"explicit,tag:0,optional"`
	}
	var basic struct {
		Data, Algorithm asn1.RawValue
		Signature       asn1.BitString
		Certificates    []asn1.RawValue `asn1:"explicit,tag:0,optional"`
	}
	_, err := asn1.Unmarshal(response, &outer)
	if err == nil {
		_, err = asn1.Unmarshal(outer.Body.Basic, &basic)
	}
	if err != nil {
		t.Fatal(err)
	}
	basic.Certificates = []asn1.RawValue{{FullBytes: der}}
	if outer.Body.Basic, err = asn1.Marshal(basic); err != nil {
		t.Fatal(err)
	}
	out, err := asn1.Marshal(outer)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
