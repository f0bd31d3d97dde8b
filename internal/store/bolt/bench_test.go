//go:build unix

package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	bbolt "go.etcd.io/bbolt"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// batch is how many objects one Update of the mix writes.
const batch = 500

// hubMix writes what the hub writes for an object: 700 bytes at an ascending key
// of a log and a short ascending key, then three short keys at random places.
func hubMix(room interface{ Put(key, value []byte) error }, random *rand.Rand, first uint64, value []byte) error {
	var key []byte
	var err error
	for i := range uint64(batch) {
		added := first + i
		key = binary.BigEndian.AppendUint64(append(key[:0], "l\x00\x00\x00\x01"...), added)
		err = errors.Join(err, room.Put(key, value))
		key = binary.BigEndian.AppendUint64(append(key[:0], "t\x00\x00\x00\x01indicator\x00"...), added)
		err = errors.Join(err, room.Put(key, nil))
		id := fmt.Appendf(nil, "indicator--%08x-%04x-4%03x-8%03x-%012x", random.Uint32(), random.Uint32N(1<<16), random.Uint32N(1<<12), random.Uint32N(1<<12), random.Uint64N(1<<48))
		key = binary.BigEndian.AppendUint64(append(append(append(key[:0], 'o'), id...), "\x00version-----\x00\x00\x00\x01"...), added)
		err = errors.Join(err, room.Put(key, value[:20]))
		key = append(append(append(key[:0], "vdomain-name\x00"...), strconv.FormatUint(random.Uint64(), 36)...), ".example\x00"...)
		key = append(key, id...)
		err = errors.Join(err, room.Put(key, value[:1]))
		key = append(fmt.Appendf(key[:0], "rmalware--%08x-0000-4000-8000-000000000000\x00", random.Uint32()), id...)
		err = errors.Join(err, room.Put(key, nil))
	}
	return err
}

// fillWithMix writes count objects, through the store or straight into one
// bucket of bbolt, which is the limit.
func fillWithMix(b *testing.B, s *Store, count int, raw bool) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	value := bytes.Repeat([]byte("0123456789"), 70)
	for done := 0; done < count; done += batch {
		// The function may run again: what is random is drawn outside.
		seed := random.Uint64()
		var err error
		if raw {
			err = s.db.Update(func(btx *bbolt.Tx) error {
				return hubMix(btx.Bucket(bucketName), rand.New(rand.NewPCG(seed, 0)), uint64(done), value)
			})
		} else {
			err = s.Update(context.Background(), func(tx store.Tx) error {
				return hubMix(store.SubTx(tx, "hub"), rand.New(rand.NewPCG(seed, 0)), uint64(done), value)
			})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// anonymous is the memory that is the process's own, in MB.
func anonymous() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	kb, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseFloat(kb, 64)
	if err != nil {
		return 0
	}
	return n / 1024
}

// objects is how many a benchmark writes.
func objects() int {
	if os.Getenv("INFOHUB_BENCH") == "1" {
		return 1_000_000
	}
	return 10_000
}

// BenchmarkHubMix: objects of the hub in batches, to a new file each time.
func BenchmarkHubMix(b *testing.B) {
	count := objects()
	for _, raw := range []bool{false, true} {
		b.Run(fmt.Sprintf("objects=%d/raw=%v", count, raw), func(b *testing.B) {
			var used time.Duration
			for b.Loop() {
				path := filepath.Join(b.TempDir(), "a.db")
				s, err := Open(path, Options{Ascending: []string{"hub/l", "hub/t"}})
				if err != nil {
					b.Fatal(err)
				}
				before := cpu()
				fillWithMix(b, s, count, raw)
				used += cpu() - before
				info, err := os.Stat(path)
				if err != nil {
					b.Fatal(err)
				}
				// The file grows in steps of 16 MB; a copy has what is in use.
				copied := 0
				err = s.Backup(context.Background(), writer(func(p []byte) (int, error) { copied += len(p); return len(p), nil }))
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(info.Size())/float64(count), "file-B/object")
				b.ReportMetric(float64(copied)/float64(count), "B/object")
				b.ReportMetric(anonymous(), "RssAnon-MB")
				if err := errors.Join(s.Close(), os.Remove(path)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*count)/used.Seconds(), "objects/CPU-s")
			b.ReportMetric(used.Seconds()*1e6/float64(b.N*count), "CPU-us/object")
		})
	}
}

// BenchmarkScan: entries in their order, through a room as the hub reads them.
func BenchmarkScan(b *testing.B) {
	for _, size := range []int{0, 700} {
		b.Run(fmt.Sprintf("value=%d", size), func(b *testing.B) {
			const entries = 100_000
			s, err := Open(filepath.Join(b.TempDir(), "a.db"), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			err = s.Update(context.Background(), func(tx store.Tx) (err error) {
				room := store.SubTx(tx, "hub")
				for i := range entries {
					err = errors.Join(err, room.Put(fmt.Appendf(nil, "l/%012d/%060d", i, i), make([]byte, size)))
				}
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
			for _, reverse := range []bool{false, true} {
				b.Run(fmt.Sprintf("reverse=%v", reverse), func(b *testing.B) {
					b.ReportAllocs()
					before, n := cpu(), 0
					for b.Loop() {
						in := store.Prefix([]byte("l/"))
						in.Reverse = reverse
						err := s.View(context.Background(), func(r store.Reader) error {
							for _, err := range store.SubReader(r, "hub").Scan(in) {
								if err != nil {
									return err
								}
								n++
							}
							return nil
						})
						if err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(n)/(cpu()-before).Seconds(), "entries/CPU-s")
				})
			}
		})
	}
}
