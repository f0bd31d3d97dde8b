package hub_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
)

// indicators are envelopes of so many indicators of 630 bytes, each with an
// address of its own.
func indicators(total, each int, creator string) (envelopes [][]byte, size int) {
	random := rand.New(rand.NewPCG(1, 2)) // the same every time
	for n := 0; n < total; n += each {
		var b bytes.Buffer
		b.WriteString(`{"objects":[`)
		for i := range min(each, total-n) {
			if i > 0 {
				b.WriteByte(',')
			}
			var u uuid.UUID
			for k := range u {
				u[k] = byte(random.Uint32())
			}
			u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
			ip := fmt.Sprintf("%d.%d.%d.%d", 1+random.IntN(220), random.IntN(256), random.IntN(256), random.IntN(256))
			from := b.Len()
			fmt.Fprintf(&b, `{"type":"indicator","spec_version":"2.1","id":"indicator--%s","created_by_ref":"%s","created":"2026-11-01T10:00:00.%03dZ","modified":"2026-11-01T10:00:00.%03dZ",`+
				`"name":"Command and control server %s","indicator_types":["malicious-activity"],"pattern":"[ipv4-addr:value = '%s']","pattern_type":"stix","pattern_version":"2.1","valid_from":"2026-11-01T10:00:00Z",`+
				`"labels":["c2"],"confidence":80,"object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],"description":"`, u, creator, i%1000, i%1000, ip, ip)
			for b.Len()-from < 630-2 {
				b.WriteByte('x')
			}
			b.WriteString(`"}`)
			size += b.Len() - from
		}
		b.WriteString(`]}`)
		envelopes = append(envelopes, b.Bytes())
	}
	return envelopes, size
}

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const benchObjects = 10_000

// BenchmarkSubmit is POST of 10,000 indicators in envelopes of 500, checked and on
// disk. Reported are the objects for each second of processor time and the bytes
// of the file for each byte of JSON.
func BenchmarkSubmit(b *testing.B) {
	var used time.Duration
	for b.Loop() {
		b.StopTimer()
		f := newFixture(b, filled(b))
		envelopes, size := indicators(benchObjects, 500, f.org["alpha"].ID)
		c := f.as(b, "alpha")
		b.StartTimer()
		from := cpu()
		submitAll(b, f, c, envelopes)
		used += cpu() - from
		b.StopTimer()
		b.ReportMetric(float64(fileSize(b, f))/float64(size), "file/json")
		b.StartTimer()
	}
	b.ReportMetric(float64(benchObjects*b.N)/used.Seconds(), "objects/cpu-s")
}

func submitAll(b *testing.B, f *fixture, c *hub.Caller, envelopes [][]byte) {
	b.Helper()
	for _, e := range envelopes {
		s, err := f.hub.Submit(b.Context(), c, hub.Submission{Root: hub.Community, Collection: "drop", Body: e})
		must(b, err)
		if len(s.Failures) > 0 {
			b.Fatalf("%+v", s.Failures[0])
		}
	}
}

// filled puts a store that is opened as internal/app does in the place of another.
func filled(b *testing.B) func(store.Store) store.Store {
	return func(store.Store) store.Store {
		s, err := bolt.Open(filepath.Join(b.TempDir(), "infohub.db"), bolt.Options{Ascending: []string{"hub/l", "hub/t", "hub/f", "audit/entry/"}})
		must(b, err)
		b.Cleanup(func() { must(b, s.Close()) })
		return s
	}
}

// fileSize is what the store takes on disk.
func fileSize(b *testing.B, f *fixture) int64 {
	b.Helper()
	var size counter
	must(b, f.store.(*bolt.Store).Backup(b.Context(), &size))
	return int64(size)
}

// counter counts the bytes that are written to it.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// BenchmarkPage is GET of 10,000 indicators in pages of 1,000, without HTTP.
func BenchmarkPage(b *testing.B) {
	f := newFixture(b, filled(b))
	envelopes, _ := indicators(benchObjects, 500, f.org["alpha"].ID)
	submitAll(b, f, f.as(b, "alpha"), envelopes)
	c := f.as(b, "gamma")
	from := cpu()
	b.ReportAllocs()
	for b.Loop() {
		var after time.Time
		got := 0
		for more := true; more; {
			p, err := f.hub.Page(b.Context(), c, hub.Query{Root: hub.Community, Collection: "drop", AddedAfter: after})
			must(b, err)
			must(b, p.WriteObjects(b.Context(), io.Discard))
			got += p.Len()
			after, more = p.Last, p.More
		}
		if got != benchObjects {
			b.Fatal(got)
		}
	}
	b.ReportMetric(float64(benchObjects*b.N)/(cpu()-from).Seconds(), "objects/cpu-s")
}
