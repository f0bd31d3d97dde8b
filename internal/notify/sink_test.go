package notify_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// sink is a mail server on loopback that keeps what it is given.
type sink struct {
	addr     netip.AddrPort
	roots    *x509.CertPool
	cert     tls.Certificate
	implicit bool              // TLS from the start
	starttls bool              // offered
	auth     string            // offered once the connection is encrypted, or always with plainAuth
	plain    bool              // AUTH is offered unencrypted
	replies  map[string]string // by verb, in the place of the usual ones
	flood    bool              // it talks without end

	mu    sync.Mutex
	mails []string // envelope and data
	creds []string // what AUTH PLAIN sent
	clear bool     // a mail came unencrypted
}

func startSink(t *testing.T, s *sink) *sink {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example"}, DNSNames: []string{"mail.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(leaf)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	s.addr = netip.MustParseAddrPort(l.Addr().String())
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { s.talk(c) })
		}
	})
	return s
}

func (s *sink) talk(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	encrypted := s.implicit
	config := &tls.Config{Certificates: []tls.Certificate{s.cert}}
	if encrypted {
		c = tls.Server(c, config)
	}
	say := func(text string) { _, _ = fmt.Fprint(c, text+"\r\n") }
	if s.flood {
		for _, err := fmt.Fprint(c, "220-"+strings.Repeat("x", 4000)); err == nil; {
			_, err = fmt.Fprint(c, strings.Repeat("y", 4000))
		}
		return
	}
	say("220 mail.example ESMTP")
	in := bufio.NewReader(c)
	var envelope strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		if reply := s.replies[verb]; reply != "" {
			say(reply)
			continue
		}
		switch verb {
		case "EHLO":
			extensions := []string{"mail.example", "8BITMIME"}
			if s.starttls && !encrypted {
				extensions = append(extensions, "STARTTLS")
			}
			if s.auth != "" && (encrypted || s.plain) {
				extensions = append(extensions, "AUTH "+s.auth)
			}
			for i, e := range extensions {
				say(map[bool]string{true: "250 ", false: "250-"}[i == len(extensions)-1] + e)
			}
		case "STARTTLS":
			say("220 go on")
			c, encrypted = tls.Server(c, config), true
			in = bufio.NewReader(c)
		case "AUTH":
			fields := strings.Fields(line)
			text, _ := base64.StdEncoding.DecodeString(fields[len(fields)-1])
			s.mu.Lock()
			s.creds = append(s.creds, string(text))
			s.mu.Unlock()
			say("235 welcome")
		case "MAIL", "RCPT":
			envelope.WriteString(line + "\n")
			say("250 ok")
		case "DATA":
			say("354 go on")
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				envelope.WriteString(line)
			}
			s.mu.Lock()
			s.mails = append(s.mails, envelope.String())
			s.clear = s.clear || !encrypted
			s.mu.Unlock()
			envelope.Reset()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}
