package advisories

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of one asset.
const (
	maxKept     = 50_000 // components
	maxExposed  = 5_000  // open exposures
	maxClosed   = 10_000 // resolved ones
	maxOfAsset  = 20_000 // more than there are of both
	maxKeptSize = 12 << 20
	maxSource   = 300 // bytes of Inventory.Source and Name
)

// resolvedLife is how long a resolved exposure is kept.
const resolvedLife = 400 * 24 * time.Hour

// errOvertaken says that an inventory was matched before an event that is followed
// already.
var errOvertaken = errors.New("advisories: overtaken by an event")

// Record takes in what software an asset has now: exposures are opened for what
// concerns it, those that were resolved are opened again, and those of what is gone
// or fixed are resolved, verified by this source. What the organisation may not read
// by itself, without one of its people, is not looked at. An inventory that lists
// nothing is refused: an export that failed mends nothing. The last inventory is kept,
// and matched with every advisory to come. The caller must belong to the organisation
// and see its assets. The errors are Unauthenticated, Forbidden, Invalid and TooLarge.
func (x *Exposures) Record(ctx context.Context, c *Caller, inv Inventory) (Recorded, error) {
	if err := x.ownAssets(c, inv.Organisation); err != nil {
		return Recorded{}, err
	}
	if inv.How != ByScan && inv.How != ByInventory || inv.Asset == "" || inv.Organisation == "" {
		return Recorded{}, fail(Invalid, "say which asset the software is of, and whether a scan or an inventory found it")
	}
	if len(inv.Components) == 0 {
		return Recorded{}, fail(Invalid, "no software is listed, so nothing is kept and nothing counts as fixed; where the asset is gone, remove it (infohub asset delete)")
	}
	if len(inv.Components) > maxKept {
		return Recorded{}, fail(TooLarge, "of one asset at most %d components are kept", maxKept)
	}
	inv.Name, inv.Source = cut(PlainLine(inv.Name), maxSource), cut(PlainLine(inv.Source), maxSource)
	inv.Seen = x.s.time()
	kept, err := json.Marshal(inv)
	if err != nil {
		return Recorded{}, err
	}
	if len(kept) > maxKeptSize {
		return Recorded{}, fail(TooLarge, "the list of components has %d bytes; at most %d are kept of one asset", len(kept), maxKeptSize)
	}
	for range attempts {
		var done Recorded
		done, err = x.record(ctx, c, &inv, kept)
		if !errors.Is(err, errOvertaken) {
			return done, err
		}
	}
	return Recorded{}, &Error{Code: Unavailable, Message: "advisories are being published faster than they are matched; try again", Err: err}
}

// ownAssets is the error for whoever may not see what an organisation has.
func (x *Exposures) ownAssets(c *Caller, organisation string) error {
	switch {
	case c.Assets && c.Reader.Organisation == organisation && organisation != "":
		return nil
	case !c.Member():
		return fail(Unauthenticated, "sign in, or send a key: what an asset is exposed to is for its own organisation")
	}
	return fail(Forbidden, "what an asset is exposed to is for the members of its own organisation who may see its assets")
}

func (x *Exposures) record(ctx context.Context, c *Caller, inv *Inventory, kept []byte) (Recorded, error) {
	known, err := x.s.Last(ctx) // before matching
	if err != nil {
		return Recorded{}, err
	}
	party, err := x.party(ctx, inv.Organisation)
	if err != nil {
		return Recorded{}, err
	}
	matches, err := x.with.Match(ctx, party.Reader, inv.Components)
	if err != nil {
		return Recorded{}, err
	}
	var done Recorded
	_, err = x.s.run(ctx, c, "advisory.exposure.record", func(ch *change) error {
		at, err := followed(ch.tx)
		if err != nil {
			return err
		}
		if at.Doing > known {
			return errOvertaken
		}
		r := reconciliation{x: x, now: ch.now, inv: inv, party: party, known: newStandings(ch.tx)}
		if err := r.run(ch.tx, matches, nil); err != nil {
			return err
		}
		if err := r.write(ch.tx); err != nil {
			return err
		}
		done = r.done
		ch.entry.Object = inv.Asset
		ch.entry.Detail = map[string]string{
			"organisation": inv.Organisation, "by": string(inv.How), "source": inv.Source, "components": strconv.Itoa(len(inv.Components)),
			"opened": strconv.Itoa(done.Opened), "kept": strconv.Itoa(done.Kept), "resolved": strconv.Itoa(done.Resolved),
		}
		if err := ch.tx.Put(partsKey(inventoryKind, inv.Organisation, inv.Asset), kept); err != nil {
			return err
		}
		if err := ch.tx.Delete(partsKey(missedKind, inv.Organisation, inv.Asset)); err != nil {
			return err
		}
		return putStamp(ch.tx, inv)
	})
	return done, err
}

func putStamp(tx store.Tx, inv *Inventory) error {
	k := partsKey(stampKind, inv.Organisation, inv.Asset)
	if inv.Stamp == "" {
		if ok, err := exists(tx, k); ok || err != nil {
			return err
		}
	}
	return tx.Put(k, []byte(inv.Stamp))
}

// party is an organisation that is not shut out.
func (x *Exposures) party(ctx context.Context, organisation string) (Party, error) {
	var p Party
	err := x.s.read(ctx, func(whole, _ store.Reader) error {
		var ok bool
		var err error
		p, ok, err = x.with.Organisation(whole, organisation)
		if err == nil && !ok {
			return fail(Forbidden, "this organisation is not admitted to the hub at the moment")
		}
		return err
	})
	p.Reader.Person = "" // what is for named people is theirs, not their organisation's
	return p, err
}

// Forget drops what is kept of an asset that is gone, and its exposures.
func (x *Exposures) Forget(ctx context.Context, organisation, asset string) error {
	_, err := x.s.run(ctx, systemCaller("exposures"), "advisory.exposure.forget", func(ch *change) error {
		all, err := exposuresBelow(ch.tx, partsPrefix(exposureKind, organisation, asset), maxOfAsset)
		if err != nil {
			return err
		}
		for i := range all {
			if err := deleteExposure(ch.tx, &all[i]); err != nil {
				return err
			}
		}
		ch.entry.Object = asset
		ch.entry.Detail = map[string]string{"organisation": organisation, "exposures": strconv.Itoa(len(all))}
		var errs []error
		for _, kind := range []string{inventoryKind, stampKind, missedKind} {
			errs = append(errs, ch.tx.Delete(partsKey(kind, organisation, asset)))
		}
		return errors.Join(errs...)
	})
	return err
}

// Stamps are Inventory.Stamp of all inventories, by organisation and asset.
func (x *Exposures) Stamps(ctx context.Context) (map[[2]string]string, error) {
	var stamps map[[2]string]string
	err := x.s.read(ctx, func(_, r store.Reader) error {
		stamps = map[[2]string]string{}
		for e, err := range r.Scan(store.Prefix([]byte(stampKind))) {
			if err != nil {
				return err
			}
			parts := partsOf(stampKind, e.Key)
			if len(parts) != 2 {
				return fmt.Errorf("advisories: stamp %q", e.Key)
			}
			stamps[[2]string(parts)] = string(e.Value)
		}
		return nil
	})
	return stamps, err
}
