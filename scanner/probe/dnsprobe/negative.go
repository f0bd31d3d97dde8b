package dnsprobe

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// nobody is a name below parent that nobody has made. It is the same in every
// scan, so that two scans say the same.
func nobody(prefix, parent string) string {
	sum := sha256.Sum256([]byte("infohub " + parent))
	return fmt.Sprintf("%s-%x.%s", prefix, sum[:6], parent)
}

// absentType is one that no zone has at its apex: X.25 addresses (RFC 1183).
const absentType = dns.TypeX25

// typeNXNAME marks a compact denial of existence (RFC 9824 section 3.1).
const typeNXNAME = 128

// noName asks a server for a name that cannot exist. Where the answer is
// neither an error nor a record, a wildcard may have records of other types.
func (p *Probe) noName(ctx context.Context, s resolve.Server, zone string) *scanner.Negative {
	name := nobody("nx", zone) // not the one that the resolver is asked for
	n := p.negative(ctx, s, name, dns.TypeA)
	if n.Rcode != "NOERROR" || n.Answers > 0 || n.Denied {
		return n
	}
	for _, qtype := range []uint16{dns.TypeMX, dns.TypeTXT, dns.TypeAAAA} {
		if other := p.negative(ctx, s, name, qtype); other.Answers > 0 {
			n.Wild = true
			break
		}
	}
	return n
}

// noType asks a server for a record that the zone's apex does not have.
func (p *Probe) noType(ctx context.Context, s resolve.Server, zone string) *scanner.Negative {
	return p.negative(ctx, s, zone, absentType)
}

func (p *Probe) negative(ctx context.Context, s resolve.Server, name string, qtype uint16) *scanner.Negative {
	m := resolve.Question(name, qtype)
	got, err := p.resolver.Exchange(ctx, "udp", s, m)
	if err == nil && got.Truncated {
		got, err = p.resolver.Exchange(ctx, "tcp", s, m)
	}
	if err == nil && got.Rcode == dns.RcodeFormatError { // it may not know EDNS
		m.Id, m.Extra = dns.Id(), nil
		got, err = p.resolver.Exchange(ctx, "udp", s, m)
	}
	if err != nil {
		return &scanner.Negative{Failure: scanner.FailureOf(err)}
	}
	return readNegative(got)
}

func readNegative(m *dns.Msg) *scanner.Negative {
	n := &scanner.Negative{Rcode: rcodeName(m.Rcode), Answers: len(m.Answer)}
	for _, rr := range m.Ns {
		switch rr := rr.(type) {
		case *dns.SOA:
			n.SOA = true
		case *dns.NSEC:
			n.Denied = n.Denied || slices.Contains(rr.TypeBitMap, typeNXNAME)
		case *dns.NSEC3:
			n.Denied = n.Denied || slices.Contains(rr.TypeBitMap, typeNXNAME)
		}
	}
	return n
}

func rcodeName(code int) string {
	if s := dns.RcodeToString[code]; s != "" {
		return s
	}
	return fmt.Sprintf("code %d", code)
}
