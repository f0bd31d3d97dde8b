package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
)

// Cursor is how far the objects of a collection were got.
type Cursor struct {
	Collection string `json:"collection"`
	Filter     Filter `json:"filter"`
	// Last is when the newest object that was handed over had been added (X-TAXII-
	// Date-Added-Last), "" where the server does not tell.
	Last string `json:"last,omitempty"`
	// Next is the server's mark of the page that follows.
	Next string `json:"next,omitempty"`
	More bool   `json:"more"`
	// Handed are digests of the objects of the last page, so that a page that
	// overlaps it brings nothing twice.
	Handed []string `json:"handed,omitempty"`
	// Objects and Pages count from the beginning of all runs.
	Objects int64 `json:"objects"`
	Pages   int64 `json:"pages"`
}

func (c Cursor) sorted() Cursor {
	slices.Sort(c.Handed)
	return c
}

// check says whether the cursor is one of this collection and filter.
func (c *Cursor) check(collection *url.URL, f Filter) error {
	if c.Collection != collection.String() {
		return fmt.Errorf("%w: to the collection %s", ErrCursor, c.Collection)
	}
	if !c.Filter.same(f) {
		return fmt.Errorf("%w: to a request with other filters", ErrCursor)
	}
	return nil
}

// maxCursor bounds a cursor's file, in bytes: a million objects of one page.
const maxCursor = 64 << 20

// loadFile reads a JSON file into v; found tells whether it exists.
func loadFile(path string, v any) (found bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxCursor+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return false, err
	}
	if len(data) > maxCursor {
		return false, fmt.Errorf("%s: %w", path, ErrTooLarge)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fmt.Errorf("%s is no cursor: %w", path, err)
	}
	return true, nil
}

// saveFile replaces a JSON file: after a crash it is the old one or the new one,
// whole.
func saveFile(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	// A fixed name, so that crashes do not leave file after file behind. It may hold
	// what others must not see.
	name := path + ".new"
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err == nil {
		err = f.Sync() // before the name, so that no crash leaves an empty file under it
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(name, path)
	}
	if err != nil {
		_ = os.Remove(name) // the error that led here is the one to tell
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a rename last. Where a folder cannot be synced (on Windows) the
// rename is as safe as that system makes it.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync() // as above
	return d.Close()
}
