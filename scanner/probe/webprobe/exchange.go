package webprobe

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// open makes an HTTP connection of conn: the TLS handshake for https, then
// HTTP/2 where the server chose it. On error the caller closes conn.
func (c *client) open(ctx context.Context, o *origin, w *wire, conn net.Conn) error {
	if o.scheme == "https" {
		tc, err := shake(ctx, conn, c.tlsConfig(o.host))
		if err != nil {
			return err
		}
		if !c.strict {
			w.tlsError = c.verify(o.host, tc.ConnectionState().PeerCertificates)
		}
		conn = tc
	}
	given := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	t := &http.Transport{
		DialContext: given, DialTLSContext: given,
		DisableCompression:     true, // readBody decodes under its own limits
		MaxResponseHeaderBytes: maxHeaderBytes,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{MaxReceiveBufferPerStream: maxBody / 2, MaxReceiveBufferPerConnection: maxBody},
	}
	var err error
	w.conn, err = t.NewClientConn(ctx, o.scheme, net.JoinHostPort(o.host, strconv.Itoa(int(o.port))))
	if err != nil {
		return fmt.Errorf("open %s: %w", o.host, err)
	}
	return nil
}

func shake(ctx context.Context, conn net.Conn, cfg *tls.Config) (*tls.Conn, error) {
	tc := tls.Client(conn, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		if f := scanner.FailureOf(err); f.Kind == scanner.FailProtocol {
			return nil, scanner.Failf(scanner.FailTLS, f.Detail) // alerts have no type of their own
		}
		return nil, err
	}
	return tc, nil
}

func (c *client) tlsConfig(host string) *tls.Config {
	if c.strict {
		return &tls.Config{ServerName: host, RootCAs: c.net.Roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	}
	// The oldest servers are let in: how bad their TLS is, the TLS probe says.
	cfg := &tls.Config{
		ServerName: host, NextProtos: []string{"h2", "http/1.1"},
		MinVersion:         tls.VersionTLS10,
		InsecureSkipVerify: true, //nolint:gosec // verified by client.verify, as a fact; nothing secret is sent
	}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		cfg.CipherSuites = append(cfg.CipherSuites, s.ID)
	}
	return cfg
}

// verify says what is wrong with a certificate chain for host, or "".
func (c *client) verify(host string, chain []*x509.Certificate) string {
	if len(chain) == 0 {
		return "no certificate"
	}
	opts := x509.VerifyOptions{DNSName: host, Roots: c.net.Roots, Intermediates: x509.NewCertPool(), CurrentTime: c.now}
	if strings.Contains(host, ":") {
		opts.DNSName = "[" + host + "]" // how x509 wants an IPv6 address
	}
	for _, cert := range chain[1:] {
		opts.Intermediates.AddCert(cert)
	}
	if _, err := chain[0].Verify(opts); err != nil {
		return scanner.Printable(err.Error(), 300)
	}
	return ""
}

// exchange sends r over w and reads the answer into res. keep says whether the
// connection can carry another request.
func (c *client) exchange(ctx context.Context, w *wire, r request, res *response) (keep bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url.String(), nil)
	if err != nil {
		return false, fmt.Errorf("request: %w", err)
	}
	req.Header.Set("User-Agent", c.net.UserAgent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	req.Header.Set("Accept-Language", "en")
	req.Header.Set("Accept-Encoding", "gzip, deflate")
	if r.origin != "" {
		req.Header.Set("Origin", r.origin)
	}
	if r.cookie != "" {
		req.Header.Set("Cookie", r.cookie)
	}
	resp, err := w.conn.RoundTrip(req)
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return false, errors.New("the server switched protocols unasked (101)")
	}
	res.status, res.header = resp.StatusCode, resp.Header
	limit := r.limit
	if isRedirect(resp) {
		limit = min(limit, maxStray)
	}
	var free bool
	res.body, res.capped, free, err = readBody(resp, limit)
	if err != nil {
		res.bodyFailure = classify(ctx, err)
	}
	return err == nil && (free || resp.ProtoMajor == 2), nil
}

func isRedirect(resp *http.Response) bool {
	return redirects(resp.StatusCode) && resp.Header.Get("Location") != ""
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// readBody reads and decodes at most limit bytes, and no more than that on the
// wire. capped says that there was more; free, that the connection is at the
// end of the answer and can carry another.
func readBody(resp *http.Response, limit int64) (body []byte, capped, free bool, err error) {
	raw := &io.LimitedReader{R: resp.Body, N: limit + 1}
	r, err := decoder(resp.Header.Get("Content-Encoding"), raw)
	if err != nil {
		return nil, false, false, err
	}
	body, err = io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case int64(len(body)) > limit:
		return body[:limit], true, false, nil
	case raw.N == 0: // packed, yet longer than the limit
		return body, true, false, nil
	case err != nil:
		return body, true, false, fmt.Errorf("body: %w", err)
	}
	// What is left on the wire is the end mark, or it is not worth reading.
	n, err := io.CopyN(io.Discard, resp.Body, 512)
	return body, false, n < 512 && errors.Is(err, io.EOF), nil
}

// decoder undoes the one Content-Encoding that a server may have used, given
// what was asked for. An empty body is good in each.
func decoder(encoding string, raw io.Reader) (io.Reader, error) {
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	if encoding == "" || encoding == "identity" {
		return raw, nil
	}
	head := make([]byte, 2)
	n, err := io.ReadFull(raw, head)
	if errors.Is(err, io.EOF) {
		return strings.NewReader(""), nil
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("body: %w", err)
	}
	whole := io.MultiReader(strings.NewReader(string(head[:n])), raw)
	switch encoding {
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(whole)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		z.Multistream(false)
		return z, nil
	case "deflate":
		// Two formats go by this name (RFC 9110 section 8.4.1.2).
		if head[0]&0x0f != 8 || (int(head[0])<<8|int(head[1]))%31 != 0 {
			return flate.NewReader(whole), nil
		}
		z, err := zlib.NewReader(whole)
		if err != nil {
			return nil, fmt.Errorf("deflate: %w", err)
		}
		return z, nil
	}
	return nil, scanner.Failf(scanner.FailProtocol, "the body is in an encoding that was not asked for: "+encoding)
}
