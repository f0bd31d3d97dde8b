package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime/debug"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// A backup is a stream; its numbers are big-endian:
//
//	backupMagic, 16 bytes
//	length of the header, 4 bytes, and the header, a BackupHeader in JSON
//	frames: length, 4 bytes, 1 to maxFrame, and as much of the store's file
//	4 bytes of 0, the end of the frames
//	length of all frames' content, 8 bytes
//	SHA-256 of everything before it, 32 bytes
//
// The hash shows that a backup is whole, not who made it.
const (
	backupMagic  = "INFOHUB-BACKUP\r\n" // as PNG's, so that a transfer as text is noticed
	backupFormat = 1
	maxHeader    = 64 << 10
	maxFrame     = 1 << 20
)

// ErrBackup says that a file is no backup, or not a whole one.
var ErrBackup = errors.New("this is no whole backup of infohub")

// BackupHeader is what a backup says of itself.
type BackupHeader struct {
	Format  int       `json:"format"`
	Time    time.Time `json:"time"`    // when it began
	Program string    `json:"program"` // what wrote it, with its version
}

// BackupInfo describes a whole backup.
type BackupInfo struct {
	BackupHeader
	Bytes  int64  `json:"bytes"`  // of the store's file
	SHA256 string `json:"sha256"` // of the whole backup, as sha256sum prints it
}

// Backup writes a copy of a store as it is now to w, in the form that Restore
// takes. Views and Updates go on. It is whole only if the error is nil.
func Backup(ctx context.Context, s store.Store, w io.Writer) (BackupInfo, error) {
	return backup(ctx, s, BackupHeader{Time: time.Now(), Program: program()}, w)
}

// program names this one, with the version that the build noted.
func program() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return "infohub " + info.Main.Version
	}
	return "infohub"
}

func backup(ctx context.Context, s store.Store, h BackupHeader, w io.Writer) (BackupInfo, error) {
	copier, ok := s.(interface {
		Backup(context.Context, io.Writer) error
	})
	if !ok {
		return BackupInfo{}, errors.New("this kind of store is backed up by its own means")
	}
	h.Format = backupFormat
	h.Time = h.Time.UTC().Truncate(time.Second)
	header, err := json.Marshal(h)
	if err != nil {
		return BackupInfo{}, fmt.Errorf("backup: %w", err)
	}
	if len(header) > maxHeader {
		return BackupInfo{}, fmt.Errorf("backup: a header of %d bytes", len(header))
	}
	f := &frames{w: w, sum: sha256.New()}
	err = errors.Join(f.write([]byte(backupMagic)), f.number(len(header)), f.write(header))
	if err == nil {
		err = copier.Backup(ctx, f)
	}
	if err == nil {
		err = f.number(0)
	}
	if err == nil {
		err = f.write(binary.BigEndian.AppendUint64(nil, uint64(f.length)))
	}
	if err == nil {
		err = f.write(f.sum.Sum(nil))
	}
	if err != nil {
		return BackupInfo{}, fmt.Errorf("backup: %w", err)
	}
	return BackupInfo{BackupHeader: h, Bytes: f.length, SHA256: hex.EncodeToString(f.sum.Sum(nil))}, nil
}

// frames is the writer of a backup's frames.
type frames struct {
	w      io.Writer
	sum    hash.Hash
	length int64 // bytes in frames
}

func (f *frames) write(p []byte) error {
	f.sum.Write(p)
	_, err := f.w.Write(p)
	return err
}

func (f *frames) number(n int) error {
	return f.write(binary.BigEndian.AppendUint32(nil, uint32(n)))
}

func (f *frames) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), maxFrame)]
		if err := errors.Join(f.number(len(part)), f.write(part)); err != nil {
			return n, err
		}
		f.length += int64(len(part))
		n += len(part)
		p = p[len(part):]
	}
	return n, nil
}

// ReadBackup reads a backup to its end and writes the store's file in it to w,
// which holds nothing of use until the error is nil: the hash comes last. The
// error is ErrBackup for what is not a whole backup.
func ReadBackup(ctx context.Context, r io.Reader, w io.Writer) (BackupInfo, error) {
	b := &backupReader{r: r, sum: sha256.New()}
	var info BackupInfo
	magic := b.next(len(backupMagic))
	if b.err == nil && !bytes.Equal(magic, []byte(backupMagic)) {
		return BackupInfo{}, fmt.Errorf("%w: it does not begin as one", ErrBackup)
	}
	n := b.number(maxHeader)
	header := b.next(n)
	if b.err == nil {
		if err := json.Unmarshal(header, &info.BackupHeader); err != nil {
			return BackupInfo{}, fmt.Errorf("%w: its header cannot be read: %w", ErrBackup, err)
		}
		if info.Format != backupFormat {
			return BackupInfo{}, fmt.Errorf("%w: it has format %d, and this program reads format %d", ErrBackup, info.Format, backupFormat)
		}
	}
	for b.err == nil {
		n := b.number(maxFrame)
		if b.err != nil || n == 0 {
			break
		}
		part := b.next(n)
		if b.err == nil {
			b.err = ctx.Err()
		}
		if b.err != nil {
			break
		}
		if _, err := w.Write(part); err != nil {
			return BackupInfo{}, fmt.Errorf("write the store: %w", err)
		}
		info.Bytes += int64(n)
	}
	length := bytes.Clone(b.next(8))
	want := b.sum.Sum(nil)
	got := b.next(sha256.Size)
	switch {
	case errors.Is(b.err, io.EOF), errors.Is(b.err, io.ErrUnexpectedEOF):
		return BackupInfo{}, fmt.Errorf("%w: its end is missing", ErrBackup)
	case b.err != nil:
		return BackupInfo{}, fmt.Errorf("read the backup: %w", b.err)
	case !bytes.Equal(got, want):
		return BackupInfo{}, fmt.Errorf("%w: its content does not fit its hash", ErrBackup)
	case binary.BigEndian.Uint64(length) != uint64(info.Bytes):
		return BackupInfo{}, fmt.Errorf("%w: its length is not the one it says", ErrBackup)
	}
	if _, err := io.ReadFull(r, make([]byte, 1)); !errors.Is(err, io.EOF) {
		return BackupInfo{}, fmt.Errorf("%w: something follows its end", ErrBackup)
	}
	info.SHA256 = hex.EncodeToString(b.sum.Sum(nil))
	return info, nil
}

// backupReader reads the parts of a backup; after an error it reads no more.
type backupReader struct {
	r   io.Reader
	sum hash.Hash
	buf []byte
	err error
}

// next returns the next n bytes, which the next call overwrites.
func (b *backupReader) next(n int) []byte {
	if b.err != nil {
		return nil
	}
	if cap(b.buf) < n {
		b.buf = make([]byte, n)
	}
	part := b.buf[:n]
	if _, b.err = io.ReadFull(b.r, part); b.err != nil {
		return nil
	}
	b.sum.Write(part)
	return part
}

// number reads a length, and refuses one above most.
func (b *backupReader) number(most int) int {
	part := b.next(4)
	if b.err != nil {
		return 0
	}
	n := binary.BigEndian.Uint32(part)
	if n > uint32(most) {
		b.err = fmt.Errorf("%w: a length of %d in it", ErrBackup, n)
		return 0
	}
	return int(n)
}
