package rules_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/cybersec-infohub/infohub/rules"
)

// A title also stands where nothing is known yet, so it must not need what only
// a check can fill in.
func TestTitlesNeedNoCheck(t *testing.T) {
	c, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	placeholder := regexp.MustCompile(`\{([a-z_]+)\}`)
	for _, r := range c.All() {
		for lang, text := range r.Title {
			for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(rules.Placeholders(), m[1]) {
					t.Errorf("%s, title in %s: {%s} is filled in by its check alone", r.ID, lang, m[1])
				}
			}
		}
	}
}
