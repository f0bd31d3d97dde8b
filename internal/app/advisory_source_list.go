package app

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/sources"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// List returns the sources with how they are doing (api.Sources).
func (f *feeds) List(ctx context.Context, c *advisories.Caller) ([]apiclient.AdvisorySource, error) {
	if err := analyses(c); err != nil {
		return nil, err
	}
	all, err := f.all(ctx)
	if err != nil {
		return nil, err
	}
	out := []apiclient.AdvisorySource{}
	for i := range all {
		s, err := f.shown(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// maxRefusals is how many refusals a source is shown with.
const maxRefusals = 100

func (f *feeds) shown(ctx context.Context, s *keptSource) (apiclient.AdvisorySource, error) {
	state, err := f.state(ctx, s.ID)
	h := state.Health
	out := apiclient.AdvisorySource{
		ID: s.ID, Kind: string(s.Kind), URL: s.URL, Mode: string(s.Mode), Signed: s.RequireSignature, Lang: string(s.Language), TLP: s.TLP.String(), Secret: s.Authorization != "",
		Paused: s.Paused, Created: s.Created, Tried: h.LastRun, Succeeded: h.LastSuccess, Error: h.LastError, New: h.New, Changed: h.Changed, Unchanged: h.Unchanged,
	}
	if s.Every > 0 {
		out.Every = s.Every.String()
	}
	if s.TLP == "" {
		out.TLP = ""
	}
	for i, r := range state.Refusals() {
		if i == maxRefusals {
			break
		}
		out.Refused = append(out.Refused, apiclient.Refusal{URL: r.URL, ID: r.TrackingID, Reason: string(r.Code), Detail: r.Detail, Time: r.Time})
	}
	return out, err
}

// Add makes a source. Hub administrators may.
func (f *feeds) Add(ctx context.Context, c *advisories.Caller, in apiclient.NewAdvisorySource) (apiclient.AdvisorySource, error) {
	if err := administers(c); err != nil { // before anything is said of what they sent
		return apiclient.AdvisorySource{}, err
	}
	invalid := func(text string) error { return &advisories.Error{Code: advisories.Invalid, Message: text} }
	s := keptSource{
		Source: sources.Source{
			ID: in.ID, Kind: sources.Kind(in.Kind), URL: in.URL, Mode: sources.Mode(in.Mode), RequireSignature: in.Signed, Language: i18n.Lang(in.Lang),
		},
		Authorization: in.Authorization, Created: time.Now().UTC().Truncate(time.Second),
	}
	var err error
	if in.Every != "" {
		if s.Every, err = time.ParseDuration(in.Every); err != nil {
			return apiclient.AdvisorySource{}, invalid("every: write a time such as 6h or 30m")
		}
	}
	if in.TLP != "" {
		if s.TLP, err = tlp.Parse(in.TLP); err != nil {
			return apiclient.AdvisorySource{}, invalid("tlp: " + err.Error())
		}
	}
	if strings.ContainsAny(s.Authorization, "\r\n\x00") {
		return apiclient.AdvisorySource{}, invalid("authorization: it is one line, such as Bearer and a key")
	}
	if err := s.Check(false); err != nil {
		return apiclient.AdvisorySource{}, invalid(err.Error())
	}
	data, err := json.Marshal(s)
	if err != nil {
		return apiclient.AdvisorySource{}, err
	}
	err = f.change(ctx, c, "advisory.source.add", s.ID, func(tx store.Tx) error {
		n := 0
		for e, err := range tx.Scan(store.Prefix([]byte("source/"))) {
			if err != nil {
				return err
			}
			if n++; string(e.Key) == "source/"+s.ID && string(e.Value) != string(data) {
				return &advisories.Error{Code: advisories.Conflict, Message: "there is a source " + s.ID + " already: choose another id, or remove it first"}
			}
		}
		if n >= maxSources {
			return &advisories.Error{Code: advisories.Conflict, Message: "there are as many sources as there may be"}
		}
		return tx.Put([]byte("source/"+s.ID), data)
	})
	if err != nil {
		return apiclient.AdvisorySource{}, err
	}
	return f.shown(ctx, &s)
}

// Pause stops a source, or lets it go on.
func (f *feeds) Pause(ctx context.Context, c *advisories.Caller, id string, paused bool) (apiclient.AdvisorySource, error) {
	var s keptSource
	action := "advisory.source.resume"
	if paused {
		action = "advisory.source.pause"
	}
	err := f.change(ctx, c, action, id, func(tx store.Tx) (err error) {
		if s, err = sourceOf(tx, id); err != nil {
			return err
		}
		s.Paused = paused
		data, err := json.Marshal(s)
		if err != nil {
			return err
		}
		return tx.Put([]byte("source/"+id), data)
	})
	if err != nil {
		return apiclient.AdvisorySource{}, err
	}
	return f.shown(ctx, &s)
}

// Remove takes a source away. What came from it stays.
func (f *feeds) Remove(ctx context.Context, c *advisories.Caller, id string) error {
	seen := false // by a run before, of which the outcome was unknown
	return f.change(ctx, c, "advisory.source.remove", id, func(tx store.Tx) error {
		if _, err := sourceOf(tx, id); err != nil && !seen {
			return err
		}
		seen = true
		if err := tx.Delete([]byte("state/" + id)); err != nil {
			return err
		}
		return tx.Delete([]byte("source/" + id))
	})
}

// Run fetches a source now. Analysts may.
func (f *feeds) Run(ctx context.Context, c *advisories.Caller, id string) (apiclient.AdvisorySource, error) {
	if err := analyses(c); err != nil {
		return apiclient.AdvisorySource{}, err
	}
	out, err := f.run(ctx, id, runTime)
	if err != nil && advisories.CodeOf(err) == "" && ctx.Err() == nil {
		err = &advisories.Error{Code: advisories.Unavailable, Message: err.Error()}
	}
	if err != nil {
		return apiclient.AdvisorySource{}, err
	}
	var s keptSource
	err = f.view(ctx, func(r store.Reader) (err error) {
		s, err = sourceOf(r, id)
		return err
	})
	if err != nil {
		return apiclient.AdvisorySource{}, err
	}
	shown, err := f.shown(ctx, &s)
	shown.Warnings = out.Warnings
	return shown, err
}
