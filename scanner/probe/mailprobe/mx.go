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
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/tlsprobe"
)

// Bounds on the work on mail servers.
const (
	mxKept     = 50 // names of the MX set
	mxResolved = 20 // names whose addresses are looked up
	mxTalked   = 5  // names that are talked to
	mxWhole    = 4  // of them, names whose encryption is examined whole
	mxAddrs    = 2  // addresses of one name that are tried
	mxConns    = 17 // TCP connections to one address: a first session, 14 of tlsprobe.Starttls, 2 for another name
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
	tlsa := make([][]*dns.TLSA, len(out.MX))
	err := forEach(out.MX, func(i int, h *scanner.MXHost) { tlsa[i] = s.find(ctx, i, h) })
	if err == nil {
		// Which address is examined whole must not hang on who comes first.
		servers := serverSet{whole: map[netip.Addr]bool{}}
		for i := range out.MX[:min(len(out.MX), mxWhole)] {
			for _, addr := range tried(out.MX[i].Addrs) {
				servers.whole[addr] = !s.busy[addr]
			}
		}
		err = forEach(out.MX[:min(len(out.MX), mxTalked)], func(i int, h *scanner.MXHost) { s.visit(ctx, &servers, h, tlsa[i]) })
	}
	if err != nil {
		out.MX, out.MXFailure = nil, scanner.FailureOf(err)
	}
}

func forEach(hosts []scanner.MXHost, do func(i int, h *scanner.MXHost)) error {
	var parts []func()
	for i := range hosts {
		parts = append(parts, func() { do(i, &hosts[i]) })
	}
	return together(parts...)
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

// find looks up the addresses and the TLSA records of a mail server; i is its
// place in the set.
func (s *scan) find(ctx context.Context, i int, h *scanner.MXHost) []*dns.TLSA {
	if i >= mxResolved {
		h.Failure = scanner.Failf(scanner.FailLimit, fmt.Sprintf("only the first %d mail servers are looked up", mxResolved))
		return nil
	}
	addrs := s.addresses(ctx, h.Name)
	h.Addrs, h.Exists, h.Failure = addrs.list, addrs.exists, addrs.failure
	h.CNAMEs, h.Alias = addrs.cnames, addrs.alias
	switch {
	case h.Failure != nil:
		return nil
	case len(h.Addrs) == 0:
		h.Failure = scanner.Failf(scanner.FailUnresolved, "the name has no address")
		return nil
	case i >= mxTalked:
		h.Failure = scanner.Failf(scanner.FailLimit, fmt.Sprintf("only the first %d mail servers are talked to", mxTalked))
	}
	return s.tlsa(ctx, h)
}

// visit talks to a mail server at the first of its addresses that answers.
func (s *scan) visit(ctx context.Context, servers *serverSet, h *scanner.MXHost, tlsa []*dns.TLSA) {
	if h.Failure != nil {
		return
	}
	for _, addr := range tried(h.Addrs) {
		if s.talk(ctx, servers.at(addr), h, addr, tlsa) {
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
	whole map[netip.Addr]bool // whose encryption is examined whole
	mu    sync.Mutex
	by    map[netip.Addr]*server
}

func (s *serverSet) at(addr netip.Addr) *server {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[netip.Addr]*server{}
	}
	if s.by[addr] == nil {
		s.by[addr] = &server{brief: !s.whole[addr]}
	}
	return s.by[addr]
}

// server is one address of a mail server. Its lock is held while it is talked
// to, which ctx and the deadlines of each step bound: one session at a time.
type server struct {
	mu       sync.Mutex
	conns    int // made so far
	met      bool
	brief    bool // its encryption is looked at briefly
	failure  *scanner.Failure
	greeting string
	starttls scanner.Tristate
	tls      *scanner.TLSHost
}

// talk fills h with what the server at an address says and tells whether it
// answered.
func (s *scan) talk(ctx context.Context, at *server, h *scanner.MXHost, addr netip.Addr, tlsa []*dns.TLSA) bool {
	at.mu.Lock()
	defer at.mu.Unlock()
	turn := make(chan struct{}, 1)
	dial := func(ctx context.Context) (net.Conn, error) {
		select { // tlsprobe asks several questions at once; a mail server gets them one by one
		case turn <- struct{}{}:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		done := sync.OnceFunc(func() { <-turn })
		if at.conns++; at.conns > mxConns {
			done()
			return nil, scanner.Failf(scanner.FailLimit, fmt.Sprintf("no more than %d connections are made to one mail server", mxConns))
		}
		conn, err := s.net.Dialer.Dial(ctx, "tcp", h.Name, netip.AddrPortFrom(addr, smtpPort))
		if err != nil {
			done()
			return nil, err
		}
		return turnConn{conn, done}, nil
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
	h.TLS = at.examine(ctx, tlsprobe.Server{
		Name: h.Name, Addr: addr, Port: smtpPort, Roots: s.net.Roots, Now: s.started, TLSA: forMail(tlsa),
		Dial: func(ctx context.Context) (net.Conn, error) {
			c, err := s.open(ctx, dial)
			if err != nil {
				return nil, err
			}
			return c.handOver(ctx)
		},
	})
	matchDANE(h, s.started)
	return true
}

// examine looks at the encryption of a server. The certificate may differ from
// name to name; the rest is asked once for each address.
func (at *server) examine(ctx context.Context, to tlsprobe.Server) *scanner.TLSHost {
	switch {
	case at.tls != nil:
		to.Depth = tlsprobe.CertOnly
	case at.brief:
		to.Depth = tlsprobe.Brief
	default:
		to.Depth = tlsprobe.Starttls
	}
	host := tlsprobe.Examine(ctx, to)
	switch {
	case at.tls == nil:
		if at.brief && host.Failure == nil && host.Partial == nil {
			host.Partial = scanner.Failf(scanner.FailLimit, "few connections are made to this mail server, so that only its certificate and old versions were asked for")
		}
		at.tls = &host
	case host.Failure == nil && at.tls.Failure == nil:
		whole := *at.tls
		whole.Name, whole.Chain, whole.NameMatch = host.Name, host.Chain, host.NameMatch
		whole.Verify, whole.VerifyDetail = host.Verify, host.VerifyDetail
		whole.Stapled, whole.StapleError = host.Stapled, host.StapleError
		whole.TLSA, whole.TLSABy = host.TLSA, host.TLSABy
		whole.Partial, whole.Connections = cmp.Or(whole.Partial, host.Partial), host.Connections
		host = whole
	}
	return &host
}

// turnConn gives the turn back when it is closed.
type turnConn struct {
	net.Conn
	done func()
}

func (c turnConn) Close() error {
	defer c.done()
	return c.Conn.Close()
}

// meet makes the first session with a server.
func (at *server) meet(ctx context.Context, p *Probe, dial dialFunc) {
	began := time.Now()
	c, err := p.open(ctx, dial)
	if err != nil {
		at.failure = scanner.FailureOf(err)
		return
	}
	at.brief = at.brief || time.Since(began) > p.prompt
	at.greeting, at.starttls = c.greeting, scanner.No
	if c.starttls {
		at.starttls = scanner.Yes
	}
	c.quit(ctx)
}
