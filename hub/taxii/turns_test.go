package taxii_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/taxii"
)

// TestSlowSubmissions: whoever sends as many submissions as they like, a little of
// each now and then, takes no room from the other organisations.
func TestSlowSubmissions(t *testing.T) {
	w := newWorld(t, func(c *taxii.Config) { c.Turns, c.Stall = hub.NewTurns(4), 30*time.Second })
	for range 8 {
		fast, slow := io.Pipe()
		defer slow.Close()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL+in("closed", "objects/"), fast)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", mediaType)
		r.Header.Set("Authorization", "Bearer "+w.alpha)
		go func() {
			if resp, err := http.DefaultClient.Do(r); err == nil {
				_ = resp.Body.Close()
			}
		}()
		if _, err := slow.Write([]byte(`{"objects":[`)); err != nil { // its header is there
			t.Fatal(err)
		}
	}
	w.stored(w.beta, "inbox", indicators(1)...)
}

// slowPages is a hub in which strangers' pages take until done is closed.
type slowPages struct {
	taxii.Hub
	asked chan struct{}
	done  chan struct{}
}

func (h *slowPages) Page(ctx context.Context, c *hub.Caller, q hub.Query) (*hub.Page, error) {
	if !c.Member() {
		h.asked <- struct{}{}
		<-h.done
	}
	return h.Hub.Page(ctx, c, q)
}

// TestStrangersPages: strangers who ask for what is long to find keep no member
// waiting.
func TestStrangersPages(t *testing.T) {
	const strangers = 20
	slow := &slowPages{asked: make(chan struct{}, strangers), done: make(chan struct{})}
	w := newWorld(t, func(c *taxii.Config) { slow.Hub, c.Hub = c.Hub, slow })
	ended := make(chan struct{}, strangers)
	for range strangers {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+in("public", "objects/"), nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			defer func() { ended <- struct{}{} }()
			if resp, err := http.DefaultClient.Do(r); err == nil {
				_ = resp.Body.Close()
			}
		}()
	}
	<-slow.asked
	w.want(http.StatusOK, request{path: in("public", "objects/"), key: w.alpha})
	if n := len(slow.asked); n > 3 {
		t.Errorf("%d more pages of strangers at once", n)
	}
	close(slow.done)
	for range strangers {
		<-ended
	}
}
