package csaf

import (
	"regexp"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// productTree has the products by vendor, name and version, and those that are one
// on another as relationships.
func productTree(products []advisories.Product) ProductTree {
	var tree ProductTree
	for i := range products {
		p := &products[i]
		if p.On != nil {
			tree.Relationships = append(tree.Relationships, Relationship{
				Category: p.On.Kind, FullProductName: fullName(p, p.Name), ProductReference: p.On.Product, RelatesToReference: p.On.To,
			})
			continue
		}
		at := &tree.Branches
		if p.Vendor != "" {
			at = below(at, "vendor", p.Vendor)
		}
		full := fullName(p, strings.TrimSpace(p.Vendor+" "+p.Name+" "+p.Versions))
		if p.Versions == "" {
			*at = append(*at, Branch{Category: "product_name", Name: p.Name, Product: full})
			continue
		}
		at = below(at, "product_name", p.Name)
		*at = append(*at, Branch{Category: versionCategory(p.Versions), Name: p.Versions, Product: full})
	}
	return tree
}

func fullName(p *advisories.Product, name string) FullProductName {
	return FullProductName{Name: name, ProductID: p.ID, Helper: IdentificationHelper{CPE: p.CPE, PURL: advisories.URI(p.PURL)}}
}

// below is the list of branches below the one of that category and name, which is
// added where it is not there.
func below(branches *[]Branch, category, name string) *[]Branch {
	for i := range *branches {
		if b := &(*branches)[i]; b.Category == category && b.Name == name && b.Product.ProductID == "" {
			return &b.Branches
		}
	}
	*branches = append(*branches, Branch{Category: category, Name: name})
	return &(*branches)[len(*branches)-1].Branches
}

// rangeWords are what 6.1.31 does not want in the name of a product_version; it
// looks for words, this looks for more.
var rangeWords = regexp.MustCompile(`(?i)^vers:|[<>]|after|all|before|earlier|later|prior|version`)

func versionCategory(versions string) string {
	if rangeWords.MatchString(versions) {
		return "product_version_range"
	}
	return "product_version"
}
