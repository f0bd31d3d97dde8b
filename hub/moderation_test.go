package hub_test

import (
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
)

func (f *fixture) queue(t testing.TB, who string) []hub.QueueItem {
	t.Helper()
	items, err := f.hub.Queue(t.Context(), f.as(t, who), "", 0)
	must(t, err)
	return items
}

func TestModeration(t *testing.T) {
	f := newFixture(t, func(s store.Store) store.Store { return storetest.NewChaos(s, 3) })
	ctx, all := t.Context(), hub.Query{Root: hub.Community, Collection: "indicators"}
	status := f.submit(t, "delta", "indicators", stixText("indicator", 1, 0), stixText("indicator", 2, 0))
	if status.State != hub.StatePending || len(status.Pendings) != 2 {
		t.Fatalf("%+v", status)
	}
	again := f.submit(t, "delta", "indicators", stixText("indicator", 1, 0))
	f.refuse(t, "delta", "indicators", "other content", stixText("indicator", 1, 0, `"name":"x"`))
	f.wantTexts(t, "alpha", "indicators", all)
	if changes, err := f.hub.Changes(ctx, f.as(t, "alpha"), "", "", 0); err != nil || len(changes.Changes) > 0 {
		t.Errorf("what waits is told of: %+v %v", changes, err)
	}

	items := f.queue(t, "gov-analyst")
	if len(items) != 2 || items[0].ObjectID != testID("indicator", 1) || items[0].Organisation != f.org["delta"].ID || items[0].Marking != tlp.Green {
		t.Fatalf("%+v", items)
	}
	for who, code := range map[string]hub.Code{"": hub.Unauthenticated, "delta-admin": hub.Forbidden, "alpha-admin": hub.Forbidden, "gov": hub.Forbidden, "local": hub.Forbidden} {
		_, err := f.hub.Queue(ctx, f.as(t, who), "", 0)
		wantCode(t, err, code)
		wantCode(t, f.hub.Decide(ctx, f.as(t, who), items[0].ID, true, ""), code)
	}
	analyst := f.as(t, "gov-analyst")
	wantCode(t, f.hub.Decide(ctx, analyst, items[1].ID, false, ""), hub.Invalid)
	wantCode(t, f.hub.Decide(ctx, analyst, strings.Repeat("0", 24), true, ""), hub.NotFound)
	if told := wantCode(t, f.hub.Decide(ctx, analyst, "x", true, ""), hub.NotFound); !strings.Contains(told, items[0].ID+" ("+items[0].ObjectID+")") {
		t.Errorf("%q does not say what waits", told)
	}

	decided := f.clock.Now()
	must(t, f.hub.Decide(ctx, analyst, items[0].ID, true, ""))
	must(t, f.hub.Decide(ctx, analyst, items[1].ID, false, "a false alarm"))
	wantCode(t, f.hub.Decide(ctx, analyst, items[0].ID, true, ""), hub.NotFound)
	if left := f.queue(t, "gov-admin"); len(left) > 0 {
		t.Errorf("%+v waits still", left)
	}
	f.wantTexts(t, "alpha", "indicators", all, stixText("indicator", 1, 0))
	page := f.page(t, "alpha", all)
	if page.First.Before(decided) {
		t.Errorf("added %s, approved after %s", page.First, decided)
	}
	for _, id := range []string{status.ID, again.ID} {
		s, err := f.hub.Status(ctx, f.as(t, "delta"), id)
		if must(t, err); s.State != hub.StateComplete || len(s.Pendings) > 0 || len(s.Successes) != 1 {
			t.Errorf("%+v", s)
		}
		if id == status.ID && (len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Message, "a false alarm")) {
			t.Errorf("%+v", s)
		}
	}
	if told := f.audited(t, "queue."); len(told) != 2 || told[0].Actor.ID != f.person["gov-analyst"].ID {
		t.Errorf("%+v", told)
	}
	// What was turned away may come again.
	f.submit(t, "delta", "indicators", stixText("indicator", 2, 0))
	if items := f.queue(t, "gov-analyst"); len(items) != 1 {
		t.Errorf("%+v", items)
	}
}

// A right to moderate is no right to read, and an approval is judged as a
// submission is.
func TestModerationIsBoundByThePolicy(t *testing.T) {
	f := newFixture(t, nil)
	ctx, admin := t.Context(), f.as(t, "gov-admin")
	moderation := hub.ModerateAll
	_, err := f.hub.UpdateCollection(ctx, admin, hub.Community, "drop", hub.CollectionPatch{Moderation: &moderation})
	must(t, err)
	f.submit(t, "alpha", "drop", stixText("indicator", 1, 0))
	if items := f.queue(t, "gov-admin"); len(items) > 0 {
		t.Errorf("the operator does not read this collection: %+v", items)
	}
	_, err = f.hub.UpdateCollection(ctx, admin, hub.Community, "indicators", hub.CollectionPatch{Moderation: &moderation})
	must(t, err)
	f.submit(t, "alpha", "indicators", stixText("indicator", 5, 0), stixText("indicator", 5, 4, `"revoked":true`), stixText("indicator", 5, 6))
	s, err := f.hub.Submit(ctx, f.as(t, "alpha"), hub.Submission{
		Root: hub.Community, Collection: "indicators", Body: envelope(stixText("indicator", 6, 0, marked(tlp.AmberStrictID))), Organisations: []string{f.org["gamma"].ID},
	})
	must(t, err)
	if len(s.Pendings) != 1 {
		t.Fatalf("%+v", s)
	}
	items := f.queue(t, "gov-analyst")
	if len(items) != 3 {
		t.Fatalf("%+v", items)
	}
	analyst := f.as(t, "gov-analyst")
	must(t, f.hub.Decide(ctx, analyst, items[1].ID, true, ""))
	if told := wantCode(t, f.hub.Decide(ctx, analyst, items[2].ID, true, ""), hub.Conflict); !strings.Contains(told, "revoked") {
		t.Error(told)
	}
	suspended := hub.StatusSuspended
	_, err = f.hub.UpdateOrganisation(ctx, admin, "alpha", hub.OrganisationPatch{Status: &suspended})
	must(t, err)
	wantCode(t, f.hub.Decide(ctx, analyst, items[0].ID, true, ""), hub.Conflict)
}
