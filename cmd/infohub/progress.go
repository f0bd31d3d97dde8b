package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// progress is one line on a terminal's standard error that says how far the
// scan is. Off a terminal it says nothing.
type progress struct {
	g     *global
	on    bool
	width int
	total int
	began time.Time

	mu      sync.Mutex
	done    int
	running map[string][]string // domain -> probes under way
	drawn   bool
	quit    chan struct{}
	gone    chan struct{}
}

func newProgress(g *global, quiet bool, total int) *progress {
	tty, width := g.terminal(g.err)
	return &progress{
		g: g, on: tty && !quiet, width: width, total: total, began: time.Now(),
		running: map[string][]string{}, quit: make(chan struct{}), gone: make(chan struct{}),
	}
}

// watch is told by the engine what begins and ends.
func (p *progress) watch(t scanner.Target, probe string, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list, known := p.running[t.Unicode]
	if ended {
		if !known {
			return // a probe that was left behind ended after its target
		}
		list = slices.DeleteFunc(list, func(s string) bool { return s == probe })
	} else {
		list = append(list, probe)
	}
	p.running[t.Unicode] = list
	if probe == "" { // the whole target
		delete(p.running, t.Unicode)
		if ended {
			p.done++
		}
	}
}

func (p *progress) start() {
	if !p.on {
		close(p.gone)
		return
	}
	go func() {
		defer close(p.gone)
		tick := time.NewTicker(150 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.mu.Lock()
				p.draw()
				p.mu.Unlock()
			case <-p.quit:
				return
			}
		}
	}()
}

// pause takes the line away while f prints.
func (p *progress) pause(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	f()
}

func (p *progress) end() {
	close(p.quit)
	<-p.gone
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.drawn {
		fmt.Fprint(p.g.err, "\r\x1b[K")
		p.drawn = false
	}
}

func (p *progress) draw() {
	var names []string
	for domain, probes := range p.running {
		names = append(names, strings.TrimSpace(domain+" "+strings.Join(probes, " ")))
	}
	slices.Sort(names)
	if len(names) == 0 {
		return
	}
	w := p.g.words()
	line := w.T("progress.sites", "done", p.done, "total", p.total)
	if p.total == 1 {
		line, names = w.T("progress.site", "domain", names[0]), nil
	}
	line += fmt.Sprintf("  %d s  %s", int(time.Since(p.began).Seconds()), strings.Join(names, ", "))
	fmt.Fprint(p.g.err, "\r\x1b[K"+cut(line, p.width-1))
	p.drawn = true
}

// cut shortens s to at most n columns, counting anything beyond Latin as two.
func cut(s string, n int) string {
	used := 0
	for i, r := range s {
		w := 1
		if r >= 0x1100 {
			w = 2
		}
		if used += w; used > n {
			return s[:i]
		}
	}
	return s
}
