package stix_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

func TestParseID(t *testing.T) {
	const u = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
	for text, want := range map[string]string{
		"indicator--" + u:                   "indicator",
		"ipv4-addr--" + u:                   "ipv4-addr",
		"x-custom-2--" + strings.ToUpper(u): "x-custom-2",
		strings.Repeat("a", 250) + "--" + u: strings.Repeat("a", 250),
		"":                                  "",
		"indicator":                         "",
		"--" + u:                            "",
		"Indicator--" + u:                   "",
		"in_dicator--" + u:                  "",
		strings.Repeat("a", 251) + "--" + u: "",
		"indicator--":                       "",
		"indicator--{" + u + "}":            "",
		"indicator--urn:uuid:" + u:          "",
		"indicator--8e2e2d2b17d44cbf938f98ee46b3cd3f": "",
		"indicator---" + u:                            "",
		"indicator--" + u + " ":                       "",
		"indicator--" + u[:35] + "g":                  "",
	} {
		typ, id, err := stix.ParseID(text)
		if typ != want || (err == nil) != (want != "") || stix.IsID(text) != (err == nil) {
			t.Errorf("%q: %q, %v", text, typ, err)
		}
		if err == nil && id.String() != u {
			t.Errorf("%q: UUID %s", text, id)
		}
	}
	a, b := stix.NewID("note"), stix.NewID("note")
	typ, id, err := stix.ParseID(a)
	if err != nil || typ != "note" || id.Version() != 4 || a == b {
		t.Errorf("new ids %s and %s: %v", a, b, err)
	}
}

func TestParseTimestamp(t *testing.T) {
	for text, want := range map[string]stix.Instant{
		"1970-01-01T00:00:00Z":           {Seconds: 0},
		"2016-04-06T20:03:48.000Z":       {Seconds: 1459973028},
		"2016-04-06T20:03:48.1Z":         {Seconds: 1459973028, Nanos: 100_000_000},
		"2016-04-06T20:03:48.000000001Z": {Seconds: 1459973028, Nanos: 1},
		"2016-02-29T00:00:00Z":           {Seconds: 1456704000},
		"1969-12-31T23:59:59.5Z":         {Seconds: -1, Nanos: 500_000_000},
		"0001-01-01T00:00:00Z":           {Seconds: -62135596800},
		"9999-12-31T23:59:59.999999999Z": {Seconds: 253402300799, Nanos: 999_999_999},
		"2016-12-31T23:59:60Z":           {Seconds: 1483228800},
	} {
		if got, err := stix.ParseTimestamp(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "Z", "2016-04-06", "2016-04-06T20:03:48", "2016-04-06T20:03:48+00:00", "2016-04-06t20:03:48Z", "2016-04-06T20:03:48z",
		"2016-04-06 20:03:48Z", "2016-04-06T20:03:48.Z", "2016-04-06T20:03:48,1Z", "2016-04-06T20:03:48.0000000001Z", "2016-04-06T20:03:48.1 Z",
		"2016-13-06T20:03:48Z", "2016-00-06T20:03:48Z", "2016-04-31T20:03:48Z", "2015-02-29T20:03:48Z", "2016-04-00T20:03:48Z",
		"2016-04-06T24:00:00Z", "2016-04-06T20:60:00Z", "2016-04-06T20:03:61Z", "2016-04-06T20:03:60Z", "2016-04-31T23:59:60Z", "2016-13-31T23:59:60Z",
		"0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "2016-04-06T20:03:48ZZ", "２016-04-06T20:03:48Z",
	} {
		if got, err := stix.ParseTimestamp(text); err == nil {
			t.Errorf("%q is %+v", text, got)
		}
	}
}

func TestFormatTimestamp(t *testing.T) {
	at := time.Date(2016, 4, 6, 22, 3, 48, 0, time.FixedZone("", 2*3600))
	for nanos, want := range map[int]string{
		0: "2016-04-06T20:03:48.000Z", 5_000_000: "2016-04-06T20:03:48.005Z", 5_010_000: "2016-04-06T20:03:48.00501Z",
		1_000: "2016-04-06T20:03:48.000001Z", 999_999_999: "2016-04-06T20:03:48.999999Z",
	} {
		if got := stix.FormatTimestamp(at.Add(time.Duration(nanos))); got != want {
			t.Errorf("%d ns: %s, want %s", nanos, got, want)
		}
	}
}

func FuzzParseTimestamp(f *testing.F) {
	f.Add("2016-04-06T20:03:48.123Z", "2016-12-31T23:59:60Z")
	f.Add("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, err := stix.ParseTimestamp(a)
		theirs, theirErr := time.Parse("2006-01-02T15:04:05.999999999Z", a)
		if err != nil {
			return
		}
		if theirErr == nil && (theirs.Unix() != x.Seconds || int32(theirs.Nanosecond()) != x.Nanos) {
			t.Errorf("%q is %+v, package time says %v", a, x, theirs)
		}
		if theirErr != nil && a[17:19] != "60" {
			t.Errorf("accepted %q: %v", a, theirErr)
		}
		y, err := stix.ParseTimestamp(b)
		if err != nil {
			return
		}
		kx, ky := x.Key(), y.Key()
		if bytes.Compare(kx[:], ky[:]) != x.Compare(y) {
			t.Errorf("the keys of %s and %s are in another order", a, b)
		}
	})
}
