package checks

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

func mailPolicyChecks() []scanner.Check {
	needs := []string{"mail"}
	return []scanner.Check{
		{Rule: "mail.mta-sts.missing", Needs: needs, Judge: mtaSTSMissing},
		{Rule: "mail.mta-sts.invalid", Needs: needs, Judge: mtaSTSInvalid},
		{Rule: "mail.mta-sts.mx-mismatch", Needs: needs, Judge: mtaSTSMismatch},
		{Rule: "mail.mta-sts.mode", Needs: needs, Judge: mtaSTSMode},
		{Rule: "mail.tls-rpt.missing", Needs: needs, Judge: tlsRPTMissing},
		{Rule: "mail.tls-rpt.invalid", Needs: needs, Judge: tlsRPTInvalid},
		{Rule: "mail.dane.mismatch", Needs: needs, Judge: mailDANEMismatch},
		{Rule: "mail.dane.unsigned", Needs: needs, Judge: mailDANEUnsigned},
		{Rule: "mail.dane.missing", Needs: needs, Judge: mailDANEMissing},
		{Rule: "mail.bimi.missing", Needs: needs, Judge: bimiMissing},
		{Rule: "mail.bimi.invalid", Needs: needs, Judge: bimiInvalid},
	}
}

// withPolicyMX fills {mx_lines}: the lines of an MTA-STS policy that name the
// domain's mail servers.
func withPolicyMX(found scanner.Finding, f *scanner.Facts) scanner.Finding {
	var lines []string
	for _, mx := range f.Mail.MX[:min(len(f.Mail.MX), scanner.MaxEvidence)] {
		if !dangles(mx) {
			lines = append(lines, "mx: "+plainName(mx.Name))
		}
	}
	if len(lines) == 0 {
		lines = []string{"mx: mail." + f.Target.Domain}
	}
	return found.With("mx_lines", strings.Join(lines, "\n"))
}

func mtaSTSMissing(f *scanner.Facts) scanner.Finding {
	m, at := f.Mail.MTASTS, "_mta-sts."+f.Target.Domain
	other, ok := receives(f)
	switch {
	case !ok:
		return other
	case m.Failure != nil:
		return scanner.CannotTell(m.Failure)
	case len(m.Records) == 0:
		return withPolicyMX(scanner.Failed(saw(at, "no TXT record that starts with v=STSv1")), f)
	}
	return scanner.Passed(records(at, m.Records)...)
}

// mtaSTSInvalid: a policy that cannot be fetched is a fault where the answer
// was clear; a timeout may be our own.
func mtaSTSInvalid(f *scanner.Facts) scanner.Finding {
	m, at := f.Mail.MTASTS, "_mta-sts."+f.Target.Domain
	other, ok := receives(f)
	switch {
	case !ok:
		return other
	case m.Failure != nil:
		return scanner.CannotTell(m.Failure)
	case len(m.Records) == 0:
		return scanner.DoesNotApply(scanner.NANoRecord)
	}
	var found scanner.Finding
	why := m.PolicyFailure
	switch {
	case len(m.Records) > 1:
		found = scanner.Failed(records(at, m.Records, "several records: none of them counts")...)
	case m.PolicyError != "":
		found = scanner.Failed(policySeen(f, m.PolicyError)...)
	case why != nil && notTheirs(why):
		return scanner.CannotTell(why, policySeen(f, why.Error())...)
	case why != nil:
		found = scanner.Failed(policySeen(f, why.Error())...)
	default:
		return scanner.Passed(policySeen(f, fmt.Sprintf("mode: %s; mx: %s; max_age: %d", m.Mode, strings.Join(m.MX, " "), m.MaxAge))...)
	}
	return withPolicyMX(found, f)
}

// policySeen is the evidence of the record and of what was seen of the policy.
func policySeen(f *scanner.Facts, observed string) []scanner.Evidence {
	m, at := f.Mail.MTASTS, "_mta-sts."+f.Target.Domain
	return append(records(at, m.Records), saw(cmp.Or(m.URL, at), observed))
}

// notTheirs: a document could not be fetched, and it may not be the site's fault.
func notTheirs(why *scanner.Failure) bool {
	return ours(why) || why.Kind == scanner.FailTimeout || why.Kind == scanner.FailForbidden
}

// onPolicy judges a policy that is in order as far as it goes.
func onPolicy(f *scanner.Facts, judge func(m scanner.MTASTS) scanner.Finding) scanner.Finding {
	valid := mtaSTSInvalid(f)
	switch valid.Outcome {
	case scanner.Pass:
		return judge(f.Mail.MTASTS)
	case scanner.Fail:
		return scanner.DoesNotApply(scanner.NACovered)
	}
	return valid
}

// mtaSTSMismatch: senders refuse to deliver to a server that a policy in force
// leaves out (RFC 8461 section 4.1); one that is only tested is reported.
func mtaSTSMismatch(f *scanner.Facts) scanner.Finding {
	return onPolicy(f, func(m scanner.MTASTS) scanner.Finding {
		seen := policySeen(f, "mode: "+m.Mode+"; mx: "+strings.Join(m.MX, " "))
		for _, name := range m.Unmatched {
			seen = append(seen, saw("MX "+name, "not covered by the policy"))
		}
		switch {
		case m.Mode == "none":
			return scanner.DoesNotApply(scanner.NANotUsed)
		case len(m.Unmatched) > 0 && m.Mode == "enforce":
			return withPolicyMX(scanner.Failed(seen...), f)
		case len(m.Unmatched) > 0:
			return withPolicyMX(scanner.Warned(seen...), f)
		}
		return scanner.Passed(seen...)
	})
}

// mtaSTSMode: testing is right for the first weeks; none switches the policy
// off.
func mtaSTSMode(f *scanner.Facts) scanner.Finding {
	return onPolicy(f, func(m scanner.MTASTS) scanner.Finding {
		seen := policySeen(f, "mode: "+m.Mode)
		switch m.Mode {
		case "enforce":
			return scanner.Passed(seen...)
		case "testing":
			return withPolicyMX(scanner.Warned(seen...), f)
		}
		return withPolicyMX(scanner.Failed(seen...), f)
	})
}

func tlsRPTMissing(f *scanner.Facts) scanner.Finding {
	t, at := f.Mail.TLSRPT, "_smtp._tls."+f.Target.Domain
	other, ok := receives(f)
	switch {
	case !ok:
		return other
	case t.Failure != nil:
		return scanner.CannotTell(t.Failure)
	case len(t.Records) == 0:
		return scanner.Failed(saw(at, "no TXT record that starts with v=TLSRPTv1"))
	}
	return scanner.Passed(records(at, t.Records)...)
}

func tlsRPTInvalid(f *scanner.Facts) scanner.Finding {
	t, at := f.Mail.TLSRPT, "_smtp._tls."+f.Target.Domain
	other, ok := receives(f)
	switch {
	case !ok:
		return other
	case t.Failure != nil:
		return scanner.CannotTell(t.Failure)
	case len(t.Records) == 0:
		return scanner.DoesNotApply(scanner.NANoRecord)
	case t.Error != "":
		return scanner.Failed(records(at, t.Records, t.Error)...)
	case len(t.Records) > 1:
		return scanner.Failed(records(at, t.Records, "several records: none of them counts")...)
	}
	return scanner.Passed(records(at, t.Records)...)
}

// enforced tells whether receivers act on the domain's DMARC policy for all
// mail, which logos need.
func enforced(d scanner.DMARC) bool {
	return d.Error == "" && (d.Policy == "quarantine" || d.Policy == "reject") && d.Percent == 100
}

// bimiMissing is advice for those who have come as far as a strict policy.
func bimiMissing(f *scanner.Facts) scanner.Finding {
	b, d := f.Mail.BIMI, f.Mail.DMARC
	at := "default._bimi." + f.Target.Domain
	other, ok := receives(f)
	switch {
	case !ok:
		return other
	case b == nil:
		return notLooked(at)
	case b.Failure != nil:
		return scanner.CannotTell(b.Failure)
	case len(b.Records) > 0:
		return scanner.Passed(records(b.At, b.Records)...)
	case d.Failure != nil:
		return scanner.CannotTell(d.Failure)
	case !enforced(d):
		return scanner.DoesNotApply(scanner.NACovered) // mail.dmarc.missing, invalid, policy-none
	}
	return scanner.Warned(saw(at, "no TXT record that starts with v=BIMI1"))
}

func bimiInvalid(f *scanner.Facts) scanner.Finding {
	b, d := f.Mail.BIMI, f.Mail.DMARC
	other, ok := receives(f)
	switch {
	case !ok:
		return other
	case b == nil:
		return notLooked("default._bimi." + f.Target.Domain)
	case b.Failure != nil:
		return scanner.CannotTell(b.Failure)
	case len(b.Records) == 0:
		return scanner.DoesNotApply(scanner.NANotUsed)
	case b.Declined:
		return scanner.Passed(records(b.At, b.Records, "no logo is wanted")...)
	}
	var v votes
	if b.Error != "" {
		v.fail("", b.At, b.Error)
	}
	for _, part := range []struct {
		url, fault string
		failure    *scanner.Failure
	}{{b.Logo, b.LogoError, b.LogoFailure}, {b.Mark, b.MarkError, b.MarkFailure}} {
		switch {
		case part.url == "":
		case part.fault != "":
			v.fail("", part.url, part.fault)
		case part.failure != nil && notTheirs(part.failure):
			v.unknown(part.failure, part.url, part.failure.Error())
		case part.failure != nil:
			v.fail("", part.url, part.failure.Error())
		default:
			v.pass(part.url, "in order")
		}
	}
	switch {
	case d.Failure != nil:
		v.unknown(d.Failure, dmarcAt(f), d.Failure.Error())
	case !enforced(d):
		v.fail("", dmarcAt(f), fmt.Sprintf("receivers show logos only where DMARC has quarantine or reject for all mail; here it is %s for %d %%", cmp.Or(d.Policy, "none"), d.Percent))
	default:
		v.pass(dmarcAt(f), "policy: "+d.Policy)
	}
	return v.finding()
}
