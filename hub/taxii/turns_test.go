package taxii_test

import (
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
			if resp, err := w.server.Client().Do(r); err == nil {
				_ = resp.Body.Close()
			}
		}()
		if _, err := slow.Write([]byte(`{"objects":[`)); err != nil { // its header is there
			t.Fatal(err)
		}
	}
	w.stored(w.beta, "inbox", indicators(1)...)
}
