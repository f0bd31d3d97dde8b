package dnsprobe

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

const (
	maxAddrs = 16 // of one web name and family
	maxCAA   = 50
)

// host looks up the addresses of a web name. Failure is set only where there
// is no address at all.
func (p *Probe) host(ctx context.Context, name string) scanner.HostAddrs {
	h, failure := p.addressesOf(ctx, name)
	if len(h.Addrs) == 0 {
		h.Failure = failure
	}
	return h
}

// addressesOf looks up the addresses of a name; failure is that of A or of AAAA.
func (p *Probe) addressesOf(ctx context.Context, name string) (h scanner.HostAddrs, failure *scanner.Failure) {
	h.Name = name
	var (
		tasks   group
		types   = []uint16{dns.TypeA, dns.TypeAAAA}
		answers [2]scanner.Answer
		fails   [2]*scanner.Failure
	)
	for i, qtype := range types {
		tasks.run(&fails[i], func() {
			var err error
			answers[i], err = p.resolver.Lookup(ctx, name, qtype)
			fails[i] = scanner.FailureOf(err)
		})
	}
	tasks.Wait()
	for i, a := range answers {
		if len(a.CNAMEs) > len(h.CNAMEs) {
			h.CNAMEs = a.CNAMEs
		}
		h.Exists = h.Exists || a.Exists || len(a.CNAMEs) > 0
		if fails[i] == nil && !a.Exists && len(a.CNAMEs) > 0 {
			h.Dangling = a.CNAMEs[len(a.CNAMEs)-1]
		}
		h.Addrs = append(h.Addrs, addresses(a.Records)...)
	}
	return h, cmp.Or(fails[0], fails[1])
}

// addresses are those in a record set, sorted, at most maxAddrs.
func addresses(records []dns.RR) []netip.Addr {
	var list []netip.Addr
	for _, rr := range records {
		var ip []byte
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A.To4()
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if addr, ok := netip.AddrFromSlice(ip); ok {
			list = append(list, addr)
		}
	}
	list = sortedAddrs(list)
	return list[:min(maxAddrs, len(list))]
}

// caa climbs from domain to the first name with CAA records (RFC 8659 section
// 3).
func (p *Probe) caa(ctx context.Context, facts *scanner.DNSFacts, domain string) {
	for at := domain; at != ""; _, at, _ = strings.Cut(at, ".") {
		answer, err := p.resolver.Lookup(ctx, at, dns.TypeCAA)
		if err != nil {
			facts.CAAFailure = scanner.FailureOf(err)
			return
		}
		if facts.CAA = caaRecords(facts.CAA, answer.Records); facts.CAA != nil {
			facts.CAAAt = at
			return
		}
	}
}

// caaRecords adds those of a record set to list, sorted.
func caaRecords(list []scanner.CAARecord, set []dns.RR) []scanner.CAARecord {
	for _, rr := range set {
		if c, ok := rr.(*dns.CAA); ok && len(list) < maxCAA {
			list = append(list, scanner.CAARecord{
				Flag: c.Flag, Tag: scanner.Printable(strings.ToLower(c.Tag), 20), Value: scanner.Printable(c.Value, 300),
			})
		}
	}
	slices.SortFunc(list, func(a, b scanner.CAARecord) int {
		return strings.Compare(a.Tag+"\x00"+a.Value, b.Tag+"\x00"+b.Value)
	})
	return list
}
