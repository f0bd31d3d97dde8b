package checks

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Grammar of RFC 8659 section 4.2.
var (
	caaDomain    = regexp.MustCompile(`^[A-Za-z0-9]+(-+[A-Za-z0-9]+)*(\.[A-Za-z0-9]+(-+[A-Za-z0-9]+)*)*$`)
	caaParameter = regexp.MustCompile(`^[A-Za-z0-9]+(-+[A-Za-z0-9]+)*[ \t]*=[ \t]*[\x21-\x3a\x3c-\x7e]*$`)
)

// caaInvalid: a company that finds a value it cannot read, or an unknown
// property marked as critical, has to refuse (RFC 8659 sections 4.1, 4.2, 4.5).
func caaInvalid(f *scanner.Facts) scanner.Finding {
	d := f.DNS
	if d.CAAFailure != nil {
		return scanner.CannotTell(d.CAAFailure)
	}
	if len(d.CAA) == 0 {
		return scanner.DoesNotApply(scanner.NANoRecord)
	}
	at := cmpText(d.CAAAt, f.Target.Domain)
	var v votes
	for _, r := range d.CAA {
		record := fmt.Sprintf("CAA %d %s %q", r.Flag, r.Tag, r.Value)
		switch wrong := wrongCAA(r); {
		case wrong != "":
			v.fail("", at, record+": "+wrong)
		case forbidsAll(r) && slices.ContainsFunc(d.CAA, func(o scanner.CAARecord) bool { return strings.EqualFold(o.Tag, r.Tag) && !forbidsAll(o) }):
			v.warn("", at, record+": forbids all, beside a record that allows one")
		default:
			v.pass(at, record)
		}
	}
	return v.finding()
}

// forbidsAll: a property that names no company.
func forbidsAll(r scanner.CAARecord) bool {
	domain, _, _ := strings.Cut(r.Value, ";")
	return caaIssues(r.Tag) && strings.TrimSpace(domain) == ""
}

func caaIssues(tag string) bool {
	switch strings.ToLower(tag) {
	case "issue", "issuewild", "issuemail", "issuevmc": // RFC 8659, RFC 9495, VMC requirements
		return true
	}
	return false
}

func wrongCAA(r scanner.CAARecord) string {
	switch tag := strings.ToLower(r.Tag); {
	case caaIssues(tag):
		return wrongIssuer(r.Value)
	case tag == "iodef":
		u, err := url.Parse(r.Value)
		if err != nil || !slices.Contains([]string{"mailto", "http", "https"}, strings.ToLower(u.Scheme)) {
			return "no mailto:, http: or https: address"
		}
	case tag == "contactemail", tag == "contactphone": // CA/Browser Forum baseline requirements, appendix A
		if strings.TrimSpace(r.Value) == "" {
			return "empty"
		}
	case r.Flag&0x80 != 0:
		return "unknown, and marked as critical: nobody may issue"
	}
	return ""
}

func wrongIssuer(value string) string {
	domain, parameters, _ := strings.Cut(value, ";")
	if domain = strings.Trim(domain, " \t"); domain != "" && !caaDomain.MatchString(domain) {
		return "no domain name of a certificate company"
	}
	for p := range strings.SplitSeq(parameters, ";") {
		if p = strings.Trim(p, " \t"); p != "" && !caaParameter.MatchString(p) {
			return "a parameter is not of the form name=value"
		}
	}
	return ""
}
