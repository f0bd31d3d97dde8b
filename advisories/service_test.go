package advisories_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
)

// desk is a Service on a file, with the people who use it.
type desk struct {
	*advisories.Service
	store store.Store
	clock *clock
	fails error             // of Config.Publish
	moved map[string]string // ids of names that are somebody else's by now
}

// clock passes only when a test says so.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Microsecond)
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		if e, ok := errors.AsType[*advisories.Error](err); ok {
			t.Log(e.Problems)
		}
		t.Fatal(err)
	}
}

// openDesk is a Service on a new file; wrap, if not nil, wraps the store.
func openDesk(t testing.TB, wrap func(store.Store) store.Store) *desk {
	t.Helper()
	file, err := bolt.Open(filepath.Join(t.TempDir(), "infohub.db"), bolt.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, file.Close()) })
	d := &desk{store: file, clock: &clock{at: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}}
	if wrap != nil {
		d.store = wrap(file)
	}
	d.reopen(t)
	set, err := d.Settings(t.Context())
	must(t, err)
	if set.Publisher.Name == "" {
		set.Publisher = advisories.Publisher{Name: "GovCERT example", Namespace: "https://govcert.example"}
		set.CanonicalURL = "https://hub.example"
		_, err = d.SetSettings(t.Context(), &advisories.Caller{Admin: true, Entry: by("root")}, set)
		must(t, err)
	}
	return d
}

// chaos is openDesk's store that does what it may.
func chaos(seed uint64) func(store.Store) store.Store {
	return func(s store.Store) store.Store { return storetest.NewChaos(s, seed) }
}

// reopen is another Service on the same store, as after a restart.
func (d *desk) reopen(t testing.TB) {
	t.Helper()
	names := func(kind string) func(store.Reader, []string) ([]string, error) {
		return func(_ store.Reader, names []string) ([]string, error) {
			var ids []string
			for _, name := range names {
				if strings.HasPrefix(name, "nobody") {
					return nil, &advisories.Error{Code: advisories.NotFound, Message: fmt.Sprintf("no %s %q", kind, name)}
				}
				id, _, _ := strings.Cut(name, "@")
				ids = append(ids, cmp.Or(d.moved[name], id))
			}
			return ids, nil
		}
	}
	s, err := advisories.New(advisories.Config{
		Store: d.store, Audit: &audit.Log{Now: d.clock.Now}, Now: d.clock.Now,
		Render: func(p advisories.Publication) (advisories.File, error) {
			b, err := json.Marshal(p)
			return advisories.File{Name: strings.ToLower(p.Tracking.ID) + ".json", MediaType: "application/json", Bytes: b}, err
		},
		Publish: func(whole store.Tx, _ audit.Entry, id string, p advisories.Publication, earlier []*advisories.Publication) error {
			for i, rev := range append(earlier, &p) {
				if rev.Tracking.Number() != i+1 {
					return fmt.Errorf("revision %d as number %d of %d", rev.Tracking.Number(), i+1, len(earlier)+1)
				}
			}
			tx := store.SubTx(whole, "hub")
			if _, err := tx.Get([]byte(id)); err == nil {
				return fmt.Errorf("contribution %s of %s came twice", id, p.Tracking.ID)
			}
			return errors.Join(tx.Put([]byte(id), []byte(p.Tracking.ID)), d.fails)
		},
		Organisations: names("organisation"), People: names("person"),
		Operator: func(store.Reader) (string, error) { return "gov", nil },
	})
	must(t, err)
	d.Service = s
}

func by(id string) audit.Entry {
	return audit.Entry{Actor: audit.Actor{Kind: audit.Person, ID: id, Name: id}}
}

// analyst is somebody of the operator who writes advisories.
func analyst(id string) *advisories.Caller {
	return &advisories.Caller{
		Reader: tlp.Reader{Member: true, Organisation: "gov", Person: id}, Analyst: true, Person: id, Entry: by(id),
	}
}

// Those who are no person.
func local() *advisories.Caller {
	return &advisories.Caller{
		Reader: tlp.Reader{Member: true, Organisation: "gov"}, Analyst: true, Admin: true,
		Entry: audit.Entry{Actor: audit.Actor{Kind: audit.Local, ID: "local"}},
	}
}

func stranger() *advisories.Caller {
	return &advisories.Caller{Entry: audit.Entry{Actor: audit.Actor{Kind: audit.Anonymous}}}
}

func member(org, person string, clientOf ...string) *advisories.Caller {
	return &advisories.Caller{
		Reader: tlp.Reader{Member: true, Organisation: org, Person: person, ClientOf: clientOf}, Person: person, Entry: by(person),
	}
}

func texts(en string) advisories.Texts {
	return advisories.Texts{i18n.English: en, i18n.Traditional: en + "（繁體）", i18n.Simplified: en + "（简体）"}
}

// advisory is one without faults.
func advisory(title string, label tlp.Marking, names ...string) advisories.Advisory {
	a := advisories.Advisory{
		Class: advisories.Alert, Risk: advisories.RiskHigh, TLP: label, Title: texts(title),
		Description: texts("A fault in Example Server lets attackers run programs on it."),
		Affected:    texts("Example Server before 6.4.2."), Impact: texts("Somebody else runs the server."),
		Recommendation: texts("Install 6.4.2."),
		References:     []advisories.Reference{{URL: "https://vendor.example/1", Summary: texts("The vendor")}},
		Tags:           []string{"example"},
	}
	switch label {
	case tlp.Amber, tlp.AmberStrict:
		a.Organisations = names
	case tlp.Red:
		a.People = names
	}
	return a
}

// published writes, submits, approves and publishes.
func (d *desk) published(t testing.TB, a advisories.Advisory) advisories.Record {
	t.Helper()
	rec, err := d.Create(t.Context(), analyst("ann"), a)
	must(t, err)
	return d.release(t, rec)
}

// release takes what is a draft to its publication.
func (d *desk) release(t testing.TB, rec advisories.Record) advisories.Record {
	t.Helper()
	rec = d.approved(t, rec)
	rec, err := d.Publish(t.Context(), analyst("ann"), rec.UUID, rec.Version, time.Time{})
	must(t, err)
	return rec
}

func (d *desk) approved(t testing.TB, rec advisories.Record) advisories.Record {
	t.Helper()
	var err error
	if rec.Work.State == advisories.Draft {
		rec, err = d.Submit(t.Context(), analyst("ann"), rec.UUID, rec.Version, advisories.Submission{Summary: texts("More is known.")})
		must(t, err)
	}
	rec, err = d.Approve(t.Context(), analyst("ben"), rec.UUID, rec.Version)
	must(t, err)
	return rec
}

// log is the audit log's entries about an object, oldest first.
func (d *desk) log(t testing.TB, object string) []audit.Entry {
	t.Helper()
	var page audit.Page
	must(t, d.store.View(t.Context(), func(r store.Reader) (err error) {
		page, err = audit.List(r, audit.Filter{Object: object})
		return err
	}))
	slices.Reverse(page.Entries)
	return page.Entries
}

func (d *desk) dump(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	must(t, d.store.View(context.Background(), func(r store.Reader) error {
		for e, err := range r.Scan(store.Range{}) {
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%q=%q\n", e.Key, e.Value)
		}
		return nil
	}))
	return b.String()
}

// told is how much the audit log tells.
func (d *desk) told(t testing.TB) uint64 {
	t.Helper()
	var head audit.Anchor
	must(t, d.store.View(context.Background(), func(r store.Reader) (err error) {
		head, err = audit.Head(r)
		return err
	}))
	return head.Seq
}

func wantCode(t testing.TB, err error, want advisories.Code) {
	t.Helper()
	if got := advisories.CodeOf(err); got != want || err == nil != (want == "") {
		t.Errorf("error %v (%q), want %q", err, got, want)
	}
}
