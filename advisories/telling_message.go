package advisories

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// aboutAssets stands among what a message is about where it names assets.
const aboutAssets = "assets"

func aboutOf(sub *Subscription, concerned []Exposure, refs ...string) []string {
	about := []string{sub.Organisation}
	if len(concerned) > 0 {
		about = append(about, aboutAssets)
	}
	return append(about, refs...)
}

// send puts one message about one publication into the outbox.
func (t *telling) send(sub *Subscription, to Party, ref string, p *Publication, concerned []Exposure, id string) error {
	m := notify.Message{ID: id, Created: t.now, Channel: sub.Channel, Key: sub.ID, About: aboutOf(sub, concerned, ref)}
	if sub.Channel == notify.ByWebhook {
		kind, payload, err := t.x.with.Event(p, concerned)
		if err != nil {
			return fmt.Errorf("advisories: %s as a webhook: %w", p.Tracking.ID, err)
		}
		m.Type, m.Payload, m.To = kind, payload, sub.To
	} else {
		subject, body := t.mail(p, sub.Lang, concerned)
		m.Type, m.Subject, m.Text, m.To = "advisory", subject, body, to.Address
	}
	if err := notify.Put(t.whole, m); err != nil {
		return err
	}
	return t.mark(sub, concerned)
}

func (t *telling) mail(p *Publication, lang i18n.Lang, concerned []Exposure) (subject, body string) {
	if len(concerned) > 0 {
		return t.x.with.Mail(p, lang, concerned)
	}
	k := strings.Join([]string{p.Publisher.Namespace, p.Tracking.ID, string(lang)}, "\x00")
	text, ok := t.written[k]
	if !ok {
		text[0], text[1] = t.x.with.Mail(p, lang, nil)
		t.written[k] = text
	}
	return text[0], text[1]
}

// sendDigest puts one mail about several publications into the outbox, none where
// there is nothing to tell.
func (t *telling) sendDigest(sub *Subscription, to Party, refs []string, list []Publication, concerned []Exposure) error {
	if len(list) == 0 {
		return nil
	}
	subject, body := t.x.with.Digest(list, sub, concerned)
	err := notify.Put(t.whole, notify.Message{
		ID:   notify.NewID("digest", sub.ID, strconv.FormatInt(t.now.UnixMicro(), 10)),
		Type: "advisory.digest", Created: t.now, Channel: sub.Channel, To: to.Address, Subject: subject, Text: body,
		Key: sub.ID, About: aboutOf(sub, concerned, refs...),
	})
	if err != nil {
		return err
	}
	return t.mark(sub, concerned)
}

// mark notes on exposures that somebody was told of them.
func (t *telling) mark(sub *Subscription, told []Exposure) error {
	for _, e := range told {
		e.Told = slices.DeleteFunc(slices.Clone(e.Told), func(n Notice) bool { return n.Subscription == sub.ID })
		e.Told = append(e.Told, Notice{Time: t.now, Channel: sub.Channel, Subscription: sub.ID, Revision: e.Revision})
		e.Told = e.Told[max(0, len(e.Told)-maxTold):]
		if err := putExposure(t.tx, &e); err != nil {
			return err
		}
	}
	return nil
}

// MaySend reports whether a message that waits may still be sent: whether its
// subscription is there, its receiver is who they were and not shut out, may read
// all that it is about, and see the assets that it names. Messages that are none of a subscription may.
func (x *Exposures) MaySend(ctx context.Context, m notify.Message) (bool, error) {
	if !strings.HasPrefix(m.Key, subscriptionName) || len(m.About) == 0 {
		return true, nil
	}
	may := false
	err := x.s.read(ctx, func(whole, r store.Reader) error {
		may = false
		sub, err := getRecord[Subscription](r, partsKey(subscriptionKind, m.About[0], m.Key))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		to, ok, err := newParties(x, whole).owner(sub)
		if err != nil || !ok || sub.Own && !to.Assets || sub.Channel == notify.ByMail && m.To != to.Address {
			return err
		}
		known := newStandings(r)
		for _, ref := range m.About[1:] {
			if ref == aboutAssets {
				if !to.Assets {
					return nil
				}
				continue
			}
			st, err := known.of(ref)
			if err != nil || st == nil || !tlp.May(to.Reader, st.audience) {
				return err
			}
		}
		may = true
		return nil
	})
	return may, err
}
