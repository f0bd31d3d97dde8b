package checks

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

func mailChecks() []scanner.Check {
	needs := []string{"mail"}
	return []scanner.Check{
		{Rule: "mail.spf.missing", Needs: needs, Judge: spfMissing},
		{Rule: "mail.spf.multiple", Needs: needs, Judge: spfMultiple},
		{Rule: "mail.spf.invalid", Needs: needs, Judge: spfInvalid},
		{Rule: "mail.spf.lookups", Needs: needs, Judge: spfLookups},
		{Rule: "mail.spf.plus-all", Needs: needs, Judge: spfPlusAll},
		{Rule: "mail.spf.neutral-all", Needs: needs, Judge: spfNeutralAll},
		{Rule: "mail.dmarc.missing", Needs: needs, Judge: dmarcMissing},
		{Rule: "mail.dmarc.invalid", Needs: needs, Judge: dmarcInvalid},
		{Rule: "mail.dmarc.policy-none", Needs: needs, Judge: dmarcPolicyNone},
		{Rule: "mail.dmarc.no-reports", Needs: needs, Judge: dmarcNoReports},
		{Rule: "mail.dkim.missing", Needs: needs, Judge: dkimMissing},
		{Rule: "mail.dkim.weak-key", Needs: needs, Judge: dkimWeakKey},
		{Rule: "mail.mx.dangling", Needs: needs, Judge: mxDangling},
		{Rule: "mail.starttls.missing", Needs: needs, Judge: starttlsMissing},
		{Rule: "mail.starttls.certificate", Needs: needs, Judge: starttlsCertificate},
		{Rule: "mail.starttls.old-version", Needs: needs, Judge: starttlsOldVersion},
		{Rule: "mail.mta-sts.missing", Needs: needs, Judge: mtaSTSMissing},
		{Rule: "mail.mta-sts.invalid", Needs: needs, Judge: mtaSTSInvalid},
		{Rule: "mail.tls-rpt.missing", Needs: needs, Judge: tlsRPTMissing},
	}
}

// records is the evidence of a record set.
func records(at string, texts []string, extra ...string) []scanner.Evidence {
	var seen []scanner.Evidence
	for _, t := range texts {
		seen = append(seen, saw(at, "TXT "+t))
	}
	for _, x := range extra {
		seen = append(seen, saw(at, x))
	}
	return seen
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

func dmarcAt(f *scanner.Facts) string { return cmp.Or(f.Mail.DMARC.At, "_dmarc."+f.Target.Domain) }

// dmarcMissing holds for every domain, like spfMissing.
func dmarcMissing(f *scanner.Facts) scanner.Finding {
	d := f.Mail.DMARC
	switch {
	case d.Failure != nil:
		return scanner.CannotTell(d.Failure)
	case len(d.Records) == 0:
		return scanner.Failed(saw(dmarcAt(f), "no TXT record that starts with v=DMARC1"))
	}
	return scanner.Passed(records(dmarcAt(f), d.Records)...)
}

func dmarcInvalid(f *scanner.Facts) scanner.Finding {
	d := f.Mail.DMARC
	switch {
	case d.Failure != nil:
		return scanner.CannotTell(d.Failure)
	case len(d.Records) == 0:
		return scanner.DoesNotApply(scanner.NANoRecord)
	case d.Error != "":
		return scanner.Failed(records(dmarcAt(f), d.Records, d.Error)...)
	case len(d.Records) > 1:
		return scanner.Failed(records(dmarcAt(f), d.Records, "several records: none of them counts")...)
	}
	return scanner.Passed(records(dmarcAt(f), d.Records)...)
}

// onDMARC judges one valid record.
func onDMARC(f *scanner.Facts, judge func(d scanner.DMARC, seen []scanner.Evidence) scanner.Finding) scanner.Finding {
	valid := dmarcInvalid(f)
	switch valid.Outcome {
	case scanner.Pass:
		return judge(f.Mail.DMARC, valid.Evidence)
	case scanner.Fail:
		return scanner.DoesNotApply(scanner.NACovered)
	}
	return valid
}

func dmarcPolicyNone(f *scanner.Facts) scanner.Finding {
	return onDMARC(f, func(d scanner.DMARC, seen []scanner.Evidence) scanner.Finding {
		policy := saw(dmarcAt(f), fmt.Sprintf("policy for %s: %s, for %d %% of the mail", f.Target.Domain, cmp.Or(d.Policy, "none"), d.Percent))
		seen = append(seen, policy)
		switch {
		case d.Policy != "quarantine" && d.Policy != "reject":
			return scanner.Failed(seen...)
		case d.Percent < 100:
			return scanner.Warned(seen...)
		}
		return scanner.Passed(seen...)
	})
}

func dmarcNoReports(f *scanner.Facts) scanner.Finding {
	return onDMARC(f, func(d scanner.DMARC, seen []scanner.Evidence) scanner.Finding {
		if len(d.RUA) == 0 {
			return scanner.Failed(append(seen, saw(dmarcAt(f), "no rua"))...)
		}
		return scanner.Passed(append(seen, saw(dmarcAt(f), "rua="+strings.Join(d.RUA, ",")))...)
	})
}

// dkimMissing never fails: keys lie under names that cannot be listed.
func dkimMissing(f *scanner.Facts) scanner.Finding {
	d := f.Mail.DKIM
	if other, ok := receives(f); !ok {
		return other
	}
	var seen []scanner.Evidence
	found := false
	for _, k := range d.Keys {
		seen = append(seen, saw(dkimAt(f, k), keySeen(k)))
		found = found || usable(k)
	}
	switch {
	case found:
		return scanner.Passed(seen...)
	case d.Failure != nil:
		return scanner.CannotTell(d.Failure, seen...)
	}
	return scanner.CannotTell(scanner.Failf(scanner.FailUncertain, fmt.Sprintf("no usable key under the %d selectors that were tried", d.Tried)), seen...)
}

// dkimWeakKey: RFC 8301 forbids RSA keys under 1024 bits and advises 2048.
func dkimWeakKey(f *scanner.Facts) scanner.Finding {
	d := f.Mail.DKIM
	if other, ok := receives(f); !ok {
		return other
	}
	var p poll
	for _, k := range d.Keys {
		switch {
		case !usable(k):
		case k.Type == "rsa" && k.Bits < 1024:
			p.fail(k.Selector, dkimAt(f, k), keySeen(k))
		case k.Type == "rsa" && k.Bits < 2048:
			p.warn(k.Selector, dkimAt(f, k), keySeen(k))
		default:
			p.pass(dkimAt(f, k), keySeen(k))
		}
	}
	found, ok := p.finding("selector")
	switch {
	case ok:
		return found
	case d.Failure != nil:
		return scanner.CannotTell(d.Failure)
	}
	return scanner.DoesNotApply(scanner.NANoRecord)
}

func usable(k scanner.DKIMKey) bool { return k.Error == "" && !k.Revoked }

func dkimAt(f *scanner.Facts, k scanner.DKIMKey) string {
	return k.Selector + "._domainkey." + f.Target.Domain
}

func keySeen(k scanner.DKIMKey) string {
	switch {
	case k.Error != "":
		return "cannot be used: " + k.Error
	case k.Revoked:
		return "revoked"
	case k.Testing:
		return fmt.Sprintf("%s key of %d bits, in test mode", k.Type, k.Bits)
	}
	return fmt.Sprintf("%s key of %d bits", k.Type, k.Bits)
}
