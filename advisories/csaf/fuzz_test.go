package csaf

import (
	"encoding/json"
	"testing"
)

// FuzzCheck: whatever comes in, Check ends, says each problem in words, and reads
// again what it has read.
func FuzzCheck(f *testing.F) {
	f.Add(testCase{}.document(f))
	for _, c := range testCases(f) {
		f.Add(c.document(f))
	}
	f.Add([]byte(`{"document":{"tracking":{"revision_history":[{"date":"2026-11-23T10:00:60Z","number":"1.0.0-1.a"},{"date":"2026-11-23T10:00:60Z","number":"99999999999999999999"}]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, problems, err := Check(data)
		if err != nil {
			return
		}
		count := map[string]int{}
		for _, p := range problems {
			if p.Rule == "" || p.Message == "" || p.Remedy == "" || len(p.Message) > 4000 {
				t.Fatalf("%+v: a problem without words, or with too many", p)
			}
			if count[p.Rule]++; count[p.Rule] > maxProblems+2 {
				t.Fatalf("more than %d problems of %s", maxProblems, p.Rule)
			}
		}
		again, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Parse(again); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
	})
}
