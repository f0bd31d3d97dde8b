package hub_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
)

// fixture is a hub with members, people, keys and collections.
//
// Organisations: gov (the operator), alpha, beta (a client of alpha) and gamma
// are active, delta is new. People are named ORGANISATION-ROLE: gov-admin (hub
// administrator), gov-analyst, and of the four others -admin, -member and
// -reader. Each has a key, each organisation too.
//
// Collections by alias: in the community "public", "indicators" (both by Setup)
// and "drop" (alpha reads and writes, beta writes only, gamma reads); in the
// group "finance" (alpha and gamma) "cases" (the group reads and writes,
// unmarked AMBER, for alpha-member where TLP:RED).
type fixture struct {
	hub   *hub.Service
	store store.Store
	clock *clock

	org    map[string]hub.Organisation
	person map[string]hub.Person
	token  map[string]string // by the name of an organisation or a person
	group  map[string]hub.Group
	col    map[string]hub.Access // by alias
}

// clock is a time that passes only when a test says so, and a microsecond with
// every look.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Microsecond)
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// openHub is an empty hub on a file; wrap, if not nil, wraps the store.
func openHub(t testing.TB, wrap func(store.Store) store.Store) *fixture {
	t.Helper()
	file, err := bolt.Open(filepath.Join(t.TempDir(), "infohub.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &fixture{
		store: file, clock: newClock(),
		org: map[string]hub.Organisation{}, person: map[string]hub.Person{}, token: map[string]string{},
		group: map[string]hub.Group{}, col: map[string]hub.Access{},
	}
	if wrap != nil {
		f.store = wrap(file)
	}
	f.hub = f.reopen(t)
	return f
}

// reopen is another Service on the same store, as after a restart.
func (f *fixture) reopen(t testing.TB) *hub.Service {
	t.Helper()
	h, err := hub.New(hub.Config{Store: f.store, Audit: &audit.Log{Now: f.clock.Now}, Now: f.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// newFixture is the hub that fixture describes.
func newFixture(t testing.TB, wrap func(store.Store) store.Store) *fixture {
	t.Helper()
	f := openHub(t, wrap)
	ctx := t.Context()
	made, err := f.hub.Setup(ctx, hub.SetupRequest{
		Title:    "Test hub",
		Operator: hub.Organisation{Handle: "gov", Name: "Government CERT", Sector: "government", Contact: "cert@gov.example"},
		Name:     "Grace Admin", Email: "gov-admin@gov.example",
	})
	must(t, err)
	f.org["gov"], f.person["gov-admin"], f.token["gov-admin"] = made.Operator, made.Person, made.Token
	admin := f.as(t, "gov-admin")

	f.join(t, admin, hub.Organisation{Handle: "alpha", Name: "Alpha Bank", Sector: "financial-services", Contact: "soc@alpha.example", Status: hub.StatusActive})
	f.join(t, admin, hub.Organisation{Handle: "beta", Name: "Beta Payments", Contact: "it@beta.example", Status: hub.StatusActive, ClientOf: []string{"alpha"}})
	f.join(t, admin, hub.Organisation{Handle: "gamma", Name: "Gamma Insurance", Contact: "cert@gamma.example", Status: hub.StatusActive})
	f.join(t, admin, hub.Organisation{Handle: "delta", Name: "Delta Shop", Contact: "owner@delta.example", Status: hub.StatusNew})
	f.hire(t, admin, "gov", "analyst", hub.RoleAnalyst)
	for _, org := range []string{"alpha", "beta", "gamma", "delta"} {
		f.hire(t, admin, org, "admin", hub.RoleOrganisationAdmin)
		f.hire(t, admin, org, "member", hub.RoleMember)
		f.hire(t, admin, org, "reader", hub.RoleReader)
	}
	for name := range f.org {
		f.giveKey(t, admin, name, hub.Key{Organisation: name})
	}

	f.group["finance"], err = f.hub.CreateGroup(ctx, admin, hub.Group{Handle: "finance", Title: "Finance", Members: []string{"alpha", "gamma"}})
	must(t, err)
	f.group["community"], err = f.hub.Root(ctx, admin, hub.Community)
	must(t, err)
	for _, col := range []hub.Collection{
		{Alias: "drop", Title: "Drop", Unmarked: tlp.Green, Grants: []hub.Grant{
			{Subject: "alpha", Read: true, Write: true}, {Subject: "beta", Write: true}, {Subject: "gamma", Read: true}}},
		{Alias: "cases", Title: "Cases", Group: "finance", Unmarked: tlp.Amber, People: []string{"alpha-member@alpha.example"},
			Grants: []hub.Grant{{Subject: "finance", Read: true, Write: true}}},
	} {
		_, err := f.hub.CreateCollection(ctx, admin, col)
		must(t, err)
	}
	all, err := f.hub.Collections(ctx, admin, "")
	must(t, err)
	for _, col := range all {
		f.col[col.Alias] = col
	}
	return f
}

func (f *fixture) join(t testing.TB, admin *hub.Caller, o hub.Organisation) {
	t.Helper()
	made, err := f.hub.CreateOrganisation(t.Context(), admin, o)
	must(t, err)
	f.org[made.Handle] = made
}

// hire makes the person ORGANISATION-SUFFIX with a key.
func (f *fixture) hire(t testing.TB, admin *hub.Caller, org, suffix string, role hub.Role) {
	t.Helper()
	name := org + "-" + suffix
	email := name + "@" + org + ".example"
	made, err := f.hub.CreatePerson(t.Context(), admin, hub.Person{Name: strings.ToTitle(suffix) + " of " + org, Email: email, Organisation: org, Role: role})
	must(t, err)
	f.person[name] = made
	f.giveKey(t, admin, name, hub.Key{Person: email})
}

// giveKey makes a key and keeps its token under a name, for as.
func (f *fixture) giveKey(t testing.TB, maker *hub.Caller, name string, k hub.Key) hub.Key {
	t.Helper()
	k.Name = name
	made, token, err := f.hub.CreateKey(t.Context(), maker, k)
	must(t, err)
	f.token[name] = token
	return made
}

// as is the caller of a name: an organisation or a person by their key, "local",
// or "" for a stranger.
func (f *fixture) as(t testing.TB, name string) *hub.Caller {
	t.Helper()
	if name == "local" {
		c, err := f.hub.Local(t.Context(), "socket", "request-local")
		must(t, err)
		return &c
	}
	token, known := f.token[name]
	if !known && name != "" {
		t.Fatalf("no key of %q", name)
	}
	c, err := f.hub.Authenticate(t.Context(), token, "192.0.2.1", "request-"+name)
	must(t, err)
	return &c
}

// audited returns what the audit log tells, oldest first.
func (f *fixture) audited(t testing.TB, action string) []audit.Entry {
	t.Helper()
	var all []audit.Entry
	err := f.store.View(context.Background(), func(r store.Reader) error {
		page, err := audit.List(r, audit.Filter{Action: action})
		all = nil
		for i := len(page.Entries) - 1; i >= 0; i-- {
			all = append(all, page.Entries[i])
		}
		return err
	})
	must(t, err)
	return all
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode fails unless an error is of a code ("": no error), and returns what
// the caller is told.
func wantCode(t testing.TB, err error, code hub.Code) string {
	t.Helper()
	if got := hub.CodeOf(err); got != code || code == "" && err != nil {
		t.Fatalf("error %v, code %q; want %q", err, got, code)
	}
	if err == nil {
		return ""
	}
	return err.Error()
}
