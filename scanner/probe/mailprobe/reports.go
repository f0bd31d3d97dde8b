package mailprobe

import (
	"context"
	"net/url"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"

	"github.com/cybersec-infohub/infohub/scanner"
)

// reportAddresses looks at the mail addresses of a DMARC record that was found
// at the name policy: does the other side agree to be sent reports (RFC 9990,
// RFC 7489 section 7.1), and can it be reached?
func (s *scan) reportAddresses(ctx context.Context, policy string, d scanner.DMARC) []scanner.ReportAddress {
	var out []scanner.ReportAddress
	for _, list := range []struct {
		tag  string
		uris []string
	}{{"rua", d.RUA}, {"ruf", d.RUF}} {
		for _, uri := range list.uris {
			if domain := reportDomain(uri); domain != "" {
				out = append(out, scanner.ReportAddress{Tag: list.tag, URI: uri, Domain: domain, Outside: !sameOrganisation(policy, domain)})
			}
		}
	}
	var parts []func()
	for i := range out { // at most 2 * maxURIs
		parts = append(parts, func() { s.reportAddress(ctx, policy, &out[i]) })
	}
	if err := together(parts...); err != nil {
		for i := range out {
			out[i].Agrees, out[i].Receives = scanner.Unknown, scanner.Unknown
			out[i].AgreesFailure, out[i].ReceivesFailure = scanner.FailureOf(err), scanner.FailureOf(err)
		}
	}
	return out
}

func (s *scan) reportAddress(ctx context.Context, policy string, r *scanner.ReportAddress) {
	if r.Outside {
		r.AgreesAt = policy + "._report._dmarc." + r.Domain
		r.Agrees, r.AgreesFailure = s.agrees(ctx, r.AgreesAt)
	}
	r.Receives, r.ReceivesFailure = s.receives(ctx, r.Domain)
}

// agrees looks for the consent to reports.
func (s *scan) agrees(ctx context.Context, at string) (scanner.Tristate, *scanner.Failure) {
	if !isHostName(at) {
		return scanner.No, nil
	}
	texts, failure := s.txt(ctx, at)
	if failure != nil {
		return scanner.Unknown, failure
	}
	if records, _ := dmarcRecords(texts); len(records) > 0 {
		return scanner.Yes, nil
	}
	return scanner.No, nil
}

// receives tells whether a domain takes mail: it has an MX that is not null
// (RFC 7505), or an address in its place (RFC 5321 section 5.1).
func (s *scan) receives(ctx context.Context, domain string) (scanner.Tristate, *scanner.Failure) {
	answer, failure := s.lookup(ctx, domain, dns.TypeMX)
	if failure != nil {
		return scanner.Unknown, failure
	}
	hosts, null := mxHosts(answer.Records)
	switch {
	case len(hosts) > 0:
		return scanner.Yes, nil
	case null:
		return scanner.No, nil
	}
	addrs := s.addresses(ctx, domain)
	switch {
	case len(addrs.list) > 0:
		return scanner.Yes, nil
	case addrs.failure != nil:
		return scanner.Unknown, addrs.failure
	}
	return scanner.No, nil
}

// reportDomain is the domain of a mailto address, "" for what is none, or
// cannot be asked for.
func reportDomain(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || !strings.EqualFold(u.Scheme, "mailto") {
		return ""
	}
	_, domain, _ := strings.Cut(u.Opaque, "@")
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	if !isHostName(domain) || strings.ContainsAny(domain, "% ") {
		return ""
	}
	return domain
}

// sameOrganisation tells whether two names belong to one organisation, by the
// list of public suffixes. The tree walk of RFC 9989 mostly comes to the same,
// for more questions to the DNS.
func sameOrganisation(a, b string) bool {
	if a == b {
		return true
	}
	x, err := publicsuffix.EffectiveTLDPlusOne(a)
	if err != nil {
		return false
	}
	y, err := publicsuffix.EffectiveTLDPlusOne(b)
	return err == nil && x == y
}
