package audit

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// What is read in one View: a long one would keep the space that others free
// from being used again.
const (
	chunk      = 5000    // entries
	chunkBytes = 4 << 20 // and bytes, passed by one entry at most
)

// Verified is what was found in order.
type Verified struct {
	Count uint64 `json:"count"` // entries
	First uint64 `json:"first"` // number of the first; 0 without entries
	Head  Anchor `json:"head"`  // of the last; worth noting outside the store
}

// BrokenError says where a log begins to differ from what was written. It is
// ErrBroken.
type BrokenError struct {
	Seq uint64 // number of the first entry that is not as it was written
	Why string
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("%s: at entry %d: %s", ErrBroken.Error(), e.Seq, e.Why)
}

// Is makes it ErrBroken.
func (e *BrokenError) Is(target error) bool { return target == ErrBroken }

// chain follows entries and their hashes.
type chain struct {
	next   uint64 // number of the entry that comes next
	prev   string // hash of the one before it; "": whatever the first entry says
	expect *Anchor
	found  Verified
}

func newChain(first uint64, expect *Anchor) *chain {
	return &chain{next: first, expect: expect, found: Verified{Head: Anchor{Hash: noHash}}}
}

// add takes the next line.
func (c *chain) add(line []byte) error {
	e, why := parse(line)
	switch {
	case why != "":
		return &BrokenError{c.next, why}
	case e.Seq > c.next:
		return &BrokenError{c.next, fmt.Sprintf("it is missing; entry %d comes instead", e.Seq)}
	case e.Seq < c.next:
		return &BrokenError{c.next, fmt.Sprintf("entry %d is in its place", e.Seq)}
	case c.prev != "" && e.Prev != c.prev:
		return &BrokenError{e.Seq, "it does not follow the entry before it: that one, or all from here on, was written anew"}
	}
	if c.found.Count == 0 {
		c.found.First = e.Seq
		if err := c.meet(Anchor{e.Seq - 1, e.Prev}); err != nil {
			return err
		}
	}
	c.next, c.prev = e.Seq+1, e.Hash
	c.found.Count++
	c.found.Head = Anchor{e.Seq, e.Hash}
	return c.meet(c.found.Head)
}

// meet compares with the anchor that is expected, at its number.
func (c *chain) meet(a Anchor) error {
	if c.expect == nil || c.expect.Seq != a.Seq {
		return nil
	}
	if c.expect.Hash != a.Hash {
		return &BrokenError{a.Seq, "its hash is not the one that was noted: the log was written anew, up to there at least"}
	}
	c.expect = nil
	return nil
}

// end says whether the expected anchor was met.
func (c *chain) end() (Verified, error) {
	switch {
	case c.expect == nil || *c.expect == (Anchor{Hash: noHash}) && c.found.First <= 1:
		return c.found, nil
	case c.expect.Seq >= c.next:
		return Verified{}, &BrokenError{c.next, fmt.Sprintf("it is missing; entry %d was noted, so the end was cut off", c.expect.Seq)}
	}
	return Verified{}, fmt.Errorf("%w: entry %d, which was noted, is before the first one here", ErrBroken, c.expect.Seq)
}

// Verify reads the whole log and returns what it has found, or a BrokenError
// for the first entry that is not as it was written. With an anchor (nil for
// none) that was noted earlier, it also finds that the log was cut off or
// written anew since. Entries that come meanwhile are not looked at.
func Verify(ctx context.Context, s store.Store, expect *Anchor) (Verified, error) {
	var head Anchor
	err := s.View(ctx, func(r store.Reader) (err error) {
		if head, err = Head(r); err != nil {
			return err
		}
		return headFits(store.SubReader(r, Room), head)
	})
	if err != nil {
		return Verified{}, err
	}
	c := newChain(1, expect)
	c.prev = noHash
	if err := eachLine(ctx, s, 0, head.Seq, c.add); err != nil {
		return Verified{}, err
	}
	if c.next <= head.Seq {
		return Verified{}, &BrokenError{c.next, fmt.Sprintf("it is missing; there were %d", head.Seq)}
	}
	if c.found.Head != head {
		return Verified{}, &BrokenError{head.Seq, "its hash is not the one that was recorded when it was written"}
	}
	return c.end()
}

// headFits sees that the last entry is the one that the head names.
func headFits(room store.Reader, head Anchor) error {
	in := store.Prefix(entryPrefix)
	in.Reverse = true
	for kept, err := range room.Scan(in) {
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		if len(kept.Key) != len(entryPrefix)+8 {
			return fmt.Errorf("%w: a key that is none of the log's", ErrBroken)
		}
		if last := binary.BigEndian.Uint64(kept.Key[len(entryPrefix):]); last > head.Seq {
			return &BrokenError{head.Seq + 1, fmt.Sprintf("it is there, but the last one that was written is %d", head.Seq)}
		}
		break // one that is smaller is found by the walk, with what is missing
	}
	return nil
}

// eachLine calls fn with the lines of the entries after one number up to another,
// in order, and checks nothing. No View is open meanwhile, so fn may be slow.
func eachLine(ctx context.Context, s store.Store, after, to uint64, fn func(line []byte) error) error {
	in := store.Prefix(entryPrefix)
	in.From = entryKey(after + 1)
	in.To = append(entryKey(to), 0)
	var text []byte
	var ends []int
	for more := true; more; {
		text, ends, more = text[:0], ends[:0], false
		err := s.View(ctx, func(r store.Reader) error {
			for kept, err := range store.SubReader(r, Room).Scan(in) {
				if err != nil {
					return fmt.Errorf("audit: %w", err)
				}
				text = append(text, kept.Value...)
				ends = append(ends, len(text))
				if len(ends) == chunk || len(text) >= chunkBytes {
					in, more = in.After(kept.Key), true
					return nil
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		begin := 0
		for _, end := range ends {
			if err := fn(text[begin:end]); err != nil {
				return err
			}
			begin = end
		}
	}
	return nil
}

// Export writes the entries after a number (0: all) as lines of JSON, and
// returns the last one. What it writes is checked by VerifyExport. Entries that
// come meanwhile are left out.
func Export(ctx context.Context, s store.Store, after uint64, w io.Writer) (Anchor, error) {
	var head Anchor
	err := s.View(ctx, func(r store.Reader) (err error) {
		head, err = Head(r)
		return err
	})
	if err != nil {
		return Anchor{}, err
	}
	if after >= head.Seq {
		return head, nil
	}
	out := bufio.NewWriterSize(w, 64<<10)
	err = eachLine(ctx, s, after, head.Seq, func(line []byte) error {
		_, err := out.Write(line)
		return errors.Join(err, out.WriteByte('\n'))
	})
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return Anchor{}, fmt.Errorf("audit: export: %w", err)
	}
	return head, nil
}

// VerifyExport checks what Export wrote, without the store. A part that does not
// begin with entry 1 is checked from its first entry on; that it belongs behind
// the part before it is shown by expecting that one's Head. It returns a
// BrokenError as Verify does. Only an anchor shows that the end was cut off.
func VerifyExport(r io.Reader, expect *Anchor) (Verified, error) {
	in := bufio.NewReaderSize(r, maxLine+1)
	c := newChain(1, expect)
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return Verified{}, &BrokenError{c.next, "a line that is longer than any entry"}
		case errors.Is(err, io.EOF) && len(line) == 0:
			return c.end()
		case errors.Is(err, io.EOF):
			return Verified{}, &BrokenError{c.next, "its line has no end: the file was cut off"}
		case err != nil:
			return Verified{}, fmt.Errorf("audit: read the export: %w", err)
		}
		line = line[:len(line)-1]
		if c.found.Count == 0 { // the first line says where it begins
			if e, why := parse(line); why == "" {
				c.next = max(e.Seq, 1)
			}
			if c.next == 1 {
				c.prev = noHash
			}
		}
		if err := c.add(line); err != nil {
			return Verified{}, err
		}
	}
}
