package advisories_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

func TestSettings(t *testing.T) {
	d := openDesk(t, chaos(23))
	ctx := t.Context()
	admin := &advisories.Caller{Admin: true, Entry: by("root")}
	set, err := d.Settings(ctx)
	must(t, err)
	for _, tt := range []struct {
		name, path string
		change     func(*advisories.Settings)
	}{
		{"no number", "pattern_clear", func(s *advisories.Settings) { s.PatternClear = "A{yy}" }},
		{"two numbers", "pattern_clear", func(s *advisories.Settings) { s.PatternClear = "{seq}{seq}" }},
		{"a slash", "pattern_clear", func(s *advisories.Settings) { s.PatternClear = "../{seq}" }},
		{"an unknown part", "pattern_clear", func(s *advisories.Settings) { s.PatternClear = "{week}{seq}" }},
		{"labels in one sequence", "pattern_other", func(s *advisories.Settings) { s.PatternOther = "A{yy}-{seq}" }},
		{"no name", "publisher.name", func(s *advisories.Settings) { s.Publisher.Name = "" }},
		{"no address", "publisher.namespace", func(s *advisories.Settings) { s.Publisher.Namespace = "cert.example" }},
		{"no such category", "publisher.category", func(s *advisories.Settings) { s.Publisher.Category = "x" }},
		{"what two file names could be one of", "pattern_clear", func(s *advisories.Settings) { s.PatternClear = "A{yy}.{mm}.{seq}" }},
		{"a name of two lines", "publisher.name", func(s *advisories.Settings) { s.Publisher.Name = "CERT\r\nBcc: x@y.example" }},
		{"a name with a control character", "publisher.name", func(s *advisories.Settings) { s.Publisher.Name = "CERT\x00" }},
		{"a contact with one", "publisher.contact", func(s *advisories.Settings) { s.Publisher.Contact = "a@b.example\x01" }},
		{"an authority with one", "publisher.contact", func(s *advisories.Settings) { s.Publisher.Authority = "By law\x7f" }},
		{"a page and not a hub", "canonical_url", func(s *advisories.Settings) { s.CanonicalURL = "https://cert.example/hub" }},
		{"a query", "canonical_url", func(s *advisories.Settings) { s.CanonicalURL = "https://cert.example?x=y" }},
		{"a fragment", "canonical_url", func(s *advisories.Settings) { s.CanonicalURL = "https://cert.example#x" }},
		{"markup", "canonical_url", func(s *advisories.Settings) { s.CanonicalURL = `https://cert.example/"><script>` }},
		{"no encryption", "canonical_url", func(s *advisories.Settings) { s.CanonicalURL = "http://cert.example" }},
		{"a script", "canonical_url", func(s *advisories.Settings) { s.CanonicalURL = "javascript:alert(1)" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bad := set
			tt.change(&bad)
			_, err := d.SetSettings(ctx, admin, bad)
			e, ok := errors.AsType[*advisories.Error](err)
			if !ok || e.Code != advisories.Invalid || len(e.Problems) != 1 || e.Problems[0].Path != tt.path || e.Problems[0].Remedy == "" {
				t.Errorf("%v", err)
			}
		})
	}
	set.PatternClear, set.PatternOther = "GC-{yyyy}{mm}{dd}-{seq}", "GC-{tlp}-{seq}"
	next, err := d.SetSettings(ctx, admin, set)
	must(t, err)
	if next.Version != set.Version+1 {
		t.Errorf("version %d after %d", next.Version, set.Version)
	}
	_, err = d.SetSettings(ctx, admin, set)
	wantCode(t, err, advisories.Conflict)
	_, err = d.SetSettings(ctx, analyst("ann"), next)
	wantCode(t, err, advisories.Forbidden)
	_, err = d.SetSettings(ctx, stranger(), next)
	wantCode(t, err, advisories.Unauthenticated)
	if rec := d.published(t, advisory("Fault", tlp.Clear)); rec.ID != "GC-20261123-01" {
		t.Errorf("the id is %s", rec.ID)
	}
	if rec := d.published(t, advisory("Fault", tlp.AmberStrict, "alpha")); rec.ID != "GC-S-01" {
		t.Errorf("the id is %s", rec.ID)
	}
	d.clock.pass(24 * time.Hour)
	if rec := d.published(t, advisory("Fault", tlp.Clear)); rec.ID != "GC-20261124-01" {
		t.Errorf("the next day's id is %s", rec.ID)
	}
}

// TestNothingIsPublishedWithoutAPublisher: a new hub has none.
func TestNothingIsPublishedWithoutAPublisher(t *testing.T) {
	d := openDeskIn(t, t.TempDir())
	defer func() { must(t, d.store.Close()) }()
	found, err := d.Check(t.Context(), analyst("ann"), advisory("Fault", tlp.Clear))
	must(t, err)
	if len(found) == 0 || found[len(found)-1].Rule != "settings.publisher" {
		t.Errorf("problems %+v", found)
	}
	_, err = d.Check(t.Context(), stranger(), advisory("Fault", tlp.Clear))
	wantCode(t, err, advisories.Unauthenticated)
}
