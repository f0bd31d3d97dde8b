//go:build linux

package hublab_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// mostMemory is how many MB of its own the hub may take in these tests: what serve
// aims at, and some.
const mostMemory = 600

// attack is a hub with objects in it, whose memory is watched while do is under
// way. Others are served meanwhile, and after it.
func attack(t *testing.T, do func(s *site), args ...string) {
	t.Helper()
	s := newSite(t, t.TempDir())
	s.serve(nil, args...)
	body, _ := newSource(1, s.org).envelope(2000)
	s.post(client(1), body, 2000)
	memory := watchMemory(s.cmd.Process.Pid)
	do(s)
	s.othersAreServed(2)
	if most := memory(); most > mostMemory {
		t.Errorf("%.0f MB of the hub's own", most)
	} else {
		t.Logf("%.0f MB of the hub's own at most", most)
	}
	s.stop()
}

// hangs is after how long somebody who is not served counts as locked out.
const hangs = 20 * time.Second

// seeds are of sources that no other test of the process uses.
var seeds atomic.Uint64

// othersAreServed: somebody new posts, polls and searches so many times, each on
// a connection of its own.
func (s *site) othersAreServed(times int) {
	s.t.Helper()
	from := newSource(1000+seeds.Add(1), s.org)
	for range times {
		body, inside := from.envelope(10)
		for _, path := range []string{objectsPath, apiObjectsPath, objectsPath + "?limit=10", "/api/v1/search?value=" + url.QueryEscape(inside[0].value)} {
			c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: hangs}
			method, want := http.MethodGet, http.StatusOK
			var sent io.Reader
			if path == objectsPath || path == apiObjectsPath {
				method, want, sent = http.MethodPost, http.StatusAccepted, bytes.NewReader(body)
			}
			if a, err := s.ask(s.t.Context(), c, method, path, sent); err != nil || a.code != want {
				s.t.Errorf("others: %s %s: %d %v %.300s", method, path, a.code, err, a.body)
				return
			}
		}
	}
}

// send sends a request as it is, the body in the background, and returns the
// status of the answer; 0 where there is none.
func (s *site) send(head string, body func(w io.Writer) error) int {
	conn := s.dial()
	if conn == nil {
		return 0
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	go func() {
		w := bufio.NewWriter(conn)
		_, _ = w.WriteString(head) // the answer tells
		_ = body(w)
		_ = w.Flush()
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func (s *site) dial() net.Conn {
	d := net.Dialer{Timeout: hangs}
	conn, err := d.DialContext(s.t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Error(err)
		return nil
	}
	return conn
}

// head is the beginning of a POST; key may be "".
func (s *site) head(path, key, length string) string {
	h := "POST " + path + " HTTP/1.1\r\nHost: hub.example\r\nAccept: " + taxiiType + "\r\nContent-Type: " + taxiiType + "\r\n" + length + "\r\n"
	if key != "" {
		h += "Authorization: Bearer " + key + "\r\n"
	}
	return h + "\r\n"
}

// TestLargeBodies: bodies of 100 MB, with their length declared and without.
func TestLargeBodies(t *testing.T) {
	const size = 100 << 20
	block := bytes.Repeat([]byte(" "), 64<<10)
	plain := func(w io.Writer) (err error) {
		for n := 0; err == nil && n < size; n += len(block) {
			_, err = w.Write(block)
		}
		return err
	}
	chunked := func(w io.Writer) (err error) {
		for n := 0; err == nil && n < size; n += len(block) {
			_, err = fmt.Fprintf(w, "%x\r\n%s\r\n", len(block), block)
		}
		return err
	}
	attack(t, func(s *site) {
		var wg sync.WaitGroup
		for range 8 {
			for _, path := range []string{objectsPath, apiObjectsPath} {
				for _, key := range []string{s.key, ""} {
					want := http.StatusRequestEntityTooLarge
					if key == "" {
						want = http.StatusUnauthorized
					}
					for length, body := range map[string]func(io.Writer) error{fmt.Sprint("Content-Length: ", size): plain, "Transfer-Encoding: chunked": chunked} {
						wg.Go(func() {
							if code := s.send(s.head(path, key, length), body); code != want {
								t.Errorf("%s, %s, key %v: %d, want %d", path, length, key != "", code, want)
							}
						})
					}
				}
			}
		}
		s.othersAreServed(10)
		wg.Wait()
	})
}

// TestHostileJSON: bodies within the limit that would be much more in memory, or
// mean two things.
func TestHostileJSON(t *testing.T) {
	const size = 9 << 20
	twice := strings.Replace(string(newSource(5, "identity--00000000-0000-4000-8000-000000000000").next().raw), `"name"`, `"id":"indicator--11111111-1111-4111-8111-111111111111","name"`, 1)
	bodies := map[string]string{
		"arrays in arrays":       strings.Repeat("[", size),
		"objects in objects":     `{"objects":[` + strings.Repeat(`{"a":`, size/5),
		"whole, and deep":        `{"objects":[` + strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000) + `]}`,
		"millions of objects":    `{"objects":[` + strings.Repeat(`{},`, size/3) + `{}]}`,
		"millions of keys":       `{"objects":[{` + strings.Repeat(`"a":1,`, size/6) + `"b":1}]}`,
		"millions of references": `{"objects":[{"type":"report","object_refs":[` + strings.Repeat(`"a",`, size/4) + `"a"]}]}`,
		"one long number":        `{"objects":[` + strings.Repeat("9", size) + `]}`,
		"one long text":          `{"objects":["` + strings.Repeat(`\u0000`, size/6) + `"]}`,
		"a key twice":            `{"objects":[` + twice + `]}`,
		"objects twice":          `{"objects":[],"objects":[` + twice + `]}`,
		"bytes of no UTF-8":      `{"objects":["` + strings.Repeat("\xff", size) + `"]}`,
	}
	attack(t, func(s *site) {
		var wg sync.WaitGroup
		for about, body := range bodies {
			for _, path := range []string{objectsPath, apiObjectsPath} {
				for range 2 {
					wg.Go(func() {
						c := client(1)
						defer c.CloseIdleConnections()
						a, err := s.ask(t.Context(), c, http.MethodPost, path, strings.NewReader(body))
						got, _ := readStatus(a.body) // an error is none
						if err != nil || a.code != http.StatusAccepted && (a.code < 400 || a.code >= 500) || got.SuccessCount > 0 {
							t.Errorf("%s: %d %v %.300s, want that it is refused", about, a.code, err, a.body)
						}
					})
				}
			}
		}
		s.othersAreServed(10)
		wg.Wait()
	})
}

// TestSlowClients: 200 who send a header, 200 of one member who send a body, and
// 200 who read a page, a byte a second each. Other members do not notice.
func TestSlowClients(t *testing.T) {
	each := 40
	if proving() {
		each = 200
	}
	attack(t, func(s *site) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for k := range each {
			path := []string{objectsPath, apiObjectsPath}[k%2]
			read := "GET " + objectsPath + "?limit=1000 HTTP/1.1\r\nHost: hub.example\r\nAccept: " + taxiiType + "\r\nAuthorization: Bearer " + s.key + "\r\n\r\n"
			wg.Go(func() {
				s.slow(ctx, "", "POST "+path+" HTTP/1.1\r\nHost: hub.example\r\nX-Slow: "+strings.Repeat("x", 500), false)
			})
			wg.Go(func() { s.slow(ctx, s.head(path, s.other, "Content-Length: 9000000"), strings.Repeat(" ", 500), false) })
			wg.Go(func() { s.slow(ctx, read, "", true) })
		}
		time.Sleep(time.Second) // until all of them are there
		for range 3 {
			s.othersAreServed(10)
			time.Sleep(time.Second)
		}
		cancel()
		wg.Wait()
	})
}

// slow sends a part at once, and the rest, or reads, a byte a second until ctx
// ends or the hub has enough of it.
func (s *site) slow(ctx context.Context, fast, slowly string, reads bool) {
	conn := s.dial()
	if conn == nil {
		return
	}
	defer func() { _ = conn.Close() }()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4 << 10) // so that it is the hub that waits
	}
	if _, err := io.WriteString(conn, fast); err != nil {
		return
	}
	one := make([]byte, 1)
	for k := 0; ; k++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		var err error
		if reads {
			_, err = conn.Read(one)
		} else {
			_, err = io.WriteString(conn, slowly[k%len(slowly):][:1])
		}
		if err != nil {
			return
		}
	}
}

// TestIdleConnections: far more connections than the hub has places, some of
// which never asked for anything and some of which have, and then keep still.
func TestIdleConnections(t *testing.T) {
	places, connections := 64, 500
	if proving() {
		places, connections = 4096, 10_000
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < uint64(connections+1000) {
		notRun(t, fmt.Sprintf("%d files may be open at once: ulimit -n %d", limit.Cur, connections+1000))
	}
	attack(t, func(s *site) {
		var all []net.Conn
		defer func() {
			for _, conn := range all {
				_ = conn.Close()
			}
		}()
		for k := range connections {
			conn := s.dial()
			if conn == nil {
				return
			}
			all = append(all, conn)
			if k%2 == 0 {
				continue
			}
			_ = conn.SetDeadline(time.Now().Add(hangs))
			_, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: hub.example\r\n\r\n")
			res, err2 := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || err2 != nil || res.StatusCode != http.StatusOK {
				t.Errorf("connection %d: %v %v", k, err, err2)
				return
			}
			_ = res.Body.Close()
		}
		s.othersAreServed(10)
		open := 0
		for _, conn := range all {
			_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err := conn.Read(make([]byte, 1))
			if e, ok := err.(net.Error); ok && e.Timeout() { //nolint:errorlint // of a read it is not wrapped
				open++
			}
		}
		if open > places {
			t.Errorf("%d connections are open, with %d places", open, places)
		}
		t.Logf("%d of %d connections are open, with %d places", open, connections, places)
	}, "--max-connections", fmt.Sprint(places))
}

// TestBusyConnections: all places are taken by requests under way. Who comes then
// is told so.
func TestBusyConnections(t *testing.T) {
	attack(t, func(s *site) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for ctx.Err() == nil { // one that found no place, since the site itself was asking, comes again
					s.slow(ctx, s.head(objectsPath, s.other, "Content-Length: 9000000"), " ", false)
					time.Sleep(50 * time.Millisecond)
				}
			})
		}
		var a answer
		var err error
		for range 100 { // until all of them are there
			time.Sleep(200 * time.Millisecond)
			if a, err = s.ask(t.Context(), client(1), http.MethodGet, "/healthz", nil); err == nil && a.code == http.StatusServiceUnavailable {
				break
			}
		}
		if err != nil || a.code != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("without a place: %d %v %v, want 503 and when to come again", a.code, a.header, err)
		}
		cancel()
		wg.Wait()
		time.Sleep(time.Second) // until the hub has seen that they are gone
	}, "--max-connections", "8")
}
