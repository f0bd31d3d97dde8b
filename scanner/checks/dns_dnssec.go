package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// This file judges how a zone is signed, whether or not the signatures hold.

// signed returns how the zone is signed, or why the rules about that say
// nothing of it.
func signed(f *scanner.Facts) (*scanner.ZoneSigning, *scanner.Finding) {
	d := f.DNS.DNSSEC
	var found scanner.Finding
	switch s := d.Signing; {
	case s == nil && d.Failure != nil:
		found = scanner.CannotTell(d.Failure)
	case s == nil && d.Status == scanner.Insecure:
		found = scanner.DoesNotApply(scanner.NANotSigned)
	case s == nil:
		found = notLooked("how the zone is signed")
	case s.Failure != nil:
		found = scanner.CannotTell(s.Failure)
	case (len(s.DS) == 0 || len(s.Keys) == 0) && d.Failure != nil: // a resolver may leave such records out
		found = scanner.CannotTell(d.Failure)
	case len(s.DS) == 0 || len(s.Keys) == 0:
		found = scanner.DoesNotApply(scanner.NANotSigned)
	default:
		return s, nil
	}
	return nil, &found
}

// weakAlgorithm: RFC 8624 section 3.1, RFC 9905 and RFC 9906 say "MUST NOT" to
// sign with these.
func weakAlgorithm(a uint8) bool {
	switch a {
	case 1, 3, 5, 6, 7, 12: // RSAMD5, DSA, RSASHA1, their NSEC3 twins, GOST R 34.10-2001
		return true
	}
	return false
}

// dnssecWeakAlgorithm only warns where another algorithm signs beside the weak
// one: that is how one is replaced.
func dnssecWeakAlgorithm(f *scanner.Facts) scanner.Finding {
	s, other := signed(f)
	if other != nil {
		return *other
	}
	var v votes
	strong := slices.ContainsFunc(s.Keys, func(k scanner.ZoneKey) bool { return !weakAlgorithm(k.Algorithm) })
	for _, k := range s.Keys {
		switch at := keyOf(f, k); {
		case !weakAlgorithm(k.Algorithm):
			v.pass(at, k.Name)
		case strong:
			v.warn("", at, k.Name+", beside a stronger one")
		default:
			v.fail("", at, k.Name)
		}
	}
	return v.finding()
}

func keyOf(f *scanner.Facts, k scanner.ZoneKey) string {
	return fmt.Sprintf("key %d of %s", k.Tag, zoneOf(f))
}

// Lengths of RSA keys in bits: under the first, RFC 8301's floor and what
// validators refuse, it can be broken; NIST SP 800-57 asks for the second.
const (
	brokenRSA = 1024
	soundRSA  = 2048
)

func dnssecWeakKey(f *scanner.Facts) scanner.Finding {
	s, other := signed(f)
	if other != nil {
		return *other
	}
	var v votes
	for _, k := range s.Keys {
		seen := k.Name
		if k.Bits > 0 {
			seen = fmt.Sprintf("%s, %d bits", k.Name, k.Bits)
		}
		switch {
		case k.Bits == 0 || k.Bits >= soundRSA:
			v.pass(keyOf(f, k), seen)
		case k.Bits >= brokenRSA:
			v.warn("", keyOf(f, k), seen)
		default:
			v.fail("", keyOf(f, k), seen)
		}
	}
	return v.finding()
}

// dnssecDSDigest: a SHA-1 digest does no harm beside a better one, which
// validators take instead (RFC 4509 section 3).
func dnssecDSDigest(f *scanner.Facts) scanner.Finding {
	s, other := signed(f)
	if other != nil {
		return *other
	}
	var seen []scanner.Evidence
	for _, ds := range s.DS {
		seen = append(seen, saw("DS of "+zoneOf(f), fmt.Sprintf("key %d, digest type %d%s", ds.Tag, ds.Digest, digestName(ds.Digest))))
	}
	if slices.ContainsFunc(s.DS, func(ds scanner.DSRecord) bool { return ds.Digest != 1 }) {
		return scanner.Passed(seen...)
	}
	return scanner.Failed(seen...)
}

func digestName(d uint8) string {
	switch d {
	case 1:
		return " (SHA-1)"
	case 2:
		return " (SHA-256)"
	case 4:
		return " (SHA-384)"
	}
	return ""
}

// Bounds on signatures. A name server that signs each answer as it goes out
// makes them short; of such a signature a quarter of its life has to be left.
const (
	soonExpired = 2 * 24 * time.Hour
	tooLong     = 180 * 24 * time.Hour // Zonemaster DNSSEC04
)

// signatures runs judge over the zone's signatures.
func signatures(f *scanner.Facts, judge func(v *votes, at string, s scanner.RRSIG)) scanner.Finding {
	s, other := signed(f)
	if other != nil {
		return *other
	}
	if len(s.Signatures) == 0 {
		return scanner.CannotTell(scanner.Failf(scanner.FailUncertain, "no signature of "+zoneOf(f)+" was seen"))
	}
	var v votes
	for _, sig := range s.Signatures {
		judge(&v, fmt.Sprintf("RRSIG of %s by %d", sig.Of, sig.Tag), sig)
	}
	return v.finding()
}

func dnssecSignatureExpiring(f *scanner.Facts) scanner.Finding {
	if f.DNS.DNSSEC.Status == scanner.Bogus {
		return scanner.DoesNotApply(scanner.NACovered) // dns.dnssec.bogus
	}
	return signatures(f, func(v *votes, at string, s scanner.RRSIG) {
		left := s.Expiration.Sub(f.Started)
		seen := "ends " + s.Expiration.UTC().Format("2006-01-02 15:04 UTC")
		if left < min(soonExpired, s.Expiration.Sub(s.Inception)/4) {
			v.fail("", at, seen)
		} else {
			v.pass(at, seen)
		}
	})
}

func dnssecSignatureLong(f *scanner.Facts) scanner.Finding {
	return signatures(f, func(v *votes, at string, s scanner.RRSIG) {
		life := s.Expiration.Sub(s.Inception)
		seen := fmt.Sprintf("valid for %d days", int(life.Hours()/24))
		if life > tooLong {
			v.fail("", at, seen)
		} else {
			v.pass(at, seen)
		}
	})
}

// manyIterations of NSEC3: resolvers begin to take a zone with more for
// unsigned (RFC 9276 section 3.2).
const manyIterations = 100

func dnssecNSEC3Iterations(f *scanner.Facts) scanner.Finding {
	s, other := signed(f)
	if other != nil {
		return *other
	}
	if s.NSEC3 == nil {
		return scanner.DoesNotApply(scanner.NANotUsed)
	}
	seen := saw("NSEC3 of "+zoneOf(f), fmt.Sprintf("%d extra iterations, %d bytes of salt", s.NSEC3.Iterations, s.NSEC3.Salt))
	switch {
	case s.NSEC3.Iterations > manyIterations:
		return scanner.Failed(seen)
	case s.NSEC3.Iterations > 0:
		return scanner.Warned(seen)
	}
	return scanner.Passed(seen)
}

// dnssecCDSMismatch: what a parent would take over must fit the zone's keys, be
// signed by a key that it knows, and be the same everywhere (RFC 7344 sections
// 4.1 and 6). While a change travels from server to server it may differ.
func dnssecCDSMismatch(f *scanner.Facts) scanner.Finding {
	if _, other := signed(f); other != nil {
		return *other
	}
	servers, _, _ := speaking(f.DNS)
	var (
		p       poll
		first   *scanner.NameServer
		used    bool
		serials = map[uint32]bool{}
	)
	for i, s := range servers {
		switch c := s.Child; {
		case c == nil:
			p.unknown(serverOf(s), scanner.Failf(scanner.FailUncertain, "this was not looked at: CDS and CDNSKEY records"))
			continue
		case c.Failure != nil:
			p.unknown(serverOf(s), c.Failure)
			continue
		}
		if first == nil {
			first = &servers[i]
		}
		serials[s.Serial] = true
		used = used || len(s.Child.Records) > 0
		seen := cmpText(strings.Join(s.Child.Records, ", "), "neither CDS nor CDNSKEY")
		switch {
		case len(s.Child.Strange) > 0:
			p.fail(s.Name, serverOf(s), seen+"; fits no key of the zone: "+strings.Join(s.Child.Strange, ", "))
		case s.Child.Signed == scanner.No && len(s.Child.Records) > 0:
			p.fail(s.Name, serverOf(s), seen+"; not signed by a key that a DS record names")
		case !slices.Equal(first.Child.Records, s.Child.Records) && len(serials) > 1:
			p.warn(s.Name, serverOf(s), seen+"; "+first.Name+" says otherwise")
		case !slices.Equal(first.Child.Records, s.Child.Records):
			p.fail(s.Name, serverOf(s), seen+"; "+first.Name+" says otherwise")
		case s.Child.Signed == "" && len(s.Child.Records) > 0:
			p.unknown(serverOf(s), scanner.Failf(scanner.FailUncertain, "its signature could not be tested"))
		default:
			p.pass(serverOf(s), seen)
		}
	}
	if first != nil && !used {
		return scanner.DoesNotApply(scanner.NANotUsed)
	}
	if found, ok := p.finding("ns"); ok {
		return found
	}
	return noServers(f)
}

func cmpText(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}
