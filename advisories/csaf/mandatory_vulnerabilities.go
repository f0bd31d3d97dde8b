package csaf

import (
	"fmt"
	"slices"
	"strconv"
)

// multipleCVE is 6.1.23: a CVE is that of one vulnerability.
func multipleCVE(r *run) {
	first := map[string]int{}
	for i := range r.Vulnerabilities {
		cve := r.Vulnerabilities[i].CVE
		if before, ok := first[cve]; ok {
			r.fail(vulnerabilityPath(i, "cve"), "make one vulnerability of them, or correct the CVE", "%s is already that of vulnerabilities[%d]", quote(cve), before)
		} else if cve != "" {
			first[cve] = i
		}
	}
}

// multipleInvolvement is 6.1.24: at one date a party is in one state.
func multipleInvolvement(r *run) {
	for i := range r.Vulnerabilities {
		first := map[string]int{}
		for j, inv := range r.Vulnerabilities[i].Involvements {
			if inv.Date == "" || inv.Party == "" {
				continue
			}
			date := inv.Date
			if t, err := ReadDate(date); err == nil {
				date = strconv.FormatInt(t.UnixNano(), 10) // the same moment, whatever the time zone
			}
			key := inv.Party + "\x00" + date
			if before, ok := first[key]; ok {
				r.fail(vulnerabilityPath(i, fmt.Sprintf("involvements[%d]", j)), "keep the one that is true, or correct a date",
					"the %s at %s is already described by involvements[%d]", quote(inv.Party), quote(inv.Date), before)
			} else {
				first[key] = j
			}
		}
	}
}

// remediationWithoutProduct is 6.1.29.
func remediationWithoutProduct(r *run) {
	for i := range r.Vulnerabilities {
		for j, rem := range r.Vulnerabilities[i].Remediations {
			if len(rem.ProductIDs) == 0 && len(rem.GroupIDs) == 0 {
				r.fail(vulnerabilityPath(i, fmt.Sprintf("remediations[%d]", j)), "name products in product_ids or groups in group_ids",
					"the remediation does not say for which products it is")
			}
		}
	}
}

// flagWithoutProduct is 6.1.32.
func flagWithoutProduct(r *run) {
	for i := range r.Vulnerabilities {
		for j, flag := range r.Vulnerabilities[i].Flags {
			if len(flag.ProductIDs) == 0 && len(flag.GroupIDs) == 0 {
				r.fail(vulnerabilityPath(i, fmt.Sprintf("flags[%d]", j)), "name products in product_ids or groups in group_ids",
					"the flag does not say for which products it is")
			}
		}
	}
}

// justifications are the labels of flags that are VEX justification codes (3.2.3.5):
// all of them.
func justifications() []string {
	return []string{
		"component_not_present", "inline_mitigations_already_exist", "vulnerable_code_cannot_be_controlled_by_adversary",
		"vulnerable_code_not_in_execute_path", "vulnerable_code_not_present",
	}
}

// multipleJustifications is 6.1.33: a product is in one such flag at most, by
// itself or as one of a group.
func multipleJustifications(r *run) {
	labels := justifications()
	for i := range r.Vulnerabilities {
		first := map[string]int{}
		for j, flag := range r.Vulnerabilities[i].Flags {
			if !slices.Contains(labels, flag.Label) {
				continue
			}
			told := false
			claim := func(ids []string) {
				for _, id := range ids {
					if before, ok := first[id]; !ok {
						first[id] = j
					} else if before != j && !told {
						told = true
						r.fail(vulnerabilityPath(i, fmt.Sprintf("flags[%d]", j)), "keep the one reason that fits best",
							"the product %s already has the reason of flags[%d]", quote(id), before)
					}
				}
			}
			claim(flag.ProductIDs)
			for _, group := range flag.GroupIDs {
				products := r.groupProducts(group)
				if r.tooMuch(len(products)) {
					return
				}
				claim(products)
			}
		}
	}
}
