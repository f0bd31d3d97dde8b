package resolve

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/cybersec-infohub/infohub/scanner"
)

// errSpent is a look-up that asked too much: of what a hostile zone makes a
// resolver ask, it must not matter whose look-up shared the question.
var errSpent = errors.New("the look-up's bound on queries was reached")

type budgetKey struct{}

// budget counts what one look-up, with all that it needs on its way, may do.
type budget struct{ queries, steps atomic.Int32 }

// withBudget gives ctx a budget unless it runs within one already.
func withBudget(ctx context.Context) context.Context {
	if _, ok := ctx.Value(budgetKey{}).(*budget); ok {
		return ctx
	}
	b := &budget{}
	b.queries.Store(maxQueries)
	b.steps.Store(maxSteps)
	return context.WithValue(ctx, budgetKey{}, b)
}

// spendQuery takes one message to the network from the budget, and from the
// whole scan's; spendStep takes one question to the cache.
func spendQuery(ctx context.Context) error {
	if err := scanner.SpendQuestion(ctx); err != nil {
		return fmt.Errorf("%w: %w", errSpent, err)
	}
	if b, ok := ctx.Value(budgetKey{}).(*budget); ok && b.queries.Add(-1) < 0 {
		return spent(maxQueries, "queries")
	}
	return nil
}

func spendStep(ctx context.Context) error {
	if b, ok := ctx.Value(budgetKey{}).(*budget); ok && b.steps.Add(-1) < 0 {
		return spent(maxSteps, "steps")
	}
	return nil
}

func spent(n int, what string) error {
	return fmt.Errorf("%w: %w", errSpent, scanner.Failf(scanner.FailProtocol, fmt.Sprintf("the look-up needs more than %d %s", n, what)))
}

// flights lets one caller do a piece of work for all who want it at the time.
// The work lasts as long as one of them waits, so that a scan that is stopped
// neither fails others nor leaves work behind. Work must not wait for other
// work that could wait for it.
type flights[V any] struct {
	mu sync.Mutex
	m  map[string]*flight[V]
}

type flight[V any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int
	val     V
	err     error
}

func (g *flights[V]) do(ctx context.Context, key string, work func(context.Context) (V, error)) (V, error) {
	for range 3 {
		f, leader := g.join(ctx, key, work)
		select {
		case <-f.done:
			if !leader && errors.Is(f.err, errSpent) {
				continue // another look-up's bound: try on our own
			}
			return f.val, f.err
		case <-ctx.Done():
			g.leave(key, f)
			var none V
			return none, cause(ctx)
		}
	}
	var none V
	return none, spent(maxQueries, "queries")
}

func (g *flights[V]) join(ctx context.Context, key string, work func(context.Context) (V, error)) (f *flight[V], leader bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.m[key]; f != nil {
		f.waiters++
		return f, false
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f = &flight[V]{done: make(chan struct{}), cancel: cancel, waiters: 1}
	if g.m == nil {
		g.m = map[string]*flight[V]{}
	}
	g.m[key] = f
	go func() {
		defer func() {
			if p := recover(); p != nil { // an answer that breaks the parser ends one look-up
				f.err = scanner.Failf(scanner.FailInternal, fmt.Sprintf("look-up panicked: %v\n%s", p, debug.Stack()))
			}
			g.mu.Lock()
			if g.m[key] == f {
				delete(g.m, key)
			}
			g.mu.Unlock()
			cancel()
			close(f.done)
		}()
		f.val, f.err = work(own)
	}()
	return f, true
}

func (g *flights[V]) leave(key string, f *flight[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f.waiters--; f.waiters == 0 {
		f.cancel()
		if g.m[key] == f {
			delete(g.m, key) // who comes now must not get this one's cancellation
		}
	}
}
