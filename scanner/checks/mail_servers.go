package checks

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

func mxChecks() []scanner.Check {
	needs := []string{"mail"}
	return []scanner.Check{
		{Rule: "mail.mx.dangling", Needs: needs, Judge: mxDangling},
		{Rule: "mail.mx.cname", Needs: needs, Judge: mxCNAME},
		{Rule: "mail.mx.private-address", Needs: needs, Judge: mxPrivateAddress},
		{Rule: "mail.null-mx.missing", Needs: needs, Judge: nullMXMissing},
		{Rule: "mail.parked.unprotected", Needs: needs, Judge: parkedUnprotected},
	}
}

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

// mxCNAME: RFC 2181 section 10.3 wants the name of the server itself.
func mxCNAME(f *scanner.Facts) scanner.Finding {
	return onMX(f, f.Mail.MX, func(p *poll, mx scanner.MXHost) {
		switch mx.Alias {
		case scanner.Yes:
			p.fail(mx.Name, mxOf(mx), "CNAME "+strings.Join(mx.CNAMEs, ", "))
		case scanner.No:
			p.pass(mxOf(mx), "no CNAME")
		default:
			p.unknown(mxOf(mx), cmp.Or(mx.Failure, scanner.Failf(scanner.FailUncertain, "this was not looked at: aliases of mail servers")))
		}
	})
}

func mxPrivateAddress(f *scanner.Facts) scanner.Finding {
	if f.Options.AllowPrivate {
		return scanner.DoesNotApply(scanner.NAPrivate)
	}
	return onMX(f, standing(f), func(p *poll, mx scanner.MXHost) {
		var faults []string
		for _, a := range mx.Addrs {
			if special := netguard.Special(a); special != "" {
				faults = append(faults, fmt.Sprintf("%s: %s", a, special))
			}
		}
		switch {
		case len(faults) > 0:
			p.fail(mx.Name, mxOf(mx), strings.Join(faults, ", "))
		case len(mx.Addrs) == 0:
			p.unknown(mxOf(mx), mx.Failure)
		default:
			p.pass(mxOf(mx), joinAddrs(mx.Addrs))
		}
	})
}

// nullMXMissing: without MX senders try the domain's own address (RFC 5321
// section 5.1) for days; RFC 7505 tells them not to.
func nullMXMissing(f *scanner.Facts) scanner.Finding {
	m, at := f.Mail, f.Target.Domain
	switch {
	case len(m.MX) > 0:
		return scanner.DoesNotApply(scanner.NANotUsed)
	case m.NullMX:
		return scanner.Passed(saw(at, "MX 0 ."))
	case m.MXFailure != nil:
		return scanner.CannotTell(m.MXFailure)
	case m.Implicit:
		return scanner.Warned(saw(at, "no MX record, and an address that takes its place"))
	}
	return scanner.DoesNotApply(scanner.NANoMail)
}

// parkedUnprotected: a domain that takes no mail and names no senders sends
// none, and should say so to everybody. Without a null MX, one whose SPF record
// names senders may be used for sending.
func parkedUnprotected(f *scanner.Facts) scanner.Finding {
	m, at := f.Mail, f.Target.Domain
	s, d := m.SPF, m.DMARC
	sends := len(s.Records) == 1 && namesSenders(s.Records[0])
	switch {
	case len(m.MX) > 0:
		return scanner.DoesNotApply(scanner.NANotUsed)
	case m.MXFailure != nil && !m.NullMX:
		return scanner.CannotTell(m.MXFailure)
	case sends && !m.NullMX:
		return scanner.DoesNotApply(scanner.NANotUsed)
	}
	closed := len(s.Records) == 1 && s.Error == "" && !sends && s.All == "-"
	refused := d.Error == "" && d.Policy == "reject" && d.Percent == 100
	seen := append(records(at, s.Records), records(dmarcAt(f), d.Records)...)
	switch {
	case closed && refused:
		return scanner.Passed(seen...)
	case s.Failure == nil && !closed:
		return scanner.Failed(append(seen, saw(at, "no mail server, and SPF is not exactly v=spf1 -all"))...)
	case d.Failure == nil && !refused:
		return scanner.Failed(append(seen, saw(dmarcAt(f), "no mail server, and DMARC is not p=reject"))...)
	}
	return scanner.CannotTell(cmp.Or(s.Failure, d.Failure), seen...)
}

// namesSenders tells whether an SPF record allows anybody at all, or leaves
// that to another record.
func namesSenders(record string) bool {
	own, everybody := ownSenders(record)
	return everybody || own != "v=spf1"
}
