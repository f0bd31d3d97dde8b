package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

func spfChecks() []scanner.Check {
	needs := []string{"mail"}
	return []scanner.Check{
		{Rule: "mail.spf.missing", Needs: needs, Judge: spfMissing},
		{Rule: "mail.spf.multiple", Needs: needs, Judge: spfMultiple},
		{Rule: "mail.spf.invalid", Needs: needs, Judge: spfInvalid},
		{Rule: "mail.spf.lookups", Needs: needs, Judge: spfLookups},
		{Rule: "mail.spf.plus-all", Needs: needs, Judge: spfPlusAll},
		{Rule: "mail.spf.neutral-all", Needs: needs, Judge: spfNeutralAll},
		{Rule: "mail.spf.ptr", Needs: needs, Judge: spfPTR},
		{Rule: "mail.spf.macro", Needs: needs, Judge: spfMacro},
		{Rule: "mail.spf.subdomains", Needs: needs, Judge: spfSubdomains},
	}
}

// spfMissing holds for every domain: a name that sends no mail is abused too.
func spfMissing(f *scanner.Facts) scanner.Finding {
	s, at := f.Mail.SPF, f.Target.Domain
	switch {
	case s.Failure != nil:
		return scanner.CannotTell(s.Failure)
	case len(s.Records) == 0:
		return scanner.Failed(saw(at, "no TXT record that starts with v=spf1"))
	}
	return scanner.Passed(records(at, s.Records)...)
}

func spfMultiple(f *scanner.Facts) scanner.Finding {
	s, at := f.Mail.SPF, f.Target.Domain
	switch {
	case s.Failure != nil:
		return scanner.CannotTell(s.Failure)
	case len(s.Records) == 0:
		return scanner.DoesNotApply(scanner.NANoRecord)
	case len(s.Records) > 1:
		return scanner.Failed(records(at, s.Records)...)
	}
	return scanner.Passed(records(at, s.Records)...)
}

// oneSPF is the finding of a rule about the text of the SPF record where
// there is not exactly one; ok tells that there is.
func oneSPF(f *scanner.Facts) (_ scanner.Finding, ok bool) {
	s := f.Mail.SPF
	switch {
	case s.Failure != nil:
		return scanner.CannotTell(s.Failure), false
	case len(s.Records) == 0:
		return scanner.DoesNotApply(scanner.NANoRecord), false
	case len(s.Records) > 1:
		return scanner.DoesNotApply(scanner.NACovered), false // mail.spf.multiple
	}
	return scanner.Finding{}, true
}

func spfInvalid(f *scanner.Facts) scanner.Finding {
	s, at := f.Mail.SPF, f.Target.Domain
	other, ok := oneSPF(f)
	switch {
	case !ok:
		return other
	case s.Error != "":
		return scanner.Failed(records(at, s.Records, s.Error)...)
	case s.Unresolved != nil:
		return scanner.CannotTell(s.Unresolved, records(at, s.Records)...)
	}
	return scanner.Passed(records(at, s.Records)...)
}

// The limits of RFC 7208 section 4.6.4.
const (
	maxSPFLookups = 10
	maxSPFVoids   = 2
)

func spfLookups(f *scanner.Facts) scanner.Finding {
	s, at := f.Mail.SPF, f.Target.Domain
	other, ok := oneSPF(f)
	if !ok {
		return other
	}
	count := fmt.Sprintf("%d DNS look-ups of %d allowed, %d without an answer of %d allowed", s.Lookups, maxSPFLookups, s.Voids, maxSPFVoids)
	if len(s.Includes) > 0 {
		count += "; include: " + strings.Join(s.Includes, " ")
	}
	seen := records(at, s.Records, count)
	switch {
	case s.Lookups > maxSPFLookups || s.Voids > maxSPFVoids:
		return scanner.Failed(seen...)
	case s.Unresolved != nil:
		return scanner.CannotTell(s.Unresolved, seen...)
	case s.Error != "":
		return scanner.DoesNotApply(scanner.NACovered) // counted up to the mistake only
	}
	return scanner.Passed(seen...)
}

func spfPlusAll(f *scanner.Facts) scanner.Finding {
	return judgeAll(f, func(all string) (fault, covered bool) { return all == "+", false })
}

// spfNeutralAll: no "all" at all reads as "?all" (RFC 7208 section 4.7).
func spfNeutralAll(f *scanner.Facts) scanner.Finding {
	return judgeAll(f, func(all string) (fault, covered bool) { return all == "?" || all == "", all == "+" })
}

// judgeAll judges the qualifier of the effective "all".
func judgeAll(f *scanner.Facts, judge func(all string) (fault, covered bool)) scanner.Finding {
	s, at := f.Mail.SPF, f.Target.Domain
	other, ok := oneSPF(f)
	if !ok {
		return other
	}
	effective := "no \"all\""
	if s.All != "" {
		effective = "effective: " + s.All + "all"
	}
	seen := records(at, s.Records, effective)
	fault, covered := judge(s.All)
	switch {
	case s.All == "" && s.Unresolved != nil: // it may stand behind a redirect
		return scanner.CannotTell(s.Unresolved, seen...)
	case covered, s.All == "" && s.Error != "":
		return scanner.DoesNotApply(scanner.NACovered)
	case fault:
		own, everybody := ownSenders(s.Records[0])
		if s.All == "+" && !everybody {
			own = "v=spf1 mx" // an included record lets everybody in: it cannot stay
		}
		return scanner.Failed(seen...).With("spf", own)
	}
	return scanner.Passed(seen...)
}

// ownSenders is a record without its end and without what lets everybody in, so
// that a remedy can give it another end: "v=spf1 mx include:_spf.example". A
// redirect becomes the include of the same senders. What would not be safe to
// paste, or is too long for one string of a TXT record, is left out. everybody
// tells whether the record itself lets everybody in.
func ownSenders(record string) (out string, everybody bool) {
	const longest = 230 // of the 255 bytes, with room for the new end
	out = "v=spf1"
	for _, term := range strings.Fields(record)[1:] {
		bare := strings.ToLower(strings.TrimLeft(term, "+-~?"))
		if target, ok := strings.CutPrefix(bare, "redirect="); ok {
			term, bare = "include:"+target, ""
		}
		unsafe := strings.ContainsFunc(term, func(r rune) bool {
			return r <= ' ' || r > '~' || strings.ContainsRune("\"'`$;&|<>()\\", r)
		})
		if strings.HasSuffix(bare, "/0") || (bare == "all" && !strings.ContainsAny(term, "-~?")) {
			everybody = true
		}
		if bare == "all" || strings.HasSuffix(bare, "/0") || unsafe || len(out)+1+len(term) > longest {
			continue
		}
		out += " " + term
	}
	return out, everybody
}

// spfPTR: RFC 7208 section 5.5 says not to use it.
func spfPTR(f *scanner.Facts) scanner.Finding {
	s, at := f.Mail.SPF, f.Target.Domain
	other, ok := oneSPF(f)
	switch {
	case !ok:
		return other
	case s.PTR:
		own, _ := ownSenders(s.Records[0])
		return scanner.Failed(records(at, s.Records, "uses ptr")...).With("spf", withoutPTR(own)+" "+cmp.Or(s.All, "~")+"all")
	case s.All == "" && s.Unresolved != nil: // it may stand behind a redirect
		return scanner.CannotTell(s.Unresolved, records(at, s.Records)...)
	}
	return scanner.Passed(records(at, s.Records)...)
}

func withoutPTR(record string) string {
	terms := slices.DeleteFunc(strings.Fields(record), func(term string) bool {
		name, _, _ := strings.Cut(strings.ToLower(strings.TrimLeft(term, "+-~?")), ":")
		return name == "ptr"
	})
	return strings.Join(terms, " ")
}

// spfMacro reads the record's own terms: those of an included one are its
// owner's. The text of an explanation (exp) is no sender.
func spfMacro(f *scanner.Facts) scanner.Finding {
	s, at := f.Mail.SPF, f.Target.Domain
	other, ok := oneSPF(f)
	if !ok {
		return other
	}
	var macros []string
	for _, term := range strings.Fields(s.Records[0]) {
		if strings.Contains(term, "%{") && !strings.HasPrefix(strings.ToLower(term), "exp=") {
			macros = append(macros, term)
		}
	}
	if len(macros) > 0 {
		return scanner.Warned(records(at, s.Records, "depends on each mail: "+strings.Join(macros, " "))...)
	}
	return scanner.Passed(records(at, s.Records)...)
}

// spfSubdomains: a name with an address can be forged as a sender like the
// domain itself. A strict DMARC policy for such names stops that as well.
func spfSubdomains(f *scanner.Facts) scanner.Finding {
	d := f.Mail.DMARC
	if policy := belowPolicy(f); d.Percent == 100 && (policy == "quarantine" || policy == "reject") {
		return scanner.Passed(records(dmarcAt(f), d.Records, "policy for names below: "+policy)...)
	}
	if len(f.Mail.Names) == 0 {
		return notLooked("names below the domain")
	}
	var v votes
	v.skip(scanner.NANotUsed)
	for _, n := range f.Mail.Names {
		switch {
		case n.Failure != nil:
			v.unknown(n.Failure, n.Name, n.Failure.Error())
		case n.Address == scanner.No:
		case n.SPF == scanner.Yes:
			v.pass(n.Name, "has an SPF record")
		case d.Failure != nil: // DMARC may protect it
			v.unknown(d.Failure, n.Name, "an address and no SPF record")
		default:
			v.fail(plainName(n.Name), n.Name, "an address and no SPF record")
		}
	}
	return v.finding()
}

// belowPolicy is the DMARC policy for names below the domain, "" if there is
// none.
func belowPolicy(f *scanner.Facts) string {
	d := f.Mail.DMARC
	if d.Policy != "" && d.Subdomain != "" {
		return d.Subdomain
	}
	return d.Policy
}

// notLooked is the finding where an older scan did not look.
func notLooked(at string) scanner.Finding {
	return scanner.CannotTell(scanner.Failf(scanner.FailUncertain, "this was not looked at: "+at))
}
