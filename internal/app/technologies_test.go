package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/app"
)

// TestReadTechnologies: a catalogue of one's own is read, and one that is wrong
// is named with the line and the reason.
func TestReadTechnologies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.yaml")
	for _, tt := range []struct{ text, want string }{
		{"date: \"2027-01-01\"\ntechnologies:\n  - id: php\n", ""},
		{"{\"date\": \"2027-01-01\", \"technologies\": [{\"id\": \"php\"}]}", ""},
		{"date: \"2027-01-01\"\ntechnologies:\n  - id: php\n    exploited: [{cve: CVE-1}]\n", "mine.yaml: technology catalogue: line 4: php: cve"},
	} {
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := app.ReadTechnologies(path)
		if tt.want == "" {
			if err != nil || !c.Knows("php") {
				t.Errorf("%q: %v", tt.text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q in it", tt.text, err, tt.want)
		}
	}
	if _, err := app.ReadTechnologies(path + ".gone"); !os.IsNotExist(err) {
		t.Errorf("no such file: %v", err)
	}
}
