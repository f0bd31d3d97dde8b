package checks

import (
	"fmt"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// certificateRevoked: nothing can be asked about a certificate that does not
// say where, and no answer be believed without its issuer's key.
func certificateRevoked(v *votes, h tlsHost) {
	r := h.Revocation
	switch {
	case r == nil && (h.outOfDate() || h.Verify != scanner.ChainTrusted && h.Verify != scanner.ChainUnverified):
		v.skip(scanner.NACovered)
	case r == nil && !h.leaf().OCSP && !h.leaf().CRL:
		v.skip(scanner.NANotUsed)
	case r == nil:
		v.unknown(scanner.Failf(scanner.FailUncertain, "nobody asked whether it was revoked"), h.at, "not asked")
	case r.Status == scanner.RevocationRevoked:
		seen := "revoked"
		if r.At != nil {
			seen += " at " + r.At.UTC().Format(time.RFC3339)
		}
		v.fail(h.Name, h.at, seen+", "+by(r))
	case r.Status == scanner.RevocationGood:
		v.pass(h.at, "not revoked, "+by(r))
	default:
		why := r.Failure
		if why == nil {
			why = scanner.Failf(scanner.FailUncertain, "the authority gave no clear answer")
		}
		v.unknown(why, h.at, why.Error())
	}
}

// by says who said so.
func by(r *scanner.Revocation) string {
	out := map[string]string{"stapled": "by the stapled response", "ocsp": "by OCSP", "crl": "by the revocation list"}[r.By]
	if r.Source != "" {
		out += " at " + r.Source
	}
	return out
}

// chainOrder: each certificate certifies the one before it (RFC 5246 section
// 7.4.2; RFC 8446 section 4.4.2 allows what is more, for the sake of the past),
// and the root, which clients have, is left out.
func chainOrder(v *votes, h tlsHost) {
	clean := true
	fail := func(observed string) {
		clean = false
		v.fail(h.Name, h.at, observed)
	}
	for i, c := range h.Chain {
		if i == 0 {
			continue
		}
		before := h.Chain[i-1]
		switch {
		case sent(h.Chain[:i], c.SHA256):
			fail("sent twice: " + c.Subject)
		case c.Subject != before.Issuer:
			fail(fmt.Sprintf("number %d, %s, is not the issuer of number %d", i+1, c.Subject, i))
		case c.SelfSigned:
			clean = false
			v.warn(h.Name, h.at, "a root is sent along: "+c.Subject)
		}
	}
	if clean {
		v.pass(h.at, fmt.Sprintf("%d certificates, each the issuer of the one before", len(h.Chain)))
	}
}

func sent(chain []scanner.Cert, sum string) bool {
	for _, c := range chain {
		if sum != "" && c.SHA256 == sum {
			return true
		}
	}
	return false
}

// minSCTs is how many logs browsers ask for at least (Chrome and Safari: two
// for a life up to 180 days, three beyond).
const minSCTs = 2

// certificateNoSCT is about authorities that browsers trust; a private one
// keeps no public log.
func certificateNoSCT(v *votes, h tlsHost) {
	switch {
	case h.PrivateRoots:
		v.skip(scanner.NANotUsed)
	case h.Verify == scanner.ChainUnverified:
		v.unknown(noTrustStore(h), h.at, "issued by "+h.leaf().Issuer)
	case h.Verify != scanner.ChainTrusted:
		v.skip(scanner.NACovered)
	case h.SCTs == nil:
		h.unclear(v, "certificate transparency")
	case *h.SCTs < minSCTs:
		v.fail(h.Name, h.at, fmt.Sprintf("in %d public logs, issued by %s", *h.SCTs, h.leaf().Issuer))
	default:
		v.pass(h.at, fmt.Sprintf("in %d public logs", *h.SCTs))
	}
}

// longestLife is how long a certificate that was issued at a time may be valid
// (CA/Browser Forum, Baseline Requirements section 6.3.2 with ballot SC-081).
func longestLife(issued time.Time) time.Duration {
	const day = 24 * time.Hour
	limits := []struct {
		since time.Time
		days  time.Duration
	}{
		{time.Date(2029, 3, 15, 0, 0, 0, 0, time.UTC), 47},
		{time.Date(2027, 3, 15, 0, 0, 0, 0, time.UTC), 100},
		{time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC), 200},
	}
	for _, l := range limits {
		if !issued.Before(l.since) {
			return l.days * day
		}
	}
	return 398 * day
}

func certificateLifetime(v *votes, h tlsHost) {
	if h.Verify != scanner.ChainTrusted && h.Verify != scanner.ChainUnverified && h.Verify != scanner.ChainIncomplete {
		v.skip(scanner.NACovered)
		return
	}
	life, most := h.leaf().NotAfter.Sub(h.leaf().NotBefore), longestLife(h.leaf().NotBefore)
	days := func(d time.Duration) int { return int(d / (24 * time.Hour)) }
	seen := fmt.Sprintf("%s: %d days, of %d allowed", h.dates(), days(life), days(most))
	if life > most {
		v.fail(h.Name, h.at, seen)
	} else {
		v.pass(h.at, seen)
	}
}

// withTLSA fills in the hash of the key in use, for a record that fits it (RFC
// 7671 section 5.1 advises one of the kind 3 1 1).
func withTLSA(judge func(*scanner.Facts) scanner.Finding) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		got := judge(f)
		for _, h := range f.TLS.Hosts {
			if host := got.Params["host"]; host != "" && host == plainName(h.Name) && len(h.Chain) > 0 {
				return got.With("tlsa", h.Chain[0].KeySHA256)
			}
		}
		return got
	}
}

// daneMismatch: a TLSA record that DNSSEC proves and the certificate does not
// fit turns clients away that ask for it (RFC 6698 section 4.1); one without
// DNSSEC is for nothing.
func daneMismatch(v *votes, h tlsHost) {
	d := h.DANE
	switch {
	case d == nil:
		v.unknown(scanner.Failf(scanner.FailUncertain, "nobody asked for TLSA records"), h.at, "not asked")
		return
	case d.Failure != nil:
		v.unknown(d.Failure, d.At, d.Failure.Error())
		return
	case len(d.Records) == 0:
		v.skip(scanner.NANotUsed)
		return
	case d.Security == scanner.Bogus: // dns.dnssec.bogus says so
		v.skip(scanner.NACovered)
		return
	}
	records := "TLSA " + strings.Join(d.Records, "; ")
	switch {
	case d.Security == scanner.Insecure:
		v.warn(h.Name, d.At, records+"; not protected by DNSSEC")
	case d.Security != scanner.Secure:
		v.unknown(scanner.Failf(scanner.FailUncertain, "whether DNSSEC proves the TLSA records could not be told"), d.At, records)
	case h.TLSA == scanner.Yes:
		v.pass(h.at, "fits TLSA "+h.TLSABy)
	case h.TLSA == scanner.No:
		v.fail(h.Name, h.at, "no certificate fits "+records)
	default:
		h.unclear(v, "the certificate")
	}
}
