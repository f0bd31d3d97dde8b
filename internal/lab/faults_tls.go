//go:build unix

package lab

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"strings"
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
		{
			Domain: "tls11.test", Fails: []string{"tls.version.old"}, Warns: []string{"tls.cipher.cbc"},
			Web: "ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;\nssl_prefer_server_ciphers on;\nssl_ciphers \"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0\";",
		},
		{
			Domain: "tls10.test", Fails: []string{"tls.version.old", "tls.cipher.beast"}, Warns: []string{"tls.cipher.cbc"},
			Web: "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\nssl_prefer_server_ciphers on;\nssl_ciphers \"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0\";",
		},
		{Domain: "no-tls13.test", Fails: []string{"tls.version.no-tls13"}, Web: "ssl_protocols TLSv1.2;"},
		{
			Domain: "null-cipher.test", Fails: []string{"tls.cipher.weak"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Web: "ssl_prefer_server_ciphers on;\nssl_ciphers \"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-NULL-SHA:@SECLEVEL=0\";",
		},
		{
			Domain: "no-fs.test", Warns: []string{"tls.cipher.no-forward-secrecy"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Web: "ssl_prefer_server_ciphers on;\nssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256;",
		},
		{
			Domain: "dh1024.test", Fails: []string{"tls.group.weak"}, Cert: Order{Key: rsaKey(2048)}.Cert(), Files: map[string]string{"dh.pem": dh1024},
			Web: "ssl_dhparam {dir}/dh.pem;\nssl_ciphers \"ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0\";",
		},
		// gnutls-serv begins a new handshake whenever a client would like to.
		{
			Domain: "rc4.test", Only: "tls", Fails: []string{"tls.cipher.rc4", "tls.renegotiation.client"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Needs: []string{"gnutls-serv"}, Serve: GnuTLS(goodGnuTLS + ":+ARCFOUR-128"),
		},
		{
			Domain: "3des.test", Only: "tls", Fails: []string{"tls.cipher.3des", "tls.renegotiation.client"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Needs: []string{"gnutls-serv"}, Serve: GnuTLS(goodGnuTLS + ":+3DES-CBC"),
		},
		{
			Domain: "no-rfc5746.test", Only: "tls", Fails: []string{"tls.renegotiation.insecure", "tls.renegotiation.client"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Needs: []string{"gnutls-serv"}, Serve: GnuTLS(goodGnuTLS + ":%DISABLE_SAFE_RENEGOTIATION"),
		},
		{
			Domain: "no-ems.test", Only: "tls", Fails: []string{"tls.extended-master-secret.missing", "tls.renegotiation.client"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Needs: []string{"gnutls-serv"}, Serve: GnuTLS(goodGnuTLS + ":%NO_SESSION_HASH"),
		},
		{
			Domain: "renegotiation.test", Only: "tls", Fails: []string{"tls.renegotiation.client"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Serve: OpenSSL("-client_renegotiation", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"),
		},
		{Domain: "ssl2.test", Only: "tls", Fails: []string{"tls.version.ssl2"}, Cert: Order{Key: rsaKey(2048)}.Cert(), Serve: Old(SSL2, "-cipher", oldCipher)},
		{Domain: "ssl3.test", Only: "tls", Fails: []string{"tls.version.ssl3"}, Cert: Order{Key: rsaKey(2048)}.Cert(), Serve: Old(SSL3, "-cipher", oldCipher)},
		{
			Domain: "export.test", Only: "tls", Fails: []string{"tls.cipher.export"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Serve: Old(Export, "-cipher", oldCipher, "-serverpref"),
		},
		{Domain: "compression.test", Only: "tls", Fails: []string{"tls.compression.enabled"}, Cert: Order{Key: rsaKey(2048)}.Cert(), Serve: Old(Compression, "-cipher", oldCipher)},
		{
			Domain: "no-scsv.test", Only: "tls", Fails: []string{"tls.fallback.no-scsv", "tls.version.old"}, Warns: []string{"tls.cipher.cbc"},
			Cert:  Order{Key: rsaKey(2048)}.Cert(),
			Serve: Old(DeafFallback, "-min_protocol", "TLSv1.1", "-serverpref", "-cipher", oldCipher+":ECDHE-RSA-AES128-SHA:@SECLEVEL=0"),
		},
		{
			Domain: "cbc.test", Warns: []string{"tls.cipher.cbc"},
			Web: "ssl_prefer_server_ciphers on;\nssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256;",
		},
		{
			Domain: "cipher-order.test", Fails: []string{"tls.cipher.order"}, Warns: []string{"tls.cipher.cbc"},
			Web: "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256;",
		},
		{
			Domain: "signature-sha1.test", Fails: []string{"tls.signature.sha1"}, Cert: Order{Key: rsaKey(2048)}.Cert(),
			Web: "ssl_prefer_server_ciphers on;\nssl_conf_command SignatureAlgorithms RSA+SHA1:RSA-PSS+SHA256;\nssl_ciphers \"ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0\";",
		},
		{Domain: "early-data.test", Warns: []string{"tls.early-data.accepted"}, Web: "ssl_early_data on;"},
		{Domain: "old-tickets.test", Fails: []string{"tls.ticket.long-lived"}, Web: "ssl_session_timeout 2d;"},
		{
			Domain: "chain-order.test", Fails: []string{"tls.chain.order"},
			Cert: Order{Chain: func(a *Authority, leaf *x509.Certificate) []*x509.Certificate {
				return []*x509.Certificate{leaf, a.Root, a.Intermediate}
			}, Edit: withOCSP}.Cert(),
		},
		{
			Domain: "root-sent.test", Warns: []string{"tls.chain.order"},
			Cert: Order{Chain: func(a *Authority, leaf *x509.Certificate) []*x509.Certificate {
				return []*x509.Certificate{leaf, a.Intermediate, a.Root}
			}, Edit: withOCSP}.Cert(),
		},
		{Domain: "revoked.test", Fails: []string{"tls.certificate.revoked"}, Cert: Order{Revoked: true}.Cert(), Web: "-ssl_stapling\n-ssl_stapling_file"},
		{
			Domain: "revoked-ocsp.test", Fails: []string{"tls.certificate.revoked"}, Warns: []string{"tls.stapling.missing"},
			Cert: Order{Revoked: true, Edit: withOCSP}.Cert(), Web: "-ssl_stapling\n-ssl_stapling_file",
		},
		{Domain: "long-life.test", Fails: []string{"tls.certificate.lifetime"}, Cert: Order{Edit: func(t *x509.Certificate) {
			withOCSP(t)
			t.NotAfter = t.NotBefore.AddDate(0, 0, 399)
		}}.Cert()},
		{Domain: "tlsa-other.test", Fails: []string{"tls.dane.mismatch"}, Zone: "_443._tcp TLSA 3 1 1 " + strings.Repeat("ab", 32)},
		{
			Domain: "full-cbc.test", TLSFull: true, Warns: []string{"tls.cipher.cbc", "tls.profile.intermediate"},
			Web: "ssl_ecdh_curve X25519:prime256v1:secp384r1;\nssl_prefer_server_ciphers on;\nssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256;",
		},
		{Domain: "tls13-only.test", TLSFull: true, Warns: []string{"tls.client.excluded"}, Web: "ssl_ecdh_curve X25519:prime256v1:secp384r1;\nssl_protocols TLSv1.3;"},
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

// goodGnuTLS is a priority string of GnuTLS without a fault, and oldCipher what
// the good server behind a relic offers in TLS 1.2.
const (
	goodGnuTLS = "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-RSA:-DHE-RSA:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:%SERVER_PRECEDENCE"
	oldCipher  = "ECDHE-RSA-AES128-GCM-SHA256"
)

// rsaSuites are what nginx offers for an RSA key, however short.
const rsaSuites = `ssl_ciphers "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=0";`

func rsaKey(bits int) func() (crypto.Signer, error) {
	return func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, bits) }
}
