package advisories

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of subscriptions.
const (
	maxSubscriptions    = 20  // of one person, and of an organisation itself
	maxAllSubscriptions = 300 // of an organisation and its people
	maxFilter           = 200 // bytes of a product or sector
	maxWebhook          = 2000
)

// subscriptionName begins the ids of subscriptions.
const subscriptionName = "subscription--"

// Subscribe makes a subscription for the caller: by mail to their own address, where
// To is that or "". Whoever manages an organisation may also subscribe its contact
// address, and webhooks, which are told at once. The errors are Unauthenticated,
// Forbidden, Invalid, and Conflict where this hub does not send on that channel, there
// is the same one already, or there are too many.
func (x *Exposures) Subscribe(ctx context.Context, c *Caller, sub Subscription) (Subscription, error) {
	if err := subscriber(c); err != nil {
		return Subscription{}, err
	}
	if err := sub.clean(); err != nil {
		return Subscription{}, err
	}
	if sub.Own && !c.Assets {
		return Subscription{}, fail(Forbidden, "what concerns the organisation's own assets is for those of its members who may see them")
	}
	if !x.with.Sends(sub.Channel) {
		return Subscription{}, errNoWay(sub.Channel)
	}
	sub.Organisation = c.Reader.Organisation
	to := sub.To
	var shown string
	_, err := x.s.run(ctx, c, "advisory.subscription.create", func(ch *change) error {
		last, err := getNumber(ch.tx, []byte(eventLastKey))
		if err != nil {
			return err
		}
		sub.ID, sub.Created, sub.Seq, sub.Looked, sub.To, sub.Person = subscriptionName+ch.fresh.String(), ch.now, last, 0, to, ""
		sub.Due = sub.Every.next(ch.now)
		if shown, err = x.receiver(ch.whole, c, &sub); err != nil {
			return err
		}
		all, err := subscriptionsOf(ch.tx, sub.Organisation)
		if err != nil {
			return err
		}
		own := 0
		for i := range all {
			if all[i].same(&sub) {
				return fail(Conflict, "there is this subscription already: %s", all[i].ID)
			}
			if all[i].Person == sub.Person {
				own++
			}
		}
		if own >= maxSubscriptions || len(all) >= maxAllSubscriptions {
			return fail(Conflict, "at most %d subscriptions of one person, and %d of one organisation, are kept; end one first", maxSubscriptions, maxAllSubscriptions)
		}
		ch.entry.Object = sub.ID
		ch.entry.Detail = map[string]string{"organisation": sub.Organisation, "channel": string(sub.Channel), "every": string(sub.Every)}
		return putRecord(ch.tx, partsKey(subscriptionKind, sub.Organisation, sub.ID), sub)
	})
	if err != nil {
		return Subscription{}, err
	}
	sub.To = shown
	return sub, nil
}

// subscriber is the error for whoever can have no subscriptions.
func subscriber(c *Caller) error {
	switch {
	case !c.Member():
		return fail(Unauthenticated, "sign in, or send a key: a subscription belongs to somebody")
	case c.Reader.Organisation == "" || c.Person == "" && !c.Manages:
		return fail(Forbidden, "people subscribe for themselves: use a person's key, which is not bound to collections")
	}
	return nil
}

func errNoWay(channel notify.Channel) error {
	if channel == notify.ByMail {
		return fail(Conflict, "this hub sends no mail: its operator gives infohub serve --smtp and --notify-from")
	}
	return fail(Conflict, "this hub sends no webhooks: its operator gives infohub serve --notify-secret-file")
}

// receiver decides whom a subscription is for, and returns the address.
func (x *Exposures) receiver(whole store.Reader, c *Caller, sub *Subscription) (string, error) {
	org, ok, err := x.with.Organisation(whole, sub.Organisation)
	if err == nil && !ok {
		err = fail(Forbidden, "this organisation is not admitted to the hub at the moment")
	}
	if err != nil {
		return "", err
	}
	if sub.Channel == notify.ByWebhook {
		if !c.Manages {
			return "", fail(Forbidden, "the organisation's administrators add webhooks")
		}
		return sub.To, nil
	}
	to := sub.To
	sub.To = ""
	if c.Person != "" {
		own, ok, err := x.with.Person(whole, c.Person)
		if err != nil {
			return "", err
		}
		if ok && own.Address != "" && (to == "" || strings.EqualFold(to, own.Address)) {
			sub.Person = c.Person
			return own.Address, nil
		}
	}
	switch {
	case !c.Manages:
		return "", fail(Forbidden, "you can subscribe your own address alone; administrators of an organisation also its contact address")
	case org.Address == "":
		return "", fail(Conflict, "your organisation has no contact address: infohub org edit --contact sets it")
	case to != "" && !strings.EqualFold(to, org.Address):
		return "", fail(Forbidden, "mail goes to your own address or to your organisation's contact, %s", org.Address)
	}
	return org.Address, nil
}

// clean checks what a subscription asks for, and fills in what is left out.
func (sub *Subscription) clean() error {
	sub.Channel = cmp.Or(sub.Channel, notify.ByMail)
	sub.Lang = cmp.Or(sub.Lang, i18n.English)
	sub.Every = cmp.Or(sub.Every, AtOnce)
	sub.Product, sub.Sector = PlainLine(sub.Product), PlainLine(sub.Sector)
	switch {
	case !slices.Contains(i18n.Langs(), sub.Lang):
		return fail(Invalid, "lang %q: en, zh-Hant or zh-Hans was expected", cut(string(sub.Lang), 40))
	case sub.Every != AtOnce && sub.Every != Daily && sub.Every != Weekly:
		return fail(Invalid, "every %q: at-once, daily or weekly was expected", cut(string(sub.Every), 40))
	case sub.Risk != "" && riskOrder(sub.Risk) == 0:
		return fail(Invalid, "risk %q: low, medium, high or extreme was expected", cut(string(sub.Risk), 40))
	case len(sub.Product) > maxFilter || len(sub.Sector) > maxFilter:
		return fail(Invalid, "product and sector have at most %d bytes", maxFilter)
	}
	switch sub.Channel {
	case notify.ByMail:
		if sub.To == "" {
			return nil
		}
		address, err := notify.ParseAddress(sub.To)
		if err != nil {
			return fail(Invalid, "%q is no mail address", cut(sub.To, 100))
		}
		sub.To = address
		return nil
	case notify.ByWebhook:
		if err := notify.CheckWebhookURL(sub.To); err != nil {
			return fail(Invalid, "the webhook's address: %s", err)
		}
		if len(sub.To) > maxWebhook || !strings.HasPrefix(strings.ToLower(sub.To), "https://") { // http would be of the hub's own machine
			return fail(Invalid, "a webhook's address begins with https:// and has at most %d bytes", maxWebhook)
		}
		if sub.Every != AtOnce {
			return fail(Invalid, "a webhook is told at once: digests are for mail")
		}
		return nil
	}
	return fail(Invalid, "channel %q: mail or webhook was expected", cut(string(sub.Channel), 40))
}

// same reports whether two ask for the same.
func (sub *Subscription) same(other *Subscription) bool {
	a, b := *sub, *other
	for _, s := range []*Subscription{&a, &b} {
		s.ID, s.Created, s.Seq, s.Looked, s.Due = "", time.Time{}, 0, 0, time.Time{}
	}
	return a == b
}

// Subscriptions returns the caller's own, and those of the organisation to whoever
// manages it; oldest first. The errors are Unauthenticated and
// Forbidden, for a key that is no person's.
func (x *Exposures) Subscriptions(ctx context.Context, c *Caller) ([]Subscription, error) {
	if err := subscriber(c); err != nil {
		return nil, err
	}
	var own []Subscription
	err := x.s.read(ctx, func(whole, r store.Reader) error {
		own = []Subscription{}
		all, err := subscriptionsOf(r, c.Reader.Organisation)
		if err != nil {
			return err
		}
		parties := newParties(x, whole)
		for _, sub := range all {
			if !sub.belongs(c) {
				continue
			}
			p, _, err := parties.owner(&sub)
			if err != nil {
				return err
			}
			if sub.Channel == notify.ByMail {
				sub.To = p.Address
			}
			own = append(own, sub)
		}
		return nil
	})
	slices.SortFunc(own, func(a, b Subscription) int { return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID)) })
	return own, err
}

// belongs reports whether a caller may see and end a subscription of their
// organisation.
func (sub *Subscription) belongs(c *Caller) bool {
	if sub.Person != "" {
		return sub.Person == c.Person
	}
	return c.Manages
}

// Unsubscribe ends a subscription of the caller's. The errors are those of
// Subscriptions, and NotFound.
func (x *Exposures) Unsubscribe(ctx context.Context, c *Caller, id string) error {
	if err := subscriber(c); err != nil {
		return err
	}
	_, err := x.s.run(ctx, c, "advisory.subscription.delete", func(ch *change) error {
		missing := fail(NotFound, "no subscription %q of yours", cut(id, 100))
		bare, ok := strings.CutPrefix(strings.ToLower(id), subscriptionName)
		if _, err := uuid.Parse(bare); !ok || err != nil {
			return missing
		}
		k := partsKey(subscriptionKind, c.Reader.Organisation, strings.ToLower(id))
		sub, err := getRecord[Subscription](ch.tx, k)
		if errors.Is(err, store.ErrNotFound) || err == nil && !sub.belongs(c) {
			return missing
		}
		if err != nil {
			return err
		}
		ch.entry.Object, ch.entry.Detail = sub.ID, map[string]string{"organisation": sub.Organisation, "channel": string(sub.Channel)}
		return ch.tx.Delete(k)
	})
	return err
}

func subscriptionsOf(r store.Reader, organisation string) ([]Subscription, error) {
	var all []Subscription
	for e, err := range r.Scan(store.Prefix(partsPrefix(subscriptionKind, organisation))) {
		if err != nil {
			return nil, err
		}
		var sub Subscription
		if err := json.Unmarshal(e.Value, &sub); err != nil {
			return nil, fmt.Errorf("advisories: subscription %q: %w", e.Key, err)
		}
		all = append(all, sub)
	}
	return all, nil
}
