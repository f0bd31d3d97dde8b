package advisories_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// TestExposuresOpenAndClose: found, fixed and verified by a scan, and back again.
func TestExposuresOpenAndClose(t *testing.T) {
	w := openWatch(t, chaos(11))
	ctx := t.Context()
	mia := of("mia-of-alpha")
	id := w.published(t, about("Server", "6.4.2", tlp.Clear)).ID
	record := func(scan string, versions ...string) advisories.Recorded {
		t.Helper()
		got, err := w.Record(ctx, mia, software("alpha", "www", scan, versions...))
		must(t, err)
		return got
	}
	if got := record("scan-1", "Server 6.4.1", "Other 1.0"); got != (advisories.Recorded{Opened: 1}) {
		t.Errorf("the first scan: %+v", got)
	}
	same(t, "open", w.exposed(t, mia, false), "www Server 6.4.1 "+id+" affected")
	if got := record("scan-2", "Server 6.4.0"); got != (advisories.Recorded{Kept: 1}) {
		t.Errorf("still there: %+v", got)
	}
	same(t, "another version is the same exposure", w.exposed(t, mia, true), "www Server 6.4.0 "+id+" affected")
	n, err := w.Acknowledge(ctx, mia, strings.ToLower(id), "next Tuesday")
	must(t, err)
	if n != 1 {
		t.Errorf("%d acknowledged", n)
	}
	if got := record("scan-3", "Server 6.4.2"); got != (advisories.Recorded{Resolved: 1}) {
		t.Errorf("fixed: %+v", got)
	}
	same(t, "open", w.exposed(t, mia, false))
	same(t, "verified", w.exposed(t, mia, true), "www Server 6.4.0 "+id+" affected scan scan-3")
	if got := record("scan-4", "Other 1.0"); got != (advisories.Recorded{}) {
		t.Errorf("gone as before: %+v", got)
	}
	counts, err := w.Concerned(ctx, analyst("ann"), id)
	must(t, err)
	if len(counts) != 1 || counts[0].Organisation != "alpha" || counts[0].Fixed != 1 || counts[0].Acknowledged != 1 || counts[0].Affected != 0 {
		t.Errorf("analysts see %+v", counts)
	}
	if got := record("scan-5", "Server 6.4.1"); got.Opened != 1 {
		t.Errorf("back again: %+v", got)
	}
	counts, err = w.Concerned(ctx, analyst("ann"), id)
	must(t, err)
	if counts[0].Acknowledged != 0 || counts[0].Affected != 1 {
		t.Errorf("what is back is acknowledged anew: %+v", counts)
	}
	must(t, w.Forget(ctx, "alpha", "www"))
	same(t, "without the asset", w.exposed(t, mia, true))
}

// TestWhatIsPublishedFindsWhatIsThere: an advisory is matched with the inventories
// that are kept, and what becomes of it is followed.
func TestWhatIsPublishedFindsWhatIsThere(t *testing.T) {
	w := openWatch(t, chaos(12))
	ctx := t.Context()
	mia := of("mia-of-alpha")
	for _, org := range []string{"alpha", "beta"} {
		_, err := w.Record(ctx, of("mia-of-"+org), software(org, "www", "scan-1", "Server 6.4.1", "Library 1.2"))
		must(t, err)
	}
	rec := w.published(t, about("Server", "6.4.2", tlp.Clear))
	must(t, w.Follow(ctx))
	must(t, w.Follow(ctx))
	for _, org := range []string{"alpha", "beta"} {
		same(t, org, w.exposed(t, of("mia-of-"+org), false), "www Server 6.4.1 "+rec.ID+" affected")
	}
	// A revision says that an older one is affected alone.
	next := rec.Text()
	next.Products[0].Versions = "vers:generic/<6.0"
	rec, err := w.Edit(ctx, analyst("ann"), rec.ID, rec.Version, next)
	must(t, err)
	rec = w.release(t, rec)
	must(t, w.Follow(ctx))
	same(t, "after the revision", w.exposed(t, mia, true), "www Server 6.4.1 "+rec.ID+" affected revision "+rec.ID+" 2")

	other := w.published(t, about("Library", "2", tlp.Clear))
	must(t, w.Follow(ctx))
	same(t, "the second", w.exposed(t, mia, false), "www Library 1.2 "+other.ID+" affected")
	rec, err = w.Withdraw(ctx, analyst("ann"), other.ID, other.Version, texts("A false alarm."))
	must(t, err)
	w.release(t, rec)
	must(t, w.Follow(ctx))
	same(t, "after the withdrawal", w.exposed(t, mia, false))
	_, err = w.Record(ctx, mia, software("alpha", "www", "scan-2", "Server 6.4.1", "Library 1.2"))
	must(t, err)
	same(t, "withdrawn stays so", w.exposed(t, mia, false))
	_, err = w.Acknowledge(ctx, mia, other.ID, "")
	wantCode(t, err, advisories.Conflict)

	// What others published counts as well.
	p := advisories.Publication{Tracking: advisories.Tracking{ID: "VENDOR-1", Initial: w.clock.Now(), Current: w.clock.Now(), State: advisories.Published,
		Revisions: []advisories.Revision{{Number: 1, Date: w.clock.Now()}}}, Publisher: advisories.Publisher{Name: "V", Namespace: "https://vendor.example"},
		Advisory: about("Library", "3", tlp.Clear)}
	_, err = w.PutLibrary(ctx, local(), []advisories.Import{{Publication: p, Source: advisories.Source{ID: "v", Kind: "csaf"}}})
	must(t, err)
	must(t, w.Follow(ctx))
	same(t, "from the library", w.exposed(t, mia, false), "www Library 1.2 VENDOR-1 affected")
}

// TestExposuresKeepTheirReaders: nobody is exposed to what their organisation may not
// read, and nobody else learns of what it has.
func TestExposuresKeepTheirReaders(t *testing.T) {
	w := openWatch(t, nil)
	ctx := t.Context()
	orgs := []string{"alpha", "beta", "client", "gov"}
	for _, org := range orgs {
		_, err := w.Record(ctx, of("mia-of-"+org), software(org, "www", "scan-1", "Server 6.4.1"))
		must(t, err)
	}
	clear := w.published(t, about("Server", "6.4.2", tlp.Clear)).ID
	green := w.published(t, about("Server", "6.4.3", tlp.Green)).ID
	amber := w.published(t, about("Server", "6.4.4", tlp.Amber, "alpha")).ID
	strict := w.published(t, about("Server", "6.4.5", tlp.AmberStrict, "alpha")).ID
	red := w.published(t, about("Server", "6.4.6", tlp.Red, "mia-of-alpha@alpha.example", "ben@gov.example")).ID
	must(t, w.Follow(ctx))
	allowed := map[string][]string{"alpha": {clear, green, amber, strict}, "beta": {clear, green}, "client": {clear, green, amber}, "gov": {clear, green}}
	for _, org := range orgs {
		check := func(when string) {
			t.Helper()
			page, err := w.Exposures.Exposures(ctx, of("mia-of-"+org), advisories.ExposureFilter{})
			must(t, err)
			got := map[string]bool{}
			for _, e := range page.Items {
				got[e.TrackingID] = true
				if e.Organisation != org {
					t.Errorf("%s sees %s's", org, e.Organisation)
				}
			}
			if len(got) != len(allowed[org]) {
				t.Errorf("%s: %s is exposed to %v, want %v", when, org, got, allowed[org])
			}
			for _, id := range allowed[org] {
				if !got[id] {
					t.Errorf("%s: %s is not told of %s", when, org, id)
				}
			}
		}
		check("followed")
		_, err := w.Record(ctx, of("mia-of-"+org), software(org, "www", "scan-2", "Server 6.4.1"))
		must(t, err)
		check("recorded")
	}
	for _, id := range []string{amber, strict, red, "A00-00-00"} {
		_, err := w.Acknowledge(ctx, of("mia-of-beta"), id, "")
		wantCode(t, err, advisories.NotFound)
	}
	_, err := w.Acknowledge(ctx, of("mia-of-alpha"), red, "") // it may be read by her, and nothing is exposed
	wantCode(t, err, advisories.Conflict)

	// Roles.
	reader := of("rita-of-alpha")
	reader.Assets = false
	for name, c := range map[string]*advisories.Caller{"a reader": reader, "another organisation": of("mia-of-beta"), "an analyst": analyst("ann")} {
		_, err := w.Record(ctx, c, software("alpha", "www", "scan-3", "Server 9"))
		if advisories.CodeOf(err) != advisories.Forbidden {
			t.Errorf("%s records: %v", name, err)
		}
	}
	_, err = w.Record(ctx, stranger(), software("alpha", "www", "scan-3"))
	wantCode(t, err, advisories.Unauthenticated)
	_, err = w.Exposures.Exposures(ctx, reader, advisories.ExposureFilter{})
	wantCode(t, err, advisories.Forbidden)
	_, err = w.Exposures.Exposures(ctx, stranger(), advisories.ExposureFilter{})
	wantCode(t, err, advisories.Unauthenticated)
	_, err = w.Acknowledge(ctx, reader, clear, "")
	wantCode(t, err, advisories.Forbidden)
	_, err = w.Concerned(ctx, of("mia-of-alpha"), clear)
	wantCode(t, err, advisories.Forbidden)
	_, err = w.Concerned(ctx, analyst("cy"), red)
	wantCode(t, err, advisories.NotFound)
	counts, err := w.Concerned(ctx, analyst("ann"), amber)
	must(t, err)
	if len(counts) != 2 {
		t.Errorf("concerned by %s: %+v", amber, counts)
	}
}

// TestShutOutAndBack: what was published while an organisation was shut out finds it
// when it is admitted again.
func TestShutOutAndBack(t *testing.T) {
	w := openWatch(t, nil)
	ctx := t.Context()
	mia := of("mia-of-alpha")
	_, err := w.Record(ctx, mia, software("alpha", "www", "scan-1", "Server 6.4.1"))
	must(t, err)
	w.shut["alpha"] = true
	id := w.published(t, about("Server", "6.4.2", tlp.Clear)).ID
	must(t, w.Follow(ctx))
	same(t, "shut out", w.exposed(t, mia, true))
	must(t, w.Follow(ctx))
	w.shut["alpha"] = false
	must(t, w.Follow(ctx))
	same(t, "back", w.exposed(t, mia, true), "www Server 6.4.1 "+id+" affected")
}

// TestAnInventoryIsBounded, and a hostile one harms nobody.
func TestAnInventoryIsBounded(t *testing.T) {
	w := openWatch(t, nil)
	big := software("alpha", "www", "scan-1")
	big.Components = make([]advisories.Component, 50_001)
	_, err := w.Record(t.Context(), of("mia-of-alpha"), big)
	wantCode(t, err, advisories.TooLarge)
	long := software("alpha", "www", "scan-1")
	for range 2000 {
		long.Components = append(long.Components, advisories.Component{Name: strings.Repeat("x", 10_000)})
	}
	_, err = w.Record(t.Context(), of("mia-of-alpha"), long)
	wantCode(t, err, advisories.TooLarge)
	odd := software("alpha", "www\x00beta", strings.Repeat("\u202e", 1000), "Server 1")
	_, err = w.Record(t.Context(), of("mia-of-alpha"), odd)
	must(t, err)
	_, err = w.Exposures.Exposures(t.Context(), of("mia-of-alpha"), advisories.ExposureFilter{Cursor: "%%%"})
	wantCode(t, err, advisories.Invalid)
}

// TestManyAssets: pages and batches lose nobody.
func TestManyAssets(t *testing.T) {
	w := openWatch(t, nil)
	const n = 230
	for i := range n {
		_, err := w.Record(t.Context(), of("mia-of-alpha"), software("alpha", fmt.Sprintf("host-%03d", i), "scan-1", "Server 6.4.1"))
		must(t, err)
	}
	w.published(t, about("Server", "6.4.2", tlp.Clear))
	w.published(t, about("Server", "6.4.3", tlp.Clear))
	must(t, w.Follow(t.Context()))
	if got := len(w.exposed(t, of("mia-of-alpha"), false)); got != 2*n {
		t.Errorf("%d exposures, want %d", got, 2*n)
	}
}
