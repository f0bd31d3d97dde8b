package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Prefix is the part of a store that the outbox owns. In it "pending/ID" and
// "dead/ID" hold an Entry as JSON.
const Prefix = "notify"

// Bounds of the outbox, in messages.
const (
	maxPending = 10_000
	maxDead    = 1_000
)

// Errors that callers branch on.
var (
	ErrNotFound = errors.New("notify: no such message")
	ErrFull     = fmt.Errorf("notify: %d messages wait already", maxPending)
)

// Entry is a message in the outbox.
type Entry struct {
	Message
	Attempts int       `json:"attempts"`        // that failed
	Next     time.Time `json:"next,omitzero"`   // when it is tried again; zero: at once
	Error    string    `json:"error,omitempty"` // of the last attempt
	Dead     bool      `json:"dead,omitempty"`  // it is not tried again
	Died     time.Time `json:"died,omitzero"`
}

// Outbox keeps messages until they are sent. Several may work on one store one
// after the other, not at a time: a message would be sent twice.
type Outbox struct {
	Store   store.Store // the whole store
	Senders map[Channel]Sender
	Now     func() time.Time
	// May says right before each attempt whether a message may still be sent: one that
	// may not is dropped. nil: all may.
	May func(ctx context.Context, m Message) (bool, error)
	// Timeout bounds one attempt; 0 is 30 s.
	Timeout time.Duration
	// Random spreads the attempts: from 0 up to 1. nil is a random number.
	Random func() float64
}

// Put puts a message into a transaction of the whole store. Doing it twice is
// doing it once, also when the first has been sent since: then it is sent again.
func Put(tx store.Tx, m Message) error {
	if !idForm.MatchString(m.ID) {
		return fmt.Errorf("notify: %q is no id", m.ID)
	}
	room := store.SubTx(tx, Prefix)
	pending := store.SubTx(room, "pending")
	n := 0
	for _, err := range pending.Scan(store.Range{}) {
		if err != nil {
			return err
		}
		if n++; n >= maxPending {
			return ErrFull
		}
	}
	return putEntry(pending, Entry{Message: m})
}

// idForm keeps a header of a webhook and a Message-ID in one line.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func putEntry(tx store.Tx, e Entry) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	if len(data) > maxMessage {
		return fmt.Errorf("notify: a message of %d bytes, at most %d are kept", len(data), maxMessage)
	}
	return tx.Put([]byte(e.ID), data)
}

// List returns all messages, oldest first, dead ones after those that wait.
func (o *Outbox) List(ctx context.Context) ([]Entry, error) {
	var all []Entry
	for _, box := range []string{"pending", "dead"} {
		list, err := o.read(ctx, box)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func (o *Outbox) read(ctx context.Context, box string) ([]Entry, error) {
	var list []Entry
	err := o.Store.View(ctx, func(r store.Reader) error {
		list = nil
		for item, err := range store.SubReader(store.SubReader(r, Prefix), box).Scan(store.Range{}) {
			if err != nil {
				return err
			}
			var e Entry
			if err := json.Unmarshal(item.Value, &e); err != nil {
				return fmt.Errorf("damaged message %.64q: %w", item.Key, err)
			}
			list = append(list, e)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	slices.SortFunc(list, func(a, b Entry) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

// change runs fn on a message, wherever it is, until the outcome is known.
// ErrNotFound: there is none.
func (o *Outbox) change(ctx context.Context, id string, fn func(pending, dead store.Tx, e Entry) error) error {
	var err error
	for range 5 {
		err = o.Store.Update(ctx, func(tx store.Tx) error {
			room := store.SubTx(tx, Prefix)
			pending, dead := store.SubTx(room, "pending"), store.SubTx(room, "dead")
			for _, box := range []store.Tx{pending, dead} {
				data, err := box.Get([]byte(id))
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				var e Entry
				if err := json.Unmarshal(data, &e); err != nil {
					return fmt.Errorf("damaged message %.64q: %w", id, err)
				}
				return fn(pending, dead, e)
			}
			return ErrNotFound
		})
		if !errors.Is(err, store.ErrUnknown) {
			break
		}
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("notify: %w", err)
	}
	return err
}

// Retry has a message tried again at once, a dead one too.
func (o *Outbox) Retry(ctx context.Context, id string) error {
	return o.change(ctx, id, func(pending, dead store.Tx, e Entry) error {
		return errors.Join(dead.Delete([]byte(id)), putEntry(pending, Entry{Message: e.Message, Error: e.Error}))
	})
}

// Drop removes a message for good.
func (o *Outbox) Drop(ctx context.Context, id string) error {
	return o.change(ctx, id, func(pending, dead store.Tx, _ Entry) error {
		return errors.Join(pending.Delete([]byte(id)), dead.Delete([]byte(id)))
	})
}
