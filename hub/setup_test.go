package hub_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
)

func TestSetup(t *testing.T) {
	f := openHub(t, nil)
	ctx := t.Context()
	is, err := f.hub.IsSetUp(ctx)
	must(t, err)
	if is {
		t.Fatal("an empty hub says that it is set up")
	}
	_, err = f.hub.Local(ctx, "socket", "1")
	wantCode(t, err, hub.Conflict)
	_, err = f.hub.Settings(ctx)
	wantCode(t, err, hub.Conflict)
	_, err = f.hub.Authenticate(ctx, "infohub_aaaaaaaaaaaa_"+strings.Repeat("A", 43), "", "")
	wantCode(t, err, hub.Unauthenticated)

	for name, spoil := range map[string]func(*hub.SetupRequest){
		"no title": func(q *hub.SetupRequest) { q.Title = " " }, "no operator": func(q *hub.SetupRequest) { q.Operator = hub.Organisation{} },
		"no name": func(q *hub.SetupRequest) { q.Name = "" }, "no email": func(q *hub.SetupRequest) { q.Email = "x" },
	} {
		q := request()
		spoil(&q)
		_, err := f.hub.Setup(ctx, q)
		if hub.CodeOf(err) != hub.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	made, err := f.hub.Setup(ctx, request())
	must(t, err)
	_, err = f.hub.Setup(ctx, request())
	wantCode(t, err, hub.Conflict)
	_, err = f.hub.Setup(ctx, hub.SetupRequest{Link: true})
	wantCode(t, err, hub.Conflict)

	h := f.reopen(t) // it is all on disk
	c, err := h.Authenticate(ctx, made.Token, "", "")
	must(t, err)
	set, err := h.UpdateSettings(ctx, &c, nil, new("For everybody"))
	must(t, err)
	if set.Title != "Hub" || set.Description != "For everybody" {
		t.Errorf("settings %+v", set)
	}
	all, err := h.Collections(ctx, &c, hub.Community)
	must(t, err)
	if rights(all) != "public:rw indicators:rw" {
		t.Errorf("the first collections: %q", rights(all))
	}
}

func request() hub.SetupRequest {
	return hub.SetupRequest{
		Title: "Hub", Operator: hub.Organisation{Handle: "cert", Name: "CERT", Status: hub.StatusSuspended, ID: "identity--x"},
		Name: "First", Email: "First@Cert.example", From: "socket", Request: "r1",
	}
}

func TestSetupLink(t *testing.T) {
	f := openHub(t, nil)
	ctx := t.Context()
	old, err := f.hub.Setup(ctx, hub.SetupRequest{Link: true})
	must(t, err)
	link, err := f.hub.Setup(ctx, hub.SetupRequest{Link: true})
	must(t, err)
	for _, token := range []string{"", "x", old.Token, link.Token + "x"} {
		_, err := f.hub.FinishSetup(ctx, token, request())
		wantCode(t, err, hub.Unauthenticated)
	}
	f.clock.pass(23 * time.Hour)
	made, err := f.hub.FinishSetup(ctx, link.Token, request())
	must(t, err)
	if made.Operator.Status != hub.StatusActive || !strings.HasPrefix(made.Operator.ID, "identity--") || len(made.Operator.ID) != 46 {
		t.Errorf("operator %+v", made.Operator)
	}
	_, err = f.hub.FinishSetup(ctx, link.Token, request())
	wantCode(t, err, hub.Conflict)
	c, err := f.hub.Authenticate(ctx, made.Token, "", "")
	must(t, err)
	if c.Role() != hub.RoleHubAdmin || c.Person.Email != "first@cert.example" {
		t.Errorf("caller %+v", c)
	}
	if e := f.audited(t, "setup")[0]; e.Actor.ID != made.Person.ID || e.From != "socket" || e.Object != made.Operator.ID {
		t.Errorf("the audit log tells %+v", e)
	}
}

func TestSetupLinkEnds(t *testing.T) {
	f := openHub(t, nil)
	link, err := f.hub.Setup(t.Context(), hub.SetupRequest{Link: true})
	must(t, err)
	f.clock.pass(24 * time.Hour)
	_, err = f.hub.FinishSetup(t.Context(), link.Token, request())
	wantCode(t, err, hub.Unauthenticated)
}
