package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	bbolt "go.etcd.io/bbolt"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// maxProblems is how many faults Check names; it counts the others.
const maxProblems = 20

// Check reads the whole file and returns store.ErrCorrupt with what is wrong
// with its structure. Updates wait meanwhile, Views do not. A ctx that ends is
// noticed before the reading starts.
func (s *Store) Check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return check(s.db)
}

// check holds the writer's place: the list of free pages must not change.
func check(db *bbolt.DB) error {
	btx, err := db.Begin(true)
	if err != nil {
		return fmt.Errorf("check store: %w", closedOr(err))
	}
	var problems []error
	count := 0
	for problem := range btx.Check() {
		if count++; count <= maxProblems {
			problems = append(problems, problem)
		}
	}
	if err := btx.Rollback(); err != nil {
		return fmt.Errorf("check store: %w", err)
	}
	if count > 0 {
		return fmt.Errorf("%w: %d faults: %w", store.ErrCorrupt, count, errors.Join(problems...))
	}
	return nil
}

// Backup writes a copy of the store as it is now to w, as a file that Open
// takes. Views and Updates go on. The copy is whole only if Backup returns nil,
// and durable when the caller has synced it.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	btx, err := s.db.Begin(false)
	if err != nil {
		return fmt.Errorf("back up store: %w", closedOr(err))
	}
	var failed error // bbolt says it without wrapping it
	_, err = btx.WriteTo(writer(func(p []byte) (n int, err error) {
		if failed = ctx.Err(); failed == nil {
			n, failed = w.Write(p)
		}
		return n, failed
	}))
	if failed != nil {
		err = failed
	}
	if err := errors.Join(err, btx.Rollback()); err != nil {
		return fmt.Errorf("back up store: %w", err)
	}
	return nil
}

// writer is a function that is an io.Writer.
type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// Compact rewrites the file of a store that nobody has open, without the space
// that deletions have left, and returns its size in bytes before and after. The
// copy is checked and on disk before it takes the place of the old file, which
// is unchanged until then. Meanwhile the disk holds both.
func Compact(ctx context.Context, path string) (before, after int64, err error) {
	before, after, err = compact(ctx, path)
	if err != nil {
		return 0, 0, fmt.Errorf("compact store %s: %w", path, err)
	}
	return before, after, nil
}

func compact(ctx context.Context, path string) (before, after int64, err error) {
	old, err := os.Stat(path)
	if err != nil {
		return 0, 0, err // Open would create it
	}
	src, err := open(path, Options{})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if err := check(src); err != nil {
		return 0, 0, err
	}
	// The lock on the old file makes the name of the new one ours, too.
	fresh := path + ".compact"
	if err := copyTo(src, fresh); err != nil {
		return 0, 0, errors.Join(err, remove(fresh))
	}
	info, err := os.Stat(fresh)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && runtime.GOOS == "windows" { // which renames over no open file
		err = src.Close()
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return 0, 0, errors.Join(err, remove(fresh))
	}
	return old.Size(), info.Size(), SyncDir(filepath.Dir(path))
}

func copyTo(src *bbolt.DB, path string) error {
	if err := remove(path); err != nil { // of a run that was killed
		return err
	}
	dst, err := openDB(path, &bbolt.Options{Timeout: 1, FreelistType: bbolt.FreelistMapType, NoSync: true})
	if err != nil {
		return err
	}
	err = bbolt.Compact(dst, src, 8<<20)
	if err == nil {
		err = check(dst)
	}
	if err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
