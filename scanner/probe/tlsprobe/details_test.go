package tlsprobe

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

// TestRenegotiation against a real OpenSSL, which is told to allow it, with
// each kind of encryption that the question has to be sealed with.
func TestRenegotiation(t *testing.T) {
	p := newPKI(t)
	rsa := p.leaf(t, rsaKey(t, 2048))
	tests := []struct {
		cipher string
		allow  bool
		want   scanner.Tristate
	}{
		{"ECDHE-RSA-AES128-GCM-SHA256", true, scanner.Yes},
		{"ECDHE-RSA-AES256-GCM-SHA384", true, scanner.Yes},
		{"ECDHE-RSA-CHACHA20-POLY1305", true, scanner.Yes},
		{"ECDHE-RSA-AES128-SHA", true, scanner.Yes},
		{"AES256-SHA", true, scanner.Yes},
		{"ECDHE-RSA-AES128-SHA256", true, scanner.Yes},
		{"ECDHE-RSA-AES128-GCM-SHA256", false, scanner.No},
		{"ECDHE-RSA-AES128-SHA", false, scanner.No},
		{"DHE-RSA-AES128-SHA", true, scanner.Unknown}, // which crypto/tls has not
	}
	for _, tt := range tests {
		for _, newest := range []bool{false, true} { // in the first handshake, and in the second
			args := []string{"-cipher", tt.cipher}
			if !newest {
				args = append(args, "-tls1_2")
			}
			if tt.allow {
				args = append(args, "-client_renegotiation")
			}
			h := examine(t, openssl(t, rsa, []*entity{p.middle}, args...), Full, func(s *Server) { s.Roots = p.roots })
			if h.Renegotiation != tt.want || h.Failure != nil {
				t.Errorf("%s, TLS 1.3 too: %v, allowed: %v: %q, %v", tt.cipher, newest, tt.allow, h.Renegotiation, h.Failure)
			}
		}
	}
}

// TestSessions reads the tickets of real servers.
func TestSessions(t *testing.T) {
	p := newPKI(t)
	ec := p.leaf(t, ecKey(t))
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"defaults", nil, "[{TLSv1.3 7200 0} {TLSv1.3 7200 0} {TLSv1.2 7200 0}]"},
		{"early data", []string{"-early_data", "-max_early_data", "16384", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"}, "[{TLSv1.3 7200 16384} {TLSv1.3 7200 16384} {TLSv1.2 7200 0}]"},
		{"none in TLS 1.3", []string{"-num_tickets", "0", "-tls1_3"}, "[]"},
		{"TLS 1.2", []string{"-tls1_2"}, "[{TLSv1.2 7200 0}]"},
		{"no tickets in TLS 1.2", []string{"-tls1_2", "-no_ticket"}, "[]"},
	}
	for _, tt := range tests {
		h := examine(t, openssl(t, ec, []*entity{p.middle}, tt.args...), Full, func(s *Server) { s.Roots = p.roots })
		if got := fmt.Sprint(h.Tickets); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		for _, v := range []string{"TLSv1.2", "TLSv1.3"} {
			if slices.Contains(h.TicketsTested, v) != (h.Versions[v] == scanner.Yes) {
				t.Errorf("%s: tested %v", tt.name, h.TicketsTested)
			}
		}
	}
}

// TestDetails of what real servers do in TLS 1.2.
func TestDetails(t *testing.T) {
	p := newPKI(t)
	rsa := p.leaf(t, rsaKey(t, 2048))
	const gcm = "ECDHE-RSA-AES128-GCM-SHA256"
	tests := []struct {
		name  string
		args  []string
		right func(h scanner.TLSHost) bool
	}{
		{"good suites and groups of old only", []string{"-cipher", gcm, "-groups", "X25519:P-256"}, func(h scanner.TLSHost) bool {
			return len(h.CBC) == 0 && len(h.CBCTested) == 3 && h.Fallback == "" && h.PostQuantum == scanner.No && h.Legacy.Signature == "rsa_pss_rsae_sha256"
		}},
		{"CBC beside them", []string{"-cipher", gcm + ":ECDHE-RSA-AES128-SHA"}, func(h scanner.TLSHost) bool {
			return h.CBC["TLSv1.2"] == "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" && h.EncryptThenMAC == scanner.Yes && len(h.CBCTested) == 3
		}},
		{"CBC first", []string{"-tls1_2", "-cipher", "AES128-SHA"}, func(h scanner.TLSHost) bool {
			return h.CBC["TLSv1.2"] == "TLS_RSA_WITH_AES_128_CBC_SHA" && h.PostQuantum == ""
		}},
		{"SHA-1 signatures", []string{"-sigalgs", "RSA+SHA1", "-cipher", gcm + ":@SECLEVEL=0", "-tls1_2"}, func(h scanner.TLSHost) bool {
			return h.Legacy.Signature == "rsa_pkcs1_sha1"
		}},
		{"TLS 1.0", []string{"-cipher", "DEFAULT:@SECLEVEL=0"}, func(h scanner.TLSHost) bool {
			return h.Fallback == scanner.Yes && h.CBC["TLSv1.0"] != "" && h.Legacy.Version == "TLSv1.2" && h.Legacy.Compression == scanner.No &&
				h.Legacy.SecureRenegotiation == scanner.Yes && h.Legacy.MasterSecret == scanner.Yes
		}},
		{"TLS 1.0 alone", []string{"-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"}, func(h scanner.TLSHost) bool {
			return h.Fallback == "" && h.Legacy.Version == "TLSv1.0" && h.Legacy.Signature == "" && h.Renegotiation == ""
		}},
		{"TLS 1.3 alone", []string{"-tls1_3"}, func(h scanner.TLSHost) bool { return h.Legacy == nil && h.Renegotiation == "" && len(h.CBCTested) == 3 }},
	}
	for _, tt := range tests {
		h := examine(t, openssl(t, rsa, []*entity{p.middle}, tt.args...), Full, func(s *Server) { s.Roots = p.roots })
		if !tt.right(h) || h.Partial != nil || h.Versions["SSLv2"] != scanner.No {
			t.Errorf("%s: %+v, %+v", tt.name, h.Legacy, h)
		}
	}
}

// old is a server of the 1990s for what no package has any more: it changes
// what passes between the client and a good server.
type old struct {
	hello  func(b []byte) []byte // changes a ClientHello of ours; nil hangs up
	answer func(b []byte) []byte // changes the record of the ServerHello
	ssl2   []byte                // the answer to SSL 2.0
}

func (o old) serve(t *testing.T, cfg *tls.Config) netip.AddrPort {
	t.Helper()
	good := serveTLS(t, cfg)
	return listen(t, func(n int, c net.Conn) {
		head := make([]byte, recordHead)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		if head[0] == 0x80 {
			_, _ = c.Write(o.ssl2)
			return
		}
		hello := append(head, make([]byte, int(head[3])<<8|int(head[4]))...)
		if _, err := io.ReadFull(c, hello[recordHead:]); err != nil {
			return
		}
		back, err := net.Dial("tcp", good.String())
		if err != nil {
			return
		}
		defer func() { _ = back.Close() }()
		if n > 1 && o.hello != nil {
			hello = o.hello(hello)
		}
		_, _ = back.Write(hello)
		go func() { _, _ = io.Copy(back, c); _ = back.Close() }()
		if n > 1 && o.answer != nil {
			if _, err := io.ReadFull(back, head); err != nil {
				return
			}
			body := make([]byte, int(head[3])<<8|int(head[4]))
			if _, err := io.ReadFull(back, body); err != nil {
				return
			}
			_, _ = c.Write(o.answer(append(bytes.Clone(head), body...)))
		}
		_, _ = io.Copy(c, back)
	})
}

// TestOldServers shows what today's packages no longer have.
func TestOldServers(t *testing.T) {
	p := newPKI(t)
	cfg := &tls.Config{Certificates: []tls.Certificate{p.leaf(t, ecKey(t)).chain(p.middle)}, MinVersion: tls.VersionTLS11}
	without := func(ext uint16) func([]byte) []byte { // takes an empty or one-byte extension out, by another number
		return func(b []byte) []byte {
			for _, tail := range [][]byte{{0, 0}, {0, 1, 0}} {
				b = bytes.Replace(b, append([]byte{byte(ext >> 8), byte(ext)}, tail...), append([]byte{0xAA, 0xAA}, tail...), 1)
			}
			return b
		}
	}
	tests := []struct {
		name  string
		old   old
		right func(h scanner.TLSHost) bool
	}{
		{"as it is", old{}, func(h scanner.TLSHost) bool {
			return *h.Legacy == scanner.TLSLegacy{
				Version: "TLSv1.2", Compression: scanner.No, SecureRenegotiation: scanner.Yes, MasterSecret: scanner.Yes, Signature: "ecdsa_sha256",
			} && h.Fallback == scanner.Yes && h.Versions["SSLv2"] == scanner.No && h.PostQuantum == scanner.Yes
		}},
		{"compresses", old{answer: func(b []byte) []byte {
			if at := recordHead + 4 + 2 + 32; len(b) > at && b[0] == recordHandshake && len(b) > at+3+int(b[at]) {
				b[at+3+int(b[at])] = 1
			}
			return b
		}}, func(h scanner.TLSHost) bool { return h.Legacy.Compression == scanner.Yes }},
		{"no secure renegotiation", old{answer: without(extRenegotiation)}, func(h scanner.TLSHost) bool { return h.Legacy.SecureRenegotiation == scanner.No }},
		{"no extended master secret", old{answer: without(extMasterSecret)}, func(h scanner.TLSHost) bool { return h.Legacy.MasterSecret == scanner.No }},
		{"no fallback signal", old{hello: func(b []byte) []byte {
			return bytes.Replace(b, []byte{0x56, 0x00}, []byte{0x56, 0x01}, 1)
		}}, func(h scanner.TLSHost) bool { return h.Fallback == scanner.No }},
		{"SSL 2.0", old{ssl2: ssl2Answer()}, func(h scanner.TLSHost) bool { return h.Versions["SSLv2"] == scanner.Yes }},
		{"an alert to SSL 2.0", old{ssl2: []byte{recordAlert, 3, 1, 0, 2, 2, 70}}, func(h scanner.TLSHost) bool { return h.Versions["SSLv2"] == scanner.No }},
		{"nonsense to SSL 2.0", old{ssl2: []byte("HTTP/1.1 400 Bad Request\r\n\r\n")}, func(h scanner.TLSHost) bool {
			return h.Versions["SSLv2"] == scanner.Unknown && h.Partial != nil
		}},
	}
	for _, tt := range tests {
		h := examine(t, tt.old.serve(t, cfg), Full, func(s *Server) { s.Roots = p.roots })
		if !tt.right(h) {
			t.Errorf("%s: %+v, %+v", tt.name, h.Legacy, h)
		}
	}
}

// ssl2Answer is a SERVER-HELLO of SSL 2.0 with an empty certificate and one cipher.
func ssl2Answer() []byte {
	hello := []byte{4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 16, 1, 0, 0x80}
	hello = append(hello, make([]byte, 16)...)
	return append([]byte{0x80, byte(len(hello))}, hello...)
}

// TestEvery: each suite and group of a real server, and nothing else.
func TestEvery(t *testing.T) {
	p := newPKI(t)
	rsa, ec := p.leaf(t, rsaKey(t, 2048)), p.leaf(t, ecKey(t))
	tests := []struct {
		name             string
		cert             *entity
		args             []string
		suites           map[string]string // sorted
		groups, groups13 string
	}{
		{
			"several versions", rsa,
			[]string{"-cipher", "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-SHA:AES128-SHA:NULL-SHA:@SECLEVEL=0", "-ciphersuites", "TLS_AES_128_GCM_SHA256", "-groups", "X25519:P-384"},
			map[string]string{
				"TLSv1.0": "TLS_DHE_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_NULL_SHA",
				"TLSv1.1": "TLS_DHE_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_NULL_SHA",
				"TLSv1.2": "TLS_DHE_RSA_WITH_AES_128_CBC_SHA TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_NULL_SHA",
				"TLSv1.3": "TLS_AES_128_GCM_SHA256",
			},
			"secp384r1 x25519", "secp384r1 x25519",
		},
		{
			"the curve of the certificate is needed", ec, []string{"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256", "-groups", "P-256:X25519:P-521"},
			map[string]string{"TLSv1.2": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"}, "secp256r1 secp521r1 x25519", "",
		},
	}
	for _, tt := range tests {
		h := examine(t, openssl(t, tt.cert, []*entity{p.middle}, tt.args...), Every, func(s *Server) { s.Roots = p.roots })
		if h.Every == nil || h.Every.Failure != nil || len(h.Every.Suites) != len(tt.suites) {
			t.Errorf("%s: %+v", tt.name, h.Every)
			continue
		}
		sorted := func(list []string) string { return strings.Join(slices.Sorted(slices.Values(list)), " ") }
		for v, want := range tt.suites {
			if got := sorted(h.Every.Suites[v]); got != want {
				t.Errorf("%s, %s: %s, want %s", tt.name, v, got, want)
			}
		}
		if sorted(h.Every.Groups) != tt.groups || sorted(h.Every.Groups13) != tt.groups13 {
			t.Errorf("%s: groups %v and %v", tt.name, h.Every.Groups, h.Every.Groups13)
		}
		if len(h.Clients()) == 0 || len(h.Profiles()) == 0 {
			t.Errorf("%s: no profiles or clients", tt.name)
		}
	}
	// A server with everything that OpenSSL has costs more connections than we
	// make, and the lists say so.
	h := examine(t, openssl(t, rsa, []*entity{p.middle}, "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"), Every, func(s *Server) { s.Roots = p.roots })
	if h.Connections != Every.connections() || len(h.Every.Suites["TLSv1.3"]) < 3 || kindOf(h.Every.Failure) != scanner.FailLimit || len(h.WeakTested) != 7 {
		t.Errorf("%d connections, %+v", h.Connections, h.Every)
	}
	// One with OpenSSL's defaults costs this many.
	h = examine(t, openssl(t, rsa, []*entity{p.middle}), Every, func(s *Server) { s.Roots = p.roots })
	if h.Every.Failure != nil || h.Connections > 80 {
		t.Errorf("%d connections, %v", h.Connections, h.Every.Failure)
	}
}

// TestSCTs counts logs by each of the three ways.
func TestSCTs(t *testing.T) {
	p := newPKI(t)
	sct := func(log byte) []byte {
		return append(append([]byte{0}, bytes.Repeat([]byte{log}, 32)...), make([]byte, 20)...)
	}
	list := func(scts ...[]byte) []byte {
		var b []byte
		for _, s := range scts {
			b = append(append(b, byte(len(s)>>8), byte(len(s))), s...)
		}
		out, err := asn1.Marshal(append([]byte{byte(len(b) >> 8), byte(len(b))}, b...))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	embedded := func(value []byte) *entity {
		return p.leaf(t, ecKey(t), func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: value}}
		})
	}
	tests := []struct {
		name string
		leaf *entity
		sent [][]byte
		want int
	}{
		{"none", p.leaf(t, ecKey(t)), nil, 0},
		{"embedded", embedded(list(sct(1), sct(2))), nil, 2},
		{"one log twice", embedded(list(sct(1), sct(1))), nil, 1},
		{"in the handshake", p.leaf(t, ecKey(t)), [][]byte{sct(1), sct(2)}, 2},
		{"one of each", embedded(list(sct(1))), [][]byte{sct(2)}, 2},
		{"too short", embedded(list([]byte{0, 1})), [][]byte{{0, 1}}, 0},
		{"garbage", embedded([]byte{4, 3, 0, 9, 9}), nil, 0},
	}
	for _, tt := range tests {
		cert := tt.leaf.chain(p.middle)
		cert.SignedCertificateTimestamps = tt.sent
		h := examine(t, serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}}), CertOnly, func(s *Server) { s.Roots = p.roots })
		if h.SCTs == nil || *h.SCTs != tt.want || !h.PrivateRoots {
			t.Errorf("%s: %v, want %d", tt.name, h.SCTs, tt.want)
		}
	}
}
