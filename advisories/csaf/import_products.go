package csaf

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// products are all of the tree, in its order, each id once.
func (in *importer) products() []advisories.Product {
	tree := &in.d.ProductTree
	var list []advisories.Product
	seen := map[string]bool{}
	add := func(full *FullProductName, p advisories.Product) {
		p.ID, p.CPE, p.PURL = advisories.PlainLine(full.ProductID), advisories.PlainLine(full.Helper.CPE), advisories.PlainLine(full.Helper.PURL)
		if p.Name == "" {
			p.Name = advisories.PlainLine(full.Name)
		}
		if p.ID != "" && !seen[p.ID] {
			seen[p.ID] = true
			list = append(list, p)
		}
	}
	var walk func(branches []Branch, above []*Branch)
	walk = func(branches []Branch, above []*Branch) { // Parse bounds the depth
		for i := range branches {
			b := &branches[i]
			path := append(above[:len(above):len(above)], b)
			if b.Product.ProductID != "" {
				add(&b.Product, in.productOf(path))
			}
			walk(b.Branches, path)
		}
	}
	walk(tree.Branches, nil)
	for i := range tree.FullProductNames {
		add(&tree.FullProductNames[i], advisories.Product{})
	}
	for i := range tree.Relationships {
		r := &tree.Relationships[i]
		add(&r.FullProductName, advisories.Product{
			On: &advisories.Relation{
				Kind: advisories.PlainLine(r.Category), Product: advisories.PlainLine(r.ProductReference), To: advisories.PlainLine(r.RelatesToReference),
			},
		})
	}
	return list
}

// productOf is what the branches from the top to a product say of it. Where none
// names the product, Name stays "".
func (in *importer) productOf(path []*Branch) advisories.Product {
	var p advisories.Product
	var family, more, versions string
	for _, b := range path {
		name := advisories.PlainLine(b.Name)
		switch b.Category {
		case "vendor":
			p.Vendor = name
		case "product_name":
			p.Name = name
		case "product_family":
			family = name
		case "product_version":
			versions = in.versionsOf(name, false)
		case "product_version_range":
			versions = in.versionsOf(name, true)
		case "service_pack", "patch_level":
			versions = strings.TrimSpace(versions + " " + name)
		default:
			more += " " + name
		}
	}
	if p.Name == "" {
		p.Name = family
	}
	if p.Name != "" { // else the product's full name says the version, too
		p.Name += more
		p.Versions = versions
	}
	return p
}

// maxConstraints is how many parts of ranges are put in order in one document:
// comparing versions takes its time, and strangers write them.
const maxConstraints = 100_000

// maxRangeName is how many bytes a range may have that is understood:
// advisories.ParseRange takes no longer ones.
const maxRangeName = 16 << 10

var (
	everyVersion = regexp.MustCompile(`(?i)^(vers:[a-z0-9.+-]+/)?\*$|^all( versions)?$`)
	versScheme   = regexp.MustCompile(`^vers:([a-z0-9.+-]+)/(.*)$`)
	constraints  = regexp.MustCompile(`[ ]*(<=|>=|!=|<|>|=)?[ ]*([^<>=!|,]+)`)
)

// versionsOf is what Product.Versions says for the name of a branch: a range by
// the VERS specification where the name is one, or means one in the ways that
// publishers write ("<= 1.2", "vers:all/>=7.80<9.40", "12.0|13.0"); the name itself
// where it does not.
func (in *importer) versionsOf(name string, isRange bool) string {
	if in.own || len(name) > maxRangeName {
		return name
	}
	if everyVersion.MatchString(name) {
		return ""
	}
	scheme, rest := "generic", name
	m := versScheme.FindStringSubmatch(name)
	switch {
	case m != nil:
		scheme, rest = m[1], m[2]
		if scheme == "all" {
			scheme = "generic"
		}
	case name != "" && strings.ContainsAny(name[:1], "<>=!"):
	case isRange && strings.Contains(name, "|"):
	default:
		return name
	}
	r := advisories.Range{Scheme: scheme}
	length := 0
	for _, c := range constraints.FindAllStringSubmatch(rest, -1) {
		length += len(c[0])
		version := strings.TrimSpace(c[2])
		if m != nil {
			if unescaped, err := url.PathUnescape(version); err == nil {
				version = unescaped
			}
		}
		op := c[1]
		if op == "" {
			op = "="
		}
		r.Constraints = append(r.Constraints, advisories.Constraint{Op: op, Version: version})
	}
	if in.constraints -= len(r.Constraints); in.constraints < 0 {
		return name
	}
	if length+strings.Count(rest, "|")+strings.Count(rest, ",") < len(rest) { // something was not understood
		return name
	}
	slices.SortStableFunc(r.Constraints, func(a, b advisories.Constraint) int {
		order, _ := advisories.CompareVersions(scheme, a.Version, b.Version)
		return order
	})
	if _, err := advisories.ParseRange(r.String()); err != nil {
		return name
	}
	return r.String()
}

// plainIDs are ids of products, each once, as the record has them.
func plainIDs(ids []string) []string {
	var plain []string
	for _, id := range ids {
		if id = advisories.PlainLine(id); id != "" {
			plain = append(plain, id)
		}
	}
	return unique(plain)
}
