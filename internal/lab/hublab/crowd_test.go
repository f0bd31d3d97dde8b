//go:build linux

package hublab_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// measureCrowd: many who ask at once.
func measureCrowd(t *testing.T, f *figures) {
	s := newSite(t, t.TempDir())
	s.serve(nil)
	c := client(4)
	from := newSource(9, s.org)
	const objects = 100_000
	for range objects / inEnvelope {
		body, _ := from.envelope(inEnvelope)
		s.post(c, body, inEnvelope)
	}
	var paths []string
	s.readAll(c, func(path string, _ answer) { paths = append(paths, path) })
	last := s.get(c, paths[len(paths)-1]).header.Get("X-TAXII-Date-Added-Last")

	p := s.pollAndPost(100, 2, 50, 10*time.Second, time.Second, 200*time.Millisecond, last)
	f.add(t, "100 pollers ask each second for what is new while two writers post envelopes of 50, five a second each: a poll", "", said(&p.polls), false)
	f.add(t, "... a POST", "", said(&p.posts), false)
	p = s.pollAndPost(100, 2, inEnvelope, 10*time.Second, 0, 0, last)
	f.add(t, fmt.Sprintf("100 pollers (pages of 100) and two writers (envelopes of 500), all as fast as they can, on %d objects: a poll", objects), "", fmt.Sprintf("%s; %s a second", said(&p.polls), thousands(p.rate(&p.polls))), false)
	f.add(t, "... a POST", "", fmt.Sprintf("%s; %s objects a second", said(&p.posts), thousands(inEnvelope*p.rate(&p.posts))), false)
	s.stop()
	s.serve(nil) // to see what the next costs alone
	memory := watchMemory(s.cmd.Process.Pid)
	got := s.readAtOnce(t, paths, 1000, 20*time.Second)
	most := memory()
	f.add(t, "1,000 pollers at once of that collection in pages of 1,000, every fifth at 200 kB/s: memory of the hub's own (RssAnon), at most", "under 500 MB", fmt.Sprintf("%.0f MB; %s objects a second", most, thousands(got)), most >= 500)
	s.stop()
}

// polled is what pollers and writers saw.
type polled struct {
	polls, posts latencies
	took         time.Duration
}

func (p *polled) rate(l *latencies) float64 { return float64(len(l.all)) / p.took.Seconds() }

// pollAndPost lets pollers ask for what is new and writers post. Without a pause
// the pollers ask for pages of 100.
func (s *site) pollAndPost(pollers, writers, objects int, long, pollEach, postEach time.Duration, last string) *polled {
	s.t.Helper()
	p := new(polled)
	c := client(pollers + writers)
	defer c.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(s.t.Context(), long)
	defer cancel()
	began := time.Now()
	var wg sync.WaitGroup
	work := func(each time.Duration, l *latencies, do func() error) {
		wait := time.Duration(rand.Int64N(int64(max(each, 1))))
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			at := time.Now()
			if err := do(); err != nil {
				s.t.Error(err)
				return
			}
			l.add(time.Since(at))
			wait = max(0, each-time.Since(at))
		}
	}
	limit := onPage
	if pollEach == 0 {
		limit = 100
	}
	for range pollers {
		after := last
		wg.Go(func() {
			work(pollEach, &p.polls, func() error {
				a, err := s.ask(s.t.Context(), c, http.MethodGet, fmt.Sprintf("%s?limit=%d&added_after=%s", objectsPath, limit, url.QueryEscape(after)), nil)
				if a.code != http.StatusOK {
					return errors.Join(err, fmt.Errorf("a poll: %d %.200s", a.code, a.body))
				}
				after = a.header.Get("X-TAXII-Date-Added-Last")
				return err
			})
		})
	}
	for w := range writers {
		from := newSource(uint64(100+w)+uint64(began.UnixNano()), s.org)
		var body []byte
		body, _ = from.envelope(objects)
		wg.Go(func() {
			work(postEach, &p.posts, func() error {
				a, err := s.ask(s.t.Context(), c, http.MethodPost, objectsPath, bytes.NewReader(body))
				if a.code != http.StatusAccepted {
					return errors.Join(err, fmt.Errorf("a POST: %d %.200s", a.code, a.body))
				}
				body, _ = from.envelope(objects)
				return err
			})
		})
	}
	wg.Wait()
	p.took = time.Since(began)
	return p
}

// readAtOnce has readers who read pages of theirs until the time is over, every
// fifth slowly, and returns the objects a second that all got together.
func (s *site) readAtOnce(t *testing.T, paths []string, readers int, long time.Duration) float64 {
	t.Helper()
	c := client(readers)
	defer c.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	var wg sync.WaitGroup
	var read atomic.Int64
	began := time.Now()
	for k := range readers {
		wg.Go(func() {
			for page := k; ctx.Err() == nil; page++ {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+paths[page%len(paths)], nil)
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Authorization", "Bearer "+s.key)
				req.Header.Set("Accept", taxiiType)
				res, err := c.Do(req)
				if err != nil {
					if ctx.Err() == nil {
						t.Error(err)
					}
					return
				}
				if res.StatusCode != http.StatusOK {
					t.Errorf("a page: %d", res.StatusCode)
				}
				n, _ := io.Copy(io.Discard, paced(ctx, res.Body, k%5 == 0)) // the end of the time cuts it
				_ = res.Body.Close()
				read.Add(n)
			}
		})
	}
	wg.Wait()
	return float64(read.Load()) / indicatorSize / time.Since(began).Seconds()
}

// paced reads 20 kB each tenth of a second, if it is to be slow.
func paced(ctx context.Context, r io.Reader, slow bool) io.Reader {
	if !slow {
		return r
	}
	return reader(func(p []byte) (int, error) {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		return r.Read(p[:min(len(p), 20_000)])
	})
}

// reader is a function that is an io.Reader.
type reader func(p []byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }
