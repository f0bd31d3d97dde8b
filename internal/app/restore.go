package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
)

// ErrHasData says that a folder holds data that a restore would replace.
var ErrHasData = errors.New("it holds data already")

// RestoreOptions say what Restore may do. The zero value is the careful one.
type RestoreOptions struct {
	// Force replaces data that the directory holds. They are kept aside.
	Force bool
	// AnyAudit takes a backup whose audit log does not verify.
	AnyAudit bool
	// Now is the clock by which the old data are named.
	Now func() time.Time
}

// Restored says what a restore has put in place.
type Restored struct {
	BackupInfo
	Audit audit.Verified `json:"audit"`
	Aside string         `json:"aside,omitempty"` // where the data are now that were there
}

// Restore puts the store of a backup into a data directory, which is made if
// there is none. Nothing is changed there until the backup has been read to its
// end, its hash, structure and audit log checked, and its copy is on disk; it
// then takes its place in one step. The error is ErrBackup for what is no whole
// backup, ErrHasData, store.ErrLocked while another process uses the directory,
// store.ErrCorrupt or audit.ErrBroken.
//
// A restore that is killed leaves a file infohub.db.restore-* behind, no more.
func Restore(ctx context.Context, r io.Reader, dir string, o RestoreOptions) (Restored, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Restored{}, fmt.Errorf("data folder: %w", err)
	}
	path := filepath.Join(dir, storeFile)
	// Asked again when it is put in place; here, so that nobody waits for a
	// large file to hear it.
	release, err := claim(path, o.Force)
	if err != nil {
		return Restored{}, inUse(dir, err)
	}
	done, err := restore(ctx, r, path, o)
	if err := errors.Join(err, release()); err != nil {
		return Restored{}, inUse(dir, err)
	}
	return done, nil
}

// claim keeps other processes from the store that is there, if one is.
func claim(path string, force bool) (release func() error, err error) {
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return func() error { return nil }, nil
	} else if err != nil {
		return nil, err
	}
	if !force {
		return nil, ErrHasData
	}
	return bolt.Lock(path)
}

func inUse(dir string, err error) error {
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("another infohub is using %s: stop it first (%w)", dir, err)
	case errors.Is(err, ErrHasData):
		return fmt.Errorf("%s: %w", dir, err)
	}
	return err
}

func restore(ctx context.Context, r io.Reader, path string, o RestoreOptions) (done Restored, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), storeFile+".restore-*") // mode 0600
	if err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	fresh := f.Name()
	defer func() { _ = os.Remove(fresh) }() // it has its name by now, or what went wrong says more
	done.BackupInfo, err = ReadBackup(ctx, r, f)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return Restored{}, err
	}
	if done.Audit, err = inspect(ctx, fresh, o.AnyAudit); err != nil {
		return Restored{}, fmt.Errorf("the data in the backup: %w", err)
	}
	if done.Aside, err = place(fresh, path, o); err != nil {
		return Restored{}, err
	}
	return done, nil
}

// inspect reads a store through, and makes it know that it comes from a backup.
func inspect(ctx context.Context, path string, anyAudit bool) (found audit.Verified, err error) {
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Check(ctx); err != nil {
		return found, err
	}
	found, err = audit.Verify(ctx, s, nil)
	if anyAudit && errors.Is(err, audit.ErrBroken) {
		err = nil
	}
	if err == nil {
		err = s.Update(ctx, func(tx store.Tx) error { return hub.Restored(tx) })
	}
	return found, err
}

// place gives a file its name. What had the name before gets another one first,
// as a second name, so that at no moment there is no store.
func place(fresh, path string, o RestoreOptions) (aside string, err error) {
	if !o.Force {
		// Not a rename, which would replace what came meanwhile.
		err := os.Link(fresh, path)
		if errors.Is(err, os.ErrExist) {
			return "", ErrHasData
		}
		if err == nil {
			return "", bolt.SyncDir(filepath.Dir(path))
		}
		// A disk without such links.
	} else if _, err := os.Lstat(path); err == nil {
		aside = fmt.Sprintf("%s.before-restore-%s", path, o.Now().UTC().Format("20060102T150405Z"))
		if err := keepAside(path, aside); err != nil {
			return "", err
		}
	}
	if err := os.Rename(fresh, path); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	return aside, bolt.SyncDir(filepath.Dir(path))
}

func keepAside(path, aside string) error {
	if _, err := os.Lstat(aside); err == nil {
		return fmt.Errorf("restore: %s is there already: try again in a second", aside)
	}
	if err := os.Link(path, aside); err == nil {
		return nil
	}
	if err := os.Rename(path, aside); err != nil { // a disk without such links
		return fmt.Errorf("restore: keep the old data: %w", err)
	}
	return nil
}
