package advisories

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of telling.
const (
	tellAtOnce = 25     // subscriptions in one transaction
	tellEach   = 20     // messages of one subscription in one transaction
	maxRounds  = 200    // transactions of one subscription in one Tell
	maxSingly  = 10     // advisories about own assets that are told one by one; more come as a digest
	maxDigest  = 1_000  // advisories of one digest
	maxWaiting = 1_000  // messages of one organisation that wait in the outbox
	maxTold    = 600    // notices of one exposure
	maxNews    = 20_000 // exposures that one subscription tells of in one transaction
)

// Tell puts messages into the outbox for all who are to be told of something. What
// they were told is marked in the same transaction: nobody is told twice of a
// revision, however often it runs or is killed. Owners are looked up when they are
// told: who is shut out gets nothing, and nobody what they may not read. Where the
// outbox is full, or has many of one organisation's, the rest waits for the next time.
func (x *Exposures) Tell(ctx context.Context) error {
	for range maxRounds {
		due, last, err := x.due(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		waiting, err := x.waiting(ctx)
		if err != nil {
			return err
		}
		due = slices.DeleteFunc(due, func(sub Subscription) bool { return waiting[sub.Organisation] >= maxWaiting })
		if len(due) == 0 {
			x.s.log.Warn("messages about advisories wait: their organisations do not take those before")
			return nil
		}
		for chunk := range slices.Chunk(due, tellAtOnce) {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := x.tellThese(ctx, chunk, last)
			if errors.Is(err, notify.ErrFull) {
				x.s.log.Warn("messages about advisories wait: the outbox is full")
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// waiting is how many messages wait in the outbox, by organisation: one whose
// receivers do not take them is not to keep warnings from the others.
func (x *Exposures) waiting(ctx context.Context) (map[string]int, error) {
	list, err := (&notify.Outbox{Store: x.s.store}).List(ctx)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for i := range list {
		if m := &list[i]; !m.Dead && len(m.About) > 0 {
			count[m.About[0]]++
		}
	}
	return count, nil
}

// tellThese does so for some subscriptions, in one transaction.
func (x *Exposures) tellThese(ctx context.Context, subs []Subscription, last uint64) error {
	from := last
	for i := range subs {
		if !subs[i].Own {
			from = min(from, subs[i].Seq)
		}
	}
	events, err := x.events(ctx, from, last)
	if err != nil {
		return err
	}
	now := x.s.time()
	return x.s.update(ctx, func(whole store.Tx) error {
		t := &telling{
			x: x, now: now, last: last, events: events, whole: whole, tx: store.SubTx(whole, Room),
			parties: newParties(x, whole), found: map[string]*Publication{}, written: map[string][2]string{},
		}
		for i := range subs {
			if err := t.tell(&subs[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// due are the subscriptions that have something to look at, and the last event.
func (x *Exposures) due(ctx context.Context) (due []Subscription, last uint64, err error) {
	now := x.s.time()
	err = x.s.read(ctx, func(_, r store.Reader) error {
		due = nil
		var err error
		if last, err = getNumber(r, []byte(eventLastKey)); err != nil {
			return err
		}
		for e, err := range r.Scan(store.Prefix([]byte(subscriptionKind))) {
			if err != nil {
				return err
			}
			var sub Subscription
			if err := json.Unmarshal(e.Value, &sub); err != nil {
				return fmt.Errorf("advisories: subscription %q: %w", e.Key, err)
			}
			if !x.with.Sends(sub.Channel) {
				continue // until the operator sends again
			}
			wanted, err := sub.wants(r, now, last)
			if err != nil {
				return err
			}
			if wanted {
				due = append(due, sub)
			}
		}
		return nil
	})
	return due, last, err
}

// wants reports whether there may be something to tell.
func (sub *Subscription) wants(r store.Reader, now time.Time, last uint64) (bool, error) {
	if sub.Every != AtOnce {
		return !sub.Due.After(now), nil
	}
	if !sub.Own {
		return sub.Seq < last, nil
	}
	mark, err := movedMark(r, sub.Organisation)
	return mark != sub.Looked, err
}

func movedMark(r store.Reader, organisation string) (uint64, error) {
	b, err := r.Get(partsKey(movedKind, organisation))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err == nil && len(b) != 8 {
		err = fmt.Errorf("advisories: the mark of %q is damaged", organisation)
	}
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(b), nil
}

// events are what the hub published after one event and up to another, without what
// was imported.
func (x *Exposures) events(ctx context.Context, from, last uint64) ([]Event, error) {
	var all []Event
	for from < last {
		some, err := x.s.Since(ctx, from, 0)
		if err != nil || len(some) == 0 {
			return all, err
		}
		for _, e := range some {
			if e.Kind != EventLibrary && e.Seq <= last {
				all = append(all, e)
			}
		}
		from = some[len(some)-1].Seq
	}
	return all, nil
}

// telling is one transaction that tells.
type telling struct {
	x       *Exposures
	now     time.Time
	last    uint64 // the last event that is looked at
	events  []Event
	whole   store.Tx
	tx      store.Tx // the advisories' room
	parties *parties
	found   map[string]*Publication // by Ref; nil: none
	written map[string][2]string    // mails that concern nobody in particular, by Ref and language
}

// tell does what a subscription asks for, as it is now.
func (t *telling) tell(seen *Subscription) error {
	k := partsKey(subscriptionKind, seen.Organisation, seen.ID)
	sub, err := getRecord[Subscription](t.tx, k)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it was ended meanwhile
	}
	if err != nil {
		return err
	}
	if wanted, err := sub.wants(t.tx, t.now, t.last); err != nil || !wanted {
		return err
	}
	to, ok, err := t.parties.owner(sub)
	if err != nil {
		return err
	}
	switch {
	case !ok || sub.Own && !to.Assets || sub.Channel == notify.ByMail && to.Address == "":
		// They are told nothing of the time in which they could not be.
		sub.Seq = t.last
		err = t.looked(sub)
	case sub.Own:
		err = t.tellOwn(sub, to)
	case sub.Every == AtOnce:
		err = t.tellEvents(sub, to)
	default:
		err = t.tellDigest(sub, to)
	}
	if err != nil {
		return err
	}
	if sub.Every != AtOnce {
		sub.Due = sub.Every.next(t.now)
	}
	return putRecord(t.tx, k, sub)
}

func (t *telling) looked(sub *Subscription) (err error) {
	sub.Looked, err = movedMark(t.tx, sub.Organisation)
	return err
}
