package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
)

// TestTAXIIClient: the client finds its way through a whole hub, pushes objects,
// gets them as they were sent across cuts, gets what is new, and deletes.
func TestTAXIIClient(t *testing.T) {
	s := startHub(t, nil)
	ctx := t.Context()
	name, handle, status := "Harbour Bank", "harbour", "active"
	if err := s.as(s.admin).Do(ctx, http.MethodPost, "/organisations", nil, apiclient.OrganisationEdit{Name: &name, Handle: &handle, Status: &status}, nil); err != nil {
		t.Fatal(err)
	}
	var key apiclient.MadeKey
	if err := s.as(s.admin).Do(ctx, http.MethodPost, "/keys", nil, apiclient.NewKey{Name: "SIEM", Organisation: "harbour"}, &key); err != nil {
		t.Fatal(err)
	}
	server, err := app.ParseTAXIIURL(s.url)
	if err != nil {
		t.Fatal(err)
	}
	c, err := app.NewTAXIIClient(server, app.TAXIIOptions{Key: key.Secret, KeyFrom: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	collection, root := findCollection(t, c, server)

	const n = 250
	var input strings.Builder
	want := map[string]int{}
	for i := range n {
		object := indicator(i, "198.51.100.7")
		want[object] = 1
		input.WriteString(object + "\n")
	}
	input.WriteString(`{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-999999999999","created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z"}`)
	var refused []string
	for range 2 { // the second time everything is there
		p := app.TAXIIPush{Client: c, Collection: collection, Root: root, Batch: 40, Failed: func(f app.TAXIIStatusItem) { refused = append(refused, f.ID+": "+f.Message) }}
		sums, err := p.Run(ctx, app.ReadSTIXObjects(strings.NewReader(input.String())))
		if err != nil || sums != (app.TAXIIPushSums{Sent: n + 1, Failed: 1}) {
			t.Fatalf("push: %+v, %v, refused %v", sums, err, refused)
		}
	}
	if len(refused) != 2 || !strings.Contains(refused[0], "pattern") {
		t.Errorf("refused: %v", refused)
	}

	dir := t.TempDir()
	out := filepath.Join(dir, "out.json")
	get := func(stop int64) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		d := app.TAXIIDownload{
			Client: c, Collection: collection, Filter: app.TAXIIFilter{Limit: 30}, Format: app.TAXIIBundle, Path: out, CursorPath: filepath.Join(dir, "cursor"),
			Progress: func(_, pages int64) {
				if pages == stop {
					cancel()
				}
			},
		}
		_, err := d.Run(ctx)
		return err
	}
	for stop := range 3 {
		if err := get(int64(stop + 1)); err == nil {
			t.Fatalf("the run that was to be cut after page %d ended", stop+1)
		}
	}
	if err := get(0); err != nil {
		t.Fatal(err)
	}
	got := bundled(t, out)
	for object := range want {
		if got[object] != 1 {
			t.Fatalf("it is there %d times: %s", got[object], object)
		}
	}
	if len(got) != n {
		t.Errorf("%d different objects; want %d", len(got), n)
	}

	news := indicator(n, "203.0.113.9")
	p := app.TAXIIPush{Client: c, Collection: collection, Root: root}
	if _, err := p.Run(ctx, app.ReadSTIXObjects(strings.NewReader(news))); err != nil {
		t.Fatal(err)
	}
	if err := get(0); err != nil {
		t.Fatal(err)
	}
	if got := bundled(t, out); len(got) != 1 || got[news] != 1 {
		t.Errorf("what is new: %v", got)
	}
	id := "indicator--00000000-0000-4000-8000-000000000001"
	if err := c.Delete(ctx, collection, id, ""); err != nil {
		t.Fatal(err)
	}
	var one bytes.Buffer
	d := app.TAXIIDownload{Client: c, Collection: collection, Filter: app.TAXIIFilter{ID: []string{id}}, Format: app.TAXIILines, Out: &one}
	if k, err := d.Run(ctx); err != nil || k != 0 {
		t.Errorf("a deleted object: %d, %v: %s", k, err, one.String())
	}

	nobody, err := app.NewTAXIIClient(server, app.TAXIIOptions{Key: "wrong", KeyFrom: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nobody.Collections(ctx, root); app.TroubleOfTAXII(err) != app.TAXIIBadKey {
		t.Errorf("a wrong key: %v", err)
	}
}

// findCollection goes from a server's address to the collection "indicators" of
// the community.
func findCollection(t *testing.T, c *app.TAXIIClient, server *url.URL) (collection, root *url.URL) {
	t.Helper()
	roots, err := app.TAXIIRoots(t.Context(), c, server)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range roots {
		u, err := url.Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		list, err := c.Collections(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range list {
			if one.Alias == "indicators" && one.CanRead && one.CanWrite {
				collection, root, err = app.ParseTAXIICollection(one.URL)
				if err != nil {
					t.Fatal(err)
				}
				return collection, root
			}
		}
	}
	t.Fatalf("no collection to read and write in %v", roots)
	return nil, nil
}

// bundled is how often each object is in a bundle's file.
func bundled(t *testing.T, path string) map[string]int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b struct{ Objects []json.RawMessage }
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, o := range b.Objects {
		n[string(o)]++
	}
	return n
}
