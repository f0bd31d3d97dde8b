package resolve

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// encloser finds the closest ancestor of name that exists and the name one
// label below it, by NSEC3 (RFC 5155 section 8.3).
func (d *denial) encloser(name string) (encloser, next string, ok bool) {
	if !dns.IsSubDomain(d.zone, name) || name == d.zone {
		return "", "", false
	}
	next = name
	for range 20 { // each step costs a hash
		at := parentOf(next)
		if n := d.matchNSEC3(at); n != nil {
			usable := !delegates(n.TypeBitMap) && !slices.Contains(n.TypeBitMap, dns.TypeDNAME)
			return at, next, usable
		}
		if at == d.zone {
			break
		}
		next = at
	}
	return "", "", false
}

func (d *denial) matchNSEC3(name string) *dns.NSEC3 {
	hash := d.hash(name)
	for _, n := range d.nsec3 {
		if d.owner(n) == hash {
			return n
		}
	}
	return nil
}

func (d *denial) coverNSEC3(name string) *dns.NSEC3 {
	hash := d.hash(name)
	for _, n := range d.nsec3 {
		owner, next := d.owner(n), strings.ToUpper(n.NextDomain)
		if owner == "" {
			continue
		}
		inside := owner < hash && hash < next
		if owner >= next { // the last of the zone, or the only one
			inside = hash != owner && (hash > owner || hash < next)
		}
		if inside {
			return n
		}
	}
	return nil
}

func (d *denial) hash(name string) string {
	if len(d.nsec3) == 0 {
		return ""
	}
	return dns.HashName(name, dns.SHA1, d.nsec3[0].Iterations, d.nsec3[0].Salt)
}

// owner is the hash in an NSEC3 record's name; "" where it lies outside of the
// zone.
func (d *denial) owner(n *dns.NSEC3) string {
	if parentOf(n.Hdr.Name) != d.zone {
		return ""
	}
	label, _, _ := strings.Cut(n.Hdr.Name, ".")
	return strings.ToUpper(label)
}
