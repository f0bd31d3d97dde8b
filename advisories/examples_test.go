package advisories

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/i18n"
)

func TestExamplesAreWithoutFault(t *testing.T) {
	files, err := filepath.Glob("../docs/examples/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a, problems, err := ReadYAML(data)
		if err != nil {
			t.Errorf("%s: %v %+v", file, err, problems)
			continue
		}
		for _, p := range LintAt(a, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %+v", file, p)
		}
		for _, lang := range i18n.Langs() {
			for _, text := range []Texts{a.Title, a.Description, a.Affected, a.Impact, a.Recommendation} {
				if text[lang] == "" {
					t.Errorf("%s is not complete in %s", file, lang)
				}
			}
		}
		roundTrip(t, a)
		if strings.Contains(string(data), "GOVCERT.HK") || strings.Contains(string(data), "HKCERT") {
			t.Errorf("%s names a real body", file)
		}
	}
}
