package client_test

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub/taxii/client"
)

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestRetries: patience where it may help, and none where it does not.
func TestRetries(t *testing.T) {
	tests := []struct {
		name     string
		status   int
		header   http.Header
		requests int
		least    time.Duration // of all pauses
	}{
		{"too many requests", 429, http.Header{"Retry-After": {"100"}}, 5, 400 * time.Second},
		{"until a date", 503, http.Header{"Retry-After": {dayOne.Add(90 * time.Second).Format(http.TimeFormat)}}, 5, 90 * time.Second},
		{"a bad gateway", 502, nil, 5, 4 * time.Second},
		{"a slow gateway", 504, nil, 5, 4 * time.Second},
		{"come back tomorrow", 503, http.Header{"Retry-After": {"86400"}}, 1, 0},
		{"come back in a million years", 503, http.Header{"Retry-After": {"99999999999999999999"}}, 1, 0},
		{"no such thing", 404, nil, 1, 0},
		{"who are you", 401, nil, 1, 0},
		{"a fault", 500, nil, 1, 0},
		{"not acceptable", 406, http.Header{"Retry-After": {"1"}}, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, 1, 1)
			s.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				for k, v := range tt.header {
					w.Header()[k] = v
				}
				w.Header().Set("Content-Type", client.MediaType)
				w.WriteHeader(tt.status)
				_, _ = fmt.Fprintf(w, `{"title":"No.","description":"Because.","http_status":%d}`, tt.status)
				return true
			}
			now := dayOne
			c, err := client.New(s.collection(), client.Options{
				Now:  func() time.Time { return now },
				Wait: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Collection(t.Context(), s.collection())
			if !isStatus(err, tt.status) || !strings.Contains(err.Error(), "No.: Because.") {
				t.Errorf("error %v", err)
			}
			if len(s.requests) != tt.requests || now.Sub(dayOne) < tt.least || now.Sub(dayOne) > time.Hour {
				t.Errorf("%d requests, %s of pauses", len(s.requests), now.Sub(dayOne))
			}
		})
	}
}

// TestRetriesStop: a pause ends with the context.
func TestRetriesStop(t *testing.T) {
	s := newServer(t, 1, 1)
	s.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(503); return true }
	ctx, cancel := context.WithCancel(t.Context())
	c, err := client.New(s.collection(), client.Options{Retrying: func(error, time.Duration) { cancel() }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Collection(ctx, s.collection()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestWrongServers: an answer that is none of TAXII is told as what it is, once.
func TestWrongServers(t *testing.T) {
	tests := []struct {
		name, media, body string
		want              string
	}{
		{"a web page", "text/html; charset=utf-8", "<html>", "a web page"},
		{"TAXII 2.0 by its type", "application/vnd.oasis.taxii+json; version=2.0", "{}", "TAXII 2.0"},
		{"TAXII 2.0", "application/taxii+json;version=2.0", "{}", "TAXII 2.0"},
		{"TAXII 1", "application/xml", "<x/>", "TAXII 1"},
		{"text", "text/plain", "hello", `no JSON (text/plain): "hello"`},
		{"a list", client.MediaType, "[]", "no JSON object"},
		{"objects by name", client.MediaType, `{"objects":{}}`, "no list"},
		{"objects twice", client.MediaType, `{"objects":[],"objects":[]}`, "twice"},
		{"objects that are none", client.MediaType, `{"objects":[{},7]}`, "objects[1] is no object"},
		{"more that is a number", client.MediaType, `{"more":7}`, "wrong type"},
		{"something after it", client.MediaType, `{}{}`, "something follows"},
		{"a large mark", client.MediaType, `{"next":"` + strings.Repeat("x", 20000) + `"}`, "`next` is over"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, 1, 1)
			s.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Content-Type", tt.media)
				_, _ = io.WriteString(w, tt.body)
				return true
			}
			_, _, err := all(t, newClient(t, s, client.Options{}), s, client.Filter{}, nil)
			var pe *client.ProtocolError
			if !errors.As(err, &pe) || !strings.Contains(err.Error(), tt.want) || len(s.requests) != 1 {
				t.Errorf("%d requests, error %v", len(s.requests), err)
			}
		})
	}
}

// TestMediaTypes: how a server writes its type is no reason to refuse its answer.
func TestMediaTypes(t *testing.T) {
	for _, media := range []string{"application/taxii+json", "application/taxii+json; version=2.1", `Application/TAXII+json;Version="2.1"`, "application/taxii+json;version=2.1; charset=utf-8", "application/json", "application/taxii+json;", "application/taxii+json; version", ";;"} {
		s := newServer(t, 3, 1)
		s.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", media)
			_, _ = io.WriteString(w, `{"objects":[{}]}`)
			return true
		}
		if got, _, err := all(t, newClient(t, s, client.Options{}), s, client.Filter{}, nil); err != nil || len(got) != 1 {
			t.Errorf("%q: %v", media, err)
		}
	}
}

// TestHostileSizes: what is sent beyond the limit is not kept, packed or not, and
// is not asked for again.
func TestHostileSizes(t *testing.T) {
	const limit = 1 << 20
	tests := map[string]func(io.Writer){
		"an object without end": func(w io.Writer) {
			_, _ = io.WriteString(w, `{"objects":[{"x":"`)
			flood(w)
		},
		"spaces":               func(w io.Writer) { floodWith(w, ' ') },
		"depth":                func(w io.Writer) { _, _ = io.WriteString(w, `{"objects":[`); floodWith(w, '[') },
		"a member of no use":   func(w io.Writer) { _, _ = io.WriteString(w, `{"x":"`); flood(w) },
		"a mark":               func(w io.Writer) { _, _ = io.WriteString(w, `{"next":"`); flood(w) },
		"a name":               func(w io.Writer) { _, _ = io.WriteString(w, `{"`); flood(w) },
		"spaces after its end": func(w io.Writer) { _, _ = io.WriteString(w, `{}`); floodWith(w, ' ') },
	}
	for name, send := range tests {
		for _, packed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, packed %t", name, packed), func(t *testing.T) {
				s := newServer(t, 1, 1)
				s.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
					if !packed {
						send(w)
						return true
					}
					w.Header().Set("Content-Encoding", "gzip")
					z := gzip.NewWriter(w)
					send(z)
					_ = z.Close()
					return true
				}
				_, _, err := all(t, newClient(t, s, client.Options{MaxBody: limit}), s, client.Filter{}, nil)
				var pe *client.ProtocolError
				if !errors.Is(err, client.ErrTooLarge) && !errors.As(err, &pe) || len(s.requests) != 1 {
					t.Errorf("%d requests, error %v", len(s.requests), err)
				}
			})
		}
	}
}

func flood(w io.Writer) { floodWith(w, 'x') }

// floodWith writes 8 MiB, or until nobody reads any more.
func floodWith(w io.Writer, c byte) {
	chunk := []byte(strings.Repeat(string(c), 64<<10))
	for range 128 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// TestSlowBody: an answer that drips ends by the time limit of an attempt.
func TestSlowBody(t *testing.T) {
	var n atomic.Int32
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		_, _ = io.WriteString(w, `{"title":"`)
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}))
	defer slow.Close()
	u := mustParse(t, slow.URL+"/taxii2/")
	c, err := client.New(u, client.Options{Timeout: 50 * time.Millisecond, Attempts: 2, Wait: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Discovery(t.Context(), u)
	var ne *client.NetworkError
	if !errors.As(err, &ne) || !strings.Contains(err.Error(), "50ms") || n.Load() != 2 {
		t.Errorf("%d requests, error %v", n.Load(), err)
	}
}

// TestKeyStays: a key goes to one origin, whatever a redirect or a list of API roots
// says.
func TestKeyStays(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was asked for, with %q", r.Method, r.URL, r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	key, err := client.ParseCredentials("secret-key\n", "a test")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []int{301, 302, 307, 308} {
		for _, to := range []string{elsewhere.URL + "/root/", strings.Replace(elsewhere.URL, "http:", "https:", 1), "//127.0.0.2/", "file:///etc/passwd", "https:", ""} {
			s := newServer(t, 1, 1)
			s.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Location", to)
				w.WriteHeader(code)
				return true
			}
			c := newClient(t, s, client.Options{Credentials: key})
			if _, err := c.Collection(t.Context(), s.collection()); err == nil {
				t.Errorf("%d to %q: no error", code, to)
			} else if strings.Contains(err.Error(), "secret") {
				t.Errorf("the key is in %q", err)
			}
			if len(s.requests) != 1 && to != "" {
				t.Errorf("%d to %q: %d requests", code, to, len(s.requests))
			}
		}
	}
	s := newServer(t, 1, 1)
	c := newClient(t, s, client.Options{Credentials: key})
	var oe *client.OriginError
	if _, err := c.APIRoot(t.Context(), mustParse(t, elsewhere.URL+"/root/")); !errors.As(err, &oe) {
		t.Errorf("another server's root: %v", err)
	}
	if _, err := c.APIRoot(t.Context(), s.root()); err != nil {
		t.Error(err)
	}
	if got := s.requests[0].Header.Get("Authorization"); got != "Bearer secret-key" {
		t.Errorf("authorization %q", got)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", key, key, key, key); strings.Contains(text, "secret-key") {
		t.Errorf("the key shows: %s", text)
	}
}

// TestRedirectsWithin: a slash that was left out is put right, also for a POST, and a
// chain without end is no chain.
func TestRedirectsWithin(t *testing.T) {
	for _, code := range []int{301, 302, 307, 308} {
		s := newServer(t, 1, 1)
		s.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/moved") {
				w.Header().Set("Location", "/moved"+r.URL.RequestURI())
				w.WriteHeader(code)
				return true
			}
			body, _ := io.ReadAll(r.Body)
			_, _ = fmt.Fprintf(w, `{"id":"1","status":"complete","total_count":%d}`, len(body))
			return true
		}
		st, err := newClient(t, s, client.Options{}).Post(t.Context(), s.collection(), []byte(`{"objects":[]}`))
		if err != nil || st.TotalCount != 14 {
			t.Errorf("%d: %+v, %v", code, st, err)
		}
	}
	s := newServer(t, 1, 1)
	s.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, "/"+strings.Repeat("x", len(s.requests)), http.StatusFound)
		return true
	}
	if _, err := newClient(t, s, client.Options{}).APIRoot(t.Context(), s.root()); err == nil || len(s.requests) > 10 {
		t.Errorf("%d requests, error %v", len(s.requests), err)
	}
}

// TestTLS: a certificate that nobody vouches for ends it at once.
func TestTLS(t *testing.T) {
	asked := 0
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = io.WriteString(w, `{"title":"t","api_roots":["/a/","https://other.example/b"],"default":"/a/"}`)
	}))
	defer secure.Close()
	u := mustParse(t, secure.URL+"/taxii2/")
	waits := 0
	o := client.Options{Wait: func(context.Context, time.Duration) error { waits++; return nil }}
	c, err := client.New(u, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Discovery(t.Context(), u); err == nil || asked+waits > 0 {
		t.Errorf("error %v, %d requests, %d pauses", err, asked, waits)
	}
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	o.Transport = client.NewTransport(roots)
	if c, err = client.New(u, o); err != nil {
		t.Fatal(err)
	}
	d, err := c.Discovery(t.Context(), u)
	if err != nil || strings.Join(d.APIRoots, " ") != secure.URL+"/a/ https://other.example/b/" || d.Default != secure.URL+"/a/" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestPlainHTTP(t *testing.T) {
	for text, good := range map[string]bool{
		"http://127.0.0.1/": true, "http://[::1]:80/": true, "http://localhost:8080/": true, "https://hub.example/": true,
		"http://hub.example/": false, "http://192.0.2.1/": false, "http://127.0.0.1.example/": false, "ftp://127.0.0.1/": false, "/taxii2/": false,
	} {
		_, err := client.New(mustParse(t, text), client.Options{})
		if (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
		_, err = client.New(mustParse(t, text), client.Options{InsecureHTTP: true})
		if http := strings.HasPrefix(text, "http"); (err == nil) != http {
			t.Errorf("%s, insecure: %v", text, err)
		}
	}
}

func TestParseURL(t *testing.T) {
	tests := []struct{ text, want, root string }{
		{"hub.example", "https://hub.example/taxii2/", ""},
		{"HUB.example:8443/api", "https://hub.example:8443/api/", ""},
		{"http://127.0.0.1:1/", "http://127.0.0.1:1/taxii2/", ""},
		{"https://h/root/collections/a%2Fb/", "https://h/root/collections/a%2Fb/", "https://h/root/"},
		{"https://h/r%C3%A9/collections/x/objects", "https://h/r%C3%A9/collections/x/", "https://h/r%C3%A9/"},
		{"https://h/collections/x", "https://h/collections/x/", "https://h/"},
		{"https://user:hunter2@h/", "", ""},
		{"https://h/?key=hunter2", "", ""},
		{"https://h/#hunter2", "", ""},
		{"hunter2 x", "", ""},
		{"ftp://h/", "", ""},
		{"https:///x", "", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		u, err := client.ParseURL(tt.text)
		if tt.root != "" {
			var root *url.URL
			if u, root, err = client.ParseCollection(tt.text); err == nil && root.String() != tt.root {
				t.Errorf("%q: root %s; want %s", tt.text, root, tt.root)
			}
		}
		got := ""
		if err == nil {
			got = u.String()
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error shows it: %v", tt.text, err)
		}
		if got != tt.want {
			t.Errorf("%q: %q, %v; want %q", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{"https://h/", "https://h/root/collections/", "https://h/root/collections"} {
		if c, _, err := client.ParseCollection(text); err == nil {
			t.Errorf("%s: %s", text, c)
		}
	}
}

func TestParseCredentials(t *testing.T) {
	tests := []struct{ text, want string }{
		{"key\r\n", "Bearer key"},
		{"\uFEFFkey", "Bearer key"},
		{"ann:pass:word é", "Basic YW5uOnBhc3M6d29yZCDDqQ=="},
		{"ann:", "Basic YW5uOg=="},
		{"", ""}, {" \n", ""}, {":hunter2", ""}, {"hunter2\nX-Evil: 1", ""}, {"hunter2 x", ""}, {"hunter2é", ""}, {strings.Repeat("hunter2", 2000), ""},
	}
	for _, tt := range tests {
		c, err := client.ParseCredentials(tt.text, "a test")
		if (err == nil) != (tt.want != "") {
			t.Errorf("%q: %v", tt.text, err)
		}
		if err != nil {
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows it: %v", err)
			}
			continue
		}
		s := newServer(t, 1, 1)
		if _, err := newClient(t, s, client.Options{Credentials: c}).APIRoot(t.Context(), s.root()); err != nil {
			t.Fatal(err)
		}
		if got := s.requests[0].Header.Get("Authorization"); got != tt.want {
			t.Errorf("%q: %q; want %q", tt.text, got, tt.want)
		}
	}
}

// TestResources: what describes a server is read in the forms in which it is met.
func TestResources(t *testing.T) {
	s := newServer(t, 0, 1)
	body := ""
	s.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool { _, _ = io.WriteString(w, body); return true }
	c := newClient(t, s, client.Options{Attempts: 1})
	for text, want := range map[string]int64{`9765625`: 9765625, `"9765625"`: 9765625, `1e7`: 10000000, `0`: 0, `-1`: 0, `null`: 0, `"many"`: 0, `1e300`: 0} {
		body = `{"title":"t","versions":["application/taxii+json;version=2.1"],"max_content_length":` + text + `}`
		if r, err := c.APIRoot(t.Context(), s.root()); err != nil || r.MaxContentLength != want || r.Title != "t" {
			t.Errorf("max_content_length %s: %+v, %v", text, r, err)
		}
	}
	for _, text := range []string{`{}`, `{"collections":[]}`, `{"collections":null}`} {
		body = text
		if list, err := c.Collections(t.Context(), s.root()); err != nil || len(list) != 0 {
			t.Errorf("%s: %v, %v", text, list, err)
		}
	}
	body = `{"collections":[{"id":"` + collectionID + `","title":"Ours","can_read":true,"can_write":false,"alias":"ours","media_types":["application/stix+json;version=2.1"]}]}`
	list, err := c.Collections(t.Context(), s.root())
	if err != nil || len(list) != 1 || list[0].URL != s.collection().String() || !list[0].CanRead || list[0].CanWrite || list[0].Alias != "ours" {
		t.Errorf("%+v, %v", list, err)
	}
	body = `{"title":"no roots"}`
	if _, err := c.Discovery(t.Context(), s.root()); !errors.Is(err, client.ErrNotDiscovery) {
		t.Errorf("error %v", err)
	}
	body = `{"title":"t","api_roots":["https://ann:pw@h/"]}`
	if _, err := c.Discovery(t.Context(), s.root()); err == nil {
		t.Error("an address with a password: no error")
	}
}

func TestDelete(t *testing.T) {
	s := newServer(t, 0, 1)
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 { // done, and its answer lost
			panic(http.ErrAbortHandler)
		}
		if n > 1 {
			w.WriteHeader(http.StatusNotFound)
		}
		return true
	}
	c := newClient(t, s, client.Options{})
	for i, want := range []bool{true, true, false} {
		if err := c.Delete(t.Context(), s.collection(), "indicator--1", []string{"", "all", "last"}[i]); (err == nil) != want {
			t.Errorf("%d: %v", i, err)
		}
	}
	if err := c.Delete(t.Context(), s.collection(), "..", ""); !errors.Is(err, client.ErrID) {
		t.Errorf("..: %v", err)
	}
	base := "DELETE /root/collections/" + collectionID + "/objects/indicator--1/"
	if got := strings.Join(s.paths(), "\n"); got != strings.Join([]string{base, base + "?match%5Bversion%5D=all", base + "?match%5Bversion%5D=all", base + "?match%5Bversion%5D=last"}, "\n") {
		t.Error(got)
	}
}
