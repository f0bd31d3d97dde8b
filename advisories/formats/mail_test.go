package formats_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// TestMailIsLabelled holds what FIRST asks of mail (TLP 2.0): the label in
// capitals in the subject, and in the body before what it is about; and the width
// that mail programs show as it is.
func TestMailIsLabelled(t *testing.T) {
	for _, lang := range i18n.Langs() {
		for _, m := range tlp.Labels() {
			p := rich()
			p.Advisory.TLP = m
			subject, body := formats.Mail(p, options(lang), "https://hub.example/a")
			both, digest := formats.Digest([]advisories.Publication{*rich(), *p}, options(lang), formats.DigestInfo{})
			for _, got := range [][2]string{{subject, body}, {both, digest}} {
				if !strings.HasPrefix(got[0], "["+m.String()+"] ") {
					t.Errorf("%s %s: the subject is %q", lang, m, got[0])
				}
				if !strings.HasPrefix(got[1], m.String()+"\n") || !strings.HasSuffix(got[1], "\n"+m.String()+"\n") {
					t.Errorf("%s %s: the body begins %.30q and ends %q", lang, m, got[1], got[1][len(got[1])-30:])
				}
				for line := range strings.Lines(got[1]) {
					if wide(line) > 78 && !strings.Contains(line, "https://") {
						t.Errorf("%s: a line has %d columns: %s", lang, wide(line), line)
					}
				}
			}
			if !strings.Contains(body, "\nhttps://hub.example/a\n") {
				t.Errorf("%s: the mail has no link", lang)
			}
		}
	}
}

// wide is how many columns a line takes: two for Chinese and its marks.
func wide(s string) int {
	n := 0
	for _, r := range strings.TrimRight(s, "\n") {
		if n++; r >= 0x2e80 {
			n++
		}
	}
	return n
}

// TestDigestIsInOrder: what cannot wait comes first, what is over last.
func TestDigestIsInOrder(t *testing.T) {
	low, high := rich(), rich()
	low.Tracking.ID, low.Advisory.Class, low.Advisory.Risk = "LOW", advisories.Alert, advisories.RiskLow
	high.Tracking.ID, high.Advisory.Class, high.Advisory.Risk = "HIGH", advisories.Alert, advisories.RiskHigh
	_, body := formats.Digest([]advisories.Publication{*withdrawn(), *low, *rich(), *high}, options(i18n.English), formats.DigestInfo{})
	last := -1
	for _, id := range []string{"(A26-11-04)", "(HIGH)", "(LOW)", "(A26-11-A02)"} {
		at := strings.Index(body, id)
		if at <= last {
			t.Errorf("%s is at %d, after %d:\n%s", id, at, last, body)
		}
		last = at
	}
}

// TestEventIsDocumented: docs/advisory-formats.md has each field of a webhook.
func TestEventIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/advisory-formats.md")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(formats.NewEvent(superseded()))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	for name := range fields {
		if !strings.Contains(string(text), "\n| `"+name+"` |") {
			t.Errorf("%s is not documented", name)
		}
	}
	if got := strings.Count(string(text), "\n| `"); got != len(fields) {
		t.Errorf("%d fields are documented, an event has %d", got, len(fields))
	}
}
