package app_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/app"
)

// TestStrangersBody: who has no key is told so before a byte of a large body is
// read, on every route that takes one.
func TestStrangersBody(t *testing.T) {
	s := startHub(t, nil)
	for _, to := range []string{"/api/v1/collections/indicators/objects", "/api/v1/assets", "/taxii2/community/collections/indicators/objects/"} {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: hub\r\nContent-Type: %s\r\nContent-Length: 10000000\r\n\r\n{", to, taxiiType); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s waits for the body: %v", to, err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %s %v", to, res.Status, res.Header)
		}
	}
}

// TestBehindProxy: what proxies write is understood, and limits are per client,
// of IPv6 per network. What a client writes itself counts for nothing.
func TestBehindProxy(t *testing.T) {
	s := startHub(t, func(o *app.ServeOptions) {
		o.Proxied, o.Addresses, o.Metrics = true, app.Rate{PerSecond: 0.001, Burst: 2}, "127.0.0.1:0"
	})
	for i, from := range []string{
		"192.0.2.1", "192.0.2.2:1234", "10.0.0.1, 192.0.2.3", " 192.0.2.1 , 192.0.2.4:80", "[2001:db8:0:1::1]:443", "[2001:db8:0:2::1]", "2001:db8:0:3::1", "::ffff:192.0.2.5",
	} {
		for n := range 3 {
			code, h, body := s.request(http.MethodGet, "/taxii2/", "", "", "X-Forwarded-For", from)
			if (code == http.StatusOK) != (n < 2) || h.Get("Content-Type") != taxiiType {
				t.Errorf("%d %q, request %d: %d %s", i, from, n, code, body)
			}
		}
	}
	for n, from := range []string{"198.51.100.1, 2001:db8:9::1", "198.51.100.2, 2001:db8:9::2", "198.51.100.3, 2001:db8:9::3"} {
		if code, _, body := s.request(http.MethodGet, "/healthz", "", "", "X-Forwarded-For", from); (code == http.StatusOK) != (n < 2) {
			t.Errorf("%q: %d %s", from, code, body)
		}
	}
}

// TestMetricsOfStrangers: Prometheus is told of requests that were refused, and of routes that
// there are: what strangers make up takes no memory.
func TestMetricsOfStrangers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := startHub(t, func(o *app.ServeOptions) {
		o.Addresses, o.Metrics = app.Rate{PerSecond: 0.001, Burst: 7}, at
	})
	for _, path := range []string{"/taxii2/", "/taxii2/status/", "/api/api/", "/api/v1/status/v1/me", "/taxii2/community/manifest/", "/api/v1/people/v1", "/taxii2/search/", "/taxii2/"} {
		s.request(http.MethodGet, path, "", "")
	}
	res, err := http.Get("http://" + at + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(b), `infohub_http_refused_total{reason="address"} 1`) {
		t.Errorf("%v: %s", err, b)
	}
	for line := range strings.Lines(string(b)) {
		if _, rest, ok := strings.Cut(line, `infohub_http_requests_total{method="GET",route="`); ok {
			if route, _, _ := strings.Cut(rest, `"`); route != "taxii2" && route != "other" {
				t.Errorf("a route that there is not: %s", route)
			}
		}
	}
}
