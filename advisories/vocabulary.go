package advisories

import (
	"reflect"
	"slices"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// vocabulary is the words that a field may have, nil where any text may stand.
// Reading a file, lint and the schema go by it. Types that are words themselves
// are known by their type, plain strings by the struct and field that they are in.
func vocabulary(field string, t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[Class]():
		return []string{string(Alert), string(HighThreat)}
	case reflect.TypeFor[Risk]():
		return []string{string(RiskLow), string(RiskMedium), string(RiskHigh), string(RiskExtreme)}
	case reflect.TypeFor[tlp.Marking]():
		return texts(tlp.Labels())
	case reflect.TypeFor[Status]():
		return texts(Statuses())
	case reflect.TypeFor[i18n.Lang]():
		return texts(i18n.Langs())
	}
	switch field {
	case "Advisory.Sectors": // STIX 2.1, 10.11
		return []string{
			"agriculture", "aerospace", "automotive", "chemical", "commercial", "communications", "construction", "dams", "defense", "education",
			"emergency-services", "energy", "entertainment", "financial-services", "government", "government-local", "government-national",
			"government-public-services", "government-regional", "healthcare", "hospitality-leisure", "infrastructure", "insurance", "legal",
			"manufacturing", "mining", "non-profit", "nuclear", "pharmaceuticals", "retail", "technology", "telecommunications", "transportation",
			"utilities", "water",
		}
	case "Relation.Kind": // CSAF 3.2.2.3
		return []string{"default_component_of", "external_component_of", "installed_on", "installed_with", "optional_component_of"}
	case "Flag.Label": // CSAF 3.2.3.5
		return []string{
			"component_not_present", "inline_mitigations_already_exist", "vulnerable_code_cannot_be_controlled_by_adversary",
			"vulnerable_code_not_in_execute_path", "vulnerable_code_not_present",
		}
	case "Threat.Kind": // CSAF 3.2.3.14
		return []string{"exploit_status", "impact", "target_set"}
	case "Remedy.Kind": // CSAF 3.2.3.12
		return []string{"mitigation", "no_fix_planned", "none_available", "vendor_fix", "workaround"}
	case "Remedy.Restart": // CSAF 3.2.3.12
		return []string{"connected", "dependencies", "machine", "none", "parent", "service", "system", "vulnerable_component", "zone"}
	}
	return nil
}

// mayWait reports whether a word may be empty while a draft is in the making: those
// that every record has. Lint asks for them.
func mayWait(field string) bool {
	switch field {
	case "Advisory.Class", "Advisory.Risk", "Advisory.TLP", "Relation.Kind", "Flag.Label", "Threat.Kind", "Remedy.Kind":
		return true
	}
	return false
}

// indicatorTypes is STIX 2.1's indicator-type-ov (10.10). Other words are allowed
// there, and warned of.
func indicatorTypes() []string {
	return []string{"anomalous-activity", "anonymization", "attribution", "benign", "compromised", "malicious-activity", "unknown"}
}

func texts[T ~string](words []T) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return all
}

// nearest is the word that was probably meant, "" where none is near: at most a
// third of its letters are wrong.
func nearest(word string, words []string) string {
	best, least := "", len(word)/3+1
	if len(word) > 60 {
		return ""
	}
	for _, w := range slices.Sorted(slices.Values(words)) {
		if d := distance(word, w); d < least {
			best, least = w, d
		}
	}
	return best
}

// distance is how many letters are to be added, left out, replaced or exchanged
// with their neighbour (Damerau and Levenshtein, optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
