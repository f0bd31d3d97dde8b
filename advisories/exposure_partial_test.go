package advisories_test

import (
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// TestWhatCouldNotBeReadIsNotMended: an inventory of which a part could not be read
// closes what it shows to be mended alone.
func TestWhatCouldNotBeReadIsNotMended(t *testing.T) {
	w := openWatch(t, nil)
	mia := of("mia-of-alpha")
	server := w.published(t, about("Server", "6.4.2", tlp.Clear))
	library := w.published(t, about("Library", "2", tlp.Clear))
	record := func(scan string, partial bool, versions ...string) advisories.Recorded {
		t.Helper()
		inv := software("alpha", "www", scan, versions...)
		inv.Partial = partial
		got, err := w.Record(t.Context(), mia, inv)
		must(t, err)
		return got
	}
	record("whole", false, "Server 6.4.1", "Library 1.2")
	if got := record("part", true, "Library 2"); got != (advisories.Recorded{Kept: 1, Resolved: 1}) {
		t.Errorf("a part of it: %+v", got)
	}
	open := "www Server 6.4.1 " + server.ID + " affected"
	mended := "www Library 1.2 " + library.ID + " affected scan part"
	same(t, "after a part", w.exposed(t, mia, true), mended, open)
	// A revision finds no more in what was read.
	next := server.Text()
	next.Risk = advisories.RiskExtreme
	server, err := w.Edit(t.Context(), analyst("ann"), server.ID, server.Version, next)
	must(t, err)
	w.release(t, server)
	must(t, w.Follow(t.Context()))
	same(t, "after a revision", w.exposed(t, mia, false), open)
	record("whole again", false, "Library 2")
	same(t, "after the whole", w.exposed(t, mia, false))
}
