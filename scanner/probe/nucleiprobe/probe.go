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
	"github.com/cybersec-infohub/infohub/rules/template"
	"github.com/cybersec-infohub/infohub/scanner"
)

const (
	// program is the child's file name.
	program = "infohub-nuclei"
	// children is how many children run at a time over all scans: each takes
	// about 130 MB.
	children = 2
	// tries is how often a request may be made: each has a connection of its
	// own, the engine tries twice, and so may a second child.
	tries = 4
	// jobsAtATime, perSecond and requestTime are what the child is told: few
	// requests at a time, as a visitor's browser would make.
	jobsAtATime = 6
	perSecond   = 50
	requestTime = 8 * time.Second
	// margin is left of the scan's time to hand over what is there.
	margin = time.Second
)

// Probe is the probe of active checks.
type Probe struct {
	path  string
	given []template.Template
	slots chan struct{}
}

// New returns the probe. path names the child program; "" looks for it beside
// this program and then on the PATH, at each scan. given are templates to run
// beside infohub's own, from template.Load.
func New(path string, given ...template.Template) *Probe {
	return &Probe{path: path, given: given, slots: make(chan struct{}, children)}
}

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
	templates, requests, err := p.templates(in.Facts)
	if err != nil {
		return nil, err
	}
	targets := origins(in.Facts)
	if len(targets) == 0 {
		return &scanner.ActiveFacts{Templates: []scanner.ActiveResult{}}, nil
	}
	dialer := in.Net.Dialer
	if f, ok := dialer.(fresher); ok { // a bound beside the ordinary scan's
		dialer = f.Fresh(tries * (requests + 1) * len(targets))
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

	l := newLedger(templates, len(p.given), targets)
	l.block(blockedByWeb(in.Facts), canary(ctx, via, in.Net.UserAgent, targets))
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
	l.block(canary(ctx, via, in.Net.UserAgent, targets))
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

// templates are infohub's own, in the order of their names, which are the ids
// of their rules, and then the user's; requests is how many they make of one
// target.
func (p *Probe) templates(f *scanner.Facts) (all []nucleiwire.Template, requests int, err error) {
	fsys := rules.Templates()
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, 0, fmt.Errorf("templates: %w", err)
	}
	slices.Sort(names)
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, 0, fmt.Errorf("templates: %w", err)
		}
		tpl, err := template.Check(name, []byte(withScripts(name, string(text), f)))
		if err != nil {
			return nil, 0, fmt.Errorf("templates: %w", err)
		}
		requests += tpl.Requests
		all = append(all, nucleiwire.Template{ID: strings.TrimSuffix(name, ".yaml"), Text: tpl.Text})
	}
	for _, tpl := range p.given { // an id of theirs has no dot, and one of ours has
		requests += tpl.Requests
		all = append(all, nucleiwire.Template{ID: tpl.ID, Text: tpl.Text})
	}
	return all, requests, nil
}
