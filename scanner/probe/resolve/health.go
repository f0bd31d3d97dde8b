package resolve

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	// deadAfter timeouts in a row, none of which overlap, a server is left
	// alone for deadFor.
	deadAfter = 2
	deadFor   = 15 * time.Second
	// v6Tries timeouts over IPv6 without a single answer, and the root's
	// servers are asked whether IPv6 leads anywhere from here.
	v6Tries   = 6
	v6Hints   = 3     // of them
	maxHealth = 20000 // servers remembered
)

// health remembers how servers behaved, over a whole run.
type health struct {
	servers lru[*record]

	mu                   sync.Mutex
	v6Answers, v6Silence int
	v6Gone               bool
}

type record struct {
	mu      sync.Mutex
	rtt     time.Duration // of the last answer; 0: none yet
	strikes int
	struck  time.Time // when the last strike was noted
}

func newHealth() *health { return &health{servers: lru[*record]{max: maxHealth}} }

func (h *health) of(ep endpoint) *record {
	key := ep.host + "|" + ep.ap.String()
	if r, ok := h.servers.get(key); ok {
		return r
	}
	r := &record{}
	h.servers.put(key, r, 0, time.Hour)
	return r
}

func (h *health) answered(ep endpoint, took time.Duration) {
	r := h.of(ep)
	r.mu.Lock()
	r.rtt, r.strikes = max(took, time.Microsecond), 0
	r.mu.Unlock()
	if ep.ap.Addr().Is6() {
		h.mu.Lock()
		h.v6Answers++
		h.mu.Unlock()
	}
}

// silent notes a timeout of a question put at began.
func (h *health) silent(ep endpoint, began time.Time) {
	r := h.of(ep)
	r.mu.Lock()
	if began.After(r.struck) {
		r.strikes++
		r.struck = time.Now()
	}
	r.mu.Unlock()
	if ep.ap.Addr().Is6() {
		h.mu.Lock()
		h.v6Silence++
		h.mu.Unlock()
	}
}

// v6Suspect: IPv6 has been tried and never worked, and nobody knows why.
func (h *health) v6Suspect() (suspect, gone bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.v6Answers == 0 && h.v6Silence >= v6Tries && !h.v6Gone, h.v6Gone
}

// noIPv6 tells whether IPv6 leads nowhere from here. One domain with dead
// servers is no proof of that; the root's servers are asked too, once.
func (r *Resolver) noIPv6(ctx context.Context) bool {
	suspect, gone := r.health.v6Suspect()
	if !suspect {
		return gone
	}
	gone, _ = r.checking.do(ctx, "", func(ctx context.Context) (bool, error) {
		if suspect, gone := r.health.v6Suspect(); !suspect {
			return gone, nil
		}
		eps, _ := r.root.endpoints()
		var wg sync.WaitGroup
		n := 0
		for _, ep := range eps {
			if ep.ap.Addr().Is6() && n < v6Hints {
				n++
				wg.Go(func() {
					defer func() { _ = recover() }() // an answer that breaks the parser is none
					if answer, _ := r.datagram(ctx, ep, Question(".", dns.TypeSOA)); answer != nil {
						r.health.answered(ep, time.Second)
					}
				})
			}
		}
		wg.Wait()
		if ctx.Err() != nil {
			return false, nil
		}
		r.health.mu.Lock()
		defer r.health.mu.Unlock()
		r.health.v6Gone = r.health.v6Answers == 0
		return r.health.v6Gone, nil
	})
	return gone
}

func (r *record) dead() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.strikes >= deadAfter && time.Since(r.struck) < deadFor
}

// order sorts servers by hope: those that answered, the quickest first; then
// those not asked yet, IPv4 first, in random order; then those that failed. It
// leaves the dead out.
func (h *health) order(all []endpoint) []endpoint {
	type candidate struct {
		ep    endpoint
		score time.Duration
	}
	var list []candidate
	for _, ep := range all {
		r := h.of(ep)
		if r.dead() {
			continue
		}
		r.mu.Lock()
		score := r.rtt.Truncate(5 * time.Millisecond)
		if r.rtt == 0 {
			score = time.Second
			if ep.ap.Addr().Is6() {
				score += time.Second
			}
		}
		score += time.Duration(r.strikes) * 5 * time.Second
		r.mu.Unlock()
		list = append(list, candidate{ep, score})
	}
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] }) //nolint:gosec // it spreads load, nothing more
	slices.SortStableFunc(list, func(a, b candidate) int { return int(a.score - b.score) })
	sorted := make([]endpoint, len(list))
	for i, c := range list {
		sorted[i] = c.ep
	}
	return sorted
}
