package bolt

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bbolt "go.etcd.io/bbolt"

	"github.com/cybersec-infohub/infohub/internal/store"
)

func put(s *Store, key string) error {
	return s.Update(context.Background(), func(tx store.Tx) error { return tx.Put([]byte(key), nil) })
}

func get(s *Store, key string) error {
	return s.View(context.Background(), func(r store.Reader) error {
		_, err := r.Get([]byte(key))
		return err
	})
}

// TestWriteIsRefused: the file is closed under the store, as a full disk it
// refuses to write.
func TestWriteIsRefused(t *testing.T) {
	var file *os.File
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "a.db"), 0o600, &bbolt.Options{
		OpenFile: func(name string, flag int, mode fs.FileMode) (f *os.File, err error) {
			file, err = os.OpenFile(name, flag, mode)
			return file, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStore(db, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(s, "a"); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it is tried again each time
		if err := put(s, "b"); !errors.Is(err, store.ErrUnknown) || !errors.Is(err, os.ErrClosed) {
			t.Errorf("Update: %v, want ErrUnknown and its cause", err)
		}
		if err := s.Refused(); !errors.Is(err, os.ErrClosed) || s.Healthy() != nil {
			t.Errorf("Refused: %v, Healthy: %v, want the cause, and that it is not for good", err, s.Healthy())
		}
	}
	if err := s.Update(context.Background(), func(store.Tx) error { return nil }); err != nil {
		t.Errorf("an Update that writes nothing: %v", err)
	}
	if err := get(s, "a"); err != nil {
		t.Errorf("View: %v", err)
	}
	_ = s.Close() // the file is closed already
	if err := s.Healthy(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Healthy after Close: %v", err)
	}
}

// TestReadOnlyAfterFailedSync calls what a failed fsync calls.
func TestReadOnlyAfterFailedSync(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(s, "a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Healthy(); err != nil {
		t.Errorf("Healthy: %v", err)
	}
	s.fail(errors.New("input/output error"))
	s.fail(errors.New("another"))
	if err := put(s, "b"); !errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrUnknown) {
		t.Errorf("Update: %v, want ErrReadOnly: nothing was tried", err)
	}
	if err := s.Healthy(); !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), "input/output error") {
		t.Errorf("Healthy: %v, want ErrReadOnly with the first cause", err)
	}
	if err := get(s, "a"); err != nil {
		t.Errorf("View: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(path, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(put(s, "b"), get(s, "b"), s.Close()); err != nil {
		t.Errorf("after opening again: %v", err)
	}
}
