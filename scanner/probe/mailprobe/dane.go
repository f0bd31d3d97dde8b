package mailprobe

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Bounds on TLSA records: how many are kept, and how much of each is shown.
const (
	maxTLSA     = 20
	maxTLSAText = 150 // bytes; a SHA-512 digest is shown whole
)

// Usages of a TLSA record that count for mail (RFC 7672 section 3.1).
const (
	usageTA = 2 // the key of an authority that the chain must lead to
	usageEE = 3 // the server's own key
)

// tlsa asks for the TLSA records of a mail server and notes them in h.
func (s *scan) tlsa(ctx context.Context, h *scanner.MXHost) []*dns.TLSA {
	h.DANE = &scanner.MailDANE{At: "_25._tcp." + h.Name}
	answer, failure := s.lookup(ctx, h.DANE.At, dns.TypeTLSA)
	if failure != nil {
		h.DANE.Failure = failure
		return nil
	}
	var records []*dns.TLSA
	for _, rr := range answer.Records {
		if t, ok := rr.(*dns.TLSA); ok && len(records) < maxTLSA {
			records = append(records, t)
			h.DANE.Records = append(h.DANE.Records, tlsaText(t))
			if usableTLSA(t) {
				h.DANE.Usable++
			}
		}
	}
	slices.Sort(h.DANE.Records)
	if len(records) > 0 {
		h.DANE.Security = answer.Security
	}
	return records
}

func tlsaText(t *dns.TLSA) string {
	return scanner.Printable(fmt.Sprintf("%d %d %d %s", t.Usage, t.Selector, t.MatchingType, strings.ToLower(t.Certificate)), maxTLSAText)
}

// usableTLSA: mail servers ignore usages 0 and 1, and what they do not know.
func usableTLSA(t *dns.TLSA) bool {
	data, err := hex.DecodeString(t.Certificate)
	size := map[uint8]int{1: sha256.Size, 2: sha512.Size}[t.MatchingType]
	return err == nil && (t.Usage == usageTA || t.Usage == usageEE) && t.Selector <= 1 && t.MatchingType <= 2 &&
		len(data) > 0 && (size == 0 || len(data) == size)
}

// forMail are the records that mail servers take into account.
func forMail(records []*dns.TLSA) []*dns.TLSA {
	return slices.DeleteFunc(slices.Clone(records), func(t *dns.TLSA) bool { return !usableTLSA(t) })
}

// matchDANE says what became of the usable records that the chain was held
// against. Usage 3 is about the leaf alone, whatever its name and dates (RFC
// 7672 section 3.1.1); usage 2 wants those as well (section 3.1.2).
func matchDANE(h *scanner.MXHost, now time.Time) {
	switch {
	case h.DANE == nil || h.DANE.Usable == 0:
	case h.TLS.Failure != nil:
		h.DANE.MatchFailure = h.TLS.Failure
	case h.TLS.TLSA == scanner.Unknown:
		h.DANE.MatchFailure = scanner.Failf(scanner.FailProtocol, "no certificate was seen")
	case h.TLS.TLSA == scanner.Yes && h.TLS.TLSABy != "" && h.TLS.TLSABy[0] == '0'+usageTA && !sound(h.TLS, now):
		h.DANE.Match = scanner.No
		if slices.ContainsFunc(h.DANE.Records, func(r string) bool { return r[0] == '0'+usageEE }) {
			h.DANE.Match = scanner.Unknown // a record of the other kind may fit as well
			h.DANE.MatchFailure = scanner.Failf(scanner.FailUncertain, "records of two kinds, of which only one was compared")
		}
	default:
		h.DANE.Match, h.DANE.By = h.TLS.TLSA, h.TLS.TLSABy
	}
}

// sound: the certificate is for the name, and in force.
func sound(h *scanner.TLSHost, now time.Time) bool {
	return h.NameMatch && len(h.Chain) > 0 && !now.Before(h.Chain[0].NotBefore) && !now.After(h.Chain[0].NotAfter)
}
