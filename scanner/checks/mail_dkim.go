package checks

import (
	"fmt"

	"github.com/cybersec-infohub/infohub/scanner"
)

func dkimChecks() []scanner.Check {
	needs := []string{"mail"}
	return []scanner.Check{
		{Rule: "mail.dkim.missing", Needs: needs, Judge: dkimMissing},
		{Rule: "mail.dkim.weak-key", Needs: needs, Judge: dkimWeakKey},
		{Rule: "mail.dkim.invalid", Needs: needs, Judge: dkimInvalid},
		{Rule: "mail.dkim.testing", Needs: needs, Judge: dkimTesting},
		{Rule: "mail.dkim.revoked", Needs: needs, Judge: dkimRevoked},
	}
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

// onKeys judges every key that was found.
func onKeys(f *scanner.Facts, judge func(p *poll, k scanner.DKIMKey)) scanner.Finding {
	d := f.Mail.DKIM
	if other, ok := receives(f); !ok {
		return other
	}
	var p poll
	for _, k := range d.Keys {
		judge(&p, k)
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

// dkimWeakKey: RFC 8301 forbids RSA keys under 1024 bits and advises 2048.
func dkimWeakKey(f *scanner.Facts) scanner.Finding {
	return onKeys(f, func(p *poll, k scanner.DKIMKey) {
		switch {
		case !usable(k):
		case k.Type == "rsa" && k.Bits < 1024:
			p.fail(k.Selector, dkimAt(f, k), keySeen(k))
		case k.Type == "rsa" && k.Bits < 2048:
			p.warn(k.Selector, dkimAt(f, k), keySeen(k))
		default:
			p.pass(dkimAt(f, k), keySeen(k))
		}
	})
}

func dkimInvalid(f *scanner.Facts) scanner.Finding {
	return onKeys(f, func(p *poll, k scanner.DKIMKey) {
		if k.Error != "" {
			p.fail(k.Selector, dkimAt(f, k), keySeen(k))
		} else {
			p.pass(dkimAt(f, k), keySeen(k))
		}
	})
}

// dkimTesting: receivers may treat mail signed with such a key as unsigned (RFC
// 6376 section 3.6.1).
func dkimTesting(f *scanner.Facts) scanner.Finding {
	return onKeys(f, func(p *poll, k scanner.DKIMKey) {
		switch {
		case !usable(k):
		case k.Testing:
			p.fail(k.Selector, dkimAt(f, k), keySeen(k))
		default:
			p.pass(dkimAt(f, k), keySeen(k))
		}
	})
}

func dkimRevoked(f *scanner.Facts) scanner.Finding {
	return onKeys(f, func(p *poll, k scanner.DKIMKey) {
		switch {
		case k.Error != "":
		case k.Revoked:
			p.warn(k.Selector, dkimAt(f, k), keySeen(k))
		default:
			p.pass(dkimAt(f, k), keySeen(k))
		}
	})
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
