package stixout

import (
	"cmp"
	"net/url"
	"slices"

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
	labels := append(slices.Clone(a.Tags), string(a.Class), "risk-"+string(a.Risk))
	if m.p.Tracking.State == advisories.Superseded {
		labels = append(labels, "superseded")
	}
	list(report, "labels", labels)
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
	publisher := cmp.Or(m.p.Publisher.Name, m.identity.Name)
	refs := []stix.ExternalReference{{SourceName: publisher, ExternalID: m.p.Tracking.ID, URL: advisories.URI(m.p.Tracking.URL)}}
	if by := m.p.Tracking.SupersededBy; by != "" {
		refs = append(refs, stix.ExternalReference{SourceName: publisher, Description: "Superseded by", ExternalID: by})
	}
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
		refs = append(refs, stix.ExternalReference{SourceName: host, Description: r.Summary[i18n.English], URL: advisories.URI(r.URL)})
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
