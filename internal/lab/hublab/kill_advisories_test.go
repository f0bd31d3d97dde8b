//go:build linux

package hublab_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories/provider"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// TestKilledWhilePublishing: a hub at which analysts publish, revise and withdraw
// advisories of every label at once is killed (SIGKILL) at a moment that it cannot
// foresee, and started again. Every publication that was acknowledged is there and
// whole: the revision, its document whose hashes and signature verify, its objects in
// the collection, one entry in the audit log and one event. Of one that was not
// acknowledged all of that is there or nothing; and no number was given twice or left
// out.
//
// It does 2 cycles, and 15 when INFOHUB_PROOF is 1.
func TestKilledWhilePublishing(t *testing.T) {
	cycles := 2
	if proving() {
		cycles = 15
	}
	random := rand.New(rand.NewPCG(uint64(cycles), 2))
	p := &press{desk: newDesk(t), acked: map[printed]bool{}, ids: map[string]string{}}
	p.learnKey()
	p.serve(nil)
	for cycle := range cycles {
		p.writeAndKill(time.Duration(200+random.IntN(1200)) * time.Millisecond)
		p.isSound()
		p.checkKept()
		p.serve(nil)
		p.checkServed()
		p.auditIsSound()
		if t.Failed() {
			t.Fatalf("cycle %d of %d", cycle, cycles)
		}
	}
	t.Logf("%d cycles, %d revisions acknowledged, all there, and %d more that were on disk before the hub could say so", cycles, len(p.acked), len(p.kept)-len(p.acked))
	if len(p.acked) < 5*cycles {
		t.Errorf("only %d were published", len(p.acked))
	}
}

// printed is a revision of a record.
type printed struct {
	record   string
	revision int
}

// press is a desk at which much is published, with what it was told.
type press struct {
	*desk
	n int // of advisories that were begun

	mu    sync.Mutex
	acked map[printed]bool
	kept  map[printed]bool  // as the store has them
	ids   map[string]string // tracking id by record

	numbers map[string][]int // by label
	signs   provider.PublicKey
	person  string // Ada's id
}

// labels that are published, with whom each names.
func printedLabels() []string {
	return []string{"clear", "green", "amber", "amber+strict", "red"}
}

// text is an advisory of a label: the n-th, in a revision.
func (p *press) text(label string, n, revision int) string {
	who := ""
	switch label {
	case "amber", "amber+strict":
		who = "organisations: [gov, harbour]\n"
	case "red":
		who = "people: [ada@gov.example, mei@gov.example]\n"
	}
	name := fmt.Sprintf("advisory %d, text %d", n, revision)
	texts := fmt.Sprintf("{en: %q, zh-Hant: %q, zh-Hans: %q}", name, name, name)
	return fmt.Sprintf(`class: alert
risk: low
tlp: %q
%stitle: %s
description: %s
affected: %s
impact: %s
recommendation: %s
products: [{id: gate, vendor: Maker, name: Gate %d, versions: "vers:generic/<2.%d"}]
vulnerabilities:
  - cve: CVE-2026-%05d
    title: %s
    cwe: [CWE-79]
    cvss: [{vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"}]
remedies: [{kind: mitigation, details: %s, products: [gate]}]
indicators: [{pattern: "[domain-name:value = 'n%d.example']", name: %s, types: [malicious-activity], from: 2026-11-01}]
`, label, who, texts, texts, texts, texts, texts, n, revision, 10000+n, texts, texts, n, texts)
}

// writeAndKill lets analysts work, and kills the hub.
func (p *press) writeAndKill(after time.Duration) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	c := client(16)
	defer c.CloseIdleConnections()
	var wg sync.WaitGroup
	for i, label := range printedLabels() {
		wg.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				p.mu.Lock()
				p.n++
				at := p.n
				p.mu.Unlock()
				if err := p.life(ctx, c, label, at, n%3); err != nil {
					if !errors.Is(err, errGone) {
						p.t.Errorf("TLP:%s: %v", label, err)
					}
					return
				}
			}
		})
	}
	time.Sleep(after)
	p.kill()
	cancel()
	wg.Wait()
}

// errGone says that the hub does not answer.
var errGone = errors.New("no answer")

// life takes one advisory from the draft to its last revision.
func (p *press) life(ctx context.Context, c *http.Client, label string, n, end int) error {
	d, err := p.step(ctx, c, p.admin, http.MethodPost, "/drafts", map[string]any{"yaml": p.text(label, n, 1)})
	for revision := 1; err == nil; revision++ {
		record := "/drafts/" + d.Record
		do := func(key, step string, in map[string]any) {
			if err == nil {
				in["version"] = d.Version
				d, err = p.step(ctx, c, key, http.MethodPost, record+"/"+step, in)
			}
		}
		summary := map[string]any{"summary": map[string]string{"en": fmt.Sprintf("step %d", revision)}}
		switch {
		case revision > 2 && end == 0:
			return nil
		case revision > 2:
			do(p.admin, "withdraw", summary)
		default:
			if revision == 2 {
				d, err = p.step(ctx, c, p.admin, http.MethodPatch, record, map[string]any{"version": d.Version, "yaml": p.text(label, n, 2)})
			}
			do(p.admin, "submit", summary)
		}
		do(p.second, "approve", map[string]any{})
		do(p.second, "publish", map[string]any{})
		if err != nil {
			break
		}
		p.mu.Lock()
		p.acked[printed{d.Record, revision}] = true
		p.mu.Unlock()
		if d.Revision != revision || d.ID == "" {
			return fmt.Errorf("%s was answered as revision %d of %q", d.Record, d.Revision, d.ID)
		}
		if revision > 2 {
			return nil
		}
	}
	return err
}

// step sends a request of the workflow.
func (p *press) step(ctx context.Context, c *http.Client, key, method, path string, in any) (d apiclient.Draft, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return d, err
	}
	req, err := http.NewRequestWithContext(ctx, method, p.url+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return d, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	res, err := c.Do(req)
	if err != nil {
		return d, errGone
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return d, errGone
	}
	if res.StatusCode >= http.StatusBadRequest {
		return d, fmt.Errorf("%s %s: %d %.500s", method, path, res.StatusCode, b)
	}
	return d, json.Unmarshal(b, &d)
}
