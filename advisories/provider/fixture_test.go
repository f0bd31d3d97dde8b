package provider

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// today is when these tests take place.
var today = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// document is a CSAF document as small as the schema and the mandatory tests
// allow.
func document(id, label string, initial, current time.Time, number int) []byte {
	var revisions []string
	for n := 1; n <= number; n++ {
		date := initial
		if n == number {
			date = current
		}
		revisions = append(revisions, fmt.Sprintf(`{"date": %q, "number": "%d", "summary": "Revision %d."}`, date.Format(time.RFC3339), n, n))
	}
	return fmt.Appendf(nil, `{
  "document": {
    "category": "csaf_informational_advisory",
    "csaf_version": "2.0",
    "distribution": {"tlp": {"label": %q}},
    "lang": "en",
    "notes": [{"category": "description", "text": "What %s is about."}],
    "publisher": {"category": "coordinator", "name": "GovCERT example", "namespace": "https://hub.example"},
    "references": [{"category": "external", "summary": "More of it", "url": "https://hub.example/more"}],
    "title": "About %s",
    "tracking": {
      "current_release_date": %q, "id": %q, "initial_release_date": %q,
      "revision_history": [%s], "status": "final", "version": "%d"
    }
  }
}
`, label, id, id, current.Format(time.RFC3339), id, initial.Format(time.RFC3339), strings.Join(revisions, ", "), number)
}

// shop is a Source in memory.
type shop struct {
	key *Key

	mu    sync.Mutex
	order []string
	items map[string]Item
	bytes map[string][]byte // by id and revision
}

func (s *shop) Items(context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, id := range s.order {
			if it, ok := s.items[id]; ok && !yield(it, nil) {
				return
			}
		}
	}
}

func (s *shop) Document(_ context.Context, it Item) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.bytes[fmt.Sprint(it.TrackingID, "/", it.Revision)]
	if !ok {
		return nil, errors.New("no such document")
	}
	return data, nil
}

// publish puts a document, or its next revision, into the shop.
func (s *shop) publish(tb testing.TB, id string, a tlp.Audience, current time.Time) Item {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	it, ok := s.items[id]
	if !ok {
		it = Item{TrackingID: id, Title: "About " + id, Summary: "What it is about.", Marking: a.Markings[0], Audience: a, Initial: current, Tags: []string{"ransomware", "web"}}
		s.order = append(s.order, id)
	}
	it.Revision++
	it.Current = current
	data := document(id, strings.ToUpper(folderOf(it.Marking)), it.Initial, it.Current, it.Revision)
	sum, sum512 := sha256.Sum256(data), sha512.Sum512(data)
	it.SHA256, it.SHA512 = hex.EncodeToString(sum[:]), hex.EncodeToString(sum512[:])
	if s.key != nil {
		var err error
		if it.Signature, err = s.key.Sign(data, current); err != nil {
			tb.Fatal(err)
		}
	}
	s.items[id] = it
	s.bytes[fmt.Sprint(id, "/", it.Revision)] = data
	return it
}

// The readers of these tests, by their keys.
func readers() map[string]tlp.Reader {
	return map[string]tlp.Reader{
		"bank":  {Member: true, Organisation: "bank"},
		"port":  {Member: true, Organisation: "port"},
		"ann":   {Member: true, Organisation: "port", Person: "ann"},
		"other": {Member: true, Organisation: "other"},
	}
}

func audience(m tlp.Marking, names ...string) tlp.Audience {
	a, err := tlp.For([]tlp.Marking{m}, nil, tlp.Terms{Organisations: names, People: names})
	if err != nil {
		panic(err)
	}
	return a
}

// readBearer is a Config.Reader of the readers above.
func readBearer(r *http.Request) (tlp.Reader, error) {
	h := r.Header.Get("Authorization")
	if h == "" {
		return tlp.Reader{}, nil
	}
	reader, ok := readers()[strings.TrimPrefix(h, "Bearer ")]
	if !ok {
		return tlp.Reader{}, &advisories.Error{Code: advisories.Unauthenticated, Message: "unknown key"}
	}
	return reader, nil
}

func config(keys ...PublicKey) Config {
	return Config{
		BaseURL:   "https://hub.example",
		Publisher: advisories.Publisher{Name: "GovCERT example", Namespace: "https://hub.example", Category: "coordinator", Contact: "cert@hub.example"},
		Keys:      keys,
		List:      true, Mirror: true,
		Contacts: []string{"mailto:cert@hub.example"},
		Updated:  today.AddDate(-2, 0, 0),
		Now:      func() time.Time { return today },
		Reader:   readBearer,
	}
}

// fixture is a provider with one document of each label and two of CLEAR.
func fixture(tb testing.TB, signed bool) (*Provider, *shop) {
	tb.Helper()
	s := &shop{items: map[string]Item{}, bytes: map[string][]byte{}}
	var keys []PublicKey
	if signed {
		var err error
		if s.key, err = NewKey("GovCERT example", "cert@hub.example", today.AddDate(-2, 0, 0)); err != nil {
			tb.Fatal(err)
		}
		keys = append(keys, s.key.Public())
	}
	s.publish(tb, "A25-12-01", audience(tlp.Clear), today.AddDate(-1, 1, -3))
	s.publish(tb, "A26-11-01", audience(tlp.Clear), today.AddDate(0, 0, -3))
	s.publish(tb, "A26-11-G01", audience(tlp.Green), today.AddDate(0, 0, -2))
	s.publish(tb, "A26-11-A01", audience(tlp.Amber, "bank"), today.AddDate(0, 0, -1))
	s.publish(tb, "A25-11-S01", audience(tlp.AmberStrict, "port"), today.AddDate(-1, 0, -1))
	s.publish(tb, "A26-11-R01", audience(tlp.Red, "ann"), today.Add(-time.Hour))
	p, err := New(config(keys...), s)
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.Load(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return p, s
}

// reply is a response that was read whole.
type reply struct {
	StatusCode int
	Header     http.Header
	Body       string
}

// ask sends a request to the handler. The headers are pairs; who is a key or "".
func ask(h http.Handler, method, path, who string, headers ...string) reply {
	r := httptest.NewRequest(method, "https://hub.example"+path, nil)
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}
