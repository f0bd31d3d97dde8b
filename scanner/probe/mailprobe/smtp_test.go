package mailprobe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// mailServer is a small SMTP server: what it answers to each command.
type mailServer struct {
	greeting string            // whole, with its line ends
	answers  map[string]string // by command word, whole
	config   *tls.Config       // behind STARTTLS

	mu    sync.Mutex
	heard []string // every command
	conns int
}

// postOffice is a good server; without a config it offers no STARTTLS.
func postOffice(config *tls.Config) *mailServer {
	ehlo := "250-mx.example.test\r\n250-SIZE 10240000\r\n250 8BITMIME\r\n"
	if config != nil {
		ehlo = "250-mx.example.test\r\n250-SIZE 10240000\r\n250-starttls\r\n250 8BITMIME\r\n"
	}
	return &mailServer{
		greeting: "220 mx.example.test ESMTP\r\n", config: config,
		answers: map[string]string{"EHLO": ehlo, "STARTTLS": "220 go ahead\r\n", "QUIT": "221 bye\r\n"},
	}
}

func (m *mailServer) with(command, answer string) *mailServer {
	m.answers[command] = answer
	return m
}

func (m *mailServer) serve(conn net.Conn) {
	m.mu.Lock()
	m.conns++
	m.mu.Unlock()
	if _, err := io.WriteString(conn, m.greeting); err != nil {
		return
	}
	in := bufio.NewScanner(conn)
	for in.Scan() {
		line := in.Text()
		m.mu.Lock()
		m.heard = append(m.heard, line)
		m.mu.Unlock()
		word, _, _ := strings.Cut(strings.ToUpper(line), " ")
		answer, ok := m.answers[word]
		if !ok {
			answer = "502 not here\r\n"
		}
		if _, err := io.WriteString(conn, answer); err != nil || word == "QUIT" {
			return
		}
		if word == "STARTTLS" && strings.HasPrefix(answer, "220") {
			if m.config != nil {
				secure := tls.Server(conn, m.config)
				_ = secure.Handshake()
				_, _ = io.Copy(io.Discard, secure)
			}
			return
		}
	}
}

func (m *mailServer) commands() (words []string, conns int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, line := range m.heard {
		word, _, _ := strings.Cut(line, " ")
		words = append(words, word)
	}
	slices.Sort(words)
	return slices.Compact(words), m.conns
}

func endless(conn net.Conn, text string) {
	for {
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
	}
}

func TestMailServers(t *testing.T) {
	before := runtime.NumGoroutine()
	says := func(greeting string) func(net.Conn) {
		return func(conn net.Conn) {
			_, _ = io.WriteString(conn, greeting)
			_, _ = io.Copy(io.Discard, conn)
		}
	}
	tests := []struct {
		about    string
		tls      bool                // the server has a certificate
		server   func(*mailServer)   // changes of the good one
		handle   func(conn net.Conn) // another server altogether
		quick    bool                // the probe's own patience ends it
		failure  scanner.FailureKind // of the session
		starttls scanner.Tristate    //
		tlsFails scanner.FailureKind // behind STARTTLS
		greeting string              //
	}{
		{about: "good", tls: true, starttls: scanner.Yes, greeting: "220 mx.example.test ESMTP"},
		{about: "no STARTTLS", starttls: scanner.No, greeting: "220 mx.example.test ESMTP"},
		{about: "greeting of several lines", tls: true, server: func(m *mailServer) {
			m.greeting = "220-mx.example.test\r\n220-no spam\r\n220 \r\n"
		}, starttls: scanner.Yes, greeting: "220 mx.example.test"},
		{about: "bare line feeds and bare codes", server: func(m *mailServer) {
			m.greeting = "220\n"
			m.with("EHLO", "250\n")
		}, starttls: scanner.No, greeting: "220 "},
		{about: "greeting for a terminal", server: func(m *mailServer) { m.greeting = "220 \x1b[31mred\r\n" }, starttls: scanner.No, greeting: "220 ?[31mred"},
		{about: "no extensions", server: func(m *mailServer) { m.with("EHLO", "502 what?\r\n") }, starttls: scanner.No, greeting: "220 mx.example.test ESMTP"},
		{about: "STARTTLS with a word behind it", tls: true, server: func(m *mailServer) { m.with("EHLO", "250-mx\r\n250 STARTTLS now\r\n") }, starttls: scanner.Yes, greeting: "220 mx.example.test ESMTP"},
		{about: "a word that begins like STARTTLS", server: func(m *mailServer) { m.with("EHLO", "250-STARTTLS\r\n250 STARTTLSX\r\n") }, starttls: scanner.No, greeting: "220 mx.example.test ESMTP"},
		{about: "EHLO refused", server: func(m *mailServer) { m.with("EHLO", "550 5.7.1 access denied\r\n") }, failure: scanner.FailBlocked},
		{about: "EHLO not now", server: func(m *mailServer) { m.with("EHLO", "451 4.3.0 later\r\n") }, failure: scanner.FailServer},
		{about: "554", handle: says("554 5.7.1 mx.example.test no service for you\r\n"), failure: scanner.FailBlocked},
		{about: "421", handle: says("421 too many connections\r\n"), failure: scanner.FailBlocked},
		{about: "450 for reputation", handle: says("450-4.7.1 client host\r\n450 4.7.1 listed at zen.spamhaus.org\r\n"), failure: scanner.FailBlocked},
		{about: "451", handle: says("451 4.3.0 internal error\r\n"), failure: scanner.FailServer},
		{about: "521", handle: says("521 does not accept mail\r\n"), failure: scanner.FailServer},
		{about: "silence", handle: says(""), quick: true, failure: scanner.FailTimeout},
		{about: "tarpit", quick: true, failure: scanner.FailTimeout, handle: func(conn net.Conn) {
			for {
				if _, err := io.WriteString(conn, "2"); err != nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		}},
		{about: "tarpit after the greeting", quick: true, failure: scanner.FailTimeout, handle: func(conn net.Conn) {
			_, _ = io.WriteString(conn, "220 slow\r\n")
			for {
				if _, err := io.WriteString(conn, "250-slow\r\n"); err != nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		}},
		{about: "flood of lines", handle: func(conn net.Conn) { endless(conn, "220-more\r\n") }, failure: scanner.FailProtocol},
		{about: "flood of one line", handle: func(conn net.Conn) { endless(conn, "220 "+strings.Repeat("x", 1000)) }, failure: scanner.FailProtocol},
		{about: "endless EHLO", handle: func(conn net.Conn) {
			_, _ = io.WriteString(conn, "220 mx\r\n")
			endless(conn, "250-more\r\n")
		}, failure: scanner.FailProtocol},
		{about: "closes at once", handle: func(net.Conn) {}, failure: scanner.FailReset},
		{about: "closes after the greeting", handle: func(conn net.Conn) { _, _ = io.WriteString(conn, "220 bye\r\n") }, failure: scanner.FailReset},
		{about: "another protocol", handle: says("SSH-2.0-OpenSSH_9.2p1\r\n"), failure: scanner.FailProtocol},
		{about: "no code", handle: says("22 mx\r\n"), failure: scanner.FailProtocol},
		{about: "codes that differ", handle: says("220-mx\r\n221 mx\r\n"), failure: scanner.FailProtocol},
		{about: "bytes", handle: says("\x00\xff\xfe\r\n"), failure: scanner.FailProtocol},
		{about: "STARTTLS refused", tls: true, server: func(m *mailServer) { m.with("STARTTLS", "454 4.7.0 TLS not available\r\n") }, starttls: scanner.Yes, tlsFails: scanner.FailServer, greeting: "220 mx.example.test ESMTP"},
		{about: "plain text after STARTTLS", tls: true, server: func(m *mailServer) {
			m.with("STARTTLS", "220 go ahead\r\n250-mx.evil.test\r\n250 AUTH PLAIN\r\n")
		}, starttls: scanner.Yes, tlsFails: scanner.FailProtocol, greeting: "220 mx.example.test ESMTP"},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, "example.test. MX 10 mx1.example.test.\nmx1.example.test. A 192.0.2.1")
			var conf *tls.Config
			if tt.tls {
				conf = &tls.Config{Certificates: []tls.Certificate{l.certificate(t, "mx1.example.test")}, MinVersion: tls.VersionTLS12}
			}
			server := postOffice(conf)
			if tt.server != nil {
				tt.server(server)
			}
			handle := tt.handle
			if handle == nil {
				handle = server.serve
			}
			l.lead("mx1.example.test", 25, listen(t, handle))
			p := patient()
			if tt.quick {
				p = quick()
			}
			var facts scanner.MailFacts
			l.scan(p, "example.test").mx(t.Context(), &facts)
			if facts.MXFailure != nil || len(facts.MX) != 1 {
				t.Fatalf("got %+v", facts)
			}
			got := facts.MX[0]
			if kind(got.Failure) != tt.failure || got.STARTTLS != tt.starttls || got.Greeting != tt.greeting || !got.Exists {
				t.Errorf("got %+v, failure %v", got, got.Failure)
			}
			if (got.TLS != nil) != (tt.starttls == scanner.Yes) {
				t.Fatalf("TLS %+v", got.TLS)
			}
			if got.TLS != nil {
				if kind(got.TLS.Failure) != tt.tlsFails {
					t.Errorf("TLS failure %v, want %q", got.TLS.Failure, tt.tlsFails)
				}
				if tt.tlsFails == "" && (len(got.TLS.Chain) == 0 || !got.TLS.NameMatch) {
					t.Errorf("TLS %+v", got.TLS)
				}
			}
			words, conns := server.commands()
			for _, word := range words {
				if !slices.Contains([]string{"EHLO", "STARTTLS", "QUIT"}, word) {
					t.Errorf("the server was told %q", word)
				}
			}
			if conns > mxConns {
				t.Errorf("%d connections", conns)
			}
		})
	}
	settles(t, before)
}

func TestHello(t *testing.T) {
	server := postOffice(nil)
	at := listen(t, server.serve)
	for _, tt := range []struct{ hello, want string }{
		{"", "EHLO [127.0.0.1]"},
		{"scanner.example.test", "EHLO scanner.example.test"},
	} {
		p := patient()
		p.Hello = tt.hello
		c, err := p.open(t.Context(), func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", at.String())
		})
		if err != nil {
			t.Fatal(err)
		}
		c.quit(t.Context())
		server.mu.Lock()
		heard := slices.Clone(server.heard)
		server.heard = nil
		server.mu.Unlock()
		if !slices.Equal(heard, []string{tt.want, "QUIT"}) {
			t.Errorf("the server heard %q, want %q", heard, tt.want)
		}
	}
}

func TestAddressLiteral(t *testing.T) {
	tests := []struct{ addr, want string }{
		{"192.0.2.1:4321", "[192.0.2.1]"},
		{"[2001:db8::1]:4321", "[IPv6:2001:db8::1]"},
		{"[::ffff:192.0.2.1]:4321", "[192.0.2.1]"},
	}
	for _, tt := range tests {
		addr, err := net.ResolveTCPAddr("tcp", tt.addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := addressLiteral(addr); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.addr, got, tt.want)
		}
	}
}

func TestRefusal(t *testing.T) {
	tests := []struct {
		text string
		want scanner.FailureKind
	}{
		{"554 no SMTP service here", scanner.FailBlocked},
		{"421 try later", scanner.FailBlocked},
		{"450 4.7.1 client host rejected: cannot find your reverse hostname; see our reputation page", scanner.FailBlocked},
		{"550 blocked using b.barracudacentral.org", scanner.FailBlocked},
		{"450 mailbox busy", scanner.FailServer},
		{"500 syntax", scanner.FailServer},
	}
	for _, tt := range tests {
		code, text, _, ok := parseReplyLine(tt.text)
		if got := refusal(reply{code, []string{text}}); !ok || got.Kind != tt.want || got.Detail != tt.text {
			t.Errorf("%q: %v, want %s", tt.text, got, tt.want)
		}
	}
}

// A server whose answers only ctx can end.
func TestSessionEndsWithContext(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("", func(t *testing.T) {
		l := newLab(t, "example.test. MX 10 mx1.example.test.\nmx1.example.test. A 192.0.2.1")
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("stopped by the test")
		l.lead("mx1.example.test", 25, listen(t, func(conn net.Conn) {
			_, _ = io.WriteString(conn, "220-")
			cancel(scanner.Failf(scanner.FailCancelled, why.Error()))
			_, _ = io.Copy(io.Discard, conn)
		}))
		var facts scanner.MailFacts
		l.scan(patient(), "example.test").mx(ctx, &facts)
		if got := facts.MX[0].Failure; kind(got) != scanner.FailCancelled || got.Detail != why.Error() {
			t.Errorf("failure %v", got)
		}
	})
	settles(t, before)
}

func TestReplyLine(t *testing.T) {
	tests := []struct {
		line string
		want string
	}{
		{"220 mx\r\n", "220 mx false"},
		{"250-SIZE 1\r\n", "250 SIZE 1 true"},
		{"250\r\n", "250  false"},
		{"250-\n", "250  true"},
		{"250 ", "250  false"},
		{"25\r\n", ""},
		{"2500\r\n", ""},
		{"250_x\r\n", ""},
		{"999 x\r\n", ""},
		{"150 x\r\n", ""},
		{"hello\r\n", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got := ""
		if code, text, more, ok := parseReplyLine(tt.line); ok {
			got = fmt.Sprint(code, " ", text, " ", more)
		}
		if got != tt.want {
			t.Errorf("%q: %q, want %q", tt.line, got, tt.want)
		}
	}
}
