package checks

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// securityTxtChecks are the rules on the file of RFC 9116.
func securityTxtChecks() []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.security-txt.missing", Needs: web, Judge: securityTxtMissing},
		{Rule: "web.security-txt.expired", Needs: web, Judge: onSecurityTxt(securityTxtExpired)},
		{Rule: "web.security-txt.no-contact", Needs: web, Judge: onSecurityTxt(securityTxtNoContact)},
		{Rule: "web.security-txt.canonical", Needs: web, Judge: onSecurityTxt(securityTxtCanonical)},
		{Rule: "web.security-txt.signature", Needs: web, Judge: onSecurityTxt(securityTxtSignature)},
	}
}

func securityTxtMissing(f *scanner.Facts) scanner.Finding {
	s := f.Web.SecurityTxt
	switch {
	case s == nil, s.Failure != nil && len(pagesOver(f, "https")) == 0:
		return notAsked(f, "https")
	case s.Failure != nil:
		return scanner.CannotTell(s.Failure, scanner.Evidence{Subject: s.URL, Observed: s.Failure.Error()})
	case s.Status == 429 || s.Status >= 500:
		return scanner.CannotTell(refusal(&scanner.Hop{URL: s.URL, Status: s.Status}))
	}
	var v votes
	switch {
	case s.Found:
		v.pass(s.URL, "Contact: "+strings.Join(s.Contact, ", "))
	case s.Status == 200:
		v.fail(hostOf(s.URL), s.URL, "status 200, but no security.txt (RFC 9116)")
	default:
		v.fail(hostOf(s.URL), s.URL, fmt.Sprint("status ", s.Status))
	}
	return withExpiry(v.finding(), f)
}

// withExpiry gives the remedy's file its date: RFC 9116 recommends less than a
// year.
func withExpiry(finding scanner.Finding, f *scanner.Facts) scanner.Finding {
	if finding.Outcome != scanner.Fail {
		return finding
	}
	return finding.With("expires", f.Started.UTC().AddDate(0, 0, 360).Format(time.DateOnly)+"T00:00:00Z")
}

// onSecurityTxt judges the file where there is one.
func onSecurityTxt(judge func(v *votes, f *scanner.Facts, s *scanner.SecurityTxt)) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		s := f.Web.SecurityTxt
		if s == nil || s.Failure != nil || !s.Found {
			missing := securityTxtMissing(f)
			if missing.Outcome == scanner.Fail {
				return scanner.DoesNotApply(scanner.NANoRecord)
			}
			return missing
		}
		var v votes
		judge(&v, f, s)
		return withExpiry(v.finding(), f)
	}
}

// securityTxtExpired: RFC 9116 section 2.5.5 asks for exactly one date, in the
// future.
func securityTxtExpired(v *votes, f *scanner.Facts, s *scanner.SecurityTxt) {
	if len(s.Expires) != 1 {
		v.fail(hostOf(s.URL), s.URL, fmt.Sprintf("%d Expires fields", len(s.Expires)))
		return
	}
	seen := "Expires: " + s.Expires[0]
	at, err := time.Parse(time.RFC3339, strings.ToUpper(strings.TrimSpace(s.Expires[0])))
	switch {
	case err != nil:
		v.fail(hostOf(s.URL), s.URL, seen+" (not a date of RFC 3339)")
	case !at.After(f.Started):
		v.fail(hostOf(s.URL), s.URL, seen)
	default:
		v.pass(s.URL, seen)
	}
}

var hasScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:.`)

// securityTxtNoContact: there must be one at least (RFC 9116 section 2.5.3), and
// it must be a URI: "mailto:" before a mail address.
func securityTxtNoContact(v *votes, _ *scanner.Facts, s *scanner.SecurityTxt) {
	if len(s.Contact) == 0 {
		v.fail(hostOf(s.URL), s.URL, "no Contact field")
	}
	for _, c := range s.Contact {
		switch {
		case !hasScheme.MatchString(c):
			v.warn(hostOf(s.URL), s.URL, "Contact: "+c+" (no URI)")
		case isPlain(c):
			v.warn(hostOf(s.URL), s.URL, "Contact: "+c+" (not https)")
		default:
			v.pass(s.URL, "Contact: "+c)
		}
	}
}

// securityTxtCanonical: who finds the file elsewhere than it says should not
// trust it (RFC 9116 section 2.5.2).
func securityTxtCanonical(v *votes, _ *scanner.Facts, s *scanner.SecurityTxt) {
	if len(s.Canonical) == 0 {
		v.skip(scanner.NANotUsed)
		return
	}
	seen := "Canonical: " + strings.Join(s.Canonical, ", ")
	for _, c := range s.Canonical {
		if at := sameForm(c); at == sameForm(s.URL) || (s.From != "" && at == sameForm(s.From)) {
			v.pass(s.URL, seen)
			return
		}
	}
	v.fail(hostOf(s.URL), s.URL, seen)
}

// sameForm writes an address in one way (RFC 3986 section 6.2).
func sameForm(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return address
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	u.Host = strings.TrimSuffix(u.Host, map[string]string{"https": ":443", "http": ":80"}[u.Scheme])
	return u.String()
}

func securityTxtSignature(v *votes, _ *scanner.Facts, s *scanner.SecurityTxt) {
	switch {
	case s.Signature == nil:
		v.skip(scanner.NANotUsed)
	case s.Signature.Fault != "":
		v.fail(hostOf(s.URL), s.URL, s.Signature.Fault)
	default:
		v.pass(s.URL, "an OpenPGP signature, whole (not verified)")
	}
}
