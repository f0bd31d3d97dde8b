package app_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

// trap panics where a hostile answer might make a parser panic.
type trap struct {
	*netguard.Scope
	port uint16
}

func (d trap) Dial(ctx context.Context, network, host string, ap netip.AddrPort) (net.Conn, error) {
	if ap.Port() == d.port {
		panic("a parser broke")
	}
	return d.Scope.Dial(ctx, network, host, ap)
}

type trapResolver struct {
	scanner.Resolver
	qtype uint16
}

func (r trapResolver) Lookup(ctx context.Context, name string, qtype uint16) (scanner.Answer, error) {
	if qtype == r.qtype {
		panic("a parser broke")
	}
	return r.Resolver.Lookup(ctx, name, qtype)
}

// TestPanicsStayInTheirProbe: a panic anywhere in a probe, on whichever
// goroutine, makes what depends on it unknown; the other probes and the program
// go on.
func TestPanicsStayInTheirProbe(t *testing.T) {
	for _, tc := range []struct {
		name  string
		port  uint16
		qtype uint16
		rule  string // is unknown
		other string // is judged all the same
	}{
		{"http", 80, 0, "web.https.no-redirect", "mail.spf.missing"},
		{"https", 443, 0, "tls.certificate.expired", "dns.caa.missing"},
		{"mail", 25, 0, "mail.starttls.missing", "tls.certificate.expired"},
		{"text records", 0, dns.TypeTXT, "mail.spf.missing", "tls.certificate.expired"},
		{"mail servers", 0, dns.TypeMX, "mail.starttls.missing", "tls.certificate.expired"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			site, e := shop(t, []string{})
			plain := e.Network
			e.Network = func(opts scanner.Options) *scanner.Network {
				n := plain(opts)
				n.Dialer = trap{n.Dialer.(*netguard.Scope), tc.port}
				n.Resolver = trapResolver{n.Resolver, tc.qtype}
				return n
			}
			r := e.Scan(t.Context(), mustTarget(t, site.Domain), scanner.Options{})
			if f, _ := r.Finding(tc.rule); f.Outcome != scanner.UnknownResult || f.Failure == nil || f.Failure.Kind != scanner.FailInternal {
				t.Errorf("%s: %s, %v", tc.rule, f.Outcome, f.Failure)
			}
			if f, _ := r.Finding(tc.other); f.Outcome != scanner.Pass {
				t.Errorf("%s: %s, %v", tc.other, f.Outcome, f.Failure)
			}
		})
	}
}
