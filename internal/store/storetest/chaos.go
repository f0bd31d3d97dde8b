package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Chaos is a store that does what the contract allows and most days never
// happens: it runs functions several times, lets commits fail with an unknown
// outcome, some of which have happened, and spoils the bytes that a function was
// lent as soon as it returns. A room whose tests pass on it writes idempotently
// and keeps nothing that it must clone.
type Chaos struct {
	store.Store

	mu     sync.Mutex
	random *rand.Rand
	seen   Counts
}

// Counts says what a Chaos has done.
type Counts struct {
	Updates int
	Reruns  int // runs of functions that were rolled back
	Lost    int // unknown outcomes that had not happened
	Kept    int // unknown outcomes that had happened
}

// NewChaos wraps a store. What happens to the nth Update is decided by the seed
// alone, so that a test without concurrency runs the same every time.
func NewChaos(s store.Store, seed uint64) *Chaos {
	return &Chaos{Store: s, random: rand.New(rand.NewPCG(seed, 0))} //nolint:gosec // G404: it is to be repeatable
}

// Counts says what has been done until now.
func (c *Chaos) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

// fate is what happens to one Update.
type fate struct {
	reruns     int
	lost, kept bool
}

func (c *Chaos) draw() fate {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := fate{}
	if c.random.IntN(3) == 0 {
		f.reruns = 1 + c.random.IntN(2)
	}
	switch c.random.IntN(8) {
	case 0:
		f.lost = true
	case 1:
		f.kept = true
	}
	c.seen.Updates++
	c.seen.Reruns += f.reruns
	return f
}

var errRollBack = errors.New("rolled back by chaos")

// Update implements store.Store. A function that returns an error has it
// returned as ever: there is nothing to commit.
func (c *Chaos) Update(ctx context.Context, fn func(store.Tx) error) error {
	f := c.draw()
	for range f.reruns {
		if err := c.rollBack(ctx, fn); err != nil {
			return err
		}
	}
	if f.lost {
		if err := c.rollBack(ctx, fn); err != nil {
			return err
		}
		c.count(&c.seen.Lost)
		return fmt.Errorf("chaos: %w", store.ErrUnknown)
	}
	err := c.Store.Update(ctx, func(tx store.Tx) error { return runSpoiling(tx, fn) })
	if err == nil && f.kept {
		c.count(&c.seen.Kept)
		return fmt.Errorf("chaos: %w", store.ErrUnknown)
	}
	return err
}

func (c *Chaos) count(n *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

// rollBack runs a function for nothing. It returns an error if no run of it came
// to its end; the function's own error is left to the run that counts.
func (c *Chaos) rollBack(ctx context.Context, fn func(store.Tx) error) error {
	err := c.Store.Update(ctx, func(tx store.Tx) error {
		_ = runSpoiling(tx, fn)
		return errRollBack
	})
	if errors.Is(err, errRollBack) {
		return nil
	}
	return err
}

// View implements store.Store.
func (c *Chaos) View(ctx context.Context, fn func(store.Reader) error) error {
	return c.Store.View(ctx, func(r store.Reader) error {
		lent := &lender{Reader: r}
		defer lent.spoil()
		return fn(lent)
	})
}

func runSpoiling(tx store.Tx, fn func(store.Tx) error) error {
	lent := &lender{Reader: tx}
	defer lent.spoil()
	return fn(&lendingTx{lender: lent, tx: tx})
}

// lender hands out copies of what it reads and overwrites them in the end.
type lender struct {
	store.Reader
	copies [][]byte
}

func (l *lender) lend(b []byte) []byte {
	own := append([]byte{}, b...)
	l.copies = append(l.copies, own)
	return own
}

func (l *lender) spoil() {
	for _, b := range l.copies {
		for i := range b {
			b[i] = 0xdb
		}
	}
}

func (l *lender) Get(key []byte) ([]byte, error) {
	value, err := l.Reader.Get(key)
	if err != nil {
		return nil, err
	}
	return l.lend(value), nil
}

func (l *lender) Scan(r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		for e, err := range l.Reader.Scan(r) {
			if err == nil {
				e = store.Entry{Key: l.lend(e.Key), Value: l.lend(e.Value)}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

type lendingTx struct {
	*lender
	tx store.Tx
}

func (l *lendingTx) Put(key, value []byte) error { return l.tx.Put(key, value) }
func (l *lendingTx) Delete(key []byte) error     { return l.tx.Delete(key) }
