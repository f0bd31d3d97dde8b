package webprobe

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/cybersec-infohub/infohub/scanner"
)

// A server that begins an answer and then sends pings without end, whose
// answers it never reads: net/http then writes for ever, under a lock that
// reading and closing the body wait for, whatever becomes of the context.
func TestPingsWithoutReading(t *testing.T) {
	s := bareSite(t)
	ca := newAuthority(t)
	s.roots = ca.pool()
	cert := ca.issue(t, "example.hk", "www.example.hk")
	s.https = s.raw(func(c net.Conn) {
		tc := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
		pings(tc)
	})
	s.connect()
	w, _ := s.scan(4 * time.Second)
	r := root(t, w, "https://example.hk/")
	if h := r.Hops[0]; h.Status != 200 || kindOf(h.BodyFailure) != scanner.FailTimeout {
		t.Errorf("status %d, failure %v, body %v", h.Status, r.Failure, h.BodyFailure)
	}
}

func pings(c net.Conn) {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	if f.WriteSettings() != nil {
		return
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		if h, ok := frame.(*http2.HeadersFrame); ok {
			var b bytes.Buffer
			if hpack.NewEncoder(&b).WriteField(hpack.HeaderField{Name: ":status", Value: "200"}) != nil ||
				f.WriteHeaders(http2.HeadersFrameParam{StreamID: h.StreamID, BlockFragment: b.Bytes(), EndHeaders: true}) != nil ||
				f.WriteData(h.StreamID, false, []byte("<p>wait")) != nil {
				return
			}
			break
		}
	}
	for f.WritePing(false, [8]byte{1}) == nil {
	}
}
