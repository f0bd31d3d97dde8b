package csaf

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
)

// redHat makes a document like a large one of a distribution: some thousand
// packages by way of relationships, in each of some vulnerabilities.
func redHat(t testing.TB, packages, vulnerabilities int) []byte {
	t.Helper()
	var branches, relationships, ids []any
	for i := range packages {
		id := fmt.Sprintf("pkg-%05d-0:4.18.0-553.el8_10.x86_64", i)
		branches = append(branches, map[string]any{"category": "product_version", "name": id, "product": map[string]any{
			"name": id, "product_id": id, "product_identification_helper": map[string]any{"purl": "pkg:rpm/redhat/" + strings.ReplaceAll(id, ":", "%3A") + "@4.18.0?arch=x86_64"},
		}})
		on := "BaseOS-8.10.0:" + id
		relationships = append(relationships, map[string]any{
			"category": "default_component_of", "full_product_name": map[string]any{"name": id + " as a component of BaseOS", "product_id": on},
			"product_reference": id, "relates_to_product_reference": "BaseOS-8.10.0",
		})
		ids = append(ids, on)
	}
	var list []any
	for i := range vulnerabilities {
		list = append(list, map[string]any{
			"cve": fmt.Sprintf("CVE-2026-%04d", i), "notes": []any{map[string]any{"category": "description", "text": "A fault."}},
			"product_status": map[string]any{"fixed": ids},
			"remediations":   []any{map[string]any{"category": "vendor_fix", "details": "Update.", "product_ids": ids}},
			"scores": []any{map[string]any{"products": ids, "cvss_v3": map[string]any{
				"baseScore": 6.1, "baseSeverity": "MEDIUM", "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", "version": "3.1",
			}}},
			"threats": []any{map[string]any{"category": "impact", "details": "Moderate", "product_ids": ids}},
		})
	}
	return testCase{Set: map[string]any{
		"product_tree": map[string]any{
			"branches":           branches,
			"full_product_names": []any{map[string]any{"name": "BaseOS", "product_id": "BaseOS-8.10.0"}},
			"relationships":      relationships,
		},
		"vulnerabilities": list,
	}}.document(t)
}

// BenchmarkTest tests a document of three megabytes.
func BenchmarkTest(b *testing.B) {
	data := redHat(b, 1000, 12)
	d, _, err := Parse(data)
	if err != nil {
		b.Fatal(err)
	}
	if problems := Test(d); len(problems) > 0 {
		b.Fatal(problems)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		Test(d)
	}
}

func BenchmarkParse(b *testing.B) {
	data := redHat(b, 1000, 12)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, problems, err := Parse(data); err != nil || len(problems) > 0 {
			b.Fatal(problems, err)
		}
	}
}

// TestGroupsEverywhere: a document that names a large group in very many places
// would take a test minutes; it says that it gave up instead.
func TestGroupsEverywhere(t *testing.T) {
	var products, vulnerabilities []any
	for i := range 50_000 {
		products = append(products, fmt.Sprint("P", i))
	}
	for range 100 {
		vulnerabilities = append(vulnerabilities, map[string]any{
			"cve": "CVE-2026-0001", "notes": []any{map[string]any{"category": "summary", "text": "A fault."}},
			"product_status": map[string]any{"known_not_affected": []any{"P1"}},
			"flags":          []any{map[string]any{"label": "component_not_present", "group_ids": []any{"ALL"}}},
		})
	}
	_, problems, err := Check(testCase{Set: map[string]any{
		"document.category":           "csaf_vex",
		"product_tree.product_groups": []any{map[string]any{"group_id": "ALL", "product_ids": products}},
		"vulnerabilities":             vulnerabilities,
	}}.document(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []string{"csaf.6.1.27.9", "csaf.6.1.33"} {
		if !slices.ContainsFunc(problems, func(p advisories.Problem) bool { return p.Rule == rule && strings.Contains(p.Message, "given up") }) {
			t.Errorf("%s does not say that it was given up", rule)
		}
	}
}
