package csaf

import "fmt"

// missingProduct is 6.1.1: what refers to a product refers to one that the tree
// defines.
func missingProduct(r *run) {
	const remedy = "define the product in product_tree, or correct the id"
	defined := map[string]bool{}
	for _, p := range r.allProducts() {
		defined[p.product.ProductID] = true
	}
	list := func(path string, ids []string) {
		for i, id := range ids {
			if !defined[id] {
				r.fail(fmt.Sprintf("%s[%d]", path, i), remedy, "no product has the id %s", quote(id))
			}
		}
	}
	for i := range r.ProductTree.ProductGroups {
		list(fmt.Sprintf("product_tree.product_groups[%d].product_ids", i), r.ProductTree.ProductGroups[i].ProductIDs)
	}
	for i := range r.ProductTree.Relationships {
		rel := &r.ProductTree.Relationships[i]
		for _, ref := range []struct{ member, id string }{
			{"product_reference", rel.ProductReference}, {"relates_to_product_reference", rel.RelatesToReference},
		} {
			if ref.id != "" && !defined[ref.id] {
				r.fail(fmt.Sprintf("product_tree.relationships[%d].%s", i, ref.member), remedy, "no product has the id %s", quote(ref.id))
			}
		}
	}
	for i := range r.Vulnerabilities {
		v := &r.Vulnerabilities[i]
		for _, l := range v.ProductStatus.lists() {
			list(vulnerabilityPath(i, "product_status", l.name), l.ids)
		}
		for j := range v.Scores {
			list(vulnerabilityPath(i, fmt.Sprintf("scores[%d].products", j)), v.Scores[j].Products)
		}
		eachReference(i, v, func(path string, products, _ []string) { list(path+".product_ids", products) })
	}
}

// eachReference visits what in a vulnerability names products and groups.
func eachReference(i int, v *Vulnerability, visit func(path string, products, groups []string)) {
	for j := range v.Flags {
		visit(vulnerabilityPath(i, fmt.Sprintf("flags[%d]", j)), v.Flags[j].ProductIDs, v.Flags[j].GroupIDs)
	}
	for j := range v.Remediations {
		visit(vulnerabilityPath(i, fmt.Sprintf("remediations[%d]", j)), v.Remediations[j].ProductIDs, v.Remediations[j].GroupIDs)
	}
	for j := range v.Threats {
		visit(vulnerabilityPath(i, fmt.Sprintf("threats[%d]", j)), v.Threats[j].ProductIDs, v.Threats[j].GroupIDs)
	}
}

// multipleProduct is 6.1.2: a product id is defined once.
func multipleProduct(r *run) {
	first := map[string]string{}
	for _, p := range r.allProducts() {
		id := p.product.ProductID
		if before, ok := first[id]; ok {
			r.fail(p.path+".product_id", "give each product an id of its own, or define it once and refer to it",
				"the product id %s is already defined at %s", quote(id), before)
		} else if id != "" {
			first[id] = p.path
		}
	}
}

// circularProduct is 6.1.3: no product of a relationship is made of itself. It
// takes away relationships that rest on nothing which is still there, until none is
// left; those that remain end up in a circle.
func circularProduct(r *run) {
	relationships := r.ProductTree.Relationships
	defines := make(map[string]int, len(relationships))
	for i := range relationships {
		if _, ok := defines[relationships[i].FullProductName.ProductID]; !ok {
			defines[relationships[i].FullProductName.ProductID] = i
		}
	}
	rests := make([]int, len(relationships)) // on how many others
	carries := make([][]int, len(relationships))
	for i := range relationships {
		for _, id := range []string{relationships[i].ProductReference, relationships[i].RelatesToReference} {
			if below, ok := defines[id]; ok && id != "" {
				rests[i]++
				carries[below] = append(carries[below], i)
			}
		}
	}
	var free []int
	for i, n := range rests {
		if n == 0 {
			free = append(free, i)
		}
	}
	for len(free) > 0 {
		i := free[len(free)-1]
		free = free[:len(free)-1]
		for _, above := range carries[i] {
			if rests[above]--; rests[above] == 0 {
				free = append(free, above)
			}
		}
	}
	for i, n := range rests {
		if n > 0 {
			r.fail(fmt.Sprintf("product_tree.relationships[%d].full_product_name.product_id", i),
				"let product_reference and relates_to_product_reference name products that do not rest on this one",
				"the product %s is defined by way of itself: its references end up in a circle", quote(relationships[i].FullProductName.ProductID))
		}
	}
}

// missingGroup is 6.1.4: what refers to a group refers to one that the tree
// defines.
func missingGroup(r *run) {
	defined := map[string]bool{}
	for _, g := range r.ProductTree.ProductGroups {
		defined[g.GroupID] = true
	}
	for i := range r.Vulnerabilities {
		eachReference(i, &r.Vulnerabilities[i], func(path string, _, groups []string) {
			for j, id := range groups {
				if !defined[id] {
					r.fail(fmt.Sprintf("%s.group_ids[%d]", path, j), "define the group in product_tree.product_groups, or correct the id",
						"no product group has the id %s", quote(id))
				}
			}
		})
	}
}

// multipleGroup is 6.1.5: a group id is defined once.
func multipleGroup(r *run) {
	first := map[string]int{}
	for i, g := range r.ProductTree.ProductGroups {
		if before, ok := first[g.GroupID]; ok {
			r.fail(fmt.Sprintf("product_tree.product_groups[%d].group_id", i), "give each group an id of its own, or make one group of them",
				"the group id %s is already defined at product_tree.product_groups[%d]", quote(g.GroupID), before)
		} else if g.GroupID != "" {
			first[g.GroupID] = i
		}
	}
}

// contradictingStatus is 6.1.6: a product is affected, not affected, fixed or
// under investigation, and not two of them. Any may be recommended.
func contradictingStatus(r *run) {
	for i := range r.Vulnerabilities {
		lists := r.Vulnerabilities[i].ProductStatus.lists()
		first := map[string]int{} // of lists
		for n, l := range lists {
			if l.group == "" {
				continue
			}
			for j, id := range l.ids {
				at, ok := first[id]
				before := lists[at]
				switch {
				case !ok:
					first[id] = n
				case before.group != l.group:
					r.fail(vulnerabilityPath(i, fmt.Sprintf("product_status.%s[%d]", l.name, j)), "keep the product in the one list that is true",
						"the product %s is %s here and %s in %s", quote(id), l.group, before.group, before.name)
				}
			}
		}
	}
}
