package notify_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
)

// clock is a time that only tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newClock() *clock { return &clock{time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)} }

// sender answers each attempt with the next error, and at the end with nil.
type sender struct {
	errs []error
	got  []string
}

func (s *sender) Send(_ context.Context, m notify.Message) error {
	s.got = append(s.got, m.ID)
	if len(s.errs) == 0 {
		return nil
	}
	err := s.errs[0]
	s.errs = s.errs[1:]
	return err
}

func openStore(t *testing.T, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func message(n int, c *clock) notify.Message {
	return notify.Message{
		ID: notify.NewID("test", fmt.Sprint(n)), Type: "test", Created: c.now.Add(time.Duration(n) * time.Second),
		Channel: notify.ByWebhook, To: "https://a.example/", Payload: []byte(`{}`),
	}
}

func put(t *testing.T, s store.Store, m notify.Message) {
	t.Helper()
	for {
		err := s.Update(t.Context(), func(tx store.Tx) error { return notify.Put(tx, m) })
		if errors.Is(err, store.ErrUnknown) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
}

func outbox(t *testing.T, errs ...error) (*notify.Outbox, *sender, *clock) {
	t.Helper()
	c, s := newClock(), &sender{errs: errs}
	return &notify.Outbox{
		Store: storetest.NewChaos(openStore(t, filepath.Join(t.TempDir(), "a.db")), 11), Now: c.Now,
		Senders: map[notify.Channel]notify.Sender{notify.ByWebhook: s}, Random: func() float64 { return 0.5 },
	}, s, c
}

func deliver(t *testing.T, o *notify.Outbox) notify.Delivery {
	t.Helper()
	d, err := o.Deliver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestRetries: a message is tried at growing intervals and then given up, with
// the reason, and can be sent again by hand.
func TestRetries(t *testing.T) {
	var errs []error
	for i := range 10 {
		errs = append(errs, fmt.Errorf("down\r\nfor the %dth time\x1b[2J", i+1))
	}
	o, s, c := outbox(t, errs...)
	m := message(0, c)
	put(t, o.Store, m)
	var waits []time.Duration
	for range 9 {
		d := deliver(t, o)
		if len(d.Failed) != 1 || !d.Next.After(c.now) {
			t.Fatalf("delivery %+v", d)
		}
		if early := deliver(t, o); len(early.Failed)+len(early.Sent) > 0 || !early.Next.Equal(d.Next) {
			t.Fatalf("it was tried before its time: %+v", early)
		}
		waits = append(waits, d.Next.Sub(c.now))
		c.now = d.Next
	}
	want := []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 18 * time.Hour, 24 * time.Hour}
	if !slices.Equal(waits, want) {
		t.Errorf("waits %v; want %v", waits, want)
	}
	d := deliver(t, o)
	if len(d.Died) != 1 || !d.Next.IsZero() {
		t.Fatalf("after the last attempt: %+v", d)
	}
	c.now = c.now.Add(100 * time.Hour)
	if d := deliver(t, o); len(d.Sent)+len(d.Failed)+len(d.Died) > 0 {
		t.Errorf("a dead message was tried: %+v", d)
	}
	list, err := o.List(t.Context())
	if err != nil || len(list) != 1 || !list[0].Dead || list[0].Attempts != 10 || list[0].Error != "down  for the 10th time [2J" {
		t.Fatalf("list %+v, %v", list, err)
	}
	if err := o.Retry(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if d := deliver(t, o); len(d.Sent) != 1 || d.Sent[0].ID != m.ID {
		t.Errorf("after retry: %+v", d)
	}
	if list, err := o.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("left %+v, %v", list, err)
	}
	if slices.ContainsFunc(s.got, func(id string) bool { return id != m.ID }) || len(s.got) != 11 {
		t.Errorf("%d attempts with the ids %v; want 11 with the same", len(s.got), s.got)
	}
}

func TestOutcomes(t *testing.T) {
	down := errors.New("down")
	tests := []struct {
		name string
		err  error
		wait time.Duration
		dead bool
	}{
		{"a failure", down, 10 * time.Second, false},
		{"the receiver asks for less", &notify.SendError{Err: down, After: time.Second}, 10 * time.Second, false},
		{"the receiver asks for more", &notify.SendError{Err: down, After: time.Hour}, time.Hour, false},
		{"the receiver asks for too much", &notify.SendError{Err: down, After: 1000 * time.Hour}, 24 * time.Hour, false},
		{"for good", fmt.Errorf("send: %w", &notify.SendError{Err: down, Final: true}), 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, _, c := outbox(t, tt.err)
			put(t, o.Store, message(0, c))
			d := deliver(t, o)
			if tt.dead != (len(d.Died) == 1) || !tt.dead && d.Next.Sub(c.now) != tt.wait {
				t.Errorf("delivery %+v; want a wait of %v, dead %v", d, tt.wait, tt.dead)
			}
		})
	}
}

// TestOrder: oldest first; a receiver that is down is asked once, another one is
// not made to wait; a channel that is not set up keeps its messages.
func TestOrder(t *testing.T) {
	o, s, c := outbox(t, errors.New("down"))
	var ids []string
	for n := range 4 {
		m := message(n, c)
		if n == 2 {
			m.To = "https://b.example/"
		}
		if n == 3 {
			m.Channel, m.To = notify.ByMail, "ann@example.hk"
		}
		put(t, o.Store, m)
		put(t, o.Store, m) // twice is once
		ids = append(ids, m.ID)
	}
	d := deliver(t, o)
	if len(d.Failed) != 1 || len(d.Sent) != 1 || !slices.Equal(s.got, []string{ids[0], ids[2]}) {
		t.Errorf("asked for %v, delivery %+v; want %v", s.got, d, []string{ids[0], ids[2]})
	}
	c.now = c.now.Add(time.Minute)
	if d := deliver(t, o); len(d.Sent) != 2 {
		t.Errorf("second delivery %+v", d)
	}
	list, err := o.List(t.Context())
	if err != nil || len(list) != 1 || list[0].ID != ids[3] {
		t.Errorf("left %+v, %v; want the mail alone", list, err)
	}
	if err := o.Drop(t.Context(), ids[3]); err != nil {
		t.Error(err)
	}
	for _, err := range []error{o.Drop(t.Context(), ids[3]), o.Retry(t.Context(), ids[3])} {
		if !errors.Is(err, notify.ErrNotFound) {
			t.Errorf("a message that is gone: %v", err)
		}
	}
}

// TestStopped: Ctrl-C in mid-attempt is no failure of the receiver.
func TestStopped(t *testing.T) {
	o, _, c := outbox(t)
	put(t, o.Store, message(0, c))
	ctx, cancel := context.WithCancel(t.Context())
	o.Senders[notify.ByWebhook] = stopping(cancel)
	if _, err := o.Deliver(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("deliver: %v", err)
	}
	if list, err := o.List(t.Context()); err != nil || len(list) != 1 || list[0].Attempts != 0 {
		t.Errorf("list %+v, %v", list, err)
	}
}

type stopping func()

func (s stopping) Send(ctx context.Context, _ notify.Message) error {
	s()
	<-ctx.Done()
	return ctx.Err()
}

func TestBounds(t *testing.T) {
	o, _, c := outbox(t)
	m := message(0, c)
	m.Text = strings.Repeat("x", 5<<20)
	if err := o.Store.Update(t.Context(), func(tx store.Tx) error { return notify.Put(tx, m) }); err == nil {
		t.Error("a message of 5 MiB was kept")
	}
	m = message(0, c)
	m.ID = "msg\r\nBcc: x"
	if err := o.Store.Update(t.Context(), func(tx store.Tx) error { return notify.Put(tx, m) }); err == nil {
		t.Error("an id with a line end was kept")
	}
	if notify.NewID("a", "bc") == notify.NewID("ab", "c") {
		t.Error("two events have one id")
	}
}
