package arch

import (
	"os/exec"
	"strings"
	"testing"
)

// TestInfohubLinksNothingHeavy keeps `infohub --help` quick and small: what is
// linked is initialised at every start, used or not.
func TestInfohubLinksNothingHeavy(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "./cmd/infohub")
	cmd.Dir = "../.."
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	deps := strings.Fields(string(out))
	if len(deps) < 50 {
		t.Fatalf("go list named only %d packages: %q", len(deps), deps)
	}
	for _, dep := range checkLinks(deps) {
		t.Errorf("infohub links %s (go list -deps ./cmd/infohub); find who imports it with `go mod why`", dep)
	}
}

// checkLinks returns those packages that must not be linked.
func checkLinks(deps []string) []string {
	var found []string
	for _, dep := range deps {
		if matchesAny(heavy, dep) {
			found = append(found, dep)
		}
	}
	return found
}

func TestHeavyLinksAreReported(t *testing.T) {
	for dep, bad := range map[string]bool{
		"fmt":                                    false,
		"html/template":                          false,
		"net/http":                               false,
		"net/http/pprof":                         true,
		"testing":                                true,
		"testing/internal/testdeps":              true,
		"github.com/miekg/dns":                   false,
		"github.com/projectdiscovery/cdncheck":   true,
		"github.com/bytedance/sonic/loader":      true,
		"github.com/alecthomas/chroma/v2/lexers": true,
	} {
		if got := checkLinks([]string{dep}); (len(got) == 1) != bad {
			t.Errorf("%s: reported %v, want %v", dep, len(got) == 1, bad)
		}
	}
}
