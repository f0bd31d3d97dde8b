package hub_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
)

// feed reads all changes behind a cursor, limit a page: kind and last digits.
func (f *fixture) feed(t testing.TB, who, cursor, collection string, limit int) (told, next string) {
	t.Helper()
	var all []string
	for range 100 {
		page, err := f.hub.Changes(t.Context(), f.as(t, who), cursor, collection, limit)
		must(t, err)
		for _, c := range page.Changes {
			all = append(all, fmt.Sprintf("%s %s%s", c.Kind, strings.TrimLeft(c.ID[len(c.ID)-12:], "0"), strings.TrimSuffix(c.Version[len(c.Version)-2:], "Z")))
			if (c.Object != nil) != (c.Kind == hub.ChangeAdded) || c.Time.IsZero() || c.Collection == "" {
				t.Errorf("%+v", c)
			}
		}
		if cursor = page.Next; !page.More {
			return strings.Join(all, ", "), cursor
		}
		if len(page.Changes) == 0 {
			t.Fatal("an empty page, and more")
		}
	}
	t.Fatal("a feed without an end")
	return "", ""
}

func TestChanges(t *testing.T) {
	f := newFixture(t, func(s store.Store) store.Store { return storetest.NewChaos(s, 11) })
	ctx := t.Context()
	f.submit(t, "alpha", "indicators", stixText("indicator", 1, 0), stixText("indicator", 2, 0))
	_, now := f.feed(t, "beta", hub.CursorNow, "", 0)
	f.submit(t, "alpha", "drop", stixText("indicator", 3, 0))
	_, err := f.hub.Submit(ctx, f.as(t, "alpha"), hub.Submission{
		Root: hub.Community, Collection: "indicators", Organisations: []string{f.org["alpha"].ID}, Body: envelope(stixText("indicator", 4, 0, marked(tlp.AmberStrictID))),
	})
	must(t, err)
	f.submit(t, "alpha", "indicators", stixText("indicator", 1, 5))
	must(t, f.hub.Delete(ctx, f.as(t, "alpha"), hub.Community, "indicators", testID("indicator", 2), hub.VersionMatch{All: true}))
	must(t, f.hub.Delete(ctx, f.as(t, "alpha"), hub.Community, "indicators", testID("indicator", 4), hub.VersionMatch{All: true}))
	tests := []struct{ who, cursor, collection, want string }{
		{"alpha", "", "", "added 10, added 30, added 15, deleted 20, deleted 40"},
		{"beta", "", "", "added 10, added 15, deleted 20"},
		{"beta", now, "", "added 15, deleted 20"},
		{"gamma", now, f.col["drop"].ID, "added 30"},
		{"", "", "", ""},
	}
	for _, tt := range tests {
		for _, limit := range []int{0, 1, 2} {
			if got, _ := f.feed(t, tt.who, tt.cursor, tt.collection, limit); got != tt.want {
				t.Errorf("%s, %d a page: %s, want %s", tt.who, limit, got, tt.want)
			}
		}
	}
	// A new Service reads the cursors of the one before.
	f.hub = f.reopen(t)
	if got, _ := f.feed(t, "beta", now, "", 0); got != "added 15, deleted 20" {
		t.Error(got)
	}
	for _, bad := range []string{"x", "AAAA", now[:len(now)-2], now + "AA", strings.Repeat("A", 600)} {
		_, err := f.hub.Changes(ctx, f.as(t, "beta"), bad, "", 0)
		wantCode(t, err, hub.Invalid)
		wantCode(t, f.hub.Wait(ctx, bad), hub.Invalid)
	}
	_, err = f.hub.Changes(ctx, f.as(t, "beta"), "", f.col["drop"].ID+"x", 0)
	wantCode(t, err, hub.NotFound)
	_, err = f.hub.Changes(ctx, f.as(t, "beta"), "", "", 1001)
	wantCode(t, err, hub.Invalid)
}

func TestWait(t *testing.T) {
	f := newFixture(t, nil)
	_, cursor := f.feed(t, "beta", "", "", 0)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.hub.Wait(ended, cursor); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	woken := make(chan error, 2)
	for _, c := range []string{cursor, cursor} {
		go func() { woken <- f.hub.Wait(t.Context(), c) }()
	}
	f.submit(t, "alpha", "indicators", stixText("indicator", 1, 0))
	for range 2 {
		must(t, <-woken)
	}
	must(t, f.hub.Wait(t.Context(), cursor))
}

func TestSubscriptions(t *testing.T) {
	f := newFixture(t, func(s store.Store) store.Store { return storetest.NewChaos(s, 5) })
	ctx, beta := t.Context(), f.as(t, "beta")
	f.submit(t, "alpha", "indicators", stixText("indicator", 1, 0))
	_, err := f.hub.Subscribe(ctx, beta, "siem", "", true)
	must(t, err)
	_, err = f.hub.Subscribe(ctx, beta, "mail", f.col["indicators"].ID, false)
	must(t, err)
	f.submit(t, "alpha", "indicators", stixText("indicator", 2, 0))
	count := func(name string) int {
		page, err := f.hub.ChangesFor(ctx, beta, name, 0)
		must(t, err)
		return len(page.Changes)
	}
	for range 2 { // the same until it is acknowledged
		if count("siem") != 2 || count("mail") != 1 {
			t.Errorf("%d, %d", count("siem"), count("mail"))
		}
	}
	page, err := f.hub.ChangesFor(ctx, beta, "siem", 1)
	must(t, err)
	must(t, f.hub.Acknowledge(ctx, beta, "siem", page.Next))
	if count("siem") != 1 {
		t.Error(count("siem"))
	}
	all, err := f.hub.Subscriptions(ctx, beta)
	if must(t, err); len(all) != 2 || all[0].Name != "mail" || all[1].Acknowledged.IsZero() {
		t.Errorf("%+v", all)
	}
	if others, err := f.hub.Subscriptions(ctx, f.as(t, "beta-member")); err != nil || len(others) != 0 {
		t.Errorf("a person has those of the organisation's keys: %+v %v", others, err)
	}
	tests := []struct {
		name string
		code hub.Code
		err  error
	}{
		{"taken", hub.Conflict, first(f.hub.Subscribe(ctx, beta, "siem", "", true))},
		{"no name", hub.Invalid, first(f.hub.Subscribe(ctx, beta, "", "", true))},
		{"a name with a slash", hub.Invalid, first(f.hub.Subscribe(ctx, beta, "a/b", "", true))},
		{"a hidden collection", hub.NotFound, first(f.hub.Subscribe(ctx, beta, "x", f.col["cases"].ID, true))},
		{"a stranger", hub.Unauthenticated, first(f.hub.Subscribe(ctx, f.as(t, ""), "x", "", true))},
		{"no such", hub.NotFound, f.hub.Acknowledge(ctx, beta, "other", page.Next)},
		{"no cursor", hub.Invalid, f.hub.Acknowledge(ctx, beta, "siem", "x")},
		{"somebody else's", hub.NotFound, f.hub.Unsubscribe(ctx, f.as(t, "gamma"), "siem")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantCode(t, tt.err, tt.code) })
	}
	must(t, f.hub.Unsubscribe(ctx, beta, "siem"))
	wantCode(t, f.hub.Unsubscribe(ctx, beta, "siem"), hub.NotFound)
}

func TestRetention(t *testing.T) {
	f := newFixture(t, func(s store.Store) store.Store { return storetest.NewChaos(s, 21) })
	ctx, days := t.Context(), 30
	_, err := f.hub.UpdateCollection(ctx, f.as(t, "gov-admin"), hub.Community, "indicators", hub.CollectionPatch{Retention: &days})
	must(t, err)
	old := make([]string, 1100) // more than two transactions
	for i := range old {
		old[i] = stixText("malware", 1000+i, 0)
	}
	status := f.submit(t, "alpha", "indicators", old...)
	f.submit(t, "alpha", "drop", stixText("malware", 1, 0))
	f.clock.pass(10 * 24 * time.Hour)
	f.submit(t, "alpha", "indicators", stixText("malware", 2, 0))
	_, cursor := f.feed(t, "beta", "", "", 1000)
	must(t, f.hub.Housekeep(ctx))
	_, err = f.hub.Status(ctx, f.as(t, "alpha"), status.ID)
	wantCode(t, err, hub.NotFound)
	if got, _ := f.feed(t, "beta", cursor, "", 1000); got != "" {
		t.Errorf("too early: %s", got)
	}
	f.clock.pass(21 * 24 * time.Hour)
	must(t, f.hub.Housekeep(ctx))
	f.wantTexts(t, "alpha", "indicators", hub.Query{Root: hub.Community, Collection: "indicators"}, stixText("malware", 2, 0))
	f.wantTexts(t, "alpha", "drop", hub.Query{Root: hub.Community, Collection: "drop"}, stixText("malware", 1, 0))
	got, after := f.feed(t, "beta", cursor, "", 1000)
	if strings.Count(got, "expired") != len(old) {
		t.Errorf("%d told as expired", strings.Count(got, "expired"))
	}
	if got, _ := f.feed(t, "", cursor, "", 1000); got != "" {
		t.Errorf("a stranger is told: %s", got)
	}
	total := 0
	for _, e := range f.audited(t, "object.expire") {
		n := 0
		_, err := fmt.Sscan(e.Detail["objects"], &n)
		must(t, err)
		total += n
	}
	if total != len(old) {
		t.Errorf("audited: %d", total)
	}

	// After 90 days the feed forgets what is gone: whoever was told goes on, whoever
	// was not begins again, and a beginner gets all that there is, page by page.
	_, beginner := f.feed(t, "alpha", "", f.col["drop"].ID, 1)
	days = 0
	_, err = f.hub.UpdateCollection(ctx, f.as(t, "gov-admin"), hub.Community, "indicators", hub.CollectionPatch{Retention: &days})
	must(t, err)
	f.clock.pass(91 * 24 * time.Hour)
	for range 20 {
		must(t, f.hub.Housekeep(ctx))
	}
	_, err = f.hub.Changes(ctx, f.as(t, "beta"), cursor, "", 0)
	wantCode(t, err, hub.Conflict)
	for _, c := range []string{after, beginner} {
		if got, _ := f.feed(t, "beta", c, "", 0); got != "" {
			t.Error(got)
		}
	}
	if got, _ := f.feed(t, "alpha", "", "", 1); got != "added 10, added 20" {
		t.Errorf("a beginner gets %s", got)
	}
}

func FuzzCursor(f *testing.F) {
	fix := newFixture(f, nil)
	c := fix.as(f, "beta")
	_, next := fix.feed(f, "beta", "", "", 0)
	for _, seed := range []string{"", "now", "AAAA", next} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		_, err := fix.hub.Changes(t.Context(), c, cursor, "", 0)
		if known := cursor == "" || cursor == hub.CursorNow || cursor == next; known != (err == nil) {
			t.Errorf("%q: %v", cursor, err)
		}
		if _, err := fix.hub.Search(t.Context(), c, hub.Search{Cursor: cursor}); (cursor == "") != (err == nil) {
			t.Errorf("%q: %v", cursor, err)
		}
	})
}
