//go:build unix

package lab

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"time"
)

// tlsFaults are the sites with a fault of the tls family. Where a certificate
// is wrong, the MTA-STS policy, which is fetched from a name of the same
// server, cannot be had either.
func tlsFaults() []Site {
	const policy = "mail.mta-sts.invalid"
	return []Site{
		{
			Domain: "no-https.test", Fails: []string{"tls.https.missing", policy},
			HTTP: goodHeaders, Serve: func(context.Context, *Lab, *Place) error { return nil }, Zone: "-_443._tcp TLSA",
		},
		{
			Domain: "expired.test", Fails: []string{"tls.certificate.expired", policy},
			Cert: Order{Edit: func(t *x509.Certificate) {
				t.NotBefore, t.NotAfter = time.Now().AddDate(0, 0, -90), time.Now().AddDate(0, 0, -3)
			}}.Cert(),
		},
		{Domain: "expiring.test", Fails: []string{"tls.certificate.expiring"}, Cert: Order{Edit: func(t *x509.Certificate) {
			t.NotBefore, t.NotAfter = time.Now().AddDate(0, 0, -85), time.Now().AddDate(0, 0, 5)
		}}.Cert()},
		{Domain: "wrong-name.test", Fails: []string{"tls.certificate.hostname", policy}, Cert: func(a *Authority, _ ...string) (string, string, error) {
			return a.Issue("shop.example")
		}},
		{Domain: "self-signed.test", Fails: []string{"tls.certificate.untrusted", policy}, Cert: func(_ *Authority, names ...string) (string, string, error) {
			key, err := rsaKey(2048)()
			if err != nil {
				return "", "", err
			}
			return SelfSigned(key, time.Now().AddDate(0, 0, 60), names...)
		}, Web: rsaSuites},
		{Domain: "unknown-ca.test", Fails: []string{"tls.certificate.untrusted", policy}, Cert: func(_ *Authority, names ...string) (string, string, error) {
			other, err := NewAuthority()
			if err != nil {
				return "", "", err
			}
			return other.Issue(names...)
		}},
		{
			Domain: "incomplete.test", Fails: []string{"tls.chain.incomplete", policy},
			Cert: Order{Chain: func(_ *Authority, leaf *x509.Certificate) []*x509.Certificate { return []*x509.Certificate{leaf} }}.Cert(),
		},
		{Domain: "weak-key.test", Fails: []string{"tls.certificate.weak-key"}, Cert: Order{Key: rsaKey(1024)}.Cert(), Web: rsaSuites},
		{
			Domain: "sha1.test", Fails: []string{"tls.certificate.weak-signature", policy},
			Cert: Order{Edit: func(t *x509.Certificate) { t.SignatureAlgorithm = x509.ECDSAWithSHA1 }}.Cert(),
			Web:  `ssl_ciphers "ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0";`,
		},
		{Domain: "no-stapling.test", Warns: []string{"tls.stapling.missing"}, Web: "-ssl_stapling\n-ssl_stapling_file"},
		{Domain: "tls10.test", Fails: []string{"tls.version.old"}, Web: "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\nssl_ciphers \"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0\";"},
		{Domain: "no-tls13.test", Fails: []string{"tls.version.no-tls13"}, Web: "ssl_protocols TLSv1.2;"},
		{
			Domain: "null-cipher.test", Fails: []string{"tls.cipher.weak"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Web: `ssl_ciphers "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-NULL-SHA:@SECLEVEL=0";`,
		},
		{
			Domain: "no-fs.test", Warns: []string{"tls.cipher.no-forward-secrecy"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Web: `ssl_ciphers "ECDHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256";`,
		},
		{
			Domain: "dh1024.test", Fails: []string{"tls.group.weak"}, Cert: Order{Key: rsaKey(2048)}.Cert(), Files: map[string]string{"dh.pem": dh1024},
			Web: "ssl_dhparam {dir}/dh.pem;\nssl_ciphers \"ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0\";",
		},
		{
			Domain: "rc4.test", Only: "tls", Fails: []string{"tls.cipher.weak"}, Cert: Order{Key: rsaKey(2048)}.Cert(), Needs: []string{"gnutls-serv"},
			Serve: GnuTLS("NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-RSA:+ARCFOUR-128"),
		},
		{
			Domain: "3des.test", Only: "tls", Fails: []string{"tls.cipher.weak"}, Cert: Order{Key: rsaKey(2048)}.Cert(), Needs: []string{"gnutls-serv"},
			Serve: GnuTLS("NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-RSA:+3DES-CBC"),
		},
		{
			Domain: "old-openssl.test", Only: "tls", Fails: []string{"tls.version.old"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Serve: OpenSSL("-min_protocol", "TLSv1", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:@SECLEVEL=0"),
		},
	}
}

// goodHeaders serve the good page without encryption.
const goodHeaders = `-return
root {dir};
add_header Content-Security-Policy "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'" always;
add_header X-Content-Type-Options nosniff always;
add_header Referrer-Policy strict-origin-when-cross-origin always;
add_header Permissions-Policy "camera=(), microphone=(), geolocation=()" always;
add_header Cross-Origin-Resource-Policy same-origin always;
add_header Cross-Origin-Opener-Policy same-origin always;`

// rsaSuites are what nginx offers for an RSA key, however short.
const rsaSuites = `ssl_ciphers "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=0";`

func rsaKey(bits int) func() (crypto.Signer, error) {
	return func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, bits) } //nolint:gosec // G403: short keys are a fault to show
}
