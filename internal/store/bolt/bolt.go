// Package bolt keeps a store in one file, with go.etcd.io/bbolt. One process has
// the file open; nothing is to be installed. Updates of many goroutines share
// commits. internal/app alone opens stores; tests may.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	bbolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Options of Open. The zero value is ready for use.
type Options struct {
	// LockWait is how long Open waits for another process to close the file.
	// Zero: it tries once.
	LockWait time.Duration
	// Ascending are prefixes, such as "hub/l", whose keys are mostly put in
	// ascending order: their pages are filled to the brim. It changes nothing
	// but the space that they take. A prefix whose keys are in the file already
	// stays as it is, and so do those that a file was opened with before.
	Ascending []string
}

// Store is a store in one file.
type Store struct {
	db       *bbolt.DB
	segments []segment

	calls     chan *call
	closing   chan struct{}
	stopped   chan struct{}
	closeOnce sync.Once
	closeErr  error
	failed    atomic.Pointer[error] // why nothing more is written
	refused   atomic.Pointer[error] // why the last commit failed; nil if it did not
}

var _ store.Store = (*Store)(nil)

// Open opens the store in a file and creates it if there is none; the directory
// must exist. Others than the file's owner lose their rights to it (mode 0600).
// The error is store.ErrLocked while another process has it open, and
// store.ErrCorrupt, with nothing changed, if the file holds no store or is
// shorter than it says.
func Open(path string, o Options) (*Store, error) {
	db, err := open(path, o)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	s, err := newStore(db, o)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, errors.Join(err, db.Close()))
	}
	return s, nil
}

func newStore(db *bbolt.DB, o Options) (*Store, error) {
	all, err := makeBuckets(db, o.Ascending)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, segments: all, calls: make(chan *call), closing: make(chan struct{}), stopped: make(chan struct{})}
	go s.commitAll()
	return s, nil
}

func open(path string, o Options) (*bbolt.DB, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		defer func() { _ = SyncDir(filepath.Dir(path)) }() // the new name; what follows does not depend on it
	}
	var opened os.FileInfo
	db, err := openDB(path, &bbolt.Options{
		Timeout:         max(o.LockWait, 1), // 0 would wait for ever
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: mapSize(),
		OpenFile: func(name string, flag int, mode fs.FileMode) (*os.File, error) {
			f, info, err := openFile(name, flag, mode)
			opened = info
			return f, err
		},
	})
	if err != nil {
		return nil, err
	}
	// While we waited for the lock, Compact of another process may have put a
	// new file in its place: what we hold then is nobody's.
	now, err := os.Stat(path)
	if err == nil && !os.SameFile(opened, now) {
		err = fmt.Errorf("%w: the file was replaced just now", store.ErrLocked)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openDB says in the contract's words why bbolt cannot open a file.
func openDB(path string, o *bbolt.Options) (db *bbolt.DB, err error) {
	defer func() {
		// It panics on a damaged list of free pages.
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("%w: %v", store.ErrCorrupt, p)
		}
	}()
	db, err = bbolt.Open(path, 0o600, o)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, store.ErrLocked
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	return db, err
}

// openFile opens what bbolt is about to map, makes it private, and refuses a
// file whose end is missing: reading past it would kill the process.
func openFile(name string, flag int, mode fs.FileMode) (_ *os.File, info os.FileInfo, err error) {
	f, err := os.OpenFile(name, flag, mode)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the error at hand says more
		}
	}()
	if err := checkLength(f); err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err != nil {
		return nil, nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return nil, nil, err
		}
	}
	return f, info, nil
}

// mapSize is how much address space is taken at once: 16 GiB where that is free
// of charge, 64 MiB where space is scarce or the file itself would grow to it. A
// file that outgrows its mapping is mapped anew, and for that every commit, and
// every new View, waits for the longest View: a backup for instance.
func mapSize() int {
	size := int64(1) << 34
	if strconv.IntSize < 64 || runtime.GOOS == "windows" {
		size = 64 << 20
	}
	return int(size)
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, fn func(store.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	btx, err := s.db.Begin(false)
	if err != nil {
		return fmt.Errorf("store: view: %w", closedOr(err))
	}
	t := &tx{parts: newParts(btx, s.segments), shared: new(changes)}
	defer func() {
		t.over = true
		_ = btx.Rollback() // of a read: it fails only when done twice
	}()
	return fn(reader{t})
}

// reader hides the methods that write.
type reader struct{ store.Reader }

// closedOr tells a closed store from other errors of bbolt.
func closedOr(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return store.ErrClosed
	}
	return err
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		close(s.closing)
		<-s.stopped
		s.closeErr = s.db.Close()
	})
	return s.closeErr
}
