package notify_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

// mailer sends to a sink by the name that its certificate has, which is no name
// of this machine.
func mailer(s *sink) *notify.Mail {
	port := uint16(587)
	if s.implicit {
		port = 465
	}
	return &notify.Mail{
		Host: "mail.example", Port: port, From: "infohub@example.hk", Roots: s.roots,
		Network: notify.Network{
			Dialer: &netguard.Dialer{Policy: loopbackOnly(), ConnectTo: []netguard.Mapping{{Host: "mail.example", ToPort: s.addr.Port()}}},
			Lookup: func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{s.addr.Addr()}, nil },
		},
	}
}

func mailMessage() notify.Message {
	return notify.Message{
		ID: "msg_abc", Created: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), Channel: notify.ByMail, To: "ann@example.hk",
		Subject: "例子.香港：2 個新問題\r\nBcc: eve@evil.example\r\n\r\nbody", Text: "你好\n.\nBcc: nobody\n" + strings.Repeat("長", 2000),
	}
}

// TestMail: what arrives is one mail to one person, whatever its subject says,
// with the same Message-ID each time.
func TestMail(t *testing.T) {
	for name, s := range map[string]*sink{
		"STARTTLS":           {starttls: true},
		"TLS from the start": {implicit: true},
		"with a password":    {starttls: true, auth: "PLAIN LOGIN"},
		"both":               {implicit: true, auth: "PLAIN"},
	} {
		t.Run(name, func(t *testing.T) {
			startSink(t, s)
			m := mailer(s)
			if s.auth != "" {
				m.User, m.Password = "infohub", "pass word"
			}
			for range 2 {
				if err := m.Send(t.Context(), mailMessage()); err != nil {
					t.Fatal(err)
				}
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.mails) != 2 || s.clear {
				t.Fatalf("%d mails, unencrypted %v", len(s.mails), s.clear)
			}
			if s.auth != "" && (len(s.creds) != 2 || s.creds[0] != "\x00infohub\x00pass word") {
				t.Errorf("credentials %q", s.creds)
			}
			envelope, data, _ := strings.Cut(s.mails[0], "\nRCPT TO:<ann@example.hk>\n")
			if !strings.HasPrefix(envelope, "MAIL FROM:<infohub@example.hk>") || strings.Contains(data, "RCPT TO") {
				t.Errorf("envelope %q", s.mails[0][:200])
			}
			got, err := netmail.ReadMessage(strings.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
			if err != nil || subject != "例子.香港：2 個新問題  Bcc: eve@evil.example    body" {
				t.Errorf("subject %q, %v", subject, err)
			}
			body, err := io.ReadAll(quotedprintable.NewReader(got.Body))
			if text := strings.TrimRight(strings.ReplaceAll(string(body), "\r\n", "\n"), "\n"); err != nil || strings.ReplaceAll(text, "\n..\n", "\n.\n") != mailMessage().Text {
				t.Errorf("text %.200q, %v", text, err)
			}
			for name, want := range map[string]string{"Bcc": "", "To": "<ann@example.hk>", "From": "<infohub@example.hk>", "Message-Id": "<msg_abc@example.hk>", "Auto-Submitted": "auto-generated"} {
				if v := got.Header.Get(name); v != want {
					t.Errorf("%s: %q; want %q", name, v, want)
				}
			}
			if s.mails[0] != s.mails[1] {
				t.Log("two copies differ in form, not in id")
			}
		})
	}
}

// TestMailRefusals: nothing leaves unencrypted unasked, the password never does,
// and a certificate of another name counts for nothing.
func TestMailRefusals(t *testing.T) {
	tests := []struct {
		name   string
		sink   *sink
		change func(*notify.Mail)
		final  bool
	}{
		{"no TLS", &sink{}, nil, false},
		{"a certificate of nobody", &sink{starttls: true}, func(m *notify.Mail) { m.Roots = x509.NewCertPool() }, false},
		{"a password over plain text", &sink{auth: "PLAIN LOGIN", plain: true}, func(m *notify.Mail) { m.Plain, m.User, m.Password = true, "a", "b" }, false},
		{"the own network, not allowed", &sink{starttls: true}, func(m *notify.Mail) { m.Network.Dialer.Policy = netguard.Policy{} }, true},
		{"no such person", &sink{starttls: true, replies: map[string]string{"RCPT": "550 5.1.1 no such user"}}, nil, true},
		{"try again later", &sink{starttls: true, replies: map[string]string{"RCPT": "451 4.7.1 greylisted"}}, nil, false},
		{"wrong password", &sink{implicit: true, auth: "PLAIN", replies: map[string]string{"AUTH": "535 5.7.8 no"}}, func(m *notify.Mail) { m.User, m.Password = "a", "b" }, false},
		{"a flood", &sink{flood: true}, nil, false},
		{"an address with a line end", &sink{starttls: true}, func(m *notify.Mail) { m.From = "a@example.hk>\r\nRCPT TO:<eve@evil.example" }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := startSink(t, tt.sink)
			m := mailer(s)
			if tt.change != nil {
				tt.change(m)
			}
			err := m.Send(t.Context(), mailMessage())
			var se *notify.SendError
			final := errors.As(err, &se) && se.Final
			if err == nil || final != tt.final {
				t.Errorf("error %v, final %v; want final %v", err, final, tt.final)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.mails) > 0 || len(s.creds) > 0 {
				t.Errorf("%d mails and the credentials %q were sent", len(s.mails), s.creds)
			}
		})
	}
	// With the operator's word, and to this machine, plain text will do.
	s := startSink(t, &sink{})
	m := mailer(s)
	m.Plain = true
	if err := m.Send(t.Context(), mailMessage()); err != nil {
		t.Errorf("--smtp-plain: %v", err)
	}
	m = mailer(s)
	m.Host, m.Port = s.addr.Addr().String(), s.addr.Port()
	if err := m.Send(t.Context(), mailMessage()); err != nil {
		t.Errorf("loopback: %v", err)
	}
}

// TestMailSilentServer: an attempt ends with its time.
func TestMailSilentServer(t *testing.T) {
	s := startSink(t, &sink{starttls: true, replies: map[string]string{"MAIL": "250-and so on"}})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := mailer(s).Send(ctx, mailMessage()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestParseServer(t *testing.T) {
	for in, want := range map[string]string{
		"mail.example.hk": "mail.example.hk 587", "mail.example.hk:465": "mail.example.hk 465", "[::1]:25": "::1 25", "127.0.0.1": "127.0.0.1 587",
		"": "", ":25": "", "mail:0": "", "mail:99999": "", "mail:smtp": "", "smtp://mail": "", "a b:25": "", "ann@mail": "", "::1": "",
	} {
		host, port, err := notify.ParseServer(in)
		got := ""
		if err == nil {
			got = host + " " + netip.AddrPortFrom(netip.IPv4Unspecified(), port).String()[len("0.0.0.0:"):]
		}
		if got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"ann@example.hk", "Ann <ann@example.hk>", "\"a\r\nb\"@example.hk", "a@b, c@d", "@", "<>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := notify.ParseAddress(s); err == nil && (strings.ContainsAny(a, "\r\n") || !strings.Contains(a, "@")) {
			t.Errorf("%q gives %q", s, a)
		}
	})
}
