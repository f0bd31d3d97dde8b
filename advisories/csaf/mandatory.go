package csaf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// MandatoryTest is one of the tests that a valid document passes (6.1).
type MandatoryTest struct {
	Number string // of the clause: "6.1.8", "6.1.27.3"
	Title  string // of the clause
	check  func(*run)
}

// Rule is the Rule of the problems that the test finds.
func (t *MandatoryTest) Rule() string { return "csaf." + t.Number }

// Tests returns the 43 mandatory tests of CSAF 2.0, in the order of the standard.
func Tests() []MandatoryTest {
	return []MandatoryTest{
		{"6.1.1", "Missing Definition of Product ID", missingProduct},
		{"6.1.2", "Multiple Definition of Product ID", multipleProduct},
		{"6.1.3", "Circular Definition of Product ID", circularProduct},
		{"6.1.4", "Missing Definition of Product Group ID", missingGroup},
		{"6.1.5", "Multiple Definition of Product Group ID", multipleGroup},
		{"6.1.6", "Contradicting Product Status", contradictingStatus},
		{"6.1.7", "Multiple Scores with same Version per Product", multipleScores},
		{"6.1.8", "Invalid CVSS", invalidCVSS},
		{"6.1.9", "Invalid CVSS computation", computedCVSS},
		{"6.1.10", "Inconsistent CVSS", inconsistentCVSS},
		{"6.1.11", "CWE", unknownCWE},
		{"6.1.12", "Language", unknownLanguage},
		{"6.1.13", "PURL", invalidPURL},
		{"6.1.14", "Sorted Revision History", unsortedHistory},
		{"6.1.15", "Translator", translatorWithoutSource},
		{"6.1.16", "Latest Document Version", notLatestVersion},
		{"6.1.17", "Document Status Draft", notDraft},
		{"6.1.18", "Released Revision History", draftInHistory},
		{"6.1.19", "Revision History Entries for Pre-release Versions", preReleaseInHistory},
		{"6.1.20", "Non-draft Document Version", preReleaseReleased},
		{"6.1.21", "Missing Item in Revision History", missingRevision},
		{"6.1.22", "Multiple Definition in Revision History", multipleRevision},
		{"6.1.23", "Multiple Use of Same CVE", multipleCVE},
		{"6.1.24", "Multiple Definition in Involvements", multipleInvolvement},
		{"6.1.25", "Multiple Use of Same Hash Algorithm", multipleHash},
		{"6.1.26", "Prohibited Document Category Name", prohibitedCategory},
		{"6.1.27.1", "Document Notes", profileNotes},
		{"6.1.27.2", "Document References", profileReferences},
		{"6.1.27.3", "Vulnerabilities", profileNoVulnerabilities},
		{"6.1.27.4", "Product Tree", profileProductTree},
		{"6.1.27.5", "Vulnerability Notes", profileVulnerabilityNotes},
		{"6.1.27.6", "Product Status", profileProductStatus},
		{"6.1.27.7", "VEX Product Status", vexProductStatus},
		{"6.1.27.8", "Vulnerability ID", vexVulnerabilityID},
		{"6.1.27.9", "Impact Statement", vexImpact},
		{"6.1.27.10", "Action Statement", vexAction},
		{"6.1.27.11", "Vulnerabilities", profileVulnerabilities},
		{"6.1.28", "Translation", translationOfItself},
		{"6.1.29", "Remediation without Product Reference", remediationWithoutProduct},
		{"6.1.30", "Mixed Integer and Semantic Versioning", mixedVersions},
		{"6.1.31", "Version Range in Product Version", rangeInVersion},
		{"6.1.32", "Flag without Product Reference", flagWithoutProduct},
		{"6.1.33", "Multiple Flags with VEX Justification Codes per Product", multipleJustifications},
	}
}

// Test runs the mandatory tests on a document and returns what they find, in the
// order of the tests; none for a document that passes. Of each test it tells 100
// problems at most. A document that does not fit the schema is tested as far as it
// can be: what is absent, or not what the schema asks for, is the schema's matter.
func Test(d *Document) []advisories.Problem {
	r := &run{Document: d}
	for _, t := range Tests() {
		r.rule, r.found, r.steps = t.Rule(), 0, 0
		t.check(r)
	}
	return r.problems
}

// maxSteps bounds the work of a test that looks into product groups from many
// places: it takes half a second. Real documents need some thousand steps.
const maxSteps = 2_000_000

// run is one run of the tests, with what several of them need.
type run struct {
	*Document
	problems []advisories.Problem
	rule     string
	found    int // by the present test
	steps    int // of the present test

	products []placedProduct
	groups   map[string][]string // the products of a group
}

// placedProduct is a product with the path of its object.
type placedProduct struct {
	path    string
	product *FullProductName
}

// fail adds a problem of the present test.
func (r *run) fail(path, remedy, message string, args ...any) {
	r.found++
	switch {
	case r.found <= maxProblems:
		r.problems = append(r.problems, advisories.Problem{Rule: r.rule, Path: path, Message: fmt.Sprintf(message, args...), Remedy: remedy})
	case r.found == maxProblems+1:
		r.problems = append(r.problems, more(r.rule))
	}
}

// allProducts returns every product that the document defines.
func (r *run) allProducts() []placedProduct {
	if r.products != nil {
		return r.products
	}
	list := []placedProduct{}
	tree := &r.ProductTree
	eachBranch(tree.Branches, "product_tree.branches", func(path string, b *Branch) {
		if b.Product.ProductID != "" || b.Product.Name != "" {
			list = append(list, placedProduct{path + ".product", &b.Product})
		}
	})
	for i := range tree.FullProductNames {
		list = append(list, placedProduct{fmt.Sprintf("product_tree.full_product_names[%d]", i), &tree.FullProductNames[i]})
	}
	for i := range tree.Relationships {
		list = append(list, placedProduct{fmt.Sprintf("product_tree.relationships[%d].full_product_name", i), &tree.Relationships[i].FullProductName})
	}
	r.products = list
	return list
}

// eachBranch visits branches and those below them.
func eachBranch(branches []Branch, path string, visit func(path string, b *Branch)) {
	for i := range branches {
		at := fmt.Sprintf("%s[%d]", path, i)
		visit(at, &branches[i])
		eachBranch(branches[i].Branches, at+".branches", visit)
	}
}

// groupProducts returns the products of a group; of one that is defined twice,
// those of the first.
func (r *run) groupProducts(id string) []string {
	if r.groups == nil {
		r.groups = map[string][]string{}
		for _, g := range r.ProductTree.ProductGroups {
			if _, ok := r.groups[g.GroupID]; !ok {
				r.groups[g.GroupID] = g.ProductIDs
			}
		}
	}
	return r.groups[id]
}

// tooMuch counts n steps of the present test, and reports whether it should give
// up: it has then said so.
func (r *run) tooMuch(n int) bool {
	if r.steps > maxSteps {
		return true
	}
	if r.steps += n; r.steps > maxSteps {
		r.fail("product_tree.product_groups", "name fewer products in groups, or the groups in fewer places",
			"the groups are named in so many places that this test was given up")
		return true
	}
	return false
}

// cover adds the products of a vulnerability's groups to a set, each group once.
// It returns false where that is too much.
func (r *run) cover(set, groups map[string]bool, ids []string) bool {
	for _, id := range ids {
		if groups[id] {
			continue
		}
		groups[id] = true
		products := r.groupProducts(id)
		if r.tooMuch(len(products)) {
			return false
		}
		for _, p := range products {
			set[p] = true
		}
	}
	return true
}

// statusList is one list of a product status.
type statusList struct {
	name  string
	group string // those of different groups contradict (6.1.6); "": of none
	ids   []string
}

func (s *ProductStatus) lists() []statusList {
	return []statusList{
		{"first_affected", "affected", s.FirstAffected},
		{"known_affected", "affected", s.KnownAffected},
		{"last_affected", "affected", s.LastAffected},
		{"known_not_affected", "not affected", s.KnownNotAffected},
		{"first_fixed", "fixed", s.FirstFixed},
		{"fixed", "fixed", s.Fixed},
		{"under_investigation", "under investigation", s.UnderInvestigation},
		{"recommended", "", s.Recommended},
	}
}

// present reports whether there is a product status at all.
func (s *ProductStatus) present() bool {
	return slices.ContainsFunc(s.lists(), func(l statusList) bool { return l.ids != nil })
}

// vulnerabilityPath is the path of the vulnerability i, or of what is in it.
func vulnerabilityPath(i int, below ...string) string {
	return strings.Join(append([]string{fmt.Sprintf("vulnerabilities[%d]", i)}, below...), ".")
}
