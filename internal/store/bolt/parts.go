package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	bbolt "go.etcd.io/bbolt"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// A page of bbolt that overflows is split where it is FillPercent full. Keys
// that come in ascending order want full pages, for nothing is ever put between
// them; keys at random places want room, or each of them splits a page again.
// FillPercent is a bucket's, so each prefix whose keys ascend has a bucket of its
// own, and all other keys share one. A prefix is a range of keys, so the order of
// all is that of one segment after the other, and nothing is merged.
//
// Measured with BenchmarkHubMix, a log of 700 bytes an entry and 4 short keys for
// each, 100,000 objects: one bucket takes 2,670 bytes of pages an object at a
// FillPercent of 0.5, 1,740 at 0.8 (its best) and 2,230 at 1; these two take
// 1,370, and up to 0.7 the second makes no difference. Sorting the keys of an
// Update before they are put, and pages of 8 or 16 KiB, saved no time.
const (
	ascendingFill = 1.0
	mixedFill     = 0.5
)

var (
	// bucketName is the bucket of all keys that are in no other.
	bucketName = []byte("infohub")
	// partName begins the name of a bucket for the keys with a prefix, which
	// follows. What buckets a file has is up to the file, not to who opens it.
	partName = []byte("infohub:")
)

// segment is a range of keys that are in one bucket.
type segment struct {
	in     store.Range
	bucket []byte // its name
	fill   float64
}

// makeBuckets creates what is missing of the buckets and returns the segments of
// the file, in order.
func makeBuckets(db *bbolt.DB, ascending []string) ([]segment, error) {
	var have, missing []string
	empty := false
	err := db.View(func(btx *bbolt.Tx) error {
		main := btx.Bucket(bucketName)
		empty = main == nil
		err := btx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
			if prefix, ok := bytes.CutPrefix(name, partName); ok {
				have = append(have, string(prefix))
			}
			return nil
		})
		for _, prefix := range ascending {
			if all := append(have, missing...); overlaps(all, prefix) || !empty && holds(main, prefix) {
				continue // in an older file: it stays where it is
			}
			missing = append(missing, prefix)
		}
		return err
	})
	if err == nil && (empty || len(missing) > 0) {
		err = db.Update(func(btx *bbolt.Tx) error {
			_, err := btx.CreateBucketIfNotExists(bucketName)
			for _, prefix := range missing {
				_, made := btx.CreateBucketIfNotExists(append(slices.Clone(partName), prefix...))
				err = errors.Join(err, made)
			}
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("buckets: %w", err)
	}
	return segments(append(have, missing...)), nil
}

// overlaps: a key could have both prefixes, or the prefix has no end.
func overlaps(have []string, prefix string) bool {
	return prefix == "" || len(store.Prefix([]byte(prefix)).To) == 0 || slices.ContainsFunc(have, func(other string) bool {
		return strings.HasPrefix(prefix, other) || strings.HasPrefix(other, prefix)
	})
}

func holds(bucket *bbolt.Bucket, prefix string) bool {
	key, _ := bucket.Cursor().Seek([]byte(prefix))
	return bytes.HasPrefix(key, []byte(prefix))
}

// segments divides all keys. The prefixes do not overlap.
func segments(prefixes []string) []segment {
	slices.Sort(prefixes)
	var all []segment
	var at []byte // where the last one ended
	for _, prefix := range prefixes {
		in := store.Prefix([]byte(prefix))
		if bytes.Compare(at, in.From) < 0 {
			all = append(all, segment{store.Range{From: at, To: in.From}, bucketName, mixedFill})
		}
		all = append(all, segment{in, append(slices.Clone(partName), prefix...), ascendingFill})
		at = in.To
	}
	return append(all, segment{store.Range{From: at}, bucketName, mixedFill})
}

// parts are the buckets of one transaction, each found when it is first used.
type parts struct {
	btx      *bbolt.Tx
	segments []segment
	buckets  []*bbolt.Bucket
}

func newParts(btx *bbolt.Tx, all []segment) *parts {
	return &parts{btx, all, make([]*bbolt.Bucket, len(all))}
}

// of returns the bucket of a key.
func (p *parts) of(key []byte) *bbolt.Bucket {
	// The first segment begins with the empty key.
	after := sort.Search(len(p.segments), func(i int) bool { return bytes.Compare(p.segments[i].in.From, key) > 0 })
	return p.bucket(after - 1)
}

func (p *parts) bucket(i int) *bbolt.Bucket {
	if p.buckets[i] == nil {
		// bbolt returns the same bucket for the same name.
		b := p.btx.Bucket(p.segments[i].bucket)
		b.FillPercent = p.segments[i].fill
		p.buckets[i] = b
	}
	return p.buckets[i]
}

// clip is the part of a range that is in a segment; ok is false if there is none.
func (s segment) clip(r store.Range) (in store.Range, ok bool) {
	in = r
	if bytes.Compare(s.in.From, in.From) > 0 {
		in.From = s.in.From
	}
	if len(in.To) == 0 || len(s.in.To) > 0 && bytes.Compare(s.in.To, in.To) < 0 {
		in.To = s.in.To
	}
	return in, len(in.To) == 0 || bytes.Compare(in.From, in.To) < 0
}
