package tlsprobe

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// endless writes b again and again.
func endless(c net.Conn, b []byte) {
	for {
		if _, err := c.Write(b); err != nil {
			return
		}
	}
}

// record wraps one TLS record of type typ.
func record(typ byte, version uint16, data []byte) []byte {
	return append([]byte{typ, byte(version >> 8), byte(version), byte(len(data) >> 8), byte(len(data))}, data...)
}

func message(typ byte, body []byte) []byte {
	return append([]byte{typ, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

// serverHello of a version up to TLS 1.2.
func serverHello(version, suite uint16) []byte {
	body := append([]byte{byte(version >> 8), byte(version)}, make([]byte, 32+1)...)
	return message(msgServerHello, append(body, byte(suite>>8), byte(suite), 0))
}

func certificate(ders ...[]byte) []byte {
	var list []byte
	for _, der := range ders {
		list = append(append(list, byte(len(der)>>16), byte(len(der)>>8), byte(len(der))), der...)
	}
	return message(msgCertificate, append([]byte{byte(len(list) >> 16), byte(len(list) >> 8), byte(len(list))}, list...))
}

// readHello reads a ClientHello and returns its version.
func readHello(c net.Conn) uint16 {
	head := make([]byte, 11)
	if _, err := io.ReadFull(c, head); err != nil {
		return 0
	}
	rest := int(head[3])<<8 + int(head[4]) - 6
	_, _ = io.CopyN(io.Discard, c, int64(rest))
	return uint16(head[9])<<8 | uint16(head[10])
}

type hostile struct {
	name    string
	handle  func(n int, c net.Conn) // the nth connection
	failure scanner.FailureKind     // of the host
	partial scanner.FailureKind
}

// TestHostileServers: each ends within its time, says what was the matter, and
// leaves nothing behind.
func TestHostileServers(t *testing.T) {
	p := newPKI(t)
	leaf := p.leaf(t, ecKey(t))
	good := &tls.Config{Certificates: []tls.Certificate{leaf.chain(p.middle)}}
	// afterFirst: an ordinary server for the first connection, handle for the others.
	afterFirst := func(handle func(net.Conn)) func(int, net.Conn) {
		return func(n int, c net.Conn) {
			if n == 1 {
				handshakeAndWait(c, good)
				return
			}
			handle(c)
		}
	}
	each := func(handle func(net.Conn)) func(int, net.Conn) { return func(_ int, c net.Conn) { handle(c) } }
	stall := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	drip := func(c net.Conn) {
		for _, b := range record(recordHandshake, vTLS12, serverHello(vTLS12, 0xC02F)) {
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	hello := func(c net.Conn, answer ...[]byte) {
		readHello(c)
		_, _ = c.Write(record(recordHandshake, vTLS12, bytes.Join(answer, nil)))
	}
	tests := []hostile{
		{"stalls after accepting", each(stall), scanner.FailTimeout, ""},
		{"stalls after the first handshake", afterFirst(stall), "", scanner.FailTimeout},
		{"one byte at a time", each(drip), scanner.FailTimeout, ""},
		{"one byte at a time after the first handshake", afterFirst(drip), "", scanner.FailTimeout},
		{"speaks HTTP", each(func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); stall(c) }), scanner.FailTLS, ""},
		{"speaks HTTP after the first handshake", afterFirst(func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); stall(c) }), "", scanner.FailProtocol},
		{"garbage without end", each(func(c net.Conn) { endless(c, bytes.Repeat([]byte{0xAA}, 4096)) }), scanner.FailTLS, ""},
		{"garbage without end after the first handshake", afterFirst(func(c net.Conn) { endless(c, bytes.Repeat([]byte{0xAA}, 4096)) }), "", scanner.FailProtocol},
		{"huge record", each(func(c net.Conn) { endless(c, append([]byte{22, 3, 3, 0xFF, 0xFF}, make([]byte, 65535)...)) }), scanner.FailTLS, ""},
		{"huge record after the first handshake", afterFirst(func(c net.Conn) { endless(c, append([]byte{22, 3, 3, 0xFF, 0xFF}, make([]byte, 65535)...)) }), "", scanner.FailProtocol},
		{"empty records without end", each(func(c net.Conn) { endless(c, record(recordHandshake, vTLS12, nil)) }), scanner.FailTLS, ""},
		{"huge message after the first handshake", afterFirst(func(c net.Conn) { endless(c, record(recordHandshake, vTLS12, []byte{2, 0xFF, 0xFF, 0xFF})) }), "", scanner.FailProtocol},
		{"messages without end", each(func(c net.Conn) { endless(c, record(recordHandshake, vTLS12, message(0, nil))) }), scanner.FailTLS, ""},
		{"warnings without end", each(func(c net.Conn) { endless(c, record(recordAlert, vTLS12, []byte{1, 112})) }), scanner.FailTLS, ""},
		{"ServerHello and certificates without end after the first handshake", afterFirst(func(c net.Conn) {
			hello(c, serverHello(vTLS12, 0xC02B))
			endless(c, record(recordHandshake, vTLS12, certificate(leaf.cert.Raw)))
		}), "", scanner.FailProtocol},
		{"a suite that was not offered, after the first handshake", afterFirst(func(c net.Conn) { hello(c, serverHello(vTLS12, 0x5600)) }), "", scanner.FailProtocol},
		{"a version that was not offered, after the first handshake", afterFirst(func(c net.Conn) { hello(c, serverHello(0x7F00, 0xC02B)) }), "", scanner.FailProtocol},
		{"closes at once", each(func(net.Conn) {}), scanner.FailReset, ""},
		{"closes at once after the first handshake", afterFirst(func(net.Conn) {}), "", scanner.FailBlocked},
		{"alert at once", each(func(c net.Conn) { _, _ = c.Write(record(recordAlert, vTLS12, []byte{2, 112})); stall(c) }), scanner.FailTLS, ""},
		{"alert at once after the first handshake", afterFirst(func(c net.Conn) { _, _ = c.Write(record(recordAlert, vTLS12, []byte{2, 40})); stall(c) }), "", scanner.FailBlocked},
	}
	before := runtime.NumGoroutine()
	t.Run("", func(t *testing.T) { runHostile(t, p, tests) })
	settled(t, before)
}

// runHostile examines all at once, since most of them keep us waiting.
func runHostile(t *testing.T, p *pki, tests []hostile) {
	hosts := make([]scanner.TLSHost, len(tests))
	var wg sync.WaitGroup
	for i, tt := range tests {
		to := listen(t, tt.handle)
		wg.Go(func() {
			hosts[i] = examine(t, to, Full, func(s *Server) { s.Roots, s.Timeout = p.roots, 3*time.Second })
		})
	}
	wg.Wait()
	for i, tt := range tests {
		h := hosts[i]
		if kindOf(h.Failure) != tt.failure || kindOf(h.Partial) != tt.partial {
			t.Errorf("%s: failure %v, want %q; partial %v, want %q", tt.name, h.Failure, tt.failure, h.Partial, tt.partial)
		}
		if tt.failure != "" {
			if len(h.Versions) > 0 || len(h.Chain) > 0 {
				t.Errorf("%s: facts beside a failure: %+v", tt.name, h)
			}
			continue
		}
		if got := versions(h); strings.Contains(got, "=no") || !strings.Contains(got, "TLSv1.3=yes") {
			t.Errorf("%s: versions %s", tt.name, got)
		}
		if h.Verify != "" || len(h.Chain) != 2 || len(h.WeakTested) > 0 || h.GroupsTested || h.ForwardSecrecy != scanner.Yes {
			t.Errorf("%s: %+v", tt.name, h)
		}
	}
}

func kindOf(f *scanner.Failure) scanner.FailureKind {
	if f == nil {
		return ""
	}
	return f.Kind
}

// TestSSL3Only: a server of the last century, which only ever sends SSLv3.
func TestSSL3Only(t *testing.T) {
	p := newPKI(t)
	leaf := p.leaf(t, rsaKey(t, 2048))
	to := listen(t, func(_ int, c net.Conn) {
		if readHello(c) == 0 {
			return
		}
		answer := bytes.Join([][]byte{serverHello(vSSL3, 0x0005), certificate(leaf.cert.Raw, []byte("no certificate"), p.middle.cert.Raw), message(msgServerHelloDone, nil)}, nil)
		for _, b := range answer { // as many records as there are bytes
			_, _ = c.Write(record(recordHandshake, vSSL3, []byte{b}))
		}
		_, _ = io.Copy(io.Discard, c)
	})
	h := examine(t, to, Full, func(s *Server) { s.Roots = p.roots })
	if h.Failure != nil || versions(h) != "SSLv3=yes TLSv1.0=no TLSv1.1=no TLSv1.2=no TLSv1.3=no" {
		t.Errorf("failure %v, versions %s", h.Failure, versions(h))
	}
	if h.Preferred["SSLv3"] != "TLS_RSA_WITH_RC4_128_SHA" || !slices.Contains(h.Weak, "TLS_RSA_WITH_RC4_128_SHA") {
		t.Errorf("preferred %v, weak %v of %v", h.Preferred, h.Weak, h.WeakTested)
	}
	if len(h.Chain) != 2 || h.Verify != "" || !h.NameMatch {
		t.Errorf("chain %v, verify %s %s", h.Chain, h.Verify, h.VerifyDetail)
	}
}

// replayed is a connection whose first bytes were read before.
type replayed struct {
	net.Conn
	r io.Reader
}

func (c replayed) Read(b []byte) (int, error) { return c.r.Read(b) }

// silence is what a server of these tests writes before it falls silent; the
// client's end takes it for the timeout, which is then not waited for.
const silence = "this is the last that you will hear"

func fallSilent(c *net.TCPConn) {
	_, _ = io.WriteString(c, silence)
	_, _ = io.Copy(io.Discard, c)
}

type impatient struct{ net.Conn }

func (c impatient) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && strings.HasPrefix(silence, string(b[:n])) {
		return 0, os.ErrDeadlineExceeded
	}
	return n, err
}

func impatiently(s *Server) {
	dial := s.Dial
	s.Dial = func(ctx context.Context) (net.Conn, error) {
		c, err := dial(ctx)
		return impatient{c}, err
	}
}

// TestWaysToDecline: not every server says no with an alert. One that resets
// the connection is believed as long as it goes on answering good questions;
// of one that falls silent nothing is known.
func TestWaysToDecline(t *testing.T) {
	p := newPKI(t)
	cfg := &tls.Config{Certificates: []tls.Certificate{p.leaf(t, ecKey(t)).chain(p.middle)}}
	tests := []struct {
		name     string
		decline  func(*net.TCPConn)
		versions string
		partial  scanner.FailureKind
		made     int
	}{
		{"resets", func(c *net.TCPConn) { _ = c.SetLinger(0) }, modern, "", 15},
		{"closes", func(*net.TCPConn) {}, modern, "", 15},
		{"falls silent", fallSilent, "SSLv3=? TLSv1.0=? TLSv1.1=? TLSv1.2=yes TLSv1.3=yes", scanner.FailTimeout, 14},
	}
	for _, tt := range tests {
		to := listen(t, func(_ int, c net.Conn) {
			var seen bytes.Buffer
			if readHello(replayed{c, io.TeeReader(c, &seen)}) < vTLS12 {
				tt.decline(c.(*net.TCPConn))
				return
			}
			handshakeAndWait(replayed{c, io.MultiReader(&seen, c)}, cfg)
		})
		for _, depth := range []Depth{Brief, Full} {
			h := examine(t, to, depth, impatiently, func(s *Server) { s.Roots = p.roots })
			want, made := tt.versions, tt.made
			if depth == Brief {
				want, made = strings.Replace(want, "TLSv1.2=yes ", "", 1), tt.made-10
			}
			if h.Failure != nil || kindOf(h.Partial) != tt.partial || versions(h) != want || h.Connections != made {
				t.Errorf("%s, depth %d: %d connections, %s, partial %v", tt.name, depth, h.Connections, versions(h), h.Partial)
			}
			if depth == Full && (len(h.WeakTested) != 7 || !h.GroupsTested) {
				t.Errorf("%s: tested %v, groups %v", tt.name, h.WeakTested, h.GroupsTested)
			}
		}
	}
}

// TestMostConnections: a server that takes every suite, and whatever else makes
// us ask more, stays within the limit.
func TestMostConnections(t *testing.T) {
	p := newPKI(t)
	leaf := p.leaf(t, rsaKey(t, 2048))
	to := listen(t, func(n int, c net.Conn) {
		var seen bytes.Buffer
		version := readHello(replayed{c, io.TeeReader(c, &seen)})
		b := seen.Bytes()
		if n == 1 || len(b) < 50 || b[43] != 0 { // crypto/tls; TLS 1.3, by its session
			return
		}
		suites := b[46 : 46+int(b[44])<<8+int(b[45])]
		for len(suites) > 2 && (bytes.HasSuffix(suites, []byte{0, 0xFF}) || bytes.HasSuffix(suites, []byte{0x56, 0})) {
			suites = suites[:len(suites)-2] // signals
		}
		last := suites[len(suites)-2:]
		_, _ = c.Write(record(recordHandshake, version, bytes.Join([][]byte{
			serverHello(version, uint16(last[0])<<8|uint16(last[1])), certificate(leaf.cert.Raw, p.middle.cert.Raw), message(msgServerHelloDone, nil),
		}, nil)))
		_, _ = io.Copy(io.Discard, c)
	})
	h := examine(t, to, Full, func(s *Server) { s.Roots = p.roots })
	if h.Connections != 22 || len(h.Weak) != 7 || len(h.WeakTested) != 7 || h.Failure != nil || kindOf(h.Partial) != scanner.FailProtocol || h.Verify != "" {
		t.Errorf("%+v", h)
	}
	if got := versions(h); got != "SSLv3=yes TLSv1.0=yes TLSv1.1=yes TLSv1.2=yes TLSv1.3=no" {
		t.Errorf("versions %s", got)
	}
}

// TestTurnedAway: a server that stops answering after n connections never
// gets a "no" that it did not give.
func TestTurnedAway(t *testing.T) {
	p := newPKI(t)
	cfg := &tls.Config{
		Certificates: []tls.Certificate{p.leaf(t, rsaKey(t, 2048)).chain(p.middle)}, MinVersion: tls.VersionTLS10,
		CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA},
	}
	ways := map[string]func(*net.TCPConn){
		"resets":       func(c *net.TCPConn) { _ = c.SetLinger(0); _ = c.Close() },
		"closes":       func(c *net.TCPConn) { _ = c.Close() },
		"falls silent": fallSilent,
	}
	for way, turnAway := range ways {
		for n := 1; n <= 12; n++ {
			to := listen(t, func(i int, c net.Conn) {
				if i > n {
					turnAway(c.(*net.TCPConn))
					return
				}
				handshakeAndWait(c, cfg)
			})
			t.Run(fmt.Sprint(way, " after ", n), func(t *testing.T) {
				notTurnedDown(t, examine(t, to, Full, impatiently, func(s *Server) { s.Roots = p.roots }))
			})
		}
	}
}

// TestRefusedInTheMiddle: the port is closed to us after n connections.
func TestRefusedInTheMiddle(t *testing.T) {
	p := newPKI(t)
	to := serveTLS(t, &tls.Config{
		Certificates: []tls.Certificate{p.leaf(t, rsaKey(t, 2048)).chain(p.middle)}, MinVersion: tls.VersionTLS10,
		CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA},
	})
	closed := closedPort(t)
	for n := 1; n <= 12; n++ {
		t.Run(fmt.Sprint("after ", n), func(t *testing.T) {
			var made atomic.Int64
			h := examine(t, to, Full, func(s *Server) {
				s.Roots = p.roots
				dial := s.Dial
				s.Dial = func(ctx context.Context) (net.Conn, error) {
					conn, err := dial(ctx)
					if made.Add(1) <= int64(n) || err != nil {
						return conn, err
					}
					_ = conn.Close()
					var d net.Dialer
					return d.DialContext(ctx, "tcp", closed.String())
				}
			})
			notTurnedDown(t, h)
			tried := int(made.Load()) - n
			if tried > 0 && kindOf(h.Partial) != scanner.FailBlocked {
				t.Errorf("partial %v", h.Partial)
			}
			if tried > atATime {
				t.Errorf("%d connections to a closed port", tried)
			}
		})
	}
}

// notTurnedDown checks what is said of a server with TLS 1.0 to 1.3 and 3DES.
func notTurnedDown(t *testing.T, h scanner.TLSHost) {
	t.Helper()
	if h.Failure != nil || h.Verify != "" || len(h.Chain) != 2 || h.Versions["TLSv1.3"] != scanner.Yes || h.ForwardSecrecy != scanner.Yes {
		t.Errorf("%+v", h)
	}
	for _, v := range []string{"TLSv1.0", "TLSv1.1", "TLSv1.2"} {
		if h.Versions[v] == scanner.No {
			t.Errorf("versions %s", versions(h))
		}
	}
	if slices.Contains(h.WeakTested, class3DES) && !slices.Contains(h.Weak, "TLS_RSA_WITH_3DES_EDE_CBC_SHA") {
		t.Error("3DES was tested and not found")
	}
	if h.Partial == nil && len(h.WeakTested) < 7 {
		t.Errorf("no reason for what is missing in %v", h.WeakTested)
	}
}

func closedPort(t testing.TB) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return netip.MustParseAddrPort(l.Addr().String())
}

// TestRefused: a closed port is tried once.
func TestRefused(t *testing.T) {
	for _, depth := range []Depth{CertOnly, Brief, Full} {
		if h := examine(t, closedPort(t), depth); kindOf(h.Failure) != scanner.FailRefused || h.Connections != 1 || h.Partial != nil {
			t.Errorf("depth %d: %+v", depth, h)
		}
	}
}

// TestStopped: the scan is stopped while the server keeps us waiting.
func TestStopped(t *testing.T) {
	why := scanner.Failf(scanner.FailCancelled, "stopped by the test")
	for _, first := range []bool{true, false} {
		p := newPKI(t)
		cfg := &tls.Config{Certificates: []tls.Certificate{p.leaf(t, ecKey(t)).chain(p.middle)}}
		ctx, stop := context.WithCancelCause(t.Context())
		to := listen(t, func(n int, c net.Conn) {
			if n == 1 && !first {
				handshakeAndWait(c, cfg)
				return
			}
			stop(why)
			_, _ = io.Copy(io.Discard, c)
		})
		h := Examine(ctx, Server{
			Name: "example.hk", Now: now, Depth: Full, Timeout: time.Hour, Roots: p.roots,
			Dial: func(ctx context.Context) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "tcp", to.String())
			},
		})
		got := h.Partial
		if first {
			got = h.Failure
		}
		if !errors.Is(got, why) {
			t.Errorf("%+v", h)
		}
		if !first && (h.Verify != "" || len(h.Chain) != 2 || strings.Contains(versions(h), "=no")) {
			t.Errorf("what was learnt before: %+v", h)
		}
	}
}
