package webprobe

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// answerWith reads a request head and writes the answer.
func answerWith(answer string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			if _, err := io.WriteString(c, answer); err != nil {
				return
			}
		}
	}
}

// trickle writes after a request head, then repeats a piece until it is cut off.
func trickle(head, piece string, pause time.Duration) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		_, err := io.WriteString(c, head)
		for err == nil {
			_, err = io.WriteString(c, piece)
			time.Sleep(pause)
		}
	}
}

const head200 = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"

// Servers that send what no client should have to read: the visit ends when
// its time is over, keeps what came, and never takes much memory.
func TestHostileServers(t *testing.T) {
	log.SetOutput(io.Discard) // net/http reports an answer too many there
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	tests := []struct {
		about   string
		server  func(net.Conn)
		status  int
		kind    scanner.FailureKind // of the root
		body    scanner.FailureKind // of the body
		capped  bool
		hasPage bool
	}{
		{"closes at once", func(c net.Conn) { _ = c.Close() }, 0, scanner.FailReset, "", false, false},
		{"closes after the request", func(c net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(c)); _ = c.Close() }, 0, scanner.FailReset, "", false, false},
		{"resets", func(c net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}, 0, scanner.FailReset, "", false, false},
		{"says nothing", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, 0, scanner.FailTimeout, "", false, false},
		{"is no web server", func(c net.Conn) { _, _ = io.WriteString(c, "220 mail.example.hk ESMTP\r\n") }, 0, scanner.FailProtocol, "", false, false},
		{"answers rubbish", answerWith("\x15\x03\x01\x00\x02\x02\x0a"), 0, scanner.FailProtocol, "", false, false},
		{"rubbish headers", answerWith("HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"), 0, scanner.FailProtocol, "", false, false},
		{"rubbish length", answerWith(head200 + "Content-Length: minus\r\n\r\n"), 0, scanner.FailProtocol, "", false, false},
		{"ten megabytes of headers", answerWith(head200 + strings.Repeat("X-A: "+strings.Repeat("a", 1000)+"\r\n", 10_000) + "\r\n"), 0, scanner.FailProtocol, "", false, false},
		{"one endless header", trickle(head200+"X-A: ", strings.Repeat("a", 4096), 0), 0, scanner.FailProtocol, "", false, false},
		{"headers a byte at a time", trickle(head200+"X-A: ", "a", 50*time.Millisecond), 0, scanner.FailTimeout, "", false, false},
		{"continues for ever", trickle("", "HTTP/1.1 103 Early Hints\r\n\r\n", 0), 0, scanner.FailProtocol, "", false, false},
		{"switches protocols", answerWith("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), 0, scanner.FailProtocol, "", false, false},
		{"body a byte at a time", trickle(head200+"Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n", 50*time.Millisecond), 200, "", scanner.FailTimeout, true, true},
		{"body never comes", trickle(head200+"Content-Length: 10\r\n\r\n", "", time.Second), 200, "", scanner.FailTimeout, true, false},
		{"endless body", trickle(head200+"\r\n", strings.Repeat("<p>", 4096), 0), 200, "", "", true, true},
		{"body shorter than it says", func(c net.Conn) { answerOnce(c, head200+"Content-Length: 100\r\n\r\n<title>x</title>") }, 200, "", scanner.FailReset, true, true},
		{"broken chunks", func(c net.Conn) { answerOnce(c, head200+"Transfer-Encoding: chunked\r\n\r\nzz\r\n") }, 200, "", scanner.FailProtocol, true, false},
		{"endless chunk extension", trickle(head200+"Transfer-Encoding: chunked\r\n\r\n5;", "aaaaaaaa", 0), 200, "", scanner.FailProtocol, true, false},
		{"endless trailer", trickle(head200+"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", "X-A: aaaaaaaaaaaaaaa\r\n", 0), 200, "", scanner.FailProtocol, true, true},
		{"unasked encoding", answerWith(head200 + "Content-Encoding: br\r\nContent-Length: 4\r\n\r\naaaa"), 200, "", scanner.FailProtocol, false, false},
		{"broken gzip", answerWith(head200 + "Content-Encoding: gzip\r\nContent-Length: 16\r\n\r\naaaaaaaaaaaaaaaa"), 200, "", scanner.FailProtocol, false, false},
		{"answers twice", answerWith("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), 200, "", "", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := bareSite(t)
			s.http = s.raw(tt.server)
			s.connect()
			var w *scanner.WebFacts
			grown := allocated(func() { w, _ = s.scan(700 * time.Millisecond) })
			for _, start := range []string{"http://example.hk/", "http://www.example.hk/"} {
				r := root(t, w, start)
				h := r.Hops[0]
				if len(r.Hops) != 1 || h.Status != tt.status || kindOf(r.Failure) != tt.kind || kindOf(h.BodyFailure) != tt.body || h.Capped != tt.capped || (r.Page != nil) != tt.hasPage {
					t.Errorf("%s: status %d, failure %v, body %v, capped %v, page %v", start, h.Status, r.Failure, h.BodyFailure, h.Capped, r.Page != nil)
				}
			}
			if grown > 64<<20 {
				t.Errorf("%d MiB allocated", grown>>20)
			}
			if conns, _ := s.count(); conns > maxConns {
				t.Errorf("%d connections", conns)
			}
		})
	}
}

func answerOnce(c net.Conn, answer string) {
	answer1 := answerWith(answer)
	go answer1(c)
	time.Sleep(50 * time.Millisecond)
	_ = c.Close()
}

// allocated returns how many bytes f allocated.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// The patience of one request ends it, long before the scan's time is over.
func TestPatience(t *testing.T) {
	s := bareSite(t)
	s.http = s.raw(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	s.connect()
	c := newClient(s.network(), s.facts().DNS.Hosts, s.started)
	c.patience = 50 * time.Millisecond
	defer c.close()
	u, err := resolveURL(nil, "http://example.hk/")
	if err != nil {
		t.Fatal(err)
	}
	res := c.get(context.Background(), request{url: u, limit: maxBody})
	if kindOf(res.failure) != scanner.FailTimeout || !strings.Contains(res.failure.Detail, "50ms") || !res.addr.IsValid() {
		t.Errorf("%+v", res)
	}
}

func TestBrokenTLS(t *testing.T) {
	tests := []struct {
		about  string
		server func(net.Conn)
		kind   scanner.FailureKind
	}{
		{"stalls in the handshake", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, scanner.FailTimeout},
		{"half a ServerHello", func(c net.Conn) { _, _ = io.WriteString(c, "\x16\x03\x03\x00\x50\x02"); _, _ = io.Copy(io.Discard, c) }, scanner.FailTimeout},
		{"closes in the handshake", func(c net.Conn) { _, _ = c.Read(make([]byte, 10)); _ = c.(*net.TCPConn).CloseWrite() }, scanner.FailReset},
		{"sends an alert", func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "\x15\x03\x03\x00\x02\x02\x28")
		}, scanner.FailTLS},
		{"speaks http", answerWithoutReading("HTTP/1.1 400 Bad Request\r\n\r\nno TLS here"), scanner.FailTLS},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := bareSite(t)
			s.https = s.raw(tt.server)
			s.connect()
			w, _ := s.scan(700 * time.Millisecond)
			r := root(t, w, "https://example.hk/")
			if kindOf(r.Failure) != tt.kind || r.Hops[0].Status != 0 || !r.Hops[0].Addr.IsValid() {
				t.Errorf("failure %v, hop %+v", r.Failure, r.Hops[0])
			}
			if w.SecurityTxt == nil || kindOf(w.SecurityTxt.Failure) != tt.kind {
				t.Errorf("security.txt %+v", w.SecurityTxt)
			}
		})
	}
}

func answerWithoutReading(answer string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, answer)
		_, _ = io.Copy(io.Discard, c)
	}
}

// http spoken to a port that speaks TLS is answered by most servers.
func TestHTTPToHTTPSPort(t *testing.T) {
	s := newSite(t, nil, page("hello"))
	s.dialer.ConnectTo[0].ToPort = s.https.Port()
	w, err := s.scan(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if r := root(t, w, "http://example.hk/"); r.Failure != nil || r.Last().Status != 400 {
		t.Errorf("%+v", r)
	}
	if m := w.Main(); m == nil || m.Start != "https://example.hk/" {
		t.Errorf("main %+v", m)
	}
}

func TestEncodings(t *testing.T) {
	type packer interface {
		io.WriteCloser
		Flush() error
	}
	pack := func(f func(io.Writer) packer, zeros int) []byte {
		var b bytes.Buffer
		w := f(&b)
		_, _ = io.WriteString(w, "<title>packed</title>")
		_, _ = w.Write(make([]byte, zeros))
		_ = w.Close()
		return b.Bytes()
	}
	// bomb repeats a packed MiB of zeros: what it refers back to is the same.
	bomb := func(f func(io.Writer) packer, mebibytes int) []byte {
		var b bytes.Buffer
		w := f(&b)
		_, _ = io.WriteString(w, "<title>packed</title>")
		_, _ = w.Write(make([]byte, 1<<20))
		_ = w.Flush()
		head := b.Len()
		_, _ = w.Write(make([]byte, 1<<20))
		_ = w.Flush()
		return append(b.Bytes(), bytes.Repeat(b.Bytes()[head:], mebibytes)...)
	}
	gz := func(w io.Writer) packer { return gzip.NewWriter(w) }
	zl := func(w io.Writer) packer { return zlib.NewWriter(w) }
	raw := func(w io.Writer) packer { f, _ := flate.NewWriter(w, 6); return f }
	tests := []struct {
		about, encoding string
		body            []byte
		want            int64
		capped          bool
		title           string
	}{
		{"gzip", "gzip", pack(gz, 100), 121, false, "packed"},
		{"zlib", "deflate", pack(zl, 100), 121, false, "packed"},
		{"raw deflate", "deflate", pack(raw, 100), 121, false, "packed"},
		{"gzip bomb of 2 GiB", "gzip", bomb(gz, 2048), maxBody, true, "packed"},
		{"deflate bomb of 2 GiB", "Deflate ", bomb(zl, 2048), maxBody, true, "packed"},
		{"empty gzip", "gzip", nil, 0, false, ""},
		{"two gzip members", "gzip", append(pack(gz, 10), pack(gz, 10)...), 31, false, "packed"},
		{"exactly the limit", "gzip", pack(gz, maxBody-21), maxBody, false, "packed"},
		{"one more", "gzip", pack(gz, maxBody-20), maxBody, true, "packed"},
		{"identity", "identity", []byte("<title>plain</title>"), 20, false, "plain"},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				w.Header().Set("Content-Encoding", tt.encoding)
				_, _ = w.Write(tt.body)
			}, nil)
			var w *scanner.WebFacts
			grown := allocated(func() { w, _ = s.scan(time.Minute) })
			h := root(t, w, "http://example.hk/").Hops[0]
			if h.Bytes != tt.want || h.Capped != tt.capped || h.BodyFailure != nil || w.Main().Page.Title != tt.title {
				t.Errorf("%d bytes, capped %v, failure %v, title %q", h.Bytes, h.Capped, h.BodyFailure, w.Main().Page.Title)
			}
			if grown > 32<<20 {
				t.Errorf("%d MiB allocated", grown>>20)
			}
		})
	}
}

func TestManyCookiesAndHeaders(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		for i := range 10_000 {
			w.Header().Add("Set-Cookie", fmt.Sprintf("a%d=1", i))
		}
	}, nil)
	w, _ := s.scan(time.Minute)
	if got := len(w.Main().Last().Cookies); got != maxCookies {
		t.Errorf("%d cookies", got)
	}
	s = newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		for i := range 5_000 {
			w.Header().Add("X-A", fmt.Sprint(i))
		}
		w.Header().Set("Content-Security-Policy", strings.Repeat("a", 6<<10))
		w.Header().Set("Server", strings.Repeat("é", 3<<10))
	}, nil)
	w, _ = s.scan(time.Minute)
	last := w.Main().Last()
	if got := len(last.Headers); got != maxHeaders {
		t.Errorf("%d headers", got)
	}
	if got := last.Get("Content-Security-Policy"); len(got) != 1 || len(got[0]) != 6<<10 {
		t.Errorf("policy of %d bytes", len(got[0]))
	}
	if got := last.Get("Server"); len(got) != 1 || len(got[0]) > maxHeaderValue {
		t.Errorf("server %q", got)
	}
}

// The same over HTTP/2, whose frames have their own ways to be endless.
func TestHostileHTTP2(t *testing.T) {
	tests := []struct {
		about   string
		handler http.HandlerFunc
		status  int
		kind    scanner.FailureKind
		body    scanner.FailureKind
		capped  bool
	}{
		{"endless body", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			for {
				if _, err := w.Write(make([]byte, 16<<10)); err != nil {
					return
				}
			}
		}, 200, "", "", true},
		{"stalled body", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "<title>x</title>")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, 200, "", scanner.FailTimeout, true},
		{"stalled head", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 0, scanner.FailTimeout, "", false},
		{"large head", func(w http.ResponseWriter, _ *http.Request) {
			for i := range 1000 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("a", 1000))
			}
		}, 0, scanner.FailProtocol, "", false},
		{"breaks off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, scanner.FailProtocol, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := newSite(t, nil, tt.handler)
			var w *scanner.WebFacts
			patience := time.Minute
			if strings.HasPrefix(tt.about, "stalled") {
				patience = time.Second
			}
			grown := allocated(func() { w, _ = s.scan(patience) })
			r := root(t, w, "https://example.hk/")
			h := r.Hops[0]
			if h.Status != tt.status || kindOf(r.Failure) != tt.kind || kindOf(h.BodyFailure) != tt.body || h.Capped != tt.capped {
				t.Errorf("status %d, failure %v, body %v, capped %v", h.Status, r.Failure, h.BodyFailure, h.Capped)
			}
			if !s.spoke("HTTP/2.0") {
				t.Error("HTTP/2 was not used")
			}
			if grown > 64<<20 {
				t.Errorf("%d MiB allocated", grown>>20)
			}
		})
	}
}
