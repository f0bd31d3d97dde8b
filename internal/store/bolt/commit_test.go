package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
)

// together runs functions whose Updates wait for one that has not ended, so that
// the next commit has all of them, and returns their errors.
func together(t *testing.T, s *bolt.Store, fns []func(store.Tx) error) []error {
	t.Helper()
	errs := make([]error, len(fns))
	var wg sync.WaitGroup
	err := s.Update(context.Background(), func(store.Tx) error {
		for i, fn := range fns {
			begun := make(chan bool)
			wg.Go(func() {
				close(begun)
				errs[i] = s.Update(context.Background(), fn)
			})
			<-begun
		}
		for range 1000 {
			runtime.Gosched()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	return errs
}

func TestErrorsAreIsolated(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a.db"))
	mine := errors.New("mine")
	for round := range 10 {
		var fns []func(store.Tx) error
		for i := range 40 {
			key := fmt.Appendf(nil, "%d.%02d", round, i)
			fns = append(fns, func(tx store.Tx) error {
				if i%4 == 1 {
					return mine // without having written
				}
				if err := tx.Put(key, nil); err != nil {
					return err
				}
				if i%4 == 2 {
					return mine
				}
				return nil
			})
		}
		for i, err := range together(t, s, fns) {
			if failed := i%4 == 1 || i%4 == 2; errors.Is(err, mine) != failed || (err != nil) != failed {
				t.Errorf("function %d: %v", i, err)
			}
		}
	}
	if got := keys(t, s); len(got) != 10*20 {
		t.Errorf("%d keys, want those of the functions that succeeded, 200", len(got))
	}
}

// TestErrorOfSomethingUncommitted: a function fails because of what one before
// it in the batch wrote, which then is not committed. Its last run decides.
func TestErrorOfSomethingUncommitted(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a.db"))
	taken, mine := errors.New("taken"), errors.New("mine")
	for range 20 {
		errs := together(t, s, []func(store.Tx) error{
			func(tx store.Tx) error { return errors.Join(tx.Put([]byte("k"), nil), mine) },
			func(tx store.Tx) error {
				if _, err := tx.Get([]byte("k")); err == nil {
					return taken
				}
				return nil
			},
		})
		if !errors.Is(errs[0], mine) || errs[1] != nil {
			t.Fatalf("errors %v, want mine and none", errs)
		}
	}
}

func TestFunctionThatDoesNotReturn(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a.db"))
	var panics atomic.Int32
	var fns []func(store.Tx) error
	for i := range 30 {
		fns = append(fns, func(tx store.Tx) error {
			if i%6 == 1 {
				runtime.Goexit()
			}
			if err := tx.Put(fmt.Appendf(nil, "%02d", i), nil); err != nil {
				return err
			}
			if i%6 == 2 {
				runtime.Goexit() // the deferred calls of a panic, without its noise
			}
			if i%6 == 3 {
				return errors.New("mine")
			}
			return nil
		})
	}
	together(t, s, fns)
	func() {
		defer func() {
			if recover() != nil {
				panics.Add(1)
			}
		}()
		var nobody *bolt.Store
		_ = s.Update(context.Background(), func(store.Tx) error { return nobody.Close() })
	}()
	if panics.Load() != 1 {
		t.Error("a panic did not reach the caller")
	}
	if got := keys(t, s); len(got) != 15 {
		t.Errorf("keys %q, want the 15 of those that returned", got)
	}
	put(t, s, "still", "works")
}

func TestCloseWhileUpdating(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s := open(t, path)
	var wg sync.WaitGroup
	var acked atomic.Int64
	var once sync.Once
	started := make(chan bool)
	for w := range 16 {
		wg.Go(func() {
			begin := func() { once.Do(func() { close(started) }) }
			defer begin() // an error ends the wait, too
			for i := 0; ; i++ {
				err := s.Update(context.Background(), func(tx store.Tx) error { return tx.Put(fmt.Appendf(nil, "%d.%d", w, i), nil) })
				if errors.Is(err, store.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				acked.Add(1)
				begin()
			}
		})
	}
	<-started
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if got := len(keys(t, open(t, path))); int64(got) != acked.Load() {
		t.Errorf("%d keys, %d were acknowledged", got, acked.Load())
	}
}

func TestContextEndsWhileWaiting(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a.db"))
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 50)
	err := s.Update(context.Background(), func(store.Tx) error {
		for range cap(result) {
			go func() {
				result <- s.Update(ctx, func(tx store.Tx) error { t.Error("the function ran"); return nil })
			}()
		}
		for range 1000 {
			runtime.Gosched()
		}
		cancel()
		for range cap(result) {
			if err := <-result; !errors.Is(err, context.Canceled) {
				t.Errorf("Update: %v, want context.Canceled", err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "still", "works")
}

// BenchmarkUpdate puts one key per Update, on the disk that holds TMPDIR.
func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "a.db"))
			value := make([]byte, 500)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						err := s.Update(context.Background(), func(tx store.Tx) error { return tx.Put(fmt.Appendf(nil, "%012d", i), value) })
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
		})
	}
}
