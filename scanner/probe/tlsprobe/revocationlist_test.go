package tlsprobe

import (
	"math/big"
	"runtime"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// TestLongRevocationList: a list of nearly the size that is read costs little
// more memory than it has itself.
func TestLongRevocationList(t *testing.T) {
	p := newPKI(t)
	serials := make([]*big.Int, 180000)
	for i := range serials {
		serials[i] = big.NewInt(int64(i + 1))
	}
	leaf := p.leaf(t, ecKey(t))
	for _, tt := range []struct {
		name   string
		serial *big.Int
		want   scanner.RevocationStatus
	}{{"the last", leaf.cert.SerialNumber, scanner.RevocationRevoked}, {"none", big.NewInt(0x7fffffffffff), scanner.RevocationGood}} {
		serials[len(serials)-1] = tt.serial
		list := revocationList(t, p.middle, now.Add(day), serials...)
		if len(list) > maxCRL {
			t.Fatalf("%d bytes", len(list))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		status, since, why := readList(list, leaf.cert, p.middle.cert, now)
		runtime.ReadMemStats(&after)
		if status != tt.want || why != nil || (since != nil) != (tt.want == scanner.RevocationRevoked) || since != nil && !since.Equal(now.Add(-day).Truncate(time.Second)) {
			t.Errorf("%s: %s, %v, %v", tt.name, status, since, why)
		}
		if made := after.TotalAlloc - before.TotalAlloc; made > 32<<20 {
			t.Errorf("%s: %d MB were made of a list of %d MB", tt.name, made>>20, len(list)>>20)
		}
	}
}
