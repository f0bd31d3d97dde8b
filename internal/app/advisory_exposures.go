package app

import (
	"encoding/json"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/match"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// openExposures makes the part of a hub that knows who is concerned by what, and
// tells them.
func (h *Hub) openExposures() (err error) {
	h.Exposures, err = advisories.NewExposures(h.Advisories, advisories.ExposureConfig{
		Match: h.forms.concerns, Few: matchFew,
		Organisation: func(whole store.Reader, id string) (advisories.Party, bool, error) {
			o, reader, ok, err := hub.OrganisationReader(whole, id)
			return advisories.Party{Organisation: o.ID, Reader: reader, Address: o.Contact, Assets: true}, ok, err
		},
		Person: func(whole store.Reader, id string) (advisories.Party, bool, error) {
			p, reader, ok, err := hub.PersonReader(whole, id)
			return advisories.Party{Organisation: p.Organisation, Reader: reader, Address: p.Email, Assets: p.Role != hub.RoleReader}, ok, err
		},
		Sends: func(channel notify.Channel) bool { return h.opts.Senders[channel] != nil },
		Mail:  warningMail, Digest: warningDigest,
		Event: func(p *advisories.Publication, concerned []advisories.Exposure) (string, json.RawMessage, error) {
			return warningEvent(p, concerned)
		},
	})
	return err
}

// matchFew is an index of a few publications, which many inventories are looked up in.
func matchFew(items []advisories.Item) func(tlp.Reader, []advisories.Component) []advisories.Match {
	index := match.New()
	for _, it := range items {
		index.Put(it.Ref, it.Publication)
	}
	if index.Len() == 0 {
		return func(tlp.Reader, []advisories.Component) []advisories.Match { return nil }
	}
	return func(reader tlp.Reader, components []advisories.Component) []advisories.Match {
		return index.Concerns(components, func(a tlp.Audience) bool { return tlp.May(reader, a) })
	}
}

// webhookSecret is the secret that a subscription's messages are signed with, "" where
// this hub sends none.
func (h *Hub) webhookSecret(subscription string) string {
	w, ok := h.opts.Senders[notify.ByWebhook].(*notify.Webhook)
	if !ok || len(w.Secrets) == 0 {
		return ""
	}
	return w.Secrets[0].Derive(subscription).Text()
}

// reasonOf says in words why something concerns a component.
func reasonOf(words *i18n.Words, reason string, params map[string]string) string {
	var pairs []any
	for k, v := range params {
		pairs = append(pairs, k, v)
	}
	return words.T("match.reason."+reason, pairs...)
}
