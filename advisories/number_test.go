package advisories_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
)

// whole checks that every publication is there with all that belongs to it, and
// that the numbers of each sequence are used once and without a gap. It returns the
// tracking ids.
func (d *desk) whole(t testing.TB) []string {
	t.Helper()
	ctx := t.Context()
	published, contributed := map[string]int{}, map[string]int{}
	for seq := uint64(0); ; {
		events, err := d.Since(ctx, seq, 0)
		must(t, err)
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			if e.Seq != seq+1 {
				t.Errorf("event %d after %d", e.Seq, seq)
			}
			seq = e.Seq
			published[e.ID]++
			if published[e.ID] != e.Revision {
				t.Errorf("%s: revision %d is event %d of it", e.ID, e.Revision, published[e.ID])
			}
		}
	}
	audited := 0
	must(t, d.store.View(ctx, func(r store.Reader) error {
		for e, err := range store.SubReader(r, "hub").Scan(store.Range{}) {
			if err != nil {
				return err
			}
			contributed[string(e.Value)]++
		}
		for before := uint64(0); ; {
			page, err := audit.List(r, audit.Filter{Action: "advisory.", Before: before})
			if err != nil {
				return err
			}
			for _, e := range page.Entries {
				if e.Detail["revision"] != "" {
					audited++
				}
			}
			if before = page.Next; before == 0 {
				return nil
			}
		}
	}))
	var ids []string
	last := map[string]int{}
	must(t, d.All(ctx, func(item advisories.Item) error {
		id, n := item.Publication.Tracking.ID, item.Publication.Tracking.Number()
		ids = append(ids, id)
		if published[id] != n || contributed[id] != n {
			t.Errorf("%s has %d revisions, %d events and %d contributions", id, n, published[id], contributed[id])
		}
		audited -= n
		for i := 1; i <= n; i++ {
			if f, err := d.Document(ctx, analyst("ann"), id, i); err != nil || !strings.Contains(string(f.Bytes), id) {
				t.Errorf("the document of %s, revision %d: %v", id, i, err)
			}
		}
		rec, err := d.Get(ctx, analyst("ann"), id)
		if err != nil || rec.ID != id || rec.UUID != item.Ref || rec.Tracking.Number() != n {
			t.Errorf("the record of %s is %+v, %v", id, rec, err)
		}
		cut := len("A26-11-") + strings.IndexAny(id[len("A26-11-"):], "0123456789")
		var number int
		if _, err := fmt.Sscanf(id[cut:], "%d", &number); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		last[id[:cut]]++
		if len(id[cut:]) == 2 && number != last[id[:cut]] {
			t.Errorf("%s is number %d of its sequence", id, last[id[:cut]])
		}
		return nil
	}))
	if audited != 0 {
		t.Errorf("%d more publications are audited than there are", audited)
	}
	listed := 0
	for f := (advisories.Filter{Limit: 7}); ; {
		page, err := d.List(ctx, analyst("ann"), f)
		must(t, err)
		listed += len(page.Items)
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	if listed != len(ids) {
		t.Errorf("%d are listed of %d", listed, len(ids))
	}
	return ids
}

func TestNumbersAreUniqueAndWithoutGaps(t *testing.T) {
	const each, workers = 25, 8
	d := openDesk(t, chaos(3))
	d.clock.pass(time.Date(2026, 11, 30, 23, 59, 0, 0, time.UTC).Sub(d.clock.Now()))
	labels := []tlp.Marking{tlp.Clear, tlp.Green, tlp.Amber, tlp.AmberStrict}
	var group sync.WaitGroup
	errs := make(chan error, workers)
	for w := range workers {
		group.Go(func() {
			for i := range each {
				if i == each/2 {
					d.clock.pass(30 * time.Second) // midnight falls among them
				}
				if _, err := d.publishOne(t, advisory("Fault", labels[(i+w)%len(labels)], "gov")); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		t.Fatal(err)
	}
	ids := d.whole(t)
	if len(ids) != each*workers || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != each*workers {
		t.Errorf("%d publications have the ids %q", each*workers, ids)
	}
	for _, prefix := range []string{"A26-11-0", "A26-11-G", "A26-11-A", "A26-11-S", "A26-12-0", "A26-12-G", "A26-12-A", "A26-12-S"} {
		if !slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(id, prefix) }) {
			t.Errorf("none of the ids begins with %s", prefix)
		}
	}
}

// publishOne is published for goroutines. Where the outcome of a step is unknown it
// looks what became of it, as people do.
func (d *desk) publishOne(t testing.TB, a advisories.Advisory) (rec advisories.Record, err error) {
	ctx := t.Context()
	for {
		var next advisories.Record
		switch {
		case rec.UUID == "":
			next, err = d.Create(ctx, analyst("ann"), a)
		case rec.Work == nil:
			return rec, nil
		case rec.Work.State == advisories.Draft:
			next, err = d.Submit(ctx, analyst("ann"), rec.UUID, rec.Version, advisories.Submission{})
		case rec.Work.State == advisories.InReview:
			next, err = d.Approve(ctx, analyst("ben"), rec.UUID, rec.Version)
		default:
			next, err = d.Publish(ctx, analyst("ann"), rec.UUID, rec.Version, time.Time{})
		}
		if advisories.CodeOf(err) == advisories.Unavailable {
			if next = rec; rec.UUID != "" {
				next, err = d.Get(ctx, analyst("ann"), rec.UUID)
			} else {
				err = nil
			}
		}
		if err != nil {
			return rec, err
		}
		rec = next
	}
}

func TestAFailedPublicationChangesNothing(t *testing.T) {
	d := openDesk(t, nil)
	ctx := t.Context()
	rec, err := d.Create(ctx, analyst("ann"), advisory("Fault", tlp.Clear))
	must(t, err)
	rec = d.approved(t, rec)
	before := d.dump(t)
	d.fails = &advisories.Error{Code: advisories.Conflict, Message: "the collection is full"}
	_, err = d.Publish(ctx, analyst("ann"), rec.UUID, rec.Version, time.Time{})
	wantCode(t, err, advisories.Conflict)
	if d.dump(t) != before {
		t.Error("something was written")
	}
	d.fails = nil
	rec, err = d.Publish(ctx, analyst("ann"), rec.UUID, rec.Version, time.Time{})
	if err != nil || rec.ID != "A26-11-01" {
		t.Errorf("then it is %q, %v", rec.ID, err)
	}
	d.whole(t)
}

const killedDir = "INFOHUB_ADVISORIES_KILLED_DIR" // set for the process that is killed

// TestKilledWhilePublishing kills a process that publishes, again and again, and
// looks at what it left.
func TestKilledWhilePublishing(t *testing.T) {
	if dir := os.Getenv(killedDir); dir != "" {
		publishUntilKilled(t, dir)
		return
	}
	cycles := 4
	if os.Getenv("INFOHUB_PROOF") == "1" {
		cycles = 100
	}
	// Each look at what was left reads all of it, so a desk is killed ten times, and
	// then the next one begins.
	const kills = 10
	var dir string
	var acknowledged []string
	for cycle := range cycles {
		if cycle%kills == 0 {
			dir, acknowledged = t.TempDir(), nil
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledWhilePublishing$", "-test.timeout=2m")
		cmd.Env = append(os.Environ(), killedDir+"="+dir)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		n := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			id, ok := strings.CutPrefix(lines.Text(), "published ")
			if !ok {
				t.Errorf("the process says %q", lines.Text())
				continue
			}
			acknowledged = append(acknowledged, id)
			if n++; n == 5+3*(cycle%kills) {
				must(t, cmd.Process.Kill())
			}
		}
		_ = cmd.Wait() // it was killed
		d := openDeskIn(t, dir)
		ids := d.whole(t)
		for _, id := range acknowledged {
			if !slices.Contains(ids, id) {
				t.Errorf("%s was published and is not there", id)
			}
		}
		must(t, d.store.Close())
	}
}

// openDeskIn opens a desk on a file that is there perhaps.
func openDeskIn(t testing.TB, dir string) *desk {
	t.Helper()
	file, err := bolt.Open(filepath.Join(dir, "infohub.db"), bolt.Options{})
	must(t, err)
	d := &desk{store: file, clock: &clock{at: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}}
	d.reopen(t)
	return d
}

func publishUntilKilled(t *testing.T, dir string) {
	d := openDeskIn(t, dir)
	if set, err := d.Settings(t.Context()); err == nil && set.Publisher.Name == "" {
		set.Publisher = advisories.Publisher{Name: "GovCERT example", Namespace: "https://govcert.example"}
		_, err = d.SetSettings(t.Context(), &advisories.Caller{Admin: true, Entry: by("root")}, set)
		must(t, err)
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	var failed error
	for w := range 4 {
		group.Go(func() {
			for {
				rec, err := d.publishOne(t, advisory("Fault", []tlp.Marking{tlp.Clear, tlp.Green}[w%2]))
				mu.Lock()
				if failed = errors.Join(failed, err); failed == nil {
					fmt.Println("published", rec.ID)
				}
				stop := failed != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	group.Wait()
	t.Fatal(failed)
}
