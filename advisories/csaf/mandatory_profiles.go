package csaf

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// The profiles (clause 4) whose tests are 6.1.27.
const (
	profileBase          = "csaf_base"
	profileIncident      = "csaf_security_incident_response"
	profileInformational = "csaf_informational_advisory"
	profileAdvisory      = "csaf_security_advisory"
	profileVEX           = "csaf_vex"
)

// of reports whether the document says that it is of one of the profiles.
func (r *run) of(profiles ...string) bool {
	return slices.Contains(profiles, r.Document.Document.Category)
}

// translatorWithoutSource is 6.1.15.
func translatorWithoutSource(r *run) {
	if p := &r.Document.Document; p.Publisher.Category == "translator" && p.SourceLang == "" {
		r.fail("document.source_lang", "say in document.source_lang what it was translated from, or use another publisher category",
			"the publisher is a translator, and the source language is missing")
	}
}

// prohibitedCategory is 6.1.26: a category of one's own is not taken for a profile.
func prohibitedCategory(r *run) {
	category := r.Document.Document.Category
	if r.of(profileBase, profileIncident, profileInformational, profileAdvisory, profileVEX) {
		return
	}
	const path, remedy = "document.category", "use the profile in its exact spelling, csaf_base, or a name that is unlike any profile"
	if strings.HasPrefix(strings.ToLower(category), "csaf_") {
		r.fail(path, remedy, "the category %s begins with csaf_, which is reserved for profiles", quote(category))
		return
	}
	plain := func(s string) string {
		return strings.Map(func(c rune) rune {
			if c == '_' || unicode.In(c, unicode.Pd) || unicode.IsSpace(c) {
				return -1
			}
			return unicode.ToLower(c)
		}, s)
	}
	for _, profile := range []string{profileIncident, profileInformational, profileAdvisory, profileVEX} {
		if p := plain(category); p == plain(profile) || p == plain(strings.TrimPrefix(profile, "csaf_")) {
			r.fail(path, remedy, "the category %s can be taken for the profile %s", quote(category), profile)
		}
	}
}

// profileNotes is 6.1.27.1.
func profileNotes(r *run) {
	if r.of(profileInformational, profileIncident) && !slices.ContainsFunc(r.Document.Document.Notes, func(n Note) bool {
		return slices.Contains([]string{"description", "details", "general", "summary"}, n.Category)
	}) {
		r.fail("document.notes", "add a note of the category description, details, general or summary", "no note says what this is about")
	}
}

// profileReferences is 6.1.27.2. A reference without a category is external: that
// is the default (3.1.10.1).
func profileReferences(r *run) {
	if r.of(profileInformational, profileIncident) && !slices.ContainsFunc(r.Document.Document.References, func(ref Reference) bool {
		return ref.Category == "external" || ref.Category == ""
	}) {
		r.fail("document.references", "add a reference of the category external", "no reference leads to an external source")
	}
}

// profileNoVulnerabilities is 6.1.27.3.
func profileNoVulnerabilities(r *run) {
	if r.of(profileInformational) && r.Vulnerabilities != nil {
		r.fail("vulnerabilities", "leave vulnerabilities out, or use the category csaf_base or csaf_security_advisory",
			"an informational advisory has no vulnerabilities")
	}
}

// profileProductTree is 6.1.27.4.
func profileProductTree(r *run) {
	t := &r.ProductTree
	if r.of(profileAdvisory, profileVEX) && t.Branches == nil && t.FullProductNames == nil && t.ProductGroups == nil && t.Relationships == nil {
		r.fail("product_tree", "add product_tree with the products that it is about, or use the category csaf_base", "the product tree is missing")
	}
}

// profileVulnerabilityNotes is 6.1.27.5.
func profileVulnerabilityNotes(r *run) {
	if !r.of(profileAdvisory, profileVEX) {
		return
	}
	for i := range r.Vulnerabilities {
		if r.Vulnerabilities[i].Notes == nil {
			r.fail(vulnerabilityPath(i, "notes"), "add a note that describes the vulnerability", "the vulnerability has no notes")
		}
	}
}

// profileProductStatus is 6.1.27.6.
func profileProductStatus(r *run) {
	if !r.of(profileAdvisory) {
		return
	}
	for i := range r.Vulnerabilities {
		if !r.Vulnerabilities[i].ProductStatus.present() {
			r.fail(vulnerabilityPath(i, "product_status"), "say which products are affected, not affected or fixed", "the vulnerability has no product status")
		}
	}
}

// vexProductStatus is 6.1.27.7.
func vexProductStatus(r *run) {
	if !r.of(profileVEX) {
		return
	}
	for i := range r.Vulnerabilities {
		s := &r.Vulnerabilities[i].ProductStatus
		if s.Fixed == nil && s.KnownAffected == nil && s.KnownNotAffected == nil && s.UnderInvestigation == nil {
			r.fail(vulnerabilityPath(i, "product_status"), "list products in fixed, known_affected, known_not_affected or under_investigation",
				"the product status has none of fixed, known_affected, known_not_affected and under_investigation")
		}
	}
}

// vexVulnerabilityID is 6.1.27.8.
func vexVulnerabilityID(r *run) {
	if !r.of(profileVEX) {
		return
	}
	for i := range r.Vulnerabilities {
		if r.Vulnerabilities[i].CVE == "" && r.Vulnerabilities[i].IDs == nil {
			r.fail(vulnerabilityPath(i), "give its CVE in cve, or another name in ids", "the vulnerability has neither a CVE nor another id")
		}
	}
}

// vexImpact is 6.1.27.9: why a product is not affected is said, by a flag or by a
// threat of the category impact.
func vexImpact(r *run) {
	if !r.of(profileVEX) {
		return
	}
	for i := range r.Vulnerabilities {
		v := &r.Vulnerabilities[i]
		said, groups := map[string]bool{}, map[string]bool{}
		say := func(products, groupIDs []string) bool {
			for _, p := range products {
				said[p] = true
			}
			return r.cover(said, groups, groupIDs)
		}
		if v.ProductStatus.KnownNotAffected == nil {
			continue
		}
		for j := range v.Flags {
			if !say(v.Flags[j].ProductIDs, v.Flags[j].GroupIDs) {
				return
			}
		}
		for j := range v.Threats {
			if v.Threats[j].Category == "impact" && !say(v.Threats[j].ProductIDs, v.Threats[j].GroupIDs) {
				return
			}
		}
		for j, id := range v.ProductStatus.KnownNotAffected {
			if !said[id] {
				r.fail(vulnerabilityPath(i, fmt.Sprintf("product_status.known_not_affected[%d]", j)),
					"name the product in a flag, or in a threat of the category impact", "nothing says why the product %s is not affected", quote(id))
			}
		}
	}
}

// vexAction is 6.1.27.10: what to do about an affected product is said.
func vexAction(r *run) {
	if !r.of(profileVEX) {
		return
	}
	for i := range r.Vulnerabilities {
		v := &r.Vulnerabilities[i]
		if v.ProductStatus.KnownAffected == nil {
			continue
		}
		said, groups := map[string]bool{}, map[string]bool{}
		for j := range v.Remediations {
			for _, p := range v.Remediations[j].ProductIDs {
				said[p] = true
			}
			if !r.cover(said, groups, v.Remediations[j].GroupIDs) {
				return
			}
		}
		for j, id := range v.ProductStatus.KnownAffected {
			if !said[id] {
				r.fail(vulnerabilityPath(i, fmt.Sprintf("product_status.known_affected[%d]", j)),
					"name the product in a remediation; none_available and no_fix_planned are some too", "nothing says what to do about the product %s", quote(id))
			}
		}
	}
}

// profileVulnerabilities is 6.1.27.11.
func profileVulnerabilities(r *run) {
	if r.of(profileAdvisory, profileVEX) && r.Vulnerabilities == nil {
		r.fail("vulnerabilities", "add vulnerabilities, or use the category csaf_informational_advisory or csaf_base", "there are no vulnerabilities")
	}
}

// translationOfItself is 6.1.28. Language tags are the same in small and in
// capital letters (RFC 5646, 2.1.1).
func translationOfItself(r *run) {
	if p := &r.Document.Document; p.Lang != "" && strings.EqualFold(p.Lang, p.SourceLang) {
		r.fail("document.source_lang", "leave source_lang out where nothing was translated, or correct the language that is wrong",
			"the document is said to be a translation from %s into %s", quote(p.SourceLang), quote(p.Lang))
	}
}
