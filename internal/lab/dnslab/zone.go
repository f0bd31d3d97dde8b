package dnslab

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// Zone is one zone's data.
type Zone struct {
	Name string
	Sign *Signing // nil: unsigned

	sets  map[string]map[uint16][]dns.RR // by owner, type
	sigs  map[string]map[uint16][]dns.RR // RRSIG by owner, type covered
	cuts  []string                       // delegations
	names []string                       // owners of authoritative data and cuts, sorted
	keys  []*key
	gaps  []dns.RR // NSEC or NSEC3 records
}

// Zone makes a zone of text in zone file form, relative to name, signs it as
// asked, and serves it from servers. Zones below it come first, so that their
// DS records can be put in.
func (l *Lab) Zone(name, text string, sign *Signing, servers ...*Server) *Zone {
	l.tb.Helper()
	z := &Zone{Name: dns.CanonicalName(name), Sign: sign, sets: map[string]map[uint16][]dns.RR{}, sigs: map[string]map[uint16][]dns.RR{}}
	head := "@ 300 SOA ns.nic.lab. admin.nic.lab. 1 3600 900 86400 300\n"
	if strings.Contains(text, " SOA ") {
		head = ""
	}
	p := dns.NewZoneParser(strings.NewReader("$TTL 300\n$ORIGIN "+z.Name+"\n"+head+text), z.Name, name)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		z.Add(rr)
	}
	if err := p.Err(); err != nil {
		l.tb.Fatalf("zone %s: %v", name, err)
	}
	l.Zones[z.Name] = z
	for _, s := range servers {
		s.Zones = append(s.Zones, z)
	}
	z.index()
	if sign != nil {
		if err := z.sign(l); err != nil {
			l.tb.Fatalf("sign %s: %v", name, err)
		}
	}
	return z
}

// Add puts a record in, before the zone is signed.
func (z *Zone) Add(rr dns.RR) {
	h := rr.Header()
	h.Name = dns.CanonicalName(h.Name)
	if z.sets[h.Name] == nil {
		z.sets[h.Name] = map[uint16][]dns.RR{}
	}
	z.sets[h.Name][h.Rrtype] = append(z.sets[h.Name][h.Rrtype], rr)
}

func (z *Zone) index() {
	z.cuts, z.names = nil, nil
	for name, types := range z.sets {
		if name != z.Name && types[dns.TypeNS] != nil {
			z.cuts = append(z.cuts, name)
		}
	}
	for name := range z.sets {
		if c := z.cutAbove(name); c == "" || c == name {
			z.names = append(z.names, name)
		}
	}
	slices.SortFunc(z.names, canonicalOrder)
}

func (z *Zone) cutAbove(name string) string {
	for _, c := range z.cuts {
		if dns.IsSubDomain(c, name) {
			return c
		}
	}
	return ""
}

// answer fills m (RFC 1034 section 4.3.2, RFC 4035 section 3.1).
func (z *Zone) answer(m *dns.Msg, name string, qtype uint16, do bool) {
	if cut := z.cutAbove(name); cut != "" && (cut != name || qtype != dns.TypeDS) {
		z.refer(m, cut, do)
		return
	}
	m.Authoritative = true
	for range 20 {
		types, source := z.sets[name], name
		exists := types != nil || z.hasBelow(name)
		if !exists {
			source = "*." + strings.TrimPrefix(z.encloser(name), ".")
			if types = z.sets[source]; types != nil && do {
				m.Ns = append(m.Ns, z.proof(name, gapCover)...)
			}
		}
		set, covered := types[qtype], qtype
		alias := types[dns.TypeCNAME]
		if len(set) == 0 && qtype != dns.TypeCNAME && len(alias) > 0 {
			set, covered = alias, dns.TypeCNAME
		}
		if len(set) == 0 {
			if !exists && types == nil {
				m.Rcode = dns.RcodeNameError
			}
			z.deny(m, name, source, do)
			return
		}
		m.Answer = append(m.Answer, z.expand(set, name)...)
		if do {
			m.Answer = append(m.Answer, z.expand(z.sigs[source][covered], name)...)
		}
		if covered == qtype {
			z.glue(m, set)
			return
		}
		name = dns.CanonicalName(alias[0].(*dns.CNAME).Target)
		if !dns.IsSubDomain(z.Name, name) || z.cutAbove(name) != "" {
			return
		}
	}
}

// expand gives records from a wildcard the name that was asked for.
func (z *Zone) expand(set []dns.RR, name string) []dns.RR {
	var out []dns.RR
	for _, rr := range set {
		rr = dns.Copy(rr)
		rr.Header().Name = name
		out = append(out, rr)
	}
	return out
}

func (z *Zone) refer(m *dns.Msg, cut string, do bool) {
	set := z.sets[cut][dns.TypeNS]
	m.Ns = append(m.Ns, set...)
	if do {
		if ds := z.sets[cut][dns.TypeDS]; len(ds) > 0 {
			m.Ns = append(append(m.Ns, ds...), z.sigs[cut][dns.TypeDS]...)
		} else {
			m.Ns = append(m.Ns, z.proof(cut, gapMatch)...)
		}
	}
	z.glue(m, set)
}

func (z *Zone) glue(m *dns.Msg, set []dns.RR) {
	for _, rr := range set {
		if ns, ok := rr.(*dns.NS); ok {
			types := z.sets[dns.CanonicalName(ns.Ns)]
			m.Extra = append(append(m.Extra, types[dns.TypeA]...), types[dns.TypeAAAA]...)
		}
	}
}

func (z *Zone) deny(m *dns.Msg, name, source string, do bool) {
	m.Ns = append(m.Ns, z.sets[z.Name][dns.TypeSOA]...)
	if !do {
		return
	}
	m.Ns = append(m.Ns, z.sigs[z.Name][dns.TypeSOA]...)
	switch {
	case m.Rcode == dns.RcodeNameError:
		m.Ns = append(m.Ns, z.proof(name, gapCover)...)
		m.Ns = append(m.Ns, z.proof("*."+strings.TrimPrefix(z.encloser(name), "."), gapCover)...)
	default:
		m.Ns = append(m.Ns, z.proof(source, gapMatch)...)
	}
	m.Ns = dns.Dedup(m.Ns, nil)
}

// hasBelow: name has no records, but names below it have.
func (z *Zone) hasBelow(name string) bool {
	return slices.ContainsFunc(z.names, func(n string) bool { return dns.IsSubDomain(name, n) })
}

func (z *Zone) encloser(name string) string {
	for name != z.Name {
		i, _ := dns.NextLabel(name, 0)
		if name = name[i:]; name == "" {
			name = "."
		}
		if z.hasBelow(name) {
			break
		}
	}
	return name
}

// transferred is the zone in the order of a transfer.
func (z *Zone) transferred() []dns.RR {
	soa := z.sets[z.Name][dns.TypeSOA][0]
	records := []dns.RR{soa}
	for _, name := range z.names {
		for t, set := range z.sets[name] {
			if t != dns.TypeSOA {
				records = append(records, set...)
			}
		}
	}
	return append(records, soa)
}
