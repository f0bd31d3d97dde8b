package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
)

// Format is how objects are written.
type Format string

// The formats.
const (
	Bundle Format = "bundle" // one STIX bundle (STIX 2.1, 8)
	Lines  Format = "jsonl"  // an object a line
)

// Download gets the objects of a collection into a file or a stream, and keeps a
// cursor, so that a run that is cut at any moment goes on where it was, and one
// that ended goes on with what has been added since.
type Download struct {
	Client     *Client
	Collection *url.URL
	Filter     Filter
	Format     Format
	// Out is a stream; after a cut it may get the page at hand twice. With a cursor
	// the output may instead be a file, Path: it grows under its name with ".part"
	// behind it, goes on growing after a cut, and is put in its place when it is
	// whole, each object in it once.
	Out  io.Writer
	Path string
	// CursorPath is the cursor's file; "" keeps none.
	CursorPath string

	// Progress is told what was got in this run, after each page; Note what else a
	// person should know. Both may be nil.
	Progress func(objects, pages int64)
	Note     func(text string)

	state  state
	out    *bufio.Writer
	file   *os.File // nil with a stream
	head   bool     // whether something was written
	inRun  int64
	nPages int64
}

// state is the file of a download's cursor.
type state struct {
	Version  int     `json:"version"` // 1
	Kind     string  `json:"kind"`    // "get"
	Position *Cursor `json:"position,omitempty"`
	// Start is where the run began that is under way, Part how much of its file
	// holds what Position says was got, Size how long the file is when it is whole.
	// A run is under way while Part is not zero.
	Start  *Cursor `json:"start,omitempty"`
	Path   string  `json:"path,omitempty"`
	Format Format  `json:"format,omitempty"`
	Part   int64   `json:"part,omitempty"`
	Size   int64   `json:"size,omitempty"`
}

const stateVersion = 1

// Run gets what there is. It returns how many objects this run got, also with an
// error.
func (d *Download) Run(ctx context.Context) (objects int64, err error) {
	if d.Format != Bundle && d.Format != Lines {
		return 0, fmt.Errorf("format %q: choose %s or %s", d.Format, Bundle, Lines)
	}
	if d.Path != "" && d.CursorPath == "" {
		return 0, errors.New("a file without a cursor: give Out")
	}
	if d.CursorPath != "" {
		unlock, err := lock(d.CursorPath)
		if err != nil {
			return 0, err
		}
		defer unlock()
	}
	if err := d.open(); err != nil {
		return 0, err
	}
	defer func() {
		if d.file != nil {
			err = errors.Join(err, d.file.Close())
		}
	}()
	var last Cursor
	for page, err := range d.Client.Objects(ctx, d.Collection, d.Filter, d.state.Position) {
		if err != nil {
			return d.inRun, d.abandon(err)
		}
		if err := d.take(page); err != nil {
			return d.inRun, err
		}
		last = page.Cursor
	}
	if d.CursorPath != "" && last.Last == "" && last.Objects > 0 {
		d.note("the server does not tell when objects were added: the next run gets all of them again")
	}
	return d.inRun, d.finish()
}

func (d *Download) note(text string) {
	if d.Note != nil {
		d.Note(text)
	}
}

// place is where the file goes: what a link leads to is replaced, not the link.
func (d *Download) place() string {
	if real, err := filepath.EvalSymlinks(d.Path); err == nil {
		return real
	}
	return d.Path
}

// part is where the file grows.
func (d *Download) part() string { return d.place() + ".part" }

// open reads the cursor and opens the output, at the place where the last run
// ended.
func (d *Download) open() error {
	if d.CursorPath != "" {
		found, err := loadFile(d.CursorPath, &d.state)
		if err != nil {
			return err
		}
		if found && (d.state.Kind != "get" || d.state.Version != stateVersion) {
			return fmt.Errorf("%s: %w: it is no cursor of a get", d.CursorPath, ErrCursor)
		}
		if p := d.state.Position; p != nil {
			if err := p.check(d.Collection, d.Filter); err != nil {
				return fmt.Errorf("%s: %w", d.CursorPath, err)
			}
		}
	}
	begun := d.state.Part > 0
	if begun && (d.state.Path != d.Path || d.state.Format != d.Format) {
		return fmt.Errorf("%s: %w: to a run that writes %s as %s and has not ended; let it end, or begin anew without this file",
			d.CursorPath, ErrCursor, d.state.Path, d.state.Format)
	}
	d.state.Version, d.state.Kind, d.state.Path, d.state.Format = stateVersion, "get", d.Path, d.Format
	if d.Path == "" {
		d.out = bufio.NewWriterSize(d.Out, 64<<10)
		return nil
	}
	if info, err := os.Stat(d.Path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: with a cursor the output is a file, or a stream", d.Path)
	}
	if !begun {
		d.state.Start, d.state.Part, d.state.Size = d.state.Position, 0, 0
	} else if d.whole() {
		if err := os.Rename(d.place(), d.part()); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(d.part(), os.O_RDWR|os.O_CREATE, 0o666) //nolint:gosec // G302: the user's umask decides
	if err != nil {
		return err
	}
	if err := d.restore(f); err != nil {
		return errors.Join(err, f.Close())
	}
	d.file, d.out = f, bufio.NewWriterSize(f, 64<<10)
	return nil
}

// whole tells whether the run that was under way had put its file in its place and
// was cut before it could say so. Then it goes on, since nobody was told that it
// had ended.
func (d *Download) whole() bool {
	_, err := os.Stat(d.part())
	info, there := os.Stat(d.Path)
	return d.state.Size > 0 && errors.Is(err, os.ErrNotExist) && there == nil && info.Size() == d.state.Size
}

// restore cuts off what was written after the last page that is known to be safe.
// Where the file is gone or shorter, the run begins anew.
func (d *Download) restore(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < d.state.Part {
		d.note(d.part() + " is gone or was changed: getting all of its objects again")
		d.state.Position, d.state.Part = d.state.Start, 0
	}
	d.head = d.state.Part > 0
	if err := f.Truncate(d.state.Part); err != nil {
		return err
	}
	_, err = f.Seek(d.state.Part, io.SeekStart)
	return err
}

// take writes a page, and then the cursor.
func (d *Download) take(page Page) error {
	for _, raw := range page.Objects {
		if err := d.write(raw); err != nil {
			return err
		}
	}
	d.inRun += int64(len(page.Objects))
	d.nPages++
	d.state.Position = &page.Cursor
	if err := d.save(); err != nil {
		return err
	}
	if d.Progress != nil {
		d.Progress(d.inRun, d.nPages)
	}
	return nil
}

// save makes what was written safe, and then the cursor that says so.
func (d *Download) save() error {
	if err := d.out.Flush(); err != nil {
		return err
	}
	if d.CursorPath == "" {
		return nil
	}
	if d.file != nil {
		if err := d.file.Sync(); err != nil {
			return err
		}
		at, err := d.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		d.state.Part = at
	}
	return saveFile(d.CursorPath, &d.state)
}

// abandon ends an output that is not complete: a stream so that what is in it can
// be read; a file not at all, since the next run goes on with it.
func (d *Download) abandon(err error) error {
	if d.file != nil || !d.head {
		return err
	}
	_, _ = d.out.WriteString(d.tail()) // Flush tells of it
	return errors.Join(err, d.out.Flush())
}

// finish ends the output and puts a file in its place.
func (d *Download) finish() error {
	tail := d.tail()
	_, _ = d.out.WriteString(tail)
	if err := d.out.Flush(); err != nil {
		return err
	}
	if d.file == nil {
		return nil
	}
	d.state.Size = d.state.Part + int64(len(tail))
	if err := saveFile(d.CursorPath, &d.state); err != nil {
		return err
	}
	if info, err := os.Stat(d.Path); err == nil {
		if err := d.file.Chmod(info.Mode().Perm()); err != nil {
			return err
		}
	}
	err := errors.Join(d.file.Sync(), d.file.Close()) // before the name, so that no crash leaves an empty file under it
	d.file = nil
	if err != nil {
		return err
	}
	if err := os.Rename(d.part(), d.place()); err != nil {
		return err
	}
	d.state.Start, d.state.Part, d.state.Size = nil, 0, 0
	return saveFile(d.CursorPath, &d.state)
}
