package scanner

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"

	"github.com/miekg/dns"
)

// Probe collects one section of the facts over the network.
//
// Collect must return soon after ctx ends, with what it has: a Section beside
// an error is a partial one. Every fact that is missing carries its own
// Failure; the error is for the section as a whole. One that panics or never
// returns makes its section missing, never the scan.
type Probe interface {
	// Name is the section's name: "dns", "web", "tls", "mail" or "active".
	Name() string
	// After names the probes whose sections it reads.
	After() []string
	Collect(ctx context.Context, in Input) (Section, error)
}

// Input is what a probe is given.
type Input struct {
	// Facts holds the target, the options and the sections of the probes named
	// in After (nil where those failed). Read only.
	Facts *Facts
	Net   *Network
}

// Network is how the probes of one scan reach the world. Probes use nothing
// else: every connection passes the address guard and counts against the
// scan's limits.
type Network struct {
	Dialer   Dialer
	Resolver Resolver
	// Roots is the trust store for certificates; nil is the system's.
	Roots *x509.CertPool
	// UserAgent names the program and a contact.
	UserAgent string
}

// Dialer connects to one address that a host name resolved to. host is the
// name (for --connect-to); network is "tcp" or "udp". Errors are classified by
// FailureOf.
type Dialer interface {
	Dial(ctx context.Context, network, host string, addr netip.AddrPort) (net.Conn, error)
}

// Resolver answers questions as a validating client's resolver would; answers
// are cached, so that a fact is fetched once.
type Resolver interface {
	// Lookup asks for name and type and follows CNAMEs. A name or type that
	// does not exist is an Answer, not an error; an error is a *Failure
	// (timeout, server, refused...).
	Lookup(ctx context.Context, name string, qtype uint16) (Answer, error)
}

// Answer is the outcome of a look-up.
type Answer struct {
	// Exists is false for NXDOMAIN at the end of the CNAME chain.
	Exists bool
	// CNAMEs is the chain, in order, without trailing dots; the last is where
	// the records were looked for.
	CNAMEs []string
	// Records are those of the type asked for, as received.
	Records []dns.RR
	// Security is the DNSSEC state of TLSA records and of the aliases on the way
	// to them, which count for nothing unless they are secure (RFC 6698 section
	// 4.1). Of other types, and where there are no records, it is "".
	Security DNSSECStatus
}
