package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"runtime"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// The head of a file of bbolt: two meta pages, of which the valid one with the
// higher transaction counts. Numbers are in the machine's byte order.
const (
	headSize = 2 * 64 << 10 // bytes: two of the largest pages
	metaAt   = 16           // behind the page's header
	metaSize = 64
	magic    = 0xED0CDAED
	version  = 2
)

// checkLength refuses a file that is shorter than its meta page says, as a copy
// that was cut off is. It says nothing of other damage. It needs no lock: a file
// grows before its meta page does.
func checkLength(f *os.File) error {
	head := make([]byte, headSize)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if want := wantedSize(head[:n]); info.Size() < want {
		return fmt.Errorf("%w: %d bytes, but %d belong to it", store.ErrCorrupt, info.Size(), want)
	}
	return nil
}

// wantedSize is the length in bytes that a file with this head must have, or 0
// if the head is none of bbolt's.
func wantedSize(head []byte) int64 {
	first, ok := readMeta(head, 0)
	if !ok {
		// The first page was torn by a crash: the second is at one of the sizes
		// that pages have. Elsewhere may be anybody's bytes.
		for at := 1 << 10; at <= headSize/2; at *= 2 {
			if second, ok := readMeta(head, at); ok && second.pageSize == uint64(at) {
				return second.size()
			}
		}
		return 0
	}
	if second, ok := readMeta(head, int(first.pageSize)); ok && second.txid > first.txid {
		return second.size()
	}
	return first.size()
}

// meta is what is needed of a meta page.
type meta struct {
	pageSize uint64 // bytes
	pages    uint64
	txid     uint64
}

func (m meta) size() int64 { return int64(m.pageSize * m.pages) }

// readMeta reads the meta on the page at an offset: magic, version, page size,
// flags (4 bytes each); root page, sequence, page of the free list, number of
// pages, transaction, checksum (8 bytes each).
func readMeta(head []byte, at int) (m meta, ok bool) {
	if at+metaAt+metaSize > len(head) {
		return meta{}, false
	}
	b := head[at+metaAt:][:metaSize]
	order := binary.NativeEndian
	if order.Uint32(b) != magic || order.Uint32(b[4:]) != version {
		return meta{}, false
	}
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	if order.Uint64(b[metaSize-8:]) != sum.Sum64() {
		return meta{}, false
	}
	m = meta{pageSize: uint64(order.Uint32(b[8:])), pages: order.Uint64(b[40:]), txid: order.Uint64(b[48:])}
	return m, m.pageSize <= headSize/2 && m.pages <= 1<<44
}

// SyncDir makes a new or changed name in a directory last.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // it has no such call
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
