package notify

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Delivery is what became of the messages that were due.
type Delivery struct {
	Sent   []Entry
	Failed []Entry // they are tried again
	Died   []Entry // they are not
	// Next is when the next message is due; zero: none waits.
	Next time.Time
}

// Deliver sends what is due, oldest first, and returns when all has been tried
// once or ctx ends. A receiver that failed is left alone with all its messages
// until the first of them is due again. A message whose channel has no sender
// stays where it is.
func (o *Outbox) Deliver(ctx context.Context) (Delivery, error) {
	var d Delivery
	list, err := o.read(ctx, "pending")
	if err != nil {
		return d, err
	}
	later := func(t time.Time) {
		if d.Next.IsZero() || t.Before(d.Next) {
			d.Next = t
		}
	}
	down := map[string]time.Time{}
	for _, e := range list {
		sender := o.Senders[e.Channel]
		if sender == nil {
			continue
		}
		to := string(e.Channel) + " " + e.To
		if until := down[to]; !until.IsZero() || e.Next.After(o.Now()) {
			if e.Next.After(until) {
				until = e.Next
			}
			later(until)
			continue
		}
		if may, err := o.may(ctx, e.Message); err != nil || !may {
			if err == nil {
				err = o.Drop(ctx, e.ID)
			}
			if err != nil && !errors.Is(err, ErrNotFound) {
				return d, err
			}
			continue
		}
		err := o.attempt(ctx, sender, e.Message)
		if err != nil && ctx.Err() != nil {
			return d, ctx.Err() // stopped: no fault of the receiver
		}
		after, err := o.mark(ctx, e, err)
		if err != nil {
			return d, err
		}
		switch {
		case after == nil:
			d.Sent = append(d.Sent, e)
		case after.Dead:
			d.Died = append(d.Died, *after)
		default:
			d.Failed = append(d.Failed, *after)
			down[to] = after.Next
			later(after.Next)
		}
	}
	return d, o.trim(ctx)
}

func (o *Outbox) may(ctx context.Context, m Message) (bool, error) {
	if o.May == nil {
		return true, nil
	}
	return o.May(ctx, m)
}

func (o *Outbox) attempt(ctx context.Context, sender Sender, m Message) error {
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return sender.Send(ctx, m)
}

// mark records the outcome of an attempt, even if ctx has ended since. It
// returns what is kept of the message, nil if it was sent.
func (o *Outbox) mark(ctx context.Context, e Entry, failure error) (*Entry, error) {
	ctx = context.WithoutCancel(ctx)
	if failure == nil {
		if err := o.Drop(ctx, e.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		return nil, nil
	}
	now := o.Now()
	e.Attempts++
	e.Error = oneLine(failure.Error())
	random := o.Random
	if random == nil {
		random = randomly
	}
	d, again := pause(e.Attempts, failure, random())
	if again {
		e.Next = now.Add(d).UTC()
	} else {
		e.Next, e.Dead, e.Died = time.Time{}, true, now.UTC()
	}
	err := o.change(ctx, e.ID, func(pending, dead store.Tx, _ Entry) error {
		if again {
			return putEntry(pending, e)
		}
		return errors.Join(pending.Delete([]byte(e.ID)), putEntry(dead, e))
	})
	if errors.Is(err, ErrNotFound) {
		err = nil // somebody has dropped it meanwhile
	}
	return &e, err
}

// trim forgets the oldest dead messages beyond the bound.
func (o *Outbox) trim(ctx context.Context) error {
	dead, err := o.read(ctx, "dead")
	if err != nil {
		return err
	}
	for len(dead) > maxDead {
		if err := o.Drop(ctx, dead[0].ID); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		dead = dead[1:]
	}
	return nil
}

// oneLine makes what a receiver said fit to be kept and shown.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\uFFFD' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}
