package scanner

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// MaxQuestions is how many DNS questions one scan puts to the network, all
// probes together. A usual one needs about a hundred.
const MaxQuestions = 3000

// ErrQuestions is a DNS question that was not put because the scan's bound was
// reached. Its Failure has the kind FailLimit.
var ErrQuestions = errors.New("the scan's bound on DNS questions was reached")

type questionsKey struct{}

// WithQuestions lets everything below ctx put n DNS questions in all.
func WithQuestions(ctx context.Context, n int32) context.Context {
	left := new(atomic.Int32)
	left.Store(n)
	return context.WithValue(ctx, questionsKey{}, left)
}

// SpendQuestion takes one question from the bound that WithQuestions set; with
// none set there is no bound. The error is ErrQuestions.
func SpendQuestion(ctx context.Context) error {
	left, ok := ctx.Value(questionsKey{}).(*atomic.Int32)
	if !ok || left.Add(-1) >= 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrQuestions, Failf(FailLimit, "the scan has put as many DNS questions as it may"))
}
