package checks

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

func dnsChecks() []scanner.Check {
	needs := []string{"dns"}
	list := []scanner.Check{
		{Rule: "dns.dnssec.missing", Needs: needs, Judge: dnssecMissing},
		{Rule: "dns.dnssec.bogus", Needs: needs, Judge: dnssecBogus},
		{Rule: "dns.ns.single", Needs: needs, Judge: nsSingle},
		{Rule: "dns.ns.same-network", Needs: needs, Judge: nsSameNetwork},
		{Rule: "dns.ns.lame", Needs: needs, Judge: nsLame},
		{Rule: "dns.ns.inconsistent", Needs: needs, Judge: nsInconsistent},
		{Rule: "dns.soa.serial-mismatch", Needs: needs, Judge: soaSerialMismatch},
		{Rule: "dns.ns.no-tcp", Needs: needs, Judge: nsNoTCP},
		{Rule: "dns.ns.open-recursion", Needs: needs, Judge: nsOpenRecursion},
		{Rule: "dns.ns.axfr", Needs: needs, Judge: nsAXFR},
		{Rule: "dns.caa.missing", Needs: needs, Judge: caaMissing},
		{Rule: "dns.cname.dangling", Needs: needs, Judge: cnameDangling},
		{Rule: "dns.address.private", Needs: needs, Judge: addressPrivate},
		{Rule: "dns.dnssec.weak-algorithm", Needs: needs, Judge: dnssecWeakAlgorithm},
		{Rule: "dns.dnssec.weak-key", Needs: needs, Judge: dnssecWeakKey},
		{Rule: "dns.dnssec.ds-digest", Needs: needs, Judge: dnssecDSDigest},
		{Rule: "dns.dnssec.signature-expiring", Needs: needs, Judge: dnssecSignatureExpiring},
		{Rule: "dns.dnssec.signature-long", Needs: needs, Judge: dnssecSignatureLong},
		{Rule: "dns.dnssec.nsec3-iterations", Needs: needs, Judge: dnssecNSEC3Iterations},
		{Rule: "dns.dnssec.cds-mismatch", Needs: needs, Judge: dnssecCDSMismatch},
		{Rule: "dns.ns.glue", Needs: needs, Judge: nsGlue},
		{Rule: "dns.ns.cname", Needs: needs, Judge: nsCNAME},
		{Rule: "dns.ns.dangling", Needs: needs, Judge: nsDangling},
		{Rule: "dns.ns.no-edns", Needs: needs, Judge: nsNoEDNS},
		{Rule: "dns.ns.case", Needs: needs, Judge: nsCase},
		{Rule: "dns.ns.version-disclosed", Needs: needs, Judge: nsVersionDisclosed},
		{Rule: "dns.ns.no-ipv6", Needs: needs, Judge: nsNoIPv6},
		{Rule: "dns.ns.negative-answer", Needs: needs, Judge: nsNegativeAnswer},
		{Rule: "dns.wildcard.present", Needs: needs, Judge: wildcardPresent},
		{Rule: "dns.soa.timers", Needs: needs, Judge: soaTimers},
		{Rule: "dns.soa.contact", Needs: needs, Judge: soaContact},
		{Rule: "dns.soa.mname", Needs: needs, Judge: soaMName},
		{Rule: "dns.caa.invalid", Needs: needs, Judge: caaInvalid},
		{Rule: "dns.cname.takeover", Needs: needs, Judge: cnameTakeover},
	}
	for i := range list {
		judge := list[i].Judge
		list[i].Judge = func(f *scanner.Facts) scanner.Finding {
			// A name that is scanned by --connect-to alone has no DNS to judge.
			if why := f.DNS.Failure; why != nil && why.Kind == scanner.FailUnresolved {
				return scanner.DoesNotApply(scanner.NANotInDNS)
			}
			return judge(f)
		}
	}
	return list
}

func dnssecMissing(f *scanner.Facts) scanner.Finding {
	switch f.DNS.DNSSEC.Status {
	case scanner.Secure:
		return scanner.Passed(dnssecSeen(f)...)
	case scanner.Insecure:
		return scanner.Failed(dnssecSeen(f)...)
	case scanner.Bogus:
		return scanner.DoesNotApply(scanner.NACovered)
	}
	return dnssecUnknown(f)
}

func dnssecBogus(f *scanner.Facts) scanner.Finding {
	switch f.DNS.DNSSEC.Status {
	case scanner.Secure:
		return scanner.Passed(dnssecSeen(f)...)
	case scanner.Insecure:
		return scanner.DoesNotApply(scanner.NANotSigned)
	case scanner.Bogus:
		return scanner.Failed(dnssecSeen(f)...)
	}
	return dnssecUnknown(f)
}

func dnssecUnknown(f *scanner.Facts) scanner.Finding {
	s := f.DNS.DNSSEC
	why := s.Failure
	if why == nil && s.Reason != "" {
		why = scanner.Failf(scanner.FailUncertain, s.Reason)
	}
	return scanner.CannotTell(why, dnssecSeen(f)...)
}

// dnssecSeen is the verdict, then the chain from the trust anchor down.
func dnssecSeen(f *scanner.Facts) []scanner.Evidence {
	s := f.DNS.DNSSEC
	verdict := string(s.Status)
	if s.Reason != "" {
		verdict += ": " + s.Reason
	}
	seen := []scanner.Evidence{saw(zoneOf(f), verdict)}
	for _, l := range s.Links {
		observed := string(l.Status)
		if len(l.Algorithms) > 0 {
			observed += ", " + strings.Join(l.Algorithms, " ")
		}
		if len(l.KeyTags) > 0 {
			observed += ", key tags " + strings.Trim(fmt.Sprint(l.KeyTags), "[]")
		}
		seen = append(seen, saw("zone "+l.Zone, observed))
	}
	return seen
}

// zoneOf is the zone that holds the target.
func zoneOf(f *scanner.Facts) string {
	if f.DNS.Zone == "" {
		return f.Target.Domain
	}
	return f.DNS.Zone
}

// caaMissing: without an issue or issuewild property a CAA set restricts
// nobody (RFC 8659 section 4).
func caaMissing(f *scanner.Facts) scanner.Finding {
	d := f.DNS
	if d.CAAFailure != nil {
		return scanner.CannotTell(d.CAAFailure)
	}
	if len(d.CAA) == 0 {
		return scanner.Failed(saw(f.Target.Domain, "no CAA record here or at a parent"))
	}
	at := d.CAAAt
	if at == "" {
		at = f.Target.Domain
	}
	var seen []scanner.Evidence
	restricts := false
	for _, r := range d.CAA {
		tag := strings.ToLower(r.Tag)
		restricts = restricts || tag == "issue" || tag == "issuewild"
		seen = append(seen, saw(at, fmt.Sprintf("CAA %d %s %q", r.Flag, r.Tag, r.Value)))
	}
	if !restricts {
		return scanner.Warned(seen...)
	}
	return scanner.Passed(seen...)
}

// chainTo is the chain that ends at the name that is not there.
func chainTo(h scanner.HostAddrs) []string {
	if n := len(h.CNAMEs); n == 0 || !strings.EqualFold(h.CNAMEs[n-1], h.Dangling) {
		return append(append([]string{}, h.CNAMEs...), h.Dangling)
	}
	return h.CNAMEs
}

func addressesSeen(h scanner.HostAddrs) string {
	var parts []string
	if len(h.CNAMEs) > 0 {
		parts = append(parts, "CNAME "+strings.Join(h.CNAMEs, " -> "))
	}
	for _, a := range h.Addrs {
		parts = append(parts, a.String())
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, ", ")
	case h.Exists:
		return "no address"
	}
	return "no such name"
}

func addressPrivate(f *scanner.Facts) scanner.Finding {
	if f.Options.AllowPrivate {
		return scanner.DoesNotApply(scanner.NAPrivate)
	}
	var v votes
	v.skip(scanner.NANoWeb)
	for _, h := range f.DNS.Hosts {
		for _, a := range h.Addrs {
			record := fmt.Sprintf("%s %s", addressType(a), a)
			if special := netguard.Special(a); special != "" {
				v.fail(h.Name, h.Name, record+": "+special)
			} else {
				v.pass(h.Name, record)
			}
		}
		if h.Failure != nil && len(h.Addrs) == 0 && h.Failure.Kind != scanner.FailUnresolved {
			v.unknown(h.Failure, h.Name, h.Failure.Error())
		}
	}
	return v.finding()
}

func addressType(a netip.Addr) string {
	if a.Unmap().Is4() {
		return "A"
	}
	return "AAAA"
}
