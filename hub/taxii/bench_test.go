package taxii_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkGet reads 10,000 indicators in pages of 1,000 over HTTP, the client's
// work included.
func BenchmarkGet(b *testing.B) {
	w := newWorld(b)
	filler := fmt.Sprintf(`"name":"bench","description":%q`, strings.Repeat("x", 300))
	for i := 0; i < 10_000; i += 500 {
		var part []string
		for n := range 500 {
			part = append(part, indicator(i+n, "2026-01-01T00:00:00.000Z", filler))
		}
		w.stored(w.alpha, "closed", part...)
	}
	client := w.server.Client()
	buf := make([]byte, 256<<10)
	for b.Loop() {
		next := ""
		for range 10 {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, w.server.URL+in("closed", "objects/?added_after="+next), nil)
			if err != nil {
				b.Fatal(err)
			}
			if next == "" {
				r.URL.RawQuery = ""
			}
			r.Header.Set("Authorization", "Bearer "+w.alpha)
			resp, err := client.Do(r)
			if err != nil {
				b.Fatal(err)
			}
			n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, buf)
			if err != nil || n < 500_000 {
				b.Fatalf("%d bytes, %v", n, err)
			}
			_ = resp.Body.Close()
			next = resp.Header.Get("X-TAXII-Date-Added-Last")
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "objects/s")
}
