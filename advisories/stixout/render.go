package stixout

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// everything makes all objects of the publication.
func (m *maker) everything() {
	a := &m.p.Advisory
	var refs []string
	techniques := m.techniques()
	refs = append(refs, techniques...)
	vulnerabilities := make([]string, len(a.Vulnerabilities))
	for i := range a.Vulnerabilities {
		vulnerabilities[i] = m.vulnerability(&a.Vulnerabilities[i], i)
		refs = append(refs, vulnerabilities[i])
	}
	refs = append(refs, m.remedies(vulnerabilities)...)
	refs = append(refs, m.indicators(techniques)...)
	refs = slices.DeleteFunc(refs, func(id string) bool { return id == "" })
	slices.Sort(refs)
	if len(refs) == 0 {
		refs = []string{m.identity.ID} // a report is about something (4.16.1)
	}
	report := object{"published": timestamp(m.p.Tracking.Initial), "object_refs": slices.Compact(refs), "report_types": reportTypes(a)}
	m.references(report, m.reportReferences())
	list(report, "labels", append(slices.Clone(a.Tags), string(a.Class), "risk-"+string(a.Risk)))
	id := m.speak("report", "", report, map[string]advisories.Texts{"name": a.Title, "description": a.Description})
	m.note(id)
}

// speak adds an object whose texts are by property. It speaks English where its
// name (of a note, its content) does, else the first language that it has; the
// others are in a language-content (7.1).
func (m *maker) speak(typ, name string, o object, texts map[string]advisories.Texts) string {
	lead := texts["name"]
	if lead == nil {
		lead = texts["content"]
	}
	langs := languages(lead)
	if len(langs) == 0 {
		return ""
	}
	contents := map[string]map[string]string{}
	for property, said := range texts {
		if text := said[langs[0]]; text != "" {
			o[property] = text
		}
		for lang, text := range said {
			if lang == langs[0] || text == "" {
				continue
			}
			if contents[string(lang)] == nil {
				contents[string(lang)] = map[string]string{}
			}
			contents[string(lang)][property] = text
		}
	}
	o["lang"] = string(langs[0])
	id := m.add(typ, name, o)
	if id != "" && len(contents) > 0 {
		m.add("language-content", typ+" "+name, object{"object_ref": id, "contents": contents})
	}
	return id
}

// languages are those that a text is in, English first, then the others of the
// product, then the rest.
func languages(texts advisories.Texts) []i18n.Lang {
	var langs []i18n.Lang
	for lang, text := range texts {
		if text != "" {
			langs = append(langs, lang)
		}
	}
	rank := func(lang i18n.Lang) int {
		if i := slices.Index(i18n.Langs(), lang); i >= 0 {
			return i
		}
		return len(i18n.Langs())
	}
	slices.SortFunc(langs, func(a, b i18n.Lang) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	return langs
}

func list(o object, property string, items []string) {
	items = slices.DeleteFunc(items, func(s string) bool { return s == "" })
	slices.Sort(items)
	if items = slices.Compact(items); len(items) > 0 {
		o[property] = items
	}
}

// references sets the external references, each once.
func (m *maker) references(o object, refs []stix.ExternalReference) {
	var once []stix.ExternalReference
	for _, r := range refs {
		if !slices.Contains(once, r) {
			once = append(once, r)
		}
	}
	if len(once) > 0 {
		o["external_references"] = once
	}
}

func reportTypes(a *advisories.Advisory) []string {
	var types []string
	if len(a.Indicators) > 0 {
		types = append(types, "indicator")
	}
	if len(a.Vulnerabilities) > 0 {
		types = append(types, "vulnerability")
	}
	if types == nil {
		types = []string{"threat-report"}
	}
	return types
}

// reportReferences begin with the advisory itself.
func (m *maker) reportReferences() []stix.ExternalReference {
	a := &m.p.Advisory
	refs := []stix.ExternalReference{{SourceName: cmp.Or(m.p.Publisher.Name, m.identity.Name), ExternalID: m.p.Tracking.ID, URL: m.p.Tracking.URL}}
	for i := range a.Vulnerabilities {
		if cve := a.Vulnerabilities[i].CVE; cve != "" {
			refs = append(refs, stix.ExternalReference{SourceName: "cve", ExternalID: cve})
		}
	}
	return append(refs, external(a.References)...)
}

func external(references []advisories.Reference) []stix.ExternalReference {
	var refs []stix.ExternalReference
	for _, r := range references {
		host := r.URL
		if u, err := url.Parse(r.URL); err == nil && u.Host != "" {
			host = u.Host
		}
		refs = append(refs, stix.ExternalReference{SourceName: host, Description: r.Summary[i18n.English], URL: r.URL})
	}
	return refs
}

// note says of the report what a report has no property for.
func (m *maker) note(report string) {
	a := &m.p.Advisory
	content := advisories.Texts{}
	for _, section := range []struct {
		heading string
		texts   advisories.Texts
	}{{"affected", a.Affected}, {"impact", a.Impact}, {"recommendation", a.Recommendation}} {
		for lang, text := range section.texts {
			if text == "" {
				continue
			}
			if content[lang] != "" {
				content[lang] += "\n\n"
			}
			content[lang] += i18n.For(lang).T("advisory.section."+section.heading) + "\n\n" + text
		}
	}
	if report != "" {
		m.speak("note", "", object{"object_refs": []string{report}}, map[string]advisories.Texts{"content": content})
	}
}

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
