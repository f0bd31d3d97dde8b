package checks

import (
	"cmp"
	"fmt"
	"regexp"

	"github.com/cybersec-infohub/infohub/scanner"
)

// This file judges the finer points of how name servers answer.

// unseen is why something about a server is not known: its own failure, or that
// the facts come from a program that did not look.
func unseen(s scanner.NameServer, what string) *scanner.Failure {
	return cmp.Or(s.Failure, s.UDPFailure, scanner.Failf(scanner.FailUncertain, "this was not looked at: "+what))
}

// nsNoEDNS: a server must answer a question with EDNS, by an answer with EDNS or
// by FORMERR if it knows none (RFC 6891 section 7); silence costs every resolver
// a time-out.
func nsNoEDNS(f *scanner.Facts) scanner.Finding {
	var p poll
	for _, s := range f.DNS.Servers {
		switch {
		case s.EDNSFault == "ignored" && !s.Authoritative: // errors often come without: dns.ns.lame
		case s.EDNS:
			p.pass(serverOf(s), "answers with EDNS")
		case s.EDNSFault == "" || !s.UDP:
			p.unknown(serverOf(s), unseen(s, "EDNS"))
		case s.EDNSFault == "silent":
			p.fail(s.Name, serverOf(s), "no answer to a question with EDNS, an answer to one without")
		case s.EDNSFault == "ignored":
			p.warn(s.Name, serverOf(s), "answers a question with EDNS without it")
		default:
			p.fail(s.Name, serverOf(s), "answers "+s.EDNSFault+" to a question with EDNS")
		}
	}
	return judgedOr(f, &p)
}

// judgedOr does not apply where all servers were left aside.
func judgedOr(f *scanner.Facts, p *poll) scanner.Finding {
	if found, ok := p.finding("ns"); ok {
		return found
	}
	if len(f.DNS.Servers) > 0 {
		return scanner.DoesNotApply(scanner.NACovered)
	}
	return noServers(f)
}

func nsCase(f *scanner.Facts) scanner.Finding {
	var p poll
	for _, s := range f.DNS.Servers {
		switch s.CaseKept {
		case scanner.Yes:
			p.pass(serverOf(s), "the question came back as it was spelt")
		case scanner.No:
			p.fail(s.Name, serverOf(s), "the question came back in another spelling (capitals)")
		default:
			p.unknown(serverOf(s), unseen(s, "the spelling of questions"))
		}
	}
	return judgedBy(f, &p)
}

// versionNumber: a text without one, such as "none of your business", tells
// nothing.
var versionNumber = regexp.MustCompile(`[0-9]+\.[0-9]+`)

func nsVersionDisclosed(f *scanner.Facts) scanner.Finding {
	var p poll
	for _, s := range f.DNS.Servers {
		switch {
		case versionNumber.MatchString(s.Version):
			p.fail(s.Name, serverOf(s), "version: "+s.Version)
		case s.Version != "":
			p.pass(serverOf(s), "version: "+s.Version)
		case s.VersionTold == scanner.No:
			p.pass(serverOf(s), "tells no version")
		default:
			p.unknown(serverOf(s), cmp.Or(s.Failure, s.TCPFailure, scanner.Failf(scanner.FailUncertain, "this was not looked at: the version")))
		}
	}
	return judgedBy(f, &p)
}

// nsNegativeAnswer: a name that cannot exist gets NXDOMAIN, a record that is not
// there an empty answer, and both have the SOA record that says how long to
// believe it (RFC 2308 sections 2 and 3).
func nsNegativeAnswer(f *scanner.Facts) scanner.Finding {
	var p poll
	for _, s := range f.DNS.Servers {
		if s.Failure == nil && (!s.Authoritative || s.Rcode != "NOERROR") {
			continue // it knows nothing of the zone: dns.ns.lame
		}
		switch {
		case s.NoName == nil || s.NoType == nil:
			p.unknown(serverOf(s), unseen(s, "what it says of names that do not exist"))
			continue
		case s.NoName.Failure != nil || s.NoType.Failure != nil:
			p.unknown(serverOf(s), cmp.Or(s.NoName.Failure, s.NoType.Failure))
			continue
		}
		name, kind := wrongNoName(s.NoName), wrongNoType(s.NoType)
		for _, wrong := range []string{name, kind} {
			if wrong != "" {
				p.fail(s.Name, serverOf(s), wrong)
			}
		}
		if name == "" && kind == "" {
			p.pass(serverOf(s), fmt.Sprintf("a name that does not exist: %s; a record that does not: %s", s.NoName.Rcode, s.NoType.Rcode))
		}
	}
	return judgedOr(f, &p)
}

func wrongNoName(n *scanner.Negative) string {
	const what = "a name that does not exist: "
	switch {
	case n.Answers > 0 || n.Wild: // a wildcard
		return ""
	case n.Rcode != "NXDOMAIN" && !(n.Rcode == "NOERROR" && n.Denied):
		return what + cmpText(n.Rcode, "no code") + " instead of NXDOMAIN"
	case !n.SOA:
		return what + n.Rcode + " without the SOA record"
	}
	return ""
}

func wrongNoType(n *scanner.Negative) string {
	const what = "a record that does not exist, at the domain itself: "
	switch {
	case n.Answers > 0: // there is one after all
		return ""
	case n.Rcode != "NOERROR":
		return what + cmpText(n.Rcode, "no code") + " instead of an empty answer"
	case !n.SOA:
		return what + "an empty answer without the SOA record"
	}
	return ""
}
