package hub_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

func TestAuthenticate(t *testing.T) {
	f := newFixture(t, nil)
	finance := f.group["finance"].ID
	for _, x := range []struct {
		name   string
		kind   hub.CallerKind
		role   hub.Role
		reader tlp.Reader
	}{
		{"", hub.Stranger, "", tlp.Reader{}},
		{"local", hub.CallerLocal, hub.RoleHubAdmin, tlp.Reader{Member: true, Organisation: f.org["gov"].ID}},
		{"alpha", hub.CallerOrganisation, hub.RoleMember, tlp.Reader{Member: true, Organisation: f.org["alpha"].ID}},
		{"beta-reader", hub.CallerPerson, hub.RoleReader, tlp.Reader{
			Member: true, Organisation: f.org["beta"].ID, ClientOf: []string{f.org["alpha"].ID}, Person: f.person["beta-reader"].ID}},
		{"gov-admin", hub.CallerPerson, hub.RoleHubAdmin, tlp.Reader{Member: true, Organisation: f.org["gov"].ID, Person: f.person["gov-admin"].ID}},
	} {
		c := f.as(t, x.name)
		got := c.Reader()
		if c.Kind != x.kind || c.Role() != x.role || got.Member != x.reader.Member || got.Organisation != x.reader.Organisation ||
			got.Person != x.reader.Person || !slices.Equal(got.ClientOf, x.reader.ClientOf) {
			t.Errorf("%s: %s %s %+v; want %+v", x.name, c.Kind, c.Role(), got, x)
		}
		roots, err := f.hub.Roots(t.Context(), c)
		must(t, err)
		var ids []string
		for _, g := range roots {
			ids = append(ids, g.Handle)
		}
		want := "community"
		if x.name == "alpha" || x.role == hub.RoleHubAdmin {
			want = "community finance"
		}
		if strings.Join(ids, " ") != want {
			t.Errorf("%s is shown the roots %q (finance is %s); want %q", x.name, ids, finance, want)
		}
	}
}

// TestTokenRefused: whatever is wrong, the answer is the same.
func TestTokenRefused(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	admin := f.as(t, "gov-admin")
	good := f.token["beta-member"]
	f.giveKey(t, admin, "expiring", hub.Key{Person: "beta-member@beta.example", Expires: f.clock.Now().Add(time.Hour)})
	revoked := f.giveKey(t, admin, "revoked", hub.Key{Organisation: "beta"})
	_, err := f.hub.RevokeKey(ctx, admin, revoked.ID)
	must(t, err)
	_, err = f.hub.UpdatePerson(ctx, admin, "gamma-member@gamma.example", hub.PersonPatch{Disabled: new(true)})
	must(t, err)
	_, err = f.hub.UpdateOrganisation(ctx, admin, "delta", hub.OrganisationPatch{Status: new(hub.StatusSuspended)})
	must(t, err)
	_ = f.as(t, "expiring")
	f.clock.pass(time.Hour)

	flipped := []byte(good)
	flipped[len(flipped)-10] ^= 1
	texts := map[string]bool{}
	for name, token := range map[string]string{
		"wrong secret": string(flipped), "cut": good[:len(good)-1], "longer": good + "A", "space": good + " ",
		"capitals": strings.ToUpper(good), "nonsense": "x", "unknown id": "infohub_aaaaaaaaaaaa_" + good[21:],
		"path": "infohub_../../../meta_" + good[21:], "expired": f.token["expiring"], "revoked": f.token["revoked"],
		"disabled person": f.token["gamma-member"], "suspended organisation": f.token["delta"],
		"person of a suspended organisation": f.token["delta-admin"], "secret of another key": good[:21] + f.token["beta"][21:],
	} {
		c, err := f.hub.Authenticate(ctx, token, "192.0.2.1", "r")
		if hub.CodeOf(err) != hub.Unauthenticated || c.Member() {
			t.Errorf("%s: %v, %+v", name, err, c)
			continue
		}
		texts[err.Error()] = true
	}
	if len(texts) != 1 {
		t.Errorf("the answers differ: %v", texts)
	}
	_ = f.as(t, "gamma") // its organisation's key and its other people go on
	_ = f.as(t, "gamma-admin")

	_, err = f.hub.UpdateOrganisation(ctx, admin, "delta", hub.OrganisationPatch{Status: new(hub.StatusActive)})
	must(t, err)
	_ = f.as(t, "delta")
}

func TestLastUsed(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	f.clock.pass(time.Hour)
	_ = f.as(t, "alpha-member")
	used := f.clock.Now()
	last := func(h *hub.Service) time.Time {
		keys, err := h.Keys(ctx, f.as(t, "gov-admin"), "alpha-member@alpha.example")
		must(t, err)
		if len(keys) != 1 {
			t.Fatalf("%d keys", len(keys))
		}
		return keys[0].LastUsed
	}
	if at := last(f.hub); used.Sub(at) > time.Minute {
		t.Errorf("before it is written: %v; used at %v", at, used)
	}
	if at := last(f.reopen(t)); !at.IsZero() {
		t.Errorf("written without Close: %v", at)
	}
	must(t, f.hub.Close(ctx))
	if at := last(f.reopen(t)); used.Sub(at) > time.Minute {
		t.Errorf("after Close: %v; used at %v", at, used)
	}
}

// TestLastUsedWhileWritten: a use is never lost to a write at the same time.
func TestLastUsedWhileWritten(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 50 {
			if _, err := f.hub.Authenticate(ctx, f.token["alpha"], "192.0.2.1", ""); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 20 {
		if err := f.hub.Close(ctx); err != nil {
			t.Error(err)
		}
	}
	<-done
	f.clock.pass(time.Hour)
	_ = f.as(t, "alpha")
	must(t, f.hub.Close(ctx))
	keys, err := f.reopen(t).Keys(ctx, f.as(t, "gov-admin"), "alpha")
	must(t, err)
	if f.clock.Now().Sub(keys[0].LastUsed) > time.Minute {
		t.Errorf("the last use is of %v", keys[0].LastUsed)
	}
}

// TestSecretsAreNotKept: no byte of the store holds a token or its secret.
func TestSecretsAreNotKept(t *testing.T) {
	f := newFixture(t, nil)
	must(t, f.hub.Close(t.Context()))
	err := f.store.View(t.Context(), func(r store.Reader) error {
		n := 0
		for e, err := range r.Scan(store.Range{}) {
			if err != nil {
				return err
			}
			n++
			for name, token := range f.token {
				if bytes.Contains(e.Value, []byte(token[21:])) || bytes.Contains(e.Key, []byte(token[21:])) {
					t.Errorf("%q holds the secret of %s", e.Key, name)
				}
			}
		}
		if n < 50 {
			t.Errorf("only %d keys were looked at", n)
		}
		return nil
	})
	must(t, err)
	for _, name := range []string{"gov-admin", "alpha-admin", "alpha-member"} {
		keys, err := f.hub.Keys(t.Context(), f.as(t, name), "")
		must(t, err)
		for _, k := range keys {
			if k.Hash != nil {
				t.Errorf("%s is shown a hash", name)
			}
		}
	}
}

func FuzzAuthenticate(f *testing.F) {
	x := newFixture(f, nil)
	for _, token := range []string{"x", "infohub_", x.token["alpha"] + "A", "infohub_aaaaaaaaaaaa_" + strings.Repeat("A", 43), "infohub_\x00/" + strings.Repeat("_", 54)} {
		f.Add(token, "192.0.2.1")
	}
	f.Fuzz(func(t *testing.T, token, from string) {
		c, err := x.hub.Authenticate(t.Context(), token, from, from)
		if token == "" && err == nil {
			_, err = x.hub.Organisations(t.Context(), &c)
		}
		if hub.CodeOf(err) != hub.Unauthenticated || len(c.From) > 256 {
			t.Fatalf("%q: %v, %+v", token, err, c)
		}
	})
}

// Who waits for long is asked again who they are.
func TestRenew(t *testing.T) {
	f := newFixture(t, nil)
	admin := f.as(t, "gov-admin")
	for _, who := range []string{"", "local", "beta", "gamma-member"} {
		c := f.as(t, who)
		again, err := f.hub.Renew(t.Context(), c)
		must(t, err)
		if again.Kind != c.Kind || again.Key != c.Key || again.Organisation.ID != c.Organisation.ID || again.Person != c.Person || again.Request != c.Request {
			t.Errorf("%q: %+v, want %+v", who, again, c)
		}
	}
	suspended, revoked, demoted := f.as(t, "beta"), f.as(t, "gamma"), f.as(t, "gamma-member")
	out, role := hub.StatusSuspended, hub.RoleReader
	_, err := f.hub.UpdateOrganisation(t.Context(), admin, "beta", hub.OrganisationPatch{Status: &out})
	must(t, err)
	_, err = f.hub.RevokeKey(t.Context(), admin, revoked.Key)
	must(t, err)
	_, err = f.hub.UpdatePerson(t.Context(), admin, "gamma-member@gamma.example", hub.PersonPatch{Role: &role})
	must(t, err)
	for _, c := range []*hub.Caller{suspended, revoked} {
		_, err = f.hub.Renew(t.Context(), c)
		wantCode(t, err, hub.Unauthenticated)
		_, err = f.hub.Submit(t.Context(), c, hub.Submission{Root: hub.Community, Collection: "indicators", Body: envelope(stixText("indicator", 1, 0))})
		wantCode(t, err, hub.Unauthenticated)
	}
	again, err := f.hub.Renew(t.Context(), demoted)
	must(t, err)
	if again.Role() != role {
		t.Errorf("role %q", again.Role())
	}
}
