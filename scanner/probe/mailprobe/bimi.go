package mailprobe

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/webprobe"
)

// Limits on what is fetched for BIMI, in bytes.
const (
	bimiLogoSize = 256 << 10 // past svgSize it is a fault, which has to be seen
	bimiMarkSize = 256 << 10
	bimiCerts    = 10 // of a PEM file that are looked at
)

// bimi reads the record of the selector that receivers take where a mail names
// none, "default", of the domain or of its organisation, and what it leads to.
func (s *scan) bimi(ctx context.Context) *scanner.BIMI {
	domains := []string{s.domain}
	if org, err := publicsuffix.EffectiveTLDPlusOne(s.domain); err == nil && org != s.domain {
		domains = append(domains, org)
	}
	for _, domain := range domains {
		at := "default._bimi." + domain
		texts, failure := s.txt(ctx, at)
		if failure != nil {
			return &scanner.BIMI{Failure: failure}
		}
		if records := bimiRecords(texts); len(records) > 0 {
			out := bimiFacts(at, records)
			s.fetchBIMI(ctx, &out)
			return &out
		}
	}
	return &scanner.BIMI{}
}

func bimiRecords(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(t string) bool {
		head, _, _ := strings.Cut(t, ";")
		return !strings.EqualFold(strings.ReplaceAll(trimSpace(head), " ", ""), "v=BIMI1")
	})
}

// bimiFacts reads the records at a name. Every text gives facts.
func bimiFacts(at string, records []string) scanner.BIMI {
	out := scanner.BIMI{At: at, Records: kept(records)}
	if len(records) != 1 {
		out.Error = faultf("there are %d records; receivers ignore them all", len(records))
		return out
	}
	tags, fault := parseTags(records[0])
	out.Error = fault
	logo, ok := valueOf(tags, "l")
	if !ok {
		first(&out.Error, "the record has no l")
	}
	mark, _ := valueOf(tags, "a")
	if out.Declined = ok && logo == "" && mark == ""; out.Declined {
		return out
	}
	if ok && logo == "" {
		first(&out.Error, "l is empty, and a is not")
	}
	for _, link := range []struct {
		tag, value string
		to         *string
	}{{"l", logo, &out.Logo}, {"a", mark, &out.Mark}} {
		switch u, err := url.Parse(link.value); {
		case link.value == "", link.value == "self": // "self" stood in early drafts, for no certificate
		case err != nil || u.Scheme != "https" || u.Host == "" || len(link.value) > maxText:
			first(&out.Error, faultf("%s=%q is no https address", link.tag, link.value))
		default:
			*link.to = scanner.Printable(link.value, maxText)
		}
	}
	return out
}

func (s *scan) fetchBIMI(ctx context.Context, out *scanner.BIMI) {
	if out.Logo != "" {
		var body []byte
		if body, out.LogoError, out.LogoFailure = s.fetch(ctx, out.Logo, bimiLogoSize); body != nil {
			out.LogoError = svgFault(body)
		}
	}
	if out.Mark != "" {
		var body []byte
		if body, out.MarkError, out.MarkFailure = s.fetch(ctx, out.Mark, bimiMarkSize); body != nil {
			out.MarkError = markFault(body, strings.TrimPrefix(out.At, "default._bimi."), s.started)
		}
	}
}

// fetch gets a document: its body, what is wrong with the answer, or why there
// was none.
func (s *scan) fetch(ctx context.Context, link string, limit int64) ([]byte, string, *scanner.Failure) {
	response, err := webprobe.Get(ctx, s.net, link, limit)
	switch {
	case err != nil:
		return nil, "", scanner.FailureOf(err)
	case response.Status != http.StatusOK:
		return nil, faultf("HTTP status %d", response.Status), nil
	case len(response.Body) == 0:
		return nil, "the answer is empty", nil
	}
	return response.Body, "", nil
}

// markFault is what is wrong with a mark certificate (a VMC or CMC), "" if
// nothing can be seen. Who issued it is not judged: receivers keep lists of
// their own.
func markFault(body []byte, domain string, now time.Time) string {
	block, rest := pem.Decode(body)
	for n := 1; block != nil && block.Type != "CERTIFICATE" && n < bimiCerts; n++ {
		block, rest = pem.Decode(rest)
	}
	if block == nil || block.Type != "CERTIFICATE" {
		return "there is no certificate in PEM form"
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return faultf("the certificate cannot be read: %v", err)
	}
	switch {
	case !slices.ContainsFunc(c.UnknownExtKeyUsage, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 31}.Equal):
		return "the certificate is not one for logos"
	case !hasExtension(c, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 12}):
		return "the certificate holds no logo"
	case now.After(c.NotAfter):
		return "the certificate expired " + c.NotAfter.UTC().Format(time.DateOnly)
	case now.Before(c.NotBefore):
		return "the certificate is not valid before " + c.NotBefore.UTC().Format(time.DateOnly)
	case !markNames(c, domain):
		return faultf("the certificate is for other names: %s", strings.Join(c.DNSNames[:min(len(c.DNSNames), 5)], " "))
	}
	return ""
}

func hasExtension(c *x509.Certificate, id asn1.ObjectIdentifier) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return true
		}
	}
	return false
}

// markNames: the certificate names the domain, or the record's own name.
func markNames(c *x509.Certificate, domain string) bool {
	org, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		org = domain
	}
	return slices.ContainsFunc(c.DNSNames, func(name string) bool {
		name = strings.ToLower(name)
		return name == domain || name == org || name == fmt.Sprintf("default._bimi.%s", domain)
	})
}
