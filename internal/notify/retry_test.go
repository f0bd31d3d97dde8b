package notify

import (
	"testing"
	"time"
)

// FuzzRetryAfter: whatever a receiver asks for, the wait has its bounds.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"120", "-1", "99999999999999999999", "Mon, 23 Nov 2026 09:00:00 GMT", "", "1e9", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		if d := retryAfter(s, now); d < 0 || d > maxAfter {
			t.Errorf("%q: %v", s, d)
		}
	})
}
