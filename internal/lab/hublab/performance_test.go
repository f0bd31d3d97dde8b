//go:build linux

package hublab_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	update = flag.Bool("update", false, "write a table of docs/performance.md")
	many   = flag.Int("objects", 1_000_000, "how many indicators the large collection has")
)

// figure is a row of the table in docs/performance.md.
type figure struct {
	part, what, aim, measured string
	missed                    bool
}

// figures are the rows, in the order of the parts.
type figures struct{ rows []figure }

func (f *figures) add(t *testing.T, what, aim, measured string, missed bool) {
	part := t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]
	f.rows = append(f.rows, figure{part, what, aim, measured, missed})
	t.Logf("%s | %s | %s | missed: %v", what, aim, measured, missed)
}

// TestHubPerformance measures `infohub serve` as a process, over HTTP on
// loopback, while what asks runs on the same cores. make bench runs it, and with
// -update it writes the hub's table of docs/performance.md, where an aim that is
// missed is marked: a figure is no test. One part is run by
// -run 'TestHubPerformance/NAME'.
func TestHubPerformance(t *testing.T) {
	if os.Getenv("INFOHUB_BENCH") == "" {
		t.Skip("not run: make bench measures")
	}
	measure(t, "hub", []part{{"exchange", measureExchange}, {"million", measureMillion}, {"crowd", measureCrowd}})
}

// part is a part of a measurement.
type part struct {
	name    string
	measure func(*testing.T, *figures)
}

// measure runs the parts, and with -update writes a table of docs/performance.md.
func measure(t *testing.T, name string, parts []part) {
	t.Helper()
	f := new(figures)
	whole := true
	for _, part := range parts {
		ran := false
		t.Run(part.name, func(t *testing.T) { ran = true; part.measure(t, f) })
		whole = whole && ran
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Measured %s on %d cores, %s.\n\n| part | what | aim | measured |\n|---|---|---|---|\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version())
	for _, r := range f.rows {
		if r.missed {
			r.measured += " (missed)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.part, r.what, r.aim, r.measured)
	}
	t.Log("\n" + b.String())
	if *update && whole && !t.Failed() {
		writeTable(t, name, b.String())
	}
}

// writeTable puts the table between the marks in docs/performance.md.
func writeTable(t *testing.T, name, table string) {
	t.Helper()
	begin, end := "<!-- measured: "+name+" -->\n", "<!-- end: "+name+" -->\n"
	file := filepath.Join("..", "..", "..", "docs", "performance.md")
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

// inEnvelope is how many indicators an envelope of the measurements has, and
// onPage how many a page.
const (
	inEnvelope = 500
	onPage     = 1000
)

// post must be acknowledged whole.
func (s *site) post(c *http.Client, body []byte, objects int) {
	s.t.Helper()
	a, err := s.ask(s.t.Context(), c, http.MethodPost, objectsPath, bytes.NewReader(body))
	if err != nil || a.code != http.StatusAccepted {
		s.t.Fatalf("POST: %d %v %.500s", a.code, err, a.body)
	}
	if got, err := readStatus(a.body); err != nil || got.SuccessCount != objects {
		s.t.Fatalf("POST: %d of %d were stored, %v, %+v", got.SuccessCount, objects, err, got.Failures[:min(len(got.Failures), 3)])
	}
}

// readAll reads the collection page by page, and calls each with where a page is
// and what it is.
func (s *site) readAll(c *http.Client, each func(path string, page answer)) (objects int) {
	s.t.Helper()
	path := objectsPath + fmt.Sprintf("?limit=%d", onPage)
	for {
		a := s.get(c, path)
		objects += bytes.Count(a.body, []byte(`{"type":"indicator"`))
		if each != nil {
			each(path, a)
		}
		// The head of the page is enough to find the next: it is what a client
		// would parse.
		_, after, ok := bytes.Cut(a.body[:min(len(a.body), 1000)], []byte(`"next":"`))
		if !ok {
			return objects
		}
		next, _, _ := bytes.Cut(after, []byte(`"`))
		path = objectsPath + fmt.Sprintf("?limit=%d&next=%s", onPage, next)
	}
}

// measureExchange: 10,000 indicators in and out.
func measureExchange(t *testing.T, f *figures) {
	const objects, rounds, readings = 10_000, 5, 50
	c := client(2)
	var in, raw, out, memory []float64 // objects a second of processor time
	for round := range rounds {
		s := newSite(t, t.TempDir())
		s.serve(nil)
		pid := s.cmd.Process.Pid
		from := newSource(uint64(round), s.org)
		var envelopes [][]byte
		var each [][]byte
		for range objects / inEnvelope {
			body, inside := from.envelope(inEnvelope)
			envelopes = append(envelopes, body)
			for _, i := range inside {
				each = append(each, i.raw)
			}
		}
		before := processorTime(t, pid)
		for _, body := range envelopes {
			s.post(c, body, inEnvelope)
		}
		in = append(in, objects/(processorTime(t, pid)-before).Seconds())
		raw = append(raw, objects/rawPuts(t, each, inEnvelope).Seconds())

		var page []byte
		before = processorTime(t, pid)
		for range readings {
			if got := s.readAll(c, func(_ string, a answer) { page = a.body }); got != objects {
				t.Fatalf("%d objects came, %d were sent", got, objects)
			}
		}
		out = append(out, readings*objects/(processorTime(t, pid)-before).Seconds())
		memory = append(memory, readings*objects/fromMemory(t, c, page, readings*objects/onPage).Seconds())
		s.stop()
	}
	a, b := median(in), median(raw)
	f.add(t, "POST of 10,000 indicators in envelopes of 500, checked and on disk, objects for each second of the hub's processor time", "20,000, at least 10,000", thousands(a), a < 20_000)
	f.add(t, "the limit: bbolt alone, puts of the same bytes in the same batches, and the hub's time against it", "", fmt.Sprintf("%s: %.1f times", thousands(b), b/a), false)
	a, b = median(out), median(memory)
	f.add(t, "GET of all of them in pages of 1,000, objects for each second of the hub's processor time", "500,000, at least 200,000", thousands(a), a < 500_000)
	f.add(t, "the limit: net/http alone, the same bytes from memory, and the hub's time against it", "", fmt.Sprintf("%s: %.1f times", thousands(b), b/a), false)
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}
