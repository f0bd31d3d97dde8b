package osv

import (
	"slices"
	"strconv"

	"github.com/cybersec-infohub/infohub/advisories"
)

// importer is one record on its way in.
type importer struct {
	a        *advisories.Advisory
	versions int // how many may still come
	compared int // how often a version may still be looked for in a range
	scores   []advisories.Score
	unclear  []string // products of which the record does not tell versions
}

// product adds one in some versions, and returns its id.
func (in *importer) product(from *Affected, versions string) string {
	name := advisories.PlainLine(from.Package.Name)
	purl := advisories.PlainLine(from.Package.PURL)
	if purl == "" {
		purl = purlOf(from.Package)
	}
	for _, r := range from.Ranges {
		if name == "" {
			name = advisories.PlainLine(r.Repo)
		}
	}
	if name == "" {
		return ""
	}
	vendor := "" // a distribution is who makes its packages
	if eco, _, ok := known(from.Package.Ecosystem); ok && eco.namespace != "" {
		vendor = eco.name
	}
	id := "p" + strconv.Itoa(len(in.a.Products)+1)
	in.a.Products = append(in.a.Products, advisories.Product{ID: id, Vendor: vendor, Name: name, Versions: versions, PURL: purl})
	return id
}

// affected adds the products of one package: a range each, then what is listed
// beyond them.
func (in *importer) affected(from *Affected) {
	if in.versions -= len(from.Versions); in.versions < 0 {
		return
	}
	eco, _, _ := known(from.Package.Ecosystem)
	var ids []string
	var ranges []advisories.Range
	for _, r := range from.Ranges {
		if in.versions -= len(r.Events); in.versions < 0 {
			return
		}
		if r.Type == "GIT" {
			continue
		}
		if span, ok := constraints(r.Events, eco.scheme); ok {
			versions := span.String()
			if span.Constraints[0].Op == "*" {
				versions = ""
			}
			ranges = append(ranges, span)
			ids = append(ids, in.product(from, versions))
		}
	}
	// As a rule the list says again what the ranges say. What is not compared with
	// them is listed: said twice it does no harm.
	var more []string
	inside := func(v string) func(advisories.Range) bool {
		return func(r advisories.Range) bool {
			if in.compared -= len(r.Constraints); in.compared < 0 {
				return false
			}
			is, known := r.Contains(v)
			return is && known
		}
	}
	for _, v := range plainLines(from.Versions) {
		if !slices.ContainsFunc(ranges, inside(v)) {
			more = append(more, v)
		}
	}
	for list := range slices.Chunk(more, perRange) {
		ids = append(ids, in.product(from, listed(list, eco.scheme)))
	}
	if len(ids) == 0 {
		if id := in.product(from, ""); id != "" {
			in.unclear = append(in.unclear, id)
			ids = []string{id}
		}
	}
	if ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" }); len(ids) > 0 {
		in.scores = append(in.scores, scores(from.Severity, ids)...)
	}
}

// constraints are the events of one range in the order of versions.
func constraints(events []Event, scheme string) (advisories.Range, bool) {
	r := advisories.Range{Scheme: scheme}
	everything := false
	for _, e := range events {
		switch {
		case e.Introduced == "0":
			everything = true
		case e.Introduced != "":
			r.Constraints = append(r.Constraints, advisories.Constraint{Op: ">=", Version: advisories.PlainLine(e.Introduced)})
		case e.Fixed != "":
			r.Constraints = append(r.Constraints, advisories.Constraint{Op: "<", Version: advisories.PlainLine(e.Fixed)})
		case e.LastAffected != "":
			r.Constraints = append(r.Constraints, advisories.Constraint{Op: "<=", Version: advisories.PlainLine(e.LastAffected)})
		}
	}
	slices.SortStableFunc(r.Constraints, func(a, b advisories.Constraint) int {
		order, _ := advisories.CompareVersions(scheme, a.Version, b.Version)
		return order
	})
	if len(r.Constraints) == 0 && everything {
		r.Constraints = []advisories.Constraint{{Op: "*"}}
	}
	return r, len(r.Constraints) > 0
}

// listed is Product.Versions of single versions.
func listed(versions []string, scheme string) string {
	if len(versions) == 1 {
		return versions[0]
	}
	r := advisories.Range{Scheme: scheme}
	for _, v := range versions {
		if !slices.ContainsFunc(r.Constraints, func(c advisories.Constraint) bool { return c.Version == v }) {
			r.Constraints = append(r.Constraints, advisories.Constraint{Op: "=", Version: v})
		}
	}
	slices.SortStableFunc(r.Constraints, func(a, b advisories.Constraint) int {
		order, _ := advisories.CompareVersions(scheme, a.Version, b.Version)
		return order
	})
	return r.String()
}
