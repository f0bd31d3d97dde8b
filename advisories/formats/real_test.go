package formats_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/csaf"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// TestRealDocuments: what others publish, imported, makes every form.
func TestRealDocuments(t *testing.T) {
	dir := os.Getenv("INFOHUB_TESTDATA")
	if dir == "" {
		t.Skip("not run: set INFOHUB_TESTDATA to a folder with csaf/*.json")
	}
	files, err := filepath.Glob(filepath.Join(dir, "csaf", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no csaf/*.json in INFOHUB_TESTDATA: %v", err)
	}
	var list []advisories.Publication
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		doc, _, err := csaf.Parse(data)
		if err != nil || doc == nil {
			continue // other tests say which are read
		}
		p, err := csaf.Import(doc)
		if err != nil {
			continue
		}
		list = append(list, p)
		for _, lang := range i18n.Langs() {
			o := options(lang)
			out := page(t, &p, o)
			parsed := parse(t, out)
			checkInert(t, parsed)
			checkHeadings(t, parsed)
			for form, out := range map[string]string{"html": textOf(parsed), "text": string(formats.Text(&p, o)), "markdown": string(formats.Markdown(&p, o))} {
				for _, bad := range []string{unsafe(out), "advisory.section.", "（）", "NaN%"} {
					if bad != "" && strings.Contains(out, bad) {
						t.Errorf("%s: the %s in %s has %q", filepath.Base(name), form, lang, bad)
					}
				}
			}
		}
	}
	if len(list) < len(files)/2 {
		t.Fatalf("only %d of %d documents were imported", len(list), len(files))
	}
	for _, kind := range formats.FeedKinds() {
		parsed, err := gofeed.NewParser().Parse(bytes.NewReader(feed(t, kind, list, feedInfo(i18n.Simplified))))
		if err != nil || len(parsed.Items) != min(len(list), formats.MaxItems) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
