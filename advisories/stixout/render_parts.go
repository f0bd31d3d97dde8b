package stixout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

func (m *maker) techniques() []string {
	var ids []string
	for _, t := range m.p.Advisory.Techniques {
		ids = append(ids, m.add("attack-pattern", t, object{
			"name": t,
			"external_references": []stix.ExternalReference{{
				SourceName: "mitre-attack", ExternalID: t, URL: "https://attack.mitre.org/techniques/" + strings.ReplaceAll(t, ".", "/"),
			}},
		}))
	}
	return ids
}

// vulnerability is number i of the advisory's. Its name is that in CVE, or that in
// another system, or its title.
func (m *maker) vulnerability(v *advisories.Vulnerability, i int) string {
	name, title := v.Key(), v.Title
	o := object{}
	refs := external(v.References)
	for _, id := range v.IDs {
		refs = append(refs, stix.ExternalReference{SourceName: id.System, ExternalID: id.ID})
	}
	if v.CVE != "" {
		refs = append(refs, stix.ExternalReference{SourceName: "cve", ExternalID: v.CVE})
	}
	for _, cwe := range v.CWE {
		refs = append(refs, stix.ExternalReference{SourceName: "cwe", ExternalID: cwe})
	}
	m.references(o, refs)
	if v.Exploited != nil && v.Exploited.Known {
		labels := []string{"known-exploited"}
		if v.Exploited.Ransomware {
			labels = append(labels, "ransomware")
		}
		o["labels"] = labels
	}
	description := advisories.Texts{}
	scores := scoreLines(v)
	for _, lang := range i18n.Langs() {
		var parts []string
		for _, text := range []string{title[lang], v.About[lang]} {
			if text != "" {
				parts = append(parts, text)
			}
		}
		if len(parts) > 0 || lang == i18n.English {
			if scores != "" {
				parts = append(parts, scores)
			}
			description[lang] = strings.Join(parts, "\n\n")
		}
	}
	if name != "" {
		o["name"] = name
		lead := advisories.Texts{i18n.English: name}
		return m.speak("vulnerability", name, o, map[string]advisories.Texts{"name": lead, "description": description})
	}
	if len(languages(title)) == 0 {
		title = m.p.Advisory.Title
	}
	return m.speak("vulnerability", "number "+strconv.Itoa(i), o, map[string]advisories.Texts{"name": title, "description": v.About})
}

// scoreLines are the vectors with what they come to; STIX has no property for them.
func scoreLines(v *advisories.Vulnerability) string {
	var lines []string
	for _, s := range v.CVSS {
		if r, err := advisories.ParseScore(s.Vector); err == nil {
			lines = append(lines, fmt.Sprintf("CVSS %s: %.1f %s (%s)", r.Version, r.Score, r.Severity, s.Vector))
		}
	}
	return strings.Join(lines, "\n")
}

// remedies are courses of action, each joined to the vulnerabilities that it
// helps against. That there is none is no action.
func (m *maker) remedies(vulnerabilities []string) []string {
	a := &m.p.Advisory
	var ids []string
	seen := map[string]int{}
	for i := range a.Remedies {
		r := &a.Remedies[i]
		relation := "mitigates"
		switch r.Kind {
		case "vendor_fix":
			relation = "remediates"
		case "mitigation", "workaround":
		default:
			continue
		}
		// A remedy has no name of its own. With its kind, address and number among
		// its like it stays the same when its words change.
		name := r.Kind + " " + r.URL
		seen[name]++
		o := object{}
		if r.URL != "" {
			m.references(o, external([]advisories.Reference{{URL: r.URL}}))
		}
		called := advisories.Texts{}
		for _, lang := range languages(r.Details) {
			called[lang] = i18n.For(lang).T("advisory.remedy." + strings.ReplaceAll(r.Kind, "_", "-"))
		}
		id := m.speak("course-of-action", name+" "+strconv.Itoa(seen[name]), o, map[string]advisories.Texts{"name": called, "description": r.Details})
		ids = append(ids, id)
		alone := advisories.Advisory{Products: a.Products, Remedies: a.Remedies[i : i+1]}
		for j := range a.Vulnerabilities {
			if len(alone.RemediesOf(&a.Vulnerabilities[j])) > 0 {
				ids = append(ids, m.relationship(relation, id, vulnerabilities[j]))
			}
		}
	}
	return ids
}

func (m *maker) relationship(typ, source, target string) string {
	if source == "" || target == "" {
		return ""
	}
	return m.add("relationship", typ+" "+source+" "+target, object{"relationship_type": typ, "source_ref": source, "target_ref": target})
}

// indicators are joined to the technique where the advisory names one alone: of
// several, it does not say which an indicator is of.
func (m *maker) indicators(techniques []string) []string {
	known := []string{"anomalous-activity", "anonymization", "attribution", "benign", "compromised", "malicious-activity", "unknown"} // 10.10
	var ids []string
	for _, ind := range m.p.Advisory.Indicators {
		from := ind.From
		if from.IsZero() {
			from = m.p.Tracking.Initial
		}
		o := object{"pattern": ind.Pattern, "pattern_type": "stix", "valid_from": stix.FormatTimestamp(from.UTC().Truncate(time.Microsecond))}
		if ind.Until.After(from) {
			o["valid_until"] = stix.FormatTimestamp(ind.Until.UTC().Truncate(time.Microsecond))
		}
		var types, labels []string
		for _, t := range ind.Types {
			if slices.Contains(known, t) {
				types = append(types, t)
			} else {
				labels = append(labels, t)
			}
		}
		list(o, "indicator_types", types)
		list(o, "labels", labels)
		m.references(o, m.reportReferences()[:1])
		name := ind.Name
		if len(languages(name)) == 0 {
			name = m.p.Advisory.Title
		}
		id := m.speak("indicator", ind.Pattern, o, map[string]advisories.Texts{"name": name})
		ids = append(ids, id)
		if len(techniques) == 1 {
			ids = append(ids, m.relationship("indicates", id, techniques[0]))
		}
	}
	return ids
}
