package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

const (
	crashDir     = "INFOHUB_STORE_CRASH_DIR" // set for the process that is killed
	crashWriters = 8
	crashFile    = 50 // cycles on one store, then a new one
)

// Crash starts this test again as a process that writes without end, kills it
// (SIGKILL) at a moment that it cannot foresee, opens the store that it left and
// looks: every write that was acknowledged is there, whole, and check finds no
// fault. What a process had handed to the kernel survives it, so this shows
// nothing of a loss of power.
//
// It does 40 cycles, and 1,000 when INFOHUB_PROOF is 1. It must be called by a
// test function at the top, not by a subtest.
func Crash(t *testing.T, open Open, check func(store.Store) error) {
	if dir := os.Getenv(crashDir); dir != "" {
		writeUntilKilled(t, open, dir)
		return
	}
	cycles := 40
	if os.Getenv("INFOHUB_PROOF") == "1" {
		cycles = 1000
	}
	random := rand.New(rand.NewPCG(uint64(cycles), 1)) //nolint:gosec // G404: it is to be repeatable
	total := 0
	var dir string
	acked := make([]int, crashWriters)
	for cycle := range cycles {
		if cycle%crashFile == 0 {
			dir = t.TempDir()
			clear(acked)
		}
		n := writeAndKill(t, open, dir, acked, random)
		total += n
		s, err := open(dir)
		if err != nil {
			t.Fatalf("cycle %d: open after the kill: %v", cycle, err)
		}
		err = errors.Join(verify(s, acked), check(s), s.Close())
		if err != nil {
			t.Fatalf("cycle %d: %v", cycle, err)
		}
	}
	t.Logf("%d cycles, %d acknowledged writes, all there", cycles, total)
}

// writeAndKill returns how many writes were acknowledged and notes the last of
// each writer.
func writeAndKill(t *testing.T, open Open, dir string, acked []int, random *rand.Rand) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=2m") //nolint:gosec // G204: it is this program
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killAt, delay := 1+random.IntN(150), time.Duration(random.IntN(3000))*time.Microsecond
	n := 0
	// What is in the pipe when the process dies was acknowledged as well.
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var writer, i int
		if _, err := fmt.Sscanf(lines.Text(), "acknowledged %d %d", &writer, &i); err != nil {
			t.Errorf("the writing process says %q", lines.Text())
			continue
		}
		acked[writer] = max(acked[writer], i)
		if n++; n == killAt {
			if s, err := open(dir); !errors.Is(err, store.ErrLocked) {
				t.Errorf("open while another process writes: %v, %v, want ErrLocked", s, err)
			}
			time.Sleep(delay) // to die at any point of a commit
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if n < killAt {
		t.Fatalf("the writing process ended by itself after %d writes", n)
	}
	return n
}

// writeUntilKilled is the other process. Each Update writes several keys, whose
// agreement shows whether it is there whole.
func writeUntilKilled(t *testing.T, open Open, dir string) {
	s, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // should nobody kill it
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for w := range crashWriters {
		wg.Go(func() {
			for ctx.Err() == nil {
				var i int
				err := s.Update(ctx, func(tx store.Tx) (err error) {
					i, err = writeNext(tx, w)
					return err
				})
				if err != nil {
					fmt.Fprintln(os.Stderr, "update:", err)
					return
				}
				mu.Lock()
				fmt.Printf("acknowledged %d %d\n", w, i)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	_ = s.Close() // it was to be killed before
}

func lastKey(w int) []byte     { return fmt.Appendf(nil, "%d/last", w) }
func entryKey(w, i int) []byte { return fmt.Appendf(nil, "%d/entry/%08d", w, i) }
func markKey(w, i int) []byte  { return fmt.Appendf(nil, "%d/mark/%08d", w, i) }

func entryValue(w, i int) string {
	return strings.Repeat(fmt.Sprintf("%d of %d.", i, w), 1+(i*37+w)%300)
}

// writeNext writes the entry after the last, and moves the writer's mark.
func writeNext(tx store.Tx, w int) (int, error) {
	last, err := readLast(tx, w)
	if err != nil {
		return 0, err
	}
	i := last + 1
	return i, errors.Join(
		tx.Put(entryKey(w, i), []byte(entryValue(w, i))),
		tx.Put(lastKey(w), fmt.Append(nil, i)),
		tx.Put(markKey(w, i), nil),
		tx.Delete(markKey(w, last)),
	)
}

func readLast(r store.Reader, w int) (last int, err error) {
	value, err := r.Get(lastKey(w))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscan(string(value), &last)
	return last, err
}

// verify sees that each writer's entries are all those up to its last, which is
// no earlier than what was acknowledged.
func verify(s store.Store, acked []int) error {
	return s.View(context.Background(), func(r store.Reader) error {
		for w, want := range acked {
			last, err := readLast(r, w)
			if err != nil {
				return err
			}
			if last < want {
				return fmt.Errorf("writer %d: %d was acknowledged, the last there is %d", w, want, last)
			}
			i := 0
			for e, err := range r.Scan(store.Prefix(fmt.Appendf(nil, "%d/entry/", w))) {
				if err != nil {
					return err
				}
				if i++; string(e.Key) != string(entryKey(w, i)) || string(e.Value) != entryValue(w, i) {
					return fmt.Errorf("writer %d: entry %d is %q with %d bytes", w, i, e.Key, len(e.Value))
				}
			}
			if i != last {
				return fmt.Errorf("writer %d: %d entries, the last should be %d", w, i, last)
			}
			for e, err := range r.Scan(store.Prefix(fmt.Appendf(nil, "%d/mark/", w))) {
				if err != nil {
					return err
				}
				if string(e.Key) != string(markKey(w, last)) {
					return fmt.Errorf("writer %d: mark %q beside its last, %d", w, e.Key, last)
				}
			}
		}
		return nil
	})
}
