package sources

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

const (
	maxOSV      = 512 << 20 // bytes of what is fetched
	maxUnpacked = 2 << 30   // bytes of all records in a zip file
	maxRecord   = 4 << 20   // bytes of one record
	maxRecords  = 300_000
)

// file is one record among many.
type file struct {
	name string // of an entry or a line: "PYSEC-2026-1.json", "line 3"
	raw  []byte
	err  error // why it has no bytes; it stops no other
}

// readRecords hands out the records of an OSV export one by one: of a zip file
// with a .json file for each, as osv.dev has them, of a JSON list, of lines of
// JSON, or the one that the file is. An error of yield ends it.
func readRecords(body io.ReadSeeker, size int64, yield func(file) error) error {
	head := make([]byte, 4)
	n, err := io.ReadFull(body, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the records: %w", err)
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the records: %w", err)
	}
	if bytes.HasPrefix(head[:n], []byte("PK")) {
		at, ok := body.(io.ReaderAt)
		if !ok {
			return errors.New("read the records: a zip file is read from memory or disk")
		}
		return readZip(at, size, yield)
	}
	r := bufio.NewReaderSize(body, 64<<10)
	first, err := firstByte(r)
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("read the records: there is nothing in the file")
	case err != nil:
		return fmt.Errorf("read the records: %w", err)
	case first == '[':
		return readList(r, yield)
	}
	return readLines(r, yield)
}

// firstByte looks at the first byte that is no white space.
func firstByte(r *bufio.Reader) (byte, error) {
	if mark, _ := r.Peek(3); string(mark) == "\uFEFF" {
		_, _ = r.Discard(3)
	}
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b)) {
			return b, r.UnreadByte()
		}
	}
}

func readZip(r io.ReaderAt, size int64, yield func(file) error) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("read the records: %w", err)
	}
	if len(z.File) > maxRecords {
		return fmt.Errorf("read the records: the zip file has more than %d entries", maxRecords)
	}
	entries := slices.Clone(z.File)
	slices.SortFunc(entries, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	left := int64(maxUnpacked)
	for _, e := range entries {
		if e.FileInfo().IsDir() || path.Ext(e.Name) != ".json" {
			continue
		}
		raw, err := unpack(e)
		if left -= int64(len(raw)); left < 0 {
			return fmt.Errorf("read the records: the zip file has more than %d bytes unpacked", int64(maxUnpacked))
		}
		if err := yield(file{name: clip(e.Name, 200), raw: raw, err: err}); err != nil {
			return err
		}
	}
	return nil
}

// unpack does not believe the size that an entry says.
func unpack(e *zip.File) ([]byte, error) {
	r, err := e.Open()
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxRecord+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if len(raw) > maxRecord {
		return raw[:0:0], tooLargeRecord()
	}
	return raw, nil
}

func tooLargeRecord() error { return fmt.Errorf("the record is larger than %d bytes", maxRecord) }

// readList reads "[{}, {}]" record by record.
func readList(r *bufio.Reader, yield func(file) error) error {
	d := json.NewDecoder(r)
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("read the records: %w", err)
	}
	for i := 0; d.More(); i++ {
		if i == maxRecords {
			return fmt.Errorf("read the records: there are more than %d", maxRecords)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("read the records: the list ends before its end, after %d: %w", i, err)
		}
		f := file{name: fmt.Sprintf("record %d", i+1), raw: raw}
		if len(raw) > maxRecord {
			f.raw, f.err = nil, tooLargeRecord()
		}
		if err := yield(f); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("read the records: the list has no end: %w", err)
	}
	return nil
}

// readLines reads one JSON value after the other, on a line each or over several.
func readLines(r *bufio.Reader, yield func(file) error) error {
	d := json.NewDecoder(r)
	for i := 0; ; i++ {
		var raw json.RawMessage
		err := d.Decode(&raw)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the records: after %d: %w", i, err)
		case i == maxRecords:
			return fmt.Errorf("read the records: there are more than %d", maxRecords)
		}
		f := file{name: fmt.Sprintf("record %d", i+1), raw: raw}
		if len(raw) > maxRecord {
			f.raw, f.err = nil, tooLargeRecord()
		}
		if err := yield(f); err != nil {
			return err
		}
	}
}
