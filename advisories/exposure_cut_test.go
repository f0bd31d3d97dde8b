package advisories_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// cutStore fails every Update from one on, as if the process had been killed there.
type cutStore struct {
	store.Store
	mu   sync.Mutex
	left int // Updates until then; below 0: never
}

var errCut = errors.New("cut")

func (s *cutStore) Update(ctx context.Context, fn func(store.Tx) error) error {
	s.mu.Lock()
	cut := s.left == 0
	if s.left > 0 {
		s.left--
	}
	s.mu.Unlock()
	if cut {
		return errCut
	}
	return s.Store.Update(ctx, fn)
}

func (s *cutStore) cut(after int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = after
}

// TestCutAnywhere: wherever following and telling is cut off, everybody is told once
// of each revision and nothing is lost.
func TestCutAnywhere(t *testing.T) {
	for after := 0; ; after++ {
		cut := &cutStore{left: -1}
		w := openWatch(t, func(s store.Store) store.Store { cut.Store = s; return cut })
		for i := range 30 {
			w.subscribe(t, of(fmt.Sprintf("p%02d-of-alpha", i)), advisories.Subscription{Own: i%2 == 0})
		}
		_, err := w.Record(t.Context(), of("mia-of-alpha"), software("alpha", "www", "scan-1", "Server 6.4.1"))
		must(t, err)
		for range 3 {
			w.published(t, about("Server", "6.4.2", tlp.Clear))
		}
		cut.cut(after)
		err = errors.Join(w.Follow(t.Context()), w.Tell(t.Context()))
		cut.cut(-1)
		w.open(t)
		w.round(t)
		w.round(t)
		if n := len(w.messages(t)); n != 90 {
			t.Errorf("cut after %d: %d messages, want 90", after, n)
		}
		page, errList := w.Exposures.Exposures(t.Context(), of("mia-of-alpha"), advisories.ExposureFilter{})
		must(t, errList)
		for _, e := range page.Items {
			if len(e.Told) != 30 {
				t.Errorf("cut after %d: %s was told %d times, want 30", after, e.TrackingID, len(e.Told))
			}
		}
		if len(page.Items) != 3 {
			t.Errorf("cut after %d: %d exposures", after, len(page.Items))
		}
		if err == nil {
			if after < 5 {
				t.Errorf("there were %d transactions", after)
			}
			return
		}
	}
}

// TestRecordingWhilePublishing: whatever comes first, nobody's exposure is passed over.
func TestRecordingWhilePublishing(t *testing.T) {
	w := openWatch(t, chaos(41))
	ctx, end := context.WithCancel(t.Context())
	var publishing, others sync.WaitGroup
	others.Go(func() {
		for ctx.Err() == nil {
			if err := w.Follow(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range 3 {
		org := fmt.Sprintf("org%d", i)
		others.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				version := "Server 6.4.1"
				if n%2 == 1 {
					version = "Server 9"
				}
				if _, err := w.Record(ctx, of("mia-of-"+org), software(org, "www", fmt.Sprint("scan-", n), version)); err != nil && ctx.Err() == nil && advisories.CodeOf(err) != advisories.Unavailable {
					t.Error(err)
					return
				}
			}
		})
	}
	publishing.Go(func() {
		for range 12 {
			w.published(t, about("Server", "6.4.2", tlp.Clear))
		}
	})
	publishing.Wait()
	end()
	others.Wait()
	must(t, w.Follow(t.Context()))
	for i := range 3 {
		org := fmt.Sprintf("org%d", i)
		before := w.exposed(t, of("mia-of-"+org), false)
		kept, err := w.Record(t.Context(), of("mia-of-"+org), software(org, "other", "scan-x", "Server 6.4.1"))
		must(t, err)
		if kept.Opened != 12 || len(before) != 0 && len(before) != 12 {
			t.Errorf("%s is exposed to %d of 12, and another asset to %d", org, len(before), kept.Opened)
		}
	}
}
