package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
)

// serving is a whole server on loopback, with its operator's administrator.
type serving struct {
	t     *testing.T
	dir   string
	url   string
	admin string // key of the hub administrator
	log   *lockedBuffer
	stop  func()
}

// startHub serves a new hub until the test ends. edit may change its options.
func startHub(t *testing.T, edit func(*app.ServeOptions)) *serving {
	t.Helper()
	s := &serving{t: t, dir: t.TempDir(), log: &lockedBuffer{}}
	var made apiclient.SetupResult
	s.local(func(c *apiclient.Client) error {
		return c.Do(t.Context(), http.MethodPost, "/setup", nil, apiclient.SetupRequest{
			Title: "Test hub", Organisation: "Gov CERT", Handle: "gov", Name: "Ada Admin", Email: "ada@gov.example",
		}, &made)
	})
	s.admin = made.Key.Secret
	s.serve(edit)
	return s
}

// serve starts the server of a hub that is set up.
func (s *serving) serve(edit func(*app.ServeOptions)) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended, up := make(chan error, 1), make(chan string, 1)
	o := app.ServeOptions{
		Data: s.dir, Listen: "127.0.0.1:0", Listening: func(a net.Addr) { up <- a.String() },
		HubOptions: app.HubOptions{Log: slog.New(slog.NewJSONHandler(s.log, nil)), Version: "test"},
	}
	if edit != nil {
		edit(&o)
	}
	go func() { ended <- app.Serve(ctx, o) }()
	select {
	case addr := <-up:
		s.url = "http://" + addr
	case err := <-ended:
		s.t.Fatalf("the hub ended: %v", err)
	}
	once := false
	s.stop = func() {
		if once {
			return
		}
		once = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				s.t.Errorf("the hub ended with %v", err)
			}
		case <-time.After(time.Minute):
			s.t.Error("the hub does not end")
		}
	}
	s.t.Cleanup(s.stop)
}

// local calls do as the administrator of the data directory.
func (s *serving) local(do func(*apiclient.Client) error) {
	s.t.Helper()
	c, done, err := app.HubClient(s.t.Context(), app.HubAddress{Data: s.dir, Create: true}, app.HubOptions{Version: "test"})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := do(c); err != nil {
		s.t.Error(err)
	}
	if err := done(); err != nil {
		s.t.Error(err)
	}
}

// as is a client over the network.
func (s *serving) as(key string) *apiclient.Client {
	s.t.Helper()
	c, _, err := app.HubClient(s.t.Context(), app.HubAddress{URL: s.url, Key: key}, app.HubOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// request sends one request and returns the status and the body.
func (s *serving) request(method, path, key string, body string, header ...string) (int, http.Header, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

const taxiiType = "application/taxii+json;version=2.1"

// indicator is one with an id that ends in n.
func indicator(n int, ip string) string {
	return fmt.Sprintf(`{"type": "indicator", "spec_version": "2.1", "id": "indicator--00000000-0000-4000-8000-%012d",
 "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "pattern_type": "stix",
 "pattern": "[ipv4-addr:value = '%s']", "valid_from": "2026-01-01T00:00:00Z", "name": "Seen \u00e9", "x_score": 1.50}`, n, ip)
}

// TestHub plays a hub's first day: an organisation is admitted, gets a key,
// shares an indicator by TAXII, and finds it by its value.
func TestHub(t *testing.T) {
	s := startHub(t, nil)
	ctx := t.Context()
	admin := s.as(s.admin)
	name, handle, status := "Harbour Bank", "harbour", "active"
	var org apiclient.Organisation
	if err := admin.Do(ctx, http.MethodPost, "/organisations", nil, apiclient.OrganisationEdit{Name: &name, Handle: &handle, Status: &status}, &org); err != nil {
		t.Fatal(err)
	}
	var key apiclient.MadeKey
	if err := admin.Do(ctx, http.MethodPost, "/keys", nil, apiclient.NewKey{Name: "SIEM", Organisation: "harbour"}, &key); err != nil {
		t.Fatal(err)
	}
	object := indicator(1, "198.51.100.7")
	code, _, body := s.request(http.MethodPost, "/taxii2/community/collections/indicators/objects/", key.Secret, `{"objects":[`+object+`]}`, "Content-Type", taxiiType, "Accept", taxiiType)
	var st struct {
		SuccessCount int `json:"success_count"`
	}
	if err := json.Unmarshal([]byte(body), &st); err != nil || code != http.StatusAccepted || st.SuccessCount != 1 {
		t.Fatalf("posting: %d %s", code, body)
	}
	code, h, body := s.request(http.MethodGet, "/taxii2/community/collections/indicators/objects/", key.Secret, "", "Accept", taxiiType)
	if code != http.StatusOK || !strings.Contains(body, object) || h.Get("Content-Type") != taxiiType {
		t.Errorf("the object is not there as it was sent: %d %v %s", code, h, body)
	}
	var found apiclient.List[apiclient.Found]
	if err := s.as(key.Secret).Do(ctx, http.MethodGet, "/search", map[string][]string{"value": {"198.51.100[.]7"}}, nil, &found); err != nil || len(found.Items) != 1 {
		t.Errorf("searching: %v %v", found, err)
	}
	if code, _, body := s.request(http.MethodGet, "/taxii2/community/collections/indicators/objects/", "", "", "Accept", taxiiType); code != http.StatusUnauthorized {
		t.Errorf("a stranger gets %d %s", code, body)
	}
	var state apiclient.AuditState
	s.local(func(c *apiclient.Client) error { return c.Do(ctx, http.MethodGet, "/audit/verify", nil, nil, &state) })
	if !state.Sound || state.Entries < 4 {
		t.Errorf("audit: %+v", state)
	}
	if code, _, body := s.request(http.MethodGet, "/readyz", "", ""); code != http.StatusOK {
		t.Errorf("readyz: %d %s", code, body)
	}
	s.stop()
	if strings.Contains(s.log.String(), key.Secret) {
		t.Error("the log holds a key")
	}
	if matches, err := filepath.Glob(filepath.Join(s.dir, "*.sock")); err != nil || len(matches) > 0 {
		t.Errorf("left behind: %v %v", matches, err)
	}
}

// TestRestoredHub: a hub that was restored has lost what came after its backup. A
// cursor from then would skip what comes now, so it is refused with what to do.
func TestRestoredHub(t *testing.T) {
	s := startHub(t, nil)
	var copied bytes.Buffer
	if _, err := app.BackupTo(t.Context(), s.dir, &copied); err != nil {
		t.Fatal(err)
	}
	var page apiclient.Changes
	if err := s.as(s.admin).Do(t.Context(), http.MethodGet, "/changes", nil, nil, &page); err != nil {
		t.Fatal(err)
	}
	s.stop()
	s.dir = t.TempDir()
	if _, err := app.Restore(t.Context(), &copied, s.dir, app.RestoreOptions{Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	s.serve(nil)
	err := s.as(s.admin).Do(t.Context(), http.MethodGet, "/changes", map[string][]string{"cursor": {page.Next}}, nil, nil)
	if apiclient.StatusOf(err) != http.StatusUnprocessableEntity || !strings.Contains(err.Error(), "begin without one") {
		t.Errorf("a cursor from before: %v", err)
	}
	if err := s.as(s.admin).Do(t.Context(), http.MethodGet, "/changes", nil, nil, &page); err != nil {
		t.Errorf("beginning again: %v", err)
	}
}

// lockedBuffer is a buffer for many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
