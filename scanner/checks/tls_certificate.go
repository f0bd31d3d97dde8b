package checks

import (
	"fmt"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// certificateChecks are the rules on the certificate and its chain.
func certificateChecks() []scanner.Check {
	needs := []string{"tls"}
	return []scanner.Check{
		{Rule: "tls.certificate.expired", Needs: needs, Judge: onChains(certificateExpired)},
		{Rule: "tls.certificate.expiring", Needs: needs, Judge: onChains(certificateExpiring)},
		{Rule: "tls.certificate.hostname", Needs: needs, Judge: onChains(certificateHostname)},
		{Rule: "tls.certificate.untrusted", Needs: needs, Judge: onChains(certificateUntrusted)},
		{Rule: "tls.certificate.revoked", Needs: needs, Judge: onChains(certificateRevoked)},
		{Rule: "tls.chain.incomplete", Needs: needs, Judge: onChains(chainIncomplete)},
		{Rule: "tls.chain.order", Needs: needs, Judge: onChains(chainOrder)},
		{Rule: "tls.certificate.no-sct", Needs: needs, Judge: onChains(certificateNoSCT)},
		{Rule: "tls.certificate.lifetime", Needs: needs, Judge: onChains(certificateLifetime)},
		{Rule: "tls.certificate.weak-key", Needs: needs, Judge: onChains(certificateWeakKey)},
		{Rule: "tls.certificate.weak-signature", Needs: needs, Judge: onChains(certificateWeakSignature)},
	}
}

// onChains is onTLS for rules that need a certificate to look at.
func onChains(judge func(v *votes, h tlsHost)) func(*scanner.Facts) scanner.Finding {
	return onTLS(func(v *votes, h tlsHost) {
		if len(h.Chain) == 0 {
			h.unclear(v, "the certificate")
			return
		}
		judge(v, h)
	})
}

func (h tlsHost) leaf() scanner.Cert { return h.Chain[0] }

// outOfDate: the leaf is past its time, or before it.
func (h tlsHost) outOfDate() bool {
	now := h.facts.Started
	return !now.Before(h.leaf().NotAfter) || now.Before(h.leaf().NotBefore)
}

func (h tlsHost) dates() string {
	return fmt.Sprintf("valid from %s to %s", h.leaf().NotBefore.UTC().Format(time.DateOnly), h.leaf().NotAfter.UTC().Format(time.DateOnly))
}

func certificateExpired(v *votes, h tlsHost) {
	if h.outOfDate() {
		v.fail(h.Name, h.at, h.dates())
	} else {
		v.pass(h.at, h.dates())
	}
}

// Certificates are renewed weeks before they end: one with fewer than these
// days left was forgotten. One that never lives long (six days, say) is renewed
// later, and judged by a quarter of its life.
const (
	renewBefore = 14 * 24 * time.Hour
	shortLife   = 30 * 24 * time.Hour
)

func certificateExpiring(v *votes, h tlsHost) {
	if h.outOfDate() {
		v.skip(scanner.NACovered)
		return
	}
	margin := renewBefore
	if life := h.leaf().NotAfter.Sub(h.leaf().NotBefore); life <= shortLife {
		margin = life / 4
	}
	left := h.leaf().NotAfter.Sub(h.facts.Started)
	seen := fmt.Sprintf("%s: %d days left", h.dates(), int(left/(24*time.Hour)))
	if left < margin {
		v.fail(h.Name, h.at, seen)
	} else {
		v.pass(h.at, seen)
	}
}

func certificateHostname(v *votes, h tlsHost) {
	names := "for " + strings.Join(h.leaf().Names, ", ")
	if len(h.leaf().Names) == 0 {
		names = "for no host name; subject " + h.leaf().Subject
	}
	if h.NameMatch {
		v.pass(h.at, names)
	} else {
		v.fail(h.Name, h.at, names)
	}
}

func certificateUntrusted(v *votes, h tlsHost) {
	seen := "issued by " + h.leaf().Issuer
	switch h.Verify {
	case scanner.ChainTrusted:
		v.pass(h.at, seen)
	case scanner.ChainIncomplete: // tls.chain.incomplete says so; browsers often find the rest
		v.skip(scanner.NACovered)
	case scanner.ChainUnverified:
		v.unknown(noTrustStore(h), h.at, seen)
	default:
		if h.VerifyDetail != "" {
			seen += ": " + h.VerifyDetail
		}
		v.fail(h.Name, h.at, fmt.Sprintf("%s (%s)", seen, h.Verify))
	}
}

func chainIncomplete(v *votes, h tlsHost) {
	switch h.Verify {
	case scanner.ChainTrusted:
		v.pass(h.at, fmt.Sprintf("%d certificates sent, down from %s", len(h.Chain), h.Chain[len(h.Chain)-1].Issuer))
	case scanner.ChainIncomplete:
		v.fail(h.Name, h.at, fmt.Sprintf("%d certificates sent; the issuer %s is missing", len(h.Chain), h.Chain[len(h.Chain)-1].Issuer))
	case scanner.ChainUnverified:
		v.unknown(noTrustStore(h), h.at, fmt.Sprintf("%d certificates sent", len(h.Chain)))
	default:
		v.skip(scanner.NACovered)
	}
}

func noTrustStore(h tlsHost) *scanner.Failure {
	return scanner.Failf(scanner.FailMissing, "ca-certificates: "+h.VerifyDetail)
}

// signed are the certificates whose key and signature matter: a root that was
// sent along is trusted for itself.
func (h tlsHost) signed() []scanner.Cert {
	out := []scanner.Cert{h.leaf()}
	for _, c := range h.Chain[1:] {
		if !c.SelfSigned {
			out = append(out, c)
		}
	}
	return out
}

func certificateWeakKey(v *votes, h tlsHost) {
	clean := true
	for _, c := range h.signed() {
		if isWeakKey(c) {
			clean = false
			v.fail(h.Name, h.at, fmt.Sprintf("%s %d bits, %s", c.KeyType, c.KeyBits, c.Subject))
		}
	}
	if clean {
		v.pass(h.at, fmt.Sprintf("%s %d bits", h.leaf().KeyType, h.leaf().KeyBits))
	}
}

// isWeakKey: below 112 bits of strength (NIST SP 800-57 part 1, table 2).
func isWeakKey(c scanner.Cert) bool {
	switch c.KeyType {
	case "RSA", "DSA":
		return c.KeyBits < 2048
	case "ECDSA":
		return c.KeyBits < 224
	}
	return false
}

func certificateWeakSignature(v *votes, h tlsHost) {
	clean := true
	for _, c := range h.signed() {
		if isWeakSignature(c.Signature) {
			clean = false
			v.fail(h.Name, h.at, c.Signature+", "+c.Subject)
		}
	}
	if clean {
		v.pass(h.at, h.leaf().Signature)
	}
}

func isWeakSignature(name string) bool {
	name = strings.ToUpper(name)
	for _, hash := range []string{"MD2", "MD5", "SHA1"} {
		if strings.HasPrefix(name, hash+"-") || strings.HasSuffix(name, "-"+hash) {
			return true
		}
	}
	return false
}

// staplingMissing: only a certificate that names an OCSP responder can be
// stapled; one that asks for it is refused by browsers without.
func staplingMissing(v *votes, h tlsHost) {
	leaf := h.leaf()
	seen := "no OCSP response was stapled"
	if h.Stapled && h.StapleError != "" {
		seen = "the stapled OCSP response cannot be used: " + h.StapleError
	}
	switch {
	case !leaf.OCSP && !leaf.MustStaple:
		v.skip(scanner.NANotUsed)
	case h.Stapled && h.StapleError == "":
		v.pass(h.at, "an OCSP response is stapled")
	case leaf.MustStaple:
		v.fail(h.Name, h.at, seen+"; the certificate requires one")
	default:
		v.warn(h.Name, h.at, seen)
	}
}
