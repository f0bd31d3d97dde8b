package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"

	bbolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// A commit costs an fsync, whatever it holds: Updates that come while one is
// under way are committed together by the next.
const (
	maxBatch      = 128      // functions; one that fails makes the others run again
	maxBatchBytes = 16 << 20 // what is put; a batch is cut after the function that passes it
)

// call is one Update. The committer lends the transaction to the goroutine that
// called Update, so that a panic or runtime.Goexit in a function is the caller's
// own.
type call struct {
	turn chan *tx      // the committer lends a transaction
	ran  chan error    // the function's result, the transaction is handed back
	gone chan struct{} // closed by a caller whose ctx ended before its first turn
	done chan error    // the outcome; holds one, so that nobody waits for a dead caller

	own   error // what the function returned, in the batch or alone
	alone bool  // the function failed after writing: run it by itself
}

// errAborted is the result of a function that did not return.
var errAborted = errors.New("store: the function did not return")

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.failure(); err != nil {
		return err
	}
	c := &call{turn: make(chan *tx), ran: make(chan error), gone: make(chan struct{}), done: make(chan error, 1)}
	select {
	case <-s.closing:
		return store.ErrClosed
	default:
	}
	select {
	case s.calls <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return store.ErrClosed
	}
	ended := ctx.Done()
	for {
		select {
		case t := <-c.turn:
			ended = nil
			c.run(t, fn)
		case err := <-c.done:
			return err
		case <-ended:
			close(c.gone)
			return ctx.Err()
		}
	}
}

func (c *call) run(t *tx, fn func(store.Tx) error) {
	err := errAborted
	defer func() {
		t.over = true
		c.ran <- err
	}()
	err = fn(t)
}

// commitAll runs until the store is closed.
func (s *Store) commitAll() {
	defer close(s.stopped)
	for {
		select {
		case c := <-s.calls:
			for batch := s.gather(c); len(batch) > 0; {
				batch = s.commit(batch)
			}
		case <-s.closing:
			return
		}
	}
}

// gather takes the calls that wait by now.
func (s *Store) gather(first *call) []*call {
	runtime.Gosched() // the callers of the commit before may be about to call again
	batch := []*call{first}
	for len(batch) < maxBatch {
		select {
		case c := <-s.calls:
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

// commit answers at least one call of a batch and returns those that are left.
func (s *Store) commit(batch []*call) (left []*call) {
	if err := s.failure(); err != nil {
		answer(batch, err)
		return nil
	}
	if batch[0].alone {
		batch, left = batch[:1], batch[1:]
	}
	btx, err := s.db.Begin(true)
	if err != nil {
		answer(batch, fmt.Errorf("store: begin: %w", closedOr(err)))
		return left
	}
	shared := new(changes)
	ran, rest, failed := runAll(newParts(btx, s.segments), shared, batch)
	left = append(rest, left...)
	if failed != nil {
		// The others again without it, then it by itself: its error may rest on
		// what the others wrote, which is not committed yet.
		err := btx.Rollback()
		if failed.alone || errors.Is(failed.own, errAborted) || err != nil {
			failed.done <- errors.Join(failed.own, err)
			return append(ran, left...)
		}
		failed.alone = true
		return append(append(ran, left...), failed)
	}
	if err := s.finish(btx, shared.writes > 0); err != nil {
		answer(ran, err)
		return left
	}
	for _, c := range ran {
		c.done <- c.own
	}
	return left
}

// runAll lends the transaction to each call in turn. It returns the calls that
// ran, those for which the transaction has no room, and the one that failed
// after it wrote, if any; that one is in neither list.
func runAll(parts *parts, shared *changes, batch []*call) (ran, rest []*call, failed *call) {
	for i, c := range batch {
		if i > 0 && (shared.bytes > maxBatchBytes || c.alone) {
			return ran, batch[i:], nil
		}
		t := &tx{parts: parts, shared: shared}
		select {
		case c.turn <- t:
		case <-c.gone:
			continue
		}
		c.own = <-c.ran
		if c.own != nil && t.writes > 0 {
			return ran, batch[i+1:], c
		}
		if errors.Is(c.own, errAborted) {
			continue // its caller is gone
		}
		ran = append(ran, c)
	}
	return ran, nil, nil
}

// finish commits, if anything was written. bbolt panics on some damage that it finds; no one function is
// to blame for it, and the process goes on without writing.
func (s *Store) finish(btx *bbolt.Tx, wrote bool) (err error) {
	if !wrote {
		return btx.Rollback()
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %w: %v", store.ErrUnknown, store.ErrCorrupt, p)
			s.fail(err)
			if rerr := btx.Rollback(); rerr != nil && !errors.Is(rerr, berrors.ErrTxClosed) {
				err = errors.Join(err, rerr)
			}
		}
	}()
	if err := btx.Commit(); err != nil {
		err = fmt.Errorf("%w: %w", store.ErrUnknown, err)
		s.refused.Store(&err)
		// A write that was refused, by a full disk for instance, has harmed
		// nothing, and the next may succeed. After a failed fsync the kernel may
		// have dropped pages that a later fsync would no longer report.
		var path *fs.PathError
		if !errors.As(err, &path) || path.Op != "write" {
			s.fail(err)
		}
		return err
	}
	s.refused.Store(nil)
	return nil
}

func answer(calls []*call, err error) {
	for _, c := range calls {
		c.done <- err
	}
}

// fail makes the store read-only.
func (s *Store) fail(cause error) {
	s.failed.CompareAndSwap(nil, &cause)
}

// Healthy says, for a health check, whether the store writes: nil, or ErrReadOnly
// with the cause if nothing is written until it is opened again, or ErrClosed. It
// writes nothing itself, and does not wait.
func (s *Store) Healthy() error {
	select {
	case <-s.closing:
		return store.ErrClosed
	default:
	}
	return s.failure()
}

// Refused is the error of the last commit if that failed in a way that may pass,
// as on a full disk, and nil otherwise. The next commit is tried all the same: it
// is for a warning, not for turning writers away.
func (s *Store) Refused() error {
	if err := s.refused.Load(); err != nil && s.failure() == nil {
		return *err
	}
	return nil
}

func (s *Store) failure() error {
	if cause := s.failed.Load(); cause != nil {
		// Not wrapped: the outcome of what was not tried is known.
		return fmt.Errorf("%w: %s", store.ErrReadOnly, (*cause).Error())
	}
	return nil
}
