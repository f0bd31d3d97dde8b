package resolve

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

const (
	maxDenials = 8 // NSEC or NSEC3 records looked at in one answer
	// maxIterations of NSEC3: an answer with more counts as insecure (RFC 9276
	// section 3.2).
	maxIterations = 150
	typeNXNAME    = 128 // compact denial of existence (RFC 9824)
)

// denial is the proven NSEC and NSEC3 records of a negative answer.
type denial struct {
	zone  string
	nsec  []*dns.NSEC
	nsec3 []*dns.NSEC3
}

// denialOf takes NSEC and NSEC3 records from an authority section and checks
// their signatures by the keys of t. It returns a fault if there are none, or
// one does not hold.
func (r *Resolver) denialOf(t *trust, authority []dns.RR) (*denial, *fault) {
	d := &denial{zone: t.zone}
	seen := map[string]bool{}
	for _, rr := range authority {
		h := rr.Header()
		if (h.Rrtype != dns.TypeNSEC && h.Rrtype != dns.TypeNSEC3) || seen[h.Name] || len(seen) == maxDenials {
			continue
		}
		seen[h.Name] = true
		set := recordSet(authority, h.Name, h.Rrtype)
		sig, f := r.verify(t, authority, set)
		if f != nil {
			return nil, f
		}
		if int(sig.Labels) != dns.CountLabel(h.Name) && !strings.HasPrefix(h.Name, "*.") {
			continue // synthesised from a wildcard: proves nothing about this name
		}
		switch n := rr.(type) {
		case *dns.NSEC:
			d.nsec = append(d.nsec, n)
		case *dns.NSEC3:
			if n.Hash == dns.SHA1 && n.Flags&^1 == 0 && sameParameters(d.nsec3, n) {
				d.nsec3 = append(d.nsec3, n)
			}
		}
	}
	if len(d.nsec3) > 0 && d.nsec3[0].Iterations > maxIterations {
		return nil, &fault{status: scanner.Insecure, reason: fmt.Sprintf("%s uses NSEC3 with %d iterations; more than %d do not count", bare(t.zone), d.nsec3[0].Iterations, maxIterations)}
	}
	if len(d.nsec) == 0 && len(d.nsec3) == 0 {
		return nil, &fault{status: scanner.Bogus, absent: true, reason: bare(t.zone) + " proves nothing: there is neither NSEC nor NSEC3 in its negative answer"}
	}
	return d, nil
}

func sameParameters(have []*dns.NSEC3, n *dns.NSEC3) bool {
	return len(have) == 0 || (have[0].Iterations == n.Iterations && strings.EqualFold(have[0].Salt, n.Salt))
}

// cut is what the absence of a DS record at a name means.
type cut int

const (
	cutUnproven cut = iota
	cutNone         // no zone begins here
	cutUnsigned     // an unsigned zone begins here, or may (opt-out)
)

// deniesDS reads the proof that name has no DS record (RFC 4035 section 5.2,
// RFC 5155 sections 8.6 and 8.9).
func (d *denial) deniesDS(name string) (cut, string) {
	if n := d.matchNSEC(name); n != nil {
		return cutOf(n.TypeBitMap, "NSEC")
	}
	if d.coverNSEC(name) != nil {
		return cutNone, "" // the name does not exist, or has only names below it
	}
	if len(d.nsec3) == 0 {
		return cutUnproven, ""
	}
	if n := d.matchNSEC3(name); n != nil {
		return cutOf(n.TypeBitMap, "NSEC3")
	}
	_, next, ok := d.encloser(name)
	if !ok {
		return cutUnproven, ""
	}
	switch n := d.coverNSEC3(next); {
	case n == nil:
		return cutUnproven, ""
	case n.Flags&1 != 0:
		return cutUnsigned, "NSEC3 opt-out"
	}
	return cutNone, ""
}

func cutOf(types []uint16, proof string) (cut, string) {
	switch {
	case slices.Contains(types, dns.TypeDS), slices.Contains(types, dns.TypeSOA) && slices.Contains(types, dns.TypeNS):
		return cutUnproven, "" // there is one, or this is the zone's own side of the cut
	case slices.Contains(types, dns.TypeNS):
		return cutUnsigned, proof
	}
	return cutNone, ""
}

// denies reads the proof of a negative answer for name and type: that the name
// does not exist (nx), or not with that type. It returns whether it holds.
func (d *denial) denies(name string, qtype uint16, nx bool) bool {
	if len(d.nsec) > 0 {
		return d.deniesByNSEC(name, qtype, nx)
	}
	if n := d.matchNSEC3(name); n != nil {
		return lacks(n.TypeBitMap, qtype) && (!nx || slices.Contains(n.TypeBitMap, typeNXNAME))
	}
	encloser, next, ok := d.encloser(name)
	if !ok {
		return false
	}
	covering := d.coverNSEC3(next)
	if covering == nil {
		return false
	}
	wildcard := "*." + strings.TrimPrefix(encloser, ".")
	if n := d.matchNSEC3(wildcard); n != nil {
		return !nx && lacks(n.TypeBitMap, qtype)
	}
	// An empty name above unsigned delegations alone has no NSEC3 of its own
	// where these are opted out.
	return d.coverNSEC3(wildcard) != nil || (!nx && covering.Flags&1 != 0)
}

func (d *denial) deniesByNSEC(name string, qtype uint16, nx bool) bool {
	if n := d.matchNSEC(name); n != nil {
		return lacks(n.TypeBitMap, qtype) && (!nx || slices.Contains(n.TypeBitMap, typeNXNAME))
	}
	n := d.coverNSEC(name)
	if n == nil {
		return false
	}
	if dns.IsSubDomain(name, dns.CanonicalName(n.NextDomain)) {
		return !nx // it has names below it, and no record of its own
	}
	encloser := commonAncestor(name, n.Hdr.Name)
	if other := commonAncestor(name, dns.CanonicalName(n.NextDomain)); dns.CountLabel(other) > dns.CountLabel(encloser) {
		encloser = other
	}
	wildcard := "*." + strings.TrimPrefix(encloser, ".")
	if w := d.matchNSEC(wildcard); w != nil {
		return !nx && lacks(w.TypeBitMap, qtype)
	}
	return d.coverNSEC(wildcard) != nil
}

// lacks: no such type, no alias that would lead to one, and not the parent's
// side of a zone cut.
func lacks(types []uint16, qtype uint16) bool {
	return !slices.Contains(types, qtype) && !slices.Contains(types, dns.TypeCNAME) && !delegates(types)
}

func delegates(types []uint16) bool {
	return slices.Contains(types, dns.TypeNS) && !slices.Contains(types, dns.TypeSOA)
}

// deniesCloser proves that an answer from a wildcard was right: that nothing
// exists between name and the wildcard, of whose parent labels is the count
// (RFC 4035 section 5.3.4, RFC 5155 section 8.8).
func (d *denial) deniesCloser(name string, labels int) bool {
	start, _ := dns.PrevLabel(name, labels+1)
	closer := name[start:]
	if n := d.coverNSEC(closer); n != nil {
		return !dns.IsSubDomain(closer, dns.CanonicalName(n.NextDomain))
	}
	return d.coverNSEC3(closer) != nil
}

func (d *denial) matchNSEC(name string) *dns.NSEC {
	for _, n := range d.nsec {
		if n.Hdr.Name == name {
			return n
		}
	}
	return nil
}

// coverNSEC finds the record in whose gap name lies. One from the parent's side
// of a cut, or of an alias for a whole tree, says nothing about names below it
// (RFC 6840 section 4.1).
func (d *denial) coverNSEC(name string) *dns.NSEC {
	for _, n := range d.nsec {
		next := dns.CanonicalName(n.NextDomain)
		if dns.IsSubDomain(n.Hdr.Name, name) && (delegates(n.TypeBitMap) || slices.Contains(n.TypeBitMap, dns.TypeDNAME)) {
			continue
		}
		after := compareNames(n.Hdr.Name, name) < 0
		if next == d.zone { // the last of the zone
			if after {
				return n
			}
			continue
		}
		if after && compareNames(name, next) < 0 {
			return n
		}
	}
	return nil
}

// commonAncestor is the longest name that both names lie in.
func commonAncestor(a, b string) string {
	n := dns.CompareDomainName(a, b)
	if n == 0 {
		return "."
	}
	start, _ := dns.PrevLabel(a, n)
	return a[start:]
}

// compareNames orders names as RFC 4034 section 6.1 does: by labels from the
// right, as lower-case bytes.
func compareNames(a, b string) int {
	x, y := wireLabels(a), wireLabels(b)
	for len(x) > 0 && len(y) > 0 {
		if c := bytes.Compare(x[len(x)-1], y[len(y)-1]); c != 0 {
			return c
		}
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return len(x) - len(y)
}

func wireLabels(name string) [][]byte {
	buf := make([]byte, 256)
	end, err := dns.PackDomainName(name, buf, 0, nil, false)
	if err != nil {
		return nil
	}
	var labels [][]byte
	for at := 0; at < end && buf[at] != 0; at += int(buf[at]) + 1 {
		label := buf[at+1 : at+1+int(buf[at])]
		for i, c := range label {
			if c >= 'A' && c <= 'Z' {
				label[i] = c + 'a' - 'A'
			}
		}
		labels = append(labels, label)
	}
	return labels
}
