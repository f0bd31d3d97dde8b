package taxii_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/taxii"
)

func TestHeadersOfAnswers(t *testing.T) {
	w := newWorld(t)
	w.stored(w.alpha, "closed", indicators(2)...)
	for _, tt := range []struct {
		key, path, cache string
	}{
		{"", "/taxii2/", "no-cache"},
		{"", in("public", "objects/"), "no-cache"},
		{"wrong", "/taxii2/", "private, no-store"},
		{w.alpha, "/taxii2/", "private, no-store"},
		{w.alpha, in("closed", "objects/"), "private, no-store"},
		{w.alpha, in("closed", "objects/?limit=0"), "private, no-store"},
	} {
		h := w.send(request{path: tt.path, key: tt.key}).header
		if h.Get("Cache-Control") != tt.cache || h.Get("Vary") != "Accept, Authorization" || h.Get("ETag") != "" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", tt.path, h)
		}
	}
	for path, allow := range map[string]string{"/taxii2/": "GET, HEAD, OPTIONS", in("closed", "objects/"): "GET, HEAD, OPTIONS, POST", in("closed", "objects/"+id(1)+"/"): "DELETE, GET, HEAD, OPTIONS"} {
		if a := w.want(http.StatusNoContent, request{method: http.MethodOptions, path: path}); a.header.Get("Allow") != allow || a.body != "" {
			t.Errorf("OPTIONS of %s: Allow %q", path, a.header.Get("Allow"))
		}
		a := w.send(request{method: http.MethodHead, path: path, key: w.alpha})
		b := w.get(w.alpha, path)
		if a.status != b.status || a.body != "" || a.header.Get("X-TAXII-Date-Added-Last") != b.header.Get("X-TAXII-Date-Added-Last") {
			t.Errorf("HEAD of %s: %d %v", path, a.status, a.header)
		}
	}
}

func TestLimited(t *testing.T) {
	w := newWorld(t, func(c *taxii.Config) {
		c.Authenticate = func(*http.Request) (hub.Caller, error) {
			return hub.Caller{}, &hub.Error{Code: hub.Limited, Message: "too often", RetryAfter: 1500 * time.Millisecond}
		}
	})
	a := w.want(http.StatusTooManyRequests, request{path: "/taxii2/"})
	if got := a.header.Get("Retry-After"); got != "2" || !strings.Contains(a.body, "too often") {
		t.Errorf("Retry-After %q: %s", got, a.body)
	}
}

// TestErrorsTellNothing: what an operator reads in the log is not in the answer,
// and the id of the request is in both.
func TestErrorsTellNothing(t *testing.T) {
	w := newWorld(t, func(c *taxii.Config) {
		c.Authenticate = func(*http.Request) (hub.Caller, error) {
			return hub.Caller{}, &fs.PathError{Op: "read", Path: "/secret/hub.db", Err: fs.ErrPermission}
		}
	})
	a := w.want(http.StatusInternalServerError, request{path: "/taxii2/"})
	if strings.Contains(a.body, "hub.db") || strings.Contains(a.body, "permission") {
		t.Error(a.body)
	}
}

// TestStalledSubmission: a submission that stalls is cut off, and gives back its
// place in memory, of which there is one here.
func TestStalledSubmission(t *testing.T) {
	w := newWorld(t, func(c *taxii.Config) { c.Turns, c.Stall = hub.NewTurns(1), 500*time.Millisecond })
	slow, fast := io.Pipe()
	defer slow.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL+in("closed", "objects/"), slow)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", mediaType)
	r.Header.Set("Authorization", "Bearer "+w.alpha)
	done := make(chan int, 1)
	go func() {
		resp, err := w.server.Client().Do(r)
		if err != nil {
			done <- 0
			return
		}
		_ = resp.Body.Close()
		done <- resp.StatusCode
	}()
	if _, err := fast.Write([]byte(`{"objects":[`)); err != nil {
		t.Fatal(err)
	}
	// It sends no more, and is cut off; then there is room again.
	if status := <-done; status != http.StatusRequestTimeout {
		t.Errorf("the one that stalls: %d", status)
	}
	w.stored(w.alpha, "closed", indicators(1)...)
}

// TestSlowReader: a client that takes nothing of a large page is cut off, and
// holds up nobody.
func TestSlowReader(t *testing.T) {
	w := newWorld(t)
	handler := taxii.New(taxii.Config{Hub: w.hub, Stall: 200 * time.Millisecond})
	ended := make(chan struct{})
	strict := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		defer close(ended)
		handler.ServeHTTP(rw, r)
	}))
	defer strict.Close()
	filler := `"description":"` + strings.Repeat("x", 100_000) + `"`
	for i := range 200 {
		w.stored(w.alpha, "closed", indicator(i+1, "2026-01-01T00:00:00.000Z", filler))
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(strict.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", in("closed", "objects/"), w.alpha); err != nil {
		t.Fatal(err)
	}
	<-ended // the handler gave up
	got, _ := io.ReadAll(conn)
	if bytes.HasSuffix(got, []byte("0\r\n\r\n")) || bytes.Contains(got, []byte("]}")) {
		t.Error("a page that was cut looks whole")
	}
	// Whoever reads gets all of it.
	if n := len(w.texts(w.alpha, in("closed", "objects/"))); n != 200 {
		t.Errorf("%d objects", n)
	}
}

// TestKeepAlive: the deadline of one answer does not end the next request on its
// connection.
func TestKeepAlive(t *testing.T) {
	w := newWorld(t, func(c *taxii.Config) { c.Stall = 100 * time.Millisecond })
	w.stored(w.alpha, "closed", indicators(3)...)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := envelope(indicators(4)...)
	b := make([]byte, 64<<10)
	for i := range 3 {
		if i > 0 {
			time.Sleep(150 * time.Millisecond) // longer than the deadline
		}
		if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\nAuthorization: Bearer %s\r\n\r\n%s", in("closed", "objects/"), mediaType, len(body), w.alpha, body); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(b)
		if err != nil || !strings.HasPrefix(string(b[:n]), "HTTP/1.1 202") {
			t.Fatalf("request %d: %v %.200s", i, err, b[:n])
		}
	}
}

// TestRealBundles puts the bundles of others in and gets the same bytes back.
func TestRealBundles(t *testing.T) {
	dir := os.Getenv("INFOHUB_TESTDATA")
	if dir == "" {
		t.Skip("not run: INFOHUB_TESTDATA is not set")
	}
	var files []string
	if err := filepath.WalkDir(filepath.Join(dir, "stix"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".json" {
			files = append(files, path)
		}
		return err
	}); err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var bundle struct{ Objects []json.RawMessage }
			if err := json.Unmarshal(b, &bundle); err != nil || len(bundle.Objects) == 0 {
				t.Logf("no bundle: %v", err)
				return
			}
			w := newWorld(t)
			want := map[string]bool{}
			var part []string
			size, failed := 0, 0
			flush := func() {
				s := w.add(w.alpha, "closed", part...)
				for _, d := range s.Successes {
					want[d.ID] = true
				}
				failed += s.FailureCount
				for _, d := range s.Failures[:min(len(s.Failures), 2)] {
					t.Logf("%s: %s", d.ID, d.Message)
				}
				part, size = nil, 0
			}
			sent := map[string]string{}
			// What others are marked by goes first, since there are several envelopes.
			for _, definitions := range []bool{true, false} {
				for _, o := range bundle.Objects {
					one := ids(t, []string{string(o)})[0]
					if strings.HasPrefix(one, "marking-definition--") != definitions {
						continue
					}
					if size+len(o) > maxContent-1000 {
						flush()
					}
					part, size = append(part, string(o)), size+len(o)+1
					sent[one] = string(o)
				}
			}
			flush()
			if len(want) < len(bundle.Objects)*9/10 {
				t.Errorf("of %d objects %d were taken, %d failed", len(bundle.Objects), len(want), failed)
			}
			path := in("closed", "objects/?limit=700")
			got := 0
			for range 100 {
				page := decode[objects](t, w.get(w.alpha, path))
				for _, o := range page.Objects {
					one := ids(t, []string{string(o)})[0]
					if !want[one] || sent[one] != string(o) {
						t.Errorf("%s came back as %.300s", one, o)
					}
					got++
				}
				if !page.More {
					break
				}
				path = in("closed", "objects/?next="+page.Next)
			}
			if got != len(want) {
				t.Errorf("%d objects of %d came back", got, len(want))
			}
		})
	}
}
