package advisories_test

import (
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// TestKept: the revisions up to one are those of the same advisory, and of what
// others published under the same number there are none.
func TestKept(t *testing.T) {
	d := openDesk(t, nil)
	rec := d.published(t, advisory("First", tlp.Clear))
	for _, title := range []string{"Second", "Third"} {
		next := rec.Text()
		next.Title = texts(title)
		var err error
		rec, err = d.Edit(t.Context(), analyst("ann"), rec.ID, rec.Version, next)
		must(t, err)
		rec = d.release(t, rec)
	}
	for number, want := range []string{1: "First", 2: "First Second", 3: "First Second Third"} {
		if number == 0 {
			continue
		}
		p, err := d.Show(t.Context(), stranger(), rec.ID, number)
		must(t, err)
		if got := titles(t, d, &p); got != want {
			t.Errorf("up to revision %d: %q, want %q", number, got, want)
		}
		p.Tracking.Initial = p.Tracking.Initial.AddDate(-1, 0, 0)
		if got := titles(t, d, &p); got != "" {
			t.Errorf("up to another's revision %d: %q", number, got)
		}
	}
}

func titles(t *testing.T, d *desk, p *advisories.Publication) string {
	t.Helper()
	kept, err := d.Kept(t.Context(), p)
	must(t, err)
	got := ""
	for i, e := range kept {
		if i > 0 {
			got += " "
		}
		got += e.Advisory.Title["en"]
	}
	return got
}
