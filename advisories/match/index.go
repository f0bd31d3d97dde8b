package match

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// Index holds what publications say of products, found by the names that products
// go by. It may be used by many goroutines at once. It keeps nothing of a
// publication but what matching needs.
type Index struct {
	mu        sync.RWMutex
	entries   map[string]*entry        // by ref
	subjects  map[string]*subject      // by their fingerprint
	places    map[string][]*subject    // by key
	audiences map[string]*tlp.Audience // each once: there are few, and one answer is enough for all that have it
	seq       uint64                   // of the last entry
}

// subject is a product by its names, whichever publications name it so.
type subject struct {
	identity    identity
	fingerprint string
	postings    []posting
}

// posting is a product of an entry, with what tells that it does not concern a
// component: most do not, and to read them all would take most of the time.
type posting struct {
	entry    *entry
	audience *tlp.Audience
	seq      uint64 // of the entry
	hull     hull
	product  int32
}

// entry is what is kept of a publication. It does not change.
type entry struct {
	seq      uint64 // in the order of Put
	ref, id  string
	audience tlp.Audience
	products []product
	faults   []fault
	// plain says that all statuses are Affected, so that a version outside of a product
	// is nothing to it.
	plain bool
}

// product is a product of an entry as it can be found and compared.
type product struct {
	id       string // Product.ID
	label    string // for people
	identity *identity
	versions versions
	on       string // the label of what it is installed on or a part of, "" for nothing
}

// fault is one vulnerability and how the entry's products, by their place, stand
// to it. An advisory without vulnerabilities has one without a key.
type fault struct {
	key      string
	statuses []statusOf
}

type statusOf struct {
	status advisories.Status
	places []int32 // sorted
}

// New returns an empty index.
func New() *Index {
	return &Index{entries: map[string]*entry{}, subjects: map[string]*subject{}, places: map[string][]*subject{}, audiences: map[string]*tlp.Audience{}}
}

// Put adds a publication, or takes the place of what ref stood for. What is
// withdrawn or superseded is taken out.
func (x *Index) Put(ref string, p advisories.Publication) {
	if p.Tracking.State == advisories.Withdrawn || p.Tracking.State == advisories.Superseded {
		x.Remove(ref)
		return
	}
	e := newEntry(ref, &p)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(ref)
	if len(e.products) == 0 {
		return
	}
	x.seq++
	e.seq = x.seq
	x.entries[e.ref] = e
	audience := x.audience(e.audience)
	for i := range e.products {
		s := x.subject(e.products[i].identity)
		e.products[i].identity = &s.identity
		p := posting{entry: e, audience: audience, seq: e.seq, product: int32(i)}
		if e.plain {
			p.hull = e.products[i].versions.hull()
		}
		s.postings = append(s.postings, p)
	}
}

func (x *Index) audience(a tlp.Audience) *tlp.Audience {
	key := fmt.Sprintf("%q", a)
	if x.audiences[key] == nil {
		x.audiences[key] = &a
	}
	return x.audiences[key]
}

// subject is the place of an identity, a new one where it has none.
func (x *Index) subject(id *identity) *subject {
	key := id.fingerprint()
	s := x.subjects[key]
	if s == nil {
		s = &subject{identity: *id, fingerprint: key}
		x.subjects[key] = s
		for _, k := range s.identity.keys() {
			x.places[k] = append(x.places[k], s)
		}
	}
	return s
}

// Remove takes a publication out. One that is not there is no error.
func (x *Index) Remove(ref string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(ref)
}

func (x *Index) remove(ref string) {
	e, ok := x.entries[ref]
	if !ok {
		return
	}
	delete(x.entries, ref)
	for i := range e.products {
		s := x.subjects[e.products[i].identity.fingerprint()]
		if s == nil {
			continue // gone with an earlier product of the same names
		}
		s.postings = slices.DeleteFunc(s.postings, func(p posting) bool { return p.entry == e })
		if len(s.postings) > 0 {
			continue
		}
		delete(x.subjects, s.fingerprint)
		for _, key := range s.identity.keys() {
			x.places[key] = slices.DeleteFunc(x.places[key], func(other *subject) bool { return other == s })
			if len(x.places[key]) == 0 {
				delete(x.places, key)
			}
		}
	}
}

// Len is how many publications are in the index: those that name products.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.entries)
}

// keys are the names under which an identity is found.
func (id *identity) keys() []string {
	keys := make([]string, 0, len(id.makers)+len(id.names)+2)
	for _, maker := range id.makers {
		keys = append(keys, "m:"+maker)
	}
	if id.purl != nil {
		keys = append(keys, "p:"+id.purl.path)
		if id.purl.source != "" {
			keys = append(keys, "p:"+id.purl.source)
		}
	}
	for _, name := range id.names {
		keys = append(keys, "n:"+name)
	}
	return keys
}

// forget takes the versions off, which are no part of who it is.
func (id *identity) forget() {
	if id.cpe != nil {
		id.cpe = &cpe{part: strings.Clone(id.cpe.part), vendor: strings.Clone(id.cpe.vendor), product: strings.Clone(id.cpe.product), target: strings.Clone(id.cpe.target)}
	}
	if id.purl != nil {
		id.purl.version, id.purl.sourceVersion = "", ""
	}
}

// fingerprint is the same for identities that are equal.
func (id *identity) fingerprint() string {
	parts := slices.Concat(id.makers, []string{""}, id.names, []string{""})
	if id.vendor {
		parts = append(parts, "vendor")
	}
	if c := id.cpe; c != nil {
		parts = append(parts, "cpe", c.part, c.vendor, c.product, c.target)
	}
	if p := id.purl; p != nil {
		parts = append(parts, "purl", p.kind, p.path, p.name, p.distro, p.source)
	}
	return strings.Join(parts, "\x00")
}

// maxProducts bounds the products of one publication; CSAF documents of 15 MiB
// have fewer.
const maxProducts = 100_000

func newEntry(ref string, p *advisories.Publication) *entry {
	a := &p.Advisory
	e := &entry{ref: strings.Clone(ref), id: strings.Clone(p.Tracking.ID), audience: p.Audience, plain: true}
	given := a.Products[:min(len(a.Products), maxProducts)]
	named := make(map[string]*advisories.Product, len(given))
	for i := range given {
		named[given[i].ID] = &given[i]
	}
	places := make(map[string]int32, len(given))
	for i := range given {
		made, ok := newProduct(named, &given[i])
		if _, twice := places[made.id]; !ok || twice {
			continue
		}
		places[made.id] = int32(len(e.products))
		e.products = append(e.products, made)
	}
	if len(a.Vulnerabilities) == 0 { // an alert: all that it names is affected
		a = &advisories.Advisory{Products: a.Products, Vulnerabilities: []advisories.Vulnerability{{}}}
	}
	for i := range a.Vulnerabilities {
		v := &a.Vulnerabilities[i]
		f := fault{key: strings.Clone(v.Key())}
		for status, ids := range a.StatusesOf(v) {
			s := statusOf{status: status}
			for _, id := range ids {
				if place, ok := places[id]; ok {
					s.places = append(s.places, place)
				}
			}
			if len(s.places) > 0 {
				e.plain = e.plain && status == advisories.Affected
				slices.Sort(s.places)
				f.statuses = append(f.statuses, s)
			}
		}
		if len(f.statuses) > 0 {
			e.faults = append(e.faults, f)
		}
	}
	return e
}

// newProduct reads a product; it is not ok where nothing says which it is.
func newProduct(named map[string]*advisories.Product, given *advisories.Product) (product, bool) {
	of := given
	on := ""
	// What is one on another is found by the first; the second is told of.
	for depth := 0; of.On != nil; depth++ {
		to := named[of.On.To]
		part := named[of.On.Product]
		if part == nil || depth == maxNesting {
			return product{id: given.ID}, false
		}
		if to != nil && on == "" {
			on = labelOf(to)
		}
		of = part
	}
	id := identify(of.Vendor, of.Name, of.Versions, of.CPE, of.PURL)
	made := product{
		id: strings.Clone(given.ID), label: strings.Clone(labelOf(of)), identity: &id,
		versions: readVersions(of, &id), on: strings.Clone(on),
	}
	id.forget()
	return made, len(id.makers) > 0 || id.purl != nil || len(id.names) > 0
}

// maxNesting is how deep products on others may stand in each other.
const maxNesting = 16

// labelOf is a product's name with its vendor's, which is not said twice.
func labelOf(p *advisories.Product) string {
	if p.Vendor == "" || strings.HasPrefix(strings.ToLower(p.Name), strings.ToLower(p.Vendor)) {
		return p.Name
	}
	return p.Vendor + " " + p.Name
}
