package nucleiprobe

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/cybersec-infohub/infohub/scanner"
)

// maxCanary is how much of the canary's answer is read, in bytes.
const maxCanary = 16 << 10

// canary asks each target for an address that cannot exist and that nobody has
// a reason to guard. One that turns even that away turns everything away, and
// then "not matched" says nothing about the site. It returns the reason for
// each such target. It is asked before and after the templates: some firewalls
// begin to turn us away in between.
func canary(ctx context.Context, via *proxy, userAgent string, targets []string) map[string]*scanner.Failure {
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // G402: the TLS probe judges certificates; the engine does not either
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return via.dial(ctx, strings.ToLower(addr))
		},
	}
	client := &http.Client{
		Transport: transport, Timeout: requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var (
		mu  sync.Mutex
		out = map[string]*scanner.Failure{}
		wg  sync.WaitGroup
	)
	for _, target := range targets { // at most four
		wg.Go(func() {
			if why := ask(ctx, client, userAgent, target); why != nil {
				mu.Lock()
				defer mu.Unlock()
				out[target] = why
			}
		})
	}
	wg.Wait()
	return out
}

// ask is nil where the target gives an answer of its own, or none: then the
// templates' own requests say why.
func ask(ctx context.Context, client *http.Client, userAgent, target string) *scanner.Failure {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target+"/infohub-"+strings.ToLower(rand.Text()[:12]), nil)
	if err != nil {
		return nil
	}
	req.Header.Set("User-Agent", userAgent)
	res, err := client.Do(req)
	if err != nil {
		return nil
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxCanary)) // what came is enough
	switch res.StatusCode {
	case http.StatusForbidden, http.StatusNotAcceptable, http.StatusTooManyRequests, http.StatusServiceUnavailable:
	default:
		return nil
	}
	if bytes.Contains(body, []byte("<Code>AccessDenied</Code>")) {
		return nil // cloud storage that does not list its files says so for "not found"
	}
	return scanner.Failf(scanner.FailBlocked, fmt.Sprintf("the server answers %d even to an address that cannot exist", res.StatusCode))
}

// blockedByWeb are the targets whose page the web probe did not get to see,
// because a firewall stood before it.
func blockedByWeb(f *scanner.Facts) map[string]*scanner.Failure {
	out := map[string]*scanner.Failure{}
	for i := range f.Web.Roots {
		root := &f.Web.Roots[i]
		if len(root.Hops) == 0 || root.Failure == nil || root.Failure.Kind != scanner.FailBlocked {
			continue
		}
		if u, err := url.Parse(root.Hops[len(root.Hops)-1].URL); err == nil {
			out[u.Scheme+"://"+u.Host] = root.Failure
		}
	}
	return out
}
