package main

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// pendingFile is a file that takes the place of an older one only when it is
// whole: what was there is kept if anything goes wrong.
type pendingFile struct {
	*os.File
	path string // where it goes; "" when it is written in place

	private bool // its owner alone reads it, whoever could read the older one
}

// createFile begins a file at path. A path that is no regular file (a pipe,
// /dev/stdout) is written in place.
//
// Not os.CreateTemp: the file's mode is for the user's umask to say.
func createFile(path string) (*pendingFile, error) { return createWith(path, 0o666) }

// createPrivate begins a file that its owner alone can read.
func createPrivate(path string) (*pendingFile, error) {
	f, err := createWith(path, 0o600)
	if err != nil {
		return nil, err
	}
	f.private = true
	return f, nil
}

func createWith(path string, mode fs.FileMode) (*pendingFile, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &pendingFile{File: f}, err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // what a link leads to is replaced, not the link
	}
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text())
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		var at *os.PathError
		if errors.As(err, &at) {
			at.Path = path // the name that the user gave
		}
		return nil, err
	}
	return &pendingFile{File: f, path: path}, nil
}

// finish puts the file in its place, or takes it away again where err is set
// or it cannot be written whole. It returns the first error.
func (f *pendingFile) finish(err error) error {
	if f.path == "" {
		return errors.Join(err, f.Close())
	}
	if info, statErr := os.Stat(f.path); statErr == nil && !f.private {
		err = errors.Join(err, f.Chmod(info.Mode().Perm()))
	}
	if err == nil {
		err = f.Sync() // before the name, so that no crash leaves an empty file under it
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error that led here is the one to tell
	}
	return err
}

// writeFile writes a file whole or not at all.
func writeFile(path string, render func(io.Writer) error) error {
	f, err := createFile(path)
	if err != nil {
		return err
	}
	return f.finish(render(f))
}
