package app_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// authority is a certificate authority that the yard's scanner trusts: what is
// fetched only behind a good certificate, or because of what one says, can be
// hostile too.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (y *yard) newAuthority() *authority {
	y.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		y.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Yard Authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		y.t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		y.t.Fatal(err)
	}
	return &authority{c, key}
}

// signed is a certificate of the yard's authority for label.hk and the names
// below it.
func (y *yard) signed(label string, change ...func(*x509.Certificate)) tls.Certificate {
	y.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		y.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: label + ".hk"}, DNSNames: []string{label + ".hk", "*." + label + ".hk"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 2, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	for _, f := range change {
		f(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, y.authority.cert, key.Public(), y.authority.key)
	if err != nil {
		y.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// at does what hostile does where the path begins with one of the prefixes, and
// is tame elsewhere.
func at(hostile act, prefixes ...string) act {
	return func(y *yard, c net.Conn) {
		in := bufio.NewReader(c)
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(r.URL.Path, p) }) {
			hostile(y, &spoken{Conn: c, request: "GET " + r.URL.Path + " HTTP/1.1\r\nHost: x\r\n\r\n"})
			return
		}
		_, _ = io.WriteString(c, ok+"Content-Length: 2\r\n\r\nhi")
	}
}

// spoken is a connection whose request comes again.
type spoken struct {
	net.Conn
	request string
}

func (s *spoken) Read(b []byte) (int, error) {
	if s.request == "" {
		return s.Conn.Read(b)
	}
	n := copy(b, s.request)
	s.request = s.request[n:]
	return n, nil
}

// hostileAuthorities are sites whose certificate names a responder or a
// revocation list that does its worst.
func (y *yard) hostileAuthorities() map[string]acts {
	zeros := bytes.Repeat([]byte{0}, 16<<10)
	nested := bytes.Repeat([]byte{0x30, 0x80}, 30<<10)
	packed := bomb()
	sites := map[string]acts{}
	for name, do := range map[string]act{
		"tarpit": hold, "deaf": deaf, "slam": slam, "drip": drip(ok + "Content-Length: 1000\r\n\r\n"), "garbage": pour("", noise()),
		"endless": streams(ok+"\r\n", string(zeros)), "headers": streams(ok, "A: b\r\n"),
		"huge":   says(ok + "Content-Length: 5000000\r\n\r\n" + strings.Repeat("0", 5000000)),
		"bomb":   says(ok + fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(packed), packed)),
		"nested": says(ok + "Connection: close\r\n\r\n" + string(nested)),
		"turned": to(fmt.Sprintf("http://127.0.0.1:%d/", y.ports[80])),
		"loops":  maze(func(n int) string { return fmt.Sprintf("/r%d", n) }),
		"list":   says(ok + "Connection: close\r\n\r\n" + string(y.longList())),
	} {
		label := "ca-" + name
		sites[label] = y.asking(label, do, "http://"+label+".hk/r")
	}
	// What a certificate names is an address that somebody else chose.
	for i, url := range []string{
		"http://127.0.0.1/", "http://127.0.0.1:$CANARY/", "http://localhost:$CANARY/", "http://169.254.169.254/latest/meta-data/", "http://[::1]:$CANARY/",
		"http://[::ffff:127.0.0.1]:$CANARY/", "http://[64:ff9b::7f00:1]:$CANARY/", "http://private.hk:$CANARY/", "http://turns.hk:$CANARY/",
		"http://2130706433:$CANARY/", "http://127.0.0.1:25/", "http://private.hk:$CANARY/a\r\nX: y", "HTTP://0:$CANARY/",
	} {
		label := fmt.Sprintf("ca-to%d", i)
		sites[label] = y.asking(label, tame(), strings.ReplaceAll(url, "$CANARY", fmt.Sprint(y.ports[80])))
	}
	return sites
}

// asking is a site whose certificate is to be asked about at url, first as a
// responder and then as a list.
func (y *yard) asking(label string, responder act, url string) acts {
	cert := y.signed(label, func(c *x509.Certificate) {
		c.OCSPServer, c.CRLDistributionPoints = []string{url}, []string{url + "/list.crl"}
	})
	return acts{80: at(responder, "/r"), 443: y.with(cert, tame()), 25: post()}
}

// longList is a revocation list of nearly the size that is read, with as many
// entries as fit, by nobody.
func (y *yard) longList() []byte {
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour)}
	for i := range 190000 {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(int64(i%200 + 3)), RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, y.authority.cert, y.authority.key)
	if err != nil {
		y.t.Fatal(err)
	}
	return der
}

// hostileDocuments are sites whose logo for mail, certificate for it, or policy
// for mail is hostile, by what is fetched; a name in addresses is put in by
// hostileYard.
func (y *yard) hostileDocuments() map[string]acts {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = io.WriteString(w, `<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps"><title>`)
	for range 200 {
		_, _ = w.Write(bytes.Repeat([]byte("<g>"), 300000))
	}
	_ = w.Close()
	laughs := `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">`
	for i := range 30 {
		laughs += fmt.Sprintf(`<!ENTITY %c "%s">`, 'b'+i, strings.Repeat(fmt.Sprintf("&%c;", 'a'+i), 10))
	}
	laughs += `]><svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps"><title>&e;</title></svg>`
	body := func(s string) act { return says(ok + "Connection: close\r\n\r\n" + s) }
	sites := map[string]acts{}
	for name, do := range map[string]act{
		"tarpit": hold, "drip": drip(ok + "Content-Length: 1000\r\n\r\n"), "endless": streams(ok+"\r\n", "mx: a.hk\n"), "headers": streams(ok, "A: b\r\n"),
		"packed": body(z.String()), "laughs": body(laughs), "deep": body(`<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps">` + strings.Repeat("<g>", 10000)),
		"attributes": body("<svg " + strings.Repeat(`a="" `, 6000) + ">"), "spaces": body("<svg " + strings.Repeat(`xmlns:a="b" `, 2500) + ">" + strings.Repeat("<a:g/>", 300)),
		"pem": body(strings.Repeat("-----BEGIN CERTIFICATE-----\n", 8000)), "keys": body(strings.Repeat("-----BEGIN X-----\nAAAA\n-----END X-----\n", 6000)),
		"lines": body(strings.Repeat("\n:", 30000)), "turned": to(fmt.Sprintf("https://127.0.0.1:%d/", y.ports[443])), "loops": maze(func(n int) string { return fmt.Sprintf("/d%d", n) }),
		"slam": slam, "garbage": pour("", noise()), "bomb": body(bomb()),
	} {
		label := "doc-" + name
		sites[label] = acts{80: tame(), 443: y.with(y.signed(label), at(do, "/d", "/.well-known/mta-sts")), 25: post()}
	}
	return sites
}

// hostileTLS are sites whose certificate, tickets or handshake are hostile.
func (y *yard) hostileTLS() map[string]acts {
	many := make([]string, 9000)
	for i := range many {
		many[i] = fmt.Sprintf("%d.hk", i)
	}
	list := []byte{0, 0}
	for i := range 1300 {
		sct := append([]byte{0, 43, 0, byte(i >> 8), byte(i)}, make([]byte, 40)...)
		list = append(list, sct...)
	}
	list[0], list[1] = byte((len(list)-2)>>8), byte(len(list)-2)
	value, err := asn1.Marshal(list)
	if err != nil {
		y.t.Fatal(err)
	}
	logs := func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: value}}
	}
	hundred := y.signed("tls-hundred")
	hundred.Certificate = append(hundred.Certificate, slices.Repeat([][]byte{y.authority.cert.Raw}, 99)...)
	fat := &tls.Config{ // #nosec G402
		Certificates: []tls.Certificate{y.signed("tls-tickets")},
		WrapSession:  func(tls.ConnectionState, *tls.SessionState) ([]byte, error) { return make([]byte, 60000), nil },
	}
	stapled := y.signed("tls-stapled")
	stapled.OCSPStaple = bytes.Repeat([]byte{0x30, 0x80}, 30000)
	key := y.hugeKey()
	ssl2 := append([]byte{0xff, 0xff, 4, 0, 1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, noise()...)
	return map[string]acts{
		"tls-many-names": {80: tame(), 443: y.with(y.signed("tls-many-names", func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, many...) }), tame()), 25: post()},
		"tls-logs":       {80: tame(), 443: y.with(y.signed("tls-logs", logs), tame()), 25: post()},
		"tls-hundred":    {80: tame(), 443: y.with(hundred, tame()), 25: post()},
		"tls-stapled":    {80: tame(), 443: y.with(stapled, tame()), 25: post()},
		"tls-tickets":    {80: tame(), 443: speaking(fat, tame()), 25: post()},
		"tls-afterwards": {80: tame(), 443: speaking(fat, pour("", noise())), 25: post()},
		"tls-huge-key":   {80: tame(), 443: key, 25: mail("220 hi\r\n", "250-a\r\n250 STARTTLS\r\n", key)},
		"tls-ssl2":       {80: tame(), 443: pour("", ssl2), 25: post()},
		"tls-stops":      {80: tame(), 443: stopsAnswering(), 25: post()},
		"tls-hellos":     {80: tame(), 443: pour("", append([]byte{22, 3, 3, 0, 44, 2, 0, 0, 40}, noise()[:40]...)), 25: post()},
		// Other hosts that the page loads from.
		"linked-stall": {80: tame(), 443: y.byName("s", deaf, page("https://s%d.linked-stall.hk/a.js")), 25: post()},
		"linked-noise": {80: tame(), 443: y.byName("s", pour("", noise()), page("https://s%d.linked-noise.hk/a.js")), 25: post()},
		"linked-drip":  {80: tame(), 443: y.byName("s", drip("\x16\x03\x03\x40\x00"), page("https://s%d.linked-drip.hk/a.js")), 25: post()},
		"linked-inner": {80: tame(), 443: secure(says(ok + "Connection: close\r\n\r\n" + y.innerLinks())), 25: post()},
	}
}

func page(link string) act {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "<script src="+link+"></script>", i)
	}
	return says(ok + "Connection: close\r\n\r\n" + b.String())
}

// innerLinks loads from hosts that are this machine.
func (y *yard) innerLinks() string {
	var b strings.Builder
	for _, host := range []string{"127.0.0.1", "private.hk", "alias.private.hk", "six.private.hk", "turns.hk", "localhost", "[::1]", "2130706433"} {
		for _, port := range []uint16{22, 443, y.ports[80], y.ports[443]} {
			fmt.Fprintf(&b, "<script src=https://%s:%d/></script><link rel=stylesheet href=https://%[1]s:%d/>", host, port, port)
		}
	}
	return b.String()
}

func speaking(c *tls.Config, inner act) act {
	return func(y *yard, conn net.Conn) {
		t := tls.Server(conn, c)
		if t.HandshakeContext(y.t.Context()) == nil {
			inner(y, t)
			_ = conn.Close()
		}
	}
}

// byName does one thing for names that begin with prefix, once they have said
// hello, and speaks TLS with the others.
func (y *yard) byName(prefix string, hostile, inner act) act {
	return func(y *yard, c net.Conn) {
		t := tls.Server(c, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) { // #nosec G402
			if strings.HasPrefix(h.ServerName, prefix) {
				hostile(y, c)
				return nil, net.ErrClosed
			}
			return &tls.Config{Certificates: []tls.Certificate{y.cert}}, nil // #nosec G402
		}})
		if t.HandshakeContext(y.t.Context()) == nil {
			inner(y, t)
			_ = c.Close()
		}
	}
}

// stopsAnswering is a good server that takes no part any more after three
// connections.
func stopsAnswering() act {
	turn := make(chan int, 1)
	turn <- 0
	return func(y *yard, c net.Conn) {
		n := <-turn
		turn <- n + 1
		if n < 3 {
			secure(tame())(y, c)
			return
		}
		deaf(y, c)
	}
}

// hugeKey sends, without encryption ever beginning, a certificate that claims
// to be signed by its own RSA key of 800,000 bits.
func (y *yard) hugeKey() act {
	y.t.Helper()
	small, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		y.t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "huge"}, NotAfter: time.Now().AddDate(0, 1, 0), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, small.Public(), small)
	if err != nil {
		y.t.Fatal(err)
	}
	var outer struct {
		Data, Algorithm asn1.RawValue
		Signature       asn1.BitString
	}
	n := slices.Repeat([]byte{0xff}, 100000)
	was, err1 := x509.MarshalPKIXPublicKey(small.Public())
	is, err2 := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 1<<31 - 1})
	_, err3 := asn1.Unmarshal(der, &outer)
	data, err4 := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: bytes.Replace(outer.Data.Bytes, was, is, 1)})
	outer.Data = asn1.RawValue{FullBytes: data}
	n[0] = 1
	outer.Signature = asn1.BitString{Bytes: n, BitLength: len(n) * 8}
	der, err5 := asn1.Marshal(outer)
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			y.t.Fatal(err)
		}
	}
	three := func(n int) []byte { return []byte{byte(n >> 16), byte(n >> 8), byte(n)} }
	list := append(three(len(der)), der...)
	hello := append(append([]byte{2, 0, 0, 38, 3, 3}, make([]byte, 32+1)...), 0, 0x2f, 0) // with RSA key transport
	flight := slices.Concat(hello, []byte{11}, three(len(list)+3), three(len(list)), list, []byte{14, 0, 0, 0})
	var wire []byte
	for part := range slices.Chunk(flight, 16000) {
		wire = append(append(wire, 22, 3, 3, byte(len(part)>>8), byte(len(part))), part...)
	}
	return func(_ *yard, c net.Conn) {
		_, _ = c.Write(wire)
		_, _ = io.Copy(io.Discard, c)
	}
}
