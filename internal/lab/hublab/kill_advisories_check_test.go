//go:build linux

package hublab_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/provider"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
)

// checkKept looks at the store of the hub, which does not run: at every revision, its
// document, the events and the numbers.
func (p *press) checkKept() {
	p.t.Helper()
	ctx := p.t.Context()
	h, err := app.OpenHub(p.data, false, app.HubOptions{Version: "test"})
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() {
		if err := h.Close(ctx); err != nil {
			p.t.Error(err)
		}
	}()
	p.kept, p.numbers = map[printed]bool{}, map[string][]int{}
	ada := &advisories.Caller{Analyst: true, Person: p.person}
	err = h.Advisories.All(ctx, func(it advisories.Item) error {
		id := it.Publication.Tracking.ID
		if was := p.ids[it.Ref]; was != "" && was != id {
			p.t.Errorf("%s was published as %s, and is %s", it.Ref, was, id)
		}
		p.ids[it.Ref] = id
		p.number(id)
		for n := 1; n <= it.Publication.Tracking.Number(); n++ {
			shown, err := h.Advisories.Show(ctx, ada, it.Ref, n)
			if err != nil || shown.Tracking.Number() != n || shown.Advisory.Title["en"] == "" {
				p.t.Errorf("%s, revision %d: %v", id, n, err)
			}
			file, err := h.Advisories.Document(ctx, ada, id, n)
			if err != nil {
				p.t.Errorf("the document of %s, revision %d: %v", id, n, err)
				continue
			}
			p.checkDocument(id, n, &shown, &file)
			p.kept[printed{it.Ref, n}] = true
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	for r := range p.acked {
		if !p.kept[r] {
			p.t.Errorf("revision %d of %s was acknowledged, and is gone", r.revision, r.record)
		}
	}
	for label, numbers := range p.numbers {
		slices.Sort(numbers)
		for i, n := range numbers {
			if n != i+1 {
				p.t.Fatalf("the numbers of %q have a gap or a double: %v", label, numbers)
			}
		}
	}
	told := map[printed]bool{}
	seq := uint64(0)
	for {
		events, err := h.Advisories.Since(ctx, seq, 0)
		if err != nil {
			p.t.Fatal(err)
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			r := printed{e.Ref, e.Revision}
			if e.Seq != seq+1 || told[r] || !p.kept[r] || p.ids[e.Ref] != e.ID {
				p.t.Errorf("an event that should not be: %+v after %d", e, seq)
			}
			seq, told[r] = e.Seq, true
		}
	}
	if len(told) != len(p.kept) {
		p.t.Errorf("%d events of %d revisions", len(told), len(p.kept))
	}
}

var trackingID = regexp.MustCompile(`^A\d\d-\d\d-([A-Z]?)(\d+)$`)

func (p *press) number(id string) {
	m := trackingID.FindStringSubmatch(id)
	if m == nil {
		p.t.Errorf("a tracking id %q", id)
		return
	}
	n, err := strconv.Atoi(m[2])
	if err != nil {
		p.t.Error(err)
	}
	p.numbers[m[1]] = append(p.numbers[m[1]], n)
}

// checkDocument holds a document against its revision, its hashes and its signature.
func (p *press) checkDocument(id string, n int, shown *advisories.Publication, f *advisories.File) {
	p.t.Helper()
	var d struct {
		Document struct {
			Title    string
			Tracking struct {
				ID       string
				Version  string
				Revision []struct{} `json:"revision_history"`
			}
		}
	}
	if err := json.Unmarshal(f.Bytes, &d); err != nil {
		p.t.Errorf("the document of %s, revision %d: %v", id, n, err)
		return
	}
	if t := d.Document.Tracking; t.ID != id || t.Version != strconv.Itoa(n) || len(t.Revision) != n || !strings.HasSuffix(d.Document.Title, shown.Advisory.Title["en"]) {
		p.t.Errorf("the document of %s, revision %d, says %+v", id, n, d.Document)
	}
	one, other := sha256.Sum256(f.Bytes), sha512.Sum512(f.Bytes)
	if hex.EncodeToString(one[:]) != f.SHA256 || hex.EncodeToString(other[:]) != f.SHA512 {
		p.t.Errorf("the document of %s, revision %d, has other hashes", id, n)
	}
	if err := provider.Verify(f.Bytes, []byte(f.Signature), time.Now(), p.signs); err != nil {
		p.t.Errorf("the signature of %s, revision %d: %v", id, n, err)
	}
}

// learnKey asks the hub for what its signatures are verified with, and who Ada is.
func (p *press) learnKey() {
	p.t.Helper()
	p.local(func(c *apiclient.Client) error {
		var set apiclient.AdvisorySettings
		if err := c.Do(p.t.Context(), http.MethodGet, "/advisories/settings", nil, nil, &set); err != nil {
			return err
		}
		var ada apiclient.Person
		if err := c.Do(p.t.Context(), http.MethodGet, "/people/ada@gov.example", nil, nil, &ada); err != nil {
			return err
		}
		p.person = ada.ID
		var err error
		p.signs, err = provider.ReadPublicKey([]byte(set.PublicKey))
		return err
	})
}

// checkServed looks at the hub, which runs again: the collections have the objects of
// every last revision, and the audit log an entry of each revision.
func (p *press) checkServed() {
	p.t.Helper()
	c := client(1)
	defer c.CloseIdleConnections()
	objects := map[string]string{} // the last modified by id
	reports := 0
	for _, alias := range []string{"public", "advisories"} {
		for next, more := "", true; more; {
			page := struct {
				More    bool
				Next    string
				Objects []struct{ ID, Type, Modified string }
			}{}
			p.read(c, "/taxii2/community/collections/"+alias+"/objects/?limit=1000"+next, &page)
			for _, o := range page.Objects {
				objects[o.ID] = o.Modified
				if o.Type == "report" {
					reports++
				}
			}
			more, next = page.More, "&next="+page.Next
		}
	}
	n := 0
	export := p.fetch(c, "/api/v1/advisories/export")
	lines := bufio.NewScanner(bytes.NewReader(export))
	lines.Buffer(nil, 16<<20)
	for ; lines.Scan(); n++ {
		var line apiclient.ProviderItem
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			p.t.Fatal(err)
		}
		var bundle struct {
			Objects []struct{ ID, Modified string }
		}
		p.read(c, "/api/v1/advisories/"+line.ID+"/content?format=stix", &bundle)
		if len(bundle.Objects) < 4 {
			p.t.Errorf("%s has %d objects", line.ID, len(bundle.Objects))
		}
		for _, o := range bundle.Objects {
			if at, ok := objects[o.ID]; o.Modified != "" && (!ok || at != o.Modified) {
				p.t.Errorf("%s, revision %d: the collection has %s of %q, not of %q", line.ID, line.Revision, o.ID, at, o.Modified)
			}
		}
	}
	if n != len(p.ids) || reports != n {
		p.t.Errorf("%d advisories, %d in the export, %d reports in the collections", len(p.ids), n, reports)
	}
	noted := map[printed]int{}
	for before := uint64(1); before != 0; {
		path := "/api/v1/audit?limit=1000&action=advisory."
		if before > 1 {
			path += fmt.Sprintf("&before=%d", before)
		}
		var page apiclient.AuditPage
		p.read(c, path, &page)
		for _, e := range page.Items {
			if e.Detail["revision"] != "" {
				revision, err := strconv.Atoi(e.Detail["revision"])
				if err != nil {
					p.t.Error(err)
				}
				noted[printed{e.Object, revision}]++
			}
		}
		before = page.Next
	}
	for r := range p.kept {
		if noted[r] != 1 {
			p.t.Errorf("revision %d of %s: %d entries in the audit log", r.revision, r.record, noted[r])
		}
	}
	if len(noted) != len(p.kept) {
		p.t.Errorf("%d revisions in the audit log, %d are there", len(noted), len(p.kept))
	}
}

// fetch asks as Ada, who is among the readers of all.
func (p *press) fetch(c *http.Client, path string) []byte {
	p.t.Helper()
	s := *p.site
	s.key = s.admin
	return s.get(c, path).body
}

func (p *press) read(c *http.Client, path string, into any) {
	p.t.Helper()
	if err := json.Unmarshal(p.fetch(c, path), into); err != nil {
		p.t.Fatalf("GET %s: %v", path, err)
	}
}
