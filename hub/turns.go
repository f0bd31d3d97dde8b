package hub

import (
	"context"
	"sync"
	"time"
)

// Turns bounds how many requests that take much are under way at once: so many in
// all, and a quarter of them of one organisation, or of all strangers, so that
// whoever sends slowly or asks for what is long to find keeps nobody else waiting.
// It is for the edges, which take a turn before they read the body of a submission.
type Turns struct {
	all   chan struct{}
	share int

	mu  sync.Mutex
	own map[string]chan struct{} // by organisation; there are as many as have ever asked
}

// NewTurns returns turns for n requests at once; 0: 16.
func NewTurns(n int) *Turns {
	if n <= 0 {
		n = 16
	}
	return &Turns{all: make(chan struct{}, n), share: max(1, n/4), own: map[string]chan struct{}{}}
}

// Take waits for a turn until late, and returns what ends it. The error is
// Unavailable.
func (t *Turns) Take(ctx context.Context, c *Caller, late time.Duration) (done func(), err error) {
	timer := time.NewTimer(late)
	defer timer.Stop()
	own := t.of(c.Organisation.ID)
	if !enter(ctx, own, timer) {
		return nil, busy("too many such requests from your side are under way; wait as long as Retry-After says")
	}
	if !enter(ctx, t.all, timer) {
		<-own
		return nil, busy("too many such requests are under way; wait as long as Retry-After says")
	}
	return func() { <-t.all; <-own }, nil
}

func busy(message string) error {
	return &Error{Code: Unavailable, Message: message, RetryAfter: 5 * time.Second}
}

func (t *Turns) of(organisation string) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.own[organisation]
	if own == nil {
		own = make(chan struct{}, t.share)
		t.own[organisation] = own
	}
	return own
}

func enter(ctx context.Context, into chan struct{}, timer *time.Timer) bool {
	select {
	case into <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
