package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
)

// storeFile is the store in a data directory.
const storeFile = "infohub.db"

// lockWait is how long a command waits for another one that has the store open:
// a scan that repeats itself has it only while it scans.
const lockWait = 5 * time.Second

// ErrNoData says that a folder is no data directory.
var ErrNoData = errors.New("it holds no data of infohub")

// OpenStore opens the store in a data directory, which is made if create is set
// and must exist otherwise. The caller closes it.
func OpenStore(dir string, create bool) (store.Store, error) {
	if create {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("data folder: %w", err)
		}
	}
	path := filepath.Join(dir, storeFile)
	if _, err := os.Stat(path); !create && err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w: 'infohub scan --data %s' keeps some", dir, ErrNoData, dir)
		}
		return nil, fmt.Errorf("data folder: %w", err)
	}
	s, err := bolt.Open(path, bolt.Options{LockWait: lockWait})
	switch {
	case errors.Is(err, store.ErrLocked):
		return nil, fmt.Errorf("another infohub is using %s, perhaps a scan: try again when it has ended (%w)", dir, err)
	case err != nil:
		return nil, err
	}
	return s, nil
}
