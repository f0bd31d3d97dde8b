package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/taxii/client"
)

// TestObjects: whatever way a server leads from page to page, each object comes
// once and as it was sent.
func TestObjects(t *testing.T) {
	tests := []struct {
		name   string
		paging paging
		ties   int
		change func(*server)
	}{
		{"next", byOffset, 1, nil},
		{"next, and no dates", byOffset, 1, func(s *server) { s.headers = false }},
		{"next without more", noMore, 1, nil},
		{"a mark that stays the same", forgetful, 1, nil},
		{"time alone", byTime, 1, nil},
		{"time alone, in another form", byTime, 1, func(s *server) { s.form = "2006-01-02T15:04:05.000000+00:00" }},
		{"everything at one moment", byOffset, 1000, nil},
		{"a bundle", byOffset, 1, func(s *server) {
			s.edit = func(b string) string {
				return strings.Replace(b, "{", `{"type":"bundle","id":"bundle--1","x":{"objects":[1]},`, 1)
			}
		}},
		{"one page", byOffset, 1, func(s *server) { s.most = 1000 }},
		{"nothing", byOffset, 1, func(s *server) { s.objects, s.added = nil, nil }},
		{"nothing, as an empty list", byOffset, 1, func(s *server) {
			s.objects, s.added = nil, nil
			s.edit = func(string) string { return "\r\n{\"more\":false,\"next\":null,\"objects\":[]}\n" }
		}},
		{"nothing, as null", byOffset, 1, func(s *server) {
			s.objects, s.added = nil, nil
			s.edit = func(string) string { return `{"more":null,"objects":null}` }
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, 95, tt.ties)
			s.paging = tt.paging
			if tt.change != nil {
				tt.change(s)
			}
			got, at, err := all(t, newClient(t, s, client.Options{}), s, client.Filter{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, s.objects) {
				t.Errorf("got %d objects; want the server's %d, byte for byte", len(got), len(s.objects))
			}
			if at.More || at.Objects != int64(len(s.objects)) {
				t.Errorf("cursor %+v", at)
			}
		})
	}
}

// TestFilter: what is asked for is what the standard has (TAXII 2.1, 3.4), and the
// filters stay on every page.
func TestFilter(t *testing.T) {
	s := newServer(t, 25, 1)
	f := client.Filter{AddedAfter: "2025-12-31T23:00:00Z", ID: []string{"indicator--1", "indicator--2"}, Type: []string{"indicator"}, Version: []string{"all"}, SpecVersion: []string{"2.1"}, Limit: 10}
	if _, _, err := all(t, newClient(t, s, client.Options{}), s, f, nil); err != nil {
		t.Fatal(err)
	}
	for i, r := range s.requests {
		q := r.URL.Query()
		want := "added_after=2025-12-31T23%3A00%3A00Z&limit=10&match%5Bid%5D=indicator--1%2Cindicator--2&match%5Bspec_version%5D=2.1&match%5Btype%5D=indicator&match%5Bversion%5D=all"
		if i > 0 {
			want += fmt.Sprintf("&next=%d", i*10)
		}
		if q.Encode() != want || r.Header.Get("Accept") != client.MediaType {
			t.Errorf("request %d: %s", i, q.Encode())
		}
	}
	if len(s.requests) != 3 {
		t.Errorf("%d requests", len(s.requests))
	}
}

// TestResume: a run that stops after any page goes on with what is missing, and one
// that ended gets what was added since.
func TestResume(t *testing.T) {
	for _, p := range []paging{byOffset, forgetful, byTime, noMore} {
		for _, ties := range []int{1, 3} {
			for stop := 1; stop <= 6; stop++ {
				if p == byTime && ties > 1 {
					continue // such a server loses objects by itself
				}
				t.Run(fmt.Sprintf("paging %d, ties %d, after page %d", p, ties, stop), func(t *testing.T) {
					s := newServer(t, 55, ties)
					s.paging = p
					c := newClient(t, s, client.Options{})
					var got []string
					var at client.Cursor
					n := 0
					for page, err := range c.Objects(t.Context(), s.collection(), client.Filter{}, nil) {
						if err != nil {
							t.Fatal(err)
						}
						for _, o := range page.Objects {
							got = append(got, string(o))
						}
						at = page.Cursor
						if n++; n == stop {
							break
						}
					}
					s.left = nil // the server was started anew
					s.objects = append(s.objects, `{"id":"new"}`)
					s.added = append(s.added, dayOne.AddDate(1, 0, 0))
					rest, _, err := all(t, c, s, client.Filter{}, &at)
					if err != nil {
						t.Fatal(err)
					}
					wantAll(t, s, append(got, rest...), 0)
				})
			}
		}
	}
}

// TestResumeElsewhere: a cursor is good for its collection and its filter alone.
func TestResumeElsewhere(t *testing.T) {
	s := newServer(t, 5, 1)
	c := newClient(t, s, client.Options{})
	_, at, err := all(t, c, s, client.Filter{Type: []string{"indicator"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := all(t, c, s, client.Filter{}, &at); !errors.Is(err, client.ErrCursor) {
		t.Errorf("other filter: %v", err)
	}
	other := at
	other.Collection = s.collection().JoinPath("other/").String()
	if _, _, err := all(t, c, s, client.Filter{Type: []string{"indicator"}}, &other); !errors.Is(err, client.ErrCursor) {
		t.Errorf("other collection: %v", err)
	}
}

// TestCut: an answer is cut at any byte, once for each page, and nothing is missed
// or there twice, also where the server forgets what it has sent.
func TestCut(t *testing.T) {
	for _, p := range []paging{byOffset, forgetful, byTime} {
		for at := 0; at < 900; at += 13 {
			s := newServer(t, 55, 1)
			s.paging = p
			s.cut = func(n int, body string) int {
				if n%2 == 1 {
					return -1
				}
				return min(at, len(body)-1)
			}
			got, _, err := all(t, newClient(t, s, client.Options{}), s, client.Filter{}, nil)
			if err != nil {
				t.Fatalf("paging %d, cut at %d: %v", p, at, err)
			}
			wantAll(t, s, got, 0)
		}
	}
}

// TestTimeOfDay: a server that tells the time of the day with an empty page hides
// nothing that it adds later with an earlier time.
func TestTimeOfDay(t *testing.T) {
	s := newServer(t, 25, 1)
	c := newClient(t, s, client.Options{})
	_, at, err := all(t, c, s, client.Filter{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("X-TAXII-Date-Added-Last", "2030-01-01T00:00:00.000000Z")
		return false
	}
	if _, at, err = all(t, c, s, client.Filter{}, &at); err != nil {
		t.Fatal(err)
	}
	s.objects, s.added = append(s.objects, `{"id":"new"}`), append(s.added, dayOne.AddDate(1, 0, 0))
	if got, _, err := all(t, c, s, client.Filter{}, &at); err != nil || len(got) != 1 {
		t.Errorf("%v, %v; want the new one", got, err)
	}
}

// TestExpired: a `next` that the server no longer knows is no end.
func TestExpired(t *testing.T) {
	s := newServer(t, 55, 1)
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 2 && r.URL.Query().Has("next") {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	}
	got, _, err := all(t, newClient(t, s, client.Options{}), s, client.Filter{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, s, got, 0)
}

// TestExpiredWithoutDates: where there is no other way on, that is said.
func TestExpiredWithoutDates(t *testing.T) {
	s := newServer(t, 55, 1)
	s.headers = false
	s.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("next") == "20" {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	}
	got, at, err := all(t, newClient(t, s, client.Options{}), s, client.Filter{}, nil)
	if !isStatus(err, 404) || !strings.Contains(err.Error(), "begin anew") || len(got) != 20 || at.Next != "20" {
		t.Errorf("%d objects, cursor %+v, error %v", len(got), at, err)
	}
}

// TestCircles: a server that leads nowhere is told as such, after few requests.
func TestCircles(t *testing.T) {
	const object = `{"id":"indicator--1"}`
	tests := []struct {
		name string
		page func(n int) string
		most int // requests
		want error
	}{
		{"the same page for ever", func(int) string { return `{"more":true,"next":"a","objects":[` + object + `]}` }, 3, client.ErrNoProgress},
		{"two pages by turns", func(n int) string {
			return fmt.Sprintf(`{"more":true,"next":"%d","objects":[{"id":"%d"}]}`, n%2, n%2)
		}, 5, client.ErrNoProgress},
		{"empty pages with the same mark", func(int) string { return `{"more":true,"next":"a"}` }, 3, client.ErrNoProgress},
		{"empty pages without end", func(n int) string { return fmt.Sprintf(`{"more":true,"next":"%d"}`, n) }, 1100, client.ErrNoProgress},
		{"more, and no way to it", func(int) string { return `{"more":true,"objects":[` + object + `]}` }, 1, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, 0, 1)
			n := 0
			s.edit = func(string) string { n++; return tt.page(n) }
			_, _, err := all(t, newClient(t, s, client.Options{}), s, client.Filter{}, nil)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error %v; want %v", err, tt.want)
			}
			if len(s.requests) > tt.most {
				t.Errorf("%d requests; want at most %d", len(s.requests), tt.most)
			}
		})
	}
	t.Run("time that stands still", func(t *testing.T) {
		s := newServer(t, 50, 50) // all at one moment, and no `next`
		s.paging = byTime
		s.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("X-TAXII-Date-Added-Last", "2026-01-01T00:00:00.000001Z")
			_, _ = fmt.Fprint(w, `{"more":true,"objects":[`+object+`]}`)
			return true
		}
		_, _, err := all(t, newClient(t, s, client.Options{}), s, client.Filter{}, nil)
		if !errors.Is(err, client.ErrNoProgress) || len(s.requests) > 2 {
			t.Errorf("error %v after %d requests", err, len(s.requests))
		}
	})
}

func TestManifest(t *testing.T) {
	s := newServer(t, 0, 1)
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/manifest/") {
			t.Errorf("asked for %s", r.URL.Path)
		}
		_, _ = fmt.Fprintf(w, `{"more":%t,"next":"1","objects":[{"id":"indicator--%d","date_added":"2026-01-01T00:00:00.000001Z","version":"2026-01-01T00:00:00.5Z","media_type":"application/stix+json;version=2.1"}]}`, n == 0, n)
		return true
	}
	var ids []string
	for e, err := range newClient(t, s, client.Options{}).Manifest(t.Context(), s.collection(), client.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Version != "2026-01-01T00:00:00.5Z" {
			t.Errorf("entry %+v", e)
		}
		ids = append(ids, e.ID)
	}
	if strings.Join(ids, " ") != "indicator--0 indicator--1" {
		t.Errorf("ids %v", ids)
	}
}
