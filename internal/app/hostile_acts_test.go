package app_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// hold takes whatever comes and never says a word.
func hold(_ *yard, c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// deaf neither reads nor writes.
func deaf(y *yard, _ net.Conn) { <-y.end }

func slam(*yard, net.Conn) {}

func reset(_ *yard, c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// dawdle waits for the client's first bytes and then cuts.
func dawdle(_ *yard, c net.Conn) {
	_, _ = c.Read(make([]byte, 100))
	_ = c.(*net.TCPConn).SetLinger(0)
}

// drip says text and then one x a second.
func drip(text string) act {
	return func(y *yard, c net.Conn) {
		go func() { _, _ = io.Copy(io.Discard, c) }()
		_, err := io.WriteString(c, text)
		for err == nil && y.wait(time.Second) {
			_, err = io.WriteString(c, "x")
		}
	}
}

func (y *yard) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-y.end:
		return false
	}
}

// pour writes start and then block until nobody listens any more.
func pour(start string, block []byte) act {
	return func(_ *yard, c net.Conn) {
		go func() { _, _ = io.Copy(io.Discard, c) }()
		_, err := io.WriteString(c, start)
		for err == nil {
			_, err = c.Write(block)
		}
	}
}

func noise() []byte {
	b := make([]byte, 32<<10)
	_, _ = rand.Read(b)
	return b
}

func echo(_ *yard, c net.Conn) { _, _ = io.Copy(c, c) }

// secure speaks TLS and then does what inner does.
func secure(inner act, protocols ...string) act {
	return func(y *yard, c net.Conn) {
		t := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{y.cert}, NextProtos: protocols}) // #nosec G402
		if t.HandshakeContext(y.t.Context()) == nil {
			inner(y, t)
			_ = c.Close() // without a goodbye: the peer may not be reading
		}
	}
}

// web answers each request with what answer writes, raw, and hangs up.
func web(answer func(y *yard, w io.Writer, path string)) act {
	return func(y *yard, c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err == nil {
			answer(y, c, r.URL.Path)
		}
	}
}

// says is an answer that is always the same.
func says(text string) act {
	return web(func(_ *yard, w io.Writer, _ string) { _, _ = io.WriteString(w, text) })
}

const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"

func tame() act { return says(ok + "Content-Length: 2\r\n\r\nhi") }

// streams writes head, and then block without end.
func streams(head, block string) act {
	return web(func(_ *yard, w io.Writer, _ string) {
		_, err := io.WriteString(w, head)
		for b := []byte(strings.Repeat(block, 1+(16<<10)/len(block))); err == nil; {
			_, err = w.Write(b)
		}
	})
}

// both is one act for http and https.
func both(do act) acts { return acts{80: do, 443: secure(do), 25: post()} }

// every is one act for all three ports.
func every(do act) acts { return acts{80: do, 443: do, 25: do} }

func bomb() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 200 {
		_, _ = z.Write(zeros)
	}
	_ = z.Close()
	return b.String()
}

// maze redirects for ever.
func maze(next func(n int) string) act {
	n := 0
	turn := make(chan struct{}, 1)
	return web(func(_ *yard, w io.Writer, _ string) {
		turn <- struct{}{}
		n++
		to := next(n)
		<-turn
		_, _ = fmt.Fprintf(w, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", to)
	})
}

func to(url string) act { return maze(func(int) string { return url }) }

// pings is an HTTP/2 server that gives none of an answer, its beginning or the
// whole, and then sends nothing but pings, whose answers it never reads.
func pings(begin, end bool) act {
	return func(y *yard, c net.Conn) {
		f := http2.NewFramer(c, c)
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(c, preface); err != nil || f.WriteSettings() != nil {
			return
		}
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if h, is := frame.(*http2.HeadersFrame); is {
				if begin {
					var b bytes.Buffer
					e := hpack.NewEncoder(&b)
					_ = e.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
					_ = e.WriteField(hpack.HeaderField{Name: "content-type", Value: "text/html"})
					_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: h.StreamID, BlockFragment: b.Bytes(), EndHeaders: true})
					_ = f.WriteData(h.StreamID, end, []byte("<p>wait"))
				}
				break
			}
		}
		for f.WritePing(false, [8]byte{1}) == nil {
		}
	}
}

// continues is an HTTP/2 server whose header block never ends.
func continues(y *yard, c net.Conn) {
	f := http2.NewFramer(c, c)
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil || f.WriteSettings() != nil {
		return
	}
	go func() { _, _ = io.Copy(io.Discard, c) }()
	block := bytes.Repeat([]byte{0, 1, 'a', 1, 'b'}, 3000)
	err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block})
	for err == nil {
		err = f.WriteContinuation(1, false, block)
	}
}

// post is a small mail server without faults.
func post() act {
	return mail("220 mail ESMTP\r\n", "250-mail\r\n250 STARTTLS\r\n", func(y *yard, c net.Conn) {
		t := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{y.cert}}) // #nosec G402
		_ = t.HandshakeContext(y.t.Context())
	})
}

// mail greets and answers EHLO; then is what follows STARTTLS.
func mail(greeting, hello string, then act) act {
	return func(y *yard, c net.Conn) {
		_, _ = io.WriteString(c, greeting)
		r := bufio.NewReader(c)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			answer := "500 what\r\n"
			switch {
			case strings.HasPrefix(line, "EHLO"):
				answer = hello
			case strings.HasPrefix(line, "STARTTLS"):
				_, _ = io.WriteString(c, "220 go\r\n")
				then(y, c)
				return
			case strings.HasPrefix(line, "QUIT"):
				_, _ = io.WriteString(c, "221 bye\r\n")
				return
			}
			if _, err := io.WriteString(c, answer); err != nil {
				return
			}
		}
	}
}

// choke passes the first n bytes that a server writes and then blocks.
func choke(n int, inner act) act {
	return func(y *yard, c net.Conn) { inner(y, &choked{Conn: c, left: n, end: y.end}) }
}

type choked struct {
	net.Conn
	left int
	end  <-chan struct{}
}

func (c *choked) Write(b []byte) (int, error) {
	if c.left -= len(b); c.left >= 0 {
		return c.Conn.Write(b)
	}
	if n := c.left + len(b); n > 0 {
		_, _ = c.Conn.Write(b[:n])
	}
	c.left = 0
	<-c.end
	return 0, net.ErrClosed
}
