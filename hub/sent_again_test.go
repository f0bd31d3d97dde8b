package hub_test

import (
	"testing"

	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// TestSentAgain: whoever sends back what they got from the hub is told that it is
// here, whoever it speaks for; and nobody learns so of what they may not see.
func TestSentAgain(t *testing.T) {
	f := newFixture(t, nil)
	by := `"created_by_ref":"` + f.org["alpha"].ID + `"`
	shared, hidden := stixText("indicator", 1, 0, by), stixText("indicator", 2, 0, by, marked(tlp.RedID))
	f.submit(t, "alpha", "indicators", shared)
	if _, err := f.trySubmit(t, "alpha", "indicators", hidden); err != nil {
		t.Fatal(err)
	}
	if s := f.submit(t, "gamma", "indicators", shared); len(s.Successes) != 1 || s.Successes[0].Message != "it was here already" {
		t.Errorf("sent again: %+v", s)
	}
	f.refuse(t, "gamma", "indicators", "may publish under it", hidden)
	f.refuse(t, "gamma", "indicators", "may publish under it", stixText("indicator", 1, 0, by, `"confidence":5`))
	f.refuse(t, "gamma", "indicators", "may publish under it", stixText("indicator", 1, 3, by))
	f.refuse(t, "gamma", "indicators", "may publish under it", stixText("indicator", 3, 0, by))
}
