package advisories

import (
	"context"
	"errors"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// parties look organisations and people up, each once for a transaction.
type parties struct {
	x     *Exposures
	whole store.Reader
	found map[string]*Party // nil: gone or shut out
}

func newParties(x *Exposures, whole store.Reader) *parties {
	return &parties{x: x, whole: whole, found: map[string]*Party{}}
}

func (l *parties) organisation(id string) (Party, bool, error) {
	p, ok, err := l.look("o "+id, func() (Party, bool, error) { return l.x.with.Organisation(l.whole, id) })
	p.Reader.Person = ""
	return p, ok, err
}

func (l *parties) person(id string) (Party, bool, error) {
	return l.look("p "+id, func() (Party, bool, error) { return l.x.with.Person(l.whole, id) })
}

func (l *parties) look(key string, find func() (Party, bool, error)) (Party, bool, error) {
	if p, ok := l.found[key]; ok {
		if p == nil {
			return Party{}, false, nil
		}
		return *p, true, nil
	}
	p, ok, err := find()
	if err != nil {
		return Party{}, false, err
	}
	if !ok {
		l.found[key] = nil
		return Party{}, false, nil
	}
	l.found[key] = &p
	return p, true, nil
}

// owner is whom a subscription tells, as they are now.
func (l *parties) owner(sub *Subscription) (Party, bool, error) {
	if sub.Person == "" {
		return l.organisation(sub.Organisation)
	}
	p, ok, err := l.person(sub.Person)
	if ok && p.Organisation != sub.Organisation {
		return Party{}, false, err
	}
	return p, ok, err
}

// missedAtOnce is how many inventories one Follow catches up with.
const missedAtOnce = 1000

// miss notes inventories of organisations that are shut out: they are matched with
// everything once those are admitted again.
func (x *Exposures) miss(ctx context.Context, inventories [][]byte) error {
	return x.s.update(ctx, func(whole store.Tx) error {
		tx := store.SubTx(whole, Room)
		for _, k := range inventories {
			if err := tx.Put(partsKey(missedKind, partsOf(inventoryKind, k)...), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// catchUp matches inventories that were missed.
func (x *Exposures) catchUp(ctx context.Context) error {
	var again []*Inventory
	err := x.s.read(ctx, func(whole, r store.Reader) error {
		again = nil
		parties := newParties(x, whole)
		for e, err := range r.Scan(store.Prefix([]byte(missedKind))) {
			if err != nil {
				return err
			}
			parts := partsOf(missedKind, e.Key)
			if _, ok, err := parties.organisation(parts[0]); err != nil || !ok {
				if err != nil {
					return err
				}
				continue
			}
			k := partsKey(inventoryKind, parts...)
			value, err := r.Get(k)
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
			if again = append(again, inv); len(again) == missedAtOnce {
				return nil
			}
		}
		return nil
	})
	for _, inv := range again {
		if err != nil {
			break
		}
		c := systemCaller("exposures")
		c.Assets, c.Reader = true, tlp.Reader{Member: true, Organisation: inv.Organisation}
		_, err = x.Record(ctx, c, *inv)
		switch CodeOf(err) {
		case Forbidden: // shut out again
			err = nil
		case Invalid, TooLarge: // it is not to keep the others from warnings
			x.s.log.Warn("an inventory that was missed cannot be matched with advisories", "organisation", inv.Organisation, "asset", inv.Asset, "error", err)
			err = nil
		}
	}
	return err
}
