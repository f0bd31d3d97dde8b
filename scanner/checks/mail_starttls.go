package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

func starttlsChecks() []scanner.Check {
	needs := []string{"mail"}
	return []scanner.Check{
		{Rule: "mail.starttls.missing", Needs: needs, Judge: starttlsMissing},
		{Rule: "mail.starttls.certificate", Needs: needs, Judge: starttlsCertificate},
		{Rule: "mail.starttls.weak-certificate", Needs: needs, Judge: starttlsWeakCertificate},
		{Rule: "mail.starttls.old-version", Needs: needs, Judge: starttlsOldVersion},
		{Rule: "mail.starttls.no-tls13", Needs: needs, Judge: starttlsNoTLS13},
		{Rule: "mail.starttls.weak-cipher", Needs: needs, Judge: starttlsWeakCipher},
		{Rule: "mail.starttls.no-forward-secrecy", Needs: needs, Judge: starttlsNoForwardSecrecy},
		{Rule: "mail.starttls.weak-group", Needs: needs, Judge: starttlsWeakGroup},
		{Rule: "mail.starttls.compression", Needs: needs, Judge: starttlsCompression},
		{Rule: "mail.starttls.renegotiation", Needs: needs, Judge: starttlsRenegotiation},
	}
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
		if len(faults) > 0 && pinned(f, mx) {
			p.pass(mxOf(mx), strings.Join(faults, "; ")+"; its key is in the DNS (TLSA "+mx.DANE.By+")")
			return
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

// pinned: DANE proves the server's key, so that its certificate needs no
// authority (RFC 7672 section 3.1.1). Senders that keep to an MTA-STS policy
// need one all the same (RFC 8461 section 4.2).
func pinned(f *scanner.Facts, mx scanner.MXHost) bool {
	d := mx.DANE
	return d != nil && d.Security == scanner.Secure && d.Match == scanner.Yes && f.Mail.MTASTS.Mode != "enforce"
}

func starttlsWeakCertificate(f *scanner.Facts) scanner.Finding {
	return behindSTARTTLS(f, func(p *poll, mx scanner.MXHost) {
		if len(mx.TLS.Chain) == 0 {
			p.unknown(mxOf(mx), scanner.Failf(scanner.FailProtocol, "no certificate was sent"))
			return
		}
		var faults []string
		for _, c := range (tlsHost{TLSHost: *mx.TLS}).signed() {
			if isWeakKey(c) {
				faults = append(faults, fmt.Sprintf("%s %d bits, %s", c.KeyType, c.KeyBits, c.Subject))
			}
			if isWeakSignature(c.Signature) {
				faults = append(faults, c.Signature+", "+c.Subject)
			}
		}
		if leaf := mx.TLS.Chain[0]; len(faults) == 0 {
			p.pass(mxOf(mx), fmt.Sprintf("%s %d bits, %s", leaf.KeyType, leaf.KeyBits, leaf.Signature))
		} else {
			p.fail(mx.Name, mxOf(mx), strings.Join(faults, "; "))
		}
	})
}

func starttlsNoTLS13(f *scanner.Facts) scanner.Finding {
	return behindSTARTTLS(f, func(p *poll, mx scanner.MXHost) {
		switch mx.TLS.Versions["TLSv1.3"] {
		case scanner.Yes:
			p.pass(mxOf(mx), "accepts TLSv1.3")
		case scanner.No:
			p.fail(mx.Name, mxOf(mx), "accepts "+strings.Join(acceptedVersions(tlsHost{TLSHost: *mx.TLS}), ", "))
		default:
			unclearMX(p, mx, "TLSv1.3")
		}
	})
}

// unclearMX: the server gave no clear answer, or was not asked.
func unclearMX(p *poll, mx scanner.MXHost, question string) {
	p.unknown(mxOf(mx), cmp.Or(mx.TLS.Partial, scanner.Failf(scanner.FailUncertain, "no clear answer about "+question)))
}

// starttlsWeakCipher leaves anonymous suites out: a sender that does not check
// the certificate loses nothing by them, and Postfix offers them by design.
func starttlsWeakCipher(f *scanner.Facts) scanner.Finding {
	classes := slices.DeleteFunc(weakClasses(), func(class string) bool { return class == "anon" })
	return behindSTARTTLS(f, func(p *poll, mx scanner.MXHost) {
		var weak []string
		for _, suite := range mx.TLS.Weak {
			if slices.Contains(classes, suiteClass(suite)) {
				weak = append(weak, suite)
			}
		}
		clear := !slices.ContainsFunc(classes, func(class string) bool { return !slices.Contains(mx.TLS.WeakTested, class) })
		switch {
		case len(weak) > 0:
			p.fail(mx.Name, mxOf(mx), "accepts "+strings.Join(weak, ", "))
		case clear:
			p.pass(mxOf(mx), "accepts none of "+strings.Join(classes, ", "))
		default:
			unclearMX(p, mx, "weak suites")
		}
	})
}

func starttlsNoForwardSecrecy(f *scanner.Facts) scanner.Finding {
	return behindSTARTTLS(f, func(p *poll, mx scanner.MXHost) {
		var without []string
		for _, suite := range mx.TLS.Weak {
			if suiteClass(suite) == noForwardSecrecy {
				without = append(without, suite)
			}
		}
		switch {
		case mx.TLS.ForwardSecrecy == scanner.No:
			p.fail(mx.Name, mxOf(mx), "no suite with ephemeral keys is accepted")
		case len(without) > 0:
			p.warn(mx.Name, mxOf(mx), "accepts "+strings.Join(without, ", "))
		case mx.TLS.ForwardSecrecy == scanner.Yes && slices.Contains(mx.TLS.WeakTested, noForwardSecrecy):
			p.pass(mxOf(mx), "accepts suites with ephemeral keys only")
		default:
			unclearMX(p, mx, "forward secrecy")
		}
	})
}

func starttlsWeakGroup(f *scanner.Facts) scanner.Finding {
	return behindSTARTTLS(f, func(p *poll, mx scanner.MXHost) {
		switch {
		case len(mx.TLS.WeakGroups) > 0:
			p.fail(mx.Name, mxOf(mx), "accepts "+strings.Join(mx.TLS.WeakGroups, ", "))
		case mx.TLS.GroupsTested:
			p.pass(mxOf(mx), "accepts no weak group; prefers "+mx.TLS.Group)
		default:
			unclearMX(p, mx, "key exchange groups")
		}
	})
}

func starttlsCompression(f *scanner.Facts) scanner.Finding {
	return onOldTLS(f, "compression", func(p *poll, mx scanner.MXHost, l *scanner.TLSLegacy) bool {
		switch l.Compression {
		case scanner.Yes:
			p.fail(mx.Name, mxOf(mx), "compresses in "+l.Version)
		case scanner.No:
			p.pass(mxOf(mx), "does not compress in "+l.Version)
		}
		return l.Compression != scanner.Unknown
	})
}

func starttlsRenegotiation(f *scanner.Facts) scanner.Finding {
	return onOldTLS(f, "renegotiation", func(p *poll, mx scanner.MXHost, l *scanner.TLSLegacy) bool {
		switch l.SecureRenegotiation {
		case scanner.Yes:
			p.pass(mxOf(mx), "renegotiates safely in "+l.Version)
		case scanner.No:
			p.fail(mx.Name, mxOf(mx), "no renegotiation_info in "+l.Version)
		}
		return l.SecureRenegotiation != scanner.Unknown
	})
}

// onOldTLS judges what belongs to TLS 1.2 and older. A server that speaks none
// of them has no fault there; judge tells whether it could judge.
func onOldTLS(f *scanner.Facts, question string, judge func(p *poll, mx scanner.MXHost, l *scanner.TLSLegacy) bool) scanner.Finding {
	return behindSTARTTLS(f, func(p *poll, mx scanner.MXHost) {
		v := mx.TLS.Versions
		switch {
		case mx.TLS.Legacy != nil && judge(p, mx, mx.TLS.Legacy):
		case v["TLSv1.3"] == scanner.Yes && v["TLSv1.2"] == scanner.No && v["TLSv1.1"] == scanner.No && v["TLSv1.0"] == scanner.No:
			p.pass(mxOf(mx), "accepts TLSv1.3 only")
		default:
			unclearMX(p, mx, question)
		}
	})
}
