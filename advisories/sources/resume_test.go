package sources_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/sources"
)

const docs = "cert.example/.well-known/csaf/white/2026/"

// stored is a state as it comes back from where it was kept.
func stored(t *testing.T, s sources.State) sources.State {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back sources.State
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

// TestResume: a run that ends in the middle is taken up where it ended: by the
// state that it returned, or, after a crash, by the last one that was kept.
func TestResume(t *testing.T) {
	s := newSite(t, "cert.example")
	p := newProvider(t, s, "cert.example")
	var ids []string
	for i := range 120 {
		ids = append(ids, "GCERT-26-"+string(rune('A'+i/26))+string(rune('A'+i%26)))
	}
	p.add(ids...)
	p.build(t)
	var saved sources.State
	puller := s.puller()
	puller.Checkpoint = func(_ context.Context, id string, state sources.State) error {
		if id != "cert" {
			t.Errorf("state of %q", id)
		}
		saved = stored(t, state)
		return nil
	}
	full := errors.New("the disk is full")
	sink := &kept{refuse: func(i sources.Item) error {
		if i.Publication.Tracking.ID == ids[70] {
			return full
		}
		return nil
	}}
	_, state, err := puller.Run(t.Context(), p.source(), sources.State{}, sink)
	if !errors.Is(err, full) || len(sink.order) != 70 || !strings.Contains(state.Health.LastError, "full") {
		t.Fatalf("%v after %d", err, len(sink.order))
	}
	for about, from := range map[string]struct {
		state sources.State
		again int
	}{"returned": {stored(t, state), 0}, "kept": {saved, 20}} {
		rest := &kept{}
		out, next := run(t, puller, p.source(), from.state, rest)
		if out.New != 50+from.again || len(rest.order) != 50+from.again || rest.order[0] != ids[70-from.again] {
			t.Errorf("%s: %+v", about, out)
		}
		if out, _ = run(t, puller, p.source(), stored(t, next), rest); out.Fetched != 0 || out.Unchanged != 120 {
			t.Errorf("%s, once more: %+v", about, out)
		}
	}
	// Whoever stops it stops it.
	ctx, cancel := context.WithCancel(t.Context())
	stopping := &kept{refuse: func(sources.Item) error { cancel(); return nil }}
	if _, _, err := puller.Run(ctx, p.source(), sources.State{}, stopping); !errors.Is(err, context.Canceled) || len(stopping.order) != 1 {
		t.Errorf("stopped: %v after %d", err, len(stopping.order))
	}
}

// TestTemporary: what cannot be had now is had the next time, and the rest now.
func TestTemporary(t *testing.T) {
	s := newSite(t, "cert.example")
	p := newProvider(t, s, "cert.example")
	p.add("GCERT-26-1", "GCERT-26-2", "GCERT-26-3", "GCERT-26-4")
	p.build(t)
	broken := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	s.handle(docs+"gcert-26-1.json", broken)
	s.handle(docs+"gcert-26-2.json.asc", broken)
	s.handle(docs+"gcert-26-3.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5000") // and then the line breaks
		_, _ = w.Write([]byte(`{"document":`))
	})
	out, state := run(t, s.puller(), p.source(), sources.State{}, &kept{})
	if out.New != 1 || len(out.Refused) != 0 || len(out.Warnings) != 3 {
		t.Fatalf("%+v", out)
	}
	for _, name := range []string{"gcert-26-1.json", "gcert-26-2.json.asc", "gcert-26-3.json"} {
		s.handle(docs+name, nil)
	}
	if out, _ = run(t, s.puller(), p.source(), state, &kept{}); out.New != 3 {
		t.Errorf("%+v", out)
	}
	// A server that is down altogether is not asked a hundred times.
	for i := range 30 {
		id := "GCERT-27-" + string(rune('A'+i))
		p.add(id)
		s.handle(docs+strings.ToLower(id)+".json", broken)
	}
	p.build(t)
	s.requests()
	if _, _, err := s.puller().Run(t.Context(), p.source(), state, &kept{}); err == nil || len(s.requests()) > 20 {
		t.Errorf("down: %v", err)
	}
}

// TestRetryAfter: who asks to be left alone is.
func TestRetryAfter(t *testing.T) {
	for _, at := range []string{"2026/gcert-26-2.json", "feed.json", "2026/gcert-26-2.json.asc"} {
		s := newSite(t, "cert.example")
		p := newProvider(t, s, "cert.example")
		p.add("GCERT-26-1", "GCERT-26-2", "GCERT-26-3", "GCERT-26-4", "GCERT-26-5", "GCERT-26-6", "GCERT-26-7", "GCERT-26-8")
		p.build(t)
		name := "cert.example/.well-known/csaf/white/" + at
		s.handle(name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		src := p.source()
		sink := &kept{}
		_, state, err := s.puller().Run(t.Context(), src, sources.State{}, sink)
		if err == nil || !state.NotBefore.Equal(day.Add(time.Hour)) || len(sink.order) > 1 {
			t.Fatalf("%s: %v, %s, took %v", at, err, state.NotBefore, sink.order)
		}
		s.requests()
		puller := s.puller()
		puller.Now = func() time.Time { return day.Add(59 * time.Minute) }
		if _, again, err := puller.Run(t.Context(), src, state, sink); !errors.Is(err, sources.ErrNotYet) || len(s.requests()) != 0 || !again.NotBefore.Equal(state.NotBefore) {
			t.Errorf("%s: too early: %v", at, err)
		}
		if next := state.Next(&src, func() float64 { return 0.5 }); next.Before(state.NotBefore) {
			t.Errorf("%s: next at %s", at, next)
		}
		s.handle(name, nil)
		puller.Now = func() time.Time { return day.Add(time.Hour) }
		if out, _ := run(t, puller, src, state, sink); len(sink.items) != 8 {
			t.Errorf("%s: %+v", at, out)
		}
	}
}

// TestRefusedHere: what our own rules do not take is refused alone and named; a
// store that takes nothing ends the run.
func TestRefusedHere(t *testing.T) {
	s := newSite(t, "cert.example")
	p := newProvider(t, s, "cert.example")
	p.add("GCERT-26-1", "GCERT-26-2")
	p.build(t)
	for _, tt := range []struct {
		code advisories.Code
		ends bool
	}{{advisories.Invalid, false}, {advisories.Forbidden, false}, {advisories.Conflict, false}, {advisories.Unavailable, true}} {
		sink := &kept{refuse: func(i sources.Item) error {
			if i.Publication.Tracking.ID == "GCERT-26-1" {
				return refusedBy(tt.code)
			}
			return nil
		}}
		out, _, err := s.puller().Run(t.Context(), p.source(), sources.State{}, sink)
		if tt.ends != (err != nil) || !tt.ends && (!slices.Equal(codes(out.Refused), []sources.Code{sources.RefusedHere}) || out.New != 1 || out.Refused[0].TrackingID != "GCERT-26-1") {
			t.Errorf("%s: %+v, %v", tt.code, out, err)
		}
	}
}

// TestGone: what is listed no more is forgotten, and so is a list.
func TestGone(t *testing.T) {
	s := newSite(t, "cert.example")
	p := newProvider(t, s, "cert.example")
	p.add("GCERT-26-1", "GCERT-26-2")
	p.build(t)
	_, state := run(t, s.puller(), p.source(), sources.State{}, &kept{})
	p.docs = p.docs[1:]
	p.build(t)
	_, state = run(t, s.puller(), p.source(), state, &kept{})
	for _, l := range state.Listings {
		if len(l.Documents) != 1 {
			t.Errorf("%+v", l.Documents)
		}
	}
	p.folder = true
	p.build(t)
	if _, state = run(t, s.puller(), p.source(), state, &kept{}); len(state.Listings) != 1 {
		t.Errorf("%d lists", len(state.Listings))
	}
}
