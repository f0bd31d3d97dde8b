package advisories

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of following.
const (
	followAtOnce    = 1000 // events
	inventoryAtOnce = 100  // inventories read in one View
)

func systemCaller(id string) *Caller {
	return &Caller{Entry: audit.Entry{Actor: audit.Actor{Kind: audit.System, ID: id}}}
}

// Follow matches what was published or imported since the last time with all
// inventories: exposures are opened, and resolved where a revision says that they
// do not hold, or the advisory does not any more. Run again after it failed or was
// killed, it goes on where it was.
func (x *Exposures) Follow(ctx context.Context) error {
	if err := x.catchUp(ctx); err != nil {
		return err
	}
	for {
		var at position
		err := x.s.read(ctx, func(_, r store.Reader) (err error) {
			at, err = followed(r)
			return err
		})
		if err != nil {
			return err
		}
		events, err := x.s.Since(ctx, at.Done, followAtOnce)
		if err != nil || len(events) == 0 {
			return err
		}
		last := events[len(events)-1].Seq
		// From here on whoever records an inventory knows these events, or looks again.
		if err := x.move(ctx, position{Done: at.Done, Doing: max(last, at.Doing)}); err != nil {
			return err
		}
		if err := x.followBatch(ctx, events); err != nil {
			return err
		}
		if err := x.move(ctx, position{Done: last, Doing: max(last, at.Doing)}); err != nil {
			return err
		}
	}
}

func (x *Exposures) move(ctx context.Context, to position) error {
	return x.s.update(ctx, func(whole store.Tx) error { return putRecord(store.SubTx(whole, Room), []byte(followedKey), to) })
}

// batch are some advisories that are matched with all inventories.
type batch struct {
	refs  map[string]bool
	match func(p Party, components []Component) []Match
	have  map[[2]string]bool // the assets that are exposed to one of them
	last  []byte             // the inventory that was looked at last
	end   bool
}

func (x *Exposures) followBatch(ctx context.Context, events []Event) error {
	b := &batch{refs: map[string]bool{}}
	var items []Item
	for _, e := range events {
		b.refs[e.Ref] = true
	}
	err := x.s.read(ctx, func(_, r store.Reader) error {
		items, b.have = nil, map[[2]string]bool{}
		for ref := range b.refs {
			p, err := publicationOf(r, ref)
			switch {
			case errors.Is(err, store.ErrNotFound):
			case err != nil:
				return err
			default:
				items = append(items, Item{Ref: ref, Publication: p.matched()})
			}
			for e, err := range r.Scan(store.Prefix(partsPrefix(exposedKind, ref))) {
				if err != nil {
					return err
				}
				if parts := partsOf(exposedKind, e.Key); len(parts) == 4 {
					b.have[[2]string{parts[1], parts[2]}] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	few := x.with.Few(items)
	b.match = func(p Party, components []Component) []Match {
		return slices.DeleteFunc(few(p.Reader, components), func(m Match) bool { return !b.refs[m.Ref] })
	}
	for !b.end {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := x.followSome(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// matched is the part of a publication that is looked at to match it.
func (p *Publication) matched() Publication {
	return Publication{
		Tracking: Tracking{ID: p.Tracking.ID, State: p.Tracking.State, Revisions: p.Tracking.Revisions}, Audience: p.Audience,
		Advisory: Advisory{TLP: p.Advisory.TLP, Products: p.Advisory.Products, Vulnerabilities: p.Advisory.Vulnerabilities},
	}
}

// followSome looks at the next inventories, and changes what there is to change in
// one transaction.
func (x *Exposures) followSome(ctx context.Context, b *batch) error {
	var concerned, missed [][]byte
	var last []byte
	err := x.s.read(ctx, func(whole, r store.Reader) error {
		concerned, missed, last, b.end = nil, nil, b.last, true
		parties := newParties(x, whole)
		in := store.Prefix([]byte(inventoryKind))
		if b.last != nil {
			in = in.After(b.last)
		}
		n := 0
		for e, err := range r.Scan(in) {
			if err != nil {
				return err
			}
			if n++; n > inventoryAtOnce {
				b.end = false
				return nil
			}
			last = slices.Clone(e.Key)
			parts := partsOf(inventoryKind, e.Key)
			if len(parts) != 2 {
				return fmt.Errorf("advisories: inventory %q", e.Key)
			}
			p, ok, err := parties.organisation(parts[0])
			if err != nil {
				return err
			}
			if !ok {
				missed = append(missed, last)
				continue
			}
			if b.have[[2]string(parts)] {
				concerned = append(concerned, last)
				continue
			}
			inv, err := readInventory(e)
			if err != nil {
				return err
			}
			if len(b.match(p, inv.Components)) > 0 {
				concerned = append(concerned, last)
			}
		}
		return nil
	})
	b.last = last
	if err == nil && len(missed) > 0 {
		err = x.miss(ctx, missed)
	}
	if err != nil || len(concerned) == 0 {
		return err
	}
	_, err = x.s.run(ctx, systemCaller("exposures"), "advisory.exposure.follow", func(ch *change) error { return x.followThese(ch, b, concerned) })
	return err
}

// followThese does so for inventories as they are now.
func (x *Exposures) followThese(ch *change, b *batch, keys [][]byte) error {
	parties := newParties(x, ch.whole)
	known := newStandings(ch.tx)
	var sum Recorded
	changed := false
	for _, k := range keys {
		value, err := ch.tx.Get(k)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		inv, err := readInventory(store.Entry{Key: k, Value: value})
		if err != nil {
			return err
		}
		p, ok, err := parties.organisation(inv.Organisation)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		r := reconciliation{x: x, now: ch.now, inv: inv, party: p, known: known}
		if err := r.run(ch.tx, b.match(p, inv.Components), b.refs); err != nil {
			return err
		}
		if err := r.write(ch.tx); err != nil {
			return err
		}
		changed = changed || r.changed()
		sum.Opened, sum.Resolved = sum.Opened+r.done.Opened, sum.Resolved+r.done.Resolved
	}
	if !changed {
		return errUnchanged
	}
	ch.entry.Detail = map[string]string{"opened": strconv.Itoa(sum.Opened), "resolved": strconv.Itoa(sum.Resolved)}
	return nil
}

func readInventory(e store.Entry) (*Inventory, error) {
	var inv Inventory
	if err := json.Unmarshal(e.Value, &inv); err != nil {
		return nil, fmt.Errorf("advisories: inventory %q: %w", e.Key, err)
	}
	return &inv, nil
}
