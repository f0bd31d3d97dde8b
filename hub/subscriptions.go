package hub

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// MaxSubscriptions is how many one organisation's keys, or one person, may have.
const MaxSubscriptions = 100

// Subscription is a cursor of the change feed that the hub keeps for whoever
// subscribed: a person, or all keys of an organisation together.
type Subscription struct {
	Name       string    `json:"name"`                 // a-z, 0-9 and "-", up to 60 characters
	Collection string    `json:"collection,omitempty"` // id; "": all that the caller may read
	Created    time.Time `json:"created"`
	// Acknowledged is when the cursor was last moved.
	Acknowledged time.Time `json:"acknowledged,omitzero"`
}

// subscriptionRecord is a subscription with its place in the feed.
type subscriptionRecord struct {
	Subscription
	Seq       uint64 `json:"seq"`
	Forgotten uint64 `json:"forgotten"`
}

func (sub *subscriptionRecord) position() position { return position{sub.Seq, sub.Forgotten} }

func (sub *subscriptionRecord) move(p position) { sub.Seq, sub.Forgotten = p.seq, p.forgotten }

// subscriptions is the prefix of the caller's subscriptions. Strangers have none.
func (c *Caller) subscriptions() (string, error) {
	switch c.Kind {
	case CallerPerson:
		return "sub/" + c.Person.ID + "/", nil
	case CallerOrganisation:
		return "sub/" + c.Organisation.ID + "/", nil
	case CallerLocal:
		return "sub/local/", nil
	case Stranger:
	}
	return "", fail(Unauthenticated, "sign in, or send a key: a subscription belongs to somebody")
}

// subscription reads one of the caller's. The error NotFound names those there are.
func subscription(r store.Reader, prefix, name string) (*subscriptionRecord, error) {
	if len(name) <= maxSubscriptionName {
		sub, err := getRecord[subscriptionRecord](r, prefix+name)
		if !errors.Is(err, store.ErrNotFound) {
			return sub, err
		}
	}
	var known []string
	for sub, err := range records[subscriptionRecord](r, prefix) {
		if err != nil {
			return nil, err
		}
		known = append(known, sub.Name)
	}
	return nil, unknown("subscription", name, known)
}

const maxSubscriptionName = 60

// Subscribe begins a subscription at what comes from now on, or with fromStart at
// all that the hub holds. collection is an id, or "" for all. The errors are
// Invalid, NotFound (no such collection), and Conflict where the name is taken or
// there are MaxSubscriptions.
func (s *Service) Subscribe(ctx context.Context, c *Caller, name, collection string, fromStart bool) (Subscription, error) {
	prefix, err := c.subscriptions()
	if err != nil {
		return Subscription{}, err
	}
	if name == "" || len(name) > maxSubscriptionName || name[0] == '-' || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return Subscription{}, fail(Invalid, "subscription %q: a name has 1 to %d of a-z, 0-9 and \"-\", and does not begin with \"-\"", cut(name, 100), maxSubscriptionName)
	}
	made := Subscription{Name: name, Created: s.time()}
	err = s.change(ctx, c, "subscription.create", func(tx store.Tx, e *audit.Entry) error {
		made.Collection = ""
		if collection != "" {
			col, _, _, err := reach(tx, c, "", collection)
			if err != nil {
				return err
			}
			made.Collection = col.ID
		}
		count := 0
		for old, err := range records[subscriptionRecord](tx, prefix) {
			if err != nil {
				return err
			}
			if old.Name == name {
				if old.Created.Equal(made.Created) && old.Collection == made.Collection {
					return errUnchanged // its own run, of which the outcome was unknown
				}
				return fail(Conflict, "there is a subscription %q already", name)
			}
			if count++; count >= MaxSubscriptions {
				return fail(Conflict, "there are %d subscriptions already; end one first", count)
			}
		}
		sub := subscriptionRecord{Subscription: made}
		if !fromStart {
			last, err := lastPosition(tx)
			if err != nil {
				return err
			}
			sub.move(last)
		}
		e.Object = name
		if made.Collection != "" {
			e.Detail = map[string]string{"collection": made.Collection}
		}
		return putRecord(tx, prefix+name, sub)
	})
	if err != nil {
		return Subscription{}, err
	}
	return made, nil
}

// Subscriptions are the caller's, by name.
func (s *Service) Subscriptions(ctx context.Context, c *Caller) ([]Subscription, error) {
	prefix, err := c.subscriptions()
	if err != nil {
		return nil, err
	}
	var all []Subscription
	err = s.read(ctx, func(r store.Reader) error {
		all = nil
		for sub, err := range records[subscriptionRecord](r, prefix) {
			if err != nil {
				return err
			}
			all = append(all, sub.Subscription)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Subscription) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}

// ChangesFor is Changes from where a subscription stands: the same page again
// until it is acknowledged. The error is NotFound, or as of Changes: after
// Conflict the subscription is ended and made again from the start.
func (s *Service) ChangesFor(ctx context.Context, c *Caller, name string, limit int) (ChangePage, error) {
	prefix, err := c.subscriptions()
	if err != nil {
		return ChangePage{}, err
	}
	var sub *subscriptionRecord
	err = s.read(ctx, func(r store.Reader) (err error) {
		sub, err = subscription(r, prefix, name)
		return err
	})
	if err != nil {
		return ChangePage{}, err
	}
	return s.Changes(ctx, c, s.sealPosition(sub.position()), sub.Collection, limit)
}

// Acknowledge moves a subscription to a cursor: Next of the page that was dealt
// with. It goes backwards, too. The errors are Invalid (no such cursor) and NotFound.
func (s *Service) Acknowledge(ctx context.Context, c *Caller, name, cursor string) error {
	prefix, err := c.subscriptions()
	if err != nil {
		return err
	}
	now := s.time()
	return s.update(ctx, func(whole store.Tx) error {
		tx := store.SubTx(whole, Room)
		sub, err := subscription(tx, prefix, name)
		if err != nil {
			return err
		}
		p, err := s.openPosition(tx, cursor)
		if err != nil {
			return err
		}
		sub.move(p)
		sub.Acknowledged = now
		return putRecord(tx, prefix+name, sub)
	})
}

// Unsubscribe ends a subscription. The error is NotFound.
func (s *Service) Unsubscribe(ctx context.Context, c *Caller, name string) error {
	prefix, err := c.subscriptions()
	if err != nil {
		return err
	}
	gone := false
	return s.change(ctx, c, "subscription.delete", func(tx store.Tx, e *audit.Entry) error {
		if _, err := subscription(tx, prefix, name); err != nil {
			if gone && CodeOf(err) == NotFound {
				return errUnchanged // its own run, of which the outcome was unknown
			}
			return err
		}
		gone = true
		e.Object = name
		return tx.Delete([]byte(prefix + name))
	})
}
