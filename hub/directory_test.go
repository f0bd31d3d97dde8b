package hub_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
)

// TestRights is who may do what in the directory. Callers that are not named get
// Forbidden, a stranger Unauthenticated.
func TestRights(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	f.giveKey(t, f.as(t, "gov-admin"), "gov-admin bound", hub.Key{Person: "gov-admin@gov.example", Scopes: []hub.Scope{{Collection: "*", Verbs: []hub.Verb{hub.VerbRead, hub.VerbWrite}}}})
	f.giveKey(t, f.as(t, "gov-admin"), "alpha-admin bound", hub.Key{Person: "alpha-admin@alpha.example", Scopes: []hub.Scope{{Collection: "indicators", Verbs: []hub.Verb{hub.VerbRead}}}})
	callers := []string{"", "local", "gov", "gov-admin", "gov-analyst", "gov-admin bound", "alpha", "alpha-admin", "alpha-admin bound", "alpha-member", "alpha-reader", "beta-admin"}
	n := 0
	for _, x := range []struct {
		what string
		may  string // names of callers
		do   func(c *hub.Caller) error
	}{
		{"read the directory", "local gov gov-admin gov-analyst gov-admin+bound alpha alpha-admin alpha-admin+bound alpha-member alpha-reader beta-admin", func(c *hub.Caller) error {
			_, err := f.hub.Organisations(ctx, c)
			return err
		}},
		{"admit an organisation", "local gov-admin", func(c *hub.Caller) error {
			n++
			_, err := f.hub.CreateOrganisation(ctx, c, hub.Organisation{Handle: fmt.Sprintf("org-%d", n), Name: "New"})
			return err
		}},
		{"suspend an organisation", "local gov-admin", func(c *hub.Caller) error {
			_, err := f.hub.UpdateOrganisation(ctx, c, "gamma", hub.OrganisationPatch{Status: new(hub.StatusSuspended)})
			return err
		}},
		{"rename alpha", "local gov-admin", func(c *hub.Caller) error {
			_, err := f.hub.UpdateOrganisation(ctx, c, "alpha", hub.OrganisationPatch{Name: new("Alpha")})
			return err
		}},
		{"change alpha's contact", "local gov-admin alpha-admin", func(c *hub.Caller) error {
			_, err := f.hub.UpdateOrganisation(ctx, c, "alpha", hub.OrganisationPatch{Contact: new("new@alpha.example")})
			return err
		}},
		{"add a member to alpha", "local gov-admin alpha-admin", func(c *hub.Caller) error {
			n++
			_, err := f.hub.CreatePerson(ctx, c, hub.Person{Name: "New", Email: fmt.Sprintf("p%d@alpha.example", n), Organisation: "alpha"})
			return err
		}},
		{"add an analyst", "local gov-admin", func(c *hub.Caller) error {
			n++
			_, err := f.hub.CreatePerson(ctx, c, hub.Person{Name: "New", Email: fmt.Sprintf("p%d@gov.example", n), Organisation: "gov", Role: hub.RoleAnalyst})
			return err
		}},
		{"make a key of alpha", "local gov-admin alpha-admin", func(c *hub.Caller) error {
			_, _, err := f.hub.CreateKey(ctx, c, hub.Key{Name: "k", Organisation: "alpha"})
			return err
		}},
		{"make a group", "local gov-admin", func(c *hub.Caller) error {
			n++
			_, err := f.hub.CreateGroup(ctx, c, hub.Group{Handle: fmt.Sprintf("group-%d", n)})
			return err
		}},
		{"change a group", "local gov-admin", func(c *hub.Caller) error {
			_, err := f.hub.UpdateGroup(ctx, c, "finance", hub.GroupPatch{Members: &[]string{"alpha"}})
			return err
		}},
		{"delete a group", "local gov-admin", func(c *hub.Caller) error {
			err := f.hub.DeleteGroup(ctx, c, fmt.Sprintf("group-%d", n))
			if hub.CodeOf(err) == hub.NotFound {
				return nil
			}
			return err
		}},
		{"make a collection", "local gov-admin", func(c *hub.Caller) error {
			n++
			_, err := f.hub.CreateCollection(ctx, c, hub.Collection{Alias: fmt.Sprintf("col-%d", n)})
			return err
		}},
		{"open a collection to the public", "local gov-admin", func(c *hub.Caller) error {
			_, err := f.hub.UpdateCollection(ctx, c, "", "indicators", hub.CollectionPatch{Title: new("Shared")})
			return err
		}},
		{"delete a collection", "local gov-admin", func(c *hub.Caller) error {
			err := f.hub.DeleteCollection(ctx, c, "", fmt.Sprintf("col-%d", n))
			if hub.CodeOf(err) == hub.NotFound {
				return nil
			}
			return err
		}},
		{"change the settings", "local gov-admin", func(c *hub.Caller) error {
			_, err := f.hub.UpdateSettings(ctx, c, new("Hub"), nil)
			return err
		}},
		{"read alpha's assets", "local gov-admin alpha alpha-admin alpha-member", func(c *hub.Caller) error {
			_, err := f.hub.Assets(ctx, c, "alpha")
			return err
		}},
		{"add an asset to alpha", "local gov-admin alpha-admin", func(c *hub.Caller) error {
			n++
			_, err := f.hub.CreateAsset(ctx, c, hub.Asset{Organisation: "alpha", Kind: hub.AssetDomain, Value: fmt.Sprintf("w%d.alpha.example", n)})
			return err
		}},
	} {
		for _, name := range callers {
			err := x.do(f.as(t, name))
			want := hub.Forbidden
			switch {
			case name == "":
				want = hub.Unauthenticated
			case slices.Contains(strings.Fields(x.may), strings.ReplaceAll(name, " ", "+")):
				want = ""
			}
			if got := hub.CodeOf(err); got != want || want == "" && err != nil {
				t.Errorf("%q: %s: %v; want %q", name, x.what, err, want)
			}
		}
	}
}

// TestAdministratorsStayInTheirBounds: an organisation's administrator gains no
// right of the hub's through people and keys, not at the operator either.
func TestAdministratorsStayInTheirBounds(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	f.hire(t, f.as(t, "gov-admin"), "gov", "orgadmin", hub.RoleOrganisationAdmin)
	orgAdmin, alphaAdmin := f.as(t, "gov-orgadmin"), f.as(t, "alpha-admin")
	adminKeys, err := f.hub.Keys(ctx, f.as(t, "gov-admin"), "gov-admin@gov.example")
	must(t, err)
	for what, err := range map[string]error{
		"a key of the hub administrator": second(f.hub.CreateKey(ctx, orgAdmin, hub.Key{Name: "k", Person: "gov-admin@gov.example"})),
		"disable the hub administrator":  first(f.hub.UpdatePerson(ctx, orgAdmin, "gov-admin@gov.example", hub.PersonPatch{Disabled: new(true)})),
		"the hub administrator's email":  first(f.hub.UpdatePerson(ctx, orgAdmin, "gov-admin@gov.example", hub.PersonPatch{Email: new("x@gov.example")})),
		"make itself a hub administrator": first(f.hub.UpdatePerson(ctx, orgAdmin, "gov-orgadmin@gov.example",
			hub.PersonPatch{Role: new(hub.RoleHubAdmin)})),
		"make an analyst":                  first(f.hub.UpdatePerson(ctx, alphaAdmin, "alpha-member@alpha.example", hub.PersonPatch{Role: new(hub.RoleAnalyst)})),
		"revoke the hub administrator's":   first(f.hub.RevokeKey(ctx, orgAdmin, adminKeys[0].ID)),
		"a person of another organisation": first(f.hub.CreatePerson(ctx, alphaAdmin, hub.Person{Name: "X", Email: "x@x.example", Organisation: "beta"})),
		"a key of another organisation":    second(f.hub.CreateKey(ctx, alphaAdmin, hub.Key{Name: "k", Organisation: "beta"})),
		"a member makes itself administrator": first(f.hub.UpdatePerson(ctx, f.as(t, "alpha-member"), "alpha-member@alpha.example",
			hub.PersonPatch{Role: new(hub.RoleOrganisationAdmin)})),
		"a colleague's key": second(f.hub.CreateKey(ctx, f.as(t, "alpha-member"), hub.Key{Name: "k", Person: "alpha-admin@alpha.example"})),
	} {
		if hub.CodeOf(err) != hub.Forbidden {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Others' people and keys are not even there.
	_, err = f.hub.UpdatePerson(ctx, alphaAdmin, "beta-member@beta.example", hub.PersonPatch{Disabled: new(true)})
	text := wantCode(t, err, hub.NotFound)
	if strings.Contains(text, "beta-reader") || !strings.Contains(text, "alpha-reader@alpha.example") {
		t.Errorf("the answer is %q", text)
	}
	betaKeys, err := f.hub.Keys(ctx, f.as(t, "beta-admin"), "")
	must(t, err)
	if len(betaKeys) != 4 {
		t.Errorf("beta's administrator sees %d keys; want 4", len(betaKeys))
	}
	_, err = f.hub.RevokeKey(ctx, alphaAdmin, betaKeys[0].ID)
	if text := wantCode(t, err, hub.NotFound); strings.Contains(text, betaKeys[1].ID) {
		t.Errorf("the answer is %q", text)
	}
	// The operator's roles are for its people.
	_, err = f.hub.CreatePerson(ctx, f.as(t, "gov-admin"), hub.Person{Name: "X", Email: "x@x.example", Organisation: "alpha", Role: hub.RoleHubAdmin})
	wantCode(t, err, hub.Invalid)
}

func first[A any](_ A, err error) error          { return err }
func second[A, B any](_ A, _ B, err error) error { return err }

func TestLastHubAdministrator(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	admin := f.as(t, "gov-admin")
	email := "gov-admin@gov.example"
	for _, p := range []hub.PersonPatch{{Disabled: new(true)}, {Role: new(hub.RoleMember)}} {
		_, err := f.hub.UpdatePerson(ctx, f.as(t, "local"), email, p)
		wantCode(t, err, hub.Conflict)
	}
	_, err := f.hub.UpdateOrganisation(ctx, admin, "gov", hub.OrganisationPatch{Status: new(hub.StatusSuspended)})
	wantCode(t, err, hub.Conflict)
	_, err = f.hub.UpdatePerson(ctx, admin, "gov-analyst@gov.example", hub.PersonPatch{Role: new(hub.RoleHubAdmin)})
	must(t, err)
	_, err = f.hub.UpdatePerson(ctx, admin, email, hub.PersonPatch{Disabled: new(true)})
	must(t, err)
	_, err = f.hub.Authenticate(ctx, f.token["gov-admin"], "", "")
	wantCode(t, err, hub.Unauthenticated)
}

func TestDirectoryShown(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	_, err := f.hub.UpdateOrganisation(ctx, f.as(t, "local"), "gamma", hub.OrganisationPatch{ClientOf: &[]string{"alpha"}})
	must(t, err)
	for _, x := range []struct {
		caller, org string
		all         bool
	}{{"alpha-member", "alpha", true}, {"alpha-member", "gamma", false}, {"gamma", "gamma", true}, {"gov-admin", "gamma", true}, {"gov-analyst", "gamma", false}} {
		o, err := f.hub.Organisation(ctx, f.as(t, x.caller), x.org)
		must(t, err)
		if (o.Contact != "") != x.all || x.org == "gamma" && (o.ClientOf != nil) != x.all || o.Name == "" || o.Status == "" {
			t.Errorf("%s sees %+v", x.caller, o)
		}
	}
	_, err = f.hub.Organisation(ctx, f.as(t, "alpha"), "alhpa")
	if text := wantCode(t, err, hub.NotFound); text != `no organisation "alhpa"; there are: alpha, beta, delta, gamma, gov` {
		t.Errorf("the answer is %q", text)
	}
	all, err := f.hub.Organisations(ctx, f.as(t, "alpha"))
	must(t, err)
	if len(all) != 5 || all[0].Handle != "alpha" || all[4].Handle != "gov" || !all[4].Operator {
		t.Errorf("the directory is %+v", all)
	}
	people, err := f.hub.People(ctx, f.as(t, "alpha-reader"), "")
	must(t, err)
	if len(people) != 3 {
		t.Errorf("a reader of alpha sees %d people; want its 3 colleagues, itself included", len(people))
	}
	_, err = f.hub.People(ctx, f.as(t, "alpha-reader"), "beta")
	wantCode(t, err, hub.Forbidden)
	for i := range 30 {
		f.join(t, f.as(t, "local"), hub.Organisation{Handle: fmt.Sprintf("many-%02d", i), Name: "Many"})
	}
	_, err = f.hub.Organisation(ctx, f.as(t, "alpha"), "nobody")
	if text := wantCode(t, err, hub.NotFound); !strings.HasSuffix(text, "and 15 more") {
		t.Errorf("the answer is %q", text)
	}
}

func TestNames(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	admin := f.as(t, "local")
	for _, x := range []struct {
		o    hub.Organisation
		code hub.Code
	}{
		{hub.Organisation{Handle: "Epsilon-1", Name: " Epsilon  "}, ""},
		{hub.Organisation{Handle: "epsilon-1", Name: "Again"}, hub.Conflict},
		{hub.Organisation{Handle: "finance", Name: "A group has it"}, hub.Conflict},
		{hub.Organisation{Handle: "community", Name: "A group has it"}, hub.Conflict},
		{hub.Organisation{Handle: "public", Name: "Everybody"}, hub.Invalid},
		{hub.Organisation{Handle: "e", Name: "Short"}, hub.Invalid},
		{hub.Organisation{Handle: "-ee", Name: "Dash"}, hub.Invalid},
		{hub.Organisation{Handle: "a/b", Name: "Slash"}, hub.Invalid},
		{hub.Organisation{Handle: "ünal", Name: "Letter"}, hub.Invalid},
		{hub.Organisation{Handle: "3fa85f64-5717-4562-b3fc-2c963f66afa6", Name: "An id"}, hub.Invalid},
		{hub.Organisation{Handle: "x1"}, hub.Invalid},
		{hub.Organisation{Handle: "x2", Name: strings.Repeat("ü", 200)}, ""},
		{hub.Organisation{Handle: "x3", Name: strings.Repeat("u", 201)}, hub.Invalid},
		{hub.Organisation{Handle: "x4", Name: "Alpha\u202eknaB"}, hub.Invalid},
		{hub.Organisation{Handle: "x5", Name: "a\xff"}, hub.Invalid},
		{hub.Organisation{Handle: "x6", Name: "X", Contact: "nobody"}, hub.Invalid},
		{hub.Organisation{Handle: "x7", Name: "X", Contact: "A <a@x.example>"}, hub.Invalid},
		{hub.Organisation{Handle: "x8", Name: "X", Status: "old"}, hub.Invalid},
		{hub.Organisation{Handle: "x9", Name: "X", ClientOf: []string{"nobody"}}, hub.NotFound},
	} {
		made, err := f.hub.CreateOrganisation(ctx, admin, x.o)
		if got := hub.CodeOf(err); got != x.code || x.code == "" && err != nil {
			t.Errorf("%+v: %v; want %q", x.o, err, x.code)
		}
		if err == nil && (made.Status != hub.StatusNew || made.Operator || made.Handle != strings.ToLower(x.o.Handle) || made.Name != strings.TrimSpace(x.o.Name)) {
			t.Errorf("made %+v", made)
		}
	}
	for _, email := range []string{"GOV-admin@gov.example", "no", "", "a b@x.example"} {
		_, err := f.hub.CreatePerson(ctx, admin, hub.Person{Name: "X", Email: email})
		if code := hub.CodeOf(err); code != hub.Conflict && code != hub.Invalid {
			t.Errorf("%q: %v", email, err)
		}
	}
	// An address that was given up can be another's.
	_, err := f.hub.UpdatePerson(ctx, admin, "alpha-member@alpha.example", hub.PersonPatch{Email: new("New@alpha.example")})
	must(t, err)
	_, err = f.hub.Person(ctx, admin, "alpha-member@alpha.example")
	wantCode(t, err, hub.NotFound)
	_, err = f.hub.CreatePerson(ctx, admin, hub.Person{Name: "X", Email: "alpha-member@alpha.example"})
	must(t, err)
	p, err := f.hub.Person(ctx, admin, "NEW@alpha.example")
	must(t, err)
	if p.ID != f.person["alpha-member"].ID {
		t.Errorf("found %+v", p)
	}
	_, err = f.hub.UpdatePerson(ctx, admin, p.ID, hub.PersonPatch{Email: new("alpha-admin@alpha.example")})
	wantCode(t, err, hub.Conflict)
}

// TestChaos: whatever the store does, what was asked for is done once and told of
// once.
func TestChaos(t *testing.T) {
	for seed := range uint64(8) {
		var chaos *storetest.Chaos
		f := newFixture(t, func(s store.Store) store.Store {
			chaos = storetest.NewChaos(s, seed)
			return chaos
		})
		ctx := t.Context()
		admin := f.as(t, "gov-admin")
		made, err := f.hub.CreateGroup(ctx, admin, hub.Group{Handle: "short", Members: []string{"alpha", "delta"}})
		must(t, err)
		_, err = f.hub.UpdateGroup(ctx, admin, "short", hub.GroupPatch{Members: &[]string{"delta"}})
		must(t, err)
		_, err = f.hub.UpdateOrganisation(ctx, admin, "delta", hub.OrganisationPatch{ClientOf: &[]string{"beta", "alpha", "beta"}})
		must(t, err)
		_, err = f.hub.UpdatePerson(ctx, admin, "delta-member@delta.example", hub.PersonPatch{Email: new("m@delta.example")})
		must(t, err)
		col, err := f.hub.CreateCollection(ctx, admin, hub.Collection{Alias: "short", Group: made.Handle})
		must(t, err)
		wantCode(t, f.hub.DeleteGroup(ctx, admin, "short"), hub.Conflict)
		must(t, f.hub.DeleteCollection(ctx, admin, "short", "short"))
		if roots, err := f.hub.Roots(ctx, f.as(t, "alpha")); err != nil || len(roots) != 2 {
			t.Errorf("seed %d: alpha left the group and sees %+v, %v", seed, roots, err)
		}
		must(t, f.hub.DeleteGroup(ctx, admin, "short"))
		asset, err := f.hub.CreateAsset(ctx, admin, hub.Asset{Kind: hub.AssetDomain, Value: "gov.example"})
		must(t, err)
		_, err = f.hub.UpdateAsset(ctx, admin, "", "gov.example", hub.AssetPatch{Name: new("Ours"), Value: new("gov2.example")})
		must(t, err)
		must(t, f.hub.DeleteAsset(ctx, admin, "", asset.ID))
		k, _, err := f.hub.CreateKey(ctx, admin, hub.Key{Name: "short"})
		must(t, err)
		_, err = f.hub.RevokeKey(ctx, admin, k.ID)
		must(t, err)
		_, err = f.hub.RevokeKey(ctx, admin, k.ID)
		must(t, err)

		verified, err := audit.Verify(ctx, f.store, nil)
		must(t, err)
		counts := map[string]int{}
		for _, e := range f.audited(t, "") {
			counts[e.Action]++
			if strings.HasSuffix(e.Action, ".create") && e.Object == "" || e.Actor.ID == "" {
				t.Errorf("seed %d: %+v", seed, e)
			}
		}
		want := map[string]int{
			"setup": 1, "organisation.create": 4, "person.create": 13, "key.create": 19, "group.create": 2, "collection.create": 3,
			"group.update": 1, "organisation.update": 1, "person.update": 1, "collection.delete": 1, "group.delete": 1,
			"asset.create": 1, "asset.update": 1, "asset.delete": 1, "key.revoke": 1,
		}
		total := 0
		for action, n := range want {
			if total += n; counts[action] != n {
				t.Errorf("seed %d: %d entries of %s; want %d", seed, counts[action], action, n)
			}
		}
		if int(verified.Count) != total {
			t.Errorf("seed %d: %d entries; want %d: %v", seed, verified.Count, total, counts)
		}
		if _, err := f.hub.Collection(ctx, admin, "", col.ID); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("seed %d: a deleted collection: %v", seed, err)
		}
		c := f.as(t, "delta")
		if got := c.Organisation.ClientOf; len(got) != 2 {
			t.Errorf("seed %d: clients of %v", seed, got)
		}
		if n := chaos.Counts(); n.Kept == 0 || n.Lost == 0 || n.Reruns == 0 {
			t.Errorf("seed %d: chaos did nothing: %+v", seed, n)
		}
	}
}

func TestKeys(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	member := f.as(t, "alpha-member")
	for _, x := range []struct {
		what string
		k    hub.Key
		code hub.Code
	}{
		{"own", hub.Key{Name: "laptop"}, ""},
		{"no name", hub.Key{}, hub.Invalid},
		{"past", hub.Key{Name: "k", Expires: f.clock.Now().Add(-time.Second)}, hub.Invalid},
		{"no verb", hub.Key{Name: "k", Scopes: []hub.Scope{{Collection: "indicators"}}}, hub.Invalid},
		{"a verb that is none", hub.Key{Name: "k", Scopes: []hub.Scope{{Collection: "indicators", Verbs: []hub.Verb{"delete"}}}}, hub.Invalid},
		{"alias", hub.Key{Name: "k", Scopes: []hub.Scope{{Collection: "indicators", Verbs: []hub.Verb{"read"}}}}, ""},
		{"root and alias", hub.Key{Name: "k", Scopes: []hub.Scope{{Collection: "finance/cases", Verbs: []hub.Verb{"read"}}}}, ""},
		{"nothing there", hub.Key{Name: "k", Scopes: []hub.Scope{{Collection: "nothing", Verbs: []hub.Verb{"read"}}}}, hub.NotFound},
		{"own organisation's", hub.Key{Name: "k", Organisation: "alpha"}, hub.Forbidden},
		{"nobody's", hub.Key{Name: "k", Person: "nobody@alpha.example"}, hub.NotFound},
	} {
		k, token, err := f.hub.CreateKey(ctx, member, x.k)
		if got := hub.CodeOf(err); got != x.code || x.code == "" && err != nil {
			t.Errorf("%s: %v; want %q", x.what, err, x.code)
		}
		if err == nil && (len(token) != 64 || !strings.HasPrefix(token, "infohub_"+k.ID+"_") || k.Person != f.person["alpha-member"].ID || k.Hash != nil) {
			t.Errorf("%s: %+v, %d characters", x.what, k, len(token))
		}
	}
	_, _, err := f.hub.CreateKey(ctx, f.as(t, "beta-member"), hub.Key{Name: "k", Scopes: []hub.Scope{{Collection: "finance/cases", Verbs: []hub.Verb{"read"}}}})
	wantCode(t, err, hub.NotFound)

	// A bound key makes none, knows of itself alone, and can shut itself.
	bound := f.giveKey(t, member, "bound", hub.Key{Scopes: []hub.Scope{{Collection: "finance/cases", Verbs: []hub.Verb{"read"}}}})
	c := f.as(t, "bound")
	_, _, err = f.hub.CreateKey(ctx, c, hub.Key{Name: "k"})
	wantCode(t, err, hub.Forbidden)
	keys, err := f.hub.Keys(ctx, c, "")
	must(t, err)
	if len(keys) != 1 || keys[0].ID != bound.ID {
		t.Errorf("a bound key sees %+v", keys)
	}
	cols, err := f.hub.Collections(ctx, c, "")
	must(t, err)
	if len(cols) != 1 || cols[0].Alias != "cases" || !cols[0].CanRead || cols[0].CanWrite {
		t.Errorf("a bound key sees the collections %+v", cols)
	}
	_, err = f.hub.RevokeKey(ctx, c, bound.ID)
	must(t, err)
	_, err = f.hub.Authenticate(ctx, f.token["bound"], "", "")
	wantCode(t, err, hub.Unauthenticated)

	_, _, err = f.hub.CreateKey(ctx, f.as(t, "local"), hub.Key{Name: "k"})
	wantCode(t, err, hub.Invalid)
	for range 200 {
		if _, _, err = f.hub.CreateKey(ctx, member, hub.Key{Name: "k"}); err != nil {
			break
		}
	}
	wantCode(t, err, hub.Conflict)
	_, err = f.hub.RevokeKey(ctx, member, f.token["alpha-member"][8:20])
	must(t, err)
	_, _, err = f.hub.CreateKey(ctx, f.as(t, "alpha-admin"), hub.Key{Name: "k", Person: "alpha-member@alpha.example"})
	must(t, err)
}

func TestAuditNamesWhoAndWhere(t *testing.T) {
	f := newFixture(t, nil)
	_, err := f.hub.UpdateOrganisation(t.Context(), f.as(t, "alpha-admin"), "alpha", hub.OrganisationPatch{Contact: new("soc2@alpha.example")})
	must(t, err)
	_, err = f.hub.UpdateOrganisation(t.Context(), f.as(t, "alpha-admin"), "alpha", hub.OrganisationPatch{Contact: new("soc2@alpha.example")})
	must(t, err)
	all := f.audited(t, "organisation.update")
	if len(all) != 1 {
		t.Fatalf("%d entries; want one, since the second changed nothing", len(all))
	}
	e := all[0]
	if e.Actor.Kind != audit.Person || e.Actor.ID != f.person["alpha-admin"].ID || e.Key != f.token["alpha-admin"][8:20] ||
		e.From != "192.0.2.1" || e.Request != "request-alpha-admin" || e.Object != f.org["alpha"].ID || e.Detail["contact"] != "soc2@alpha.example" {
		t.Errorf("the entry is %+v", e)
	}
}
