package advisories_test

import (
	"slices"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// Whoever takes the place of an advisory by one for fewer readers is warned: the
// others learn that there is one that they may not read.
func TestSupersedingForFewerReaders(t *testing.T) {
	d := openDesk(t, nil)
	wide := d.published(t, advisory("For everybody", tlp.Clear))
	narrow := d.published(t, advisory("For alpha", tlp.Amber, "alpha"))
	for _, tt := range []struct {
		name string
		a    advisories.Advisory
		by   advisories.Record
		want bool
	}{
		{"fewer", advisory("Next", tlp.Amber, "alpha"), wide, true},
		{"the same", advisory("Next", tlp.Amber, "alpha"), narrow, false},
		{"more", advisory("Next", tlp.Clear), narrow, false},
	} {
		tt.a.Supersedes = []string{tt.by.ID}
		found, err := d.Check(t.Context(), analyst("ann"), tt.a)
		must(t, err)
		got := slices.ContainsFunc(found, func(p advisories.Problem) bool {
			return p.Rule == "supersedes.readers" && p.Warning && p.Path == "supersedes[0]"
		})
		if got != tt.want {
			t.Errorf("%s: warned %v, want %v: %+v", tt.name, got, tt.want, found)
		}
	}
}
