package app

import (
	"context"
	"errors"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

// Times of warnings.
const (
	warnEvery = time.Minute     // at the latest
	warnPause = 2 * time.Second // between two rounds, so that many events are one round's
)

// warner does what follows from a publication: it finds out whom it concerns, and
// puts messages into the outbox. Its methods are for one goroutine.
type warner struct {
	h *Hub
	// unread are the stamps of documents that could not be read, by organisation and
	// asset: they are tried again when they change, or the hub is started.
	unread map[[2]string]string
}

func newWarner(h *Hub) *warner { return &warner{h: h, unread: map[[2]string]string{}} }

// round does all that is to do now. What fails is done by the next round.
func (w *warner) round(ctx context.Context) error {
	return errors.Join(w.readInventories(ctx), w.h.Exposures.Follow(ctx), w.h.Exposures.Tell(ctx))
}

// follow does so whenever something is published, and every minute, until ctx ends.
// told is called when there may be messages to send.
func (w *warner) follow(ctx context.Context, told func()) {
	for ctx.Err() == nil {
		seq, err := w.h.Advisories.Last(ctx) // before the round, so that none is passed over
		if err == nil {
			err = w.round(ctx)
		}
		told()
		if err != nil {
			if ctx.Err() == nil {
				w.h.opts.Log.Error("what follows from advisories could not be done, and is tried again", "error", err)
			}
			pause(ctx, warnEvery)
			continue
		}
		pause(ctx, warnPause)
		until, cancel := context.WithTimeout(ctx, warnEvery)
		if err := w.h.Advisories.Wait(until, seq); err != nil && until.Err() == nil {
			pause(ctx, warnEvery)
		}
		cancel()
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// readInventories matches the inventories that are new or changed, and forgets what
// is kept of assets that are gone.
func (w *warner) readInventories(ctx context.Context) error {
	gone, err := w.h.Exposures.Stamps(ctx)
	if err != nil {
		return err
	}
	var changed []hub.Asset
	err = w.h.Service.EachAsset(ctx, func(a hub.Asset) error {
		id := [2]string{a.Organisation, a.ID}
		stamp := gone[id]
		delete(gone, id)
		if now := stampOf(&a); a.Kind == hub.AssetInventory && stamp != now && w.unread[id] != now {
			changed = append(changed, a)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id := range gone {
		if err := w.h.Exposures.Forget(ctx, id[0], id[1]); err != nil {
			return err
		}
	}
	for i := range changed {
		if err := w.readInventory(ctx, &changed[i]); err != nil {
			return err
		}
	}
	return nil
}

func stampOf(a *hub.Asset) string { return a.Changed().UTC().Format(time.RFC3339Nano) }

func (w *warner) readInventory(ctx context.Context, a *hub.Asset) error {
	document, err := w.h.Service.AssetDocument(ctx, a.Organisation, a.ID)
	if hub.CodeOf(err) == hub.NotFound {
		return nil // it was deleted meanwhile
	}
	if err != nil {
		return err
	}
	components, left, _, err := w.h.forms.Inventory(document, a.MediaType)
	if err == nil {
		_, err = w.h.Exposures.Record(ctx, &advisories.Caller{
			Assets: true, Reader: tlp.Reader{Member: true, Organisation: a.Organisation}, Entry: audit.Entry{Actor: audit.Actor{Kind: audit.System, ID: "exposures"}},
		}, advisories.Inventory{
			Organisation: a.Organisation, Asset: a.ID, Name: a.Name, How: advisories.ByInventory, Source: a.Name, Components: components, Partial: left > 0, Stamp: stampOf(a),
		})
	}
	switch advisories.CodeOf(err) {
	case advisories.Invalid, advisories.TooLarge:
		w.unread[[2]string{a.Organisation, a.ID}] = stampOf(a)
		w.h.opts.Log.Warn("an inventory cannot be matched with advisories", "organisation", a.Organisation, "asset", a.ID, "error", err)
		return nil
	case advisories.Forbidden: // its organisation is shut out
		return nil
	}
	return err
}

// deliver sends what waits in the outbox, when it is told to and when it is due, until
// ctx ends.
func (s *server) deliver(ctx context.Context, kick <-chan struct{}) {
	box := &notify.Outbox{Store: s.store, Senders: s.Hub.opts.Senders, Now: time.Now, May: s.Exposures.MaySend}
	for ctx.Err() == nil {
		d, err := box.Deliver(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.log.Error("messages could not be sent", "error", err)
		}
		for _, e := range d.Failed {
			s.log.Warn("a message could not be sent and is tried again", "message", e.ID, "channel", e.Channel, "attempts", e.Attempts, "next", e.Next, "error", e.Error)
		}
		for _, e := range d.Died {
			s.log.Error("a message was given up: infohub notify list shows it", "message", e.ID, "channel", e.Channel, "error", e.Error)
		}
		wait := warnEvery
		if !d.Next.IsZero() {
			wait = max(time.Second, min(wait, time.Until(d.Next)))
		}
		select {
		case <-ctx.Done():
		case <-kick:
		case <-time.After(wait):
		}
	}
}
