package webprobe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"slices"
	"sync"

	"github.com/cybersec-infohub/infohub/scanner"
)

// shakeHands makes a TLS handshake with the first maxShaken of the hosts that
// exist and that page loads scripts or styles from, all at once: they are many
// firms' hosts, and slow ones must not add up.
func (c *client) shakeHands(ctx context.Context, page *scanner.Page, hosts []scanner.LinkedHost) {
	ports := portsOf(page)
	var wg sync.WaitGroup
	tried := 0
	for i := range hosts {
		h := &hosts[i]
		active := slices.Contains(h.Kinds, "script") || slices.Contains(h.Kinds, "style")
		if !active || !h.Exists || h.Failure != nil || tried == maxShaken {
			continue
		}
		tried++
		wg.Go(func() { h.TLS = c.handshake(ctx, h.Name, ports[h.Name]) })
	}
	wg.Wait()
}

// portsOf is the port of the first script or style that each host gives over
// https. One that gives them over http alone is tried at 443.
func portsOf(page *scanner.Page) map[string]uint16 {
	ports := map[string]uint16{}
	for _, res := range slices.Concat(page.Scripts, page.Styles) {
		u, err := url.Parse(res.URL)
		if err != nil || u.Scheme != "https" || ports[u.Hostname()] != 0 {
			continue
		}
		if port, err := portOf(u); err == nil {
			ports[u.Hostname()] = port
		}
	}
	return ports
}

// handshake is as a browser makes it, but for the certificate, which is judged
// afterwards.
func (c *client) handshake(ctx context.Context, host string, port uint16) (t *scanner.LinkedTLS) {
	if port == 0 {
		port = 443
	}
	t = &scanner.LinkedTLS{Port: port}
	defer func() {
		if p := recover(); p != nil {
			t.Failure = scanner.Failf(scanner.FailInternal, fmt.Sprint("panicked: ", p))
		}
	}()
	conn, _, err := c.dial(ctx, &origin{scheme: "https", host: host, port: port})
	if err != nil {
		t.Failure = classify(ctx, err)
		return t
	}
	defer func() { _ = conn.Close() }()
	patience := min(c.patience, handshakeTime)
	ctx, cancel := context.WithTimeoutCause(ctx, patience,
		scanner.Failf(scanner.FailTimeout, fmt.Sprintf("no TLS handshake within %s", patience)))
	defer cancel()
	cfg := c.tlsConfig(host)
	cfg.MinVersion, cfg.CipherSuites = tls.VersionTLS12, nil
	tc, err := shake(ctx, conn, cfg)
	if err != nil {
		t.Failure = classify(ctx, err)
		return t
	}
	t.Error = c.verify(host, tc.ConnectionState().PeerCertificates)
	return t
}
