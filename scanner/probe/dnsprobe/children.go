package dnsprobe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// children asks every server of a signed zone what it wants the parent to have
// as DS records.
func (p *Probe) children(ctx context.Context, facts *scanner.DNSFacts) {
	signing := facts.DNSSEC.Signing
	if signing == nil || len(signing.Keys) == 0 || len(signing.DS) == 0 {
		return
	}
	section, _, err := p.resolver.Sections(ctx, facts.Zone, dns.TypeDNSKEY)
	if err != nil {
		return
	}
	keys := keysOf(section, facts.Zone)
	var tasks group
	slots := make(chan struct{}, atOnce)
	for i := range facts.Servers {
		s := &facts.Servers[i]
		if s.Failure != nil || !s.Authoritative || !s.EDNS {
			continue
		}
		slots <- struct{}{}
		tasks.run(new(*scanner.Failure), func() {
			defer func() { <-slots }()
			s.Child = p.child(ctx, resolve.Server{Name: s.Name, Addr: s.Addr}, facts, keys)
		})
	}
	tasks.Wait()
}

func (p *Probe) child(ctx context.Context, s resolve.Server, facts *scanner.DNSFacts, keys []*dns.DNSKEY) *scanner.ChildKeys {
	out := &scanner.ChildKeys{}
	for _, qtype := range []uint16{dns.TypeCDS, dns.TypeCDNSKEY} {
		m := resolve.Question(facts.Zone, qtype)
		got, err := p.resolver.Exchange(ctx, "udp", s, m)
		if err == nil && got.Truncated {
			got, err = p.resolver.Exchange(ctx, "tcp", s, m)
		}
		if err == nil && got.Rcode != dns.RcodeSuccess {
			err = scanner.Failf(scanner.FailServer, fmt.Sprintf("%s answered %s to %s", s.Name, rcodeName(got.Rcode), dns.TypeToString[qtype]))
		}
		if err != nil {
			out.Failure = scanner.FailureOf(err)
			return out
		}
		before := len(out.Records)
		readChild(out, got.Answer, facts.Zone, keys)
		if len(out.Records) > before && out.Signed != scanner.No {
			out.Signed = p.signedByDS(ctx, facts, got, qtype)
		}
	}
	slices.Sort(out.Records)
	slices.Sort(out.Strange)
	return out
}

// readChild adds the CDS and CDNSKEY records of an answer.
func readChild(out *scanner.ChildKeys, section []dns.RR, zone string, keys []*dns.DNSKEY) {
	for _, rr := range section {
		if len(out.Records) >= maxDS || !sameName(rr.Header().Name, zone) {
			continue
		}
		var text string
		var fits func(k *dns.DNSKEY) bool
		switch rr := rr.(type) {
		case *dns.CDS:
			text = fmt.Sprintf("CDS %d %d %d", rr.KeyTag, rr.Algorithm, rr.DigestType)
			out.Delete = out.Delete || rr.Algorithm == 0
			fits = func(k *dns.DNSKEY) bool {
				ds := k.ToDS(rr.DigestType)
				return rr.Algorithm == 0 || (ds != nil && ds.KeyTag == rr.KeyTag && ds.Algorithm == rr.Algorithm && strings.EqualFold(ds.Digest, rr.Digest))
			}
		case *dns.CDNSKEY:
			text = fmt.Sprintf("CDNSKEY %d %d", rr.DNSKEY.KeyTag(), rr.Algorithm)
			out.Delete = out.Delete || rr.Algorithm == 0
			fits = func(k *dns.DNSKEY) bool {
				return rr.Algorithm == 0 || (k.Algorithm == rr.Algorithm && k.PublicKey == rr.PublicKey && k.Flags == rr.Flags)
			}
		default:
			continue
		}
		out.Records = append(out.Records, text)
		if !out.Delete && !slices.ContainsFunc(keys, fits) {
			out.Strange = append(out.Strange, text)
		}
	}
}

// signedByDS tells whether a key that the parent's DS records name has signed
// the records (RFC 7344 section 4.1), and the signature holds.
func (p *Probe) signedByDS(ctx context.Context, facts *scanner.DNSFacts, answer *dns.Msg, covered uint16) scanner.Tristate {
	named := false
	for _, rr := range answer.Answer {
		if sig, ok := rr.(*dns.RRSIG); ok && sig.TypeCovered == covered {
			named = named || slices.ContainsFunc(facts.DNSSEC.Signing.DS, func(ds scanner.DSRecord) bool {
				return ds.Tag == sig.KeyTag && ds.Algorithm == sig.Algorithm
			})
		}
	}
	if !named {
		return scanner.No
	}
	switch status, _ := p.resolver.ValidateAnswer(ctx, facts.Zone, answer); status {
	case scanner.Secure:
		return scanner.Yes
	case scanner.Bogus:
		return scanner.No
	}
	return scanner.Unknown
}
