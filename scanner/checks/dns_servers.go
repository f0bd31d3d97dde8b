package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// This file judges how the domain's name servers answer. One server at fault is
// a fault; servers that could not be asked are named in the evidence, and only
// when nobody could be asked is the verdict unknown.

func serverOf(s scanner.NameServer) string { return fmt.Sprintf("%s (%s)", s.Name, s.Addr) }

// ours tells failures that say nothing about the server: our own network and
// limits, and firewalls that may stand on our side.
func ours(f *scanner.Failure) bool {
	switch f.Kind {
	case scanner.FailUnreachable, scanner.FailBlocked, scanner.FailLimit, scanner.FailCancelled, scanner.FailInternal, scanner.FailMissing:
		return true
	}
	return false
}

// noServers is the finding where the facts hold no server to ask.
func noServers(f *scanner.Facts) scanner.Finding {
	run := f.RunOf("dns")
	switch {
	case run != nil && run.Failure != nil:
		return scanner.CannotTell(run.Failure)
	case f.DNS.Failure != nil:
		return scanner.CannotTell(f.DNS.Failure)
	case !f.DNS.ParentKnown:
		return scanner.DoesNotApply(scanner.NAHidden)
	}
	return scanner.CannotTell(scanner.Failf(scanner.FailUnresolved, "no name server of "+zoneOf(f)+" has an address"))
}

// nameSet is sorted, in lower case, without trailing dots and duplicates.
func nameSet(names []string) []string {
	set := make([]string, 0, len(names))
	for _, n := range names {
		set = append(set, strings.ToLower(strings.TrimSuffix(n, ".")))
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// nsLame: a server that does not answer is a warning beside others that do,
// because the cause may be on our side.
func nsLame(f *scanner.Facts) scanner.Finding {
	d := f.DNS
	var p poll
	for _, n := range d.UnresolvedNS {
		if slices.ContainsFunc(d.NSNames, func(x scanner.NSName) bool { return x.Name == n && x.Gone != "" }) {
			continue // graver: dns.ns.dangling
		}
		p.fail(n, n, "no address")
	}
	answers := slices.ContainsFunc(d.Servers, func(s scanner.NameServer) bool { return s.Failure == nil })
	overUDP := slices.ContainsFunc(d.Servers, func(s scanner.NameServer) bool { return s.UDP })
	for _, s := range d.Servers {
		failure := s.Failure
		if failure == nil && overUDP && !s.UDP {
			failure = s.UDPFailure
		}
		switch {
		case failure != nil && (ours(failure) || !answers):
			p.unknown(serverOf(s), failure)
		case failure != nil:
			p.warn(s.Name, serverOf(s), "no answer: "+failure.Error())
		case !s.Authoritative || s.Rcode != "NOERROR":
			p.fail(s.Name, serverOf(s), soaSeen(s))
		default:
			p.pass(serverOf(s), soaSeen(s))
		}
	}
	if len(d.Servers) == 0 && len(d.UnresolvedNS) > 0 && len(p.fails) == 0 {
		return scanner.DoesNotApply(scanner.NACovered)
	}
	return judgedBy(f, &p)
}

// judgedBy fills {ns}, the server at fault.
func judgedBy(f *scanner.Facts, p *poll) scanner.Finding {
	if found, ok := p.finding("ns"); ok {
		return found
	}
	return noServers(f)
}

func soaSeen(s scanner.NameServer) string {
	if s.Rcode != "" && s.Rcode != "NOERROR" {
		return "SOA: " + s.Rcode
	}
	if !s.Authoritative {
		return "SOA: answer without AA (not authoritative)"
	}
	return fmt.Sprintf("SOA: authoritative, serial %d", s.Serial)
}

// speaking are the servers that answer for the zone; rest names those that
// could not be asked, and why is the failure of the first of them.
func speaking(d *scanner.DNSFacts) (servers []scanner.NameServer, rest []scanner.Evidence, why *scanner.Failure) {
	var p poll
	for _, s := range d.Servers {
		switch {
		case s.Failure != nil:
			p.unknown(serverOf(s), s.Failure)
		case s.Authoritative && s.Rcode == "NOERROR":
			servers = append(servers, s)
		}
	}
	return servers, p.rest, p.why
}

func nsInconsistent(f *scanner.Facts) scanner.Finding {
	d := f.DNS
	servers, rest, why := speaking(d)
	var seen []scanner.Evidence
	var want []string
	if d.ParentKnown {
		want = nameSet(d.ParentNS)
		seen = append(seen, saw("delegation of "+zoneOf(f), strings.Join(want, ", ")))
	}
	agree, told := true, 0
	for _, s := range servers {
		if len(s.NS) == 0 {
			continue
		}
		told++
		got := nameSet(s.NS)
		seen = append(seen, saw(serverOf(s), "NS "+strings.Join(got, ", ")))
		if want == nil {
			want = got
		}
		agree = agree && slices.Equal(want, got)
	}
	seen = append(seen, rest...)
	switch {
	case !agree:
		return scanner.Failed(seen...)
	case told == 0 && len(d.Servers) > 0:
		if why == nil {
			why = scanner.Failf(scanner.FailServer, "no server gave the NS records of "+zoneOf(f))
		}
		return scanner.CannotTell(why, seen...)
	case told == 0:
		return noServers(f)
	case !d.ParentKnown:
		return scanner.DoesNotApply(scanner.NAHidden)
	}
	return scanner.Passed(seen...)
}

// soaSerialMismatch only warns: a change may be on its way to the other server.
func soaSerialMismatch(f *scanner.Facts) scanner.Finding {
	servers, rest, why := speaking(f.DNS)
	var seen []scanner.Evidence
	serials := map[uint32]bool{}
	for _, s := range servers {
		serials[s.Serial] = true
		seen = append(seen, saw(serverOf(s), soaSeen(s)))
	}
	seen = append(seen, rest...)
	switch {
	case len(serials) > 1:
		return scanner.Warned(seen...)
	case len(f.DNS.Servers) == 0:
		return noServers(f)
	case len(f.DNS.Servers) == 1:
		return scanner.DoesNotApply(scanner.NACovered) // nothing to compare: dns.ns.single
	case len(servers) < 2 && why != nil:
		return scanner.CannotTell(why, seen...)
	case len(servers) < 2:
		return scanner.DoesNotApply(scanner.NACovered) // the others are lame: dns.ns.lame
	}
	return scanner.Passed(seen...)
}

// nsNoTCP: a server that is silent over TCP is only blamed where another one
// shows that our own network lets TCP out to port 53.
func nsNoTCP(f *scanner.Facts) scanner.Finding {
	d := f.DNS
	open := slices.ContainsFunc(d.Servers, func(s scanner.NameServer) bool { return s.TCP })
	var p poll
	for _, s := range d.Servers {
		why := s.TCPFailure
		switch {
		case s.TCP:
			p.pass(serverOf(s), "answers over TCP")
		case s.UDP && why != nil && !ours(why) && (open || why.Kind != scanner.FailTimeout):
			p.fail(s.Name, serverOf(s), "answers over UDP, over TCP: "+why.Error())
		default:
			p.unknown(serverOf(s), cmp.Or(s.Failure, why))
		}
	}
	return judgedBy(f, &p)
}

func nsOpenRecursion(f *scanner.Facts) scanner.Finding {
	return anyServer(f, func(s scanner.NameServer) scanner.Tristate { return s.Recursion },
		"answered a recursive question for a name outside the zone", "refused recursion")
}

func nsAXFR(f *scanner.Facts) scanner.Finding {
	return anyServer(f, func(s scanner.NameServer) scanner.Tristate { return s.Transfer },
		"handed out the whole zone (AXFR)", "refused a zone transfer (AXFR)")
}

// anyServer fails when one server says yes.
func anyServer(f *scanner.Facts, get func(scanner.NameServer) scanner.Tristate, yes, no string) scanner.Finding {
	var p poll
	for _, s := range f.DNS.Servers {
		switch get(s) {
		case scanner.Yes:
			p.fail(s.Name, serverOf(s), yes)
		case scanner.No:
			p.pass(serverOf(s), no)
		default:
			p.unknown(serverOf(s), cmp.Or(s.Failure, scanner.Failf(scanner.FailUncertain, "the server gave no usable answer")))
		}
	}
	return judgedBy(f, &p)
}
