package taxii_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/taxii"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
)

const mediaType = "application/taxii+json;version=2.1"

// world is a hub on a real file behind a real server.
type world struct {
	t      testing.TB
	hub    *hub.Service
	server *httptest.Server
	shut   func() // closes the store under the running server
	clock  *clock

	admin, alpha, beta, gamma, fresh string // keys: the operator's administrator, and of organisations
	reader                           string // of a person of alpha who only reads
	organisations                    map[string]hub.Organisation
	collections                      map[string]hub.Access // by alias
}

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// maxContent is the limit of the tests' hub, in bytes.
const maxContent = 512 << 10

// newWorld makes a hub with organisations alpha and beta, both active, gamma,
// which is in no group, and fresh, which is new. The community has the
// collections public and indicators of every hub, and
//
//	closed   alpha reads and writes
//	inbox    beta writes, alpha reads and writes
//	library  the operator writes, members read
//
// and the group energy, of which alpha is a member, has the collection feed.
func newWorld(t testing.TB, options ...func(*taxii.Config)) *world {
	t.Helper()
	ctx := context.Background()
	file, err := bolt.Open(filepath.Join(t.TempDir(), "hub.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: &clock{at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}, organisations: map[string]hub.Organisation{}, collections: map[string]hub.Access{}}
	w.shut = sync.OnceFunc(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.shut)
	w.hub, err = hub.New(hub.Config{Store: file, Audit: &audit.Log{Now: w.clock.now}, Now: w.clock.now, MaxContentLength: maxContent})
	if err != nil {
		t.Fatal(err)
	}
	setup, err := w.hub.Setup(ctx, hub.SetupRequest{Title: "Test hub", Description: "For tests", Operator: hub.Organisation{Handle: "gov", Name: "Government CERT"}, Name: "Ada", Email: "ada@gov.example"})
	if err != nil {
		t.Fatal(err)
	}
	w.admin = setup.Token
	c, err := w.hub.Local(ctx, "process", "fixture")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]*string{"alpha": &w.alpha, "beta": &w.beta, "gamma": &w.gamma, "fresh": &w.fresh}
	for _, handle := range []string{"alpha", "beta", "gamma", "fresh"} {
		status := hub.StatusActive
		if handle == "fresh" {
			status = hub.StatusNew
		}
		o, err := w.hub.CreateOrganisation(ctx, &c, hub.Organisation{Handle: handle, Name: "Org " + handle, Status: status})
		if err != nil {
			t.Fatal(err)
		}
		w.organisations[handle] = o
		*keys[handle] = w.key(hub.Key{Name: "test", Organisation: o.ID})
	}
	p, err := w.hub.CreatePerson(ctx, &c, hub.Person{Name: "Rea", Email: "rea@alpha.example", Organisation: w.organisations["alpha"].ID, Role: hub.RoleReader})
	if err != nil {
		t.Fatal(err)
	}
	w.reader = w.key(hub.Key{Name: "test", Organisation: p.Organisation, Person: p.ID})
	energy, err := w.hub.CreateGroup(ctx, &c, hub.Group{Handle: "energy", Title: "Energy", Members: []string{w.organisations["alpha"].ID}})
	if err != nil {
		t.Fatal(err)
	}
	community, err := w.hub.Root(ctx, &c, hub.Community)
	if err != nil {
		t.Fatal(err)
	}
	alpha, beta := w.organisations["alpha"].ID, w.organisations["beta"].ID
	for _, col := range []hub.Collection{
		{Alias: "closed", Group: community.ID, Grants: []hub.Grant{{Subject: alpha, Read: true, Write: true}}},
		{Alias: "inbox", Group: community.ID, Grants: []hub.Grant{{Subject: alpha, Read: true, Write: true}, {Subject: beta, Write: true}}},
		{Alias: "library", Group: community.ID, Grants: []hub.Grant{{Subject: community.ID, Read: true}, {Subject: setup.Operator.ID, Read: true, Write: true}}},
		{Alias: "feed", Group: energy.ID, Grants: []hub.Grant{{Subject: energy.ID, Read: true, Write: true}}},
	} {
		w.clock.advance(time.Second)
		col.Title, col.Unmarked, col.Moderation = strings.ToUpper(col.Alias[:1])+col.Alias[1:], tlp.Green, hub.ModerateNone
		a, err := w.hub.CreateCollection(ctx, &c, col)
		if err != nil {
			t.Fatal(err)
		}
		w.collections[col.Alias] = a
	}
	for _, alias := range []string{"public", "indicators"} {
		a, err := w.hub.Collection(ctx, &c, hub.Community, alias)
		if err != nil {
			t.Fatal(err)
		}
		w.collections[alias] = a
	}
	config := taxii.Config{Hub: w.hub, Contact: "cert@gov.example", Now: time.Now}
	for _, option := range options {
		option(&config)
	}
	w.server = httptest.NewServer(taxii.New(config))
	t.Cleanup(w.server.Close)
	w.clock.advance(time.Second)
	return w
}

func (w *world) key(k hub.Key) string {
	w.t.Helper()
	c, err := w.hub.Local(context.Background(), "process", "fixture")
	if err != nil {
		w.t.Fatal(err)
	}
	_, secret, err := w.hub.CreateKey(context.Background(), &c, k)
	if err != nil {
		w.t.Fatal(err)
	}
	return secret
}

// request is one to the server. The zero values are a stranger's GET.
type request struct {
	method, path string
	key          string
	header       http.Header
	body         string
	chunked      bool
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request and checks what holds for every answer: points 5 and 15.
func (w *world) send(q request) answer {
	w.t.Helper()
	var body io.Reader
	if q.body != "" {
		body = strings.NewReader(q.body)
		if q.chunked {
			body = io.MultiReader(body) // of no known length
		}
	}
	method := q.method
	if method == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+q.path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if q.key != "" {
		r.Header.Set("Authorization", "Bearer "+q.key)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", mediaType)
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	client := w.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, q.path, err)
	}
	a := answer{resp.StatusCode, resp.Header, string(b)}
	if got := a.header.Get("Content-Type"); got != mediaType {
		w.t.Errorf("%s %s: %d with Content-Type %q", method, q.path, a.status, got)
	}
	if method != http.MethodHead && a.status != http.StatusNoContent && !json.Valid(b) {
		w.t.Errorf("%s %s: %d with what is no JSON: %s", method, q.path, a.status, b)
	}
	if method != http.MethodHead && a.status >= 400 {
		var m map[string]any
		_ = json.Unmarshal(b, &m) // said above
		if m["http_status"] != strconv.Itoa(a.status) || m["title"] == "" || m["error_id"] == "" {
			w.t.Errorf("%s %s: %d with the error message %s", method, q.path, a.status, b)
		}
	}
	if a.status == http.StatusUnauthorized {
		if got := a.header.Values("WWW-Authenticate"); len(got) != 2 {
			w.t.Errorf("%s %s: WWW-Authenticate %q", method, q.path, got)
		}
	}
	return a
}

// want sends a request and ends the test if the status is another.
func (w *world) want(status int, q request) answer {
	w.t.Helper()
	a := w.send(q)
	if a.status != status {
		w.t.Fatalf("%s %s: %d, want %d: %.500s", q.method, q.path, a.status, status, a.body)
	}
	return a
}

// get is a GET that succeeds.
func (w *world) get(key, path string) answer {
	w.t.Helper()
	return w.want(http.StatusOK, request{path: path, key: key})
}

// add submits objects and returns the status.
func (w *world) add(key, collection string, objects ...string) status {
	w.t.Helper()
	a := w.want(http.StatusAccepted, request{method: http.MethodPost, path: in(collection, "objects/"), key: key, body: envelope(objects...)})
	return decode[status](w.t, a)
}

// stored is add of objects that must all be stored.
func (w *world) stored(key, collection string, objects ...string) {
	w.t.Helper()
	if s := w.add(key, collection, objects...); s.SuccessCount != len(objects) {
		w.t.Fatalf("not all of %d objects were stored: %+v", len(objects), s)
	}
}

// in is a path in a collection of the community, by alias or id.
func in(collection, rest string) string {
	return "/taxii2/community/collections/" + collection + "/" + rest
}

// The resources, as a client reads them.
type (
	objects struct {
		More    bool              `json:"more"`
		Next    string            `json:"next"`
		Objects []json.RawMessage `json:"objects"`
	}
	manifest struct {
		More    bool   `json:"more"`
		Next    string `json:"next"`
		Objects []struct {
			ID        string `json:"id"`
			DateAdded string `json:"date_added"`
			Version   string `json:"version"`
			MediaType string `json:"media_type"`
		} `json:"objects"`
	}
	versions struct {
		More     bool     `json:"more"`
		Next     string   `json:"next"`
		Versions []string `json:"versions"`
	}
	status struct {
		ID               string   `json:"id"`
		Status           string   `json:"status"`
		RequestTimestamp string   `json:"request_timestamp"`
		TotalCount       int      `json:"total_count"`
		SuccessCount     int      `json:"success_count"`
		FailureCount     int      `json:"failure_count"`
		PendingCount     int      `json:"pending_count"`
		Successes        []detail `json:"successes"`
		Failures         []detail `json:"failures"`
		Pendings         []detail `json:"pendings"`
	}
	detail struct{ ID, Version, Message string }
)

func decode[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(a.body))
	d.DisallowUnknownFields() // TAXII has no such property
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

// texts are the objects of a page as they came.
func (w *world) texts(key, path string) []string {
	w.t.Helper()
	var all []string
	for _, o := range decode[objects](w.t, w.get(key, path)).Objects {
		all = append(all, string(o))
	}
	return all
}

func envelope(objects ...string) string {
	if len(objects) == 0 {
		return "{}"
	}
	return `{"objects":[` + strings.Join(objects, ",") + `]}`
}

// id is that of the n-th indicator.
func id(n int) string { return fmt.Sprintf("indicator--%08d-0000-4000-8000-000000000000", n) }

// indicator is the n-th indicator as of a time; more are further members.
func indicator(n int, modified string, more ...string) string {
	return fmt.Sprintf(`{"type":"indicator","spec_version":"2.1","id":%q,"created":"2026-01-01T00:00:00.000Z","modified":%q,`+
		`"pattern":"[ipv4-addr:value = '198.51.100.%d']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"%s}`,
		id(n), modified, n%256, strings.Join(append([]string{""}, more...), ","))
}

// indicators are those from 1 to n.
func indicators(n int) []string {
	var all []string
	for i := range n {
		all = append(all, indicator(i+1, "2026-01-01T00:00:00.000Z"))
	}
	return all
}

// ids are the ids of objects' texts.
func ids(t *testing.T, objects []string) []string {
	t.Helper()
	var all []string
	for _, text := range objects {
		var o struct{ ID string }
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			t.Fatal(err)
		}
		all = append(all, o.ID)
	}
	return all
}

func same(t *testing.T, about string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", about, got, want)
	}
}
