package advisories_test

import (
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

func TestWhoMaySubscribe(t *testing.T) {
	w := openWatch(t, chaos(31))
	reader := of("rita-of-alpha")
	reader.Assets = false
	orgKey := member("alpha", "")
	orgKey.Assets = true
	root := local()
	root.Manages = true
	hook := advisories.Subscription{Channel: notify.ByWebhook, To: "https://hook.example/x"}
	with := func(s advisories.Subscription, edit func(*advisories.Subscription)) advisories.Subscription {
		edit(&s)
		return s
	}
	for _, c := range []struct {
		name string
		who  *advisories.Caller
		sub  advisories.Subscription
		to   string
		code advisories.Code
	}{
		{"a member, by mail", of("mia-of-alpha"), advisories.Subscription{}, "mia-of-alpha@alpha.example", ""},
		{"again the same", of("mia-of-alpha"), advisories.Subscription{}, "", advisories.Conflict},
		{"another by name", of("mia-of-alpha"), advisories.Subscription{To: "Mia-of-alpha@alpha.example", Sector: "energy"}, "mia-of-alpha@alpha.example", ""},
		{"another's address", of("mia-of-alpha"), advisories.Subscription{To: "tom@elsewhere.example"}, "", advisories.Forbidden},
		{"the contact, by a member", of("mia-of-alpha"), advisories.Subscription{To: "soc@alpha.example"}, "", advisories.Forbidden},
		{"the contact, by an administrator", of("boss-of-alpha"), advisories.Subscription{To: "soc@alpha.example"}, "soc@alpha.example", ""},
		{"another's, by an administrator", of("boss-of-alpha"), advisories.Subscription{To: "soc@beta.example"}, "", advisories.Forbidden},
		{"a webhook, by a member", of("mia-of-alpha"), hook, "", advisories.Forbidden},
		{"a webhook, by an administrator", of("boss-of-alpha"), hook, "https://hook.example/x", ""},
		{"of the hub's own machine", of("boss-of-alpha"), with(hook, func(s *advisories.Subscription) { s.To = "http://127.0.0.1:9/" }), "", advisories.Invalid},
		{"no address", of("boss-of-alpha"), with(hook, func(s *advisories.Subscription) { s.To = "mailto:x@example.hk" }), "", advisories.Invalid},
		{"a digest by webhook", of("boss-of-alpha"), with(hook, func(s *advisories.Subscription) { s.Every = advisories.Daily }), "", advisories.Invalid},
		{"a reader", reader, advisories.Subscription{}, "rita-of-alpha@alpha.example", ""},
		{"a reader, of assets", reader, advisories.Subscription{Own: true}, "", advisories.Forbidden},
		{"an organisation's key", orgKey, advisories.Subscription{}, "", advisories.Forbidden},
		{"the local administrator", root, advisories.Subscription{}, "soc@gov.example", ""},
		{"a stranger", stranger(), advisories.Subscription{}, "", advisories.Unauthenticated},
		{"no such risk", of("mia-of-alpha"), advisories.Subscription{Risk: "much"}, "", advisories.Invalid},
		{"no such language", of("mia-of-alpha"), advisories.Subscription{Lang: "fr"}, "", advisories.Invalid},
		{"no such rhythm", of("mia-of-alpha"), advisories.Subscription{Every: "hourly"}, "", advisories.Invalid},
		{"no such channel", of("mia-of-alpha"), advisories.Subscription{Channel: "fax"}, "", advisories.Invalid},
	} {
		got, err := w.Subscribe(t.Context(), c.who, c.sub)
		if advisories.CodeOf(err) != c.code || err == nil && got.To != c.to {
			t.Errorf("%s: %q, %v", c.name, got.To, err)
		}
	}

	mine, err := w.Subscriptions(t.Context(), of("mia-of-alpha"))
	must(t, err)
	theirs, err := w.Subscriptions(t.Context(), of("boss-of-alpha"))
	must(t, err)
	if len(mine) != 2 || len(theirs) != 2 {
		t.Errorf("mia has %d, the organisation %d", len(mine), len(theirs))
	}
	for name, c := range map[string]*advisories.Caller{"another member": of("tom-of-alpha"), "another organisation": of("boss-of-beta")} {
		for _, sub := range append(mine, theirs...) {
			if err := w.Unsubscribe(t.Context(), c, sub.ID); advisories.CodeOf(err) != advisories.NotFound {
				t.Errorf("%s ends %s: %v", name, sub.ID, err)
			}
		}
	}
	must(t, w.Unsubscribe(t.Context(), of("mia-of-alpha"), mine[0].ID))
	wantCode(t, w.Unsubscribe(t.Context(), of("mia-of-alpha"), mine[0].ID), advisories.NotFound)
	wantCode(t, w.Unsubscribe(t.Context(), stranger(), mine[1].ID), advisories.Unauthenticated)

	w.silent = true
	_, err = w.Subscribe(t.Context(), of("tom-of-alpha"), advisories.Subscription{})
	wantCode(t, err, advisories.Conflict)
}

func TestSubscriptionsAreBounded(t *testing.T) {
	w := openWatch(t, nil)
	var last error
	n := 0
	for ; last == nil && n < 100; n++ {
		_, last = w.Subscribe(t.Context(), of("mia-of-alpha"), advisories.Subscription{Product: time.Duration(n).String()})
	}
	wantCode(t, last, advisories.Conflict)
	if n != 21 {
		t.Errorf("the %d. was refused", n)
	}
}
