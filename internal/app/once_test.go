package app_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/scanner"
)

// tally counts what was asked for.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *tally) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[what]++
}

// repeated lists what was asked for more often than its allowance, 1 where
// there is none.
func (c *tally) repeated(allowed map[string]int) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for what, n := range c.n {
		if n > max(1, allowed[what]) {
			out = append(out, fmt.Sprintf("%s: %d times", what, n))
		}
	}
	slices.Sort(out)
	return out
}

// counting is a web server that counts requests and keeps connections alive.
func counting(c *tally, scheme string) act {
	return func(_ *yard, conn net.Conn) {
		in := bufio.NewReader(conn)
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			url := scheme + "://" + r.Host + r.URL.Path
			head, body := "200 OK\r\nContent-Type: text/html", "<script src=https://cdn.once.hk/a.js></script>"
			switch {
			case r.Header.Get("Origin") != "":
				url += " from another origin"
			case scheme == "http":
				head, body = "301 Moved Permanently\r\nLocation: https://"+r.Host+r.URL.Path, ""
			}
			c.add(url)
			if _, err := io.WriteString(conn, fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)); err != nil {
				return
			}
		}
	}
}

// TestEachFactIsFetchedOnce scans one site and counts every question by name,
// type, server and transport, and every request by URL. What is asked for
// twice is listed with its reason.
func TestEachFactIsFetchedOnce(t *testing.T) {
	y := newYard(t)
	var questions, requests tally
	s := y.site("once", acts{80: counting(&requests, "http"), 443: secure(counting(&requests, "https")), 25: post()})
	y.zone("once", "127.31.9.1", usual+"cdn A $SITE\n", fresh())
	for _, addr := range []string{"127.31.9.1", dnslab.HKAddr, dnslab.RootAddr} {
		server := y.lab.Server(addr)
		server.Tweak = func(ask, m *dns.Msg, tcp bool) *dns.Msg {
			q := ask.Question[0]
			over := "UDP"
			if tcp {
				over = "TCP"
			}
			questions.add(fmt.Sprintf("%s %s at %s over %s", q.Name, dns.Type(q.Qtype), server.Addr, over))
			return m
		}
	}
	y.open()
	r := y.scanner(time.Minute).Scan(t.Context(), mustTarget(t, s.domain), scanner.Options{})
	if r.Status != scanner.Complete {
		t.Fatalf("%s: %v", r.Status, r.Reason)
	}
	// The resolver asks for these to validate and to walk; the server itself is
	// asked again because every authoritative server is asked directly, and its
	// own answer, not one from a cache, is the fact.
	allowed := map[string]int{
		"once.hk. SOA at 127.31.9.1 over UDP": 2,
		"once.hk. NS at 127.31.9.1 over UDP":  2,
	}
	for _, again := range questions.repeated(allowed) {
		t.Error(again)
	}
	for _, again := range requests.repeated(nil) {
		t.Error(again)
	}
	questions.mu.Lock()
	defer questions.mu.Unlock()
	requests.mu.Lock()
	defer requests.mu.Unlock()
	total := 0
	for _, n := range questions.n {
		total += n
	}
	t.Logf("%d questions, %d requests over %d connections", total, len(requests.n), s.conns.Load())
	if len(requests.n) < 6 || !strings.Contains(fmt.Sprint(requests.n), "security.txt") {
		t.Errorf("too few requests to count: %v", requests.n)
	}
}
