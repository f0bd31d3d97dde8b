//go:build unix

package lab_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// program is the program itself with the settings of a lab.
type program struct{ dir, config string }

// list writes names to a file for -f.
func (p program) list(t *testing.T, names []string) string {
	t.Helper()
	file := filepath.Join(p.dir, "list.txt")
	if err := os.WriteFile(file, []byte(strings.Join(names, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// ran is one run of the program.
type ran struct {
	wall, cpu time.Duration
	rssAnon   int // highest seen, kB
	usual     int // the median of what was seen, kB
	reports   int // complete, with a grade
}

// run runs a scan with further arguments. Its output goes through a pipe and
// is counted line by line, as a consumer of JSON lines would.
func (p program) run(t *testing.T, args ...string) ran {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(p.dir, "infohub"), append([]string{"scan", "--config", p.config, "--format", "jsonl"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var o ran
	var seen []int
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			seen = append(seen, rssAnon(cmd.Process.Pid))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if line := lines.Bytes(); bytes.Contains(line, []byte(`"status":"complete"`)) && !bytes.Contains(line, []byte(`"letter":""`)) {
			o.reports++
		}
	}
	_ = cmd.Wait() // sites without a grade show in the count of reports
	o.wall = time.Since(began)
	close(done)
	wg.Wait()
	slices.Sort(seen)
	o.rssAnon, o.usual = seen[len(seen)-1], seen[len(seen)/2]
	o.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if s := stderr.String(); s != "" && o.reports == 0 {
		t.Logf("%.2000s", s)
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
