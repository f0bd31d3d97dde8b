package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// Mail sends messages through a mail server that takes them for others
// (submission). The connection is encrypted: from the start on port 465, by
// STARTTLS on any other.
type Mail struct {
	Host string
	Port uint16
	From string
	// User and Password are for servers that ask for them.
	User, Password string
	// Plain lets the mail pass unencrypted where the server offers no TLS. A
	// server on this machine needs no permission. The password never does.
	Plain   bool
	Network Network
	Roots   *x509.CertPool // nil: the system's
}

// ParseAddress reads a mail address, "ann@example.hk" or "Ann <ann@example.hk>",
// and returns the address alone.
func ParseAddress(s string) (string, error) {
	a, err := netmail.ParseAddress(s)
	if err != nil || len(a.Address) > 254 || strings.ContainsAny(a.Address, "\r\n\x00\"") {
		return "", errors.New("give one mail address, for example ann@example.hk")
	}
	return a.Address, nil
}

// Send implements Sender. A refusal by the server (a 5yz reply to sender,
// recipient or content) is final.
func (s *Mail) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	msg, err := s.compose(m)
	if err != nil {
		return &SendError{Err: err, Final: true}
	}
	// The library knows no deadline after the dial and leaves connections open on
	// some errors: the end of ctx closes this one, and so does the end of Send.
	var conn net.Conn
	dial := func(dialCtx context.Context, network, address string) (net.Conn, error) {
		c, err := s.Network.dial(dialCtx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = c.Close() }) // nobody waits for it any more
		conn = &bounded{Conn: c, left: maxReplies}
		if s.Port == 465 {
			conn = tls.Client(conn, s.tls())
		}
		return conn, nil
	}
	client, err := s.client(dial)
	if err != nil {
		return &SendError{Err: err, Final: true}
	}
	if err = client.DialWithContext(ctx); err == nil {
		err = client.Send(msg)
	}
	if msg.IsDelivered() {
		_ = client.Close() // the server took it; what comes after that is nothing to us
	}
	if conn != nil {
		_ = conn.Close()
	}
	var refused *mail.SendError
	switch {
	case msg.IsDelivered():
		return nil
	case ctx.Err() != nil && err != nil:
		return ctx.Err()
	case errors.As(err, &refused) && refused.ErrorCode() >= 500 && refused.ErrorCode() < 600:
		return &SendError{Err: err, Final: true}
	}
	return err
}

// maxReplies bounds what a server may say to one mail, in bytes.
const maxReplies = 1 << 20

// bounded is a connection that no more than left bytes are read from.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("the server says too much")
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (s *Mail) client(dial mail.DialContextFunc) (*mail.Client, error) {
	policy := mail.TLSMandatory
	if s.Port == 465 || s.Plain || loopback(s.Host) {
		policy = mail.TLSOpportunistic
	}
	options := []mail.Option{
		mail.WithPort(int(s.Port)), mail.WithTLSPolicy(policy), mail.WithTLSConfig(s.tls()),
		mail.WithTimeout(20 * time.Second), mail.WithDialContextFunc(dial), mail.WithoutNoop(),
	}
	if s.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.User), mail.WithPassword(s.Password))
	}
	return mail.NewClient(s.Host, options...)
}

func (s *Mail) tls() *tls.Config {
	return &tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
}

// compose writes the mail. The subject is one line, whatever it was made of.
func (s *Mail) compose(m Message) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(s.From); err != nil {
		return nil, fmt.Errorf("the sender's address: %w", err)
	}
	if err := msg.To(m.To); err != nil {
		return nil, fmt.Errorf("the receiver's address: %w", err)
	}
	if !idForm.MatchString(m.ID) {
		return nil, fmt.Errorf("%q is no id", m.ID)
	}
	_, domain, _ := strings.Cut(s.From, "@")
	msg.SetMessageIDWithValue(m.ID + "@" + domain)
	msg.SetDateWithValue(m.Created)
	msg.Subject(oneLine(m.Subject))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	return msg, nil
}

// ParseServer reads HOST:PORT or HOST, whose port is 587.
func ParseServer(s string) (host string, port uint16, err error) {
	bad := errors.New("give a mail server and its port, for example mail.example.hk:587")
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		host, text = strings.Trim(s, "[]"), "587"
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, " /@\r\n\t") || strings.Contains(host, ":") && !strings.Contains(s, "[") {
		return "", 0, bad
	}
	return host, uint16(n), nil
}
