//go:build unix

package lab

import (
	"crypto/rand"
	"crypto/rsa"
	"time"
)

// Bad is the domain of BadSite.
const Bad = "bad.test"

// BadSite has many faults at once, as neglected sites do. Its expectation is a
// golden file rather than Fails.
func BadSite() Site {
	return Site{
		Domain: Bad,
		// Its own NS set lacks the second server of the delegation, www leads to
		// a name that does not exist, and there is no CAA.
		Zone: `-@ CAA
@ NS ns1
-ns2 A
-@ AAAA
-www A
-www AAAA
www CNAME shop.gone.bad.test.
@ TXT "v=spf1 +all"
_dmarc TXT "v=DMARC1; p=none"
-_mta-sts TXT
-mta-sts A
-mta-sts AAAA
-_smtp._tls TXT
-_443._tcp TLSA
-_25._tcp.mail TLSA
default._domainkey TXT ` + weakDKIM + "\n",
		Sign: Signing{Off: true},
		NS: []NameServer{
			{Addr: "127.53.3.1", NoIPv6: true, Recursion: true, Transfer: true},
			{Addr: "127.53.3.2", NoIPv6: true, Lame: true},
		},
		HTTP: "-return\nserver_tokens on;\nroot {dir};",
		Web: `server_tokens on;
ssl_dhparam {dir}/dh1024.pem;
ssl_protocols TLSv1 TLSv1.1 TLSv1.2;
ssl_prefer_server_ciphers on;
ssl_ciphers "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:AES128-SHA:NULL-SHA256:@SECLEVEL=0";
-add_header Strict-Transport-Security
add_header Content-Security-Policy "default-src *; script-src * 'unsafe-inline'";
-add_header X-Content-Type-Options
-add_header Referrer-Policy
-add_header Permissions-Policy
-add_header Cross-Origin-Resource-Policy
-add_header Cross-Origin-Opener-Policy
add_header Set-Cookie "PHPSESSID=abc; Path=/";
if ($request_method = OPTIONS) { return 204; }
add_header Access-Control-Allow-Origin $http_origin always;
add_header Access-Control-Allow-Credentials true always;`,
		Files: map[string]string{
			"index.html": badPage, ".well-known/mta-sts.txt": "-", "dh1024.pem": dh1024,
			".well-known/security.txt": "Contact: mailto:security@bad.test\nExpires: 2020-01-01T00:00:00Z\n",
		},
		Cert: func(*Authority, ...string) (chain, key string, err error) {
			weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // G403: short on purpose
			if err != nil {
				return "", "", err
			}
			return SelfSigned(weak, time.Now().AddDate(0, 0, -3), "old.example")
		},
		Mail: &Mail{Options: []string{"smtpd_tls_security_level = none"}},
	}
}

const badPage = `<!doctype html><html><head><title>Bad shop</title>
<script src="http://bad.test/old.js"></script>
<script src="https://cdn.gone.test/lib.js"></script></head>
<body><h1>Bad shop</h1><form action="http://bad.test/login" method="post"><input type="password" name="p"></form></body></html>`

// dh1024 is the 1024-bit MODP group of RFC 2409 section 6.2 (Oakley group 2)
// as PKCS #3 DH parameters.
const dh1024 = `-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
`

// weakDKIM is the record of a key of 1024 bits, whose private half is lost.
const weakDKIM = `"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC+BdRfXhuXgOIJNPsHW+M7HgziLbZFK99MYr/X7V2N+eMdOQAOTWlQ2lH7ViHlO2GN05fJLfhHITpuoAcgJEMSkVdfGN2qpld1Sv5BQCTsBjMuywelULaL22nlYiqkOKhLVUDvHH+hp2sx55I8H8zrwhtdxau8LsGcMOt0GZInVwIDAQAB"`
