package csaf

import (
	"encoding/json"
	"slices"

	"github.com/cybersec-infohub/infohub/advisories"
)

// use is a remedy and the products that it helps, by the number of the
// vulnerability.
type use struct {
	remedy   advisories.Remedy
	products map[int][]string
	order    []int // vulnerabilities
}

// remedies are those of all vulnerabilities: CSAF repeats one in each, a record
// has it once.
func (in *importer) remedies(a *advisories.Advisory, stands []standing) []advisories.Remedy {
	var uses []*use
	known := map[string]*use{}
	for i := range in.d.Vulnerabilities {
		from := &in.d.Vulnerabilities[i]
		words := in.words(from.Notes)
		for j, r := range from.Remediations {
			remedy := advisories.Remedy{
				Kind: advisories.PlainLine(r.Category), Details: in.textsOf(words, item("remediations", j, "details"), r.Details), Date: when(r.Date),
				URL: advisories.WebAddress(r.URL), Restart: advisories.PlainLine(r.RestartRequired.Category),
			}
			key, err := json.Marshal(remedy)
			if err != nil {
				continue // a date of a year beyond 9999
			}
			products := in.those(r.ProductIDs, r.GroupIDs, nil)
			u := known[string(key)]
			if u == nil {
				u = &use{remedy: remedy, products: map[int][]string{}}
				known[string(key)] = u
				uses = append(uses, u)
			}
			if _, ok := u.products[i]; !ok {
				u.order = append(u.order, i)
			}
			u.products[i] = unique(append(u.products[i], products...))
		}
	}
	m := &remedyMaker{a: a, stands: stands, budget: maxRemedySteps}
	var list []advisories.Remedy
	for _, u := range uses {
		list = append(list, m.remedies(u)...)
	}
	return list
}

// maxRemedySteps bounds how long a hostile document makes remedyMaker look for the
// shortest form; the largest of real ones take a hundredth.
const maxRemedySteps = 50_000_000

// remedyMaker turns uses into remedies.
type remedyMaker struct {
	a      *advisories.Advisory
	stands []standing // of the vulnerabilities
	budget int
}

// remedies is the shortest way to say what u is: without products or without
// vulnerabilities where that comes to the same, and one for each vulnerability
// where their products differ.
func (m *remedyMaker) remedies(u *use) []advisories.Remedy {
	var products, keys []string
	for _, i := range u.order {
		products = append(products, u.products[i]...)
		if key := m.a.Vulnerabilities[i].Key(); key != "" {
			keys = append(keys, key)
		}
	}
	products, keys = unique(products), unique(keys)
	for _, c := range [][2][]string{{nil, nil}, {products, nil}, {nil, keys}, {products, keys}} {
		if m.says(u, c[0], c[1]) {
			r := u.remedy
			r.Products, r.Vulnerabilities = c[0], c[1]
			return []advisories.Remedy{r}
		}
	}
	var list []advisories.Remedy
	for _, i := range u.order {
		r := u.remedy
		r.Products = u.products[i]
		if key := m.a.Vulnerabilities[i].Key(); key != "" {
			r.Vulnerabilities = []string{key}
		}
		list = append(list, r)
	}
	return list
}

// says reports whether a remedy with these products and vulnerabilities helps, by
// Advisory.RemediesOf, the same products against the same vulnerabilities as u.
func (m *remedyMaker) says(u *use, products, keys []string) bool {
	named := make(map[string]bool, len(keys))
	for _, key := range keys {
		named[key] = true
	}
	for i := range m.a.Vulnerabilities {
		if m.budget--; m.budget < 0 {
			return false
		}
		v, want := &m.a.Vulnerabilities[i], u.products[i]
		switch {
		case len(keys) > 0 && !named[v.CVE] && !slices.ContainsFunc(v.IDs, func(id advisories.Ident) bool { return named[id.ID] }):
			if len(want) > 0 {
				return false
			}
		case len(products) == 0:
			if !sameItems(want, m.stands[i].concerned) {
				return false
			}
		default: // want is a part of products
			n := 0
			for _, id := range products {
				if m.stands[i].knows(id) {
					n++
				}
			}
			m.budget -= len(products)
			if n != len(want) || slices.ContainsFunc(want, func(id string) bool { return !m.stands[i].knows(id) }) {
				return false
			}
		}
	}
	return true
}
