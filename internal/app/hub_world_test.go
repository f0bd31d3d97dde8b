package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

// world is a served hub with callers of every kind, collections of every kind
// and objects of every marking. What each caller may know is worked out from it
// by hub_policy_test.go.
//
// Organisations: gov (the operator), alpha, beta (a client of alpha), gamma,
// delta (new) and omega (suspended). The trust group has alpha and gamma.
type world struct {
	*serving
	orgs    map[string]apiclient.Organisation
	people  map[string]apiclient.Person // by mail address
	askers  []*asker
	shelves map[string]*shelf
	entries []*entry
	n       int // numbers given to entries
	faults  int // that were told
	secrets []secret
	seen    map[string]map[*entry]bool // by asker: what they may read
	added   map[time.Time]*entry
	socket  *apiclient.Client
}

// trustGroup is the handle of the only group but the community.
const trustGroup = "fin7x9"

// asker is somebody who asks, with what the policy knows of them.
type asker struct {
	name     string
	key      string
	keyID    string
	local    bool
	shut     bool // the key is not valid, or its owner is shut out
	org      string
	clientOf []string
	groups   []string
	person   string // mail address
	role     string
	scopes   []apiclient.Scope
}

func (a *asker) member() bool { return a.org != "" && !a.shut }
func (a *asker) administers() bool {
	return !a.shut && (a.local || a.role == "hub-admin") && len(a.scopes) == 0
}

// shelf is a collection as the test made it.
type shelf struct {
	id, alias, root string
	grants          []apiclient.Grant
	people          []string // mail addresses
	readers         []string // handles of the organisations that AMBER names, of what TAXII brings in
	unmarked        string
}

func (s *shelf) path() string { return "/taxii2/" + s.root + "/collections/" + s.alias + "/" }

// secret is a text that only some may see.
type secret struct {
	text string
	may  func(*asker) bool
}

func newWorld(t *testing.T) *world { return newWorldWith(t, nil) }

// newWorldWith is newWorld of a hub that sends messages.
func newWorldWith(t *testing.T, senders map[notify.Channel]notify.Sender) *world {
	t.Helper()
	w := &world{
		serving: startHub(t, func(o *app.ServeOptions) { o.Proxied, o.Senders = true, senders }),
		orgs:    map[string]apiclient.Organisation{}, people: map[string]apiclient.Person{},
		shelves: map[string]*shelf{}, added: map[time.Time]*entry{},
	}
	c, done, err := app.HubClient(t.Context(), app.HubAddress{Data: w.dir}, app.HubOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = done() })
	w.socket = c
	w.enrol()
	w.furnish()
	w.employ()
	return w
}

// must calls the API as the hub's administrator.
func (w *world) must(method, path string, in, out any) {
	w.t.Helper()
	if err := w.as(w.admin).Do(w.t.Context(), method, path, nil, in, out); err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// errorf is the test's, up to a number that somebody reads.
func (w *world) errorf(format string, args ...any) {
	w.t.Helper()
	w.t.Errorf(format, args...)
	if w.faults++; w.faults >= 30 {
		w.t.Fatal("and more of it")
	}
}

func ptr[T any](v T) *T { return &v }

func (w *world) enrol() {
	w.must(http.MethodPatch, "/organisations/gov", apiclient.OrganisationEdit{Contact: ptr("duty@gov.example")}, nil)
	for _, o := range []struct{ handle, name, status, clientOf string }{
		{"alpha", "Alpha Harbour Bank", "active", ""},
		{"beta", "Beta Lanes Logistics", "active", "alpha"},
		{"gamma", "Gamma Insurance", "active", ""},
		{"delta", "Delta Corner Shop", "new", ""},
		{"omega", "Omega Gone Ltd", "active", ""}, // until its people have keys
	} {
		edit := apiclient.OrganisationEdit{Handle: ptr(o.handle), Name: ptr(o.name), Status: ptr(o.status), Contact: ptr("soc@" + o.handle + ".example")}
		if o.clientOf != "" {
			edit.ClientOf = &[]string{o.clientOf}
		}
		w.must(http.MethodPost, "/organisations", edit, nil)
	}
	var orgs apiclient.List[apiclient.Organisation]
	w.must(http.MethodGet, "/organisations", nil, &orgs)
	for _, o := range orgs.Items {
		w.orgs[o.Handle] = o
		// Who is a member, and who contributed what, is for members.
		members := func(a *asker) bool { return a.member() }
		w.secrets = append(w.secrets, secret{o.ID, members}, secret{o.Name, members}, secret{`"organisation":"` + o.Handle, members})
		w.secrets = append(w.secrets, secret{o.Contact, func(a *asker) bool { return a.administers() || a.member() && a.org == o.Handle }})
	}
	for _, p := range []struct{ org, suffix, role string }{
		{"gov", "analyst", "analyst"},
		{"alpha", "admin", "organisation-admin"}, {"alpha", "member", "member"}, {"alpha", "reader", "reader"}, {"alpha", "gone", "member"},
		{"beta", "member", "member"}, {"gamma", "admin", "organisation-admin"}, {"gamma", "member", "member"},
		{"delta", "member", "member"}, {"omega", "member", "member"},
	} {
		email := p.org + "-" + p.suffix + "@" + p.org + ".example"
		w.must(http.MethodPost, "/people", apiclient.PersonEdit{Name: ptr("Pat " + p.org + " " + p.suffix), Email: &email, Organisation: &p.org, Role: &p.role}, nil)
	}
	var people apiclient.List[apiclient.Person]
	w.must(http.MethodGet, "/people", nil, &people)
	for _, p := range people.Items {
		w.people[p.Email] = p
		may := func(a *asker) bool { return a.administers() || a.member() && a.person != "" && a.org == p.Organisation }
		w.secrets = append(w.secrets, secret{p.Email, may}, secret{p.ID, may})
	}
	w.must(http.MethodPost, "/groups", apiclient.GroupEdit{Handle: ptr(trustGroup), Title: ptr("Finance " + trustGroup), Members: &[]string{"alpha", "gamma"}}, nil)
	w.secrets = append(w.secrets, secret{trustGroup, func(a *asker) bool { return a.administers() || a.member() && slices.Contains(a.groups, trustGroup) }})
	for _, o := range []string{"alpha", "gamma"} {
		name := "server-" + o + "-7x9"
		w.must(http.MethodPost, "/assets", apiclient.AssetEdit{Organisation: ptr(o), Kind: ptr("domain"), Name: &name, Domain: ptr(name + ".example")}, nil)
		w.secrets = append(w.secrets, secret{name, func(a *asker) bool {
			return a.administers() || a.member() && a.org == o && a.role != "reader" && len(a.scopes) == 0
		}})
	}
}

// furnish makes the collections.
func (w *world) furnish() {
	grant := func(subject, verbs string) apiclient.Grant {
		return apiclient.Grant{Subject: subject, Read: strings.Contains(verbs, "r"), Write: strings.Contains(verbs, "w")}
	}
	all := []string{"gov", "alpha", "beta", "gamma", "delta"}
	for _, s := range []*shelf{
		{alias: "public", root: "community", grants: []apiclient.Grant{grant("gov", "rw"), grant("public", "r")}, readers: []string{"gov"}, unmarked: "clear"},
		{alias: "indicators", root: "community", grants: []apiclient.Grant{grant("group:community", "rw")}, readers: all, unmarked: "green"},
		{alias: "open7x9", root: "community", grants: []apiclient.Grant{grant("public", "r"), grant("group:community", "rw")}, readers: all, unmarked: "clear",
			people: []string{"beta-member@beta.example"}},
		{alias: "desk7x9", root: "community", grants: []apiclient.Grant{grant("alpha", "rw"), grant("beta", "r"), grant("gov", "r"), grant("delta", "w")},
			readers: []string{"alpha", "beta", "gov"}, unmarked: "green", people: []string{"alpha-member@alpha.example", "beta-member@beta.example", "gov-analyst@gov.example"}},
		{alias: "cases7x9", root: trustGroup, grants: []apiclient.Grant{grant("group:"+trustGroup, "rw")},
			readers: []string{"alpha", "gamma"}, unmarked: "amber", people: []string{"gamma-member@gamma.example"}},
	} {
		var made apiclient.Collection
		if strings.HasSuffix(s.alias, "7x9") {
			edit := apiclient.CollectionEdit{Alias: &s.alias, Title: ptr("Shelf " + s.alias), Group: &s.root, Unmarked: &s.unmarked, People: &s.people,
				Grants: ptr(slices.Clone(s.grants))}
			for i, g := range *edit.Grants {
				(*edit.Grants)[i].Subject = strings.TrimPrefix(g.Subject, "group:")
			}
			w.must(http.MethodPost, "/collections", edit, &made)
		} else {
			w.must(http.MethodGet, "/collections/"+s.alias, nil, &made)
		}
		s.id = made.ID
		w.shelves[s.alias] = s
		may := func(a *asker) bool { read, write := a.reaches(s); return read || write || a.administers() }
		w.secrets = append(w.secrets, secret{s.id, may})
		if strings.HasSuffix(s.alias, "7x9") {
			w.secrets = append(w.secrets, secret{s.alias, may})
		}
	}
}

// employ gives everybody a key.
func (w *world) employ() {
	add := func(a asker, k apiclient.NewKey) *asker {
		k.Name, k.Scopes = "key of "+a.name, a.scopes
		if a.person == "" {
			k.Organisation = a.org
		} else {
			k.Person = a.person
		}
		var made apiclient.MadeKey
		w.must(http.MethodPost, "/keys", k, &made)
		a.key, a.keyID = made.Secret, made.ID
		w.askers = append(w.askers, &a)
		w.secrets = append(w.secrets, secret{made.ID, func(b *asker) bool {
			own := b.keyID == made.ID || a.person != "" && b.person == a.person && len(b.scopes) == 0
			return b.administers() || b.member() && (own || b.role == "organisation-admin" && b.org == a.org && len(b.scopes) == 0)
		}}, secret{strings.TrimPrefix(made.Secret, "infohub_"+made.ID), func(*asker) bool { return false }})
		return &a
	}
	for handle, o := range w.orgs {
		a := asker{name: handle + "-key", org: handle, clientOf: o.ClientOf, role: "member"}
		if handle == "alpha" || handle == "gamma" {
			a.groups = []string{trustGroup}
		}
		add(a, apiclient.NewKey{})
		for _, p := range w.people {
			if p.Organisation == handle {
				b := a
				b.name, b.person, b.role = p.Email[:strings.Index(p.Email, "@")], p.Email, p.Role
				add(b, apiclient.NewKey{})
			}
		}
		if handle == "alpha" {
			b := a
			b.name, b.scopes = "alpha-reads-desk", []apiclient.Scope{{Collection: w.shelves["desk7x9"].id, Verbs: []string{"read"}}}
			add(b, apiclient.NewKey{})
			b.name, b.scopes = "alpha-writes-desk", []apiclient.Scope{{Collection: w.shelves["desk7x9"].id, Verbs: []string{"write"}}}
			add(b, apiclient.NewKey{})
			b.name, b.scopes, b.person = "alpha-member-reads-all", []apiclient.Scope{{Collection: "*", Verbs: []string{"read"}}}, "alpha-member@alpha.example"
			add(b, apiclient.NewKey{})
			b.name, b.scopes, b.person, b.shut = "alpha-revoked", nil, "", true
			w.must(http.MethodDelete, "/keys/"+add(b, apiclient.NewKey{}).keyID, nil, nil)
			b.name = "alpha-expired"
			soon := time.Now().Add(100 * time.Millisecond)
			add(b, apiclient.NewKey{Expires: soon})
			time.Sleep(time.Until(soon))
		}
		if handle == "gov" {
			b := a
			b.name, b.person, b.role, b.scopes = "gov-admin-reads-desk", "ada@gov.example", "hub-admin", []apiclient.Scope{{Collection: w.shelves["desk7x9"].id, Verbs: []string{"read"}}}
			add(b, apiclient.NewKey{})
		}
	}
	w.must(http.MethodPatch, "/organisations/omega", apiclient.OrganisationEdit{Status: ptr("suspended")}, nil)
	w.must(http.MethodPatch, "/people/alpha-gone@alpha.example", apiclient.PersonEdit{Disabled: ptr(true)}, nil)
	for _, a := range w.askers {
		a.shut = a.shut || a.org == "omega" || a.name == "alpha-gone"
	}
	w.askers = append(w.askers, &asker{name: "stranger"}, &asker{name: "local", local: true, org: "gov", role: "hub-admin"},
		&asker{name: "wrong-key", shut: true, key: "infohub_abcdefghijkl_" + strings.Repeat("A", 43)})
	slices.SortFunc(w.askers, func(a, b *asker) int { return strings.Compare(a.name, b.name) })
}

func (w *world) asker(name string) *asker {
	for _, a := range w.askers {
		if a.name == name {
			return a
		}
	}
	w.t.Fatalf("nobody is called %s", name)
	return nil
}

// answer is what came back, without what differs each time.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", a.status)
	_ = a.header.Write(&b) // in the order of names
	return b.String() + a.body
}

// ask sends a request as somebody, and fails the test if the answer tells what
// they may not know and have not said.
func (w *world) ask(a *asker, method, path string, body string, header ...string) answer {
	w.t.Helper()
	base, client := w.url, http.DefaultClient
	if a.local {
		base, client = w.socket.Base, w.socket.HTTP
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if a.key != "" {
		req.Header.Set("Authorization", "Bearer "+a.key)
	}
	if strings.HasPrefix(path, "/taxii2") {
		req.Header.Set("Accept", taxiiType)
		if body != "" {
			req.Header.Set("Content-Type", taxiiType)
		}
	} else if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	// Each from an address of its own, so that wrong keys are not told to wait.
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("2001:db8:%x:%x::1", len(path)%65535, time.Now().UnixNano()%65535))
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	got := answer{res.StatusCode, res.Header, string(b)}
	for _, name := range []string{"X-Request-Id", "Date"} {
		id := got.header.Get(name)
		got.header.Del(name)
		if id != "" {
			got.body = strings.ReplaceAll(got.body, id, "REQUEST")
		}
	}
	w.inspect(a, method, path, body, got)
	return got
}

// taxiiPost shares objects by TAXII and returns their status.
func (w *world) taxiiPost(a *asker, s *shelf, objects ...string) apiclient.Status {
	w.t.Helper()
	got := w.ask(a, http.MethodPost, s.path()+"objects/", `{"objects":[`+strings.Join(objects, ",")+`]}`)
	var st apiclient.Status
	if err := json.Unmarshal([]byte(got.body), &st); err != nil || got.status != http.StatusAccepted {
		w.t.Fatalf("%s shares in %s: %s", a.name, s.alias, got)
	}
	return st
}

// apiPost shares objects by the API, which can name readers.
func (w *world) apiPost(a *asker, s *shelf, query url.Values, objects ...string) apiclient.Status {
	w.t.Helper()
	got := w.ask(a, http.MethodPost, "/api/v1/collections/"+s.id+"/objects?"+query.Encode(), `{"objects":[`+strings.Join(objects, ",")+`]}`)
	var st apiclient.Status
	if err := json.Unmarshal([]byte(got.body), &st); err != nil || got.status != http.StatusAccepted {
		w.t.Fatalf("%s shares in %s: %s", a.name, s.alias, got)
	}
	return st
}

// decode reads an answer that is JSON.
func decode[T any](w *world, got answer) T {
	w.t.Helper()
	var v T
	if err := json.NewDecoder(bytes.NewBufferString(got.body)).Decode(&v); err != nil {
		w.t.Fatalf("no JSON: %v in %s", err, got)
	}
	return v
}
