package app

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate bounds how often somebody may ask: so many requests a second in the long
// run, and so many at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// maxBuckets bounds the memory of a limiter: with more callers than this at
// once, those who were idle longest begin anew.
const maxBuckets = 20000

// limiter has a bucket for each caller.
type limiter struct {
	rate    Rate
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	*rate.Limiter
	used time.Time
}

func newLimiter(r Rate) *limiter { return &limiter{rate: r, buckets: map[string]*bucket{}} }

// take takes a token of a caller's bucket, or says how long to wait for one.
func (l *limiter) take(who string) (wait time.Duration, ok bool) {
	if l.rate.PerSecond <= 0 {
		return 0, true
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[who]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			l.forget(now)
		}
		b = &bucket{Limiter: rate.NewLimiter(rate.Limit(l.rate.PerSecond), l.rate.Burst)}
		l.buckets[who] = b
	}
	b.used = now
	if b.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - b.TokensAt(now)
	return time.Duration(missing / l.rate.PerSecond * float64(time.Second)), false
}

// forget drops the buckets that are full again, and half of the others if that
// does not make room.
func (l *limiter) forget(now time.Time) {
	for who, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.rate.Burst) {
			delete(l.buckets, who)
		}
	}
	for who := range l.buckets {
		if len(l.buckets) < maxBuckets/2 {
			return
		}
		delete(l.buckets, who)
	}
}

// limits are those of one server.
type limits struct {
	addresses, keys, failures *limiter
}

func (l *limits) address(from string) (time.Duration, bool) {
	return l.addresses.take(subscriber(from))
}

// failed counts a wrong key.
func (l *limits) failed(from string) (time.Duration, bool) { return l.failures.take(subscriber(from)) }

// subscriber is what an address is counted as: of IPv6 everybody has 2^64.
func subscriber(from string) string {
	addr, err := netip.ParseAddr(from)
	if err != nil || addr.Unmap().Is4() {
		return from
	}
	return netip.PrefixFrom(addr.WithZone(""), 64).Masked().String()
}

// tooMany answers a request that came too soon.
func tooMany(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	seconds := int(wait/time.Second) + 1
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	problem(w, r, http.StatusTooManyRequests, "too many requests: wait "+strconv.Itoa(seconds)+" s, as Retry-After says")
}

// problem answers with an error, in the words of whichever protocol was spoken.
func problem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	title := http.StatusText(status)
	kind, body := "application/problem+json", map[string]any{"title": title, "status": status, "detail": detail}
	if strings.HasPrefix(r.URL.Path, "/taxii2") {
		kind, body = "application/taxii+json;version=2.1", map[string]any{"title": title, "http_status": strconv.Itoa(status), "description": detail}
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // nobody is left to tell
}
