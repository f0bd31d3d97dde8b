//go:build linux

package hublab_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// measureMillion: a collection of a million indicators, in a hub of 200 members.
func measureMillion(t *testing.T, f *figures) {
	c := client(2)
	s := newSite(t, t.TempDir())
	s.serve(nil)
	s.local(func(c *apiclient.Client) error {
		for n := range 200 {
			admit(t, c, fmt.Sprint("Member ", n), fmt.Sprint("member-", n))
		}
		return nil
	})
	pid := s.cmd.Process.Pid
	memory := watchMemory(pid)
	from := newSource(7, s.org)
	var size float64
	var known []indicator // some of them
	before, began := processorTime(t, pid), time.Now()
	for at := 0; at < *many; at += inEnvelope {
		body, inside := from.envelope(inEnvelope)
		s.post(c, body, inEnvelope)
		size += float64(inEnvelope * indicatorSize)
		if at/inEnvelope%max(1, *many/inEnvelope/500) == 0 {
			known = append(known, inside[:4]...)
		}
	}
	n := float64(*many)
	used := (processorTime(t, pid) - before).Seconds()
	f.add(t, fmt.Sprintf("POST of %s indicators into one collection, objects for each second of the hub's processor time", thousands(n)), "", fmt.Sprintf("%s, %s a second", thousands(n/used), thousands(n/time.Since(began).Seconds())), false)
	info, err := os.Stat(filepath.Join(s.data, "infohub.db"))
	if err != nil {
		t.Fatal(err)
	}
	times := float64(info.Size()) / size
	f.add(t, "size of the file, with all indexes, against the JSON", "under 3 times", fmt.Sprintf("%.2f times (%s MB)", times, thousands(float64(info.Size())/1e6)), times >= 3)

	var paths []string
	before = processorTime(t, pid)
	if got := s.readAll(c, func(path string, _ answer) { paths = append(paths, path) }); got != *many {
		t.Fatalf("%d objects came, %d were sent", got, *many)
	}
	rate := n / (processorTime(t, pid) - before).Seconds()
	f.add(t, "GET of all of them in pages of 1,000, objects for each second of the hub's processor time", "200,000", thousands(rate), rate < 200_000)
	measureEnds(t, f, s, paths[0], paths[len(paths)-1])

	a := s.get(c, paths[len(paths)-1])
	nothing := objectsPath + "?added_after=" + url.QueryEscape(a.header.Get("X-TAXII-Date-Added-Last"))
	if got := s.get(c, nothing); string(got.body) != "{}" {
		t.Fatalf("something new: %.100s", got.body)
	}
	var polls, finds latencies
	for range 10_000 {
		began := time.Now()
		s.get(c, nothing)
		polls.add(time.Since(began))
	}
	f.add(t, "a poll with nothing new", "p99 under 1 ms", said(&polls), polls.of(0.99) >= time.Millisecond)
	for k := range 10_000 {
		i := known[k%len(known)]
		path := "/api/v1/search?value=" + url.QueryEscape(i.value)
		began := time.Now()
		a := s.get(c, path)
		finds.add(time.Since(began))
		if !bytes.Contains(a.body, []byte(i.id)) || !json.Valid(a.body) {
			t.Fatalf("%s is not found by %s: %.300s", i.id, i.value, a.body)
		}
	}
	f.add(t, "a look-up by value (an address, a domain, a URL, a hash in turn)", "p99 under 1 ms", said(&finds), finds.of(0.99) >= time.Millisecond)
	floor := emptyAnswers(t, c, 10_000)
	f.add(t, "the limit of both: net/http alone, which answers {} from memory", "", said(floor), false)
	most := memory()
	f.add(t, "memory of the hub's own (RssAnon) in all that, at most", "under 300 MB", fmt.Sprintf("%.0f MB", most), most >= 300)
	s.kill()
	began = time.Now()
	s.serve(nil)
	f.add(t, "from the start of the program, after it was killed, until it listens", "", ms(time.Since(began)), false)
	s.stop()
}

// emptyAnswers asks a process that does nothing else for {}.
func emptyAnswers(t *testing.T, c *http.Client, times int) *latencies {
	t.Helper()
	l := new(latencies)
	at, _ := memoryServer(t, []byte("{}"))
	for range times {
		began := time.Now()
		fetch(t, c, at)
		l.add(time.Since(began))
	}
	return l
}

func said(l *latencies) string {
	return fmt.Sprintf("p50 %s, p99 %s", ms(l.of(0.5)), ms(l.of(0.99)))
}

// measureEnds asks for the first and the last page in turns.
func measureEnds(t *testing.T, f *figures, s *site, first, last string) {
	t.Helper()
	const turns, each = 10, 50
	c := client(2)
	pid := s.cmd.Process.Pid
	var took, used [2]float64
	for range turns {
		for k, path := range []string{first, last} {
			before, began := processorTime(t, pid), time.Now()
			for range each {
				s.get(c, path)
			}
			took[k] += time.Since(began).Seconds()
			used[k] += (processorTime(t, pid) - before).Seconds()
		}
	}
	f.add(t, "the last page of 1,000 against the first", "within 1.5 times",
		fmt.Sprintf("%.2f times the processor time (%.2f ms), %.2f times the time", used[1]/used[0], 1000*used[1]/turns/each, took[1]/took[0]), max(used[1]/used[0], took[1]/took[0]) > 1.5)
}
