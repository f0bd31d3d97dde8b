package mailprobe

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

const goodSVG = `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.2" baseProfile="tiny-ps" viewBox="0 0 9 9">
<title>Shop</title><defs><linearGradient id="g"/></defs><rect width="9" height="9" fill="url(#g)"/><use xlink:href="#g"/></svg>`

func TestSVG(t *testing.T) {
	with := func(element string) string { return strings.Replace(goodSVG, "</svg>", element+"</svg>", 1) }
	var small, large bytes.Buffer
	for to, text := range map[*bytes.Buffer]string{&small: goodSVG, &large: with(strings.Repeat(" ", 1<<20))} {
		z := gzip.NewWriter(to)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
	}
	tests := []struct{ about, svg, fault string }{
		{"good", goodSVG, ""},
		{"compressed", small.String(), ""},
		{"a bomb", large.String(), "larger than 32768 bytes"},
		{"cut off", small.String()[:20], "cannot be read"},
		{"too large", with(strings.Repeat("x", svgSize)), "larger than"},
		{"no title", strings.Replace(goodSVG, "<title>Shop</title>", "", 1), "no <title>"},
		{"an empty title", strings.Replace(goodSVG, ">Shop<", "> <", 1), "no <title>"},
		{"a title elsewhere", with("<g><title>x</title></g>"), ""},
		{"no profile", strings.Replace(goodSVG, `baseProfile="tiny-ps"`, "", 1), `baseProfile is "", not "tiny-ps"`},
		{"another profile", strings.Replace(goodSVG, "tiny-ps", "tiny", 1), `baseProfile is "tiny"`},
		{"another version", strings.Replace(goodSVG, `version="1.2"`, `version="1.1"`, 1), `version is "1.1"`},
		{"placed", strings.Replace(goodSVG, `viewBox`, `x="0" viewBox`, 1), "x or y"},
		{"script", with("<script>alert(1)</script>"), "<script>"},
		{"a bitmap", with(`<image xlink:href="data:image/png;base64,AA"/>`), "<image>"},
		{"moves", with("<animate/>"), "<animate>"},
		{"a link", with(`<use xlink:href="https://x.test/a.svg#b"/>`), `leads to "https://x.test/a.svg#b"`},
		{"a handler", with(`<rect onclick="x()"/>`), "attribute onclick"},
		{"entities", `<!DOCTYPE svg [<!ENTITY a "b">]>` + goodSVG[strings.Index(goodSVG, "<svg"):], "entities"},
		{"a page", "<html><body>not found</body></html>", "no SVG"},
		{"no namespace", `<svg version="1.2" baseProfile="tiny-ps"><title>a</title></svg>`, "no SVG"},
		{"text", "hello", "no SVG"},
		{"not closed", goodSVG[:len(goodSVG)-6], "no XML"},
		{"deep", with(strings.Repeat("<g>", 500)), "too deep"},
		{"bytes", "\x00\xff", "no XML"},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			if got := svgFault([]byte(tt.svg)); !strings.Contains(got, tt.fault) || (got == "") != (tt.fault == "") {
				t.Errorf("got %q, want %q", got, tt.fault)
			}
		})
	}
}

// mark makes a certificate for logos; edit may spoil it.
func mark(t testing.TB, edit func(*x509.Certificate)) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Shop"}, DNSNames: []string{"example.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 31}},
		ExtraExtensions:    []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 12}, Value: []byte{0x30, 0}}},
	}
	if edit != nil {
		edit(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestMarkCertificate(t *testing.T) {
	tests := []struct {
		about string
		body  []byte
		fault string
	}{
		{"good", mark(t, nil), ""},
		{"for the record's name", mark(t, func(c *x509.Certificate) { c.DNSNames = []string{"default._bimi.example.test"} }), ""},
		{"another block before it", append([]byte("-----BEGIN X-----\nAA==\n-----END X-----\n"), mark(t, nil)...), ""},
		{"of a web site", mark(t, func(c *x509.Certificate) { c.UnknownExtKeyUsage = nil }), "not one for logos"},
		{"without a logo", mark(t, func(c *x509.Certificate) { c.ExtraExtensions = nil }), "holds no logo"},
		{"expired", mark(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), "expired"},
		{"not yet valid", mark(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), "not valid before"},
		{"of another firm", mark(t, func(c *x509.Certificate) { c.DNSNames = []string{"other.test"} }), "other names: other.test"},
		{"a page", []byte("<html>"), "no certificate"},
		{"no certificate", []byte("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"), "cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			if got := markFault(tt.body, "example.test", time.Now()); !strings.Contains(got, tt.fault) || (got == "") != (tt.fault == "") {
				t.Errorf("got %q, want %q", got, tt.fault)
			}
		})
	}
}

// TestBIMI reads records, and fetches what they lead to from a real server.
func TestBIMI(t *testing.T) {
	const record = `default._bimi.example.test. TXT "v=BIMI1; l=https://logo.example.test/l.svg`
	tests := []struct {
		about, domain, zone string
		down                string
		records             int
		declined            bool
		fault               string // of the record
		logo, mark          string // what is wrong with them
		fails               scanner.FailureKind
	}{
		{about: "none", zone: `default._bimi.example.test. TXT "hello"`},
		{about: "good", zone: record + `"`, records: 1},
		{about: "with a certificate", zone: record + `; a=https://logo.example.test/good.pem"`, records: 1},
		{about: "with the certificate of another", zone: record + `; a=https://logo.example.test/other.pem"`, records: 1, mark: "other names"},
		{about: "of the organisation", domain: "shop.example.test", zone: record + `"`, records: 1},
		{about: "declined", zone: `default._bimi.example.test. TXT "v=BIMI1; l=; a="`, records: 1, declined: true},
		{about: "two", zone: record + "\"\n" + `default._bimi.example.test. TXT "v=BIMI1; l="`, records: 2, fault: "2 records"},
		{about: "no l", zone: `default._bimi.example.test. TXT "v=BIMI1; a="`, records: 1, fault: "no l"},
		{about: "plain http", zone: `default._bimi.example.test. TXT "v=BIMI1; l=http://logo.example.test/l.svg"`, records: 1, fault: "no https address"},
		{about: "not found", zone: `default._bimi.example.test. TXT "v=BIMI1; l=https://logo.example.test/gone.svg"`, records: 1, logo: "HTTP status 404"},
		{about: "no picture", zone: `default._bimi.example.test. TXT "v=BIMI1; l=https://logo.example.test/page"`, records: 1, logo: "no SVG"},
		{about: "empty", zone: `default._bimi.example.test. TXT "v=BIMI1; l=https://logo.example.test/empty"`, records: 1, logo: "empty"},
		{about: "endless", zone: `default._bimi.example.test. TXT "v=BIMI1; l=https://logo.example.test/endless"`, records: 1, fails: scanner.FailProtocol},
		{about: "no such host", zone: `default._bimi.example.test. TXT "v=BIMI1; l=https://gone.example.test/l.svg"`, records: 1, fails: scanner.FailUnresolved},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, tt.zone+"\nlogo.example.test. A 192.0.2.80")
			other := mark(t, func(c *x509.Certificate) { c.DNSNames = []string{"other.test"} })
			bodies := map[string][]byte{
				"/l.svg": []byte(goodSVG), "/page": []byte("<html><body></body></html>"), "/empty": {}, "/good.pem": mark(t, nil), "/other.pem": other,
				"/endless": bytes.Repeat([]byte(" "), bimiLogoSize+1),
			}
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, ok := bodies[r.URL.Path]
				if !ok {
					http.NotFound(w, r)
					return
				}
				_, _ = w.Write(body)
			}))
			server.TLS = &tls.Config{Certificates: []tls.Certificate{l.certificate(t, "logo.example.test")}, MinVersion: tls.VersionTLS12}
			server.StartTLS()
			t.Cleanup(server.Close)
			l.lead("logo.example.test", 443, netip.MustParseAddrPort(server.Listener.Addr().String()))
			domain := tt.domain
			if domain == "" {
				domain = "example.test"
			}
			got := l.scan(New(), domain).bimi(t.Context())
			if got.Failure != nil || len(got.Records) != tt.records || got.Declined != tt.declined || kind(got.LogoFailure) != tt.fails || got.MarkFailure != nil {
				t.Fatalf("got %+v, %v, %v", got, got.LogoFailure, got.MarkFailure)
			}
			for _, x := range [][2]string{{got.Error, tt.fault}, {got.LogoError, tt.logo}, {got.MarkError, tt.mark}} {
				if !strings.Contains(x[0], x[1]) || (x[0] == "") != (x[1] == "") {
					t.Errorf("fault %q, want %q", x[0], x[1])
				}
			}
		})
	}
	t.Run("no answer", func(t *testing.T) {
		l := newLab(t, "")
		l.zone.fails["default._bimi.example.test"] = scanner.Failf(scanner.FailServer, "SERVFAIL")
		if got := l.scan(New(), "example.test").bimi(t.Context()); kind(got.Failure) != scanner.FailServer {
			t.Errorf("got %+v", got)
		}
	})
}

func FuzzBIMI(f *testing.F) {
	for _, s := range []string{"v=BIMI1; l=https://x.test/a.svg; a=https://x.test/a.pem", "v=BIMI1;l=;a=", "v=BIMI1; l=self", "v=BIMI1; l=https://\x00", "v=BIMI1;;=", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, record string) {
		bimiRecords([]string{record})
		got := bimiFacts("default._bimi.example.test", []string{record})
		storable(t, append(got.Records, got.Error, got.Logo, got.Mark)...)
		if got.Declined && (got.Logo != "" || got.Mark != "") {
			t.Errorf("%+v", got)
		}
	})
}

func FuzzSVG(f *testing.F) {
	f.Add([]byte(goodSVG))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Add([]byte(`<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>`))
	f.Add([]byte(`<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps"></svg></svg>`))
	f.Fuzz(func(t *testing.T, body []byte) { storable(t, svgFault(body)) })
}

func FuzzMark(f *testing.F) {
	f.Add(mark(f, nil))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, body []byte) { storable(t, markFault(body, "example.test", time.Now())) })
}
