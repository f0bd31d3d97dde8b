package resolve

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Bounds against answers made to be expensive to validate (CVE-2023-50387).
const (
	maxKeys       = 32 // keys of one zone
	maxSignatures = 8  // signatures of one record set
	maxAttempts   = 12 // verifications for one record set
)

// fault is why something could not be validated.
type fault struct {
	status scanner.DNSSECStatus // bogus, insecure for algorithms that do not count, indeterminate
	reason string
	absent bool // something is not there, rather than wrong
}

// supported tells whether we validate an algorithm. RSASHA1 and its NSEC3 twin
// are treated as unknown (RFC 9905 section 2).
func supported(algorithm uint8) bool {
	switch algorithm {
	case dns.RSASHA256, dns.RSASHA512, dns.ECDSAP256SHA256, dns.ECDSAP384SHA384, dns.ED25519:
		return true
	}
	return false
}

// signatures are the RRSIG records of name and type, at most maxSignatures.
func signatures(section []dns.RR, name string, covered uint16) []*dns.RRSIG {
	var sigs []*dns.RRSIG
	for _, rr := range section {
		if s, ok := rr.(*dns.RRSIG); ok && s.Hdr.Name == name && s.TypeCovered == covered && len(sigs) < maxSignatures {
			sigs = append(sigs, s)
		}
	}
	return sigs
}

// verify checks a record set against the signatures beside it in section by the
// keys of zone t, and returns the signature that holds (RFC 4035 section 5.3).
func (r *Resolver) verify(t *trust, section, set []dns.RR) (*dns.RRSIG, *fault) {
	head := set[0].Header()
	what := bare(head.Name) + " " + typeName(head.Rrtype)
	sigs := signatures(section, head.Name, head.Rrtype)
	if len(sigs) == 0 {
		return nil, &fault{status: scanner.Bogus, absent: true, reason: "no RRSIG for " + what}
	}
	var (
		best     *fault
		rank     int
		attempts int
		now      = r.now()
	)
	note := func(n int, status scanner.DNSSECStatus, reason string) {
		if n > rank {
			best, rank = &fault{status: status, reason: reason}, n
		}
	}
	for _, sig := range sigs {
		by := fmt.Sprintf("RRSIG of %s by %d", what, sig.KeyTag)
		switch {
		case dns.CanonicalName(sig.SignerName) != t.zone:
			note(2, scanner.Bogus, fmt.Sprintf("%s is signed by %s, not by %s", by, bare(dns.CanonicalName(sig.SignerName)), bare(t.zone)))
			continue
		case !supported(sig.Algorithm):
			note(1, scanner.Insecure, fmt.Sprintf("%s uses %s, which does not count", by, algorithmName(sig.Algorithm)))
			continue
		case serialBefore(sig.Expiration, now):
			note(6, scanner.Bogus, by+" expired "+day(sig.Expiration, now))
			continue
		case !serialBefore(sig.Inception, now) && sig.Inception != uint32(now.Unix()):
			note(5, scanner.Bogus, by+" is not valid before "+day(sig.Inception, now))
			continue
		}
		keys := slices.DeleteFunc(slices.Clone(t.keys), func(k *dns.DNSKEY) bool {
			return k.Algorithm != sig.Algorithm || k.KeyTag() != sig.KeyTag
		})
		if len(keys) == 0 {
			note(3, scanner.Bogus, by+": "+bare(t.zone)+" has no such key (it has "+tagsOf(t.keys)+")")
		}
		for _, k := range keys {
			if attempts++; attempts > maxAttempts {
				break
			}
			if beyondUs(k) {
				note(1, scanner.Indeterminate, by+" is made with an RSA key of a size that cannot be verified here")
				continue
			}
			if err := sig.Verify(k, set); err == nil {
				return sig, nil
			}
			note(4, scanner.Bogus, by+" does not match the data")
		}
	}
	return nil, best
}

// beyondUs: an RSA key that crypto/rsa and package dns refuse, for a modulus
// under 1024 or over 4096 bits or an exponent over 32 bits. Other validators
// may accept it, so nothing is concluded.
func beyondUs(k *dns.DNSKEY) bool {
	if k.Algorithm != dns.RSASHA256 && k.Algorithm != dns.RSASHA512 {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(k.PublicKey)
	if err != nil || len(raw) < 3 {
		return true
	}
	exponent := int(raw[0]) // RFC 3110 section 2: its length, exponent, modulus
	bytes := len(raw) - 1 - exponent
	return exponent == 0 || exponent > 4 || bytes < 1024/8 || bytes > 4096/8
}

// serialBefore compares times of a signature modulo 2^32 (RFC 4034 section
// 3.1.5).
func serialBefore(sig uint32, now time.Time) bool { return int32(sig-uint32(now.Unix())) < 0 }

// day is a signature's time as a date, the one nearest to now.
func day(sig uint32, now time.Time) string {
	return now.Add(time.Duration(int32(sig-uint32(now.Unix()))) * time.Second).UTC().Format(time.DateOnly)
}
