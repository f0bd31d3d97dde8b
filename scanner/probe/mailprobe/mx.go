package mailprobe

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/tlsprobe"
)

// Bounds on the work on mail servers.
const (
	mxKept     = 50 // names of the MX set
	mxResolved = 20 // names whose addresses are looked up
	mxTalked   = 5  // names that are talked to
	mxAddrs    = 2  // addresses of one name that are tried
	mxConns    = 8  // TCP connections to one address
)

// mx fills the MX part of the facts.
func (s *scan) mx(ctx context.Context, out *scanner.MailFacts) {
	answer, failure := s.lookup(ctx, s.domain, dns.TypeMX)
	if failure != nil {
		out.MXFailure = failure
		return
	}
	out.MX, out.NullMX = mxHosts(answer.Records)
	if len(out.MX) == 0 && !out.NullMX {
		own := s.addresses(ctx, s.domain)
		out.Implicit, out.MXFailure = len(own.list) > 0, own.failure
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.servers, scanner.Failf(scanner.FailTimeout, fmt.Sprintf("the mail servers took longer than %s", s.servers)))
	defer cancel()
	var (
		servers = serverSet{}
		parts   []func()
	)
	for i := range out.MX {
		parts = append(parts, func() { s.host(ctx, &servers, i, &out.MX[i]) })
	}
	if err := together(parts...); err != nil {
		out.MX, out.MXFailure = nil, scanner.FailureOf(err)
	}
}

// mxHosts reads an MX set. "." means no mail if it is alone (RFC 7505 section
// 3) and is ignored beside others.
func mxHosts(records []dns.RR) (hosts []scanner.MXHost, null bool) {
	for _, rr := range records {
		mx, ok := rr.(*dns.MX)
		switch {
		case !ok:
		case mx.Mx == ".":
			null = true
		default:
			name := scanner.Printable(strings.ToLower(strings.TrimSuffix(mx.Mx, ".")), maxFault)
			hosts = append(hosts, scanner.MXHost{Preference: mx.Preference, Name: name})
		}
	}
	slices.SortFunc(hosts, func(a, b scanner.MXHost) int {
		return cmp.Or(cmp.Compare(a.Preference, b.Preference), strings.Compare(a.Name, b.Name))
	})
	seen := map[string]bool{}
	hosts = slices.DeleteFunc(hosts, func(h scanner.MXHost) bool {
		again := seen[h.Name]
		seen[h.Name] = true
		return again
	})
	return hosts[:min(len(hosts), mxKept)], null && len(hosts) == 0
}

// host fills one mail server; i is its place in the set.
func (s *scan) host(ctx context.Context, servers *serverSet, i int, h *scanner.MXHost) {
	if i >= mxResolved {
		h.Failure = scanner.Failf(scanner.FailLimit, "only the first 20 mail servers are looked up")
		return
	}
	addrs := s.addresses(ctx, h.Name)
	h.Addrs, h.Exists, h.Failure = addrs.list, addrs.exists, addrs.failure
	switch {
	case h.Failure != nil:
		return
	case len(h.Addrs) == 0:
		h.Failure = scanner.Failf(scanner.FailUnresolved, "the name has no address")
		return
	case i >= mxTalked:
		h.Failure = scanner.Failf(scanner.FailLimit, "only the first 5 mail servers are talked to")
		return
	}
	for _, addr := range tried(h.Addrs) {
		if s.talk(ctx, servers.at(addr), h, addr) {
			return
		}
	}
}

// tried picks the addresses to try: the first of each family, or the first two.
func tried(addrs []netip.Addr) []netip.Addr {
	six := slices.IndexFunc(addrs, netip.Addr.Is6)
	if six > 1 {
		return []netip.Addr{addrs[0], addrs[six]}
	}
	return addrs[:min(len(addrs), mxAddrs)]
}

// serverSet is the mail servers of one scan by address: several MX names often
// lead to one, which is then met once.
type serverSet struct {
	mu sync.Mutex
	by map[netip.Addr]*server
}

func (s *serverSet) at(addr netip.Addr) *server {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[netip.Addr]*server{}
	}
	if s.by[addr] == nil {
		s.by[addr] = &server{}
	}
	return s.by[addr]
}

// server is one address of a mail server. Its lock is held while it is talked
// to, which ctx and the deadlines of each step bound.
type server struct {
	mu       sync.Mutex
	conns    atomic.Int32 // made so far
	met      bool
	failure  *scanner.Failure
	greeting string
	starttls scanner.Tristate
	tls      *scanner.TLSHost
}

// talk fills h with what the server at addr says and tells whether it answered.
func (s *scan) talk(ctx context.Context, at *server, h *scanner.MXHost, addr netip.Addr) bool {
	at.mu.Lock()
	defer at.mu.Unlock()
	dial := func(ctx context.Context) (net.Conn, error) {
		if at.conns.Add(1) > mxConns {
			return nil, scanner.Failf(scanner.FailLimit, "no more than 8 connections are made to one mail server")
		}
		return s.net.Dialer.Dial(ctx, "tcp", h.Name, netip.AddrPortFrom(addr, smtpPort))
	}
	if !at.met {
		at.met = true
		at.meet(ctx, s.Probe, dial)
	}
	if at.failure != nil {
		// The first failure counts, unless it only says that we have no way
		// to that family of addresses.
		if h.Failure == nil || h.Failure.Kind == scanner.FailUnreachable {
			h.Failure = at.failure
		}
		return false
	}
	h.Failure, h.Greeting, h.STARTTLS = nil, at.greeting, at.starttls
	if at.starttls != scanner.Yes {
		return true
	}
	depth := tlsprobe.Brief
	if at.tls != nil {
		depth = tlsprobe.CertOnly
	}
	host := tlsprobe.Examine(ctx, tlsprobe.Server{
		Name: h.Name, Addr: addr, Port: smtpPort, Roots: s.net.Roots, Now: s.started, Depth: depth,
		Dial: func(ctx context.Context) (net.Conn, error) {
			c, err := s.open(ctx, dial)
			if err != nil {
				return nil, err
			}
			return c.handOver(ctx)
		},
	})
	switch {
	case at.tls == nil:
		at.tls = &host
	case host.Failure == nil && at.tls.Failure == nil:
		// These are the server's; the certificate is the name's own.
		host.Versions, host.Partial = at.tls.Versions, cmp.Or(host.Partial, at.tls.Partial)
	}
	h.TLS = &host
	return true
}

// meet makes the first session with a server.
func (at *server) meet(ctx context.Context, p *Probe, dial dialFunc) {
	c, err := p.open(ctx, dial)
	if err != nil {
		at.failure = scanner.FailureOf(err)
		return
	}
	at.greeting, at.starttls = c.greeting, scanner.No
	if c.starttls {
		at.starttls = scanner.Yes
	}
	c.quit(ctx)
}
