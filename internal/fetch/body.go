package fetch

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// Body is a document, in memory or, when it is large, in a file that has no
// name any more: whatever happens to the program, nothing stays behind.
type Body struct {
	io.ReadSeeker
	size  int64
	file  *os.File
	named bool // on a system where an open file cannot lose its name
}

// Size is the document's length in bytes.
func (b *Body) Size() int64 { return b.size }

// Close gives the document up. A nil Body may be closed.
func (b *Body) Close() error {
	if b == nil || b.file == nil {
		return nil
	}
	err := b.file.Close()
	if b.named {
		err = errors.Join(err, os.Remove(b.file.Name()))
	}
	return err
}

// memory is the default of Fetcher.Memory.
const memory = 1 << 20

// keep reads r to its end and holds it, with its hash. More than limit bytes
// are ErrTooLarge, and are never stored.
func (f *Fetcher) keep(r io.Reader, limit int64) (*Body, string, error) {
	most := f.Memory
	if most <= 0 {
		most = memory
	}
	var (
		held bytes.Buffer
		b    = &Body{}
		hash = sha256.New()
		buf  = make([]byte, 32<<10)
	)
	fail := func(err error) (*Body, string, error) {
		_ = b.Close()
		return nil, "", err
	}
	for {
		n, err := r.Read(buf)
		if b.size += int64(n); b.size > limit {
			return fail(tooLarge(limit))
		}
		hash.Write(buf[:n])
		if b.file == nil && b.size > most {
			var err error
			if b.file, err = os.CreateTemp(f.TempDir, "fetch-*"); err != nil {
				return fail(fmt.Errorf("keep the document: %w", err))
			}
			b.named = os.Remove(b.file.Name()) != nil
			if _, err := held.WriteTo(b.file); err != nil {
				return fail(fmt.Errorf("keep the document: %w", err))
			}
			held = bytes.Buffer{}
		}
		if b.file == nil {
			held.Write(buf[:n])
		} else if _, err := b.file.Write(buf[:n]); err != nil {
			return fail(fmt.Errorf("keep the document: %w", err))
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fail(damaged(err))
		}
	}
	b.ReadSeeker = bytes.NewReader(held.Bytes())
	if b.file != nil {
		if _, err := b.file.Seek(0, io.SeekStart); err != nil {
			return fail(fmt.Errorf("keep the document: %w", err))
		}
		b.ReadSeeker = b.file
	}
	return b, "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
}

func tooLarge(limit int64) error { return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit) }

// damaged tells what is wrong with a document from what is wrong with its way.
func damaged(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || isFlate(err) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// decode undoes a Content-Encoding; unpack also a gzip file's own.
func decode(r io.Reader, encoded, unpack bool, limit int64) (io.Reader, error) {
	// Packed bytes are bounded too: empty members of a gzip file unpack to
	// nothing for ever. No packer makes more of a document than this.
	r = &bounded{r: r, left: limit + limit/8 + 64<<10, limit: limit}
	if encoded {
		z, err := gzip.NewReader(r)
		if err != nil {
			if errors.Is(err, io.EOF) { // nothing at all: no document, not an empty one
				err = io.ErrUnexpectedEOF
			}
			return nil, damaged(err)
		}
		r = &bounded{r: z, left: limit + limit/8 + 64<<10, limit: limit} // what is packed twice
	}
	if !unpack {
		return r, nil
	}
	br := bufio.NewReader(r)
	if head, _ := br.Peek(3); !bytes.Equal(head, []byte{0x1f, 0x8b, 8}) { // RFC 1952 section 2.3.1; an error comes again
		return br, nil
	}
	z, err := gzip.NewReader(br)
	if err != nil {
		return nil, damaged(err)
	}
	return z, nil
}

// bounded ends with ErrTooLarge after left bytes.
type bounded struct {
	r           io.Reader
	left, limit int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, tooLarge(b.limit)
	}
	return n, err
}

func isFlate(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt)
}
