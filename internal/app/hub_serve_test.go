package app_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
)

// TestSetupLink: a hub that is not set up serves nobody; the link works once, from
// anywhere, and a newer one replaces it.
func TestSetupLink(t *testing.T) {
	s := &serving{t: t, dir: t.TempDir(), log: &lockedBuffer{}}
	s.serve(nil)
	const form = `{"title":"Hub","organisation":"Gov","handle":"gov","name":"Ada","email":"ada@gov.example"%s}`
	setup := func(token string) (int, string) {
		if token != "" {
			token = `,"token":"` + token + `"`
		}
		code, _, body := s.request(http.MethodPost, "/api/v1/setup", "", fmt.Sprintf(form, token), "Content-Type", "application/json")
		return code, body
	}
	want := func(what string, code, want int, body string) {
		t.Helper()
		if code != want {
			t.Errorf("%s: %d, want %d: %s", what, code, want, body)
		}
	}
	code, _, body := s.request(http.MethodGet, "/readyz", "", "")
	want("readyz", code, http.StatusServiceUnavailable, body)
	code, body = setup("")
	want("without a link", code, http.StatusForbidden, body)
	code, body = setup("guessed")
	want("with a token that somebody guessed", code, http.StatusUnauthorized, body)
	code, _, body = s.request(http.MethodPost, "/api/v1/setup/link", "", "")
	want("a link for the network", code, http.StatusUnauthorized, body)
	var first, second apiclient.SetupLink
	s.local(func(c *apiclient.Client) error {
		if err := c.Do(t.Context(), http.MethodPost, "/setup/link", nil, nil, &first); err != nil {
			return err
		}
		return c.Do(t.Context(), http.MethodPost, "/setup/link", nil, nil, &second)
	})
	code, body = setup(first.Token)
	want("the link that was replaced", code, http.StatusUnauthorized, body)
	code, body = setup(second.Token)
	want("the link", code, http.StatusCreated, body)
	code, body = setup(second.Token)
	if code != http.StatusUnauthorized && code != http.StatusConflict {
		t.Errorf("the link again: %d %s", code, body)
	}
	code, _, body = s.request(http.MethodGet, "/readyz", "", "")
	want("readyz", code, http.StatusOK, body)
	if strings.Contains(s.log.String(), second.Token) {
		t.Error("the log has the token")
	}
}

// TestSocket: the socket of the data directory is its owner's, and whoever uses it
// is told from everybody else in the audit log, whatever the request claims.
func TestSocket(t *testing.T) {
	w := newWorld(t)
	paths, err := filepath.Glob(filepath.Join(w.dir, "*.sock"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("sockets: %v %v", paths, err)
	}
	if info, err := os.Stat(paths[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v %v", info, err)
	}
	local := w.asker("local")
	if got := w.ask(local, http.MethodPatch, "/api/v1/settings", `{"description":"from the socket"}`); got.status != http.StatusOK {
		t.Errorf("settings: %s", got)
	}
	ada := w.asker("ada")
	if got := w.ask(ada, http.MethodPatch, "/api/v1/settings", `{"description":"from a proxy"}`, "X-Forwarded-For", "192.0.2.66, 198.51.100.9"); got.status != http.StatusOK {
		t.Errorf("settings: %s", got)
	}
	var page apiclient.AuditPage
	w.must(http.MethodGet, "/audit?action=settings.update", nil, &page)
	if len(page.Items) != 2 || page.Items[1].ActorKind != "local" || page.Items[1].From != "socket" || page.Items[0].From != "198.51.100.9" || page.Items[0].ActorID == "" {
		t.Errorf("audit: %+v", page.Items)
	}
	body, err := w.socket.Open(t.Context(), http.MethodPost, "/backup", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = body.Close() }()
	if _, err := app.ReadBackup(t.Context(), body, io.Discard); err != nil {
		t.Errorf("the backup: %v", err)
	}
	// A second hub on the same directory is refused, and the first goes on.
	if err := app.Serve(t.Context(), app.ServeOptions{Data: w.dir, Listen: "127.0.0.1:0"}); err == nil {
		t.Error("two hubs on one directory")
	}
	if got := w.ask(local, http.MethodGet, "/api/v1/me", ""); got.status != http.StatusOK {
		t.Errorf("the first one: %s", got)
	}
}

// TestNotProxied: nobody chooses their own address where no proxy was announced.
func TestNotProxied(t *testing.T) {
	s := startHub(t, nil)
	code, _, body := s.request(http.MethodPatch, "/api/v1/settings", s.admin, `{"description":"x"}`, "Content-Type", "application/json", "X-Forwarded-For", "192.0.2.66")
	if code != http.StatusOK {
		t.Fatal(body)
	}
	var page apiclient.AuditPage
	if err := s.as(s.admin).Do(t.Context(), http.MethodGet, "/audit", map[string][]string{"action": {"settings.update"}}, nil, &page); err != nil || page.Items[0].From != "127.0.0.1" {
		t.Errorf("audit: %v %+v", err, page.Items)
	}
}

// TestRates: who asks too often is told to wait, in the words of the protocol, and
// nobody else is; wrong keys are bounded by address, and cost no valid key anything.
func TestRates(t *testing.T) {
	s := startHub(t, func(o *app.ServeOptions) {
		o.Proxied = true
		o.Keys = app.Rate{PerSecond: 0.001, Burst: 4}
		o.Addresses = app.Rate{PerSecond: 0.001, Burst: 30}
	})
	limited := func(what, path, key, from string, after int) {
		t.Helper()
		for i := range after + 1 {
			code, h, body := s.request(http.MethodGet, path, key, "", "X-Forwarded-For", from, "Accept", "*/*")
			if (code == http.StatusTooManyRequests) != (i == after) {
				t.Errorf("%s: request %d: %d %s", what, i, code, body)
				return
			}
			if i < after {
				continue
			}
			if wait, err := strconv.Atoi(h.Get("Retry-After")); err != nil || wait < 1 {
				t.Errorf("%s: Retry-After %q", what, h.Get("Retry-After"))
			}
			kind, status := "application/problem+json", `"status":429`
			if strings.HasPrefix(path, "/taxii2") {
				kind, status = taxiiType, `"http_status":"429"`
			}
			if h.Get("Content-Type") != kind || !strings.Contains(body, status) {
				t.Errorf("%s: %s %s", what, h.Get("Content-Type"), body)
			}
		}
	}
	limited("a key, by the API", "/api/v1/me", s.admin, "192.0.2.1", 4)
	limited("a key, by TAXII", "/taxii2/", s.admin, "192.0.2.2", 0)
	limited("an address, by TAXII", "/taxii2/", "", "192.0.2.3", 30)
	limited("an address, by the API", "/api/v1/me", "", "192.0.2.3", 0)
	limited("an address beside it", "/api/v1/me", "", "192.0.2.4", 30)
	wrong := "infohub_abcdefghijkl_" + strings.Repeat("A", 43)
	limited("wrong keys", "/api/v1/me", wrong, "192.0.2.5", 20)
	limited("wrong keys, by TAXII", "/taxii2/", "no key at all", "192.0.2.5", 0)
	if code, _, body := s.request(http.MethodGet, "/api/v1/me", wrong, "", "X-Forwarded-For", "192.0.2.6"); code != http.StatusUnauthorized {
		t.Errorf("a wrong key from elsewhere: %d %s", code, body)
	}
}

// certify writes a certificate for 127.0.0.1 under a name, as of a time.
func certify(t *testing.T, dir, name string, at time.Time) (cert, key string) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TestTLS: a renewed certificate is served without a restart, and a damaged one
// leaves the one that was there; TLS 1.2 is spoken, and nothing older.
func TestTLS(t *testing.T) {
	for _, damaged := range []bool{false, true} {
		dir := t.TempDir()
		cert, key := certify(t, dir, "first", time.Now().Add(-time.Hour))
		s := startHub(t, func(o *app.ServeOptions) { o.Certificate, o.Key = cert, key })
		want := "second"
		if damaged {
			want = "first"
			if err := os.WriteFile(cert, []byte("half of a"), 0o600); err != nil {
				t.Fatal(err)
			}
		} else {
			certify(t, dir, "second", time.Now())
		}
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version}} // #nosec G402 -- the test looks at the certificate itself
			conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			if got := conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName; got != want {
				t.Errorf("certificate %q, want %q", got, want)
			}
			_ = conn.Close()
		}
		old := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}} // #nosec G402 -- it has to fail
		if conn, err := old.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://")); err == nil {
			t.Error("TLS 1.1 is spoken")
			_ = conn.Close()
		}
		s.stop()
	}
}

// TestShutdown: a submission that has begun ends, and what was acknowledged is
// there after the restart; who waits for changes keeps nobody waiting.
func TestShutdown(t *testing.T) {
	s := startHub(t, nil)
	waiting := make(chan int, 1)
	var cursor apiclient.Changes
	if err := s.as(s.admin).Do(t.Context(), http.MethodGet, "/changes", map[string][]string{"cursor": {"now"}}, nil, &cursor); err != nil {
		t.Fatal(err)
	}
	sent := make(chan struct{})
	go func() {
		trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) }}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.WithoutCancel(t.Context()), trace), http.MethodGet, s.url+"/api/v1/changes?wait=55&cursor="+cursor.Next, nil)
		if err != nil {
			waiting <- 0
			return
		}
		// A stranger, who is not told of what comes meanwhile, on a connection of its
		// own: one that was idle a moment ago may be closed before it is read.
		res, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
		if err != nil {
			waiting <- 0
			return
		}
		_ = res.Body.Close()
		waiting <- res.StatusCode
	}()
	<-sent
	s.request(http.MethodGet, "/healthz", "", "") // and read, since this came after it
	body := `{"objects":[` + indicator(1, "198.51.100.7") + `]}`
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "POST /taxii2/community/collections/indicators/objects/ HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nAccept: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		s.admin, taxiiType, taxiiType, len(body))
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q %v", line, err)
	}
	began := time.Now()
	stopped := make(chan struct{})
	go func() { s.stop(); close(stopped) }()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(s.log.String(), "stopping") && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(answers)
	if err != nil || !strings.Contains(string(rest), " 202 ") || !strings.Contains(string(rest), `"success_count":1`) {
		t.Errorf("a submission that had begun: %v %s", err, rest)
	}
	if code := <-waiting; code != http.StatusOK {
		t.Errorf("who waited for changes gets %d", code)
	}
	<-stopped
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("stopping took %s", took)
	}
	s.serve(nil)
	if code, _, got := s.request(http.MethodGet, "/taxii2/community/collections/indicators/objects/", s.admin, "", "Accept", taxiiType); code != http.StatusOK || !strings.Contains(got, indicator(1, "198.51.100.7")) {
		t.Errorf("after the restart: %d %s", code, got)
	}
}

// TestMetrics: the figures name no organisation, collection, object or key, and
// only the operator's own machine gets them.
func TestMetrics(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	s := startHub(t, func(o *app.ServeOptions) { o.Metrics = addr })
	for _, path := range []string{"/taxii2/secretgroup/collections/secretshelf/objects/indicator--5ec2e7/", "/api/v1/organisations/secretorg", "/api/v1/objects/secret/counts", "/secret", "/api/v1/search?text=secret"} {
		s.request(http.MethodGet, path, s.admin, "")
	}
	s.request("SECRET", "/api/v1/me", s.admin, "")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(text), "infohub_http_requests_total") {
		t.Fatalf("%v %s", err, text)
	}
	for _, bad := range []string{"secret", "5ec2e7", "gov\"", strings.Split(s.admin, "_")[1]} {
		if strings.Contains(strings.ToLower(string(text)), bad) {
			t.Errorf("the figures have %q: %s", bad, text)
		}
		if strings.Contains(strings.ToLower(s.log.String()), bad) {
			t.Errorf("the log has %q", bad)
		}
	}
	if code, _, body := s.request(http.MethodGet, "/metrics", s.admin, ""); code != http.StatusNotFound {
		t.Errorf("the network gets figures: %d %s", code, body)
	}
}
