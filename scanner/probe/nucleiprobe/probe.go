// Package nucleiprobe looks for files and pages that must not be public, with
// the templates in rules and the nuclei engine, which runs as a child process
// (infohub-nuclei). It runs only when the owner of the site asked for it.
//
// The child gets a private home, an empty environment and one way out: a proxy
// in this process, which leads to the site's own web servers through the
// scan's dialer. internal/app may import this package.
package nucleiprobe

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/nucleiwire"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

const (
	// program is the child's file name.
	program = "infohub-nuclei"
	// children is how many children run at a time over all scans: each takes
	// about 130 MB.
	children = 2
	// connections bounds those to one address, beside the ordinary scan's. Each
	// request has its own: 21 for each of up to four origins, and retries.
	connections = 200
	// jobsAtATime, perSecond and requestTime are what the child is told: few
	// requests at a time, as a visitor's browser would make.
	jobsAtATime = 4
	perSecond   = 50
	requestTime = 8 * time.Second
	// margin is left of the scan's time to hand over what is there.
	margin = time.Second
)

// Probe is the probe of active checks.
type Probe struct {
	path  string
	slots chan struct{}
}

// New returns the probe. path names the child program; "" looks for it beside
// this program and then on the PATH, at each scan.
func New(path string) *Probe { return &Probe{path: path, slots: make(chan struct{}, children)} }

// Name implements scanner.Probe.
func (*Probe) Name() string { return "active" }

// After implements scanner.Probe.
func (*Probe) After() []string { return []string{"dns", "web"} }

// fresher is a dialer that can count connections afresh.
type fresher interface {
	Fresh(limit int) *netguard.Scope
}

// Collect runs every template against every web root of the site. A result
// that the engine lost is asked for once more, of a second child, and is
// scanner.ActiveLost after that.
func (p *Probe) Collect(ctx context.Context, in scanner.Input) (scanner.Section, error) {
	child := p.find()
	if child == "" {
		return nil, scanner.Failf(scanner.FailMissing, "infohub-nuclei is not installed: build it with make nuclei")
	}
	if in.Facts.Web == nil {
		return nil, scanner.Failf(scanner.FailUnresolved, "the web probe delivered no web servers")
	}
	templates, err := readTemplates(rules.Templates())
	if err != nil {
		return nil, err
	}
	dialer := in.Net.Dialer
	if f, ok := dialer.(fresher); ok {
		dialer = f.Fresh(connections)
	}
	targets := origins(in.Facts)
	if len(targets) == 0 {
		return &scanner.ActiveFacts{Templates: []scanner.ActiveResult{}}, nil
	}
	ctx, cancel := leave(ctx, margin)
	defer cancel()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	via, err := listen(ctx, dialer, routes(in, targets))
	if err != nil {
		return nil, err
	}
	defer via.close()

	l := newLedger(templates, targets)
	req := nucleiwire.Request{
		Version: nucleiwire.Version, Templates: templates, Concurrency: jobsAtATime, PerSecond: perSecond,
		Timeout: int(requestTime / time.Second), UserAgent: in.Net.UserAgent, Proxy: via.url(),
	}
	for range 2 { // the second for what the first left out
		req.Jobs = l.open()
		if len(req.Jobs) == 0 || ctx.Err() != nil {
			break
		}
		err = run(ctx, child, &req, l)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	facts, whole := l.facts(via, err)
	if whole {
		return facts, nil
	}
	return facts, err
}

// leave is ctx with an earlier deadline, if it has one.
func leave(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, end.Add(-margin), scanner.Failf(scanner.FailTimeout, "the scan's time was over before the active checks had ended"))
}

// find returns the child's path, or "" when it is not installed.
func (p *Probe) find() string {
	places := []string{p.path}
	if p.path == "" {
		places = []string{program}
		if self, err := os.Executable(); err == nil {
			places = []string{filepath.Join(filepath.Dir(self), program), program}
		}
	}
	for _, place := range places {
		if found, err := exec.LookPath(place); err == nil {
			return found
		}
	}
	return ""
}

// readTemplates reads every template, in the order of their names, which are
// the ids of their rules.
func readTemplates(fsys fs.FS) ([]nucleiwire.Template, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	slices.Sort(names)
	var out []nucleiwire.Template
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
		out = append(out, nucleiwire.Template{ID: strings.TrimSuffix(name, ".yaml"), Text: string(text)})
	}
	return out, nil
}
