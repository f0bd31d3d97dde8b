package hub_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// allocated is how many bytes do asks for in all.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestCostOfConflicts: many small objects under the id and the version of a large
// one do not have that read again for each of them, while all other writers wait.
func TestCostOfConflicts(t *testing.T) {
	f := newFixture(t, nil)
	f.submit(t, "alpha", "indicators", stixText("malware", 1, 0, `"x_large":"`+strings.Repeat("x", 4<<20)+`"`))
	var objects []string
	for n := range 500 {
		objects = append(objects, stixText("malware", 1, 0, fmt.Sprintf(`"x_small":%d`, n)))
	}
	used := allocated(func() {
		status, err := f.trySubmit(t, "alpha", "indicators", objects...)
		if err != nil || len(status.Failures) != len(objects) || !strings.Contains(status.Failures[0].Message, "other content") {
			t.Errorf("%v %+v", err, status.Failures[:1])
		}
	})
	if used > 100<<20 {
		t.Errorf("%d objects made the hub ask for %d MB", len(objects), used>>20)
	}
	// What only looks different is still the same.
	f.submit(t, "alpha", "indicators", stixText("malware", 2, 0, `"x_a":[1,2,3]`))
	status, err := f.trySubmit(t, "alpha", "indicators", strings.ReplaceAll(stixText("malware", 2, 0, `"x_a":[1,2,3]`), ",", ", \n        "))
	if err != nil || len(status.Successes) != 1 {
		t.Errorf("with more spaces: %v %+v", err, status)
	}
}

// TestCostOfVersions: an envelope of versions of one object of which the hub holds
// many does not have all of them read for each.
func TestCostOfVersions(t *testing.T) {
	f := newFixture(t, nil)
	n := 0
	versions := func(count int) (objects []string) {
		for range count {
			n++
			objects = append(objects, strings.Replace(stixText("malware", 1, 0), `10:00:00.000Z","name"`, fmt.Sprintf(`10:00:00.%06dZ","name"`, n), 1))
		}
		return objects
	}
	f.submit(t, "alpha", "indicators", versions(1200)...)
	more := versions(4000)
	used := allocated(func() {
		status, err := f.trySubmit(t, "alpha", "indicators", more...)
		if err != nil || len(status.Failures) == 0 || !strings.Contains(status.Failures[0].Message, "send fewer at once") {
			t.Errorf("%v: %d failures", err, len(status.Failures))
		}
	})
	if used > 300<<20 {
		t.Errorf("%d versions made the hub ask for %d MB", len(more), used>>20)
	}
}
