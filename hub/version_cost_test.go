package hub_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// counting is a store that counts what Views read of it.
type counting struct {
	store.Store
	reads atomic.Int64
}

func (s *counting) View(ctx context.Context, fn func(store.Reader) error) error {
	return s.Store.View(ctx, func(r store.Reader) error { return fn(countingReader{r, s}) })
}

type countingReader struct {
	store.Reader
	of *counting
}

func (r countingReader) Get(key []byte) ([]byte, error) {
	r.of.reads.Add(1)
	return r.Reader.Get(key)
}

func (r countingReader) Scan(in store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		for e, err := range r.Reader.Scan(in) {
			r.of.reads.Add(1)
			if !yield(e, err) {
				return
			}
		}
	}
}

// TestCostOfManyVersions: what lists or searches an object of many versions, the
// newer half of which are not for everybody, reads each a few times and not each
// for each of the others.
func TestCostOfManyVersions(t *testing.T) {
	counted := &counting{}
	f := newFixture(t, func(s store.Store) store.Store {
		counted.Store = s
		return counted
	})
	const half = 600
	for part, marking := range []tlp.Marking{tlp.Clear, tlp.AmberStrict} {
		var objects []string
		for n := range half {
			objects = append(objects, strings.Replace(stixText("malware", 1, 0, marked(marking.ID())), `10:00:00.000Z","name`, fmt.Sprintf(`10:00:%02d.%06dZ","name`, part, n), 1))
		}
		status, err := f.hub.Submit(t.Context(), f.as(t, "alpha"), hub.Submission{Root: hub.Community, Collection: "indicators",
			Organisations: []string{f.org["alpha"].ID}, Body: envelope(objects...)})
		if err != nil || len(status.Successes) != half {
			t.Fatalf("%v: %d", err, len(status.Successes))
		}
	}
	last := fmt.Sprintf("%06dZ", half-1)
	cost := func(name string, do func()) {
		t.Helper()
		before := counted.reads.Load()
		do()
		if n := counted.reads.Load() - before; n > 20*half {
			t.Errorf("%s reads %d times", name, n)
		}
	}
	for _, who := range []string{"gamma", "alpha"} {
		for _, match := range []hub.VersionMatch{{Last: true}, {First: true}} {
			cost(fmt.Sprintf("a page for %s of %+v", who, match), func() {
				if p := f.page(t, who, hub.Query{Versions: match}); p.Len() != 1 {
					t.Errorf("%s: %d objects", who, p.Len())
				}
			})
		}
		cost("a search for "+who, func() {
			if p, err := f.hub.Search(t.Context(), f.as(t, who), hub.Search{Types: []string{"malware"}}); err != nil || len(p.Found) != 1 || !strings.HasSuffix(p.Found[0].Version, last) {
				t.Errorf("%s: %v %+v", who, err, p.Found)
			}
		})
	}
}
