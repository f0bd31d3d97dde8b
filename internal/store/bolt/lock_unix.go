//go:build unix

package bolt

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Lock keeps other processes from opening a file that exists, whatever it holds,
// until it is released: to put another one in its place. The error is
// store.ErrLocked while another process has it open.
func Lock(path string) (release func() error, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("lock store %s: %w", path, err)
	}
	// As bbolt locks.
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = store.ErrLocked
		}
		return nil, fmt.Errorf("lock store %s: %w", path, errors.Join(err, f.Close()))
	}
	return f.Close, nil
}
