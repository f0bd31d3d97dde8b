package tlsprobe

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/cybersec-infohub/infohub/scanner"
)

func dates(from, to time.Time) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to }
}

func signedWith(a x509.SignatureAlgorithm) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.SignatureAlgorithm = a }
}

func TestChains(t *testing.T) {
	p := newPKI(t)
	stranger := issue(t, nil, ecKey(t), "Other Root", asCA)
	strangerMiddle := issue(t, stranger, ecKey(t), "Other Intermediate", asCA)
	rsaRoot := issue(t, nil, rsaKey(t, 2048), "RSA Root", asCA)
	p.roots.AddCert(rsaRoot.cert)
	rsaMiddle := issue(t, rsaRoot, rsaKey(t, 2048), "RSA Intermediate", asCA)
	sha1Middle := issue(t, rsaRoot, rsaKey(t, 2048), "SHA-1 Intermediate", asCA, signedWith(x509.SHA1WithRSA))
	youngRoot := issue(t, nil, ecKey(t), "Young Root", asCA, dates(now.Add(-time.Hour), now.Add(day)))
	p.roots.AddCert(youngRoot.cert)
	oldMiddle := issue(t, p.root, ecKey(t), "Old Intermediate", asCA, dates(now.Add(-400*day), now.Add(-10*day)))
	site, other := forNames("example.hk"), forNames("example.org")
	tests := []struct {
		name    string
		cert    tls.Certificate
		verdict scanner.ChainVerdict
		match   bool
		leaf    func(scanner.Cert) bool
	}{
		{"good", p.leaf(t, ecKey(t)).chain(p.middle), scanner.ChainTrusted, true, func(c scanner.Cert) bool {
			return c.KeyType == "ECDSA" && c.KeyBits == 256 && c.Signature == "ECDSA-SHA256" && !c.SelfSigned && !c.OCSP &&
				len(c.SHA256) == 64 && len(c.KeySHA256) == 64 && len(c.Names) == 2 && c.NotAfter.Equal(now.Add(60*day)) && strings.Contains(c.Subject, "CN=example.hk")
		}},
		{"good, root sent too, out of order", p.leaf(t, ecKey(t)).chain(p.root, p.middle), scanner.ChainTrusted, true, nil},
		{"wildcard", issue(t, p.middle, ecKey(t), "w", forNames("*.hk")).chain(p.middle), scanner.ChainTrusted, true, nil},
		{"name only in the subject", issue(t, p.middle, ecKey(t), "example.hk").chain(p.middle), scanner.ChainTrusted, false, nil},
		{"wrong name", issue(t, p.middle, ecKey(t), "example.org", other).chain(p.middle), scanner.ChainTrusted, false, nil},
		{"expired", p.leaf(t, ecKey(t), dates(now.Add(-90*day), now.Add(-day))).chain(p.middle), scanner.ChainTrusted, true, nil},
		{"expired before its root was made", issue(t, youngRoot, ecKey(t), "example.hk", site, dates(now.Add(-90*day), now.Add(-day))).chain(), scanner.ChainTrusted, true, nil},
		{"expired, and its intermediate too", issue(t, oldMiddle, ecKey(t), "example.hk", site, dates(now.Add(-90*day), now.Add(-20*day))).chain(oldMiddle), scanner.ChainTrusted, true, nil},
		{"expired, unknown authority", issue(t, stranger, ecKey(t), "example.hk", site, dates(now.Add(-90*day), now.Add(-day))).chain(stranger), scanner.ChainUnknownCA, true, nil},
		{"not valid yet", p.leaf(t, ecKey(t), dates(now.Add(day), now.Add(9*day))).chain(p.middle), scanner.ChainTrusted, true, nil},
		{"intermediate expired", issue(t, oldMiddle, ecKey(t), "example.hk", site).chain(oldMiddle), scanner.ChainInvalid, true, nil},
		{"self-signed", issue(t, nil, ecKey(t), "example.hk", site).chain(), scanner.ChainSelfSigned, true, func(c scanner.Cert) bool { return c.SelfSigned }},
		{"self-signed with SHA-1", issue(t, nil, rsaKey(t, 2048), "example.hk", site, signedWith(x509.SHA1WithRSA)).chain(), scanner.ChainSelfSigned, true, func(c scanner.Cert) bool { return c.SelfSigned && c.Signature == "SHA1-RSA" }},
		{"unknown authority", issue(t, strangerMiddle, ecKey(t), "example.hk", site).chain(strangerMiddle), scanner.ChainUnknownCA, true, nil},
		{"unknown authority, root sent", issue(t, stranger, ecKey(t), "example.hk", site).chain(stranger), scanner.ChainUnknownCA, true, nil},
		{"intermediate missing", p.leaf(t, ecKey(t)).chain(), scanner.ChainIncomplete, true, nil},
		{"another intermediate sent", p.leaf(t, ecKey(t)).chain(strangerMiddle), scanner.ChainIncomplete, true, nil},
		{"for clients only", p.leaf(t, ecKey(t), func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }).chain(p.middle), scanner.ChainInvalid, true, nil},
		{"issued by a leaf", issue(t, p.leaf(t, ecKey(t)), ecKey(t), "x", site).chain(p.leaf(t, ecKey(t)), p.middle), scanner.ChainUnknownCA, true, nil},
		{"RSA 1024", issue(t, rsaMiddle, rsaKey(t, 1024), "example.hk", site).chain(rsaMiddle), scanner.ChainTrusted, true, func(c scanner.Cert) bool { return c.KeyType == "RSA" && c.KeyBits == 1024 }},
		{"SHA-1 leaf", issue(t, rsaMiddle, rsaKey(t, 2048), "example.hk", site, signedWith(x509.SHA1WithRSA)).chain(rsaMiddle), scanner.ChainTrusted, true, func(c scanner.Cert) bool { return c.Signature == "SHA1-RSA" }},
		{"SHA-1 leaf, expired", issue(t, rsaMiddle, rsaKey(t, 2048), "example.hk", site, signedWith(x509.SHA1WithRSA), dates(now.Add(-90*day), now.Add(-day))).chain(rsaMiddle), scanner.ChainTrusted, true, nil},
		{"SHA-1 leaf, ECDSA", issue(t, p.middle, ecKey(t), "example.hk", site, signedWith(x509.ECDSAWithSHA1)).chain(p.middle), scanner.ChainTrusted, true, nil},
		{"SHA-1 leaf, intermediate missing", issue(t, rsaMiddle, rsaKey(t, 2048), "example.hk", site, signedWith(x509.SHA1WithRSA)).chain(), scanner.ChainIncomplete, true, nil},
		// Without the root's certificate its signature cannot be checked.
		{"SHA-1 intermediate", issue(t, sha1Middle, rsaKey(t, 2048), "example.hk", site).chain(sha1Middle), scanner.ChainUnknownCA, true, nil},
		{"must staple, has a responder", p.leaf(t, ecKey(t), func(c *x509.Certificate) {
			c.OCSPServer = []string{"http://ocsp.example/"}
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}}}
		}).chain(p.middle), scanner.ChainTrusted, true, func(c scanner.Cert) bool { return c.OCSP && c.MustStaple }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			to := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{tt.cert}})
			h := examine(t, to, CertOnly, func(s *Server) { s.Roots = p.roots })
			if h.Failure != nil || h.Partial != nil || h.Connections != 1 {
				t.Fatalf("failure %v, partial %v, %d connections", h.Failure, h.Partial, h.Connections)
			}
			if h.Verify != tt.verdict || (h.VerifyDetail == "") != (tt.verdict == scanner.ChainTrusted) || h.NameMatch != tt.match {
				t.Errorf("verify %q (%s), want %q; name matches: %v", h.Verify, h.VerifyDetail, tt.verdict, h.NameMatch)
			}
			if len(h.Chain) != len(tt.cert.Certificate) {
				t.Fatalf("%d certificates, want %d", len(h.Chain), len(tt.cert.Certificate))
			}
			if tt.leaf != nil && !tt.leaf(h.Chain[0]) {
				t.Errorf("leaf %+v", h.Chain[0])
			}
		})
	}
}

func TestStapling(t *testing.T) {
	p := newPKI(t)
	leaf := p.leaf(t, ecKey(t))
	direct := issue(t, p.root, ecKey(t), "example.hk", forNames("example.hk"))
	tests := []struct {
		name   string
		cert   tls.Certificate
		staple []byte
		want   string // part of StapleError
	}{
		{"none", leaf.chain(p.middle), nil, ""},
		{"good", leaf.chain(p.middle), leaf.staple(t, p.middle), ""},
		{"good, of a root that is not sent", direct.chain(), direct.staple(t, p.root), ""},
		{"good, intermediate not sent", leaf.chain(), leaf.staple(t, p.middle), ""},
		{"expired", leaf.chain(p.middle), leaf.staple(t, p.middle, func(r *ocsp.Response) { r.NextUpdate = now.Add(-time.Hour) }), "expired"},
		{"from the future", leaf.chain(p.middle), leaf.staple(t, p.middle, func(r *ocsp.Response) { r.ThisUpdate = now.Add(time.Hour) }), "future"},
		{"revoked", leaf.chain(p.middle), leaf.staple(t, p.middle, func(r *ocsp.Response) { r.Status, r.RevokedAt = ocsp.Revoked, now.Add(-day) }), "revoked"},
		{"unknown", leaf.chain(p.middle), leaf.staple(t, p.middle, func(r *ocsp.Response) { r.Status = ocsp.Unknown }), "does not know"},
		{"of another certificate", leaf.chain(p.middle), p.leaf(t, ecKey(t)).staple(t, p.middle), "no response matching"},
		{"signed by a stranger", leaf.chain(p.middle), leaf.staple(t, issue(t, nil, ecKey(t), "Stranger", asCA)), "bad OCSP signature"},
		{"garbage", leaf.chain(p.middle), []byte("<html>"), "asn1"},
	}
	for _, tt := range tests {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(tt.name+" "+tls.VersionName(version), func(t *testing.T) {
				tt.cert.OCSPStaple = tt.staple
				to := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{tt.cert}, MaxVersion: version})
				h := examine(t, to, CertOnly, func(s *Server) { s.Roots = p.roots })
				if h.Stapled != (tt.staple != nil) || !strings.Contains(h.StapleError, tt.want) || (h.StapleError == "") != (tt.want == "") {
					t.Errorf("stapled %v, error %q, want %q", h.Stapled, h.StapleError, tt.want)
				}
			})
		}
	}
}
