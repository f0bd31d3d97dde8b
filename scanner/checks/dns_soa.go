package checks

import (
	"fmt"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Bounds of the SOA record's times, in seconds: the defaults of Zonemaster's
// ZONE02, ZONE04, ZONE05 and ZONE06, in the spirit of RIPE-203.
const (
	minRefresh  = 4 * 3600
	minRetry    = 3600
	minExpire   = 7 * 24 * 3600
	minNegative = 300
	maxNegative = 24 * 3600
	expireRatio = 7 // of refresh
)

// soaTimers fails what lets a zone disappear too soon and warns of the rest, as
// Zonemaster's levels have it. Big providers send changes by other means, and
// need no refresh.
func soaTimers(f *scanner.Facts) scanner.Finding {
	servers, rest, why := speaking(f.DNS)
	var p poll
	p.rest, p.why = rest, why
	for _, s := range servers {
		if s.SOA == nil {
			p.unknown(serverOf(s), unseen(s, "the SOA record's times"))
			continue
		}
		all := fmt.Sprintf("refresh %d, retry %d, expire %d, minimum %d", s.SOA.Refresh, s.SOA.Retry, s.SOA.Expire, s.SOA.Minimum)
		switch grave, slight := wrongTimes(s.SOA); {
		case len(grave) > 0:
			p.fail(s.Name, serverOf(s), all+": "+strings.Join(append(grave, slight...), ", "))
		case len(slight) > 0:
			p.warn(s.Name, serverOf(s), all+": "+strings.Join(slight, ", "))
		default:
			p.pass(serverOf(s), all)
		}
	}
	return judgedBy(f, &p)
}

func wrongTimes(s *scanner.SOA) (grave, slight []string) {
	if s.Expire < minExpire {
		grave = append(grave, fmt.Sprintf("expire is under %d", minExpire))
	}
	if s.Retry >= s.Refresh {
		grave = append(grave, "retry is not shorter than refresh")
	}
	if uint64(s.Expire) < expireRatio*uint64(s.Refresh) {
		slight = append(slight, fmt.Sprintf("expire is not %d times refresh", expireRatio))
	}
	if s.Refresh < minRefresh {
		slight = append(slight, fmt.Sprintf("refresh is under %d", minRefresh))
	}
	if s.Retry < minRetry {
		slight = append(slight, fmt.Sprintf("retry is under %d", minRetry))
	}
	if s.Minimum < minNegative || s.Minimum > maxNegative {
		slight = append(slight, fmt.Sprintf("minimum is not within %d and %d", minNegative, maxNegative))
	}
	return grave, slight
}

// soaUnseen is the finding where the SOA records named nobody.
func soaUnseen(f *scanner.Facts, looked bool, what string) scanner.Finding {
	servers, rest, why := speaking(f.DNS)
	switch {
	case len(f.DNS.Servers) == 0:
		return noServers(f)
	case len(servers) == 0 && why != nil:
		return scanner.CannotTell(why, rest...)
	case len(servers) == 0:
		return scanner.DoesNotApply(scanner.NACovered) // dns.ns.lame
	case !looked:
		return notLooked(what)
	}
	return scanner.CannotTell(scanner.Failf(scanner.FailUncertain, "no SOA record of "+zoneOf(f)+" was seen"))
}

func soaContact(f *scanner.Facts) scanner.Finding {
	var v votes
	for _, m := range f.DNS.Contact {
		at := "SOA of " + zoneOf(f)
		switch {
		case !m.Valid:
			v.fail("", at, fmt.Sprintf("contact %q is no mail address", m.Address))
		case m.Receives == scanner.No:
			v.fail("", at, "contact "+m.Address+", whose domain receives no mail")
		case m.Receives == scanner.Yes:
			v.pass(at, "contact "+m.Address)
		default:
			v.unknown(m.Failure, at, "contact "+m.Address)
		}
	}
	if len(f.DNS.Contact) == 0 {
		return soaUnseen(f, f.DNS.Contact != nil, "the contact of the SOA record")
	}
	return v.finding()
}

// soaMName lets primaries be hidden: one that does not answer strangers, or that
// has a name in a network of its own, is no fault.
func soaMName(f *scanner.Facts) scanner.Finding {
	var v votes
	for _, m := range f.DNS.Primary {
		at := "SOA of " + zoneOf(f)
		switch {
		case m.Exists == scanner.No:
			v.fail("", at, "primary "+m.Name+", which does not exist")
		case m.Authoritative == scanner.No:
			v.fail("", at, "primary "+m.Name+", which answers without authority for the zone")
		case m.Failure != nil:
			v.unknown(m.Failure, at, "primary "+m.Name)
		default:
			v.pass(at, "primary "+cmpText(m.Name, "not named"))
		}
	}
	if len(f.DNS.Primary) == 0 {
		return soaUnseen(f, f.DNS.Primary != nil, "the primary server of the SOA record")
	}
	return v.finding()
}
