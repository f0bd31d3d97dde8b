package match

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// stock is an index of 100,000 advisories about 20,000 products, of which a few are
// popular, and inventories of 50 components, of which half are popular: some 2,000
// advisories name a component of an inventory, and most are of older versions.
func stock() (*Index, func() []comp) {
	w := world{rand.New(rand.NewPCG(7, 7))}
	zipf := rand.NewZipf(w.Rand, 1.2, 200, 19_999)
	identify := func(n uint64) (vendor, name, cpeName string) {
		vendor, name = fmt.Sprintf("Vendor%d", n/7), fmt.Sprintf("Product%d", n)
		return vendor + " Inc.", name, fmt.Sprintf("cpe:2.3:a:vendor%d:product%d:*:*:*:*:*:*:*:*", n/7, n)
	}
	x := New()
	for i := range 100_000 {
		var products []prod
		for range 1 + w.IntN(3) {
			made := prod{ID: fmt.Sprint("p", len(products)), Versions: fmt.Sprintf("vers:generic/>=%d.%d|<%d.%d.%d", 1+w.IntN(3), w.IntN(9), 4+w.IntN(5), w.IntN(20), w.IntN(20))}
			made.Vendor, made.Name, made.CPE = identify(zipf.Uint64())
			products = append(products, made)
		}
		p := published(products...)
		p.Tracking.ID = fmt.Sprintf("A26-11-%05d", i)
		x.Put("advisory--"+p.Tracking.ID, p)
	}
	return x, func() []comp {
		all := make([]comp, 0, 50)
		seen := map[uint64]bool{}
		for len(all) < 50 {
			n := zipf.Uint64()
			if len(all)%2 == 0 {
				n = w.Uint64N(20_000)
			}
			if seen[n] {
				continue
			}
			seen[n] = true
			c := comp{Version: fmt.Sprintf("%d.%d.%d", 6+w.IntN(6), w.IntN(20), w.IntN(20))} // most are not old
			_, c.Name, c.CPE = identify(n)
			all = append(all, c)
		}
		return all
	}
}

// An inventory of 50 components against 100,000 advisories: 2 ms are wanted, so
// that 30,000 inventories take a minute. "everything" has what is not affected too.
func BenchmarkMatch(b *testing.B) {
	x, inventory := stock()
	all := make([][]comp, 100)
	for i := range all {
		all[i] = inventory()
	}
	may := func(a tlp.Audience) bool { return tlp.May(tlp.Reader{}, a) }
	for name, match := range map[string]func([]comp, func(tlp.Audience) bool) []advisories.Match{"concerns": x.Concerns, "everything": x.Match} {
		b.Run(name, func(b *testing.B) {
			found, n := 0, 0
			for b.Loop() {
				found += len(match(all[n%len(all)], may))
				n++
			}
			b.ReportMetric(float64(found)/float64(n), "matches/op")
		})
	}
}

// Building the index, and the memory that it keeps.
func BenchmarkIndex(b *testing.B) {
	var kept *Index
	for b.Loop() {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		kept, _ = stock()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc))/(1<<20), "MB-kept")
	}
	if kept.Len() == 0 {
		b.Fatal("nothing is in it")
	}
}

// Putting one advisory in the place of another.
func BenchmarkPut(b *testing.B) {
	x, _ := stock()
	p := published(prod{ID: "p", Vendor: "Vendor0 Inc.", Name: "Product0", CPE: "cpe:2.3:a:vendor0:product0:*:*:*:*:*:*:*:*", Versions: "vers:generic/>=1.0|<2.0"})
	p.Tracking.State = advisories.Revised
	for b.Loop() {
		x.Put("advisory--A26-11-00000", p)
	}
}
