package advisories_test

import (
	"fmt"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// TestClosedExposuresAreBounded: an inventory whose components are called otherwise
// each time leaves no more behind than is kept of an asset, and what is open is known
// again.
func TestClosedExposuresAreBounded(t *testing.T) {
	w := openWatch(t, nil)
	mia := of("mia-of-alpha")
	w.published(t, about("Server", "6.4.2", tlp.Clear))
	const many = 4_000
	round := func(n int) advisories.Recorded {
		inv := software("alpha", "www", fmt.Sprint("scan-", n))
		for i := range many {
			inv.Components = append(inv.Components, advisories.Component{Name: "Server", Vendor: "Example", Version: "6.4.1", Distribution: fmt.Sprintf("none %d-%d", n, i)})
		}
		got, err := w.Record(t.Context(), mia, inv)
		must(t, err)
		return got
	}
	for n := range 6 {
		round(n)
	}
	if got := round(5); got != (advisories.Recorded{Kept: many}) {
		t.Errorf("the same again: %+v", got)
	}
	if all := w.count(t, mia); all > 15_000+many {
		t.Errorf("%d exposures are kept", all)
	}
}

// count is how many exposures are kept, open or not.
func (w *watch) count(t *testing.T, c *advisories.Caller) int {
	t.Helper()
	n := 0
	for cursor := ""; ; {
		page, err := w.Exposures.Exposures(t.Context(), c, advisories.ExposureFilter{All: true, Limit: 500, Cursor: cursor})
		must(t, err)
		n += len(page.Items)
		if cursor = page.Next; cursor == "" {
			return n
		}
	}
}

// TestTheLastAssetIsToldOf: an organisation with much that is known already is told of
// what is new, wherever it is.
func TestTheLastAssetIsToldOf(t *testing.T) {
	w := openWatch(t, nil)
	mia := of("mia-of-alpha")
	w.published(t, about("Server", "6.4.2", tlp.Clear))
	w.subscribe(t, mia, advisories.Subscription{Own: true})
	for n := range 6 {
		inv := software("alpha", fmt.Sprint("host-", n), "scan")
		for i := range 4_000 {
			inv.Components = append(inv.Components, advisories.Component{Name: "Server", Vendor: "Example", Version: "6.4.1", Distribution: fmt.Sprint("none ", i)})
		}
		_, err := w.Record(t.Context(), mia, inv)
		must(t, err)
	}
	w.round(t)
	w.sent(t)
	library := w.published(t, about("Library", "2", tlp.Clear))
	_, err := w.Record(t.Context(), mia, software("alpha", "the-last", "scan", "Library 1.2"))
	must(t, err)
	w.round(t)
	same(t, "told", w.messages(t), "mail mia-of-alpha@alpha.example: "+library.ID+" published revision 1, 1 concerned, named []")
}
