//go:build unix

package lab_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

var (
	crowd = flag.Int("names", 10_000, "how many names TestPerformance scans in bulk")
	sites = flag.Int("sites", 400, "how many sites of their own TestPerformance scans")
)

// figure is a row of the table in docs/performance.md.
type figure struct {
	what, aim, measured string
	missed              bool
}

// TestPerformance measures the program itself against real servers on the same
// cores, in one run, and marks an aim that is missed. With -update it
// writes the table of docs/performance.md. make bench asks for it.
func TestPerformance(t *testing.T) {
	if os.Getenv("INFOHUB_BENCH") == "" {
		t.Skip("not run: make bench measures")
	}
	needs(t)
	if why := lab.CannotRun(lab.BadSite()); why != "" {
		notRun(t, why)
	}
	dir, err := os.MkdirTemp("", "infohub-bench")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c, err := lab.Many(t.Context(), dir, *sites, *crowd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	p := program{dir: dir}
	if p.config, err = c.WriteSettings(c.Anchors, c.Sites); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "infohub"), "../../cmd/infohub").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var rows []figure
	for _, measure := range []func(*testing.T, *lab.Crowd, program) []figure{measureScans, measureMemory, measureConnections, measureTestssl, measureLookups} {
		rows = append(rows, measure(t, c, p)...)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Measured %s on %d cores, %s.\n\n| what | aim | measured |\n|---|---|---|\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version())
	for _, r := range rows {
		if r.missed {
			r.measured += " (missed)" // a figure is no test: the page says why it was missed
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.what, r.aim, r.measured)
	}
	t.Log("\n" + b.String())
	if *update {
		writeTable(t, b.String())
	}
}

// writeTable puts the table between the marks in docs/performance.md.
func writeTable(t *testing.T, table string) {
	const begin, end = "<!-- measured -->\n", "<!-- end -->\n"
	file := filepath.Join("..", "..", "docs", "performance.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(data), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	if err := os.WriteFile(file, []byte(head+begin+table+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

func measureScans(t *testing.T, c *lab.Crowd, p program) []figure {
	list := p.list(t, c.Sites)
	p.run(t, "-f", list) // caches of the servers and of the machine
	before := c.Accepts()
	busy, all := processor()
	o := p.run(t, "-f", list)
	busyNow, allNow := processor()
	if o.reports != len(c.Sites) {
		t.Errorf("%d of %d sites were scanned to a grade", o.reports, len(c.Sites))
	}
	handshakes := c.Accepts() - before
	low := floor(t, c.Sites, handshakes)
	one := median(5, func() float64 { return p.run(t, c.Sites[0]).wall.Seconds() })
	rate := float64(len(c.Sites)) / o.wall.Minutes()
	busyShare := float64(busyNow-busy) / float64(allNow-all)
	own := o.cpu.Seconds() / o.wall.Seconds() / float64(runtime.NumCPU())
	return []figure{
		{what: "full passive scans a minute, servers on the same cores", aim: "1,000", measured: fmt.Sprintf("%.0f", rate), missed: rate < 1000},
		{what: "one site, the whole program", aim: "under 1 s", measured: fmt.Sprintf("%.2f s", one), missed: one > 1},
		{
			what:     "time against nothing but whole TLS handshakes, one for each connection that the scans made to the web servers",
			measured: fmt.Sprintf("%.1f times", o.wall.Seconds()/low.Seconds()),
		},
		{what: "processor time of the program for a site", measured: fmt.Sprintf("%.0f ms", 1000*o.cpu.Seconds()/float64(len(c.Sites)))},
		{
			what:     "what the cores did meanwhile",
			measured: fmt.Sprintf("busy for %.0f %%: %.0f %% infohub, %.0f %% the servers and all else", 100*busyShare, 100*own, 100*max(busyShare-own, 0)),
		},
	}
}

func measureMemory(t *testing.T, c *lab.Crowd, p program) []figure {
	few := p.run(t, "-f", p.list(t, c.Names[:len(c.Names)/10]))
	many := p.run(t, "-f", p.list(t, c.Names))
	if many.reports != len(c.Names) {
		t.Errorf("%d of %d names were scanned to a grade", many.reports, len(c.Names))
	}
	mb := func(kb int) float64 { return float64(kb) / 1024 }
	say := func(o ran) string { return fmt.Sprintf("%.0f MB at most, mostly %.0f MB", mb(o.rssAnon), mb(o.usual)) }
	times := mb(many.usual) / mb(few.usual)
	return []figure{
		{what: fmt.Sprintf("memory of its own (RssAnon), %d names", len(c.Names)/10), aim: "under 300 MB", measured: say(few), missed: mb(few.rssAnon) > 300},
		{
			what: fmt.Sprintf("the same, %d names", len(c.Names)), aim: "under 300 MB, and the same",
			measured: fmt.Sprintf("%s: %.2f times", say(many), times), missed: mb(many.rssAnon) > 300 || times > 1.25,
		},
	}
}

func measureConnections(t *testing.T, c *lab.Crowd, p program) []figure {
	c.Connections()
	p.run(t, c.Counted)
	plain := c.Connections()
	p.run(t, "--tls-full", c.Counted)
	full := c.Connections()
	return []figure{
		{what: "connections to one address of a web server, counted there", aim: "at most 40", measured: fmt.Sprint(plain), missed: plain > 40 || plain == 0},
		{what: "the same with `--tls-full`", aim: "at most 150", measured: fmt.Sprint(full), missed: full > 150 || full == 0},
	}
}

// measureTestssl asks testssl.sh for what both look at, and for the same site
// takes the whole program, which looks at much more.
func measureTestssl(t *testing.T, c *lab.Crowd, p program) []figure {
	if testsslProgram() == "" {
		notRun(t, "install testssl.sh")
	}
	began := time.Now()
	if len(runTestssl(t, t.Context(), c.Lab, c.Sites[:1])) != 1 {
		t.Fatal("testssl.sh gave no verdict")
	}
	theirs := time.Since(began).Seconds()
	ours := median(5, func() float64 { return p.run(t, c.Sites[0]).wall.Seconds() })
	return []figure{{
		what: "testssl.sh for one host, the checks that both have, against the whole program for the same host", aim: "50 times",
		measured: fmt.Sprintf("%.1f s against %.2f s: %.0f times", theirs, ours, theirs/ours), missed: theirs/ours < 50,
	}}
}

// measureLookups has zdns and the scanner's resolver ask the lab's resolver for
// the same names, in turns, 100 at a time.
func measureLookups(t *testing.T, c *lab.Crowd, p program) []figure {
	zdns, err := filepath.Abs(filepath.Join("..", "..", "bin", "tools", "zdns"))
	if err == nil {
		_, err = os.Stat(zdns)
	}
	if err != nil {
		notRun(t, "make bin/tools/zdns")
	}
	const n, threads = 50_000, 100
	var theirs, ours []float64
	for round := range 3 {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("r%d-%d.%s", round, i, c.Speed)
		}
		list := p.list(t, names)
		began := time.Now()
		out, err := exec.CommandContext(t.Context(), zdns, "A", "--name-servers", lab.ResolverAddr, "--threads", fmt.Sprint(threads),
			"--input-file", list, "--output-file", filepath.Join(p.dir, "zdns.json")).CombinedOutput()
		theirs = append(theirs, n/time.Since(began).Seconds())
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if data, err := os.ReadFile(filepath.Join(p.dir, "zdns.json")); err != nil || bytes.Count(data, []byte(`"NOERROR"`)) < n {
			t.Fatalf("zdns answered %d of %d (%v)", bytes.Count(data, []byte(`"NOERROR"`)), n, err)
		}
		ours = append(ours, n/lookUp(t, names, threads).Seconds())
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	return []figure{{
		what: "A look-ups a second through the same resolver, 100 at a time, against zdns 2.0.4", aim: "as many",
		measured: fmt.Sprintf("%.0f against %.0f: %.2f times", ours[1], theirs[1], ours[1]/theirs[1]), missed: ours[1] < theirs[1],
	}}
}

// lookUp asks for all names and returns the time it took.
func lookUp(t *testing.T, names []string, threads int) time.Duration {
	server := netip.AddrPortFrom(netip.MustParseAddr(lab.ResolverAddr), 53)
	dialer := &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}
	r := resolve.New(resolve.Config{Dialer: dialer, Forward: []netip.AddrPort{server}, Now: time.Now})
	work := make(chan string, threads)
	var wg sync.WaitGroup
	began := time.Now()
	for range threads {
		wg.Go(func() {
			for name := range work {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				if a, err := r.Lookup(ctx, name, dns.TypeA); err != nil || len(a.Records) == 0 {
					t.Errorf("%s: %v", name, err)
				}
				cancel()
			}
		})
	}
	for _, name := range names {
		work <- name
	}
	close(work)
	wg.Wait()
	return time.Since(began)
}

// floor makes n TLS handshakes with the servers of the sites, on all cores,
// and returns the time they took.
func floor(t *testing.T, names []string, n int) time.Duration {
	t.Helper()
	began := time.Now()
	var wg sync.WaitGroup
	for worker := range 2 * runtime.NumCPU() {
		wg.Go(func() {
			for i := worker; i < n; i += 2 * runtime.NumCPU() {
				c, err := net.Dial("tcp", lab.WebAddrOf(i%len(names))+":443")
				if err != nil {
					t.Error(err)
					return
				}
				s := tls.Client(c, &tls.Config{ServerName: names[i%len(names)], InsecureSkipVerify: true})
				if err := s.Handshake(); err != nil {
					t.Error(err)
				}
				_ = c.Close()
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}

// median runs f n times.
func median(n int, f func() float64) float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = f()
	}
	slices.Sort(out)
	return out[n/2]
}
