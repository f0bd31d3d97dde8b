// Package mailprobe collects how a domain receives mail and protects its name
// in mail: MX and the servers behind it (RFC 5321, RFC 7505, RFC 3207), SPF
// (RFC 7208), DMARC (RFC 9989 and RFC 7489), DKIM keys under well-known
// selectors (RFC 6376), MTA-STS (RFC 8461), TLS reporting (RFC 8460), DANE (RFC
// 7672) and BIMI. It greets mail servers and says goodbye: it never begins a message.
//
// Only internal/app and tests import it; it imports scanner, and the tlsprobe
// and webprobe packages for their one helper each.
package mailprobe

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Probe is the "mail" probe. It is safe for concurrent use.
type Probe struct {
	// Hello is the name that EHLO gives. Empty: the address literal of our end
	// of the connection, which is always true (RFC 5321 section 4.1.4).
	Hello string

	greeting time.Duration // how long a server may take to greet
	answer   time.Duration // and to answer a command
	servers  time.Duration // how long all of them together may take
	// prompt is how long a server may take to greet and answer, and still be
	// examined whole: with more, a dozen sessions would take minutes.
	prompt time.Duration
}

// New makes the probe. A greeting may take 12 s, because servers hold it back
// for up to 6 s to tell machines that talk too early; all mail servers together
// 40 s, so that slow ones do not use up a scan's minute.
func New() *Probe {
	return &Probe{greeting: 12 * time.Second, answer: 8 * time.Second, servers: 40 * time.Second, prompt: time.Second}
}

// Name is "mail".
func (p *Probe) Name() string { return "mail" }

// After is the DNS probe: a name that does not exist has no mail.
func (p *Probe) After() []string { return []string{"dns"} }

// scan is the work on one domain.
type scan struct {
	*Probe
	net     *scanner.Network
	domain  string
	started time.Time
	dkim    []string            // selectors of the user
	busy    map[netip.Addr]bool // addresses that the other probes visit too
}

// Collect fills scanner.MailFacts. All parts run at once; each carries its own
// failure. The error is that of ctx, or of a fault in this program.
func (p *Probe) Collect(ctx context.Context, in scanner.Input) (scanner.Section, error) {
	s := &scan{Probe: p, net: in.Net, domain: in.Facts.Target.Domain, started: in.Facts.Started, dkim: in.Facts.Options.DKIM}
	if in.Facts.DNS != nil {
		s.busy = map[netip.Addr]bool{}
		for _, h := range in.Facts.DNS.Hosts {
			for _, a := range h.Addrs {
				s.busy[a] = true
			}
		}
	}
	facts := &scanner.MailFacts{}
	err := together(
		func() { s.mx(ctx, facts) },
		func() { facts.SPF = s.spf(ctx) },
		func() { facts.DMARC = s.dmarc(ctx) },
		func() { facts.DKIM = s.dkimKeys(ctx) },
		func() { facts.MTASTS = s.mtaSTS(ctx) },
		func() { facts.TLSRPT = s.tlsRPT(ctx) },
		func() { facts.BIMI = s.bimi(ctx) },
		func() { facts.Names = s.senderNames(ctx) },
	)
	if err != nil {
		return nil, err
	}
	facts.MTASTS.Unmatched = unmatched(facts.MTASTS, facts.MX)
	if ctx.Err() != nil {
		return facts, context.Cause(ctx)
	}
	return facts, nil
}

// together runs functions at once and waits for all. The engine's own recover
// does not reach their goroutines, so a panic becomes the error here.
func together(parts ...func()) error {
	var (
		wg     sync.WaitGroup
		faults = make([]error, len(parts))
	)
	for i, part := range parts {
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					faults[i] = scanner.Failf(scanner.FailInternal, fmt.Sprintf("the mail probe panicked: %v\n%s", r, debug.Stack()))
				}
			}()
			part()
		})
	}
	wg.Wait()
	for _, err := range faults {
		if err != nil {
			return err
		}
	}
	return nil
}

// lookup asks the resolver, which remembers answers: a name that is asked for
// twice costs one question.
func (s *scan) lookup(ctx context.Context, name string, qtype uint16) (scanner.Answer, *scanner.Failure) {
	answer, err := s.net.Resolver.Lookup(ctx, name, qtype)
	if err != nil {
		return scanner.Answer{}, scanner.FailureOf(err)
	}
	return answer, nil
}

// maxAddrs is how many addresses of one name are kept.
const maxAddrs = 16

// addresses are those of one name. A failure is set only where it hides
// whether there is one.
type addresses struct {
	list    []netip.Addr // sorted: IPv4 first
	exists  bool
	alias   scanner.Tristate // the name is a CNAME
	cnames  []string         // that it leads to
	failure *scanner.Failure
}

func shownNames(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, scanner.Printable(n, maxFault))
	}
	return out
}

func (s *scan) addresses(ctx context.Context, name string) addresses {
	var (
		out     addresses
		answers [2]scanner.Answer
		faults  [2]*scanner.Failure
	)
	if err := together(
		func() { answers[0], faults[0] = s.lookup(ctx, name, dns.TypeA) },
		func() { answers[1], faults[1] = s.lookup(ctx, name, dns.TypeAAAA) },
	); err != nil {
		return addresses{failure: scanner.FailureOf(err)}
	}
	for i, answer := range answers {
		out.exists = out.exists || answer.Exists
		if out.alias != scanner.Yes && faults[i] == nil {
			out.alias = scanner.No
			if len(answer.CNAMEs) > 0 {
				out.alias, out.cnames = scanner.Yes, shownNames(answer.CNAMEs)
			}
		}
		if out.failure == nil {
			out.failure = faults[i]
		}
		for _, rr := range answer.Records {
			var addr netip.Addr
			switch rr := rr.(type) {
			case *dns.A:
				addr, _ = netip.AddrFromSlice(rr.A)
				addr = addr.Unmap()
			case *dns.AAAA:
				addr, _ = netip.AddrFromSlice(rr.AAAA)
			}
			if addr.IsValid() {
				out.list = append(out.list, addr)
			}
		}
	}
	slices.SortFunc(out.list, netip.Addr.Compare)
	out.list = slices.Compact(out.list)
	out.list = out.list[:min(len(out.list), maxAddrs)]
	if len(out.list) > 0 {
		out.exists, out.failure = true, nil
	}
	return out
}
