//go:build unix

package lab_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/lab"
)

// The benchmarks run the program itself, as make bench builds it, against real
// servers on the same two cores. Their figures are ratios as far as that goes:
// "x-floor" is the time of a scan against the time of nothing but whole TLS
// handshakes with the same servers in the same run, one for each connection
// that the scan made to nginx (some of its own end sooner, some are plain http).

// many starts n sites and returns the folder with the program and its settings.
func many(b *testing.B, n int) (l *lab.Lab, dir string, domains []string) {
	b.Helper()
	needs(b)
	dir, err := os.MkdirTemp("", "infohub-bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, anchors, domains, err := lab.Many(context.Background(), dir, n)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(l.Close)
	files := map[string]string{
		"root.hints":  fmt.Sprintf(". 3600 IN NS a.root.test.\na.root.test. 3600 IN A %s\n", lab.RootAddr),
		"root.ds":     strings.Join(anchors, "\n") + "\n",
		"ca.pem":      l.CA.PEM(),
		"sites.txt":   strings.Join(domains, "\n") + "\n",
		"config.yaml": fmt.Sprintf("root-hints: %[1]s/root.hints\ntrust-anchor: %[1]s/root.ds\nca: %[1]s/ca.pem\nallow-private: true\n", dir),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "infohub"), "../../cmd/infohub").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return l, dir, domains
}

// outcomeOf is one run of the program.
type outcomeOf struct {
	wall, cpu time.Duration
	rssAnon   int // highest seen, kB
	reports   int
}

// runScan runs the program over a list of sites.
func runScan(b *testing.B, dir string, args ...string) outcomeOf {
	b.Helper()
	cmd := exec.Command(filepath.Join(dir, "infohub"), append([]string{"scan", "--config", filepath.Join(dir, "config.yaml"), "--format", "jsonl"}, args...)...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	var o outcomeOf
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			o.rssAnon = max(o.rssAnon, rssAnon(cmd.Process.Pid))
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	_ = cmd.Wait() // sites without a grade would show in the count of reports
	o.wall = time.Since(began)
	close(done)
	wg.Wait()
	o.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	for line := range strings.SplitSeq(out.String(), "\n") {
		if strings.Contains(line, `"status":"complete"`) && !strings.Contains(line, `"letter":""`) {
			o.reports++
		}
	}
	if s := stderr.String(); s != "" {
		b.Log(s)
	}
	return o
}

func rssAnon(pid int) int {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if rest, ok := strings.CutPrefix(sc.Text(), "RssAnon:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb
		}
	}
	return 0
}

// floor makes n TLS handshakes with the servers of the sites, on all cores,
// and returns the time they took.
func floor(b *testing.B, addrs []netip.AddrPort, names []string, n int) time.Duration {
	b.Helper()
	began := time.Now()
	var wg sync.WaitGroup
	for worker := range 2 * runtime.NumCPU() {
		wg.Go(func() {
			for i := worker; i < n; i += 2 * runtime.NumCPU() {
				c, err := net.Dial("tcp", addrs[i%len(addrs)].String())
				if err != nil {
					b.Error(err)
					return
				}
				t := tls.Client(c, &tls.Config{ServerName: names[i%len(names)], InsecureSkipVerify: true})
				if err := t.Handshake(); err != nil {
					b.Error(err)
				}
				_ = c.Close()
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}

func measure(b *testing.B, sites int, args func(dir string, domains []string) []string) {
	l, dir, domains := many(b, sites)
	var addrs []netip.AddrPort
	for i := range domains {
		addrs = append(addrs, netip.AddrPortFrom(netip.MustParseAddr(lab.WebAddrOf(i)), 443))
	}
	var limits string
	runScan(b, dir, args(dir, domains)...) // caches of the servers and of the machine
	for b.Loop() {
		before := l.Accepts()
		busy, all := processor()
		o := runScan(b, dir, args(dir, domains)...)
		busyNow, allNow := processor()
		if o.reports != sites {
			b.Fatalf("%d of %d sites were scanned to a grade", o.reports, sites)
		}
		handshakes := l.Accepts() - before
		low := floor(b, addrs, domains, handshakes)
		b.ReportMetric(float64(sites)/o.wall.Minutes(), "sites/min")
		b.ReportMetric(o.wall.Seconds()/low.Seconds(), "x-floor")
		b.ReportMetric(float64(o.rssAnon)/1024, "RssAnon-MB")
		b.ReportMetric(1000*o.cpu.Seconds()/float64(sites), "own-cpu-ms/site")
		b.ReportMetric(100*o.cpu.Seconds()/o.wall.Seconds()/float64(runtime.NumCPU()), "own-%-of-cores")
		b.ReportMetric(float64(handshakes)/float64(sites), "web-conns/site")
		limits = whatLimits(float64(busyNow-busy)/float64(allNow-all), o)
	}
	b.Log(limits)
}

// processor returns the ticks that this machine's cores were busy, and all, by
// the first line of /proc/stat.
func processor() (busy, all int) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 1
	}
	line, _, _ := strings.Cut(string(data), "\n")
	for i, field := range strings.Fields(line)[1:] {
		n, _ := strconv.Atoi(field)
		all += n
		if i != 3 && i != 4 { // idle, iowait
			busy += n
		}
	}
	return busy, all
}

// whatLimits says in a sentence what a run waited for. busy is the share of
// the cores' time in which anything ran.
func whatLimits(busy float64, o outcomeOf) string {
	own := o.cpu.Seconds() / o.wall.Seconds() / float64(runtime.NumCPU())
	shares := fmt.Sprintf("the cores were busy for %.0f %% of the time, %.0f %% with infohub and %.0f %% with the servers and all else",
		100*busy, 100*own, 100*max(busy-own, 0))
	if busy > 0.85 {
		return "What limits it: the processor; " + shares
	}
	return "What limits it: waiting for answers; " + shares
}

// BenchmarkPeer is sslscan over one host, the fastest of the known TLS
// scanners, for comparison with BenchmarkOneSite in the same run: it looks at
// TLS alone.
func BenchmarkPeer(b *testing.B) {
	if _, err := exec.LookPath("sslscan"); err != nil {
		b.Skip("not run: install sslscan")
	}
	_, dir, domains := many(b, 1)
	args := []string{"--no-colour", "--sni-name=" + domains[0], lab.WebAddrOf(0) + ":443"}
	var peer, own time.Duration
	for b.Loop() {
		began := time.Now()
		if out, err := exec.Command("sslscan", args...).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		peer = time.Since(began)
		own = runScan(b, dir, domains...).wall
	}
	b.ReportMetric(own.Seconds()/peer.Seconds(), "infohub/sslscan")
	b.ReportMetric(1000*peer.Seconds(), "sslscan-ms")
	b.ReportMetric(1000*own.Seconds(), "infohub-ms")
}

// BenchmarkOneSite is a whole run of the program for one site. Aim: under 1 s.
func BenchmarkOneSite(b *testing.B) {
	measure(b, 1, func(_ string, domains []string) []string { return domains })
}

// BenchmarkManySites is a whole run for 200 sites. Aims: 600 a minute, RssAnon
// under 250 MB.
func BenchmarkManySites(b *testing.B) {
	measure(b, 200, func(dir string, _ []string) []string { return []string{"-f", filepath.Join(dir, "sites.txt")} })
}
