package tlsprobe

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Certificate usages of a TLSA record (RFC 6698 section 2.1.1, RFC 7218).
const (
	usagePKIXTA = 0
	usagePKIXEE = 1
	usageDANETA = 2
	usageDANEEE = 3
)

// matchTLSA tells whether a record fits the chain that was sent, and which.
// Usages 1 and 3 are about the server's own certificate, 0 and 2 about one
// above it, which has to have issued what stands below; 0 and 1 hold only for a
// chain that the trust store trusts. Names and dates are judged elsewhere.
func matchTLSA(records []*dns.TLSA, chain []*x509.Certificate, trusted bool) (scanner.Tristate, string) {
	if len(records) == 0 || len(chain) == 0 {
		return scanner.Unknown, ""
	}
	for _, r := range sortedTLSA(records) {
		if (r.Usage == usagePKIXTA || r.Usage == usagePKIXEE) && !trusted {
			continue
		}
		for i, c := range chain {
			own := r.Usage == usagePKIXEE || r.Usage == usageDANEEE
			switch {
			case r.Usage > usageDANEEE, own && i > 0, !own && i == 0 && !selfSigned(c):
				continue
			}
			data, err := dns.CertificateToDANE(r.Selector, r.MatchingType, c)
			if err == nil && strings.EqualFold(data, r.Certificate) && (own || leadsTo(chain, i)) {
				return scanner.Yes, textTLSA(r)
			}
		}
	}
	return scanner.No, ""
}

// leadsTo: the certificates from the leaf up to number i signed each other.
func leadsTo(chain []*x509.Certificate, i int) bool {
	at := chain[0]
	for range chain {
		if at == chain[i] {
			return true
		}
		issuer := issuerOf(at, chain)
		if issuer == nil || checkSignature(at, issuer) != nil {
			return false
		}
		at = issuer
	}
	return false
}

func sortedTLSA(records []*dns.TLSA) []*dns.TLSA {
	return slices.SortedFunc(slices.Values(records), func(a, b *dns.TLSA) int { return cmp.Compare(textTLSA(a), textTLSA(b)) })
}

// textTLSA is the record as a zone file has it, "3 1 1 ab12...".
func textTLSA(r *dns.TLSA) string {
	return scanner.Printable(fmt.Sprintf("%d %d %d %s", r.Usage, r.Selector, r.MatchingType, strings.ToLower(r.Certificate)), maxText)
}
