package practice

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// Bounds of one SMTP session.
const (
	smtpTime  = 20 * time.Second
	smtpLines = 50
	smtpConns = 50 // open at a time
)

// serveSMTP runs a mail server that greets, offers STARTTLS, and takes no mail.
func (s *Site) serveSMTP(ctx context.Context, l net.Listener) {
	var (
		mu    sync.Mutex
		conns = map[net.Conn]bool{}
	)
	stop := func() {
		_ = l.Close()
		mu.Lock()
		defer mu.Unlock()
		for c := range conns {
			_ = c.Close()
		}
	}
	s.serve(func() {
		slots := make(chan struct{}, smtpConns)
		for {
			slots <- struct{}{}
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns[c] = true
			mu.Unlock()
			s.wg.Go(func() {
				s.smtpSession(ctx, c)
				_ = c.Close()
				mu.Lock()
				delete(conns, c)
				mu.Unlock()
				<-slots
			})
		}
	}, stop)
}

func (s *Site) smtpSession(ctx context.Context, c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(smtpTime))
	offer := !s.has("mail.starttls.missing")
	say := func(text string) { _, _ = fmt.Fprintf(c, "%s\r\n", text) } // a broken connection shows at the next read
	r := bufio.NewReaderSize(c, 1024)
	say("220 mail." + Domain + " ESMTP practice")
	for range smtpLines {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(string(line))), " ")
		switch {
		case verb == "EHLO" && offer:
			say("250-mail." + Domain + "\r\n250 STARTTLS")
		case verb == "EHLO" || verb == "HELO" || verb == "NOOP" || verb == "RSET":
			say("250 mail." + Domain)
		case verb == "STARTTLS" && offer:
			say("220 ready")
			t := tls.Server(c, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{s.pki.mail}, SessionTicketsDisabled: true})
			if t.HandshakeContext(ctx) != nil {
				return
			}
			c, r, offer = t, bufio.NewReaderSize(t, 1024), false
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("502 this server takes no mail: it is a practice site")
		}
	}
}
