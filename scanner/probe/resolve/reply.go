package resolve

import (
	"slices"

	"github.com/miekg/dns"
)

type question struct {
	name  string // canonical, with trailing dot
	qtype uint16
}

func (q question) String() string { return bare(q.name) + " " + typeName(q.qtype) }

func typeName(t uint16) string { return dns.Type(t).String() }

// reply is a server's answer, less what that server has no say in.
type reply struct {
	msg *dns.Msg
	// zone is the zone whose server answered; "." from a given resolver.
	zone string
	kind kind
	// child is the delegation that a referral names.
	child *zone
	from  endpoint
	glue  []dns.RR // the additional section as received
}

// outcome is what a question led to, as it is cached.
type outcome struct {
	reply *reply
	err   error
}

// kind is what an answer amounts to.
type kind int

const (
	answered kind = iota // records, or the word of authority that there are none
	referral             // the zone is delegated further down
	hearsay              // an answer by a server that has no authority
	useless              // an error code, or a referral that leads nowhere
)

// readReply keeps of msg what belongs to zone, and says what it amounts to.
// trusted is a resolver that was asked with recursion: it has no AA bit.
func readReply(msg *dns.Msg, zone string, q question, trusted bool) *reply {
	r := &reply{msg: msg, zone: zone, glue: msg.Extra}
	msg.Answer = within(msg.Answer, zone)
	msg.Ns = within(msg.Ns, zone)
	msg.Extra = nil
	if msg.Rcode != dns.RcodeSuccess && msg.Rcode != dns.RcodeNameError {
		r.kind = useless
		return r
	}
	r.kind = hearsay
	if msg.Authoritative || trusted {
		r.kind = answered
	}
	if trusted || msg.Rcode == dns.RcodeNameError || r.owns(q.name) || r.soaFor(q.name) != nil {
		return r
	}
	if child := readReferral(msg.Ns, r.glue, zone, q.name); child != nil {
		r.kind, r.child = referral, child
		return r
	}
	if !msg.Authoritative {
		r.kind = useless // it knows nothing, or points upwards
	}
	return r
}

// within keeps records of class IN at or below zone, their owners in lower
// case.
func within(section []dns.RR, zone string) []dns.RR {
	return slices.DeleteFunc(section, func(rr dns.RR) bool {
		h := rr.Header()
		if h.Class != dns.ClassINET || h.Rrtype == dns.TypeOPT {
			return true
		}
		h.Name = dns.CanonicalName(h.Name)
		return !dns.IsSubDomain(zone, h.Name)
	})
}

// owns: the answer section says something about name, be it by an alias of a
// name above it (DNAME).
func (r *reply) owns(name string) bool {
	return slices.ContainsFunc(r.msg.Answer, func(rr dns.RR) bool {
		h := rr.Header()
		return h.Name == name || (h.Rrtype == dns.TypeDNAME && dns.IsSubDomain(h.Name, name))
	})
}

// records are the records of one type at name, at most maxRecords.
func (r *reply) records(name string, qtype uint16) []dns.RR {
	return recordSet(r.msg.Answer, name, qtype)
}

func recordSet(section []dns.RR, name string, qtype uint16) []dns.RR {
	var set []dns.RR
	for _, rr := range section {
		if h := rr.Header(); h.Name == name && h.Rrtype == qtype && len(set) < maxRecords {
			set = append(set, rr)
		}
	}
	return set
}

// soaFor is the SOA in the authority section of a zone that holds name: the
// sign of a negative answer (RFC 2308).
func (r *reply) soaFor(name string) *dns.SOA {
	for _, rr := range r.msg.Ns {
		if soa, ok := rr.(*dns.SOA); ok && dns.IsSubDomain(soa.Hdr.Name, name) {
			return soa
		}
	}
	return nil
}

// readReferral reads a delegation strictly below zone on the way to name.
func readReferral(authority, glue []dns.RR, parent, name string) *zone {
	for _, rr := range authority {
		ns, ok := rr.(*dns.NS)
		if !ok || ns.Hdr.Name == parent || !dns.IsSubDomain(ns.Hdr.Name, name) {
			continue
		}
		return readServers(authority, glue, parent, ns.Hdr.Name, true)
	}
	return nil
}
