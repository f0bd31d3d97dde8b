//go:build unix

package lab

// tlsFaults are the sites with a fault of the tls family.
func tlsFaults() []Site {
	return []Site{
		{Domain: "tls10.test", Fails: []string{"tls.version.old"}, Web: "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\nssl_ciphers \"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0\";"},
		{Domain: "no-tls13.test", Fails: []string{"tls.version.no-tls13"}, Web: "ssl_protocols TLSv1.2;"},
		// The MTA-STS policy is under a name of its own, whose certificate is wrong as well.
		{Domain: "wrong-name.test", Fails: []string{"tls.certificate.hostname", "mail.mta-sts.invalid"}, Cert: func(a *Authority, _ ...string) (string, string, error) {
			return a.Issue("shop.example")
		}},
	}
}
