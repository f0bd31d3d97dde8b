package app

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// What one message says of the receiver's own assets at most.
const (
	maxConcernedLines = 30
	maxConcernedItems = 200 // of a webhook
)

func warningOptions(lang i18n.Lang) formats.Options {
	return formats.Options{Lang: lang, Zone: time.FixedZone("HKT", 8*60*60)}
}

// warningMail is an advisory as a mail, with what it concerns of the receiver's own.
func warningMail(p *advisories.Publication, lang i18n.Lang, concerned []advisories.Exposure) (subject, body string) {
	o := warningOptions(lang)
	o.Links = links(p, o.Lang)
	subject, body = formats.Mail(p, o, p.Tracking.URL)
	return subject, withConcerned(body, lang, concerned, p.Tracking.ID)
}

// warningDigest is one mail about several advisories.
func warningDigest(list []advisories.Publication, sub *advisories.Subscription, concerned []advisories.Exposure) (subject, body string) {
	subject, body = formats.Digest(list, warningOptions(sub.Lang), formats.DigestInfo{Product: sub.Product, Sector: sub.Sector})
	return subject, withConcerned(body, sub.Lang, concerned, "ID")
}

// withConcerned puts what is the receiver's own behind the first paragraph of a mail,
// and how to end the subscription before its last line, which is the TLP label.
func withConcerned(body string, lang i18n.Lang, concerned []advisories.Exposure, id string) string {
	words := i18n.For(lang)
	var own strings.Builder
	if len(concerned) > 0 {
		own.WriteString(words.T("exposure.mail.about", "n", len(concerned)) + "\n")
		for i := range concerned[:min(len(concerned), maxConcernedLines)] {
			e := &concerned[i]
			component := strings.TrimSpace(cmp.Or(e.Component.Name, e.Component.PURL, e.Component.CPE) + " " + e.Component.Version)
			line := words.T("exposure.mail.item", "id", e.TrackingID, "asset", e.AssetName, "component", component, "state", words.T("match.state."+string(e.State)))
			own.WriteString(advisories.PlainLine("- "+line) + "\n  " + advisories.PlainLine(reasonOf(words, e.Reason, e.Params)) + "\n")
		}
		if more := len(concerned) - maxConcernedLines; more > 0 {
			own.WriteString(words.T("exposure.mail.more", "n", more) + "\n")
		}
		own.WriteString(words.T("exposure.mail.acknowledge", "id", id) + "\n\n")
	}
	first, rest, ok := strings.Cut(body, "\n\n")
	if !ok {
		return body
	}
	rest = strings.TrimRight(rest, "\n")
	last := strings.LastIndexByte(rest, '\n') + 1
	return first + "\n\n" + own.String() + rest[:last] + words.T("subscription.stop") + "\n\n" + rest[last:] + "\n"
}

// webhookWarning is what a webhook is told.
type webhookWarning struct {
	formats.Event
	// Exposures are the receiver's own, of which the first 200 are told.
	Exposures []webhookExposure `json:"exposures,omitempty"`
}

type webhookExposure struct {
	Asset     string `json:"asset"`
	Component string `json:"component"`
	Version   string `json:"version,omitempty"`
	State     string `json:"state"` // affected or possible
	Reason    string `json:"reason"`
}

func warningEvent(p *advisories.Publication, concerned []advisories.Exposure) (string, json.RawMessage, error) {
	w := webhookWarning{Event: formats.NewEvent(p)}
	for i := range concerned[:min(len(concerned), maxConcernedItems)] {
		e := &concerned[i]
		w.Exposures = append(w.Exposures, webhookExposure{
			Asset: e.AssetName, Component: cmp.Or(e.Component.Name, e.Component.PURL, e.Component.CPE), Version: e.Component.Version, State: string(e.State), Reason: e.Reason,
		})
	}
	data, err := json.Marshal(w)
	return w.Type, data, err
}
