package hub_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// TestCollections is who sees which collections, in order, and what they may do.
func TestCollections(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	for _, x := range []struct{ caller, all, finance string }{
		{"", "public:r", "no"},
		{"local", "public:rw indicators:rw drop: cases:", "cases:"},
		{"gov-admin", "public:rw indicators:rw drop: cases:", "cases:"},
		{"gov-analyst", "public:rw indicators:rw", "no"},
		{"gov", "public:rw indicators:rw", "no"},
		{"alpha", "public:r indicators:rw drop:rw cases:rw", "cases:rw"},
		{"alpha-member", "public:r indicators:rw drop:rw cases:rw", "cases:rw"},
		{"alpha-reader", "public:r indicators:r drop:r cases:r", "cases:r"},
		{"beta-member", "public:r indicators:rw drop:w", "no"},
		{"beta-reader", "public:r indicators:r", "no"},
		{"gamma", "public:r indicators:rw drop:r cases:rw", "cases:rw"},
		{"delta-admin", "public:r indicators:rw", "no"},
	} {
		c := f.as(t, x.caller)
		all, err := f.hub.Collections(ctx, c, "")
		must(t, err)
		if got := rights(all); got != x.all {
			t.Errorf("%q sees %q; want %q", x.caller, got, x.all)
		}
		in, err := f.hub.Collections(ctx, c, "finance")
		got := rights(in)
		if hub.CodeOf(err) == hub.NotFound {
			got = "no"
		}
		if got != x.finance {
			t.Errorf("%q sees in finance %q, %v; want %q", x.caller, got, err, x.finance)
		}
		for _, col := range all {
			if shown := col.Grants != nil; shown != (c.Role() == hub.RoleHubAdmin) || !shown && col.People != nil || col.Number != 0 {
				t.Errorf("%q is shown %+v", x.caller, col)
			}
		}
		// By alias and id, with and without a root, it is the same.
		for alias, known := range f.col {
			root := hub.Community
			if alias == "cases" {
				root = "finance"
			}
			want := hub.NotFound
			if slices.ContainsFunc(all, func(a hub.Access) bool { return a.ID == known.ID }) {
				want = ""
			}
			for _, way := range [][2]string{{root, alias}, {root, known.ID}, {root, strings.ToUpper(known.ID)}, {"", known.ID}} {
				found, err := f.hub.Collection(ctx, c, way[0], way[1])
				if hub.CodeOf(err) != want || want == "" && found.ID != known.ID {
					t.Errorf("%q asks for %q: %+v, %v; want %q", x.caller, way, found, err, want)
				}
			}
			other := map[string]string{"community": "finance", "finance": "community"}[root]
			for _, way := range [][2]string{{other, known.ID}, {other, alias}, {"nowhere", known.ID}, {root, ""}, {root, "x/" + alias}} {
				_, err := f.hub.Collection(ctx, c, way[0], way[1])
				wantCode(t, err, hub.NotFound)
			}
		}
	}
}

// rights writes collections as "alias:rw alias:r".
func rights(all []hub.Access) string {
	var texts []string
	for _, a := range all {
		text := a.Alias + ":"
		if a.CanRead {
			text += "r"
		}
		if a.CanWrite {
			text += "w"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

// TestNotThereAndHiddenLookAlike: but for the name that was asked for, the answer
// to a hidden collection, root or person is that to one which is not there.
func TestNotThereAndHiddenLookAlike(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	for _, caller := range []string{"", "beta", "beta-member", "delta-admin"} {
		c := f.as(t, caller)
		for what, ask := range map[string]func(name string) error{
			"collection": func(name string) error { return first(f.hub.Collection(ctx, c, "", name)) },
			"root":       func(name string) error { return first(f.hub.Root(ctx, c, name)) },
			"person":     func(name string) error { return first(f.hub.Person(ctx, c, name)) },
			"key":        func(name string) error { return first(f.hub.RevokeKey(ctx, c, name)) },
			"cases":      func(name string) error { return first(f.hub.Collection(ctx, c, name, "cases")) },
		} {
			hidden := map[string]string{
				"collection": f.col["cases"].ID, "root": "finance", "person": f.person["alpha-member"].ID,
				"key": f.token["alpha"][8:20], "cases": "finance",
			}[what]
			absent := strings.Map(func(r rune) rune {
				if r == 'a' || r == '1' {
					return 'b'
				}
				return r
			}, hidden)
			a, b := ask(hidden), ask(absent)
			if a == nil || b == nil || hub.CodeOf(a) != hub.CodeOf(b) || strings.ReplaceAll(a.Error(), hidden, "X") != strings.ReplaceAll(b.Error(), absent, "X") {
				t.Errorf("%q asks for a hidden %s: %v; for none: %v", caller, what, a, b)
			}
		}
	}
}

func TestReadingOrganisations(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	admin := f.as(t, "local")
	grants := func(root, alias string, all ...hub.Grant) {
		t.Helper()
		_, err := f.hub.UpdateCollection(ctx, admin, root, alias, hub.CollectionPatch{Grants: &all})
		must(t, err)
	}
	want := func(root, alias string, handles ...string) {
		t.Helper()
		var ids []string
		for _, h := range handles {
			ids = append(ids, f.org[h].ID)
		}
		slices.Sort(ids)
		got, err := f.hub.ReadingOrganisations(ctx, root, alias)
		must(t, err)
		if !slices.Equal(got, ids) {
			t.Errorf("%s: %q; want %q", alias, got, handles)
		}
	}
	want("", "public", "gov") // everybody reads it, but is not named
	want("", "indicators", "alpha", "beta", "gamma", "delta", "gov")
	want("", "drop", "alpha", "gamma") // beta only writes
	want("finance", "cases", "alpha", "gamma")
	grants("", "drop", hub.Grant{Subject: "finance", Read: true}, hub.Grant{Subject: "beta", Read: true}, hub.Grant{Subject: "gamma", Read: true})
	want("", "drop", "alpha", "beta", "gamma")
	_, err := f.hub.UpdateOrganisation(ctx, admin, "gamma", hub.OrganisationPatch{Status: new(hub.StatusSuspended)})
	must(t, err)
	want("", "drop", "alpha", "beta")
	want("", "indicators", "alpha", "beta", "delta", "gov")
	grants("finance", "cases", hub.Grant{Subject: "alpha", Read: true})
	want("finance", "cases", "alpha")
	_, err = f.hub.UpdateGroup(ctx, admin, "finance", hub.GroupPatch{Members: &[]string{"gamma"}})
	must(t, err)
	want("finance", "cases") // who left the group reads nothing in it, whatever was granted
	if got, err := f.hub.Collections(ctx, f.as(t, "alpha"), ""); err != nil || rights(got) != "public:r indicators:rw drop:" && rights(got) != "public:r indicators:rw" {
		t.Errorf("alpha left the group and sees %q, %v", rights(got), err)
	}
}

func TestCreateCollection(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	admin := f.as(t, "gov-admin")
	many := make([]hub.Grant, 1001)
	for i := range many {
		many[i] = hub.Grant{Subject: "alpha", Read: true}
	}
	for i, x := range []struct {
		col  hub.Collection
		code hub.Code
	}{
		{hub.Collection{Title: "No alias"}, ""},
		{hub.Collection{Alias: "only-alias"}, ""},
		{hub.Collection{Alias: "ONLY-alias"}, hub.Conflict},
		{hub.Collection{Alias: "only-alias", Group: "finance"}, ""},
		{hub.Collection{}, hub.Invalid},
		{hub.Collection{Alias: "a b"}, hub.Invalid},
		{hub.Collection{Alias: "3fa85f64-5717-4562-b3fc-2c963f66afa6"}, hub.Invalid},
		{hub.Collection{Alias: "gg", Group: "nowhere"}, hub.NotFound},
		{hub.Collection{Alias: "uu", Unmarked: "purple"}, hub.Invalid},
		{hub.Collection{Alias: "uu", Unmarked: tlp.Unknown}, hub.Invalid},
		{hub.Collection{Alias: "mm", Moderation: "some"}, hub.Invalid},
		{hub.Collection{Alias: "rr", Retention: -1}, hub.Invalid},
		{hub.Collection{Alias: "rr", Retention: 36_501}, hub.Invalid},
		{hub.Collection{Alias: "dd", Description: strings.Repeat("x", 4001)}, hub.Invalid},
		{hub.Collection{Alias: "ww", Grants: []hub.Grant{{Subject: "public", Read: true, Write: true}}}, hub.Invalid},
		{hub.Collection{Alias: "ww", Grants: []hub.Grant{{Subject: "alpha"}}}, hub.Invalid},
		{hub.Collection{Alias: "ww", Grants: []hub.Grant{{Subject: "nobody", Read: true}}}, hub.NotFound},
		{hub.Collection{Alias: "ww", Grants: many}, hub.Invalid},
		{hub.Collection{Alias: "ww", Group: "finance", Grants: []hub.Grant{{Subject: "public", Read: true}}}, hub.Invalid},
		{hub.Collection{Alias: "ww", Group: "finance", Grants: []hub.Grant{{Subject: "beta", Read: true}}}, hub.Invalid},
		{hub.Collection{Alias: "ww", Group: "finance", Grants: []hub.Grant{{Subject: "community", Read: true}}}, hub.Invalid},
		{hub.Collection{Alias: "pp", Group: "finance", People: []string{"beta-member@beta.example"}}, hub.Invalid},
		{hub.Collection{Alias: "pp", People: []string{"nobody@beta.example"}}, hub.NotFound},
		{hub.Collection{Alias: "pp", People: []string{"beta-member@beta.example", "beta-member@beta.example"}}, ""},
		{hub.Collection{Alias: "ww", Group: "finance", Grants: []hub.Grant{{Subject: "alpha", Read: true}, {Subject: f.org["alpha"].ID, Write: true}}}, ""},
	} {
		made, err := f.hub.CreateCollection(ctx, admin, x.col)
		if got := hub.CodeOf(err); got != x.code || x.code == "" && err != nil {
			t.Errorf("%d: %v; want %q", i, err, x.code)
			continue
		}
		if err != nil {
			continue
		}
		unmarked := tlp.Green
		if x.col.Group == "finance" {
			unmarked = tlp.Amber
		}
		if made.Unmarked != unmarked || made.Moderation != hub.ModerateNone || made.Title == "" {
			t.Errorf("%d: made %+v", i, made)
		}
		if x.col.Alias == "pp" && len(made.People) != 1 || x.col.Alias == "ww" && fmt.Sprint(made.Grants) != fmt.Sprint([]hub.Grant{{Subject: f.org["alpha"].ID, Read: true, Write: true}}) {
			t.Errorf("%d: made %+v", i, made)
		}
	}
}

// TestPeopleOfACollection: who is listed for TLP:RED reads the collection, though
// the organisation has no right there, and stops with the list.
func TestPeopleOfACollection(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	admin := f.as(t, "gov-admin")
	_, err := f.hub.UpdateCollection(ctx, admin, "", "drop", hub.CollectionPatch{People: &[]string{"delta-reader@delta.example"}})
	must(t, err)
	a, err := f.hub.Collection(ctx, f.as(t, "delta-reader"), "", "drop")
	must(t, err)
	if !a.CanRead || a.CanWrite {
		t.Errorf("a listed person: %+v", a)
	}
	for _, other := range []string{"delta", "delta-member"} {
		_, err = f.hub.Collection(ctx, f.as(t, other), "", "drop")
		wantCode(t, err, hub.NotFound)
	}
	_, err = f.hub.UpdateCollection(ctx, admin, "", "drop", hub.CollectionPatch{People: &[]string{}})
	must(t, err)
	_, err = f.hub.Collection(ctx, f.as(t, "delta-reader"), "", "drop")
	wantCode(t, err, hub.NotFound)
}

func TestUpdateCollection(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	admin := f.as(t, "gov-admin")
	before := f.col["indicators"]
	got, err := f.hub.UpdateCollection(ctx, admin, "community", "indicators", hub.CollectionPatch{
		Title: new("Shared"), Unmarked: new(tlp.Amber), Moderation: new(hub.ModerateAll), Retention: new(90), Anonymous: new(false)})
	must(t, err)
	if got.ID != before.ID || got.Title != "Shared" || got.Unmarked != tlp.Amber || got.Retention != 90 || got.Anonymous ||
		!slices.Equal(got.Grants, before.Grants) || !got.Created.Equal(before.Created) {
		t.Errorf("changed to %+v", got)
	}
	e := f.audited(t, "collection.update")[0]
	if len(e.Detail) != 5 || e.Detail["title"] != "Shared" || e.Detail["anonymous"] != "false" {
		t.Errorf("the audit log tells of %v", e.Detail)
	}
	f.clock.pass(time.Hour)
	again, err := f.hub.Collections(ctx, admin, "")
	must(t, err)
	if rights(again) != "public:rw indicators:rw drop: cases:" {
		t.Errorf("the order is now %q", rights(again))
	}
	for _, p := range []hub.CollectionPatch{
		{Title: new(strings.Repeat("x", 201))}, {Retention: new(-1)}, {Grants: &[]hub.Grant{{Subject: "public", Write: true}}},
		{Unmarked: new(tlp.Statement)}, {Moderation: new(hub.Moderation(""))},
	} {
		_, err := f.hub.UpdateCollection(ctx, admin, "finance", "cases", p)
		wantCode(t, err, hub.Invalid)
	}
}

func TestGroups(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	admin := f.as(t, "gov-admin")
	wantCode(t, f.hub.DeleteGroup(ctx, admin, "community"), hub.Conflict)
	_, err := f.hub.UpdateGroup(ctx, admin, "community", hub.GroupPatch{Members: &[]string{"alpha"}})
	wantCode(t, err, hub.Invalid)
	_, err = f.hub.CreateGroup(ctx, admin, hub.Group{Handle: "alpha"})
	wantCode(t, err, hub.Conflict)
	_, err = f.hub.CreateGroup(ctx, admin, hub.Group{Handle: "energy", Members: []string{"nobody"}})
	wantCode(t, err, hub.NotFound)
	energy, err := f.hub.CreateGroup(ctx, admin, hub.Group{Handle: "energy", Members: []string{"beta", "beta"}})
	must(t, err)
	if len(energy.Members) != 1 || energy.Title != "energy" {
		t.Errorf("made %+v", energy)
	}
	_, err = f.hub.UpdateCollection(ctx, admin, "", "drop", hub.CollectionPatch{Grants: &[]hub.Grant{{Subject: "energy", Read: true}}})
	must(t, err)
	if a, err := f.hub.Collection(ctx, f.as(t, "beta-reader"), "", "drop"); err != nil || !a.CanRead {
		t.Errorf("a member of a group that is granted: %+v, %v", a, err)
	}
	wantCode(t, f.hub.DeleteGroup(ctx, admin, "energy"), hub.Conflict)
	_, err = f.hub.Group(ctx, f.as(t, "alpha"), "energy")
	if text := wantCode(t, err, hub.NotFound); text != `no group "energy"; there are: community, finance` {
		t.Errorf("the answer is %q", text)
	}
	_, err = f.hub.Group(ctx, f.as(t, ""), "community")
	wantCode(t, err, hub.Unauthenticated)
	g, err := f.hub.Root(ctx, f.as(t, ""), "community")
	must(t, err)
	if g.Members != nil {
		t.Errorf("a stranger is shown %+v", g)
	}
}

// TestDeleteCollection: only an empty one goes, and its number never comes back.
func TestDeleteCollection(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	admin := f.as(t, "gov-admin")
	status, err := f.hub.Submit(ctx, f.as(t, "delta"), hub.Submission{Root: hub.Community, Collection: "indicators", Body: []byte(`{"objects":[` +
		`{"type":"domain-name","spec_version":"2.1","id":"domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5","value":"a.example"}]}`)})
	must(t, err)
	if len(status.Pendings) != 1 {
		t.Fatalf("a new member's object does not wait: %+v", status)
	}
	text := wantCode(t, f.hub.DeleteCollection(ctx, admin, "", "indicators"), hub.Conflict)
	if !strings.Contains(text, "wait for moderation") {
		t.Errorf("the answer is %q", text)
	}
	status, err = f.hub.Submit(ctx, f.as(t, "alpha"), hub.Submission{Root: "finance", Collection: "cases", Body: []byte(`{"objects":[` +
		`{"type":"domain-name","spec_version":"2.1","id":"domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5","value":"a.example"}]}`)})
	must(t, err)
	if len(status.Successes) != 1 {
		t.Fatalf("not stored: %+v", status)
	}
	wantCode(t, f.hub.DeleteCollection(ctx, admin, "finance", "cases"), hub.Conflict)
	must(t, f.hub.Delete(ctx, f.as(t, "alpha"), "finance", "cases", "domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5", hub.VersionMatch{All: true}))
	must(t, f.hub.DeleteCollection(ctx, admin, "finance", "cases"))
	wantCode(t, f.hub.DeleteCollection(ctx, admin, "finance", "cases"), hub.NotFound)
	again, err := f.hub.CreateCollection(ctx, admin, hub.Collection{Alias: "cases", Group: "finance", Grants: []hub.Grant{{Subject: "finance", Read: true}}})
	must(t, err)
	page, err := f.hub.Page(ctx, f.as(t, "alpha"), hub.Query{Root: "finance", Collection: again.ID, Versions: hub.VersionMatch{All: true}, Manifest: true})
	must(t, err)
	if len(page.Entries) != 0 || again.ID == f.col["cases"].ID {
		t.Errorf("another collection of the same alias has %+v", page.Entries)
	}
}
