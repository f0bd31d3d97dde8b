package sources

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/fetch"
)

// TestStateFits: a state fits into a store, however many documents there are and
// whatever somebody writes into their names; what is good is kept if it can be.
func TestStateFits(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	good := fetch.State{ETag: `"0123456789abcdef0123456789abcdef"`, LastModified: "Mon, 02 Nov 2026 10:00:00 GMT", From: strings.Repeat("0", 32), BodyHash: "sha256:" + strings.Repeat("0", 64)}
	bad := good
	bad.ETag = `"` + strings.Repeat("&", 90) + `"`
	for _, tt := range []struct {
		about     string
		fetch     fetch.State
		every     int // every so many is refused
		list      string
		documents int // that are kept; -1: any number
		known     int
		worded    int
	}{
		{"good", good, 1000, "https://cert.example/feed.json", maxListed, maxKnown, maxListed / 1000},
		{"many refused", good, 2, "https://cert.example/feed.json", maxListed, maxKnown, maxRefusals},
		{"meaning harm", bad, 2, "https://cert.example/" + strings.Repeat("&", 1900), maxListed, 0, -1},
		{"meaning more harm", bad, 1, strings.Repeat("&", 3<<20), 0, 0, 0},
	} {
		r := (&Puller{}).start(&Source{}, &State{})
		l := r.state.listing(tt.list)
		for i := range maxListed {
			d := Document{Listed: now, Fetch: tt.fetch}
			if i%tt.every == 0 {
				refused := r.refusal(fmt.Sprintf("%s/%d", tt.list[:min(len(tt.list), 1900)], i), "ID", RefusedHash, strings.Repeat("&", maxDetail))
				d.Refused = &refused
			}
			r.keep(l, key(fmt.Sprint(i)), d)
		}
		if got := r.state.size(); got != r.size {
			t.Errorf("%s: counted %+v, and it is %+v", tt.about, r.size, got)
		}
		if err := r.state.fit(); err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(r.state)
		n := r.state.size()
		if err != nil || len(data) > maxState || n.documents != tt.documents || n.known != tt.known || tt.worded >= 0 && n.refused != tt.worded {
			t.Errorf("%s: %d bytes, %+v, %v", tt.about, len(data), n, err)
		}
	}
}
