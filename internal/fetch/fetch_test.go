package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/fetch"
	"github.com/cybersec-infohub/infohub/internal/netguard"
)

// fetcher may ask this machine and finds every name there.
func fetcher(t *testing.T) *fetch.Fetcher {
	t.Helper()
	f := &fetch.Fetcher{
		Dialer: &netguard.Dialer{Policy: netguard.Policy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}},
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		},
		UserAgent: "infohub-test (+https://example.org)",
		TempDir:   t.TempDir(),
	}
	t.Cleanup(f.Close)
	return f
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// read takes a new document in.
func read(t *testing.T, r fetch.Result, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != fetch.Changed {
		t.Fatalf("status %s", r.Status)
	}
	b, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != r.Body.Size() {
		t.Errorf("%d bytes, and Size says %d", len(b), r.Body.Size())
	}
	return string(b)
}

func zip(parts ...string) []byte {
	var b bytes.Buffer
	for _, p := range parts {
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, p)
		_ = z.Close()
	}
	return b.Bytes()
}

// TestUnchanged: what did not change is not handed out again, by whatever the
// server lets us see that.
func TestUnchanged(t *testing.T) {
	tests := []struct {
		about     string
		header    map[string]string
		serve304  bool
		wantAsked string // a condition of the second request
	}{
		{"by ETag", map[string]string{"ETag": `"one"`}, true, `"one"`},
		{"by a weak ETag", map[string]string{"ETag": `W/"one"`}, true, `W/"one"`},
		{"by date", map[string]string{"Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT"}, true, "Mon, 02 Nov 2026 10:00:00 GMT"},
		{"by hash alone", nil, false, ""},
		{"conditions ignored", map[string]string{"ETag": `"one"`}, false, `"one"`},
		{"nonsense is not sent back", map[string]string{"ETag": "one", "Last-Modified": "yesterday"}, false, ""},
		{"nor what is too long", map[string]string{"ETag": `"` + strings.Repeat("x", 2000) + `"`}, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			var asked atomic.Value
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				condition := r.Header.Get("If-None-Match") + r.Header.Get("If-Modified-Since")
				asked.Store(condition)
				if tt.serve304 && condition != "" {
					w.WriteHeader(http.StatusNotModified) // and nothing else
					return
				}
				for k, v := range tt.header {
					w.Header().Set(k, v)
				}
				_, _ = io.WriteString(w, "a,b\n")
			})
			f := fetcher(t)
			first, err := f.Fetch(t.Context(), fetch.Request{URL: s.URL + "/list"})
			if got := read(t, first, err); got != "a,b\n" || asked.Load() != "" {
				t.Errorf("first %q, asked with %q", got, asked.Load())
			}
			second, err := f.Fetch(t.Context(), fetch.Request{URL: s.URL + "/list", Known: first.State})
			if err != nil || second.Status != fetch.Unchanged || second.Body != nil {
				t.Fatalf("second: %+v, %v", second, err)
			}
			if asked.Load() != tt.wantAsked {
				t.Errorf("asked with %q, want %q", asked.Load(), tt.wantAsked)
			}
			if second.State != first.State {
				t.Errorf("state %+v became %+v", first.State, second.State)
			}
			// Another address knows nothing of these conditions.
			if _, err := f.Fetch(t.Context(), fetch.Request{URL: s.URL + "/list?of=another", Known: first.State}); err != nil || asked.Load() != "" {
				t.Errorf("another address was asked with %q: %v", asked.Load(), err)
			}
		})
	}
}

// TestNotModifiedUnasked: 304 to one who has nothing is no document.
func TestNotModifiedUnasked(t *testing.T) {
	status := http.StatusOK
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"x"`)
		w.WriteHeader(status)
	})
	f := fetcher(t)
	r, err := f.Fetch(t.Context(), fetch.Request{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	status = http.StatusNotModified
	known := r.State
	known.BodyHash = "" // of what there is no hash there is no document
	for _, known := range []fetch.State{{}, {ETag: `"x"`}, known} {
		if r, err := f.Fetch(t.Context(), fetch.Request{URL: s.URL, Known: known}); !errors.Is(err, fetch.ErrStatus) {
			t.Errorf("%+v: %+v, %v", known, r, err)
		}
	}
}

func TestBodies(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 4096) // 64 KiB
	tests := []struct {
		about    string
		encoding string
		body     []byte
		unpack   bool
		limit    int64
		want     string
		wantErr  error
	}{
		{about: "plain", body: []byte("one"), want: "one"},
		{about: "empty", body: nil, want: ""},
		{about: "encoded", encoding: "gzip", body: zip("one"), want: "one"},
		{about: "encoded, older name", encoding: "X-Gzip", body: zip("one"), want: "one"},
		{about: "identity", encoding: "identity", body: []byte("one"), want: "one"},
		{about: "in parts", encoding: "gzip", body: zip("one", "two"), want: "onetwo"},
		{about: "a gzip file stays one", body: zip("one"), want: string(zip("one"))},
		{about: "a gzip file unpacked", body: zip("one"), unpack: true, want: "one"},
		{about: "nothing to unpack", body: []byte("one"), unpack: true, want: "one"},
		{about: "nothing at all to unpack", body: nil, unpack: true, want: ""},
		{about: "a gzip file, encoded", encoding: "gzip", body: zip(string(zip("one"))), unpack: true, want: "one"},
		{about: "to a file", body: []byte(big), want: big},
		{about: "to a file, encoded", encoding: "gzip", body: zip(big), want: big},
		{about: "just the limit", body: []byte(big), limit: int64(len(big)), want: big},
		{about: "above the limit", body: []byte(big), limit: int64(len(big)) - 1, wantErr: fetch.ErrTooLarge},
		{about: "above the limit when decoded", encoding: "gzip", body: zip(big), limit: int64(len(big)) - 1, wantErr: fetch.ErrTooLarge},
		{about: "just the limit when decoded", encoding: "gzip", body: zip(big), limit: int64(len(big)), want: big},
		{about: "a file above the limit when unpacked", body: zip(big), unpack: true, limit: 1000, wantErr: fetch.ErrTooLarge},
		{about: "a bomb in a bomb", encoding: "gzip", body: zip(string(zip(strings.Repeat("\x00", 1<<24)))), unpack: true, limit: 1 << 16, wantErr: fetch.ErrTooLarge},
		{about: "empty members without end", encoding: "gzip", body: bytes.Repeat(zip(""), 10000), limit: 1000, wantErr: fetch.ErrTooLarge},
		{about: "cut off", encoding: "gzip", body: zip(big)[:100], wantErr: fetch.ErrDamaged},
		{about: "cut off at once", encoding: "gzip", body: nil, wantErr: fetch.ErrDamaged},
		{about: "not what it says", encoding: "gzip", body: []byte("<html>this is no gzip"), wantErr: fetch.ErrDamaged},
		{about: "unknown encoding", encoding: "br", body: []byte("one"), wantErr: fetch.ErrEncoding},
		{about: "twice encoded", encoding: "gzip, gzip", body: zip("one"), wantErr: fetch.ErrEncoding},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Accept-Encoding") != "gzip" || r.Header.Get("User-Agent") != "infohub-test (+https://example.org)" || r.Header.Get("Accept") != "text/csv" {
					t.Errorf("asked with %v", r.Header)
				}
				w.Header().Set("Content-Type", "text/csv")
				if tt.encoding != "" {
					w.Header().Set("Content-Encoding", tt.encoding)
				}
				_, _ = w.Write(tt.body)
			})
			f := fetcher(t)
			f.Memory = 10000
			got, err := f.Fetch(t.Context(), fetch.Request{URL: s.URL, Accept: "text/csv", Unpack: tt.unpack, Limits: fetch.Limits{Bytes: tt.limit}})
			if tt.wantErr != nil {
				if !errors.Is(err, tt.wantErr) || errors.Is(err, fetch.ErrTemporary) != errors.Is(tt.wantErr, fetch.ErrDamaged) {
					t.Errorf("error %v, want %v", err, tt.wantErr)
				}
			} else if body := read(t, got, err); body != tt.want || got.ContentType != "text/csv" {
				t.Errorf("%d bytes of %s, want %d", len(body), got.ContentType, len(tt.want))
			}
			if left, err := os.ReadDir(f.TempDir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestRereads: a body can be read from its beginning again, wherever it is held.
func TestRereads(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 5000)) })
	for _, memory := range []int64{100, 1 << 20} {
		f := fetcher(t)
		f.Memory = memory
		r, err := f.Fetch(t.Context(), fetch.Request{URL: s.URL})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if n, err := io.Copy(io.Discard, r.Body); n != 5000 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			if _, err := r.Body.Seek(0, io.SeekStart); err != nil {
				t.Error(err)
			}
		}
		if err := r.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestFaults: servers that cut, stall, drip, and say nonsense.
func TestFaults(t *testing.T) {
	quick := fetch.Limits{Time: 20 * time.Second, Idle: 100 * time.Millisecond}
	tests := []struct {
		about     string
		limits    fetch.Limits
		say       string        // the answer as bytes
		drip      time.Duration // after it, a byte each
		hold      bool          // after it, nothing, and no end
		want      error
		temporary bool
	}{
		{about: "cut in the body", say: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", want: fetch.ErrDamaged, temporary: true},
		{about: "cut in a chunk", say: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc", want: fetch.ErrDamaged, temporary: true},
		{about: "cut in the header", say: "HTTP/1.1 200 OK\r\nContent-", temporary: true},
		{about: "cut at once", temporary: true},
		{about: "not HTTP", say: "220 mail.example.org ESMTP\r\n", temporary: true},
		{about: "stalls", limits: quick, say: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", hold: true, want: fetch.ErrTimeout, temporary: true},
		{about: "stalls before the body", limits: quick, say: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", hold: true, want: fetch.ErrTimeout, temporary: true},
		{about: "drips", limits: fetch.Limits{Time: 300 * time.Millisecond}, say: "HTTP/1.1 200 OK\r\n\r\n", drip: 5 * time.Millisecond, want: fetch.ErrTimeout, temporary: true},
		{about: "drips its header", limits: fetch.Limits{Time: 300 * time.Millisecond}, say: "HTTP/1.1 200 OK\r\nA: ", drip: 5 * time.Millisecond, want: fetch.ErrTimeout, temporary: true},
		{about: "says nothing", limits: fetch.Limits{Time: 200 * time.Millisecond}, hold: true, want: fetch.ErrTimeout, temporary: true},
		{about: "endless", limits: fetch.Limits{Bytes: 10}, say: "HTTP/1.1 200 OK\r\n\r\n", drip: time.Microsecond, want: fetch.ErrTooLarge},
		{about: "announces too much", limits: fetch.Limits{Bytes: 10}, say: "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", hold: true, want: fetch.ErrTooLarge},
		{about: "endless header", say: "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 1<<20), temporary: true},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			f := fetcher(t)
			got, err := f.Fetch(t.Context(), fetch.Request{URL: "http://" + raw(t, tt.say, tt.drip, tt.hold) + "/secret-key/x", Limits: tt.limits})
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || errors.Is(err, fetch.ErrTemporary) != tt.temporary {
				t.Errorf("%+v, error %v, want %v", got, err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), "secret-key") || len(err.Error()) > 500) {
				t.Errorf("the error tells too much: %s", err)
			}
		})
	}
}

// TestSlowAndSteady: a document that takes longer than Idle, and never as long
// for a byte, comes whole.
func TestSlowAndSteady(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 15 {
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(100 * time.Millisecond)
		}
	})
	r, err := fetcher(t).Fetch(t.Context(), fetch.Request{URL: s.URL, Limits: fetch.Limits{Idle: time.Second}})
	if got := read(t, r, err); len(got) != 15 {
		t.Errorf("%q", got)
	}
}

// raw is a server that says these bytes to whoever asks.
func raw(t *testing.T, say string, drip time.Duration, hold bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { close(done); _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = conn.Read(make([]byte, 4096))
				_, err := io.WriteString(conn, say)
				for ; drip > 0 && err == nil; time.Sleep(drip) {
					_, err = io.WriteString(conn, "x")
				}
				if hold {
					<-done
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestStatuses(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		status    int
		after     string
		wantAfter time.Duration
		temporary bool
	}{
		{status: 404}, {status: 401}, {status: 403}, {status: 410}, {status: 501}, {status: 204}, {status: 206}, {status: 300},
		{status: 408, temporary: true}, {status: 500, temporary: true}, {status: 502, temporary: true},
		{status: 429, after: "120", wantAfter: 2 * time.Minute, temporary: true},
		{status: 503, after: "Mon, 23 Nov 2026 12:01:30 GMT", wantAfter: 90 * time.Second, temporary: true},
		{status: 503, after: "soon", temporary: true},
		{status: 200, after: "60", wantAfter: time.Minute},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status, tt.after), func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", tt.after)
				w.WriteHeader(tt.status)
			})
			f := fetcher(t)
			f.Now = func() time.Time { return now }
			r, err := f.Fetch(t.Context(), fetch.Request{URL: s.URL + "/path"})
			if tt.status == 200 {
				if err != nil || r.RetryAfter != tt.wantAfter {
					t.Errorf("%+v, %v", r, err)
				}
				return
			}
			var e *fetch.Error
			if !errors.As(err, &e) || !errors.Is(err, fetch.ErrStatus) || e.Status != tt.status || e.RetryAfter != tt.wantAfter ||
				e.Temporary() != tt.temporary || e.Origin != s.URL {
				t.Errorf("%#v", err)
			}
		})
	}
}

// TestGuard: private addresses are refused unless the policy names them, behind
// a redirect too.
func TestGuard(t *testing.T) {
	var asked atomic.Int32
	inner := serve(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	outer := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner.URL, http.StatusFound) })
	at := netip.MustParseAddrPort(strings.TrimPrefix(outer.URL, "http://"))
	f := fetcher(t)
	f.Dialer = &netguard.Dialer{Policy: netguard.Policy{Listeners: []netip.AddrPort{at}}}
	for _, address := range []string{inner.URL, outer.URL, "http://localhost:" + inner.URL[strings.LastIndex(inner.URL, ":")+1:]} {
		_, err := f.Fetch(t.Context(), fetch.Request{URL: address})
		var forbidden *netguard.ForbiddenError
		if !errors.Is(err, fetch.ErrForbidden) || !errors.As(err, &forbidden) || errors.Is(err, fetch.ErrTemporary) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if asked.Load() != 0 {
		t.Error("it was asked")
	}
	if _, err := (&fetch.Fetcher{}).Fetch(t.Context(), fetch.Request{URL: "https://192.0.2.1/"}); !errors.Is(err, fetch.ErrForbidden) {
		t.Errorf("without a dialer: %v", err)
	}
}

func TestRedirects(t *testing.T) {
	var seen []string // one request at a time: "host key if-none-match"
	key := "not sent"
	h := func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.Path+" "+r.Header.Get("X-Api-Key")+r.Header.Get("Authorization")+r.Header.Get("Cookie"))
		if r.Header.Get("Referer") != "" {
			key = "a referer is sent"
		}
		if to := r.URL.Query().Get("to"); to != "" {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		if r.URL.Path == "/loop" {
			http.Redirect(w, r, "/loop", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "done")
	}
	one, other := serve(t, h), serve(t, h)
	tls := httptest.NewTLSServer(http.HandlerFunc(h))
	t.Cleanup(tls.Close)
	named := strings.Replace(tls.URL, "127.0.0.1", "example.com", 1) // as its certificate says
	to := func(base string, via ...string) string {
		for _, v := range via {
			base = v + "?to=" + url.QueryEscape(base)
		}
		return base
	}
	tests := []struct {
		about, from string
		limit       int
		want        []string
		final       string
		wantErr     bool
	}{
		{about: "same origin", from: to("/end", one.URL+"/a"), want: []string{"/a KBC", "/end KBC"}, final: one.URL + "/end"},
		{about: "another origin", from: to(other.URL+"/end", one.URL+"/a"), want: []string{"/a KBC", "/end "}, final: other.URL + "/end"},
		{about: "there and back", from: to(one.URL+"/end", other.URL+"/b", one.URL+"/a"), want: []string{"/a KBC", "/b ", "/end "}, final: one.URL + "/end"},
		{about: "another name", from: to(strings.Replace(one.URL, "127.0.0.1", "sub.example.com", 1)+"/end", one.URL+"/a"), want: []string{"/a KBC", "/end "}},
		{about: "http to https", from: to(named+"/end", one.URL+"/a"), want: []string{"/a KBC", "/end "}, final: named + "/end"},
		{about: "https to http", from: to(one.URL+"/end", named+"/a"), want: []string{"/a KBC"}, wantErr: true},
		{about: "loop", from: one.URL + "/loop", limit: 2, want: []string{"/loop KBC", "/loop KBC", "/loop KBC"}, wantErr: true},
		{about: "none allowed", from: to("/end", one.URL+"/a"), limit: -1, want: []string{"/a KBC"}, wantErr: true},
		{about: "to a file", from: to("file:///etc/passwd", one.URL+"/a"), want: []string{"/a KBC"}, wantErr: true},
		{about: "to a password", from: to("http://u:p@example.com/", one.URL+"/a"), want: []string{"/a KBC"}, wantErr: true},
		{about: "to nowhere", from: to("http://", one.URL+"/a"), want: []string{"/a KBC"}, wantErr: true},
		{about: "to something else", from: to("javascript:alert(1)", one.URL+"/a"), want: []string{"/a KBC"}, wantErr: true},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			seen = nil
			f := fetcher(t)
			f.Files = true
			f.Roots = x509.NewCertPool()
			f.Roots.AddCert(tls.Certificate())
			r, err := f.Fetch(t.Context(), fetch.Request{URL: tt.from, Limits: fetch.Limits{Redirects: tt.limit},
				Header: http.Header{"X-Api-Key": {"K"}, "Authorization": {"B"}, "Cookie": {"C"}}})
			if tt.wantErr {
				if !errors.Is(err, fetch.ErrRedirect) || errors.Is(err, fetch.ErrTemporary) {
					t.Errorf("error %v", err)
				}
			} else if got := read(t, r, err); got != "done" || tt.final != "" && r.FinalURL != tt.final {
				t.Errorf("%q from %s", got, r.FinalURL)
			}
			if fmt.Sprint(seen) != fmt.Sprint(tt.want) {
				t.Errorf("seen %q, want %q", seen, tt.want)
			}
		})
	}
	if key != "not sent" {
		t.Error(key)
	}
}

// TestCertificates: who cannot prove its name is not listened to.
func TestCertificates(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	var unknown x509.UnknownAuthorityError
	if _, err := fetcher(t).Fetch(t.Context(), fetch.Request{URL: s.URL}); !errors.As(err, &unknown) {
		t.Error(err)
	}
}

// TestStopped: the caller's end is no fault of the server.
func TestStopped(t *testing.T) {
	why := errors.New("the hub is going down")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
	_, err := fetcher(t).Fetch(ctx, fetch.Request{URL: "http://" + raw(t, "HTTP/1.1 200 OK\r\n\r\nab", 0, true)})
	var e *fetch.Error
	if !errors.Is(err, why) || errors.As(err, &e) {
		t.Error(err)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a list.csv")
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(dir, "list.gz")
	if err := os.WriteFile(packed, zip("packed"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &fetch.Fetcher{Files: true}
	for _, address := range []string{path, (&url.URL{Scheme: "file", Path: path}).String(), "file://localhost" + strings.ReplaceAll(path, " ", "%20")} {
		first, err := f.Fetch(t.Context(), fetch.Request{URL: address})
		if got := read(t, first, err); got != "one" || first.FinalURL != path {
			t.Errorf("%q from %s", got, first.FinalURL)
		}
		if again, err := f.Fetch(t.Context(), fetch.Request{URL: address, Known: first.State}); err != nil || again.Status != fetch.Unchanged || again.State != first.State {
			t.Errorf("again: %+v, %v", again, err)
		}
		if _, err := (&fetch.Fetcher{}).Fetch(t.Context(), fetch.Request{URL: address}); !errors.Is(err, fetch.ErrRequest) {
			t.Errorf("not allowed: %v", err)
		}
	}
	r, err := f.Fetch(t.Context(), fetch.Request{URL: packed, Unpack: true})
	if got := read(t, r, err); got != "packed" {
		t.Errorf("%q", got)
	}
	if _, err := f.Fetch(t.Context(), fetch.Request{URL: path, Limits: fetch.Limits{Bytes: 2}}); !errors.Is(err, fetch.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := f.Fetch(t.Context(), fetch.Request{URL: path + "x"}); !errors.Is(err, os.ErrNotExist) || errors.Is(err, fetch.ErrTemporary) {
		t.Errorf("missing: %v", err)
	}
	for _, odd := range []string{dir, "/dev/zero"} {
		if _, err := f.Fetch(t.Context(), fetch.Request{URL: odd}); !errors.Is(err, fetch.ErrFile) {
			t.Errorf("%s: %v", odd, err)
		}
	}
}

// TestFullDisk: a document that cannot be kept is our own fault, for a while.
func TestFullDisk(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "more than a byte") })
	f := fetcher(t)
	f.Memory, f.TempDir = 1, filepath.Join(t.TempDir(), "missing")
	if _, err := f.Fetch(t.Context(), fetch.Request{URL: s.URL}); !errors.Is(err, os.ErrNotExist) || !errors.Is(err, fetch.ErrTemporary) {
		t.Error(err)
	}
}

func TestBadHeader(t *testing.T) {
	_, err := fetcher(t).Fetch(t.Context(), fetch.Request{URL: "http://127.0.0.1:1/", Header: http.Header{"X-Key": {"secret\nkey"}}})
	if !errors.Is(err, fetch.ErrRequest) || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// TestConnections: documents of one server come over one connection, changed or
// not, and one that the server gave up meanwhile does no harm.
func TestConnections(t *testing.T) {
	var opened atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(zip("one"))
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	f := fetcher(t)
	var known fetch.State
	for i := range 6 {
		if i == 3 {
			s.CloseClientConnections()
			known = fetch.State{}
		}
		r, err := f.Fetch(t.Context(), fetch.Request{URL: s.URL, Known: known})
		if err != nil {
			t.Fatal(err)
		}
		known = r.State
		if err := r.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := opened.Load(); n != 2 {
		t.Errorf("%d connections for six documents and one loss", n)
	}
}

// TestNames: what the resolver and the network do may pass.
func TestNames(t *testing.T) {
	for about, change := range map[string]func(*fetch.Fetcher){
		"no such name": func(f *fetch.Fetcher) {
			f.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, &net.DNSError{IsNotFound: true} }
		},
		"no address": func(f *fetch.Fetcher) {
			f.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, nil }
		},
		"refused": func(*fetch.Fetcher) {},
		"refused, and the other address is forbidden": func(f *fetch.Fetcher) {
			f.Dialer.Policy.Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
			f.Lookup = func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")}, nil
			}
		},
		"slow": func(f *fetch.Fetcher) { f.Dialer.Timeout = 1 },
	} {
		t.Run(about, func(t *testing.T) {
			f := fetcher(t)
			change(f)
			_, err := f.Fetch(t.Context(), fetch.Request{URL: "http://feed.example:1/"})
			if !errors.Is(err, fetch.ErrTemporary) || errors.Is(err, fetch.ErrTimeout) != (about == "slow") {
				t.Error(err)
			}
		})
	}
}
