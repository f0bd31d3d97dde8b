package mailprobe

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// TestDANE holds TLSA records against a mail server's certificate, which the
// lab trusts and which is its own issuer.
func TestDANE(t *testing.T) {
	tests := []struct {
		about   string
		records []string // KEY, CERT and KEY512 are digests of the server's
		name    string   // in the certificate
		server  func(*mailServer)
		usable  int
		match   scanner.Tristate
		by      string // how it begins
		failure scanner.FailureKind
	}{
		{about: "none", name: "mx1.example.test"},
		{about: "key", records: []string{"3 1 1 KEY"}, name: "mx1.example.test", usable: 1, match: scanner.Yes, by: "3 1 1 "},
		{about: "key of another name", records: []string{"3 1 1 KEY"}, name: "other.test", usable: 1, match: scanner.Yes, by: "3 1 1 "},
		{about: "certificate", records: []string{"3 0 1 CERT"}, name: "mx1.example.test", usable: 1, match: scanner.Yes, by: "3 0 1 "},
		{about: "longer digest", records: []string{"3 1 2 KEY512"}, name: "mx1.example.test", usable: 1, match: scanner.Yes, by: "3 1 2 "},
		{about: "the next key, and this one", records: []string{"3 1 1 " + strings.Repeat("ab", 32), "3 1 1 KEY"}, name: "mx1.example.test", usable: 2, match: scanner.Yes, by: "3 1 1 "},
		{about: "another key", records: []string{"3 1 1 " + strings.Repeat("ab", 32)}, name: "mx1.example.test", usable: 1, match: scanner.No},
		{about: "authority", records: []string{"2 1 1 KEY"}, name: "mx1.example.test", usable: 1, match: scanner.Yes, by: "2 1 1 "},
		{about: "authority, but another name", records: []string{"2 1 1 KEY"}, name: "other.test", usable: 1, match: scanner.No},
		{about: "usages that mail servers ignore", records: []string{"1 1 1 KEY", "0 1 1 KEY"}, name: "mx1.example.test"},
		{about: "a digest of the wrong length", records: []string{"3 1 1 abcd", "3 1 2 KEY", "3 1 9 KEY"}, name: "mx1.example.test"},
		{about: "refused", records: []string{"3 1 1 KEY"}, name: "mx1.example.test", usable: 1, server: func(m *mailServer) {
			m.with("STARTTLS", "454 4.7.0 not now\r\n")
		}, failure: scanner.FailServer},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, "")
			cert := l.certificate(t, tt.name)
			sum := func(data []byte) string { s := sha256.Sum256(data); return hex.EncodeToString(s[:]) }
			long := sha512.Sum512(cert.Leaf.RawSubjectPublicKeyInfo)
			digests := strings.NewReplacer("KEY512", hex.EncodeToString(long[:]), "KEY", sum(cert.Leaf.RawSubjectPublicKeyInfo), "CERT", sum(cert.Leaf.Raw))
			zone := "example.test. MX 10 mx1.example.test.\nmx1.example.test. A 192.0.2.1\n"
			for _, r := range tt.records {
				zone += "_25._tcp.mx1.example.test. TLSA " + digests.Replace(r) + "\n"
			}
			l.zone = newZone(t, zone)
			l.zone.state = scanner.Secure
			server := postOffice(&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
			if tt.server != nil {
				tt.server(server)
			}
			l.lead("", 25, listen(t, server.serve))
			var facts scanner.MailFacts
			l.scan(patient(), "example.test").mx(t.Context(), &facts)
			got := facts.MX[0].DANE
			if got == nil || len(got.Records) != len(tt.records) || got.Usable != tt.usable || got.Match != tt.match ||
				!strings.HasPrefix(got.By, tt.by) || (tt.by == "") != (got.By == "") || kind(got.MatchFailure) != tt.failure {
				t.Fatalf("got %+v, failure %v", got, got.MatchFailure)
			}
			if want := map[bool]scanner.DNSSECStatus{true: scanner.Secure}[len(tt.records) > 0]; got.Security != want {
				t.Errorf("security %q", got.Security)
			}
		})
	}
	t.Run("no answer", func(t *testing.T) {
		l := newLab(t, "example.test. MX 10 mx1.example.test.\nmx1.example.test. A 192.0.2.1\n")
		l.zone.fails["_25._tcp.mx1.example.test"] = scanner.Failf(scanner.FailServer, "SERVFAIL")
		l.lead("", 25, closedPort(t))
		var facts scanner.MailFacts
		l.scan(patient(), "example.test").mx(t.Context(), &facts)
		if got := facts.MX[0].DANE; kind(got.Failure) != scanner.FailServer {
			t.Errorf("got %+v", got)
		}
	})
}

// A mail server meets one session at a time, and one that is slow or busy with
// the web site few of them.
func TestGentleness(t *testing.T) {
	tests := []struct {
		about string
		probe func(*Probe)
		busy  bool
		turns func(n int32) string // what the n-th session is greeted with; "": as usual
		whole bool
	}{
		{about: "whole", whole: true},
		{about: "slow", probe: func(p *Probe) { p.prompt = 0 }},
		{about: "the address of the web site", busy: true},
		{about: "turned away in the middle", turns: func(n int32) string {
			return map[bool]string{true: "421 4.7.0 too many connections from you\r\n"}[n > 5]
		}},
		{about: "greylisted in the middle", turns: func(n int32) string {
			return map[bool]string{true: "450 4.2.0 greylisted, try again\r\n"}[n > 5]
		}},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, "example.test. MX 10 mx1.example.test.\nexample.test. A 192.0.2.1\nmx1.example.test. A 192.0.2.1\n")
			server := postOffice(&tls.Config{Certificates: []tls.Certificate{l.certificate(t, "mx1.example.test")}, MinVersion: tls.VersionTLS12})
			var sessions atomic.Int32
			l.lead("", 25, listen(t, func(c net.Conn) {
				if tt.turns != nil {
					if say := tt.turns(sessions.Add(1)); say != "" {
						_, _ = io.WriteString(c, say)
						return
					}
				}
				server.serve(c)
			}))
			p := patient()
			if tt.probe != nil {
				tt.probe(p)
			}
			s := l.scan(p, "example.test")
			if tt.busy {
				s.busy = map[netip.Addr]bool{netip.MustParseAddr("192.0.2.1"): true}
			}
			dialer := &oneAtATime{Dialer: s.net.Dialer}
			s.net.Dialer = dialer
			var facts scanner.MailFacts
			s.mx(t.Context(), &facts)
			h := facts.MX[0]
			if h.STARTTLS != scanner.Yes || h.TLS == nil || h.TLS.Failure != nil {
				t.Fatalf("got %+v, failure %v", h, h.Failure)
			}
			if whole := len(h.TLS.WeakTested) > 0 && h.TLS.GroupsTested && h.TLS.Partial == nil; whole != tt.whole || !whole && h.TLS.Partial == nil {
				t.Errorf("weak suites %q, groups %v, partial %v", h.TLS.WeakTested, h.TLS.GroupsTested, h.TLS.Partial)
			}
			if len(h.TLS.Weak) > 0 || h.TLS.Versions["TLSv1.0"] == scanner.Yes {
				t.Errorf("faults out of nothing: %+v", h.TLS)
			}
			if _, conns := server.commands(); conns > mxConns || !tt.whole && conns > 7 {
				t.Errorf("%d sessions", conns)
			}
			if dialer.most.Load() != 1 || dialer.open.Load() != 0 {
				t.Errorf("%d connections at a time, %d left open", dialer.most.Load(), dialer.open.Load())
			}
		})
	}
}

// oneAtATime counts open connections.
type oneAtATime struct {
	scanner.Dialer
	open, most atomic.Int32
}

func (d *oneAtATime) Dial(ctx context.Context, network, host string, to netip.AddrPort) (net.Conn, error) {
	n := d.open.Add(1)
	for most := d.most.Load(); n > most && !d.most.CompareAndSwap(most, n); most = d.most.Load() {
	}
	conn, err := d.Dialer.Dial(ctx, network, host, to)
	if err != nil {
		d.open.Add(-1)
		return nil, err
	}
	return turnConn{conn, sync.OnceFunc(func() { d.open.Add(-1) })}, nil
}

func FuzzTLSA(f *testing.F) {
	f.Add(uint8(3), uint8(1), uint8(1), strings.Repeat("ab", 32))
	f.Add(uint8(2), uint8(0), uint8(2), "zz")
	f.Add(uint8(255), uint8(9), uint8(0), "\x00\xff")
	f.Fuzz(func(t *testing.T, usage, selector, matching uint8, data string) {
		r := &dns.TLSA{Usage: usage, Selector: selector, MatchingType: matching, Certificate: data}
		storable(t, tlsaText(r))
		if usableTLSA(r) && (usage < 2 || usage > 3 || selector > 1 || matching > 2 || data == "") {
			t.Errorf("%s is taken", fmt.Sprint(usage, selector, matching, data))
		}
	})
}
