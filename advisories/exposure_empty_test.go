package advisories_test

import (
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// TestAnEmptyInventoryMendsNothing: what lists nothing is an export that failed, or a
// scan that saw nothing.
func TestAnEmptyInventoryMendsNothing(t *testing.T) {
	w := openWatch(t, nil)
	mia := of("mia-of-alpha")
	id := w.published(t, about("Server", "6.4.2", tlp.Clear)).ID
	_, err := w.Record(t.Context(), mia, software("alpha", "www", "scan-1", "Server 6.4.1"))
	must(t, err)
	_, err = w.Record(t.Context(), mia, software("alpha", "www", "scan-2"))
	wantCode(t, err, advisories.Invalid)
	same(t, "still open", w.exposed(t, mia, true), "www Server 6.4.1 "+id+" affected")
}

// TestOneInventoryKeepsNobodyFromWarnings: where one that was missed cannot be
// matched, the others are followed all the same.
func TestOneInventoryKeepsNobodyFromWarnings(t *testing.T) {
	w := openWatch(t, nil)
	for _, org := range []string{"alpha", "beta"} {
		_, err := w.Record(t.Context(), of("mia-of-"+org), software(org, "www", "scan-1", "Server 6.4.1"))
		must(t, err)
	}
	w.shut["alpha"] = true
	id := w.published(t, about("Server", "6.4.2", tlp.Clear)).ID
	must(t, w.Follow(t.Context()))
	w.shut["alpha"] = false
	w.full = map[string]bool{"alpha": true}
	next := w.published(t, about("Server", "6.4.3", tlp.Clear)).ID
	must(t, w.Follow(t.Context()))
	same(t, "the other", w.exposed(t, of("mia-of-beta"), false), "www Server 6.4.1 "+id+" affected", "www Server 6.4.1 "+next+" affected")
	w.full = nil
	must(t, w.Follow(t.Context()))
	same(t, "itself, later", w.exposed(t, of("mia-of-alpha"), false), "www Server 6.4.1 "+id+" affected", "www Server 6.4.1 "+next+" affected")
}
