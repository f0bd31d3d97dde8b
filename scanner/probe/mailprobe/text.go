package mailprobe

import (
	"context"
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Bounds on what is stored of a domain's records. The records are parsed whole:
// a DNS answer cannot be larger than 64 KiB.
const (
	maxRecords = 10   // records of one kind
	maxText    = 2000 // bytes of one record
	maxFault   = 300  // bytes of one fault's text
	maxTags    = 200  // parts of one tag list
	maxURIs    = 20   // report addresses of one record
)

// txt returns the TXT records of name, the strings of each joined without a
// space (RFC 7208 section 3.3, RFC 6376 section 3.6.2.2, RFC 9989 section 4).
// None is no failure.
func (s *scan) txt(ctx context.Context, name string) ([]string, *scanner.Failure) {
	answer, failure := s.lookup(ctx, name, dns.TypeTXT)
	if failure != nil {
		return nil, failure
	}
	var texts []string
	for _, rr := range answer.Records {
		if t, ok := rr.(*dns.TXT); ok {
			texts = append(texts, unescape(strings.Join(t.Txt, "")))
		}
	}
	return texts, nil
}

// unescape undoes the zone file's escapes (RFC 1035 section 5.1), which the
// DNS library keeps in the strings of a TXT record.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		if i+3 < len(s) && isDigits(s[i+1:i+4]) {
			if n := int(s[i+1]-'0')*100 + int(s[i+2]-'0')*10 + int(s[i+3]-'0'); n < 256 {
				out = append(out, byte(n))
				i += 3
				continue
			}
		}
		i++
		out = append(out, s[i])
	}
	return string(out)
}

// kept makes records fit to be stored.
func kept(records []string) []string {
	var out []string
	for _, r := range records[:min(len(records), maxRecords)] {
		out = append(out, scanner.Printable(r, maxText))
	}
	return out
}

// faultf makes the text of a fault; what a domain wrote is quoted with %q and
// therefore harmless on a terminal, but may be long.
func faultf(format string, args ...any) string {
	return scanner.Printable(fmt.Sprintf(format, args...), maxFault)
}

// first keeps the first fault of a record.
func first(fault *string, text string) {
	if *fault == "" {
		*fault = text
	}
}

// tag is one "name=value" of a tag list.
type tag struct{ name, value string }

// parseTags reads a tag list, "v=DMARC1; p=none" (RFC 6376 section 3.2, which
// DMARC, MTA-STS and TLS-RPT borrow). Names are given in lower case; empty
// parts are left out, as every receiver does. The fault is the first one; the
// tags that could be read are returned beside it.
func parseTags(record string) (tags []tag, fault string) {
	seen := map[string]bool{}
	n := 0
	for part := range strings.SplitSeq(record, ";") {
		if part = trimSpace(part); part == "" {
			continue
		}
		if n++; n > maxTags {
			first(&fault, faultf("more than %d tags", maxTags))
			break
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.ToLower(trimSpace(name))
		switch {
		case !ok:
			first(&fault, faultf("%q has no \"=\"", part))
			continue
		case !isTagName(name):
			first(&fault, faultf("%q is no tag name", name))
			continue
		case seen[name]:
			first(&fault, faultf("the tag %q appears twice", name))
			continue
		}
		seen[name] = true
		tags = append(tags, tag{name, trimSpace(value)})
	}
	return tags, fault
}

// valueOf returns the value of the named tag.
func valueOf(tags []tag, name string) (string, bool) {
	for _, t := range tags {
		if t.name == name {
			return t.value, true
		}
	}
	return "", false
}

func trimSpace(s string) string { return strings.Trim(s, " \t\r\n") }

func isTagName(s string) bool {
	for i, c := range []byte(s) {
		if !isAlpha(c) && (i == 0 || (!isDigit(c) && c != '_' && c != '-')) {
			return false
		}
	}
	return s != ""
}

func isAlpha(c byte) bool { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if !isDigit(c) {
			return false
		}
	}
	return s != ""
}
