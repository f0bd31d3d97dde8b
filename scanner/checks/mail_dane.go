package checks

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cybersec-infohub/infohub/scanner"
)

// onDANE judges the mail servers for which there are TLSA records.
func onDANE(f *scanner.Facts, judge func(p *poll, mx scanner.MXHost, d *scanner.MailDANE)) scanner.Finding {
	if other, ok := receives(f); !ok {
		return other
	}
	all := standing(f)
	if len(all) > 0 && !slices.ContainsFunc(all, func(mx scanner.MXHost) bool {
		return mx.DANE == nil || mx.DANE.Failure != nil || len(mx.DANE.Records) > 0
	}) {
		return scanner.DoesNotApply(scanner.NANotUsed)
	}
	return onMX(f, all, func(p *poll, mx scanner.MXHost) {
		switch d := mx.DANE; {
		case d == nil:
			p.unknown(mxOf(mx), cmp.Or(mx.Failure, scanner.Failf(scanner.FailUncertain, "this was not looked at: TLSA records")))
		case d.Failure != nil:
			p.unknown(mxOf(mx), d.Failure)
		case len(d.Records) > 0:
			judge(p, mx, d)
		}
	})
}

func tlsaSeen(d *scanner.MailDANE) string { return fmt.Sprintf("%s TLSA %s", d.At, d.Records[0]) }

// mailDANEMismatch: senders that look for DANE do not deliver to a server whose key
// no record fits, or whose records are forged (RFC 7672 section 2.1). Records
// that DNSSEC does not prove do not count.
func mailDANEMismatch(f *scanner.Facts) scanner.Finding {
	return onDANE(f, func(p *poll, mx scanner.MXHost, d *scanner.MailDANE) {
		switch {
		case d.Security == scanner.Insecure: // mail.dane.unsigned
		case d.Security == scanner.Bogus:
			p.fail(mx.Name, mxOf(mx), tlsaSeen(d)+": its signature in the DNS is false")
		case d.Security != scanner.Secure:
			p.unknown(mxOf(mx), scanner.Failf(scanner.FailUncertain, "the signature of "+d.At+" could not be tested"))
		case mx.STARTTLS == scanner.No:
			p.fail(mx.Name, mxOf(mx), tlsaSeen(d)+": the server offers no STARTTLS")
		case d.Usable == 0:
			p.warn(mx.Name, mxOf(mx), tlsaSeen(d)+": no record of a kind that mail servers use (3 1 1, say)")
		case d.Match == scanner.Yes:
			p.pass(mxOf(mx), "TLSA "+d.By+" fits")
		case d.Match == scanner.No:
			p.fail(mx.Name, mxOf(mx), fmt.Sprintf("%s: %d records, none of which fits the server's certificate", tlsaSeen(d), len(d.Records)))
		default:
			p.unknown(mxOf(mx), cmp.Or(d.MatchFailure, mx.Failure))
		}
	})
}

func mailDANEUnsigned(f *scanner.Facts) scanner.Finding {
	return onDANE(f, func(p *poll, mx scanner.MXHost, d *scanner.MailDANE) {
		switch d.Security {
		case scanner.Insecure:
			p.fail(mx.Name, mxOf(mx), tlsaSeen(d)+": its zone is not signed")
		case scanner.Secure, scanner.Bogus:
			p.pass(mxOf(mx), tlsaSeen(d)+": its zone is signed")
		default:
			p.unknown(mxOf(mx), scanner.Failf(scanner.FailUncertain, "the signature of "+d.At+" could not be tested"))
		}
	})
}

// mailDANEMissing is advice; a server without STARTTLS has a graver fault.
func mailDANEMissing(f *scanner.Facts) scanner.Finding {
	return onMX(f, standing(f), func(p *poll, mx scanner.MXHost) {
		switch d := mx.DANE; {
		case mx.STARTTLS == scanner.No:
		case d == nil:
			p.unknown(mxOf(mx), cmp.Or(mx.Failure, scanner.Failf(scanner.FailUncertain, "this was not looked at: TLSA records")))
		case d.Failure != nil:
			p.unknown(mxOf(mx), d.Failure)
		case len(d.Records) == 0:
			p.warn(mx.Name, mxOf(mx), d.At+": no TLSA record")
		default:
			p.pass(mxOf(mx), tlsaSeen(d))
		}
	})
}
