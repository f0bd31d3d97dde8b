package checks

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// receives is the finding of a rule about receiving mail where the domain
// receives none, or where that is not known; ok tells that it does. Without MX
// a domain's own address is a mail server in theory (RFC 5321 section 5.1); in
// practice it is a web site.
func receives(f *scanner.Facts) (_ scanner.Finding, ok bool) {
	m := f.Mail
	switch {
	case len(m.MX) > 0:
		return scanner.Finding{}, true
	case m.MXFailure != nil && !m.NullMX:
		return scanner.CannotTell(m.MXFailure), false
	}
	return scanner.DoesNotApply(scanner.NANoMail), false
}

// dangles tells whether mx leads nowhere, as opposed to one that we failed to
// look up.
func dangles(mx scanner.MXHost) bool {
	return len(mx.Addrs) == 0 && (mx.Failure == nil || mx.Failure.Kind == scanner.FailUnresolved)
}

// onMX asks judge about every mail server and counts. A pass needs one of the
// most preferred servers: senders try the others only where those are down.
func onMX(f *scanner.Facts, all []scanner.MXHost, judge func(p *poll, mx scanner.MXHost)) scanner.Finding {
	if other, ok := receives(f); !ok {
		return other
	}
	if len(all) == 0 {
		return scanner.DoesNotApply(scanner.NACovered) // mail.mx.dangling
	}
	first := slices.MinFunc(all, func(a, b scanner.MXHost) int { return int(a.Preference) - int(b.Preference) }).Preference
	var p, preferred poll
	for _, mx := range all {
		judge(&p, mx)
		if mx.Preference == first {
			judge(&preferred, mx)
		}
	}
	found, ok := p.finding("mx")
	switch {
	case !ok:
		return scanner.DoesNotApply(scanner.NACovered) // mail.starttls.missing
	case found.Outcome == scanner.Pass && preferred.passed == 0 && preferred.why != nil:
		return scanner.CannotTell(preferred.why, found.Evidence...)
	}
	return found
}

// standing are the mail servers that have an address.
func standing(f *scanner.Facts) []scanner.MXHost {
	return slices.DeleteFunc(slices.Clone(f.Mail.MX), dangles)
}

func mxOf(mx scanner.MXHost) string { return fmt.Sprintf("MX %d %s", mx.Preference, mx.Name) }

func mxDangling(f *scanner.Facts) scanner.Finding {
	return onMX(f, f.Mail.MX, func(p *poll, mx scanner.MXHost) {
		switch {
		case dangles(mx) && !mx.Exists:
			p.fail(mx.Name, mxOf(mx), "no such name")
		case dangles(mx):
			p.fail(mx.Name, mxOf(mx), "no address")
		case len(mx.Addrs) == 0:
			p.unknown(mxOf(mx), mx.Failure)
		default:
			p.pass(mxOf(mx), joinAddrs(mx.Addrs))
		}
	})
}

func joinAddrs(addrs []netip.Addr) string {
	texts := make([]string, 0, len(addrs))
	for _, a := range addrs {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}

func starttlsMissing(f *scanner.Facts) scanner.Finding {
	return onMX(f, standing(f), func(p *poll, mx scanner.MXHost) {
		switch {
		case mx.STARTTLS == scanner.No:
			p.fail(mx.Name, mxOf(mx), "EHLO answer without STARTTLS")
		case mx.STARTTLS != scanner.Yes:
			p.unknown(mxOf(mx), mx.Failure)
		case mx.TLS != nil && mx.TLS.Failure != nil && mx.TLS.Failure.Kind == scanner.FailTLS:
			p.warn(mx.Name, mxOf(mx), "STARTTLS is offered, but the handshake failed: "+mx.TLS.Failure.Detail)
		default:
			p.pass(mxOf(mx), "STARTTLS is offered")
		}
	})
}

// behindSTARTTLS calls judge for the servers with which TLS was spoken; those
// without STARTTLS are the business of mail.starttls.missing.
func behindSTARTTLS(f *scanner.Facts, judge func(p *poll, mx scanner.MXHost)) scanner.Finding {
	return onMX(f, standing(f), func(p *poll, mx scanner.MXHost) {
		switch {
		case mx.STARTTLS == scanner.No:
		case mx.STARTTLS != scanner.Yes || mx.TLS == nil:
			p.unknown(mxOf(mx), mx.Failure)
		case mx.TLS.Failure != nil:
			p.unknown(mxOf(mx), mx.TLS.Failure)
		default:
			judge(p, mx)
		}
	})
}

func starttlsCertificate(f *scanner.Facts) scanner.Finding {
	return behindSTARTTLS(f, func(p *poll, mx scanner.MXHost) {
		if len(mx.TLS.Chain) == 0 {
			p.unknown(mxOf(mx), scanner.Failf(scanner.FailProtocol, "no certificate was sent"))
			return
		}
		leaf := mx.TLS.Chain[0]
		var faults []string
		switch {
		case f.Started.After(leaf.NotAfter):
			faults = append(faults, "expired "+leaf.NotAfter.Format("2006-01-02"))
		case f.Started.Before(leaf.NotBefore):
			faults = append(faults, "not valid before "+leaf.NotBefore.Format("2006-01-02"))
		}
		if mx.TLS.Verify != scanner.ChainTrusted {
			faults = append(faults, "not trusted: "+string(mx.TLS.Verify))
		}
		if !mx.TLS.NameMatch {
			faults = append(faults, "for other names: "+strings.Join(leaf.Names, " "))
		}
		if len(faults) > 0 {
			p.fail(mx.Name, mxOf(mx), strings.Join(faults, "; ")+" (subject "+leaf.Subject+", issuer "+leaf.Issuer+")")
			return
		}
		p.pass(mxOf(mx), "issued by "+leaf.Issuer+", valid until "+leaf.NotAfter.Format("2006-01-02"))
	})
}

func starttlsOldVersion(f *scanner.Facts) scanner.Finding {
	return behindSTARTTLS(f, func(p *poll, mx scanner.MXHost) {
		var old, refused []string
		for _, v := range []string{"SSLv3", "TLSv1.0", "TLSv1.1"} {
			switch mx.TLS.Versions[v] {
			case scanner.Yes:
				old = append(old, v)
			case scanner.No:
				refused = append(refused, v)
			}
		}
		switch {
		case len(old) > 0:
			p.fail(mx.Name, mxOf(mx), "accepts "+strings.Join(old, ", "))
		case slices.Contains(refused, "TLSv1.0") && slices.Contains(refused, "TLSv1.1"):
			p.pass(mxOf(mx), "refuses "+strings.Join(refused, ", "))
		default:
			p.unknown(mxOf(mx), scanner.Failf(scanner.FailUncertain, "no clear answer to old versions"))
		}
	})
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
	seen := records(at, m.Records)
	policy := func(observed string) []scanner.Evidence { return append(seen, saw(cmp.Or(m.URL, at), observed)) }
	why := m.PolicyFailure
	var found scanner.Finding
	switch {
	case len(m.Records) > 1:
		found = scanner.Failed(records(at, m.Records, "several records: none of them counts")...)
	case m.PolicyError != "":
		found = scanner.Failed(policy(m.PolicyError)...)
	case why != nil && (ours(why) || why.Kind == scanner.FailTimeout || why.Kind == scanner.FailForbidden):
		return scanner.CannotTell(why, policy(why.Error())...)
	case why != nil:
		found = scanner.Failed(policy(why.Error())...)
	case m.Mode == "none":
		found = scanner.Warned(policy("mode: none")...)
	case len(m.Unmatched) > 0:
		found = scanner.Failed(policy("mode: " + m.Mode + "; not covered: " + strings.Join(m.Unmatched, " "))...)
	case m.Mode != "enforce":
		found = scanner.Warned(policy("mode: " + m.Mode)...)
	default:
		return scanner.Passed(policy(fmt.Sprintf("mode: %s; mx: %s; max_age: %d", m.Mode, strings.Join(m.MX, " "), m.MaxAge))...)
	}
	return withPolicyMX(found, f)
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
	case t.Error != "":
		return scanner.Failed(records(at, t.Records, t.Error)...)
	case len(t.Records) > 1:
		return scanner.Failed(records(at, t.Records, "several records: none of them counts")...)
	}
	return scanner.Passed(records(at, t.Records)...)
}
