package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub/taxii/client"
)

const collectionID = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"

// paging is how a scripted server leads from page to page.
type paging int

const (
	byOffset  paging = iota // `next` is an offset, which stays good
	forgetful               // `next` stays the same, and each page is sent once
	byTime                  // no `next`: the time of the last object
	noMore                  // `next` without `more`
)

// server is a scripted TAXII server with one collection.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	paging  paging
	objects []string // in the order in which they were added
	added   []time.Time
	most    int                 // objects a page, whatever is asked
	left    []int               // what a forgetful server has still to send
	edit    func(string) string // changes a page's text
	headers bool                // X-TAXII-Date-Added-*
	form    string              // of these headers
	// before may answer a request itself, and then says true.
	before func(n int, w http.ResponseWriter, r *http.Request) bool
	// cut, if it is not negative, is how many bytes of the n-th answer are sent
	// before the connection breaks.
	cut      func(n int, body string) int
	requests []*http.Request
}

var dayOne = time.Date(2026, 1, 1, 0, 0, 0, 1000, time.UTC)

// newServer has n objects, added a microsecond apart but for ties: so many have
// each moment in common.
func newServer(t *testing.T, n, ties int) *server {
	t.Helper()
	s := &server{most: 10, headers: true, form: "2006-01-02T15:04:05.000000Z"}
	for i := range n {
		s.objects = append(s.objects, fmt.Sprintf(`{ "type":"indicator","id":"indicator--%012d", "x":1.0e2,"é":"\u00e9" }`, i))
		s.added = append(s.added, dayOne.Add(time.Duration(i/ties)*time.Microsecond))
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) collection() *url.URL {
	u, err := url.Parse(s.URL + "/root/collections/" + collectionID + "/")
	if err != nil {
		panic(err)
	}
	return u
}

func (s *server) root() *url.URL { return s.collection().ResolveReference(&url.URL{Path: "/root/"}) }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.requests)
	s.requests = append(s.requests, r)
	if s.before != nil && s.before(n, w, r) {
		return
	}
	w.Header().Set("Content-Type", client.MediaType)
	var body string
	switch path := r.URL.Path; {
	case path == "/root/":
		body = `{"title":"root","versions":["` + client.MediaType + `"],"max_content_length":1000000}`
	case strings.HasSuffix(path, "/objects/") && r.Method == http.MethodGet:
		body = s.page(w, r.URL.Query())
	default:
		w.WriteHeader(http.StatusNotFound)
		body = `{"title":"nothing is here","http_status":404}`
	}
	if s.cut != nil {
		if at := s.cut(n, body); at >= 0 {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write([]byte(body[:min(at, len(body))]))
			panic(http.ErrAbortHandler)
		}
	}
	_, _ = w.Write([]byte(body))
}

func (s *server) page(w http.ResponseWriter, q url.Values) string {
	var which []int
	after, _ := time.Parse(time.RFC3339Nano, q.Get("added_after"))
	for i := range s.objects {
		if s.added[i].After(after) {
			which = append(which, i)
		}
	}
	next := q.Get("next")
	switch {
	case next != "" && s.paging == forgetful:
		which, s.left = s.left, nil
	case next != "":
		n, _ := strconv.Atoi(next)
		which = which[min(n, len(which)):]
	}
	limit, _ := strconv.Atoi(q.Get("limit"))
	limit = min(limit, s.most)
	more := len(which) > limit
	if more {
		s.left = which[limit:]
		which = which[:limit]
	}
	parts := []string{}
	if more && s.paging != noMore {
		parts = append(parts, `"more":true`)
	}
	if more {
		at, _ := strconv.Atoi(next)
		switch s.paging {
		case byOffset, noMore:
			parts = append(parts, fmt.Sprintf(`"next":"%d"`, at+limit))
		case forgetful:
			parts = append(parts, `"next":"the rest"`)
		}
	}
	if len(which) > 0 {
		list := make([]string, len(which))
		for i, o := range which {
			list[i] = s.objects[o]
		}
		parts = append(parts, `"objects": [`+strings.Join(list, ", ")+`]`)
		if s.headers {
			w.Header().Set("X-Taxii-Date-Added-First", s.added[which[0]].Format(s.form))
			w.Header().Set("X-Taxii-Date-Added-Last", s.added[which[len(which)-1]].Format(s.form))
		}
	}
	body := "{" + strings.Join(parts, ",") + "}"
	if s.edit != nil {
		body = s.edit(body)
	}
	return body
}

// newClient has a clock that its pauses turn.
func newClient(t *testing.T, s *server, o client.Options) *client.Client {
	t.Helper()
	now := dayOne
	o.Now = func() time.Time { return now }
	if o.Wait == nil {
		o.Wait = func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() }
	}
	c, err := client.New(s.collection(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// all gets everything, checking each cursor against JSON and back.
func all(t *testing.T, c *client.Client, s *server, f client.Filter, resume *client.Cursor) ([]string, client.Cursor, error) {
	t.Helper()
	var got []string
	var at client.Cursor
	for page, err := range c.Objects(t.Context(), s.collection(), f, resume) {
		if err != nil {
			return got, at, err
		}
		for _, o := range page.Objects {
			got = append(got, string(o))
		}
		data, err := json.Marshal(page.Cursor)
		if err != nil {
			t.Fatal(err)
		}
		at = client.Cursor{}
		if err := json.Unmarshal(data, &at); err != nil {
			t.Fatal(err)
		}
	}
	return got, at, nil
}

// counted is how often each text is there.
func counted(list []string) map[string]int {
	n := map[string]int{}
	for _, s := range list {
		n[s]++
	}
	return n
}

// wantAll checks that nothing is missing, and nothing there twice beyond extra.
func wantAll(t *testing.T, s *server, got []string, extra int) {
	t.Helper()
	n := counted(got)
	for _, o := range s.objects {
		if n[o] == 0 {
			t.Errorf("missing: %s", o)
		}
	}
	if over := len(got) - len(s.objects); over > extra {
		t.Errorf("%d objects came twice; at most %d may", over, extra)
	}
}

func isStatus(err error, code int) bool {
	var se *client.StatusError
	return errors.As(err, &se) && se.Code == code
}

// paths are the requests that were made, without the host.
func (s *server) paths() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, r := range s.requests {
		list = append(list, r.Method+" "+r.URL.RequestURI())
	}
	return slices.Clip(list)
}
