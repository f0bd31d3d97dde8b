package resolve_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// Addresses of the servers of example.hk in these tests.
const (
	one = "127.10.0.3"
	two = "127.10.0.4"
)

// delegation is example.hk in the zone hk, with glue.
const delegation = "example NS ns1.example\nexample NS ns2.example\nns1.example A " + one + "\nns2.example A " + two + "\n"

// apex is what example.hk has in any case.
const apex = "@ NS ns1\n@ NS ns2\nns1 A " + one + "\nns2 A " + two + "\n"

// walker is a resolver that walks the lab from its root.
func walker(l *dnslab.Lab) *resolve.Resolver { return resolve.New(config(l)) }

// hasty is a walker for a lab in which somebody does not answer.
func hasty(l *dnslab.Lab, kind scanner.FailureKind) *resolve.Resolver {
	c := config(l)
	c.Timeout = patience(kind)
	return resolve.New(c)
}

func config(l *dnslab.Lab) resolve.Config {
	c := resolve.Config{
		Dialer:    l.Dialer(),
		RootHints: []resolve.Hint{{Name: "a.root", Addr: netip.MustParseAddr(dnslab.RootAddr)}},
		Now:       dnslab.Now,
		Timeout:   patience(""),
	}
	if l.Zones["."] != nil && l.Zones["."].Sign != nil {
		c.Anchors = l.Anchors()
	}
	return c
}

// forwarder is a resolver that asks one of the lab, at 127.10.0.9.
func forwarder(l *dnslab.Lab, options ...func(*dnslab.Server)) *resolve.Resolver {
	s := l.Server("127.10.0.9", append(options, func(s *dnslab.Server) { s.Recurse = true })...)
	c := config(l)
	c.Forward = []netip.AddrPort{s.AddrPort()}
	return resolve.New(c)
}

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// patience is how long servers get in a test: so long that a busy machine does
// not matter, or, where one of them never answers, not long.
func patience(kind scanner.FailureKind) time.Duration {
	if kind == scanner.FailTimeout || kind == scanner.FailProtocol {
		return 400 * time.Millisecond
	}
	return 20 * time.Second
}

// kindOf is the kind of a failure, "" for none.
func kindOf(err error) scanner.FailureKind {
	if err == nil {
		return ""
	}
	return scanner.FailureOf(err).Kind
}

func values(records []dns.RR) []string {
	var out []string
	for _, rr := range records {
		switch rr := rr.(type) {
		case *dns.A:
			out = append(out, rr.A.String())
		case *dns.TXT:
			out = append(out, rr.Txt...)
		default:
			out = append(out, rr.String())
		}
	}
	return out
}
