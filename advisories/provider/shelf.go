package provider

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// entry is an item in its place, with its entry in the ROLIE feed ready.
type entry struct {
	Item
	folder string
	path   string // in the folder: "2026/a26-11-04.json"
	rolie  []byte
	digest [sha256.Size]byte // of rolie, which names all that a list shows
}

func newEntry(base, folder string, it Item) (*entry, error) {
	it.Initial, it.Current = it.Initial.UTC(), it.Current.UTC()
	it.Title = cmp.Or(strings.TrimSpace(it.Title), it.TrackingID)
	e := &entry{Item: it, folder: folder, path: pathOf(it.Initial, it.TrackingID)}
	var err error
	if e.rolie, err = json.Marshal(rolieEntryOf(base, e)); err != nil {
		return nil, fmt.Errorf("provider: %s: %w", it.TrackingID, err)
	}
	h := sha256.New()
	h.Write(e.rolie)
	h.Write([]byte(it.SHA256))
	h.Sum(e.digest[:0])
	return e, nil
}

func (e *entry) year() string { return e.path[:strings.IndexByte(e.path, '/')] }
func (e *entry) name() string { return e.path[strings.IndexByte(e.path, '/')+1:] }

// shelf is what is in one label's folder. It does not change; with makes another.
type shelf struct {
	newest []*entry // by Current, the newest first
	byPath []*entry
	// modified is that of the newest, or later where the last change was of an
	// older one: If-Modified-Since must tell of it.
	modified time.Time

	// lists are those of what everybody may read, each made once.
	mu    sync.Mutex
	lists map[string]page
}

func byNewest(a, b *entry) int {
	return cmp.Or(b.Current.Compare(a.Current), cmp.Compare(a.folder, b.folder), cmp.Compare(a.path, b.path))
}

func byPath(a, b *entry) int {
	return cmp.Or(cmp.Compare(a.folder, b.folder), cmp.Compare(a.path, b.path))
}

func newShelf(entries []*entry) *shelf {
	s := &shelf{newest: slices.Clone(entries), byPath: slices.Clone(entries), lists: map[string]page{}}
	sortNewest(s.newest)
	slices.SortFunc(s.byPath, byPath)
	s.modified = newestOf(s.newest)
	return s
}

func sortNewest(entries []*entry) { slices.SortFunc(entries, byNewest) }

// newestOf returns the date of the first of entries that are newest first.
func newestOf(entries []*entry) time.Time {
	if len(entries) == 0 {
		return time.Time{}
	}
	return entries[0].Current
}

// with returns the shelf without old and with e; either may be nil.
func (s *shelf) with(old, e *entry) *shelf {
	change := func(list []*entry, order func(a, b *entry) int) []*entry {
		list = slices.Clone(list)
		if old != nil {
			if at, ok := slices.BinarySearchFunc(list, old, order); ok {
				list = slices.Delete(list, at, at+1)
			}
		}
		if e != nil {
			at, _ := slices.BinarySearchFunc(list, e, order)
			list = slices.Insert(list, at, e)
		}
		return list
	}
	n := &shelf{newest: change(s.newest, byNewest), byPath: change(s.byPath, byPath), lists: map[string]page{}}
	if n.modified = newestOf(n.newest); !n.modified.After(s.modified) && !s.modified.IsZero() {
		n.modified = s.modified.Add(time.Second)
	}
	return n
}

// find returns what is at a path of the folder, or nil.
func (s *shelf) find(path string) *entry {
	at, ok := slices.BinarySearchFunc(s.byPath, path, func(e *entry, path string) int { return cmp.Compare(e.path, path) })
	if !ok {
		return nil
	}
	return s.byPath[at]
}

// inYear returns the entries of a year's folder.
func (s *shelf) inYear(year string) []*entry {
	from, _ := slices.BinarySearchFunc(s.byPath, year+"/", func(e *entry, path string) int { return cmp.Compare(e.path, path) })
	to, _ := slices.BinarySearchFunc(s.byPath, year+"0", func(e *entry, path string) int { return cmp.Compare(e.path, path) }) // "0" follows "/"
	return s.byPath[from:to]
}

// readable returns those of the entries that the reader may read.
func readable(entries []*entry, r tlp.Reader) []*entry {
	var may []*entry
	for _, e := range entries {
		if tlp.May(r, e.Audience) {
			may = append(may, e)
		}
	}
	return may
}

// file is one of the files of an entry: the document, its hashes, its signature.
type file struct {
	suffix string
	rel    string // of its link in the ROLIE feed
}

func (e *entry) files() []file {
	list := []file{{"", "self"}, {".sha256", "hash"}, {".sha512", "hash"}}
	if len(e.Signature) > 0 {
		list = append(list, file{".asc", "signature"})
	}
	return list
}

// beside returns what the file with that suffix holds, beside the document (CSAF
// 2.0, 7.1.18 and 7.1.19); nil if there is no such file.
func (e *entry) beside(suffix string) []byte {
	switch suffix {
	case ".sha256":
		return []byte(e.SHA256 + "  " + e.name() + "\n")
	case ".sha512":
		return []byte(e.SHA512 + "  " + e.name() + "\n")
	case ".asc":
		return e.Signature
	}
	return nil
}
