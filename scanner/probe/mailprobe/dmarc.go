package mailprobe

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// dmarcQueries is how many names the tree walk asks for at most (RFC 9989
// section 4.10): the domain itself, then from its last seven labels upwards.
const dmarcQueries = 8

// dmarc finds the policy that applies to the domain, and looks whether the
// addresses in it can be sent reports, and for records in a wrong place.
func (s *scan) dmarc(ctx context.Context) scanner.DMARC {
	d := s.dmarcPolicy(ctx)
	if d.Failure == nil {
		d.Reports = s.reportAddresses(ctx, strings.TrimPrefix(d.At, "_dmarc."), d)
	}
	texts, failure := s.txt(ctx, s.domain)
	if failure != nil {
		return d // the facts of SPF have the failure of the same question
	}
	records, nearly := dmarcRecords(texts)
	if d.AtApex, d.ApexRecords = scanner.No, kept(append(records, nearly...)); len(d.ApexRecords) > 0 {
		d.AtApex = scanner.Yes
	}
	return d
}

// dmarcPolicy finds the domain's own record or, by the tree walk of RFC 9989
// section 4.10, the one above it.
func (s *scan) dmarcPolicy(ctx context.Context) scanner.DMARC {
	var (
		above  []dmarcFound // from the longest name to the shortest
		faulty = scanner.DMARC{Percent: 100}
	)
	for i, name := range treeWalk(s.domain) {
		at := "_dmarc." + name
		texts, failure := s.txt(ctx, at)
		if failure != nil {
			return scanner.DMARC{Failure: failure}
		}
		records, nearly := dmarcRecords(texts)
		switch {
		case len(records) == 1 && i == 0:
			return dmarcFacts(at, records[0], false)
		case len(records) == 1:
			found := dmarcFound{name: name, record: records[0]}
			tags, _ := parseTags(records[0])
			psd, _ := valueOf(tags, "psd")
			found.psd = strings.ToLower(psd)
			above = append(above, found)
			if found.psd == "y" || found.psd == "n" {
				return s.dmarcAbove(above)
			}
		case len(records) > 1 && faulty.At == "":
			faulty = scanner.DMARC{At: at, Records: kept(records), Percent: 100,
				Error: faultf("there are %d records; receivers ignore them all", len(records))}
		case len(nearly) > 0 && i == 0:
			faulty = scanner.DMARC{At: at, Records: kept(nearly), Percent: 100,
				Error: "the record does not begin with exactly \"v=DMARC1;\", so receivers ignore it"}
		}
		if i == 0 && faulty.At != "" {
			return faulty // the domain's own mistake matters more than what is above
		}
	}
	if len(above) == 0 {
		return faulty
	}
	return s.dmarcAbove(above)
}

// dmarcFound is a record on the way up.
type dmarcFound struct{ name, record, psd string }

// dmarcAbove chooses among the records above the domain (RFC 9989 sections
// 4.10.1 and 4.10.2): that of the organizational domain or, if it has none, of
// the public suffix above it.
func (s *scan) dmarcAbove(above []dmarcFound) scanner.DMARC {
	top := above[len(above)-1] // psd=n, psd=y, or the fewest labels
	if top.psd == "y" {
		labels := strings.Split(s.domain, ".")
		org := strings.Join(labels[max(0, len(labels)-strings.Count(top.name, ".")-2):], ".")
		if i := slices.IndexFunc(above, func(f dmarcFound) bool { return f.name == org }); i >= 0 {
			top = above[i]
		}
	}
	return dmarcFacts("_dmarc."+top.name, top.record, true)
}

// treeWalk returns the names to ask, without their "_dmarc.".
func treeWalk(domain string) []string {
	labels := strings.Split(domain, ".")
	names := []string{domain}
	for n := min(len(labels)-1, dmarcQueries-1); n > 0; n-- {
		names = append(names, strings.Join(labels[len(labels)-n:], "."))
	}
	return names
}

// dmarcRecords picks the DMARC records out of TXT records: the version comes
// first and is exact. nearly has those that somebody must have meant as one.
func dmarcRecords(texts []string) (records, nearly []string) {
	for _, t := range texts {
		head, _, _ := strings.Cut(t, ";")
		name, value, _ := strings.Cut(head, "=")
		if strings.EqualFold(strings.TrimRight(name, " \t"), "v") && strings.Trim(value, " \t") == "DMARC1" {
			records = append(records, t)
		} else if strings.HasPrefix(strings.ToLower(strings.TrimLeft(t, " \t\r\n\"'")), "v=dmarc") {
			nearly = append(nearly, t)
		}
	}
	return records, nearly
}

// dmarcFacts reads a record (RFC 9989 section 4.7, with RFC 7489's pct) and
// says what applies to the domain itself; inherited tells that the record
// belongs to a name above it. Every text gives facts.
func dmarcFacts(at, record string, inherited bool) scanner.DMARC {
	d := scanner.DMARC{At: at, Records: kept([]string{record}), Percent: 100}
	tags, fault := parseTags(record)
	d.Error = fault
	var (
		p      string
		usable = true // p, and sp and np where present, are valid
		test   bool
	)
	for _, t := range tags {
		value := strings.ToLower(t.value)
		valid := true
		switch t.name {
		case "p", "sp", "np":
			valid = oneOf(value, "none", "quarantine", "reject")
			usable = usable && valid
			switch {
			case t.name == "p" && valid:
				p = value
			case t.name == "sp":
				d.Subdomain = scanner.Printable(value, maxFault)
			case t.name == "np":
				d.NonExistent = scanner.Printable(value, maxFault)
			}
		case "rua":
			d.RUA, valid = reportURIs(t.value, &d.Error)
		case "ruf":
			d.RUF, valid = reportURIs(t.value, &d.Error)
		case "pct":
			n, err := strconv.Atoi(value)
			if valid = err == nil && isDigits(value) && n <= 100; valid {
				d.Percent = n
			}
		case "t":
			valid = oneOf(value, "y", "n")
			test = value == "y"
		case "adkim", "aspf":
			valid = oneOf(value, "r", "s")
		case "psd":
			valid = oneOf(value, "y", "n", "u")
		case "fo":
			for option := range strings.SplitSeq(value, ":") {
				valid = valid && oneOf(trimSpace(option), "0", "1", "d", "s")
			}
		}
		if !valid {
			first(&d.Error, faultf("%s=%q is not valid", t.name, t.value))
		}
	}
	if _, ok := valueOf(tags, "p"); !ok {
		first(&d.Error, "the record has no p")
		usable = false
	}
	if test {
		d.Percent = 0
	}
	switch {
	case usable && inherited && d.Subdomain != "":
		d.Policy = d.Subdomain
	case usable:
		d.Policy = p
	case len(d.RUA) > 0:
		d.Policy = "none" // RFC 9989 section 4.10.1, RFC 7489 section 6.6.3
	}
	return d
}

func oneOf(s string, of ...string) bool { return slices.Contains(of, s) }

// reportURIs reads the value of rua or ruf: URIs with commas between them, each
// perhaps with RFC 7489's "!10m", which is taken off. Those that are no URI are
// left out and are a fault.
func reportURIs(value string, fault *string) (uris []string, valid bool) {
	for text := range strings.SplitSeq(value, ",") {
		if text = trimSpace(text); text == "" {
			continue
		}
		uri, size, sized := strings.Cut(text, "!")
		if !isReportURI(uri) || (sized && !isReportSize(size)) {
			first(fault, faultf("%q is no report address (mailto:name@domain)", text))
			continue
		}
		if len(uris) < maxURIs {
			uris = append(uris, scanner.Printable(uri, maxText))
		}
	}
	return uris, len(uris) > 0
}

// isReportURI: any scheme is allowed; a mail address has its two sides.
func isReportURI(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return false
	}
	if u.Scheme != "mailto" {
		return u.Host != "" || u.Opaque != ""
	}
	local, domain, ok := strings.Cut(u.Opaque, "@")
	return ok && local != "" && domain != "" && !strings.Contains(domain, "@")
}

func isReportSize(s string) bool {
	if s != "" && strings.IndexByte("kmgt", s[len(s)-1]|0x20) >= 0 {
		s = s[:len(s)-1]
	}
	return isDigits(s)
}
