//go:build unix

package lab

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// Good is the site without faults that every lab has; its mail server is the
// one of most sites.
const Good = "good.test"

// Start starts a lab in dir with these sites; the good one must be among them.
// It returns the DS records of the root, which are the trust anchor.
func Start(ctx context.Context, dir string, sites []Site) (l *Lab, anchors []string, err error) {
	return startWith(ctx, dir, sites, extra{})
}

// extra is what only benchmarks have: zones in bulk.
type extra struct {
	records string            // further records of the zone "test"
	shared  map[string]string // zones of the shared name servers -> the text of their file
	asked   map[string]string // zones that the resolver holds itself -> the text of their file
}

func startWith(ctx context.Context, dir string, sites []Site, more extra) (l *Lab, anchors []string, err error) {
	if l, err = New(dir); err != nil {
		return nil, nil, err
	}
	places := make([]*Place, len(sites))
	for i, s := range sites {
		places[i] = place(s, i)
		l.webs[s.Domain] = places[i].Web
	}
	if err = each(places, l.writeFiles); err == nil {
		err = l.shareMail(places)
	}
	if err == nil {
		err = l.startCA(ctx)
	}
	if err == nil {
		anchors, err = l.startNames(ctx, places, more)
	}
	if err == nil {
		err = l.startWebs(ctx, places)
	}
	if err == nil {
		err = l.startMail(ctx, places)
	}
	if err != nil {
		l.Close()
		return nil, nil, err
	}
	return l, anchors, nil
}

// writeFiles makes a site's certificates and its document root.
func (l *Lab) writeFiles(p *Place) (err error) {
	p.Dir = filepath.Join(l.Dir, "web", p.Domain)
	how := p.Cert
	if how == nil {
		how = Order{Edit: withOCSP}.Cert()
	}
	if p.Crt, p.Key, p.tlsa, err = l.certificate("web/"+p.Domain, how, p.Domain, "www."+p.Domain, "mta-sts."+p.Domain); err != nil {
		return err
	}
	if p.Mail != nil || p.Domain == Good {
		how := CertFunc((*Authority).Issue)
		if p.Mail != nil && p.Mail.Cert != nil {
			how = p.Mail.Cert
		}
		if p.MXCrt, p.MXKey, p.mxtlsa, err = l.certificate("mail/"+p.Domain, how, p.MXName); err != nil {
			return err
		}
	}
	files := goodFiles()
	maps.Copy(files, p.Files)
	for name, text := range files {
		if text == "-" {
			continue
		}
		if _, err := l.write("web/"+p.Domain+"/"+name, p.Expand(text)); err != nil {
			return err
		}
	}
	return nil
}

// withOCSP has a certificate name the authority's responder.
func withOCSP(t *x509.Certificate) { t.OCSPServer = []string{ocspURL} }

// certificate writes a chain, its key and the authority's word on it, for the
// server to staple, and returns the files' paths and the
// data of a TLSA record for the key.
func (l *Lab) certificate(name string, how CertFunc, names ...string) (crt, key, tlsa string, err error) {
	chain, keyPEM, err := how(l.CA, names...)
	if err != nil {
		return "", "", "", err
	}
	if crt, err = l.write(name+".crt", chain); err != nil {
		return "", "", "", err
	}
	if key, err = l.write(name+".key", keyPEM); err != nil {
		return "", "", "", err
	}
	block, _ := pem.Decode([]byte(chain))
	if block == nil {
		return "", "", "", errors.New("a chain without certificate")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", "", "", err
	}
	answer, err := l.CA.OCSP(leaf.SerialNumber)
	if err == nil {
		_, err = l.write(name+".ocsp", string(answer))
	}
	if err != nil {
		return "", "", "", err
	}
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return crt, key, "3 1 1 " + hex.EncodeToString(sum[:]), nil
}

// goodFiles are the files of a site without faults.
func goodFiles() map[string]string {
	return map[string]string{
		"index.html": goodPage, "style.css": "body{}", "shop.js": "", "logo.svg": goodLogo,
		".well-known/security.txt": "Contact: mailto:security@{domain}\nExpires: " + time.Now().AddDate(0, 6, 0).UTC().Format(time.RFC3339) + "\n",
		".well-known/mta-sts.txt":  "version: STSv1\r\nmode: enforce\r\nmx: {mxname}\r\nmax_age: 604800\r\n",
	}
}

const goodPage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Good shop</title>
<link rel="stylesheet" href="/style.css"><script src="/shop.js"></script></head>
<body><h1>Good shop</h1><form action="/search" method="get"><input name="q"></form></body></html>`

// startWebs starts nginx for all sites, apache2 for those that want it, and
// what a site brings along.
func (l *Lab) startWebs(ctx context.Context, places []*Place) error {
	var addrs, ready, blocks []string
	var apache []*Place
	for _, p := range places {
		addrs = append(addrs, p.Web6)
		own := p.nginxServers()
		blocks = append(blocks, own...)
		if len(own) == 2 && p.Beside == nil {
			ready = append(ready, p.Web+":443", net.JoinHostPort(p.Web6, "443"))
		}
		if p.Apache {
			apache = append(apache, p)
		}
	}
	if err := l.own(ctx, addrs...); err != nil {
		return err
	}
	if err := l.StartNginx(ctx, ready, append(blocks, statusServer)...); err != nil {
		return err
	}
	if len(apache) > 0 {
		if err := l.StartApache(ctx, apache); err != nil {
			return err
		}
	}
	for _, p := range places {
		for _, serve := range []func(context.Context, *Lab, *Place) error{p.Serve, p.Beside} {
			if serve == nil {
				continue
			}
			if err := serve(ctx, l, p); err != nil {
				return fmt.Errorf("%s: %w", p.Domain, err)
			}
		}
	}
	return nil
}

// shareMail gives the sites without a mail server the hash of the shared one.
func (l *Lab) shareMail(places []*Place) error {
	for _, p := range places {
		if p.Domain == Good {
			for _, q := range places {
				if q.mxtlsa == "" {
					q.mxtlsa = p.mxtlsa
				}
			}
			return nil
		}
	}
	return errors.New("the good site is not among the sites")
}

// startMail starts one postfix for all, and what a site brings along.
func (l *Lab) startMail(ctx context.Context, places []*Place) error {
	var served []*Place
	for _, p := range places {
		switch {
		case p.Domain != Good && p.Mail == nil:
		case p.Mail != nil && p.Mail.Serve != nil:
			if err := p.Mail.Serve(ctx, l, p); err != nil {
				return fmt.Errorf("%s: %w", p.Domain, err)
			}
		default:
			served = append(served, p)
		}
	}
	if oneUser() {
		return l.serveMail(ctx, served[0])
	}
	return l.StartPostfix(ctx, served)
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
