//go:build unix

package lab

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// GnuTLS has gnutls-serv serve a site in place of nginx, with a priority
// string of GnuTLS: for what Debian's OpenSSL was built without (RC4, 3DES).
// {crt}, {key} and {dir} may stand in more, which are further arguments. It has
// a page of its own, so the site is judged by Only.
func GnuTLS(priority string, more ...string) func(context.Context, *Lab, *Place) error {
	return func(ctx context.Context, l *Lab, p *Place) error {
		// It listens on every address there is, so it has a port of its own.
		port, err := freePort(ctx)
		if err != nil {
			return err
		}
		args := []string{
			"--http", "--quiet", "--disable-client-cert", "--port", port, "--priority", priority,
			"--x509certfile", p.Crt, "--x509keyfile", p.Key,
		}
		for _, a := range more {
			args = append(args, p.Expand(a))
		}
		if err := l.start(ctx, []string{"127.0.0.1:" + port}, nil, "gnutls-serv", args...); err != nil {
			return err
		}
		return l.forward(ctx, p, "127.0.0.1:"+port)
	}
}

// OpenSSL has openssl's s_server serve a site in place of nginx, with further
// arguments in which {dir}, {crt} and {key} may stand. It serves one
// connection after the other, and a page of its own: the site is judged by Only.
func OpenSSL(more ...string) func(context.Context, *Lab, *Place) error {
	return func(ctx context.Context, l *Lab, p *Place) error {
		to, err := l.openssl(ctx, p, more...)
		if err != nil {
			return err
		}
		return l.forward(ctx, p, to)
	}
}

// openssl starts s_server and returns where it listens.
func (l *Lab) openssl(ctx context.Context, p *Place, more ...string) (string, error) {
	port, err := freePort(ctx)
	if err != nil {
		return "", err
	}
	openssl, err := l.write("web/openssl.cnf", weakOpenSSL)
	if err != nil {
		return "", err
	}
	all, err := os.ReadFile(p.Crt)
	if err != nil {
		return "", err
	}
	// What stands above the certificate, without it.
	_, above, _ := strings.Cut(string(all), "-----END CERTIFICATE-----\n")
	chain, err := l.write("web/"+p.Domain+".chain", above)
	if err != nil {
		return "", err
	}
	args := []string{"s_server", "-quiet", "-www", "-accept", "127.0.0.1:" + port, "-cert", p.Crt, "-cert_chain", chain, "-key", p.Key}
	for _, a := range more {
		args = append(args, p.Expand(a))
	}
	return "127.0.0.1:" + port, l.start(ctx, []string{"127.0.0.1:" + port}, []string{"OPENSSL_CONF=" + openssl}, "openssl", args...)
}

// freePort returns a port of 127.0.0.1 that nobody listens on.
func freePort(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	return port, err
}

// forward leads port 443 of a site's addresses to another.
func (l *Lab) forward(ctx context.Context, p *Place, to string) error {
	for _, addr := range []string{p.Web, p.Web6} {
		err := l.Listen(ctx, net.JoinHostPort(addr, "443"), func(c net.Conn) {
			relay(c, to)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// relay passes on what either side says until both have finished.
func relay(c net.Conn, to string) {
	server, err := net.DialTimeout("tcp", to, 10*time.Second)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(server, c) // either side may leave
		closeWrite(server)
		close(done)
	}()
	_, _ = io.Copy(c, server)
	closeWrite(c)
	<-done
}

// closeWrite tells the other side that no more will come.
func closeWrite(c net.Conn) {
	if c, ok := c.(*net.TCPConn); ok {
		_ = c.CloseWrite()
	}
}

// Listen runs a small TCP server of our own until the lab is closed; each
// connection gets a minute. IPv6 addresses and those outside 127.0.0.0/8 must
// be given to the loopback interface before.
func (l *Lab) Listen(ctx context.Context, addr string, handle func(net.Conn)) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("a server of our own: %w", err)
	}
	l.onClose(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go func() {
				defer func() { _ = c.Close() }()
				_ = c.SetDeadline(time.Now().Add(time.Minute))
				handle(c)
			}()
		}
	}()
	return nil
}

// serveMail is the good site's mail server where postfix cannot run.
func (l *Lab) serveMail(ctx context.Context, p *Place) error {
	cert, err := tls.LoadX509KeyPair(p.MXCrt, p.MXKey)
	if err != nil {
		return err
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	return l.Listen(ctx, p.MX+":25", func(c net.Conn) {
		SMTP(c, "220 "+p.MXName+" ESMTP", map[string]string{"EHLO": "250-" + p.MXName + "\r\n250 STARTTLS", "QUIT": "221 bye"},
			func(c net.Conn) (net.Conn, error) { return tls.Server(c, cfg), nil })
	})
}

// SMTP answers as a small mail server of our own, for what postfix cannot
// show: greeting, then the reply of the verb, "250 ok" if there is none. STARTTLS
// calls secure, if it is not nil, and goes on with what it returns.
func SMTP(c net.Conn, greeting string, replies map[string]string, secure func(net.Conn) (net.Conn, error)) {
	buf := make([]byte, 1024)
	say := func(s string) bool { _, err := io.WriteString(c, s+"\r\n"); return err == nil }
	if !say(greeting) {
		return
	}
	for range 100 {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(string(buf[:n]))), " ")
		reply, ok := replies[verb]
		switch {
		case verb == "STARTTLS" && secure != nil:
			if !say("220 ready") {
				return
			}
			if c, err = secure(c); err != nil {
				return
			}
			continue
		case !ok:
			reply = "250 ok"
		}
		if !say(reply) || verb == "QUIT" {
			return
		}
	}
}
