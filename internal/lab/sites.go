//go:build unix

package lab

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// Addresses of the lab. Name servers of the good site are in two networks.
const (
	RootAddr = "127.53.0.1"
	tldAddr  = "127.53.0.2"
	goodNS1  = "127.53.1.1"
	goodNS2  = "127.53.2.1"
	badNS1   = "127.53.3.1"
	badNS2   = "127.53.3.2"
	goodWeb  = "127.80.1.1"
	badWeb   = "127.80.2.1"
	goodMX   = "127.25.1.1"
	badMX    = "127.25.2.1"
	// ResolverAddr is a recursive resolver that knows the lab's root.
	ResolverAddr = "127.53.9.1"
)

// Good and Bad are the lab's two sites.
const (
	Good = "good.test"
	Bad  = "bad.test"
)

// Sites starts a lab in dir with a root, the top-level domain "test", a site
// without faults and a site with many. It returns the DS records of the root,
// which are the trust anchor.
func Sites(ctx context.Context, dir string) (*Lab, []string, error) {
	l, err := New(dir)
	if err != nil {
		return nil, nil, err
	}
	anchors, err := l.startNames(ctx)
	if err == nil {
		err = l.startWebs(ctx)
	}
	if err == nil {
		err = l.startMail(ctx)
	}
	if err != nil {
		l.Close()
		return nil, nil, err
	}
	return l, anchors, nil
}

// dkim is a DKIM record of a fresh key of this size.
func dkim(bits int) (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", err
	}
	text := "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
	var parts []string // strings of a TXT record hold at most 255 bytes
	for len(text) > 250 {
		parts, text = append(parts, `"`+text[:250]+`"`), text[250:]
	}
	return strings.Join(append(parts, `"`+text+`"`), " "), nil
}

func (l *Lab) startNames(ctx context.Context) ([]string, error) {
	goodKey, err := dkim(2048)
	if err != nil {
		return nil, err
	}
	badKey, err := dkim(1024)
	if err != nil {
		return nil, err
	}
	good, err := l.WriteZone(Good, "ns1", goodZone+"default._domainkey TXT "+goodKey+"\n")
	if err != nil {
		return nil, err
	}
	goodSigned, goodDS, err := l.Sign(ctx, Good, good)
	if err != nil {
		return nil, err
	}
	bad, err := l.WriteZone(Bad, "ns1", badZone+"default._domainkey TXT "+badKey+"\n")
	if err != nil {
		return nil, err
	}
	rootSigned, rootDS, tldSigned, err := l.rootAndTLD(ctx, fmt.Sprintf(`@ NS ns
ns A %s
good NS ns1.good
good NS ns2.good
ns1.good A %s
ns2.good A %s
bad NS ns1.bad
bad NS ns2.bad
ns1.bad A %s
ns2.bad A %s
`, tldAddr, goodNS1, goodNS2, badNS1, badNS2)+strings.Join(goodDS, "\n"))
	if err != nil {
		return nil, err
	}
	return rootDS, l.StartBind(ctx, RootAddr, []View{
		{Addr: RootAddr, Zones: map[string]string{".": rootSigned}},
		{Addr: tldAddr, Zones: map[string]string{"test": tldSigned}},
		{Addr: goodNS1, Zones: map[string]string{Good: goodSigned}},
		{Addr: goodNS2, Zones: map[string]string{Good: goodSigned}},
		{Addr: badNS1, Zones: map[string]string{Bad: bad}, Recursion: true, Transfer: true},
		{Addr: ResolverAddr, Recursion: true},
		{Addr: badNS2}, // lame: it knows nothing of the zone
	})
}

// rootAndTLD writes and signs the root and the zone "test", whose records are
// given; rootDS is the trust anchor.
func (l *Lab) rootAndTLD(ctx context.Context, records string) (root string, rootDS []string, tld string, err error) {
	file, err := l.WriteZone("test", "ns", records)
	if err != nil {
		return "", nil, "", err
	}
	tld, ds, err := l.Sign(ctx, "test", file)
	if err != nil {
		return "", nil, "", err
	}
	file, err = l.WriteZone(".", "a.root.test.", fmt.Sprintf("@ NS a.root.test.\na.root.test. A %s\ntest. NS ns.test.\nns.test. A %s\n%s",
		RootAddr, tldAddr, strings.Join(ds, "\n")))
	if err != nil {
		return "", nil, "", err
	}
	root, rootDS, err = l.Sign(ctx, ".", file)
	return root, rootDS, tld, err
}

const goodZone = `@ NS ns1
@ NS ns2
ns1 A ` + goodNS1 + `
ns2 A ` + goodNS2 + `
@ A ` + goodWeb + `
www A ` + goodWeb + `
@ CAA 0 issue "ca.test"
@ MX 10 mail
mail A ` + goodMX + `
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@good.test"
_mta-sts TXT "v=STSv1; id=20260101"
mta-sts A ` + goodWeb + `
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@good.test"
`

// badZone: its own NS set lacks the second server of the delegation, www leads
// to a name that does not exist, and there is no CAA.
const badZone = `@ NS ns1
ns1 A ` + badNS1 + `
@ A ` + badWeb + `
www CNAME shop.gone.bad.test.
@ MX 10 mail
mail A ` + badMX + `
@ TXT "v=spf1 +all"
_dmarc TXT "v=DMARC1; p=none"
`

const goodPage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Good shop</title>
<link rel="stylesheet" href="/style.css"><script src="/shop.js"></script></head>
<body><h1>Good shop</h1><form action="/search" method="get"><input name="q"></form></body></html>`

const badPage = `<!doctype html><html><head><title>Bad shop</title>
<script src="http://bad.test/old.js"></script>
<script src="https://cdn.gone.test/lib.js"></script></head>
<body><h1>Bad shop</h1><form action="http://bad.test/login" method="post"><input type="password" name="p"></form></body></html>`

const stsPolicy = "version: STSv1\r\nmode: enforce\r\nmx: mail.good.test\r\nmax_age: 604800\r\n"

func securityTxt() string {
	return "Contact: mailto:security@good.test\nExpires: " + time.Now().AddDate(0, 6, 0).UTC().Format(time.RFC3339) + "\n"
}

func (l *Lab) startWebs(ctx context.Context) error {
	chain, key, err := l.CA.Issue(Good, "www."+Good, "mta-sts."+Good)
	if err != nil {
		return err
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // G403: short on purpose
	if err != nil {
		return err
	}
	badChain, badKey, err := SelfSigned(weak, time.Now().AddDate(0, 0, -3), "old.example")
	if err != nil {
		return err
	}
	files := map[string]string{
		"web/good.crt": chain, "web/good.key": key, "web/bad.crt": badChain, "web/bad.key": badKey,
		"web/good/index.html": goodPage, "web/good/style.css": "body{}", "web/good/shop.js": "",
		"web/good/.well-known/security.txt": securityTxt(),
		"web/good/.well-known/mta-sts.txt":  stsPolicy,
		"web/bad/index.html":                badPage,
		"web/bad/.well-known/security.txt":  "Contact: mailto:security@bad.test\nExpires: 2020-01-01T00:00:00Z\n",
		"web/dh1024.pem":                    dh1024,
	}
	for name, text := range files {
		if _, err := l.write(name, text); err != nil {
			return err
		}
	}
	r := strings.NewReplacer("DIR", l.Dir+"/web", "GOOD", goodWeb, "BAD", badWeb)
	return l.StartNginx(ctx, []string{goodWeb + ":80", goodWeb + ":443", badWeb + ":80", badWeb + ":443"},
		r.Replace(goodNginx), r.Replace(badNginx))
}

const goodNginx = `server_tokens off;
server { listen GOOD:80; server_name _; return 301 https://$host$request_uri; }
server {
 listen GOOD:443 ssl http2; server_name good.test www.good.test mta-sts.good.test; root DIR/good;
 ssl_certificate DIR/good.crt; ssl_certificate_key DIR/good.key;
 ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers off;
 ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305;
 add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;
 add_header Content-Security-Policy "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'" always;
 add_header X-Content-Type-Options nosniff always;
 add_header Referrer-Policy strict-origin-when-cross-origin always;
 add_header Set-Cookie "PHPSESSID=abc; Path=/; Secure; HttpOnly; SameSite=Lax";
}`

const badNginx = `
server {
 listen BAD:80; listen BAD:443 ssl; server_name bad.test; root DIR/bad; server_tokens on;
 ssl_certificate DIR/bad.crt; ssl_certificate_key DIR/bad.key; ssl_dhparam DIR/dh1024.pem;
 ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_prefer_server_ciphers on;
 ssl_ciphers "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:AES128-SHA:NULL-SHA256:@SECLEVEL=0";
 add_header Content-Security-Policy "default-src *; script-src * 'unsafe-inline'";
 add_header Set-Cookie "PHPSESSID=abc; Path=/";
 add_header Access-Control-Allow-Origin $http_origin;
 add_header Access-Control-Allow-Credentials true;
}`

// dh1024 is the 1024-bit MODP group of RFC 2409 section 6.2 (Oakley group 2)
// as PKCS #3 DH parameters.
const dh1024 = `-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
`

func (l *Lab) startMail(ctx context.Context) error {
	chain, key, err := l.CA.Issue("mail." + Good)
	if err != nil {
		return err
	}
	if err := l.StartPostfix(ctx, goodMX, "mail."+Good, chain, key); err != nil {
		return err
	}
	return l.StartPostfix(ctx, badMX, "mail."+Bad, "", "")
}
