package advisories_test

import (
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

// TestAWaitingMessageNamesNoAssetsToAReader: what waits and tells of assets is not sent
// to whoever may not see them any more, whatever they subscribed.
func TestAWaitingMessageNamesNoAssetsToAReader(t *testing.T) {
	for _, every := range []advisories.Every{advisories.AtOnce, advisories.Daily} {
		w := openWatch(t, nil)
		mia := of("mia-of-alpha")
		w.subscribe(t, mia, advisories.Subscription{Every: every})
		_, err := w.Record(t.Context(), mia, software("alpha", "www", "scan-1", "Server 6.4.1"))
		must(t, err)
		w.published(t, about("Server", "6.4.2", tlp.Clear))
		must(t, w.Follow(t.Context()))
		w.clock.pass(24 * time.Hour)
		must(t, w.Tell(t.Context()))
		list, err := (&notify.Outbox{Store: w.store}).List(t.Context())
		must(t, err)
		if len(list) != 1 {
			t.Fatalf("%s: %d messages", every, len(list))
		}
		for _, reader := range []bool{false, true} {
			w.readers["mia-of-alpha"] = reader
			may, err := w.MaySend(t.Context(), list[0].Message)
			must(t, err)
			if may == reader {
				t.Errorf("%s: a reader %v: may be sent: %v", every, reader, may)
			}
		}
	}
}
