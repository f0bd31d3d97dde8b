//go:build linux

package hublab_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/match"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// TestAdvisoryPerformance measures advisories, as TestHubPerformance does the hub:
// make bench runs it, and with -update it writes their table of docs/performance.md.
func TestAdvisoryPerformance(t *testing.T) {
	if os.Getenv("INFOHUB_BENCH") == "" {
		t.Skip("not run: make bench measures")
	}
	measure(t, "advisories", []part{{"match", measureMatch}, {"desk", measureDesk}})
}

// stockOf is a number of advisories about 20,000 products, of which a few are
// popular, and what makes inventories of 50 components, of which half are: so that
// some 2,000 of 100,000 advisories name a component of an inventory, and most of
// them other versions.
func stockOf(n int) (all func(yield func(advisories.Publication)), inventory func() []advisories.Component) {
	random := rand.New(rand.NewPCG(7, 7))
	popular := rand.NewZipf(random, 1.2, 200, 19_999)
	identify := func(n uint64) (vendor, name, cpe string) {
		return fmt.Sprintf("Vendor%d Inc.", n/7), fmt.Sprintf("Product%d", n), fmt.Sprintf("cpe:2.3:a:vendor%d:product%d:*:*:*:*:*:*:*:*", n/7, n)
	}
	return func(yield func(advisories.Publication)) {
			for i := range n {
				p := advisories.Publication{Audience: tlp.Audience{Markings: []tlp.Marking{tlp.Clear}}}
				p.Tracking.ID, p.Tracking.State = fmt.Sprintf("A26-11-%06d", i), advisories.Published
				for k := range 1 + random.IntN(3) {
					x := advisories.Product{ID: fmt.Sprint("p", k), Versions: fmt.Sprintf("vers:generic/>=%d.%d|<%d.%d.%d", 1+random.IntN(3), random.IntN(9), 4+random.IntN(5), random.IntN(20), random.IntN(20))}
					x.Vendor, x.Name, x.CPE = identify(popular.Uint64())
					p.Advisory.Products = append(p.Advisory.Products, x)
				}
				p.Advisory.TLP = tlp.Clear
				p.Advisory.Vulnerabilities = []advisories.Vulnerability{{CVE: fmt.Sprintf("CVE-2026-%06d", i)}}
				yield(p)
			}
		}, func() []advisories.Component {
			var list []advisories.Component
			seen := map[uint64]bool{}
			for len(list) < 50 {
				n := popular.Uint64()
				if len(list)%2 == 0 {
					n = random.Uint64N(20_000)
				}
				if !seen[n] {
					seen[n] = true
					c := advisories.Component{Version: fmt.Sprintf("%d.%d.%d", 6+random.IntN(6), random.IntN(20), random.IntN(20))} // most are not old
					_, c.Name, c.CPE = identify(n)
					list = append(list, c)
				}
			}
			return list
		}
}

// measureMatch: inventories of 50 components against 100,000 advisories, in memory.
func measureMatch(t *testing.T, f *figures) {
	const inIndex, atOnce = 100_000, 500
	all, inventory := stockOf(inIndex)
	heap := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / (1 << 20)
	}
	before, index := heap(), match.New()
	began := time.Now()
	all(func(p advisories.Publication) { index.Put("advisory--"+p.Tracking.ID, p) })
	took := time.Since(began)
	f.add(t, "an index of 100,000 advisories, made and kept", "", fmt.Sprintf("%.1f s, %.0f MB", took.Seconds(), heap()-before), false)

	lists := make([][]advisories.Component, atOnce)
	texts := make([][]byte, atOnce)
	for i := range lists {
		lists[i] = inventory()
		var err error
		if texts[i], err = json.Marshal(lists[i]); err != nil {
			t.Fatal(err)
		}
	}
	may := func(a tlp.Audience) bool { return tlp.May(tlp.Reader{}, a) }
	var each, floor latencies
	found := 0
	for range 4 {
		for i, list := range lists {
			began := time.Now()
			found += len(index.Concerns(list, may))
			each.add(time.Since(began))
			began = time.Now()
			var read []advisories.Component
			if err := json.Unmarshal(texts[i], &read); err != nil || len(read) != len(list) {
				t.Fatal(err)
			}
			floor.add(time.Since(began))
		}
	}
	a, b := each.of(0.5), floor.of(0.5)
	f.add(t, "an inventory of 50 components against 100,000 advisories", "2 ms", fmt.Sprintf("%s; %d are named to it", said(&each), found/len(lists)/4), a >= 2*time.Millisecond)
	f.add(t, "the limit: encoding/json alone, which reads the 50 components, and the look-up's time against it", "", fmt.Sprintf("%s: %.1f times", ms(b), a.Seconds()/b.Seconds()), false)
	const long = 5 * time.Second
	var done atomic.Int64
	var wg sync.WaitGroup
	used := ownTime(t)
	began = time.Now()
	for k := range runtime.NumCPU() {
		wg.Go(func() {
			for i := k; time.Since(began) < long; i++ {
				index.Concerns(lists[i%len(lists)], may)
				done.Add(1)
			}
		})
	}
	wg.Wait()
	rate := float64(done.Load()) * float64(runtime.NumCPU()) / (ownTime(t) - used).Minutes()
	f.add(t, "such inventories for each minute of processor time on all cores", "30,000", thousands(rate), rate < 30_000)
}

// plainFiles writes files as what needs no provider would: each into its folder, by
// another name first. It returns how long that took.
func plainFiles(t *testing.T, from string) (took time.Duration, files int, size int64) {
	t.Helper()
	contents := map[string][]byte{}
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rest, _ := filepath.Rel(from, path) // it is below
			contents[rest], err = os.ReadFile(path)
			size += int64(len(contents[rest]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	began := time.Now()
	for rest, data := range contents {
		path := filepath.Join(dir, rest)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".new", data, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(began), len(contents), size
}

// labelOf is that of the n-th advisory: most are for everybody.
func labelOf(n int) string {
	switch n % 10 {
	case 7:
		return "green"
	case 8:
		return "amber"
	case 9:
		return "amber+strict"
	}
	return "clear"
}
