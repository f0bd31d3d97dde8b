package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
)

func openIn(dir string) (store.Store, error) {
	s, err := bolt.Open(filepath.Join(dir, "infohub.db"), bolt.Options{})
	if err != nil {
		return nil, err // not a nil *bolt.Store in an interface
	}
	return s, nil
}

func TestContract(t *testing.T) { storetest.Run(t, openIn) }

// openParted opens a store of several buckets, whose limits are in the midst of
// the suite's keys.
func openParted(dir string) (store.Store, error) {
	s, err := bolt.Open(filepath.Join(dir, "infohub.db"), bolt.Options{Ascending: []string{
		"00", "02", "1", "10", "2f", "03.1", "a", "b", "3/entry/", "4/last", "5/", "\x00", "\xff",
		"room/inner/02", "room/inner/1", "room/inner/a", "room/inner/b", "room/inner/03.1",
	}})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func TestContractInParts(t *testing.T) { storetest.Run(t, openParted) }

func check(s store.Store) error { return s.(*bolt.Store).Check(context.Background()) }

func TestKilledWhileWriting(t *testing.T) { storetest.Crash(t, openIn, check) }

func TestKilledWhileWritingInParts(t *testing.T) { storetest.Crash(t, openParted, check) }

func open(t testing.TB, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put(t testing.TB, s store.Store, key, value string) {
	t.Helper()
	err := s.Update(context.Background(), func(tx store.Tx) error { return tx.Put([]byte(key), []byte(value)) })
	if err != nil {
		t.Fatal(err)
	}
}

func keys(t testing.TB, s store.Store) (keys []string) {
	t.Helper()
	err := s.View(context.Background(), func(r store.Reader) error {
		for e, err := range r.Scan(store.Range{}) {
			if err != nil {
				return err
			}
			keys = append(keys, string(e.Key))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestOpenLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s := open(t, path)
	if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("Open of an open file: %v, want ErrLocked with its name", err)
	}
	if _, _, err := bolt.Compact(context.Background(), path); !errors.Is(err, store.ErrLocked) {
		t.Errorf("Compact of an open file: %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("not run: Windows has no such modes")
	}
	for _, before := range []os.FileMode{0, 0o644, 0o400 | 0o200 | 0o040} {
		path := filepath.Join(t.TempDir(), "a.db")
		if before != 0 {
			if err := os.WriteFile(path, nil, before); err != nil {
				t.Fatal(err)
			}
		}
		open(t, path)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v after %v, want 0600", info.Mode(), before)
		}
	}
}

// filled returns the bytes of a store with many pages.
func filled(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.db")
	s := open(t, path)
	for i := range 20 {
		put(t, s, fmt.Sprintf("%02d", i), strings.Repeat("x", 5000))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestOpenDamaged(t *testing.T) {
	whole := filled(t)
	tests := map[string][]byte{
		"no store":              bytes.Repeat([]byte("This is a letter. "), 1000),
		"short and no store":    []byte("hello"),
		"cut in the first page": whole[:2000],
		"cut after the head":    whole[:3*os.Getpagesize()],
		"cut":                   whole[:8*os.Getpagesize()],
		"no head":               append(make([]byte, 2*os.Getpagesize()), whole[2*os.Getpagesize():]...),
	}
	for about, content := range tests {
		t.Run(about, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), path) {
				t.Errorf("Open: %v, want ErrCorrupt with the file's name", err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, content) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
	t.Run("one torn head", func(t *testing.T) {
		for _, page := range []int{0, 1} {
			path := filepath.Join(t.TempDir(), "a.db")
			torn := bytes.Clone(whole)
			clear(torn[page*os.Getpagesize():][:os.Getpagesize()])
			if err := os.WriteFile(path, torn, 0o600); err != nil {
				t.Fatal(err)
			}
			if n := len(keys(t, open(t, path))); n < 19 {
				t.Errorf("without head %d: %d keys, want the last commit or the one before", page, n)
			}
		}
	})
}

func TestCheckFindsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	damaged := filled(t)
	at := bytes.Index(damaged, []byte("10xxxxx"))
	copy(damaged[at:], "99") // out of order
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if err := s.Check(context.Background()); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("Check: %v, want ErrCorrupt", err)
	}
	if _, _, err := bolt.Compact(context.Background(), path); err == nil {
		t.Error("Compact of a damaged file succeeded")
	}
	if err := open(t, filepath.Join(t.TempDir(), "b.db")).Check(context.Background()); err != nil {
		t.Errorf("Check of a sound store: %v", err)
	}
}

func TestCompact(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s := open(t, path)
	put(t, s, "kept", "value")
	for i := range 5 {
		put(t, s, fmt.Sprint("gone", i), strings.Repeat("x", 4<<20))
	}
	err := s.Update(context.Background(), func(tx store.Tx) error {
		for e, err := range tx.Scan(store.Prefix([]byte("gone"))) {
			if err := errors.Join(err, tx.Delete(e.Key)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := bolt.Compact(cancelled, path); !errors.Is(err, context.Canceled) {
		t.Errorf("Compact, cancelled: %v", err)
	}
	before, after, err := bolt.Compact(context.Background(), path)
	if err != nil || after >= before/10 {
		t.Errorf("Compact: from %d to %d bytes, %v", before, after, err)
	}
	if got := keys(t, open(t, path)); len(got) != 1 || got[0] != "kept" {
		t.Errorf("keys %q after compacting", got)
	}
	names, err := filepath.Glob(path + "*")
	if err != nil || len(names) != 1 {
		t.Errorf("files %q, %v, want the store alone", names, err)
	}
	missing := filepath.Join(t.TempDir(), "none.db")
	if _, _, err := bolt.Compact(context.Background(), missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Compact of no file: %v", err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("Compact made a file where there was none")
	}
}

// TestBackupWhileWriting: a pair of keys is always written together, and the
// copy holds no half of it.
func TestBackupWhileWriting(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "a.db"))
	put(t, s, "before", "it")
	var wg sync.WaitGroup
	var stop atomic.Bool
	for w := range 4 {
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				err := s.Update(context.Background(), func(tx store.Tx) error {
					large := bytes.Repeat([]byte{byte(i)}, 20_000)
					return errors.Join(tx.Put(fmt.Appendf(nil, "p%d.%d", w, i%50), large), tx.Put(fmt.Appendf(nil, "q%d.%d", w, i%50), large))
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 5 {
		var copied bytes.Buffer
		if err := s.Backup(context.Background(), &copied); err != nil {
			t.Fatal(err)
		}
		put(t, s, fmt.Sprint("after", n), "it")
		path := filepath.Join(dir, fmt.Sprint("copy", n))
		if err := os.WriteFile(path, copied.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		b := open(t, path)
		if err := b.Check(context.Background()); err != nil {
			t.Errorf("the copy: %v", err)
		}
		err := b.View(context.Background(), func(r store.Reader) error {
			if _, err := r.Get([]byte("before")); err != nil {
				return err
			}
			for e, err := range r.Scan(store.Prefix([]byte("p"))) {
				if err != nil {
					return err
				}
				other, err := r.Get(append([]byte("q"), e.Key[1:]...))
				if err != nil || !bytes.Equal(other, e.Value) {
					t.Errorf("half an Update in the copy: %s, %v", e.Key, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	wg.Wait()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Backup(ctx, new(bytes.Buffer)); !errors.Is(err, context.Canceled) {
		t.Errorf("Backup, cancelled: %v", err)
	}
}
