package fetch

import (
	"context"
	"fmt"
	"os"
	"syscall"
)

// file reads a document of this machine. It is told from its last version by
// the hash alone: the time of a file can be set, and is coarse.
func (f *Fetcher) file(ctx context.Context, path string, req Request, limits Limits) (Result, error) {
	if !f.Files {
		return Result{}, &Error{Err: noFiles()}
	}
	fail := func(err error) (Result, error) {
		return Result{}, &Error{Origin: path, Err: fmt.Errorf("%w: %w", ErrFile, err)}
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe without a writer must not hold us
	if err != nil {
		return fail(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return fail(err)
	}
	if !info.Mode().IsRegular() {
		return fail(fmt.Errorf("it is no regular file, but %s", info.Mode().Type()))
	}
	own, cancel := context.WithTimeoutCause(ctx, limits.Time, fmt.Errorf("%w: more than %s", ErrTimeout, limits.Time))
	defer cancel()
	raw := reading(func(p []byte) (int, error) {
		if own.Err() != nil {
			return 0, context.Cause(own)
		}
		return file.Read(p)
	})
	r, err := decode(raw, false, req.Unpack, limits.Bytes)
	var result Result
	if err == nil {
		result, err = f.compare(r, Result{}, req, limits)
	}
	if err != nil {
		return Result{}, failure(ctx, own, path, err)
	}
	result.FinalURL = path
	return result, nil
}

// reading is a reader made of a function.
type reading func([]byte) (int, error)

func (r reading) Read(p []byte) (int, error) { return r(p) }
