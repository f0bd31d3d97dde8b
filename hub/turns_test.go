package hub_test

import (
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
)

// TestTurns: one organisation has a quarter of the turns, and what it holds keeps
// none of the others waiting.
func TestTurns(t *testing.T) {
	turns := hub.NewTurns(8)
	of := func(id string) *hub.Caller { return &hub.Caller{Organisation: hub.Organisation{ID: id}} }
	take := func(id string) (done func()) {
		t.Helper()
		done, err := turns.Take(t.Context(), of(id), time.Minute)
		if err != nil {
			t.Fatalf("a turn of %s: %v", id, err)
		}
		return done
	}
	refused := func(id string) {
		t.Helper()
		if _, err := turns.Take(t.Context(), of(id), time.Nanosecond); hub.CodeOf(err) != hub.Unavailable {
			t.Errorf("a turn too many of %s: %v", id, err)
		}
	}
	first := take("a")
	take("a")
	refused("a")
	for _, id := range []string{"b", "b", "c", "c", "d", "d"} {
		take(id)
	}
	refused("e")
	first()
	take("e")
	refused("a") // all are taken, and none was lost by asking
}
