package audit_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
)

var day = time.Date(2026, 11, 23, 8, 0, 0, 123_456_789, time.FixedZone("HKT", 8*3600))

// ticking is a clock that goes on by a second each time.
func ticking() *audit.Log {
	var mu sync.Mutex
	now := day
	return &audit.Log{Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}}
}

func open(t testing.TB) store.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "a.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// write appends as a room does: stamped once, run until the outcome is known.
func write(ctx context.Context, s store.Store, l *audit.Log, e audit.Entry) (written audit.Entry, err error) {
	e = l.Stamp(e)
	for {
		err = s.Update(ctx, func(tx store.Tx) (err error) {
			written, err = l.Append(tx, e)
			return err
		})
		if !errors.Is(err, store.ErrUnknown) {
			return written, err
		}
	}
}

func entry(n int) audit.Entry {
	return audit.Entry{
		Actor:   audit.Actor{Kind: audit.Person, ID: fmt.Sprint("p", n%3), Name: "Chan <Tai> Man & \u2028 陳大文"},
		Key:     "k1",
		From:    "192.0.2.7:4711",
		Request: fmt.Sprint("r", n),
		Action:  []string{"object.submit", "object.revoke", "person.create"}[n%3],
		Object:  fmt.Sprint("indicator--", n%5),
		Detail:  map[string]string{"stored": fmt.Sprint(n), "collection": "c\xff"},
	}
}

func filled(t testing.TB, n int) (store.Store, *audit.Log) {
	t.Helper()
	s, l := open(t), ticking()
	for i := range n {
		if _, err := write(t.Context(), s, l, entry(i)); err != nil {
			t.Fatal(err)
		}
	}
	return s, l
}

func list(t testing.TB, s store.Store, f audit.Filter) (page audit.Page) {
	t.Helper()
	err := s.View(t.Context(), func(r store.Reader) (err error) {
		page, err = audit.List(r, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestAppend(t *testing.T) {
	s, l := open(t), ticking()
	want := entry(1)
	first, err := write(t.Context(), s, l, want)
	if err != nil {
		t.Fatal(err)
	}
	second, err := write(t.Context(), s, l, entry(2))
	if err != nil {
		t.Fatal(err)
	}
	if first.Seq != 1 || second.Seq != 2 || second.Prev != first.Hash || strings.Trim(first.Prev, "0") != "" {
		t.Errorf("entries %+v and %+v are no chain", first, second)
	}
	if at := first.Time.Format(time.RFC3339Nano); at != "2026-11-23T00:00:01.123456Z" {
		t.Errorf("time %s, want UTC in whole microseconds", at)
	}
	if first.Detail["collection"] != "c\uFFFD" || want.Detail["collection"] != "c\xff" {
		t.Errorf("detail %q: text that is not UTF-8 is mended in a copy", first.Detail)
	}
	got := list(t, s, audit.Filter{}).Entries
	if len(got) != 2 || fmt.Sprint(got[1]) != fmt.Sprint(first) || fmt.Sprint(got[0]) != fmt.Sprint(second) {
		t.Errorf("listed %v, want what Append returned, newest first", got)
	}
}

// TestAppendAgain: the second run of an Update that did happen tells nothing new,
// even if what it would tell has changed.
func TestAppendAgain(t *testing.T) {
	s, l := open(t), ticking()
	e := l.Stamp(entry(1))
	var wrote [2]audit.Entry
	for i := range wrote {
		e.Detail = map[string]string{"stored": fmt.Sprint(500 * (1 - i))}
		err := s.Update(t.Context(), func(tx store.Tx) (err error) {
			wrote[i], err = l.Append(tx, e)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if wrote[1].Hash != wrote[0].Hash || wrote[1].Detail["stored"] != "500" {
		t.Errorf("the second run says %+v, want what the first wrote", wrote[1])
	}
	if n := len(list(t, s, audit.Filter{}).Entries); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
}

func TestAppendRefuses(t *testing.T) {
	l := ticking()
	tests := map[string]func(*audit.Entry){
		"not stamped":            func(e *audit.Entry) { e.ID = "" },
		"no time":                func(e *audit.Entry) { e.Time = time.Time{} },
		"another zone":           func(e *audit.Entry) { e.Time = e.Time.In(time.FixedZone("", 3600)) },
		"an id that is no id":    func(e *audit.Entry) { e.ID = "a/b" },
		"no action":              func(e *audit.Entry) { e.Action = "" },
		"an action with a space": func(e *audit.Entry) { e.Action = "object submit" },
		"no actor":               func(e *audit.Entry) { e.Actor = audit.Actor{} },
		"an unknown kind":        func(e *audit.Entry) { e.Actor.Kind = "robot" },
		"a long name":            func(e *audit.Entry) { e.Actor.Name = strings.Repeat("x", 513) },
		"a long request":         func(e *audit.Entry) { e.Request = strings.Repeat("x", 257) },
		"a long object":          func(e *audit.Entry) { e.Object = strings.Repeat("x", 513) },
		"too much detail":        func(e *audit.Entry) { e.Detail = map[string]string{"x": strings.Repeat("\n", audit.MaxDetail/2)} },
	}
	for about, spoil := range tests {
		t.Run(about, func(t *testing.T) {
			s := open(t)
			e := l.Stamp(entry(1))
			spoil(&e)
			err := s.Update(t.Context(), func(tx store.Tx) error {
				if err := tx.Put([]byte("other/room"), nil); err != nil {
					return err
				}
				_, err := l.Append(tx, e)
				return err
			})
			if !errors.Is(err, audit.ErrEntry) || strings.Contains(err.Error(), "xxxx") {
				t.Errorf("Append: %v, want ErrEntry in short", err)
			}
			if v, err := audit.Verify(t.Context(), s, nil); err != nil || v.Count != 0 {
				t.Errorf("Verify: %+v, %v, want an empty log", v, err)
			}
		})
	}
}

// TestLargestEntry: what Append takes, everything else takes.
func TestLargestEntry(t *testing.T) {
	s, l := open(t), ticking()
	worst := func(n int) string { return strings.Repeat("\x01", n) } // six bytes each in JSON
	e := entry(1)
	e.Actor.ID, e.Actor.Name, e.Key, e.From, e.Request, e.Object = worst(256), worst(512), worst(256), worst(256), worst(256), worst(512)
	e.Detail = map[string]string{"x": worst(audit.MaxDetail/6 - 2)}
	if _, err := write(t.Context(), s, l, e); err != nil {
		t.Fatal(err)
	}
	if v, err := audit.Verify(t.Context(), s, nil); err != nil || v.Count != 1 {
		t.Errorf("Verify: %+v, %v", v, err)
	}
	var out strings.Builder
	if _, err := audit.Export(t.Context(), s, 0, &out); err != nil {
		t.Fatal(err)
	}
	if v, err := audit.VerifyExport(strings.NewReader(out.String()), nil); err != nil || v.Count != 1 {
		t.Errorf("VerifyExport: %+v, %v", v, err)
	}
}

func TestList(t *testing.T) {
	s, _ := filled(t, 12)
	at := func(n int) time.Time { return day.UTC().Truncate(time.Microsecond).Add(time.Duration(n) * time.Second) }
	tests := []struct {
		about string
		f     audit.Filter
		want  []uint64
		next  uint64
	}{
		{"all", audit.Filter{}, []uint64{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 0},
		{"since", audit.Filter{Since: at(11)}, []uint64{12, 11}, 0},
		{"until", audit.Filter{Until: at(3)}, []uint64{2, 1}, 0},
		{"actor", audit.Filter{Actor: "p2"}, []uint64{12, 9, 6, 3}, 0},
		{"action", audit.Filter{Action: "object.submit"}, []uint64{10, 7, 4, 1}, 0},
		{"actions", audit.Filter{Action: "object."}, []uint64{11, 10, 8, 7, 5, 4, 2, 1}, 0},
		{"object", audit.Filter{Object: "indicator--4"}, []uint64{10, 5}, 0},
		{"a page", audit.Filter{Limit: 5}, []uint64{12, 11, 10, 9, 8}, 8},
		{"the next", audit.Filter{Limit: 5, Before: 8}, []uint64{7, 6, 5, 4, 3}, 3},
		{"the last", audit.Filter{Limit: 5, Before: 3}, []uint64{2, 1}, 0},
		{"a full last page", audit.Filter{Limit: 2, Before: 3}, []uint64{2, 1}, 0},
		{"none", audit.Filter{Actor: "nobody"}, nil, 0},
	}
	for _, tt := range tests {
		page := list(t, s, tt.f)
		var got []uint64
		for _, e := range page.Entries {
			got = append(got, e.Seq)
		}
		if !slices.Equal(got, tt.want) || page.Next != tt.next {
			t.Errorf("%s: %v, next %d; want %v, next %d", tt.about, got, page.Next, tt.want, tt.next)
		}
	}
}

// TestChaos: reruns and unknown outcomes leave one entry for each thing done,
// beside the thing itself, and nothing that was lent is kept.
func TestChaos(t *testing.T) {
	s := storetest.NewChaos(open(t), 7)
	l := ticking()
	var wrote []audit.Entry
	for i := range 200 {
		e := l.Stamp(entry(i))
		var w audit.Entry
		for {
			err := s.Update(t.Context(), func(tx store.Tx) (err error) {
				if w, err = l.Append(tx, e); err != nil {
					return err
				}
				return tx.Put(fmt.Appendf(nil, "done/%03d", i), []byte(w.Hash))
			})
			if err == nil {
				break
			}
			if !errors.Is(err, store.ErrUnknown) {
				t.Fatal(err)
			}
		}
		wrote = append(wrote, w)
	}
	if c := s.Counts(); c.Reruns == 0 || c.Lost == 0 || c.Kept == 0 {
		t.Fatalf("chaos did nothing: %+v", c)
	}
	v, err := audit.Verify(t.Context(), s, nil)
	if err != nil || v.Count != 200 || v.Head != (audit.Anchor{Seq: 200, Hash: wrote[199].Hash}) {
		t.Errorf("Verify: %+v, %v", v, err)
	}
	page := list(t, s, audit.Filter{Limit: 200})
	slices.Reverse(page.Entries)
	for i, e := range page.Entries {
		if fmt.Sprint(e) != fmt.Sprint(wrote[i]) {
			t.Fatalf("entry %d is %v, Append said %v", i+1, e, wrote[i])
		}
	}
}

func TestConcurrentAppends(t *testing.T) {
	s, l := open(t), ticking()
	const writers, each = 16, 25
	var wg sync.WaitGroup
	stop := make(chan bool)
	verified := make(chan error, 1)
	go func() { // the log is in order at every moment
		for {
			if _, err := audit.Verify(context.Background(), s, nil); err != nil {
				verified <- err
				return
			}
			select {
			case <-stop:
				verified <- nil
				return
			default:
			}
		}
	}()
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if _, err := write(context.Background(), s, l, entry(w*each+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	if err := <-verified; err != nil {
		t.Errorf("Verify meanwhile: %v", err)
	}
	v, err := audit.Verify(t.Context(), s, nil)
	if err != nil || v.Count != writers*each {
		t.Errorf("Verify: %+v, %v, want %d entries", v, err, writers*each)
	}
	requests := map[string]bool{}
	for _, e := range list(t, s, audit.Filter{}).Entries {
		requests[e.Request] = true
	}
	if len(requests) != writers*each {
		t.Errorf("%d requests told of, want %d", len(requests), writers*each)
	}
}
