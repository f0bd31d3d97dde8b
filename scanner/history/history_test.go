package history_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/history"
)

func open(t *testing.T, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func start(n int) time.Time {
	return time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, n)
}

// scan is the report of a domain's nth scan.
func scan(domain string, n int) *scanner.Report {
	f := scanner.Failed(scanner.Evidence{Subject: "https://" + domain + "/", Observed: fmt.Sprint("scan ", n)})
	f.Rule = "web.hsts.missing"
	return &scanner.Report{
		Version: scanner.ReportVersion, Target: scanner.Target{Domain: domain, Unicode: domain}, Started: start(n), Status: scanner.Complete,
		Grade: scanner.Grade{Letter: "B", Score: 80}, Findings: []scanner.Finding{f},
	}
}

func put(t *testing.T, h *history.History, r *scanner.Report, rec *scanner.Record) {
	t.Helper()
	a, err := history.Prepare(r, r, rec)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Put(context.Background(), a); err != nil {
		t.Fatal(err)
	}
}

func days(list []history.Entry) (out []string) {
	for _, e := range list {
		out = append(out, e.Domain+e.Started.Format(" 01-02"))
	}
	return out
}

// TestHistory runs on a store that repeats functions, loses commits and says
// that it does not know, and looks again after it was closed and opened.
func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s := open(t, path)
	h, err := history.Open(t.Context(), storetest.NewChaos(s, 7))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		var rec *scanner.Record
		if n == 3 {
			rec = &scanner.Record{Version: scanner.RecordVersion, Program: "infohub test", Facts: &scanner.Facts{Started: start(n)}}
		}
		put(t, h, scan("example.hk", n), rec)
		put(t, h, scan("example.hk", n), rec) // twice is once
	}
	for _, other := range []string{"example.hk.example", "a-example.hk", "example"} { // names that begin alike
		put(t, h, scan(other+".com", 9), nil)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	if h, err = history.Open(t.Context(), s); err != nil {
		t.Fatal(err)
	}

	list, err := h.List(t.Context(), "example.hk", 3)
	if want := []string{"example.hk 11-05", "example.hk 11-04", "example.hk 11-03"}; err != nil || !slices.Equal(days(list), want) {
		t.Errorf("list %v, %v; want %v", days(list), err, want)
	}
	if list[0].Grade.Letter != "B" || list[0].Failed != 1 || list[0].Status != scanner.Complete || list[0].Facts || !list[1].Facts {
		t.Errorf("entry %+v", list[0])
	}
	if sites, err := h.Sites(t.Context(), 3); err != nil || !slices.Equal(days(sites), []string{"a-example.hk.com 11-10", "example.com 11-10", "example.hk 11-05"}) {
		t.Errorf("sites %v, %v", days(sites), err)
	}
	last, err := h.Last(t.Context(), "example.hk")
	if err != nil || !last.Started.Equal(start(4)) || last.Findings[0].Evidence[0].Observed != "scan 4" {
		t.Errorf("last %+v, %v", last, err)
	}
	if r, err := h.Get(t.Context(), "example.hk", start(1)); err != nil || r.Findings[0].Evidence[0].Observed != "scan 1" {
		t.Errorf("get: %+v, %v", r, err)
	}
	if known, err := h.Known(t.Context(), "example.hk"); err != nil || !known.Started.Equal(start(4)) {
		t.Errorf("known %+v, %v", known, err)
	}
	if rec, err := h.Facts(t.Context(), "example.hk", start(3)); err != nil || rec.Program != "infohub test" {
		t.Errorf("facts %+v, %v", rec, err)
	}
	for n, want := range map[int]int{2: 2, 100: 4} {
		if e, err := h.Until(t.Context(), "example.hk", start(n)); err != nil || !e.Started.Equal(start(want)) {
			t.Errorf("until day %d: %+v, %v; want that of day %d", n, e, err, want)
		}
	}
	for what, err := range map[string]error{
		"before all":     second(h.Until(t.Context(), "example.hk", start(0).Add(-time.Second))),
		"no such time":   second(h.Get(t.Context(), "example.hk", start(7))),
		"no such domain": second(h.Last(t.Context(), "nobody.example")),
		"never known":    second(h.Known(t.Context(), "nobody.example")),
		"no facts":       second(h.Facts(t.Context(), "example.hk", start(1))),
	} {
		if !errors.Is(err, history.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestPrune(t *testing.T) {
	tests := []struct {
		name string
		keep history.Keep
		want []string // of example.hk, newest first
	}{
		{"nothing to prune by", history.Keep{}, []string{"example.hk 11-05", "example.hk 11-04", "example.hk 11-03", "example.hk 11-02", "example.hk 11-01"}},
		{"by count", history.Keep{Count: 2}, []string{"example.hk 11-05", "example.hk 11-04"}},
		{"by age", history.Keep{Since: start(3)}, []string{"example.hk 11-05", "example.hk 11-04"}},
		{"by both", history.Keep{Count: 3, Since: start(1)}, []string{"example.hk 11-05", "example.hk 11-04", "example.hk 11-03"}},
		{"the newest stays however old", history.Keep{Since: start(30)}, []string{"example.hk 11-05"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, err := history.Open(t.Context(), storetest.NewChaos(open(t, filepath.Join(t.TempDir(), "a.db")), 3))
			if err != nil {
				t.Fatal(err)
			}
			for n := range 5 {
				put(t, h, scan("example.hk", n), nil)
			}
			put(t, h, scan("other.example", 0), nil)
			n, err := h.Prune(t.Context(), tt.keep)
			if err != nil || n != 5-len(tt.want) {
				t.Errorf("%d removed, %v; want %d", n, err, 5-len(tt.want))
			}
			if list, err := h.List(t.Context(), "example.hk", 100); err != nil || !slices.Equal(days(list), tt.want) {
				t.Errorf("left %v, %v; want %v", days(list), err, tt.want)
			}
			if _, err := h.Last(t.Context(), "other.example"); err != nil {
				t.Errorf("the only report of another site: %v", err)
			}
			if len(tt.want) < 5 {
				if _, err := h.Get(t.Context(), "example.hk", start(0)); !errors.Is(err, history.ErrNotFound) {
					t.Errorf("a removed report: %v", err)
				}
			}
		})
	}
}

// TestNewerProgram: what a newer program wrote is not touched.
func TestNewerProgram(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a.db"))
	if err := store.Sub(s, history.Prefix).Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte("version"), []byte("2")) }); err != nil {
		t.Fatal(err)
	}
	if _, err := history.Open(t.Context(), s); err == nil {
		t.Error("it was opened")
	}
}

// TestDamage: an entry that is damaged or a bomb is an error that ends.
func TestDamage(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a.db"))
	h, err := history.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	put(t, h, scan("example.hk", 0), nil)
	err = store.Sub(store.Sub(s, history.Prefix), "known").Update(t.Context(), func(tx store.Tx) error {
		return tx.Put([]byte("example.hk\x00"), []byte("{}"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Known(t.Context(), "example.hk"); err == nil || errors.Is(err, history.ErrNotFound) {
		t.Errorf("damaged: %v", err)
	}
}
