package resolve

import (
	"container/list"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// layered is a bounded cache in two parts: one for names of the root and the
// top-level domains, one for everything below. Each forgets what was used
// longest ago when its bound of cost is reached.
type layered[V any] struct{ kept, leaf lru[V] }

func newLayered[V any](kept, leaf int) *layered[V] {
	return &layered[V]{kept: lru[V]{max: kept}, leaf: lru[V]{max: leaf}}
}

// of is the part for a name.
func (c *layered[V]) of(name string) *lru[V] {
	if dns.CountLabel(name) <= 1 {
		return &c.kept
	}
	return &c.leaf
}

type lru[V any] struct {
	max int // cost, in the caller's unit

	mu    sync.Mutex
	used  int
	order list.List // of *entry[V], the latest used first
	m     map[string]*list.Element
}

type entry[V any] struct {
	key  string
	val  V
	cost int
	end  time.Time
}

func (c *lru[V]) get(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var none V
	el := c.m[key]
	if el == nil {
		return none, false
	}
	e := el.Value.(*entry[V])
	if time.Now().After(e.end) {
		c.remove(el)
		return none, false
	}
	c.order.MoveToFront(el)
	return e.val, true
}

// put keeps val for ttl; what costs more than a tenth of the bound is not kept.
func (c *lru[V]) put(key string, val V, cost int, ttl time.Duration) {
	cost += len(key)/64 + 1
	if cost > c.max/10 || ttl <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if el := c.m[key]; el != nil {
		c.remove(el)
	}
	if c.m == nil {
		c.m = map[string]*list.Element{}
	}
	c.m[key] = c.order.PushFront(&entry[V]{key, val, cost, time.Now().Add(ttl)})
	c.used += cost
	for c.used > c.max {
		c.remove(c.order.Back())
	}
}

func (c *lru[V]) remove(el *list.Element) {
	e := c.order.Remove(el).(*entry[V])
	delete(c.m, e.key)
	c.used -= e.cost
}

// lifetime is how long an answer is kept: its shortest TTL within our bounds,
// so that a fact is fetched once in a scan even where the TTL is 0.
func lifetime(m *dns.Msg) time.Duration {
	ttl := maxTTL
	for _, section := range [][]dns.RR{m.Answer, m.Ns} {
		for _, rr := range section {
			ttl = min(ttl, time.Duration(rr.Header().Ttl)*time.Second)
			if soa, ok := rr.(*dns.SOA); ok && len(m.Answer) == 0 { // RFC 2308 section 5
				ttl = min(ttl, time.Duration(soa.Minttl)*time.Second)
			}
		}
	}
	return max(ttl, minTTL)
}
