//go:build !unix

package bolt

import (
	"fmt"
	"os"
)

// Lock sees that no other process has a file open that exists. Where files that
// are open cannot be replaced, as on Windows, that is all that can be done.
func Lock(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("lock store %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("lock store %s: %w", path, err)
	}
	return func() error { return nil }, nil
}
