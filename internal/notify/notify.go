// Package notify tells somebody outside what has happened: by webhook, signed as
// Standard Webhooks says (standardwebhooks.com), or by mail.
//
// A message is put into the outbox in the transaction that records what
// happened, and is sent later: it survives a crash and is sent at least once,
// each time with the same id, so that a receiver can tell a second copy. What
// fails is tried again, later and later; what fails for good goes to a list of
// dead messages, with the reason, from where a person can send it again.
//
// A leaf: every room may import it; it imports no room.
package notify

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Channel is a way to send.
type Channel string

// The channels.
const (
	ByWebhook Channel = "webhook"
	ByMail    Channel = "mail"
)

// Message is what somebody is told.
type Message struct {
	ID      string    `json:"id"`   // see NewID
	Type    string    `json:"type"` // what happened, "site.changed"
	Created time.Time `json:"created"`
	Channel Channel   `json:"channel"`
	To      string    `json:"to"` // a URL or a mail address
	// Payload is the body of a webhook.
	Payload json.RawMessage `json:"payload,omitempty"`
	// Key, if set, names the receiver by which the secrets are derived that sign it
	// (Secret.Derive). About is what it tells of, in the words of who put it in. Both
	// are for Outbox.May.
	Key   string   `json:"key,omitempty"`
	About []string `json:"about,omitempty"`
	// Subject and Text are those of a mail.
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text,omitempty"`
}

// maxMessage bounds a message in the outbox, in bytes of JSON.
const maxMessage = 4 << 20

// NewID derives a message's id from what it tells and to whom, so that the same
// event never makes two messages.
func NewID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash takes everything
	}
	return "msg_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:16]))
}

// Sender sends messages of one channel. Its error is a *SendError where it can
// say more than that it failed; texts of errors hold no secret.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// SendError is a failure to send.
type SendError struct {
	Err error
	// Final: it makes no sense to try again.
	Final bool
	// After is how long the receiver asks to wait; 0: it did not say.
	After time.Duration
}

func (e *SendError) Error() string { return e.Err.Error() }
func (e *SendError) Unwrap() error { return e.Err }

// delays are the pauses after the first, second... failure. After the last, a
// message is dead: two days and a half after the event.
func delays() []time.Duration {
	return []time.Duration{
		10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
		5 * time.Hour, 10 * time.Hour, 18 * time.Hour, 24 * time.Hour,
	}
}

// maxAfter bounds what a receiver may ask for.
const maxAfter = 24 * time.Hour

// pause is the time until the next attempt after so many failures, with a fifth
// more or less at random (random is from 0 up to 1), and at least as long as the
// receiver asks for. ok is false when there is none left.
func pause(failures int, err error, random float64) (d time.Duration, ok bool) {
	var se *SendError
	said := errors.As(err, &se)
	if all := delays(); failures <= len(all) && (!said || !se.Final) {
		d = time.Duration(float64(all[max(failures, 1)-1]) * (0.8 + 0.4*random))
		if said {
			d = max(d, min(se.After, maxAfter))
		}
		return d, true
	}
	return 0, false
}

func randomly() float64 { return rand.Float64() } //nolint:gosec // G404: it spreads load and keeps no secret
