//go:build linux

package hublab_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/audit"
)

var published = flag.Int("advisories", 10_000, "how many advisories the measured desk has published")

// measureDesk: a hub that has published 10,000 advisories.
func measureDesk(t *testing.T, f *figures) {
	p := &press{desk: newDesk(t)}
	p.learnKey()
	documents := p.publishMany(t, f, *published)
	limit := rawPuts(t, documents[:min(len(documents), 500)], 1)
	f.add(t, "the limit: bbolt alone, which puts the bytes of one document and commits, processor time", "", ms(limit/time.Duration(min(len(documents), 500))), false)

	dir := filepath.Join(t.TempDir(), "csaf")
	args := []string{"advisory", "export", "--provider", dir, "--tlp", "clear", "--tlp", "green", "--tlp", "amber", "--data", p.data, "--format", "json", "--key-file", p.ada}
	export := func() (took time.Duration, done struct{ Written, Kept int }) {
		began := time.Now()
		out := run(t, args...)
		took = time.Since(began)
		if err := json.Unmarshal([]byte(out), &done); err != nil {
			t.Fatalf("export: %v in %s", err, out)
		}
		return took, done
	}
	whole, done := export()
	f.add(t, fmt.Sprintf("infohub advisory export of %s advisories as a CSAF provider, with hashes and signatures", thousands(float64(*published))), "30 s", fmt.Sprintf("%.1f s, %s files", whole.Seconds(), thousands(float64(done.Written))), whole > 30*time.Second)
	plain, files, size := plainFiles(t, dir)
	f.add(t, fmt.Sprintf("the limit: the same %s files (%s MB) written and renamed by nothing else, and the export's time against it", thousands(float64(files)), thousands(float64(size)/1e6)), "", fmt.Sprintf("%.1f s: %.1f times", plain.Seconds(), whole.Seconds()/plain.Seconds()), false)
	p.serve(nil)
	c := client(2)
	p.reviseOne(t, c, "clear", 1)
	again, done := export()
	f.add(t, "the same after one of them was revised: files that are written", "only what depends on it", fmt.Sprintf("%d, %s kept, %.1f s", done.Written, thousands(float64(done.Kept)), again.Seconds()), done.Written > 20)
	p.measureReading(t, f, c)
	p.stop()
}

// publishMany publishes advisories through the workflow, in this process, and returns
// some of the documents.
func (p *press) publishMany(t *testing.T, f *figures, n int) (documents [][]byte) {
	t.Helper()
	ctx := t.Context()
	var gov, mei string
	p.local(func(c *apiclient.Client) error {
		var org apiclient.Organisation
		var person apiclient.Person
		err := errors.Join(c.Do(ctx, http.MethodGet, "/organisations/gov", nil, nil, &org), c.Do(ctx, http.MethodGet, "/people/mei@gov.example", nil, nil, &person))
		gov, mei = org.ID, person.ID
		return err
	})
	h, err := app.OpenHub(p.data, false, app.HubOptions{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	caller := func(person string) *advisories.Caller {
		return &advisories.Caller{
			Analyst: true, Person: person, Reader: tlp.Reader{Member: true, Organisation: gov, Person: person},
			Entry: audit.Entry{Actor: audit.Actor{Kind: audit.Person, ID: person}, From: "process"},
		}
	}
	ada, second := caller(p.person), caller(mei)
	var each latencies
	for i := range n {
		a, problems, err := advisories.ReadYAML([]byte(p.text(labelOf(i), i, 1)))
		if err != nil {
			t.Fatal(err, problems)
		}
		r, err := h.Advisories.Create(ctx, ada, a)
		if err == nil {
			r, err = h.Advisories.Submit(ctx, ada, r.UUID, r.Version, advisories.Submission{})
		}
		if err == nil {
			r, err = h.Advisories.Approve(ctx, second, r.UUID, r.Version)
		}
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if r, err = h.Advisories.Publish(ctx, second, r.UUID, r.Version, time.Time{}); err != nil {
			t.Fatal(err)
		}
		each.add(time.Since(began))
		if len(documents) < 1000 {
			file, err := h.Advisories.Document(ctx, ada, r.ID, 0)
			if err != nil {
				t.Fatal(err)
			}
			documents = append(documents, file.Bytes)
		}
	}
	f.add(t, "publish an advisory: CSAF with its tests, signature, STIX, audit log and events in one commit", "", said(&each), false)
	if err := h.Close(ctx); err != nil {
		t.Fatal(err)
	}
	return documents
}

// reviseOne changes an advisory at the hub that runs.
func (p *press) reviseOne(t *testing.T, c *http.Client, label string, n int) {
	t.Helper()
	var found apiclient.List[apiclient.AdvisorySummary]
	p.read(c, fmt.Sprintf("/api/v1/advisories?cve=CVE-2026-%05d", 10000+n), &found)
	if len(found.Items) != 1 {
		t.Fatalf("advisory %d: %+v", n, found)
	}
	ctx := t.Context()
	var d apiclient.Draft
	p.read(c, "/api/v1/drafts/"+found.Items[0].ID, &d)
	for _, s := range []struct {
		key, method, step string
		in                map[string]any
	}{
		{p.admin, http.MethodPatch, "", map[string]any{"yaml": p.text(label, n, 2)}},
		{p.admin, http.MethodPost, "/submit", map[string]any{"summary": map[string]string{"en": "More is known"}}},
		{p.second, http.MethodPost, "/approve", map[string]any{}},
		{p.second, http.MethodPost, "/publish", map[string]any{}},
	} {
		s.in["version"] = d.Version
		var err error
		if d, err = p.step(ctx, c, s.key, s.method, "/drafts/"+d.Record+s.step, s.in); err != nil {
			t.Fatal(err)
		}
	}
}

// measureReading asks the hub that runs for pages and lists.
func (p *press) measureReading(t *testing.T, f *figures, c *http.Client) {
	t.Helper()
	var last apiclient.List[apiclient.AdvisorySummary]
	path := "/api/v1/advisories?limit=500"
	p.read(c, path, &last)
	for last.Next != "" { // to the oldest
		at := path + "&cursor=" + last.Next
		last.Next = ""
		before := at
		p.read(c, at, &last)
		if last.Next == "" {
			path = before
		}
	}
	id := last.Items[0].ID
	inventory, err := json.Marshal(apiclient.MatchRequest{Components: fifty()})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []struct {
		what, path string
		body       []byte
	}{
		{"the newest 50", "/api/v1/advisories", nil},
		{"the oldest 500", path, nil},
		{"those with a word that one has", "/api/v1/advisories?text=" + strings.ReplaceAll(fmt.Sprintf("advisory %d,", 3), " ", "%20"), nil},
		{"those of a CVE", "/api/v1/advisories?cve=CVE-2026-10003", nil},
		{"a member's feed (Atom)", "/en/advisories/feed.atom", nil},
		{"everybody's feed (Atom)", "/en/advisories/feed.atom", nil},
		{"a page (HTML)", "/en/advisories/" + id, nil},
		{"the CSAF document", "/advisories/" + id + ".json", nil},
		{"look an inventory of 50 components up", "/api/v1/advisories/match", inventory},
	} {
		var took latencies
		size, as := 0, *p.site
		if strings.HasPrefix(q.what, "everybody") {
			as.key = ""
		}
		for range 200 {
			method := http.MethodGet
			if q.body != nil {
				method = http.MethodPost
			}
			began := time.Now()
			a, err := as.ask(t.Context(), c, method, q.path, bytes.NewReader(q.body))
			took.add(time.Since(began))
			if err != nil || a.code != http.StatusOK {
				t.Fatalf("%s: %d %v %.500s", q.path, a.code, err, a.body)
			}
			size = len(a.body)
		}
		f.add(t, fmt.Sprintf("with %s advisories: %s, %.1f kB", thousands(float64(*published)), q.what, float64(size)/1000), "", said(&took), false)
	}
	f.add(t, "the limit of these: net/http alone, which answers {} from memory", "", said(emptyAnswers(t, c, 2000)), false)
}

// fifty components, of which ten are products of the desk's.
func fifty() (list []apiclient.Component) {
	for n := range 50 {
		c := apiclient.Component{Vendor: "Maker", Name: fmt.Sprintf("Gate %d", n), Version: "2.0"}
		if n >= 10 {
			c.Name = fmt.Sprintf("Nothing %d", n)
		}
		list = append(list, c)
	}
	return list
}
