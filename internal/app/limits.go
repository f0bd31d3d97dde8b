package app

import (
	"encoding/json"
	"net/http"
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

func (l *limits) address(from string) (time.Duration, bool) { return l.addresses.take(from) }

// tooMany answers a request that came too soon, in the words of whichever
// protocol it spoke.
func tooMany(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	seconds := int(wait/time.Second) + 1
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	detail := "too many requests: wait " + strconv.Itoa(seconds) + " s, as Retry-After says"
	body := map[string]any{"title": http.StatusText(http.StatusTooManyRequests), "status": http.StatusTooManyRequests, "detail": detail}
	kind := "application/problem+json"
	if strings.HasPrefix(r.URL.Path, "/taxii2") {
		kind = "application/taxii+json;version=2.1"
		body = map[string]any{"title": "Too many requests", "http_status": "429", "description": detail}
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(http.StatusTooManyRequests)
	_ = json.NewEncoder(w).Encode(body) // nobody is left to tell
}
