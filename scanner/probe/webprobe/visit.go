package webprobe

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// visit is the visit to one target: it remembers every answer by its URL, so
// that two starts which lead to the same page ask for it once.
type visit struct {
	client *client
	now    time.Time

	mu      sync.Mutex
	answers map[string]*answer
	made    map[string][]scanner.Technology // by URL
}

// answer is what one URL answered, ready to be part of a chain. Its fields may
// be read once done is closed.
type answer struct {
	done    chan struct{}
	hop     scanner.Hop
	next    *url.URL // where it redirects to, or nil
	failure *scanner.Failure
	page    *scanner.Page
	text    string         // of a text/plain answer, maxText at most
	cookies []*http.Cookie // with their values, for this visit alone
}

// fetch returns the answer of u, asking for it unless that was done before.
func (v *visit) fetch(ctx context.Context, u *url.URL) *answer {
	v.mu.Lock()
	a := v.answers[u.String()]
	if a == nil {
		a = &answer{done: make(chan struct{})}
		v.answers[u.String()] = a
		v.mu.Unlock()
		v.ask(ctx, a, u, "", maxBody)
		return a
	}
	v.mu.Unlock()
	select {
	case <-a.done:
		return a
	case <-ctx.Done():
		return &answer{hop: scanner.Hop{URL: u.String()}, failure: classify(ctx, ctx.Err())}
	}
}

// ask makes the request and fills a. What it reads is hostile, so a panic of
// a parser ends this answer alone.
func (v *visit) ask(ctx context.Context, a *answer, u *url.URL, cookie string, limit int64) {
	defer close(a.done)
	defer func() {
		if p := recover(); p != nil {
			a.failure = scanner.Failf(scanner.FailInternal, fmt.Sprintf("reading %s panicked: %v", u, p))
		}
	}()
	a.hop.URL = u.String()
	res := v.client.get(ctx, request{url: u, cookie: cookie, limit: limit})
	a.hop.Addr, a.hop.TLSName = res.addr, res.tlsError
	if res.failure != nil {
		a.failure = res.failure
		return
	}
	a.hop.Status = res.status
	a.hop.Headers = readHeaders(res.header)
	a.hop.Cookies = readCookies(res.header["Set-Cookie"], v.now)
	a.hop.Bytes, a.hop.Capped, a.hop.BodyFailure = int64(len(res.body)), res.capped, res.bodyFailure
	if len(a.hop.Cookies) > 0 {
		line := http.Response{Header: http.Header{"Set-Cookie": res.header["Set-Cookie"][:min(len(res.header["Set-Cookie"]), maxCookies)]}}
		a.cookies = line.Cookies()
	}
	if location := res.header.Get("Location"); redirects(res.status) && location != "" {
		next, err := resolveURL(u, location)
		if err != nil {
			a.failure = scanner.Failf(scanner.FailProtocol, fmt.Sprintf("%s redirects: %v", u, err))
			return
		}
		a.next = next
		return
	}
	if who := blockedBy(res.status, res.header, res.body); who != "" {
		a.failure = scanner.Failf(scanner.FailBlocked, fmt.Sprintf("%s: status %d from %s", u, res.status, who))
		return
	}
	if len(res.body) > 0 || res.bodyFailure == nil {
		a.page = readPage(u, res.status, res.header.Get("Content-Type"), res.body)
		v.remember(a.hop.URL, technologies(a, res.body))
	}
	if isPlainText(res.header.Get("Content-Type")) && len(res.body) <= maxText {
		a.text = string(res.body)
	}
}

// follow goes from start to where its redirects end, and returns the last
// answer beside the chain.
//
// Some sites send every visitor round once to see whether a cookie comes back.
// So cookies are brought back as soon as a chain returns to an address, and it
// is a loop only if that does not help.
func (v *visit) follow(ctx context.Context, start *url.URL) (scanner.WebRoot, *answer) {
	root := scanner.WebRoot{Start: start.String()}
	jar, _ := cookiejar.New(nil) // never fails
	seen := map[string]bool{}
	withCookies := false
	for u := start; ; {
		if len(root.Hops) > scanner.MaxHops {
			root.Loop = true
			root.Failure = scanner.Failf(scanner.FailProtocol, fmt.Sprintf("more than %d redirects", scanner.MaxHops))
			return root, nil
		}
		withCookies = withCookies || seen[u.String()]
		cookie := ""
		if withCookies {
			cookie = cookieLine(jar.Cookies(u))
		}
		key := u.String() + "\n" + cookie
		if seen[key] || (cookie == "" && seen[u.String()]) {
			root.Loop = true
			root.Failure = scanner.Failf(scanner.FailProtocol, fmt.Sprintf("the redirects come back to %s", u))
			return root, nil
		}
		seen[key], seen[u.String()] = true, true
		var a *answer
		if cookie == "" {
			a = v.fetch(ctx, u)
		} else {
			a = &answer{done: make(chan struct{})}
			v.ask(ctx, a, u, cookie, maxBody)
		}
		root.Hops = append(root.Hops, a.hop)
		if a.failure != nil || a.next == nil {
			root.Failure, root.Page = a.failure, a.page
			return root, a
		}
		jar.SetCookies(u, a.cookies)
		u = a.next
	}
}

func cookieLine(cookies []*http.Cookie) string {
	var pairs []string
	for _, c := range cookies {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "; ")
}

// readHeaders keeps header lines, sorted by name, without Set-Cookie: its
// values are not for keeping.
func readHeaders(h http.Header) []scanner.Header {
	names := make([]string, 0, len(h))
	for name := range h {
		if name != "Set-Cookie" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var lines []scanner.Header
	for _, name := range names {
		for _, value := range h[name] {
			if len(lines) == maxHeaders {
				return lines
			}
			lines = append(lines, scanner.Header{Name: cut(name, 256), Value: cut(value, valueLimit(name))})
		}
	}
	return lines
}

// valueLimit: a policy that is cut short would be judged as a worse one.
func valueLimit(name string) int {
	if strings.HasPrefix(name, "Content-Security-Policy") {
		return maxPolicyValue
	}
	return maxHeaderValue
}

// cut bounds a peer's text and makes it valid UTF-8.
func cut(s string, n int) string {
	return strings.ToValidUTF8(s[:min(len(s), n)], "?")
}

// starts are the addresses that a visit begins at. A name that certainly has
// no address is left out.
func (v *visit) starts(ctx context.Context, target scanner.Target) []*url.URL {
	var starts []*url.URL
	for _, host := range target.Hosts() {
		for _, scheme := range []string{"http", "https"} {
			u := &url.URL{Scheme: scheme, Host: host, Path: "/"}
			port, err := portOf(u)
			if err != nil {
				continue
			}
			if _, err := v.client.addresses(ctx, host, port); err != nil && scanner.FailureOf(err).Kind == scanner.FailUnresolved {
				continue
			}
			starts = append(starts, u)
		}
	}
	return starts
}

// isAddress: host is an IP address and so has no name to look up.
func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
