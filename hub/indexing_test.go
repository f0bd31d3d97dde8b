package hub_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub"
)

// TestManyValues: how many values an envelope may bring is bounded, in all of its
// objects together, and what was stored is found by each of them.
func TestManyValues(t *testing.T) {
	f := newFixture(t, nil)
	var objects []string
	for n := range 23 {
		var values strings.Builder
		for i := range 20_000 {
			fmt.Fprintf(&values, "'h%d',", i)
		}
		pattern := "[mutex:name IN (" + strings.TrimSuffix(values.String(), ",") + ")]"
		objects = append(objects, strings.Replace(stixText("indicator", n, 0), "[ipv4-addr:value = '198.51.100."+fmt.Sprint(n)+"']", pattern, 1))
	}
	status, err := f.trySubmit(t, "alpha", "indicators", objects...)
	if err != nil {
		t.Fatal(err)
	}
	if good, bad := len(status.Successes), len(status.Failures); good != 20 || bad != 3 || !strings.Contains(status.Failures[0].Message, "send fewer at once") {
		t.Errorf("%d stored, %d not: %.200v", good, bad, status.Failures)
	}
	for _, value := range []string{"h0", "h19999", "h7"} {
		if found := f.search(t, "gamma", hub.Search{Value: value}); strings.Count(found, " ") != 19 {
			t.Errorf("%s: %q", value, found)
		}
	}
}
