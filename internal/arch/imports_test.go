package arch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestImportsFollowTheArchitecture(t *testing.T) {
	for _, complaint := range checkImports(thisModule(t)) {
		t.Error(complaint)
	}
}

// checkImports says which imports the tables of rooms_test.go forbid.
func checkImports(files []file) []string {
	var complaints []string
	for _, f := range files {
		if _, ok := roomOf(f.pkg); !ok {
			complaints = append(complaints, fmt.Sprintf("%s: no room has the package %s; name it in internal/arch and record why in docs/adr", f.name, f.pkg))
			continue
		}
		for _, imported := range f.imports() {
			if why := forbidden(f, imported); why != "" {
				complaints = append(complaints, fmt.Sprintf("%s must not import %s: %s", f.name, imported, why))
			}
		}
	}
	return complaints
}

func roomOf(pkg string) (room, bool) {
	for _, r := range rooms {
		if matches(r.path, pkg) {
			return r, true
		}
	}
	return room{}, false
}

// forbidden says why f must not import a package, or nothing if it may.
func forbidden(f file, imported string) string {
	if imported == f.pkg {
		return "" // an external test imports its own package
	}
	for _, g := range guards {
		if !matches(g.path, imported) || matches(g.path, f.pkg) {
			continue
		}
		if f.test && g.test {
			return ""
		}
		if !matchesAny(g.by, f.pkg) {
			return g.why
		}
	}
	inside := slices.ContainsFunc(rooms, func(r room) bool { return matches(r.path, imported) })
	if !inside {
		return ""
	}
	r, _ := roomOf(f.pkg)
	if matches(r.path, imported) || matchesAny(leaves, imported) || matchesAny(r.may, imported) {
		return ""
	}
	return "its room, " + r.path + ", may import " + strings.Join(append(slices.Clone(r.may), "leaves"), ", ")
}

func TestForbiddenImportsAreReported(t *testing.T) {
	const nuclei = "github.com/projectdiscovery/nuclei/v3/lib"
	tests := []struct {
		file, imports string
		bad           bool
	}{
		{"rules/a.go", module + "/scanner", true},
		{"rules/a.go", module + "/internal/i18n", false},
		{"internal/fetch/a.go", module + "/internal/netguard", false},
		{"internal/fetch/a.go", module + "/hub", true},
		{"internal/fetch/a.go", module + "/internal/app", true},
		{"internal/app/a.go", module + "/hub/portal", false},
		{"internal/app/a.go", module + "/internal/store/bolt", false},
		{"internal/app/a.go", module + "/internal/lab", true},
		{"internal/store/bolt/a.go", "go.etcd.io/bbolt", false},
		{"hub/a.go", "go.etcd.io/bbolt", true},

		{"scanner/a.go", module + "/rules", false},
		{"scanner/a.go", module + "/scanner/probe/dnsprobe", true},
		{"scanner/a.go", module + "/scanner/checks", true},
		{"scanner/a.go", module + "/hub", true},
		{"scanner/a.go", module + "/internal/lab", true},
		{"scanner/a_test.go", module + "/internal/lab", false},
		{"scanner/a_test.go", module + "/internal/app", false},
		{"scanner/a_test.go", module + "/hub", true},
		{"scanner/checks/a.go", module + "/scanner", false},
		{"scanner/checks/a.go", module + "/scanner/probe/dnsprobe", true},
		{"scanner/probe/webprobe/a.go", module + "/scanner", false},
		{"scanner/probe/webprobe/a.go", module + "/scanner/checks", true},
		{"scanner/probe/webprobe/a.go", nuclei, true},
		{"scanner/report/a.go", module + "/advisories", true},

		{"advisories/a.go", module + "/advisories/csaf", false},
		{"advisories/a.go", module + "/feeds", true},
		{"feeds/a.go", module + "/hub/taxii", true},
		{"feeds/a.go", module + "/hub/stix", false},
		{"hub/a.go", module + "/scanner", true},
		{"hub/a.go", module + "/hub/tlp", false},
		{"hub/a.go", module + "/internal/store", false},
		{"hub/a.go", module + "/internal/store/bolt", true},
		{"hub/a_test.go", module + "/internal/store/bolt", false},
		{"hub/a.go", module + "/internal/store/storetest", true},
		{"hub/a_test.go", module + "/internal/store/storetest", false},
		{"hub/tlp/a.go", module + "/hub", true},
		{"hub/stix/a.go", module + "/hub/stix/pattern", false},
		{"hub/api/a.go", module + "/advisories", false},
		{"hub/api/a.go", module + "/advisories/csaf", true},
		{"hub/api/a.go", module + "/hub/portal", true},
		{"hub/portal/a.go", module + "/scanner/report", false},
		{"hub/portal/a.go", module + "/scanner/checks", true},
		{"hub/portal/school/a.go", module + "/hub/portal", false},
		{"hub/a.go", module + "/hub/portal", true},

		{"cmd/infohub/main.go", module + "/internal/app", false},
		{"cmd/infohub/main.go", module + "/internal/store/bolt", true},
		{"cmd/infohub/main.go", module + "/hub/portal", true},
		{"cmd/infohub/main.go", module + "/internal/lab", true},
		{"cmd/infohub/main_test.go", module + "/internal/lab", false},
		{"cmd/infohub/main.go", "github.com/spf13/cobra", false},
		{"scanner/a.go", "github.com/spf13/cobra", true},
		{"cmd/infohub/main.go", nuclei, true},
		{"cmd/infohub/main_test.go", nuclei, true},
		{"cmd/infohub-nuclei/main.go", nuclei, false},
		{"cmd/infohub-nuclei/main.go", module + "/scanner", true},
		{"hub/a.go", "net/http/pprof", true},
		{"hub/a.go", "net/http", false},
		{"misc/a.go", "fmt", true}, // no such room
	}
	for _, tt := range tests {
		t.Run(tt.file+" imports "+tt.imports, func(t *testing.T) {
			// A tag and another system's name hide nothing.
			name := strings.TrimSuffix(tt.file, ".go")
			if !strings.HasSuffix(name, "_test") {
				name += "_windows"
			}
			source := "//go:build nuclei\n\npackage p\n\nimport _ \"" + tt.imports + "\"\n"
			files, err := readSource(fstest.MapFS{name + ".go": {Data: []byte(source)}})
			if err != nil {
				t.Fatal(err)
			}
			if got := checkImports(files); (len(got) > 0) != tt.bad {
				t.Errorf("complaints %q, want some: %v", got, tt.bad)
			}
		})
	}
}
