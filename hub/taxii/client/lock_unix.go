//go:build linux || darwin || freebsd || netbsd || openbsd

package client

import (
	"fmt"
	"os"
	"syscall"
)

// lock keeps a second run from a cursor, until unlock or the end of the process.
// The error is ErrBusy where there is another.
func lock(path string) (unlock func(), err error) {
	name := path + ".lock"
	for range 10 { // between opening and locking, the run that ends may remove the file
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			_ = f.Close() // it holds nothing
			break
		}
		ours, err := f.Stat()
		there, err2 := os.Stat(name)
		if err == nil && err2 == nil && os.SameFile(ours, there) {
			return func() {
				_ = os.Remove(name) // what stays is no harm
				_ = f.Close()
			}, nil
		}
		_ = f.Close()
	}
	return nil, fmt.Errorf("%s: %w", path, ErrBusy)
}
