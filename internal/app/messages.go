package app

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// webhookBody is what a webhook is sent; docs/watch.md describes it.
type webhookBody struct {
	Type string    `json:"type"` // "site.changed"
	Time time.Time `json:"timestamp"`
	Text string    `json:"text"` // for chats, which show it
	// Data is what `infohub report diff --format json` prints.
	Data json.RawMessage `json:"data,omitempty"`
}

// messagesOf are the messages about a comparison, one for each receiver, none if
// there is no news.
func messagesOf(d *report.Diff, o RecorderOptions) ([]notify.Message, error) {
	kind := eventOf(d, o.Render.Catalogue)
	if kind == "" || len(o.Receivers) == 0 {
		return nil, nil
	}
	words := i18n.For(i18n.Lang(o.Render.Lang))
	r := d.New
	site := cmp.Or(r.Target.Unicode, r.Target.Domain)
	grade := words.T("grade.none")
	if r.Grade.Letter != "" {
		grade = words.T("grade.spoken", "letter", r.Grade.Letter, "score", r.Grade.Score)
	}
	subject := words.T("notify.subject."+kind, "domain", site, "grade", grade, "new", len(d.Faults), "fixed", len(d.Fixed))
	look := o.Render
	look.Colour, look.Width = false, 72
	var text, data bytes.Buffer
	if err := report.DiffText(&text, []*report.Diff{d}, look); err != nil {
		return nil, err
	}
	if err := report.DiffJSON(&data, []*report.Diff{d}, look); err != nil {
		return nil, err
	}
	body, err := json.Marshal(webhookBody{
		Type: "site." + kind, Time: r.Started, Text: subject + "\n\n" + strings.TrimSpace(text.String()), Data: data.Bytes(),
	})
	if err != nil {
		return nil, fmt.Errorf("message about %s: %w", r.Target.Domain, err)
	}
	var all []notify.Message
	for _, to := range o.Receivers {
		m := notify.Message{
			ID:   notify.NewID("site."+kind, r.Target.Domain, r.Started.UTC().Format(time.RFC3339), string(to.Channel), to.To),
			Type: "site." + kind, Created: r.Started, Channel: to.Channel, To: to.To, Subject: subject,
		}
		if to.Channel == notify.ByWebhook {
			m.Payload = body
		} else {
			m.Text = text.String() + "\n-- \n" + words.T("notify.footer", "domain", site) + "\n"
		}
		all = append(all, m)
	}
	return all, nil
}

// TestMessage is a message that says that messages arrive.
func TestMessage(to Receiver, lang i18n.Lang, now time.Time) (notify.Message, error) {
	words := i18n.For(lang)
	m := notify.Message{
		ID: notify.NewID("test", now.Format(time.RFC3339Nano), string(to.Channel), to.To), Type: "test",
		Created: now, Channel: to.Channel, To: to.To, Subject: words.T("notify.subject.test"), Text: words.T("notify.text.test") + "\n",
	}
	var err error
	m.Payload, err = json.Marshal(webhookBody{Type: m.Type, Time: now.UTC().Truncate(time.Second), Text: words.T("notify.text.test")})
	return m, err
}
