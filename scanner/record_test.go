package scanner_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// FuzzReadRecords: whatever is in the file, reading it ends, and what is given
// can be judged.
func FuzzReadRecords(f *testing.F) {
	t, err := scanner.ParseTarget("example.hk")
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	rec := scanner.Record{Version: scanner.RecordVersion, Program: "infohub 1", Facts: &scanner.Facts{
		Target: t, Started: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), DNS: &scanner.DNSFacts{Exists: true},
	}}
	if err := rec.Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String())
	f.Add(`{"facts_version":1,"facts":{"target":{"domain":"example.hk"},"started":"2026-01-01T00:00:00Z","mail":{}}}`)
	f.Add("\n\n")
	f.Fuzz(func(t *testing.T, s string) {
		e := engine(t)
		_ = scanner.ReadRecords(strings.NewReader(s), func(_ int, rec scanner.Record) error { // what is wrong is no matter here
			e.Judge(rec.Facts)
			return nil
		})
	})
}

// TestKeptFactsAreThoseOfTheReport: what is kept judges to the same report.
func TestKeptFactsAreThoseOfTheReport(t *testing.T) {
	e := engine(t, fakeProbe{name: "dns", collect: gives(okDNS())})
	var kept []scanner.Record
	e.Keep = func(rec scanner.Record) { kept = append(kept, rec) }
	r := e.Scan(t.Context(), target(t), scanner.Options{})
	if len(kept) != 1 {
		t.Fatalf("%d records", len(kept))
	}
	var b bytes.Buffer
	if err := kept[0].Write(&b); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := scanner.ReadRecords(&b, func(line int, rec scanner.Record) error {
		n++
		again := e.Judge(rec.Facts)
		if line != 1 || rec.Millis != r.Millis || again.Grade != r.Grade || len(again.Findings) != len(r.Findings) {
			t.Errorf("line %d judges to %+v, the scan to %+v", line, again, r)
		}
		return nil
	})
	if err != nil || n != 1 {
		t.Errorf("%d records read: %v", n, err)
	}
}
