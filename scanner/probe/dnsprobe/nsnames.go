package dnsprobe

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// plain is a name as facts have it: printable, without trailing dot.
func plain(name string) string {
	return scanner.Printable(strings.TrimSuffix(dns.CanonicalName(name), "."), 260)
}

// nsName looks a name server's name up: its addresses by the parent's glue and
// by its own records.
func (p *Probe) nsName(ctx context.Context, d resolve.Delegation, name string) scanner.NSName {
	h, failure := p.addressesOf(ctx, name)
	n := scanner.NSName{
		Name: name, Delegated: slices.Contains(d.NS, name), CNAMEs: h.CNAMEs, Addrs: h.Addrs, Failure: failure,
	}
	if d.Known {
		n.Glue = sortedAddrs(slices.Clone(d.Glue[name]))
	}
	if failure == nil && len(h.Addrs) == 0 && (!h.Exists || h.Dangling != "") {
		n.Gone, n.Failure = p.gone(ctx, cmp.Or(h.Dangling, name))
	}
	return n
}

// gone is the domain of the kind that can be registered (one label below a
// public suffix) that name lies in, if the DNS proves that it does not exist.
func (p *Probe) gone(ctx context.Context, name string) (string, *scanner.Failure) {
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return "", nil // a suffix itself: nobody can register that
	}
	answer, err := p.resolver.Lookup(ctx, domain, dns.TypeNS)
	if err != nil || answer.Exists || len(answer.CNAMEs) > 0 {
		return "", scanner.FailureOf(err)
	}
	_, above, _ := strings.Cut(domain, ".")
	answer, err = p.resolver.Lookup(ctx, above, dns.TypeNS)
	if err != nil || !answer.Exists { // in a network of one's own, where nobody sells names
		return "", scanner.FailureOf(err)
	}
	return domain, nil
}
