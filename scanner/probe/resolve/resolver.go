package resolve

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Config is what a Resolver needs. The zero value of every field but Dialer
// works.
type Config struct {
	Dialer scanner.Dialer
	// Forward are recursive resolvers to ask, each on its own port. Empty: the
	// delegation is walked from RootHints.
	Forward []netip.AddrPort
	// RootHints are the root's servers; nil is DefaultHints.
	RootHints []Hint
	// Anchors are DS or DNSKEY records of the root; nil is DefaultAnchors.
	Anchors []dns.RR
	// Now is the clock that signatures are judged by; nil is time.Now.
	Now func() time.Time
	// Timeout is how long one server may take for one answer; 0 is 2 s.
	Timeout time.Duration
}

// Server is one name server at one address; it is asked on port 53.
type Server struct {
	Name string // without trailing dot
	Addr netip.Addr
}

// Resolver resolves and validates. It is safe for concurrent use, and is meant
// to be shared by all scans of a run: its cache is bounded.
type Resolver struct {
	dialer  scanner.Dialer
	forward []endpoint
	root    *zone
	anchors []dns.RR
	now     func() time.Time
	timeout time.Duration

	health   *health
	zones    *layered[*zone]   // zone cuts by name
	answers  *layered[outcome] // by zone, name and type
	trusts   *layered[*step]   // DNSSEC state by name
	asking   flights[*reply]
	trusting flights[*step]
	checking flights[bool] // whether IPv6 works
	buffers  sync.Pool
}

// Bounds of one look-up. A look-up is one call of an exported method.
const (
	maxQueries   = 200  // datagrams and TCP questions sent
	maxSteps     = 2000 // questions put to the cache or the network
	maxChain     = 12   // CNAMEs followed
	maxReferrals = 24   // zone cuts below the start
	maxDepth     = 8    // zones whose servers' names lie in yet another zone
	maxTries     = 6    // servers asked for one question
	maxServers   = 16   // names of a delegation that are looked at
	maxAddrs     = 8    // addresses of one name server
	maxRecords   = 500  // of one record set
)

// Bounds of the cache: entries, and wire bytes for answers. What belongs to
// the root and the top-level domains has room of its own, so that thousands of
// targets do not push it out. The rest holds what a thousand targets leave, so
// that ten thousand take no more memory.
const (
	keptZones, leafZones     = 4096, 2048
	keptTrusts, leafTrusts   = 4096, 2048
	keptAnswers, leafAnswers = 2 << 20, 4 << 20
	minTTL, maxTTL           = time.Minute, time.Hour
	// failureTTL is how long a failed question is not asked again (RFC 9520
	// section 3.2 asks for one second at least).
	failureTTL = 5 * time.Second
)

// New returns a resolver. What it has learnt is up to an hour old: a scan that is
// to see what was changed since needs a new one.
func New(c Config) *Resolver {
	if len(c.RootHints) == 0 {
		c.RootHints = DefaultHints()
	}
	if len(c.Anchors) == 0 {
		c.Anchors = DefaultAnchors()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	r := &Resolver{
		dialer: c.Dialer, anchors: c.Anchors, now: c.Now, timeout: c.Timeout,
		health:  newHealth(),
		zones:   newLayered[*zone](keptZones, leafZones),
		answers: newLayered[outcome](keptAnswers, leafAnswers),
		trusts:  newLayered[*step](keptTrusts, leafTrusts),
		buffers: sync.Pool{New: func() any { b := make([]byte, datagramSize); return &b }},
		root:    &zone{name: ".", addrs: map[string][]netip.Addr{}},
	}
	for _, ap := range c.Forward {
		r.forward = append(r.forward, endpoint{ap.Addr().Unmap().String(), ap})
	}
	for _, h := range c.RootHints {
		r.root.add(dns.CanonicalName(h.Name), h.Addr)
	}
	return r
}

// Forwarding tells whether given resolvers are asked instead of walking.
func (r *Resolver) Forwarding() bool { return len(r.forward) > 0 }

// endpoint is where one question goes. host is the server's name without
// trailing dot, which --connect-to is matched against.
type endpoint struct {
	host string
	ap   netip.AddrPort
}

func (s Server) endpoint() endpoint { return endpoint{s.Name, netip.AddrPortFrom(s.Addr, 53)} }

func (e endpoint) String() string {
	if addr := e.ap.Addr().Unmap().String(); e.host == addr {
		return e.ap.String()
	}
	return e.host + " (" + e.ap.Addr().String() + ")"
}

// bare is a name as it is shown: without trailing dot, "." for the root.
func bare(name string) string {
	if name == "." {
		return name
	}
	return strings.TrimSuffix(name, ".")
}

// parentOf is the name one label up; the root is its own parent.
func parentOf(name string) string {
	i, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[i:]
}

// childToward is the name one label below ancestor on the way to name.
func childToward(ancestor, name string) string {
	start, _ := dns.PrevLabel(name, dns.CountLabel(ancestor)+1)
	return name[start:]
}

// canonical checks and lowers a name.
func canonical(name string) (string, error) {
	if _, ok := dns.IsDomainName(name); !ok {
		return "", scanner.Failf(scanner.FailProtocol, "not a domain name: "+name)
	}
	return dns.CanonicalName(name), nil
}

// cause is ctx's own reason to have ended, as a Failure.
func cause(ctx context.Context) error { return scanner.FailureOf(context.Cause(ctx)) }
