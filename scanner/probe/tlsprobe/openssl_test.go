package tlsprobe

import (
	"bufio"
	"crypto/x509"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

func findOpenSSL(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("not run: install openssl")
		}
		t.Skip("not run: install openssl")
	}
	return program
}

// openssl runs `openssl s_server` on a loopback port until the test ends.
func openssl(t testing.TB, e *entity, chain []*entity, args ...string) netip.AddrPort {
	t.Helper()
	program := findOpenSSL(t)
	cert, key := e.files(t)
	args = append([]string{"s_server", "-accept", "127.0.0.1:0", "-cert", cert, "-key", key}, args...)
	if len(chain) > 0 {
		file, _ := chain[0].files(t, chain[1:]...)
		args = append(args, "-cert_chain", file)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := cmd.StdinPipe() // at its end s_server would leave
	if err != nil {
		t.Fatal(err)
	}
	var problems strings.Builder
	cmd.Stderr = &problems
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := regexp.MustCompile(`^ACCEPT (\S+)`).FindStringSubmatch(lines.Text()); m != nil {
			go func() {
				for lines.Scan() { // so that it never blocks on its output
				}
			}()
			return netip.MustParseAddrPort(m[1])
		}
	}
	t.Fatalf("openssl %s: %s", strings.Join(args, " "), problems.String())
	return netip.AddrPort{}
}

func TestOpenSSL(t *testing.T) {
	p := newPKI(t)
	rsa := p.leaf(t, rsaKey(t, 2048))
	ec := p.leaf(t, ecKey(t))
	const all = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
	tests := []struct {
		name       string
		cert       *entity
		args       []string
		versions   string
		preferred  string
		order      scanner.Tristate
		weak       string
		forward    scanner.Tristate
		group      string
		weakGroups string
		dhe        int
	}{
		{
			name: "defaults", cert: rsa, args: nil, versions: modern, preferred: "TLSv1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
			order: scanner.No, weak: "TLS_RSA_WITH_AES_256_GCM_SHA384", forward: scanner.Yes, group: "x25519", dhe: 2048,
		},
		{
			name: "old versions", cert: rsa, args: []string{"-cipher", "DEFAULT:@SECLEVEL=0"},
			versions:  "SSLv3=no TLSv1.0=yes TLSv1.1=yes TLSv1.2=yes TLSv1.3=yes",
			preferred: "TLSv1.0 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", order: scanner.No,
			weak: "TLS_RSA_WITH_AES_256_GCM_SHA384", forward: scanner.Yes, group: "x25519", dhe: 2048,
		},
		{
			name: "TLS 1.0 alone", cert: rsa, args: []string{"-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"},
			versions:  "SSLv3=no TLSv1.0=yes TLSv1.1=no TLSv1.2=no TLSv1.3=no",
			preferred: "TLSv1.0 TLS_RSA_WITH_AES_128_CBC_SHA", order: scanner.Yes,
			weak: "TLS_RSA_WITH_AES_128_CBC_SHA", forward: scanner.No,
		},
		{
			name: "TLS 1.1 alone, own order", cert: ec, args: []string{"-tls1_1", "-serverpref", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"},
			versions:  "SSLv3=no TLSv1.0=no TLSv1.1=yes TLSv1.2=no TLSv1.3=no",
			preferred: "TLSv1.1 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", order: scanner.Yes, forward: scanner.Yes, group: "x25519",
		},
		{
			name: "DHE alone, which crypto/tls has not, 1024 bits", cert: rsa,
			args:     []string{"-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-dhparam", weakPrime(t)},
			versions: "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=yes TLSv1.3=no", preferred: "TLSv1.2 TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
			order: scanner.Yes, forward: scanner.Yes, weakGroups: "DHE 1024 bits", dhe: 1024,
		},
		{
			name: "anonymous and unencrypted suites", cert: rsa, args: []string{"-tls1_2", "-cipher", all},
			versions: "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=yes TLSv1.3=no", preferred: "TLSv1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
			order: scanner.No, weak: "TLS_DH_anon_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_NULL_SHA TLS_RSA_WITH_AES_256_GCM_SHA384",
			forward: scanner.Yes, group: "x25519", dhe: 2048,
		},
		{
			name: "prefers RSA key transport", cert: rsa,
			args:     []string{"-tls1_2", "-serverpref", "-cipher", "AES128-SHA256:DHE-RSA-AES128-SHA256"},
			versions: "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=yes TLSv1.3=no", preferred: "TLSv1.2 TLS_RSA_WITH_AES_128_CBC_SHA256",
			order: scanner.Yes, weak: "TLS_RSA_WITH_AES_128_CBC_SHA256", forward: scanner.Yes, dhe: 2048,
		},
		{
			name: "weak curve, RSA", cert: rsa, args: []string{"-tls1_2", "-cipher", "ECDHE+AES:@SECLEVEL=0", "-curves", "prime256v1:sect163k1"},
			versions: "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=yes TLSv1.3=no", preferred: "TLSv1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
			order: scanner.No, forward: scanner.Yes, group: "secp256r1", weakGroups: "sect163k1",
		},
		{
			name: "weak curve, ECDSA", cert: ec, args: []string{"-tls1_2", "-cipher", "ECDHE+AES:@SECLEVEL=0", "-curves", "prime256v1:secp160r1"},
			versions: "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=yes TLSv1.3=no", preferred: "TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
			order: scanner.No, forward: scanner.Yes, group: "secp256r1", weakGroups: "secp160r1",
		},
		{
			name: "TLS 1.3 alone, a group that has to be asked for again", cert: ec, args: []string{"-tls1_3", "-groups", "P-521"},
			versions: "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=no TLSv1.3=yes", preferred: "TLSv1.3 TLS_AES_256_GCM_SHA384",
			order: scanner.No, forward: scanner.Yes, group: "secp521r1",
		},
		{
			name: "wants a client's certificate", cert: ec, args: []string{"-Verify", "1", "-verify_return_error"}, versions: modern,
			preferred: "TLSv1.3 TLS_AES_256_GCM_SHA384", order: scanner.No, forward: scanner.Yes, group: "x25519",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := examine(t, openssl(t, tt.cert, []*entity{p.middle}, tt.args...), Full, func(s *Server) { s.Roots = p.roots })
			if h.Failure != nil || h.Partial != nil {
				t.Errorf("failure %v, partial %v", h.Failure, h.Partial)
			}
			if got := versions(h); got != tt.versions {
				t.Errorf("versions %s, want %s", got, tt.versions)
			}
			v, suite, _ := strings.Cut(tt.preferred, " ")
			if h.Preferred[v] != suite {
				t.Errorf("preferred %v, want %s", h.Preferred, tt.preferred)
			}
			if h.Order != tt.order || h.ForwardSecrecy != tt.forward || h.Group != tt.group {
				t.Errorf("order %q, forward secrecy %q, group %q", h.Order, h.ForwardSecrecy, h.Group)
			}
			if got := strings.Join(h.Weak, " "); got != tt.weak || len(h.WeakTested) != 7 {
				t.Errorf("weak %s of %v, want %s of all", got, h.WeakTested, tt.weak)
			}
			if got := strings.Join(h.WeakGroups, " "); got != tt.weakGroups || !h.GroupsTested || h.DHEBits != tt.dhe {
				t.Errorf("weak groups %s, tested %v, DHE %d", got, h.GroupsTested, h.DHEBits)
			}
			if h.Verify != scanner.ChainTrusted || !h.NameMatch || len(h.Chain) != 2 {
				t.Errorf("verify %q (%s), name %v, %d certificates", h.Verify, h.VerifyDetail, h.NameMatch, len(h.Chain))
			}
		})
	}
}

// TestLesserDepthsWithoutCryptoTLS: the certificate of a server that crypto/tls
// cannot talk to is had from our own question.
func TestLesserDepthsWithoutCryptoTLS(t *testing.T) {
	p := newPKI(t)
	leaf := p.leaf(t, rsaKey(t, 2048))
	staple := filepath.Join(t.TempDir(), "staple.der")
	if err := os.WriteFile(staple, leaf.staple(t, p.middle), 0o600); err != nil {
		t.Fatal(err)
	}
	to := openssl(t, leaf, []*entity{p.middle}, "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256", "-status_file", staple)
	for depth, want := range map[Depth]string{
		CertOnly: "TLSv1.2=yes",
		Brief:    "SSLv3=no TLSv1.0=no TLSv1.1=no TLSv1.2=yes",
	} {
		h := examine(t, to, depth, func(s *Server) { s.Roots = p.roots })
		if h.Failure != nil || h.Partial != nil || versions(h) != want || len(h.Chain) != 2 || h.Verify != "" || !h.NameMatch || !h.Stapled || h.StapleError != "" {
			t.Errorf("depth %d: %+v", depth, h)
		}
	}
}

// TestStarttls: what the depth for mail servers learns of a bad one.
func TestStarttls(t *testing.T) {
	p := newPKI(t)
	to := openssl(t, p.leaf(t, rsaKey(t, 2048)), []*entity{p.middle}, "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0", "-dhparam", weakPrime(t))
	h := examine(t, to, Starttls, func(s *Server) { s.Roots = p.roots })
	if h.Failure != nil || h.Partial != nil || h.ForwardSecrecy != scanner.Yes || !h.GroupsTested || h.ALPN != "" || h.Order != scanner.Unknown {
		t.Errorf("%+v", h)
	}
	if got := versions(h); got != "SSLv3=no TLSv1.0=yes TLSv1.1=yes TLSv1.2=yes TLSv1.3=yes" {
		t.Errorf("versions %s", got)
	}
	if got := strings.Join(h.Weak, " "); got != "TLS_ECDHE_RSA_WITH_NULL_SHA TLS_RSA_WITH_AES_256_GCM_SHA384" || strings.Join(h.WeakTested, " ") != "null export rc4 des 3des no-forward-secrecy" {
		t.Errorf("weak %s of %v", got, h.WeakTested)
	}
	if strings.Join(h.WeakGroups, " ") != "DHE 1024 bits" {
		t.Errorf("weak groups %v", h.WeakGroups)
	}
	want := scanner.TLSLegacy{Version: "TLSv1.2", Compression: scanner.No, SecureRenegotiation: scanner.Yes, MasterSecret: scanner.Yes, Signature: "rsa_pss_rsae_sha256"}
	if *h.Legacy != want {
		t.Errorf("%+v, want %+v", *h.Legacy, want)
	}
}

// TestMD5: what crypto/x509 refuses to sign and to check.
func TestMD5(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) {
		cmd := exec.CommandContext(t.Context(), findOpenSSL(t), args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
	}
	read := func(name string) *x509.Certificate {
		der, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Old CA", "-days", "9", "-addext", "keyUsage=keyCertSign")
	run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "site.key", "-out", "site.csr", "-subj", "/CN=example.hk")
	run("x509", "-req", "-md5", "-in", "site.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "9", "-outform", "DER", "-out", "site.der")
	run("x509", "-in", "ca.pem", "-outform", "DER", "-out", "ca.der")
	leaf, ca := read("site.der"), read("ca.der")
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	at := leaf.NotBefore.Add(time.Hour)
	if v := verify([]*x509.Certificate{leaf, ca}, roots, at); leaf.SignatureAlgorithm != x509.MD5WithRSA || v.verdict != scanner.ChainTrusted || v.issuer != ca {
		t.Errorf("%s: %+v", leaf.SignatureAlgorithm, v)
	}
	if v := verify([]*x509.Certificate{leaf, ca}, x509.NewCertPool(), at); v.verdict != scanner.ChainUnknownCA {
		t.Errorf("unknown authority: %+v", v)
	}
	leaf.Signature[9] ^= 1
	if v := verify([]*x509.Certificate{leaf, ca}, roots, at); v.verdict == scanner.ChainTrusted {
		t.Errorf("broken signature: %+v", v)
	}
}

// weakPrime writes the parameters of RFC 2409 section 6.2: 1024 bits.
func weakPrime(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dh.pem")
	text := `-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
