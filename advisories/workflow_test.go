package advisories_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

func TestFromDraftToWithdrawal(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { fromDraftToWithdrawal(t, openDesk(t, chaos(seed))) })
	}
}

func fromDraftToWithdrawal(t *testing.T, d *desk) {
	ctx := t.Context()
	rec, err := d.Create(ctx, analyst("ann"), advisory("Fault in Example Server", tlp.Clear))
	must(t, err)
	if rec.ID != "" || rec.Version != 1 || rec.Work.State != advisories.Draft || !strings.HasPrefix(rec.UUID, "advisory--") {
		t.Fatalf("a draft is %+v", rec)
	}
	if _, err := d.Show(ctx, stranger(), rec.UUID, 0); advisories.CodeOf(err) != advisories.NotFound {
		t.Errorf("a stranger sees a draft: %v", err)
	}
	rec = d.release(t, rec)
	if rec.ID != "A26-11-01" || rec.State != advisories.Published || rec.Work != nil || rec.Tracking.URL != "https://hub.example/advisories/A26-11-01" {
		t.Fatalf("published: %+v", rec)
	}
	first, err := d.Show(ctx, stranger(), "a26-11-01", 0)
	must(t, err)
	if got := first.Tracking.Revisions; len(got) != 1 || got[0].Summary[i18n.Traditional] != "More is known." && got[0].Number != 1 {
		t.Errorf("history %+v", got)
	}

	next := rec.Text()
	next.Impact = texts("It is worse than thought.")
	rec, err = d.Edit(ctx, analyst("ann"), rec.ID, rec.Version, next)
	must(t, err)
	if shown, err := d.Show(ctx, stranger(), rec.ID, 0); err != nil || shown.Advisory.Impact[i18n.English] != "Somebody else runs the server." {
		t.Errorf("an edit shows before it is published: %+v %v", shown, err)
	}
	rec = d.release(t, rec)
	if rec.State != advisories.Revised || rec.Tracking.Number() != 2 || !rec.Tracking.Current.After(rec.Tracking.Initial) {
		t.Errorf("revised: %+v", rec.Tracking)
	}
	one, err := d.Document(ctx, stranger(), rec.ID, 1)
	must(t, err)
	if !strings.Contains(string(one.Bytes), "Somebody else runs the server.") || len(one.SHA256) != 64 || len(one.SHA512) != 128 || !one.Modified.Equal(first.Tracking.Current) {
		t.Errorf("the document of revision 1 is %+v", one)
	}

	rec, err = d.Withdraw(ctx, analyst("ann"), rec.ID, rec.Version, texts("It was a false alarm."))
	must(t, err)
	_, err = d.Approve(ctx, analyst("ann"), rec.ID, rec.Version)
	wantCode(t, err, advisories.Forbidden)
	rec = d.release(t, rec)
	last, err := d.Show(ctx, stranger(), rec.ID, 0)
	must(t, err)
	if last.Tracking.State != advisories.Withdrawn || last.Tracking.Number() != 3 || last.Tracking.Revisions[2].Summary[i18n.English] != "It was a false alarm." {
		t.Errorf("withdrawn: %+v", last.Tracking)
	}

	var actions []string
	for _, e := range d.log(t, rec.UUID) {
		actions = append(actions, strings.TrimPrefix(e.Action, "advisory."))
	}
	const want = "create submit approve publish edit submit approve publish withdraw approve withdraw"
	if got := strings.Join(actions, " "); got != want {
		t.Errorf("audited: %s\nwant:    %s", got, want)
	}
	for _, e := range d.log(t, rec.UUID) {
		if e.Action == "advisory.edit" && (!strings.Contains(e.Detail["diff"], "+ It is worse than thought.") || e.Detail["paths"] == "") {
			t.Errorf("an edit is audited without its diff: %v", e.Detail)
		}
	}
	// What is published beside the text is told, too, and why something was sent back.
	told := map[string]string{}
	for _, e := range d.log(t, rec.UUID) {
		told[e.Action] += e.Detail["summary"]
	}
	if !strings.Contains(told["advisory.submit"], "More is known.（简体）") || !strings.Contains(told["advisory.withdraw"], "It was a false alarm.") {
		t.Errorf("summaries %q", told)
	}
	events, err := d.Since(ctx, 0, 0)
	must(t, err)
	d.whole(t)
	if len(events) != 3 || events[0].Kind != advisories.EventPublished || events[1].Kind != advisories.EventRevised || events[2].Kind != advisories.EventWithdrawn {
		t.Errorf("events %+v", events)
	}
}

func TestNobodyApprovesWhatTheyWrote(t *testing.T) {
	d := openDesk(t, nil)
	ctx := t.Context()
	rec, err := d.Create(ctx, analyst("ann"), advisory("Fault", tlp.Clear))
	must(t, err)
	rec = d.approved(t, rec) // by ben
	// A change after the approval needs another, and not by whoever made it.
	a := rec.Text()
	a.Title = texts("Ben's title")
	rec, err = d.Edit(ctx, analyst("ben"), rec.UUID, rec.Version, a)
	must(t, err)
	if rec.Work.State != advisories.Draft || rec.Work.Approver != "" {
		t.Fatalf("an edit left %+v", rec.Work)
	}
	_, err = d.Publish(ctx, analyst("cat"), rec.UUID, rec.Version, time.Time{})
	wantCode(t, err, advisories.Conflict)
	rec, err = d.Submit(ctx, analyst("cat"), rec.UUID, rec.Version, advisories.Submission{})
	must(t, err)
	for _, who := range []string{"ann", "ben"} {
		_, err = d.Approve(ctx, analyst(who), rec.UUID, rec.Version)
		wantCode(t, err, advisories.Forbidden)
	}
	// Who only handed it in wrote nothing.
	rec, err = d.Approve(ctx, analyst("cat"), rec.UUID, rec.Version)
	must(t, err)
	rec, err = d.Publish(ctx, local(), rec.UUID, rec.Version, time.Time{})
	must(t, err)
	// The next revision has authors of its own.
	a = rec.Text()
	a.Title = texts("Cat's title")
	rec, err = d.Edit(ctx, analyst("cat"), rec.UUID, rec.Version, a)
	must(t, err)
	rec, err = d.Submit(ctx, analyst("ann"), rec.UUID, rec.Version, advisories.Submission{Summary: texts("A better title")})
	must(t, err)
	// But a summary is published, too: who wrote it is an author.
	_, err = d.Approve(ctx, analyst("ann"), rec.UUID, rec.Version)
	wantCode(t, err, advisories.Forbidden)
	_, err = d.Approve(ctx, analyst("ben"), rec.UUID, rec.Version)
	must(t, err)
}

// TestWhatNobodyWroteTakesTwoPeople: a source made the draft, or the local
// administrator did. Who hands that in is the first person, and another approves it.
func TestWhatNobodyWroteTakesTwoPeople(t *testing.T) {
	d := openDesk(t, nil)
	ctx := t.Context()
	machine := &advisories.Caller{Analyst: true, Entry: audit.Entry{Actor: audit.Actor{Kind: audit.System, ID: "source/bulletins"}}}
	for _, by := range []*advisories.Caller{machine, local()} {
		rec, err := d.Create(ctx, by, advisory("A bulletin", tlp.Clear))
		must(t, err)
		rec, err = d.Submit(ctx, analyst("ann"), rec.UUID, rec.Version, advisories.Submission{})
		must(t, err)
		_, err = d.Approve(ctx, analyst("ann"), rec.UUID, rec.Version)
		wantCode(t, err, advisories.Forbidden)
		_, err = d.Approve(ctx, analyst("ben"), rec.UUID, rec.Version)
		must(t, err)
	}
}

func TestFaultsKeepItFromReview(t *testing.T) {
	d := openDesk(t, nil)
	ctx := t.Context()
	bad := advisory("Fault", tlp.Amber)
	bad.Risk = "purple"
	rec, err := d.Create(ctx, analyst("ann"), bad)
	must(t, err) // a draft may be anything
	_, err = d.Submit(ctx, analyst("ann"), rec.UUID, rec.Version, advisories.Submission{})
	e, ok := errors.AsType[*advisories.Error](err)
	if !ok || e.Code != advisories.Invalid || len(e.Problems) < 2 {
		t.Fatalf("submit: %v", err)
	}
	paths := map[string]bool{}
	for _, p := range e.Problems {
		paths[p.Path] = true
	}
	if !paths["risk"] || !paths["organisations"] {
		t.Errorf("problems %+v", e.Problems)
	}
	_, err = d.Create(ctx, analyst("ann"), advisory("Fault", "purple"))
	wantCode(t, err, advisories.Invalid)
	_, err = d.Create(ctx, analyst("ann"), advisory("Fault", tlp.Amber, "nobody"))
	wantCode(t, err, advisories.Invalid)
	wide := advisory("Fault", tlp.Clear)
	for i := range 2000 {
		wide.Products = append(wide.Products, advisories.Product{ID: fmt.Sprint("p", i), Name: "Gate", Vendor: "Example", Versions: "1"})
	}
	for i := range 1000 {
		wide.Vulnerabilities = append(wide.Vulnerabilities, advisories.Vulnerability{CVE: fmt.Sprint("CVE-2026-", 10000+i)})
	}
	rec, err = d.Create(ctx, analyst("ann"), wide)
	must(t, err)
	_, err = d.Preview(ctx, analyst("ann"), rec.UUID)
	wantCode(t, err, advisories.Invalid)
	_, err = d.Submit(ctx, analyst("ann"), rec.UUID, rec.Version, advisories.Submission{})
	wantCode(t, err, advisories.Invalid)
	huge := advisory("Fault", tlp.Clear)
	huge.Description = texts(strings.Repeat("a", 1<<19))
	_, err = d.Create(ctx, analyst("ann"), huge)
	wantCode(t, err, advisories.TooLarge)

	// A revision says what is new.
	rec = d.published(t, advisory("Fault", tlp.Clear))
	a := rec.Text()
	a.Title = texts("New")
	rec, err = d.Edit(ctx, analyst("ann"), rec.UUID, rec.Version, a)
	must(t, err)
	for _, bad := range []advisories.Texts{nil, {i18n.Traditional: "只有中文"}, {"de": "Neu"}, texts("a\x07b"), texts(strings.Repeat("a", 5000))} {
		_, err = d.Submit(ctx, analyst("ann"), rec.UUID, rec.Version, advisories.Submission{Summary: bad})
		wantCode(t, err, advisories.Invalid)
		if e, ok := errors.AsType[*advisories.Error](err); !ok || len(e.Problems) == 0 || !strings.HasPrefix(e.Problems[0].Path, "summary") {
			t.Errorf("the summary %q: %+v", bad, err)
		}
	}
	// And its label stays.
	a.TLP = tlp.Green
	_, err = d.Edit(ctx, analyst("ann"), rec.UUID, rec.Version, a)
	wantCode(t, err, advisories.Invalid)
}

func TestTwoEditorsLoseNothing(t *testing.T) {
	d := openDesk(t, chaos(7))
	ctx := t.Context()
	rec, err := d.Create(ctx, analyst("ann"), advisory("Fault", tlp.Clear))
	must(t, err)
	anns, bens := rec.Text(), rec.Text()
	anns.Title, bens.Impact = texts("Ann's title"), texts("Ben's impact")
	after, err := d.Edit(ctx, analyst("ann"), rec.UUID, rec.Version, anns)
	must(t, err)
	_, err = d.Edit(ctx, analyst("ben"), rec.UUID, rec.Version, bens)
	e, ok := errors.AsType[*advisories.Error](err)
	if !ok || e.Code != advisories.Conflict {
		t.Fatalf("the second editor got %v", err)
	}
	if !strings.Contains(e.Yours, "Ben's impact") || strings.Contains(e.Yours, "Ann's title") || !strings.Contains(e.Theirs, "Ann's title") || strings.Contains(e.Theirs, "Ben's impact") {
		t.Errorf("the conflict shows\n%s\nand\n%s", e.Yours, e.Theirs)
	}
	if now, _ := d.Get(ctx, analyst("ben"), rec.UUID); now.Version != after.Version || now.Text().Title[i18n.English] != "Ann's title" {
		t.Errorf("it is now %+v", now)
	}
	// Sent again by a program that did not get the answer, it is no conflict.
	again, err := d.Edit(ctx, analyst("ann"), rec.UUID, rec.Version, anns)
	if err != nil || again.Version != after.Version {
		t.Errorf("the same text again: %d %v", again.Version, err)
	}
	// Any number of editors at once: each text is there or refused.
	const editors = 8
	done := make(chan error, editors)
	for i := range editors {
		go func() {
			a := after.Text()
			a.Tags = []string{"editor-" + string(rune('a'+i))}
			err := error(nil)
			for again := true; again; again = advisories.CodeOf(err) == advisories.Unavailable {
				_, err = d.Edit(ctx, analyst("ann"), rec.UUID, after.Version, a)
			}
			done <- err
		}()
	}
	won := 0
	for range editors {
		if err := <-done; err == nil {
			won++
		} else {
			wantCode(t, err, advisories.Conflict)
		}
	}
	if now, _ := d.Get(ctx, analyst("ann"), rec.UUID); won != 1 || now.Version != after.Version+1 {
		t.Errorf("%d editors saved, and the version went from %d to %d", won, after.Version, now.Version)
	}
}
