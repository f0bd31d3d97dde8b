package advisories

import (
	"maps"
	"slices"
)

// Key is the name by which remedies and people know the vulnerability: its CVE,
// else the first of its other ids, else "".
func (v *Vulnerability) Key() string {
	switch {
	case v.CVE != "":
		return v.CVE
	case len(v.IDs) > 0:
		return v.IDs[0].ID
	}
	return ""
}

// named reports whether the vulnerability has that id, CVE or other.
func (v *Vulnerability) named(id string) bool {
	return id != "" && (v.CVE == id || slices.ContainsFunc(v.IDs, func(x Ident) bool { return x.ID == id }))
}

// StatusesOf says how the products stand to v, one of the advisory's
// vulnerabilities: as v says, or, where it says nothing, every product of the
// advisory is Affected. Ids are in the order of the record; no list is empty, and
// the caller may change what it gets.
func (a *Advisory) StatusesOf(v *Vulnerability) map[Status][]string {
	statuses := map[Status][]string{}
	for status, ids := range v.Products {
		if len(ids) > 0 {
			statuses[status] = slices.Clone(ids)
		}
	}
	if len(statuses) == 0 && len(a.Products) > 0 {
		for i := range a.Products {
			statuses[Affected] = append(statuses[Affected], a.Products[i].ID)
		}
	}
	return statuses
}

// affectedOf are the ids of the products that v affects, in the order of the
// advisory's products. Undefined ids are left out.
func (a *Advisory) affectedOf(v *Vulnerability) []string {
	return a.inOrder(a.StatusesOf(v), Affected, FirstAffected, LastAffected)
}

// inOrder are the ids that have one of these statuses, each once and in the order
// of the advisory's products.
func (a *Advisory) inOrder(statuses map[Status][]string, wanted ...Status) []string {
	has := map[string]bool{}
	for _, status := range wanted {
		for _, id := range statuses[status] {
			has[id] = true
		}
	}
	var ids []string
	for i := range a.Products {
		if id := a.Products[i].ID; has[id] {
			ids = append(ids, id)
			delete(has, id)
		}
	}
	return ids
}

// RemediesOf are the remedies that concern v, one of the advisory's
// vulnerabilities, in their order. Their Products are filled in: those of the
// remedy's own that v knows; where it names none, those that v affects, or, where
// v affects none, all that v knows. They are empty only where the advisory has no
// products. A remedy whose products v does not know does not concern it.
func (a *Advisory) RemediesOf(v *Vulnerability) []Remedy {
	var known, affected []string
	counted := false
	var remedies []Remedy
	for i := range a.Remedies {
		if !a.Remedies[i].mayConcern(v) {
			continue
		}
		if !counted {
			counted = true
			statuses := a.StatusesOf(v)
			known = a.inOrder(statuses, slices.Collect(maps.Keys(statuses))...)
			if affected = a.affectedOf(v); len(affected) == 0 {
				affected = known
			}
		}
		r := a.Remedies[i]
		if len(r.Products) == 0 {
			r.Products = slices.Clone(affected)
		} else if r.Products = intersect(r.Products, known); len(r.Products) == 0 {
			continue
		}
		remedies = append(remedies, r)
	}
	return remedies
}

// mayConcern reports whether a remedy can be one of v's: it names v, or nothing, and
// a product that v knows, or none.
func (r *Remedy) mayConcern(v *Vulnerability) bool {
	if len(r.Vulnerabilities) > 0 && !slices.ContainsFunc(r.Vulnerabilities, v.named) {
		return false
	}
	known := 0
	for _, ids := range v.Products {
		known += len(ids)
	}
	if len(r.Products) == 0 || known == 0 || known*len(r.Products) > 10_000 {
		return true // in the last case it is found out faster otherwise
	}
	for _, ids := range v.Products {
		if slices.ContainsFunc(r.Products, func(id string) bool { return slices.Contains(ids, id) }) {
			return true
		}
	}
	return false
}

// intersect are the items of a that are in b, each once.
func intersect(a, b []string) []string {
	in := make(map[string]bool, len(b))
	for _, x := range b {
		in[x] = true
	}
	var both []string
	for _, x := range a {
		if in[x] {
			both = append(both, x)
			delete(in, x)
		}
	}
	return both
}
