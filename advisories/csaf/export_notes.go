package csaf

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// item is the name that a note's title has for a part of the document.
func item(list string, i int, member string) string {
	return list + "[" + strconv.Itoa(i) + "]." + member
}

// numbered is the title of the note of item i.
func numbered(title string, i int) string { return title + " " + strconv.Itoa(i+1) }

// documentNotes are first the texts for people, then what CSAF has no other place
// for, then the translations.
func documentNotes(p *advisories.Publication, own int) []Note {
	a := &p.Advisory
	notes := []Note{{Category: "description", Title: titleDescription, Text: inEnglish(a.Description)}}
	add := func(category, title, text string) {
		if text != "" {
			notes = append(notes, Note{Category: category, Title: title, Text: text})
		}
	}
	add("details", titleAffected, a.Affected[i18n.English])
	add("details", titleImpact, a.Impact[i18n.English])
	add("general", titleRecommendation, a.Recommendation[i18n.English])
	if p.Tracking.State == advisories.Withdrawn {
		add("description", titleWithdrawn, inEnglish(p.Tracking.Revisions[len(p.Tracking.Revisions)-1].Summary))
	}
	if p.Tracking.State == advisories.Superseded || p.Tracking.SupersededBy != "" {
		by := p.Tracking.SupersededBy
		if by == "" {
			by = laterAdvisory
		}
		add("general", titleSupersededBy, by)
	}
	class := string(a.Class)
	if word, ok := classes()[a.Class]; ok {
		class = word
	}
	add("other", titleClass, class)
	add("other", titleTags, strings.Join(a.Tags, "\n"))
	add("other", titleSectors, strings.Join(a.Sectors, "\n"))
	add("other", titleTechniques, strings.Join(a.Techniques, "\n"))
	add("other", titleSupersedes, strings.Join(a.Supersedes, "\n"))
	for i, ind := range a.Indicators {
		fields := []field{{"Kind", "STIX pattern"}, {"Name", ind.Name[i18n.English]}}
		fields = append(fields, repeat("Type", ind.Types)...)
		fields = append(fields, field{"Valid from", WriteDate(ind.From)}, field{"Valid until", WriteDate(ind.Until)})
		add("other", numbered(titleIndicator, i), writeRecord(fields, ind.Pattern))
	}
	for i := range a.Remedies {
		if r := &a.Remedies[i]; !placed(a, i) {
			fields := []field{{"Kind", r.Kind}, {"Date", WriteDate(r.Date)}, {"URL", r.URL}, {"Restart", r.Restart}}
			fields = append(append(fields, repeat("Vulnerability", r.Vulnerabilities)...), repeat("Product", r.Products)...)
			add("other", numbered(titleRemedy, i), writeRecord(fields, inEnglish(r.Details)))
		}
	}
	return append(notes, documentTranslations(p, own)...)
}

// documentTranslations are those of the document; own references stand before the
// record's.
func documentTranslations(p *advisories.Publication, own int) []Note {
	a := &p.Advisory
	notes := slices.Concat(
		translate("Title", a.Title), translate(titleDescription, a.Description), translate(titleAffected, a.Affected),
		translate(titleImpact, a.Impact), translate(titleRecommendation, a.Recommendation))
	for i, ind := range a.Indicators {
		notes = append(notes, translate(numbered(titleIndicator, i), ind.Name)...)
	}
	for i := range a.Remedies {
		if !placed(a, i) {
			notes = append(notes, translate(numbered(titleRemedy, i), a.Remedies[i].Details)...)
		}
	}
	for i, r := range p.Tracking.Revisions {
		notes = append(notes, translate(item("revision_history", i, "summary"), r.Summary)...)
	}
	return append(notes, partTranslations(a.References, own, a.Acknowledgements)...)
}

// partTranslations are those of what a document and a vulnerability both have;
// the first of refs is number offset of the references there.
func partTranslations(refs []advisories.Reference, offset int, acks []advisories.Acknowledgement) []Note {
	var notes []Note
	for i, r := range refs {
		notes = append(notes, translate(item("references", offset+i, "summary"), r.Summary)...)
	}
	for i, a := range acks {
		notes = append(notes, translate(item("acknowledgments", i, "summary"), a.Summary)...)
	}
	return notes
}
