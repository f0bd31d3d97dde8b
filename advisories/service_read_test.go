package advisories_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// TestReadersGetWhatIsForThem asks every way of reading for every label, by every
// kind of reader. What one may not read is answered as what is not there.
func TestReadersGetWhatIsForThem(t *testing.T) {
	d := openDesk(t, nil)
	ctx := t.Context()
	readers := map[string]*advisories.Caller{
		"stranger": stranger(), "local": local(), "analyst": analyst("cat"), "author": analyst("ann"),
		"alpha": member("alpha", "al"), "client of alpha": member("beta", "be", "alpha"), "gamma": member("gamma", "ga"),
		"key of alpha": {Reader: tlp.Reader{Member: true, Organisation: "alpha"}, Entry: by("key")},
	}
	for _, tt := range []struct {
		label   tlp.Marking
		names   []string
		readers string
	}{
		{tlp.Clear, nil, "stranger,local,analyst,author,alpha,client of alpha,gamma,key of alpha"},
		{tlp.Green, nil, "local,analyst,author,alpha,client of alpha,gamma,key of alpha"},
		{tlp.Amber, []string{"alpha"}, "local,analyst,author,alpha,client of alpha,key of alpha"},
		{tlp.AmberStrict, []string{"alpha"}, "local,analyst,author,alpha,key of alpha"},
		{tlp.Red, []string{"al@alpha.example", "ben@gov.example"}, "author,alpha"},
	} {
		rec := d.published(t, advisory("Label "+string(tt.label), tt.label, tt.names...))
		next := rec.Text()
		next.Title = texts("In the making")
		rec, err := d.Edit(ctx, analyst("ann"), rec.ID, rec.Version, next)
		must(t, err)
		for name, c := range readers {
			may := false
			for _, r := range strings.Split(tt.readers, ",") {
				may = may || r == name
			}
			t.Run(string(tt.label)+"/"+name, func(t *testing.T) {
				absent := func(err error) {
					t.Helper()
					if may != (err == nil) {
						t.Errorf("error %v, may read: %v", err, may)
					}
					if err == nil {
						return
					}
					_, none := d.Show(ctx, c, "A26-11-99", 0)
					if advisories.CodeOf(err) != advisories.NotFound || strings.Replace(err.Error(), rec.ID, "A26-11-99", 1) != none.Error() {
						t.Errorf("hidden is %q, and absent %q", err, none)
					}
				}
				p, err := d.Show(ctx, c, rec.ID, 0)
				absent(err)
				if may && p.Advisory.Title[i18n.English] != "Label "+string(tt.label) {
					t.Errorf("shown: %q", p.Advisory.Title)
				}
				if !c.Analyst && len(p.Advisory.Organisations)+len(p.Advisory.People)+len(p.Audience.Organisations)+len(p.Audience.People) > 0 {
					t.Errorf("a reader is told who else reads it: %+v", p.Audience)
				}
				_, err = d.Document(ctx, c, rec.ID, 1)
				absent(err)
				_, err = d.History(ctx, c, rec.ID)
				absent(err)
				for _, f := range []advisories.Filter{{}, {TLP: tt.label}, {Text: "label " + string(tt.label)}} {
					page, err := d.List(ctx, c, f)
					must(t, err)
					listed := false
					for _, p := range page.Items {
						listed = listed || p.Tracking.ID == rec.ID
					}
					if listed != may || page.Next != "" {
						t.Errorf("listed by %+v: %v, may read: %v", f, listed, may)
					}
				}
				// What is in the making is for analysts, and RED for those of them who are in it.
				_, err = d.Get(ctx, c, rec.ID)
				switch {
				case !c.Reader.Member:
					wantCode(t, err, advisories.Unauthenticated)
				case !c.Analyst:
					wantCode(t, err, advisories.Forbidden)
				case may:
					must(t, err)
				default:
					absent(err)
					_, err := d.Edit(ctx, c, rec.ID, rec.Version, advisory("X", tlp.Red, "x"))
					absent(err)
					page, err := d.Records(ctx, c, advisories.Filter{TLP: tt.label})
					if err != nil || len(page.Items) > 0 {
						t.Errorf("records: %v %v", page.Items, err)
					}
				}
			})
		}
	}
	// Nobody without a name writes what is RED.
	_, err := d.Create(ctx, local(), advisory("Fault", tlp.Red, "al@alpha.example"))
	wantCode(t, err, advisories.Forbidden)
}

// TestANameThatIsSomebodyElsesByNow: what was approved for one reader is not published
// for another who has the address, or the handle, meanwhile.
func TestANameThatIsSomebodyElsesByNow(t *testing.T) {
	ctx := t.Context()
	for label, name := range map[tlp.Marking]string{tlp.Red: "al@alpha.example", tlp.Amber: "alpha"} {
		for _, due := range []bool{false, true} {
			d := openDesk(t, nil)
			names := []string{name}
			if label == tlp.Red {
				names = append(names, "ben@gov.example")
			}
			rec, err := d.Create(ctx, analyst("ann"), advisory("Fault", label, names...))
			must(t, err)
			rec = d.approved(t, rec)
			if due {
				rec, err = d.Publish(ctx, analyst("ann"), rec.UUID, rec.Version, d.clock.Now().Add(time.Hour))
				must(t, err)
				d.clock.pass(2 * time.Hour)
			}
			d.moved = map[string]string{name: "gamma"}
			if due {
				if err := d.Housekeep(ctx); err == nil {
					t.Error("it was published")
				}
				rec, err = d.Get(ctx, analyst("ann"), rec.UUID)
				must(t, err)
				if rec.Work == nil || rec.Work.Trouble == "" {
					t.Fatalf("%s: what was due is %+v", label, rec.Work)
				}
			} else {
				_, err = d.Publish(ctx, analyst("ann"), rec.UUID, rec.Version, time.Time{})
				wantCode(t, err, advisories.Invalid)
			}
			// Saved again, it is for whom it names now, and goes through review anew.
			rec, err = d.Edit(ctx, analyst("ann"), rec.UUID, rec.Version, rec.Text())
			must(t, err)
			if rec.Work.State != advisories.Draft {
				t.Errorf("saved again, it is %s", rec.Work.State)
			}
			d.release(t, rec)
		}
	}
}

func TestAuditTellsNoTextOfWhatIsNotForAll(t *testing.T) {
	d := openDesk(t, nil)
	a := advisory("Secret words", tlp.Amber, "alpha")
	a.Indicators = []advisories.Indicator{{Pattern: "[domain-name:value = 'secret.example']", Types: []string{"malicious-activity"}}}
	a.References[0].URL = "https://secret.example/1"
	rec := d.published(t, a)
	rec, err := d.Withdraw(t.Context(), analyst("ann"), rec.UUID, rec.Version, texts("The secret is out."))
	must(t, err)
	_, err = d.Reject(t.Context(), analyst("ben"), rec.UUID, rec.Version, "It is a secret still.")
	must(t, err)
	if paths := d.log(t, rec.UUID)[0].Detail["paths"]; !strings.Contains(paths, "indicators") {
		t.Errorf("paths %q", paths)
	}
	for _, e := range d.log(t, rec.UUID) {
		for name, text := range e.Detail {
			if strings.Contains(strings.ToLower(text), "secret") || name == "diff" {
				t.Errorf("%s tells %s: %s", e.Action, name, text)
			}
		}
	}
}

func TestOneTakesThePlaceOfAnother(t *testing.T) {
	d := openDesk(t, chaos(11))
	ctx := t.Context()
	old := d.published(t, advisory("Old", tlp.Clear))
	wide := advisory("New for all", tlp.Clear)
	wide.Supersedes = []string{old.ID}
	next := d.published(t, wide)
	p, err := d.Show(ctx, stranger(), old.ID, 0)
	must(t, err)
	if p.Tracking.State != advisories.Superseded || p.Tracking.SupersededBy != next.ID || p.Tracking.Number() != 2 || p.Advisory.Title[i18n.English] != "Old" {
		t.Errorf("the old one is %+v", p.Tracking)
	}
	if p, _ := d.Show(ctx, stranger(), next.ID, 0); len(p.Advisory.Supersedes) != 1 {
		t.Errorf("the new one supersedes %v", p.Advisory.Supersedes)
	}
	entries := d.log(t, old.UUID)
	if last := entries[len(entries)-1]; last.Action != "advisory.supersede" || last.Detail["by"] != next.ID {
		t.Errorf("audited: %+v", last)
	}

	// What not all readers of the one may read is not named to them.
	open := d.published(t, advisory("For all", tlp.Clear))
	narrow := advisory("For some", tlp.Amber, "alpha")
	narrow.Supersedes = []string{open.ID}
	hidden := d.published(t, narrow)
	p, err = d.Show(ctx, stranger(), open.ID, 0)
	must(t, err)
	if text := p.Tracking.Revisions[1].Summary[i18n.English]; p.Tracking.State != advisories.Superseded || p.Tracking.SupersededBy != "" || strings.Contains(text, hidden.ID) {
		t.Errorf("a stranger is told of %q: %q", p.Tracking.SupersededBy, text)
	}
	if p, _ := d.Show(ctx, member("alpha", "al"), hidden.ID, 0); len(p.Advisory.Supersedes) != 1 {
		t.Errorf("the readers of both are not told: %v", p.Advisory.Supersedes)
	}
	// One that the author may not read is not there.
	red := advisory("Red", tlp.Red, "ben@gov.example")
	secret := d.published(t, red)
	for _, name := range []string{secret.ID, "A26-11-R99"} {
		a := advisory("Fault", tlp.Clear)
		a.Supersedes = []string{name}
		_, err = d.Create(ctx, analyst("cat"), a)
		wantCode(t, err, advisories.Invalid)
		if err == nil || !strings.Contains(err.Error(), `there is no other published advisory "`+name+`"`) {
			t.Errorf("%v", err)
		}
	}
	// By itself, on request, with a second person.
	third := d.published(t, advisory("Third", tlp.Clear))
	rec, err := d.Supersede(ctx, analyst("ann"), third.ID, third.Version, strings.ToLower(next.ID), texts("See there"))
	must(t, err)
	rec = d.release(t, rec)
	if rec.State != advisories.Superseded || rec.Tracking.SupersededBy != next.ID {
		t.Errorf("superseded on request: %+v", rec.Tracking)
	}
	d.whole(t)
}

func TestEmbargoAndSchedule(t *testing.T) {
	d := openDesk(t, nil)
	ctx := t.Context()
	due := d.clock.Now().Add(2 * time.Hour)
	a := advisory("Fault", tlp.Clear)
	a.Embargo = due
	rec, err := d.Create(ctx, analyst("ann"), a)
	must(t, err)
	rec = d.approved(t, rec)
	for _, at := range []time.Time{{}, due.Add(-time.Second)} {
		_, err = d.Publish(ctx, analyst("ann"), rec.UUID, rec.Version, at)
		wantCode(t, err, advisories.Invalid)
	}
	rec, err = d.Publish(ctx, analyst("ann"), rec.UUID, rec.Version, due)
	must(t, err)
	if rec.Work.PublishAt.IsZero() || rec.ID != "" {
		t.Fatalf("scheduled: %+v", rec.Work)
	}
	// Another cannot be published when it is due, and keeps nothing back.
	bad, err := d.Create(ctx, analyst("ann"), advisory("Bad", tlp.Amber, "alpha"))
	must(t, err)
	bad = d.approved(t, bad)
	bad, err = d.Publish(ctx, analyst("ann"), bad.UUID, bad.Version, d.clock.Now().Add(time.Hour))
	must(t, err)

	d.clock.pass(time.Hour)
	must(t, d.restarted(t).Housekeep(ctx)) // bad is due, and nothing is wrong with it yet
	if bad, err = d.Get(ctx, analyst("ann"), bad.UUID); err != nil || bad.ID == "" {
		t.Errorf("what was due is %+v, %v", bad, err)
	}
	if rec, _ = d.Get(ctx, analyst("ann"), rec.UUID); rec.ID != "" {
		t.Error("published before it was due")
	}
	d.clock.pass(24 * time.Hour) // nobody was there when it was due
	d.fails = &advisories.Error{Code: advisories.Conflict, Message: "the collection is full"}
	for range 2 {
		if err := d.Housekeep(ctx); err == nil {
			t.Error("a publication that failed is not told of")
		}
	}
	if rec, _ = d.Get(ctx, analyst("ann"), rec.UUID); rec.ID != "" || rec.Work.Trouble != "the collection is full" {
		t.Errorf("in trouble: %+v", rec.Work)
	}
	d.fails = nil
	must(t, d.Housekeep(ctx))
	must(t, d.Housekeep(ctx))
	if rec, _ = d.Get(ctx, analyst("ann"), rec.UUID); rec.ID != "A26-11-01" || rec.Tracking.Initial.Before(due) || rec.Tracking.Number() != 1 {
		t.Errorf("then: %+v", rec.Tracking)
	}
	entries := d.log(t, rec.UUID)
	if last := entries[len(entries)-1]; last.Actor.Kind != "system" || last.Detail["scheduled_by"] != "ann" || last.Detail["approver"] != "ben" {
		t.Errorf("audited: %+v", last)
	}

	// An edit takes it from the schedule, and so does Unschedule.
	other, err := d.Create(ctx, analyst("ann"), advisory("Other", tlp.Clear))
	must(t, err)
	other = d.approved(t, other)
	other, err = d.Publish(ctx, analyst("ann"), other.UUID, other.Version, d.clock.Now().Add(time.Hour))
	must(t, err)
	changed := other.Text()
	changed.Title = texts("Changed")
	_, err = d.Edit(ctx, analyst("ann"), other.UUID, other.Version, changed)
	must(t, err)
	d.clock.pass(2 * time.Hour)
	must(t, d.Housekeep(ctx))
	if other, _ = d.Get(ctx, analyst("ann"), other.UUID); other.ID != "" || !other.Work.PublishAt.IsZero() {
		t.Errorf("an edited one was published: %+v", other)
	}
}

// restarted is the Service after a restart.
func (d *desk) restarted(t testing.TB) *advisories.Service {
	d.reopen(t)
	return d.Service
}

func TestWaitingForEvents(t *testing.T) {
	d := openDesk(t, nil)
	woken := make(chan error, 1)
	go func() { woken <- d.Wait(context.Background(), 0) }()
	d.published(t, advisory("Fault", tlp.Clear))
	must(t, <-woken)
	must(t, d.Wait(t.Context(), 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Wait(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: %v", err)
	}
	go func() { woken <- d.Wait(context.Background(), 1) }()
	d.EndWaits()
	if err := <-woken; !errors.Is(err, context.Canceled) {
		t.Errorf("the end of waiting: %v", err)
	}
}
