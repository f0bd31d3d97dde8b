package resolve_test

import (
	"testing"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// BenchmarkWalk is a look-up from the root down, with nothing in the cache.
func BenchmarkWalk(b *testing.B) {
	l := shop(b)
	c := config(l)
	for b.Loop() {
		if _, err := resolve.New(c).Lookup(b.Context(), "cdn.example.hk", dns.TypeA); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCached is the same look-up again.
func BenchmarkCached(b *testing.B) {
	r := walker(shop(b))
	for b.Loop() {
		if _, err := r.Lookup(b.Context(), "cdn.example.hk", dns.TypeA); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValidate is a chain of three zones, with nothing in the cache.
func BenchmarkValidate(b *testing.B) {
	l := dnslab.New(b)
	l.Zone("example.hk.", shopData, &dnslab.Signing{}, l.Server(one), l.Server(two))
	l.Top(delegation, &dnslab.Signing{}, &dnslab.Signing{})
	c := config(l)
	for b.Loop() {
		if got := resolve.New(c).Validate(b.Context(), "example.hk", []string{"example.hk", "www.example.hk"}); got.Status != scanner.Secure {
			b.Fatal(got)
		}
	}
}
