package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/sources"
	"github.com/cybersec-infohub/infohub/internal/fetch"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// sourcesRoom holds the sources of others' advisories: "source/ID" and, apart since
// it grows, "state/ID".
const sourcesRoom = "sources"

// maxSources is how many there may be.
const maxSources = 200

// runTime bounds one run that somebody waits for; the hub's own have longer.
const (
	runTime      = 150 * time.Second
	longRunTime  = time.Hour
	sourcesCheck = time.Minute
)

// keptSource is a source as the store holds it. Its secret is in the file, which
// its owner alone may read, and never shown.
type keptSource struct {
	sources.Source
	Authorization string    `json:"authorization,omitempty"`
	Paused        bool      `json:"paused,omitempty"`
	Created       time.Time `json:"created"`
}

// feeds looks after the sources of a hub.
type feeds struct {
	h       *Hub
	puller  *sources.Puller
	running sync.Map // ids of the sources that run
}

func newFeeds(h *Hub, policy netguard.Policy) *feeds {
	f := &feeds{h: h}
	f.puller = &sources.Puller{
		Fetcher: &fetch.Fetcher{
			Dialer: &netguard.Dialer{Policy: policy, PerAddr: 4}, Roots: h.opts.Roots,
			UserAgent: "infohub/" + h.opts.Version + " (+" + DefaultContact + ")",
		},
		Checkpoint: f.keepState,
	}
	return f
}

func (f *feeds) view(ctx context.Context, fn func(r store.Reader) error) error {
	return f.h.store.View(ctx, func(r store.Reader) error { return fn(store.SubReader(r, sourcesRoom)) })
}

// write runs fn in the room, again where the outcome is unknown.
func (f *feeds) write(ctx context.Context, fn func(whole, tx store.Tx) error) error {
	var err error
	for range 5 {
		err = f.h.store.Update(ctx, func(whole store.Tx) error { return fn(whole, store.SubTx(whole, sourcesRoom)) })
		if !errors.Is(err, store.ErrUnknown) {
			break
		}
	}
	return err
}

func (f *feeds) all(ctx context.Context) ([]keptSource, error) {
	var all []keptSource
	err := f.view(ctx, func(r store.Reader) error {
		all = nil
		for e, err := range r.Scan(store.Prefix([]byte("source/"))) {
			if err != nil {
				return err
			}
			var s keptSource
			if err := json.Unmarshal(e.Value, &s); err != nil {
				return fmt.Errorf("source %q: %w", e.Key, err)
			}
			all = append(all, s)
		}
		return nil
	})
	return all, err
}

func noSource(id string) error {
	return &advisories.Error{Code: advisories.NotFound, Message: fmt.Sprintf("there is no source %.60q: infohub advisory source list shows those there are", id)}
}

func sourceOf(r store.Reader, id string) (keptSource, error) {
	var s keptSource
	if id == "" || len(id) > 60 {
		return s, noSource(id)
	}
	data, err := r.Get([]byte("source/" + id))
	if errors.Is(err, store.ErrNotFound) {
		return s, noSource(id)
	}
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	return s, err
}

func (f *feeds) state(ctx context.Context, id string) (sources.State, error) {
	var s sources.State
	err := f.view(ctx, func(r store.Reader) error {
		data, err := r.Get([]byte("state/" + id))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			err = json.Unmarshal(data, &s)
		}
		return err
	})
	return s, err
}

// keepState stores how far a source has come, unless it was removed meanwhile.
func (f *feeds) keepState(ctx context.Context, id string, s sources.State) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return f.write(ctx, func(_, tx store.Tx) error {
		if _, err := sourceOf(tx, id); err != nil {
			return err
		}
		return tx.Put([]byte("state/"+id), data)
	})
}

// change writes a source, and tells of it in the audit log.
func (f *feeds) change(ctx context.Context, c *advisories.Caller, action, id string, fn func(tx store.Tx) error) error {
	if err := administers(c); err != nil {
		return err
	}
	entry := c.Entry
	entry.Action, entry.Object = action, id
	entry = f.h.audit.Stamp(entry)
	return f.write(ctx, func(whole, tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := f.h.audit.Append(whole, entry)
		return err
	})
}

func administers(c *advisories.Caller) error {
	switch {
	case c.Admin:
		return nil
	case !c.Member():
		return &advisories.Error{Code: advisories.Unauthenticated, Message: "sign in, or send a key: hub administrators look after sources"}
	}
	return &advisories.Error{Code: advisories.Forbidden, Message: "hub administrators look after sources"}
}

func analyses(c *advisories.Caller) error {
	switch {
	case c.Analyst:
		return nil
	case !c.Member():
		return &advisories.Error{Code: advisories.Unauthenticated, Message: "sign in, or send a key: analysts see the sources"}
	}
	return &advisories.Error{Code: advisories.Forbidden, Message: "analysts see the sources"}
}

// run fetches what is new at a source. One source runs once at a time.
func (f *feeds) run(ctx context.Context, id string, patience time.Duration) (sources.Outcome, error) {
	if _, busy := f.running.LoadOrStore(id, true); busy {
		return sources.Outcome{}, &advisories.Error{Code: advisories.Conflict, Message: "the source " + id + " is being fetched now"}
	}
	defer f.running.Delete(id)
	var s keptSource
	err := f.view(ctx, func(r store.Reader) (err error) {
		s, err = sourceOf(r, id)
		return err
	})
	if err != nil {
		return sources.Outcome{}, err
	}
	state, err := f.state(ctx, id)
	if err != nil {
		return sources.Outcome{}, err
	}
	if s.Authorization != "" {
		s.Header = http.Header{"Authorization": {s.Authorization}}
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, state, err := f.puller.Run(limited, s.Source, state, &sink{h: f.h, source: s.ID})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = &advisories.Error{Code: advisories.Unavailable, Message: "it takes longer than somebody waits: what came is kept, and the next run goes on", Err: err}
	}
	// What was taken in is kept even where the run was stopped.
	keep, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	if kept := f.keepState(keep, id, state); advisories.CodeOf(kept) != advisories.NotFound { // removed meanwhile
		err = errors.Join(err, kept)
	}
	return out, err
}

// follow runs every source that is due, one after the other, until ctx ends.
func (f *feeds) follow(ctx context.Context) {
	tick := time.NewTicker(sourcesCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		all, err := f.all(ctx)
		if err != nil {
			f.h.opts.Log.Error("the sources of advisories cannot be read", "error", err)
			continue
		}
		for i := range all {
			f.runDue(ctx, &all[i])
		}
	}
}

func (f *feeds) runDue(ctx context.Context, s *keptSource) {
	if s.Paused || s.Every == 0 || ctx.Err() != nil {
		return
	}
	state, err := f.state(ctx, s.ID)
	if err == nil && state.Next(&s.Source, rand.Float64).After(time.Now()) {
		return
	}
	var out sources.Outcome
	if err == nil {
		out, err = f.run(ctx, s.ID, longRunTime)
	}
	if ctx.Err() != nil {
		return
	}
	f.h.opts.Log.Info("a source of advisories was fetched", "source", s.ID, "new", out.New, "changed", out.Changed, "unchanged", out.Unchanged, "refused", len(out.Refused), "error", err)
}
