//go:build linux

package hublab_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// killsOfOne is how many times a hub is killed before a new one takes its place.
const killsOfOne = 25

// TestKilledWhileSharing: a hub to which writers post over TAXII and the API is
// killed (SIGKILL) at a moment that it cannot foresee, and started again. Every
// object that was acknowledged is there, byte for byte and once, with the
// date_added that it had; of an envelope that was not acknowledged all is there
// or nothing; statuses can be read; the store and the audit log are sound.
//
// It does 3 cycles, 50 when INFOHUB_PROOF is 1, and as many as INFOHUB_CRASHES
// says (scripts/crash.sh). What a process had handed to the kernel survives it,
// so this shows nothing of a loss of power.
func TestKilledWhileSharing(t *testing.T) {
	cycles := 3
	if proving() {
		cycles = 50
	}
	if n, err := strconv.Atoi(os.Getenv("INFOHUB_CRASHES")); err == nil {
		cycles = n
	}
	random := rand.New(rand.NewPCG(uint64(cycles), 1))
	var l *ledger
	acknowledged, open, drained := 0, 0, 0
	for cycle := range cycles {
		if cycle%killsOfOne == 0 {
			if l != nil {
				l.site.kill()
				_ = os.RemoveAll(l.site.data)
			}
			l = newLedger(newSite(t, t.TempDir()), uint64(cycle))
			l.site.serve(nil)
		}
		term := random.IntN(5) == 0
		l.writeAndKill(t, time.Duration(random.IntN(400_000))*time.Microsecond, time.Duration(random.IntN(10_000))*time.Microsecond, term)
		l.site.isSound()
		l.site.serve(nil)
		a, o := l.verify(t, cycle%killsOfOne == killsOfOne-1 || cycle == cycles-1)
		acknowledged, open = acknowledged+a, open+o
		if term {
			drained++
		}
		l.site.auditIsSound()
		if t.Failed() {
			t.Fatalf("cycle %d of %d", cycle, cycles)
		}
	}
	t.Logf("%d cycles (%d of them while the hub was stopping), %d acknowledged objects all there, and %d of envelopes that were on disk before the hub could say so", cycles, drained, acknowledged, open)
}

// ledger is what writers know of the objects that they sent to a site.
type ledger struct {
	site *site
	seed uint64

	mu       sync.Mutex
	sent     []*posted
	byID     map[string]indicator
	dates    map[string]string // date_added by id, as manifests told
	was      map[string]string // the same of the hub that this is a copy of
	statuses []string          // of this cycle
	checked  string            // the date up to which objects were compared
	fresh    int               // of sent: the first of this cycle
}

// posted is an envelope that was sent.
type posted struct {
	objects []indicator
	acked   bool
}

func newLedger(s *site, seed uint64) *ledger {
	return &ledger{site: s, seed: seed << 20, byID: map[string]indicator{}, dates: map[string]string{}}
}

// writeAndKill lets writers and a reader of the manifest work, and kills the hub.
// With term it is asked to stop first.
func (l *ledger) writeAndKill(t *testing.T, after, more time.Duration, term bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := client(8)
	defer c.CloseIdleConnections()
	l.statuses, l.fresh = nil, len(l.sent)
	var wg sync.WaitGroup
	l.writers(&wg, func(path string, from *source) { l.write(ctx, t, c, path, from) })
	wg.Go(func() {
		last := l.checked
		for ctx.Err() == nil {
			var err error
			if last, err = l.site.manifest(ctx, c, last, func(e entry) { l.note(t, e) }); err != nil {
				return // it was killed
			}
		}
	})
	time.Sleep(after)
	if term {
		_ = l.site.cmd.Process.Signal(syscall.SIGTERM)
		time.Sleep(more)
	}
	l.site.kill()
	cancel() // whoever still waits for a connection
	wg.Wait()
}

// write posts envelopes until there is no answer.
func (l *ledger) write(ctx context.Context, t *testing.T, c *http.Client, path string, from *source) {
	for ctx.Err() == nil {
		if a := l.post(ctx, t, c, path, from); a.code != http.StatusAccepted {
			if a.code != 0 {
				t.Errorf("POST %s: %d %.300s", path, a.code, a.body)
			}
			return
		}
	}
}

// post posts an envelope, and notes it.
func (l *ledger) post(ctx context.Context, t *testing.T, c *http.Client, path string, from *source) answer {
	p := new(posted)
	var body []byte
	body, p.objects = from.envelope(1 + from.random.IntN(40))
	l.mu.Lock()
	l.sent = append(l.sent, p)
	for _, i := range p.objects {
		l.byID[i.id] = i
	}
	l.mu.Unlock()
	a, err := l.site.ask(ctx, c, http.MethodPost, path, bytes.NewReader(body))
	if a.code != http.StatusAccepted {
		return a
	}
	// What was cut in the middle of the answer was acknowledged as well.
	l.mu.Lock()
	defer l.mu.Unlock()
	p.acked = true
	if s, bad := readStatus(a.body); err == nil {
		if bad != nil || s.SuccessCount != len(p.objects) || s.Status != "complete" {
			t.Errorf("POST %s: %+v %v", path, s, bad)
		}
		l.statuses = append(l.statuses, s.ID)
	}
	return a
}

// writers begins three writers, two of them over TAXII.
func (l *ledger) writers(wg *sync.WaitGroup, write func(path string, from *source)) {
	for _, path := range []string{objectsPath, objectsPath, apiObjectsPath} {
		l.seed++
		from := newSource(l.seed, l.site.org)
		wg.Go(func() { write(path, from) })
	}
}

// note remembers a date_added, or holds it against what is remembered.
func (l *ledger) note(t *testing.T, e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if was, ok := l.dates[e.ID]; ok && was != e.DateAdded {
		t.Errorf("%s: date_added %s, was %s", e.ID, e.DateAdded, was)
	}
	if was, ok := l.was[e.ID]; ok && was != e.DateAdded {
		t.Errorf("%s: date_added %s, %s in the hub", e.ID, e.DateAdded, was)
	}
	l.dates[e.ID] = e.DateAdded
}

// verify compares the hub, which runs again, with the ledger: all objects or
// only those that are new. It returns how many objects of this cycle were
// acknowledged, and how many are there though they were not.
func (l *ledger) verify(t *testing.T, all bool) (acked, open int) {
	t.Helper()
	c := client(1)
	defer c.CloseIdleConnections()
	there := map[string]bool{}
	_, err := l.site.manifest(t.Context(), c, "", func(e entry) {
		if there[e.ID] {
			t.Errorf("%s is there twice", e.ID)
		}
		there[e.ID] = true
		l.note(t, e)
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range l.dates {
		if !there[id] {
			t.Errorf("%s was there with date_added %s, and is gone", id, l.dates[id])
		}
	}
	for n, p := range l.sent {
		found := 0
		for _, i := range p.objects {
			if there[i.id] {
				found++
			}
		}
		switch {
		case p.acked && found != len(p.objects):
			t.Errorf("envelope %d was acknowledged, and %d of its %d objects are there", n, found, len(p.objects))
		case !p.acked && found != 0 && found != len(p.objects):
			t.Errorf("half an envelope: %d of %d objects", found, len(p.objects))
		case n >= l.fresh && p.acked:
			acked += found
		case n >= l.fresh:
			open += found
		}
	}
	from := l.checked
	if all {
		from = ""
	}
	l.compare(t, c, from, len(there), all)
	for _, id := range l.statuses {
		a := l.site.get(c, "/taxii2/community/status/"+id+"/")
		if s, err := readStatus(a.body); err != nil || s.ID != id || s.Status != "complete" {
			t.Errorf("status %s: %+v %v", id, s, err)
		}
	}
	return acked, open
}

// compare reads the objects behind a date and holds them against what was sent.
func (l *ledger) compare(t *testing.T, c *http.Client, from string, total int, all bool) {
	t.Helper()
	got := 0
	for more := true; more; {
		q := url.Values{}
		if from != "" {
			q.Set("added_after", from)
		}
		a := l.site.get(c, objectsPath+"?"+q.Encode())
		objects, further, err := objectsIn(a.body)
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range objects {
			var o struct{ ID string }
			if err := json.Unmarshal(raw, &o); err != nil {
				t.Fatal(err)
			}
			if sent, ok := l.byID[o.ID]; !ok || !bytes.Equal(sent.raw, raw) {
				t.Errorf("%s is not as it was sent", o.ID)
			}
			got++
		}
		if more = further; len(objects) > 0 {
			from = a.header.Get("X-TAXII-Date-Added-Last")
		}
	}
	if all && got != total {
		t.Errorf("%d objects, the manifest has %d", got, total)
	}
	l.checked = from
	if got == 0 && total == 0 {
		return
	}
	// The index by value was written with the objects.
	for _, p := range l.sent[l.fresh:] {
		if p.acked {
			i := p.objects[len(p.objects)-1]
			var found struct {
				Items []struct{ ID string }
			}
			a := l.site.get(c, "/api/v1/search?value="+url.QueryEscape(i.value))
			if err := json.Unmarshal(a.body, &found); err != nil {
				t.Fatal(err)
			}
			for _, f := range found.Items {
				if f.ID == i.id {
					return
				}
			}
			t.Error(fmt.Sprintf("%s is not found by its value: ", i.id), string(a.body[:min(len(a.body), 300)]))
			return
		}
	}
}
