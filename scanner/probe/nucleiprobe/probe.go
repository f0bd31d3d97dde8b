// Package nucleiprobe looks for files and pages that must not be public, with
// the templates in rules and the nuclei engine, which runs as a child process
// (infohub-nuclei). It runs only when the owner of the site asked for it.
//
// internal/app may import it.
package nucleiprobe

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/cybersec-infohub/infohub/scanner"
)

// program is the child's file name.
const program = "infohub-nuclei"

// Probe is the probe of active checks.
type Probe struct {
	path string
}

// New returns the probe. path names the child program; "" looks for it beside
// this program and then on the PATH, at each scan.
func New(path string) *Probe { return &Probe{path: path} }

// Name implements scanner.Probe.
func (*Probe) Name() string { return "active" }

// After implements scanner.Probe.
func (*Probe) After() []string { return []string{"dns", "web"} }

// Collect implements scanner.Probe.
func (p *Probe) Collect(_ context.Context, _ scanner.Input) (scanner.Section, error) {
	if p.find() == "" {
		return nil, scanner.Failf(scanner.FailMissing, "infohub-nuclei is not installed: build it with make nuclei")
	}
	return nil, scanner.Failf(scanner.FailInternal, "active checks are not built yet")
}

// find returns the child's path, or "" when it is not installed.
func (p *Probe) find() string {
	if p.path != "" {
		found, err := exec.LookPath(p.path)
		if err != nil {
			return ""
		}
		return found
	}
	if self, err := os.Executable(); err == nil {
		if found, err := exec.LookPath(filepath.Join(filepath.Dir(self), program)); err == nil {
			return found
		}
	}
	found, err := exec.LookPath(program)
	if err != nil {
		return ""
	}
	return found
}
