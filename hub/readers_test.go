package hub_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// TestReadersAsTheyAre: organisations and people are seen with the rights that they
// have now, and not at all once they are shut out.
func TestReadersAsTheyAre(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	admin := f.as(t, "gov-admin")
	organisation := func(id string) (client []string, ok bool) {
		t.Helper()
		must(t, f.store.View(ctx, func(r store.Reader) error {
			_, reader, found, err := hub.OrganisationReader(r, id)
			if found && (reader.Organisation != id || !reader.Member || reader.Person != "") {
				t.Errorf("%s reads as %+v", id, reader)
			}
			client, ok = reader.ClientOf, found
			return err
		}))
		return client, ok
	}
	person := func(id string) (org string, ok bool) {
		t.Helper()
		must(t, f.store.View(ctx, func(r store.Reader) error {
			p, reader, found, err := hub.PersonReader(r, id)
			if found && (reader.Person != id || p.Email == "") {
				t.Errorf("%s reads as %+v", id, reader)
			}
			org, ok = reader.Organisation, found
			return err
		}))
		return org, ok
	}
	beta, member := f.org["beta"].ID, f.person["beta-member"].ID
	if client, ok := organisation(beta); !ok || !slices.Equal(client, []string{f.org["alpha"].ID}) {
		t.Errorf("beta is a client of %v, %v", client, ok)
	}
	if org, ok := person(member); !ok || org != beta {
		t.Errorf("beta-member is of %s, %v", org, ok)
	}
	for _, id := range []string{"", "nobody", "identity--00000000-0000-4000-8000-000000000000"} {
		_, isOrganisation := organisation(id)
		_, isPerson := person(id)
		if isOrganisation || isPerson {
			t.Errorf("%q is somebody", id)
		}
	}
	yes := true
	_, err := f.hub.UpdatePerson(ctx, admin, member, hub.PersonPatch{Disabled: &yes})
	must(t, err)
	if _, ok := person(member); ok {
		t.Error("who is disabled is told")
	}
	none := []string{}
	_, err = f.hub.UpdateOrganisation(ctx, admin, "beta", hub.OrganisationPatch{ClientOf: &none})
	must(t, err)
	if client, ok := organisation(beta); !ok || len(client) != 0 {
		t.Errorf("beta is still a client of %v", client)
	}
	suspended := hub.StatusSuspended
	_, err = f.hub.UpdateOrganisation(ctx, admin, "beta", hub.OrganisationPatch{Status: &suspended})
	must(t, err)
	_, isOrganisation := organisation(beta)
	_, isPerson := person(f.person["beta-admin"].ID)
	if isOrganisation || isPerson {
		t.Error("who is suspended is told")
	}
}

// TestEachAsset: all of them come once, and another document is seen by its time.
func TestEachAsset(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	for _, org := range []string{"alpha", "gamma"} {
		_, err := f.hub.CreateAsset(ctx, f.as(t, org+"-admin"), hub.Asset{Kind: hub.AssetInventory, Name: "Servers", MediaType: "text/csv", Document: []byte("name\na")})
		must(t, err)
	}
	changed := func() map[string]time.Time {
		t.Helper()
		got := map[string]time.Time{}
		must(t, f.hub.EachAsset(ctx, func(a hub.Asset) error {
			got[a.Organisation] = a.Changed()
			return nil
		}))
		return got
	}
	before := changed()
	doc := []byte("name\nb")
	a, err := f.hub.UpdateAsset(ctx, f.as(t, "alpha-admin"), "", "Servers", hub.AssetPatch{Document: &doc})
	must(t, err)
	name := "Hosts"
	_, err = f.hub.UpdateAsset(ctx, f.as(t, "gamma-admin"), "", "Servers", hub.AssetPatch{Name: &name})
	must(t, err)
	after := changed()
	alpha, gamma := f.org["alpha"].ID, f.org["gamma"].ID
	if len(after) != 2 || !after[alpha].After(before[alpha]) || !after[gamma].Equal(before[gamma]) {
		t.Errorf("changed %v, then %v", before, after)
	}
	got, err := f.hub.AssetDocument(ctx, alpha, a.ID)
	if err != nil || string(got) != string(doc) {
		t.Errorf("the document is %q, %v", got, err)
	}
	if _, err := f.hub.AssetDocument(ctx, gamma, a.ID); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("another's: %v", err)
	}
}
