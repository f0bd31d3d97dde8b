package dnsprobe

import (
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

// A hosted service may be as hostile as any site: the page is read within
// bounds, or there is a reason why not.
func TestHostileService(t *testing.T) {
	tests := []struct {
		name string
		act  func(c net.Conn)
		body string // the beginning of it
		want scanner.FailureKind
	}{
		{"a page", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 404 Not Found\r\n\r\nNo such app") }, "No such app", ""},
		{"in chunks", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nNo \r\n8\r\nsuch app\r\n0\r\n\r\n")
		}, "No such app", ""},
		{"hints before it", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello")
		}, "hello", ""},
		{"cut off", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello") }, "hello", scanner.FailReset},
		{"hints alone", func(c net.Conn) {
			_, _ = io.WriteString(c, strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 9))
		}, "", scanner.FailProtocol},
		{"a body without end", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			for {
				if _, err := io.WriteString(c, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		}, "xxx", ""},
		{"a head without end", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for {
				if _, err := io.WriteString(c, "X-Y: "+strings.Repeat("x", 4096)+"\r\n"); err != nil {
					return
				}
			}
		}, "", scanner.FailReset},
		{"garbage", func(c net.Conn) { _, _ = io.WriteString(c, "220 mail.example ESMTP\r\n") }, "", scanner.FailProtocol},
		{"nothing", func(net.Conn) {}, "", scanner.FailReset},
		{"silence", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "", scanner.FailTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						defer func() { _ = c.Close() }()
						_, _ = c.Read(make([]byte, 4096)) // the request
						tt.act(c)
					}()
				}
			}()
			ap := l.Addr().(*net.TCPAddr).AddrPort()
			d := &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}, ConnectTo: []netguard.Mapping{{Port: 80, To: ap.Addr(), ToPort: ap.Port()}}}
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, scanner.Failf(scanner.FailTimeout, "over"))
			if tt.want != scanner.FailTimeout {
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
			}
			defer cancel()
			f := fetcher{net: &scanner.Network{Dialer: d, UserAgent: "test"}, left: new(atomic.Int32)}
			code, body, err := f.page(ctx, "shop.example.hk", netip.MustParseAddr("192.0.2.1"))
			var kind scanner.FailureKind
			if err != nil {
				kind = scanner.FailureOf(err).Kind
			}
			if kind != tt.want || !strings.HasPrefix(body, tt.body) || len(body) > maxPage || err == nil && code == 0 {
				t.Errorf("%d %.40q of %d bytes, %v", code, body, len(body), err)
			}
		})
	}
}
