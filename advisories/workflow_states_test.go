package advisories_test

import (
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// TestEveryStepInEveryState goes through what every kind of caller may do with a
// record in every state.
func TestEveryStepInEveryState(t *testing.T) {
	const (
		ok        = advisories.Code("")
		conflict  = advisories.Conflict
		forbidden = advisories.Forbidden
		signIn    = advisories.Unauthenticated
	)
	ctx := t.Context()
	states := []string{
		"draft", "review", "approved", "scheduled", "published", "revising", "revising-review", "revising-approved",
		"withdrawing", "withdrawing-approved", "superseding", "withdrawn", "superseded", "superseded-working", "superseded-withdrawing",
	}
	// What an analyst who wrote none of it gets, in the order of the states.
	actions := []struct {
		name string
		do   func(d *desk, c *advisories.Caller, rec advisories.Record, other string) error
		want []advisories.Code
		// Of the author, a person, and of whoever is no person, where it differs.
		author, local map[string]advisories.Code
	}{
		{
			name: "edit",
			do: func(d *desk, c *advisories.Caller, rec advisories.Record, _ string) error {
				a := rec.Text()
				a.Title = texts("Another title")
				_, err := d.Edit(ctx, c, rec.UUID, rec.Version, a)
				return err
			},
			want: []advisories.Code{ok, ok, ok, ok, ok, ok, ok, ok, conflict, conflict, conflict, conflict, conflict, conflict, conflict},
		},
		{
			name: "submit",
			do: func(d *desk, c *advisories.Caller, rec advisories.Record, _ string) error {
				_, err := d.Submit(ctx, c, rec.UUID, rec.Version, advisories.Submission{Summary: texts("New")})
				return err
			},
			want: []advisories.Code{ok, conflict, conflict, conflict, conflict, ok, conflict, conflict, conflict, conflict, conflict, conflict, conflict, conflict, conflict},
		},
		{
			name: "approve",
			do: func(d *desk, c *advisories.Caller, rec advisories.Record, _ string) error {
				_, err := d.Approve(ctx, c, rec.UUID, rec.Version)
				return err
			},
			want:   []advisories.Code{conflict, ok, conflict, conflict, conflict, conflict, ok, conflict, ok, conflict, ok, conflict, conflict, conflict, ok},
			author: map[string]advisories.Code{"review": forbidden, "revising-review": forbidden, "withdrawing": forbidden, "superseding": forbidden, "superseded-withdrawing": forbidden},
			local:  map[string]advisories.Code{"review": forbidden, "revising-review": forbidden, "withdrawing": forbidden, "superseding": forbidden, "superseded-withdrawing": forbidden},
		},
		{
			name: "reject",
			do: func(d *desk, c *advisories.Caller, rec advisories.Record, _ string) error {
				_, err := d.Reject(ctx, c, rec.UUID, rec.Version, "Too long")
				return err
			},
			want: []advisories.Code{conflict, ok, ok, ok, conflict, conflict, ok, ok, ok, ok, ok, conflict, conflict, conflict, ok},
		},
		{
			name: "publish",
			do: func(d *desk, c *advisories.Caller, rec advisories.Record, _ string) error {
				_, err := d.Publish(ctx, c, rec.UUID, rec.Version, time.Time{})
				return err
			},
			want: []advisories.Code{conflict, conflict, ok, ok, conflict, conflict, conflict, ok, conflict, ok, conflict, conflict, conflict, conflict, conflict},
		},
		{
			name: "schedule",
			do: func(d *desk, c *advisories.Caller, rec advisories.Record, _ string) error {
				_, err := d.Publish(ctx, c, rec.UUID, rec.Version, d.clock.Now().Add(time.Hour))
				return err
			},
			want: []advisories.Code{conflict, conflict, ok, ok, conflict, conflict, conflict, ok, conflict, ok, conflict, conflict, conflict, conflict, conflict},
		},
		{
			name: "unschedule",
			do: func(d *desk, c *advisories.Caller, rec advisories.Record, _ string) error {
				_, err := d.Unschedule(ctx, c, rec.UUID, rec.Version)
				return err
			},
			want: []advisories.Code{conflict, conflict, conflict, ok, conflict, conflict, conflict, conflict, conflict, conflict, conflict, conflict, conflict, conflict, conflict},
		},
		{
			name: "withdraw",
			do: func(d *desk, c *advisories.Caller, rec advisories.Record, _ string) error {
				_, err := d.Withdraw(ctx, c, rec.UUID, rec.Version, texts("Wrong"))
				return err
			},
			want: []advisories.Code{conflict, conflict, conflict, conflict, ok, conflict, conflict, conflict, conflict, conflict, conflict, conflict, ok, conflict, conflict},
		},
		{
			name: "supersede",
			do: func(d *desk, c *advisories.Caller, rec advisories.Record, other string) error {
				_, err := d.Supersede(ctx, c, rec.UUID, rec.Version, other, texts("Replaced"))
				return err
			},
			want: []advisories.Code{conflict, conflict, conflict, conflict, ok, conflict, conflict, conflict, conflict, conflict, conflict, conflict, conflict, conflict, conflict},
		},
		{
			name: "discard",
			do: func(d *desk, c *advisories.Caller, rec advisories.Record, _ string) error {
				return d.Discard(ctx, c, rec.UUID, rec.Version)
			},
			want: []advisories.Code{ok, ok, ok, ok, conflict, ok, ok, ok, ok, ok, ok, conflict, conflict, ok, ok},
		},
	}
	d := openDesk(t, nil)
	other := d.published(t, advisory("The other", tlp.Clear)).ID
	callers := []struct {
		name   string
		caller *advisories.Caller
	}{{"another analyst", analyst("cat")}, {"author", analyst("ann")}, {"local", local()}, {"member", member("alpha", "al")}, {"stranger", stranger()}}
	for _, action := range actions {
		for i, state := range states {
			var rec advisories.Record // made anew only after a step that was made
			for _, c := range callers {
				want := action.want[i]
				switch c.name {
				case "author":
					if w, ok := action.author[state]; ok {
						want = w
					}
				case "local":
					if w, ok := action.local[state]; ok {
						want = w
					}
				case "member":
					want = forbidden
				case "stranger":
					want = signIn
				}
				t.Run(action.name+"/"+state+"/"+c.name, func(t *testing.T) {
					if rec.UUID == "" {
						rec = d.inState(t, state, other)
					}
					before := d.told(t)
					err := action.do(d, c.caller, rec, other)
					wantCode(t, err, want)
					if err == nil {
						rec = advisories.Record{}
						return
					}
					now, err := d.Get(ctx, analyst("cat"), rec.UUID)
					must(t, err)
					if now.Version != rec.Version || d.told(t) != before {
						t.Error("a step that was refused changed something")
					}
				})
			}
		}
	}
}

// inState makes a record of ann's in a state; ben approved what is.
func (d *desk) inState(t *testing.T, state, other string) advisories.Record {
	t.Helper()
	ctx, ann := t.Context(), analyst("ann")
	rec, err := d.Create(ctx, ann, advisory("A record", tlp.Clear))
	must(t, err)
	edited := func() {
		a := rec.Text()
		a.Title = texts("A newer title")
		rec, err = d.Edit(ctx, ann, rec.UUID, rec.Version, a)
		must(t, err)
	}
	submitted := func() {
		rec, err = d.Submit(ctx, ann, rec.UUID, rec.Version, advisories.Submission{Summary: texts("New")})
		must(t, err)
	}
	superseded := func() {
		a := advisory("The successor", tlp.Clear)
		a.Supersedes = []string{rec.ID}
		d.published(t, a)
		rec, err = d.Get(ctx, ann, rec.UUID)
		must(t, err)
	}
	switch state {
	case "draft":
	case "review":
		submitted()
	case "approved":
		rec = d.approved(t, rec)
	case "scheduled":
		rec = d.approved(t, rec)
		rec, err = d.Publish(ctx, ann, rec.UUID, rec.Version, d.clock.Now().Add(time.Hour))
	default:
		rec = d.release(t, rec)
	}
	must(t, err)
	switch state {
	case "revising":
		edited()
	case "revising-review":
		edited()
		submitted()
	case "revising-approved":
		edited()
		rec = d.approved(t, rec)
	case "withdrawing":
		rec, err = d.Withdraw(ctx, ann, rec.ID, rec.Version, texts("Wrong"))
	case "withdrawing-approved", "withdrawn":
		rec, err = d.Withdraw(ctx, ann, rec.ID, rec.Version, texts("Wrong"))
		must(t, err)
		if rec = d.approved(t, rec); state == "withdrawn" {
			rec, err = d.Publish(ctx, ann, rec.ID, rec.Version, time.Time{})
		}
	case "superseding":
		rec, err = d.Supersede(ctx, ann, rec.ID, rec.Version, other, texts("Replaced"))
	case "superseded":
		superseded()
	case "superseded-working":
		edited()
		superseded()
	case "superseded-withdrawing":
		superseded()
		rec, err = d.Withdraw(ctx, ann, rec.ID, rec.Version, texts("Wrong"))
	}
	must(t, err)
	return rec
}
