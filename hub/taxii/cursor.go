package taxii

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub"
)

// cursor is what next holds (TAXII 2.1, 3.5): which pages it belongs to, the
// filters that they began with, and where the last one ended.
type cursor struct {
	endpoint   endpoint
	collection uuid.UUID
	last       time.Time // the date added of the last entry
	filter
}

// endpoint says what is paged through.
type endpoint byte

const (
	objectsEndpoint  endpoint = 'o'
	manifestEndpoint endpoint = 'm'
	versionsEndpoint endpoint = 'v'
)

const cursorFormat = 1

// maxDate is the end of the year 9999, in microseconds since 1970.
const maxDate = 253402300799999999

// maxCursor is more than the longest cursor that is given out has.
const maxCursor = 4 * maxValues * maxValue * 2

var (
	errNext         = refuse(http.StatusBadRequest, "next is none that was given for this address: begin again without it")
	errOtherFilters = refuse(http.StatusBadRequest, "next belongs to other filters than those of this request: send it with the same ones, or alone")
	errCursor       = errors.New("taxii: no cursor")
)

// encode is the text of a cursor.
func (c *cursor) encode() string {
	return base64.RawURLEncoding.EncodeToString(c.append(nil))
}

func (c *cursor) append(b []byte) []byte {
	b = append(b, cursorFormat, byte(c.endpoint))
	b = append(b, c.collection[:]...)
	b = binary.AppendUvarint(b, uint64(c.last.UnixMicro())) // #nosec G115 -- after 1970
	b = appendTime(b, c.after)
	b = binary.AppendUvarint(b, uint64(c.limit)) // #nosec G115 -- never below 0
	var which byte
	for i, on := range []bool{c.versions.First, c.versions.Last, c.versions.All} {
		if on {
			which |= 1 << i
		}
	}
	b = binary.AppendUvarint(append(b, which), uint64(len(c.versions.Exact)))
	for _, at := range c.versions.Exact {
		b = appendTime(b, at)
	}
	for _, list := range [][]string{c.ids, c.types, c.specs} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, v := range list {
			b = append(binary.AppendUvarint(b, uint64(len(v))), v...)
		}
	}
	return b
}

// appendTime writes a time to the nanosecond, in all of the years that a
// timestamp can have.
func appendTime(b []byte, t time.Time) []byte {
	b = binary.AppendVarint(b, t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond())) // #nosec G115 -- below 1e9
}

// decodeCursor reads what encode wrote and nothing else: written again, it must
// be the same text.
func decodeCursor(text string) (*cursor, error) {
	if len(text) > maxCursor {
		return nil, errNext
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 2+16 || b[0] != cursorFormat {
		return nil, errNext
	}
	c := &cursor{endpoint: endpoint(b[1]), collection: uuid.UUID(b[2:18])}
	d := decoder{b: b[18:]}
	c.last = time.UnixMicro(int64(d.number(maxDate))).UTC()
	c.after = d.time()
	c.limit = d.number(hub.PageSize)
	which := d.byte()
	c.versions = hub.VersionMatch{First: which&1 != 0, Last: which&2 != 0, All: which&4 != 0}
	for range d.number(maxValues) {
		c.versions.Exact = append(c.versions.Exact, d.time())
	}
	for _, list := range []*[]string{&c.ids, &c.types, &c.specs} {
		for range d.number(maxValues) {
			*list = append(*list, d.text())
		}
	}
	if d.err != nil || len(d.b) > 0 || !bytes.Equal(c.append(nil), b) {
		return nil, errNext
	}
	return c, nil
}

// decoder takes a cursor apart. After an error all it returns is empty.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() { d.b, d.err = nil, errCursor }

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// number reads one from 0 to limit.
func (d *decoder) number(limit int) int {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > uint64(limit) { // #nosec G115 -- a constant
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return int(v) // #nosec G115 -- at most limit
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) text() string {
	n := d.number(maxValue)
	if n > len(d.b) {
		d.fail()
		return ""
	}
	v := string(d.b[:n])
	d.b = d.b[n:]
	return v
}

func (d *decoder) time() time.Time {
	seconds := d.varint()
	t := time.Unix(seconds, int64(d.number(1e9-1))).UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		d.fail()
	}
	return t
}

// resume is the filter of a request with next: that of the cursor, which the
// request may repeat or leave out, and may not change. added_after may also be
// where the last page ended, as its header told.
func (c *cursor) resume(f filter) (filter, error) {
	for name := range f.given {
		same := true
		switch name {
		case "added_after":
			same = f.after.Equal(c.after) || f.after.Equal(c.last)
		case "match[id]":
			same = slices.Equal(f.ids, c.ids)
		case "match[type]":
			same = slices.Equal(f.types, c.types)
		case "match[spec_version]":
			same = slices.Equal(f.specs, c.specs)
		case "match[version]":
			a, b := f.versions, c.versions
			same = a.First == b.First && a.Last == b.Last && a.All == b.All && slices.EqualFunc(a.Exact, b.Exact, time.Time.Equal)
		}
		if !same {
			return f, errOtherFilters
		}
	}
	resumed := c.filter
	if f.limit > 0 {
		resumed.limit = f.limit
	}
	return resumed, nil
}
