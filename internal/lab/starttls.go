//go:build unix

package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// mailReplies are what a small mail server of our own answers.
func mailReplies(p *Place) map[string]string {
	return map[string]string{"EHLO": "250-" + p.MXName + "\r\n250 STARTTLS", "QUIT": "221 bye"}
}

// GnuTLSMail has gnutls-serv encrypt behind a small mail server of our own,
// with a priority string of GnuTLS: for what Debian's OpenSSL, and so postfix,
// was built without.
func GnuTLSMail(priority string) func(context.Context, *Lab, *Place) error {
	return func(ctx context.Context, l *Lab, p *Place) error {
		port, err := freePort(ctx)
		if err != nil {
			return err
		}
		to := "127.0.0.1:" + port
		if err := l.start(ctx, []string{to}, nil, "gnutls-serv", "--echo", "--quiet", "--disable-client-cert", "--port", port,
			"--priority", priority, "--x509certfile", p.MXCrt, "--x509keyfile", p.MXKey); err != nil {
			return err
		}
		return l.Listen(ctx, p.MX+":25", func(c net.Conn) {
			SMTP(c, "220 "+p.MXName+" ESMTP", mailReplies(p), func(c net.Conn) (net.Conn, error) { return nil, handOver(c, to) })
		})
	}
}

// handOver leads what comes next on c to a server, until either side leaves.
func handOver(c net.Conn, to string) error {
	server, err := net.DialTimeout("tcp", to, 10*time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, c) // either side may leave
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(c, server)
	return errors.New("handed over")
}

// compressingMail is a mail server that agrees to compress when it may, as no
// TLS library of today does: the answer of one is changed on its way.
func compressingMail(ctx context.Context, l *Lab, p *Place) error {
	cert, err := tls.LoadX509KeyPair(p.MXCrt, p.MXKey)
	if err != nil {
		return err
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	return l.Listen(ctx, p.MX+":25", func(c net.Conn) {
		SMTP(c, "220 "+p.MXName+" ESMTP", mailReplies(p), func(c net.Conn) (net.Conn, error) {
			return tls.Server(&compressing{Conn: c}, cfg), nil
		})
	})
}

// compressing writes the method DEFLATE (RFC 3749) into the ServerHello where
// the ClientHello offers it.
type compressing struct {
	net.Conn
	hello   []byte
	written bool
}

func (c *compressing) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if !c.written {
		c.hello = append(c.hello, b[:n]...)
	}
	return n, err
}

func (c *compressing) Write(b []byte) (int, error) {
	first := !c.written
	c.written = true
	if first && c.offered() {
		// Record (5), handshake (4), version (2), random (32), session id, suite (2).
		if at := 5 + 4 + 2 + 32; len(b) > at && b[5] == 2 {
			if at += 1 + int(b[at]) + 2; at < len(b) {
				b = append([]byte(nil), b...)
				b[at] = 1
			}
		}
	}
	return c.Conn.Write(b)
}

// offered reads the compression methods of the ClientHello.
func (c *compressing) offered() bool {
	at := 5 + 4 + 2 + 32
	for _, size := range []int{1, 2} { // session id, suites
		if len(c.hello) < at+size {
			return false
		}
		n := int(c.hello[at])
		if size == 2 {
			n = n<<8 | int(c.hello[at+1])
		}
		at += size + n
	}
	if len(c.hello) <= at || len(c.hello) < at+1+int(c.hello[at]) {
		return false
	}
	for _, method := range c.hello[at+1 : at+1+int(c.hello[at])] {
		if method == 1 {
			return true
		}
	}
	return false
}
