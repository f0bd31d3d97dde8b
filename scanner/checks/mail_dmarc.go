package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

func dmarcChecks() []scanner.Check {
	needs := []string{"mail"}
	return []scanner.Check{
		{Rule: "mail.dmarc.missing", Needs: needs, Judge: dmarcMissing},
		{Rule: "mail.dmarc.misplaced", Needs: needs, Judge: dmarcMisplaced},
		{Rule: "mail.dmarc.invalid", Needs: needs, Judge: dmarcInvalid},
		{Rule: "mail.dmarc.policy-none", Needs: needs, Judge: dmarcPolicyNone},
		{Rule: "mail.dmarc.subdomain-policy", Needs: needs, Judge: dmarcSubdomainPolicy},
		{Rule: "mail.dmarc.no-reports", Needs: needs, Judge: dmarcNoReports},
		{Rule: "mail.dmarc.report-unauthorised", Needs: needs, Judge: dmarcReportUnauthorised},
		{Rule: "mail.dmarc.report-unreachable", Needs: needs, Judge: dmarcReportUnreachable},
	}
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

// dmarcMisplaced: receivers look below "_dmarc." and nowhere else.
func dmarcMisplaced(f *scanner.Facts) scanner.Finding {
	d, own := f.Mail.DMARC, "_dmarc."+f.Target.Domain
	seen := records(f.Target.Domain, d.ApexRecords)
	switch {
	case d.Failure != nil:
		return scanner.CannotTell(d.Failure)
	case d.AtApex == scanner.No:
		return scanner.Passed(saw(f.Target.Domain, "no TXT record that starts with v=DMARC1"))
	case d.AtApex == scanner.Unknown && f.Mail.SPF.Failure != nil: // the same question
		return scanner.CannotTell(f.Mail.SPF.Failure)
	case d.AtApex == scanner.Unknown:
		return notLooked("TXT records of " + f.Target.Domain)
	case d.At == own && len(d.Records) > 0:
		return scanner.Passed(append(seen, records(own, d.Records)...)...)
	}
	return scanner.Failed(append(seen, saw(own, "no TXT record that starts with v=DMARC1"))...)
}

// dmarcSubdomainPolicy: sp (and np, for names that do not exist) may not be
// weaker than p. A record that belongs to a name above is not this domain's.
func dmarcSubdomainPolicy(f *scanner.Facts) scanner.Finding {
	return onDMARC(f, func(d scanner.DMARC, seen []scanner.Evidence) scanner.Finding {
		if d.At != "_dmarc."+f.Target.Domain {
			return scanner.DoesNotApply(scanner.NANotUsed)
		}
		below := cmp.Or(d.Subdomain, d.Policy)
		missing := cmp.Or(d.NonExistent, below)
		seen = append(seen, saw(dmarcAt(f), fmt.Sprintf("policy: %s; for names below: %s; for names that do not exist: %s",
			cmp.Or(d.Policy, "none"), cmp.Or(below, "none"), cmp.Or(missing, "none"))))
		if strictness(below) < strictness(d.Policy) || strictness(missing) < strictness(d.Policy) {
			return scanner.Failed(seen...).With("policy", d.Policy)
		}
		return scanner.Passed(seen...)
	})
}

func strictness(policy string) int {
	return slices.Index([]string{"none", "quarantine", "reject"}, policy)
}

// onReports judges the mail addresses that reports are to be sent to.
func onReports(f *scanner.Facts, judge func(v *votes, r scanner.ReportAddress, at string)) scanner.Finding {
	return onDMARC(f, func(d scanner.DMARC, _ []scanner.Evidence) scanner.Finding {
		mailto := func(uri string) bool { return strings.HasPrefix(strings.ToLower(uri), "mailto:") }
		switch {
		case len(d.Reports) > 0:
		case slices.ContainsFunc(d.RUA, mailto) || slices.ContainsFunc(d.RUF, mailto):
			return notLooked("addresses for reports")
		default:
			return scanner.DoesNotApply(scanner.NANotUsed)
		}
		var v votes
		for _, r := range d.Reports {
			judge(&v, r, r.Tag+"="+r.URI)
		}
		return v.finding()
	})
}

func dmarcReportUnauthorised(f *scanner.Facts) scanner.Finding {
	at := ""
	found := onReports(f, func(v *votes, r scanner.ReportAddress, uri string) {
		switch {
		case !r.Outside:
			v.pass(uri, "of the same organisation")
		case r.Agrees == scanner.Yes:
			v.pass(uri, r.AgreesAt+": TXT v=DMARC1")
		case r.Agrees == scanner.No:
			at = cmp.Or(at, r.AgreesAt)
			v.fail(f.Target.Domain, uri, r.AgreesAt+": no TXT record that starts with v=DMARC1")
		default:
			v.unknown(cmp.Or(r.AgreesFailure, unsaid()), uri, r.AgreesAt)
		}
	})
	if at != "" {
		found = found.With("agrees_at", plainName(at))
	}
	return found
}

func dmarcReportUnreachable(f *scanner.Facts) scanner.Finding {
	return onReports(f, func(v *votes, r scanner.ReportAddress, uri string) {
		switch r.Receives {
		case scanner.Yes:
			v.pass(uri, r.Domain+" takes mail")
		case scanner.No:
			v.fail(f.Target.Domain, uri, r.Domain+" has neither a mail server nor an address")
		default:
			v.unknown(cmp.Or(r.ReceivesFailure, unsaid()), uri, r.Domain)
		}
	})
}

func unsaid() *scanner.Failure { return scanner.Failf(scanner.FailInternal, "no reason was recorded") }
