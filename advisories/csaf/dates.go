package csaf

import (
	"strings"
	"time"
)

// ReadDate reads a date of a document (RFC 3339). A "t" or "z" may be small, and a
// leap second counts as the second before it.
func ReadDate(s string) (time.Time, error) {
	s = strings.ToUpper(s)
	if len(s) > 19 && s[17:19] == "60" {
		s = s[:17] + "59" + s[19:]
	}
	return time.Parse(time.RFC3339Nano, s)
}

// WriteDate writes one, in UTC; the zero time is "".
func WriteDate(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
