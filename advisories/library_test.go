package advisories_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// imported is somebody else's publication.
func imported(id, version, title string, label tlp.Marking) advisories.Import {
	at := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	a := advisory(title, label)
	a.Vulnerabilities = []advisories.Vulnerability{{CVE: "CVE-2026-00001"}}
	return advisories.Import{
		Publication: advisories.Publication{
			Tracking:  advisories.Tracking{ID: id, Initial: at, Current: at, State: advisories.Published, Revisions: []advisories.Revision{{Number: 1, Date: at, Legacy: version}}},
			Publisher: advisories.Publisher{Name: "Example Ltd", Namespace: "https://vendor.example"}, Advisory: a,
		},
		Source:    advisories.Source{ID: "vendor", Kind: "csaf", URL: "https://vendor.example/" + id + ".json", Verified: "signature", Key: "AB"},
		MediaType: "application/json", Raw: []byte(id + version + title),
	}
}

func TestLibraryKeepsTheNewest(t *testing.T) {
	d := openDesk(t, chaos(13))
	ctx := t.Context()
	elsewhere := imported("EX-1", "1", "Of another publisher", tlp.Clear)
	elsewhere.Publication.Publisher.Namespace = "https://other.example"
	noID, noLabel, red := imported("", "1", "X", tlp.Clear), imported("EX-7", "1", "X", "purple"), imported("EX-8", "1", "X", tlp.Red)
	dated := func(day int, title string) advisories.Import {
		in := imported("OSV-1", "", title, tlp.Clear)
		in.Source.Kind = "osv"
		in.Publication.Tracking.Current = time.Date(2026, 10, day, 0, 0, 0, 0, time.UTC)
		return in
	}
	forged := imported("EX-2", "99", "Forged", tlp.Clear)
	forged.Source = advisories.Source{ID: "elsewhere", Kind: "csaf", Verified: "hash"}
	for i, step := range []struct {
		in    advisories.Import
		want  advisories.ImportOutcome
		shown string
	}{
		{imported("EX-1", "2", "Second", tlp.Clear), advisories.ImportAdded, "Second"},
		{imported("EX-1", "2", "Second", tlp.Clear), advisories.ImportDuplicate, "Second"},
		{imported("EX-1", "1", "First", tlp.Clear), advisories.ImportOlder, "Second"},
		{imported("EX-1", "2", "Something else", tlp.Clear), advisories.ImportConflict, "Second"},
		{imported("EX-1", "2", "Something else", tlp.Clear), advisories.ImportConflict, "Second"},
		{imported("ex-1", "10", "Tenth", tlp.Clear), advisories.ImportUpdated, "Tenth"},
		{imported("EX-1", "9", "Ninth", tlp.Clear), advisories.ImportOlder, "Tenth"},
		{imported("EX-2", "1.2.0", "A", tlp.Clear), advisories.ImportAdded, "A"},
		{imported("EX-2", "1.10.0", "B", tlp.Clear), advisories.ImportUpdated, "B"},
		{imported("EX-2", "1.10.0-rc1", "C", tlp.Clear), advisories.ImportOlder, "B"},
		{forged, advisories.ImportConflict, "B"},
		{dated(2, "A"), advisories.ImportAdded, "A"},
		{dated(1, "B"), advisories.ImportOlder, "A"},
		{dated(2, "C"), advisories.ImportConflict, "A"},
		{dated(3, "D"), advisories.ImportUpdated, "D"},
		{elsewhere, advisories.ImportAdded, "Of another publisher"},
		{noID, advisories.ImportRefused, ""},
		{noLabel, advisories.ImportRefused, ""},
		{red, advisories.ImportRefused, ""},
		{imported("EX-9", "1", "Amber", tlp.Amber), advisories.ImportAdded, "Amber"},
	} {
		got, err := d.PutLibrary(ctx, analyst("ann"), []advisories.Import{step.in})
		must(t, err)
		if got[0].Outcome != step.want || (got[0].Reason != "") != (step.want == advisories.ImportRefused) {
			t.Errorf("step %d: %+v, want %s", i, got[0], step.want)
		}
		if step.shown == "" {
			continue
		}
		e, err := d.LibraryShow(ctx, analyst("cat"), got[0].Ref)
		if err != nil || e.Publication.Advisory.Title[i18n.English] != step.shown {
			t.Errorf("step %d: the library has %q, %v", i, e.Publication.Advisory.Title, err)
		}
		if step.want == advisories.ImportConflict && (len(e.Conflicts) != 1 || e.Conflicts[0].Source.ID != step.in.Source.ID) {
			t.Errorf("step %d: conflicts %+v", i, e.Conflicts)
		}
	}
	raw, err := d.LibraryRaw(ctx, stranger(), "EX-2")
	if err != nil || string(raw.Bytes) != "EX-21.10.0B" || raw.MediaType != "application/json" {
		t.Errorf("raw: %+v %v", raw, err)
	}
	_, err = d.LibraryShow(ctx, stranger(), "EX-1")
	wantCode(t, err, advisories.Conflict) // two publishers have one
	// What is AMBER was sent to the operator.
	for _, c := range []*advisories.Caller{stranger(), member("alpha", "al")} {
		_, hidden := d.LibraryShow(ctx, c, "EX-9")
		_, none := d.LibraryShow(ctx, c, "EX-0")
		if advisories.CodeOf(hidden) != advisories.NotFound || strings.Replace(hidden.Error(), "EX-9", "EX-0", 1) != none.Error() {
			t.Errorf("%v, and %v", hidden, none)
		}
	}
	page, err := d.Library(ctx, stranger(), advisories.Filter{CVE: "CVE-2026-00001"})
	if err != nil || len(page.Items) != 4 {
		t.Errorf("the library has %d, %v", len(page.Items), err)
	}
	n := 0
	must(t, d.LibraryAll(ctx, func(advisories.Entry) error { n++; return nil }))
	if n != 5 {
		t.Errorf("all are %d", n)
	}
	_, err = d.PutLibrary(ctx, member("alpha", "al"), nil)
	wantCode(t, err, advisories.Forbidden)
}

// TestOursIsNotAnothers: an aggregator's copy of what this hub published does not
// come in beside it.
func TestOursIsNotAnothers(t *testing.T) {
	d := openDesk(t, chaos(17))
	rec := d.published(t, advisory("Ours", tlp.Clear))
	p, err := d.Show(t.Context(), stranger(), rec.ID, 0)
	must(t, err)
	other := p
	other.Publisher.Namespace = "https://other.example"
	for _, step := range []struct {
		p    advisories.Publication
		want advisories.ImportOutcome
	}{{p, advisories.ImportDuplicate}, {other, advisories.ImportAdded}} {
		got, err := d.PutLibrary(t.Context(), analyst("ann"), []advisories.Import{{Publication: step.p, Source: advisories.Source{ID: "aggregator", Kind: "csaf"}, Raw: []byte("{}")}})
		must(t, err)
		if got[0].Outcome != step.want {
			t.Errorf("of %s: %+v, want %s", step.p.Publisher.Namespace, got[0], step.want)
		}
	}
}

func TestDraftOfAnImport(t *testing.T) {
	d := openDesk(t, chaos(17))
	ctx := t.Context()
	in := imported("EX-1", "2", "Fault", tlp.Amber)
	in.Publication.Advisory.Organisations = []string{"nobody-here"}
	in.Publication.Advisory.Supersedes = []string{"EX-0"}
	in.Publication.Advisory.References = []advisories.Reference{{URL: in.Source.URL, Self: true}, {URL: "https://x.example"}}
	rec, err := d.ImportDraft(ctx, analyst("ann"), in.Publication, in.Source)
	must(t, err)
	a := rec.Text()
	if len(a.References) != 2 || a.References[0].URL != in.Source.URL || a.References[0].Self || a.References[0].Summary[i18n.English] != "Example Ltd EX-1" {
		t.Errorf("references %+v", a.References)
	}
	if a.TLP != tlp.Amber || len(a.Organisations)+len(a.Supersedes) > 0 || rec.Origin.ID != "EX-1" || rec.Origin.Version != "2" || rec.Origin.Source.Key != "AB" {
		t.Errorf("draft %+v of %+v", a, rec.Origin)
	}
	// Once is enough: by the publication, and by what it is about.
	for _, id := range []string{"EX-1", "EX-2"} {
		in.Publication.Tracking.ID = id
		_, err = d.ImportDraft(ctx, analyst("ben"), in.Publication, in.Source)
		wantCode(t, err, advisories.Conflict)
		if err == nil || !strings.Contains(err.Error(), rec.UUID) {
			t.Errorf("it does not say which: %v", err)
		}
	}
	in.Publication.Tracking.ID = "EX-3"
	in.Publication.Advisory.Vulnerabilities = append(in.Publication.Advisory.Vulnerabilities, advisories.Vulnerability{CVE: "CVE-2026-00002"})
	_, err = d.ImportDraft(ctx, analyst("ben"), in.Publication, in.Source)
	must(t, err)

	// The library says which of ours are about the same, as far as they are published
	// and may be read.
	_, err = d.PutLibrary(ctx, analyst("ann"), []advisories.Import{imported("EX-1", "2", "Fault", tlp.Clear)})
	must(t, err)
	ours := advisory("Ours", tlp.Green)
	ours.Vulnerabilities = []advisories.Vulnerability{{CVE: "CVE-2026-00001"}}
	ours.Products = []advisories.Product{{ID: "p", Vendor: "Example Ltd", Name: "Server"}}
	id := d.published(t, ours).ID
	for _, tt := range []struct {
		c    *advisories.Caller
		want int
	}{{stranger(), 0}, {member("alpha", "al"), 1}} {
		e, err := d.LibraryShow(ctx, tt.c, "ex-1")
		if err != nil || len(e.Ours) != tt.want || tt.want == 1 && e.Ours[0] != id {
			t.Errorf("ours: %v %v", e.Ours, err)
		}
	}
}

func TestOursPassOverNumbersOfTheLibrary(t *testing.T) {
	d := openDesk(t, nil)
	_, err := d.PutLibrary(t.Context(), analyst("ann"), []advisories.Import{imported("a26-11-01", "1", "Fault", tlp.Clear)})
	must(t, err)
	if rec := d.published(t, advisory("Ours", tlp.Clear)); rec.ID != "A26-11-02" {
		t.Errorf("ours is %s", rec.ID)
	}
}

func TestCatalogues(t *testing.T) {
	d := openDesk(t, chaos(19))
	ctx := t.Context()
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	fault := func(cve string) advisories.Vulnerability { return advisories.Vulnerability{CVE: cve} }
	a := advisory("Fault", tlp.Clear)
	a.Products = []advisories.Product{{ID: "p", Vendor: "Example Ltd", Name: "Server"}}
	a.Vulnerabilities = []advisories.Vulnerability{fault("CVE-2026-12345"), fault("CVE-2025-0007"), fault("CVE-2024-0001")}
	own := &advisories.Exploitation{Known: false}
	a.Vulnerabilities[1].Exploited = own
	rec := d.published(t, a)

	entry := func(cve string) advisories.KEVEntry {
		return advisories.KEVEntry{CVE: cve, Added: day, Due: day.AddDate(0, 0, 21), Ransomware: true}
	}
	must(t, d.PutKEV(ctx, analyst("ann"), []advisories.KEVEntry{entry("CVE-2026-12345"), entry("CVE-2025-0007"), entry("CVE-2020-0001")}))
	var rows []advisories.EPSSRow
	for _, cve := range []string{"CVE-2026-99999", "CVE-2026-12345", "CVE-2026-0001", "CVE-2025-0007"} {
		rows = append(rows, advisories.EPSSRow{CVE: cve, EPSS: advisories.EPSS{Score: 0.123456789, Percentile: 0.98765, Date: day}})
	}
	must(t, d.PutEPSS(ctx, analyst("ann"), rows))

	// What is published changes with a revision only.
	p, err := d.Show(ctx, stranger(), rec.ID, 0)
	must(t, err)
	if p.Advisory.Vulnerabilities[0].Exploited != nil {
		t.Error("a publication changed by itself")
	}
	rec, err = d.Edit(ctx, analyst("ann"), rec.ID, rec.Version, func() advisories.Advisory { a := rec.Text(); a.Risk = advisories.RiskExtreme; return a }())
	must(t, err)
	d.release(t, rec)
	p, err = d.Show(ctx, stranger(), rec.ID, 0)
	must(t, err)
	v := p.Advisory.Vulnerabilities
	if v[0].Exploited == nil || !v[0].Exploited.Ransomware || v[0].EPSS == nil || v[0].EPSS.Score != 0.123456789 || v[0].EPSS.Percentile != 0.98765 || !v[0].EPSS.Date.Equal(day) {
		t.Errorf("filled in: %+v %+v", v[0].Exploited, v[0].EPSS)
	}
	if v[1].Exploited.Known || v[1].EPSS == nil || v[2].Exploited != nil || v[2].EPSS != nil {
		t.Errorf("what the analyst says stays: %+v, and what nobody knows: %+v", v[1], v[2])
	}
	// A catalogue is replaced whole.
	must(t, d.PutKEV(ctx, analyst("ann"), []advisories.KEVEntry{entry("CVE-2020-0001")}))
	must(t, d.PutEPSS(ctx, analyst("ann"), rows[3:]))
	found, err := d.Exploited(ctx, []string{"cve-2026-12345", "CVE-2020-0001", "CVE-2025-0007", "x"})
	if err != nil || len(found) != 2 || found["CVE-2020-0001"].KEV == nil || found["CVE-2025-0007"].EPSS == nil {
		t.Errorf("known: %+v %v", found, err)
	}
	before := d.told(t)
	must(t, d.PutEPSS(ctx, analyst("ann"), rows[3:]))
	if d.told(t) != before {
		t.Error("the same catalogue again is audited")
	}
	wantCode(t, d.PutKEV(ctx, analyst("ann"), nil), advisories.Invalid)
	wantCode(t, d.PutEPSS(ctx, analyst("ann"), []advisories.EPSSRow{{CVE: "CVE-2026-1234", EPSS: advisories.EPSS{Score: 2}}}), advisories.Invalid)
	wantCode(t, d.PutKEV(ctx, member("alpha", "al"), nil), advisories.Forbidden)
}

// TestOneRecordOfManyVulnerabilities: whoever looks at an import of a hundred
// vulnerabilities does not have the record of ours that names them read a hundred
// times.
func TestOneRecordOfManyVulnerabilities(t *testing.T) {
	d := openDesk(t, nil)
	ctx := t.Context()
	a := advisory("Many faults", tlp.Clear)
	for i := range 100 {
		a.Vulnerabilities = append(a.Vulnerabilities, advisories.Vulnerability{CVE: fmt.Sprint("CVE-2026-", 10000+i), Title: texts("A fault"), About: texts("It is bad.")})
	}
	ours := d.published(t, a)
	cost := func(id string, vulnerabilities int) float64 {
		in := imported(id, "1", "Theirs", tlp.Clear)
		in.Publication.Advisory.Vulnerabilities = a.Vulnerabilities[:vulnerabilities]
		done, err := d.PutLibrary(ctx, analyst("ann"), []advisories.Import{in})
		must(t, err)
		e, err := d.LibraryShow(ctx, stranger(), done[0].Ref)
		must(t, err)
		if len(e.Ours) != 1 || e.Ours[0] != ours.ID {
			t.Fatalf("ours are %v", e.Ours)
		}
		return testing.AllocsPerRun(3, func() { _, _ = d.LibraryShow(ctx, stranger(), done[0].Ref) })
	}
	if one, all := cost("T-1", 1), cost("T-2", 100); all > 10*one {
		t.Errorf("one vulnerability takes %v allocations, and a hundred %v", one, all)
	}
}
