package advisories_test

import (
	"fmt"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// BenchmarkFollow matches one new advisory with 1,000 inventories of 50 components, of
// which one in a hundred has the product: the goal is 30,000 in a minute.
func BenchmarkFollow(b *testing.B) {
	w := openWatch(b, nil)
	const inventories = 1000
	for i := range inventories {
		var have []string
		for n := range 50 {
			have = append(have, fmt.Sprintf("Product %d 1.%d", n*7+i%5, n))
		}
		inv := software(fmt.Sprintf("org%03d", i%500), fmt.Sprintf("asset%04d", i), "scan", have...)
		for n := range inv.Components {
			inv.Components[n].Name = fmt.Sprintf("Product %d", n*7+i%5)
		}
		if i%100 == 0 {
			inv.Components[7] = advisories.Component{Name: "Server", Vendor: "Example", Version: "6.4.1"}
		}
		_, err := w.Record(b.Context(), of(fmt.Sprintf("mia-of-org%03d", i%500)), inv)
		must(b, err)
	}
	for b.Loop() {
		b.StopTimer()
		w.published(b, about("Server", "6.4.2", tlp.Clear))
		b.StartTimer()
		must(b, w.Follow(b.Context()))
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/inventories, "us/inventory")
}
