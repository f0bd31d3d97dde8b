package stix

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

var errNoTimestamp = errors.New("the form is YYYY-MM-DDTHH:MM:SS, then perhaps a point and up to nine digits, then Z (STIX 2.1, 2.16)")

// Instant is a point in time, of the years 1 to 9999, exact to the nanosecond.
type Instant struct {
	Seconds int64 // since 1970, UTC
	Nanos   int32 // 0 to 999,999,999
}

// ParseTimestamp reads a timestamp (STIX 2.1, 2.16): RFC 3339 with a capital T and
// Z. More than nine digits of a second are refused, so that no two instants that
// differ count as one.
func ParseTimestamp(text string) (Instant, error) {
	fields, ok := timestampFields(text)
	if !ok {
		return Instant{}, fmt.Errorf("timestamp %.40q: %w", text, errNoTimestamp)
	}
	year, month, day, hour, minute, second := fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]
	// RFC 3339, 5.7: a leap second is the last of a UTC day.
	leap := second == 60 && minute == 59 && hour == 23
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if year == 0 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 && !leap ||
		!leap && t.Day() != day || leap && t.Add(-time.Second).Day() != day {
		return Instant{}, fmt.Errorf("timestamp %.40q: no such day or time", text)
	}
	nanos := 0
	for i := range 9 {
		nanos *= 10
		if at := len("2006-01-02T15:04:05.") + i; at < len(text)-1 {
			nanos += int(text[at] - '0')
		}
	}
	return Instant{t.Unix(), int32(nanos)}, nil
}

// timestampFields are the numbers from the year to the second, if the text has the
// form of a timestamp.
func timestampFields(text string) (fields [6]int, ok bool) {
	const form = "dddd-dd-ddTdd:dd:dd"
	if len(text) < len(form)+1 || text[len(text)-1] != 'Z' {
		return fields, false
	}
	field := 0
	for i, c := range []byte(form) {
		switch {
		case c != 'd':
			if text[i] != c {
				return fields, false
			}
			field++
		case text[i] < '0' || text[i] > '9':
			return fields, false
		default:
			fields[field] = fields[field]*10 + int(text[i]-'0')
		}
	}
	fraction := text[len(form) : len(text)-1]
	if fraction == "" {
		return fields, true
	}
	if fraction[0] != '.' || len(fraction) < 2 || len(fraction) > 10 {
		return fields, false
	}
	for _, c := range []byte(fraction[1:]) {
		if c < '0' || c > '9' {
			return fields, false
		}
	}
	return fields, true
}

// Compare is negative where i is before other, positive where it is after.
func (i Instant) Compare(other Instant) int {
	return cmp.Or(cmp.Compare(i.Seconds, other.Seconds), cmp.Compare(i.Nanos, other.Nanos))
}

// Key is the instant as bytes that are in order as the instants are.
func (i Instant) Key() [12]byte {
	var key [12]byte
	binary.BigEndian.PutUint64(key[:], uint64(i.Seconds)^1<<63)
	binary.BigEndian.PutUint32(key[8:], uint32(i.Nanos))
	return key
}

// FormatTimestamp is the timestamp of t (STIX 2.1, 2.16), in UTC, with three to six
// digits of the second: milliseconds always, microseconds where there are some.
// Created and modified have exactly three (3.2): truncate t for them. Years 1 to
// 9999 only.
func FormatTimestamp(t time.Time) string {
	text := t.UTC().Format("2006-01-02T15:04:05.000000")
	keep := len(text) - len("000")
	return text[:keep] + strings.TrimRight(text[keep:], "0") + "Z"
}
