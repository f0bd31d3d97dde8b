package checks

import (
	"testing"

	"github.com/cybersec-infohub/infohub/rules"
)

func TestEachRuleHasOneCheck(t *testing.T) {
	c, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, check := range All() {
		seen[check.Rule]++
		if _, ok := c.Rule(check.Rule); !ok {
			t.Errorf("check %s has no rule", check.Rule)
		}
		if check.Judge == nil || len(check.Needs) == 0 {
			t.Errorf("check %s: no judge, or no section that it needs", check.Rule)
		}
	}
	for _, r := range c.All() {
		if seen[r.ID] != 1 {
			t.Errorf("rule %s has %d checks", r.ID, seen[r.ID])
		}
	}
	if n := len(c.All()); n < 30 {
		t.Errorf("%d rules", n)
	}
}
