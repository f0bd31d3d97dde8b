package tlsprobe

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestSuiteTable(t *testing.T) {
	ids, names := map[uint16]bool{}, map[string]bool{}
	for _, s := range allSuites() {
		if ids[s.id] || names[s.name] {
			t.Errorf("%s is there twice", s.name)
		}
		ids[s.id], names[s.name] = true, true
	}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if got := suiteOf(s.ID).name; got != s.Name {
			t.Errorf("%#04x is %s, crypto/tls says %s", s.ID, got, s.Name)
		}
	}
	if got := suiteOf(0xFFFF).name; got != "0xFFFF" {
		t.Error(got)
	}
	names = map[string]bool{}
	for _, g := range allGroups() {
		if names[g.name] || names[strconv.Itoa(int(g.id))] {
			t.Errorf("%s is there twice", g.name)
		}
		names[g.name], names[strconv.Itoa(int(g.id))] = true, true
	}
}

// TestSuiteTableAgainstOpenSSL holds numbers and names to OpenSSL's.
func TestSuiteTableAgainstOpenSSL(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), findOpenSSL(t), "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").Output()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line) // 0x13,0x02 - TLS_AES_256_GCM_SHA384 - ...
		id, err := strconv.ParseUint(strings.ReplaceAll(strings.ReplaceAll(f[0], ",0x", ""), "0x", ""), 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		if s := suiteOf(uint16(id)); !strings.HasPrefix(s.name, "0x") {
			checked++
			if s.name != f[2] {
				t.Errorf("%#04x is %s, OpenSSL says %s", id, s.name, f[2])
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d suites were compared", checked)
	}
}

func TestSuites(t *testing.T) {
	tests := []struct {
		name    string
		class   string
		forward bool
		fits    string // versions, newest first
	}{
		{"TLS_AES_128_GCM_SHA256", "", true, "TLSv1.3"},
		{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "", true, "TLSv1.2"},
		{"TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", "", true, "TLSv1.2"},
		{"TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "", true, "TLSv1.2 TLSv1.1 TLSv1.0 SSLv3"},
		{"TLS_RSA_WITH_AES_128_CBC_SHA", classNoFS, false, "TLSv1.2 TLSv1.1 TLSv1.0 SSLv3"},
		{"TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384", classNoFS, false, "TLSv1.2"},
		{"TLS_RSA_WITH_3DES_EDE_CBC_SHA", class3DES, false, "TLSv1.2 TLSv1.1 TLSv1.0 SSLv3"},
		{"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", class3DES, true, "TLSv1.2 TLSv1.1 TLSv1.0 SSLv3"},
		{"TLS_RSA_WITH_DES_CBC_SHA", classDES, false, "TLSv1.2 TLSv1.1 TLSv1.0 SSLv3"},
		{"TLS_RSA_WITH_RC4_128_MD5", classRC4, false, "TLSv1.2 TLSv1.1 TLSv1.0 SSLv3"},
		{"TLS_RSA_EXPORT_WITH_RC4_40_MD5", classExport, false, "TLSv1.2 TLSv1.1 TLSv1.0 SSLv3"},
		{"TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA", classExport, false, "TLSv1.2 TLSv1.1 TLSv1.0 SSLv3"},
		{"TLS_DH_anon_EXPORT_WITH_RC4_40_MD5", classExport, false, "TLSv1.2 TLSv1.1 TLSv1.0 SSLv3"},
		{"TLS_ECDH_anon_WITH_AES_128_CBC_SHA", classAnon, false, "TLSv1.2 TLSv1.1 TLSv1.0 SSLv3"},
		{"TLS_ECDH_anon_WITH_NULL_SHA", classNull, false, "TLSv1.2 TLSv1.1 TLSv1.0 SSLv3"},
		{"TLS_RSA_WITH_NULL_SHA256", classNull, false, "TLSv1.2"},
	}
	for _, tt := range tests {
		all := allSuites()
		i := slices.IndexFunc(all, func(s suite) bool { return s.name == tt.name })
		if i < 0 {
			t.Errorf("%s is missing", tt.name)
			continue
		}
		var fits []string
		for _, v := range allVersions() {
			if all[i].fits(v) {
				fits = append(fits, versionName(v))
			}
		}
		if all[i].class() != tt.class || all[i].forwardSecret() != tt.forward || strings.Join(fits, " ") != tt.fits {
			t.Errorf("%s: class %q, forward secrecy %v, fits %v", tt.name, all[i].class(), all[i].forwardSecret(), fits)
		}
	}
}

// TestHelloIsWellFormed has crypto/tls read what we write.
func TestHelloIsWellFormed(t *testing.T) {
	for _, v := range allVersions()[:4] {
		for _, name := range []string{"example.hk", "example.hk.", "192.0.2.1", "2001:db8::1", strings.Repeat("a.", 120) + "hk"} {
			hello, err := versionQuestion(v).marshal(name)
			if err != nil {
				t.Fatal(err)
			}
			var info *tls.ClientHelloInfo
			client, server := net.Pipe()
			go func() {
				_, _ = client.Write(hello)
				_ = client.Close()
			}()
			stop := errors.New("seen enough")
			err = tls.Server(server, &tls.Config{
				MinVersion:         tls.VersionTLS10,
				GetConfigForClient: func(i *tls.ClientHelloInfo) (*tls.Config, error) { info = i; return nil, stop },
			}).Handshake()
			_ = server.Close()
			if info == nil || !errors.Is(err, stop) {
				t.Fatalf("%s for %s: %v", versionName(v), name, err)
			}
			want := strings.TrimSuffix(name, ".")
			if net.ParseIP(name) != nil {
				want = ""
			}
			if info.ServerName != want || slices.Max(info.SupportedVersions) != v || len(info.SupportedCurves) < 10 || (v >= vTLS12) != (len(info.SignatureSchemes) > 0) {
				t.Errorf("%s for %s: %+v", versionName(v), name, info)
			}
			if n := len(hello) - 5; n > 255 && n < 512 {
				t.Errorf("%s for %s: %d bytes, which hangs some old appliances", versionName(v), name, n)
			}
		}
	}
}

// TestHelloSizes: no question has as many suites or bytes as breaks old servers.
func TestHelloSizes(t *testing.T) {
	keep := map[string]func(suite) bool{
		"ordinary": ordinary, "DHE": withPrefix("TLS_DHE_"), "ECDHE": withPrefix("TLS_ECDHE_"), "forward": suite.forwardSecret,
		"early": inClasses([]string{classRC4, class3DES, classDES, classExport}), "late": inClasses([]string{classNoFS, classAnon, classNull}),
	}
	for what, f := range keep {
		for _, v := range allVersions() {
			if v == vTLS13 && what != "ordinary" {
				continue
			}
			q := question{version: v, suites: suitesFor(v, f), groups: groupsFor(until2)}
			if n := len(q.suites); n == 0 || n >= 127 {
				t.Errorf("%s, %s: %d suites", what, versionName(v), n)
			}
			for _, name := range []string{"", "example.hk", "a-name-that-is-a-good-deal-longer.example.hk"} {
				hello, err := q.marshal(name)
				if err != nil {
					t.Fatal(err)
				}
				if n := len(hello) - 5; v > vSSL3 && n > 255 && n < 512 {
					t.Errorf("%s, %s for %q: %d bytes", what, versionName(v), name, n)
				}
			}
		}
	}
}

func TestReadFlight(t *testing.T) {
	curve, prime := message(msgServerKeyExchange, []byte{3, 0, 23, 1, 4}), message(msgServerKeyExchange, append([]byte{0, 3, 0, 0x80, 0}, 0, 1, 2))
	cert, done := certificate([]byte("leaf"), []byte("other")), message(msgServerHelloDone, nil)
	status := message(msgCertStatus, append([]byte{1, 0, 0, 6}, "staple"...))
	tests := []struct {
		name    string
		version uint16
		answer  [][]byte
		want    string // version suite group bits certs staple; or part of an error
	}{
		{"ECDHE", vTLS12, [][]byte{serverHello(vTLS12, 0xC02F), cert, status, curve}, "303 c02f 23 0 2 staple"},
		{"DHE", vTLS12, [][]byte{serverHello(vTLS12, 0x009E), cert, prime}, "303 9e 0 16 2 "},
		{"RSA key transport", vTLS10, [][]byte{serverHello(vTLS10, 0x002F), cert, done}, "301 2f 0 0 2 "},
		{"a lower version", vTLS12, [][]byte{serverHello(vTLS10, 0x002F), cert, done}, "301 2f 0 0 2 "},
		{"asks for a certificate", vTLS12, [][]byte{serverHello(vTLS12, 0x002F), cert, message(msgCertRequest, nil)}, "303 2f 0 0 2 "},
		{"a curve of its own", vTLS12, [][]byte{serverHello(vTLS12, 0xC02F), cert, message(msgServerKeyExchange, []byte{1, 0})}, "303 c02f 0 0 2 "},
		{"retry", vTLS13, [][]byte{helloRetry(4588)}, "304 1301 4588 0 0 "},
		{"TLS 1.2 instead of 1.3", vTLS13, [][]byte{serverHello(vTLS12, 0xC02F)}, "protocol version"},
		{"a higher version", vTLS11, [][]byte{serverHello(vTLS12, 0x002F)}, "not offered"},
		{"another suite", vTLS12, [][]byte{serverHello(vTLS12, 0x1301)}, "TLS_AES_128_GCM_SHA256, which was not offered"},
		{"no hello", vTLS12, [][]byte{cert}, "message 11"},
		{"broken hello", vTLS12, [][]byte{message(msgServerHello, []byte{3, 3})}, "too short"},
		{"broken extensions", vTLS12, [][]byte{message(msgServerHello, append(serverHello(vTLS12, 0xC02F)[4:], 0, 9, 1))}, "broken extensions"},
		{"broken extension", vTLS12, [][]byte{message(msgServerHello, append(serverHello(vTLS12, 0xC02F)[4:], 0, 3, 0, 1, 0))}, "broken extensions"},
		{"broken key share", vTLS12, [][]byte{message(msgServerHello, append(serverHello(vTLS12, 0xC02F)[4:], 0, 4, 0, 51, 0, 0))}, "extension 51"},
		{"broken list", vTLS12, [][]byte{serverHello(vTLS12, 0xC02F), message(msgCertificate, []byte{0, 0, 9})}, "then broken list"},
		{"broken certificate", vTLS12, [][]byte{serverHello(vTLS12, 0xC02F), message(msgCertificate, []byte{0, 0, 3, 0, 0, 9})}, "then broken entry"},
		{"broken staple", vTLS12, [][]byte{serverHello(vTLS12, 0xC02F), cert, message(msgCertStatus, []byte{2})}, "then CertificateStatus: broken"},
		{"no curve", vTLS12, [][]byte{serverHello(vTLS12, 0xC02F), message(msgServerKeyExchange, []byte{3, 0})}, "then ServerKeyExchange: no curve"},
		{"no parameters", vTLS12, [][]byte{serverHello(vTLS12, 0xC02F), message(msgServerKeyExchange, nil)}, "then ServerKeyExchange: empty"},
		{"no prime", vTLS12, [][]byte{serverHello(vTLS12, 0x009E), message(msgServerKeyExchange, []byte{0, 9})}, "then ServerKeyExchange: no prime"},
		{"hello twice", vTLS12, [][]byte{serverHello(vTLS12, 0xC02F), serverHello(vTLS12, 0xC02F)}, "then unexpected message 2"},
		{"certificates without end", vTLS12, append([][]byte{serverHello(vTLS12, 0xC02F)}, slices.Repeat([][]byte{cert}, 20)...), "then too many messages"},
	}
	for _, tt := range tests {
		// In one record, and in one record for each byte.
		all := bytes.Join(tt.answer, nil)
		var bitwise []byte
		for _, b := range all {
			bitwise = append(bitwise, record(recordHandshake, vTLS12, []byte{b})...)
		}
		for _, data := range [][]byte{record(recordHandshake, vTLS12, all), bitwise} {
			f, err := readFlight(bytes.NewReader(data), versionQuestion(tt.version))
			got := fmt.Sprintf("%x %x %d %d %d %s", f.version, f.suite, f.group, f.dheBits, len(f.certs), f.staple)
			if err != nil {
				got = err.Error()
			} else if f.rest != nil {
				got = "then " + f.rest.Error()
			}
			if got != tt.want && (err == nil && f.rest == nil || !strings.Contains(got, tt.want)) {
				t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
			}
		}
	}
}

// FuzzFlight: whatever a server sends, reading it ends, and what is taken in
// was asked for.
func FuzzFlight(f *testing.F) {
	seed := func(version uint16, parts ...[]byte) {
		for _, q := range allVersions() {
			f.Add(q, record(recordHandshake, version, bytes.Join(parts, nil)))
		}
	}
	cert := certificate([]byte("leaf"), []byte("intermediate"))
	status := message(msgCertStatus, append([]byte{1, 0, 0, 6}, "staple"...))
	prime := append(append([]byte{0, 128}, bytes.Repeat([]byte{0xFF}, 128)...), 0, 1, 2, 0, 1, 5)
	seed(vTLS12, serverHello(vTLS12, 0xC02F), cert, status, message(msgServerKeyExchange, []byte{3, 0, 23, 1, 4}))
	seed(vTLS12, serverHello(vTLS12, 0x009E), cert, message(msgServerKeyExchange, prime))
	seed(vTLS10, serverHello(vTLS10, 0x0033), cert, message(msgServerKeyExchange, prime))
	seed(vSSL3, serverHello(vSSL3, 0x0005), cert, message(msgServerHelloDone, nil))
	seed(vTLS12, helloRetry(4588))
	f.Add(uint16(vTLS10), append(record(recordAlert, vTLS10, []byte{1, 112}), record(recordAlert, vTLS10, []byte{2, 40})...))
	f.Fuzz(func(t *testing.T, version uint16, data []byte) {
		version = vSSL3 + version%5
		q := versionQuestion(version)
		got, err := readFlight(bytes.NewReader(data), q)
		if err != nil {
			return
		}
		if got.version < vSSL3 || got.version > version || !slices.Contains(q.suites, got.suite) || got.dheBits < 0 || len(got.certs) > maxCerts {
			t.Errorf("%+v", got)
		}
	})
}

// helloRetry is a HelloRetryRequest for a group.
func helloRetry(group uint16) []byte {
	return message(msgServerHello, bytes.Join([][]byte{
		{3, 3}, make([]byte, 33), {0x13, 1, 0}, {0, 12},
		{0, extSupportedVersions, 0, 2, 3, 4},
		{0, extKeyShare, 0, 2, byte(group >> 8), byte(group)},
	}, nil))
}

// FuzzCertificate: whatever can be parsed as a certificate can be judged.
func FuzzCertificate(f *testing.F) {
	p := newPKI(f)
	leaf := p.leaf(f, ecKey(f))
	f.Add(leaf.cert.Raw, leaf.staple(f, p.middle))
	f.Add(p.root.cert.Raw, []byte("<html>"))
	f.Fuzz(func(t *testing.T, der, staple []byte) {
		a := answers{versions: map[uint16]reply{vTLS12: {verdict: accepted, flight: flight{certs: [][]byte{der, der}, staple: staple}}}}
		h := scanner.TLSHost{}
		x := &exam{Server: Server{Name: "example.hk", Roots: p.roots, Now: now}}
		x.certificates(t.Context(), &h, &a)
		if len(h.Chain) == 0 && h.Verify != scanner.ChainInvalid {
			t.Errorf("%+v", h)
		}
	})
}
